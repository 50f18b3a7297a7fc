// One tenant's issuer: what all issuers have in common, and its own clients, people, scopes and grants. A client or token of another tenant does not
// exist here, since everything it reads and writes is bound to this one.
import { hash } from 'node:crypto'
import Provider, { errors, interactionPolicy, type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import type { Who } from '../../kernel/db.ts'
import { builtInScopes, commonOptions, graceMs, openArtifacts, ownClientProperties } from '../identity/api.ts'
import { ClientAdapter } from './client-adapter.ts'
import { findAllowed } from './consents.ts'
import { addClientCredentials, addPassword } from './grants.ts'
import { refusedMetadata } from './metadata.ts'
import type { IssuerFacts, OAuthParts } from './issuers.ts'
import { findSignOn } from './sign-on.ts'

/** The clients that a policy lets in may have nothing that an administrator has not decided. */
export const selfService = 'self-service'

/** @returns the library's provider for the tenant, which never changes: other facts, another provider */
export function buildProvider(parts: OAuthParts, facts: IssuerFacts): Provider {
  const { identity, kernel } = parts
  const { pool } = identity
  const { tenant, issuer } = facts
  const nobody = (): Who => ({ tenant, actor: { type: 'system', id: null }, request: facts.requestId() })
  const clients = new ClientAdapter({
    tenant, customScopes: facts.scopes, keys: kernel.keys, context: () => kernel.app.context(nobody()),
    takeRegistration: (token) => takeRegistration(parts, tenant, token),
  })
  const artifacts = openArtifacts({ pool, sealer: identity.sealer, tenant, graceMs, onEnd: identity.changed })
  const common = commonOptions({
    issuer, audience: `${kernel.publicUrl}/api`, keys: facts.keys, cookies: identity.secrets.cookies, customScopes: facts.scopes, brand: async () => (await parts.brandOf(tenant)) ?? { name: facts.name },
    adapter: (kind) => (kind === 'Client' ? clients : artifacts(kind)),
  })
  const { Check, base } = interactionPolicy
  const policy = base()
  policy.get('login')!.checks.add(new Check('app_session', 'the session of the application is missing or somebody else\'s', async (ctx) => {
    const person = await findSignOn(parts, tenant, ctx.req.headers.cookie)
    const { accountId, amr = [] } = (ctx.oidc.session ?? {}) as { accountId?: string; amr?: string[] }
    const same = person && (accountId === undefined || (accountId === person.user && amr.join(' ') === person.amr.join(' ')))
    return same && person.member && !person.hindrance ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT
  }, () => ({})))

  const configuration: Configuration = {
    ...common,
    interactions: { policy, url: (_ctx, interaction) => `${new URL(issuer).pathname}/interaction/${interaction.uid}` },
    // how the person proved who they are goes with every token, since the tenant's rules are judged at the API too
    extraTokenClaims: (ctx, token) => amrClaim(ctx, token as { gty?: string }),
    loadExistingGrant: (ctx) => loadGrant(ctx),
    findAccount: (_ctx, sub, token) => findPerson(parts, tenant, sub, token && 'grantId' in token ? token.grantId : undefined),
    features: {
      ...common.features,
      registration: {
        enabled: true, initialAccessToken: true, idFactory: () => parts.newId(), secretFactory: () => parts.newSecret(),
        policies: {
          [selfService]: (_ctx, properties) => {
            const wanted = (properties.scope ?? 'openid profile read').split(' ')
            for (const word of refusedMetadata) if (word in properties) throw new errors.InvalidClientMetadata(`${word} is not taken: send the keys themselves as jwks`)
            for (const word of ownClientProperties) delete (properties as Record<string, unknown>)[word]
            const grants = properties.grant_types ?? ['authorization_code']
            if (grants.includes('password')) throw new errors.InvalidClientMetadata('grant_types: password needs an administrator')
            if (wanted.includes('admin')) throw new errors.InvalidClientMetadata('scope: admin needs an administrator')
            if (wanted.some((scope) => !builtInScopes.includes(scope))) throw new errors.InvalidClientMetadata('scope: those of the tenant\'s own need an administrator')
            properties.scope = wanted.join(' ')
            properties.grant_types = grants
            if (!grants.includes('authorization_code')) properties.response_types ??= []
          },
        },
      },
      registrationManagement: { enabled: true },
    },
  }
  const provider = new Provider(issuer, configuration)
  provider.proxy = true // whoever hands a request on has written the public address into its headers
  provider.on('server_error', (_ctx, error) => identity.onError(error))
  provider.on('grant.error', (ctx, error) => void noteReuse(ctx, error).catch((failed: unknown) => identity.onError(failed)))
  provider.use(sayUnauthorized)
  // two secrets are good while a rotation overlaps, and a new one from the moment it was shown, whichever process is asked
  const { compareClientSecret } = provider.Client.prototype as { compareClientSecret(actual: string): boolean }
  Object.assign(provider.Client.prototype, {
    async compareClientSecret(this: { clientId: string }, actual: string): Promise<boolean> {
      if (compareClientSecret.call(this, actual)) return true
      return (await clients.secretsNow(this.clientId)).some((clientSecret) => compareClientSecret.call({ clientSecret }, actual))
    },
  })
  addClientCredentials(provider, facts.scopes)
  if (facts.password) addPassword(provider, parts, facts)
  return provider

  /** A browser that was granted something goes on with it; another one of somebody who was asked before gets a grant of its own, so that ending one
      chain of refresh tokens leaves the others alone. */
  async function loadGrant(ctx: KoaContextWithOIDC) {
    const { session, client, result, account } = ctx.oidc
    const known = result?.consent?.grantId ?? session!.grantIdFor(client!.clientId)
    const found = known ? await provider.Grant.find(known) : undefined
    if (found && found.accountId === account!.accountId) return found
    const allowed = await findAllowed(kernel.app.context({ ...nobody(), actor: { type: 'user', id: account!.accountId } }), client!.clientId)
    if (!allowed) return undefined
    const grant = new provider.Grant({ accountId: account!.accountId, clientId: client!.clientId })
    grant.addOIDCScope(allowed.join(' '))
    for (const resource of Object.keys(ctx.oidc.resourceServers ?? {})) grant.addResourceScope(resource, allowed.join(' '))
    await grant.save()
    return grant
  }

  /** A refresh token that comes a second time was copied: the library has ended what hung on it; the tenant's audit says so. */
  async function noteReuse(ctx: KoaContextWithOIDC, error: unknown): Promise<void> {
    const { RefreshToken: token } = ctx.oidc.entities
    if (!token?.consumed || (error as { error_detail?: string }).error_detail !== 'refresh token already used') return
    const clientId = ctx.oidc.client!.clientId
    await kernel.app.context(nobody()).change('refresh-token.reused', { subject: clientId, person: token.accountId, data: { clientId }, run: [] })
  }
}

function amrClaim(ctx: KoaContextWithOIDC, { gty = '' }: { gty?: string }): { amr?: string[] } {
  const { RefreshToken: refresh, AuthorizationCode: code, DeviceCode: device } = ctx.oidc.entities
  const amr = gty.startsWith('password') ? ['password'] : (refresh?.amr ?? code?.amr ?? device?.amr)
  return amr?.length ? { amr: amr as string[] } : {}
}

/** RFC 6749, 5.2 has a code of its own for a client that may not use a grant; the library says invalid_request. */
async function sayUnauthorized(ctx: KoaContextWithOIDC, next: () => Promise<unknown>): Promise<void> {
  await next()
  const body = ctx.body as { error?: string; error_description?: string } | undefined
  if (body?.error === 'invalid_request' && body.error_description === 'requested grant type is not allowed for this client') body.error = 'unauthorized_client'
}

/** Asked at every code, refresh and userinfo. Nobody there (gone, banned, no longer a member, or the sign-in it hangs on has ended) means invalid_grant. */
async function findPerson({ identity }: OAuthParts, tenant: string, sub: string, grantId: string | undefined) {
  const { rows: [row] } = await identity.pool.query<{ name: string; email: string; verified: boolean; image: string | null }>({
    name: 'oauth_person',
    text: `select u.name, u.email, u."emailVerified" as verified, u.image from "user" u join member m on m."userId" = u.id and m."organizationId" = $2
           where u.id = $1 and not (coalesce(u.banned, false) and coalesce(u."banExpires" > now(), true))
             and not exists (select from oauth.grant_context g where g.grant_id = $3 and g.session_id is not null and not exists (select from session s where s.id = g.session_id and s."expiresAt" > now()))`,
    values: [sub, tenant, grantId ?? null],
  })
  if (!row) return undefined
  return { accountId: sub, claims: () => ({ sub, name: row.name, email: row.email, email_verified: row.verified, ...(row.image ? { picture: row.image } : {}) }) }
}

/** One registration less, in one statement, so that two at once cannot share the last. */
async function takeRegistration({ identity }: OAuthParts, tenant: string, token: string): Promise<boolean> {
  const { rowCount } = await identity.pool.query(
    `update oauth.artifact set payload = jsonb_set(payload, '{quota}', to_jsonb((payload ->> 'quota')::int - 1))
     where kind = 'InitialAccessToken' and key_hash = $1 and tenant_id = $2 and (payload ->> 'quota')::int > 0 and expires_at > now()`, [hash('sha256', token, 'buffer'), tenant])
  return rowCount === 1
}
