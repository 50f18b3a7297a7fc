// A run as Temporal sees it: our interpreter over a port whose waits are Temporal's timers and whose outcomes stand in our tables. This is what runs in
// the sandbox and is replayed there, so it has no clock, no chance and no way out but its host. A life that grew long, or was overtaken, begins
// anew from the tables; nothing is carried over.
import { interpret } from '../interpreter.ts'
import { outcomeOf } from '../outcome.ts'
import type { DefRef, DurablePort, Json, Key, Ref, RunInfo, SignalResult, StepCall } from '../port.ts'
import type { Begun, Failure, Host, Kept, News, Note, RunName, StepState, Wanted } from './books.ts'

type Wait = { due: number | null; kind: string; woken: boolean }
export type Ended = { status: 'completed' | 'failed' | 'cancelled'; code?: string }
/** ended: the run's row is closed. again: begin anew with the same arguments. gone: there is nothing to do. */
export type Outcome = { is: 'ended'; how: Ended } | { is: 'again' } | { is: 'gone' }

/** bytes of one history beyond what loading brought */
const historyBytes = 4_000_000
/** Temporal takes 2 MB in one message's value and 4 MB in all of an answer. */
const mostCallChars = 1_500_000
const mostInFlight = 100
const longestSleep = 10 * 365 * 86_400_000
const never = (): Promise<never> => new Promise(() => {})
const fault = (code: string, message: string): Error => Object.assign(new Error(message), { code })

/** @param woken counts what Temporal told this life: each time the run looks at its row */
export async function runProgram(host: Host, at: RunName, woken: () => number): Promise<Outcome> {
  const begun = await host.books.begin(at)
  if (!begun) return { is: 'gone' }
  const steps = [...begun.steps]
  for (let { more } = begun; more !== null; ) {
    const page = await host.books.history({ ...at, after: more })
    steps.push(...page.steps)
    more = page.more
  }
  const run = new TemporalRun(host, begun, steps, woken)
  return run.go()
}

class TemporalRun implements DurablePort {
  readonly run: RunInfo
  #host: Host
  #begun: Begun
  #history: Map<Key, StepState>
  #waits = new Map<Key, Wait>()
  #stops = new Map<() => void, boolean>() // in flight -> shielded
  #notes: Note[] = []
  #woken: () => number
  #heard: number
  #seen: number
  #active = 1 // until the graph was entered
  #chars = 0
  #recorded: number
  #parked: boolean
  #holding: boolean
  #draining = false
  #over = false
  #hasChildren: boolean
  #first: { events: number; bytes: number }
  #cancelled: Error | undefined
  #cancel!: (error: Error) => void
  #cancellation: Promise<never>
  #leave!: (why: { error: unknown } | 'again') => void
  #left: Promise<{ error: unknown } | 'again'>
  #signals: Promise<unknown> = Promise.resolve()

  constructor(host: Host, begun: Begun, steps: readonly StepState[], woken: () => number) {
    this.#host = host
    this.#begun = begun
    this.run = begun.facts
    this.#history = new Map(steps.map((s) => [s.key, s]))
    this.#recorded = steps.length
    this.#hasChildren = steps.some((s) => s.kind === 'child')
    this.#woken = woken
    this.#heard = woken()
    this.#seen = begun.seen
    this.#parked = begun.status === 'paused'
    this.#holding = begun.pause
    this.#first = host.history()
    this.#cancellation = new Promise((_, reject) => (this.#cancel = reject))
    this.#cancellation.catch(() => {})
    this.#left = new Promise((resolve) => (this.#leave = resolve))
  }

  async go(): Promise<Outcome> {
    const { graph, input, cancel, deadline } = this.#begun
    if (this.#host.now() > deadline) return this.#end({ error: this.#tooLong() })
    if (!graph) return this.#end({ error: fault('workflow.no_version', `there is no version ${this.run.defVersion} of this workflow any more`) })
    if (cancel) this.#setCancelled()
    void this.#listen()
    void this.#watch()
    const result = interpret(this, graph, input).then((output) => ({ output }), (error: unknown) => ({ error }))
    this.#active--
    const how = await Promise.race([result, this.#left])
    return how === 'again' ? { is: 'again' } : this.#end(how)
  }

  async #end(how: { output: Json | Ref } | { error: unknown }): Promise<Outcome> {
    this.#over = true
    const { facts, place } = this.#begun
    const cancelled = this.#cancelled !== undefined && 'error' in how
    const { message, code, key, name } = ('error' in how ? (how.error ?? {}) : {}) as { message?: string; code?: unknown; key?: string; name?: string }
    const error = 'error' in how && !cancelled ? { message: String(message ?? how.error).slice(0, 2000), code: String(code ?? name ?? 'Error').slice(0, 100), key: key ?? null } : null
    for (const stop of this.#stops.keys()) stop()
    const status = cancelled ? 'cancelled' : error ? 'failed' : 'completed'
    const kept = await this.#host.books.end(place, {
      status, output: 'output' in how ? how.output : null, error, seen: this.#seen, isChild: facts.parentRun !== null, hasChildren: this.#hasChildren, notes: this.#takeNotes(),
    })
    return kept ? { is: 'ended', how: { status, ...(error ? { code: error.code } : {}) } } : { is: 'again' }
  }
  #tooLong = (): Error => fault('run.too_long', 'the run took longer from its creation than a run may')

  /** Each time Temporal tells that something happened to the run, it looks. */
  async #listen(): Promise<void> {
    for (;;) {
      await this.#host.until(() => this.#over || this.#woken() > this.#heard)
      if (this.#over) return
      this.#heard = this.#woken()
      await this.#look()
    }
  }
  /** Nothing runs: the run parks, goes on in a fresh history, or can never go on. */
  async #watch(): Promise<void> {
    for (;;) {
      await this.#host.until(() => this.#over || (this.#active === 0 && (this.#draining || !this.#parked) && [...this.#waits.values()].every((w) => !w.woken)))
      if (this.#over) return
      if (this.#draining) return this.#again()
      if (!this.#waits.size) return this.#fail(fault('run.stuck', 'nothing runs, nothing waits, and the graph is not finished'))
      const waits = [...this.#waits].map(([key, { kind, due }]) => ({ key, kind, due })).sort((a, b) => (a.due ?? Infinity) - (b.due ?? Infinity)).slice(0, 20)
      this.#parked = true
      const kept = await this.#inTurn(() => this.#host.books.park(this.#begun.place, { waits, seen: this.#seen, notes: this.#takeNotes() }))
      if (!kept) return this.#again()
      void this.#watchDeadline()
    }
  }
  #deadlineWatched = false
  async #watchDeadline(): Promise<void> {
    if (this.#deadlineWatched) return
    this.#deadlineWatched = true
    const left = this.#begun.deadline - this.#host.now()
    if (!(await this.#host.until(() => this.#over, Math.min(longestSleep, Math.max(1, left))))) this.#fail(this.#tooLong())
  }

  #again(): void {
    this.#over = true
    for (const stop of this.#stops.keys()) stop()
    this.#leave('again')
  }
  #fail(error: unknown): void {
    this.#leave({ error })
  }
  #setCancelled(): void {
    if (this.#cancelled) return
    this.#cancelled = Object.assign(new Error('the run was cancelled'), { name: 'Cancelled' })
    for (const [stop, shielded] of this.#stops) if (!shielded) stop()
    this.#poke()
    this.#cancel(this.#cancelled)
  }
  #poke(): void {
    for (const wait of this.#waits.values()) wait.woken = true
  }
  #looking: Promise<void> | undefined
  #turn: Promise<unknown> = Promise.resolve()
  /** To park and to look again are never under way at once: each says in the row whether the run is at work. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#busy(() => this.#turn.then(work))
    this.#turn = mine
    return mine
  }
  /** Others write what they do to a run into its row; the row is at work again where it waited. */
  #look(): Promise<void> {
    return (this.#looking ??= this.#inTurn(async () => {
      const news: News | null = await this.#host.books.look(this.#begun.place)
      this.#looking = undefined
      if (!news) return this.#again()
      this.#seen = news.seen
      this.#parked = news.status === 'paused'
      this.#holding = news.pause
      if (news.cancel) this.#setCancelled()
      this.#poke()
    }))
  }

  // the port
  step(key: Key, call: StepCall): Promise<Json | Ref> {
    return this.#guard(() => this.#step(key, call))
  }
  sleepUntil(key: Key, at: number | { afterMs: number }): Promise<void> {
    return this.#guard(async () => {
      const known = this.#history.get(key)
      if (known?.state === 'done') return
      await this.#gate(key)
      const due = known?.due ?? (await this.#record({ key, kind: 'sleep', state: 'pending', due: at })).due ?? 0
      while (this.#host.now() < due) await this.#wait(key, 'sleep', due)
      await this.#gate(key)
      await this.#record({ key, kind: 'sleep', state: 'done', due })
    })
  }
  signal(key: Key, name: string, { timeoutMs }: { timeoutMs?: number }): Promise<SignalResult> {
    return this.#guard(async () => {
      const known = this.#history.get(key)
      if (known?.state === 'done') return known.output as unknown as SignalResult
      await this.#gate(key)
      let due = known?.due ?? null
      if (!known || known.redo > 0) due = (await this.#record({ key, kind: 'signal', state: 'pending', due: known ? due : timeoutMs === undefined ? null : { afterMs: timeoutMs } })).due
      for (;;) {
        const seen = this.#seen
        const got = await this.#take(key, name)
        if (got) return got.output as unknown as SignalResult
        if (due !== null && due <= this.#host.now()) return (await this.#record({ key, kind: 'signal', state: 'done', due, output: { timedOut: true, payload: null } })).output as unknown as SignalResult
        await this.#wait(key, 'signal', due, seen)
        await this.#gate(key)
      }
    })
  }
  child(key: Key, def: DefRef, input: Json | Ref, opts: { wait: boolean; onParentClose: 'cancel' | 'abandon' }): Promise<Json | Ref> {
    return this.#guard(async () => {
      const known = this.#history.get(key)
      if (known && known.state !== 'pending') return outcomeOf(known)
      const { place, facts, request } = this.#begun
      if (opts.wait || opts.onParentClose === 'cancel') this.#hasChildren = true
      for (let begun = known !== undefined; ; begun = true) {
        await this.#gate(key)
        if (!begun) this.#count(key)
        const seen = this.#seen
        const kept = this.#adopt(key, 'child', await this.#busy(() => this.#host.books.child(place, { key, def, input, ...opts, redo: known?.redo ?? 0, known: begun, facts, request, notes: this.#takeNotes() })))
        if (!kept) return never()
        if (kept.state !== 'pending') return outcomeOf({ key, ...kept })
        await this.#wait(key, 'child', null, seen)
      }
    })
  }
  note(key: Key, what: 'skipped' | 'decided' | 'joined', data: Json = null): void {
    if (this.#over || this.#cancelled || this.#history.get(key)?.state === 'done') return
    const output = { [what]: data }
    this.#history.set(key, { key, kind: 'note', state: 'done', attempt: 0, redo: 0, output, error: null, due: null })
    this.#notes.push({ key, output })
  }
  shield<T>(f: () => Promise<T>): Promise<T> {
    return this.#host.shielded.run(true, f)
  }

  /** A cancellation travels through the graph, unless shielded. */
  #guard<T>(call: () => Promise<T>): Promise<T> {
    if (this.#over) return never()
    const answer = call()
    answer.catch(() => {}) // the cancellation may be quicker
    return this.#host.shielded.getStore() ? answer : Promise.race([answer, this.#cancellation])
  }
  /** Passed before anything new is begun. */
  async #gate(key: Key): Promise<void> {
    for (;;) {
      if (this.#over) return never()
      if (this.#cancelled && !this.#host.shielded.getStore()) throw this.#cancelled
      if (this.#host.now() > this.#begun.deadline) this.#fail(this.#tooLong())
      const { events, bytes } = this.#host.history()
      this.#draining ||= events - this.#first.events > this.#begun.historyEvents || bytes - this.#first.bytes > historyBytes
      if (this.#draining) return never()
      if (this.#holding) await this.#wait(key, 'pause', null)
      else if (this.#parked) await this.#look()
      else return
    }
  }
  async #busy<T>(work: () => Promise<T>): Promise<T> {
    this.#active++
    try {
      return await work()
    } finally {
      this.#active--
    }
  }
  /** Until it is due or somebody poked. While something waits longer than a moment and nothing else moves, the run's row says so.
      @param seen as it was before whoever waits looked: a poke that came while they did is not slept over */
  async #wait(key: Key, kind: string, due: number | null, seen = this.#seen): Promise<void> {
    const shielded = this.#host.shielded.getStore() === true
    const ms = due === null ? undefined : Math.min(longestSleep, Math.max(1, Math.ceil(due - this.#host.now())))
    const short = ms !== undefined && ms <= this.#begun.inMemoryWaitMs
    const wait: Wait = { due, kind, woken: this.#seen !== seen }
    this.#waits.set(key, wait)
    if (short) this.#active++
    await this.#host.until(() => wait.woken || (this.#cancelled !== undefined && !shielded), ms)
    if (short) this.#active--
    this.#waits.delete(key)
    if (this.#over) return never()
    if (this.#cancelled && !shielded) throw this.#cancelled
  }
  #count(key: Key): void {
    if (!this.#history.has(key) && ++this.#recorded > this.#begun.stepsPerRun) this.#fail(fault('run.too_many_steps', `the run has more than ${this.#begun.stepsPerRun} steps`))
  }
  #takeNotes(): Note[] {
    return this.#notes.splice(0)
  }
  #adopt(key: Key, kind: string, kept: Kept): NonNullable<Kept> | undefined {
    if (!kept) return void this.#again()
    this.#history.set(key, { key, kind, state: kept.state, attempt: kept.attempt, redo: this.#history.get(key)?.redo ?? 0, output: kept.output, error: kept.error, due: kept.due })
    if (kept.paused) this.#holding = true
    return kept
  }
  async #record(wanted: Omit<Wanted, 'notes'>): Promise<NonNullable<Kept>> {
    this.#count(wanted.key)
    const kept = await this.#busy(() => this.#host.books.record(this.#begun.place, { ...wanted, notes: this.#takeNotes() }))
    return this.#adopt(wanted.key, wanted.kind, kept) ?? never()
  }
  /** One after the other: two waits for the same name must not look at the same signal. */
  #take(key: Key, name: string): Promise<{ output: Json } | null> {
    const taken = this.#busy(async () => {
      await this.#signals
      return this.#host.books.take(this.#begun.place, { key, name })
    })
    this.#signals = taken.catch(() => {})
    return taken
  }

  async #step(key: Key, call: StepCall): Promise<Json | Ref> {
    const known = this.#history.get(key)
    if (known && known.state !== 'pending') return outcomeOf(known)
    await this.#gate(key)
    if (call.action === 'join') return outcomeOf({ key, ...(await this.#record({ key, kind: 'step', state: 'done', attempt: 1, output: call.input })) })
    this.#count(key)
    let attempt = known?.attempt ?? 0
    for (let due = known?.due ?? 0; ; ) {
      while (due > this.#host.now()) await this.#wait(key, 'retry', due)
      await this.#gate(key)
      const kept = await this.#busy(() => this.#attempt(key, call, attempt + 1, known?.redo ?? 0))
      if (kept.state !== 'pending') return outcomeOf({ key, ...kept })
      attempt = kept.attempt
      due = kept.due ?? 0
    }
  }
  async #attempt(key: Key, call: StepCall, attempt: number, redo: number): Promise<NonNullable<Kept>> {
    const { place, facts } = this.#begun
    // the run's input is read from its row by whoever does the step: it would go along with each call
    const asked = { place, facts, key, call: { ...call, input: null }, attempt, redo, notes: this.#takeNotes() }
    const chars = JSON.stringify(asked).length
    if (chars > mostCallChars) return this.#record({ key, kind: 'step', state: 'failed', attempt, error: { code: 'step.too_large', message: `what this step reads has ${chars} characters; Temporal carries at most ${mostCallChars}` } })
    await this.#host.until(() => this.#stops.size < mostInFlight && (this.#chars === 0 || this.#chars + chars <= mostCallChars))
    this.#chars += chars
    const { answer, stop } = this.#host.step(asked)
    this.#stops.set(stop, this.#host.shielded.getStore() === true)
    try {
      const got = await answer
      if (got.state === 'lost') this.#again()
      else if (got.state !== 'stopped') return this.#adopt(key, 'step', got) ?? never()
      else if (!this.#cancelled) await this.#look() // its worker saw in the run's row what is not known here yet
    } catch (error) {
      if (!this.#cancelled && !this.#over) return await this.#record({ key, kind: 'step', state: 'failed', attempt, error: lostWorkers(error) })
    } finally {
      this.#stops.delete(stop)
      this.#chars -= chars
    }
    if (this.#over) return never()
    if (this.#cancelled) throw this.#cancelled
    return this.#attempt(key, call, attempt, redo)
  }
}

const lostWorkers = (error: unknown): Failure => ({ code: 'step.lost', message: `every worker that began this step ended without an answer: ${String((error as Error)?.message ?? error)}`.slice(0, 2000) })
