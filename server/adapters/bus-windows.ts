// Rate limits as two counters, this window's and the one before, weighed by how much of it still lies within the last `windowMs`. Never more
// than `max` pass in one window, no burst of twice that at its edge, and two numbers per key instead of a list of times.
import type { Limit, Taken } from '../kernel/ports.ts'

/** What is known of a key: counts of the window before and of this one, and how far this one has come. */
export type Counts = { before: number; now: number; elapsedMs: number }

/** @param counts those before the taking */
export function judge(counts: Counts, { max, windowMs }: Limit, cost: number): Taken {
  const { before, now, elapsedMs } = counts
  const used = before * (1 - elapsedMs / windowMs) + now
  const allowed = used + cost <= max
  const left = windowMs - elapsedMs
  if (allowed) return { allowed, remaining: Math.floor(max - used - cost), resetMs: Math.max(1, Math.ceil(left)) }
  return { allowed, remaining: Math.max(0, Math.floor(max - used)), resetMs: Math.max(1, Math.ceil(waitFor({ before, now, elapsedMs }, { max, windowMs }, cost))) }
}

/** Until the cost fits if nobody else takes any; never longer than two windows. */
function waitFor({ before, now, elapsedMs }: Counts, { max, windowMs }: Limit, cost: number): number {
  const left = windowMs - elapsedMs
  const room = max - cost
  if (room < 0) return left + windowMs
  if (now <= room && before > 0) return Math.max(0, windowMs * (1 - (room - now) / before) - elapsedMs)
  return left + (now > room ? windowMs * (1 - room / now) : 0)
}

type Window = { index: number; now: number; before: number; windowMs: number }

/** Counters of one process. `add` also takes in what other processes report. */
export class Windows {
  readonly #windows = new Map<string, Window>()
  readonly #max: number
  readonly #clock: () => number
  constructor({ max = 100_000, clock = Date.now }: { max?: number; clock?: () => number } = {}) {
    this.#max = max
    this.#clock = clock
  }

  take(key: string, limit: Limit, cost: number): Taken {
    const window = this.#at(key, limit.windowMs)
    const taken = judge({ before: window.before, now: window.now, elapsedMs: this.#clock() - window.index * limit.windowMs }, limit, cost)
    if (taken.allowed) window.now += cost
    return taken
  }

  /** Counts what happened elsewhere in window `index`, which may be the one before by now. */
  add(key: string, windowMs: number, index: number, cost: number): void {
    const window = this.#at(key, windowMs)
    if (index === window.index) window.now += cost
    else if (index === window.index - 1) window.before += cost
  }

  /** The number of the window that runs now. Processes agree on it as far as their clocks do. */
  indexOf(windowMs: number): number {
    return Math.floor(this.#clock() / windowMs)
  }

  #at(key: string, windowMs: number): Window {
    const id = `${windowMs} ${key}`
    const index = this.indexOf(windowMs)
    const known = this.#windows.get(id)
    if (known?.index === index) return known
    const window = { index, now: 0, before: known?.index === index - 1 ? known.now : 0, windowMs }
    this.#windows.delete(id)
    if (this.#windows.size >= this.#max) this.#sweep()
    this.#windows.set(id, window)
    return window
  }

  /** Those whose windows are over count nothing any more. If all still run, the oldest tenth goes: memory matters more than its limits. */
  #sweep(): void {
    for (const [id, { windowMs, index }] of this.#windows) if (this.indexOf(windowMs) > index + 1) this.#windows.delete(id)
    const excess = this.#windows.size - Math.floor(this.#max * 0.9)
    for (const id of [...this.#windows.keys()].slice(0, Math.max(0, excess))) this.#windows.delete(id)
  }
}
