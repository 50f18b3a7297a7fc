// One stream, whatever carries it: judges what the tail offers, keeps order while an answer is awaited, names in each frame the one before it.
import type { From } from '../../kernel/http.ts'
import { comparePositions, formatPosition, type EventRow, type Position } from '../../kernel/log.ts'
import type { Subscriber } from '../../kernel/tail.ts'
import { platformId } from '../../kernel/ids.ts'
import { frameBytes, Pack, type Passage, type Protocol } from './packs.ts'
import type { Viewer } from './visibility.ts'

/** What carries a stream. */
export type Wire = {
  protocol: Protocol
  write(bytes: Buffer): void
  /** bytes that were written and have not left */
  unsent(): number
  /** settles when they left, or when it is over */
  drained(): Promise<unknown>
  close(code: number, reason: string): void
}
export type Member = Viewer & {
  session: string | undefined; expiresAt: number
  /** to be asked again when the log says that something about it may have changed */
  token: string
  from: From
  watches: readonly string[]
}
/** What all streams of a process share. */
export type Works = {
  at(): Position
  passageOf(row: EventRow): Passage
  open(passage: Passage): Promise<Buffer>
  maySee(viewer: Viewer, row: EventRow): boolean | Promise<boolean>
  /** The run of frames that begins at this cursor in this turn. */
  packAt(cursor: string): Pack
  /** Flushes the stream at the end of this turn. */
  dueNow(stream: Stream): void
}
export const limits = { unsent: 1 << 20, catchUp: 256 << 10, patienceMs: 30_000 }

export class Stream implements Subscriber {
  readonly viewer: Member
  readonly topics: Set<string>
  readonly tenants: readonly string[]
  last: Position
  /** set by the hub: settles when the past was read */
  caughtUp: Promise<unknown> = Promise.resolve()
  catchingUp = true
  over = false
  nextBeat = 0
  leave: () => void = () => {}
  #works: Works
  #wire: Wire
  #cursor: string
  #pack: Pack | undefined
  #queue: (EventRow | Promise<unknown>)[] | undefined // while an answer is awaited
  #working: Promise<void> = Promise.resolve()

  constructor(works: Works, wire: Wire, viewer: Member, topics: Iterable<string>, last: Position) {
    this.#works = works
    this.#wire = wire
    this.viewer = viewer
    this.topics = new Set(topics)
    this.tenants = viewer.tenant === null ? [platformId] : [viewer.tenant, platformId]
    this.last = last
    this.#cursor = formatPosition(last)
  }

  offer(row: EventRow): void {
    if (this.over) return
    if (this.#queue) return void this.#queue.push(row)
    const passage = this.#works.passageOf(row)
    const verdict = this.#wants(passage)
    if (verdict === false) return
    if (verdict === true && passage.body) return this.#append(passage)
    this.#start(row)
  }
  /** What is offered from here on waits for this; when it fails, the stream ends. */
  hold(answer: Promise<unknown>): void {
    if (this.#queue) this.#queue.push(answer)
    else this.#start(answer)
  }
  #start(first: EventRow | Promise<unknown>): void {
    this.#queue = [first]
    this.#working = this.#work(this.#queue)
  }

  #wants(passage: Passage): boolean | Promise<boolean> {
    const { row, topics } = passage
    const mine = row.person_id !== null && row.person_id === this.viewer.person && this.topics.has('me')
    if (!mine && (row.tenant_id === platformId || !topics.some((topic) => this.topics.has(topic)))) return false
    return this.#works.maySee(this.viewer, row)
  }

  async #work(queue: (EventRow | Promise<unknown>)[]): Promise<void> {
    try {
      for (const item of queue) { // it grows while we wait
        if (item instanceof Promise) {
          await item
          continue
        }
        const passage = this.#works.passageOf(item)
        if (!(await this.#wants(passage)) || this.over) continue
        if (!passage.body) await this.#works.open(passage)
        if (!this.over) this.#append(passage)
      }
    } catch {
      this.close(1011, 'the database is away: resume') // skipping what could not be judged would be a hole
    } finally {
      this.#queue = undefined
    }
  }

  #append(passage: Passage): void {
    this.#pack = (this.#pack ?? this.#works.packAt(this.#cursor)).with(passage)
    this.last = passage.position
    this.#cursor = passage.cursor
    this.#works.dueNow(this)
  }

  /** All frames due in one write. */
  flush(): void {
    if (this.over || !this.#pack) return
    this.#wire.write(this.#pack.bytes(this.#wire.protocol))
    this.#pack = undefined
    if (!this.catchingUp && this.#wire.unsent() > limits.unsent) this.close(4408, 'too slow: resume from your last cursor')
  }

  async settled(): Promise<void> {
    await this.idle()
    this.flush()
    if (this.#wire.unsent() > limits.catchUp) {
      const patience = setTimeout(() => this.close(4408, 'too slow: resume from your last cursor'), limits.patienceMs)
      await this.#wire.drained()
      clearTimeout(patience)
    }
    if (this.over) throw new Error('the stream is over')
  }
  async idle(): Promise<void> {
    while (this.#queue && !this.over) await this.#working
  }
  /** All that the tail has passed is judged; true for this turn only. */
  get isIdle(): boolean {
    return !this.#queue && !this.catchingUp
  }

  /** A frame that is no event. `moves`: it takes the cursor on to the tail's end, which needs an idle stream. */
  tell(type: 'ready' | 'heartbeat' | 'subscribed' | 'resync', more: { prev?: string | null; topics?: readonly string[] } = {}, moves = false): void {
    if (this.over) return
    this.flush()
    const prev = this.#cursor
    if (moves && comparePositions(this.#works.at(), this.last) > 0) {
      this.last = this.#works.at()
      this.#cursor = formatPosition(this.last)
    }
    this.#wire.write(frameBytes(this.#wire.protocol, { type, ...(more.topics ? { topics: more.topics } : {}), cursor: this.#cursor, prev: more.prev === undefined ? prev : more.prev }))
  }
  refuse(topic: string, code: string): void {
    if (!this.over) this.#wire.write(frameBytes(this.#wire.protocol, { type: 'refused', topic, code }))
  }

  /** What is due goes out first. The wire's end calls it too, with nothing more to send. */
  close(code: number, reason: string): void {
    if (this.over) return
    if (code !== 4408) this.flush()
    if (this.over) return // found too slow just now
    this.over = true
    this.#pack = undefined
    this.leave()
    this.#wire.close(code, reason)
  }
}
