// Passkeys (WebAuthn level 3): discoverable credentials with user verification, so one gesture is both factors. The library that knows CBOR and COSE
// is loaded when the first passkey is used: it costs 27 MB.
import { createHash, randomBytes } from 'node:crypto'
import type { AuthenticationResponseJSON, AuthenticatorTransportFuture, PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type pg from 'pg'
import type { Who } from '../../kernel/db.ts'
import { refuse, refuseField } from '../../kernel/errors.ts'
import { isPlainLocalhost } from './auth.ts'
import type { Factors } from './factors.ts'
import { inTransaction, type StampingPool } from './pool.ts'
import type { Caller, SignIn, Started } from './sign-in.ts'
import { timeText } from './time-text.ts'

export type Passkey = { id: string; name: string; synced: boolean; usedAt: string | null; version: number; createdAt: string; updatedAt: string }
type Kept = { credentialId: string; publicKey: string; counter: number; transports: AuthenticatorTransportFuture[]; synced: boolean }
/** As browsers give it, in JSON. */
export type GivenCredential = { id: string; response: { clientDataJSON: string } }

const minutes = 5
const most = 20
const hashOf = (text: string) => createHash('sha256').update(text).digest()
const nameOf = (challenge: string) => `passkey:${hashOf(challenge).toString('base64url')}`
const columns = `id, name, (payload ->> 'synced')::boolean as synced, ${timeText('used_at')} as "usedAt", version, ${timeText('created_at')} as "createdAt", ${timeText('updated_at')} as "updatedAt"`
const library = () => import('@simplewebauthn/server')

export type Passkeys = ReturnType<typeof createPasskeys>
export type PasskeyOptions = { pool: StampingPool; publicUrl: string; signIn: SignIn; factors: Factors; requireVerifiedEmail: boolean }

export function createPasskeys({ pool, publicUrl, signIn, factors, requireVerifiedEmail }: PasskeyOptions) {
  const home = new URL(publicUrl)
  const rpID = home.hostname
  const origins = isPlainLocalhost(publicUrl) ? ['localhost', '127.0.0.1', '[::1]'].map((host) => `http://${host}${home.port ? `:${home.port}` : ''}`) : [home.origin]
  const selfOf = (who: Pick<Who, 'actor'>) => (who.actor.type === 'user' && who.actor.id) || refuse('permission.denied', 'only a person has an account')

  async function newChallenge(request: string, user: string | null): Promise<string> {
    const challenge = randomBytes(32).toString('base64url')
    await inTransaction(pool, { actor: user, request }, (db) => db.query(`insert into verification (identifier, value, "expiresAt") values ($1, $2, now() + $3::int * interval '1 minute')`, [nameOf(challenge), JSON.stringify({ user }), minutes]))
    return challenge
  }
  /** Takes the challenge that the browser says it signed: once, in time, and of that person. */
  async function takeChallenge(db: pg.ClientBase, given: GivenCredential, user: string | null): Promise<string | undefined> {
    let challenge: unknown
    try {
      challenge = (JSON.parse(Buffer.from(given.response.clientDataJSON, 'base64url').toString('utf8')) as { challenge?: unknown }).challenge
    } catch {
      return undefined
    }
    if (typeof challenge !== 'string') return undefined
    const { rows: [row] } = await db.query<{ value: string }>('delete from verification where identifier = $1 and "expiresAt" > now() returning value', [nameOf(challenge)])
    return row && (JSON.parse(row.value) as { user: string | null }).user === user ? challenge : undefined
  }
  /** @returns whose passkey it is. The row is locked: its counter counts. */
  async function verify(db: pg.ClientBase, given: GivenCredential): Promise<string> {
    const refused = (): never => refuse('auth.passkey_refused')
    const challenge = (await takeChallenge(db, given, null)) ?? refused()
    const { rows: [row] } = await db.query<{ id: string; user_id: string; payload: Kept }>('select id, user_id, payload from passkey where key_hash = $1 for update', [hashOf(given.id)])
    if (!row) return refused()
    const { credentialId, publicKey, counter, transports } = row.payload
    const { verifyAuthenticationResponse } = await library()
    const result = await verifyAuthenticationResponse({
      response: given as AuthenticationResponseJSON, expectedChallenge: challenge, expectedOrigin: origins, expectedRPID: rpID, requireUserVerification: true,
      credential: { id: credentialId, publicKey: Buffer.from(publicKey, 'base64url'), counter, transports },
    }).catch(() => undefined)
    if (!result?.verified) return refused()
    await db.query(`select set_config('app.actor', $1, true)`, [row.user_id])
    await db.query('update passkey set used_at = now(), payload = payload || $2 where id = $1', [row.id, JSON.stringify({ counter: result.authenticationInfo.newCounter })])
    return row.user_id
  }

  return {
    async list(who: Who): Promise<Passkey[]> {
      return (await pool.query<Passkey>(`select ${columns} from passkey where user_id = $1 order by created_at, id`, [selfOf(who)])).rows
    },
    /** What a browser needs to make one. */
    async beginRegistration(who: Who): Promise<PublicKeyCredentialCreationOptionsJSON> {
      const self = selfOf(who)
      const { rows: [user] } = await pool.query<{ email: string; name: string }>('select email, name from "user" where id = $1', [self])
      if (!user) refuse('user.not_found')
      const { rows: known } = await pool.query<{ payload: Kept }>('select payload from passkey where user_id = $1', [self])
      if (known.length >= most) refuse('state.conflict', `an account has at most ${most} passkeys: remove one first`)
      const { generateRegistrationOptions } = await library()
      return generateRegistrationOptions({
        rpName: 'Groundwork', rpID, userID: Buffer.from(self), userName: user.email, userDisplayName: user.name, challenge: Buffer.from(await newChallenge(who.request, self), 'base64url'), attestationType: 'none',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' }, excludeCredentials: known.map(({ payload: p }) => ({ id: p.credentialId, transports: p.transports })),
      })
    },
    async register(who: Who, name: string, given: GivenCredential): Promise<Passkey> {
      const self = selfOf(who)
      const made = await factors.within(who, async (db) => {
        const challenge = await takeChallenge(db, given, self)
        if (!challenge) refuseField('/credential', 'answers no open challenge of yours: ask POST /users/me/passkeys/options again')
        const { verifyRegistrationResponse } = await library()
        const result = await verifyRegistrationResponse({ response: given as RegistrationResponseJSON, expectedChallenge: challenge, expectedOrigin: origins, expectedRPID: rpID, requireUserVerification: true }).catch(() => undefined)
        if (!result?.verified) refuseField('/credential', 'could not be verified: make it anew, with the device\'s screen lock')
        const { credential, credentialBackedUp } = result.registrationInfo
        const kept: Kept = { credentialId: credential.id, publicKey: Buffer.from(credential.publicKey).toString('base64url'), counter: credential.counter, transports: credential.transports ?? [], synced: credentialBackedUp }
        const { rows: [row] } = await db.query<Passkey>(`insert into passkey (user_id, name, key_hash, payload) values ($1, $2, $3, $4) on conflict (key_hash) do nothing returning ${columns}`, [self, name, hashOf(credential.id), JSON.stringify(kept)])
        if (!row) refuse('conflict', 'this passkey is registered already')
        await factors.tell(db, self, 'a passkey was added to your account')
        return row
      })
      if (who.session) await factors.prove(who, who.session, 'passkey')
      return made
    },
    remove: (who: Who, id: string): Promise<void> =>
      factors.within(who, async (db) => {
        const { rowCount } = await db.query('delete from passkey where id = $1 and user_id = $2', [id, selfOf(who)])
        if (!rowCount) refuse('passkey.not_found')
        await db.query('delete from recovery_codes where user_id = $1 and not exists (select from passkey where user_id = $1) and not exists (select from totp where user_id = $1 and confirmed_at is not null)', [selfOf(who)])
        await factors.tell(db, selfOf(who), 'a passkey was removed from your account')
      }),

    /** What a browser needs to sign in with one; says nothing about whether anybody has one. */
    async beginSignIn(request: string): Promise<PublicKeyCredentialRequestOptionsJSON> {
      const { generateAuthenticationOptions } = await library()
      return generateAuthenticationOptions({ rpID, userVerification: 'required', challenge: Buffer.from(await newChallenge(request, null), 'base64url') })
    },
    /** @throws auth.passkey_refused, whatever the reason */
    signIn: (from: Caller, given: GivenCredential): Promise<Started> =>
      signIn.start(from, async (db) => {
        const user = await verify(db, given)
        const { rows: [row] } = await db.query<{ emailVerified: boolean }>('select "emailVerified" from "user" where id = $1', [user])
        if (requireVerifiedEmail && !row?.emailVerified) refuse('auth.verification_required')
        return { user, methods: ['passkey'] }
      }),
    /** For step-up: the passkey must be the asking person's own. */
    async prove(who: Who, given: GivenCredential): Promise<void> {
      const self = selfOf(who)
      await factors.within(who, async (db) => {
        if ((await verify(db, given)) !== self) refuse('auth.passkey_refused', 'this passkey is somebody else\'s')
      })
      if (who.session) await factors.prove(who, who.session, 'passkey')
    },
  }
}
