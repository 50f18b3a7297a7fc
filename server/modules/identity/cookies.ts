// Cookies of browsers: the refresh token where no script reads it, a word beside it that says it is there, and the answer to "does this request
// come from our own pages".
import { createHmac } from 'node:crypto'
import { isPlainLocalhost } from './auth.ts'
import { refuse } from '../../kernel/errors.ts'
import type { RequestFacts } from '../../kernel/route.ts'

const isLoopback = (host: string) => host === 'localhost' || host === '127.0.0.1' || host === '[::1]'

/** As an origin has it: lower case, without the scheme's own port. */
const hostOf = (protocol: string, host: string) => (URL.canParse(`${protocol}//${host}`) ? new URL(`${protocol}//${host}`).host : undefined)

export type Cookies = ReturnType<typeof createCookies>

/** @param secret the library's own, which signs its session cookie */
export function createCookies(publicUrl: string, maxAgeSeconds: number, secret: string) {
  const plain = isPlainLocalhost(publicUrl)
  const home = new URL(publicUrl)
  const prefix = plain ? '' : '__Secure-'
  const names = { refresh: `${prefix}groundwork_refresh`, session: `${prefix}groundwork.session_token`, here: `${prefix}groundwork_here`, form: `${prefix}groundwork_form`, outside: `${prefix}groundwork_outside`, device: `${prefix}groundwork_device`, setup: `${prefix}groundwork_setup` }
  const cookie = (name: string, value: string, path: string, maxAge: number, site: 'Strict' | 'Lax') => `${name}=${value}; Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=${site}${plain ? '' : '; Secure'}`
  /** No secret: a script reads from it that a session may be here, and asks for none where there is none. */
  const here = (maxAge: number) => `${names.here}=1; Path=/; Max-Age=${maxAge}; SameSite=Lax${plain ? '' : '; Secure'}`
  return {
    names,
    refresh: (token: string) => [cookie(names.refresh, encodeURIComponent(token), '/api/v1/auth', maxAgeSeconds, 'Strict'), here(maxAgeSeconds)],
    here: () => here(maxAgeSeconds),
    form: (value: string) => cookie(names.form, value, '/', 3600, 'Strict'),
    /** Comes back with whom another site sends here, so it is Lax. */
    outside: (value: string) => cookie(names.outside, value, '/login', 1800, 'Lax'),
    /** Outlives sessions; as long as browsers keep a cookie. */
    device: (value: string) => cookie(names.device, value, '/', 400 * 86_400, 'Strict'),
    setup: (value: string) => cookie(names.setup, value, '/login', 5 * 86_400, 'Lax'),
    /** As the library sets it: the token with its HMAC. */
    session: (token: string) => cookie(names.session, encodeURIComponent(`${token}.${createHmac('sha256', secret).update(token).digest('base64')}`), '/', maxAgeSeconds, 'Lax'),
    /** Ends what a sign-out must end in this browser. */
    cleared: () => [cookie(names.refresh, '', '/api/v1/auth', 0, 'Strict'), cookie(names.session, '', '/', 0, 'Lax'), here(0)],
    /** A page of ours asks: such a caller gets the refresh token as a cookie and never sees it. */
    isOwnPage: (request: Pick<RequestFacts, 'headers'>) => request.headers['sec-fetch-site'] === 'same-origin',
    /** Whoever acts by cookie must come from our own origin. A client that is no browser sends neither header. */
    requireOwnOrigin(request: Pick<RequestFacts, 'headers' | 'origin' | 'host'>): void {
      const site = request.headers['sec-fetch-site']
      if (site !== undefined && site !== 'same-origin' && site !== 'none') refuse('auth.origin_refused')
      if (request.origin === undefined) return
      const from = URL.canParse(request.origin) ? new URL(request.origin) : undefined
      if (from?.origin === home.origin) return
      // a tenant's own door: the page came from the very host it calls, and cookies are that host's alone
      if (from?.protocol === home.protocol && from.host === hostOf(home.protocol, request.host)) return
      if (plain && from?.protocol === 'http:' && isLoopback(from.hostname) && from.port === home.port) return // one machine by its other names
      refuse('auth.origin_refused')
    },
  }
}
