import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { afterwards } from '../../../../testing/afterwards.ts'
import { runRandomGraphs, seed } from '../../../../testing/random-graphs.ts'
import { standIn } from '../../../../testing/temporal-stand-in.ts'
import { chain, graph, patient, step, testRuns, way } from '../../../../testing/workflows.ts'
import type { CompiledNode } from '../compiled.ts'
import { openEngine } from '../embedded.ts'
import { engineContract } from '../engine.contract.ts'
import { runsElsewhere } from '../engines.ts'
import { installLine, packages } from './packages.ts'
import { connectionOptions, sealingCodec } from './sdk.ts'
import { openTemporal } from './temporal.ts'

engineContract('Temporal, on the stand-in', (o) => openTemporal(o, { connect: standIn().connect }))

test(`200 random graphs on the stand-in end as the reference evaluator says, replayed again and again and with crashes on the way (seed ${seed})`, async (t) => {
  const temporal = standIn({ replayEvery: 5, crashes: 0.05, refuses: 0.1 })
  const tally = await runRandomGraphs(t, { open: (o) => openTemporal(o, { connect: temporal.connect, againMs: 200 }), count: 200 })
  assert.ok(tally.completed > 40 && tally.failed > 20, JSON.stringify(tally))
  assert.ok(temporal.count.replays > 200, JSON.stringify(temporal.count))
})

const many: CompiledNode = { id: 'each', kind: 'loop', over: 'input', lanes: 4, body: graph([step('x', 'once', { needs: ['item'] }), { id: 'n', kind: 'wait', for: 5 }, step('y', 'once')], chain('x', 'n', 'y')) }
test('a run that grows long goes on in fresh histories: no step is repeated, no signal, timer or failure lost', async (t) => {
  const temporal = standIn()
  const { start, end, script, engine, ctx, waitsFor } = await testRuns(t, { open: (o) => openTemporal(o, { connect: temporal.connect, historyEvents: 60 }) })
  script.actions.once = (call) => call.needs.item ?? null
  const id = await start(graph([many, step('bad', 'fail'), step('rescue'), { id: 'nap', kind: 'wait', for: 700 }, { id: 'go', kind: 'wait', signal: 'go' }, step('end')], [way('each', 'done', 'go'), ...chain('go', 'end'), way('bad', 'error', 'rescue')]), Array.from({ length: 60 }, (_, i) => i))
  await waitsFor(id, 'go')
  await engine.signal(ctx, id, 'go', 1)
  const run = await end(id)
  assert.equal(run.status, 'completed', JSON.stringify(run.error))
  assert.ok(run.epoch > 3, `${run.epoch} lives`)
  const counts = script.counts(id)
  assert.deepEqual(Object.entries(counts).filter(([, n]) => n !== 1), [])
  assert.equal(Object.keys(counts).length, 60 * 2 + 3)
})

const rich = (kid: string) => graph([
  step('a', 'echo', { needs: ['input.n'] }), { id: 'c', kind: 'condition', if: { left: { path: 'input.n' }, op: 'gt', right: { value: 1 } } }, step('yes'), step('no'),
  { id: 'each', kind: 'loop', over: 'input.list', lanes: 2, body: graph([step('x', 'echo', { needs: ['item', 'index'] })]) }, { id: 'kid', kind: 'child', def: { id: kid, version: 1 } },
  step('bad', 'fail', { retry: { ...patient, max: 2 } }), step('rescue'), { id: 'nap', kind: 'wait', for: 20 }, { id: 'w', kind: 'wait', signal: 'go' }, step('end', 'echo', { join: 'any' }),
], [...chain('a', 'c'), way('c', 'true', 'yes'), way('c', 'false', 'no'), way('bad', 'error', 'rescue'), ...chain('yes', 'nap', 'end'), ...chain('no', 'end'), way('each', 'done', 'w')])

test('one definition on both engines beside each other: the same outputs and notes under the same keys; a run stays where it began', async (t) => {
  const { start, end, script, kernel, outcomes, steps, engine, ctx, query, until, waitsFor } = await testRuns(t, { open: (o) => openTemporal(o, { connect: standIn().connect }) })
  const before = openEngine({ kernel, load: async ({ defId }) => script.graphs.get(defId), run: script.run, work: true, inMemoryWaitMs: 100, schedules: false })
  afterwards(t, () => before.close())
  const kid = script.define(graph([step('c', 'echo', { needs: ['input'] })]))
  const workflow = script.define(rich(kid))
  const input = { n: 3, list: [1, 'x', { y: 2 }] }
  const ids = [await start(workflow, input, { on: before }), await start(workflow, input)]
  for (const id of ids) await waitsFor(id, 'w')
  await until(async () => (await query(`select from runs where parent_run is not null and status = 'completed'`)).length === 2)
  assert.deepEqual([await runsElsewhere(kernel, 'temporal'), await runsElsewhere(kernel, 'embedded')].map(([line]) => line?.replace(/:.*|;.*/, '')), ['1 unfinished run of a workflow began in the embedded engine and goes on there', '1 unfinished run of a workflow lives in Temporal and waits there'])
  for (const id of ids) await engine.signal(ctx, id, 'go', { yes: true })
  const [one, two] = [await end(ids[0]!), await end(ids[1]!)]
  const same = (value: unknown) => JSON.parse(JSON.stringify(value, (key, v: unknown) => (key === 'at' ? 0 : v))) as unknown
  assert.deepEqual(same(one.output), same(two.output))
  assert.deepEqual(same(await outcomes(ids[0]!)), same(await outcomes(ids[1]!)))
  const shape = async (id: string) => (await steps(id)).map((s) => [s.key, s.node, s.kind, s.state, s.attempt, s.kind === 'note' ? s.output : null]).sort()
  assert.deepEqual(await shape(ids[0]!), await shape(ids[1]!))
  const engines = await query<{ engine: string; runs: number }>('select engine, count(*)::int as runs from runs group by engine order by engine')
  assert.deepEqual(engines, [{ engine: 'embedded', runs: 2 }, { engine: 'temporal', runs: 2 }]) // each with its child
  assert.deepEqual(await runsElsewhere(kernel, 'embedded'), [])
})

test('what was committed while Temporal was away, or refused to listen, begins later, once; a telling too many changes nothing', async (t) => {
  const temporal = standIn({ refuses: 0.5 })
  let reachable = false
  const { start, end, script, query, row, until } = await testRuns(t, { open: (o) => openTemporal(o, { againMs: 100, reconnectMs: 20, connect: (work) => (reachable ? temporal.connect(work) : Promise.reject(new Error('away'))) }) })
  const ids = await Promise.all(Array.from({ length: 20 }, () => start(graph([step('a'), step('b'), { id: 'n', kind: 'wait', for: 300 }, step('c')], chain('a', 'b', 'n', 'c')))))
  assert.equal((await row(ids[0]!)).status, 'pending')
  reachable = true
  await until(async () => (await query(`update runs set due_at = now() where id in (select id from runs where engine = 'temporal' and status in ('running', 'waiting') for update skip locked) returning id`)).length > 0 && temporal.count.told > 60)
  for (const id of ids) {
    assert.equal((await end(id)).status, 'completed')
    assert.deepEqual(script.counts(id), { a: 1, b: 1, c: 1 })
    assert.equal((await row(id)).epoch, 1)
  }
})

test('a schedule begins one run a tick, in Temporal', async (t) => {
  const { engine, ctx, script, query, until } = await testRuns(t, { open: (o) => openTemporal(o, { connect: standIn().connect }) })
  const id = '01900000-0000-7000-8000-00000000000f'
  await engine.setSchedule(ctx, { id, workflowId: script.define(graph([step('a')])), version: 1, everyMs: 1000, overlap: 'allow' })
  const runs = await until(async () => { const rows = await query<{ engine: string; dedup_key: string }>(`select engine, dedup_key from runs where status = 'completed'`); return rows.length >= 2 && rows })
  assert.deepEqual([new Set(runs.map((r) => r.engine)), new Set(runs.map((r) => r.dedup_key)).size], [new Set(['temporal']), runs.length])
  assert.equal(await engine.removeSchedule(ctx, id), 'done')
})

test('no more runs of a tenant begin than may be at work, and another tenant does not wait for them', async (t) => {
  const { start, end, script, tenantContext, until, query } = await testRuns(t, { open: (o) => openTemporal(o, { connect: standIn().connect }), options: { limits: { runsPerTenant: 3 } } })
  const { promise, resolve } = Promise.withResolvers<void>()
  t.after(() => resolve())
  let most = 0
  let now = 0
  script.actions.hold = async () => {
    most = Math.max(most, ++now)
    await promise
    now--
  }
  const workflow = script.define(graph([step('a', 'hold')]))
  const quick = script.define(graph([step('a')]))
  const ids = await Promise.all(Array.from({ length: 12 }, () => start(workflow)))
  await until(() => now >= 3)
  const other = tenantContext()
  assert.equal((await end(await start(quick, null, { ctx: other }))).status, 'completed')
  assert.equal((await query(`select from runs where status = 'running'`)).length, 3)
  resolve()
  for (const id of ids) await end(id)
  assert.equal(most, 3)
})

test('a step that reads more than Temporal carries fails by name; a run whose row is gone ends there', async (t) => {
  const { start, end, script, query, until } = await testRuns(t, { open: (o) => openTemporal(o, { connect: standIn().connect }) })
  script.actions.bulky = () => 'x'.repeat(16_000)
  const wide = Array.from({ length: 110 }, (_, i) => `s${i}`)
  const run = await end(await start(graph([...wide.map((id) => step(id, 'bulky')), step('all', 'echo', { needs: wide.map((id) => `steps.${id}`) })], wide.flatMap((id) => chain(id, 'all')))))
  assert.deepEqual([run.status, run.error?.code, run.error?.key], ['failed', 'step.too_large', 'all'])
  const id = await start(graph([{ id: 'w', kind: 'wait', for: 200 }]))
  await until(async () => (await query(`select from runs where id = '${id}' and status = 'waiting'`)).length)
  await query('delete from runs where id = $1', [id])
  await new Promise((resolve) => setTimeout(resolve, 300))
})

test('what leaves for Temporal can be read with the platform key alone', async () => {
  const keys = { sealForPlatform: (text: string, bound: string) => Buffer.from(`${bound}|${text}`).reverse(), openForPlatform: (sealed: string | Buffer, bound: string) => Buffer.from(sealed).reverse().toString().slice(bound.length + 1) }
  const codec = sealingCodec(keys)
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify({ secret: 'Tulips\n\u00e4' })) }
  const sent = await codec.encode([payload])
  assert.ok(!JSON.stringify(sent.map((p) => Buffer.from(p.data!).toString())).includes('Tulips'))
  assert.deepEqual(await codec.decode(sent), [payload])
  assert.deepEqual(await codec.decode([payload]), [payload])
})

test('settings become the way to a server: an API key encrypts, files are read, without either it is open', () => {
  const plain = { address: 'h:7233', namespace: 'default', tls: false, dataFolder: '' }
  assert.deepEqual(connectionOptions(plain), { address: 'h:7233' })
  assert.deepEqual(connectionOptions({ ...plain, apiKey: 'k' }), { address: 'h:7233', tls: true, apiKey: 'k' })
  const file = import.meta.filename
  const { tls } = connectionOptions({ ...plain, caFile: file, certFile: file, keyFile: file })
  assert.ok(typeof tls === 'object')
  for (const bytes of [tls.serverRootCACertificate, tls.clientCertPair?.crt, tls.clientCertPair?.key]) assert.ok(Buffer.from(bytes ?? []).includes('an API key encrypts'))
})

test('without the packages the setting is answered with the line that installs them, and nothing of them is loaded without the setting', () => {
  const script = `
    import { registerHooks } from 'node:module'
    const asked = []
    registerHooks({ resolve(name, context, next) { if (!name.startsWith('@temporalio/')) return next(name, context); asked.push(name); throw Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' }) } })
    const { loadSdk } = await import(${JSON.stringify(new URL('./sdk.ts', import.meta.url).href)})
    await import(${JSON.stringify(new URL('../engines.ts', import.meta.url).href)})
    const before = asked.length
    await loadSdk().catch((error) => console.log(JSON.stringify([before, error.message])))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(stdout || JSON.stringify(stderr)), [0, `TEMPORAL_ADDRESS is set, and Temporal's packages are not installed: ${installLine()}`])
  assert.ok(packages.every((name) => /^@temporalio\/\w+@\d+\.\d+\.\d+$/.test(name)) && packages.length >= 4)
})
