// What every engine promises, whatever runs underneath: the same outputs under the same keys, each outcome recorded once, and what becomes of failures,
// signals, children, cancellation. `open` puts an engine under it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recountLevels } from '../../../testing/levels.ts'
import { chain, graph, patient, step, testRuns, way, type TestRuns } from '../../../testing/workflows.ts'
import { systemWho } from '../../../kernel/readers.ts'
import type { CompiledNode } from './compiled.ts'
import type { Engine, EngineOptions } from './engine.ts'
import { holdRuns } from './holding.ts'
import type { Json } from './port.ts'

const signal = (id: string, name: string, timeoutMs?: number): CompiledNode => ({ id, kind: 'wait', signal: name, ...(timeoutMs === undefined ? {} : { timeoutMs }) })
const nap = (id: string, ms: number): CompiledNode => ({ id, kind: 'wait', for: ms })
/** A promise and its key, for actions that wait for the test. */
const gate = () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { passed: promise, pass: resolve }
}

/** @param skip why this engine cannot be had here, or false */
export function engineContract(name: string, openEngine: (o: EngineOptions) => Engine, skip: string | false = false): void {
  const contract = (what: string, check: (runs: TestRuns) => Promise<void>, options: Partial<EngineOptions> = {}) =>
    test(`${name}: ${what}`, { skip }, async (t) => check(await testRuns(t, { open: openEngine, options })))

  contract('a chain gives each node what it reads, and the run what its last nodes gave', async ({ start, end, outcomes, script, eventsOf }) => {
    const id = await start(graph([{ id: 't', kind: 'trigger' }, step('a', 'echo', { needs: ['input.n'] }), step('b', 'echo', { needs: ['steps.a.needs', 'steps.a.none'] })], chain('t', 'a', 'b')), { n: 7 })
    const run = await end(id)
    assert.equal(run.status, 'completed')
    const b = { node: 'b', needs: { 'steps.a.needs': { 'input.n': 7 }, 'steps.a.none': null } }
    assert.deepEqual(run.output, { b })
    assert.deepEqual(await outcomes(id), { a: { node: 'a', needs: { 'input.n': 7 } }, b })
    assert.deepEqual(script.counts(id), { a: 1, b: 1 })
    assert.deepEqual(script.executed.map((e) => e.idempotencyKey), [`${id}:a`, `${id}:b`])
    const names = (await eventsOf(id)).map((e) => e.name)
    assert.equal(names[0], 'run.started')
    assert.equal(names.at(-1), 'run.completed')
  })

  contract('branches run beside each other, joins wait for the living, dead ways are noted', async ({ start, end, outcomes, steps, script }) => {
    const both = gate()
    let there = 0
    script.actions.meet = () => (++there === 2 && both.pass(), both.passed.then(() => 'met'))
    const id = await start(graph(
      [step('a', 'meet'), step('b', 'meet'), { id: 'c', kind: 'condition', if: { left: { path: 'steps.a' }, op: 'eq', right: { value: 'met' } } }, step('yes'), step('no'), step('after_no'), step('end')],
      [...chain('a', 'c'), ...chain('b', 'c'), way('c', 'true', 'yes'), way('c', 'false', 'no'), ...chain('yes', 'end'), ...chain('no', 'after_no', 'end')],
    ))
    await end(id)
    assert.deepEqual(Object.keys(await outcomes(id)), ['a', 'b', 'end', 'yes'])
    assert.deepEqual((await steps(id)).filter((s) => s.kind === 'note').map((s) => [s.key, s.output]).sort(), [['after_no', { skipped: null }], ['c', { decided: 'true' }], ['no', { skipped: null }]])
  })

  contract('an any join goes on with the first way, once, and every replay decides alike', async ({ start, end, outcomes, script, engine, ctx }) => {
    const slow = gate()
    script.actions.slow = () => slow.passed.then(() => 'slow')
    const id = await start(graph(
      [step('late', 'slow'), step('soon'), step('go', 'echo', { join: 'any', needs: ['steps.late'] }), signal('wait', 'go_on'), { id: 'c', kind: 'condition', if: { left: { path: 'steps.late' }, op: 'exists' } }, step('saw'), step('not')],
      [...chain('late', 'go'), ...chain('soon', 'go', 'wait', 'c'), way('c', 'true', 'saw'), way('c', 'false', 'not')],
    ))
    while (!script.counts(id).go) await new Promise((resolve) => setTimeout(resolve, 5))
    slow.pass()
    await engine.signal(ctx, id, 'go_on', null) // after it was parked the replay has both ways at once
    await end(id)
    const { go, 'go/join': join, ...rest } = await outcomes(id)
    assert.deepEqual([go, join, Object.keys(rest)], [{ node: 'go', needs: { 'steps.late': null } }, 'soon', ['late', 'not', 'soon', 'wait']])
  })

  contract('loops run in lanes and nest; keys are paths', async ({ start, end, outcomes, script }) => {
    let now = 0
    let most = 0
    script.actions.count = async (call) => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setTimeout(resolve, 5))
      now--
      return call.needs.item ?? null
    }
    const id = await start(graph([
      { id: 'each', kind: 'loop', over: 'input.rows', lanes: 3, body: graph([
        step('x', 'count', { needs: ['item'] }), { id: 'inner', kind: 'loop', over: 'item', collect: 'y', body: graph([step('y', 'echo', { needs: ['item', 'steps.each.index'] })]) },
      ], chain('x', 'inner')) },
      step('sum', 'echo', { needs: ['steps.each.1.inner'] }),
    ], [way('each', 'done', 'sum')]), { rows: [[1], [2, 3], [], [4]] })
    const run = await end(id)
    assert.deepEqual(run.output.sum.needs['steps.each.1.inner'], [{ node: 'y', needs: { item: 2, 'steps.each.index': 1 } }, { node: 'y', needs: { item: 3, 'steps.each.index': 1 } }])
    assert.deepEqual(Object.keys(await outcomes(id)), ['each[0].inner[0].y', 'each[0].x', 'each[1].inner[0].y', 'each[1].inner[1].y', 'each[1].x', 'each[2].x', 'each[3].inner[0].y', 'each[3].x', 'sum'])
    assert.ok(most >= 2 && most <= 3, `${most} lanes`)
  })

  contract('a failure without an error edge fails the run; siblings are told to stop, and nothing is started any more', async ({ start, end, outcomes, script }) => {
    let told = false
    const begun = gate()
    script.actions.long = (_call, at) => new Promise((_resolve, reject) => (begun.pass(), at.signal.addEventListener('abort', () => ((told = true), reject(new Error('stopped'))))))
    script.actions.fail = () => begun.passed.then(() => Promise.reject(Object.assign(new Error('no luck'), { code: 'test.no_luck' })))
    const id = await start(graph([step('a', 'long'), step('b', 'fail'), step('after')], [...chain('a', 'after'), ...chain('b', 'after')]))
    const run = await end(id)
    assert.deepEqual([run.status, run.error], ['failed', { code: 'test.no_luck', message: 'no luck', key: 'b' }])
    assert.deepEqual(await outcomes(id), { b: { failed: 'test.no_luck' } })
    assert.ok(told)
  })

  contract('an error edge takes a failure and what went wrong', async ({ start, end }) => {
    const id = await start(graph([step('a', 'fail'), step('rescue', 'echo', { needs: ['steps.a.error.code'] }), step('next')], [way('a', 'error', 'rescue'), ...chain('a', 'next')]))
    assert.deepEqual((await end(id)).output, { rescue: { node: 'rescue', needs: { 'steps.a.error.code': 'test.fails' } } })
  })

  contract('a step is tried again with the same idempotency key until it works, or until what failed cannot be mended', async ({ start, end, script, steps }) => {
    script.actions.third = (_call, at) => (at.attempt < 3 ? Promise.reject(new Error('not yet')) : at.attempt)
    script.actions.never = () => Promise.reject(Object.assign(new Error('gone'), { code: 'http.410' }))
    script.actions.refused = () => Promise.reject(Object.assign(new Error('no'), { retryable: false }))
    script.actions.later = (_call, at) => (at.attempt < 2 ? Promise.reject(Object.assign(new Error('busy'), { retryAfterMs: 150 })) : 'ok')
    const id = await start(graph(
      [step('a', 'third', { retry: patient }), step('b', 'never', { retry: { ...patient, nonRetryable: ['http.410'] } }), step('c', 'refused', { retry: patient }), step('d', 'later', { retry: { ...patient, baseMs: 1 } }), step('rb'), step('rc')],
      [way('b', 'error', 'rb'), way('c', 'error', 'rc')],
    ))
    assert.equal((await end(id)).status, 'completed')
    assert.deepEqual(script.counts(id), { a: 3, b: 1, c: 1, d: 2, rb: 1, rc: 1 })
    assert.deepEqual(new Set(script.executed.filter((e) => e.key === 'a').map((e) => e.idempotencyKey)), new Set([`${id}:a`]))
    assert.deepEqual((await steps(id)).filter((s) => s.key === 'a').map((s) => [s.state, s.attempt, s.output]), [['done', 3, 3]])
  })

  contract('a step that gives no answer in time counts as a failed attempt and is told to stop', async ({ start, end, script }) => {
    const aborted: number[] = []
    script.actions.hang = (_call, at) => new Promise(() => at.signal.addEventListener('abort', () => aborted.push(at.attempt)))
    const id = await start(graph([step('a', 'hang', { timeoutMs: 60, retry: { ...patient, max: 2 } })]))
    const run = await end(id)
    assert.deepEqual([run.status, run.error?.code, aborted], ['failed', 'step.timed_out', [1, 2]])
  })

  contract('waits: short ones stay in memory, long ones park, a time that has passed goes on at once', async ({ start, end, until, engine, outcomes, row }) => {
    const id = await start(graph([nap('short', 30), nap('long', 600), { id: 'past', kind: 'wait', until: '2001-01-01T00:00:00Z' }, { id: 'bad', kind: 'wait', until: { path: 'input.when' } }, step('rescue', 'echo', { needs: ['steps.bad.error.code'] }), step('end')], [
      ...chain('short', 'long', 'past', 'end'), way('bad', 'error', 'rescue'),
    ]), { when: 'tomorrow' })
    await until(async () => (await row(id)).status === 'waiting' && engine.held() === 0)
    const run = await end(id)
    assert.equal(run.output.rescue.needs['steps.bad.error.code'], 'wait.bad_time')
    assert.deepEqual(Object.keys(await outcomes(id)), ['end', 'long', 'past', 'rescue', 'short'])
    assert.ok(run.finished_at!.getTime() - run.created_at.getTime() >= 600)
  })

  contract('a signal may come early, late or twice: each wait takes one, in order', async ({ start, end, engine, ctx, script, outcomes, waitsFor, row }) => {
    const first = gate()
    script.actions.gated = () => first.passed
    const id = await start(graph([step('a', 'gated'), signal('one', 'go'), signal('two', 'go'), step('end', 'echo', { needs: ['steps.one.payload', 'steps.two.payload'] })], chain('a', 'one', 'two', 'end')))
    assert.equal(await engine.signal(ctx, id, 'go', { n: 1 }, { id: '01900000-0000-7000-8000-000000000001' }), 'done')
    assert.equal(await engine.signal(ctx, id, 'go', { n: 1 }, { id: '01900000-0000-7000-8000-000000000001' }), 'unchanged')
    first.pass()
    await waitsFor(id, 'two')
    assert.equal((await row(id)).finished_at, null)
    assert.equal(await engine.signal(ctx, id, 'other', null), 'done')
    assert.equal(await engine.signal(ctx, id, 'go', { n: 2 }), 'done')
    const run = await end(id)
    assert.deepEqual(run.output.end.needs, { 'steps.one.payload': { n: 1 }, 'steps.two.payload': { n: 2 } })
    const { one } = (await outcomes(id)) as { one: { by: string; at: number; timedOut: boolean } }
    assert.deepEqual([one.by, one.timedOut, Number.isInteger(one.at)], [ctx.actor.id, false, true])
    assert.equal(await engine.signal(ctx, id, 'go', null), 'finished')
    assert.equal(await engine.signal(ctx, '01900000-0000-7000-8000-000000000002', 'go', null), 'not_found')
  })

  contract('two waits for one name at once take one signal each; a branch at work does not hold a signal up', async ({ start, end, engine, ctx, script, until, steps }) => {
    const busy = gate()
    script.actions.busy = () => busy.passed
    const id = await start(graph([step('work', 'busy'), signal('one', 'go'), signal('two', 'go')]))
    await until(async () => (await steps(id)).filter((s) => s.kind === 'signal').length === 2)
    await engine.signal(ctx, id, 'go', 1)
    await engine.signal(ctx, id, 'go', 2)
    await until(async () => (await steps(id)).filter((s) => s.kind === 'signal' && s.state === 'done').length === 2)
    busy.pass()
    const { output } = await end(id)
    assert.deepEqual([output.one.payload, output.two.payload].sort(), [1, 2])
  })

  contract('a wait ends with its time-out, short or long; an approval fails by it or takes its way', async ({ start, end }) => {
    const late = await start(graph([signal('short', 'go', 20), signal('long', 'go', 300), step('on_time'), step('too_late')], [...chain('short', 'long'), way('long', 'case:timeout', 'too_late')]))
    const run = await end(late)
    assert.deepEqual(Object.keys(run.output), ['on_time', 'too_late'])
    const failing = await start(graph([{ id: 'ok', kind: 'approval', timeoutMs: 30 }]))
    assert.deepEqual(((await end(failing)).error as { code: string; key: string }).code, 'approval.timed_out')
  })

  contract('an approval asks once, takes the decision under its own key, and goes its way', async ({ start, end, engine, ctx, waitsFor, script }) => {
    const asking = graph([{ id: 'ok', kind: 'approval', ask: { action: 'echo', needs: ['input.who'] } }, step('yes'), step('no')], [...chain('ok', 'yes'), way('ok', 'false', 'no')])
    for (const [decision, taken] of [['approve', 'yes'], ['reject', 'no']] as const) {
      const id = await start(asking, { who: 'ada' })
      await waitsFor(id, 'ok')
      await engine.signal(ctx, id, 'ok', { decision, comment: 'x' })
      assert.deepEqual(Object.keys((await end(id)).output), [taken])
      assert.equal(script.counts(id)['ok/ask'], 1)
    }
  })

  contract('children: their result or failure comes back, a failed one takes the error edge, an unawaited one gives its id', async ({ start, end, script, outcomes, row }) => {
    const good = script.define(graph([nap('nap', 300), step('c', 'echo', { needs: ['input'] })], chain('nap', 'c'), { result: 'steps.c.needs.input' }))
    const bad = script.define(graph([step('c', 'fail')]))
    const id = await start(graph([
      { id: 'good', kind: 'child', def: { id: good, version: 1 }, input: 'input.x' }, { id: 'bad', kind: 'child', def: { id: bad, version: 1 } }, { id: 'free', kind: 'child', def: { id: good, version: 1 }, wait: false, onParentClose: 'abandon' },
      { id: 'none', kind: 'child', def: { id: good, version: 0 } }, step('rescue', 'echo', { needs: ['steps.bad.error'] }), step('rescue_none', 'echo', { needs: ['steps.none.error.code'] }),
    ], [way('bad', 'error', 'rescue'), way('none', 'error', 'rescue_none')]), { x: [1, 2] })
    const run = await end(id)
    assert.equal(run.status, 'completed', JSON.stringify(run.error))
    assert.deepEqual(run.output.good, [1, 2])
    assert.deepEqual(run.output.rescue.needs['steps.bad.error'], { code: 'test.fails', message: 'it always fails' })
    assert.equal(run.output.rescue_none.needs['steps.none.error.code'], 'workflow.not_active')
    const free = ((await outcomes(id)) as { free: { id: string } }).free
    assert.equal((await end(free.id)).status, 'completed')
    assert.deepEqual([(await row(free.id)).parent_run, (await row(free.id)).depth], [null, 1])
  })

  contract('runs that lead to runs are cut at a depth, with a code', async ({ start, end, script }) => {
    const self = script.define(graph([]))
    script.graphs.set(self, graph([{ id: 'again', kind: 'child', def: { id: self, version: 1 } }]))
    const run = await end(await start(self))
    assert.deepEqual([run.status, run.error?.code], ['failed', 'run.too_deep'])
    await assert.rejects(start(self, null, { depth: 5 }), { code: 'run.too_deep' })
  }, { limits: { depth: 4 } })

  for (const [where, nodes] of Object.entries<CompiledNode[]>({
    'a step': [step('x', 'hang')], 'a retry': [step('x', 'fail', { retry: { max: 9, baseMs: 60_000, factor: 1, capMs: 60_000 } })], 'a short wait': [nap('x', 50_000)], 'a long wait': [nap('x', 600_000)], 'a signal': [signal('x', 'go')],
    'an approval': [{ id: 'x', kind: 'approval', ask: { action: 'echo', needs: [] } }], 'a loop': [{ id: 'x', kind: 'loop', over: 'input', lanes: 2, body: graph([step('in_loop', 'hang')]) }], 'an error edge': [step('x', 'hang')],
  }))
    contract(`cancel ends a run in ${where} as cancelled, and nothing is started after it`, async ({ start, end, engine, ctx, script, until, steps }) => {
      script.actions.hang = (_call, at) => new Promise((_resolve, reject) => at.signal.addEventListener('abort', () => reject(new Error('aborted'))))
      const catching = where === 'an error edge'
      const id = await start(graph([step('first'), ...nodes, step('after'), ...(catching ? [step('caught')] : [])], [...chain('first', nodes[0]!.id, 'after'), ...(catching ? [way('x', 'error', 'caught')] : [])]), [1, 2, 3])
      await until(async () => script.executed.some((e) => e.run === id && /x|in_loop/.test(e.key)) || (await steps(id)).some((s) => s.key.startsWith('x') && s.state === 'pending'))
      assert.equal(await engine.cancel(ctx, id), 'done')
      const run = await end(id)
      assert.deepEqual([run.status, run.error, await engine.cancel(ctx, id)], ['cancelled', null, 'finished'])
      assert.deepEqual([script.counts(id).after, script.counts(id).caught], [undefined, undefined])
    }, where === 'a short wait' ? { inMemoryWaitMs: 60_000 } : {})

  contract('cancel ends what is below a run too, but not a child that was let go', async ({ start, end, engine, ctx, script, until, query, outcomes, waitsFor, status }) => {
    const leaf = script.define(graph([signal('w', 'go')]))
    const middle = script.define(graph([{ id: 'kid', kind: 'child', def: { id: leaf, version: 1 } }]))
    const id = await start(graph([{ id: 'kid', kind: 'child', def: { id: middle, version: 1 } }, { id: 'free', kind: 'child', def: { id: leaf, version: 1 }, wait: false, onParentClose: 'abandon' }]))
    const below = await until(async () => { const rows = await query<{ id: string; status: string }>('select id, status from runs where workflow_id = any ($1)', [[leaf, middle]]); return rows.length === 3 && rows.every((r) => r.status === 'waiting') && rows })
    const { free } = (await outcomes(id)) as { free: { id: string } }
    await engine.cancel(ctx, id)
    assert.equal((await end(id)).status, 'cancelled')
    for (const { id: kid } of below) if (kid !== free.id) assert.equal((await end(kid)).status, 'cancelled')
    await waitsFor(free.id, 'w')
    await status(free.id, 'waiting')
    const queued = await start(leaf)
    await engine.cancel(ctx, queued)
    assert.equal((await end(queued)).status, 'cancelled')
  })

  contract('a parent that fails ends its children', async ({ start, end, script, until, query }) => {
    const leaf = script.define(graph([signal('w', 'go')]))
    const kidThere = gate()
    script.actions.fail = () => kidThere.passed.then(() => Promise.reject(new Error('parent fails')))
    const id = await start(graph([{ id: 'kid', kind: 'child', def: { id: leaf, version: 1 } }, step('bad', 'fail')]))
    const kid = await until(async () => (await query<{ id: string; status: string }>(`select id from runs where workflow_id = $1 and status = 'waiting'`, [leaf]))[0])
    kidThere.pass()
    assert.equal((await end(id)).status, 'failed')
    assert.equal((await end(kid.id)).status, 'cancelled')
  })

  contract('paused, what is in flight finishes and is recorded; resumed, it goes on from there', async ({ start, end, engine, ctx, script, until, outcomes, status, eventsOf }) => {
    const work = gate()
    script.actions.work = () => work.passed.then(() => 'worked')
    const id = await start(graph([step('a', 'work'), step('b'), nap('n', 1000)], chain('a', 'b')))
    await until(() => script.counts(id).a === 1)
    assert.deepEqual([await engine.pause(ctx, id), await engine.pause(ctx, id)], ['done', 'unchanged'])
    work.pass()
    await status(id, 'paused')
    assert.deepEqual(await outcomes(id), { a: 'worked', n: 'pending' })
    await new Promise((resolve) => setTimeout(resolve, 1100)) // its timer comes due meanwhile
    assert.equal((await engine.signal(ctx, id, 'whatever', null)), 'done')
    await status(id, 'paused')
    assert.equal(await engine.resume(ctx, id), 'done')
    assert.equal((await end(id)).status, 'completed')
    assert.deepEqual(script.counts(id), { a: 1, b: 1 })
    const names = (await eventsOf(id)).map((e) => e.name)
    for (const told of ['pause.requested', 'run.paused', 'run.resumed']) assert.ok(names.includes(told), `${told} in ${names.join(' ')}`)
    const waiting = await start(graph([signal('w', 'go')]))
    await status(waiting, 'waiting')
    await engine.pause(ctx, waiting)
    await status(waiting, 'paused')
    await engine.cancel(ctx, waiting)
    assert.equal((await end(waiting)).status, 'cancelled')
  })

  contract('a failed run goes on where it failed: done steps are not done again, from a node on everything behind it is', async ({ start, end, engine, ctx, script, row }) => {
    let broken = true
    script.actions.moody = () => (broken ? Promise.reject(new Error('broken')) : 'mended')
    const id = await start(graph([step('a'), step('b', 'moody'), step('c'), step('beside')], [...chain('a', 'b', 'c'), ...chain('a', 'beside')]))
    assert.equal((await end(id)).status, 'failed')
    broken = false
    assert.equal(await engine.retry(ctx, id), 'done')
    assert.equal((await end(id)).status, 'completed')
    assert.deepEqual(script.counts(id), { a: 1, b: 2, c: 1, beside: 1 })
    assert.equal(new Set(script.executed.filter((e) => e.key === 'b').map((e) => e.idempotencyKey)).size, 1)
    assert.equal(await engine.retry(ctx, id), 'unchanged')
    assert.equal(await engine.retry(ctx, id, { fromNode: 'b' }), 'done')
    assert.equal((await end(id)).status, 'completed')
    assert.deepEqual(script.counts(id), { a: 1, b: 3, c: 2, beside: 1 })
    assert.equal(new Set(script.executed.filter((e) => e.key === 'b').map((e) => e.idempotencyKey)).size, 2, 'done anew, it has another idempotency key')
    await assert.rejects(engine.retry(ctx, id, { fromNode: 'nowhere' }), { code: 'retry.unknown_node' })
    assert.equal((await row(id)).status, 'completed')
  })

  contract('retry reaches into loops, children and approvals that ran out of time', async ({ start, end, engine, ctx, script, waitsFor }) => {
    let broken = true
    script.actions.moody = (call) => (broken && call.needs.item !== 1 ? Promise.reject(new Error('broken')) : 'ok')
    const kid = script.define(graph([step('k', 'moody')]))
    const id = await start(graph([
      { id: 'each', kind: 'loop', over: 'input', collect: 'x', body: graph([step('x', 'moody', { needs: ['item'] })]) }, { id: 'kid', kind: 'child', def: { id: kid, version: 1 } },
      { id: 'ok', kind: 'approval', timeoutMs: 40 }, step('end'),
    ], chain('each', 'kid', 'ok', 'end')), [1, 2])
    assert.equal((await end(id)).error?.key, 'each[1].x')
    broken = false
    await engine.retry(ctx, id)
    assert.deepEqual([(await end(id)).error?.code, script.counts(id)], ['approval.timed_out', { 'each[0].x': 1, 'each[1].x': 2 }])
    broken = true
    await engine.retry(ctx, id, { fromNode: 'kid' })
    assert.equal((await end(id)).error?.message, 'broken')
    broken = false
    await engine.retry(ctx, id)
    await waitsFor(id, 'ok')
    await engine.signal(ctx, id, 'ok', { decision: 'approve' })
    assert.equal((await end(id)).status, 'completed')
    assert.deepEqual(script.counts(id), { 'each[0].x': 1, 'each[1].x': 2, end: 1 })
  })

  contract('begun beyond the plan by what hears no refusal, a run is parked: nothing of it is done, what it is told is kept, and it goes on when there is room', async ({ start, end, status, row, engine, ctx, tenantContext, script, query, tenant, eventsOf }) => {
    await query(`insert into tenant_plans (tenant_id, plan_id, limits) select $1, id, '{"runs": 1}' from plans where is_default`, [tenant])
    const drawn = graph([step('a'), signal('w', 'go'), step('b')], chain('a', 'w', 'b'))
    assert.equal((await end(await start(graph([step('a')]), null, { dedupKey: 'within' }))).status, 'completed')
    const [parked, ended] = [await start(drawn, { n: 1 }, { dedupKey: 'beyond' }), await start(drawn, { n: 2 }, { dedupKey: 'further' })]
    for (const id of [parked, ended]) await status(id, 'paused')
    await end(await start(graph([step('a')]), null, { ctx: tenantContext() })) // by now the engine has looked, and another tenant has its own plan
    assert.equal(await engine.signal(ctx, parked, 'go', 7), 'done')
    await assert.rejects(engine.resume(ctx, parked), (error: { code?: string }) => error.code === 'plan.limit_reached' || error.code === 'ZH403')
    await engine.cancel(ctx, ended)
    assert.equal((await end(ended)).status, 'cancelled')
    await end(await start(graph([step('a')]), null, { ctx: tenantContext() }))
    assert.deepEqual([(await row(parked)).status, script.counts(parked), script.counts(ended)], ['paused', {}, {}])
    await query(`update tenant_plans set limits = '{"runs": 2}' where tenant_id = $1`, [tenant])
    assert.equal(await engine.resume(ctx, parked), 'done')
    assert.equal((await end(parked)).status, 'completed')
    assert.deepEqual(script.counts(parked), { a: 1, b: 1 })
    const names = (await eventsOf(parked)).map(({ name }) => name)
    assert.ok(names.includes('run.parked') && names.includes('run.admitted') && names.at(-1) === 'run.completed', names.join(' '))
  })

  contract('large values lie sealed in the blob store and come back whole, also from and to children', async ({ start, end, engine, script, query, outcomes, tenant }) => {
    const text = 'Tulips under glass. '.repeat(5000)
    script.actions.big = () => ({ text, n: 4, list: [1, 2] })
    script.actions.length = async (call, at) => String(((await at.load(call.needs as Json)) as Record<string, { text?: string }>)['steps.a']?.text ?? '').length
    const kid = script.define(graph([step('copy', 'open', { needs: ['input'] })], [], { result: 'steps.copy', reads: ['n'] }))
    script.actions.open = async (call, at) => at.load(call.needs.input!)
    const id = await start(graph([
      step('a', 'big', { keep: ['n', 'list'] }), { id: 'c', kind: 'condition', if: { left: { path: 'steps.a.n' }, op: 'eq', right: { value: 4 } } }, step('b', 'length', { needs: ['steps.a.text'] }),
      { id: 'each', kind: 'loop', over: 'steps.a.list', collect: 'x', body: graph([step('x', 'echo', { needs: ['item'] })]) }, { id: 'kid', kind: 'child', def: { id: kid, version: 1 }, input: 'input' },
    ], [...chain('a', 'c'), way('c', 'true', 'b'), ...chain('a', 'each'), ...chain('a', 'kid')], { reads: ['rows'] }), { text, rows: [1] })
    const run = await end(id)
    assert.equal(run.status, 'completed', JSON.stringify(run.error))
    assert.equal(run.output.b, text.length)
    assert.equal(run.output.each.length, 2)
    assert.deepEqual(((await outcomes(id)) as { a: { at: object } }).a.at, { n: 4, list: [1, 2] })
    assert.deepEqual((await engine.open({ tenantId: tenant, runId: id }, run.output.kid)), { text, rows: [1] })
    assert.deepEqual(await engine.open({ tenantId: tenant, runId: id }, { input: run.input }), { input: { text, rows: [1] } })
    for (const { sealed } of await query<{ sealed: Buffer }>('select sealed from run_blobs')) assert.ok(!sealed.includes('Tulips'))
    for (const { row } of await query<{ row: string }>('select r::text as row from runs r union all select s::text from run_steps s')) assert.ok(!row.includes('Tulips'))
  })

  contract('hostile values are kept harmlessly or refused by name, and disturb no other run', async ({ start, end, script, outcomes }) => {
    const deep = (n: number): Json => { let v: Json = 1; for (let i = 0; i < n; i++) v = [v]; return v }
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    const values: Record<string, [unknown, unknown]> = {
      nul: ['a\0b', 'a\ufffdb'], surrogate: ['a\ud800c', 'a\ufffdc'], nul_key: [{ 'a\0': 1 }, { 'a\ufffd': 1 }], nothing: [undefined, null], nan: [Number.NaN, null], date: [new Date(0), '1970-01-01T00:00:00.000Z'], fn: [() => 1, null],
      reserved: [{ a: { $ref: 'x' } }, { failed: 'value.reserved_key' }], deep: [deep(10_000), { failed: 'value.too_deep' }], deeper: [deep(250), { failed: 'value.too_deep' }], cyclic: [cycle, { failed: 'value.not_json' }], big_int: [1n, { failed: 'value.not_json' }],
      huge: ['x'.repeat(20_000_000), { failed: 'value.too_large' }], proto: [JSON.parse('{"__proto__":{"polluted":true},"constructor":1}'), JSON.parse('{"__proto__":{"polluted":true},"constructor":1}')],
    }
    script.actions.hostile = (call) => values[call.node]![0]
    const nodes = Object.keys(values)
    const beside = await start(graph([step('a'), step('b')], chain('a', 'b')))
    const id = await start(graph([...nodes.map((n) => step(n, 'hostile')), ...nodes.map((n) => step(`r_${n}`, 'echo', { needs: [`steps.${n}`] }))], nodes.map((n) => way(n, 'error', `r_${n}`))))
    const run = await end(id)
    assert.equal(run.status, 'completed', JSON.stringify(run.error))
    const kept = await outcomes(id)
    for (const [node, [, wanted]] of Object.entries(values)) assert.deepEqual(kept[node], wanted, node)
    assert.equal(({} as { polluted?: boolean }).polluted, undefined)
    assert.equal((await end(beside)).status, 'completed')
    await assert.rejects(start(graph([]), { $ref: 'x' }), { code: 'value.reserved_key' })
    await assert.rejects(start(graph([]), 'x'.repeat(3_000_000)), { code: 'value.too_large' })
    const thrown = await start(graph([step('t', 'throws')]))
    assert.equal((await end(thrown)).status, 'failed')
  })

  contract('an action that calls its error Cancelled, or throws no error at all, has failed like any other', async ({ start, end, script }) => {
    script.actions.pretends = () => Promise.reject(Object.assign(new Error('me?'), { name: 'Cancelled' }))
    script.actions.nothing = () => Promise.reject(undefined)
    const id = await start(graph([step('a', 'pretends'), step('b', 'nothing'), step('ra'), step('rb')], [way('a', 'error', 'ra'), way('b', 'error', 'rb')]))
    assert.deepEqual(Object.keys((await end(id)).output), ['ra', 'rb'])
  })

  contract('starts: one run per dedup key, in the caller\'s transaction or not at all, each tenant its own', async ({ start, end, engine, ctx, script, tenantContext, query }) => {
    const workflowId = script.define(graph([step('a')]))
    const o = { workflowId, version: 1, input: null, dedupKey: 'event:trigger' }
    const [one, two] = await Promise.all([engine.start(ctx, o), engine.start(ctx, o)])
    assert.deepEqual([one!.id === two!.id, [one!.created, two!.created].sort()], [true, [false, true]])
    const other = await engine.start(tenantContext(), o)
    assert.ok(other.created)
    await assert.rejects(ctx.happen(async (tx) => { await engine.start(tx, { ...o, dedupKey: 'taken back' }); throw new Error('no') }), /no/)
    const inside = await ctx.change('probe.written', async (tx) => ({ subject: workflowId, data: { n: 1 }, result: await engine.start(tx, { ...o, dedupKey: 'inside' }) }))
    assert.equal((await end(inside.id)).status, 'completed')
    assert.equal((await end(await start(workflowId))).status, 'completed')
    assert.equal((await query('select from runs')).length, 4)
    assert.equal((await query(`select from events where name = 'run.started'`)).length, 4)
  })

  contract('half of the causes are taken back at random: there are as many runs as commits, each caused by its event', async ({ engine, ctx, script, query, until }) => {
    const workflowId = script.define(graph([step('a')]))
    const kept = await Promise.all(Array.from({ length: 60 }, (_, i) => ctx.change('probe.written', async (tx) => {
      const { id } = await engine.start(tx, { workflowId, version: 1, input: i, dedupKey: `cause ${i}` })
      if (Math.random() < 0.5) throw new Error('taken back')
      return { subject: id, data: { n: i }, result: id }
    }).catch((error: Error) => assert.equal(error.message, 'taken back'))))
    const commits = kept.filter((id) => typeof id === 'string')
    await until(async () => (await query(`select from runs where status = 'completed'`)).length === commits.length)
    assert.deepEqual((await query<{ id: string }>('select id from runs order by id')).map((r) => r.id), commits.toSorted())
    assert.equal(script.executed.length, commits.length)
  })

  contract('a stranger\'s run is not there', async ({ start, end, engine, tenantContext, ctx }) => {
    const stranger = tenantContext()
    const id = await start(graph([signal('w', 'go')]))
    for (const steer of [engine.signal(stranger, id, 'go', null), engine.cancel(stranger, id), engine.pause(stranger, id), engine.resume(stranger, id), engine.retry(stranger, id)]) assert.equal(await steer, 'not_found')
    await engine.signal(ctx, id, 'go', null)
    assert.equal((await end(id)).status, 'completed')
  })

  contract('a graph that can never go on fails as stuck, an unknown version by name, a run without end by its limits', async ({ start, end }) => {
    assert.equal((await end(await start(graph([step('a'), step('b')], [...chain('a', 'b'), ...chain('b', 'a')])))).error?.code, 'run.stuck')
    assert.equal((await end(await start('01900000-0000-7000-8000-000000000009'))).error?.code, 'workflow.no_version')
    const many = Array.from({ length: 30 }, (_, i) => i)
    assert.equal((await end(await start(graph([{ id: 'each', kind: 'loop', over: 'input', body: graph([step('x')]) }]), many))).error?.code, 'run.too_many_steps')
  }, { limits: { stepsPerRun: 20 } })

  contract('runs that are asked for at the same moment are written together, each as its own: tenant, asker, input; a limit refuses exactly those beyond it', async ({ start, end, ctx, tenantContext, query, tenant, script }) => {
    const workflow = script.define(graph([step('a')]))
    await Promise.all(Array.from({ length: 20 }, (_, n) => start(workflow, n)))
    assert.ok((await query(`select distinct pos from events where name = 'run.started'`)).length < 20, 'none shared a transaction')
    const limited = tenantContext()
    await query(`insert into tenant_plans (tenant_id, plan_id, limits) select $1, id, '{"runs": 5}' from plans where is_default`, [limited.tenant])
    const input = (n: number) => ({ n, text: 'x'.repeat(n === 39 ? 100_000 : n % 2 ? 20_000 : 10) })
    const asked = await Promise.allSettled(Array.from({ length: 40 }, (_, n) => start(workflow, input(n), { ctx: n % 4 ? ctx : limited })))
    const refused = asked.flatMap((one, n) => (one.status === 'rejected' ? [{ n, code: (one.reason as { code?: string }).code }] : []))
    assert.equal(refused.length, 5, '10 asked, 5 may')
    assert.ok(refused.every(({ n, code }) => n % 4 === 0 && code === 'ZH403'), JSON.stringify(refused))
    const told = await query<{ tenant_id: string; actor_type: string; actor_id: string }>(`select tenant_id, actor_type, actor_id from events where name = 'run.started'`)
    assert.deepEqual([told.filter((e) => e.tenant_id === tenant).length, told.filter((e) => e.tenant_id === limited.tenant).length], [50, 5])
    assert.ok(told.every((e) => e.actor_type === 'user' && e.actor_id === ctx.actor.id), 'the asker tells of it')
    for (const [n, one] of asked.entries()) {
      if (one.status === 'rejected') continue
      const run = await end(one.value)
      assert.deepEqual([run.status, (run as unknown as { tenant_id: string }).tenant_id, run.input.n ?? run.input.$ref !== undefined], ['completed', n % 4 ? tenant : limited.tenant, n % 2 ? true : n])
    }
  })

  contract('large values take room of the plan: of runs that begin together exactly those without room are refused, a step or child without room fails by name at its first try', async ({ start, end, engine, ctx, tenantContext, query, script, steps }) => {
    const limited = tenantContext()
    const allow = (storage: number) => query(`insert into tenant_plans (tenant_id, plan_id, limits) select $1, id, $2 from plans where is_default on conflict (tenant_id) do update set limits = excluded.limits`, [limited.tenant, { storage }])
    const used = async () => Number((await query<{ used: string }>(`select used::text as used from usage_levels where tenant_id = $1 and meter = 'storage'`, [limited.tenant]))[0]?.used ?? 0)
    const agree = async () => assert.deepEqual(await recountLevels((sql) => query(sql)), [])
    const big = { text: 'x'.repeat(20_000) }
    await allow(105_000)
    const asked = await Promise.allSettled(Array.from({ length: 30 }, (_, n) => start(graph([step('a')]), n % 5 ? big : { ...big, n: 'y'.repeat(60_000) }, { ctx: n % 2 ? ctx : limited })))
    const refused = asked.flatMap((one, n) => (one.status === 'rejected' ? [{ n, code: (one.reason as { code?: string }).code }] : []))
    assert.ok(refused.length >= 10 && refused.length <= 14 && refused.every(({ n, code }) => n % 2 === 0 && code === 'ZH403'), JSON.stringify(refused))
    for (const one of asked) if (one.status === 'fulfilled') await end(one.value)
    await agree()

    await allow((await used()) + 70_000)
    script.actions.big = () => ({ text: 'z'.repeat(60_000) })
    const chained = await start(graph([step('a', 'big', { retry: patient }), step('b', 'big', { retry: patient })], chain('a', 'b')), null, { ctx: limited })
    const ended = await end(chained)
    assert.deepEqual([ended.status, ended.error?.code, ended.error?.key, script.counts(chained)], ['failed', 'plan.limit_reached', 'b', { a: 1, b: 1 }])
    assert.match(ended.error!.message, /bytes of storage/)
    await agree()
    const kid = script.define(graph([step('k')]))
    const parent = await start(graph([step('a', 'big', { keep: ['text'] }), { id: 'kid', kind: 'child', def: { id: kid, version: 1 }, input: 'steps.a' }], chain('a', 'kid')), null, { ctx: limited })
    assert.deepEqual([(await end(parent)).error?.code, (await steps(parent)).map((s) => s.key).includes('kid')], ['plan.limit_reached', false])
    await allow((await used()) + 130_000)
    await engine.retry(limited, parent)
    assert.equal((await end(parent)).status, 'completed', 'there is room for the value and for the child\'s')
    await allow((await used()) + 70_000)
    const third = await start(graph([step('a', 'big'), { id: 'kid', kind: 'child', def: { id: kid, version: 1 }, input: 'steps.a' }], chain('a', 'kid')), null, { ctx: limited })
    const last = await end(third)
    assert.deepEqual([last.status, last.error?.code, last.error?.key], ['failed', 'plan.limit_reached', 'kid'], JSON.stringify(last))
    await agree()
    // what nobody asked for and nobody hears a refusal of is kept, and its own steps meet the limit
    await allow(1)
    const caused = await start(graph([step('a', 'big')]), big, { ctx: limited, dedupKey: 'an event' })
    assert.equal((await end(caused)).error?.code, 'plan.limit_reached')
    await agree()
  })

  contract('a run that lasts longer than it may ends by name, also while it waits for somebody', async ({ start, end, engine, ctx }) => {
    const held = await start(graph([step('a'), signal('w', 'never'), step('b')], chain('a', 'w', 'b')))
    const run = await end(held)
    assert.deepEqual([run.status, run.error?.code], ['failed', 'run.too_long'])
    assert.equal(await engine.signal(ctx, held, 'never', null), 'finished')
  }, { limits: { runMs: 1500 } })

  contract('runs of a tenant that has workflows off are held and go on where they were; one that comes meanwhile is not begun (S4.7)', async ({ start, end, status, script, kernel, tenant, waitsFor, engine, ctx }) => {
    let off = new Set<string>()
    const settle = async () => {
      await kernel.system.transact(systemWho('test'), (tx) => holdRuns(tx, tenant, !off.has('workflows')))
      return off
    }
    kernel.switches.answerBy({ doors: { stateOf: () => ({ status: 'active', off }), stateNow: async () => ({ status: 'active', off }) }, settle })
    const passed = gate()
    script.actions.slow = () => passed.passed.then(() => 'slow')
    const busy = await start(graph([step('a', 'slow'), step('b'), step('c')], chain('a', 'b', 'c')))
    const waiting = await start(graph([signal('w', 'go'), step('d')], chain('w', 'd')))
    const paused = await start(graph([signal('w', 'go'), step('e')], chain('w', 'e')))
    const given = await start(graph([signal('w', 'go'), step('f')], chain('w', 'f')))
    while (!script.counts(busy).a) await new Promise((resolve) => setTimeout(resolve, 5))
    await Promise.all([waiting, paused, given].map((id) => waitsFor(id, 'w')))
    await engine.pause(ctx, paused)
    off = new Set(['workflows'])
    await settle()
    passed.pass() // what is under way ends and is recorded
    const late = await start(graph([step('x')]))
    for (const id of [busy, waiting, paused, late, given]) await status(id, 'paused')
    await engine.signal(ctx, waiting, 'go', null)
    await settle() // told twice
    await engine.cancel(ctx, given)
    assert.equal((await end(given)).status, 'cancelled', 'ending begins nothing')
    assert.deepEqual([script.counts(busy), script.counts(waiting), script.counts(late)], [{ a: 1 }, {}, {}])
    off = new Set()
    await settle()
    for (const id of [busy, waiting, late]) assert.equal((await end(id)).status, 'completed')
    assert.deepEqual([script.counts(busy), script.counts(waiting), script.counts(late)], [{ a: 1, b: 1, c: 1 }, { d: 1 }, { x: 1 }])
    await status(paused, 'paused')
    await engine.resume(ctx, paused)
    await engine.signal(ctx, paused, 'go', null)
    assert.equal((await end(paused)).status, 'completed')
  })
}
