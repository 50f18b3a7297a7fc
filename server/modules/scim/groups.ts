// Groups as a customer's directory names them (RFC 7643, 4.2). Roles follow from them by the mapping of the tenant's single sign-on.
import type { Context, Tx } from '../../kernel/db.ts'
import { isId, newId } from '../../kernel/ids.ts'
import type { Identity } from '../identity/api.ts'
import { roleOfGroups } from '../sso/api.ts'
import { notFound, ScimFault } from './faults.ts'
import { parseFilter } from './filter.ts'
import { applyPatch, readOperations, type Entry } from './patch.ts'
import { countGroups, deleteGroup, findGroup, groupsOf, insertGroup, listGroups, listRoles, setMembers, updateGroup, type GroupRow } from './queries.ts'
import type { Asked } from './users.ts'

const schema = 'urn:ietf:params:scim:schemas:core:2.0:Group'
type Member = { value: string; display: string }
type Values = { displayName: string; externalId: string | null; members: string[] }
export type Groups = ReturnType<typeof createGroups>

export function createGroups({ identity, base }: { identity: Pick<Identity, 'outside'>; base: string }) {
  const shown = (row: GroupRow) => ({
    schemas: [schema], id: row.id, ...(row.externalId === null ? {} : { externalId: row.externalId }), displayName: row.displayName,
    members: (row.members as Member[]).map((m) => ({ ...m, $ref: `${base}/Users/${m.value}`, type: 'User' })),
    meta: { resourceType: 'Group', created: row.createdAt, lastModified: row.updatedAt, version: `W/"${row.version}"`, location: `${base}/Groups/${row.id}` },
  })
  function valuesOf(body: Entry): Values {
    const displayName = typeof body.displayName === 'string' && body.displayName.trim() ? body.displayName.trim().slice(0, 200) : undefined
    if (!displayName) throw new ScimFault(400, 'displayName is required', 'invalidValue')
    const members = (Array.isArray(body.members) ? body.members : []).map((m) => String((m as Entry | null)?.value ?? ''))
    const bad = members.find((m) => !isId(m))
    if (bad !== undefined) throw new ScimFault(400, `${bad} is the id of no user`, 'invalidValue')
    return { displayName, externalId: typeof body.externalId === 'string' ? body.externalId.slice(0, 200) : null, members: [...new Set(members)] }
  }
  async function rowOf(ctx: Context, id: string): Promise<GroupRow> {
    const [[row]] = isId(id) ? await ctx.read(findGroup(id)) : [[]]
    return row ?? notFound('group', id)
  }
  const idsOf = (row: GroupRow) => (row.members as Member[]).map((m) => m.value)
  /** Everybody whose groups changed gets the role that their groups now stand for. */
  async function follow(ctx: Context, users: readonly string[]): Promise<void> {
    if (!users.length) return
    const [people, mappings] = await ctx.read(groupsOf(users), listRoles())
    const roles = mappings.flatMap((m) => m.roles as [])
    if (!roles.length) return // nobody said that groups mean anything
    for (const { userId, groups } of people) await identity.outside.giveRole(ctx, ctx.tenant, userId, roleOfGroups(groups, roles) ?? 'member')
  }
  async function write(ctx: Context, name: 'scim-group.added' | 'scim-group.changed', id: string, v: Values, before: readonly string[]) {
    const kept = await ctx.change(name, async (tx: Tx) => {
      await tx(name === 'scim-group.added' ? insertGroup(id, v.displayName, v.externalId) : updateGroup(id, v.displayName, v.externalId))
      await tx.run(...setMembers(id, v.members))
      const [row] = await tx(findGroup(id))
      return { subject: id, data: { members: idsOf(row!).length }, result: row! }
    })
    await follow(ctx, [...new Set([...before, ...idsOf(kept)])])
    return shown(kept)
  }

  return {
    async list(ctx: Context, { filter, startIndex, count }: Asked) {
      const parsed = filter ? parseFilter(filter) : null
      const [rows, [total]] = await ctx.read(listGroups(parsed, startIndex - 1, count), countGroups(parsed))
      return { rows: rows.map(shown), total: total!.n }
    },
    get: async (ctx: Context, id: string) => shown(await rowOf(ctx, id)),
    create: (ctx: Context, body: Entry) => write(ctx, 'scim-group.added', newId(), valuesOf(body), []),
    async replace(ctx: Context, id: string, body: Entry) {
      return write(ctx, 'scim-group.changed', id, valuesOf(body), idsOf(await rowOf(ctx, id)))
    },
    async patch(ctx: Context, id: string, body: unknown) {
      const row = await rowOf(ctx, id)
      const now = { displayName: row.displayName, externalId: row.externalId, members: idsOf(row).map((value) => ({ value })) }
      return write(ctx, 'scim-group.changed', id, valuesOf(applyPatch(now, readOperations(body))), idsOf(row))
    },
    async remove(ctx: Context, id: string): Promise<void> {
      const row = await rowOf(ctx, id)
      await ctx.change('scim-group.removed', async (tx) => {
        if (!(await tx(deleteGroup(id))).length) notFound('group', id)
        return { subject: id, data: { members: idsOf(row).length }, result: undefined }
      })
      await follow(ctx, idsOf(row))
    },
  }
}
