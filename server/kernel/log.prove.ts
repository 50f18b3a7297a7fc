// The log keeps its promise: 16 writers, slow ones and aborted ones among them, readers in several processes killed all the time. Every committed
// event has exactly one effect and caused exactly one event, effects were made in the log's order, and per subject `seq` is the rows' own order.
// Beside it a reader that goes by `seq > n` alone, which must lose events: else the proof would be too easy to mean anything.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { openTestKernel, probeEvents, testKernel, type TestKernel } from '../testing/kernel.ts'
import type { Context } from './db.ts'
import { event } from './events.ts'
import { newId } from './ids.ts'
import type { EventRow } from './log.ts'
import type { Database, DatabaseRole } from './ports.ts'
import { createStep, keepStepping, reader, type Reader } from './readers.ts'
import { Strict, Type } from './schema.ts'
import { sql } from './sql.ts'
import { openTail } from './tail.ts'

const proofEvents = { 'thing.changed': event(Strict({ n: Type.Integer() })), 'effect.made': event(Strict({ n: Type.Integer() })) }
declare module './events.ts' {
  interface EventMap {
    'thing.changed': { n: number }
    'effect.made': { n: number }
  }
}
const groups = [probeEvents, proofEvents]
const tables = `
  create table things (tenant_id uuid not null, id uuid not null, n int not null, created_at timestamptz not null default now());
  select apply_tenancy('things');
  create table effects (tenant_id uuid not null, id uuid not null, event_id uuid not null, made bigint generated always as identity);
  select apply_tenancy('effects');` // nothing keeps a second effect of one event out

/** One effect and one caused event for each: whatever a crash repeats or drops shows in the counts. */
const effects = reader('proof.effects', ['thing.changed'], (tx, e) =>
  tx.change('effect.made', { subject: e.subject.id, data: { n: Number(e.data.n) }, run: [sql`insert into effects (id, event_id) values (${newId()}, ${e.id})`] }))
/** Ends its process with the event that is meant to. */
const deadly = reader('proof.deadly', ['probe.written'], async (tx, e) => {
  if (e.data.by === 'poison') process.kill(process.pid, 'SIGKILL')
  await tx(sql`insert into effects (id, event_id) values (${newId()}, ${e.id})`)
}, { tries: 3 })
const readers: Record<string, Reader> = { effects, deadly }

const roles = ['app', 'system'] as const
const asked = process.argv.indexOf('--reader')
if (asked > 0) await beReader(readers[process.argv[asked + 1]!]!)
else prove()

/** This file as a process of its own: where the database is comes by the standard input, whose end means that the parent is gone. */
async function beReader(which: Reader) {
  const chunks: Buffer[] = []
  const connections = await new Promise<Record<DatabaseRole, pg.ClientConfig>>((resolve) => {
    process.stdin.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (chunk.includes(10)) resolve(JSON.parse(Buffer.concat(chunks).toString()))
    })
    process.stdin.on('end', () => process.exit())
  })
  const kernel = await openTestKernel({ connection: (role: DatabaseRole) => connections[role] } as Database, groups)
  await keepStepping(createStep(kernel.system, kernel.open, which), { floorMs: 10 }).done
}

function startReader(database: Database, name: string) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--reader', name], { stdio: ['pipe', 'ignore', 'inherit'] })
  child.stdin.on('error', () => {})
  child.stdin.write(JSON.stringify(Object.fromEntries(roles.map((role) => [role, { ...database.connection(role), max: 2 }]))) + '\n')
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  return { kill: () => (child.kill('SIGKILL'), ended), ended }
}
type Row = Record<string, any>
const chance = (p: number) => Math.random() < p
const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)]!

function prove() {
  test('slow and aborted writers, killed readers: every committed event has one effect, in order, and a reader by seq alone loses some', async (t) => {
    const writeMs = process.argv.includes('--long') ? 120_000 : 15_000
    const kernel = await testKernel(t, { groups: [proofEvents], extra: tables })
    const { database } = kernel
    const look = new pg.Pool({ ...database.connection('system'), application_name: 'look', max: 2 })
    t.after(() => look.end())
    const rows = async (text: string): Promise<Row[]> => (await look.query(text)).rows
    const tenants = Array.from({ length: 5 }, newId)
    const people = tenants.map((tenant) => kernel.app.context(kernel.who({ tenant })))
    const things = tenants.map(() => Array.from({ length: 30 }, newId))
    const until = Date.now() + writeMs
    const aborted = new Set<string>()
    const told = new Set<string>() // subjects whose commit was acknowledged
    const tally = { commits: 0, aborts: 0, kills: 0, backends: 0, reopened: 0 }

    /** Draws the seq of its first event, then keeps the transaction open. */
    const changeThing = async (ctx: Context, mine: string[], slowMs: number, aborts: boolean) => {
      const [a, b] = [pick(mine), newId()]
      await ctx.change('thing.changed', async (tx) => {
        await tx.change('thing.changed', async (inner) => {
          const [row] = await inner(sql<{ n: number }>`insert into things (id, n) values (${a}, 1) on conflict (tenant_id, id) do update set n = things.n + 1 returning n`)
          return { subject: a, data: { n: row!.n }, result: null }
        })
        if (slowMs) tx.later(sql`select pg_sleep(${slowMs / 1000})`)
        if (aborts && chance(0.5)) throw new Error('aborted')
        if (aborts) tx.later(sql`select 1 / 0`)
        await tx(sql`insert into things (id, n) values (${b}, 1)`)
        return { subject: b, data: { n: 1 }, result: null }
      }).then(() => (told.add(b), tally.commits++), () => (aborted.add(b), tally.aborts++))
      if (!aborts && told.size % 3 === 0) {
        const c = newId()
        await ctx.change('thing.changed', { subject: c, data: { n: 1 }, run: [sql`insert into things (id, n) values (${c}, 1)`] })
        told.add(c)
      }
    }
    const write = async (writer: number) => {
      for (; Date.now() < until; await sleep(Math.random() * 30)) {
        const at = writer % tenants.length
        await changeThing(people[at]!, things[at]!, chance(0.3) ? 50 + Math.random() * 350 : 0, chance(0.2))
      }
    }

    // three readers here, of two kernels; two in processes of their own
    const open = async () => {
      const own = await openTestKernel(database, groups)
      return { own, loop: keepStepping(createStep(own.system, own.open, effects), { floorMs: 5 }) }
    }
    const close = async ({ own, loop }: { own: TestKernel; loop: { stop(): Promise<void> } }) => {
      const closing = own.close() // while a batch is under way
      await loop.stop()
      await closing
    }
    const inside = [await open(), await open()]
    const children = [startReader(database, 'effects'), startReader(database, 'effects')]
    const killing = (async () => {
      for (let i = 0; Date.now() < until; i++, await sleep(100 + Math.random() * 400)) {
        const which = i % 4
        if (which === 0) {
          await children.shift()!.kill()
          children.push(startReader(database, 'effects'))
          tally.kills++
        } else if (which === 2) {
          const old = inside.shift()!
          inside.push(await open())
          await close(old)
          tally.reopened++
        } else {
          tally.backends += (await rows(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'gw_system' and datname = current_database() and application_name <> 'look'`)).length
        }
      }
    })()

    // the tail, which every live stream hangs on, and the naive reader
    const tail = await openTail(kernel.system)
    const start = tail.at()
    const tailed: EventRow[] = []
    tail.watch((e) => void tailed.push(e))
    const tailing = keepStepping(tail.step, { floorMs: 5 })
    t.after(() => Promise.all([...children.map((child) => child.kill()), ...inside.map(close), tailing.stop()]))
    let last = 0
    const bySeqAlone = new Set<string>()
    const naive = (async () => {
      for (; Date.now() < until + 1000; await sleep(5))
        for (const r of await rows(`select seq, id from events where name = 'thing.changed' and seq > ${last} order by seq`)) {
          last = Number(r.seq)
          bySeqAlone.add(r.id)
        }
    })()

    await Promise.all([killing, naive, ...Array.from({ length: 16 }, (_, n) => write(n))])
    const all = await rows(`select id, tenant_id, subject_id, seq::float8 as seq, (data->>'n')::int as n from events where name = 'thing.changed' order by pos, seq`)
    const passed = `select from readers where name = 'proof.effects' and (pos, seq) >= (select pos, seq from events where name = 'thing.changed' order by pos desc, seq desc limit 1)`
    while ((await rows(passed)).length === 0) await sleep(50)
    await sleep(500) // what comes twice comes now
    await Promise.all([...children.splice(0).map((child) => child.kill()), ...inside.splice(0).map(close), tailing.stop()])

    const lost = all.filter((e) => !bySeqAlone.has(e.id)).length
    t.diagnostic(JSON.stringify({ events: all.length, ...tally, lostBySeqAlone: lost }))
    assert.ok(tally.commits > 100 && tally.aborts > 20 && tally.kills > 2 && tally.reopened > 2 && tally.backends > 5, 'too little happened')
    assert.ok(lost > 0, 'too easy: a reader by seq alone lost nothing')

    const subjects = new Set(all.map((e) => e.subject_id))
    assert.deepEqual([[...told].filter((s) => !subjects.has(s)), [...aborted].filter((s) => subjects.has(s))], [[], []], 'acknowledged is in the log, aborted is not')
    assert.deepEqual((await rows('select event_id from effects order by made')).map((r) => r.event_id), all.map((e) => e.id), 'one effect for each, in the order of the log')
    const caused = await rows(`select tenant_id, cause_id, subject_id from events where name = 'effect.made' order by pos, seq`)
    for (const tenant of tenants) {
      const [causes, effectsOf] = [all, caused].map((list) => list.filter((e) => e.tenant_id === tenant)) as [Row[], Row[]]
      assert.deepEqual(effectsOf.map((r) => [r.cause_id, r.subject_id]), causes.map((e) => [e.id, e.subject_id]), 'one caused event for each, naming its cause, in order')
    }
    assert.equal(caused.length, all.length)
    const steps = Map.groupBy(all.toSorted((a, b) => a.seq - b.seq), (e) => e.subject_id)
    for (const [subject, changes] of steps) assert.deepEqual(changes.map((e) => e.n), changes.map((_, i) => i + 1), `seq is the order of the changes of ${subject}`)
    const kept = await rows('select id, n from things')
    assert.deepEqual([kept.length, kept.filter((row) => steps.get(row.id)?.at(-1)!.n !== row.n)], [steps.size, []], 'folding by seq gives the rows')
    const everything = await rows(`select id from events where (pos, seq) > (${start.pos}, ${start.seq}) order by pos, seq`)
    while (await tail.step());
    assert.deepEqual(tailed.map((e) => e.id), everything.map((r) => r.id), 'the tail saw each once, in order')
    assert.equal((await rows('select from parked_events')).length, 0)
  })

  test('an event that ends every process that handles it is parked, and all others are handled once', async (t) => {
    const kernel = await testKernel(t, { groups: [proofEvents], extra: tables })
    const ctx = kernel.app.context(kernel.who())
    for (let n = 0; n < 60; n++) await ctx.change('probe.written', { subject: newId(), data: { n, ...(n === 37 ? { by: 'poison' } : {}) }, run: [] })
    let starts = 0
    for (let done = false; !done; starts++) {
      assert.ok(starts < 20, 'it goes on dying')
      const child = startReader(kernel.database, 'deadly')
      t.after(child.kill)
      const idle = (async () => {
        for (;;) {
          const { rows: [row] } = await kernel.system.pool.query<{ n: number }>(`select count(*)::int as n from effects`)
          if (row!.n >= 59) return true
          await sleep(20)
        }
      })()
      done = (await Promise.race([child.ended.then(() => false), idle])) as boolean
    }
    const { rows } = await kernel.system.pool.query(`select (e.data->>'n')::int as n from effects f join events e on e.id = f.event_id order by made`)
    assert.deepEqual(rows.map((r) => r.n), Array.from({ length: 60 }, (_, n) => n).filter((n) => n !== 37))
    const { rows: parked } = await kernel.system.pool.query(`select reader, name, error from parked_events`)
    assert.deepEqual(parked, [{ reader: 'proof.deadly', name: 'probe.written', error: 'the process ended while handling it' }])
    t.diagnostic(JSON.stringify({ starts }))
  })
}
