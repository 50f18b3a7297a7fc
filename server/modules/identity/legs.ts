// What stands between the way out to another server and the way back: kept under the hash of a random value, taken once, for a short time, and only
// by the browser that set out.
import { createHash } from 'node:crypto'
import { inTransaction, type StampingPool } from './pool.ts'

const nameOf = (kind: string, key: string) => `${kind}:${createHash('sha256').update(key).digest('base64url')}`
export type Legs = ReturnType<typeof createLegs>

export function createLegs(pool: StampingPool) {
  const write = <T>(request: string, work: Parameters<typeof inTransaction<T>>[2]) => inTransaction(pool, { actor: null, request }, work)
  return {
    async keep(request: string, kind: string, key: string, value: unknown, minutes = 10): Promise<void> {
      await write(request, (db) => db.query(`insert into verification (identifier, value, "expiresAt") values ($1, $2, now() + $3::int * interval '1 minute')`, [nameOf(kind, key), JSON.stringify(value), minutes]))
    },
    async read<T>(kind: string, key: string): Promise<T | undefined> {
      const { rows: [row] } = await pool.query<{ value: string }>('select value from verification where identifier = $1 and "expiresAt" > now()', [nameOf(kind, key)])
      return row && (JSON.parse(row.value) as T)
    },
    async take<T>(request: string, kind: string, key: string): Promise<T | undefined> {
      const { rows: [row] } = await write(request, (db) => db.query<{ value: string }>('delete from verification where identifier = $1 and "expiresAt" > now() returning value', [nameOf(kind, key)]))
      return row && (JSON.parse(row.value) as T)
    },
    /** @returns false when it was used before: replays of what is signed for some minutes */
    once: (request: string, kind: string, key: string, minutes: number): Promise<boolean> =>
      write(request, async (db) => {
        await db.query('select pg_advisory_xact_lock(hashtext($1))', [nameOf(kind, key)])
        const { rowCount } = await db.query(`insert into verification (identifier, value, "expiresAt") select $1, '{}', now() + $2::int * interval '1 minute' where not exists (select from verification where identifier = $1)`, [nameOf(kind, key), minutes])
        return rowCount === 1
      }),
  }
}
