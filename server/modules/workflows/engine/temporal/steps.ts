// One attempt of a step, asked for by Temporal: the product's own step runner, its outcome recorded before Temporal hears of it.
import { attemptStep, pauseAfter } from '../attempt.ts'
import type { EngineOptions } from '../engine.ts'
import { Dropped, recordOf } from '../faults.ts'
import { idempotencyKeyOf } from '../outcome.ts'
import { beatSteps, findNews } from '../queries.ts'
import type { Store } from '../store.ts'
import type { Bookkeeping } from './bookkeeping.ts'
import { persist } from './bookkeeping.ts'
import type { Place, StepAnswer, StepAsked } from './books.ts'

/** What Temporal says about an attempt. `tries`: 1, and one more for each worker that was killed in it. `stopped` aborts when it is cancelled; `closing` when this process goes. */
export type Calling = { tries: number; stopped: AbortSignal; closing: AbortSignal }
const longStepMs = 1000
const beatMs = 10_000

export function createSteps({ store, run, write }: { store: Store; run: EngineOptions['run']; write: Bookkeeping['write'] }) {
  const here = new Map<AbortController, { place: Place; key: string; since: number }>()

  async function perform({ place, facts, key, call, attempt: first, redo, notes }: StepAsked, { tries, stopped, closing }: Calling): Promise<StepAnswer> {
    const attempt = first + tries - 1 // a killed worker's try counts, but is never the last
    const at = { tenant: place.tenant, run: place.run }
    const started = Date.now()
    const base = { key, kind: 'step', attempt, started }
    const stop = new AbortController()
    let told = false
    const tell = () => ((told = true), stop.abort())
    for (const signal of [stopped, closing]) signal.addEventListener('abort', tell, { once: true })
    if (stopped.aborted || closing.aborted) tell()
    here.set(stop, { place, key, since: started })
    let begun: Promise<unknown> = Promise.resolve()
    // a step that lasts is told of while it does; others cost one row
    const long = setTimeout(() => (begun = write(place, { ...base, state: 'pending' }, notes).catch(() => {})), longStepMs)
    try {
      if (told) return closing.aborted ? Promise.reject(new Dropped('this process ends')) : { state: 'stopped' }
      const result = await attemptStep(run, call, { run: facts, key, attempt, idempotencyKey: idempotencyKeyOf(place.run, key, redo), load: (value) => store.open(at, value) }, stop)
      clearTimeout(long)
      await begun // one row is not written twice in one statement
      if (closing.aborted && 'error' in result) throw new Dropped('this process ends')
      if (told || (!here.has(stop) && 'error' in result)) return { state: 'stopped' }
      return await persist(() => record(result), { until: closing })
    } finally {
      clearTimeout(long)
      here.delete(stop)
      for (const signal of [stopped, closing]) signal.removeEventListener('abort', tell)
    }

    async function record(result: { output: unknown } | { error: unknown }): Promise<StepAnswer> {
      const lost: StepAnswer = { state: 'lost' }
      if ('output' in result) {
        try {
          return (await write(place, { ...base, state: 'done', output: result.output, keep: call.keep ?? [], refs: false }, notes)) ?? lost
        } catch (error) {
          if (error instanceof Dropped) throw error
          return (await write(place, { ...base, state: 'failed', error: recordOf(error) }, notes)) ?? lost // what cannot be kept cannot be kept next time either
        }
      }
      const pause = pauseAfter(result.error, call.retry, attempt)
      const error = recordOf(result.error)
      return (await write(place, pause === undefined ? { ...base, state: 'failed', error } : { ...base, state: 'pending', error, due: Date.now() + pause }, notes)) ?? lost
    }
  }

  const end = (stops: Iterable<AbortController>): void => {
    for (const stop of stops) if (here.delete(stop)) stop.abort()
  }
  return {
    perform,
    held: () => here.size,
    stop: (run: string) => end([...here].filter(([, { place }]) => place.run === run).map(([stop]) => stop)),
    /** Stops what others ended, cancelled or moved meanwhile, and says of long steps that they live. What begins while this looks is not judged by it. */
    async look(beat: boolean): Promise<void> {
      if (!here.size) return
      const asked = [...here]
      const all = asked.map(([, step]) => step)
      const [news] = await store.flush(findNews([...new Map(all.map(({ place }) => [place.run, place])).values()].map(({ tenant, run: id, epoch }) => ({ tenant, id, epoch, seen: -1 }))))
      const ours = new Map(news.map((row) => [row.id, row]))
      end(asked.filter(([, { place }]) => {
        const row = ours.get(place.run)
        return !row || row.epoch !== place.epoch || row.status !== 'running' || row.cancel_requested
      }).map(([stop]) => stop))
      const living = all.filter(({ since }) => beat && Date.now() - since > longStepMs)
      if (living.length) await store.flush(beatSteps(living.map(({ place, key }) => ({ tenant: place.tenant, run: place.run, key }))))
    },
  }
}
export type Steps = ReturnType<typeof createSteps>
export const beatEveryMs = beatMs
