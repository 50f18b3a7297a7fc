// Making an account and signing in: what ends with a session and a pair of tokens.
import { createHash, timingSafeEqual } from 'node:crypto'
import { runWithTransaction } from '@better-auth/core/context'
import { isAPIError } from 'better-auth/api'
import type pg from 'pg'
import { Problem, refuse, refuseField } from '../../kernel/errors.ts'
import { isId } from '../../kernel/ids.ts'
import type { Limit } from '../../kernel/ports.ts'
import { lineOf } from '../../kernel/public-address.ts'
import type { TenantRole } from '../../kernel/schema.ts'
import type { Auth } from './auth.ts'
import type { DeviceTokens, WithPassword } from './device-tokens.ts'
import type { Passwords } from './hashing.ts'
import type { Factors } from './factors.ts'
import type { Issuer, Pair } from './issuer.ts'
import { wishLetter } from './letters.ts'
import { caller, type StampingPool } from './pool.ts'
import { faultOfPassword } from './passwords.ts'
import type { PlatformSealer } from './secrets.ts'
import type { Security } from './security.ts'
import type { Caller, Method, SignIn, Started } from './sign-in.ts'
import { insertTenant, takeInvitation, type By } from './tenants.ts'
import { timeText } from './time-text.ts'

export type Registration = 'open' | 'invite' | 'operators'
export type User = { id: string; email: string; name: string; role: 'operator' | 'user'; emailVerified: boolean; image: string | null; createdAt: string; updatedAt: string; version: number }
export type SignedIn = { user: User; tenant: { id: string; slug: string; name: string; role: TenantRole } | null; pair: Pair; /** for the device to keep */ device?: string | undefined }
export type { Caller }
/** `device`: what it kept of earlier sign-ins. */
export type Guest = Caller & { device?: string | undefined }
export type Entered = Started & Pick<SignedIn, 'device'>
export type NewAccount = { email: string; password: string; name: string; tenantName?: string | undefined; setupToken?: string | undefined; invitationToken?: string | undefined }
export type AccountOptions = {
  pool: StampingPool
  auth: Auth
  passwords: Passwords
  issuer: Issuer
  signIn: SignIn
  factors: Factors
  security: Security
  devices: DeviceTokens
  sealer: PlatformSealer
  registration: Registration
  requireVerifiedEmail: boolean
  multiTenant: boolean
  /** undefined while limits are off */
  take: ((key: string, limit: Limit, cost?: number) => Promise<{ allowed: boolean; resetMs: number }>) | undefined
  /** after each commit: rings the bell */
  changed(): void
  /** this process ends a session's tokens at once; the others hear it from the log */
  onEnded(session: string): void
}
export type Accounts = ReturnType<typeof createAccounts>

export const userColumns = (u = '"user"') => `${u}.id, ${u}.email, ${u}.name, coalesce(${u}.role, 'user') as role, ${u}."emailVerified", ${u}.image,
  ${timeText(`${u}."createdAt"`)} as "createdAt", ${timeText(`${u}."updatedAt"`)} as "updatedAt", ${u}.version`
const elsewhere = 'many tries for this address came from elsewhere: set a new password by mail, which works on this device at once, sign in with a passkey or where you did before, or'
const hashOf = (text: string) => createHash('sha256').update(text).digest()
const minute = 60_000
/** Guesses at one account from wherever it is not known; a success clears nothing, so that the owner's own sign-ins do not help a guesser. */
const perAccount: Limit = { max: 30, windowMs: 10 * minute }
/** Guesses on a device that is known for the account: another count for each, which no stranger can use up. */
const perDevice: Limit = { max: 20, windowMs: 10 * minute }
/** Addresses somebody may learn to be taken, per client address. */
const takenAnswers: Limit = { max: 20, windowMs: 60 * minute }

export function createAccounts(o: AccountOptions) {
  const { pool, auth, passwords, issuer, signIn, factors, security, devices } = o
  let claimed = false // once true, for good

  async function limit(key: string, most: Limit, cost?: number, why = 'too many tries:'): Promise<void> {
    const taken = await o.take?.(key, most, cost)
    if (taken && !taken.allowed) {
      const seconds = Math.max(1, Math.ceil(taken.resetMs / 1000))
      refuse('rate.limited', `${why} wait ${seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`}`, { headers: { 'retry-after': String(seconds) } })
    }
  }
  /** better-auth's adapter and our own SQL in one transaction; whatever throws takes rows and events back. */
  async function transact<T>(request: string, work: (db: pg.ClientBase) => Promise<T>): Promise<T> {
    const { adapter } = await auth.$context
    const result = await caller.run({ actor: null, request }, () => runWithTransaction(adapter as never, () => work(caller.getStore()!.client!)))
    o.changed()
    return result
  }
  async function isClaimed(): Promise<boolean> {
    return (claimed ||= (await pool.query('select 1 from claim where claimed_at is not null')).rowCount === 1)
  }
  function checkPassword(password: string, own: readonly string[], path = '/password') {
    const fault = faultOfPassword(password, own)
    if (fault) refuseField(path, fault)
  }

  /** The tenant whose own provider began the session, or at whose own domain somebody sent home came back: it opens no other. */
  async function boundTo(session: string): Promise<string | null> {
    return (await pool.query<{ tenant_id: string | null }>({ name: 'session_bound', text: 'select tenant_id from session_proof where session_id = $1', values: [session] })).rows[0]?.tenant_id ?? null
  }
  /** The tenant a login begins in: the one asked for, else the last one used, else the only one, else none. @throws tenant.not_found, tenant.other_provider */
  async function chooseTenant(user: string, wanted: string | undefined, session: string): Promise<string | null> {
    const bound = await boundTo(session)
    const tenant = await tenantFor(user, wanted ?? bound ?? undefined)
    return bound && tenant !== bound ? refuse('tenant.other_provider') : tenant
  }
  async function tenantFor(user: string, wanted: string | undefined): Promise<string | null> {
    if (wanted !== undefined) {
      const by = isId(wanted) ? 'o.id = $2::uuid' : 'o.slug = $2'
      const { rows: [row] } = await pool.query<{ id: string }>(`select o.id from organization o join member m on m."organizationId" = o.id where m."userId" = $1 and ${by}`, [user, wanted.toLowerCase()])
      return row?.id ?? refuse('tenant.not_found', 'no such tenant, or you are no member of it')
    }
    const { rows } = await pool.query<{ id: string; last: boolean }>({
      name: 'usual_tenant',
      text: `select o.id, l.tenant_id is not null as last from member m join organization o on o.id = m."organizationId" and o.status = 'active'
             left join last_tenant l on l.user_id = m."userId" and l.tenant_id = o.id where m."userId" = $1 order by last desc limit 2`,
      values: [user],
    })
    return rows[0]?.last || rows.length === 1 ? rows[0]!.id : null
  }
  async function describe(user: string, tenant: string | null): Promise<Omit<SignedIn, 'pair'>> {
    const { rows: [row] } = await pool.query<User & { t_id: string | null; t_slug: string; t_name: string; t_role: TenantRole }>({
      name: 'describe_login',
      text: `select ${userColumns('u')}, o.id as t_id, o.slug as t_slug, o.name as t_name, m.role as t_role from "user" u
             left join member m on m."userId" = u.id and m."organizationId" = $2 left join organization o on o.id = m."organizationId" where u.id = $1`,
      values: [user, tenant],
    })
    const { t_id, t_slug, t_name, t_role, ...found } = row ?? refuse('auth.token_refused')
    return { user: found, tenant: t_id ? { id: t_id, slug: t_slug, name: t_name, role: t_role } : null }
  }
  /** A pair for a session, described. The person is the actor of what this writes. */
  async function open(request: string, session: string, user: string, tenant: string | null): Promise<SignedIn> {
    const pair = await caller.run({ actor: user, request }, () => issuer.issue({ session, user, tenant }))
    o.changed()
    const login = { ...(await describe(user, tenant)), pair }
    if (login.tenant?.role === 'owner' && (await security.rulesOf(login.tenant.id))?.sso === 'required') {
      const { rowCount: bySso } = await pool.query(`select 1 from session_proof where session_id = $1 and tenant_id = $2 and 'sso' = any (methods)`, [session, tenant])
      if (!bySso) await security.tellBrokenGlass(login.tenant.id, user, request)
    }
    return login
  }
  /** @throws auth.refused, also for an address nobody has, after the same time; rate.limited */
  async function provePassword(email: string, password: string, given: readonly string[]): Promise<WithPassword> {
    const address = email.toLowerCase()
    const amongStrangers = () => limit(`login:account:${hashOf(address).toString('base64url')}`, perAccount, 1, elsewhere) // counted for unknown addresses alike
    if (!given.length) await amongStrangers() // before the database is asked
    const { rows: [row] } = await pool.query<{ id: string; emailVerified: boolean; password: string | null; banned: boolean }>({
      name: 'password_of',
      text: `select u.id, u."emailVerified", a.password, coalesce(u.banned, false) and coalesce(u."banExpires" > now(), true) as banned from "user" u
             left join account a on a."userId" = u.id and a."providerId" = 'credential' where u.email = $1`,
      values: [address],
    })
    const account = row?.password ? { id: row.id, password: row.password } : undefined
    if (given.length) {
      const known = devices.find(given, account)
      await (known ? limit(`login:device:${known}`, perDevice) : amongStrangers())
    }
    const right = account ? await passwords.verify(account.password, password) : (await passwords.hash(password), false)
    if (!row || !account || !right) refuse('auth.refused')
    if (row.banned) refuse('auth.refused', 'this account is closed: ask an operator')
    if (o.requireVerifiedEmail && !row.emailVerified) refuse('auth.verification_required')
    return account
  }

  return {
    /** For pages, which are no operations: so many submits a minute per client address. */
    limitAddress: (name: string, ip: string): Promise<void> => limit(`${name}:${lineOf(ip)}`, { max: 120, windowMs: minute }),
    /** Keeps the hash of the set-up token while nobody has claimed the installation. @returns whether the first account is still to be made */
    async prepareSetup(token: string): Promise<boolean> {
      return (await pool.query('update claim set setup_hash = $1 where claimed_at is null', [hashOf(token)])).rowCount === 1
    },
    isClaimed,
    checkPassword,
    chooseTenant,
    describe,
    open,

    /** @returns null where the address must be verified first: the answer is the same whether it was free or taken */
    async register(from: Caller, { email, password, name, tenantName, setupToken, invitationToken }: NewAccount): Promise<SignedIn | null> {
      const address = email.toLowerCase()
      const first = !(await isClaimed())
      if (first) {
        const { rows: [row] } = await pool.query<{ setup_hash: Buffer | null }>('select setup_hash from claim')
        if (!setupToken || !row?.setup_hash || !timingSafeEqual(row.setup_hash, hashOf(setupToken))) refuse('setup.token_required')
      } else if (o.registration === 'operators') refuse('auth.registration_closed', 'accounts are made by operators here')
      checkPassword(password, [address, name])
      await limit(`register:taken:${lineOf(from.ip)}`, takenAnswers, 0) // looked at before the address is: else the refusal itself would tell
      if (!first && o.registration === 'invite' && !invitationToken) {
        const { rowCount } = await pool.query(`select 1 from invitation where email = $1 and status = 'pending' and "expiresAt" > now()`, [address])
        if (!rowCount) refuse('auth.registration_closed', 'accounts are by invitation here: follow the link in yours')
      }
      const hashed = await passwords.hash(password) // before the transaction, which holds a connection
      const taken = async () => {
        await o.take?.(`register:taken:${lineOf(from.ip)}`, takenAnswers)
        if (!o.requireVerifiedEmail) refuse('auth.email_taken')
        await caller.run({ actor: null, request: from.request }, () => wishLetter(pool, o.sealer, { kind: 'taken', email: address }))
        return null
      }
      const { internalAdapter } = await auth.$context
      let made: { session: string; user: string; tenant: string | null }
      try {
        made = await transact(from.request, async (db) => {
          if (first) {
            const { rowCount } = await db.query('update claim set claimed_at = now() where claimed_at is null') // a second one waits here
            if (!rowCount) refuse('state.conflict', 'somebody else has just made the first account: register again for an ordinary one')
          }
          const user = await internalAdapter.createUser({ email: address, name, emailVerified: first, role: first ? 'operator' : 'user' }, { method: 'email-password' } as never)
          await db.query(`select set_config('app.actor', $1, true)`, [user.id]) // what follows in this transaction is the person's own doing
          if (first) await db.query('update claim set claimed_by = $1', [user.id])
          await internalAdapter.linkAccount({ userId: user.id, providerId: 'credential', accountId: user.id, password: hashed })
          let tenant: string | null = null
          if (first || (tenantName && o.multiTenant)) tenant = (await insertTenant(db, user.id, { name: tenantName ?? 'My team' })).id
          else if (!o.multiTenant) {
            const { rows: [only] } = await db.query<{ id: string }>('select id from organization order by "createdAt" limit 1')
            if (only && !invitationToken) await db.query(`insert into member ("organizationId", "userId", role) values ($1, $2, 'member')`, [only.id, user.id])
            tenant = only?.id ?? null
          }
          if (invitationToken) tenant = (await takeInvitation(db, invitationToken, { id: user.id, email: address })).tenantId
          if (!first) await wishLetter(db, o.sealer, { kind: 'verify', email: address, tenant: invitationToken && tenant ? tenant : undefined })
          if (o.requireVerifiedEmail) return { session: '', user: user.id, tenant }
          const session = await signIn.insertSession(db, from, user.id, { methods: ['password'] })
          return { session: session.id, user: user.id, tenant }
        })
      } catch (error) {
        if (isTakenAddress(error)) return taken()
        throw error
      }
      claimed = true
      return o.requireVerifiedEmail ? null : { ...(await open(from.request, made.session, made.user, made.tenant)), device: devices.make({ id: made.user, password: hashed }) }
    },

    /** Address and password, and the code where the account has a second factor.
        @throws auth.code_required with a `challenge` that goes on from here, auth.refused, auth.code_refused, auth.verification_required */
    async signIn(from: Guest, email: string, password: string, code?: string): Promise<Entered> {
      const given = devices.read(from.device)
      const account = await provePassword(email, password, given)
      const { id } = account
      const ways = await factors.waysOf(id)
      if (!ways.totp) return { ...(await signIn.start(from, async () => ({ user: id, methods: ['password'] }))), device: devices.keep(given, account) }
      if (code !== undefined) return this.signInWithCode(from, { user: id, methods: ['password'] }, code)
      const challenge = await signIn.challenge(from.request, { user: id, methods: ['password'] })
      refuse('auth.code_required', undefined, { extra: { challenge, methods: ['totp', 'recovery-code'] } })
    },
    /** The second step. @throws auth.challenge_refused, auth.code_refused */
    async answerChallenge(from: Guest, challenge: string, code: string): Promise<Entered> {
      return this.signInWithCode(from, await signIn.tryChallenge(from.request, challenge), code, challenge)
    },
    async signInWithCode(from: Guest, { user, methods, tenant }: { user: string; methods: readonly Method[]; tenant?: string }, code: string, challenge?: string): Promise<Entered> {
      const given = devices.read(from.device)
      const { rows: [account] } = await pool.query<WithPassword>(`select "userId" as id, password from account where "userId" = $1 and "providerId" = 'credential' and password is not null`, [user])
      // whoever knows the password could lock its owner out of the second step else, also of one that follows another first step
      await factors.limitGuesses(user, devices.find(given, account) ?? (methods.includes('password') ? undefined : methods.join('+')))
      const started = await signIn.start(from, async (db) => {
        await db.query(`select set_config('app.actor', $1, true)`, [user])
        const method = await factors.use(db, user, code)
        if (!method) refuse('auth.code_refused')
        if (challenge) await signIn.takeChallenge(db, challenge)
        return { user, methods: [...methods, method], ...(tenant ? { tenant } : {}) }
      })
      return { ...started, device: account && !tenant ? devices.keep(given, account) : undefined }
    },
    /** What the device of a session keeps; undefined where a tenant's provider began it, which must not come to guess the person's password, and where
        there is no password to guess. */
    async deviceOf(session: string, given: string | undefined): Promise<string | undefined> {
      const { rows: [account] } = await pool.query<WithPassword>(
        `select a."userId" as id, a.password from session s join account a on a."userId" = s."userId" and a."providerId" = 'credential' and a.password is not null
         where s.id = $1 and not exists (select from session_proof p where p.session_id = s.id and p.tenant_id is not null)`, [session])
      return account && devices.keep(devices.read(given), account)
    },
    /** Proves anew whose session this is: a person with a second factor by a code of it, others by their password. */
    async stepUp(who: By & { session?: string | undefined }, given: { password?: string | undefined; code?: string | undefined }): Promise<void> {
      const user = who.actor.type === 'user' && who.actor.id
      if (!user || !who.session) refuse('permission.denied', 'only a person with a session can do this')
      const ways = await factors.waysOf(user)
      if (ways.totp || given.password === undefined) {
        if (given.code === undefined) refuseField('/code', 'is required: this account has a second factor')
        await factors.limitGuesses(user, `session ${who.session}`)
        const method = await factors.within(who, (db) => factors.use(db, user, given.code!))
        return factors.prove(who, who.session, method ?? refuse('auth.code_refused'))
      }
      const { rows: [row] } = await pool.query<{ password: string | null }>(`select password from account where "userId" = $1 and "providerId" = 'credential'`, [user])
      await limit(`prove:${user}`, { max: 10, windowMs: 10 * minute })
      if (!row?.password) refuseField('/password', 'this account has none: set one by the link of a forgotten password, or sign in again')
      if (!(await passwords.verify(row.password, given.password))) refuse('auth.password_wrong')
      return factors.prove(who, who.session, 'password')
    },
    async login(from: Guest, { email, password, tenant, code }: { email: string; password: string; tenant?: string | undefined; code?: string | undefined }): Promise<SignedIn> {
      return this.enter(from, await this.signIn(from, email, password, code), tenant)
    },
    /** A pair for a session that has just begun, in the tenant asked for; without one the session ends. */
    async enter(from: Guest, { session, user, device }: Entered, tenant: string | undefined): Promise<SignedIn> {
      const chosen = await chooseTenant(user, tenant, session).catch(async (error: unknown) => {
        await this.endSession({ actor: { type: 'user', id: user }, request: from.request }, user, session) // no pair, no session
        throw error
      })
      return { ...(await open(from.request, session, user, chosen)), device: device ?? (await this.deviceOf(session, from.device)) }
    },
    /** The session behind better-auth's cookie, as the login page set it. */
    async findCookieSession(cookie: string): Promise<{ session: string; user: string } | undefined> {
      const found = await auth.api.getSession({ headers: new Headers({ cookie }) }).catch(() => null)
      return found ? { session: found.session.id, user: found.user.id } : undefined
    },
    async refresh(request: string, refreshToken: string): Promise<SignedIn> {
      const { pair, context } = await caller.run({ actor: null, request }, () => issuer.refresh(refreshToken))
      return { ...(await describe(context.user, context.tenant)), pair }
    },
    /** @returns whether there was such a session of that person */
    async endSession(who: By, user: string, session: string): Promise<boolean> {
      const { internalAdapter } = await auth.$context
      const ended = await caller.run({ actor: who.actor.id, actorType: who.actor.type, request: who.request }, async () => {
        const { rows: [row] } = await pool.query<{ token: string }>('select token from session where id = $1 and "userId" = $2', [session, user])
        if (row) await internalAdapter.deleteSession(row.token)
        return row !== undefined
      })
      if (ended) {
        o.onEnded(session)
        o.changed()
      }
      return ended
    },
  }
}

/** The race of two registrations of one address ends at the unique index; better-auth hands the driver's error on. */
function isTakenAddress(error: unknown): boolean {
  for (let e = error as { constraint?: string; cause?: unknown } | undefined; e; e = e.cause as typeof e) if (e.constraint === 'user_email_key') return true
  return isAPIError(error) && !(error instanceof Problem) && /user already exists/i.test(String((error as Error).message))
}
