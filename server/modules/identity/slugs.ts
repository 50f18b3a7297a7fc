// A tenant's slug stands in paths and subdomains: never the shape of an id, never a word those already use.
import { randomBytes } from 'node:crypto'

const reserved = new Set(['admin', 'api', 'app', 'assets', 'auth', 'account', 'billing', 'blog', 'console', 'docs', 'files', 'forgot', 'groundwork', 'health', 'help', 'hooks', 'invite', 'live', 'localhost',
  'login', 'logout', 'mail', 'me', 'metrics', 'new', 'oauth', 'ping', 'platform', 'public', 'ready', 'register', 'reset', 'root', 'scim', 'security', 'settings', 'setup', 'static', 'status', 'support',
  'system', 'tenant', 'tenants', 'unknown', 'users', 'verify', 'well-known', 'ws', 'www'])
export const isSlug = (text: string): boolean => /^[a-z][a-z0-9-]{1,40}$/.test(text) && !reserved.has(text) && !/^xn--|^[0-9a-f]{8}-[0-9a-f]{4}-/.test(text)

/** "Åsa's team" -> "asa-s-team". What leaves nothing usable gets a made-up one. */
export function slugFrom(name: string): string {
  const text = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+/, '').slice(0, 40).replace(/-+$/, '')
  return isSlug(text) ? text : `team-${randomBytes(3).toString('hex')}`
}
