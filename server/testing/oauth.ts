// A relying party and a browser without script against the app's issuers, by a strict standard client library, without a port.
import type { InjectOptions } from 'fastify'
import * as oauth from 'oauth4webapi'
import type { Signed, TestApp } from './app.ts'

export const origin = 'http://app.test'
const password = 'tulips-under-glass 41'
export const redirectUri = 'https://client.test/callback'

/** What the library calls instead of fetch. */
export const fetchOf = (app: TestApp): typeof fetch => async (input, init) => {
  const { pathname, search } = new URL(String(input))
  const payload = init?.body === undefined || init?.body === null ? undefined : String(init.body)
  const answer = await app.http.inject({ method: (init?.method ?? 'GET') as NonNullable<InjectOptions['method']>, url: pathname + search, headers: { host: 'evil.example', ...Object.fromEntries(new Headers(init?.headers).entries()) }, ...(payload === undefined ? {} : { payload }) })
  const headers = new Headers()
  for (const [name, value] of Object.entries(answer.headers)) for (const one of [value].flat()) if (one !== undefined) headers.append(name, String(one))
  return new Response([204, 304].includes(answer.statusCode) ? null : answer.rawPayload, { status: answer.statusCode, headers })
}

export type Page = { status: number; body: string; location: string | undefined; url: string }
export type Form = { action: string; fields: Record<string, string> }

/** Keeps cookies by path, follows redirects and refreshes within our own origin, fills the forms it is shown. */
export function openBrowser(app: TestApp) {
  const jar = new Map<string, { value: string; path: string }>()
  const keep = (lines: string | string[] | undefined) => {
    for (const line of [lines ?? []].flat()) {
      const [pair, ...attributes] = line.split(/; */)
      const name = pair!.slice(0, pair!.indexOf('='))
      const path = attributes.find((a) => /^path=/i.test(a))?.slice(5) ?? '/'
      if (attributes.some((a) => /^max-age=0/i.test(a) || /^expires=Thu, 01 Jan 1970/i.test(a))) jar.delete(`${path} ${name}`)
      else jar.set(`${path} ${name}`, { value: pair!.slice(pair!.indexOf('=') + 1), path })
    }
  }
  async function ask(method: 'GET' | 'POST', url: string, form?: Record<string, string>): Promise<Page> {
    const { pathname, search } = new URL(url, origin)
    const cookie = [...jar].filter(([, { path }]) => path === '/' || pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)).map(([key, { value }]) => `${key.split(' ')[1]}=${value}`).join('; ')
    const answer = await app.http.inject({
      method, url: pathname + search, headers: { host: 'evil.example', accept: 'text/html', ...(cookie ? { cookie } : {}), ...(form ? { 'content-type': 'application/x-www-form-urlencoded', origin, 'sec-fetch-site': 'same-origin' } : {}) },
      ...(form ? { payload: new URLSearchParams(form).toString() } : {}),
    })
    keep(answer.headers['set-cookie'])
    const location = answer.headers.location as string | undefined
    const refresh = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(answer.body)?.[1]?.replaceAll('&amp;', '&')
    return { status: answer.statusCode, body: answer.body, location: location ?? refresh, url: pathname }
  }
  /** Goes on until a page that leads nowhere by itself, or an address that is not ours. */
  async function follow(page: Page): Promise<Page> {
    for (let steps = 0; page.location && steps < 12; steps++) {
      const next = new URL(page.location, origin + page.url)
      if (next.origin !== origin) return { ...page, location: next.href }
      page = await ask('GET', next.href)
    }
    return page
  }
  const formOf = ({ body, url }: Page): Form => {
    const form = /<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/.exec(body)
    if (!form) throw new Error(`no form at ${url}: ${body.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ').slice(0, 400)}`)
    const fields = [...form[2]!.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => [/name="([^"]*)"/.exec(input)![1]!, /value="([^"]*)"/.exec(input)![1]!])
    return { action: form[1]!, fields: Object.fromEntries(fields) as Record<string, string> }
  }
  const browser = {
    jar, ask, follow, formOf,
    get: async (url: string) => follow(await ask('GET', url)),
    /** The form of the page as it stands there, with what a person types or presses. */
    submit: async (page: Page, typed: Record<string, string> = {}) => follow(await ask('POST', formOf(page).action, { ...formOf(page).fields, ...typed })),
    signIn: async (page: Page, who: Signed) => browser.submit(page, { email: who.user.email, password }),
  }
  return browser
}
export type Browser = ReturnType<typeof openBrowser>

/** Everything a relying party needs at one tenant's issuer. */
export async function openParty(app: TestApp, tenant: string, made: { clientId: string; clientSecret?: string }, redirect = redirectUri) {
  const issuer = new URL(`${origin}/t/${tenant}/oauth`)
  const options = { [oauth.customFetch]: fetchOf(app), [oauth.allowInsecureRequests]: true } as const
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
  const client: oauth.Client = { client_id: made.clientId }
  const auth = made.clientSecret ? oauth.ClientSecretBasic(made.clientSecret) : oauth.None()
  const party = {
    as, client, auth, options, redirect,
    /** The address the browser is sent to, and what the client keeps to itself. */
    async begin(scope: string, more: Record<string, string> = {}) {
      const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()]
      const url = new URL(as.authorization_endpoint!)
      const parameters = { client_id: made.clientId, redirect_uri: redirect, response_type: 'code', scope, state, code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...(scope.includes('openid') ? { nonce } : {}), ...more }
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
      return { url: url.href, verifier, state, nonce }
    },
    /** Tokens for the address the browser came back to. */
    async end(location: string, kept: { verifier: string; state: string; nonce: string }, openid = true) {
      const parameters = oauth.validateAuthResponse(as, client, new URL(location), kept.state)
      const answer = await oauth.authorizationCodeGrantRequest(as, client, auth, parameters, redirect, kept.verifier, options)
      return oauth.processAuthorizationCodeResponse(as, client, answer, openid ? { expectedNonce: kept.nonce, requireIdToken: true } : {})
    },
    /** The whole way: sign-in and consent where they are asked for. */
    async tokens(browser: Browser, who: Signed, scope: string, more: Record<string, string> = {}) {
      const kept = await party.begin(scope, more)
      let page = await browser.get(kept.url)
      if (page.url === '/login') page = await browser.signIn(page, who)
      if (/value="allow"/.test(page.body)) page = await browser.submit(page, { decision: 'allow' })
      if (!page.location?.startsWith(redirect)) throw new Error(`stopped at ${page.url} (${page.status}): ${page.body.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ').slice(0, 600)}`)
      return party.end(page.location, kept, scope.includes('openid'))
    },
    form: (path: string, form: Record<string, string>, headers: Record<string, string> = {}) => post(app, `/t/${tenant}/oauth${path}`, form, headers),
  }
  return party
}
export type Party = Awaited<ReturnType<typeof openParty>>

/** A form posted as it stands. */
export async function post(app: TestApp, url: string, form: Record<string, string>, headers: Record<string, string> = {}) {
  const answer = await app.http.inject({ method: 'POST', url, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, payload: new URLSearchParams(form).toString() })
  const json = String(answer.headers['content-type'] ?? '').includes('json') && answer.body
  return { status: answer.statusCode, body: json ? answer.json() : (answer.body as any), headers: answer.headers }
}
export const basic = (id: string, secret: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}` })
