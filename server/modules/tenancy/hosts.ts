// Names of hosts as they come and as they are kept: lower case, punycode, without port and the root's dot, so that one name has one form.
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { isSlug } from '../identity/api.ts'

/** @param host of a Host header, port and all @returns undefined for what is no name: addresses, brackets, nonsense */
export function canonicalHost(host: string): string | undefined {
  const bare = host.trim().replace(/:\d{1,5}$/, '').replace(/\.$/, '')
  if (bare === '' || bare.length > 253 || isIP(bare) || bare.startsWith('[') || /[^\p{L}\p{N}.\-\p{M}]/u.test(bare)) return undefined
  const name = domainToASCII(bare)
  return name !== '' && !isIP(name) && name.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label)) ? name : undefined
}

/** A name somebody may own in the public tree: two labels at least, the last one no number. */
export const isDomain = (name: string): boolean => name.includes('.') && /\.[a-z][a-z0-9-]*$/.test(name) && !/(^|\.)(localhost|local|internal|localdomain|home\.arpa|in-addr\.arpa)$/.test(name)

/** What stands before the base domain. @returns undefined: not below it; null: below it, and no tenant can have that name */
export function slugBelow(base: string, name: string): string | null | undefined {
  if (!name.endsWith(`.${base}`)) return undefined
  const label = name.slice(0, -base.length - 1)
  return isSlug(label) ? label : null
}

/** A name and all that it lies under, itself first: `a.b.example.com`, `b.example.com`, `example.com`. */
export const withParents = (name: string): string[] => name.split('.').slice(0, -1).map((_, at, all) => [...all.slice(at), name.split('.').at(-1)].join('.'))
