import { Id, Nullable, Type, type Static } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'

const Row = Type.Object({ id: Id, operatorId: Id, userId: Id, tenantId: Id, expiresAt: Type.String(), endedAt: Nullable(Type.String()), version: Type.Integer(), createdAt: Type.String(), updatedAt: Type.String() })
export type Row = Static<typeof Row>
const columns = sql`i.id, i.operator_id as "operatorId", i.user_id as "userId", i.tenant_id as "tenantId", i.expires_at as "expiresAt", i.ended_at as "endedAt", i.version, i.created_at as "createdAt", i.updated_at as "updatedAt"`

export const findTarget = statement('impersonation.target', Type.Object({ id: Id, name: Type.String(), operator: Type.Boolean(), role: Nullable(Type.String()) }), (user: string, tenant: string) => sql`
  select u.id, u.name, coalesce(u.role, '') = 'operator' as operator, m.role from identity."user" u left join identity."member" m on m."userId" = u.id and m."organizationId" = ${tenant} where u.id = ${user}`)
export const insertImpersonation = statement('impersonation.insert', Row, (i: { tenant: string; id: string; operator: string; user: string; session: string; hash: Buffer; minutes: number }) => sql`
  insert into impersonations as i (tenant_id, id, operator_id, user_id, session_id, hash, expires_at)
  values (${i.tenant}, ${i.id}, ${i.operator}, ${i.user}, ${i.session}, ${i.hash}, now() + ${i.minutes}::int * interval '1 minute') returning ${columns}`)
export const listImpersonations = statement('impersonation.list', Row, (before: string, limit: number) => sql`select ${columns} from impersonations i where i.id < ${before} order by i.id desc limit ${limit}`)
export const endImpersonation = statement('impersonation.end', Row, (id: string) => sql`update impersonations i set ended_at = now() where i.id = ${id} and i.ended_at is null and i.expires_at > now() returning ${columns}`)

/** Nothing unless the operator's session and office, the membership and the time still hold. */
const holds = sql`i.ended_at is null and i.expires_at > now() and exists (select from identity."session" s where s.id = i.session_id and s."expiresAt" > now())
  and exists (select from identity."user" o where o.id = i.operator_id and o.role = 'operator' and not (coalesce(o.banned, false) and coalesce(o."banExpires" > now(), true)))`
export const checkImpersonation = statement('impersonation.check', Type.Object({ ...Row.properties, sessionId: Id, role: Type.String(), operatorName: Type.String() }), (hash: Buffer) => sql`
  select ${columns}, i.session_id as "sessionId", m.role, o.name as "operatorName" from impersonations i join identity."member" m on m."organizationId" = i.tenant_id and m."userId" = i.user_id
  join identity."user" u on u.id = i.user_id and coalesce(u.role, '') <> 'operator' join identity."user" o on o.id = i.operator_id where i.hash = ${hash} and ${holds}`)
/** Those that ended by themselves and were not yet told of. */
export const endLapsed = statement('impersonation.end-lapsed', Type.Object({ ...Row.properties, lapsed: Type.Boolean() }), () => sql`
  update impersonations i set ended_at = now() where i.ended_at is null and not (${holds} and exists (select from identity."member" m where m."organizationId" = i.tenant_id and m."userId" = i.user_id))
  returning ${columns}, i.expires_at <= now() as lapsed`)
