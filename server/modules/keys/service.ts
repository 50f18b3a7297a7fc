// A tenant's keys. Who makes or rotates one answers for it: it never does more than they may, and ends with their membership.
import type { Context, Tx } from '../../kernel/db.ts'
import { only, refuse, refuseField } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { idShape, page, parseCursor } from '../../kernel/pages.ts'
import { Answer, checkVersion } from '../../kernel/route.ts'
import type { List } from '../../kernel/schema.ts'
import { requireAddresses } from './addresses.ts'
import { requireScopes, type OwnScopes } from './grants.ts'
import { changeApiKey, deleteApiKey, findApiKey, insertApiKey, listApiKeys, lockApiKey, rotateApiKey, type ApiKeyRow, type KeyChange } from './queries.ts'
import type { ApiKey, ChangeKey, KeyQuery, NewKey } from './schema.ts'
import { newKey } from './secrets.ts'

export const last = ['ffffffff-ffff-ffff-ffff-ffffffffffff']
/** Who answers for what the caller makes: the person, or whoever answers for the key that asks. */
export const answererOf = (ctx: Context): string => (ctx.actor.type === 'user' ? ctx.actor.id : ctx.answerer) ?? refuse('permission.denied', 'only a person can answer for a key')
/** 422 for a time that has passed: a key made expired is a mistake. */
export function requireFuture(expiresAt: string | null | undefined): void {
  if (expiresAt && !(Date.parse(expiresAt) > Date.now())) refuseField('/expiresAt', 'must lie in the future')
}
/** What stays and what changes, and the names of what did. */
export function changeOf(now: ApiKeyRow, wish: ChangeKey): { next: KeyChange; fields: string[] } {
  const enabled = wish.status ? wish.status === 'active' : now.enabled
  const next = { name: wish.name ?? now.name, scopes: wish.scopes ?? now.scopes, addresses: wish.addresses ?? now.addresses, enabled, expiresAt: wish.expiresAt === undefined ? now.expiresAt : wish.expiresAt }
  return { next, fields: Object.keys(wish).filter((field) => JSON.stringify(wish[field as keyof ChangeKey]) !== JSON.stringify(now[field as keyof ApiKeyRow])) }
}
export const toldOf = (wish: ChangeKey) => ({ ...(wish.scopes ? { scopes: wish.scopes } : {}), ...(wish.status ? { status: wish.status } : {}), ...(wish.expiresAt === undefined ? {} : { expiresAt: wish.expiresAt }) })
/** With the key, shown this once. */
export const shown = <Row extends object>(row: Row, key: string, status: number): Answer => new Answer({ ...row, key }, { status, headers: { 'cache-control': 'no-store' } })

export type ApiKeys = ReturnType<typeof createApiKeys>
export function createApiKeys({ ownScopes }: { ownScopes: OwnScopes }) {
  const lock = async (tx: Tx, id: string) => only(await tx(lockApiKey(id)), 'key')
  return {
    /** Newest first. */
    async list(ctx: Context, { after, limit, status }: KeyQuery): Promise<List<ApiKey>> {
      const [before] = parseCursor(after, last, [idShape])
      const [rows] = await ctx.read(listApiKeys(status ?? null, before!, limit + 1))
      return page(rows, limit, (k) => [k.id])
    },
    get: async (ctx: Context, id: string): Promise<ApiKey> => only((await ctx.read(findApiKey(id)))[0], 'key'),
    async create(ctx: Context, { name, scopes, expiresAt = null, addresses = [] }: NewKey): Promise<Answer> {
      const madeBy = answererOf(ctx)
      requireScopes(scopes, await ownScopes(ctx.tenant), ctx.scopes)
      requireAddresses(addresses)
      requireFuture(expiresAt)
      const { key, hash, hint } = newKey('api')
      const id = newId()
      const [[row]] = await ctx.change('api-key.created', { subject: id, data: { name, scopes, expiresAt, restricted: addresses.length > 0 }, run: [insertApiKey({ id, name, hint, hash, scopes, addresses, expiresAt, madeBy })] })
      return shown(row!, key, 201)
    },
    /** Holds within 2 s on every process. */
    async change(ctx: Context, id: string, wish: ChangeKey, ifMatch?: number): Promise<ApiKey> {
      if (wish.scopes) requireScopes(wish.scopes, await ownScopes(ctx.tenant), ctx.scopes)
      requireAddresses(wish.addresses ?? [])
      requireFuture(wish.expiresAt)
      return ctx.happen(async (tx) => {
        const now = await lock(tx, id)
        checkVersion(now.version, ifMatch)
        const { next, fields } = changeOf(now, wish)
        if (!fields.length) return { happened: [], result: now as ApiKey }
        const [row] = await tx(changeApiKey(id, next))
        return { happened: [{ name: 'api-key.changed', subject: id, data: { fields, ...toldOf(wish) } }], result: row! }
      })
    },
    /** A new secret; the old one works for the overlap, and an inactive key is active again. */
    async rotate(ctx: Context, id: string, overlapMinutes: number): Promise<Answer> {
      const by = answererOf(ctx)
      const { key, hash, hint } = newKey('api')
      const row = await ctx.change('api-key.rotated', async (tx) => {
        const now = await lock(tx, id)
        requireScopes(now.scopes, new Map(now.scopes.map((scope) => [scope, []])), ctx.scopes)
        const [rotated] = await tx(rotateApiKey(id, { hash, hint, by, minutes: overlapMinutes }))
        return { subject: id, data: { formerEndsAt: rotated!.formerEndsAt ?? rotated!.updatedAt }, result: rotated! }
      })
      return shown(row, key, 200)
    },
    delete: (ctx: Context, id: string): Promise<void> =>
      ctx.change('api-key.deleted', async (tx) => {
        const { name } = await lock(tx, id)
        await tx(deleteApiKey(id))
        return { subject: id, data: { name }, result: undefined }
      }),
  }
}
