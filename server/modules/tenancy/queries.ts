import { Nullable, Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { DomainRow, Invitation, Member, Settings } from './schema.ts'

const memberColumns = sql`m."userId" as id, m."userId", u.name, u.email, u.image, m.role, m."createdAt", m."updatedAt", m.version`
/** In order of joining; row security shows the active tenant's only. */
export const listMembers = statement('tenancy.list-members', Member, (after: readonly string[], q: string | null, limit: number) => sql`
  select ${memberColumns} from identity.member m join identity."user" u on u.id = m."userId"
  where (m."createdAt", m."userId") > (${after[0]!}, ${after[1]!}) and (${q}::text is null or u.name ilike ${q} or u.email ilike ${q}) order by m."createdAt", m."userId" limit ${limit}`)
export const findMember = statement('tenancy.find-member', Member, (id: string) => sql`select ${memberColumns} from identity.member m join identity."user" u on u.id = m."userId" where m."userId" = ${id}`)

const { url: _url, ...invitationFields } = Invitation.properties
export const listInvitations = statement('tenancy.list-invitations', Type.Object(invitationFields), (after: readonly string[], status: string | null, limit: number) => sql`
  select id, email, coalesce(role, 'viewer') as role, status, "inviterId", "sentAt", "expiresAt", "createdAt", "updatedAt", version from identity.invitation
  where ("createdAt", id) < (${after[0]!}, ${after[1]!}) and (${status}::text is null or status = ${status}) order by "createdAt" desc, id desc limit ${limit}`)

export const findSettings = statement('tenancy.find-settings', Settings, () => sql`select event_retention_days as "eventRetentionDays" from tenant_settings`)
export const keepSettings = statement('tenancy.keep-settings', Settings, (days: number | null) => sql`
  insert into tenant_settings (event_retention_days) values (${days}) on conflict (tenant_id) do update set event_retention_days = excluded.event_retention_days returning event_retention_days as "eventRetentionDays"`)

/** Tables with rows of tenants, the log apart: for the end of a tenant. */
export const listTenantTables = statement('tenancy.tables', Type.Object({ name: Type.String(), described: Nullable(Type.String()) }), () => sql`
  select c.relname::text as name, obj_description(c.oid, 'pg_class') as described from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname not in ('events', 'keys') order by c.oid desc`)

const domainColumns = sql`id, name, status, token, verified_at as "verifiedAt", checked_at as "checkedAt", problem, version, created_at as "createdAt", updated_at as "updatedAt"`
export const listDomains = statement('tenancy.list-domains', DomainRow, (after: readonly string[], limit: number) => sql`
  select ${domainColumns} from domains where (created_at, id) < (${after[0]!}, ${after[1]!}) order by created_at desc, id desc limit ${limit}`)
export const findDomain = statement('tenancy.find-domain', DomainRow, (id: string) => sql`select ${domainColumns} from domains where id = ${id}`)
export const insertDomain = statement('tenancy.insert-domain', DomainRow, (id: string, name: string, token: string) => sql`
  insert into domains (id, name, token) values (${id}, ${name}, ${token}) returning ${domainColumns}`)
export const deleteDomain = statement('tenancy.delete-domain', Type.Object({ name: Type.String() }), (id: string) => sql`delete from domains where id = ${id} returning name`)
/** As gw_system, which sees all tenants: who has proved this name, or one it lies under. */
export const listProofs = statement('tenancy.list-proofs', Type.Object({ tenantId: Type.String(), name: Type.String() }), (names: readonly string[]) => sql`
  select tenant_id as "tenantId", name from domains where name = any (${names}) and status = 'verified'`)
/** One judgement at a time: two tenants must not prove a name and one below it at once. */
export const lockProofs = () => sql`select pg_advisory_xact_lock(hashtext('tenancy.domains'))`
export const lockDomain = statement('tenancy.lock-domain', Type.Object({ ...DomainRow.properties, failingDays: Nullable(Type.Number()) }), (tenant: string, id: string) => sql`
  select ${domainColumns}, (extract(epoch from now() - failing_since) / 86400)::float8 as "failingDays" from domains where tenant_id = ${tenant} and id = ${id} for update`)
export const judgeDomain = statement('tenancy.judge-domain', DomainRow, (tenant: string, id: string, status: string, problem: string | null) => sql`
  update domains set status = ${status}, problem = ${problem}, checked_at = now(), failing_since = case when ${problem}::text is null then null else coalesce(failing_since, now()) end,
    verified_at = case when ${status} = 'verified' and status <> 'verified' then now() else verified_at end
  where tenant_id = ${tenant} and id = ${id} returning ${domainColumns}`)
export const listDueDomains = statement('tenancy.due-domains', Type.Object({ tenantId: Type.String(), id: Type.String() }), (limit: number) => sql`
  select tenant_id as "tenantId", id from domains where status = 'verified' and checked_at < now() - interval '23 hours' order by checked_at limit ${limit}`)
/** As gw_system: whose door a name is. */
export const findDomainHolder = statement('tenancy.domain-holder', Type.Object({ tenantId: Type.String() }), (name: string) => sql`select tenant_id as "tenantId" from domains where name = ${name} and status = 'verified'`)
export const findState = statement('tenancy.state', Type.Object({ status: Type.Enum(['active', 'deleting', 'suspended']) }), (tenant: string) => sql`select status from identity.organization where id = ${tenant}`)
