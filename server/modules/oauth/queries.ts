import { Id, Nullable, Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { ConnectedApp, OAuthConsent, OAuthScope, type Metadata } from './schema.ts'

const Nothing = Type.Object({})
const Names = Type.Array(Type.String())
export const ClientRow = Type.Object({
  id: Type.String(), name: Type.String(), origin: Type.Enum(['admin', 'registration']), scopes: Names, metadata: Type.Unknown(), createdBy: Nullable(Type.String()),
  previousSecretEndsAt: Nullable(Type.String()), createdAt: Type.String(), updatedAt: Type.String(), version: Type.Integer(),
})
export type ClientRow = { id: string; name: string; origin: 'admin' | 'registration'; scopes: string[]; metadata: Metadata; createdBy: string | null; previousSecretEndsAt: string | null; createdAt: string; updatedAt: string; version: number }
const Secrets = Type.Object({ ...ClientRow.properties, secret: Nullable(Type.Unknown()), previousSecret: Nullable(Type.Unknown()) })
const columns = sql`id, name, origin, scopes, metadata, created_by as "createdBy", case when previous_ends_at > now() then previous_ends_at end as "previousSecretEndsAt", created_at as "createdAt", updated_at as "updatedAt", version`
const withSecrets = sql`${columns}, secret, case when previous_ends_at > now() then previous_secret end as "previousSecret"`

/** As the issuer needs it. */
export const findClient = statement('oauth.find-client', Secrets, (id: string) => sql`select ${withSecrets} from oauth_clients where id = ${id}`)
export const lockClient = statement('oauth.lock-client', Secrets, (id: string) => sql`select ${withSecrets} from oauth_clients where id = ${id} for update`)
export const showClient = statement('oauth.show-client', ClientRow, (id: string) => sql`select ${columns} from oauth_clients where id = ${id}`)
export const listClients = statement('oauth.list-clients', ClientRow, (q: string | null, before: string, limit: number) => sql`
  select ${columns} from oauth_clients where id < ${before} and (${q}::text is null or name ilike ${q}) order by id desc limit ${limit}`)
export const insertClient = statement('oauth.insert-client', ClientRow, (c: { id: string; name: string; origin: string; scopes: readonly string[]; metadata: Metadata; secret: Buffer | null; createdBy: string | null }) => sql`
  insert into oauth_clients (id, name, origin, scopes, metadata, secret, created_by) values (${c.id}, ${c.name}, ${c.origin}, ${c.scopes}, ${sql.json(c.metadata)}, ${c.secret}, ${c.createdBy}) returning ${columns}`)
export const updateClient = statement('oauth.update-client', ClientRow, (c: { id: string; name: string; scopes: readonly string[]; metadata: Metadata; secret: Buffer | null }) => sql`
  update oauth_clients set name = ${c.name}, scopes = ${c.scopes}, metadata = ${sql.json(c.metadata)}, secret = ${c.secret} where id = ${c.id} returning ${columns}`)
export const rotateSecret = statement('oauth.rotate-secret', ClientRow, (id: string, secret: Buffer, overlapSeconds: number) => sql`
  update oauth_clients set previous_secret = oauth_clients.secret, previous_ends_at = now() + ${overlapSeconds}::int * interval '1 second', secret = ${secret} where id = ${id} returning ${columns}`)
export const deleteClient = statement('oauth.delete-client', Nothing, (id: string) => sql`delete from oauth_clients where id = ${id}`)

const scope = sql`id, name, description, permissions, created_at as "createdAt", updated_at as "updatedAt", version`
export const listScopes = statement('oauth.list-scopes', OAuthScope, (after: string, limit: number) => sql`select ${scope} from oauth_scopes where name > ${after} order by name limit ${limit}`)
export const findScope = statement('oauth.find-scope', OAuthScope, (id: string) => sql`select ${scope} from oauth_scopes where id = ${id}`)
export const lockScope = statement('oauth.lock-scope', OAuthScope, (id: string) => sql`select ${scope} from oauth_scopes where id = ${id} for update`)
/** What a tenant's own scopes stand for, for whoever takes them: as gw_system, before a tenant is known. */
export const listScopePermissions = statement('oauth.scope-permissions', Type.Object({ name: Type.String(), permissions: Type.Array(Type.String()) }), (tenant: string) => sql`
  select name, permissions from oauth_scopes where tenant_id = ${tenant}`)
/** As gw_system. */
export const findStandingClient = statement('oauth.standing-client', Type.Object({ id: Id }), (id: string) => sql`select id from oauth_clients where id = ${id}`)
export const insertScope = statement('oauth.insert-scope', OAuthScope, (s: { id: string; name: string; description: string; permissions: readonly string[] }) => sql`
  insert into oauth_scopes (id, name, description, permissions) values (${s.id}, ${s.name}, ${s.description}, ${s.permissions}) returning ${scope}`)
export const updateScope = statement('oauth.update-scope', OAuthScope, (id: string, description: string, permissions: readonly string[]) => sql`
  update oauth_scopes set description = ${description}, permissions = ${permissions} where id = ${id} returning ${scope}`)
export const deleteScope = statement('oauth.delete-scope', Nothing, (id: string) => sql`delete from oauth_scopes where id = ${id}`)
/** A scope that comes again under an old name must be asked for again. */
export const takeScopeFromClients = statement('oauth.take-scope-from-clients', Nothing, (name: string) => sql`update oauth_clients set scopes = array_remove(scopes, ${name}) where ${name} = any (scopes)`)

const Consent = Type.Object({ scopes: Names })
export const findConsent = statement('oauth.find-consent', Consent, (person: string, client: string) => sql`select scopes from oauth_consents where person_id = ${person} and client_id = ${client}`)
export const lockConsent = statement('oauth.lock-consent', Consent, (person: string, client: string) => sql`select scopes from oauth_consents where person_id = ${person} and client_id = ${client} for update`)
export const keepConsent = statement('oauth.keep-consent', Nothing, (person: string, client: string, scopes: readonly string[]) => sql`
  insert into oauth_consents (person_id, client_id, scopes) values (${person}, ${client}, ${scopes}) on conflict (tenant_id, person_id, client_id) do update set scopes = excluded.scopes`)
export const deleteConsent = statement('oauth.delete-consent', Nothing, (person: string, client: string) => sql`delete from oauth_consents where person_id = ${person} and client_id = ${client}`)
/** Everybody's of one tenant, so as gw_system: row security shows people their own alone. */
export const listConsents = statement('oauth.list-consents', OAuthConsent, (tenant: string, f: { client: string | null; person: string | null }, before: readonly string[], limit: number) => sql`
  select c.client_id as "clientId", k.name as "clientName", c.person_id as "userId", u.name as "userName", u.email, c.scopes, c.created_at as "createdAt", c.updated_at as "updatedAt", c.version
  from oauth_consents c join oauth_clients k on k.tenant_id = c.tenant_id and k.id = c.client_id join identity."user" u on u.id = c.person_id
  where c.tenant_id = ${tenant} and (${f.client}::uuid is null or c.client_id = ${f.client}::uuid) and (${f.person}::uuid is null or c.person_id = ${f.person}::uuid)
    and (c.created_at, c.client_id, c.person_id) < (${before[0]!}::timestamptz, ${before[1]!}::uuid, ${before[2]!}::uuid)
  order by c.created_at desc, c.client_id desc, c.person_id desc limit ${limit}`, [['00000000-0000-0000-0000-000000000000', { client: null, person: null }, ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'ffffffff-ffff-ffff-ffff-ffffffffffff'], 1]])
export const takeConsent = statement('oauth.take-consent', Type.Object({ scopes: Names }), (tenant: string, person: string, client: string) => sql`
  delete from oauth_consents where tenant_id = ${tenant} and person_id = ${person} and client_id = ${client} returning scopes`)
/** In all their tenants, so as gw_system; `person` is whoever asks. */
export const listConnected = statement('oauth.list-connected', ConnectedApp, (person: string, after: string, limit: number) => sql`
  select k.id, k.id as "clientId", k.name, k.metadata ->> 'client_uri' as "clientUri", c.tenant_id as "tenantId", o.name as "tenantName", c.scopes, c.created_at as "createdAt", c.updated_at as "updatedAt", c.version
  from oauth_consents c join oauth_clients k on k.tenant_id = c.tenant_id and k.id = c.client_id join identity."organization" o on o.id = c.tenant_id
  where c.person_id = ${person} and k.id > ${after} order by k.id limit ${limit}`)
