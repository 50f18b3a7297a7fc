// Numbered SQL files under one advisory lock, each in a transaction with its record. Refuses a database newer than this program.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import pg from 'pg'

export type Migration = { number: number; name: string; text: string; hash: string }
const folder = path.join(import.meta.dirname, '..', 'migrations')
/** One lock for all processes of an installation; the number is arbitrary but fixed. */
const lockNumber = 4716_2026

/** The files in order; a gap or a double number is an error. */
export function listMigrations(from = folder): Migration[] {
  const files = fs.readdirSync(from).filter((f) => /^\d{4}-[a-z0-9-]+\.sql$/.test(f)).sort()
  return files.map((file, i) => {
    const number = Number(file.slice(0, 4))
    if (number !== i + 1) throw new Error(`migration ${file} is out of order: expected number ${i + 1}`)
    const text = fs.readFileSync(path.join(from, file), 'utf8')
    return { number, name: file.slice(5, -4), text, hash: createHash('sha256').update(text).digest('hex') }
  })
}

/** Brings the database up to date as gw_owner. Several processes at once: one works, the others find nothing left to do.
    @param beforeFirst called once when migrations will run on a database that has some already (backup) @returns the numbers that ran */
export async function migrate(owner: pg.ClientConfig, migrations = listMigrations(), beforeFirst: (applied: number) => Promise<void> = async () => {}): Promise<number[]> {
  const client = new pg.Client({ ...owner, application_name: 'groundwork migrate' })
  client.on('error', () => {}) // the query under way fails with it
  await client.connect()
  try {
    await client.query(`set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0`)
    await client.query('select pg_advisory_lock($1)', [lockNumber])
    await client.query(`create table if not exists migrations (number int primary key, name text not null, hash text not null, at timestamptz not null default now())`)
    await client.query(`comment on table migrations is 'no tenant: what has been done to this database'`)
    const { rows } = await client.query<{ number: number; name: string; hash: string }>('select number, name, hash from migrations order by number')
    const newest = rows.at(-1)?.number ?? 0
    if (newest > migrations.length) throw new Error(`the data is newer than this program (migration ${newest}, known ${migrations.length}): start the newer version, or restore a backup made with this one`)
    for (const { number, name, hash } of rows) {
      const known = migrations[number - 1]!
      if (known.hash !== hash) throw new Error(`migration ${number} (${name}) differs from the one this database was made with: a released migration never changes`)
    }
    const due = migrations.slice(newest)
    if (due.length && newest > 0) await beforeFirst(newest)
    for (const m of due) {
      // row_security off: a backfill that the owner's own policies would silently empty becomes an error
      await client.query(`begin; set local row_security = off;`)
      try {
        await client.query(m.text)
        await client.query('insert into migrations (number, name, hash) values ($1, $2, $3)', [m.number, m.name, m.hash])
        await client.query('commit')
      } catch (error) {
        await client.query('rollback')
        throw new Error(`migration ${m.number} (${m.name}) failed: ${(error as Error).message}`, { cause: error })
      }
    }
    return due.map((m) => m.number)
  } finally {
    await client.end().catch(() => {})
  }
}
