// What a worker that dies, hangs or comes back late can do to a run: nothing. Chaos with real kills is server/proofs/workflow-chaos.prove.ts; here each
// moment is met on purpose, by a trigger or an action that takes the run from its worker.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chain, graph, patient, Script, step, testRuns, way, type TestRuns } from '../../../testing/workflows.ts'
import type { CompiledNode } from './compiled.ts'

/** After the n-th write of a step, in the same transaction, the run belongs to nobody any more. `every`: after each write. */
const thief = (claims: string) => `
  create table thief (at int, n int not null default 0, every boolean not null default false); insert into thief values (null); grant select, update on thief to gw_system;
  create function steal() returns trigger language plpgsql as $$ begin
    update thief set n = n + 1;
    if (select at = n or every from thief) then update runs set epoch = epoch + 1, owner = null, due_at = now()${claims} where tenant_id = new.tenant_id and id = new.run_id; end if;
    return null;
  end $$;
  create trigger steal after insert or update on run_steps for each row execute function steal();`
/** Another worker has the run from now on. */
const stealFrom = (runs: Pick<TestRuns, 'query'>, id: string) => runs.query(`update runs set epoch = epoch + 1, owner = gen_random_uuid(), due_at = now() + interval '1 hour' where id = $1`, [id])

const signal = (id: string, name: string): CompiledNode => ({ id, kind: 'wait', signal: name })
const nap = (id: string, ms: number): CompiledNode => ({ id, kind: 'wait', for: ms })

test('dropped after its k-th record, for every k, a run ends like the undisturbed one', async (t) => {
  const runs = await testRuns(t, { extra: thief(', claims = 0'), options: { inMemoryWaitMs: 20 } })
  const { script, start, end, engine, ctx, query, outcomes, until } = runs
  script.actions.third = (_call, at) => (at.attempt < 3 ? Promise.reject(new Error('not yet')) : 'third')
  const kid = script.define(graph([step('k1'), nap('k2', 60), step('k3')], chain('k1', 'k2', 'k3'), { result: 'steps.k3' }))
  const whole = graph([
    step('a'), step('b1'), step('b2', 'third', { retry: patient }), { id: 'each', kind: 'loop', over: 'input', lanes: 2, collect: 'x', body: graph([step('x', 'echo', { needs: ['item'] })]) }, nap('nap', 60), signal('sig', 'go'),
    { id: 'ok', kind: 'approval', ask: { action: 'echo', needs: [] } }, { id: 'kid', kind: 'child', def: { id: kid, version: 1 } }, step('bad', 'fail'), step('rescue', 'echo', { needs: ['steps.bad'] }),
    step('first', 'echo', { join: 'any' }), step('last', 'echo', { needs: ['steps.each', 'steps.b2', 'steps.sig.payload', 'steps.ok.approved', 'steps.kid', 'steps.rescue'] }),
  ], [...chain('a', 'b1', 'b2', 'last'), ...chain('a', 'each', 'last'), ...chain('a', 'nap', 'last'), ...chain('sig', 'ok', 'last'), ...chain('kid', 'last'), way('bad', 'error', 'rescue'), ...chain('rescue', 'last'), ...chain('b1', 'first'), ...chain('each', 'first')])
  const workflow = script.define(whole)
  const runOnce = async (crashAt: number | null) => {
    await query('update thief set at = $1, n = 0', [crashAt])
    const id = await start(workflow, [1, 2, 3])
    await engine.signal(ctx, id, 'go', 'gone')
    await engine.signal(ctx, id, 'ok', { decision: 'approve' })
    const { status, output } = await end(id)
    await until(async () => (await query<{ n: number }>('select count(*)::int as n from runs where finished_at is null'))[0]!.n === 0)
    const { kid: _id, 'first/join': _won, sig, ok, ...rest } = (await outcomes(id)) as Record<string, any>
    return { status, output, sig: sig.payload, ok: ok.payload, rest, writes: (await query<{ n: number }>('select n from thief'))[0]!.n, counts: script.counts(id) }
  }
  const calm = await runOnce(null)
  assert.equal(calm.status, 'completed')
  assert.ok(calm.writes > 25, `${calm.writes} writes`)
  for (const count of Object.values({ ...calm.counts, b2: 1 })) assert.equal(count, 1)
  for (let k = 1; k <= calm.writes; k++) {
    const { writes: _w, counts, ...crashed } = await runOnce(k)
    const { writes: _v, counts: _c, ...wanted } = calm
    assert.deepEqual(crashed, wanted, `dropped after record ${k}`)
    for (const [key, n] of Object.entries(counts)) assert.ok(n <= (key === 'b2' ? 4 : 2), `${key} was executed ${n} times after one crash, at record ${k}`)
  }
})

test('a worker that lost its run records no outcome of a step', async (t) => {
  const runs = await testRuns(t)
  const { script, start, until, engine, row, steps } = runs
  script.actions.stolen = async (_call, at) => (await stealFrom(runs, at.run.id), 'mine')
  const id = await start(graph([step('a', 'stolen'), step('b')], chain('a', 'b')))
  await until(() => script.counts(id).a && engine.held() === 0)
  assert.deepEqual([(await row(id)).status, (await row(id)).finished_at, await steps(id), script.counts(id).b], ['running', null, [], undefined])
})

test('a worker that lost its run does not end it', async (t) => {
  const script = new Script()
  let graceful: TestRuns | undefined
  const id = { value: '' }
  const runs = await testRuns(t, { script, options: { load: async ({ defId }) => (await stealFrom(graceful!, id.value || (await graceful!.query<{ id: string }>('select id from runs'))[0]!.id), script.graphs.get(defId)) } })
  graceful = runs
  const run = await runs.start(graph([{ id: 'c', kind: 'switch', cases: [] }]))
  await runs.until(async () => (await runs.row(run)).epoch === 2 && runs.engine.held() === 0)
  assert.deepEqual([(await runs.row(run)).status, (await runs.row(run)).finished_at], ['running', null])
})

test('a worker that lost its run takes no signal: it is there for the next', async (t) => {
  const runs = await testRuns(t, { options: { inMemoryWaitMs: 0 } })
  const { start, status, engine, ctx, query, until, another, script, row } = runs
  const id = await start(graph([signal('s', 'go')]))
  await status(id, 'waiting')
  await engine.close()
  const stealing = another({ load: async ({ defId }) => (await stealFrom(runs, id), script.graphs.get(defId)) })
  await stealing.signal(ctx, id, 'go', 'hello')
  await until(async () => (await row(id)).epoch === 3 && stealing.held() === 0)
  assert.deepEqual(await query('select consumed_by from run_signals'), [{ consumed_by: null }])
  await stealing.close()
  another()
  await query('update runs set due_at = now()')
  assert.equal((await runs.end(id)).output.s.payload, 'hello')
})

test('a run that ends its workers is failed as poison; one that gets on, however slowly, is not', async (t) => {
  const runs = await testRuns(t, { options: { limits: { idleClaims: 3 } }, extra: thief('') })
  const { script, start, end, query } = runs
  script.actions.deadly = async (_call, at) => {
    await query('update runs set epoch = epoch + 1, owner = null, due_at = now() where id = $1', [at.run.id])
    return new Promise(() => {})
  }
  const poison = await start(graph([step('a'), step('b', 'deadly')], chain('a', 'b')))
  const run = await end(poison)
  assert.deepEqual([run.status, run.error?.code], ['failed', 'run.poison'])
  assert.ok(script.counts(poison).b! <= 5, `${script.counts(poison).b} tries`)
  await query('update thief set every = true')
  const ids = Array.from({ length: 12 }, (_, i) => `n${i}`)
  assert.equal((await end(await start(graph(ids.map((id) => step(id)), chain(...ids))))).status, 'completed')
})

test('a worker that closes lets steps in flight finish, and another goes on at once', async (t) => {
  const { script, start, end, engine, another, until, row } = await testRuns(t, { options: { leaseMs: 600_000 } })
  const { promise, resolve } = Promise.withResolvers<void>()
  script.actions.gated = () => promise
  const id = await start(graph([step('a', 'gated'), step('b'), nap('n', 90)], chain('a', 'b', 'n')))
  await until(() => script.counts(id).a)
  const closing = engine.close()
  resolve()
  await closing
  assert.equal((await row(id)).status, 'waiting')
  another()
  assert.equal((await end(id)).status, 'completed')
  assert.deepEqual(script.counts(id), { a: 1, b: 1 })
})

test('a worker whose session is gone is taken over long before its lease ends', async (t) => {
  const { script, start, end, another, until, query, kernel, secondKernel } = await testRuns(t, { options: { leaseMs: 600_000 } })
  const second = await secondKernel()
  let hangs = true
  script.actions.hang = () => (hangs ? new Promise(() => {}) : 'done')
  const id = await start(graph([step('a', 'hang')]))
  await until(() => script.counts(id).a)
  await until(async () => (await query('select from workers where lock_key is not null')).length === 1)
  hangs = false
  another({}, second)
  await until(async () => (await query('select from workers where lock_key is not null')).length === 2)
  const [owner] = await query<{ owner: string; lock_key: string }>('select r.owner, w.lock_key from runs r join workers w on w.id = r.owner')
  await query(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and ((classid::bigint << 32) | objid::bigint) = $1::bigint`, [owner!.lock_key])
    .catch(() => kernel.database.connection('owner')) // gw_system may end its own role's sessions only
  assert.equal((await end(id)).output.a, 'done')
})

test('a long step is told of while it lasts, with a sign of life', async (t) => {
  const { script, start, until, steps, end } = await testRuns(t, { options: { leaseMs: 300 } })
  const { promise, resolve } = Promise.withResolvers<void>()
  script.actions.long = () => promise
  const id = await start(graph([step('a', 'long')]))
  const first = await until(async () => (await steps(id)).find((s) => s.state === 'pending' && s.beat_at))
  await until(async () => (await steps(id))[0]!.beat_at! > first.beat_at!)
  resolve()
  assert.equal((await end(id)).status, 'completed')
  assert.deepEqual((await steps(id)).map((s) => [s.key, s.state, s.attempt]), [['a', 'done', 1]])
})

test('due times go by the database\'s clock, whatever this machine\'s says', async (t) => {
  const { start, end } = await testRuns(t, { options: { inMemoryWaitMs: 20 } })
  const real = Date.now
  t.after(() => (Date.now = real))
  Date.now = () => real() + 3_600_000
  const run = await end(await start(graph([nap('n', 200), step('a')], chain('n', 'a'))))
  assert.equal(run.status, 'completed')
  assert.ok(Math.abs(run.finished_at!.getTime() - real()) < 600_000)
})
