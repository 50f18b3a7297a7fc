// Calls of the API, which write nothing: counted here, told to the log once in ten seconds a tenant, limited by blocks of the day's calls that
// all processes take from one counter. A kill loses what was not told yet, in the tenant's favour. Of a minute a tenant has a part, so that its many
// members and keys together leave room for other tenants: taken in blocks too, from the bus that all processes share.
import type { Db, Who } from '../../kernel/db.ts'
import { refuse } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import type { Bus } from '../../kernel/ports.ts'
import { noteCalls, takeCalls } from './queries.ts'

const [dayMs, minuteMs] = [86_400_000, 60_000]
/** A refusal is remembered so long; a change of plan ends it at once. */
const refusalMs = 1000
type State = {
  day: string; ends: number; left: number; counted: number; since: number; refused?: { until: number; most: number; plan: string } | undefined; asking?: Promise<void> | undefined
  /** of the minute: what is left of the block, or when there may be room again */
  minute: { left: number; refusedUntil: number; asking?: Promise<void> | undefined }
}
export type Calls = ReturnType<typeof createCalls>

/** @param perMinute of one tenant in all processes; 0: without limit @param take counts for them all */
export function createCalls({ system, onError, everyMs = 10_000, perMinute = 0, take, now = Date.now }: { system: Pick<Db, 'context' | 'flush'>; onError(error: unknown): void; everyMs?: number; perMinute?: number; take: Bus['take']; now?: () => number }) {
  /** A hundredth: a process that has a block left when the minute ends has taken at most so much for the next. */
  const block = Math.max(1, Math.floor(perMinute / 100))
  const states = new Map<string, State>()
  const process = newId()
  const whoOf = (tenant: string): Who => ({ tenant, actor: { type: 'system', id: null }, request: 'calls' })
  const timer = setInterval(() => void tell().catch(onError), everyMs)
  timer.unref()

  function today(tenant: string): State {
    const t = now()
    const known = states.get(tenant)
    if (known && t < known.ends) return known
    if (known?.counted) void write(tenant, known).catch(onError)
    const start = Math.floor(t / dayMs) * dayMs
    const state: State = { day: new Date(start).toISOString().slice(0, 10), ends: start + dayMs, left: 0, counted: 0, since: t, minute: known?.minute ?? { left: perMinute ? 0 : Infinity, refusedUntil: 0 } }
    states.set(tenant, state)
    return state
  }
  async function refill(tenant: string, state: State): Promise<void> {
    const { left } = state
    state.left = 0
    const [[got]] = await system.flush(whoOf(tenant), takeCalls(tenant, state.day, process, left))
    state.left += got!.granted
    state.refused = got!.granted === 0 && got!.most !== null ? { until: now() + refusalMs, most: got!.most, plan: got!.plan } : undefined
  }
  /** The next block of the minute; near its end what is left of it. */
  async function takeMinute(tenant: string, minute: State['minute']): Promise<void> {
    const limit = { max: perMinute, windowMs: minuteMs }
    for (let cost = block; ; ) {
      const { allowed, remaining, resetMs } = await take(`calls:${tenant}`, limit, cost)
      if (allowed) return void (minute.left += cost)
      if (remaining < 1 || cost === 1) return void (minute.refusedUntil = now() + resetMs)
      cost = Math.min(remaining, cost - 1)
    }
  }
  function refuseMinute({ refusedUntil }: State['minute']): never {
    const seconds = Math.max(1, Math.ceil((refusedUntil - now()) / 1000))
    refuse('rate.limited', `this tenant's people and keys make more than ${perMinute} calls a minute: wait ${seconds} s`, { headers: { 'retry-after': String(seconds) } })
  }
  function refuseCall(state: State): never {
    const { most, plan } = state.refused!
    const seconds = Math.max(1, Math.ceil((state.ends - now()) / 1000))
    refuse('plan.calls_exhausted', `the plan ${plan} allows ${most} calls a day, and they are used: the next day begins in ${seconds} s (UTC)`, {
      headers: { 'retry-after': String(seconds) }, extra: { meter: 'calls', limit: most, used: most, plan, resetsAt: new Date(state.ends).toISOString().replace('Z', '000Z') },
    })
  }
  /** The event and the counter it sums up to, in one transaction. */
  async function write(tenant: string, state: State, giveBack = 0): Promise<void> {
    const { counted: count, since, day } = state
    state.counted = 0
    state.since = now()
    const at = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z')
    try {
      await system.context(whoOf(tenant)).change('usage.counted', { subject: tenant, data: { meter: 'calls', day, count, process, from: at(since), to: at(state.since) }, run: [noteCalls(tenant, day, process, count, giveBack)] })
    } catch (error) {
      state.counted += count // told with the next
      throw error
    }
  }
  /** Tells the log what was counted since the last time. */
  async function tell(): Promise<void> {
    for (const [tenant, state] of [...states]) {
      if (state.counted > 0) await write(tenant, state)
      else if (now() >= state.ends) states.delete(tenant)
    }
  }

  return {
    /** Counts one call. Settles at once while the block lasts. @throws plan.calls_exhausted, rate.limited */
    count(tenant: string): void | Promise<void> {
      const state = today(tenant)
      if (state.left > 0 && state.minute.left > 0) {
        state.minute.left--
        state.left--
        state.counted++
        return
      }
      return this.countSlowly(tenant)
    },
    async countSlowly(tenant: string): Promise<void> {
      for (;;) {
        const state = today(tenant)
        const { minute } = state
        if (minute.left < 1) {
          if (now() < minute.refusedUntil) refuseMinute(minute)
          await (minute.asking ??= takeMinute(tenant, minute).finally(() => (minute.asking = undefined)))
          continue
        }
        if (state.left > 0) {
          minute.left--
          state.left--
          state.counted++
          return
        }
        if (state.refused && now() < state.refused.until) refuseCall(state)
        await (state.asking ??= refill(tenant, state).finally(() => (state.asking = undefined)))
        if (state.left === 0 && state.refused) refuseCall(state)
      }
    },
    tell,
    /** A plan changed: what is left of the block is given back with the next question, and a refusal is forgotten. */
    hear({ name, tenant_id }: { name: string; tenant_id: string }): void {
      if (name === 'tenant.deleted') states.delete(tenant_id)
      else if (name === 'tenant-plan.changed') {
        const state = states.get(tenant_id)
        if (state) void (state.asking ??= refill(tenant_id, state).catch(onError).finally(() => (state.asking = undefined)))
      } else if (name === 'plan.changed') for (const [tenant, state] of states) void (state.asking ??= refill(tenant, state).catch(onError).finally(() => (state.asking = undefined)))
    },
    async stop(): Promise<void> {
      clearInterval(timer)
      for (const [tenant, state] of states) if (state.counted > 0 || state.left > 0) {
        const { left } = state
        state.left = 0
        if (state.counted > 0) await write(tenant, state, left).catch(onError)
      }
    },
  }
}
