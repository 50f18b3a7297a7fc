// What every way of signing in ends with: a session whose row says how it was proven. Half-done sign-ins are a challenge and no session.
import { createHash, randomBytes } from 'node:crypto'
import { runWithTransaction } from '@better-auth/core/context'
import type pg from 'pg'
import { refuse } from '../../kernel/errors.ts'
import type { Auth } from './auth.ts'
import type { Cookies } from './cookies.ts'
import { noteDevice } from './devices.ts'
import { caller, type StampingPool } from './pool.ts'
import type { PlatformSealer } from './secrets.ts'

export type Method = 'password' | 'totp' | 'recovery-code' | 'passkey' | 'social' | 'sso'
export type Caller = { request: string; ip: string; userAgent: string }
/** `tenant`: by a tenant's own provider (`provider`), or handed over to a tenant's own domain; such a session opens that tenant and no other. */
export type Proof = { methods: readonly Method[]; tenant?: string; provider?: string }
export type Started = { session: string; user: string; cookies: string[] }
/** A password was right and something is still to come. */
export type Challenge = { user: string; methods: Method[]; /** that it opens alone */ tenant?: string }

export const secondFactors: readonly Method[] = ['totp', 'recovery-code', 'passkey']
const challengeMinutes = 10
const triesPerChallenge = 6
const nameOf = (token: string) => `challenge:${createHash('sha256').update(token).digest('base64url')}`

export type SignIn = ReturnType<typeof createSignIn>

/** @param changed after each commit: rings the bell */
export function createSignIn({ pool, sealer, auth, cookies, changed }: { pool: StampingPool; sealer: PlatformSealer; auth: Auth; cookies: Pick<Cookies, 'session'>; changed(): void }) {
  /** Writes on a stamped connection. */
  async function write<T>(request: string, actor: string | null, work: (db: pg.ClientBase) => Promise<T>): Promise<T> {
    return caller.run({ actor, request }, async () => {
      const client = await pool.connect()
      try {
        return await work(client)
      } finally {
        client.release()
      }
    })
  }
  async function insertSession(db: pg.ClientBase, from: Caller, user: string, proof: Proof): Promise<{ id: string; token: string }> {
    const { internalAdapter } = await auth.$context
    const session = await internalAdapter.createSession(user, false, { ipAddress: from.ip, userAgent: from.userAgent.slice(0, 300) })
    await db.query({
      name: 'keep_proof', text: 'insert into session_proof (session_id, user_id, methods, tenant_id, provider_id) values ($1, $2, $3, $4, $5)',
      values: [session.id, user, proof.methods, proof.tenant ?? null, proof.provider ?? null],
    })
    await noteDevice(db, sealer, from, user)
    return session
  }

  return {
    /** Inside a transaction that both the library and our own SQL take part in. */
    insertSession,
    /** What proves somebody and the session in one transaction; the library's adapter joins it. Proves it nobody yet, what was written stays. */
    async start<P extends (Proof & { user: string }) | undefined>(from: Caller, prove: (db: pg.ClientBase) => Promise<P>): Promise<undefined extends P ? Started | undefined : Started> {
      const { adapter } = await auth.$context
      const started = await caller.run({ actor: null, request: from.request }, () => runWithTransaction(adapter as never, async () => {
        const db = caller.getStore()!.client!
        const proven = await prove(db)
        if (!proven) return undefined
        const { user, ...proof } = proven
        const { rows: [row] } = await db.query<{ banned: boolean }>({ name: 'is_banned', text: `select coalesce(u.banned, false) and coalesce(u."banExpires" > now(), true) as banned from "user" u where u.id = $1`, values: [user] })
        if (!row) refuse('auth.refused')
        if (row.banned) refuse('auth.refused', 'this account is closed: ask an operator')
        const { id, token } = await insertSession(db, from, user, proof)
        return { session: id, user, cookies: [cookies.session(token)] }
      }))
      changed()
      return started as Started
    },

    /** A one-time token for the second step; it is worth nothing by itself. */
    async challenge(request: string, value: Challenge): Promise<string> {
      const token = randomBytes(32).toString('base64url')
      await write(request, null, (db) => db.query(`insert into verification (identifier, value, "expiresAt") values ($1, $2, now() + $3::int * interval '1 minute')`, [nameOf(token), JSON.stringify({ ...value, tries: 0 }), challengeMinutes]))
      return token
    },
    /** Counts a try. @throws auth.challenge_refused for one that is used, too old, tried too often or invented */
    async tryChallenge(request: string, token: string): Promise<Challenge> {
      const { rows: [row] } = await write(request, null, (db) => db.query<{ value: string }>(
        `update verification set value = jsonb_set(value::jsonb, '{tries}', to_jsonb((value::jsonb ->> 'tries')::int + 1))::text where identifier = $1 and "expiresAt" > now() and (value::jsonb ->> 'tries')::int < $2 returning value`,
        [nameOf(token), triesPerChallenge]))
      return row ? (JSON.parse(row.value) as Challenge) : refuse('auth.challenge_refused')
    },
    /** Takes it, inside the transaction of the sign-in it leads to: of two at once one wins. */
    async takeChallenge(db: pg.ClientBase, token: string): Promise<void> {
      const { rowCount } = await db.query('delete from verification where identifier = $1', [nameOf(token)])
      if (!rowCount) refuse('auth.challenge_refused')
    },
    /** A fresh proof for a running session: what step-up writes. @param bound the only tenant that the session opens from now on */
    async addProof(request: string, user: string, session: string, method: Method, bound: string | undefined): Promise<void> {
      await write(request, user, (db) => db.query(
        `insert into session_proof (session_id, user_id, methods, tenant_id) select s.id, s."userId", array['password', $3::text], $4::uuid from session s where s.id = $1 and s."userId" = $2
         on conflict (session_id) do update set proven_at = now(), tenant_id = coalesce(session_proof.tenant_id, excluded.tenant_id), methods = (select array_agg(distinct m) from unnest(session_proof.methods || excluded.methods[2]) m)`, [session, user, method, bound ?? null]))
    },
  }
}
