// One run in memory: the port as the embedded engine has it. A replay is the same graph again over the history; once the run is over here, whatever
// it still asks for stays unanswered.
import { AsyncLocalStorage } from 'node:async_hooks'
import { newId } from '../../../kernel/ids.ts'
import { attemptStep, pauseAfter } from './attempt.ts'
import type { Limits, RunFacts, StepRunner } from './engine.ts'
import { Cancelled, Dropped, fault, isRefusal, Parked, recordOf, refusalOf, type ErrorRecord } from './faults.ts'
import { idempotencyKeyOf, nodeOf, outcomeOf } from './outcome.ts'
import type { DefRef, DurablePort, Json, Ref, SignalResult, StepCall } from './port.ts'
import type { NewStep, StepRow } from './queries.ts'
import type { Store } from './store.ts'

/** What all runs of a worker share. `now` is the database's clock, which claims go by. */
export type Bench = {
  store: Store
  run: StepRunner
  limits: Limits
  inMemoryWaitMs: number
  longStepMs: number
  now(): number
  activeVersion(tenant: string, defId: string): Promise<number | undefined>
  startedChild(): void
}
type Wait = { due: number | null; kind: string; shielded: boolean; wake(): void; /** ends it unanswered */ drop(): void }
type Outcome = Omit<StepRow, 'due_at' | 'finished_at'>
const longestTimer = 2 ** 31 - 1
const never = (): Promise<never> => new Promise(() => {})

export class HeldRun implements DurablePort {
  readonly run: RunFacts
  readonly epoch: number
  seen: number
  /** Rejects when the run leaves memory for another reason than its own end. */
  readonly over: Promise<never>
  hasChildren = false
  #leave!: (reason: unknown) => void
  #bench: Bench
  #at: { tenant: string; run: string }
  #request: string | null
  #history = new Map<string, StepRow>()
  #waits = new Map<string, Wait>()
  #stops = new Map<AbortController, boolean>() // in flight -> shielded
  #long = new Set<string>()
  #active = 1 // until begun()
  #recorded = 0
  #settling = false
  #closed = false
  #holding = false
  #cancelled: Error | undefined
  #cancel!: (error: Error) => void
  #cancellation: Promise<never>
  #shielded = new AsyncLocalStorage<true>()
  #signals: Promise<unknown> = Promise.resolve()
  #notes = new Set<Promise<unknown>>()

  constructor(bench: Bench, run: RunFacts, { epoch, seen, request }: { epoch: number; seen: number; request: string | null }) {
    this.#bench = bench
    this.run = run
    this.epoch = epoch
    this.seen = seen
    this.#request = request
    this.#at = { tenant: run.tenantId, run: run.id }
    this.over = new Promise((_, reject) => (this.#leave = reject))
    this.over.catch(() => {})
    this.#cancellation = new Promise((_, reject) => (this.#cancel = reject))
    this.#cancellation.catch(() => {})
  }

  // what the worker does to it
  remember(rows: readonly StepRow[]): void {
    for (const row of rows) this.#history.set(row.key, row)
    this.#recorded = rows.length
  }
  /** The graph was entered: from now on nothing to do means parked or stuck. */
  begun(): void {
    this.#active--
    this.#settle()
  }
  close(): void {
    this.#closed = true
    for (const stop of this.#stops.keys()) stop.abort()
    for (const wait of [...this.#waits.values()]) wait.drop()
  }
  leave(reason: unknown): void {
    this.#leave(reason)
  }
  /** Something happened to the run elsewhere: whoever waits looks again. */
  poke(seen: number): void {
    this.seen = seen
    for (const wait of [...this.#waits.values()]) wait.wake()
  }
  /** Nothing new is started; what is in flight ends and is recorded, then the run parks. */
  hold(): void {
    this.#holding = true
    this.#settle()
  }
  /** Every call rejects with Cancelled, except what a shield protects. */
  cancel(): void {
    if (this.#cancelled) return
    this.#cancelled = new Cancelled('the run was cancelled')
    for (const [stop, shielded] of this.#stops) if (!shielded) stop.abort()
    for (const wait of [...this.#waits.values()]) if (!wait.shielded) wait.drop() // whoever waited hears of it by the rejection
    this.#cancel(this.#cancelled)
  }
  get holding(): boolean {
    return this.#holding
  }
  get cancelled(): boolean {
    return this.#cancelled !== undefined
  }
  get longSteps(): string[] {
    return [...this.#long]
  }
  /** What it waits for, soonest first. */
  waits(): { key: string; kind: string; due: number | null }[] {
    return [...this.#waits].map(([key, { kind, due }]) => ({ key, kind, due })).sort((a, b) => (a.due ?? Infinity) - (b.due ?? Infinity))
  }

  // the port
  async step(key: string, call: StepCall): Promise<Json | Ref> {
    return this.#guard(() => this.#step(key, call))
  }
  async sleepUntil(key: string, at: number | { afterMs: number }): Promise<void> {
    return this.#guard(async () => {
      const known = this.#history.get(key)
      if (known?.state === 'done') return
      await this.#gate(key)
      const { now } = this.#bench
      const due = known?.due_at ? Date.parse(known.due_at) : typeof at === 'number' ? at : now() + at.afterMs
      if (!known?.due_at) await this.#busy(() => this.#record({ key, node: nodeOf(key), kind: 'sleep', state: 'pending', due }))
      while (now() < due) await this.#wait(key, 'sleep', due)
      await this.#gate(key)
      await this.#busy(() => this.#record({ key, node: nodeOf(key), kind: 'sleep', state: 'done', due }))
    })
  }
  async signal(key: string, name: string, { timeoutMs }: { timeoutMs?: number }): Promise<SignalResult> {
    return this.#guard(async () => {
      const known = this.#history.get(key)
      if (known?.state === 'done') return known.output as SignalResult
      await this.#gate(key)
      const { now } = this.#bench
      const due = known ? (known.due_at ? Date.parse(known.due_at) : null) : timeoutMs === undefined ? null : now() + timeoutMs
      const begun = !known || known.redo > 0
      if (begun) await this.#busy(() => this.#record({ key, node: nodeOf(key), kind: 'signal', state: 'pending', due }))
      for (;;) {
        const { seen } = this
        const got = await this.#take(key, name)
        if (got !== undefined) return got as SignalResult
        if (due !== null && due <= now()) return (await this.#busy(() => this.#record({ key, node: nodeOf(key), kind: 'signal', state: 'done', due, output: { timedOut: true, payload: null } }))).output as SignalResult
        await this.#wait(key, 'signal', due, seen)
        await this.#gate(key)
      }
    })
  }
  async child(key: string, def: DefRef, input: Json | Ref, opts: { wait: boolean; onParentClose: 'cancel' | 'abandon' }): Promise<Json | Ref> {
    return this.#guard(() => this.#child(key, def, input, opts))
  }
  note(key: string, what: 'skipped' | 'decided' | 'joined', data: Json = null): void {
    if (this.#closed || this.#history.get(key)?.state === 'done' || this.#cancelled) return
    const row = { key, kind: 'note', state: 'done' as const, attempt: 0, redo: 0, output: { [what]: data }, error: null, due_at: null, finished_at: null }
    this.#history.set(key, row)
    // not awaited by the graph: it rides with whatever is written next; the run's end waits for it
    const written: Promise<unknown> = this.#bench.store.record(this.#row({ key, node: nodeOf(key), kind: 'note', state: 'done', text: JSON.stringify(row.output) })).catch((error: unknown) => error instanceof Dropped && this.leave(error)).finally(() => this.#notes.delete(written))
    this.#notes.add(written)
  }
  /** What was noted is written, or never will be: after the run's end nothing more may be. */
  async noted(): Promise<void> {
    await Promise.all(this.#notes)
  }
  shield<T>(f: () => Promise<T>): Promise<T> {
    return this.#shielded.run(true, f)
  }

  /** Trouble of the engine never travels through the graph; a cancellation does, unless shielded. */
  async #guard<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closed) return never()
    const shielded = this.#shielded.getStore() === true
    const answer = call().catch((error: unknown) => {
      if (!(error instanceof Dropped)) throw error
      this.leave(error)
      return never()
    })
    if (shielded) return answer
    answer.catch(() => {}) // the cancellation may be quicker
    return Promise.race([answer, this.#cancellation])
  }
  /** Passed before anything new is begun. */
  async #gate(key: string): Promise<void> {
    if (this.#closed) return never()
    if (this.#cancelled && !this.#shielded.getStore()) throw this.#cancelled
    if (!this.#holding) return
    this.#waits.set(key, { due: null, kind: 'pause', shielded: false, wake: () => {}, drop: () => {} })
    this.#settle()
    return never()
  }
  async #busy<T>(work: () => Promise<T>): Promise<T> {
    this.#active++
    try {
      return await work()
    } finally {
      this.#active--
      this.#settle()
    }
  }
  /** Until it is due or somebody poked. A long wait lets the run leave memory; a replay comes back here.
      @param seen as it was before whoever waits looked: a poke that came while they did is not slept over */
  #wait(key: string, kind: string, due: number | null, seen = this.seen): Promise<void> {
    const shielded = this.#shielded.getStore() === true
    if (this.#closed || (this.#cancelled && !shielded)) return never()
    if (this.seen !== seen) return Promise.resolve()
    const ms = due === null ? Infinity : Math.max(0, due - this.#bench.now())
    const short = ms <= this.#bench.inMemoryWaitMs
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined
      let open = true
      const drop = (): void => {
        if (!open) return
        open = false
        clearTimeout(timer)
        this.#waits.delete(key)
        if (short) this.#active--
      }
      const wake = (): void => {
        if (!open) return
        this.#active++ // until whoever waited has gone on
        drop()
        resolve()
        setImmediate(() => {
          this.#active--
          this.#settle()
        })
      }
      this.#waits.set(key, { due, kind, shielded, wake, drop })
      if (short) this.#active++
      if (ms <= longestTimer) timer = setTimeout(wake, Math.ceil(ms))
      this.#settle()
    })
  }
  /** Nothing runs: leave memory if something waits, else the graph can never go on. Looked at after all that the last answer set in motion. */
  #settle(): void {
    if (this.#settling || this.#active > 0 || this.#closed) return
    this.#settling = true
    setImmediate(() => {
      this.#settling = false
      if (this.#active > 0 || this.#closed) return
      this.leave(this.#waits.size || this.#holding ? new Parked() : fault('run.stuck', 'nothing runs, nothing waits, and the graph is not finished'))
    })
  }

  #row({ key, node, kind, state, attempt = 0, text = null, error = null, due = null, started }: Wanted & { text?: string | null }): NewStep {
    const now = this.#bench.now()
    return {
      ...this.#at, epoch: this.epoch, key, node, kind, state, attempt, output: text, error: error && JSON.stringify(error), due: due === null ? null : timeText(due),
      started: timeText(started ?? now), finished: state === 'pending' ? null : timeText(now),
    }
  }
  /** @returns what stands recorded: this, or, still the owner, the outcome somebody else was quicker with @throws Dropped */
  async #record(wanted: Wanted & { output?: unknown; keep?: readonly string[]; refs?: boolean }): Promise<Outcome> {
    if (!this.#history.has(wanted.key) && ++this.#recorded > this.#bench.limits.stepsPerRun) this.leave(fault('run.too_many_steps', `the run has more than ${this.#bench.limits.stepsPerRun} steps`))
    const { store, limits } = this.#bench
    const kept = wanted.output === undefined ? undefined : await store.keep(this.#at, wanted.output, { most: limits.outputChars, keep: wanted.keep ?? [], refs: wanted.refs ?? true })
    const { key, kind, state, attempt = 0, error = null } = wanted
    const mine = { key, kind, state, attempt, redo: this.#history.get(key)?.redo ?? 0, output: kept?.value ?? null, error }
    const recorded = await store.record(this.#row({ ...wanted, text: kept?.text ?? null }))
    if (recorded === 'paused') this.hold()
    if (recorded !== 'lost') {
      this.#history.set(key, { ...mine, due_at: wanted.due == null ? null : timeText(wanted.due), finished_at: null })
      return mine
    }
    const earlier = await store.stepOf(this.#at, this.epoch, key)
    if (!earlier || earlier.state === 'pending') throw new Dropped('the run belongs to another worker')
    this.#history.set(key, earlier)
    return earlier
  }

  async #step(key: string, call: StepCall): Promise<Json | Ref> {
    const known = this.#history.get(key)
    if (known && known.state !== 'pending') return outcomeOf(known)
    await this.#gate(key)
    if (call.action === 'join') return outcomeOf(await this.#busy(() => this.#record({ key, node: call.node, kind: 'step', state: 'done', attempt: 1, output: call.input })))
    let attempt = known?.attempt ?? 0
    for (let due = known?.due_at ? Date.parse(known.due_at) : 0; ; ) {
      while (due > this.#bench.now()) await this.#wait(key, 'retry', due)
      await this.#gate(key)
      attempt++
      const done = await this.#busy(() => this.#attempt(key, call, attempt))
      if (done.state !== 'pending') return outcomeOf(done)
      due = done.due ?? 0
    }
  }

  /** One attempt and its record. The record stands outside of the action's try: a failed write is never taken for a failed action, which would do it again. */
  async #attempt(key: string, call: StepCall, attempt: number): Promise<Outcome & { due?: number }> {
    const { now } = this.#bench
    const started = now()
    const base = { key, node: call.node, kind: 'step', attempt, started }
    const place = { ...base, idempotencyKey: this.#idempotencyKey(key) }
    const result = await this.#perform(call, place)
    if (this.#closed) return never() // not ours to record any more
    if ('output' in result) {
      try {
        return await this.#record({ ...base, state: 'done', output: result.output, keep: call.keep ?? [], refs: false })
      } catch (error) {
        if (error instanceof Dropped) throw error
        return this.#record({ ...base, state: 'failed', error: recordOf(error) }) // what cannot be kept cannot be kept next time either
      }
    }
    const { error } = result
    if (this.#cancelled && !this.#shielded.getStore()) throw this.#cancelled // it was told to stop: no outcome
    const pause = pauseAfter(error, call.retry, attempt)
    if (pause === undefined) return this.#record({ ...base, state: 'failed', error: recordOf(error) })
    const due = now() + pause
    return { ...(await this.#record({ ...base, state: 'pending', error: recordOf(error), due })), due }
  }

  async #perform(call: StepCall, { key, attempt, started, idempotencyKey }: { key: string; attempt: number; started: number; idempotencyKey: string }): Promise<{ output: unknown } | { error: unknown }> {
    const { run, store, longStepMs } = this.#bench
    const stop = new AbortController()
    let begun: Promise<unknown> = Promise.resolve()
    // a step that lasts is told of while it does; others cost one row
    const long = setTimeout(() => {
      if (this.#closed) return
      this.#long.add(key)
      begun = store.record(this.#row({ key, node: call.node, kind: 'step', state: 'pending', attempt, started })).catch((error: unknown) => this.leave(error))
    }, longStepMs)
    this.#stops.set(stop, this.#shielded.getStore() === true)
    try {
      return await attemptStep(run, call, { run: this.run, key, attempt, idempotencyKey, load: (value) => store.open(this.#at, value) }, stop)
    } finally {
      clearTimeout(long)
      this.#stops.delete(stop)
      await begun // one row is not written twice in one statement
      this.#long.delete(key)
    }
  }
  #idempotencyKey(key: string): string {
    return idempotencyKeyOf(this.run.id, key, this.#history.get(key)?.redo ?? 0)
  }

  /** One after the other: two waits for the same name must not look at the same signal. */
  #take(key: string, name: string): Promise<Json | undefined> {
    const taken = this.#busy(async () => {
      await this.#signals
      return this.#bench.store.takeSignal(this.#at, this.epoch, key, name)
    })
    this.#signals = taken.catch(() => {})
    return taken
  }

  async #child(key: string, def: DefRef, input: Json | Ref, { wait, onParentClose }: { wait: boolean; onParentClose: 'cancel' | 'abandon' }): Promise<Json | Ref> {
    const known = this.#history.get(key)
    if (known && known.state !== 'pending') return outcomeOf(known)
    await this.#gate(key)
    const { store, limits } = this.#bench
    const base = { key, node: nodeOf(key), kind: 'child', attempt: 1 }
    const dedupKey = `child:${this.#idempotencyKey(key)}`
    /** A plan that has no room for what goes to the child or comes from it: no other try would find any. */
    const refused = (error: unknown): Promise<Outcome> => {
      if (error instanceof Dropped) throw error
      return this.#record({ ...base, state: 'failed', error: recordOf(isRefusal(error) ? refusalOf(error) : error) })
    }
    const done = await this.#busy(async (): Promise<Outcome | undefined> => {
      if (this.run.depth + 1 > limits.depth) return this.#record({ ...base, state: 'failed', error: { code: 'run.too_deep', message: `runs lead to runs more than ${limits.depth} deep` } })
      const version = def.version || (await this.#bench.activeVersion(this.run.tenantId, def.id))
      if (!version) return this.#record({ ...base, state: 'failed', error: { code: 'workflow.not_active', message: `workflow ${def.id} has no active version` } })
      if (!known) await this.#record({ ...base, attempt: 0, state: 'pending' })
      if (wait || onParentClose === 'cancel') this.hasChildren = true
      let child = known && (await store.child(this.run.tenantId, dedupKey))
      if (!child) {
        const id = newId()
        const { actor, causeId, depth, tenantId } = this.run
        const born = await store.startRun({
          tenant: tenantId, id, engine: 'embedded', workflow: def.id, version, entry: null, input: JSON.stringify(input ?? null), parentRun: wait || onParentClose === 'cancel' ? this.run.id : null, parentKey: key,
          closesWithParent: onParentClose === 'cancel', dedupKey, actorType: actor.type, actorId: actor.id, cause: causeId, request: this.#request, depth: depth + 1, eventId: newId(), blob: store.shared(tenantId, this.run.id, id, input),
        }).catch(refused)
        if (typeof born === 'object') return born
        this.#bench.startedChild()
        child = born ? { id, status: 'pending', output: null, error: null } : await store.child(tenantId, dedupKey)
      }
      return wait ? undefined : this.#record({ ...base, state: 'done', output: { id: child!.id } })
    })
    if (done) return outcomeOf(done)
    for (;;) {
      const { seen } = this
      const child = await this.#busy(() => store.child(this.run.tenantId, dedupKey))
      if (!child) return outcomeOf(await this.#busy(() => this.#record({ ...base, state: 'failed', error: { code: 'child.gone', message: 'the child\'s row was deleted' } })))
      if (child.status === 'completed') {
        await this.#gate(key)
        const failed = await this.#busy(() => store.share(this.run.tenantId, child.id, this.run.id, child.output).then(() => undefined, refused))
        if (failed) return outcomeOf(failed)
        return outcomeOf(await this.#busy(() => this.#record({ ...base, state: 'done', output: child.output })))
      }
      if (child.status === 'failed' || child.status === 'cancelled') {
        await this.#gate(key)
        const error = child.error ?? { code: 'child.cancelled', message: 'the child was cancelled' }
        return outcomeOf(await this.#busy(() => this.#record({ ...base, state: 'failed', error: { code: error.code, message: error.message } })))
      }
      await this.#wait(key, 'child', null, seen)
    }
  }
}

type Wanted = { key: string; node: string; kind: string; state: 'pending' | 'done' | 'failed'; attempt?: number; error?: ErrorRecord | null; due?: number | null; started?: number }
const timeText = (ms: number): string => new Date(ms).toISOString()
