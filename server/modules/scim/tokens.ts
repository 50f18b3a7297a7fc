// The tokens of directories: kept as a hash, shown once.
import { createHash, randomBytes } from 'node:crypto'
import type { Context } from '../../kernel/db.ts'
import { only, refuse } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { deleteToken, insertToken, listTokens } from './queries.ts'
import type { TokenView } from './schema.ts'

export type ScimTokens = ReturnType<typeof createTokens>
export function createTokens(base: string) {
  const shown = ({ tenantId: _t, createdBy: _c, ...row }: { tenantId: string; createdBy: string } & Omit<TokenView, 'baseUrl'>): TokenView => ({ ...row, baseUrl: base })
  return {
    async make(ctx: Context, name = 'Directory'): Promise<TokenView> {
      const by = ctx.actor.type === 'user' && ctx.actor.id ? ctx.actor.id : refuse('permission.denied', 'only a person can make one')
      const token = `scim_${randomBytes(32).toString('base64url')}`
      const id = newId()
      const [[row]] = await ctx.change('scim-token.made', { subject: id, data: { name }, run: [insertToken(id, name, createHash('sha256').update(token).digest(), by)] })
      return { ...shown(row!), token }
    },
    list: async (ctx: Context): Promise<TokenView[]> => (await ctx.read(listTokens()))[0].map(shown),
    /** Holds from the next request on, in every process. */
    remove: (ctx: Context, id: string): Promise<void> =>
      ctx.change('scim-token.removed', async (tx) => {
        const { name } = only(await tx(deleteToken(id)), 'scim_token')
        return { subject: id, data: { name }, result: undefined }
      }),
  }
}
