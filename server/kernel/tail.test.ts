import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { testKernel, type TestKernel } from '../testing/kernel.ts'
import { newId } from './ids.ts'
import { listEventsUpTo, type EventRow, type Position } from './log.ts'
import { openTail, type History, type Subscriber } from './tail.ts'

async function stage(t: TestContext, more: Parameters<typeof openTail>[1] = {}) {
  const kernel = await testKernel(t)
  const tail = await openTail(kernel.system, more)
  const ctx = kernel.app.context(kernel.who())
  let n = 0
  const write = async (times = 1, on: ReturnType<TestKernel['app']['context']> = ctx) => {
    for (let i = 0; i < times; i++) await on.change('probe.written', { subject: newId(), data: { n: ++n }, run: [] })
  }
  const step = async () => {
    while (await tail.step());
  }
  const history = (page: number): History => async (after, to) => {
    const [events] = await ctx.read(listEventsUpTo(ctx.tenant, after, to, page))
    return { events, next: events.length === page ? events.at(-1)! : null }
  }
  return { kernel, tail, ctx, write, step, history }
}
/** Keeps what it is offered, and counts each as sent. */
function follower(tenant: string, last: Position) {
  const seen: number[] = []
  const s: Subscriber & { last: Position } = {
    tenants: [tenant], last,
    offer(row: EventRow) {
      s.last = { pos: row.pos, seq: row.seq }
      seen.push((row.data as { n: number }).n)
    },
    settled: async () => {},
  }
  return { s, seen }
}

test('a stream gets the past and the present without gap or double, also when events come while the past is read', async (t) => {
  const { tail, ctx, write, step, history } = await stage(t)
  const start = tail.at()
  await write(7)
  await step()
  const { s, seen } = follower(ctx.tenant, start)
  const pages = history(2)
  const leave = await tail.subscribe(s, async (after, to) => {
    await write(1)
    await step() // the tail goes on meanwhile
    return pages(after, to)
  })
  await write(2)
  await step()
  assert.deepEqual(seen, Array.from({ length: seen.length }, (_, i) => i + 1))
  assert.equal(seen.length, 13)
  leave()
  await write(1)
  await step()
  assert.equal(seen.length, 13)
  assert.equal(tail.isFollowed(ctx.tenant), false)
})

test('what is held back is bounded: a stream too far behind reads it from the log', async (t) => {
  const { tail, ctx, write, step, history } = await stage(t, { hold: 3 })
  const start = tail.at()
  await write(3)
  await step()
  const { s, seen } = follower(ctx.tenant, start)
  let rounds = 0
  await tail.subscribe(s, async (after, to) => {
    if (rounds++ === 0) {
      await write(10)
      await step()
    }
    return history(100)(after, to)
  })
  assert.deepEqual([seen, rounds], [Array.from({ length: 13 }, (_, i) => i + 1), 2])
})

test('a stream that comes from a server further on gets nothing again', async (t) => {
  const { tail, ctx, write, step, history } = await stage(t)
  await write(3)
  const [events] = await ctx.read(listEventsUpTo(ctx.tenant, tail.at(), { pos: Number.MAX_SAFE_INTEGER, seq: 0 }, 10))
  const { s, seen } = follower(ctx.tenant, events[1]!)
  await tail.subscribe(s, history(10))
  await step()
  assert.deepEqual(seen, [3])
})

test('only streams of the tenant are offered an event; watchers see all, before the streams, and a batch is prepared before', async (t) => {
  const { kernel, tail, ctx, write, step, history } = await stage(t)
  const order: string[] = []
  tail.prepare(async (events) => void order.push(`prepare ${events.length}`))
  tail.prepare(async () => Promise.reject(new Error('away')))
  const stop = tail.watch((row) => void order.push(`watch ${(row.data as { n: number }).n}`))
  const { s } = follower(ctx.tenant, tail.at())
  await tail.subscribe({ ...s, offer: (row) => void order.push(`offer ${(row.data as { n: number }).n}`) }, history(10))
  await write(1)
  await write(1, kernel.app.context(kernel.who()))
  await step()
  assert.deepEqual(order.filter((line) => line !== 'prepare 0'), ['prepare 2', 'watch 1', 'offer 1', 'watch 2'])
  stop()
})

test('a stream whose past cannot be read is not held back for ever', async (t) => {
  const { tail, ctx, write, step } = await stage(t)
  const start = tail.at()
  await write(1)
  await step()
  const { s, seen } = follower(ctx.tenant, start)
  await assert.rejects(tail.subscribe(s, () => Promise.reject(new Error('away'))), /away/)
  await write(1)
  await step()
  assert.deepEqual(seen, [])
})
