// From a verified token's claims to somebody here.
import type { JWTPayload } from 'jose'
import { isId } from '../../kernel/ids.ts'
import { scopes as wellKnown } from '../../kernel/scopes.ts'
import type { Mapping } from './schema.ts'

/** A claim by its name (Auth0's have dots and slashes in theirs), else by a path with dots (Keycloak's `realm_access.roles`). */
export function claimAt(claims: JWTPayload, name: string): unknown {
  if (name in claims) return claims[name]
  return name.split('.').reduce<unknown>((at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Record<string, unknown>)[key] : undefined), claims)
}
const textAt = (claims: JWTPayload, name: string): string | null => {
  const value = claimAt(claims, name)
  return typeof value === 'string' && value.length <= 254 && !value.includes('\0') ? value : null
}

/** Whom the claims name; null: nobody, since an address that is not verified says nothing. */
export function subjectOf(claims: JWTPayload, mapping: Mapping): { email: string | null; id: string | null } | null {
  if (mapping.by === 'subject') {
    const id = textAt(claims, mapping.subjectClaim ?? 'sub')
    return id && isId(id) ? { email: null, id } : null
  }
  const email = textAt(claims, mapping.emailClaim ?? 'email')
  const verified = mapping.verifiedClaim === null || claimAt(claims, mapping.verifiedClaim ?? 'email_verified') === true
  return email?.includes('@') && verified ? { email: email.toLowerCase(), id: null } : null
}
/** The id or slug of the tenant; null: none is named. */
export const tenantNamed = (claims: JWTPayload, { tenantClaim }: Mapping): string | null => (tenantClaim ? textAt(claims, tenantClaim) : null)
export const nameOf = (claims: JWTPayload, email: string): string => (textAt(claims, 'name')?.trim() || email.split('@')[0]!).slice(0, 120)

/** What the token was given for: never more than the mapping says. */
export function scopesOf(claims: JWTPayload, { scopes = ['read', 'write'], scopeClaim }: Mapping): string[] {
  if (!scopeClaim) return [...scopes]
  const given = claimAt(claims, scopeClaim)
  const words = Array.isArray(given) ? given : String(given ?? '').split(' ')
  return wellKnown.filter((scope) => scopes.includes(scope) && words.includes(scope))
}
