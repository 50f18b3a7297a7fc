// People as a customer's directory names them (RFC 7643, 4.1). An active one is a member of the tenant, an inactive one is not: leaving ends tokens,
// keys and sockets as every leaving does.
import type { Context } from '../../kernel/db.ts'
import { newId } from '../../kernel/ids.ts'
import type { TenantRole } from '../../kernel/schema.ts'
import type { Identity } from '../identity/api.ts'
import { roleOfGroups } from '../sso/api.ts'
import { withParents } from '../tenancy/api.ts'
import { notFound, ScimFault } from './faults.ts'
import { parseFilter } from './filter.ts'
import { applyPatch, readOperations, type Entry } from './patch.ts'
import { countUsers, deleteUser, findUser, groupsOf, holderOf, insertUser, listRoles, listUsers, updateUser, type UserRow, type UserValues } from './queries.ts'

export type Asked = { filter?: string | undefined; startIndex: number; count: number }
export type Users = ReturnType<typeof createUsers>
const schema = 'urn:ietf:params:scim:schemas:core:2.0:User'
const text = (value: unknown, most = 200): string | null => (typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, most) : null)
const record = (value: unknown): Entry => (value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Entry) : {})
const flag = (value: unknown, otherwise: boolean) => (typeof value === 'boolean' ? value : typeof value === 'string' && /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : value === undefined ? otherwise : no('active must be true or false'))
const no = (detail: string): never => {
  throw new ScimFault(400, detail, 'invalidValue')
}

export function createUsers({ identity, base }: { identity: Pick<Identity, 'outside'>; base: string }) {
  const shown = (row: UserRow) => ({
    schemas: [schema], id: row.id, ...(row.externalId === null ? {} : { externalId: row.externalId }), userName: row.userName, active: row.active, name: row.name, ...(row.displayName === null ? {} : { displayName: row.displayName }), emails: row.emails,
    groups: (row.groups as Entry[]).map((g) => ({ ...g, $ref: `${base}/Groups/${String(g.value)}` })),
    meta: { resourceType: 'User', created: row.createdAt, lastModified: row.updatedAt, version: `W/"${row.version}"`, location: `${base}/Users/${row.id}` },
  })
  /** Attributes that are kept; others are ignored, as the specification allows. */
  function valuesOf(body: Entry): UserValues {
    const userName = text(body.userName, 254) ?? no('userName is required')
    const name = Object.fromEntries(['givenName', 'familyName', 'formatted', 'middleName'].flatMap((key) => (text(record(body.name)[key]) ? [[key, text(record(body.name)[key])]] : [])))
    const given = Array.isArray(body.emails) ? body.emails.map(record).filter((e) => text(e.value, 254)) : []
    const emails = given.slice(0, 10).map((e) => ({ value: text(e.value, 254), ...(text(e.type, 40) ? { type: text(e.type, 40) } : {}), primary: flag(e.primary, false) }))
    return { userName, externalId: text(body.externalId), active: flag(body.active, true), name, displayName: text(body.displayName), emails }
  }
  /** The address the person is known by here; its domain must be the tenant's own. */
  async function addressOf(ctx: Context, v: UserValues): Promise<string> {
    const emails = v.emails as { value: string; primary: boolean }[]
    const address = (v.userName.includes('@') ? v.userName : (emails.find((e) => e.primary) ?? emails[0])?.value)?.toLowerCase()
    if (!address || !/^[^\s@]+@[^\s@]+$/.test(address)) return no('userName or an email must be a mail address')
    const domain = address.split('@')[1]!
    const [[holder]] = await ctx.read(holderOf(withParents(domain)))
    return holder ? address : no(`the domain ${domain} is not proven by this tenant: add and verify it first`)
  }
  const nameOf = (v: UserValues) => v.displayName ?? text((v.name as Entry).formatted) ?? ([(v.name as Entry).givenName, (v.name as Entry).familyName].filter(Boolean).join(' ') || v.userName)
  async function rowOf(ctx: Context, id: string): Promise<UserRow> {
    const [[row]] = /^[0-9a-f-]{36}$/i.test(id) ? await ctx.read(findUser(id)) : [[]]
    return row ?? notFound('user', id)
  }
  async function roleOf(ctx: Context, id: string): Promise<TenantRole> {
    const [[row], mappings] = await ctx.read(groupsOf([id]), listRoles())
    return roleOfGroups(row?.groups ?? [], mappings.flatMap((m) => m.roles as [])) ?? 'member'
  }
  async function store(ctx: Context, row: UserRow, v: UserValues) {
    if (v.active && !row.active) await identity.outside.provide(ctx, { tenant: ctx.tenant, email: await addressOf(ctx, v), name: nameOf(v), role: await roleOf(ctx, row.id), person: row.userId })
    if (!v.active && row.active) await identity.outside.withdraw(ctx, ctx.tenant, row.userId) // first: an owner stays, and then nothing changes
    const kept = await ctx.change('scim-user.changed', async (tx) => {
      await tx(updateUser(row.id, v))
      const [after] = await tx(findUser(row.id))
      return { subject: row.id, data: { userId: row.userId, active: v.active }, result: after! }
    })
    return shown(kept)
  }

  return {
    async list(ctx: Context, { filter, startIndex, count }: Asked) {
      const parsed = filter ? parseFilter(filter) : null
      const [rows, [total]] = await ctx.read(listUsers(parsed, startIndex - 1, count), countUsers(parsed))
      return { rows: rows.map(shown), total: total!.n }
    },
    get: async (ctx: Context, id: string) => shown(await rowOf(ctx, id)),
    async create(ctx: Context, body: Entry) {
      const v = valuesOf(body)
      const [[same]] = await ctx.read(countUsers({ op: 'eq', attribute: 'userName', value: v.userName }))
      if (same!.n) throw new ScimFault(409, `there is a user ${v.userName} already`, 'uniqueness')
      const address = await addressOf(ctx, v)
      const person = await identity.outside.provide(ctx, { tenant: ctx.tenant, email: address, name: nameOf(v), role: v.active ? 'member' : null, person: null })
      const id = newId()
      const kept = await ctx.change('scim-user.added', async (tx) => {
        await tx(insertUser(id, person, v))
        const [row] = await tx(findUser(id))
        return { subject: id, data: { userId: person, active: v.active }, result: row! }
      })
      return shown(kept)
    },
    replace: async (ctx: Context, id: string, body: Entry) => store(ctx, await rowOf(ctx, id), valuesOf(body)),
    async patch(ctx: Context, id: string, body: unknown) {
      const row = await rowOf(ctx, id)
      const { userName, externalId, active, name, displayName, emails } = row
      const now = { userName, externalId, active, name, displayName, emails } as Entry
      // dotted keys of a value without a path: "name.givenName"
      return store(ctx, row, valuesOf(applyPatch(now, readOperations(body))))
    },
    async remove(ctx: Context, id: string): Promise<void> {
      const row = await rowOf(ctx, id)
      if (row.active) await identity.outside.withdraw(ctx, ctx.tenant, row.userId)
      await ctx.change('scim-user.removed', async (tx) => {
        const gone = await tx(deleteUser(id))
        if (!gone.length) notFound('user', id)
        return { subject: id, data: { userId: row.userId, active: false }, result: undefined }
      })
    },
  }
}
