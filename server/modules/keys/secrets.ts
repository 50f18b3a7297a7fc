// The keys themselves: 32 random bytes behind a prefix that tells their kind, so that a scanner finds a leaked one and nothing is asked of the
// database for what is none. Long and random, so a plain hash is enough; it is all that is kept.
import { createHash, randomBytes } from 'node:crypto'

export type KeyKind = 'api' | 'service'
const prefixes: Record<KeyKind, string> = { api: 'gw_', service: 'gws_' }
const form = /^gws?_[A-Za-z0-9_-]{43}$/

/** @returns the kind a token says it is; undefined: no key at all */
export const kindOf = (token: string): KeyKind | undefined => (token.startsWith('gws_') ? 'service' : token.startsWith('gw_') ? 'api' : undefined)
export const isWellFormed = (token: string): boolean => form.test(token)
export const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest()
/** `hint` tells keys apart and gives nothing away. */
export function newKey(kind: KeyKind): { key: string; hash: Buffer; hint: string } {
  const key = prefixes[kind] + randomBytes(32).toString('base64url')
  return { key, hash: hashOf(key), hint: `${prefixes[kind]}…${key.slice(-4)}` }
}
