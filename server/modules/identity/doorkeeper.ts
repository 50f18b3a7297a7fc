// Who a token stands for, on the path of every request: a look-up by the token's sha256. A token seen for the first time is verified offline and
// then asked of the database once (session, ban, membership); afterwards events end it: logout, ban, removal. An age limit is the floor below.
import { hash } from 'node:crypto'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import type { ErrorCode } from '../../kernel/errors.ts'
import type { Principal, SessionProof } from '../../kernel/http.ts'
import { isId } from '../../kernel/ids.ts'
import type { TenantRole } from '../../kernel/schema.ts'
import type { StampingPool } from './pool.ts'
import { freshMs, hindranceOf, type Security } from './security.ts'

type Known<T> = { value: T; loadedAt: number; stale: boolean }
type Person = { operator: boolean; name: string }
type Held = { principal: Principal; expiresAtMs: number; session: string; checkedAt: number; person: Known<Person>; role: Known<TenantRole> | undefined }
/** The parts of a row of the log that matter here. */
export type Heard = { name: string; tenant_id: string; person_id: string | null; subject_id: string; data?: unknown }

type ProofRow = { methods: string[]; proof_tenant: string | null; proven_at: Date }
/** A session without a row of its own was begun by password. */
const proofColumns = `coalesce(p.methods, '{password}') as methods, p.tenant_id as proof_tenant, coalesce(p.proven_at, s."createdAt") as proven_at`
const proofOf = (row: ProofRow): SessionProof => ({ methods: row.methods, tenant: row.proof_tenant, provenAt: row.proven_at.getTime() })

/** Nothing cached is believed longer than this, should an event be late or lost. */
const maxAgeMs = 30_000

/** First in, first out; whatever falls out is marked, since entries that point to it can no longer be reached by events. */
class Bounded<V extends object> extends Map<string, V> {
  readonly #max: number
  readonly #dropped: (value: V) => void
  constructor(max: number, dropped: (value: V) => void = () => {}) {
    super()
    this.#max = max
    this.#dropped = dropped
  }
  keep(key: string, value: V): V {
    if (this.size >= this.#max) for (const [oldest, old] of this) {
      this.delete(oldest)
      this.#dropped(old)
      break
    }
    this.set(key, value)
    return value
  }
}

/** All tokens of a person point to one object, so that an event reaches them all at once. */
function share<T>(map: Bounded<Known<T>>, key: string, value: T, loadedAt: number): Known<T> {
  const known = map.get(key)
  return known ? Object.assign(known, { value, loadedAt }) : map.keep(key, { value, loadedAt, stale: false })
}

export type DoorkeeperOptions = { pool: StampingPool; security: Security; issuer: string; audience: string; keys: () => readonly Record<string, string>[]; now?: () => number }
export type IdentityDoorkeeper = ReturnType<typeof createDoorkeeper>

export function createDoorkeeper({ pool, security, issuer, audience, keys, now = Date.now }: DoorkeeperOptions) {
  let known: { keys: readonly Record<string, string>[]; set: ReturnType<typeof createLocalJWKSet> } | undefined
  const keySet = () => {
    const now = keys()
    if (known?.keys !== now) known = { keys: now, set: createLocalJWKSet({ keys: now } as unknown as JSONWebKeySet) }
    return known.set
  }
  const expire = (known: Known<unknown>) => void (known.stale = true)
  const tokens = new Bounded<Held>(50_000)
  const people = new Bounded<Known<Person>>(50_000, expire)
  const roles = new Bounded<Known<TenantRole>>(100_000, expire)
  const hints = new Bounded<{ id: string | undefined; loadedAt: number }>(10_000)
  /** Sessions that ended, for one token's life: dropping entries alone would race with a check under way. */
  const ended = new Map<string, number>()
  let heardCount = 0 // what was loaded while an event came in is used once and not kept
  const keyOf = (token: string) => hash('sha256', token, 'base64')
  const roleKey = (tenant: string, person: string) => `${tenant}/${person}`

  async function verify(token: string): Promise<{ sub: string; org: string | null; sid: string; exp: number } | undefined> {
    try {
      const { payload } = await jwtVerify(token, keySet(), { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'], requiredClaims: ['sub', 'sid', 'exp'], clockTolerance: 5 })
      const { sub, org, sid, exp } = payload as { sub?: string; org?: unknown; sid?: unknown; exp?: number }
      if (!sub || typeof sid !== 'string' || !isId(sub) || !isId(sid) || (org !== null && (typeof org !== 'string' || !isId(org)))) return undefined
      return { sub, org: org as string | null, sid, exp: exp! }
    } catch {
      return undefined
    }
  }

  async function load(token: string, key: string): Promise<Principal | undefined> {
    const before = heardCount
    const claims = await verify(token)
    if (!claims || claims.exp * 1000 <= now() || ended.has(claims.sid)) return undefined
    const { sub, org, sid, exp } = claims
    const { rows: [row] } = await pool.query<{ name: string; operator: boolean; role: TenantRole | null } & ProofRow>({
      name: 'doorkeeper_load',
      text: `select u.name, u.role = 'operator' as operator, m.role, ${proofColumns} from session s join "user" u on u.id = s."userId" left join session_proof p on p.session_id = s.id left join member m on m."userId" = u.id and m."organizationId" = $3
             where s.id = $1 and u.id = $2 and s."expiresAt" > now() and not (coalesce(u.banned, false) and coalesce(u."banExpires" > now(), true))`,
      values: [sid, sub, org],
    })
    if (!row || (org && !row.role) || ended.has(sid)) return undefined
    const loadedAt = now()
    // a sign-in that is for one tenant never opens the operators' office: the tenant's provider, or machine, could be anybody's
    const principal: Principal = { actor: { type: 'user', id: sub }, tenant: org, operator: row.operator === true && row.proof_tenant === null, session: sid, name: row.name, expiresAt: exp * 1000, proof: proofOf(row) }
    if (before === heardCount) {
      const person = share(people, sub, { operator: principal.operator, name: row.name }, loadedAt)
      const role = org && row.role ? share(roles, roleKey(org, sub), row.role, loadedAt) : undefined
      tokens.keep(key, { principal, expiresAtMs: exp * 1000, session: sid, checkedAt: loadedAt, person, role })
    }
    return principal
  }

  return {
    recall(token: string): Principal | undefined {
      const key = keyOf(token)
      const held = tokens.get(key)
      if (!held) return undefined
      const t = now()
      if (t < held.expiresAtMs && t - held.checkedAt < maxAgeMs && !held.person.stale && !held.role?.stale && !ended.has(held.session)) return held.principal
      tokens.delete(key)
      return undefined
    },
    /** @returns undefined for a token that is not valid, whatever the reason: forged, old, signed out, banned, no longer a member */
    authenticate(token: string): Principal | undefined | Promise<Principal | undefined> {
      return this.recall(token) ?? load(token, keyOf(token))
    },
    /** The role of a person in a tenant; undefined: no member, or banned. */
    roleIn(tenant: string, person: string): TenantRole | undefined | Promise<TenantRole | undefined> {
      const known = roles.get(roleKey(tenant, person))
      if (known && now() - known.loadedAt < maxAgeMs) return known.value
      return this.loadRole(tenant, person)
    },
    async loadRole(tenant: string, person: string): Promise<TenantRole | undefined> {
      const before = heardCount
      const { rows: [row] } = await pool.query<{ role: TenantRole }>({ name: 'doorkeeper_role', text: 'select m.role from member m join "user" u on u.id = m."userId" where m."organizationId" = $1 and m."userId" = $2 and not (coalesce(u.banned, false) and coalesce(u."banExpires" > now(), true))', values: [tenant, person] })
      if (!row) this.forgetRole(tenant, person)
      else if (before === heardCount) share(roles, roleKey(tenant, person), row.role, now())
      return row?.role
    },
    /** The tenant an id or slug names, also one that is being deleted. */
    async findTenant(hint: string): Promise<string | undefined> {
      const known = hints.get(hint)
      if (known && now() - known.loadedAt < maxAgeMs) return known.id
      const before = heardCount
      const { rows: [row] } = await pool.query<{ id: string }>(`select id from organization where ${isId(hint) ? 'id = $1::uuid' : 'slug = $1'}`, [hint.toLowerCase()])
      hints.delete(hint)
      if (row && before === heardCount) hints.keep(hint, { id: row.id, loadedAt: now() })
      return row?.id
    },
    /** A refusal is never from memory: the person may have proven more a moment ago, in another process. */
    hindrance(tenant: string, principal: Pick<Principal, 'tenant' | 'session' | 'proof'> & { actor: { type: string; id: string | null } }, role: TenantRole): ErrorCode | undefined | Promise<ErrorCode | undefined> {
      if (principal.actor.type !== 'user') return undefined
      const rules = security.rulesOf(tenant)
      if (rules === null && principal.proof && !principal.proof.tenant) return undefined
      const judge = async () => {
        const now = await rules
        const chosen = principal.tenant === tenant
        if (principal.proof && !hindranceOf(now, tenant, principal.proof, role, chosen)) return undefined
        return hindranceOf(now, tenant, await this.proofOf(principal), role, chosen)
      }
      return judge()
    },
    async isFresh(principal: Principal, own: boolean): Promise<boolean> {
      const fresh = (proof: SessionProof | undefined) => proof !== undefined && now() - proof.provenAt < freshMs && !(own && proof.tenant)
      return fresh(principal.proof) || fresh(await this.proofOf(principal))
    },
    async proofOf(principal: Pick<Principal, 'session'> & { actor: { id: string | null } }): Promise<SessionProof | undefined> {
      if (!principal.session) return undefined
      const { rows: [row] } = await pool.query<ProofRow>({ name: 'doorkeeper_proof', text: `select ${proofColumns} from session s left join session_proof p on p.session_id = s.id where s.id = $1 and s."userId" = $2`, values: [principal.session, principal.actor.id] })
      return row && proofOf(row)
    },
    /** Every event of the log, from every process. */
    hear({ name, tenant_id: tenant, person_id: person, subject_id: subject, data }: Heard): void {
      switch (name) {
        case 'session.ended':
          return this.endSession(subject)
        case 'user.changed':
        case 'user.deleted':
          if ((data as { banned?: unknown } | undefined)?.banned !== undefined) for (const key of [...roles.keys()]) if (key.endsWith(`/${subject}`)) this.forgetRole(key.slice(0, 36), subject) // what acts in their name asks for the role alone
          return this.forgetPerson(subject)
        case 'member.added':
        case 'member.changed':
        case 'member.removed':
          return person ? this.forgetRole(tenant, person) : undefined
        case 'security.changed':
          return security.forget(tenant)
        case 'tenant.changed':
        case 'tenant.deleted':
          heardCount++
          return hints.clear()
      }
    },
    endSession(id: string): void {
      heardCount++
      const t = now()
      for (const [old, until] of ended) {
        if (until > t) break // in order of time
        ended.delete(old)
      }
      ended.set(id, t + 11 * 60_000) // the life of an access token, and the tolerance of clocks
    },
    forgetPerson(id: string): void {
      heardCount++
      const known = people.get(id)
      if (known) expire(known)
      people.delete(id)
    },
    forgetRole(tenant: string, person: string): void {
      heardCount++
      const known = roles.get(roleKey(tenant, person))
      if (known) expire(known)
      roles.delete(roleKey(tenant, person))
    },
    /** After a gap in what was heard: everything is asked again. */
    forgetAll(): void {
      heardCount++
      tokens.clear()
      people.clear()
      roles.clear()
      hints.clear()
      security.forgetAll()
    },
  }
}
