// A reader without tables: one tail per process for all of its live streams (X1).
import type { Db } from './db.ts'
import { comparePositions, findEnd, listEvents, type EventRow, type Position } from './log.ts'
import { systemWho } from './readers.ts'

/** One stream. `tenants`: whose events it may be offered at all. */
export type Subscriber = {
  tenants: readonly string[]
  /** of the last frame that went out: nothing at or before it is offered, also when it came from a server that was further on */
  readonly last: Position
  /** Judges and sends, in the order offered; may finish later. Never throws. */
  offer(event: EventRow): void
  /** Settles when all that was offered is judged and sent and there is room for more; rejects when the stream is over. */
  settled(): Promise<void>
}
/** One page of the past, in order, and where to go on. */
export type History = (after: Position, to: Position) => Promise<{ events: EventRow[]; next: Position | null }>

export type Tail = Awaited<ReturnType<typeof openTail>>

/** Starts at the log's present end. @param hold events kept back for a stream that still reads its past; beyond it, it reads them later */
export async function openTail(db: Db, { batch = 500, hold = 2000 }: { batch?: number; hold?: number } = {}) {
  const live = new Map<string, Set<Subscriber>>() // by tenant
  const behind = new Map<Subscriber, { events: EventRow[]; overflown: boolean }>()
  const watchers = new Set<(event: EventRow) => void>()
  const preparers = new Set<(events: readonly EventRow[]) => Promise<unknown>>()
  const context = db.context(systemWho('tail'))
  let at: Position = (await context.read(findEnd()))[0][0]!

  const give = (s: Subscriber, event: EventRow) => {
    if (comparePositions(event, s.last) > 0) s.offer(event)
  }
  const enter = (s: Subscriber) => {
    for (const tenant of s.tenants) live.set(tenant, (live.get(tenant) ?? new Set()).add(s))
  }
  const leave = (s: Subscriber) => {
    behind.delete(s)
    for (const tenant of s.tenants) if (live.get(tenant)?.delete(s) && live.get(tenant)!.size === 0) live.delete(tenant)
  }

  return {
    at: () => at,
    /** Called for every event, in order, before any stream gets it: caches are dropped there. */
    watch: (see: (event: EventRow) => void) => (watchers.add(see), () => void watchers.delete(see)),
    /** Called with each batch before it is passed on, which waits for it: what can be made once for all streams. */
    prepare: (make: (events: readonly EventRow[]) => Promise<unknown>) => (preparers.add(make), () => void preparers.delete(make)),
    /** Whether anybody is there to be offered this tenant's events. */
    isFollowed: (tenant: string): boolean => live.has(tenant),
    /** One batch; true when there may be more at once. */
    async step(): Promise<boolean> {
      const [events] = await context.read(listEvents(at, batch))
      for (const make of preparers) await make(events).catch(() => {}) // whoever needs it will meet the error
      // from here on in one turn: nobody subscribes between an event and the position behind it
      for (const event of events) {
        at = { pos: event.pos, seq: event.seq }
        for (const see of watchers) see(event)
        for (const s of live.get(event.tenant_id) ?? []) give(s, event)
        for (const [s, held] of behind) {
          if (held.overflown || !s.tenants.includes(event.tenant_id)) continue
          if (held.events.push(event) > hold) Object.assign(held, { overflown: true, events: [] })
        }
      }
      return events.length === batch
    },
    /** Holds new events back, reads the past up to the tail, then hands over what was held: no gap; `last` lets nothing through twice.
        Until it settles the stream is catching up; it rejects when the history cannot be read or the stream ended. @returns the way to leave */
    async subscribe(s: Subscriber, history: History): Promise<() => void> {
      let from: Position | null = s.last
      try {
        for (;;) {
          const held: { events: EventRow[]; overflown: boolean } = { events: [], overflown: false }
          behind.set(s, held)
          const to = at
          while (from && comparePositions(from, to) < 0) {
            const page = await history(from, to)
            for (const event of page.events) give(s, event)
            await s.settled()
            from = page.next
          }
          // new ones keep coming while the held ones are judged: go on until none is left, then switch over in the same turn
          while (held.events.length) {
            for (const event of held.events.splice(0)) give(s, event)
            await s.settled()
          }
          from = to
          if (held.overflown) continue
          behind.delete(s)
          enter(s)
          return () => leave(s)
        }
      } catch (error) {
        leave(s) // else it would be held back for ever
        throw error
      }
    },
  }
}
