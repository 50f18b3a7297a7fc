// Passkeys (WebAuthn level 3): discoverable credentials with user verification, so one gesture is both factors. They are for the host of PUBLIC_URL
// and may be asked for at home and at doors below it (5.1.2); other doors send their people home for the gesture (passkey-pages.ts). The library that
// knows CBOR and COSE is loaded when the first passkey is used: it costs 27 MB.
import { createHash, randomBytes } from 'node:crypto'
import type { AuthenticationResponseJSON, AuthenticatorTransportFuture, PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type pg from 'pg'
import type { Who } from '../../kernel/db.ts'
import { refuse, refuseField } from '../../kernel/errors.ts'
import { isPlainLocalhost } from './auth.ts'
import type { Factors } from './factors.ts'
import { inTransaction, type StampingPool } from './pool.ts'
import type { Caller, SignIn, Started } from './sign-in.ts'
import type { By } from './tenants.ts'
import { timeText } from './time-text.ts'

export type Passkey = { id: string; name: string; synced: boolean; usedAt: string | null; version: number; createdAt: string; updatedAt: string }
/** What is kept of one. */
export type Kept = { credentialId: string; publicKey: string; counter: number; transports: AuthenticatorTransportFuture[]; synced: boolean }
/** As browsers give it, in JSON. */
export type GivenCredential = { id: string; response: { clientDataJSON: string } }

/** Where the page stands that asks. `door`: origin of a tenant's, null at home; `own`: under a name that is the installation's; `browser`: the cookie of
    its forms, '' for a client that has none; `leg`: the way on which it was sent home. An answer counts where its question was asked. */
export type Place = { door: string | null; own: boolean; browser: string; leg?: string }

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
  const placeHash = ({ door, browser, leg = '' }: Place) => hashOf(JSON.stringify([door, browser, leg])).toString('base64url')
  /** A tenant's own domain might answer from the tenant's own machine, so only names of the installation's own are asked at. */
  function isBelow({ door, own }: Place): boolean {
    const { hostname, protocol, port } = new URL(door!)
    return own && rpID.includes('.') && hostname.endsWith(`.${rpID}`) && protocol === home.protocol && port === home.port
  }
  /** Whose pages may ask at this place; undefined: a browser would refuse it there. */
  const originsAt = (place: Place): readonly string[] | undefined => (place.door === null ? origins : isBelow(place) ? [place.door] : undefined)
  const selfOf = (who: Pick<By, 'actor'>) => (who.actor.type === 'user' && who.actor.id) || refuse('permission.denied', 'only a person has an account')

  async function newChallenge(request: string, user: string | null, place: Place): Promise<string> {
    const challenge = randomBytes(32).toString('base64url')
    await inTransaction(pool, { actor: user, request }, (db) => db.query(`insert into verification (identifier, value, "expiresAt") values ($1, $2, now() + $3::int * interval '1 minute')`, [nameOf(challenge), JSON.stringify({ user, place: placeHash(place) }), minutes]))
    return challenge
  }
  /** Takes the challenge that the browser says it signed: once, in time, of that person, where it was given out. */
  async function takeChallenge(db: pg.ClientBase, given: GivenCredential, user: string | null, place: Place): Promise<string | undefined> {
    let challenge: unknown
    try {
      challenge = (JSON.parse(Buffer.from(given.response.clientDataJSON, 'base64url').toString('utf8')) as { challenge?: unknown }).challenge
    } catch {
      return undefined
    }
    if (typeof challenge !== 'string') return undefined
    const { rows: [row] } = await db.query<{ value: string }>('delete from verification where identifier = $1 and "expiresAt" > now() returning value', [nameOf(challenge)])
    const asked = row && (JSON.parse(row.value) as { user: string | null; place: string })
    return asked && asked.user === user && asked.place === placeHash(place) ? challenge : undefined
  }
  /** @returns whose passkey it is. The row is locked: its counter counts. */
  async function verify(db: pg.ClientBase, given: GivenCredential, place: Place): Promise<string> {
    const refused = (): never => refuse('auth.passkey_refused')
    const challenge = (await takeChallenge(db, given, null, place)) ?? refused()
    const expectedOrigin = [...(originsAt(place) ?? refused())]
    const { rows: [row] } = await db.query<{ id: string; user_id: string; payload: Kept }>('select id, user_id, payload from passkey where key_hash = $1 for update', [hashOf(given.id)])
    if (!row) return refused()
    const { credentialId, publicKey, counter, transports } = row.payload
    const { verifyAuthenticationResponse } = await library()
    const result = await verifyAuthenticationResponse({
      response: given as AuthenticationResponseJSON, expectedChallenge: challenge, expectedOrigin, expectedRPID: rpID, requireUserVerification: true,
      credential: { id: credentialId, publicKey: Buffer.from(publicKey, 'base64url'), counter, transports },
    }).catch(() => undefined)
    if (!result?.verified) return refused()
    await db.query(`select set_config('app.actor', $1, true)`, [row.user_id])
    await db.query('update passkey set used_at = now(), payload = payload || $2 where id = $1', [row.id, JSON.stringify({ counter: result.authenticationInfo.newCounter })])
    return row.user_id
  }

  /** For who has just been seen by a passkey. @throws auth.verification_required */
  async function requireVerified(db: pg.ClientBase, user: string): Promise<void> {
    const { rows: [row] } = await db.query<{ emailVerified: boolean }>('select "emailVerified" from "user" where id = $1', [user])
    if (requireVerifiedEmail && !row?.emailVerified) refuse('auth.verification_required')
  }

  return {
    async list(who: Who): Promise<Passkey[]> {
      return (await pool.query<Passkey>(`select ${columns} from passkey where user_id = $1 order by created_at, id`, [selfOf(who)])).rows
    },
    /** Whether a page there must send its people home for the gesture. */
    isElsewhere: (place: Place): boolean => originsAt(place) === undefined,
    /** What a browser needs to make one. */
    async beginRegistration(who: By, place: Place): Promise<PublicKeyCredentialCreationOptionsJSON> {
      const self = selfOf(who)
      const { rows: [user] } = await pool.query<{ email: string; name: string }>('select email, name from "user" where id = $1', [self])
      if (!user) refuse('user.not_found')
      const { rows: known } = await pool.query<{ payload: Kept }>('select payload from passkey where user_id = $1', [self])
      if (known.length >= most) refuse('state.conflict', `an account has at most ${most} passkeys: remove one first`)
      const { generateRegistrationOptions } = await library()
      return generateRegistrationOptions({
        rpName: 'Groundwork', rpID, userID: Buffer.from(self), userName: user.email, userDisplayName: user.name, challenge: Buffer.from(await newChallenge(who.request, self, place), 'base64url'), attestationType: 'none',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' }, excludeCredentials: known.map(({ payload: p }) => ({ id: p.credentialId, transports: p.transports })),
      })
    },
    /** What is kept of a passkey that was made. */
    async judge(db: pg.ClientBase, self: string, given: GivenCredential, place: Place): Promise<Kept> {
      const challenge = await takeChallenge(db, given, self, place)
      const expectedOrigin = originsAt(place)
      if (!challenge || !expectedOrigin) refuseField('/credential', 'answers no open challenge of yours at this address: ask POST /users/me/passkeys/options again')
      const { verifyRegistrationResponse } = await library()
      const result = await verifyRegistrationResponse({ response: given as RegistrationResponseJSON, expectedChallenge: challenge, expectedOrigin: [...expectedOrigin], expectedRPID: rpID, requireUserVerification: true }).catch(() => undefined)
      if (!result?.verified) refuseField('/credential', 'could not be verified: make it anew, with the device\'s screen lock')
      const { credential, credentialBackedUp } = result.registrationInfo
      return { credentialId: credential.id, publicKey: Buffer.from(credential.publicKey).toString('base64url'), counter: credential.counter, transports: credential.transports ?? [], synced: credentialBackedUp }
    },
    async keep(db: pg.ClientBase, self: string, name: string, kept: Kept): Promise<Passkey> {
      const { rows: [row] } = await db.query<Passkey>(`insert into passkey (user_id, name, key_hash, payload) values ($1, $2, $3, $4) on conflict (key_hash) do nothing returning ${columns}`, [self, name, hashOf(kept.credentialId), JSON.stringify(kept)])
      if (!row) refuse('conflict', 'this passkey is registered already')
      await factors.tell(db, self, 'a passkey was added to your account')
      return row
    },
    async register(who: Who, name: string, given: GivenCredential, place: Place): Promise<Passkey> {
      const self = selfOf(who)
      const made = await factors.within(who, async (db) => this.keep(db, self, name, await this.judge(db, self, given, place)))
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
    async beginSignIn(request: string, place: Place): Promise<PublicKeyCredentialRequestOptionsJSON> {
      const { generateAuthenticationOptions } = await library()
      return generateAuthenticationOptions({ rpID, userVerification: 'required', challenge: Buffer.from(await newChallenge(request, null, place), 'base64url') })
    },
    /** @throws auth.passkey_refused, whatever the reason */
    signIn: (from: Caller, given: GivenCredential, place: Place): Promise<Started> =>
      signIn.start(from, async (db) => {
        const user = await verify(db, given, place)
        await requireVerified(db, user)
        return { user, methods: ['passkey'] }
      }),
    /** Whose it is, for a sign-in that ends at another door. */
    see: (request: string, given: GivenCredential, place: Place): Promise<string> =>
      factors.within({ actor: { type: 'system', id: null }, request }, async (db) => {
        const user = await verify(db, given, place)
        await requireVerified(db, user)
        return user
      }),
    /** The asking person's own, of nobody else. */
    async requireOwn(who: By, given: GivenCredential, place: Place): Promise<void> {
      const self = selfOf(who)
      await factors.within(who, async (db) => {
        if ((await verify(db, given, place)) !== self) refuse('auth.passkey_refused', 'this passkey is somebody else\'s')
      })
    },
    /** For step-up. */
    async prove(who: Who, given: GivenCredential, place: Place): Promise<void> {
      await this.requireOwn(who, given, place)
      if (who.session) await factors.prove(who, who.session, 'passkey')
    },
  }
}
