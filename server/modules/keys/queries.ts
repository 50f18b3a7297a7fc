import { Id, Nullable, Type, type Static } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { KeyStatus } from './schema.ts'

const Texts = Type.Array(Type.String())
const row = {
  id: Id, name: Type.String(), hint: Type.String(), scopes: Texts, addresses: Texts, status: KeyStatus, expiresAt: Nullable(Type.String()), formerEndsAt: Nullable(Type.String()),
  madeBy: Id, enabled: Type.Boolean(), lastUsedAt: Nullable(Type.String()), version: Type.Integer(), createdAt: Type.String(), updatedAt: Type.String(),
}
const status = sql`case when expires_at <= now() then 'expired' when enabled then 'active' else 'inactive' end`
const columns = sql`id, name, hint, scopes, addresses, ${status} as status, expires_at as "expiresAt", case when former_until > now() then former_until end as "formerEndsAt",
  made_by as "madeBy", enabled, last_used_at as "lastUsedAt", version, created_at as "createdAt", updated_at as "updatedAt"`

export const ApiKeyRow = Type.Object(row)
export type ApiKeyRow = Static<typeof ApiKeyRow>
export type NewRow = { id: string; name: string; hint: string; hash: Buffer; scopes: readonly string[]; addresses: readonly string[]; expiresAt: string | null; madeBy: string }
export type KeyChange = { name: string; scopes: readonly string[]; addresses: readonly string[]; enabled: boolean; expiresAt: string | null }

export const listApiKeys = statement('keys.list', ApiKeyRow, (wanted: string | null, before: string, limit: number) => sql`
  select ${columns} from api_keys where id < ${before} and (${wanted}::text is null or ${status} = ${wanted}) order by id desc limit ${limit}`)
export const findApiKey = statement('keys.get', ApiKeyRow, (id: string) => sql`select ${columns} from api_keys where id = ${id}`)
export const lockApiKey = statement('keys.lock', ApiKeyRow, (id: string) => sql`select ${columns} from api_keys where id = ${id} for update`)
export const insertApiKey = statement('keys.insert', ApiKeyRow, (k: NewRow) => sql`
  insert into api_keys (id, name, hint, hash, scopes, addresses, expires_at, made_by)
  values (${k.id}, ${k.name}, ${k.hint}, ${k.hash}, ${k.scopes}, ${k.addresses}, ${k.expiresAt}, ${k.madeBy}) returning ${columns}`)
export const changeApiKey = statement('keys.change', ApiKeyRow, (id: string, to: KeyChange) => sql`
  update api_keys set name = ${to.name}, scopes = ${to.scopes}, addresses = ${to.addresses}, enabled = ${to.enabled}, expires_at = ${to.expiresAt} where id = ${id} returning ${columns}`)
/** Whoever rotates it answers for it from now on. */
export const rotateApiKey = statement('keys.rotate', ApiKeyRow, (id: string, to: { hash: Buffer; hint: string; by: string; minutes: number }) => sql`
  update api_keys set former_hash = hash, former_until = now() + ${to.minutes}::int * interval '1 minute', hash = ${to.hash}, hint = ${to.hint}, made_by = ${to.by}, enabled = true where id = ${id} returning ${columns}`)
export const deleteApiKey = statement('keys.delete', Type.Object({ id: Id }), (id: string) => sql`delete from api_keys where id = ${id} returning id`)
/** Those of somebody who is no longer a member; also looked up again, since they may have come back meanwhile. */
export const endKeysOf = statement('keys.end-of', Type.Object({ id: Id }), (person: string) => sql`
  update api_keys set enabled = false where made_by = ${person} and enabled
    and not exists (select from identity."member" m where m."userId" = ${person} and m."organizationId" = (select current_setting('app.tenant')::uuid)) returning id`)

export const ServiceKeyRow = Type.Object({ ...row, operations: Texts, tenants: Nullable(Type.Array(Id)) })
export type ServiceKeyRow = Static<typeof ServiceKeyRow>
type Above = { operations: readonly string[]; tenants: readonly string[] | null }
const above = sql`${columns}, operations, tenants`
export const listServiceKeys = statement('keys.list-service', ServiceKeyRow, (wanted: string | null, before: string, limit: number) => sql`
  select ${above} from service_keys where id < ${before} and (${wanted}::text is null or ${status} = ${wanted}) order by id desc limit ${limit}`)
export const findServiceKey = statement('keys.get-service', ServiceKeyRow, (id: string) => sql`select ${above} from service_keys where id = ${id}`)
export const lockServiceKey = statement('keys.lock-service', ServiceKeyRow, (id: string) => sql`select ${above} from service_keys where id = ${id} for update`)
export const insertServiceKey = statement('keys.insert-service', ServiceKeyRow, (k: NewRow & Above) => sql`
  insert into service_keys (id, name, hint, hash, scopes, addresses, expires_at, made_by, operations, tenants)
  values (${k.id}, ${k.name}, ${k.hint}, ${k.hash}, ${k.scopes}, ${k.addresses}, ${k.expiresAt}, ${k.madeBy}, ${k.operations}, ${k.tenants}) returning ${above}`)
export const changeServiceKey = statement('keys.change-service', ServiceKeyRow, (id: string, to: KeyChange & Above) => sql`
  update service_keys set name = ${to.name}, scopes = ${to.scopes}, addresses = ${to.addresses}, enabled = ${to.enabled}, expires_at = ${to.expiresAt},
    operations = ${to.operations}, tenants = ${to.tenants} where id = ${id} returning ${above}`)
export const rotateServiceKey = statement('keys.rotate-service', ServiceKeyRow, (id: string, to: { hash: Buffer; hint: string; by: string; minutes: number }) => sql`
  update service_keys set former_hash = hash, former_until = now() + ${to.minutes}::int * interval '1 minute', hash = ${to.hash}, hint = ${to.hint}, made_by = ${to.by}, enabled = true where id = ${id} returning ${above}`)
export const deleteServiceKey = statement('keys.delete-service', Type.Object({ id: Id }), (id: string) => sql`delete from service_keys where id = ${id} returning id`)

/** What a presented key stands for, as gw_system, since the key is what tells the tenant. Nothing unless it, its maker and its tenant are live. */
const live = sql`k.enabled and (k.hash = g.hash or (k.former_hash = g.hash and k.former_until > now())) and coalesce(k.expires_at > now(), true)`
const known = sql`k.id, k.name, k.scopes, k.addresses, k.made_by as "madeBy", least(k.expires_at, case when k.hash <> g.hash then k.former_until end) as "endsAt"`
const maker = sql`join identity."user" u on u.id = k.made_by and not (coalesce(u.banned, false) and coalesce(u."banExpires" > now(), true))`
const presented = { id: Id, name: Type.String(), scopes: Texts, addresses: Texts, madeBy: Id, endsAt: Nullable(Type.String()) }
export const checkApiKey = statement('keys.check', Type.Object({ ...presented, tenantId: Id, makersRole: Type.String() }), (hash: Buffer) => sql`
  select ${known}, k.tenant_id as "tenantId", m.role as "makersRole" from (select ${hash}::bytea as hash) g join api_keys k on k.hash = g.hash or k.former_hash = g.hash
  join identity."organization" o on o.id = k.tenant_id and o.status = 'active' join identity."member" m on m."organizationId" = k.tenant_id and m."userId" = k.made_by ${maker} where ${live}`)
export const checkServiceKey = statement('keys.check-service', Type.Object({ ...presented, operations: Texts, tenants: Nullable(Type.Array(Id)) }), (hash: Buffer) => sql`
  select ${known}, k.operations, k.tenants from (select ${hash}::bytea as hash) g join service_keys k on k.hash = g.hash or k.former_hash = g.hash ${maker} and u.role = 'operator' where ${live}`)
/** A key that may go on with what it began, of a tenant or the platform: an end that came by time takes nothing back, whoever ended it does. */
export const findStandingKey = statement('keys.standing', Type.Object({ id: Id }), (id: string) => sql`
  select k.id from api_keys k ${maker} where k.id = ${id} and k.enabled union all select k.id from service_keys k ${maker} and u.role = 'operator' where k.id = ${id} and k.enabled`)

/** Lazily and many at once; a later time is never set back by a slower process. */
export const noteUses = (tenants: readonly string[], ids: readonly string[], times: readonly string[]) => sql`
  update api_keys k set last_used_at = g.at from unnest(${tenants}::uuid[], ${ids}::uuid[], ${times}::timestamptz[]) as g (tenant, id, at) where k.tenant_id = g.tenant and k.id = g.id and coalesce(k.last_used_at < g.at, true)`
export const noteServiceUses = (ids: readonly string[], times: readonly string[]) => sql`
  update service_keys k set last_used_at = g.at from unnest(${ids}::uuid[], ${times}::timestamptz[]) as g (id, at) where k.id = g.id and coalesce(k.last_used_at < g.at, true)`
