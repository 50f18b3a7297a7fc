// better-auth over our own pool and schema: people, credentials, sessions, and the tables of organisations that SSO and SCIM build on.
// It serves no address of its own: every verb goes through our routes, so that limits, set-up token and registration rules hold.
import { kyselyAdapter } from '@better-auth/kysely-adapter'
import { betterAuth, type BetterAuthOptions } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { admin, bearer, organization } from 'better-auth/plugins'
import * as platform from 'better-auth/plugins/admin/access'
import { defaultAc, defaultRoles } from 'better-auth/plugins/organization/access'
import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'
import type { Passwords } from './hashing.ts'

export type AuthOptions = {
  publicUrl: string
  secret: string
  pool: pg.Pool
  passwords: Passwords
  /** absolute life of a login; nothing on the refresh path extends it */
  sessionSeconds: number
}

/** Whether cookies may go over plain http: only when the installation is reached as localhost. */
export function isPlainLocalhost(publicUrl: string): boolean {
  const { protocol, hostname } = new URL(publicUrl)
  return protocol === 'http:' && (hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]')
}

const optionsOf = (o: AuthOptions) =>
  ({
    baseURL: o.publicUrl,
    basePath: '/api/auth',
    secret: o.secret,
    telemetry: { enabled: false },
    logger: { disabled: true }, // its lines carry addresses; what matters is an event
    database: kyselyAdapter(new Kysely<unknown>({ dialect: new PostgresDialect({ pool: o.pool }) }), { type: 'postgres', transaction: true }),
    advanced: {
      cookiePrefix: 'groundwork',
      useSecureCookies: !isPlainLocalhost(o.publicUrl),
      database: { generateId: 'uuid' }, // the database makes them: the committed SQL has uuid7() as the column's default
    },
    rateLimit: { enabled: false }, // ours counts per address and account, also for calls in process
    session: { expiresIn: o.sessionSeconds, disableSessionRefresh: true, cookieCache: { enabled: false } },
    account: { encryptOAuthTokens: true, accountLinking: { enabled: true, trustedProviders: [] } },
    verification: { storeIdentifier: 'hashed' },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: 1, // the rule is ours (passwords.ts)
      maxPasswordLength: 256,
      password: { hash: o.passwords.hash, verify: ({ hash, password }: { hash: string; password: string }) => o.passwords.verify(hash, password) },
    },
    plugins: [
      admin({ roles: { operator: platform.adminAc, user: platform.userAc }, adminRoles: ['operator'], defaultRole: 'user' }),
      bearer({ requireSignature: true }), // the default accepts the token as stored in the database
      organization({ ac: defaultAc as never, roles: { ...defaultRoles, viewer: defaultAc.newRole({ ac: ['read'] }) } }),
    ],
  }) satisfies BetterAuthOptions

export const createAuth = (o: AuthOptions) => betterAuth(optionsOf(o))
export type Auth = ReturnType<typeof createAuth>

/** What the libraries' schema would still need; a test asserts that it is nothing. `compileMigrations()` gave the SQL of 0002-identity.sql. */
export const planIdentityMigrations = (o: AuthOptions) => getMigrations({ ...optionsOf(o), database: o.pool })
