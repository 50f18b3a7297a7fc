// What all issuers of the installation have in common, the platform's own and each tenant's: addresses, lifetimes, what is refused. Tokens for third
// parties are opaque, since a JWT could neither be revoked nor introspected; PKCE is S256; a refresh token is used once.
import { errors, type Client, type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import type { ArtifactAdapter } from './artifacts.ts'
import { createIssuerPages } from './issuer-pages.ts'
import type { PageBrand } from './page-html.ts'
import type { KeySet } from './signing-keys.ts'

export const accessTokenSeconds = 600
/** Absolute life of what a third party was granted; a refresh carries its first moment on. */
export const grantSeconds = 90 * 86_400
/** Sign-on of a browser at an issuer; it also ends with the session of the application. */
const browserSeconds = 86_400

/** Paths below the issuer's own. */
export const issuerRoutes = {
  authorization: '/authorize', token: '/token', userinfo: '/userinfo', introspection: '/introspect', revocation: '/revoke', registration: '/register', jwks: '/jwks',
  end_session: '/end-session', device_authorization: '/device', code_verification: '/activate', pushed_authorization_request: '/par',
}
/** Scopes of OpenID Connect: they say something about the person, and open nothing at the API. `profile` does both. */
export const personScopes: readonly string[] = ['openid', 'offline_access', 'email', 'profile']
export const apiScopes: readonly string[] = ['read', 'write', 'profile', 'admin']
export const builtInScopes: readonly string[] = ['openid', 'offline_access', 'email', ...apiScopes]

/** Properties of a client beyond RFC 7591; only administrators set them. */
export const ownClientProperties = ['pkce_optional', 'resource_server'] as const
type OwnProperties = { pkce_optional?: boolean; resource_server?: boolean }

export type IssuerParts = {
  issuer: string
  /** of the API, which `resource` may name */
  audience: string
  adapter: (kind: string) => ArtifactAdapter | object
  keys: KeySet
  cookies: readonly string[]
  customScopes?: readonly string[]
  /** whose pages they are */
  brand: () => Promise<PageBrand>
}
type Features = NonNullable<Configuration['features']>

/** @returns a configuration to which an issuer adds its clients, accounts and grants */
export function commonOptions({ issuer, audience, adapter, keys, cookies, customScopes = [], brand }: IssuerParts): Configuration & { features: Features } {
  const pages = createIssuerPages(brand)
  const cookie = { signed: true, httpOnly: true, sameSite: 'lax', overwrite: true } as const
  const own = (client: Client) => client as Client & OwnProperties
  const mayAsk = (_ctx: KoaContextWithOIDC, client: Client, token: { clientId?: string | undefined }) => client.clientId === token.clientId
  return {
    adapter: adapter as never,
    jwks: { keys: keys.private as never },
    // of this issuer's paths only, or the sign-on of one tenant would replace another's
    cookies: { keys: [...cookies], names: { session: 'gw_sign_on', interaction: 'gw_interaction', resume: 'gw_resume' }, long: { ...cookie, path: new URL(issuer).pathname }, short: cookie },
    routes: issuerRoutes,
    scopes: [...builtInScopes, ...customScopes],
    claims: { openid: ['sub'], profile: ['name', 'picture'], email: ['email', 'email_verified'] },
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    extraClientMetadata: {
      properties: [...ownClientProperties],
      validator: (_ctx, key, value) => {
        if (value !== undefined && typeof value !== 'boolean') throw new errors.InvalidClientMetadata(`${key} must be a boolean`)
      },
    },
    pkce: { required: (_ctx, client) => client.clientAuthMethod === 'none' || own(client).pkce_optional !== true },
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: (_ctx, code) => !code.scopes.has('offline_access'),
    // without this every request that carries an Origin is refused, at the token endpoint too
    clientBasedCORS: (_ctx, origin, client) => originsOf(client).has(origin),
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'], userinfoSigningAlgValues: ['RS256', 'ES256'], clientAuthSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
    // metadata that would make this server ask another one is refused at registration; nothing gets here
    fetch: () => Promise.reject(new Error('an issuer asks no other server')),
    renderError: pages.error,
    ttl: {
      AccessToken: accessTokenSeconds, ClientCredentials: accessTokenSeconds, AuthorizationCode: 60, DeviceCode: 600, IdToken: 3600, Interaction: 3600, Session: browserSeconds, Grant: grantSeconds,
      RefreshToken: (_ctx, token) => Math.max(1, Math.floor((token.iiat ?? Date.now() / 1000) + grantSeconds - Date.now() / 1000)),
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      clientCredentials: { enabled: true },
      userinfo: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      deviceFlow: { enabled: true, charset: 'base-20', mask: '****-****', userCodeInputSource: pages.codeInput, userCodeConfirmSource: pages.codeConfirm, successSource: pages.deviceDone },
      rpInitiatedLogout: { enabled: true, logoutSource: pages.signOut, postLogoutSuccessSource: pages.signedOut },
      introspection: { enabled: true, allowedPolicy: (ctx, client, token) => mayAsk(ctx, client, token) || own(client).resource_server === true },
      revocation: { enabled: true, allowedPolicy: mayAsk },
      resourceIndicators: {
        enabled: true, defaultResource: () => undefined as never, useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => {
          if (resource !== audience) throw new errors.InvalidTarget()
          return { audience, scope: [...apiScopes, ...customScopes].join(' '), accessTokenTTL: accessTokenSeconds, accessTokenFormat: 'opaque' as const }
        },
      },
    },
  }
}

/** Where a client's pages live, as its redirect addresses say. */
export function originsOf(client: Pick<Client, 'redirectUris'>): Set<string> {
  return new Set((client.redirectUris ?? []).flatMap((uri) => (URL.canParse(uri) && new URL(uri).origin !== 'null' ? [new URL(uri).origin] : [])))
}
