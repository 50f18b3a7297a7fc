// What a person does with their own account, and what operators do with people. One-time links end in here too.
import type pg from 'pg'
import type { Context, Who } from '../../kernel/db.ts'
import { refuse } from '../../kernel/errors.ts'
import { platformId } from '../../kernel/ids.ts'
import type { KeyRing } from '../../kernel/keys.ts'
import { idShape, newest, page, parseCursor, timeShape } from '../../kernel/pages.ts'
import type { Limit } from '../../kernel/ports.ts'
import { checkVersion } from '../../kernel/route.ts'
import { requireScope } from '../../kernel/scopes.ts'
import { userColumns, type AccountOptions, type Accounts, type User } from './accounts.ts'
import { wishLetter, type LetterWish } from './letters.ts'
import { dropLinks, takeLink } from './links.ts'
import { caller, inTransaction } from './pool.ts'
import { listUsers } from './queries.ts'
import { timeText } from './time-text.ts'
import type { By } from './tenants.ts'

export type Preferences = { locale: string; timeZone: string; notifications: Record<string, Record<string, boolean>>; version: number; createdAt: string; updatedAt: string }
export type Session = { id: string; current: boolean; ipAddress: string; userAgent: string; version: number; createdAt: string; updatedAt: string; expiresAt: string; tenantId: string | null }
export type ManagedUser = User & { status: 'active' | 'banned' }

const sessionColumns = `s.id, coalesce(s."ipAddress", '') as "ipAddress", coalesce(s."userAgent", '') as "userAgent", s.version, ${timeText('s."createdAt"')} as "createdAt", ${timeText('s."updatedAt"')} as "updatedAt", ${timeText('s."expiresAt"')} as "expiresAt",
  (select g.tenant_id from oauth.grant_context g where g.session_id = s.id order by g.created_at desc limit 1) as "tenantId"`
const preferenceColumns = `locale, time_zone as "timeZone", notifications, version, ${timeText('created_at')} as "createdAt", ${timeText('updated_at')} as "updatedAt"`
const perAddress: Limit = { max: 10, windowMs: 60 * 60_000 }
const bannedNow = `coalesce(u.banned, false) and coalesce(u."banExpires" > now(), true)`

/** Two operators who demote each other at once must not both succeed. */
const lockOperators = `select pg_advisory_xact_lock(hashtext('identity.operators'))`
async function keepAnOperator(db: pg.ClientBase): Promise<void> {
  const { rowCount } = await db.query(`select 1 from "user" u where u.role = 'operator' and not (${bannedNow}) limit 1`)
  if (!rowCount) refuse('state.conflict', 'the last operator stays: make somebody else one first')
}

export type People = ReturnType<typeof createPeople>

export function createPeople(o: AccountOptions & { accounts: Accounts; keys: Pick<KeyRing, 'destroy'>; onPerson(user: string): void }) {
  const { pool, passwords, accounts, sealer, devices } = o
  const selfOf = (who: Pick<Who, 'actor'>) => (who.actor.type === 'user' && who.actor.id) || refuse('permission.denied', 'only a person has an account')
  /** `ended`: sessions this ends, once it is committed. */
  async function within<T>(who: By, work: (db: pg.ClientBase, ended: string[]) => Promise<T>): Promise<T> {
    const ended: string[] = []
    const result = await inTransaction(pool, { actor: who.actor.id, actorType: who.actor.type, request: who.request }, (db) => work(db, ended))
    for (const id of ended) o.onEnded(id)
    o.changed()
    return result
  }
  async function userOf(db: pg.ClientBase | pg.Pool, id: string): Promise<User> {
    return (await db.query<User>({ name: 'find_user', text: `select ${userColumns()} from "user" where id = $1`, values: [id] })).rows[0] ?? refuse('user.not_found')
  }
  /** Ends all sessions of a person but one, in this transaction. */
  async function endOthers(db: pg.ClientBase, ended: string[], user: string, but: string | undefined): Promise<void> {
    const { rows } = await db.query<{ id: string }>('delete from session where "userId" = $1 and id is distinct from $2::uuid returning id', [user, but ?? null])
    ended.push(...rows.map((r) => r.id))
  }
  async function setPassword(db: pg.ClientBase, user: string, hashed: string): Promise<void> {
    const { rowCount } = await db.query(`update account set password = $2, "updatedAt" = now() where "userId" = $1 and "providerId" = 'credential'`, [user, hashed])
    if (!rowCount) await db.query(`insert into account ("accountId", "providerId", "userId", password, "updatedAt") values ($1::text, 'credential', $1::uuid, $2, now())`, [user, hashed])
    await dropLinks(db, 'password', user)
  }
  async function proveself(user: string, password: string | undefined, path: string): Promise<void> {
    const { rows: [row] } = await pool.query<{ password: string | null }>(`select password from account where "userId" = $1 and "providerId" = 'credential'`, [user])
    if (!row?.password) return // signs in elsewhere
    const taken = await o.take?.(`prove:${user}`, { max: 10, windowMs: 10 * 60_000 })
    if (taken && !taken.allowed) refuse('rate.limited', 'too many wrong passwords: wait a while', { headers: { 'retry-after': String(Math.ceil(taken.resetMs / 1000)) } })
    if (!password) refuse('request.invalid', `body${path}: is required`, { errors: [{ in: 'body', path, message: 'is required' }] })
    if (!(await passwords.verify(row.password, password))) refuse('auth.password_wrong')
  }
  /** A letter to an address that may have an account or not: the job looks. Limited per address, in silence. */
  async function wish(request: string, letter: LetterWish & { email: string }): Promise<void> {
    const taken = await o.take?.(`letter:${letter.kind}:${letter.email.toLowerCase()}`, perAddress)
    if (taken && !taken.allowed) return // as many as anybody needs; the answer is the same
    await caller.run({ actor: null, request }, () => wishLetter(pool, sealer, letter))
    o.changed()
  }

  return {
    find: (id: string): Promise<User> => userOf(pool, id),
    /** Follows the link that proves an address: the account's own, or the new one it asked for. */
    async verifyEmail(request: string, token: string): Promise<void> {
      await within({ actor: { type: 'system', id: null }, request }, async (db) => {
        const { user, email } = await takeLink(db, 'email', token)
        await db.query(`select set_config('app.actor', $1, true)`, [user]) // the holder of the link is the person
        const { rowCount } = await db.query(`update "user" set email = $2, "emailVerified" = true where id = $1 and not exists (select from "user" other where other.email = $2 and other.id <> $1)`, [user, email])
        if (!rowCount) refuse('auth.link_refused')
        await dropLinks(db, 'email', user)
      })
    },
    /** @param tenant at whose door it was asked for */
    resendVerification: (request: string, email: string, tenant?: string): Promise<void> => wish(request, { kind: 'verify', email, tenant }),
    forgotPassword: (request: string, email: string, tenant?: string): Promise<void> => wish(request, { kind: 'forgot', email, tenant }),
    /** A new password by the link in a mail. All sessions end; the address counts as proven. @returns what the device keeps, which is known from now on */
    async resetPassword(request: string, token: string, password: string): Promise<string> {
      accounts.checkPassword(password, [])
      const hashed = await passwords.hash(password)
      const id = await within({ actor: { type: 'system', id: null }, request }, async (db, ended) => {
        const { user, email } = await takeLink(db, 'password', token)
        const { rows: [row] } = await db.query<{ email: string; name: string }>('select email, name from "user" where id = $1 for update', [user])
        if (row?.email !== email) refuse('auth.link_refused') // the address has changed since
        accounts.checkPassword(password, [row.email, row.name])
        await db.query(`select set_config('app.actor', $1, true)`, [user])
        await setPassword(db, user, hashed)
        await db.query('update "user" set "emailVerified" = true where id = $1 and not "emailVerified"', [user])
        await endOthers(db, ended, user, undefined)
        await wishLetter(db, sealer, { kind: 'changed', email })
        return user
      })
      return devices.make({ id, password: hashed })
    },

    async change(who: Context, change: { name?: string; image?: string | null; password?: string; currentPassword?: string }, ifMatch?: number): Promise<User> {
      const self = selfOf(who)
      let hashed: string | undefined
      if (change.password !== undefined) {
        requireScope(who, 'session')
        const { email, name } = await userOf(pool, self)
        await proveself(self, change.currentPassword, '/currentPassword')
        accounts.checkPassword(change.password, [email, name])
        hashed = await passwords.hash(change.password)
      }
      const user = await within(who, async (db, ended) => {
        const { rows: [now] } = await db.query<User>(`select ${userColumns()} from "user" where id = $1 for update`, [self])
        if (!now) refuse('user.not_found')
        checkVersion(now.version, ifMatch)
        if (change.name !== undefined || change.image !== undefined) await db.query('update "user" set name = $2, image = $3 where id = $1', [self, change.name ?? now.name, change.image === undefined ? now.image : change.image])
        if (hashed) {
          await setPassword(db, self, hashed)
          await endOthers(db, ended, self, who.session)
          await wishLetter(db, sealer, { kind: 'changed', email: now.email })
        }
        return userOf(db, self)
      })
      o.onPerson(self)
      return user
    },
    /** Sends a link to the new address; nothing changes until it is followed. The answer does not tell whether that address is taken. */
    async changeEmail(who: Context, email: string, password: string | undefined): Promise<void> {
      const self = selfOf(who)
      await proveself(self, password, '/password')
      const taken = await o.take?.(`letter:change:${self}`, perAddress)
      if (taken && !taken.allowed) refuse('rate.limited', 'too many mails: wait a while', { headers: { 'retry-after': String(Math.ceil(taken.resetMs / 1000)) } })
      await within(who, (db) => wishLetter(db, sealer, { kind: 'change', user: self, email: email.toLowerCase() }))
    },
    /** Deletes the account with its credentials, sessions and memberships; what it wrote in tenants stays without its name.
        @throws user.sole_owner while a tenant would be left without owner */
    async remove(who: Context): Promise<void> {
      const self = selfOf(who)
      const tenants = await within(who, async (db, ended) => {
        const { rows } = await db.query<{ id: string; name: string }>(
          `select o.id, o.name from member m join organization o on o.id = m."organizationId" where m."userId" = $1 order by o.id for update of o`, [self])
        const { rows: sole } = await db.query<{ name: string }>(
          `select o.name from member m join organization o on o.id = m."organizationId" where m."userId" = $1 and m.role = 'owner'
           and not exists (select from member other where other."organizationId" = o.id and other.role = 'owner' and other."userId" <> $1)`, [self])
        if (sole.length) refuse('user.sole_owner', `you are the only owner of ${sole.map((t) => t.name).join(', ')}: transfer or delete it first`)
        await db.query(lockOperators)
        await endOthers(db, ended, self, undefined)
        await db.query('delete from "user" where id = $1', [self])
        await keepAnOperator(db)
        return rows.map((t) => t.id)
      })
      o.onPerson(self)
      for (const tenant of [platformId, ...tenants]) await o.keys.destroy({ tenant, person: self }) // sealed values of theirs in the log read as null
    },
    /** Everything kept about the person, without secrets. */
    async export(who: Context) {
      const self = selfOf(who)
      const ask = async <T extends pg.QueryResultRow>(text: string) => (await pool.query<T>(text, [self])).rows
      return {
        user: await userOf(pool, self),
        preferences: await this.preferences(who),
        credentials: await ask(`select "providerId" as provider, ${timeText('"createdAt"')} as "createdAt" from account where "userId" = $1`),
        sessions: await ask(`select ${sessionColumns} from session s where s."userId" = $1`),
        memberships: await ask(`select o.id as "tenantId", o.name as "tenantName", m.role, ${timeText('m."createdAt"')} as since from member m join organization o on o.id = m."organizationId" where m."userId" = $1`),
        invitationsSent: await ask(`select i.id, i.email, i.role, i.status, ${timeText('i."createdAt"')} as "createdAt" from invitation i where i."inviterId" = $1`),
      }
    },

    async preferences(who: Pick<Context, 'actor'>): Promise<Preferences> {
      const self = selfOf(who)
      const { rows: [kept] } = await pool.query<Preferences>(`select ${preferenceColumns} from preferences where user_id = $1`, [self])
      if (kept) return kept
      const { createdAt } = await userOf(pool, self) // what was never chosen is as old as the account
      return { locale: 'en', timeZone: 'UTC', notifications: {}, version: 1, createdAt, updatedAt: createdAt }
    },
    /** Notification kinds are merged one level deep: naming one channel leaves the others. */
    changePreferences: (who: Context, change: Partial<Pick<Preferences, 'locale' | 'timeZone' | 'notifications'>>, ifMatch?: number): Promise<Preferences> =>
      within(who, async (db) => {
        const self = selfOf(who)
        await db.query('insert into preferences (user_id) values ($1) on conflict do nothing', [self])
        const { rows: [now] } = await db.query<Preferences>(`select ${preferenceColumns} from preferences where user_id = $1 for update`, [self])
        checkVersion(now!.version, ifMatch)
        const notifications = { ...now!.notifications }
        for (const [kind, channels] of Object.entries(change.notifications ?? {})) notifications[kind] = { ...notifications[kind], ...channels }
        const { rows } = await db.query<Preferences>(`update preferences set locale = $2, time_zone = $3, notifications = $4 where user_id = $1 returning ${preferenceColumns}`,
          [self, change.locale ?? now!.locale, change.timeZone ?? now!.timeZone, notifications])
        return rows[0]!
      }),
    async listSessions(who: Context): Promise<Session[]> {
      const { rows } = await pool.query<Session>(`select ${sessionColumns} from session s where s."userId" = $1 and s."expiresAt" > now() order by s."createdAt" desc, s.id limit 200`, [selfOf(who)])
      return rows.map((s) => ({ ...s, current: s.id === who.session }))
    },
    async endSession(who: Context, id: string): Promise<void> {
      if (!(await accounts.endSession(who, selfOf(who), id))) refuse('session.not_found')
    },

    /** For operators, newest first. @param ctx of gw_system */
    async list(ctx: Context, { q, role, status, after, limit }: { q?: string; role?: string; status?: string; after?: string; limit: number }) {
      const like = q === undefined ? null : `%${q.replace(/[\\%_]/g, '\\$&')}%`
      const [rows] = await ctx.read(listUsers({ q: like, role: role ?? null, status: status ?? null }, parseCursor(after, newest, [timeShape, idShape]), limit))
      return page(rows as (ManagedUser & { createdAt: string })[], limit, (last) => [last.createdAt, last.id])
    },
    /** For operators. A ban ends all sessions at once. The last operator stays one. */
    async manage(who: Context, id: string, change: { role?: 'operator' | 'user'; status?: 'active' | 'banned' }, ifMatch?: number): Promise<ManagedUser> {
      const changed = await within(who, async (db, ended) => {
        await db.query(lockOperators)
        const { rows: [now] } = await db.query<User & { isBanned: boolean }>(`select ${userColumns('u')}, ${bannedNow} as "isBanned" from "user" u where id = $1 for update`, [id])
        if (!now) refuse('user.not_found')
        checkVersion(now.version, ifMatch)
        const role = change.role ?? now.role
        const banned = change.status ? change.status === 'banned' : now.isBanned
        if (role !== now.role || banned !== now.isBanned) await db.query('update "user" set role = $2, banned = $3, "banExpires" = null where id = $1', [id, role, banned])
        await keepAnOperator(db)
        if (banned) await endOthers(db, ended, id, undefined)
        return { ...(await userOf(db, id)), status: banned ? ('banned' as const) : ('active' as const) }
      })
      o.onPerson(id)
      return changed
    },
  }
}
