// The platform's keys: for what operators do, and for what is named of tenants' own operations. Only a person's own sign-in makes or changes one.
import type { Context, Tx } from '../../kernel/db.ts'
import { only, refuseField } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { idShape, page, parseCursor } from '../../kernel/pages.ts'
import { checkVersion, type Answer } from '../../kernel/route.ts'
import type { List } from '../../kernel/schema.ts'
import { requireAddresses } from './addresses.ts'
import { requireScopes } from './grants.ts'
import { changeServiceKey, deleteServiceKey, findServiceKey, insertServiceKey, listServiceKeys, lockServiceKey, rotateServiceKey } from './queries.ts'
import type { ChangeServiceKey, KeyQuery, NewServiceKey, ServiceKey } from './schema.ts'
import { newKey } from './secrets.ts'
import { answererOf, changeOf, last, requireFuture, shown, toldOf } from './service.ts'

const none = new Map<string, string[]>()

export type ServiceKeys = ReturnType<typeof createServiceKeys>
/** @param isOfTenants whether an operation of that name works on a tenant's own things */
export function createServiceKeys({ isOfTenants }: { isOfTenants(operation: string): boolean }) {
  const lock = async (tx: Tx, id: string) => only(await tx(lockServiceKey(id)), 'key')
  const requireOperations = (operations: readonly string[] = []) => {
    for (const [i, name] of operations.entries()) if (!isOfTenants(name)) refuseField(`/operations/${i}`, `${name} is no operation on a tenant's own things: take an operationId of the API reference`)
  }
  return {
    async list(ctx: Context, { after, limit, status }: KeyQuery): Promise<List<ServiceKey>> {
      const [before] = parseCursor(after, last, [idShape])
      const [rows] = await ctx.read(listServiceKeys(status ?? null, before!, limit + 1))
      return page(rows, limit, (k) => [k.id])
    },
    get: async (ctx: Context, id: string): Promise<ServiceKey> => only((await ctx.read(findServiceKey(id)))[0], 'key'),
    async create(ctx: Context, { name, scopes, expiresAt = null, addresses = [], operations = [], tenants = null }: NewServiceKey): Promise<Answer> {
      requireScopes(scopes, none, undefined)
      requireAddresses(addresses)
      requireFuture(expiresAt)
      requireOperations(operations)
      const { key, hash, hint } = newKey('service')
      const id = newId()
      const row = { id, name, hint, hash, scopes, addresses, expiresAt, madeBy: answererOf(ctx), operations, tenants }
      const [[made]] = await ctx.change('service-key.created', { subject: id, data: { name, scopes, expiresAt, restricted: addresses.length > 0, operations, tenants }, run: [insertServiceKey(row)] })
      return shown(made!, key, 201)
    },
    async change(ctx: Context, id: string, wish: ChangeServiceKey, ifMatch?: number): Promise<ServiceKey> {
      if (wish.scopes) requireScopes(wish.scopes, none, undefined)
      requireAddresses(wish.addresses ?? [])
      requireFuture(wish.expiresAt)
      requireOperations(wish.operations)
      return ctx.happen(async (tx) => {
        const now = await lock(tx, id)
        checkVersion(now.version, ifMatch)
        const { next, fields } = changeOf(now, wish)
        if (!fields.length) return { happened: [], result: now as ServiceKey }
        const tenants = wish.tenants === undefined ? now.tenants : wish.tenants
        const [row] = await tx(changeServiceKey(id, { ...next, operations: wish.operations ?? now.operations, tenants }))
        const above = { ...(wish.operations ? { operations: wish.operations } : {}), ...(wish.tenants === undefined ? {} : { tenants }) }
        return { happened: [{ name: 'service-key.changed', subject: id, data: { fields, ...toldOf(wish), ...above } }], result: row! }
      })
    },
    async rotate(ctx: Context, id: string, overlapMinutes: number): Promise<Answer> {
      const { key, hash, hint } = newKey('service')
      const row = await ctx.change('service-key.rotated', async (tx) => {
        await lock(tx, id)
        const [rotated] = await tx(rotateServiceKey(id, { hash, hint, by: answererOf(ctx), minutes: overlapMinutes }))
        return { subject: id, data: { formerEndsAt: rotated!.formerEndsAt ?? rotated!.updatedAt }, result: rotated! }
      })
      return shown(row, key, 200)
    },
    delete: (ctx: Context, id: string): Promise<void> =>
      ctx.change('service-key.deleted', async (tx) => {
        const { name } = await lock(tx, id)
        await tx(deleteServiceKey(id))
        return { subject: id, data: { name }, result: undefined }
      }),
  }
}
