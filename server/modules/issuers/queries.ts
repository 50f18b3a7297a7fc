import { Id, Nullable, Type, type Static } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { Mapping, type NewIssuer } from './schema.ts'

const status = sql`case when enabled then 'active' else 'inactive' end`
const columns = sql`id, issuer, audience, jwks_uri as "jwksUri", mapping, ${status} as status, version, created_at as "createdAt", updated_at as "updatedAt"`
export const IssuerRow = Type.Object({
  id: Id, issuer: Type.String(), audience: Type.String(), jwksUri: Nullable(Type.String()), mapping: Mapping, status: Type.Enum(['active', 'inactive']),
  version: Type.Integer(), createdAt: Type.String(), updatedAt: Type.String(),
})
export type IssuerRow = Static<typeof IssuerRow>

// the tenant stands in each of them: operators ask as gw_system, whose policies show all
export const listIssuers = statement('issuers.list', IssuerRow, (tenant: string, before: string, limit: number) => sql`
  select ${columns} from trusted_issuers where tenant_id = ${tenant} and id < ${before} order by id desc limit ${limit}`)
export const findIssuer = statement('issuers.get', IssuerRow, (tenant: string, id: string) => sql`select ${columns} from trusted_issuers where tenant_id = ${tenant} and id = ${id}`)
export const lockIssuer = statement('issuers.lock', IssuerRow, (tenant: string, id: string) => sql`select ${columns} from trusted_issuers where tenant_id = ${tenant} and id = ${id} for update`)
export const insertIssuer = statement('issuers.insert', IssuerRow, (tenant: string, id: string, given: NewIssuer) => sql`
  insert into trusted_issuers (tenant_id, id, issuer, audience, jwks_uri, mapping)
  values (${tenant}, ${id}, ${given.issuer}, ${given.audience}, ${given.jwksUri ?? null}, ${sql.json(given.mapping)}) returning ${columns}`)
export const changeIssuer = statement('issuers.change', IssuerRow, (tenant: string, id: string, to: { audience: string; jwksUri: string | null; mapping: Mapping; enabled: boolean }) => sql`
  update trusted_issuers set audience = ${to.audience}, jwks_uri = ${to.jwksUri}, mapping = ${sql.json(to.mapping)}, enabled = ${to.enabled} where tenant_id = ${tenant} and id = ${id} returning ${columns}`)
export const deleteIssuer = statement('issuers.delete', Type.Object({ id: Id }), (tenant: string, id: string) => sql`delete from trusted_issuers where tenant_id = ${tenant} and id = ${id} returning id`)

/** As gw_system, since the token is what tells the tenant: the platform's first, then whoever trusted it first. */
export const listTrusting = statement('issuers.trusting', Type.Object({ ...IssuerRow.properties, tenantId: Id }), (issuer: string) => sql`
  select ${columns}, tenant_id as "tenantId" from trusted_issuers where issuer = ${issuer} and enabled order by tenant_id <> '00000000-0000-0000-0000-000000000000', created_at, id limit 50`)

/** The account with an address or an id, and its role in a tenant; none for one that is banned. */
export const findPerson = statement('issuers.person', Type.Object({ id: Id, name: Type.String(), role: Nullable(Type.String()) }), (by: { email: string | null; id: string | null }, tenant: string | null) => sql`
  select u.id, u.name, m.role from identity."user" u left join identity."member" m on m."userId" = u.id and m."organizationId" = ${tenant}
  where (u.email = ${by.email} or u.id = ${by.id}) and not (coalesce(u.banned, false) and coalesce(u."banExpires" > now(), true))`)
