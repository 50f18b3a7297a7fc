// The module's parts, put together once by app.ts: the libraries over their pool, the issuer, the doorkeeper, and the verbs.
import { platformId } from '../../kernel/ids.ts'
import type { Job } from '../../kernel/jobs.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { queueMail } from '../../kernel/mail.ts'
import { tellError } from '../../kernel/trouble.ts'
import { createAccounts, type Registration } from './accounts.ts'
import { createAuth } from './auth.ts'
import { createCookies } from './cookies.ts'
import { createDeviceTokens } from './device-tokens.ts'
import { createDoorkeeper } from './doorkeeper.ts'
import { createPasswords } from './hashing.ts'
import { createFactors } from './factors.ts'
import { createHandOver } from './hand-over.ts'
import { createIssuer } from './issuer.ts'
import { letterJob, type Deliver } from './letters.ts'
import { createLegs } from './legs.ts'
import { createOutside } from './outside.ts'
import { createPageForms } from './page-forms.ts'
import { createPasskeys } from './passkeys.ts'
import { createPeople } from './people.ts'
import { inTransaction, openIdentityPool } from './pool.ts'
import { createProvision } from './provision.ts'
import { loadSecrets } from './secrets.ts'
import { createSecurity } from './security.ts'
import { createSignIn } from './sign-in.ts'
import { openSigningKeys } from './signing-keys.ts'
import { createTenants } from './tenants.ts'

export type IdentitySettings = { registration: Registration; requireVerifiedEmail: boolean; multiTenant: boolean; limits: boolean; /** absolute life of a login */ sessionSeconds?: number }
export type IdentityParts = Pick<Kernel, 'database' | 'system' | 'keys' | 'bus' | 'bell' | 'log' | 'publicUrl'>
export type Identity = Awaited<ReturnType<typeof openIdentity>>

/** Opens the module: its pool, and the secrets that all processes share. Close it after the server. */
export async function openIdentity({ database, system, keys, bus, bell, log, publicUrl }: IdentityParts, settings: IdentitySettings) {
  const { registration, requireVerifiedEmail, multiTenant, limits, sessionSeconds = 30 * 86_400 } = settings
  const deliver: Deliver = async (mail, request) => void (await queueMail(system.context({ tenant: platformId, actor: { type: 'system', id: null }, request }), keys, mail))
  const onError = (error: unknown) => log.error({ module: 'identity', error: tellError(error) }, 'identity failed')
  const pool = openIdentityPool(database.connection('identity'), onError)
  try {
    const secrets = await loadSecrets(pool, keys)
    const passwords = createPasswords()
    const auth = createAuth({ publicUrl, secret: secrets.library, pool, passwords, sessionSeconds })
    await auth.$context
    const signingKeys = await openSigningKeys(pool, keys, secrets.jwks)
    const issuer = await createIssuer({ publicUrl, pool, sealer: keys, secrets, keys: signingKeys, sessionSeconds, onError })
    const security = createSecurity({ system, pool })
    const doorkeeper = createDoorkeeper({ pool, security, issuer: issuer.issuer, audience: issuer.audience, keys: issuer.publicKeys })
    const changed = () => bell.ring()
    const take = limits ? bus.take.bind(bus) : undefined
    const ended = (session: string) => doorkeeper.endSession(session)
    const cookies = createCookies(publicUrl, sessionSeconds, secrets.library)
    const signIn = createSignIn({ pool, sealer: keys, auth, cookies, changed })
    const factors = createFactors({ pool, keys, sealer: keys, signIn, issuerName: new URL(publicUrl).hostname, take, changed })
    const passkeys = createPasskeys({ pool, publicUrl, signIn, factors, requireVerifiedEmail })
    const devices = createDeviceTokens(secrets.library)
    const parts = { pool, signIn, factors, security, devices, auth, passwords, issuer, sealer: keys, registration, requireVerifiedEmail, multiTenant, take, changed, onEnded: ended }
    const accounts = createAccounts(parts)
    const people = createPeople({ ...parts, accounts, keys, onPerson: (user) => doorkeeper.forgetPerson(user) })
    const legs = createLegs(pool)
    const forms = createPageForms({ accounts, cookies, devices, publicUrl, secret: secrets.library })
    const tenants = createTenants(pool, changed, (tenant, person) => doorkeeper.forgetRole(tenant, person))

    return {
      pool,
      auth,
      issuer,
      accounts,
      people,
      tenants,
      provision: createProvision(pool, changed),
      cookies,
      devices,
      factors,
      passkeys,
      outside: createOutside({ ...parts, accounts, onPerson: (user) => doorkeeper.forgetPerson(user), onMember: (tenant, person) => doorkeeper.forgetRole(tenant, person) }),
      legs,
      forms,
      handOver: createHandOver({ legs, forms, cookies }),
      /** other ways to sign in, as links of the sign-in page; modules add theirs before it is served */
      offers: [] as { href: string; label: string }[],
      security,
      signIn,
      secrets,
      signingKeys,
      sealer: keys,
      onError,
      changed,
      registration,
      publicUrl,
      /** This process at once; the others, and sockets, hear it from the log. */
      ended,
      /** Give it every event of the log, as the tail sees them. */
      hear: doorkeeper.hear.bind(doorkeeper),
      doorkeeper,
      jobs: [
        letterJob({ pool, sealer: keys, publicUrl, deliver }),
        { name: 'identity.sweep', everyMs: 3_600_000, handle: (_job: Job) => sweep() },
      ],
      /** After a restore: what the backup's past had signed in or sent out is void. */
      async endAll(): Promise<void> {
        await inTransaction(pool, { actor: null, request: 'restore' }, async (db) => {
          await db.query('delete from session')
          await db.query('delete from verification')
          await db.query('delete from oauth.artifact')
        })
      },
      async close(): Promise<void> {
        await issuer.close()
        await pool.end()
      },
    }

    /** What nobody else removes: ended sessions, old links and tokens, contexts of grants that are gone. */
    async function sweep(): Promise<void> {
      const client = await pool.connect()
      try {
        for (const text of [
          `delete from session where "expiresAt" < now()`, `delete from verification where "expiresAt" < now()`, `delete from known_device where seen_at < now() - interval '400 days'`, `delete from oauth.artifact where expires_at < now() - interval '1 day'`,
          `delete from oauth.artifact a where a.grant_id is not null and exists (select from oauth.grant_context g where g.grant_id = a.grant_id and not exists (select from session s where s.id = g.session_id))`,
          `delete from oauth.grant_context g where g.created_at < now() - interval '1 day' and not exists (select from session s where s.id = g.session_id)`,
        ]) await client.query(text)
      } finally {
        client.release()
      }
    }
  } catch (error) {
    await pool.end()
    throw error
  }
}
