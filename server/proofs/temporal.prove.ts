// The engine on a real Temporal server, with the real SDK and its sandbox: the contract of every engine, random graphs, workers killed with -9, a server that is killed,
// that lost its data, whose operators cancel and terminate; what stands in its histories, and each of them replayed by today's bundle.
import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { env } from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { newId } from '../kernel/ids.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Database, DatabaseRole } from '../kernel/ports.ts'
import type { CompiledNode } from '../modules/workflows/engine/compiled.ts'
import { engineContract } from '../modules/workflows/engine/engine.contract.ts'
import type { Engine, EngineOptions, StepRunner } from '../modules/workflows/engine/engine.ts'
import { runEvents } from '../modules/workflows/engine/events.ts'
import { bundleFor } from '../modules/workflows/engine/temporal/bundle.ts'
import { loadSdk, sealingCodec, temporalServer } from '../modules/workflows/engine/temporal/sdk.ts'
import { openTemporal, type TemporalOptions } from '../modules/workflows/engine/temporal/temporal.ts'
import { testApp } from '../testing/app.ts'
import { action, begin, data, draw, manual, publish, settle } from '../testing/drawn.ts'
import { openTestKernel, probeEvents } from '../testing/kernel.ts'
import { endProcess } from '../testing/product.ts'
import { runRandomGraphs, seed } from '../testing/random-graphs.ts'
import { freePort, noTemporal } from '../testing/services.ts'
import { chain, graph, step, testRuns, way } from '../testing/workflows.ts'

const skip = noTemporal()
const address = env.TEMPORAL_ADDRESS ?? ''
const sdk = skip ? undefined : await loadSdk()
// the bundle is kept for the next time, under the repository's own folder for such things
const dataFolder = path.resolve('tmp/temporal')
const roles = ['app', 'system'] as const
const seconds = (n: number) => new Promise((resolve) => setTimeout(resolve, n * 1000))

type Over = { kernel: Kernel; queue?: string; at?: string } & Omit<TemporalOptions, 'connect'>
const openOn = (o: EngineOptions, { kernel, queue = newId(), at = address, ...more }: Over): Engine =>
  openTemporal(o, { reconnectMs: 200, ...more, connect: temporalServer({ address: at, namespace: 'default', tls: false, dataFolder, taskQueue: queue }, sdk!, kernel) })
const onServer = (o: EngineOptions, more: Omit<Over, 'kernel'> = {}): Engine => openOn(o, { kernel: o.kernel, ...more })

const asked = process.argv.indexOf('--worker')
if (asked > 0) await beWorker(process.argv[asked + 1]!, process.argv[asked + 2]!)
else prove()

/** This file as a process of its own, made to be killed. */
async function beWorker(log: string, queue: string): Promise<void> {
  const chunks: Buffer[] = []
  const connections = await new Promise<Record<DatabaseRole, pg.ClientConfig>>((resolve) => {
    process.stdin.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (chunk.includes(10)) resolve(JSON.parse(Buffer.concat(chunks).toString()))
    })
    process.stdin.on('end', () => process.exit())
  })
  const kernel = await openTestKernel({ connection: (role: DatabaseRole) => connections[role] } as Database, [probeEvents, runEvents])
  const run: StepRunner = async (call, at) => {
    fs.appendFileSync(log, `${at.run.id} ${at.key}\n`)
    if (call.action === 'slow') await seconds(1)
    return { key: at.key }
  }
  onServer({ kernel, load: async ({ defId }) => crashing[defId], run, work: true, inMemoryWaitMs: 100 }, { queue, againMs: 1000 })
}

const nap = (id: string, ms: number): CompiledNode => ({ id, kind: 'wait', for: ms })
const [parentId, childId] = ['01900000-0000-7000-8000-0000000000a1', '01900000-0000-7000-8000-0000000000a2']
const crashing: Record<string, ReturnType<typeof graph>> = {
  [parentId]: graph([
    step('start'), step('a', 'slow'), step('b', 'slow'), nap('nap', 3000), { id: 'kid', kind: 'child', def: { id: childId, version: 1 } }, { id: 'each', kind: 'loop', over: 'input', lanes: 2, body: graph([step('x', 'slow')]) }, { id: 'ok', kind: 'approval' }, step('end'),
  ], [...chain('start', 'a', 'ok', 'end'), ...chain('start', 'b'), ...chain('start', 'nap', 'end'), ...chain('start', 'kid', 'end'), ...chain('start', 'each'), way('each', 'done', 'end')]),
  [childId]: graph([step('c1', 'slow'), nap('cn', 1500), step('c2', 'slow')], chain('c1', 'cn', 'c2')),
}

function prove(): void {
  engineContract('Temporal server', (o) => onServer(o), skip)

  test(`20 random graphs on a Temporal server end as the reference evaluator says (seed ${seed})`, { skip }, async (t) => {
    await runRandomGraphs(t, { open: (o) => onServer(o), count: 20 })
  })

  test('Temporal server: a run that grows long goes on in fresh histories without a repeat; every history is replayed by today\'s bundle and shows nothing in clear', { skip }, async (t) => {
    const { start, end, script, engine, ctx, waitsFor, kernel } = await testRuns(t, { open: (o) => onServer(o, { historyEvents: 60 }) })
    script.actions.once = (call) => call.needs.item ?? null
    const kid = script.define(graph([step('k')]))
    const id = await start(graph([
      { id: 'each', kind: 'loop', over: 'input', lanes: 4, body: graph([step('x', 'once', { needs: ['item'] }), step('y', 'once')], chain('x', 'y')) }, step('bad', 'fail'), step('rescue'), { id: 'kid', kind: 'child', def: { id: kid, version: 1 } }, { id: 'go', kind: 'wait', signal: 'go' }, step('end'),
    ], [way('each', 'done', 'go'), ...chain('go', 'end'), way('bad', 'error', 'rescue')]), Array.from({ length: 40 }, (_, i) => `Tulips ${i}`))
    await waitsFor(id, 'go')
    await engine.signal(ctx, id, 'go', 1)
    const run = await end(id)
    assert.equal(run.status, 'completed', JSON.stringify(run.error))
    assert.ok(run.epoch > 2, `${run.epoch} lives`)
    assert.deepEqual(Object.entries(script.counts(id)).filter(([, n]) => n !== 1), [])
    assert.equal(Object.keys(script.counts(id)).length, 40 * 2 + 3)
    const histories = await lives(id)
    assert.equal(histories.length, run.epoch)
    const codec = { payloadCodecs: [sealingCodec(kernel.keys)] }
    for (const history of histories) {
      assert.ok(!readable(history).includes('Tulips'))
      await sdk!.worker.Worker.runReplayHistory({ workflowBundle: { codePath: await bundleFor(path.join(dataFolder, 'cache')) }, dataConverter: codec }, history, id)
    }
  })

  test('the product on Temporal: drawn, published, begun and approved by HTTP, moved to another version while it waits; what began before the setting goes on where it is', { skip }, async (t) => {
    const drawnBy = (text: string) => draw([manual, action('review', 'approval', { title: 'Pay?', role: 'owner' }), data('said', 'mapping', { fields: { text, n: '${{ trigger.n }}' } })], 'start>review', 'review>said')
    const plain = await testApp(t)
    const owner = await plain.register('Olga')
    const old = await begin(plain, owner, await publish(plain, owner, drawnBy('old')), { n: 1 })
    await settle(plain, owner, old.id, /waiting/)
    assert.deepEqual(await plain.notes(), [])
    await plain.stop()
    const app = await testApp(t, { beside: plain, settings: { TEMPORAL_HOST: address, TEMPORAL_TASK_QUEUE: newId(), DATA_DIR: dataFolder } })
    assert.match((await app.notes()).join(), /^1 unfinished run of a workflow began in the embedded engine and goes on there/)
    const workflow = await publish(app, owner, drawnBy('first'))
    const [stays, moves] = [await begin(app, owner, workflow, { n: 2 }), await begin(app, owner, workflow, { n: 3 })]
    for (const { id } of [stays, moves]) await settle(app, owner, id, /waiting/)
    await app.ok(owner, 'PATCH', `/workflows/${workflow.id}`, { definition: drawnBy('second') })
    await app.ok(owner, 'POST', `/workflows/${workflow.id}/publish`, {})
    await app.ok(owner, 'POST', `/runs/${moves.id}/move`, { version: 2 })
    const said: Record<string, unknown> = {}
    for (const { id } of [old, stays, moves]) {
      await settle(app, owner, id, /waiting/)
      const [asked] = (await app.ok(owner, 'GET', `/approvals?runId=${id}`)).items
      await app.ok(owner, 'POST', `/approvals/${asked.id}`, { decision: 'approve' })
      const done = await settle(app, owner, id)
      assert.equal(done.status, 'completed', JSON.stringify(done.error))
      said[id] = done.results.said
    }
    assert.deepEqual(said, { [old.id]: { text: 'old', n: 1 }, [stays.id]: { text: 'first', n: 2 }, [moves.id]: { text: 'second', n: 3 } })
    assert.deepEqual(await app.query('select engine, count(*)::int as runs from runs group by engine order by engine'), [{ engine: 'embedded', runs: 1 }, { engine: 'temporal', runs: 2 }])
  })

  test('Temporal server: two workers killed with -9 inside steps and while all waits; each run is one workflow, each step recorded once, what was done is not done again', { skip }, async (t) => {
    const notes = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-temporal-'))
    const log = path.join(notes, 'actions.log')
    fs.writeFileSync(log, '')
    const queue = newId()
    const { kernel, engine, ctx, row, until, steps, query } = await testRuns(t, { open: (o) => onServer(o, { queue }), options: { work: false, load: async ({ defId }) => crashing[defId] } })
    const workers: ChildProcess[] = []
    t.after(() => {
      for (const worker of workers) endProcess(worker.pid!)
      fs.rmSync(notes, { recursive: true, force: true })
    })
    const startWorker = () => {
      const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--worker', log, queue], { stdio: ['pipe', 'ignore', 'inherit'] })
      child.stdin!.on('error', () => {})
      child.stdin!.write(`${JSON.stringify(Object.fromEntries(roles.map((role) => [role, kernel.database.connection(role)])))}\n`)
      workers.push(child)
      return child
    }
    const did = (key: string) => fs.readFileSync(log, 'utf8').split('\n').filter((line) => line.endsWith(` ${key}`)).length
    // committed while no worker lives: it begins with the first one
    const ids = await Promise.all([1, 2, 3].map(async () => (await engine.start(ctx, { workflowId: parentId, version: 1, input: [1, 2, 3] })).id))
    let worker = startWorker()
    await until(() => did('a') >= 3)
    const firstKill = performance.now()
    worker.kill('SIGKILL')
    worker = startWorker()
    await until(() => did('a') >= 6)
    t.diagnostic(`a killed worker's steps were begun again after ${Math.round(performance.now() - firstKill)} ms`)
    await until(async () => (await query(`select from run_steps where kind = 'signal' and state = 'pending'`)).length === 3)
    worker.kill('SIGKILL')
    for (const id of ids) await engine.signal(ctx, id, 'ok', { decision: 'approve' })
    startWorker()
    for (const id of ids) {
      const run = await until(async () => { const r = await row(id); return r.finished_at !== null && r })
      assert.equal(run.status, 'completed', JSON.stringify(run.error))
      const recorded = (await steps(id)).filter((s) => s.kind !== 'note').map((s) => `${s.key} ${s.state}`).sort()
      assert.deepEqual(recorded, ['a done', 'b done', 'each[0].x done', 'each[1].x done', 'each[2].x done', 'end done', 'kid done', 'nap done', 'ok done', 'start done'])
      assert.equal((await lives(id)).length, 1)
    }
    const lines = fs.readFileSync(log, 'utf8').split('\n').filter(Boolean)
    const most = Math.max(...Map.groupBy(lines, (line) => line).values().map((same) => same.length))
    assert.ok(most <= 3, `a step was begun ${most} times with two kills`)
    assert.equal(did('start'), 3)
    assert.equal(did('end'), 3)
  })

  test('Temporal server: killed with -9 it goes on from its file; with an empty one the runs go on from our tables; terminated there they begin anew, cancelled there they end', { skip, timeout: 300_000 }, async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-temporal-'))
    const port = await freePort()
    const script = (...args: string[]) => execFileSync('services/temporal.sh', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => {
      script('stop', folder)
      fs.rmSync(folder, { recursive: true, force: true })
    })
    const rise = () => script('start', folder, String(port)).trim().replace('TEMPORAL_ADDRESS=', '')
    const kill = () => process.kill(Number(fs.readFileSync(path.join(folder, 'temporal.pid'), 'utf8').split(' ')[0]), 'SIGKILL')
    const at = rise()
    const { start, end, script: told, engine, ctx, waitsFor, query, status } = await testRuns(t, { open: (o) => onServer(o, { at, againMs: 1000 }) })
    const waiting = graph([step('before'), { id: 'go', kind: 'wait', signal: 'go' }, nap('nap', 1500), step('after')], chain('before', 'go', 'nap', 'after'))
    const workflow = told.define(waiting)
    const begun = async () => { const id = await start(workflow); await waitsFor(id, 'go'); await status(id, 'waiting'); return id }
    const [kept, lost, terminated, cancelled] = [await begun(), await begun(), await begun(), await begun()]
    kill()
    await engine.signal(ctx, kept, 'go', 1)
    const meanwhile = await start(workflow)
    rise()
    assert.equal((await end(kept)).status, 'completed')
    await waitsFor(meanwhile, 'go')

    const connection = await sdk!.worker.NativeConnection.connect({ address: at })
    const { workflow: there } = new sdk!.client.Client({ connection, namespace: 'default' })
    await there.getHandle(terminated).terminate('as an operator of Temporal might')
    await there.getHandle(cancelled).cancel()
    assert.equal((await end(cancelled)).status, 'cancelled')
    await connection.close()
    await query('update runs set due_at = now() where id = $1', [terminated]) // else at the latest six hours later
    await engine.signal(ctx, terminated, 'go', 1)
    assert.equal((await end(terminated)).status, 'completed')

    kill()
    for (const file of fs.readdirSync(folder)) if (file.startsWith('temporal.db')) fs.rmSync(path.join(folder, file))
    rise()
    for (const id of [lost, meanwhile]) {
      await engine.signal(ctx, id, 'go', 1)
      const run = await end(id)
      assert.equal(run.status, 'completed')
      assert.deepEqual(told.counts(id), { before: 1, after: 1 })
    }
  })
}

type History = Awaited<ReturnType<ReturnType<InstanceType<NonNullable<typeof sdk>['client']['Client']>['workflow']['getHandle']>['fetchHistory']>>
/** The histories of a run, one a life that ended or still goes on. */
async function lives(id: string): Promise<History[]> {
  const connection = await sdk!.worker.NativeConnection.connect({ address })
  try {
    const { workflow } = new sdk!.client.Client({ connection, namespace: 'default' })
    const runs: string[] = []
    for await (const { runId } of workflow.list({ query: `WorkflowId = '${id}'` })) runs.push(runId)
    return await Promise.all(runs.map((runId) => workflow.getHandle(id, runId).fetchHistory()))
  } finally {
    await connection.close()
  }
}
/** All bytes of a history as text. */
const readable = (history: History): string => JSON.stringify(history, (_key, value: unknown) => (value instanceof Uint8Array || (value as { type?: string } | null)?.type === 'Buffer' ? Buffer.from((value as { data?: number[] }).data ?? (value as Uint8Array)).toString('latin1') : value))
