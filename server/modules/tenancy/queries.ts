import { Nullable, Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { Invitation, Member, Settings } from './schema.ts'

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
