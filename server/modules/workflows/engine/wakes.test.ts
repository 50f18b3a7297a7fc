// Whatever must wake a run writes it with its own row. Each case is the moment between a worker's last look and its parking, made by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../kernel/ids.ts'
import { graph, testRuns } from '../../../testing/workflows.ts'
import { usualLimits, type RunFacts } from './engine.ts'
import { HeldRun, type Bench } from './held-run.ts'
import { Store } from './store.ts'

test('a run that parks while somebody wakes it is due at once: by the count, not by a hint', async (t) => {
  const { kernel, start, ctx, query, row, tenant, engine } = await testRuns(t, { options: { work: false } })
  const store = new Store(kernel, { name: 'test', connections: 2 })
  t.after(() => store.close())
  const park = async (id: string, seen: number) => {
    await query(`update runs set status = 'running', epoch = 1, due_at = now() + interval '1 hour' where id = $1`, [id])
    await store.end({ tenant, id, epoch: 1, seen, status: 'waiting', output: null, error: null, due: null, told: '{"waits": []}', eventId: newId(), isChild: false, hasChildren: false })
    return row(id)
  }
  const quiet = await start(graph([]))
  assert.deepEqual([(await park(quiet, 0)).due_at, (await row(quiet)).status], [null, 'waiting'])
  const woken = await start(graph([]))
  await query(`update runs set status = 'running' where id = $1`, [woken]) // held by a worker that has looked for signals already
  await engine.signal(ctx, woken, 'go', null)
  assert.ok((await park(woken, 0)).due_at, 'the signal came after the last look and before parking: nobody else will wake the run')
  assert.equal((await park(woken, 1)).due_at, null)
  const cancelled = await start(graph([]))
  await query(`update runs set status = 'running' where id = $1`, [cancelled])
  await engine.cancel(ctx, cancelled)
  assert.ok((await park(cancelled, 1)).due_at)
})

test('a child\'s end wakes its parent in the same transaction', async (t) => {
  const { kernel, start, query, row, tenant } = await testRuns(t, { options: { work: false } })
  const store = new Store(kernel, { name: 'test', connections: 2 })
  t.after(() => store.close())
  const [parent, child] = [await start(graph([])), await start(graph([]))]
  await query(`update runs set status = 'waiting', due_at = null where id = $1`, [parent])
  await query(`update runs set status = 'running', epoch = 1, parent_run = $2 where id = $1`, [child, parent])
  await store.end({ tenant, id: child, epoch: 1, seen: 0, status: 'completed', output: '1', error: null, due: null, told: '{}', eventId: newId(), isChild: true, hasChildren: false })
  const woken = await row(parent)
  assert.deepEqual([woken.wake_seq, woken.due_at !== null], [1, true])
})

test('what comes while a run looks for it is looked at again, and not slept over: a signal, a child\'s end', async () => {
  const facts: RunFacts = { id: newId(), tenantId: newId(), defId: newId(), defVersion: 1, startedAt: Date.now(), actor: { type: 'user', id: null }, causeId: null, depth: 0, parentRun: null }
  let looks = 0
  /** The first look finds nothing, and the news of what it just missed arrive before it answers. */
  const look = <T>(before: T, after: T) => async (): Promise<T> => (++looks === 1 ? (run.poke(1), before) : after)
  const store = {
    record: async () => 'kept', startRun: async () => true, shared: () => undefined, share: async () => {}, keep: async (_at: unknown, value: unknown) => ({ text: JSON.stringify(value), value }),
    takeSignal: look<unknown>(undefined, { timedOut: false, payload: 7 }), child: look<object>({ id: 'c', status: 'running', output: null, error: null }, { id: 'c', status: 'completed', output: 8, error: null }),
  } as unknown as Store
  const bench: Bench = { store, run: async () => null, limits: usualLimits, inMemoryWaitMs: 100, longStepMs: 1000, now: Date.now, activeVersion: async () => 1, startedChild: () => {} }
  let run!: HeldRun
  const ask = async (question: (run: HeldRun) => Promise<unknown>) => {
    looks = 0
    run = new HeldRun(bench, facts, { epoch: 1, seen: 0, request: null })
    const answer = question(run)
    run.begun()
    const got = await Promise.race([answer, run.over])
    run.close()
    return [got, looks]
  }
  assert.deepEqual(await ask((it) => it.signal('w', 'go', {})), [{ timedOut: false, payload: 7 }, 2])
  assert.deepEqual(await ask((it) => it.child('k', { id: newId(), version: 1 }, null, { wait: true, onParentClose: 'cancel' })), [8, 2])
})
