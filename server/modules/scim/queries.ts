import { Nullable, Type, type Static } from '../../kernel/schema.ts'
import { sql, statement, type Query } from '../../kernel/sql.ts'
import { filterSql, type Columns, type Filter } from './filter.ts'

const TokenRow = Type.Object({ tenantId: Type.String(), id: Type.String(), name: Type.String(), createdBy: Type.String(), usedAt: Nullable(Type.String()), createdAt: Type.String(), updatedAt: Type.String(), version: Type.Integer() })
const tokenColumns = sql`tenant_id as "tenantId", id, name, created_by as "createdBy", used_at as "usedAt", created_at as "createdAt", updated_at as "updatedAt", version`
export const insertToken = statement('scim.add-token', TokenRow, (id: string, name: string, hash: Buffer, by: string) => sql`insert into scim_tokens (id, name, token_hash, created_by) values (${id}, ${name}, ${hash}, ${by}) returning ${tokenColumns}`)
export const listTokens = statement('scim.tokens', TokenRow, () => sql`select ${tokenColumns} from scim_tokens order by created_at, id limit 50`)
export const deleteToken = statement('scim.delete-token', TokenRow, (id: string) => sql`delete from scim_tokens where id = ${id} returning ${tokenColumns}`)
/** As gw_system: of a tenant that is open. The last use is kept to the minute, so that a busy directory writes nothing each time. */
export const findToken = statement('scim.token', TokenRow, (hash: Buffer) => sql`
  select ${tokenColumns} from scim_tokens where token_hash = ${hash} and exists (select from identity.organization o where o.id = scim_tokens.tenant_id and o.status = 'active')`)
export const touchToken = (id: string): Query => sql`update scim_tokens set used_at = now() where id = ${id} and (used_at is null or used_at < now() - interval '1 minute')`

export const UserRow = Type.Object({
  id: Type.String(), userId: Type.String(), userName: Type.String(), externalId: Nullable(Type.String()), active: Type.Boolean(), name: Type.Unknown(), displayName: Nullable(Type.String()), emails: Type.Unknown(),
  groups: Type.Unknown(), createdAt: Type.String(), updatedAt: Type.String(), version: Type.Integer(),
})
export type UserRow = Static<typeof UserRow>
const userColumns = sql`u.id, u.user_id as "userId", u.user_name as "userName", u.external_id as "externalId", u.active, u.name, u.display_name as "displayName", u.emails,
  coalesce((select jsonb_agg(jsonb_build_object('value', g.id, 'display', g.display_name) order by g.id) from scim_members m join scim_groups g on g.id = m.group_id where m.scim_user_id = u.id), '[]') as groups,
  u.created_at as "createdAt", u.updated_at as "updatedAt", u.version`
const ofUsers: Columns = {
  id: { exact: sql`u.id` }, username: { text: sql`u.user_name` }, externalid: { exact: sql`u.external_id` }, active: { flag: sql`u.active` }, displayname: { text: sql`u.display_name` },
  'name.givenname': { text: sql`u.name ->> 'givenName'` }, 'name.familyname': { text: sql`u.name ->> 'familyName'` }, 'name.formatted': { text: sql`u.name ->> 'formatted'` },
  emails: { list: sql`u.emails`, each: sql`e ->> 'value'` }, 'emails.value': { list: sql`u.emails`, each: sql`e ->> 'value'` }, 'emails.type': { list: sql`u.emails`, each: sql`e ->> 'type'` },
  'meta.created': { time: sql`u.created_at` }, 'meta.lastmodified': { time: sql`u.updated_at` },
}
const everything = sql`true`
const userCondition = (filter: Filter | null) => (filter ? filterSql(filter, ofUsers) : everything)
export const listUsers = statement('scim.users', UserRow, (filter: Filter | null, offset: number, limit: number) => sql`select ${userColumns} from scim_users u where ${userCondition(filter)} order by u.created_at, u.id offset ${offset} limit ${limit}`, [[null, 0, 1]])
export const countUsers = statement('scim.count-users', Type.Object({ n: Type.Integer() }), (filter: Filter | null) => sql`select count(*)::int as n from scim_users u where ${userCondition(filter)}`, [[null]])
export const findUser = statement('scim.user', UserRow, (id: string) => sql`select ${userColumns} from scim_users u where u.id = ${id}`)
export type UserValues = { userName: string; externalId: string | null; active: boolean; name: unknown; displayName: string | null; emails: unknown }
export const insertUser = (id: string, person: string, v: UserValues): Query => sql`
  insert into scim_users (id, user_id, user_name, external_id, active, name, display_name, emails) values (${id}, ${person}, ${v.userName}, ${v.externalId}, ${v.active}, ${sql.json(v.name)}, ${v.displayName}, ${sql.json(v.emails)})`
export const updateUser = (id: string, v: UserValues): Query => sql`
  update scim_users set user_name = ${v.userName}, external_id = ${v.externalId}, active = ${v.active}, name = ${sql.json(v.name)}, display_name = ${v.displayName}, emails = ${sql.json(v.emails)} where id = ${id}`
export const deleteUser = statement('scim.delete-user', Type.Object({ id: Type.String() }), (id: string) => sql`delete from scim_users where id = ${id} returning id`)

export const GroupRow = Type.Object({ id: Type.String(), displayName: Type.String(), externalId: Nullable(Type.String()), members: Type.Unknown(), createdAt: Type.String(), updatedAt: Type.String(), version: Type.Integer() })
export type GroupRow = Static<typeof GroupRow>
const groupColumns = sql`g.id, g.display_name as "displayName", g.external_id as "externalId",
  coalesce((select jsonb_agg(jsonb_build_object('value', u.id, 'display', u.user_name) order by u.id) from scim_members m join scim_users u on u.id = m.scim_user_id where m.group_id = g.id), '[]') as members, g.created_at as "createdAt", g.updated_at as "updatedAt", g.version`
const ofGroups: Columns = { id: { exact: sql`g.id` }, displayname: { text: sql`g.display_name` }, externalid: { exact: sql`g.external_id` }, 'meta.lastmodified': { time: sql`g.updated_at` } }
const groupCondition = (filter: Filter | null) => (filter ? filterSql(filter, ofGroups) : everything)
export const listGroups = statement('scim.groups', GroupRow, (filter: Filter | null, offset: number, limit: number) => sql`select ${groupColumns} from scim_groups g where ${groupCondition(filter)} order by g.created_at, g.id offset ${offset} limit ${limit}`, [[null, 0, 1]])
export const countGroups = statement('scim.count-groups', Type.Object({ n: Type.Integer() }), (filter: Filter | null) => sql`select count(*)::int as n from scim_groups g where ${groupCondition(filter)}`, [[null]])
export const findGroup = statement('scim.group', GroupRow, (id: string) => sql`select ${groupColumns} from scim_groups g where g.id = ${id}`)
export const insertGroup = (id: string, name: string, external: string | null): Query => sql`insert into scim_groups (id, display_name, external_id) values (${id}, ${name}, ${external})`
export const updateGroup = (id: string, name: string, external: string | null): Query => sql`update scim_groups set display_name = ${name}, external_id = ${external} where id = ${id}`
export const deleteGroup = statement('scim.delete-group', Type.Object({ id: Type.String() }), (id: string) => sql`delete from scim_groups where id = ${id} returning id`)
export const setMembers = (id: string, users: readonly string[]): Query[] => [
  sql`delete from scim_members where group_id = ${id} and not scim_user_id = any (${users}::uuid[])`,
  sql`insert into scim_members (group_id, scim_user_id) select ${id}, u.id from scim_users u where u.id = any (${users}::uuid[]) on conflict do nothing`,
]
/** Active people with the names of their groups: of some, by id. */
export const groupsOf = statement('scim.groups-of', Type.Object({ userId: Type.String(), groups: Type.Array(Type.String()) }), (users: readonly string[]) => sql`
  select u.user_id as "userId", coalesce((select array_agg(g.display_name) from scim_members m join scim_groups g on g.id = m.group_id where m.scim_user_id = u.id), '{}') as groups from scim_users u where u.id = any (${users}::uuid[]) and u.active`)
export const listRoles = statement('scim.roles', Type.Object({ roles: Type.Unknown() }), () => sql`select roles from sso_providers where status = 'enabled' order by created_at, id limit 20`)
export const holderOf = statement('scim.domain', Type.Object({ name: Type.String() }), (names: readonly string[]) => sql`select name from domains where name = any (${names}) and status = 'verified' limit 1`)
