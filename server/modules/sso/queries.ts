import { Nullable, Type, type Static } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'

const ProviderRow = Type.Object({
  tenantId: Type.String(), id: Type.String(), protocol: Type.String(), name: Type.String(), config: Type.Unknown(), sealed: Nullable(Type.Unknown()), groupsClaim: Type.String(), roles: Type.Unknown(), defaultRole: Type.String(),
  status: Type.String(), testedAt: Nullable(Type.String()), problem: Nullable(Type.String()), createdAt: Type.String(), updatedAt: Type.String(), version: Type.Integer(),
})
export type ProviderRow = Static<typeof ProviderRow>
const columns = sql`tenant_id as "tenantId", id, protocol, name, config, sealed, groups_claim as "groupsClaim", roles, default_role as "defaultRole", status, tested_at as "testedAt", problem, created_at as "createdAt", updated_at as "updatedAt", version`
export const listProviders = statement('sso.providers', ProviderRow, () => sql`select ${columns} from sso_providers order by created_at, id limit 50`)
export const findProvider = statement('sso.provider', ProviderRow, (id: string) => sql`select ${columns} from sso_providers where id = ${id}`)
export const lockProvider = statement('sso.lock-provider', ProviderRow, (id: string) => sql`select ${columns} from sso_providers where id = ${id} for update`)
export type ProviderValues = { protocol: string; name: string; config: unknown; sealed: Buffer | null; groupsClaim: string; roles: unknown; defaultRole: string; tested: boolean }
export const insertProvider = statement('sso.add-provider', ProviderRow, (id: string, v: ProviderValues) => sql`
  insert into sso_providers (id, protocol, name, config, sealed, groups_claim, roles, default_role) values (${id}, ${v.protocol}, ${v.name}, ${sql.json(v.config)}, ${v.sealed}, ${v.groupsClaim}, ${sql.json(v.roles)}, ${v.defaultRole}) returning ${columns}`)
export const updateProvider = statement('sso.change-provider', ProviderRow, (id: string, v: ProviderValues) => sql`
  update sso_providers set name = ${v.name}, config = ${sql.json(v.config)}, sealed = ${v.sealed}, groups_claim = ${v.groupsClaim}, roles = ${sql.json(v.roles)}, default_role = ${v.defaultRole},
    tested_at = case when ${v.tested}::bool then tested_at end, status = case when ${v.tested}::bool then status when status = 'enabled' then 'disabled' else status end where id = ${id} returning ${columns}`)
export const setStatus = statement('sso.status', ProviderRow, (id: string, status: string) => sql`update sso_providers set status = ${status} where id = ${id} returning ${columns}`)
export const keepTest = statement('sso.keep-test', ProviderRow, (id: string, passed: boolean, problem: string | null) => sql`
  update sso_providers set tested_at = case when ${passed}::bool then now() else tested_at end, problem = ${problem} where id = ${id} returning ${columns}`)
export const deleteProvider = statement('sso.delete-provider', ProviderRow, (id: string) => sql`delete from sso_providers where id = ${id} returning ${columns}`)
/** As gw_system: what a tenant has enabled. */
export const listEnabled = statement('sso.enabled', ProviderRow, (tenant: string) => sql`select ${columns} from sso_providers where tenant_id = ${tenant} and status = 'enabled' order by created_at, id limit 20`)
export const listProven = statement('sso.proven-domains', Type.Object({ name: Type.String() }), (tenant: string) => sql`select name from domains where tenant_id = ${tenant} and status = 'verified' order by name limit 100`)
/** The closest proven domain of a list of a name and what it lies under. */
export const findHolder = statement('sso.holder', Type.Object({ tenantId: Type.String(), name: Type.String() }), (names: readonly string[]) => sql`
  select tenant_id as "tenantId", name from domains where name = any (${names}) and status = 'verified' order by length(name) desc limit 1`)

const TicketRow = Type.Object({
  tenantId: Type.String(), id: Type.String(), note: Nullable(Type.String()), createdBy: Type.String(), providerId: Nullable(Type.String()), expiresAt: Type.String(), usedAt: Nullable(Type.String()), revokedAt: Nullable(Type.String()),
  status: Type.Enum(['open', 'used', 'expired', 'revoked']), createdAt: Type.String(), updatedAt: Type.String(), version: Type.Integer(),
})
export type TicketRow = Static<typeof TicketRow>
const ticketColumns = sql`tenant_id as "tenantId", id, note, created_by as "createdBy", provider_id as "providerId", expires_at as "expiresAt", used_at as "usedAt", revoked_at as "revokedAt",
  case when revoked_at is not null then 'revoked' when used_at is not null then 'used' when expires_at <= now() then 'expired' else 'open' end as status, created_at as "createdAt", updated_at as "updatedAt", version`
export const insertTicket = statement('sso.add-ticket', TicketRow, (id: string, hash: Buffer, note: string | null, by: string, days: number) => sql`
  insert into sso_tickets (id, token_hash, note, created_by, expires_at) values (${id}, ${hash}, ${note}, ${by}, now() + ${days}::int * interval '1 day') returning ${ticketColumns}`)
export const listTickets = statement('sso.tickets', TicketRow, (after: readonly string[], limit: number) => sql`
  select ${ticketColumns} from sso_tickets where (created_at, id) < (${after[0]!}, ${after[1]!}) order by created_at desc, id desc limit ${limit}`)
export const revokeTicket = statement('sso.revoke-ticket', TicketRow, (id: string) => sql`update sso_tickets set revoked_at = now() where id = ${id} and revoked_at is null and provider_id is null returning ${ticketColumns}`)
/** As gw_system: by the secret alone. */
export const findTicket = statement('sso.ticket', TicketRow, (hash: Buffer) => sql`select ${ticketColumns} from sso_tickets where token_hash = ${hash}`)
export const openTicket = statement('sso.open-ticket', TicketRow, (id: string) => sql`update sso_tickets set used_at = now() where id = ${id} and used_at is null and revoked_at is null and expires_at > now() returning ${ticketColumns}`)
export const findTicketById = statement('sso.ticket-by-id', TicketRow, (id: string) => sql`select ${ticketColumns} from sso_tickets where id = ${id}`)
export const bindTicket = statement('sso.bind-ticket', TicketRow, (id: string, provider: string) => sql`update sso_tickets set provider_id = ${provider} where id = ${id} returning ${ticketColumns}`)
