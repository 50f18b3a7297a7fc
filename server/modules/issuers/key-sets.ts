// The public keys of outside issuers (RFC 7517), fetched through the one way out and kept. A key id nobody knows fetches them again, at most
// every half minute: so a rotation is followed at once, and invented key ids fetch nothing.
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Egress } from '../../kernel/egress.ts'
import { refuse } from '../../kernel/errors.ts'
import type { Logger } from '../../kernel/log-lines.ts'

/** `tenant`: whose wish it is; null: the platform's. `fromSetting`: may be a private address. */
export type KeySource = { issuer: string; jwksUri: string | null; tenant: string | null; fromSetting: boolean }
type Kept = { keys: JWTVerifyGetKey; kids: ReadonlySet<string>; fetchedAt: number }

const freshMs = 10 * 60_000
const staleMs = 60 * 60_000 // an issuer that is down for a while ends nothing
const cooldownMs = 30_000
const most = 1000

export type KeySets = ReturnType<typeof createKeySets>
export function createKeySets({ egress, log, now = Date.now }: { egress: Pick<Egress, 'fetch'>; log: Logger; now?: () => number }) {
  const kept = new Map<string, Kept>()
  const triedAt = new Map<string, number>()
  const underway = new Map<string, Promise<Kept>>()
  const nameOf = (source: KeySource) => JSON.stringify([source.tenant, source.issuer, source.jwksUri])

  async function json(url: string, { tenant, fromSetting }: KeySource): Promise<Record<string, unknown>> {
    const { status, body } = await egress.fetch(url, { fromSetting, ...(tenant ? { for: { tenant } } : {}), headers: { accept: 'application/json' }, maxBytes: 500_000, totalMs: 5000 })
    if (status !== 200) throw new Error(`${url} answered ${status}`)
    const read: unknown = JSON.parse(body.toString('utf8'))
    if (typeof read !== 'object' || read === null) throw new Error(`${url} holds no object`)
    return read as Record<string, unknown>
  }
  /** OpenID Connect Discovery 1.0, 4.3: the document must be the issuer's own. */
  async function locate(source: KeySource): Promise<string> {
    if (source.jwksUri) return source.jwksUri
    const found = await json(`${source.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, source)
    if (found.issuer !== source.issuer) throw new Error(`its discovery document is of ${String(found.issuer)}`)
    if (typeof found.jwks_uri !== 'string') throw new Error('its discovery document names no jwks_uri')
    return found.jwks_uri
  }
  async function fetchKeys(source: KeySource): Promise<Kept> {
    const set = (await json(await locate(source), source)) as unknown as JSONWebKeySet
    if (!Array.isArray(set.keys) || set.keys.length > 100) throw new Error('its key set is none')
    const keys = set.keys.filter((key) => key.kty !== 'oct') // a shared secret published is no secret
    return { keys: createLocalJWKSet({ keys }), kids: new Set(keys.flatMap((key) => key.kid ?? [])), fetchedAt: now() }
  }
  function refetch(source: KeySource, name: string): Promise<Kept> {
    const running = underway.get(name)
    if (running) return running
    if (triedAt.size > most) triedAt.clear()
    triedAt.set(name, now())
    const fetching = fetchKeys(source).then((fresh) => {
      if (kept.size >= most) kept.delete(kept.keys().next().value!)
      kept.set(name, fresh)
      return fresh
    }).finally(() => underway.delete(name))
    underway.set(name, fetching)
    return fetching
  }

  return {
    /** @param kid of the token @throws unavailable when there are no keys to judge by */
    async keysFor(source: KeySource, kid: string | undefined): Promise<JWTVerifyGetKey> {
      const name = nameOf(source)
      const held = kept.get(name)
      const age = held ? now() - held.fetchedAt : Infinity
      const unknownKid = held !== undefined && kid !== undefined && !held.kids.has(kid)
      const rested = now() - (triedAt.get(name) ?? -Infinity) >= cooldownMs
      if (held && age < freshMs && !(unknownKid && rested)) return held.keys
      if (held && !rested && !underway.has(name)) return held.keys
      try {
        return (await refetch(source, name)).keys
      } catch (error) {
        log.warn({ issuer: source.issuer, error: String((error as Error)?.message ?? error) }, 'the keys of a trusted issuer could not be fetched')
        if (held && age < staleMs) return held.keys
        refuse('unavailable', 'the keys of the token\'s issuer cannot be fetched at the moment')
      }
    },
  }
}
