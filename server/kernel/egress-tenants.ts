// What tenants send out, on top of the guard: refusals are told in their log, a host that keeps failing is left alone for a while (circuit breaker),
// and no tenant has more than a few requests to one host under way (bulkhead). Retries are the durable engine's, never here.
import { BrokenCircuitError, BulkheadRejectedError, ConsecutiveBreaker, bulkhead, circuitBreaker, handleWhen, wrap, type IPolicy } from 'cockatiel'
import type { Db } from './db.ts'
import type { Egress, EgressFor } from './egress.ts'
import { EgressFailed, EgressRefused } from './egress-reach.ts'
import { event, type PayloadsOf } from './events.ts'
import { newId } from './ids.ts'
import type { Logger } from './log-lines.ts'
import type { Bus } from './ports.ts'
import { Strict, Type } from './schema.ts'

export const egressEvents = {
  'egress.refused': event(Strict({ host: Type.String(), reason: Type.String() }), { audience: 'admins', subject: 'tenant', about: 'A request to the outside was not let through; the same again within a minute is not told twice.' }),
}
declare module './events.ts' {
  interface EventMap extends PayloadsOf<typeof egressEvents> {}
}

/** The host is not asked at the moment; nothing was sent. Not an attempt used up: try again at `retryAt`. */
export class HostUnavailable extends EgressFailed {
  /** milliseconds since 1970 */
  readonly retryAt: number
  constructor(host: string, code: 'CIRCUIT_OPEN' | 'BULKHEAD_FULL', retryAt: number) {
    super(host, code, code === 'CIRCUIT_OPEN' ? `${host} has failed several times in a row and is left alone for a moment` : `too many requests to ${host} are under way`)
    this.retryAt = retryAt
  }
}

type Options = { bus: Bus; system: Db; log: Logger; now?: () => number; limits?: Partial<typeof usual> }
const usual = { failures: 5, restMs: 10_000, parallel: 16, held: 2000 }
type Entry = { policy: IPolicy; toJSON(): { ownState: { openedAt?: number } } }
const channel = 'egress.breakers'
const unwell = new Set([502, 503, 504]) // the host is; a 500 may be about this one request

/** @returns the guard, minding `for` */
export function minding(egress: Egress, { bus, system, log, now = Date.now, limits }: Options): Egress {
  const { failures, restMs, parallel, held } = { ...usual, ...limits }
  const me = newId()
  const entries = new Map<string, Promise<Entry>>()
  // another process saw it open or close; a hint that is lost costs a few more failures here
  const deaf = bus.subscribe(channel, (message) => {
    if (!message) return
    const { from, key, state } = JSON.parse(message) as { from: string; key: string; state: string | null }
    if (from !== me && entries.has(key)) entries.set(key, make(key, state))
  })

  async function make(key: string, state?: string | null): Promise<Entry> {
    const kept = state === undefined ? await bus.get(key).catch(() => null) : state
    const breaker = circuitBreaker(handleWhen((error) => error instanceof EgressFailed).orWhenResult((answer) => unwell.has((answer as { status?: number } | undefined)?.status ?? 0)), {
      halfOpenAfter: restMs, breaker: new ConsecutiveBreaker(failures), ...(kept ? { initialState: JSON.parse(kept) as unknown } : {}),
    })
    const tell = (now: string | null) => {
      bus.publish(channel, JSON.stringify({ from: me, key, state: now }))
      const kept = now === null ? bus.drop(key) : bus.set(key, now, 10 * restMs)
      kept.catch((error: unknown) => log.warn({ error: String(error) }, 'the state of a circuit breaker was not shared'))
    }
    breaker.onBreak(() => tell(JSON.stringify(breaker.toJSON())))
    breaker.onReset(() => tell(null))
    return { policy: wrap(bulkhead(parallel), breaker), toJSON: () => breaker.toJSON() as ReturnType<Entry['toJSON']> }
  }
  function entryOf(key: string): Promise<Entry> {
    const entry = entries.get(key) ?? make(key)
    entries.delete(key)
    entries.set(key, entry) // the order is that of use
    if (entries.size > held) entries.delete(entries.keys().next().value!)
    return entry
  }

  async function guarded<R>(who: EgressFor, host: string, send: () => Promise<R>): Promise<R> {
    const entry = await entryOf(`breaker:${who.tenant}:${host}`)
    try {
      return (await entry.policy.execute(send)) as R
    } catch (error) {
      if (error instanceof EgressRefused) await tellRefused(who, error)
      if (error instanceof BrokenCircuitError) throw new HostUnavailable(host, 'CIRCUIT_OPEN', (entry.toJSON().ownState.openedAt ?? now()) + restMs)
      if (error instanceof BulkheadRejectedError) throw new HostUnavailable(host, 'BULKHEAD_FULL', now() + 1000)
      throw error
    }
  }
  /** Host and reason, never path or query: they may hold what is nobody's business. */
  async function tellRefused({ tenant, request, cause }: EgressFor, { host, message }: EgressRefused): Promise<void> {
    try {
      if (!(await bus.take(`egress-refused:${tenant}:${host}:${message}`, { max: 1, windowMs: 60_000 })).allowed) return
      const ctx = system.context({ tenant, actor: { type: 'system', id: null }, request: request ?? 'egress', ...(cause ? { cause } : {}) })
      await ctx.change('egress.refused', { subject: tenant, data: { host: host.slice(0, 253), reason: message }, run: [] })
    } catch (error) {
      log.error({ error: String(error) }, 'a refusal of the egress guard could not be told')
    }
  }
  const hostOf = (url: string | URL) => (URL.canParse(String(url)) ? new URL(url).host : '')

  return {
    fetch: (url, request = {}) => (request.for ? guarded(request.for, hostOf(url), () => egress.fetch(url, request)) : egress.fetch(url, request)),
    fetchAs(request) {
      const plain = egress.fetchAs(request)
      const who = request.for
      return who ? (input, init) => guarded(who, hostOf(input instanceof Request ? input.url : input), () => plain(input, init)) : plain
    },
    dial: (to) => (to.for ? guarded(to.for, `${to.host}:${to.port}`, () => egress.dial(to)) : egress.dial(to)),
    async close() {
      deaf()
      await egress.close()
    },
  }
}
