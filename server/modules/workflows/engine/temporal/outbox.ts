// From our tables to Temporal: a run that is due is told of, at least once. Whatever commits makes it due (its start, a signal, a cancellation), in the
// transaction of its cause; only the life that hears of it takes that back. So a kill between the two loses nothing, and telling twice does nothing.
import type { Kernel } from '../../../../kernel/kernel.ts'
import { keepStepping } from '../../../../kernel/readers.ts'
import type { Limits } from '../engine.ts'
import { findDue } from '../schedules.ts'
import type { Store } from '../store.ts'
import { claimTellings, findTellings, tellSoon, type TellRow } from './queries.ts'
import { beatEveryMs, type Steps } from './steps.ts'

/** `begun`: it had a life before. Rejects when Temporal did not take it. */
export type Tell = (run: { tenant: string; run: string; begun: boolean }) => Promise<void>
export type OutboxOptions = {
  kernel: Kernel
  store: Store
  limits: Limits
  steps: Steps
  /** undefined while there is no connection: nothing is taken then */
  tell(): Tell | undefined
  /** starts what schedules say is due */
  tick(): Promise<void>
  /** before a telling that was not answered is repeated */
  againMs: number
}
const pollMs = 250
const mostAtOnce = 100
const soonMs = 1000

export function startOutbox(o: OutboxOptions): { look(): void; close(): Promise<void> } {
  const { kernel, store } = o
  const warn = (error: unknown, what: string) => kernel.log.warn({ error: String((error as Error)?.message ?? error) }, what)
  let stopping = false
  let lastChores = 0
  let lastBeat = performance.now()
  /** What is not held yet is held instead of told, where workflows are switched off. */
  async function mayTell(row: TellRow): Promise<boolean> {
    const on = kernel.switches.isOn(row.tenant_id, 'workflows')
    if (on === true || row.pause_requested || row.cancel_requested || (await on)) return true
    await kernel.switches.settle(row.tenant_id)
    return false
  }
  async function tellOf(row: TellRow, tell: Tell): Promise<boolean> {
    try {
      if (!(await mayTell(row))) return false
      await tell({ tenant: row.tenant_id, run: row.id, begun: row.epoch > 0 })
      return true
    } catch (error) {
      warn(error, 'Temporal did not take a run: it is told again')
      return false
    }
  }
  async function tellDue(tell: Tell): Promise<boolean> {
    const [rows] = await store.flush(claimTellings({ cap: o.limits.runsPerTenant, most: mostAtOnce, againMs: o.againMs }))
    const taken = await Promise.all(rows.map((row) => tellOf(row, tell)))
    const refused = Map.groupBy(rows.filter((_, i) => !taken[i]), (row) => row.tenant_id)
    for (const [tenant, mine] of refused) await store.flush(tellSoon(tenant, mine.map((row) => row.id), soonMs))
    return rows.length >= mostAtOnce && refused.size === 0
  }
  /** @returns whether there may be more */
  async function lookOnce(): Promise<boolean> {
    const chores = performance.now() - lastChores >= pollMs
    if (chores) lastChores = performance.now()
    const beat = performance.now() - lastBeat >= beatEveryMs
    if (beat) lastBeat = performance.now()
    const [[tellings], [schedules] = []] = await store.flush(findTellings(), ...(chores ? ([findDue()] as const) : ([] as never)))
    await o.steps.look(beat)
    if (schedules?.due) await o.tick().catch((error: unknown) => warn(error, 'the engine could not look at the schedules'))
    const tell = o.tell()
    return Boolean(tellings?.due && tell && !stopping) && tellDue(tell!)
  }

  const following = keepStepping(lookOnce, { floorMs: pollMs, onError: (error) => warn(error, 'the runs that Temporal must hear of could not be looked at') })
  const deaf = kernel.bell.hear(following.wake)
  return {
    look: following.wake,
    async close() {
      stopping = true
      deaf()
      await following.stop()
    },
  }
}
