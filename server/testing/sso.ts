// A product whose tenants sign in elsewhere: a name server that says what a test wants, a browser without script, and domains that are proven.
import type { TestContext } from 'node:test'
import { NotThere, type Dns } from '../kernel/ports.ts'
import { testApp, type Caller, type TestApp, type TestAppOptions } from './app.ts'
import { browser } from './browser-without-script.ts'
import type { Answered } from './identity.ts'

export type SsoApp = TestApp & { records: Map<string, string>; /** @param host the door it stands at */ browser(host?: string): ReturnType<typeof browser>; prove(admin: Caller, domain: string): Promise<void> }

export async function ssoApp(t: Pick<TestContext, 'after'>, settings: Record<string, string> = {}, parts: Pick<TestAppOptions, 'egress'> = {}): Promise<SsoApp> {
  const records = new Map<string, string>()
  const dns: Dns = { txt: async (name) => [records.get(name) ?? (() => { throw new NotThere(name) })()] }
  const app = await testApp(t, { ...parts, dns, settings: { EGRESS_ALLOW: '127.0.0.1', PUBLIC_URL: 'http://localhost:8080', ...settings } })
  const call = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT', path: string, { headers = {}, form }: { headers?: Record<string, string>; form?: Record<string, string> } = {}): Promise<Answered> => {
    const at = path.startsWith('http') ? path.slice(path.indexOf('/', 8)) : path
    const answer = await app.http.inject({
      method, url: /^\/(auth|users)\//.test(at) ? `/api/v1${at}` : at, headers: { ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}), ...headers }, ...(form ? { payload: new URLSearchParams(form).toString() } : {}),
    })
    const json = String(answer.headers['content-type'] ?? '').includes('json')
    return { status: answer.statusCode, body: json && answer.body ? answer.json() : answer.body, headers: answer.headers, cookies: [answer.headers['set-cookie'] ?? []].flat() }
  }
  return {
    ...app, records,
    browser: (host) => browser({ call: ((method, path, how = {}) => call(method, path, { ...how, headers: { ...how.headers, ...(host ? { host } : {}) } })) as typeof call as never }),
    async prove(admin, name) {
      const domain = await app.ok(admin, 'POST', '/domains', { name })
      records.set(domain.record.name, domain.record.value)
      const now = await app.ok(admin, 'POST', `/domains/${domain.id}/verify`)
      if (now.status !== 'verified') throw new Error(`${name} is ${now.status}: ${now.problem}`)
    },
  }
}
/** Where a page goes on to by itself. */
export const refreshOf = (page: Answered): string => (/http-equiv="refresh" content="0; url=([^"]+)"/.exec(String(page.body))?.[1] ?? String(page.headers.location ?? '')).replaceAll('&amp;', '&')
/** What a page blames. */
export const faultOf = (page: Answered): string => /role="alert">([^<]+)</.exec(String(page.body))?.[1] ?? ''
