// A reader declares the events it takes and handles a batch in one transaction with its own cursor row: its effects, the events they cause and
// the cursor commit together. Any number of processes may step the same reader; the row lock lets one work at a time.
import { Type } from 'typebox'
import { ConnectionLost, OutcomeUnknown } from './batch.ts'
import { TooLong, type Db, type Tx, type Who } from './db.ts'
import type { EventName } from './events.ts'
import { platformId } from './ids.ts'
import { listEvents, type EventRow, type LoggedEvent, type OpenEvent } from './log.ts'
import { sql, statement } from './sql.ts'

/** `handle` runs as gw_app of the event's tenant, caused by the event; it does nothing but SQL, and tolerates the same event again (replay). */
export type Reader = {
  name: string
  takes: readonly EventName[]
  handle(tx: Tx, event: LoggedEvent): Promise<unknown>
  batch?: number
  /** before an event that keeps failing alone is parked */
  tries?: number
}
export const reader = (name: string, takes: readonly EventName[], handle: Reader['handle'], more: Partial<Reader> = {}): Reader => ({ name, takes, handle, ...more })

const Cursor = Type.Object({ pos: Type.Integer(), seq: Type.Integer(), tries: Type.Integer(), paused: Type.Boolean() })
const ensureReader = (name: string) => sql`insert into readers (name) values (${name}) on conflict do nothing`
const lockReader = statement('readers.lock', Cursor, (name: string) => sql`select pos, seq, tries, paused from readers where name = ${name} for update skip locked`)
const moveReader = (name: string, to: { pos: number; seq: number }, handled: number) => sql`
  update readers set pos = ${to.pos}, seq = ${to.seq}, tries = 0, error = null, handled = handled + ${handled}, moved_at = now() where name = ${name}`
const countTry = statement('readers.count-try', Type.Object({ tries: Type.Integer() }), (name: string) => sql`update readers set tries = tries + 1 where name = ${name} returning tries`)
const noteError = (name: string, error: string) => sql`update readers set error = ${error} where name = ${name}`
export const parkEvent = (name: string, e: Pick<EventRow, 'id' | 'tenant_id' | 'at' | 'name'>, error: string) => sql`
  insert into parked_events (reader, event_id, tenant_id, event_at, name, error) values (${name}, ${e.id}, ${e.tenant_id}, ${e.at}, ${e.name}, ${error}) on conflict do nothing`

export const systemWho = (request: string): Who => ({ tenant: platformId, actor: { type: 'system', id: null }, request })
export const actingOn = (event: Pick<EventRow, 'tenant_id' | 'id' | 'person_id'>, request: string): Partial<Who> => ({
  tenant: event.tenant_id, actor: { type: 'system', id: event.tenant_id === platformId ? event.person_id : null }, cause: event.id, request,
})
const messageOf = (error: unknown) => String((error as Error)?.message ?? error).slice(0, 500)

/** One batch of one reader. Gives true when there may be more at once. An event that fails alone `tries` times is parked, and the reader goes on;
    the try is counted before it is handled, so an event that kills the process is parked as well. */
export function createStep(db: Db, open: OpenEvent, { name, takes, handle, batch = 100, tries = 5 }: Reader, onError: (error: unknown, event?: EventRow) => void = () => {}): () => Promise<boolean> {
  let limit = 1 // the first one after a start alone and counted: it may be what ended the process before
  let pauseUntil = 0 // else a burst of wake-ups would use up all tries at once
  let known = false
  const wanted = new Set<string>(takes)
  const system = systemWho(`reader:${name}`)
  const park = (event: EventRow, error: string) => db.transact(system, (tx) => tx.run(parkEvent(name, event, error), moveReader(name, event, 0)))
  /** Counts a try of the next event before it is handled, in a transaction of its own. */
  const countHead = () =>
    db.transact(system, async (tx) => {
      const [cursor] = await tx(lockReader(name))
      const [event] = cursor && !cursor.paused ? await tx(listEvents(cursor, 1)) : []
      if (!event || !wanted.has(event.name)) return undefined
      const [counted] = await tx(countTry(name))
      return { event, tries: counted!.tries }
    })

  return async () => {
    let at: { event: EventRow; index: number } | undefined
    if (Date.now() < pauseUntil) return false
    if (!known) {
      await db.transact(system, (tx) => tx.run(ensureReader(name)))
      known = true
    }
    if (limit === 1) {
      const head = await countHead()
      if (head && head.tries > tries) {
        // the last try never came back to note its error: the event ended the process
        await park(head.event, 'the process ended while handling it')
        limit = batch
        return true
      }
    }
    try {
      return await db.transact(system, async (tx) => {
        at = undefined
        const [cursor] = await tx(lockReader(name))
        if (!cursor || cursor.paused) return false
        if (cursor.tries > 0) limit = 1 // somebody died over the first event, here or elsewhere
        const events = await tx(listEvents(cursor, limit))
        let handled = 0
        for (const [index, event] of events.entries()) {
          if (!wanted.has(event.name)) continue
          at = { event, index }
          await handle(tx.within(actingOn(event, `reader:${name}`)), await open(event))
          handled++
        }
        const last = events.at(-1)
        if (last) tx.later(moveReader(name, last, handled))
        return events.length === limit
      }).finally(() => (limit = batch))
    } catch (error) {
      if (!at || isAway(error)) throw error
      onError(error, at.event)
      limit = Math.max(1, at.index) // next: those before it, then the failing one alone
      if (at.index > 0) return true
      const { event } = at
      const [row] = await db.transact(system, async (tx) => {
        const rows = await tx(sql`select tries from readers where name = ${name}`)
        await tx(noteError(name, messageOf(error)))
        return rows as { tries: number }[]
      })
      limit = 1
      const last = (row?.tries ?? 0) >= tries
      pauseUntil = last ? 0 : Date.now() + Math.min(100 * 2 ** (row?.tries ?? 0), 30_000)
      if (last) {
        await park(event, messageOf(error))
        limit = batch
      }
      return last
    }
  }
}
/** The database's own trouble, not the event's: nothing is counted. Told by the error's class, not its code: a handler's own ECONNREFUSED is the handler's. */
const isAway = (error: unknown) => error instanceof ConnectionLost || error instanceof OutcomeUnknown || error instanceof TooLong || String((error as { code?: string }).code).startsWith('53')

export type Stepper = { done: Promise<void>; wake(): void; stop(): Promise<void> }
/** Calls step until it says idle, again when woken, and every floorMs whatever happens: a wake-up is only a hint. */
export function keepStepping(step: () => Promise<boolean>, { floorMs = 1000, onError = () => {} }: { floorMs?: number; onError?: (error: unknown) => void } = {}): Stepper {
  let interrupt = () => {}
  let woken = false
  let stopped = false
  const rest = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      interrupt = () => (clearTimeout(timer), resolve())
    })
  const done = (async () => {
    while (!stopped) {
      woken = false
      const more = await step().catch((error: unknown) => void onError(error))
      if (more || stopped) continue
      if (!woken) await rest(floorMs)
    }
  })()
  return { done, wake: () => ((woken = true), interrupt()), stop: () => ((stopped = true), interrupt(), done) }
}
