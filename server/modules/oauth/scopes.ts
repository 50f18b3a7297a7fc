// The scopes a tenant adds to the built-in ones: each stands for permissions, as the operations name them.
import type { Context } from '../../kernel/db.ts'
import { only, refuse, refuseField } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { page, parseCursor } from '../../kernel/pages.ts'
import type { PermissionTable } from '../../kernel/permissions.ts'
import { checkVersion } from '../../kernel/route.ts'
import type { List } from '../../kernel/schema.ts'
import { builtInScopes } from '../identity/api.ts'
import type { Issuers } from './issuers.ts'
import { deleteScope, findScope, insertScope, listScopes, lockScope, takeScopeFromClients, updateScope } from './queries.ts'
import type { OAuthScope } from './schema.ts'

type Given = { name: string; description: string; permissions: string[] }
export type Scopes = ReturnType<typeof createScopes>

export function createScopes(issuers: Issuers, permissions: () => PermissionTable) {
  /** An owner's verbs are nobody else's, whatever a token says. */
  function judge(wanted: readonly string[]): void {
    const table = permissions()
    for (const [at, permission] of wanted.entries()) {
      const least = table.get(permission)
      if (!least) refuseField(`/permissions/${at}`, `is no permission: ${[...table].filter(([, role]) => role !== 'owner').map(([name]) => name).join(', ')}`)
      if (least === 'owner') refuseField(`/permissions/${at}`, 'is for owners in person')
    }
  }
  const taken = (error: { constraint?: string }): never => {
    if (error.constraint === 'oauth_scopes_tenant_id_name_key') refuse('conflict', 'a scope with this name exists already')
    throw error
  }
  const told = (scope: OAuthScope) => ({ subject: scope.id, data: { name: scope.name, permissions: scope.permissions } })

  return {
    async create(ctx: Context, given: Given): Promise<OAuthScope> {
      if (builtInScopes.includes(given.name)) refuseField('/name', 'is built in')
      judge(given.permissions)
      const scope = { id: newId(), ...given }
      const [[made]] = await ctx.change('oauth-scope.created', { subject: scope.id, data: { name: scope.name, permissions: scope.permissions }, run: [insertScope(scope)] }).catch(taken)
      issuers.forget(ctx.tenant)
      return made!
    },
    get: async (ctx: Context, id: string): Promise<OAuthScope> => only((await ctx.read(findScope(id)))[0], 'oauth_scope'),
    /** By name. */
    async list(ctx: Context, { after, limit }: { after?: string; limit: number }): Promise<List<OAuthScope>> {
      const [from] = parseCursor(after, [''], [/^[a-z][a-z0-9_:.-]{0,63}$/])
      const [rows] = await ctx.read(listScopes(from!, limit + 1))
      return page(rows, limit, (last) => [last.name])
    },
    change: (ctx: Context, id: string, given: { description?: string; permissions?: string[] }, ifMatch?: number): Promise<OAuthScope> => {
      if (given.permissions) judge(given.permissions)
      return ctx.change('oauth-scope.changed', async (tx) => {
        const before = only(await tx(lockScope(id)), 'oauth_scope')
        checkVersion(before.version, ifMatch)
        const [next] = await tx(updateScope(id, given.description ?? before.description, given.permissions ?? before.permissions))
        return { ...told(next!), result: next! }
      })
    },
    async remove(ctx: Context, id: string): Promise<void> {
      await ctx.change('oauth-scope.deleted', async (tx) => {
        const scope = only(await tx(lockScope(id)), 'oauth_scope')
        tx.later(takeScopeFromClients(scope.name))
        tx.later(deleteScope(id))
        return { ...told(scope), result: null }
      })
      issuers.forget(ctx.tenant)
    },
  }
}
