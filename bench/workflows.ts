// How many five-step runs a second at 50 in flight, with row security, events and the live tail on, beside a plain pg loop that writes the same rows?
// With TEMPORAL_ADDRESS (services/temporal.sh) and its packages: the same runs driven by Temporal.
import path from 'node:path'
import { newId } from '../server/kernel/ids.ts'
import { loadSdk, temporalServer } from '../server/modules/workflows/engine/temporal/sdk.ts'
import { openTemporal } from '../server/modules/workflows/engine/temporal/temporal.ts'
import { five, inFlight, keepInFlight, openBenchEngine, stepNames, type Sample } from './harness/engine.ts'
import { cpu, cpuSince, memory, type Cpu } from './harness/processes.ts'
import { inTurn, median, percentile, printTable, ratio, short, whole } from './harness/rounds.ts'

const long = process.argv.includes('--long')
const ms = long ? 5000 : 1500
const rounds = long ? 7 : 3
const waiting = 100_000

const bench = await openBenchEngine()
const { plain, processes, tenant, fiveId, approvalId, engine, kernel, heard, context } = bench
const event = (name: string) => `insert into events (tenant_id, id, name, subject_type, subject_id, parent_id, actor_type, actor_id, data) values ($1, gen_random_uuid(), '${name}', 'run', $2, $3, 'workflow', $3, $4)`
/** One transaction a transition, as an engine without batches has it. */
const runPlain = async () => {
  const id = newId()
  const values = [tenant, id, fiveId, '{"workflowId": "x"}']
  await plain.query({ name: 'start', text: `with r as (insert into runs (tenant_id, id, workflow_id, workflow_version, status, due_at, actor_type, input) values ($1, $2, $3, 1, 'running', now() + interval '30 s', 'system', '{"n": 1}')) ${event('run.started')}`, values })
  for (const key of stepNames) await plain.query({ name: 'step', text: `with s as (insert into run_steps (tenant_id, run_id, key, node, kind, state, attempt, output, finished_at) values ($1, $2, $5, $5, 'step', 'done', 1, '{"ok": true}', now())) ${event('run.advanced')}`, values: [...values, key] })
  await plain.query({ name: 'end', text: `with r as (update runs set status = 'completed', due_at = null, output = '{}', finished_at = now() where tenant_id = $1 and id = $2 and workflow_id = $3) ${event('run.completed')}`, values })
}

type Costed = Sample & { cpu: Cpu }
const during = (work: () => Promise<unknown>) => async (): Promise<Costed> => {
  const before = cpu(processes)
  const sample = await keepInFlight(work, ms)
  return { ...sample, cpu: cpuSince(cpu(processes), before) }
}
await during(bench.runFive)()
await during(runPlain)()
const server = process.env.TEMPORAL_ADDRESS
if (server) {
  const sdk = await loadSdk()
  const connect = temporalServer({ address: server, namespace: 'default', tls: false, taskQueue: newId(), dataFolder: path.resolve('tmp/temporal') }, sdk, kernel)
  const temporal = openTemporal({ kernel, load: async () => five, run: async (call) => ({ node: call.node, ok: true }), work: true, limits: { runsPerTenant: inFlight }, schedules: false }, { connect })
  const runThere = async () => {
    const { id } = await temporal.start(context(), { workflowId: fiveId, version: 1, input: { n: 1 } })
    await heard(id)
  }
  await runThere()
  const alone: number[] = []
  for (let i = 0; i < 10; i++) {
    const since = performance.now()
    await runThere()
    alone.push(performance.now() - since)
  }
  const [beside, there] = await inTurn(1, [during(bench.runFive), during(runThere)])
  const line = (name: string, [one]: Costed[]) => [name, short(one!.rate), short(percentile(one!.latencies, 0.5)), short(percentile(one!.latencies, 0.99)), short(((one!.cpu.server + one!.cpu.database) / one!.count) * 1000)]
  printTable([`five-step runs, ${inFlight} in flight`, 'runs a second', 'p50 ms', 'p99 ms', 'CPU ms a run, without Temporal\'s own'], [line('embedded', beside!), line('driven by Temporal', there!)])
  console.log(`one run alone on Temporal: p50 ${short(median(alone))} ms; embedded to Temporal ${ratio(beside!.map((s) => s.rate), there!.map((s) => s.rate)).toFixed(1)}\n`)
  await temporal.close()
}
const [mine, others] = await inTurn(rounds, [during(bench.runFive), during(runPlain)])
const row = (name: string, samples: Costed[]) => {
  const count = samples.reduce((sum, s) => sum + s.count, 0)
  const cost = (part: 'server' | 'database') => short((samples.reduce((sum, s) => sum + s.cpu[part], 0) / count) * 1000)
  const all = samples.flatMap((s) => s.latencies)
  return [name, whole(median(samples.map((s) => s.rate))), short(percentile(all, 0.5)), short(percentile(all, 0.99)), `${cost('server')} + ${cost('database')}`]
}
printTable([`five-step runs, ${inFlight} in flight`, 'runs a second', 'p50 ms', 'p99 ms', 'CPU ms a run, process + database'], [row('the engine: start, five steps, end, heard live', mine!), row('plain pg, the same rows, a transaction each', others!)])
console.log(`ratio ${ratio(mine!.map((s) => s.rate), others!.map((s) => s.rate)).toFixed(2)}\n`)

const starts: number[] = []
const firsts: number[] = []
for (let i = 0; i < 60; i++) {
  const since = performance.now()
  await bench.runFive()
  starts.push(performance.now() - since)
  firsts.push(bench.firstStepAt() - since)
}
const restBefore = memory(processes)
await plain.query(`with made as (insert into runs (tenant_id, id, workflow_id, workflow_version, status, due_at, epoch, actor_type, started_at)
    select $1, overlay(uuid7()::text placing '7' from 15 for 1)::uuid, $2, 1, 'waiting', now() + interval '30 days', 1, 'system', now() from generate_series(1, ${waiting}) returning tenant_id, id)
  insert into run_steps (tenant_id, run_id, key, node, kind, state) select tenant_id, id, 'ok', 'ok', 'signal', 'pending' from made`, [tenant, approvalId])
await plain.query('vacuum analyze runs, run_steps, events')
await plain.query('checkpoint')
for (let busy = true; busy; busy = (await plain.query(`select from pg_stat_activity where backend_type = 'autovacuum worker'`)).rowCount !== 0) await new Promise((resolve) => setTimeout(resolve, 1000)) // seeding wakes it
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
  await engine.signal(context(), id, 'ok', { decision: 'approve' })
  await done
  resumed.push(performance.now() - since)
}
const [busier] = await inTurn(1, [during(bench.runFive)])
printTable([`with ${whole(waiting)} waiting runs`, 'figure'], [
  ['CPU at rest, process + database, share of a core', `${((used.server / idleMs) * 1e5).toFixed(1)} % + ${((used.database / idleMs) * 1e5).toFixed(1)} %`],
  ['memory of the process, before and with them, MB', `${whole(restBefore.server)}, ${whole(restAfter.server)}`],
  ['signal committed to the run\'s end heard, p50 and p95 ms', `${short(median(resumed))}, ${short(percentile(resumed, 0.95))}`],
  ['five-step runs a second beside them', whole(median(busier!.map((s) => s.rate)))],
  ['one five-step run alone (without them), p50 and p95 ms', `${short(median(starts))}, ${short(percentile(starts, 0.95))}`],
  ['its start asked for to its first step begun, p50 and p95 ms', `${short(median(firsts))}, ${short(percentile(firsts, 0.95))}`],
])

// what its time has come for goes in portions; others work meanwhile
const old = long ? 1_000_000 : 50_000
await plain.query('update installation set unlimited = true')
await plain.query(`with made as (insert into runs (tenant_id, id, workflow_id, workflow_version, status, due_at, epoch, actor_type, output, created_at, started_at, finished_at)
    select $1, overlay(overlay(uuid7()::text placing '0190' from 1 for 4) placing '7' from 15 for 1)::uuid, $2, 1, 'completed', null, 1, 'system', '{"ok": true}', t, t, t from generate_series(1, ${old}), (values (now() - interval '200 days')) v(t) returning tenant_id, id)
  insert into run_steps (tenant_id, run_id, key, node, kind, state, attempt, output, finished_at) select tenant_id, id, 'a', 'a', 'step', 'done', 1, '{"ok": true}', now() from made`, [tenant, fiveId])
await plain.query('vacuum analyze runs, run_steps')
const [undisturbed] = await inTurn(1, [during(bench.runFive)])
const sweptFrom = { at: performance.now(), cpu: cpu(processes) }
const sweeping = engine.sweep()
const [beside] = await inTurn(1, [during(bench.runFive)])
const swept = await sweeping
const [seconds, spent] = [(performance.now() - sweptFrom.at) / 1000, cpuSince(cpu(processes), sweptFrom.cpu)]
printTable([`${whole(old)} runs whose time has come`, 'figure'], [
  ['deleted, and how many a second', `${whole(swept)}, ${whole(swept / seconds)}`],
  ['processor ms for a thousand, runs beside it included', short(((spent.server + spent.database) * 1e6) / swept)],
  ['five-step runs a second before and beside it', `${whole(undisturbed![0]!.rate)}, ${whole(beside![0]!.rate)}`],
])

await engine.close()
const since = performance.now()
const fresh = bench.open()
const { id } = await fresh.start(context(), { workflowId: fiveId, version: 1, input: { n: 1 } })
await heard(id)
console.log(`a new engine beside ${whole(waiting)} waiting runs: its first run is over after ${short(performance.now() - since)} ms`)
await fresh.close()
await bench.close()
