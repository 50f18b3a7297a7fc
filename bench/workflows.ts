// How many five-step runs a second at 50 in flight, with row security, events and the live tail on, beside a plain pg loop that writes the same rows?
// With TEMPORAL_ADDRESS (services/temporal.sh) and its packages: the same runs driven by Temporal.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { openEmbedded } from '../server/adapters/database-embedded.ts'
import { openLocalBus } from '../server/adapters/bus-local.ts'
import { newId } from '../server/kernel/ids.ts'
import { silent } from '../server/kernel/log-lines.ts'
import { listMigrations, migrate } from '../server/kernel/migrate.ts'
import { keepStepping } from '../server/kernel/readers.ts'
import { openKernel } from '../server/kernel/running.ts'
import { openTail } from '../server/kernel/tail.ts'
import type { Compiled } from '../server/modules/workflows/engine/compiled.ts'
import { openEngine } from '../server/modules/workflows/engine/embedded.ts'
import { runEvents } from '../server/modules/workflows/engine/events.ts'
import { loadSdk, temporalServer } from '../server/modules/workflows/engine/temporal/sdk.ts'
import { openTemporal } from '../server/modules/workflows/engine/temporal/temporal.ts'
import { cpu, cpuSince, memory, type Cpu } from './harness/processes.ts'
import { inTurn, median, percentile, printTable, ratio, short, whole } from './harness/rounds.ts'

const inFlight = 50
const long = process.argv.includes('--long')
const ms = long ? 5000 : 1500
const rounds = long ? 7 : 3
const waiting = 100_000

const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-bench-'))
const database = await openEmbedded({ dataDir, log: () => {}, removeAfter: dataDir })
const processes = { server: process.pid, cluster: path.join(database.dataDir, 'cluster') }
await migrate(database.connection('owner'), listMigrations())
const bus = await openLocalBus()
const kernel = openKernel({ database, bus, platformKey: Buffer.alloc(32, 7), groups: [runEvents], log: silent, publicUrl: 'http://localhost:8080', version: 'bench' })
const plain = new pg.Pool({ ...database.superuser(), max: 10 })
plain.on('error', () => {}) // its connections may end after the server

const names = ['a', 'b', 'c', 'd', 'e']
const five: Compiled = { nodes: names.map((id) => ({ id, kind: 'step', action: 'echo', needs: [] })), edges: names.slice(1).map((to, i) => ({ from: names[i]!, to })) }
const approval: Compiled = { nodes: [{ id: 'ok', kind: 'approval' }], edges: [] }
const [fiveId, approvalId, tenant] = [newId(), newId(), newId()]
const engine = openEngine({ kernel, load: async ({ defId }) => (defId === fiveId ? five : approval), run: async (call) => ({ node: call.node, ok: true }), work: true, limits: { runsPerTenant: inFlight } })
// who waits for a run hears of it as a live client does: from the log
const ended = new Map<string, () => void>()
const tail = await openTail(kernel.system)
tail.watch((event) => {
  if (event.name === 'run.completed') ended.get(event.subject_id)?.()
})
const following = keepStepping(tail.step, { floorMs: 500 })
const deaf = kernel.bell.hear(following.wake)
const heard = (id: string) => new Promise<void>((resolve) => ended.set(id, () => (ended.delete(id), resolve())))
const who = () => ({ tenant, actor: { type: 'user', id: tenant }, request: newId(), role: 'owner' }) as const

const runOurs = async () => {
  const { id } = await engine.start(kernel.app.context(who()), { workflowId: fiveId, version: 1, input: { n: 1 } })
  await heard(id)
}
const event = (name: string) => `insert into events (tenant_id, id, name, subject_type, subject_id, parent_id, actor_type, actor_id, data) values ($1, gen_random_uuid(), '${name}', 'run', $2, $3, 'workflow', $3, $4)`
/** One transaction a transition, as an engine without batches has it. */
const runPlain = async () => {
  const id = newId()
  const values = [tenant, id, fiveId, '{"workflowId": "x"}']
  await plain.query({ name: 'start', text: `with r as (insert into runs (tenant_id, id, workflow_id, workflow_version, status, due_at, actor_type, input) values ($1, $2, $3, 1, 'running', now() + interval '30 s', 'system', '{"n": 1}')) ${event('run.started')}`, values })
  for (const key of names) await plain.query({ name: 'step', text: `with s as (insert into run_steps (tenant_id, run_id, key, node, kind, state, attempt, output, finished_at) values ($1, $2, $5, $5, 'step', 'done', 1, '{"ok": true}', now())) ${event('run.advanced')}`, values: [...values, key] })
  await plain.query({ name: 'end', text: `with r as (update runs set status = 'completed', due_at = null, output = '{}', finished_at = now() where tenant_id = $1 and id = $2 and workflow_id = $3) ${event('run.completed')}`, values })
}

type Sample = { rate: number; count: number; cpu: Cpu; latencies: number[] }
const during = (work: () => Promise<unknown>) => async (): Promise<Sample> => {
  const before = cpu(processes)
  const began = performance.now()
  const latencies: number[] = []
  await Promise.all(Array.from({ length: inFlight }, async () => {
    while (performance.now() - began < ms) {
      const since = performance.now()
      await work()
      latencies.push(performance.now() - since)
    }
  }))
  return { rate: latencies.length / ((performance.now() - began) / 1000), count: latencies.length, cpu: cpuSince(cpu(processes), before), latencies }
}
await during(runOurs)()
await during(runPlain)()
const server = process.env.TEMPORAL_ADDRESS
if (server) {
  const sdk = await loadSdk()
  const connect = temporalServer({ address: server, namespace: 'default', tls: false, taskQueue: newId(), dataFolder: path.resolve('tmp/temporal') }, sdk, kernel)
  const temporal = openTemporal({ kernel, load: async () => five, run: async (call) => ({ node: call.node, ok: true }), work: true, limits: { runsPerTenant: inFlight }, schedules: false }, { connect })
  const runThere = async () => {
    const { id } = await temporal.start(kernel.app.context(who()), { workflowId: fiveId, version: 1, input: { n: 1 } })
    await heard(id)
  }
  await runThere()
  const alone: number[] = []
  for (let i = 0; i < 10; i++) {
    const since = performance.now()
    await runThere()
    alone.push(performance.now() - since)
  }
  const [beside, there] = await inTurn(1, [during(runOurs), during(runThere)])
  const line = (name: string, [one]: Sample[]) => [name, short(one!.rate), short(percentile(one!.latencies, 0.5)), short(percentile(one!.latencies, 0.99)), short(((one!.cpu.server + one!.cpu.database) / one!.count) * 1000)]
  printTable([`five-step runs, ${inFlight} in flight`, 'runs a second', 'p50 ms', 'p99 ms', 'CPU ms a run, without Temporal\'s own'], [line('embedded', beside!), line('driven by Temporal', there!)])
  console.log(`one run alone on Temporal: p50 ${short(median(alone))} ms; embedded to Temporal ${ratio(beside!.map((s) => s.rate), there!.map((s) => s.rate)).toFixed(1)}\n`)
  await temporal.close()
}
const [mine, others] = await inTurn(rounds, [during(runOurs), during(runPlain)])
const row = (name: string, samples: Sample[]) => {
  const count = samples.reduce((sum, s) => sum + s.count, 0)
  const cost = (part: 'server' | 'database') => short((samples.reduce((sum, s) => sum + s.cpu[part], 0) / count) * 1000)
  const all = samples.flatMap((s) => s.latencies)
  return [name, whole(median(samples.map((s) => s.rate))), short(percentile(all, 0.5)), short(percentile(all, 0.99)), `${cost('server')} + ${cost('database')}`]
}
printTable([`five-step runs, ${inFlight} in flight`, 'runs a second', 'p50 ms', 'p99 ms', 'CPU ms a run, process + database'], [row('the engine: start, five steps, end, heard live', mine!), row('plain pg, the same rows, a transaction each', others!)])
console.log(`ratio ${ratio(mine!.map((s) => s.rate), others!.map((s) => s.rate)).toFixed(2)}\n`)

const starts: number[] = []
for (let i = 0; i < 60; i++) {
  const since = performance.now()
  await runOurs()
  starts.push(performance.now() - since)
}
const restBefore = memory(processes)
await plain.query(`with made as (insert into runs (tenant_id, id, workflow_id, workflow_version, status, due_at, epoch, actor_type, started_at)
    select $1, overlay(uuid7()::text placing '7' from 15 for 1)::uuid, $2, 1, 'waiting', now() + interval '30 days', 1, 'system', now() from generate_series(1, ${waiting}) returning tenant_id, id)
  insert into run_steps (tenant_id, run_id, key, node, kind, state) select tenant_id, id, 'ok', 'ok', 'signal', 'pending' from made`, [tenant, approvalId])
await plain.query('vacuum analyze runs, run_steps, events')
await new Promise((resolve) => setTimeout(resolve, 1000))
const idle = cpu(processes)
const idleMs = 5000
await new Promise((resolve) => setTimeout(resolve, idleMs))
const used = cpuSince(cpu(processes), idle)
const restAfter = memory(processes)
const { rows: sleepers } = await plain.query<{ id: string }>(`select id from runs where workflow_id = $1 limit 300`, [approvalId])
const resumed: number[] = []
for (const { id } of sleepers) {
  const since = performance.now()
  const done = heard(id)
  await engine.signal(kernel.app.context(who()), id, 'ok', { decision: 'approve' })
  await done
  resumed.push(performance.now() - since)
}
const [busier] = await inTurn(1, [during(runOurs)])
printTable([`with ${whole(waiting)} waiting runs`, 'figure'], [
  ['CPU at rest, process + database, share of a core', `${((used.server / idleMs) * 1e5).toFixed(1)} % + ${((used.database / idleMs) * 1e5).toFixed(1)} %`],
  ['memory of the process, before and with them, MB', `${whole(restBefore.server)}, ${whole(restAfter.server)}`],
  ['signal committed to the run\'s end heard, p50 and p95 ms', `${short(median(resumed))}, ${short(percentile(resumed, 0.95))}`],
  ['five-step runs a second beside them', whole(median(busier!.map((s) => s.rate)))],
  ['one five-step run alone (without them), p50 and p95 ms', `${short(median(starts))}, ${short(percentile(starts, 0.95))}`],
])
deaf()
await following.stop()
await engine.close()
await kernel.close()
await bus.close()
await plain.end()
await database.stop()
fs.rmSync(dataDir, { recursive: true, force: true })
