// Rows that arrive while a statement is under way travel together in the next one: the best single trick of the engine.
import { Dropped, isDataFault } from './faults.ts'

export class Batcher<T, R> {
  #queue: { row: T; resolve: (r: R) => void; reject: (e: unknown) => void }[] = []
  #busy = 0
  #flush: (rows: T[]) => Promise<R[]>
  #lanes: number
  #most: number
  /** @param lanes statements under way at once */
  constructor(flush: (rows: T[]) => Promise<R[]>, { lanes = 2, most = 500 } = {}) {
    this.#flush = flush
    this.#lanes = lanes
    this.#most = most
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
      if (batch.length > 1 && isDataFault(error)) for (const b of batch) await this.#flush([b.row]).then(([r]) => b.resolve(r!), (e: unknown) => b.reject(ownFault(e)))
      else for (const b of batch) b.reject(ownFault(error))
    }
    this.#busy--
    void this.#next()
  }
}
const ownFault = (error: unknown): unknown => (isDataFault(error) ? error : new Dropped(String((error as Error)?.message ?? error), { cause: error }))
