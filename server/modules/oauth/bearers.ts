// Who an opaque token of a tenant's issuer stands for at the API. A token is looked up by its hash, with all that must hold for it in one statement;
// the answer is kept for a few seconds and dropped by events: revoked, consent withdrawn, member removed, account banned, tenant suspended.
import { hash } from 'node:crypto'
import type { Principal } from '../../kernel/http.ts'
import type { PermissionTable } from '../../kernel/permissions.ts'
import { roleReaches, type TenantRole } from '../../kernel/schema.ts'
import { apiScopes } from '../identity/api.ts'
import type { OAuthParts } from './issuers.ts'
import { proofOf } from './sign-on.ts'

type Row = { id: string; tenant: string; client: string; clientName: string; person: string | null; personName: string | null; scope: string | null; aud: string | null; amr: string[] | null; expiresAt: Date; session: string | null; permissions: string[] }
type Held = { principal: Principal; checkedAt: number }
/** The parts of a row of the log that matter here. */
export type Heard = { name: string; tenant_id: string; person_id: string | null; subject_id: string }
export type Bearers = ReturnType<typeof createBearers>

const maxAgeMs = 10_000
const mostHeld = 20_000
/** 43 letters of base64url: 256 bits. Our own access tokens have dots, keys another length. */
export const isOpaqueToken = (token: string): boolean => /^[\w-]{43}$/.test(token)

/** A client that acts for itself has the least role that its scopes need, never owner. */
export function roleOf(scopes: readonly string[], permissions: readonly string[], table: PermissionTable): TenantRole {
  const needs: TenantRole[] = ['viewer', ...(scopes.includes('write') ? (['member'] as const) : []), ...(scopes.includes('admin') ? (['admin'] as const) : []), ...permissions.map((p) => table.get(p) ?? 'viewer')]
  return needs.reduce((most, role) => (role !== 'owner' && roleReaches(role, most) ? role : most))
}

export function createBearers({ identity, kernel }: OAuthParts, permissions: () => PermissionTable, now: () => number = Date.now) {
  const tokens = new Map<string, Held>()
  const ended = new Map<string, number>() // ids of tokens, as long as a check under way could bring one back
  const audience = `${kernel.publicUrl}/api`
  let heard = 0

  async function load(key: string, token: string): Promise<Principal | undefined> {
    const before = heard
    const { rows: [row] } = await identity.pool.query<Row>({
      name: 'oauth_bearer',
      text: `select a.id, a.tenant_id as tenant, a.client_id as client, c.name as "clientName", a.account_id as person, u.name as "personName", a.payload ->> 'scope' as scope, a.payload ->> 'aud' as aud, a.payload #> '{extra,amr}' as amr, a.expires_at as "expiresAt",
               (select g.session_id from oauth.grant_context g where g.grant_id = a.grant_id) as session,
               array(select distinct p from public.oauth_scopes s, unnest(s.permissions) p where s.tenant_id = a.tenant_id and s.name = any (string_to_array(a.payload ->> 'scope', ' '))) as permissions
             from oauth.artifact a
             join organization o on o.id = a.tenant_id and o.status = 'active'
             join public.oauth_clients c on c.tenant_id = a.tenant_id and c.id = a.client_id::uuid
             left join "user" u on u.id = a.account_id
             where a.kind in ('AccessToken', 'ClientCredentials') and a.key_hash = $1 and a.expires_at > now()
               and (a.account_id is null or (u.id is not null and not (coalesce(u.banned, false) and coalesce(u."banExpires" > now(), true))
                 and exists (select from member m where m."organizationId" = a.tenant_id and m."userId" = a.account_id)
                 and exists (select from oauth.artifact g where g.kind = 'Grant' and g.key_hash = sha256(convert_to(a.grant_id, 'UTF8')) and g.tenant_id = a.tenant_id)))
               and (a.payload ->> 'expiresWithSession' is distinct from 'true'
                 or exists (select from oauth.artifact s where s.kind = 'Session' and s.uid = a.payload ->> 'sessionUid' and s.tenant_id = a.tenant_id and s.account_id = a.account_id and s.expires_at > now()))
               and not exists (select from oauth.grant_context g where g.grant_id = a.grant_id and g.session_id is not null and not exists (select from session s where s.id = g.session_id and s."expiresAt" > now()))`,
      values: [hash('sha256', token, 'buffer')],
    })
    if (!row || ended.has(row.id) || (row.aud !== null && row.aud !== audience)) return undefined
    const scopes = (row.scope ?? '').split(' ').filter((scope) => apiScopes.includes(scope))
    const common = { tenant: row.tenant, operator: false, expiresAt: row.expiresAt.getTime(), scopes, permissions: row.permissions, watches: [row.id, row.client, row.tenant, ...(row.session ? [row.session] : [])] }
    const principal: Principal = row.person
      ? { ...common, actor: { type: 'user', id: row.person }, proof: proofOf(row.amr, row.tenant), ...(row.personName ? { name: row.personName } : {}) }
      : { ...common, actor: { type: 'key', id: row.client }, name: row.clientName, role: roleOf(scopes, row.permissions, permissions()) }
    if (before === heard) {
      if (tokens.size >= mostHeld) tokens.delete(tokens.keys().next().value!)
      tokens.set(key, { principal, checkedAt: now() })
    }
    return principal
  }
  function drop(which: (p: Principal) => boolean): void {
    heard++
    for (const [key, { principal }] of tokens) if (which(principal)) tokens.delete(key)
  }

  return {
    /** @returns undefined for a token that opens nothing, whatever the reason */
    find(token: string): Principal | undefined | Promise<Principal | undefined> {
      const key = hash('sha256', token, 'base64')
      const known = tokens.get(key)
      const t = now()
      if (known && t - known.checkedAt < maxAgeMs && t < known.principal.expiresAt) return known.principal
      tokens.delete(key)
      return load(key, token)
    },
    /** Every event of the log, from every process. */
    hear({ name, tenant_id: tenant, person_id: person, subject_id: subject }: Heard): void {
      switch (name) {
        case 'oauth-token.revoked': {
          const t = now()
          for (const [id, until] of ended) if (until <= t) ended.delete(id)
          ended.set(subject, t + 60_000)
          return drop((p) => p.watches?.[0] === subject)
        }
        case 'session.ended':
        case 'user.changed':
        case 'user.deleted':
          return drop((p) => p.actor.id === person || p.actor.id === subject)
        case 'member.changed':
        case 'member.removed':
          return drop((p) => p.tenant === tenant && p.actor.id === person)
        case 'tenant.changed':
        case 'tenant.deleted':
        case 'oauth-client.changed':
        case 'oauth-client.deleted':
        case 'oauth-scope.created':
        case 'oauth-scope.changed':
        case 'oauth-scope.deleted':
          return drop((p) => p.tenant === tenant)
      }
    },
    forgetAll: () => drop(() => true),
  }
}
