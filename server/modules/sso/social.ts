// Providers of the installation, by settings. Google, Microsoft and any other speak OpenID Connect; GitHub and Discord speak OAuth 2.0, and tell
// about the person by an API of their own.
import type { AuthorizationServer } from 'oauth4webapi'
import { discover, redeem, text, type Claims, type Fetch, type Leg, type OidcClient } from './relying-party.ts'

export type SocialProvider = { id: string; name: string; clientId: string; clientSecret: string; issuer: string; scopes: readonly string[]; /** without OpenID Connect: where it is, and how to ask about the person */ plain?: Plain }
/** `headers`: what its API wants beside the token. */
type Plain = { authorize: string; token: string; headers: Record<string, string>; person(ask: (url: string) => Promise<unknown>): Promise<Omit<Claims, 'all'>> }
export type SocialSettings = Record<`${'GOOGLE' | 'GITHUB' | 'DISCORD' | 'MICROSOFT' | 'OIDC'}_CLIENT_${'ID' | 'SECRET'}` | 'OIDC_ISSUER' | 'OIDC_NAME' | 'MICROSOFT_TENANT', string | undefined>

const record = (value: unknown) => (value && typeof value === 'object' ? value : {}) as Record<string, unknown>
/** Their own name for a person: a number at GitHub, a text at Discord. What is neither names nobody. */
const subjectOf = (id: unknown) => (typeof id === 'number' ? String(id) : (text(id) ?? ''))
/** https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps */
export const gitHub = (web = 'https://github.com', api = 'https://api.github.com'): Plain => ({
  authorize: `${web}/login/oauth/authorize`, token: `${web}/login/oauth/access_token`, headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
  async person(ask) {
    const user = record(await ask(`${api}/user`))
    const emails = await ask(`${api}/user/emails`)
    const primary = (Array.isArray(emails) ? emails : []).map(record).find((e) => e.primary === true)
    return { subject: subjectOf(user.id), email: text(primary?.email), emailVerified: primary?.verified === true, name: text(user.name) ?? text(user.login) ?? '' }
  },
})
/** https://discord.com/developers/docs/topics/oauth2 */
export const discord = (home = 'https://discord.com'): Plain => ({
  authorize: `${home}/oauth2/authorize`, token: `${home}/api/oauth2/token`, headers: { accept: 'application/json' },
  async person(ask) {
    const user = record(await ask(`${home}/api/v10/users/@me`))
    return { subject: subjectOf(user.id), email: text(user.email), emailVerified: user.verified === true, name: text(user.global_name) ?? text(user.username) ?? '' }
  },
})

/** Those whose id and secret are set. */
export function socialProviders(s: SocialSettings): SocialProvider[] {
  const found: SocialProvider[] = []
  const add = (id: string, name: string, issuer: string | undefined, scopes: string[], plain?: Plain) => {
    const [clientId, clientSecret] = [s[`${id.toUpperCase()}_CLIENT_ID` as 'OIDC_CLIENT_ID'], s[`${id.toUpperCase()}_CLIENT_SECRET` as 'OIDC_CLIENT_SECRET']]
    if (clientId && clientSecret && issuer) found.push({ id, name, issuer: issuer.replace(/\/+$/, ''), clientId, clientSecret, scopes, ...(plain ? { plain } : {}) })
  }
  add('google', 'Google', 'https://accounts.google.com', ['openid', 'email', 'profile'])
  add('microsoft', 'Microsoft', `https://login.microsoftonline.com/${s.MICROSOFT_TENANT ?? 'common'}/v2.0`, ['openid', 'email', 'profile'])
  add('github', 'GitHub', 'https://github.com', ['read:user', 'user:email'], gitHub())
  add('discord', 'Discord', 'https://discord.com', ['identify', 'email'], discord())
  add('oidc', s.OIDC_NAME ?? 'Single sign-on', s.OIDC_ISSUER, ['openid', 'email', 'profile'])
  return found
}

export async function serverOf(provider: SocialProvider, fetch: Fetch): Promise<AuthorizationServer> {
  if (!provider.plain) return discover(provider.issuer, fetch)
  return { issuer: provider.issuer, authorization_endpoint: provider.plain.authorize, token_endpoint: provider.plain.token }
}

/** @throws Error with words for whoever set the provider up */
export async function redeemSocial(provider: SocialProvider, server: AuthorizationServer, redirectUri: string, leg: Leg, answer: URLSearchParams, ask: Fetch): Promise<Claims> {
  const client: OidcClient = { ...provider }
  if (!provider.plain) return redeem(server, client, redirectUri, leg, answer, ask)
  if (answer.get('state') !== leg.state || answer.getAll('code').length !== 1) throw new Error(answer.get('error_description') ?? answer.get('error') ?? 'the answer does not belong to this sign-in')
  const form = new URLSearchParams({ grant_type: 'authorization_code', code: answer.get('code')!, redirect_uri: redirectUri, client_id: provider.clientId, client_secret: provider.clientSecret, code_verifier: leg.verifier })
  const tokens = record(await json([200, 400], await ask(provider.plain.token, { method: 'POST', headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString() })))
  const token = text(tokens.access_token)
  if (!token) throw new Error(text(tokens.error_description) ?? text(tokens.error) ?? 'the provider gave no token')
  const person = await provider.plain.person(async (url) => json([200], await ask(url, { headers: { ...provider.plain!.headers, authorization: `Bearer ${token}`, 'user-agent': 'groundwork' } })))
  if (!person.subject) throw new Error('the provider did not say who it is')
  return { ...person, all: {} }
}
async function json(known: readonly number[], answer: Response): Promise<unknown> {
  if (!known.includes(answer.status)) throw new Error(`the provider answered ${answer.status}`)
  return answer.json()
}
