// What a run held in memory asks of the tables: batched writes with their events, history, children, signals, large values. Its own connections, so
// that whatever fails here is known to be the engine's trouble and not an action's.
import { Db, type Who } from '../../../kernel/db.ts'
import { newId } from '../../../kernel/ids.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import { systemWho } from '../../../kernel/readers.ts'
import type { Query } from '../../../kernel/sql.ts'
import type { RowsOf } from '../../../kernel/batch.ts'
import { Batcher } from './batcher.ts'
import type { EngineName } from './engine.ts'
import { Dropped, isDataFault, isRefusal, refusalOf } from './faults.ts'
import type { Json, Ref } from './port.ts'
import { closeChildren, copyBlobs, endRuns, findBlobs, findChild, findStep, insertBlob, insertRuns, insertSteps, listSteps, takeSignal, wakeParents, type NewRun, type NewStep, type RunEnd, type StepRow } from './queries.ts'
import { inlineBytes, isRef, keptOf, refsIn, toStorable } from './values.ts'

/** `null`, `{}`, `""`: nothing that anybody wrote */
const nothingBytes = 4
const blobBinding = (id: string) => `run_blobs/sealed/${id}`
/** Storage is counted tenant by tenant: in one order, so that two batches do not wait for each other in a circle. */
const inOrder = (rows: { tenant: string; row: Query }[]): Query[] => rows.toSorted((a, b) => (a.tenant < b.tenant ? -1 : a.tenant > b.tenant ? 1 : 0)).map(({ row }) => row)
export type At = { tenant: string; run: string }
export type ChildState = { id: string; status: string; output: Json | Ref; error: { message: string; code: string } | null }

/** kept; kept, and the run is asked to pause; or lost: the run is not ours any more, or an outcome stands recorded under the key */
export type Recorded = 'kept' | 'paused' | 'lost'

export class Store {
  readonly db: Db
  /** where runs that are begun here live, to their end */
  readonly engine: EngineName
  #kernel: Kernel
  #who: Who
  #steps: Batcher<NewStep, Recorded>
  #ends: Batcher<RunEnd, boolean>
  #starts: Batcher<NewRun, boolean>
  #blobs: Batcher<{ tenant: string; row: Query }, void>

  /** @param connections at most so many of its own */
  constructor(kernel: Kernel, { name, connections = 8, engine = 'embedded' }: { name: string; connections?: number; engine?: EngineName }) {
    this.#kernel = kernel
    this.engine = engine
    this.db = new Db({ connection: { ...kernel.database.connection('system'), application_name: name, max: connections }, registry: kernel.registry, seal: (owner, text, boundTo) => kernel.keys.seal(owner, text, boundTo), system: true, onCommit: () => kernel.bell.ring() })
    this.#who = systemWho(name)
    this.#steps = new Batcher((rows) => this.#insertSteps(rows))
    this.#ends = new Batcher((rows) => this.#endRuns(rows))
    const isOwn = (error: unknown) => isDataFault(error) || isRefusal(error)
    this.#starts = new Batcher((rows) => this.#insertRuns(rows), { isOwn })
    // each may have megabytes; together, since a tenant's are counted in one row, which is held until its transaction is on the disk
    this.#blobs = new Batcher((rows) => this.#insertBlobs(rows), { isOwn, most: 16 })
  }

  /** One flush, one transaction. @throws plan.limit_reached; Dropped unless the statement itself is at fault */
  async flush<Q extends readonly Query[]>(...queries: Q): Promise<RowsOf<Q>> {
    try {
      return await this.db.flush(this.#who, ...queries)
    } catch (error) {
      if (isRefusal(error)) throw refusalOf(error)
      throw isDataFault(error) ? error : new Dropped(String((error as Error)?.message ?? error), { cause: error })
    }
  }

  record = (row: NewStep): Promise<Recorded> => this.#steps.push(row)
  /** Parks or ends a run. @returns false: it is not ours any more */
  end = (row: RunEnd): Promise<boolean> => this.#ends.push(row)
  /** @returns false when its dedup key is taken: it runs already @throws the database's refusal of a limit */
  startRun = (row: NewRun): Promise<boolean> => this.#starts.push(row)

  async #insertSteps(rows: NewStep[]): Promise<Recorded[]> {
    const runs = [...new Set(rows.map((r) => r.run))]
    const [kept] = await this.db.flush(this.#who, insertSteps(rows, runs, runs.map(newId)))
    this.#kernel.bell.ring()
    const by = new Map(kept.map((k) => [`${k.run_id} ${k.key}`, k.paused ? 'paused' as const : 'kept' as const]))
    return rows.map((r) => by.get(`${r.run} ${r.key}`) ?? 'lost')
  }

  /** A child's end and its parent's waking are one transaction, and so are a parent's end and its children's. */
  async #endRuns(rows: RunEnd[]): Promise<boolean[]> {
    const over = rows.filter((r) => r.status !== 'waiting')
    const children = over.filter((r) => r.isChild)
    const parents = over.filter((r) => r.hasChildren)
    const more: Query[] = [...(children.length ? [wakeParents(children)] : []), ...(parents.length ? [closeChildren(parents)] : [])]
    const [ended] = await this.db.flush(this.#who, endRuns(rows), ...more)
    this.#kernel.bell.ring()
    const ok = new Set(ended.map((e) => e.id))
    return rows.map((r) => ok.has(r.id))
  }
  async #insertRuns(rows: NewRun[]): Promise<boolean[]> {
    const [born] = await this.db.flush(this.#who, insertRuns(rows), ...inOrder(rows.flatMap(({ tenant, blob }) => (blob ? [{ tenant, row: blob }] : []))))
    this.#kernel.bell.ring()
    const ok = new Set(born.map((b) => b.id))
    return rows.map((r) => ok.has(r.id))
  }

  async #insertBlobs(rows: { tenant: string; row: Query }[]): Promise<void[]> {
    await this.db.flush(this.#who, ...inOrder(rows))
    return rows.map(() => {})
  }

  async history({ tenant, run }: At): Promise<StepRow[]> {
    return (await this.flush(listSteps(tenant, run)))[0]
  }
  async stepOf({ tenant, run }: At, epoch: number, key: string): Promise<StepRow | undefined> {
    return (await this.flush(findStep(tenant, run, epoch, key)))[0][0]
  }
  async takeSignal({ tenant, run }: At, epoch: number, key: string, name: string): Promise<Json | undefined> {
    const [[taken]] = await this.flush(takeSignal({ tenant, run, epoch, key, name, eventId: newId() }))
    if (taken) this.#kernel.bell.ring()
    return taken?.output as Json | undefined
  }
  async child(tenant: string, dedupKey: string): Promise<ChildState | undefined> {
    return (await this.flush(findChild(tenant, dedupKey)))[0][0] as ChildState | undefined
  }

  /** Text for a jsonb column; a large value goes to the blob store and becomes a reference. @throws plan.limit_reached, what toStorable throws */
  async keep({ tenant, run }: At, value: unknown, { most, keep = [], refs }: { most: number; keep?: readonly string[]; refs: boolean }): Promise<{ text: string; value: Json | Ref }> {
    const plain = toStorable(value, { most, refs })
    if (plain.bytes <= inlineBytes || isRef(plain.value)) return plain
    const ref: Ref = { $ref: newId(), bytes: plain.bytes, ...(keep.length ? { at: keptOf(plain.value, keep) } : {}) }
    const row = insertBlob(tenant, run, ref.$ref, plain.bytes, await this.#kernel.keys.seal({ tenant }, plain.text, blobBinding(ref.$ref)))
    await this.#blobs.push({ tenant, row }).catch((error: unknown) => {
      throw isRefusal(error) ? refusalOf(error) : error
    })
    return { text: JSON.stringify(ref), value: ref }
  }
  /** The same for a value whose run is being inserted in the caller's transaction. @returns the row of the blob, to go with it */
  async keepWith({ tenant, run }: At, value: unknown, { most, keep = [], sealed = false }: { most: number; keep?: readonly string[]; sealed?: boolean }): Promise<{ text: string; blob: Query | undefined; bytes: number }> {
    const plain = toStorable(value, { most, refs: false })
    if (plain.bytes <= (sealed ? nothingBytes : inlineBytes)) return { text: plain.text, blob: undefined, bytes: plain.bytes }
    const ref: Ref = { $ref: newId(), bytes: plain.bytes, ...(keep.length ? { at: keptOf(plain.value, keep) } : {}) }
    return { text: JSON.stringify(ref), blob: insertBlob(tenant, run, ref.$ref, plain.bytes, await this.#kernel.keys.seal({ tenant }, plain.text, blobBinding(ref.$ref))), bytes: plain.bytes }
  }
  /** What a value of one run refers to is kept with the other run too. @throws plan.limit_reached */
  async share(tenant: string, from: string, to: string, value: Json | Ref): Promise<void> {
    const copied = this.shared(tenant, from, to, value)
    if (copied) await this.flush(copied)
  }
  /** The same for a run that is being inserted: what goes with it. */
  shared(tenant: string, from: string, to: string, value: Json | Ref): Query | undefined {
    const ids = refsIn(value).map((r) => r.$ref)
    return ids.length ? copyBlobs(tenant, from, to, ids) : undefined
  }
  /** The value with all references opened; one whose key or row is gone reads as null. */
  async open({ tenant, run }: At, value: Json | Ref): Promise<Json> {
    const ids = [...new Set(refsIn(value).map((r) => r.$ref))]
    if (!ids.length) return value as Json
    const opened = new Map<string, Json>()
    for (const { id, sealed } of (await this.flush(findBlobs(tenant, run, ids)))[0]) {
      const text = await this.#kernel.keys.open(sealed as Buffer, blobBinding(id))
      opened.set(id, text === null ? null : (JSON.parse(text) as Json))
    }
    const put = (at: Json | Ref): Json => {
      if (isRef(at)) return put(opened.get(at.$ref) ?? null)
      if (Array.isArray(at)) return at.map(put)
      return at && typeof at === 'object' ? Object.fromEntries(Object.entries(at).map(([k, v]) => [k, put(v)])) : at
    }
    const result = put(value)
    return refsIn(result).length ? this.open({ tenant, run }, result) : result
  }
  close = (): Promise<void> => this.db.close()
}
