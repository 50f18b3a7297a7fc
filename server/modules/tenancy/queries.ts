import { Nullable, Type, type Static } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { AnyTenant, DomainRow, Invitation, Member, Settings } from './schema.ts'

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

/** What was never set is as old as its tenant, and of version 1. */
const timesOfSet = sql`coalesce(x.version, 1) as version, coalesce(x.created_at, o."createdAt") as "createdAt", coalesce(x.updated_at, o."createdAt") as "updatedAt"`
const times = sql`version, created_at as "createdAt", updated_at as "updatedAt"`
const settingColumns = sql`event_retention_days as "eventRetentionDays", run_retention_days as "runRetentionDays"`
export const findSettings = statement('tenancy.find-settings', Settings, (tenant: string) => sql`
  select ${settingColumns}, ${timesOfSet} from identity.organization o left join tenant_settings x on x.tenant_id = o.id where o.id = ${tenant}`)
export const ensureSettings = () => sql`insert into tenant_settings default values on conflict do nothing`
export const lockSettings = statement('tenancy.lock-settings', Settings, () => sql`select ${settingColumns}, ${times} from tenant_settings for update`)
export const keepSettings = statement('tenancy.keep-settings', Settings, (eventDays: number | null, runDays: number | null) => sql`
  update tenant_settings set event_retention_days = ${eventDays}, run_retention_days = ${runDays} returning ${settingColumns}, ${times}`)

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

/** As gw_system: every tenant, newest first. */
export const listTenants = statement('tenancy.list-all', AnyTenant, (after: readonly string[], f: { q: string | null; status: string | null; plan: string | null }, limit: number) => sql`
  select o.id, o.slug, o.name, o.logo, o.status, o."deletesAt", o."createdAt", o."updatedAt", o.version from identity.organization o
  where (o."createdAt", o.id) < (${after[0]!}, ${after[1]!}) and (${f.q}::text is null or o.name ilike ${f.q} or o.slug ilike ${f.q}) and (${f.status}::text is null or o.status = ${f.status})
    and (${f.plan}::text is null or ${f.plan} = (select p.name from plans p left join tenant_plans t on t.tenant_id = o.id where case when t.plan_id is null then p.is_default else p.id = t.plan_id end))
  order by o."createdAt" desc, o.id desc limit ${limit}`, [[['', ''], { q: null, status: null, plan: null }, 1]])
const counts = Type.Object({
  viewer: Type.Integer(), member: Type.Integer(), admin: Type.Integer(), owner: Type.Integer(), openInvitations: Type.Integer(), projects: Type.Integer(), tasks: Type.Integer(), openTasks: Type.Integer(), storageBytes: Type.Integer(),
  callsToday: Type.Integer(), eventsLastWeek: Type.Integer(), activePeopleLastWeek: Type.Integer(), lastActivityAt: Nullable(Type.String()),
})
/** As gw_system, so each part names the tenant. */
export const countTenant = statement('tenancy.count', counts, (id: string) => sql`
  select m.viewer, m.member, m.admin, m.owner, (select count(*)::int from identity.invitation i where i."organizationId" = ${id} and i.status = 'pending' and i."expiresAt" > now()) as "openInvitations",
    (select count(*)::int from projects p where p.tenant_id = ${id} and p.deleted_at is null) as projects, t.tasks, t.open as "openTasks",
    coalesce((select used from usage_levels l where l.tenant_id = ${id} and l.meter = 'storage' and l.period = ''), 0) as "storageBytes",
    coalesce((select added from usage_days d where d.tenant_id = ${id} and d.meter = 'calls' and d.day = current_date), 0) as "callsToday",
    w.events as "eventsLastWeek", w.people as "activePeopleLastWeek", (select at from events e where e.tenant_id = ${id} order by pos desc, seq desc limit 1) as "lastActivityAt"
  from (select (count(*) filter (where role = 'viewer'))::int as viewer, (count(*) filter (where role = 'member'))::int as member, (count(*) filter (where role = 'admin'))::int as admin, (count(*) filter (where role = 'owner'))::int as owner
      from identity.member where "organizationId" = ${id}) m,
    (select count(*)::int as tasks, (count(*) filter (where not p.done_columns ? k.status))::int as open from tasks k join projects p on p.tenant_id = k.tenant_id and p.id = k.project_id
      where k.tenant_id = ${id} and k.deleted_at is null and p.deleted_at is null) t,
    (select count(*)::int as events, (count(distinct actor_id) filter (where actor_type = 'user'))::int as people from events where tenant_id = ${id} and at > now() - interval '7 days') w`)

export const BrandingRow = Type.Object({ name: Nullable(Type.String()), color: Nullable(Type.String()), logoHash: Nullable(Type.String()), version: Type.Integer(), createdAt: Type.String(), updatedAt: Type.String() })
export type BrandingRow = Static<typeof BrandingRow>
const lookColumns = sql`color, logo_hash as "logoHash"`
const brandingColumns = sql`name, ${lookColumns}, ${times}`
export const findBranding = statement('tenancy.branding', BrandingRow, (tenant: string) => sql`
  select x.name, ${lookColumns}, ${timesOfSet} from identity.organization o left join branding x on x.tenant_id = o.id where o.id = ${tenant}`)
export const ensureBranding = () => sql`insert into branding default values on conflict do nothing`
export const lockBranding = statement('tenancy.lock-branding', BrandingRow, () => sql`select ${brandingColumns} from branding for update`)
export const putBranding = statement('tenancy.put-branding', BrandingRow, (name: string | null, color: string | null) => sql`update branding set name = ${name}, color = ${color} returning ${brandingColumns}`)
export const putLogo = statement('tenancy.put-logo', BrandingRow, (logo: Buffer | null, type: string | null, hash: string | null) => sql`
  update branding set logo = ${logo}, logo_type = ${type}, logo_hash = ${hash} returning ${brandingColumns}`)
/** As gw_system: what anybody may see of a tenant that is open. */
export const findBrand = statement('tenancy.brand', Type.Object({ name: Type.String(), color: Nullable(Type.String()), logoHash: Nullable(Type.String()) }), (tenant: string) => sql`
  select coalesce(b.name, o.name) as name, b.color, b.logo_hash as "logoHash" from identity.organization o left join branding b on b.tenant_id = o.id where o.id = ${tenant} and o.status = 'active'`)
export const findLogo = statement('tenancy.logo', Type.Object({ logo: Nullable(Type.Unknown()), type: Nullable(Type.String()) }), (tenant: string, hash: string) => sql`select logo, logo_type as type from branding where tenant_id = ${tenant} and logo_hash = ${hash}`)
