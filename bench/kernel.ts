// What do the kernel's read and change cost against plain pg without row security and event?
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { openEmbedded } from '../server/adapters/database-embedded.ts'
import { openLocalBus } from '../server/adapters/bus-local.ts'
import { newId } from '../server/kernel/ids.ts'
import { silent } from '../server/kernel/log-lines.ts'
import { listMigrations, migrate } from '../server/kernel/migrate.ts'
import { openKernel } from '../server/kernel/running.ts'
import { sql } from '../server/kernel/sql.ts'
import { probeEvents } from '../server/testing/kernel.ts'
import { cpu, cpuSince } from './harness/processes.ts'
import { inTurn, median, micros, percent, printTable, ratio, whole } from './harness/rounds.ts'

const concurrent = 32
const ms = 1000
const rounds = 7
const only = process.argv.slice(2).filter((word) => !word.startsWith('-'))

const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-bench-'))
const database = await openEmbedded({ dataDir, log: () => {}, removeAfter: dataDir })
const processes = { server: process.pid, cluster: path.join(database.dataDir, 'cluster') }
await migrate(database.connection('owner'), listMigrations())
const owner = new pg.Client(database.connection('owner'))
await owner.connect()
await owner.query(`create table cards (tenant_id uuid not null, id uuid not null, title text not null, place int not null default 0, version int not null default 1,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now()); select apply_tenancy('cards')`)
await owner.end()
const bus = await openLocalBus()
const kernel = openKernel({ database, bus, platformKey: Buffer.alloc(32, 7), groups: [probeEvents], log: silent, publicUrl: 'http://localhost:8080', version: 'bench' })
const plain = new pg.Pool({ ...database.superuser(), max: 10 })
plain.on('error', () => {}) // its connections may end after the server
const tenant = newId()
const ids = Array.from({ length: 1000 }, () => newId())
await plain.query(`insert into cards (tenant_id, id, title) select $1, id, 'Card ' || n from unnest($2::uuid[]) with ordinality c (id, n)`, [tenant, ids])
await plain.query('analyze cards')
let turn = 0
const some = () => ids[turn++ % ids.length]!
const who = () => ({ tenant, actor: { type: 'user', id: tenant }, request: newId(), role: 'owner' }) as const

const readOurs = async () => {
  const [[row]] = await kernel.app.context(who()).read(sql`select id, title, place, version, created_at, updated_at from cards where id = ${some()}`)
  return row
}
const readPlain = async () => (await plain.query({ name: 'read', text: 'select id, title, place, version, created_at, updated_at from cards where tenant_id = $1 and id = $2', values: [tenant, some()] })).rows[0]
const update = (id: string) => sql`update cards set place = place + 1 where id = ${id} returning version`
const changeKnown = async () => {
  const id = some()
  await kernel.app.context(who()).change('probe.written', { subject: id, data: { n: 1 }, run: [update(id)] })
}
const changeAsked = async () => {
  const id = some()
  await kernel.app.context(who()).change('probe.written', async (tx) => {
    await tx(sql`select id, place, version from cards where id = ${id} for update`)
    tx.later(update(id))
    return { subject: id, data: { n: 1 }, result: undefined }
  })
}
const plainUpdate = (id: string) => ({ name: 'update', text: 'update cards set place = place + 1 where tenant_id = $1 and id = $2 returning version', values: [tenant, id] })
const changePlain = async () => void (await plain.query(plainUpdate(some()))) // one statement is a transaction of its own
const changePlainAsked = async () => {
  const id = some()
  const client = await plain.connect()
  await client.query('begin')
  await client.query({ name: 'lock', text: 'select id, place, version from cards where tenant_id = $1 and id = $2 for update', values: [tenant, id] })
  await client.query(plainUpdate(id))
  await client.query('commit')
  client.release()
}

type Sample = { rate: number; count: number; cpu: { server: number; database: number } }
const during = (work: () => Promise<unknown>) => async (): Promise<Sample> => {
  const before = cpu(processes)
  const began = performance.now()
  let count = 0
  await Promise.all(Array.from({ length: concurrent }, async () => {
    while (performance.now() - began < ms) {
      await work()
      count++
    }
  }))
  return { rate: count / ((performance.now() - began) / 1000), count, cpu: cpuSince(cpu(processes), before) }
}
const cases: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
  ['read a row', readOurs, readPlain],
  ['change known beforehand: row, event', changeKnown, changePlain],
  ['change that looks first: lock, row, event', changeAsked, changePlainAsked],
]
const rows: string[][] = []
for (const [name, ours, theirs] of cases) {
  if (only.length && !only.some((word) => name.includes(word))) continue
  await during(ours)()
  await during(theirs)()
  const [mine, others] = await inTurn(rounds, [during(ours), during(theirs)])
  const cost = (samples: Sample[], part: 'server' | 'database') => micros(samples.reduce((sum, s) => sum + s.cpu[part], 0) / samples.reduce((sum, s) => sum + s.count, 0))
  const rates = [mine!, others!].map((samples) => samples.map((s) => s.rate)) as [number[], number[]]
  rows.push([name, percent(ratio(...rates)), whole(median(rates[0])), whole(median(rates[1])), `${cost(mine!, 'server')} + ${cost(mine!, 'database')}`, `${cost(others!, 'server')} + ${cost(others!, 'database')}`])
}
printTable(['the kernel, 32 at once on 10 connections', 'throughput', 'kernel, a second', 'plain pg, a second', 'kernel µs, process + database', 'plain pg µs'], rows)
await kernel.close()
await bus.close()
await plain.end()
await database.stop()
fs.rmSync(dataDir, { recursive: true, force: true })
