// A reader without tables: one tail per process for all of its live streams (X1).
import type { Db } from './db.ts'
import { comparePositions, findEnd, listEvents, type EventRow, type Position } from './log.ts'
import { systemWho } from './readers.ts'

/** One stream. `tenants`: whose events it may get at all; `wants` decides by topic and permission, and may be asynchronous (its answers keep order). */
export type Subscriber = {
  tenants: ReadonlySet<string>
  last: Position
  wants(event: EventRow): boolean | Promise<boolean>
  send(event: EventRow, prev: Position): void | Promise<void>
  /** events held back while the history is read */
  waiting?: EventRow[]
}
type Watcher = (event: EventRow) => void

export type Tail = Awaited<ReturnType<typeof openTail>>

/** Starts at the log's present end. `watch` sees every event before any stream does: caches are dropped there. */
export async function openTail(db: Db, { batch = 500 }: { batch?: number } = {}) {
  const subscribers = new Set<Subscriber>()
  const watchers = new Set<Watcher>()
  const context = db.context(systemWho('tail'))
  let at: Position = (await context.read(findEnd()))[0][0]!
  const queues = new WeakMap<Subscriber, Promise<void>>()

  const deliver = (s: Subscriber, event: EventRow): void | Promise<void> => {
    if (comparePositions(event, s.last) <= 0) return // came from a server that was further on
    const pending = queues.get(s)
    const judge = (): void | Promise<void> => {
      const wanted = s.wants(event)
      const hand = (yes: boolean) => {
        if (!yes) return
        const prev = s.last
        s.last = { pos: event.pos, seq: event.seq }
        return s.send(event, prev)
      }
      return typeof wanted === 'boolean' ? hand(wanted) : wanted.then(hand)
    }
    const result = pending ? pending.then(judge) : judge()
    if (!result) return
    const queued = result.then(() => {
      if (queues.get(s) === queued) queues.delete(s)
    })
    queues.set(s, queued)
    return queued
  }

  return {
    at: () => at,
    size: () => subscribers.size,
    watch: (see: Watcher) => (watchers.add(see), () => void watchers.delete(see)),
    /** One batch; true when there may be more at once. */
    async step(): Promise<boolean> {
      const [events] = await context.read(listEvents(at, batch))
      for (const event of events) {
        at = { pos: event.pos, seq: event.seq }
        for (const see of watchers) see(event)
        for (const s of subscribers) {
          if (!s.tenants.has(event.tenant_id)) continue
          if (s.waiting) s.waiting.push(event)
          else void deliver(s, event)
        }
      }
      return events.length === batch
    },
    /** Waits until all that was handed to this stream so far is judged and sent. */
    settled: (s: Subscriber): Promise<void> => queues.get(s) ?? Promise.resolve(),
    /** Registers first, then reads the past up to the tail, then hands over what arrived meanwhile: no gap; and `last` lets nothing through twice.
        @param history one page of the past, in order, and whether there is more */
    async subscribe(s: Subscriber, history: (after: Position, to: Position) => Promise<{ events: EventRow[]; next: Position | null }>): Promise<() => void> {
      s.waiting = []
      subscribers.add(s)
      const to = at
      try {
        for (let from: Position | null = s.last; from && comparePositions(from, to) < 0; ) {
          const page: { events: EventRow[]; next: Position | null } = await history(from, to)
          for (const event of page.events) await deliver(s, event)
          from = page.next
        }
      } catch (error) {
        subscribers.delete(s) // else it would be held back for ever
        throw error
      }
      // new ones keep coming while the waiting ones are judged: go on until none is left, then switch over in the same turn
      while (s.waiting.length) {
        const some = s.waiting.splice(0)
        for (const event of some) await deliver(s, event)
      }
      s.waiting = undefined
      return () => void subscribers.delete(s)
    },
  }
}
