// The live stream as one long stream, whatever happens to the connections under it: resumed by cursor, holes found, tokens renewed.
// States and their table: live-states.ts. One client serves one person in one tenant: after a switch, make another.
import { maxTopics, readFrame, type LiveEvent, type ServerFrame } from './frames.ts'
import { transitions, type LiveSignal, type LiveState } from './live-states.ts'
import { overWebSocket, type Connection, type Transport, type WebSocketClass } from './transport.ts'

export type LiveOptions = {
  /** Such as `wss://example.com/live`. */
  url: string
  /** An access token; `fresh` asks for another than the one given last. Reject with `status: 401` when there is none to be had. */
  token: (fresh: boolean) => Promise<string>
  topics: readonly string[]
  /** Where to go on from: `cursor` of an earlier client. Without it: from now on. */
  after?: string | undefined
  /** Each event once, in order. The cursor has moved when it is called. */
  onEvent: (event: LiveEvent) => void
  onState?: (state: LiveState, why: Why) => void
  /** What was loaded may be old: load it again. Events go on from here. */
  onResync?: (cursor: string) => void
  onRefused?: (topic: string, code: string) => void
  WebSocket?: WebSocketClass
  transport?: Transport
  timing?: Partial<Timing>
}
/** Why the state changed; `code` is a close code, or 0 where no connection closed. */
export type Why = { code: number; reason: string }
export type Timing = { openMs: number; silenceMs: number; stableMs: number; backoffMs: number; backoffMaxMs: number }
const usual: Timing = { openMs: 10_000, silenceMs: 25_000, stableMs: 5_000, backoffMs: 250, backoffMaxMs: 10_000 }
const longestTimer = 2 ** 31 - 1

export class LiveClient {
  readonly #options: LiveOptions
  readonly #open: Transport
  readonly #timing: Timing
  readonly #topics: Set<string>
  readonly #waiting = new Map<string, ((refused: boolean) => void)[]>()
  #state: LiveState = 'idle'
  #cursor: string | undefined
  #attempt = 0 // counts connections begun; what an older one still says is not heard
  #failures = 0
  #fresh = false
  #liveSince = 0
  #token = ''
  #hello: string | undefined
  #known = new Set<string>() // topics the server has from this connection
  #connection: Connection | undefined
  #timers: { pause?: Timer; silence?: Timer; renewal?: Timer } = {}

  constructor(options: LiveOptions) {
    this.#options = options
    this.#open = options.transport ?? overWebSocket(options.WebSocket)
    this.#timing = { ...usual, ...options.timing }
    this.#topics = new Set(options.topics)
    if (this.#topics.size > maxTopics) throw new RangeError(`at most ${maxTopics} topics`)
    this.#cursor = options.after
  }

  get state(): LiveState {
    return this.#state
  }
  /** Of the last frame handed over; pass it as `after` to go on later. */
  get cursor(): string | undefined {
    return this.#cursor
  }
  get topics(): string[] {
    return [...this.#topics]
  }

  start(): void {
    this.#failures = 0
    this.#fresh = false
    this.#signal('start', { code: 0, reason: 'started' })
  }
  stop(): void {
    this.#signal('stop', { code: 0, reason: 'stopped' })
  }
  /** The network is back, the page is seen again: do not wait out the pause. */
  retryNow(): void {
    this.#signal('due', { code: 0, reason: 'asked for' })
  }

  /** Settles once no later event of these topics can be missed. @returns those that were refused */
  async subscribe(topics: readonly string[]): Promise<string[]> {
    const wanted = [...new Set(topics)]
    if (new Set([...this.#topics, ...wanted]).size > maxTopics) throw new RangeError(`at most ${maxTopics} topics: unsubscribe some first`)
    const answers = wanted.map((topic) => {
      this.#topics.add(topic)
      if (this.#state === 'live' && this.#known.has(topic) && !this.#waiting.has(topic)) return false
      return new Promise<boolean>((resolve) => this.#waiting.set(topic, [...(this.#waiting.get(topic) ?? []), resolve]))
    })
    this.#reconcile()
    const refused = await Promise.all(answers)
    return wanted.filter((_, index) => refused[index])
  }
  /** A few events of these topics may still be under way. */
  unsubscribe(topics: readonly string[]): void {
    for (const topic of topics) {
      this.#topics.delete(topic)
      this.#settle([topic], false)
    }
    this.#reconcile()
  }

  #signal(signal: LiveSignal, why: Why): void {
    const from = this.#state
    const to = transitions[from][signal]
    if (to === from) return
    this.#state = to
    if (to === 'live') this.#liveSince = Date.now()
    else this.#leave()
    if (to === 'authorizing') void this.#authorize()
    if (to === 'waiting') this.#pause()
    this.#options.onState?.(to, why)
    // The application may have stopped it meanwhile, so the last step asks again.
    if (to === 'opening' && this.#state === 'opening') this.#connect()
    if (to === 'live' && this.#state === 'live') this.#settleIn()
  }

  /** Nothing of an earlier connection reaches us from here on. */
  #leave(): void {
    this.#attempt++
    for (const timer of Object.values(this.#timers)) clearTimeout(timer)
    this.#timers = {}
    this.#connection?.close()
    this.#connection = undefined
    this.#known.clear()
    if (this.#state === 'ended') this.#settle([...this.#waiting.keys()], true)
  }

  async #authorize(): Promise<void> {
    const attempt = this.#attempt
    try {
      const token = await this.#options.token(this.#fresh)
      if (attempt !== this.#attempt) return
      this.#token = token
      this.#signal('authorized', { code: 0, reason: 'token' })
    } catch (error) {
      if (attempt !== this.#attempt) return
      const signedOut = (error as { status?: unknown } | null)?.status === 401
      this.#signal(signedOut ? 'unauthorized' : 'lost', { code: signedOut ? 4401 : 0, reason: `no token: ${String(error)}` })
    }
  }

  #connect(): void {
    const attempt = this.#attempt
    this.#hello = this.#cursor
    this.#known = new Set(this.#topics)
    this.#listenFor(this.#timing.openMs)
    try {
      this.#connection = this.#open({
        url: this.#options.url,
        token: this.#token,
        after: this.#cursor,
        topics: [...this.#topics],
        heard: (text) => void (attempt === this.#attempt && this.#hear(text)),
        ended: (code, reason) => void (attempt === this.#attempt && this.#end(code, reason)),
      })
    } catch (error) {
      this.#signal('lost', { code: 0, reason: String(error) })
    }
  }

  #end(code: number, reason: string): void {
    const steady = this.#state === 'live' && Date.now() - this.#liveSince >= this.#timing.stableMs
    if (steady) this.#failures = 0
    const why = { code, reason }
    if (code === 4400 || code === 4403 || (code === 4401 && this.#fresh)) return this.#signal('barred', why)
    if (code === 4401) {
      this.#fresh = true
      return this.#signal('expired', why)
    }
    // A server that drains again and again must not be met in a tight loop.
    this.#signal(code === 1001 && this.#failures++ === 0 ? 'draining' : 'lost', why)
  }

  #pause(): void {
    const { backoffMs, backoffMaxMs } = this.#timing
    const longest = Math.min(backoffMaxMs, backoffMs * 2 ** Math.min(this.#failures++, 20))
    this.#timers.pause = setTimeout(() => this.#signal('due', { code: 0, reason: 'pause over' }), longest * (0.5 + Math.random() / 2))
  }

  #listenFor(ms: number): void {
    clearTimeout(this.#timers.silence)
    this.#timers.silence = setTimeout(() => this.#end(0, 'silent'), ms)
  }

  #hear(text: string): void {
    const frame = readFrame(text)
    if (!frame) return this.#end(0, 'unreadable frame')
    this.#listenFor(this.#state === 'live' ? this.#timing.silenceMs : this.#timing.openMs)
    if (frame.type === 'refused') return this.#refuse(frame.topic, frame.code)
    if (!this.#fits(frame)) return this.#end(0, 'hole')
    this.#cursor = frame.cursor
    if (frame.type === 'ready') this.#signal('ready', { code: 0, reason: 'ready' })
    if (frame.type === 'subscribed') this.#settle(frame.topics, false)
    if (frame.type === 'event') this.#give(frame.event)
    if (frame.type === 'resync') {
      this.#hello = frame.cursor
      this.#options.onResync?.(frame.cursor)
      this.#signal('ready', { code: 0, reason: 'resync' })
    }
  }

  /** A throwing handler is the application's fault and shown as such, but the stream goes on. */
  #give(event: LiveEvent): void {
    try {
      this.#options.onEvent(event)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }

  /** `ready` may answer the hello or follow frames that came before it; anything else follows the frame before. */
  #fits(frame: Exclude<ServerFrame, { type: 'refused' }>): boolean {
    if (frame.type === 'resync' || this.#cursor === undefined || frame.prev === this.#cursor) return true
    return frame.type === 'ready' && this.#state === 'opening' && frame.prev === (this.#hello ?? null)
  }

  /** Live: acknowledge what the hello carried, send what changed since, and look after the token. */
  #settleIn(): void {
    this.#fresh = false
    this.#listenFor(this.#timing.silenceMs)
    this.#settle([...this.#known], false)
    this.#reconcile()
    this.#planRenewal(this.#token)
  }

  /** Tells the server which topics came and went since it last heard. */
  #reconcile(): void {
    if (this.#state !== 'live') return
    const added = [...this.#topics].filter((topic) => !this.#known.has(topic))
    const gone = [...this.#known].filter((topic) => !this.#topics.has(topic))
    if (!added.length && !gone.length) return
    if (!this.#connection?.send) return this.#signal('draining', { code: 0, reason: 'topics changed' })
    if (gone.length) this.#connection.send({ type: 'unsubscribe', topics: gone })
    if (added.length) this.#connection.send({ type: 'subscribe', topics: added })
    this.#known = new Set(this.#topics)
  }

  #refuse(topic: string, code: string): void {
    this.#topics.delete(topic)
    this.#known.delete(topic)
    this.#settle([topic], true)
    this.#options.onRefused?.(topic, code)
  }

  #settle(topics: readonly string[], refused: boolean): void {
    for (const topic of topics) {
      const answers = this.#waiting.get(topic)
      this.#waiting.delete(topic)
      for (const answer of answers ?? []) answer(refused)
    }
  }

  /** A tenth of its life, at most 30 s, before the token ends. */
  #planRenewal(token: string): void {
    const expiry = expiryOf(token)
    if (expiry === undefined) return
    const left = expiry - Date.now()
    this.#timers.renewal = setTimeout(() => void this.#renew(token), Math.min(Math.max(left - Math.min(left / 10, 30_000), 0), longestTimer))
  }

  async #renew(old: string): Promise<void> {
    const attempt = this.#attempt
    const token = await this.#options.token(true).catch(() => old) // offline for a moment; if it stays so, 4401 decides
    if (attempt !== this.#attempt || this.#state !== 'live') return
    if (token === old) {
      this.#timers.renewal = setTimeout(() => void this.#renew(old), 2_000)
      return
    }
    this.#token = token
    if (!this.#connection?.send) return this.#signal('draining', { code: 0, reason: 'token renewed' })
    this.#connection.send({ type: 'token', token })
    this.#planRenewal(token)
  }
}

type Timer = ReturnType<typeof setTimeout>

/** When a JWT ends, in ms since 1970; undefined for a token that is none, such as an API key. The signature is the server's matter. */
export function expiryOf(token: string): number | undefined {
  try {
    const { exp } = JSON.parse(atob(token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: unknown }
    return typeof exp === 'number' ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}
