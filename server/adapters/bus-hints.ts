// Hints: who listens in this process, and how many hints travel to the others in one message.

export type Hint = readonly [channel: string, message: string]
/** Longer ones are refused by every adapter: a NOTIFY carries less than 8,000 bytes, and a hint names what to read, it does not carry it. */
export const longestHint = 6_000

export type Log = (message: string, error?: unknown) => void

/** The listeners of one process. One that throws harms no other. */
export class Ears {
  readonly #heard = new Map<string, Set<(message: string) => void>>()
  readonly #log: Log
  constructor(log: Log) {
    this.#log = log
  }

  listen(channel: string, heard: (message: string) => void): () => void {
    const own = (message: string) => heard(message) // the same function may listen twice and leave once
    const set = this.#heard.get(channel) ?? new Set()
    this.#heard.set(channel, set.add(own))
    return () => {
      set.delete(own)
      if (!set.size && this.#heard.get(channel) === set) this.#heard.delete(channel)
    }
  }

  tell(channel: string, message: string): void {
    for (const heard of [...(this.#heard.get(channel) ?? [])]) {
      try {
        heard(message)
      } catch (error) {
        this.#log(`a listener of ${channel} failed`, error)
      }
    }
  }

  /** Something may have been missed. */
  kickAll(): void {
    for (const channel of [...this.#heard.keys()]) this.tell(channel, '')
  }
  clear(): void {
    this.#heard.clear()
  }
}

/** Sends at once after a pause, else what gathered, each hint once, at most every `everyMs`; one sending at a time. */
export class Batch {
  readonly #everyMs: number
  readonly #send: (hints: Hint[]) => Promise<unknown>
  #gathered = new Map<string, Hint>()
  #timer: NodeJS.Timeout | undefined
  #sending = false
  #closed = false

  /** @param send its failure loses the hints: listeners poll as well */
  constructor(everyMs: number, send: (hints: Hint[]) => Promise<unknown>) {
    this.#everyMs = everyMs
    this.#send = send
  }

  add(channel: string, message: string): void {
    if (this.#closed) return
    this.#gathered.set(`${channel}\n${message}`, [channel, message])
    if (!this.#timer && !this.#sending) this.#timer = setTimeout(() => void this.#flush(), 0)
  }

  async #flush(): Promise<void> {
    const hints = [...this.#gathered.values()]
    this.#gathered.clear()
    this.#timer = undefined
    if (!hints.length || this.#closed) return
    this.#sending = true
    const began = Date.now()
    await this.#send(hints).catch(() => {})
    this.#sending = false
    if (!this.#closed) this.#timer = setTimeout(() => void this.#flush(), Math.max(0, this.#everyMs - (Date.now() - began)))
  }

  /** What has not been sent is dropped. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }
}

/** Cuts hints into JSON texts of at most `maxBytes` each, every one with the sender's mark. A single hint never exceeds it: see longestHint. */
export function pack(origin: string, hints: readonly Hint[], maxBytes: number): string[] {
  const texts: string[] = []
  const frame = Buffer.byteLength(JSON.stringify({ o: origin, h: [] }))
  let part: string[] = []
  let size = frame
  const close = () => part.length && texts.push(`{"o":${JSON.stringify(origin)},"h":[${part.join(',')}]}`)
  for (const hint of hints) {
    const text = JSON.stringify(hint)
    const bytes = Buffer.byteLength(text) + 1
    if (size + bytes > maxBytes) {
      close()
      part = []
      size = frame
    }
    part.push(text)
    size += bytes
  }
  close()
  return texts
}

/** Reads a packed text; what is none, such as another program's notification, is undefined. */
export function unpack(text: string): { origin: string; hints: Hint[] } | undefined {
  try {
    const { o, h } = JSON.parse(text) as { o: unknown; h: unknown }
    const isHint = (hint: unknown) => Array.isArray(hint) && typeof hint[0] === 'string' && typeof hint[1] === 'string'
    return typeof o === 'string' && Array.isArray(h) && h.every(isHint) ? { origin: o, hints: h as Hint[] } : undefined
  } catch {
    return undefined
  }
}

/** @throws RangeError for a hint too long to travel, wherever it would have gone */
export function checkHint(channel: string, message: string): void {
  const bytes = Buffer.byteLength(JSON.stringify([channel, message]))
  if (bytes > longestHint) throw new RangeError(`a hint of ${bytes} bytes on ${channel}: at most ${longestHint}; send an id and let the listener read`)
}
