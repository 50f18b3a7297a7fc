// The second factor of a person: an authenticator app, whose codes count once, and recovery codes for the day the phone is gone.
import { createHash, randomBytes } from 'node:crypto'
import type pg from 'pg'
import type { Who } from '../../kernel/db.ts'
import { refuse, refuseField } from '../../kernel/errors.ts'
import { newId, platformId } from '../../kernel/ids.ts'
import type { KeyRing } from '../../kernel/keys.ts'
import type { Limit } from '../../kernel/ports.ts'
import { wishLetter } from './letters.ts'
import { inTransaction, type StampingPool } from './pool.ts'
import type { PlatformSealer } from './secrets.ts'
import type { Method, SignIn } from './sign-in.ts'
import type { By } from './tenants.ts'
import { timeText } from './time-text.ts'
import { base32, newTotpSecret, otpauthUri, stepAt, stepOfCode } from './totp.ts'

export type TotpState = { enabled: boolean; createdAt: string | null }
export type RecoveryState = { remaining: number; createdAt: string | null }
/** What a person could prove themselves with beside the password. */
export type Ways = { totp: boolean; recoveryCodes: number; passkeys: number; password: boolean }

const codesAtOnce = 10
/** Guesses at one account's codes, over all challenges: six digits would fall to patience else. */
const perAccount: Limit = { max: 10, windowMs: 15 * 60_000 }
const hashOf = (code: string) => createHash('sha256').update(code).digest()
/** `K7QX-2M4P-...`: 80 bits, so a plain hash suffices. */
const newCode = () => base32(randomBytes(10)).match(/.{4}/g)!.join('-')
const plainCode = (text: string) => text.toUpperCase().replaceAll(/[^A-Z2-7]/g, '').match(/.{1,4}/g)?.join('-') ?? ''
const bindingOf = (id: string) => `identity.totp/sealed/${id}`

export type FactorOptions = {
  pool: StampingPool
  keys: Pick<KeyRing, 'seal' | 'open'>
  sealer: PlatformSealer
  signIn: SignIn
  issuerName: string
  take: ((key: string, limit: Limit) => Promise<{ allowed: boolean; resetMs: number }>) | undefined
  changed(): void
  now?: () => number
}
export type Factors = ReturnType<typeof createFactors>

export function createFactors(o: FactorOptions) {
  const { pool, keys, signIn, now = Date.now } = o
  async function within<T>(who: By, work: (db: pg.ClientBase) => Promise<T>): Promise<T> {
    const result = await inTransaction(pool, { actor: who.actor.id, actorType: who.actor.type, request: who.request }, work)
    o.changed()
    return result
  }
  const selfOf = (who: Pick<Who, 'actor'>) => (who.actor.type === 'user' && who.actor.id) || refuse('permission.denied', 'only a person has an account')
  /** @param apart what strangers who know the password do not have, and so is counted for itself: a known device, another first step, a session */
  async function limitGuesses(user: string, apart?: string): Promise<void> {
    const taken = await o.take?.(apart ? `factor:${user}:${apart}` : `factor:${user}`, perAccount)
    if (taken && !taken.allowed) refuse('rate.limited', 'too many codes were tried for this account: wait a while', { headers: { 'retry-after': String(Math.max(1, Math.ceil(taken.resetMs / 1000))) } })
  }
  async function secretOf(db: pg.ClientBase | pg.Pool, user: string, confirmed: boolean): Promise<string | undefined> {
    const { rows: [row] } = await db.query<{ id: string; sealed: Buffer }>(`select id, sealed from totp where user_id = $1 and (confirmed_at is not null) = $2`, [user, confirmed])
    return row && ((await keys.open(row.sealed, bindingOf(row.id))) ?? undefined)
  }
  /** Whether the code is right and new; a right one is used up with it. */
  async function useTotp(db: pg.ClientBase, user: string, code: string, confirmed = true): Promise<boolean> {
    const secret = await secretOf(db, user, confirmed)
    const step = secret && stepOfCode(secret, code, now())
    if (!step) return false
    await db.query('delete from totp_step where user_id = $1 and step < $2', [user, stepAt(now()) - 10])
    return (await db.query('insert into totp_step (user_id, step) values ($1, $2) on conflict do nothing', [user, step])).rowCount === 1
  }
  async function useRecoveryCode(db: pg.ClientBase, user: string, code: string): Promise<boolean> {
    const { rowCount } = await db.query('update recovery_codes set key_hash = array_remove(key_hash, $2::bytea) where user_id = $1 and $2::bytea = any (key_hash)', [user, hashOf(plainCode(code))])
    return rowCount === 1
  }
  async function makeCodes(db: pg.ClientBase, user: string): Promise<string[]> {
    const codes = Array.from({ length: codesAtOnce }, newCode)
    await db.query('delete from recovery_codes where user_id = $1', [user])
    await db.query('insert into recovery_codes (user_id, key_hash) values ($1, $2)', [user, codes.map(hashOf)])
    return codes
  }
  async function tell(db: pg.ClientBase, user: string, what: string): Promise<void> {
    const { rows: [row] } = await db.query<{ email: string }>('select email from "user" where id = $1', [user])
    if (row) await wishLetter(db, o.sealer, { kind: 'secured', email: row.email, what })
  }

  return {
    /** Inside a transaction; six digits are an app's code, anything else a recovery code. @returns which it was; undefined when it is wrong or used */
    async use(db: pg.ClientBase, user: string, code: string): Promise<Method | undefined> {
      if (/^\s*(\d\s*){6}$/.test(code)) return (await useTotp(db, user, code)) ? 'totp' : undefined
      return (await useRecoveryCode(db, user, code)) ? 'recovery-code' : undefined
    },
    limitGuesses,
    within,
    tell,
    async waysOf(user: string): Promise<Ways> {
      const { rows: [row] } = await pool.query<Ways>({
        name: 'factor_ways',
        text: `select exists (select from totp where user_id = $1 and confirmed_at is not null) as totp, coalesce((select cardinality(key_hash) from recovery_codes where user_id = $1), 0) as "recoveryCodes",
               (select count(*)::int from passkey where user_id = $1) as passkeys, exists (select from account where "userId" = $1 and "providerId" = 'credential' and password is not null) as password`,
        values: [user],
      })
      return row!
    },

    async totp(who: Who): Promise<TotpState> {
      const { rows: [row] } = await pool.query<{ createdAt: string }>(`select ${timeText('confirmed_at')} as "createdAt" from totp where user_id = $1 and confirmed_at is not null`, [selfOf(who)])
      return { enabled: row !== undefined, createdAt: row?.createdAt ?? null }
    },
    /** A secret to put into an app; it counts once a code of it came back. An unconfirmed one is replaced. @throws totp.exists */
    async beginTotp(who: Who): Promise<{ secret: string; uri: string }> {
      const self = selfOf(who)
      const secret = newTotpSecret()
      const id = newId()
      const sealed = await keys.seal({ tenant: platformId, person: self }, secret, bindingOf(id))
      const email = await within(who, async (db) => {
        const { rows: [user] } = await db.query<{ email: string }>('select email from "user" where id = $1 for update', [self])
        if (!user) refuse('user.not_found')
        const { rowCount } = await db.query('select 1 from totp where user_id = $1 and confirmed_at is not null', [self])
        if (rowCount) refuse('totp.exists')
        await db.query('delete from totp where user_id = $1', [self])
        await db.query('insert into totp (id, user_id, sealed) values ($1, $2, $3)', [id, self, sealed])
        return user.email
      })
      return { secret, uri: otpauthUri(secret, email, o.issuerName) }
    },
    /** The first code turns it on and proves this session. @returns new recovery codes, unless there are some */
    async confirmTotp(who: Who, code: string): Promise<{ recoveryCodes: string[] | null }> {
      const self = selfOf(who)
      await limitGuesses(self, `session ${who.session}`)
      const recoveryCodes = await within(who, async (db) => {
        const { rows: [row] } = await db.query<{ confirmed: boolean }>('select confirmed_at is not null as confirmed from totp where user_id = $1 for update', [self])
        if (!row) refuse('totp.not_found')
        if (row.confirmed) refuse('totp.exists')
        if (!(await useTotp(db, self, code, false))) refuseField('/code', 'is not the code the app shows now: type the next one; the clock of the phone must be right')
        await db.query('update totp set confirmed_at = now() where user_id = $1', [self])
        const { rowCount } = await db.query('select 1 from recovery_codes where user_id = $1 and cardinality(key_hash) > 0', [self])
        await tell(db, self, 'an authenticator app was added to your account')
        return rowCount ? null : makeCodes(db, self)
      })
      if (who.session) await this.prove(who, who.session, 'totp')
      return { recoveryCodes }
    },
    /** Recovery codes go with the last factor. @throws totp.not_found */
    async removeTotp(who: Who): Promise<void> {
      const self = selfOf(who)
      await within(who, async (db) => {
        const { rows: [row] } = await db.query<{ confirmed: boolean }>('delete from totp where user_id = $1 returning confirmed_at is not null as confirmed', [self])
        if (!row) refuse('totp.not_found')
        await db.query('delete from recovery_codes where user_id = $1 and not exists (select from passkey where user_id = $1)', [self])
        if (row.confirmed) await tell(db, self, 'the authenticator app was removed from your account')
      })
    },
    async recoveryCodes(who: Who): Promise<RecoveryState> {
      const { rows: [row] } = await pool.query<{ remaining: number; createdAt: string }>(`select cardinality(key_hash) as remaining, ${timeText('created_at')} as "createdAt" from recovery_codes where user_id = $1`, [selfOf(who)])
      return row ?? { remaining: 0, createdAt: null }
    },
    /** New ones; the old end. @throws totp.not_found while there is no second factor they could stand in for */
    makeRecoveryCodes: (who: Who): Promise<string[]> =>
      within(who, async (db) => {
        const self = selfOf(who)
        const { rowCount } = await db.query('select 1 from totp where user_id = $1 and confirmed_at is not null union all select 1 from passkey where user_id = $1', [self])
        if (!rowCount) refuse('totp.not_found', 'recovery codes stand in for a second factor: set one up first')
        await tell(db, self, 'new recovery codes were made for your account; the old ones no longer work')
        return makeCodes(db, self)
      }),
    /** Keeps that this session's person has just proven who they are. @param bound where they did it is one tenant's own, which may keep what it sees */
    async prove(who: By, session: string, method: Method, bound?: string): Promise<void> {
      await signIn.addProof(who.request, selfOf(who), session, method, bound)
    },
  }
}
