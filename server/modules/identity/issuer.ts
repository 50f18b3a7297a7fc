// The platform's own issuer: oidc-provider on our storage. The first-party client gets its pair in process, for a session that was started by any way
// of signing in; the token endpoint answers in a private server that never listens. Access tokens are ES256 JWTs of ten minutes.
import { AsyncLocalStorage } from 'node:async_hooks'
import Fastify, { type FastifyInstance } from 'fastify'
import Provider, { errors, type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import { refuse } from '../../kernel/errors.ts'
import { openArtifacts, raced } from './artifacts.ts'
import { accessTokenSeconds, commonOptions } from './issuer-options.ts'
import { caller, type StampingPool } from './pool.ts'
import type { IssuerSecrets, PlatformSealer } from './secrets.ts'
import type { KeySet, SigningKeys } from './signing-keys.ts'

export const firstParty = 'groundwork'
export const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
/** Two tabs, or a retry after a lost answer: as long as this the loser of a refresh is told to go on with the winner's pair. */
export const graceMs = 2000

export type Pair = { accessToken: string; refreshToken: string; expiresIn: number }
/** Who a pair is for: a session somebody has just proven to own. */
export type Login = { session: string; user: string; tenant: string | null }
type GrantContext = { user: string; session: string | null; tenant: string | null }
/** What one call of the token endpoint in process knows and finds out; absent for calls from outside. */
type Call = { login?: Login; context?: GrantContext; fault?: string | undefined }

export type IssuerOptions = { publicUrl: string; pool: StampingPool; sealer: PlatformSealer; secrets: IssuerSecrets; keys: SigningKeys; sessionSeconds: number; onError?: (error: unknown) => void }
export type Issuer = Awaited<ReturnType<typeof createIssuer>>

export async function createIssuer(o: IssuerOptions) {
  const { pool } = o
  const issuer = `${o.publicUrl}/oauth`
  const audience = `${o.publicUrl}/api`
  const calls = new AsyncLocalStorage<Call>()
  const forApi = { audience, scope: 'read write admin', accessTokenTTL: accessTokenSeconds, accessTokenFormat: 'jwt' as const, jwt: { sign: { alg: 'ES256' as const } } }

  const own = (keys: KeySet): Configuration => {
    const common = commonOptions({ issuer, audience, adapter: openArtifacts({ pool, sealer: o.sealer, tenant: null, graceMs }), keys, cookies: o.secrets.cookies, brand: async () => ({ name: 'Groundwork' }) })
    return {
      ...common,
      clients: [{ client_id: firstParty, client_name: 'Groundwork', token_endpoint_auth_method: 'none', redirect_uris: [], response_types: [], grant_types: [exchangeGrant, 'refresh_token'] }],
      issueRefreshToken: () => true,
      expiresWithSession: () => false,
      ttl: { ...common.ttl, Grant: o.sessionSeconds, RefreshToken: o.sessionSeconds },
      features: {
        ...common.features,
        registration: { enabled: true, initialAccessToken: true }, // none is ever issued here: clients belong to tenants
        registrationManagement: { enabled: true },
        resourceIndicators: {
          enabled: true, defaultResource: () => undefined as never, useGrantedResource: () => true,
          getResourceServerInfo: (_ctx, resource) => {
            if (resource !== audience) throw new errors.InvalidTarget()
            return forApi
          },
        },
      },
      // Asked at every refresh: nobody there means invalid_grant. A grant without its context belongs to no login of ours.
      findAccount: async (_ctx, sub, token) => {
        const { rows: [row] } = await pool.query<GrantContext & { banned: boolean | null; name: string; email: string; emailVerified: boolean }>({
          name: 'find_account',
          text: `select u.id as user, u.name, u.email, u."emailVerified", u.banned and coalesce(u."banExpires" > now(), true) as banned, g.session_id as session, g.tenant_id as tenant
                 from "user" u
                 join oauth.grant_context g on g.grant_id = $2 and g.user_id = u.id
                 join session s on s.id = g.session_id and s."expiresAt" > now()
                 where u.id = $1 and (g.tenant_id is null or exists (select from member m where m."userId" = u.id and m."organizationId" = g.tenant_id))`,
          values: [sub, token && 'grantId' in token ? token.grantId : null],
        })
        if (!row || row.banned) return undefined
        const call = calls.getStore()
        if (call) call.context = { user: row.user, session: row.session, tenant: row.tenant }
        return { accountId: sub, claims: () => ({ sub, name: row.name, email: row.email, email_verified: row.emailVerified }) }
      },
      extraTokenClaims: async (_ctx, token) => {
        const grantId = 'grantId' in token ? token.grantId : undefined
        const context = calls.getStore()?.context ?? (grantId ? await findContext(grantId) : undefined)
        return { org: context?.tenant ?? null, ...(context?.session ? { sid: context.session } : {}) }
      },
    }
  }
  async function findContext(grantId: string): Promise<GrantContext | undefined> {
    return (await pool.query<GrantContext>({ name: 'grant_context', text: 'select user_id as user, session_id as session, tenant_id as tenant from oauth.grant_context where grant_id = $1', values: [grantId] })).rows[0]
  }
  type Built = { epoch: string; answer: ReturnType<Provider['callback']> }
  let built: Built | undefined
  /** The keys of a provider are fixed: other keys, another provider. */
  function current(): Built {
    const keys = o.keys.set()
    if (built?.epoch === keys.epoch) return built
    const provider = new Provider(issuer, own(keys))
    provider.proxy = true // whoever hands a request on has written the public address into its headers
    provider.on('server_error', (_ctx, error) => o.onError?.(error))
    provider.on('grant.error', (_ctx, error) => {
      const call = calls.getStore()
      if (call) call.fault = (error as { error_detail?: string }).error_detail
    })
    addExchange(provider)
    return (built = { epoch: keys.epoch, answer: provider.callback() })
  }

  // Only a call in process carries the login: from outside this grant is refused whatever its parameters are.
  const addExchange = (provider: Provider) => provider.registerGrantType(exchangeGrant, async (ctx: KoaContextWithOIDC) => {
    const call = calls.getStore()
    if (!call?.login || ctx.oidc.client?.clientId !== firstParty) throw new errors.UnauthorizedClient()
    const { session, user, tenant } = call.login
    const { client } = ctx.oidc
    const grant = new provider.Grant({ accountId: user, clientId: client.clientId })
    grant.addOIDCScope('offline_access')
    grant.addResourceScope(audience, 'read write admin')
    const grantId = await grant.save()
    await bindGrant(grantId, { session, user, tenant })
    call.context = { user, session, tenant }
    const common = { accountId: user, client, grantId, gty: 'token-exchange' }
    const access = new provider.AccessToken({ ...common, scope: 'read write' } as never)
    access.resourceServer = new provider.ResourceServer(audience, forApi)
    const refresh = new provider.RefreshToken({ ...common, scope: 'read write offline_access', resource: audience } as never)
    ctx.body = { access_token: await access.save(), refresh_token: await refresh.save(), token_type: 'Bearer', expires_in: access.expiration, scope: access.scope, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }
  }, ['subject_token', 'subject_token_type', 'scope'])
  /** A write, so on a stamped connection: a trigger tells the tenant's audit who signed in. */
  async function bindGrant(grantId: string, { session, user, tenant }: Login): Promise<void> {
    const client = await pool.connect()
    try {
      await client.query({ name: 'bind_grant', text: 'insert into oauth.grant_context (grant_id, session_id, tenant_id, user_id) values ($1, $2, $3, $4)', values: [grantId, session, tenant, user] })
      await client.query({
        name: 'keep_last_tenant',
        text: `insert into last_tenant (user_id, tenant_id) select $1, $2 where $2::uuid is not null on conflict (user_id) do update set tenant_id = excluded.tenant_id, used_at = now() where last_tenant.tenant_id <> excluded.tenant_id`,
        values: [user, tenant],
      })
    } finally {
      client.release()
    }
  }

  const inside: FastifyInstance = Fastify({ logger: false })
  inside.removeAllContentTypeParsers()
  inside.addContentTypeParser('*', (_req, _payload, done) => done(null)) // the library reads the body itself
  inside.all('/*', (req, reply) => {
    reply.hijack()
    return current().answer(req.raw, reply.raw)
  })
  await inside.ready()
  const { protocol, host } = new URL(o.publicUrl)
  const asked = { host, 'x-forwarded-proto': protocol.slice(0, -1) }

  async function askToken(call: Call, form: Record<string, string>): Promise<Pair | undefined> {
    const request = caller.getStore()
    // awaited inside: what inject() returns begins its work only then, and would do so without the stores
    const got = await calls.run(call, () => caller.run({ actor: null, request: 'token', ...request }, async () => await
      inside.inject({ method: 'POST', url: '/token', headers: { ...asked, 'content-type': 'application/x-www-form-urlencoded' }, payload: new URLSearchParams({ client_id: firstParty, ...form }).toString() })))
    if (got.statusCode >= 500) throw new Error('the token endpoint failed')
    if (got.statusCode !== 200) return undefined
    const body = got.json<{ access_token: string; refresh_token: string; expires_in: number }>()
    return { accessToken: body.access_token, refreshToken: body.refresh_token, expiresIn: body.expires_in }
  }

  return {
    issuer,
    audience,
    /** Public keys, for checking access tokens offline; rotation changes them. */
    publicKeys: () => o.keys.set().public,
    /** Answers a request of the outside world, whose url begins behind the issuer's path. */
    answer: ((req, res) => current().answer(req, res)) as ReturnType<Provider['callback']>,
    /** A grant ends with the session it was given for. */
    bindGrant,
    /** A pair for a session; a later refresh dies with that session, with a ban, and with the membership in the tenant. */
    async issue(login: Login): Promise<Pair> {
      const call: Call = { login }
      return (await askToken(call, { grant_type: exchangeGrant, subject_token: 'in-process' })) ?? refuse('auth.token_refused', `no pair: ${call.fault ?? 'refused'}`)
    },
    /** The refresh table: never used: a new pair; used less than 2 s ago: 409, the chain lives; used earlier: 401, the whole grant dies; else 401. */
    async refresh(refreshToken: string): Promise<{ pair: Pair; context: GrantContext }> {
      const call: Call = {}
      const pair = await askToken(call, { grant_type: 'refresh_token', refresh_token: refreshToken })
      if (pair && call.context) return { pair, context: call.context }
      refuse(call.fault === raced ? 'auth.refresh_raced' : 'auth.refresh_refused')
    },
    /** Metadata and keys as the provider states them. */
    async describe(path: '/.well-known/openid-configuration' | '/jwks'): Promise<unknown> {
      return (await inside.inject({ method: 'GET', url: path, headers: asked })).json()
    },
    close: () => inside.close(),
  }
}
