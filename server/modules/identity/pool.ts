// A pool that stamps actor and request id on each connection it lends, so that triggers can write them into the event, and that lets our own
// SQL ride in the libraries' transaction. pool.query() goes past connect()'s promise form and is not stamped: read with it, never write.
import { AsyncLocalStorage } from 'node:async_hooks'
import type pg from 'pg'
import { Pool } from '../../kernel/batch.ts'

export type Caller = { actor: string | null; actorType?: string; request: string; /** the connection a running transaction was lent */ client?: pg.PoolClient }
export const caller = new AsyncLocalStorage<Caller>()

type Stamped = pg.PoolClient & { stamp?: string }
const unstamped = '\n\n'

export class StampingPool extends Pool {
  override connect(): Promise<pg.PoolClient>
  override connect(callback: (err: Error | undefined, client: pg.PoolClient | undefined, done: (release?: unknown) => void) => void): void
  override connect(callback?: (err: Error | undefined, client: pg.PoolClient | undefined, done: (release?: unknown) => void) => void): Promise<pg.PoolClient> | void {
    if (callback) return super.connect(callback)
    return this.#lend()
  }

  async #lend(): Promise<pg.PoolClient> {
    const client: Stamped = await super.connect()
    const now = caller.getStore()
    const stamp = [now?.actor ?? '', now?.request ?? '', now?.actorType ?? '']
    // the setting lives on the connection, since the libraries also write outside of transactions: overwritten or cleared whenever it differs
    if ((client.stamp ?? unstamped) !== stamp.join('\n')) {
      try {
        await client.query({ name: 'stamp', text: `select set_config('app.actor', $1, false), set_config('app.request', $2, false), set_config('app.actor_type', $3, false)`, values: stamp })
      } catch (error) {
        client.release(true)
        throw error
      }
      client.stamp = stamp.join('\n')
    }
    if (now) now.client = client
    return client
  }
}

/** As gw_identity, which sees the schemas `identity` and `oauth` and nothing else. */
export function openIdentityPool(connection: pg.PoolConfig, onError: (error: Error) => void = () => {}): StampingPool {
  const pool = new StampingPool({ max: 6, ...connection, options: '-c search_path=identity' })
  const note = (error: Error) => void (pool.ending || onError(error)) // a pool that ends is left by the server as it likes
  pool.on('error', note)
  pool.on('connect', (client) => void client.on('error', note)) // without it a killed backend ends the process
  return pool
}

/** A connection's statements, in a transaction of our own: for what better-auth takes no part in. */
export async function inTransaction<T>(pool: StampingPool, who: Omit<Caller, 'client'>, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return caller.run({ ...who }, async () => {
    const client = await pool.connect()
    let broken = false
    try {
      await client.query('begin')
      const result = await work(client)
      const { command } = await client.query('commit')
      if (command !== 'COMMIT') throw new Error('rolled back') // in a failed transaction COMMIT answers ROLLBACK and no error
      return result
    } catch (error) {
      await client.query('rollback').catch(() => (broken = true))
      throw error
    } finally {
      client.release(broken)
    }
  })
}
