// Tokens of outside issuers: verified offline by the issuer's public keys, then mapped to somebody here. Such a token is never more than what its
// mapping gives: it has scopes, opens no person's own sign-in matters, and never the operators' office.
import { createHash } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose'
import type { Db } from '../../kernel/db.ts'
import type { Doors } from '../../kernel/doors.ts'
import { Problem } from '../../kernel/errors.ts'
import type { Principal } from '../../kernel/http.ts'
import { platformId } from '../../kernel/ids.ts'
import type { EventRow } from '../../kernel/log.ts'
import { systemWho } from '../../kernel/readers.ts'
import type { Switches } from '../../kernel/switches.ts'
import { roleReaches, type TenantRole } from '../../kernel/schema.ts'
import type { TokenKind } from '../../kernel/tokens.ts'
import type { Identity } from '../identity/api.ts'
import type { KeySets } from './key-sets.ts'
import { nameOf, scopesOf, subjectOf, tenantNamed } from './mapping.ts'
import { findPerson, listTrusting } from './queries.ts'
import type { Mapping } from './schema.ts'

/** One who trusts an issuer. `tenant` null: the platform. */
export type Trusting = { id: string; tenant: string | null; issuer: string; audience: string; jwksUri: string | null; mapping: Mapping; fromSetting: boolean }
type Held = { principal: Principal; loadedAt: number }

/** Asymmetric ones alone: with a shared secret among them, whoever knows the public key could sign (RFC 8725, 2.1). */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const maxAgeMs = 5000
const most = 20_000
const jwt = /^[\w-]+\.[\w-]+\.[\w-]*$/
const governing = /^(trusted-issuer|member|user|tenant|tenant-plan|plan)\./

export type IssuerCheckOptions = {
  system: Db; switches: Pick<Switches, 'isOn'>; publicUrl: string; keySets: KeySets; settings: readonly Trusting[]; now?: () => number
  doors: Pick<Doors, 'findTenant'>; provision: Identity['provision']
}

export function createIssuerCheck({ system, switches, publicUrl, keySets, settings, doors, provision, now = Date.now }: IssuerCheckOptions): TokenKind & { hear(event: Pick<EventRow, 'name' | 'subject_id' | 'person_id'>): void } {
  const ctx = system.context(systemWho('issuers'))
  const held = new Map<string, Held>()
  const trusting = new Map<string, { list: readonly Trusting[]; loadedAt: number }>()
  let heardCount = 0

  async function trustingOf(issuer: string): Promise<readonly Trusting[]> {
    const known = trusting.get(issuer)
    if (known && now() - known.loadedAt < maxAgeMs) return known.list
    const before = heardCount
    const [rows] = await ctx.read(listTrusting(issuer))
    const list = [...settings.filter((s) => s.issuer === issuer), ...rows.map((row) => ({ ...row, tenant: row.tenantId === platformId ? null : row.tenantId, fromSetting: false }))]
    if (trusting.size >= 1000) trusting.clear()
    if (before === heardCount) trusting.set(issuer, { list, loadedAt: now() })
    return list
  }

  /** @returns undefined for a token that this one does not believe */
  async function verify(token: string, one: Trusting): Promise<JWTPayload | undefined> {
    const { kid } = decodeProtectedHeader(token)
    const keys = await keySets.keysFor(one, kid)
    try {
      return (await jwtVerify(token, keys, { issuer: one.issuer, audience: one.audience, algorithms, requiredClaims: ['sub', 'exp'], clockTolerance: 5 })).payload
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined // TypeError: a key that does not fit the algorithm
      throw error
    }
  }

  async function principalOf(claims: JWTPayload, one: Trusting): Promise<Principal | undefined> {
    const { mapping } = one
    const by = subjectOf(claims, mapping)
    if (!by) return undefined
    const named = one.tenant === null ? tenantNamed(claims, mapping) : null
    const tenant = one.tenant ?? (named === null ? null : await doors.findTenant(named))
    if (tenant === undefined) return undefined // it names a tenant that is not there
    let [[person]] = await ctx.read(findPerson(by, tenant))
    if (one.tenant === null && mapping.justInTime && by.email && (!person || (tenant && !person.role))) {
      if (!(await provision({ email: by.email, name: nameOf(claims, by.email), tenant, role: mapping.role ?? 'viewer' }))) return undefined
      ;[[person]] = await ctx.read(findPerson(by, tenant))
    }
    if (!person || (tenant && !person.role)) return undefined
    // whoever keeps a tenant's issuer keeps its admins' rights and no owner's
    const role = one.tenant ? { role: roleReaches(person.role as TenantRole, 'owner') ? ('admin' as const) : (person.role as TenantRole), proof: { methods: ['sso'], tenant: one.tenant, provenAt: 0 } } : {}
    return {
      actor: { type: 'user', id: person.id }, tenant, operator: false, name: person.name, scopes: scopesOf(claims, mapping), permissions: [], ...role,
      watches: [one.id, person.id, ...(tenant ? [tenant] : [])], expiresAt: claims.exp! * 1000,
    }
  }

  async function load(token: string, name: string, issuer: string): Promise<Principal | undefined> {
    const before = heardCount
    let unavailable: Problem | undefined
    for (const one of await trustingOf(issuer)) {
      try {
        if (one.tenant !== null && !(await switches.isOn(one.tenant, 'issuers'))) continue
        const claims = await verify(token, one)
        const principal = claims && (await principalOf(claims, one))
        if (!principal) continue
        if (held.size >= most) held.delete(held.keys().next().value!)
        if (before === heardCount) held.set(name, { principal, loadedAt: now() })
        return principal
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        unavailable = error // somebody else may trust it by keys that are there
      }
    }
    held.delete(name)
    if (unavailable) throw unavailable
    return undefined
  }

  return {
    feature: undefined, // the platform's issuers are nobody's plan's: judged above, by whose it is
    takes: (token) => jwt.test(token) && !(issuerOf(token)?.startsWith(publicUrl) ?? true),
    authenticate(token) {
      const name = createHash('sha256').update(token).digest('base64')
      const known = held.get(name)
      if (known && now() - known.loadedAt < maxAgeMs) return known.principal.expiresAt > now() ? known.principal : undefined
      return load(token, name, issuerOf(token)!)
    },
    /** Every event of the log, from every process. */
    hear({ name, subject_id: subject, person_id: person }) {
      if (!governing.test(name)) return
      heardCount++
      if (name.startsWith('trusted-issuer.')) trusting.clear()
      if (name === 'plan.changed') held.clear()
      for (const [key, { principal }] of held) if (principal.watches!.includes(subject) || (person && principal.watches!.includes(person))) held.delete(key)
    },
  }
}

/** As the token says, not yet believed. */
function issuerOf(token: string): string | undefined {
  try {
    const { iss } = decodeJwt(token)
    return typeof iss === 'string' ? iss : undefined
  } catch {
    return undefined
  }
}
