// Rows that arrive while a statement is under way travel together in the next one: the best single trick of the engine.
import { Dropped, isDataFault } from './faults.ts'

export class Batcher<T, R> {
  #queue: { row: T; resolve: (r: R) => void; reject: (e: unknown) => void }[] = []
  #busy = 0
  #flush: (rows: T[]) => Promise<R[]>
  #lanes: number
  #most: number
  #isOwn: (error: unknown) => boolean
  /** @param lanes statements under way at once @param isOwn whether an error may be the fault of one row, and says so to whoever brought it */
  constructor(flush: (rows: T[]) => Promise<R[]>, { lanes = 2, most = 500, isOwn = isDataFault }: { lanes?: number; most?: number; isOwn?: (error: unknown) => boolean } = {}) {
    this.#flush = flush
    this.#lanes = lanes
    this.#most = most
    this.#isOwn = isOwn
  }

  /** @throws Dropped when the database is away, else what was wrong with this row */
  push(row: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ row, resolve, reject })
      if (this.#busy < this.#lanes) queueMicrotask(() => void this.#next())
    })
  }

  async #next(): Promise<void> {
    if (this.#busy >= this.#lanes || !this.#queue.length) return
    this.#busy++
    const batch = this.#queue.splice(0, this.#most)
    try {
      const results = await this.#flush(batch.map((b) => b.row))
      for (const [i, b] of batch.entries()) b.resolve(results[i]!)
    } catch (error) {
      // one bad row must not fail the runs of others: each alone
      if (batch.length > 1 && this.#isOwn(error)) for (const b of batch) await this.#flush([b.row]).then(([r]) => b.resolve(r!), (e: unknown) => b.reject(this.#faultOf(e)))
      else for (const b of batch) b.reject(this.#faultOf(error))
    }
    this.#busy--
    void this.#next()
  }
  #faultOf = (error: unknown): unknown => (this.#isOwn(error) ? error : new Dropped(String((error as Error)?.message ?? error), { cause: error }))
}
