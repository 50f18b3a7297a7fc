// The client's side of OpenID Connect (Core 1.0, code flow with PKCE, state, nonce and RFC 9207) and of the two providers that speak OAuth 2.0 only.
// The library is loaded at the first use; every request leaves by the egress guard.
import type { AuthorizationServer, Client, ClientAuth } from 'oauth4webapi'
import type { Egress } from '../../kernel/egress.ts'
import { refuse } from '../../kernel/errors.ts'

export type Fetch = ReturnType<Egress['fetchAs']>
export type OidcClient = { issuer: string; clientId: string; clientSecret: string | null; scopes: readonly string[] }
/** What stands between the way out and the way back; kept under the state's hash. */
export type Leg = { state: string; nonce: string; verifier: string }
/** Whom the provider has seen, with all its claims. */
export type Claims = { subject: string; email: string | null; emailVerified: boolean; name: string; all: Record<string, unknown> }

const library = () => import('oauth4webapi')
type Library = Awaited<ReturnType<typeof library>>
/** Plain http only to this machine, which the guard lets through for operators and tests alone. */
const isLoopback = (issuer: string) => /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/.test(issuer)
/** Microsoft's address for all directories: its tokens name the issuer of the person's own. */
const isShared = (url: URL) => url.hostname === 'login.microsoftonline.com' && /^\/(common|organizations|consumers)\//.test(url.pathname)
const optionsOf = (l: Library, issuer: string, fetch: Fetch) => ({ [l.customFetch]: fetch as never, [l.allowInsecureRequests]: isLoopback(issuer) })

/** @throws Error with words that say what is wrong with the provider */
export async function discover(issuer: string, fetch: Fetch): Promise<AuthorizationServer> {
  const l = await library()
  const url = new URL(issuer)
  if (url.protocol !== 'https:' && !isLoopback(issuer)) throw new Error('the issuer must be an https address')
  const answer = await l.discoveryRequest(url, optionsOf(l, issuer, fetch))
  const server = await l.processDiscoveryResponse(isShared(url) ? (l as unknown as { _nodiscoverycheck: URL })._nodiscoverycheck : url, answer)
  if (isShared(url)) Object.assign(server, { [(l as unknown as { _expectedIssuer: symbol })._expectedIssuer]: ({ claims }: { claims: { tid?: string } }) => server.issuer.replace('{tenantid}', claims.tid ?? '') })
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) if (!server[name]) throw new Error(`the provider's metadata lack ${name}`)
  return server
}

export async function newLeg(): Promise<Leg> {
  const l = await library()
  return { state: l.generateRandomState(), nonce: l.generateRandomNonce(), verifier: l.generateRandomCodeVerifier() }
}

export async function authorizationUrl(server: AuthorizationServer, client: OidcClient, redirectUri: string, leg: Leg, hint?: string): Promise<string> {
  const l = await library()
  const url = new URL(server.authorization_endpoint!)
  for (const [name, value] of Object.entries({
    client_id: client.clientId, redirect_uri: redirectUri, response_type: 'code', scope: client.scopes.join(' '), state: leg.state,
    ...(server.jwks_uri ? { nonce: leg.nonce } : {}), // OAuth 2.0 alone knows none
    code_challenge: await l.calculatePKCECodeChallenge(leg.verifier), code_challenge_method: 'S256', ...(hint ? { login_hint: hint } : {}),
  })) url.searchParams.set(name, value)
  return url.href
}

/** The way back: checks state and issuer of the answer, trades the code, checks the id_token and its signature, asks userinfo for what it lacks.
    @throws Error with words for whoever set the provider up */
export async function redeem(server: AuthorizationServer, client: OidcClient, redirectUri: string, leg: Leg, answer: URLSearchParams, fetch: Fetch): Promise<Claims> {
  const l = await library()
  const options = optionsOf(l, server.issuer, fetch)
  const self: Client = { client_id: client.clientId }
  const parameters = l.validateAuthResponse(server, self, answer, leg.state)
  const tokens = await l.authorizationCodeGrantRequest(server, self, authOf(l, server, client.clientSecret), parameters, redirectUri, leg.verifier, options)
  const result = await l.processAuthorizationCodeResponse(server, self, tokens, { expectedNonce: leg.nonce, requireIdToken: true })
  await l.validateApplicationLevelSignature(server, tokens, options)
  const id = l.getValidatedIdTokenClaims(result)!
  let all: Record<string, unknown> = { ...id }
  if (server.userinfo_endpoint) {
    const info = await l.processUserInfoResponse(server, self, id.sub, await l.userInfoRequest(server, self, result.access_token, options))
    all = { ...info, ...all }
  }
  return { subject: id.sub, email: text(all.email), emailVerified: isTrue(all.email_verified) || isTrue(all.xms_edov), name: text(all.name) ?? text(all.preferred_username) ?? '', all }
}

function authOf(l: Library, server: AuthorizationServer, secret: string | null): ClientAuth {
  if (secret === null) return l.None()
  const known = server.token_endpoint_auth_methods_supported
  return known && !known.includes('client_secret_basic') && known.includes('client_secret_post') ? l.ClientSecretPost(secret) : l.ClientSecretBasic(secret)
}
export const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const isTrue = (value: unknown) => value === true || value === 'true' || value === 1 || value === '1'

/** A claim that holds groups: a list, or one text with commas. */
export function groupsOf(all: Record<string, unknown>, claim: string): string[] {
  const value = claim.split('.').reduce<unknown>((at, part) => (at && typeof at === 'object' ? (at as Record<string, unknown>)[part] : undefined), all) ?? all[claim]
  const list = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : []
  return list.filter((v): v is string => typeof v === 'string').map((v) => v.trim()).filter(Boolean)
}

/** Words of an outside failure, fit for the log of whoever set it up; they carry no secret. */
export function reasonOf(error: unknown): string {
  const e = error as { error?: string; error_description?: string; message?: string; code?: string; cause?: { message?: string } }
  return [e.error ?? e.message ?? String(error), e.error_description].filter(Boolean).join(': ').slice(0, 300)
}
export const badAnswer = (reason: string): never => refuse('sso.refused', `the provider's answer was not accepted: ${reason}`)
