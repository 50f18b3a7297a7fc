// How many events a second go through a reader that does nothing but count, beside a plain loop that follows a table by its sequence?
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { openEmbedded } from '../server/adapters/database-embedded.ts'
import { openLocalBus } from '../server/adapters/bus-local.ts'
import { newId } from '../server/kernel/ids.ts'
import { silent } from '../server/kernel/log-lines.ts'
import { listMigrations, migrate } from '../server/kernel/migrate.ts'
import { createStep, reader } from '../server/kernel/readers.ts'
import { openKernel } from '../server/kernel/running.ts'
import { probeEvents } from '../server/testing/kernel.ts'
import { inTurn, median, percent, printTable, ratio, whole } from './harness/rounds.ts'

const events = 100_000
const batch = 100
const ms = 1500
const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-bench-'))
const database = await openEmbedded({ dataDir, log: () => {}, removeAfter: dataDir })
await migrate(database.connection('owner'), listMigrations())
const sql = new pg.Client(database.superuser())
await sql.connect()
await sql.query(`insert into events (tenant_id, id, name, subject_type, subject_id, actor_type, data)
  select $1, gen_random_uuid(), 'probe.written', 'probe', gen_random_uuid(), 'system', jsonb_build_object('n', n) from generate_series(1, ${events}) n`, [newId()])
await sql.query('vacuum analyze events')
await sql.query('create table plain_cursor (seq bigint); insert into plain_cursor values (0)')
const bus = await openLocalBus()
const kernel = openKernel({ database, bus, platformKey: Buffer.alloc(32, 7), groups: [probeEvents], log: silent, publicUrl: 'http://localhost:8080', version: 'bench' })

let handled = 0
const step = createStep(kernel.system, kernel.open, { ...reader('bench.count', ['probe.written'], async () => void handled++), batch })
const during = (work: () => Promise<number>) => async () => {
  const began = performance.now()
  let count = 0
  while (performance.now() - began < ms) count += await work()
  return count / ((performance.now() - began) / 1000)
}
const ours = during(async () => {
  const before = handled
  if (!(await step())) await sql.query(`update readers set pos = 0, seq = 0 where name = 'bench.count'`) // begin again
  return handled - before
})
const plain = during(async () => {
  await sql.query('begin')
  const { rows: [cursor] } = await sql.query<{ seq: string }>({ name: 'cursor', text: 'select seq from plain_cursor for update' })
  const { rows } = await sql.query<{ seq: string }>({ name: 'next', text: `select * from events where seq > $1 order by seq limit ${batch}`, values: [cursor!.seq] })
  await sql.query({ name: 'keep', text: 'update plain_cursor set seq = $1', values: [rows.length === batch ? rows.at(-1)!.seq : 0] })
  await sql.query('commit')
  return rows.length
})
await sql.query('create index events_seq on events (seq)')
await ours()
await plain()
const [mine, others] = await inTurn(7, [ours, plain])
printTable(['reading the log, batches of 100', 'events a second', 'of the plain loop'], [
  ['a reader of the kernel: lock, horizon, per-event context, cursor', whole(median(mine!)), percent(ratio(mine!, others!))],
  ['plain pg by seq, which misses what commits late', whole(median(others!)), '100 %'],
])
await kernel.close()
await bus.close()
await sql.end()
await database.stop()
fs.rmSync(dataDir, { recursive: true, force: true })
