// A reader declares the events it takes and handles a batch in one transaction with its own cursor row: its effects, the events they cause and
// the cursor commit together. Any number of processes may step the same reader; the row lock lets one work at a time.
import { Type, type Static } from 'typebox'
import { ConnectionLost, OutcomeUnknown } from './batch.ts'
import type { Db, Tx, Who } from './db.ts'
import type { EventName } from './events.ts'
import { platformId } from './ids.ts'
import { comparePositions, eventColumns, EventRow, horizon, type LoggedEvent, type OpenEvent } from './log.ts'
import { Nullable } from './schema.ts'
import { sql, statement } from './sql.ts'
import type { Switches } from './switches.ts'

/** `handle` runs as gw_app of the event's tenant, caused by the event; it does nothing but SQL, and tolerates the same event again (replay). */
export type Reader = {
  name: string
  takes: readonly EventName[]
  handle(tx: Tx, event: LoggedEvent): Promise<unknown>
  /** Those of several events of which something may follow, found for all of them at once and as gw_system: what it leaves out is never opened. */
  sift?(tx: Tx, events: readonly EventRow[]): Promise<readonly EventRow[]>
  batch?: number
  /** before an event that keeps failing alone is parked */
  tries?: number
  /** the optional module it belongs to: events of tenants that have it off are passed over, for good */
  feature?: string | undefined
  /** it ends or cleans up, so it works also where its module is off */
  always?: boolean
}
export const reader = (name: string, takes: readonly EventName[], handle: Reader['handle'], more: Partial<Reader> = {}): Reader => ({ name, takes, handle, ...more })

const Cursor = Type.Object({ pos: Type.Integer(), seq: Type.Integer(), tries: Type.Integer(), paused: Type.Boolean() })
/** `nth` of `total` events of this page; both null, as all of the event is, when there is none. */
const Look = Type.Object({ ...EventRow.properties, tries: Type.Integer(), paused: Type.Boolean(), nth: Nullable(Type.Integer()), total: Nullable(Type.Integer()) })
const ensureReader = (name: string) => sql`insert into readers (name) values (${name}) on conflict do nothing`
const lockReader = statement('readers.lock', Cursor, (name: string) => sql`select pos, seq, tries, paused from readers where name = ${name} for update skip locked`)
/** One look: the cursor, locked, and a page of the log behind it, one event alone when somebody died over the first. Of those that the reader does not
    take only the page's last comes along, to tell how far it got. A cursor that moved meanwhile is met at its new place. No row: it is held elsewhere. */
export const look = statement('readers.look', Look, (name: string, takes: readonly string[], limit: number) => sql`
  with cursor as materialized (select pos, seq, tries, paused from readers where name = ${name} for update skip locked),
  page as (select ${eventColumns}, (row_number() over (order by pos, seq))::int as nth, (count(*) over ())::int as total from (
    select ${eventColumns} from events where (pos, seq) > ((select pos from cursor), (select seq from cursor)) and pos < ${horizon} and not (select paused from cursor)
    order by pos, seq limit (select case when tries > 0 then 1 else ${limit}::int end from cursor)) p)
  select c.tries, c.paused, page.* from cursor c left join page on page.name = any (${takes}) or page.nth = page.total order by page.nth`)
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
export function createStep(db: Db, open: OpenEvent, { name, takes, handle, sift, batch = 100, tries = 5, feature, always = false }: Reader, onError: (error: unknown, event?: EventRow, parked?: boolean) => void = () => {}, switches?: Switches): () => Promise<boolean> {
  // A batch that ends the process counts nothing, so after a start it grows from one, which is counted, by doubling: the culprit is soon met alone.
  let limit = 1
  let pauseUntil = 0 // else a burst of wake-ups would use up all tries at once
  let known = false
  const wanted = new Set<string>(takes)
  const system = systemWho(`reader:${name}`)
  /** Only while the reader still stands before it: another process may have got past it meanwhile, and must not be set back. */
  const park = (event: EventRow, error: string) =>
    db.transact(system, async (tx) => {
      const [cursor] = await tx(lockReader(name))
      if (cursor && !cursor.paused && comparePositions(event, cursor) > 0) await tx.run(parkEvent(name, event, error), moveReader(name, event, 0))
    })
  /** Counts a try of the next event before it is handled, in a transaction of its own. */
  const countHead = () =>
    db.transact(system, async (tx) => {
      const [event] = await tx(look(name, takes, 1))
      if (!event || event.nth === null || !wanted.has(event.name)) return undefined
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
    const size = limit
    const counted = size === 1 ? await countHead() : undefined
    if (counted && counted.tries > tries) {
      // the last try never came back to note its error: the event ended the process
      await park(counted.event, 'the process ended while handling it')
      return true
    }
    try {
      const more = await db.transact(system, async (tx) => {
        at = undefined
        const rows = await tx(look(name, takes, size))
        const [first] = rows
        const last = rows.at(-1)
        if (!first || !last || first.paused) return undefined
        if (last.nth === null) return false
        const taken = rows.filter((row) => wanted.has(row.name))
        const events = sift && taken.length > 1 ? await sift(tx, taken) : taken // alone it is asked for nothing that handling it does not ask
        const off = new Map<string, boolean>() // asked after the look, so not before any switching that the look has met
        for (const event of events) {
          at = { event, index: (event as Static<typeof Look>).nth! - 1 }
          if (feature !== undefined && switches && !always) {
            if (!off.has(event.tenant_id)) off.set(event.tenant_id, await switches.isOff(event.tenant_id, feature))
            if (off.get(event.tenant_id)) continue
          }
          await handle(tx.within(actingOn(event, `reader:${name}`)), await open(event))
        }
        tx.later(moveReader(name, last, taken.length))
        return last.total === (first.tries > 0 ? 1 : size)
      })
      if (more !== undefined) limit = more ? Math.min(batch, size * 2) : batch
      return more ?? false
    } catch (error) {
      if (!at && !isAway(error)) limit = 1 // by sifting: alone none is sifted
      if (!at || isAway(error)) throw error
      const { event, index } = at
      const alone = index === 0 && counted?.event.id === event.id
      onError(error, event, alone && counted.tries >= tries)
      limit = Math.max(1, index) // next: those before it, then the failing one alone, counted
      if (!alone) return true
      if (counted.tries >= tries) {
        await park(event, messageOf(error))
        return true
      }
      pauseUntil = Date.now() + Math.min(100 * 2 ** counted.tries, 30_000)
      await db.transact(system, (tx) => tx(noteError(name, messageOf(error))))
      return false
    }
  }
}
/** The database's own trouble, not the event's: nothing is counted. Told by the error's class, not its code: a handler's own ECONNREFUSED is the handler's.
    Our own deadline is not of that kind (a connection lost to it has no cause): a batch too long for it must be cut, an event too long parked. */
const isAway = (error: unknown) =>
  (error instanceof ConnectionLost && error.cause !== undefined) || error instanceof OutcomeUnknown || String((error as { code?: string }).code).startsWith('53')

export type Stepper = { done: Promise<void>; wake(): void; stop(): Promise<void> }
/** Calls step until it says idle, again when woken, and every floorMs whatever happens: a wake-up is only a hint.
    @param gapMs the least time from the beginning of one step to the next, unless there is more at once: under load many commits are one look */
export function keepStepping(step: () => Promise<boolean>, { floorMs = 1000, gapMs = 5, onError = () => {} }: { floorMs?: number; gapMs?: number; onError?: (error: unknown) => void } = {}): Stepper {
  let interrupt = () => {}
  let cut = () => {}
  let woken = false
  let stopped = false
  const pause = (ms: number, held: (end: () => void) => void) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      held(() => (clearTimeout(timer), resolve()))
    })
  const done = (async () => {
    while (!stopped) {
      woken = false
      const began = performance.now()
      const more = await step().catch((error: unknown) => void onError(error))
      if (more || stopped) continue
      if (!woken) await pause(floorMs, (end) => (interrupt = end))
      const early = gapMs - (performance.now() - began)
      if (early > 0 && !stopped) await pause(early, (end) => (cut = end))
    }
  })()
  return { done, wake: () => ((woken = true), interrupt()), stop: () => ((stopped = true), interrupt(), cut(), done) }
}
