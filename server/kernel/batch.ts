// One flush, one Sync: PostgreSQL runs every statement up to the Sync as ONE implicit transaction. No BEGIN, no COMMIT, no waiting in between,
// nothing left on the connection. pg sends a Sync per query; a Submittable of our own (as pg-cursor is one) does not.
import pg from 'pg'
import { Json, type Query } from './sql.ts'
import { Flush, type Encoded } from './wire.ts'

export type Rows<Row> = Row[] & { tag: string; count: number } // tag: 'UPDATE 3', 'COMMIT'; count: rows touched
export type RowsOf<Q extends readonly Query[]> = { -readonly [K in keyof Q]: Rows<Q[K]['row']> }
type Field = { name: string; dataTypeID: number }
type Decode = (fields: (string | null)[]) => unknown
type Known = { decode: Map<string, Decode>; sent: Set<string>; doubtful: Set<string> }
type Wire = { stream: { writable: boolean; write(bytes: Buffer): boolean } }

const safeInteger = (text: string) => {
  const n = Number(text)
  if (!Number.isSafeInteger(n)) throw new RangeError(`integer ${text} does not fit a number: select it as text`)
  return n
}
/** Timestamps stay strings, always with six digits: Date costs more and drops microseconds, which breaks keyset cursors. The roles' time zone is UTC. */
function isoTime(text: string): string {
  if (!text.endsWith('+00')) return text // infinity, or another zone: never from our roles
  const time = text.slice(11, -3)
  return text.slice(0, 10) + 'T' + (time.length === 8 ? time + '.' : time).padEnd(15, '0') + 'Z'
}
const decoders: Record<number, (text: string) => unknown> = { 16: (t) => t === 't', 20: safeInteger, 21: Number, 23: Number, 700: Number, 701: Number, 114: JSON.parse, 3802: JSON.parse, 1184: isoTime }
for (const oid of [17, 1000, 1005, 1007, 1009, 1015, 2951]) decoders[oid] = pg.types.getTypeParser(oid as 17, 'text') // bytea and arrays
/** One object literal per row shape; the keys come from the server's description of our own SQL, quoted. */
function makeDecoder(fields: Field[]): Decode {
  const by = fields.map((f) => decoders[f.dataTypeID])
  const body = fields.map((f, i) => `${JSON.stringify(f.name)}: ${by[i] ? `f[${i}] === null ? null : by[${i}](f[${i}])` : `f[${i}]`}`)
  return new Function('by', `return (f) => ({ ${body.join(', ')} })`)(by) as Decode
}

function encode(value: unknown): Encoded {
  if (value === null) return null
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Json && value.value !== undefined) return JSON.stringify(value.value)
  if (Buffer.isBuffer(value)) return value
  if (Array.isArray(value)) return '{' + value.map((v) => (v === null ? 'NULL' : '"' + String(encode(v)).replace(/[\\"]/g, '\\$&') + '"')).join(',') + '}'
  throw new TypeError(value === undefined || value instanceof Json ? 'undefined is no SQL value: say null' : 'wrap objects in sql.json()')
}

const known = new WeakMap<object, Known>() // per connection
/** The named statements on this connection may be gone or outdated: close and parse each again at its next use. */
function doubt(k: Known, list: Iterable<string>) {
  for (const name of [...list]) {
    k.sent.delete(name)
    k.decode.delete(name)
    k.doubtful.add(name)
  }
}

class Batch {
  readonly name = '' // keeps pg's own bookkeeping of named statements out
  #queries: readonly Query[]
  #values: Encoded[][]
  #settle: (error: Error | null, results: Rows<unknown>[]) => void
  #known!: Known
  #fresh: string[] = []
  #decode: (Decode | undefined)[] = []
  #results: Rows<unknown>[] = []
  #rows: unknown[] = []
  #broken: Error | undefined
  constructor(queries: readonly Query[], settle: (error: Error | null, results: Rows<unknown>[]) => void) {
    this.#queries = queries
    this.#values = queries.map((q) => q.values.map(encode)) // before a byte is sent: a throw between Parse and Sync would leave the connection hanging
    this.#settle = settle
  }
  submit(wire: Wire) {
    const k = known.get(wire) ?? { decode: new Map(), sent: new Set(), doubtful: new Set() }
    known.set(wire, (this.#known = k))
    const out = new Flush()
    for (const [i, { name, text }] of this.#queries.entries()) {
      if (!name || !k.sent.has(name)) {
        if (k.doubtful.delete(name)) out.closeStatement(name) // closing what does not exist is no error
        out.parse(name, text)
        if (name) k.sent.add(name) && this.#fresh.push(name)
      }
      out.bind(name, this.#values[i]!)
      const decode = k.decode.get(name)
      this.#decode.push(decode)
      if (!decode) out.describe()
      out.execute()
    }
    out.sync()
    if (wire.stream.writable) wire.stream.write(out.bytes())
    return null
  }
  handleRowDescription(message: { fields: Field[] }) {
    const i = this.#results.length
    this.#decode[i] = makeDecoder(message.fields)
    if (this.#queries[i]!.name) this.#known.decode.set(this.#queries[i]!.name, this.#decode[i]!)
  }
  handleDataRow(message: { fields: (string | null)[] }) {
    try {
      this.#rows.push(this.#decode[this.#results.length]!(message.fields))
    } catch (error) {
      this.#broken ??= error as Error // thrown into pg's parser it would end the connection
    }
  }
  handleCommandComplete(message: { text: string }) {
    const { name } = this.#queries[this.#results.length]!
    if (name && !this.#decode[this.#results.length]) this.#known.decode.set(name, () => ({})) // no rows, no need to describe again
    this.#results.push(Object.assign(this.#rows as Rows<unknown>, { tag: message.text, count: Number(/\d+$/.exec(message.text)?.[0] ?? 0) }))
    this.#rows = []
  }
  handleEmptyQuery() {
    this.handleCommandComplete({ text: '' })
  }
  handleReadyForQuery() {
    this.#settle(this.#broken ?? null, this.#results)
  }
  /** pg drops the active query on an error, so no ReadyForQuery follows here. Which of the fresh names the server kept is unknown. */
  handleError(error: Error & { code?: string }) {
    if (this.#known) doubt(this.#known, isStale(error) ? this.#known.sent : this.#fresh)
    this.#settle(error, [])
  }
}

/** 26000: the statement is gone (DEALLOCATE, a pooler's reset). 0A000: a migration changed its row type. 42P05: the name is taken. */
export const isStale = (error: unknown) => ['26000', '0A000', '42P05'].includes((error as { code?: string }).code ?? '')
/** The connection can go on: the server said ERROR (FATAL and socket errors end it), or a value could not be encoded or decoded. */
export const isHarmless = (error: unknown) => (error as { severity?: string }).severity === 'ERROR' || error instanceof TypeError || error instanceof RangeError
export class ConnectionLost extends Error {}
/** The connection went away while a commit was under way: it may or may not have happened. Only an idempotency key can tell. */
export class OutcomeUnknown extends Error {}

/** One flush on a connection one holds. After a ConnectionLost, which includes no answer within `ms`, it must be thrown away. */
export function flush(client: pg.ClientBase, queries: readonly Query[], ms: number): Promise<Rows<unknown>[]> {
  return new Promise((resolve, reject) => {
    const batch = new Batch(queries, (error, results) => {
      clearTimeout(timer)
      if (error) reject(isHarmless(error) ? error : new ConnectionLost(error.message, { cause: error }))
      else resolve(results)
    })
    const timer = setTimeout(() => reject(new ConnectionLost(`no answer from the database in ${ms} ms`)), ms)
    client.query(batch as unknown as pg.Submittable)
  })
}

/** One flush on a connection of the pool. Retried once when a prepared statement was stale: the implicit transaction was rolled back as a whole. */
export async function flushOn(pool: pg.Pool, queries: readonly Query[], ms: number): Promise<Rows<unknown>[]> {
  const client = await pool.connect()
  let broken = true
  try {
    const results = await flush(client, queries, ms).catch((error) => (isStale(error) ? flush(client, queries, ms) : Promise.reject(error)))
    broken = false
    return results
  } catch (error) {
    broken = !isHarmless(error)
    throw error
  } finally {
    client.release(broken)
  }
}

type Lent = (error: Error | undefined, client: pg.PoolClient | undefined, done: (release?: unknown) => void) => void
/** No way to the server, or none in time: what pg says of it has no class and often no code. What the server itself refused keeps its own. */
const unreached = (error: Error) => ('severity' in error ? error : new ConnectionLost(error.message, { cause: error }))
/** @throws ConnectionLost where no connection can be had */
export class Pool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>
  override connect(callback: Lent): void
  override connect(callback?: Lent): Promise<pg.PoolClient> | void {
    if (!callback) return super.connect().catch((error: Error) => Promise.reject(unreached(error)))
    super.connect((error, client, done) => callback(error && unreached(error), client, done))
  }
}

/** A pool whose dying connections do not end the process: both listeners are needed, for idle and for lent connections. */
export function openPool(config: pg.PoolConfig): pg.Pool {
  const pool = new Pool({ connectionTimeoutMillis: 5000, keepAlive: true, ...config })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}
