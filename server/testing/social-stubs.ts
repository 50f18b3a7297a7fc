// Google, Microsoft, GitHub and Discord as they document themselves, on one port: of an address of theirs the host becomes the first part of the path.
// Each endpoint takes the method, parameters and headers that the provider's document names; anything else is refused and kept as a fault.
//   Google     https://developers.google.com/identity/openid-connect/openid-connect
//   Microsoft  https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc, v2-oauth2-auth-code-flow, id-token-claims-reference
//   GitHub     https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps, /en/rest/users/emails
//   Discord    https://discord.com/developers/docs/topics/oauth2, /reference, /resources/user
import { createHash, randomBytes } from 'node:crypto'
import http, { type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { openEgress, type Egress } from '../kernel/egress.ts'
import { afterwards } from './afterwards.ts'

export type SocialId = 'google' | 'microsoft' | 'github' | 'discord'
/** Who sits at the provider. */
export type Outsider = { id: string; email: string | null; verified: boolean; name: string }
/** What a dishonest or broken provider would do. */
export type Lies = {
  claims?(claims: Record<string, unknown>): Record<string, unknown>
  key?: 'other' | 'none'
  /** instead of the token endpoint's answer */
  token?: unknown
  /** instead of the answer about the person, by its path */
  person?: Record<string, { status?: number; body: unknown }>
  back?(to: URL): void
}
type Rules = Record<string, RegExp>
type Asked = { given: URLSearchParams; headers: IncomingHttpHeaders }
type Reply = { status?: number; body?: unknown; location?: string }
type Endpoint = { method: 'GET' | 'POST'; needs?: Rules; may?: Rules; headers?: Rules; answer(asked: Asked): Reply | Promise<Reply> }

const clientOf = (id: SocialId) => ({ clientId: `${id}-client`, clientSecret: `${id} secret: 100 % of it` })
const directory = '9188040d-6c67-4c5b-b112-36a304b66dad'
const s256 = /^[\w-]{43}$/
const [random, verifier] = [/^[\w-]{20,}$/, /^[\w.~-]{43,128}$/]
const textOf = (text: string) => new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`)

export async function socialStubs(t: Pick<TestContext, 'after'>, publicUrl: string) {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const other = await generateKeyPair('RS256')
  const keys = { body: { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] } }
  const state = { person: { id: '1', email: null, verified: false, name: '' } as Outsider, lies: {} as Lies, faults: [] as string[], asked: [] as string[] }
  const codes = new Map<string, { id: SocialId; challenge: string; nonce: string; person: Outsider }>()
  const tokens = new Map<string, { id: SocialId; person: Outsider }>()

  /** Where a browser asks: signs the person in at once. */
  const authorize = (id: SocialId, more: { needs?: Rules; scope: string; iss?: string }): Endpoint => ({
    method: 'GET',
    needs: { client_id: textOf(clientOf(id).clientId), redirect_uri: textOf(`${publicUrl}/login/callback/${id}`), response_type: /^code$/, scope: textOf(more.scope), state: random, code_challenge: s256, code_challenge_method: /^S256$/, ...more.needs },
    answer({ given }) {
      const code = randomBytes(16).toString('hex')
      codes.set(code, { id, challenge: given.get('code_challenge')!, nonce: given.get('nonce') ?? '', person: state.person })
      const back = new URL(given.get('redirect_uri')!)
      for (const [name, value] of Object.entries({ code, state: given.get('state')!, ...(more.iss ? { iss: more.iss } : {}) })) back.searchParams.set(name, value)
      state.lies.back?.(back)
      return { status: 302, location: back.href }
    },
  })
  /** A code is good once, with its verifier, for the client that asked. `broken`: how the provider says that it is not. */
  const token = (id: SocialId, { headers = {}, broken, claims }: { headers?: Rules; broken: Reply; claims?(person: Outsider, nonce: string): Record<string, unknown> }): Endpoint => ({
    method: 'POST',
    needs: { grant_type: /^authorization_code$/, code: /^\w+$/, redirect_uri: textOf(`${publicUrl}/login/callback/${id}`), code_verifier: verifier },
    may: { client_id: textOf(clientOf(id).clientId), client_secret: textOf(clientOf(id).clientSecret) },
    headers: { 'content-type': /^application\/x-www-form-urlencoded(;|$)/, ...headers },
    async answer({ given, headers: { authorization = '' } }) {
      // by the header, where both parts are form-encoded (RFC 6749, 2.3.1), or in the body; never both
      const [user, secret] = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString().split(':').map((part) => new URLSearchParams(`v=${part}`).get('v'))
      const client = authorization ? { clientId: user, clientSecret: secret } : { clientId: given.get('client_id'), clientSecret: given.get('client_secret') }
      if ((authorization && given.has('client_secret')) || JSON.stringify(client) !== JSON.stringify(clientOf(id))) return { status: 401, body: { error: 'invalid_client' } }
      const found = codes.get(given.get('code')!)
      codes.delete(given.get('code')!)
      if (!found || found.id !== id || found.challenge !== createHash('sha256').update(given.get('code_verifier')!).digest('base64url')) return broken
      if ('token' in state.lies) return { body: state.lies.token }
      const access = randomBytes(16).toString('hex')
      tokens.set(access, { id, person: found.person })
      return { body: { access_token: access, token_type: 'Bearer', expires_in: 3599, ...(claims ? { id_token: await signed(claims(found.person, found.nonce)) } : {}) } }
    },
  })
  async function signed(honest: Record<string, unknown>): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iat: now, exp: now + 3599, ...honest }
    const told = state.lies.claims?.(claims) ?? claims
    const jwt = await new SignJWT(told).setProtectedHeader({ alg: 'RS256', kid: 'one', typ: 'JWT' }).sign(state.lies.key === 'other' ? other.privateKey : privateKey)
    return state.lies.key === 'none' ? `${Buffer.from('{"alg":"none"}').toString('base64url')}.${jwt.split('.')[1]}.` : jwt
  }
  /** What a token says about its person. */
  const about = (id: SocialId, path: string, headers: Rules, say: (person: Outsider) => unknown): Endpoint => ({
    method: 'GET', headers: { authorization: /^Bearer \w+$/, ...headers },
    answer({ headers: { authorization = '' } }) {
      const found = tokens.get(authorization.slice(7))
      return found?.id === id ? (state.lies.person?.[path] ?? { body: say(found.person) }) : { status: 401, body: { message: 'Bad credentials' } }
    },
  })
  const invalidGrant = { status: 400, body: { error: 'invalid_grant', error_description: 'the code is used, too old or somebody else\'s' } }
  const json = { accept: /application\/json/ }
  const profile = { email: 'openid email profile', gitHub: 'read:user user:email', discord: 'identify email' }
  const nonce = { nonce: random }
  const oidc = { response_types_supported: ['code', 'id_token', 'code id_token'], id_token_signing_alg_values_supported: ['RS256'], token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'], code_challenge_methods_supported: ['plain', 'S256'] }
  const gitHubApi = { accept: /^application\/vnd\.github\+json$/, 'x-github-api-version': /^2022-11-28$/, 'user-agent': /^\S+/ }

  const endpoints: Record<string, Endpoint> = {
    'accounts.google.com/.well-known/openid-configuration': { method: 'GET', answer: () => ({ body: { ...oidc, issuer: 'https://accounts.google.com', authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth', token_endpoint: 'https://oauth2.googleapis.com/token', userinfo_endpoint: 'https://openidconnect.googleapis.com/v1/userinfo', jwks_uri: 'https://www.googleapis.com/oauth2/v3/certs', subject_types_supported: ['public'], authorization_response_iss_parameter_supported: true } }) },
    'accounts.google.com/o/oauth2/v2/auth': authorize('google', { needs: nonce, scope: profile.email, iss: 'https://accounts.google.com' }),
    'oauth2.googleapis.com/token': token('google', { broken: invalidGrant, claims: (p, nonce) => ({ iss: 'https://accounts.google.com', azp: clientOf('google').clientId, aud: clientOf('google').clientId, sub: p.id, email: p.email ?? undefined, email_verified: p.verified, name: p.name, nonce }) }),
    'openidconnect.googleapis.com/v1/userinfo': about('google', '/v1/userinfo', {}, (p) => ({ sub: p.id, name: p.name, email: p.email ?? undefined, email_verified: p.verified })),
    'www.googleapis.com/oauth2/v3/certs': { method: 'GET', answer: () => keys },

    'login.microsoftonline.com/common/v2.0/.well-known/openid-configuration': { method: 'GET', answer: () => ({ body: { ...oidc, issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0', authorization_endpoint: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize', token_endpoint: 'https://login.microsoftonline.com/common/oauth2/v2.0/token', userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo', jwks_uri: 'https://login.microsoftonline.com/common/discovery/v2.0/keys', subject_types_supported: ['pairwise'] } }) },
    'login.microsoftonline.com/common/oauth2/v2.0/authorize': authorize('microsoft', { needs: nonce, scope: profile.email }),
    'login.microsoftonline.com/common/oauth2/v2.0/token': token('microsoft', { broken: { status: 400, body: { error: 'invalid_grant', error_description: 'AADSTS70008: The provided authorization code has expired', error_codes: [70008] } }, claims: (p, nonce) => ({ iss: `https://login.microsoftonline.com/${directory}/v2.0`, tid: directory, aud: clientOf('microsoft').clientId, sub: p.id, oid: p.id, ver: '2.0', preferred_username: p.email ?? p.id, email: p.email ?? undefined, ...(p.verified ? { xms_edov: true } : {}), name: p.name, nonce }) }),
    'graph.microsoft.com/oidc/userinfo': about('microsoft', '/oidc/userinfo', {}, (p) => ({ sub: p.id, name: p.name, email: p.email ?? undefined })),
    'login.microsoftonline.com/common/discovery/v2.0/keys': { method: 'GET', answer: () => keys },

    'github.com/login/oauth/authorize': authorize('github', { scope: profile.gitHub }),
    'github.com/login/oauth/access_token': token('github', { headers: json, broken: { body: { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' } } }), // with status 200, as documented
    'api.github.com/user': about('github', '/user', gitHubApi, (p) => ({ id: Number(p.id), login: 'octocat', name: p.name || null, email: null })),
    'api.github.com/user/emails': about('github', '/user/emails', gitHubApi, (p) => [{ email: 'proven-but-second@example.test', verified: true, primary: false, visibility: null }, ...(p.email ? [{ email: p.email, verified: p.verified, primary: true, visibility: 'private' }] : [])]),

    'discord.com/oauth2/authorize': authorize('discord', { scope: profile.discord }),
    'discord.com/api/oauth2/token': token('discord', { headers: json, broken: invalidGrant }),
    'discord.com/api/v10/users/@me': about('discord', '/users/@me', { 'user-agent': /^\S+/ }, (p) => ({ id: p.id, username: 'nelly', discriminator: '0', global_name: p.name || null, email: p.email, verified: p.verified })),
  }

  const server = http.createServer(async (req, res) => {
    const url = new URL(req.url!, 'http://stub')
    const name = url.pathname.slice(1)
    state.asked.push(name)
    const parts: Buffer[] = []
    for await (const part of req) parts.push(part as Buffer)
    const given = req.method === 'POST' ? new URLSearchParams(Buffer.concat(parts).toString()) : url.searchParams
    const endpoint = endpoints[name]
    const faults = endpoint ? faultsOf(endpoint, req.method!, given, req.headers) : ['there is no such address']
    state.faults.push(...faults.map((fault) => `${req.method} ${name}: ${fault}`))
    const { status = 200, body, location }: Reply = faults.length ? { status: 400, body: { error: 'invalid_request', error_description: faults.join('; ') } } : await endpoint!.answer({ given, headers: req.headers })
    res.writeHead(status, { 'content-type': 'application/json', ...(location ? { location } : {}) }).end(typeof body === 'string' ? body : JSON.stringify(body ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const home = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const there = (url: string | URL) => `${home}/${String(url).replace(/^https:\/\//, '')}` // what is not https leads nowhere here
  const guard = openEgress({ allow: ['127.0.0.1'] })
  afterwards(t, async () => {
    await guard.close()
    await new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)))
  })
  /** The guard, from which every address of the providers leads here. */
  const egress: Egress = { ...guard, fetchAs: (request) => { const fetch = guard.fetchAs(request); return (input, init) => fetch(there(input as string), init) } }
  return {
    state, egress, clientOf,
    settings: Object.fromEntries((['google', 'microsoft', 'github', 'discord'] as const).flatMap((id) => [[`${id.toUpperCase()}_CLIENT_ID`, clientOf(id).clientId], [`${id.toUpperCase()}_CLIENT_SECRET`, clientOf(id).clientSecret]])),
    /** Asks as the browser does. @returns the address it is sent back to */
    async follow(out: string): Promise<string> {
      const answer = await globalThis.fetch(there(out), { redirect: 'manual' })
      return answer.headers.get('location') ?? Promise.reject(new Error(`${out} answered ${answer.status}: ${await answer.text()}`))
    },
  }
}

function faultsOf({ method, needs = {}, may = {}, headers = {} }: Endpoint, asked: string, given: URLSearchParams, got: IncomingHttpHeaders): string[] {
  const fits = (rule: RegExp, values: readonly string[]) => values.length === 1 && rule.test(values[0]!)
  return [
    ...(asked === method ? [] : [`the method must be ${method}`]),
    ...Object.entries(needs).filter(([name, rule]) => !fits(rule, given.getAll(name))).map(([name, rule]) => `${name} must be ${rule.source}, once`),
    ...Object.entries(may).filter(([name, rule]) => given.has(name) && !fits(rule, given.getAll(name))).map(([name, rule]) => `${name} may be ${rule.source}, once`),
    ...[...given.keys()].filter((name) => !(name in needs) && !(name in may)).map((name) => `${name} is not documented`),
    ...Object.entries(headers).filter(([name, rule]) => !rule.test(String(got[name] ?? ''))).map(([name, rule]) => `the header ${name} must be ${rule.source}`),
  ]
}
