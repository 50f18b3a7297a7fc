import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testKernel } from '../testing/kernel.ts'
import { newId } from './ids.ts'
import { addJob, startWorker, type JobHandler } from './jobs.ts'

async function stage(t: TestContext) {
  const kernel = await testKernel(t)
  const who = kernel.who()
  const add = (job: Parameters<typeof addJob>[1]) => kernel.app.context(who).change('probe.written', { subject: newId(), data: { n: 0 }, run: [addJob(who, job)] })
  const work = (handlers: JobHandler[], more: { leaseMs?: number } = {}) => {
    const worker = startWorker({ db: kernel.system, handlers, pollMs: 10, ...more })
    t.after(worker.stop)
    return worker
  }
  const list = async () => (await kernel.system.pool.query(`select name, status, attempts, error, data from jobs order by id`)).rows as Record<string, any>[]
  const until = async (holds: (jobs: Record<string, any>[]) => boolean) => {
    while (!holds(await list())) await sleep(5)
  }
  return { kernel, who, add, work, list, until }
}

test('a job is written with its change, done once, and one key makes one job', async (t) => {
  const { kernel, who, add, work, list, until } = await stage(t)
  const done: unknown[] = []
  await add({ name: 'greet', data: { to: 'a' }, key: 'same' })
  await add({ name: 'greet', data: { to: 'b' }, key: 'same' })
  await assert.rejects(kernel.app.context(who).change('probe.written', async (tx) => {
    tx.later(addJob(tx, { name: 'greet', data: { to: 'nobody' } }))
    throw new Error('taken back')
  }))
  work([{ name: 'greet', handle: async (job) => void done.push(job.data) }])
  work([{ name: 'greet', handle: async (job) => void done.push(job.data) }])
  await until((jobs) => jobs.every((j) => j.status === 'done'))
  assert.deepEqual([done, (await list()).length], [[{ to: 'a' }], 1])
})

test('a job that fails is tried again after a pause, and fails for good after its attempts', async (t) => {
  const { add, work, list, until } = await stage(t)
  await add({ name: 'fail', maxAttempts: 2 })
  const at: number[] = []
  work([{ name: 'fail', handle: async () => {
    at.push(Date.now())
    throw new Error('no luck')
  } }])
  await until(([job]) => job!.status === 'failed')
  assert.deepEqual((await list()).map(({ attempts, error }) => [attempts, error]), [[2, 'no luck']])
  assert.ok(at.length === 2 && at[1]! - at[0]! >= 700, 'it paused')
})

test('many workers share the jobs, each done once; a job not yet due waits; one of another name is left alone', async (t) => {
  const { add, work, list, until } = await stage(t)
  for (let n = 0; n < 40; n++) await add({ name: 'count', data: { n } })
  await add({ name: 'count', data: { n: 99 }, runAt: new Date(Date.now() + 3_600_000).toISOString() })
  await add({ name: 'unknown' })
  const done: number[] = []
  for (let i = 0; i < 3; i++) work([{ name: 'count', handle: async (job) => {
    await sleep(Math.random() * 5)
    done.push((job.data as { n: number }).n)
  } }])
  await until((jobs) => jobs.filter((j) => j.status === 'done').length === 40)
  assert.deepEqual(done.toSorted((a, b) => a - b), Array.from({ length: 40 }, (_, n) => n))
  assert.deepEqual((await list()).filter((j) => j.status !== 'done').map((j) => [j.name, j.status]), [['count', 'ready'], ['unknown', 'ready']])
})

test('a job whose worker died is taken over when its lease ends, and the dead one\'s answer does not count', async (t) => {
  const { kernel, add, work, list, until } = await stage(t)
  await add({ name: 'long' })
  await kernel.system.pool.query(`update jobs set status = 'running', attempts = 1, lease = $1, lease_until = now() - interval '1 second'`, [newId()]) // as a killed worker leaves it
  let runs = 0
  work([{ name: 'long', handle: async () => void runs++ }])
  await until(([job]) => job!.status === 'done')
  assert.deepEqual([runs, (await list())[0]!.attempts], [1, 2])
})

test('a living worker keeps its lease however long the job takes', async (t) => {
  const { add, work, until } = await stage(t)
  await add({ name: 'long' })
  let runs = 0
  const handler: JobHandler = { name: 'long', handle: async () => {
    runs++
    await sleep(2500)
  } }
  work([handler], { leaseMs: 1000 })
  work([handler], { leaseMs: 1000 })
  await until(([job]) => job!.status === 'done')
  assert.equal(runs, 1)
})

test('a schedule runs once a slot over all workers', async (t) => {
  const { work, list, until } = await stage(t)
  const slots: number[] = []
  const handler: JobHandler = { name: 'tidy', everyMs: 3_600_000, handle: async () => void slots.push(1) }
  for (let i = 0; i < 3; i++) work([handler])
  await until((jobs) => jobs.some((j) => j.status === 'done'))
  await sleep(50)
  assert.deepEqual([slots.length, (await list()).map((j) => j.status).sort()], [1, ['done', 'ready']])
})

test('stopping lets what is under way finish and takes nothing more', async (t) => {
  const { add, work, list, until } = await stage(t)
  await add({ name: 'long' })
  const worker = work([{ name: 'long', handle: () => sleep(200) }])
  await until(([job]) => job!.status === 'running')
  await worker.stop()
  await add({ name: 'long' })
  await sleep(50)
  assert.deepEqual((await list()).map((j) => j.status), ['done', 'ready'])
})
