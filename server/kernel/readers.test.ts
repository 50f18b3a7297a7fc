import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { probeEvents, openTestKernel, testKernel } from '../testing/kernel.ts'
import { newId } from './ids.ts'
import { createStep, keepStepping, reader, type Reader } from './readers.ts'
import { sql } from './sql.ts'

const tables = `create table seen (tenant_id uuid not null, id uuid not null, n int not null, made bigint generated always as identity); select apply_tenancy('seen');`
const note = (n: unknown) => sql`insert into seen (id, n) values (${newId()}, ${n})`

async function stage(t: TestContext, count: number) {
  const kernel = await testKernel(t, { extra: tables })
  const ctx = kernel.app.context(kernel.who())
  const write = async (n: number) => void (await ctx.change('probe.written', { subject: newId(), data: { n }, run: [] }))
  for (let n = 0; n < count; n++) await write(n)
  const select = async (text: string) => (await kernel.system.pool.query(text)).rows as Record<string, any>[]
  const seen = async () => (await select('select n from seen order by made')).map((row) => row.n)
  const stepOf = (r: Reader) => createStep(kernel.system, kernel.open, r)
  /** Steps until nothing is left or the reader rests. */
  const run = async (step: () => Promise<boolean>) => {
    while (await step());
  }
  return { kernel, ctx, write, select, seen, stepOf, run }
}
const upTo = (n: number, without: number[] = []) => Array.from({ length: n }, (_, i) => i).filter((i) => !without.includes(i))

test('an event that keeps failing is parked after its tries, and its neighbours are handled once, in order', async (t) => {
  const { kernel, select, seen, stepOf } = await stage(t, 30)
  const tried: number[] = []
  const picky = reader('picky', ['probe.written'], async (tx, e) => {
    tried.push(Number(e.data.n))
    await tx(note(e.data.n))
    if (e.data.n === 13) throw new Error('cannot')
  }, { tries: 3, batch: 20 })
  const running = keepStepping(stepOf(picky), { floorMs: 5 })
  t.after(running.stop)
  while ((await seen()).length < 29) await sleep(5)
  assert.deepEqual(await seen(), upTo(30, [13]))
  const tries = tried.filter((n) => n === 13).length
  assert.ok(tries >= 3 && tries <= 5, `tried ${tries} times`)
  assert.deepEqual(await select('select reader, name, error, tenant_id is not null as tenant from parked_events'), [{ reader: 'picky', name: 'probe.written', error: 'cannot', tenant: true }])
  const [row] = await select(`select tries, error, handled::int as handled from readers where name = 'picky'`)
  assert.deepEqual(row, { tries: 0, error: null, handled: 29 })
  assert.ok(kernel)
})

test('a process that fails late does not set back another that has got past the event', async (t) => {
  const { kernel, seen, stepOf } = await stage(t, 3)
  const other = await openTestKernel(kernel.database, [probeEvents])
  t.after(other.close)
  const fine = createStep(other.system, other.open, reader('shared', ['probe.written'], (tx, e) => tx(note(e.data.n))))
  let failing = true
  const broken = stepOf(reader('shared', ['probe.written'], async () => {
    if (failing) throw new Error('here it fails')
  }, { tries: 1 }))
  // the broken one fails alone and counted; before it parks, the other one handles all
  const { transact } = kernel.system
  let overtaken = false
  kernel.system.transact = (async (who: never, body: never) => {
    try {
      return await transact.call(kernel.system, who, body)
    } catch (error) {
      if (!overtaken) {
        overtaken = true
        while (await fine());
      }
      throw error
    }
  }) as typeof transact
  await broken()
  failing = false
  while (await fine());
  assert.deepEqual(await seen(), upTo(3))
  assert.equal((await kernel.system.pool.query('select from parked_events')).rowCount, 0)
})

test('a paused reader rests, and goes on where it was', async (t) => {
  const { select, seen, stepOf, run, write } = await stage(t, 3)
  const step = stepOf(reader('resting', ['probe.written'], (tx, e) => tx(note(e.data.n))))
  await run(step)
  await select(`update readers set paused = true where name = 'resting'`)
  await write(3)
  assert.equal(await step(), false)
  assert.deepEqual(await seen(), upTo(3))
  await select(`update readers set paused = false where name = 'resting'`)
  await run(step)
  assert.deepEqual(await seen(), upTo(4))
})

test('effects, caused events and cursor are one transaction: a failure after the effect leaves none of them', async (t) => {
  const { select, seen, stepOf, run } = await stage(t, 2)
  let fail = true
  const step = stepOf(reader('whole', ['probe.written'], async (tx, e) => {
    if (e.data.by) return
    await tx.change('probe.written', { subject: newId(), data: { n: 100, by: 'reader' }, run: [note(e.data.n)] })
    if (fail) throw new Error('after the effect')
  }))
  await step()
  assert.deepEqual([await seen(), (await select('select from events')).length], [[], 2])
  fail = false
  await sleep(250) // the pause after the first try
  await run(step)
  assert.deepEqual(await seen(), upTo(2))
  const caused = await select(`select c.cause_id = e.id as fits, c.tenant_id = e.tenant_id as tenant, c.actor_type from events c join events e on e.id = c.cause_id order by c.seq`)
  assert.deepEqual(caused, Array(2).fill({ fits: true, tenant: true, actor_type: 'system' }))
})

test('a reader sees no other tenant than the event\'s, and events it does not take move it on', async (t) => {
  const { kernel, select, stepOf, run, ctx } = await stage(t, 1)
  const stranger = kernel.app.context(kernel.who())
  await stranger.change('probe.written', { subject: newId(), data: { n: 7 }, run: [note(7)] })
  const counts: unknown[] = []
  await run(stepOf(reader('own', ['probe.written'], async (tx, e) => {
    const [row] = await tx(sql<{ n: number }>`select count(*)::int as n from seen`)
    counts.push([e.tenantId === ctx.tenant, row!.n])
  })))
  assert.deepEqual(counts, [[true, 0], [false, 1]])
  await run(stepOf(reader('idle', [], async () => {})))
  const rows = await select(`select count(distinct (pos, seq))::int as places from readers`)
  assert.deepEqual(rows, [{ places: 1 }])
})

test('a batch too long for the door is cut, not tried whole for ever', async (t) => {
  const { kernel, seen } = await stage(t, 6)
  const { Db } = await import('./db.ts')
  const hasty = new Db({ connection: { ...kernel.database.connection('system'), max: 2 }, registry: kernel.registry, seal: async () => Buffer.alloc(0), system: true, deadlineMs: 600 })
  t.after(() => hasty.close())
  const step = createStep(hasty, kernel.open, reader('slow', ['probe.written'], async (tx, e) => {
    await sleep(200)
    await tx(note(e.data.n))
  }))
  for (let i = 0; i < 40 && (await seen()).length < 6; i++) await step().catch(() => {})
  assert.deepEqual(await seen(), upTo(6))
})

test('a wake-up during a step is not lost, and stopping waits for the step under way', async () => {
  let steps = 0
  let release = () => {}
  const stepper = keepStepping(() => new Promise<boolean>((resolve) => {
    steps++
    release = () => resolve(false)
  }), { floorMs: 60_000, gapMs: 0 })
  await sleep(1)
  stepper.wake()
  release()
  await sleep(1)
  assert.equal(steps, 2)
  let stopped = false
  const stopping = stepper.stop().then(() => (stopped = true))
  await sleep(5)
  assert.equal(stopped, false)
  release()
  await stopping
})

test('what a reader sifts out is neither opened nor handled, and it goes on behind it', async (t) => {
  const { kernel, seen, write, select } = await stage(t, 12)
  const opened: unknown[] = []
  const sifted: number[] = []
  const even = reader('even', ['probe.written'], (tx, e) => tx(note(e.data.n)), { sift: async (_, events) => (sifted.push(events.length), events.filter((e) => Number((e.data as { n: number }).n) % 2 === 0)) })
  const step = createStep(kernel.system, (row) => (opened.push((row.data as { n: number }).n), kernel.open(row)), even)
  while (await step());
  assert.deepEqual(await seen(), [0, 2, 4, 6, 8, 10])
  assert.deepEqual(opened, [0, 2, 4, 6, 8, 10])
  assert.ok(sifted.length > 0 && !sifted.includes(1), `one event alone is not sifted: ${sifted.join(' ')}`)
  await write(12)
  while (await step());
  assert.deepEqual([await seen(), (await select(`select handled::int as n from readers where name = 'even'`))[0]], [[0, 2, 4, 6, 8, 10, 12], { n: 13 }])
})

test('a sifting that fails holds nothing up: the events are handled alone', async (t) => {
  const { seen, stepOf } = await stage(t, 5)
  const step = stepOf(reader('clumsy', ['probe.written'], (tx, e) => tx(note(e.data.n)), { sift: () => Promise.reject(new Error('cannot sift')) }))
  let failures = 0
  while ((await seen()).length < 5) await step().catch((error: Error) => (assert.match(error.message, /cannot sift/), failures++))
  assert.deepEqual(await seen(), upTo(5))
  assert.ok(failures > 0, 'it was never sifted')
})
