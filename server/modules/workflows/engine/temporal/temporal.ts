// The engine whose runs Temporal drives: begun, steered and recorded in our tables like any other, replayed and timed by Temporal. `connect` is the way to
// its server; while there is none the runs wait in their table.
import type { Engine, EngineOptions } from '../engine.ts'
import { usualLimits } from '../engine.ts'
import { startDue } from '../schedules.ts'
import { Store } from '../store.ts'
import { verbsOf } from '../verbs.ts'
import { createBooks, persist } from './bookkeeping.ts'
import type { Books } from './books.ts'
import { startOutbox, type Tell } from './outbox.ts'
import { createSteps, type Steps } from './steps.ts'

/** What a worker of Temporal's is made of. */
export type Work = {
  books: Books
  perform: Steps['perform']
  /** steps at once */
  slots: number
  /** the name of this installation, for its queue */
  installation: string
  warn(error: unknown, what: string): void
}
export type Connection = { tell: Tell; /** lets steps in flight finish for a moment */ close(): Promise<void> }
export type Connect = (work: Work) => Promise<Connection>
export type TemporalOptions = {
  connect: Connect
  /** events of one history before a run goes on in a fresh one */
  historyEvents?: number
  /** before a telling that was not answered is repeated */
  againMs?: number
  /** between two tries to reach the server */
  reconnectMs?: number
}

export function openTemporal(o: EngineOptions, { connect, historyEvents = 4096, againMs = 10_000, reconnectMs = 2000 }: TemporalOptions): Engine {
  const { kernel } = o
  const limits = { ...usualLimits, ...o.limits }
  const store = new Store(kernel, { name: 'groundwork workflows', connections: o.work ? 6 : 2, engine: 'temporal' })
  const activeVersion = async (tenantId: string, defId: string) => o.activeVersion?.({ tenantId, defId })
  const warn = (error: unknown, what: string) => kernel.log.warn({ error: String((error as Error)?.message ?? error) }, what)
  const worker = o.work ? work() : undefined

  function work() {
    const { books, write } = createBooks({ kernel, store, limits, inMemoryWaitMs: o.inMemoryWaitMs ?? 1000, historyEvents, load: o.load, activeVersion, stop: (run) => steps.stop(run) })
    const steps = createSteps({ store, run: o.run, write })
    const gone = new AbortController()
    let connection: Connection | undefined
    const outbox = startOutbox({ kernel, store, limits, steps, againMs, tell: () => connection?.tell, tick: async () => { if (o.schedules !== false) await startDue(store, kernel, activeVersion, limits) } })
    const lasting = Object.fromEntries(Object.entries(books).map(([name, book]) => [name, (...args: never[]) => persist(() => (book as (...a: never[]) => Promise<unknown>)(...args), { until: gone.signal })])) as Books
    const connecting = (async () => {
      const { rows } = await persist(() => store.db.pool.query<{ name: string }>(`select to_char(created_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS') as name from installation`), { until: gone.signal })
      for (let said = false; !gone.signal.aborted; ) {
        try {
          connection = await connect({ books: lasting, perform: steps.perform, slots: o.slots ?? 100, installation: rows[0]!.name, warn })
          return outbox.look()
        } catch (error) {
          if (!said) warn(error, 'Temporal cannot be reached: its runs wait')
          said = true
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, reconnectMs)
            gone.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
          })
        }
      }
    })().catch((error: unknown) => warn(error, 'the way to Temporal could not be opened'))
    return {
      held: steps.held,
      async close() {
        await outbox.close()
        gone.abort()
        await connecting
        await connection?.close()
      },
    }
  }

  return { kind: 'temporal', ...verbsOf(o, store, limits, worker) }
}
