// What becomes of many runs: fair turns between tenants, ticks of the clock, and the end of old ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../kernel/ids.ts'
import { chain, graph, step, testRuns } from '../../../testing/workflows.ts'
import { nextTick, ticksOf } from './schedules.ts'

const median = (of: number[]) => of.toSorted((a, b) => a - b)[of.length >> 1]!
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('a tenant with 10,000 queued runs does not delay another\'s run beyond twice its normal time (S0.12)', async (t) => {
  const { script, start, end, query, tenantContext, until, kernel } = await testRuns(t, { options: { slots: 20, limits: { runsPerTenant: 8 } } })
  script.actions.work = () => pause(60)
  const work = script.define(graph(['a', 'b', 'c'].map((id) => step(id, 'work')), chain('a', 'b', 'c')))
  const quick = tenantContext()
  const times = async () => {
    const taken: number[] = []
    for (let i = 0; i < 5; i++) {
      const began = performance.now()
      await end(await start(work, null, { ctx: quick }))
      taken.push(performance.now() - began)
    }
    return median(taken)
  }
  const alone = await times()
  const greedy = newId()
  await query(`insert into runs (tenant_id, id, workflow_id, workflow_version, actor_type) select $1, gen_random_uuid(), $2, 1, 'system' from generate_series(1, 10000)`, [greedy, work])
  kernel.bell.ring()
  const atWork = async () => (await query<{ n: number }>(`select count(*)::int as n from runs where tenant_id = $1 and status = 'running'`, [greedy]))[0]!.n
  await until(async () => (await atWork()) >= 7)
  const beside = await times()
  assert.ok((await atWork()) <= 8, 'no more of one tenant at work than its cap')
  assert.ok((await query(`select from runs where tenant_id = $1 and status = 'pending' limit 1`, [greedy])).length, 'the queue was there to the end')
  t.diagnostic(`alone ${alone.toFixed(0)} ms, beside 10,000 queued runs ${beside.toFixed(0)} ms`)
  assert.ok(beside <= 2 * alone, `alone ${alone} ms, beside ${beside} ms`)
})

test('two workers share the queue: each run is done once', async (t) => {
  const { script, start, end, another, secondKernel } = await testRuns(t)
  another({}, await secondKernel())
  const work = script.define(graph([step('a'), step('b')], chain('a', 'b')))
  const ids = await Promise.all(Array.from({ length: 60 }, () => start(work)))
  for (const id of ids) assert.equal((await end(id)).status, 'completed')
  for (const id of ids) assert.deepEqual(script.counts(id), { a: 1, b: 1 })
})

test('ticks: what was missed, and what runs still, decide which become runs', () => {
  const minute = 60_000
  const at = (text: string) => Date.parse(`2026-03-01T${text}Z`)
  const every = { everyMs: minute }
  const due = (over: object) => ({ catch_up: 'one', overlap: 'allow', busy: false, next_at: new Date(at('10:00:00')).toISOString(), now_ms: at('10:00:01'), ...over })
  const times = ({ run, next }: { run: number[]; next: number | undefined }) => [...run.map((ms) => new Date(ms).toISOString().slice(11, 19)), '->', next && new Date(next).toISOString().slice(11, 19)]
  assert.deepEqual(times(ticksOf(due({}), every)), ['10:00:00', '->', '10:01:00'])
  const late = { now_ms: at('10:03:30') }
  assert.deepEqual(times(ticksOf(due(late), every)), ['10:00:00', '->', '10:04:00'])
  assert.deepEqual(times(ticksOf(due({ ...late, catch_up: 'none' }), every)), ['->', '10:04:00'])
  assert.deepEqual(times(ticksOf(due({ now_ms: at('10:03:05'), catch_up: 'none' }), every)), ['10:03:00', '->', '10:04:00'])
  assert.deepEqual(times(ticksOf(due({ ...late, catch_up: 'all' }), every)), ['10:00:00', '10:01:00', '10:02:00', '10:03:00', '->', '10:04:00'])
  assert.deepEqual(times(ticksOf(due({ ...late, catch_up: 'all', overlap: 'queue' }), every)), ['10:00:00', '->', '10:01:00'])
  assert.deepEqual(times(ticksOf(due({ ...late, overlap: 'skip', busy: true }), every)), ['->', '10:04:00'])
})

test('cron is read in its time zone, across the change of clocks too; what cannot be read is refused', () => {
  const after = Date.parse('2026-03-28T12:00:00Z')
  assert.equal(new Date(nextTick({ cron: '30 9 * * *', timeZone: 'Europe/Berlin' }, after)!).toISOString(), '2026-03-29T07:30:00.000Z') // summer time begins that night
  assert.equal(new Date(nextTick({ cron: '30 9 * * *', timeZone: 'UTC' }, after)!).toISOString(), '2026-03-29T09:30:00.000Z')
  for (const bad of ['never', '61 * * * *', '']) assert.throws(() => nextTick({ cron: bad }, after), { code: 'schedule.bad_cron' })
  assert.throws(() => nextTick({ cron: '* * * * *', timeZone: 'Mars/Olympus' }, after), { code: 'schedule.bad_cron' })
  assert.throws(() => nextTick({ everyMs: 5 }, after), { code: 'schedule.bad_interval' })
})

test('a schedule starts one run a tick with several workers, and overlap says what a tick does beside a run that goes on', async (t) => {
  const { script, engine, another, ctx, query, until, secondKernel } = await testRuns(t)
  another({}, await secondKernel())
  const { promise, resolve } = Promise.withResolvers<void>()
  script.actions.gated = () => promise
  const [plain, gated] = [script.define(graph([step('a')])), script.define(graph([step('g', 'gated')]))]
  const base = { version: 1, everyMs: 1000, entry: 'clock' }
  const [free, skipping, queueing] = [newId(), newId(), newId()]
  await engine.setSchedule(ctx, { ...base, id: free, workflowId: plain, overlap: 'allow' })
  await engine.setSchedule(ctx, { ...base, id: skipping, workflowId: gated, overlap: 'skip' })
  await engine.setSchedule(ctx, { ...base, id: queueing, workflowId: gated, overlap: 'queue' })
  const runsOf = (id: string) => query<{ dedup_key: string; entry: string; input: { at: string } }>('select dedup_key, entry, input from runs where schedule_id = $1 order by dedup_key', [id])
  const ticks = await until(async () => { const rows = await runsOf(free); return rows.length >= 3 && rows })
  assert.equal(new Set(ticks.map((r) => r.dedup_key)).size, ticks.length)
  assert.deepEqual([ticks[0]!.entry, `${free}@${ticks[0]!.input.at}`], ['clock', ticks[0]!.dedup_key])
  assert.deepEqual([(await runsOf(skipping)).length, (await runsOf(queueing)).length], [1, 1])
  resolve()
  await until(async () => (await runsOf(skipping)).length >= 2 && (await runsOf(queueing)).length >= 2)
  for (const id of [free, skipping, queueing]) assert.equal(await engine.removeSchedule(ctx, id), 'done')
  assert.equal(await engine.removeSchedule(ctx, free), 'not_found')
  assert.equal((await query('select from run_schedules')).length, 0)
})

test('finished runs go after their time, tenant by tenant, with all that hung on them; others stay', async (t) => {
  const { engine, query, tenant } = await testRuns(t, { options: { retentionDays: 50 } })
  const other = newId()
  /** Ids as they were made then: version 7 begins with the time. */
  const idOf = (days: number) => newId().replace(/^.{13}/, (Date.now() - days * 86_400_000).toString(16).padStart(12, '0').replace(/^(.{8})/, '$1-'))
  const fill = (of: string, n: number, days: number, finished: boolean) => query(`
    with made as (
      insert into runs (tenant_id, id, workflow_id, workflow_version, actor_type, status, due_at, created_at, finished_at)
      select $1, id, gen_random_uuid(), 1, 'system', case when $4 then 'completed' else 'waiting' end, null, now() - $3::int * interval '1 day', case when $4 then now() - $3::int * interval '1 day' end from unnest($2::uuid[]) id
      returning tenant_id, id
    ), s as (insert into run_steps (tenant_id, run_id, key, node, kind, state) select tenant_id, id, 'a', 'a', 'step', 'done' from made),
    g as (insert into run_signals (tenant_id, id, run_id, name) select tenant_id, gen_random_uuid(), id, 'go' from made)
    insert into run_blobs (tenant_id, run_id, id, bytes, sealed) select tenant_id, id, gen_random_uuid(), 1, 'x' from made`, [of, Array.from({ length: n }, () => idOf(days)), days, finished])
  await fill(tenant, 1201, 40, true)
  await fill(tenant, 3, 20, true)
  await fill(tenant, 2, 400, false)
  await fill(other, 5, 40, true)
  await fill(other, 2, 60, true)
  await query('insert into tenant_settings (tenant_id, run_retention_days) values ($1, 30), ($2, 400)', [tenant, other]) // less than the installation holds, more does not
  assert.equal(await engine.sweep(), 1203)
  for (const table of ['runs', 'run_steps', 'run_signals', 'run_blobs'])
    assert.deepEqual((await query<{ tenant_id: string; n: number }>(`select tenant_id, count(*)::int as n from ${table} group by 1`)).map((r) => [r.tenant_id === tenant, r.n]).sort(), [[false, 5], [true, 5]], table)
  const told = await query<{ data: { runs: number } }>(`select data from events where name = 'runs.trimmed' order by seq`)
  assert.deepEqual(told.map((e) => e.data.runs).sort((a, b) => b - a), [500, 500, 201, 2])
  assert.equal(await engine.sweep(), 0)
})
