// The only door to the database. read: one flush, read only. change: rows and event in one transaction, in ONE flush when every statement is
// known beforehand, else interactively with BEGIN and the context riding on the first query, the events and COMMIT on the last.
import { AsyncLocalStorage } from 'node:async_hooks'
import type pg from 'pg'
import { ConnectionLost, flush, flushOn, isHarmless, isStale, openPool, OutcomeUnknown, type Rows, type RowsOf } from './batch.ts'
import { splitPayload, type EventMap, type EventName, type EventRegistry } from './events.ts'
import { newId } from './ids.ts'
import type { TenantRole } from './schema.ts'
import { Query, sql } from './sql.ts'

export type Actor = { type: 'user' | 'key' | 'workflow' | 'agent' | 'system'; id: string | null }
/** Who acts, for which tenant, in which request. `role` is the actor's role in that tenant, checked when the context was made. */
export type Who = {
  readonly tenant: string
  readonly actor: Actor
  /** people whose rights the actor uses where it is none itself (a workflow); of several only what each of them may. `role` is the lowest of theirs */
  readonly onBehalfOf?: readonly string[]
  readonly request: string
  readonly cause?: string | null
  readonly role?: TenantRole
  readonly operator?: boolean
  readonly session?: string
  readonly name?: string
  /** what the token was given for; absent: a person's own session, which may do all its person may */
  readonly scopes?: readonly string[]
  /** permissions that custom scopes of the token stand for */
  readonly permissions?: readonly string[]
  /** of a key: the person who answers for it */
  readonly answerer?: string
  /** an operator acts with the rights of `onBehalfOf`: nothing secret is theirs to see or change */
  readonly impersonation?: string
}
/** The people by whose rights somebody is judged: the actor itself, or those it acts for; none for what acts for nobody. */
export const peopleOf = ({ actor, onBehalfOf }: Pick<Who, 'actor' | 'onBehalfOf'>): readonly string[] => onBehalfOf ?? (actor.type === 'user' && actor.id ? [actor.id] : [])
/** The first of them: whom what the actor makes belongs to. */
export const personOf = (who: Pick<Who, 'actor' | 'onBehalfOf'>): string | null => peopleOf(who)[0] ?? null
/** What a change says of itself; its payload is checked against the event's declaration by the compiler. */
export type EventOf<N extends EventName> = { subject: string; data: EventMap[N]; /** whose event it is */ person?: string | null; /** gw_system only: dates the event back */ at?: string }
type Known<N extends EventName, Q extends readonly Query[]> = EventOf<N> & { run: readonly [...Q] }
/** A statement that judges and writes where the rows are. Each row it gives is a change that was made: `told` is what its event says beside `data`; no row: nothing was written. */
type Judging<N extends EventName, Row> = Omit<EventOf<N>, 'data' | 'at'> & { data: Partial<EventMap[N]>; tells: Query<Row & { told: unknown }> }
type Written<N extends EventName, R> = (EventOf<N> | { events: readonly EventOf<N>[] }) & { result: R }
/** An event with its name. */
export type Happened<N extends EventName = EventName> = { [K in N]: EventOf<K> & { name: K } }[N]
type Told<N extends EventName, R> = { happened: readonly Happened<N>[]; result: R }
type Change = {
  /** Statements known beforehand: one flush. @returns their rows */
  <N extends EventName, Q extends readonly Query[]>(name: N, known: Known<N, Q>): Promise<RowsOf<Q>>
  /** A statement that learns what happened and writes it: it and its event are one statement. @returns its row; undefined: nothing was written */
  <N extends EventName, Row>(name: N, telling: Judging<N, Row>): Promise<Row | undefined>
  /** A function that does nothing but SQL, since it may run twice. A bulk verb gives one event per subject. @returns its `result` */
  <N extends EventName, R>(name: N, body: (tx: Tx) => Promise<Written<N, R>>): Promise<R>
}
export type Context = Who & {
  read<Q extends readonly Query[]>(...queries: Q): Promise<RowsOf<Q>>
  change: Change
  /** For a verb that learns only under lock what happened: one event or several, by name, or none; then nothing is written. @returns its `result` */
  happen<N extends EventName, R>(body: (tx: Tx) => Promise<Told<N, R>>): Promise<R>
}
/** A running transaction; itself a Context, so a function that takes one works inside and outside of a change. */
export type Tx = Context & {
  <Row>(query: Query<Row>): Promise<Rows<Row>>
  run<Q extends readonly Query[]>(...queries: Q): Promise<RowsOf<Q>> // one flush
  later(query: Query): void // rides on the last flush, before the events
  /** The same transaction on behalf of somebody else; from gw_system this becomes gw_app of that tenant, under its policies. */
  within(who: Partial<Who>): Tx
}
type LooseEvent = { subject: string; data: unknown; person?: string | null; at?: string }
type LooseKnown = LooseEvent & ({ run: readonly Query[]; tells?: undefined } | { tells: Query; run?: undefined })
type LooseWritten = (LooseEvent | { events: readonly LooseEvent[] }) & { result: unknown }

export type Seal = (who: { tenant: string; person?: string | null }, text: string, boundTo: string) => Promise<Buffer>
export type DbOptions = {
  connection: pg.PoolConfig
  registry: EventRegistry
  seal: Seal
  /** of a flush and of a whole interactive transaction; above the role's statement_timeout */
  deadlineMs?: number
  onCommit?: () => void
  /** the pool logs in as gw_system: views made by `within` become gw_app */
  system?: boolean
}

const begin = sql`begin`
const commit = sql`commit`
const rollback = sql`rollback`
const settings = (w: Who) => sql`set_config('app.tenant', ${w.tenant}, true), set_config('app.actor', ${w.onBehalfOf?.[0] ?? w.actor.id ?? ''}, true), set_config('app.request', ${w.request}, true)`
/** A change finds its rows by key: one plan for all values. Left to itself the server plans statements over arrays anew each time, which took a third
    of its time in a move. That plan is kept as long as the connection, so it must not be one that is good only while the table is tiny: no reading of
    whole tables where an index serves. A read may leave filters out and is planned as the server likes. */
const onePlan = sql`set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)`
const setContext = (w: Who) => sql`select ${settings(w)}, ${onePlan}`
const setReadOnly = (w: Who) => sql`select ${settings(w)}, set_config('transaction_read_only', 'on', true)`
const setContextAs = (w: Who, role: string) => sql`select ${settings(w)}, ${onePlan}, set_config('role', ${role}, true)`
const written = sql`tenant_id, id, name, subject_type, subject_id, scope_id, parent_id, person_id, actor_type, actor_id, data, secret, cause_id, request_id`
export const eventBinding = (id: string): string => `events/secret/${id}`

/** Took longer than the door's own deadline. */
export class TooLong extends Error {}

export class Db {
  readonly pool: pg.Pool
  #o: Required<DbOptions>
  #inside = new AsyncLocalStorage<{ open: boolean }>()
  constructor(options: DbOptions) {
    this.#o = { deadlineMs: 12_000, onCommit: () => {}, system: false, ...options }
    this.pool = openPool(options.connection)
  }

  /** A context bound to this door: what handlers and services get. */
  context(who: Who): Context {
    return { ...who, read: (...queries) => this.#read(who, queries) as never, change: ((name: string, how: never) => this.#change(who, name, how)) as Change, happen: (body) => this.#happen(who, body as never) as never }
  }

  async #read(who: Who, queries: readonly Query[]) {
    this.#refuseInside()
    return (await flushOn(this.pool, [setReadOnly(who), ...queries], this.#o.deadlineMs)).slice(1)
  }

  async #change(who: Who, name: string, how: LooseKnown | ((tx: Tx) => Promise<LooseWritten>)): Promise<unknown> {
    if (typeof how === 'function') return this.transact(who, (tx) => recorded(tx, () => how(tx), name, this.#o))
    this.#refuseInside()
    const event = await writeEvent(who, name, how, this.#o, how.tells)
    const results = await again(() => flushOn(this.pool, [setContext(who), ...(how.run ?? []), event], this.#o.deadlineMs).catch(inDoubt))
    const made = how.tells && results[1]![0]
    if (how.run || made) this.#o.onCommit()
    return how.run ? results.slice(1, -1) : made
  }

  async #happen(who: Who, body: (tx: Tx) => Promise<LooseTold>): Promise<unknown> {
    try {
      return await this.transact(who, async (tx) => {
        const { happened, result } = await toldBy(tx, () => body(tx), this.#o)
        if (!happened.length) throw new Nothing(result) // takes back what was locked or written
        return result
      })
    } catch (error) {
      if (error instanceof Nothing) return error.result
      throw error
    }
  }

  /** For the kernel only (readers, answers kept for a key): a transaction that need not write an event. Runs again after a deadlock or a stale plan. */
  async transact<R>(who: Who, body: (tx: Tx) => Promise<R>): Promise<R> {
    this.#refuseInside()
    const { result, told } = await again(() => this.#attempt(who, body))
    if (told) this.#o.onCommit() // only news: a reader that rang at every look would wake itself for ever
    return result
  }

  /** For the kernel only: statements that are all known, one flush and one transaction, no event. */
  async flush<Q extends readonly Query[]>(who: Who, ...queries: Q): Promise<RowsOf<Q>> {
    this.#refuseInside()
    return (await again(() => flushOn(this.pool, [setContext(who), ...queries], this.#o.deadlineMs))).slice(1) as RowsOf<Q>
  }

  async #attempt<R>(who: Who, body: (tx: Tx) => Promise<R>): Promise<{ result: R; told: boolean }> {
    const client = await this.pool.connect()
    const t = new Transaction(client, who, this.#o)
    let timer: NodeJS.Timeout | undefined
    const tooLong = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new TooLong(`the change took longer than ${this.#o.deadlineMs} ms`)), this.#o.deadlineMs)))
    try {
      const result = await Promise.race([this.#inside.run(t.scope, () => body(t.view(who, false))), tooLong])
      await t.commit()
      return { result, told: t.told }
    } catch (error) {
      await t.rollback(error)
      throw error
    } finally {
      clearTimeout(timer)
      t.scope.open = false // a query kept for later must not reach whoever borrows the connection next
      client.release(t.broken)
    }
  }

  /** A second connection inside a change sees old rows and, with the pool used up, waits for itself. */
  #refuseInside() {
    if (this.#inside.getStore()?.open) throw new Error('inside a change use its tx, not the outer context')
  }
  close(): Promise<void> {
    return this.pool.end()
  }
}

class Transaction {
  readonly scope = { open: true }
  broken = false
  /** an event was written */
  told = false
  #client: pg.ClientBase
  #o: Required<DbOptions>
  #until: number
  #begun = false
  #doomed: { error: unknown } | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #last: { view: View; query: Query }[] = []
  #set: View | undefined // whose context the connection has at the moment
  #root: View
  constructor(client: pg.ClientBase, who: Who, o: Required<DbOptions>) {
    this.#client = client
    this.#o = o
    this.#until = Date.now() + o.deadlineMs
    this.#root = { who, asApp: false }
  }

  view(who: Who, asApp: boolean): Tx {
    const view: View = { who, asApp }
    const call = (query: Query) => {
      const rows = this.#send(view, [query]).then((all) => all[0]!)
      rows.catch(() => {}) // a query nobody waits for fails the commit, not the process
      return rows
    }
    const tx = call as unknown as Tx
    const run = (...queries: Query[]) => this.#send(view, queries)
    const doom = (error: unknown): never => {
      this.#doomed ??= { error }
      throw error
    }
    Object.defineProperty(tx, 'name', { value: who.name, enumerable: true }) // a function's own name is not writable
    return Object.assign(tx, {
      tenant: who.tenant, actor: who.actor, onBehalfOf: who.onBehalfOf, request: who.request, cause: who.cause, role: who.role, operator: who.operator, session: who.session,
      ...(who.scopes ? { scopes: who.scopes, permissions: who.permissions, answerer: who.answerer, impersonation: who.impersonation } : {}),
      run, read: run,
      later: (query: Query) => void this.#last.push({ view, query }),
      [tell]: (query: Query) => {
        this.told = true
        this.#last.push({ view, query })
      },
      within: (other: Partial<Who>) => this.view({ ...who, ...other }, this.#o.system),
      happen: async (body: (t: Tx) => Promise<LooseTold>) => (await toldBy(tx, () => body(tx), this.#o).catch(doom)).result,
      // a nested change joins; its failure dooms the whole, even when the outer code catches it: half of its rows may be written
      change: (name: string, how: LooseKnown | ((t: Tx) => Promise<LooseWritten>)) => {
        const { run, tells } = typeof how === 'function' ? {} : how
        if (tells) return writeEvent(who, name, how as LooseEvent, this.#o, tells).then((query) => this.#tell(view, query)).catch(doom)
        return recorded(tx, typeof how === 'function' ? () => how(tx) : async () => ({ ...how, result: await this.#send(view, run!) }), name, this.#o).catch(doom)
      },
    }) as never
  }

  async #tell(view: View, query: Query): Promise<unknown> {
    const [[row]] = (await this.#send(view, [query])) as [Rows<unknown>]
    this.told ||= row !== undefined
    return row
  }

  #send(view: View, queries: readonly Query[]): Promise<Rows<unknown>[]> {
    if (!this.scope.open) throw new Error('this transaction is over')
    const mine = this.#turn.then(() => this.#sendNow(view, queries)) // one after the other, also under Promise.all
    this.#turn = mine.catch(() => {})
    return mine
  }

  async #sendNow(view: View, queries: readonly Query[]): Promise<Rows<unknown>[]> {
    if (this.#doomed) throw this.#doomed.error // caught and gone on: the first error stands
    const head = this.#begun ? [] : [begin]
    this.#begun = true
    if (!same(this.#set, view)) head.push(this.#o.system ? setContextAs(view.who, view.asApp ? 'gw_app' : 'gw_system') : setContext(view.who))
    this.#set = view
    try {
      return (await flush(this.#client, [...head, ...queries], Math.max(1, this.#until - Date.now()))).slice(head.length)
    } catch (error) {
      this.#doomed ??= { error }
      this.broken ||= !isHarmless(error)
      throw error
    }
  }

  async commit(): Promise<void> {
    await this.#turn
    if (this.#doomed) throw this.#doomed.error
    if (!this.#begun && !this.#last.length) return // nothing was asked of the database
    const ofRoot = (view: View) => same(view, this.#set ?? this.#root)
    while (this.#last.some(({ view }) => !ofRoot(view))) {
      const [first] = this.#last
      const some = this.#last.filter(({ view }) => same(view, first!.view))
      this.#last = this.#last.filter(({ view }) => !same(view, first!.view))
      await this.#send(first!.view, some.map(({ query }) => query))
    }
    const end = await this.#send(this.#set ?? this.#root, [...this.#last.map(({ query }) => query), commit]).catch(inDoubt)
    if (end.at(-1)!.tag !== 'COMMIT') throw new Error('rolled back') // COMMIT in a failed transaction answers ROLLBACK, and no error
  }

  async rollback(error: unknown): Promise<void> {
    this.#doomed ??= { error }
    this.scope.open = false
    if (this.#begun && !this.broken) await flush(this.#client, [rollback], 2000).catch(() => (this.broken = true))
  }
}
type View = { who: Who; asApp: boolean }
const same = (a: View | undefined, b: View) => a !== undefined && a.asApp === b.asApp && a.who.tenant === b.who.tenant && a.who.actor.id === b.who.actor.id && a.who.onBehalfOf?.[0] === b.who.onBehalfOf?.[0] && a.who.request === b.who.request

const tell = Symbol('tell')
type Telling = { [tell](query: Query): void }
/** Runs the body and keeps its events for the last flush. */
async function recorded(tx: Tx, body: () => Promise<LooseWritten>, name: string, o: Required<DbOptions>): Promise<unknown> {
  const done = await body()
  const events = done && ('events' in done ? done.events : done.subject ? [done] : [])
  if (!events?.length) throw new TypeError(`change ${name} returned no event`)
  if (events.length > 200) throw new RangeError(`change ${name} returned ${events.length} events; at most 200 subjects at once`)
  for (const event of events) (tx as Tx & Telling)[tell](await writeEvent(tx, name, event, o))
  return done.result
}

type LooseTold = { happened: readonly (LooseEvent & { name: string })[]; result: unknown }
class Nothing extends Error {
  readonly result: unknown
  constructor(result: unknown) {
    super('nothing happened')
    this.result = result
  }
}
async function toldBy(tx: Tx, body: () => Promise<LooseTold>, o: Required<DbOptions>): Promise<LooseTold> {
  const told = await body()
  if (told.happened.length > 200) throw new RangeError(`${told.happened.length} events at once; at most 200`)
  for (const event of told.happened) (tx as Tx & Telling)[tell](await writeEvent(tx, event.name, event, o))
  return told
}

/** @param tells the statement whose row completes it, and without whose row there is none */
async function writeEvent(who: Who, name: string, event: LooseEvent, o: Required<DbOptions>, tells?: Query): Promise<Query> {
  const declared = o.registry.of(name)
  const data = event.data as Record<string, unknown>
  const { clear, secret } = splitPayload(declared.sealed, data)
  const id = newId()
  const sealed = secret && (await o.seal({ tenant: who.tenant, person: event.person }, JSON.stringify(secret), eventBinding(id)))
  const idAt = (key: string | undefined) => (key ? ((data[key] as string | null | undefined) ?? null) : null)
  if (tells) {
    const idTold = (key: string | undefined) => sql`coalesce(${idAt(key)}::uuid, (done.told ->> ${key ?? ''}::text)::uuid)`
    return sql`with done as materialized (${tells}), written as (
      insert into events (${written})
      select ${who.tenant}::uuid, ${id}::uuid, ${name}::text, ${declared.subject}::text, ${event.subject}::uuid, ${idTold(declared.scope)}, ${idTold(declared.parent)}, ${event.person ?? null}::uuid,
        ${who.actor.type}::text, ${who.actor.id}::uuid, ${sql.json(clear)}::jsonb || done.told, ${sealed}::bytea, ${who.cause ?? null}::uuid, ${who.request}::text from done)
      select * from done`
  }
  const values = sql`${who.tenant}, ${id}, ${name}, ${declared.subject}, ${event.subject}, ${idAt(declared.scope)}, ${idAt(declared.parent)}, ${event.person ?? null},
    ${who.actor.type}, ${who.actor.id}, ${sql.json(clear)}, ${sealed}, ${who.cause ?? null}, ${who.request}`
  return event.at ? sql`insert into events (${written}, at) values (${values}, ${event.at})` : sql`insert into events (${written}) values (${values})`
}

/** A stale plan, a deadlock or a serialisation failure took the whole transaction back: once more, at most three times. */
async function again<R>(attempt: () => Promise<R>): Promise<R> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      const { code } = error as { code?: string }
      if (tries > 3 || !(isStale(error) || code === '40001' || code === '40P01')) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * 2 ** tries))
    }
  }
}
function inDoubt(error: unknown): never {
  throw error instanceof ConnectionLost ? new OutcomeUnknown('the connection was lost while committing', { cause: error }) : error
}
