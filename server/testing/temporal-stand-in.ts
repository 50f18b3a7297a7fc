// Temporal as a run's program sees it, in memory: histories, activities, timers, tellings, continuing as new. Every few activations a program is thrown away and
// replayed from its history, which must ask for the same things in the same order. No packages, no network, nothing survives the process.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Connect, Work } from '../modules/workflows/engine/temporal/temporal.ts'
import type { BookName, Books, Host, RunName, StepAnswer, StepAsked } from '../modules/workflows/engine/temporal/books.ts'
import { runProgram, type Outcome } from '../modules/workflows/engine/temporal/program.ts'

export type StandInOptions = {
  /** a program is replayed at each n-th activation; 0: only at the end */
  replayEvery?: number
  /** chance that a worker dies with what it did: the attempt of a step is made again, a bookkeeping is done twice */
  crashes?: number
  /** chance that Temporal refuses to be told */
  refuses?: number
  chance?: () => number
}
type Asked = { what: string; answer?: unknown; failed?: unknown; stopped?: AbortController }
/** What happened to a life, in order. */
type Happened = { is: 'answered'; seq: number } | { is: 'fired'; seq: number } | { is: 'told' }
type Condition = { holds: () => boolean; resolve: (held: boolean) => void; timer?: number }

/** One life: its history, and the program that is at present in memory. */
class Life {
  readonly history: { happened: Happened; now: number }[] = []
  readonly asked: Asked[] = []
  #timers = new Map<number, NodeJS.Timeout>()
  #program!: Program
  #activations = 0
  #queue: Promise<void> = Promise.resolve()
  #work: Work
  #at: RunName
  #o: Required<StandInOptions>
  #startedAt = Date.now()
  closed = false
  replays = 0
  readonly ended: Promise<Outcome>
  #end!: (outcome: Outcome) => void

  constructor(work: Work, at: RunName, o: Required<StandInOptions>) {
    this.#work = work
    this.#at = at
    this.#o = o
    this.ended = new Promise((resolve) => (this.#end = resolve))
    this.#activate(() => {
      this.#program = new Program(this.#at, this.#startedAt, (seq, kind, make) => this.#ask(seq, kind, make), (seq) => this.#cancelTimer(seq))
      this.#program.start()
    })
  }

  happen(happened: Happened): void {
    this.#activate(async () => {
      this.history.push({ happened, now: Date.now() })
      if (this.#o.replayEvery && ++this.#activations % this.#o.replayEvery === 0) await this.#replay()
      else this.#program.take(this.history.at(-1)!, this.asked)
    })
  }
  #activate(work: () => void | Promise<void>): void {
    this.#queue = this.#queue.then(async () => {
      if (this.closed) return
      await work()
      await settled(this.#program)
      if (this.#program.outcome) await this.#close(this.#program.outcome)
    })
  }
  async #close(outcome: Outcome): Promise<void> {
    if (this.closed) return
    await this.#replay()
    this.stop()
    this.#end(outcome)
  }
  stop(): void {
    this.closed = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
  }

  /** A program from the beginning over the whole history: what it asks for must be what was asked for. */
  async #replay(): Promise<void> {
    this.replays++
    const again = new Program(this.#at, this.#startedAt, (seq, kind, make) => {
      const before = this.asked[seq]
      if (!before) return this.#ask(seq, kind, make)
      assert.equal(what(kind, make), before.what, `the replay of ${this.#at.run} asked for something else at ${seq}`)
      if (kind === 'step') (make as { stopped: AbortController }).stopped.signal.addEventListener('abort', () => before.stopped!.abort())
    }, (seq) => this.#cancelTimer(seq))
    again.start()
    await settled(again)
    for (const each of this.history) {
      again.take(each, this.asked)
      await settled(again)
    }
    this.#program.forget()
    this.#program = again
  }

  #ask(seq: number, kind: Kind, make: Made): void {
    const asked: Asked = { what: what(kind, make), ...(kind === 'step' ? { stopped: (make as { stopped: AbortController }).stopped } : {}) }
    this.asked[seq] = asked
    if (kind === 'timer') {
      this.#timers.set(seq, setTimeout(() => this.happen({ is: 'fired', seq }), (make as { ms: number }).ms))
      return
    }
    void this.#perform(kind, make).then(
      (answer) => (asked.answer = answer === undefined ? undefined : (JSON.parse(JSON.stringify(answer)) as unknown)),
      (error: unknown) => (asked.failed = error),
    ).then(() => this.happen({ is: 'answered', seq }))
  }
  #cancelTimer(seq: number): void {
    clearTimeout(this.#timers.get(seq))
  }
  async #perform(kind: Kind, make: Made): Promise<unknown> {
    if (kind === 'book') {
      const { name, args } = make as { name: BookName; args: unknown[] }
      const book = this.#work.books[name] as (...args: unknown[]) => Promise<unknown>
      const answer = await book(...structuredClone(args))
      return this.#o.chance() < this.#o.crashes ? book(...structuredClone(args)) : answer
    }
    const { asked, stopped } = make as { asked: StepAsked; stopped: AbortController }
    for (let tries = 1; ; tries++) {
      const answer = await this.#work.perform(structuredClone(asked), { tries, stopped: stopped.signal, closing: new AbortController().signal })
      if (tries > 3 || answer.state === 'stopped' || this.#o.chance() >= this.#o.crashes) return answer
    }
  }
}
type Kind = 'timer' | 'book' | 'step'
type Made = { ms: number } | { name: BookName; args: unknown[] } | { asked: StepAsked; stopped: AbortController }
const what = (kind: Kind, make: Made): string => (kind === 'step' ? `step ${JSON.stringify((make as { asked: StepAsked }).asked)}` : kind === 'timer' ? 'timer' : `book ${JSON.stringify(make)}`)

/** The program of a life with its host. Microtasks drain before conditions are asked, as in Temporal's sandbox. */
class Program {
  readonly conditions = new Map<number, Condition>()
  outcome: Outcome | undefined
  taken = 0
  #made = 0
  #conditions = 0
  #woken = 0
  #now: number
  #waiting = new Map<number, (asked: Asked) => void>()
  #at: RunName
  #ask: (seq: number, kind: Kind, make: Made) => void
  #cancelTimer: (seq: number) => void
  #forgotten = false

  constructor(at: RunName, now: number, ask: (seq: number, kind: Kind, make: Made) => void, cancelTimer: (seq: number) => void) {
    this.#at = at
    this.#now = now
    this.#ask = ask
    this.#cancelTimer = cancelTimer
  }
  start(): void {
    void runProgram(this.#host(), this.#at, () => this.#woken).then((outcome) => (this.outcome = outcome))
  }
  forget(): void {
    this.#forgotten = true
  }
  take({ happened, now }: { happened: Happened; now: number }, asked: readonly Asked[]): void {
    this.taken++
    this.#now = now
    if (happened.is === 'told') this.#woken++
    else if (happened.is === 'answered') this.#waiting.get(happened.seq)?.(asked[happened.seq]!)
    else for (const [id, condition] of this.conditions) if (condition.timer === happened.seq) (this.conditions.delete(id), condition.resolve(false))
  }
  unblock(): boolean {
    let any = false
    for (const [id, condition] of [...this.conditions]) {
      if (!condition.holds()) continue
      this.conditions.delete(id)
      if (condition.timer !== undefined && !this.#forgotten) this.#cancelTimer(condition.timer)
      condition.resolve(true)
      any = true
    }
    return any
  }
  #host(): Host {
    const call = (kind: Kind, make: Made) => {
      const seq = this.#made++
      const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(seq, (asked) => (asked.failed === undefined ? resolve(structuredClone(asked.answer)) : reject(asked.failed as Error))))
      this.#ask(seq, kind, make)
      return { answer }
    }
    const shielded = new AsyncLocalStorage<true>()
    return {
      now: () => this.#now,
      until: (holds, ms) => new Promise((resolve) => {
        if (holds()) return resolve(true)
        const condition: Condition = { holds, resolve }
        if (ms !== undefined) {
          condition.timer = this.#made++
          this.#ask(condition.timer, 'timer', { ms: Math.min(ms, 2 ** 31 - 1) })
        }
        this.conditions.set(this.#conditions++, condition)
      }),
      books: new Proxy({} as Books, { get: (_, name: BookName) => (...args: unknown[]) => call('book', { name, args }).answer }),
      step: (asked) => {
        const stopped = new AbortController()
        const { answer } = call('step', { asked, stopped })
        return { answer: answer as Promise<StepAnswer>, stop: () => stopped.abort() }
      },
      shielded: { run: (value, f) => shielded.run(value, f), getStore: () => shielded.getStore() },
      history: () => ({ events: this.taken, bytes: 0 }),
    }
  }
}
/** Until nothing moves any more: the program awaits nothing but its host. */
async function settled(program: Program): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve))
  while (program.unblock())
}

/** The stand-in as the engine's connection. `lives` tells how many lives and replays there were. */
export function standIn({ replayEvery = 3, crashes = 0, refuses = 0, chance = Math.random }: StandInOptions = {}): { connect: Connect; count: { lives: number; replays: number; told: number } } {
  const count = { lives: 0, replays: 0, told: 0 }
  const o = { replayEvery, crashes, refuses, chance }
  return {
    count,
    connect: async (work) => {
      const lives = new Map<string, Life>()
      let closing = false
      const live = (at: RunName): Life => {
        count.lives++
        const life = new Life(work, at, o)
        lives.set(at.run, life)
        void life.ended.then((outcome) => {
          count.replays += life.replays
          if (lives.get(at.run) === life) lives.delete(at.run)
          if (outcome.is === 'again' && !closing) live(at)
        })
        return life
      }
      return {
        async tell({ tenant, run, begun }) {
          count.told++
          if (chance() < refuses) throw new Error('refused, as the test wants')
          const life = lives.get(run)
          if (!life) live({ tenant, run })
          else if (begun) life.happen({ is: 'told' })
          if (chance() < refuses) throw new Error('taken, and refused all the same')
        },
        async close() {
          closing = true
          for (const life of lives.values()) life.stop()
        },
      }
    },
  }
}
