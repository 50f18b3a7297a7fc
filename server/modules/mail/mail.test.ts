import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openOutbox } from '../../adapters/mail-outbox.ts'
import { startWorker } from '../../kernel/jobs.ts'
import { platformId } from '../../kernel/ids.ts'
import { mailEvents, queueMail } from '../../kernel/mail.ts'
import type { Letter, Mail } from '../../kernel/ports.ts'
import { testKernel, type TestKernel } from '../../testing/kernel.ts'
import { newId } from '../../kernel/ids.ts'
import { createSender } from './service.ts'

const letter = { kind: 'invitation', to: 'mia@example.test', subject: 'Come in', text: 'Here: https://app.test/i#abc' }
const mailRows = (k: TestKernel) => k.system.pool.query<{ status: string; error: string | null; sent_at: string | null; sealed: Buffer; job_id: string | null }>('select status, error, sent_at, sealed, job_id from mails')
const jobsOf = async (k: TestKernel) => (await k.system.pool.query<{ id: string; status: string; attempts: number; error: string | null }>(`select id, status, attempts, error from jobs where name = 'mail.send'`)).rows
const eventNames = async (k: TestKernel) => (await k.system.pool.query<{ name: string }>(`select name from events where name like 'mail.%' order by seq`)).rows.map((r) => r.name)

/** A worker that runs until `done` holds. */
async function work(k: TestKernel, port: Mail, done: () => Promise<boolean>) {
  const worker = startWorker({ db: k.system, handlers: [createSender({ kernel: k, port })], pollMs: 20 })
  try {
    while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 10))
  } finally {
    await worker.stop()
  }
}

test('a mail commits with the change that wants it, or not at all', async (t) => {
  const k = await testKernel(t, { groups: [mailEvents] })
  const ctx = k.app.context(k.who())
  await assert.rejects(ctx.change('probe.written', async (tx) => {
    await queueMail(tx, k.keys, letter)
    throw new Error('no')
  }), /no/)
  assert.deepEqual([(await mailRows(k)).rows.length, (await jobsOf(k)).length], [0, 0])
  await ctx.change('probe.written', async (tx) => {
    await queueMail(tx, k.keys, letter)
    return { subject: newId(), data: { n: 1 }, result: null }
  })
  assert.deepEqual([(await mailRows(k)).rows.length, (await jobsOf(k)).length], [1, 1])
  assert.deepEqual(await eventNames(k), ['mail.queued'])
})

test('address, subject and text stand in clear in no table', async (t) => {
  const k = await testKernel(t, { groups: [mailEvents] })
  await queueMail(k.app.context(k.who()), k.keys, letter)
  for (const table of ['mails', 'jobs', 'events']) {
    const { rows } = await k.system.pool.query<{ line: string }>(`select (t.*)::text as line from ${table} t`)
    assert.ok(rows.length > 0)
    for (const { line } of rows) for (const word of ['mia@', 'Come in', '#abc']) assert.ok(!line.includes(word) && !line.includes(Buffer.from(word).toString('hex')), `${word} in ${table}`)
  }
})

test('the outbox keeps it, and the letter it was given is the one queued', async (t) => {
  const k = await testKernel(t, { groups: [mailEvents] })
  const given: Letter[] = []
  const outbox = openOutbox()
  await queueMail(k.app.context(k.who()), k.keys, letter)
  await work(k, { ...outbox, send: async (l) => void given.push(l) }, async () => (await jobsOf(k))[0]!.status === 'done')
  const [[row], [job]] = [(await mailRows(k)).rows, await jobsOf(k)]
  assert.deepEqual([row!.status, row!.error, row!.job_id], ['kept', null, job!.id])
  assert.deepEqual(given, [{ to: letter.to, subject: letter.subject, text: letter.text, key: job!.id }])
  assert.deepEqual(await eventNames(k), ['mail.queued', 'mail.kept'])
})

test('a refused letter is tried again under the same key, and its address stays out of errors', async (t) => {
  const k = await testKernel(t, { groups: [mailEvents] })
  const keys: string[] = []
  const errors: string[] = []
  await queueMail(k.app.context(k.who()), k.keys, letter)
  const port: Mail = {
    kind: 'smtp', close: async () => {},
    send: async ({ key }) => {
      keys.push(key)
      if (keys.length < 2) throw new Error('450 <mia@example.test>: try later')
    },
  }
  await work(k, port, async () => {
    errors.push(...(await jobsOf(k)).map((j) => j.error ?? ''))
    await k.system.pool.query(`update jobs set run_at = now() where status = 'ready' and attempts > 0`) // without the pause
    return (await jobsOf(k))[0]!.status === 'done'
  })
  assert.equal(keys.length, 2)
  assert.equal(keys[0], keys[1])
  assert.ok(errors.some((e) => e.includes('450 <***>: try later')) && !errors.some((e) => e.includes('mia@')))
  assert.equal((await mailRows(k)).rows[0]!.status, 'sent')
  assert.deepEqual(await eventNames(k), ['mail.queued', 'mail.sent'])
})

test('after the last try the mail says why it failed', async (t) => {
  const k = await testKernel(t, { groups: [mailEvents] })
  await queueMail(k.app.context(k.who()), k.keys, letter)
  await k.system.pool.query('update jobs set max_attempts = 1')
  await work(k, { kind: 'smtp', close: async () => {}, send: async () => { throw new Error('550 no') } }, async () => (await jobsOf(k))[0]!.status === 'failed')
  const [row] = (await mailRows(k)).rows
  assert.deepEqual([row!.status, row!.error, row!.sent_at], ['failed', '550 no', null])
  assert.deepEqual(await eventNames(k), ['mail.queued', 'mail.failed'])
})

test('a letter refused for good is not tried again', async (t) => {
  const k = await testKernel(t, { groups: [mailEvents] })
  await queueMail(k.app.context(k.who()), k.keys, letter)
  let tries = 0
  const send = async () => {
    tries++
    throw Object.assign(new Error('550 <mia@example.test> is nobody'), { permanent: true })
  }
  await work(k, { kind: 'smtp', close: async () => {}, send }, async () => (await jobsOf(k))[0]!.status === 'done')
  const [row] = (await mailRows(k)).rows
  assert.deepEqual([tries, row!.status, row!.error], [1, 'failed', '550 <***> is nobody'])
})

test('a mail to somebody whose key was destroyed is not sent', async (t) => {
  const k = await testKernel(t, { groups: [mailEvents] })
  const person = newId()
  const who = k.who({ tenant: platformId, actor: { type: 'system', id: null } })
  await queueMail(k.system.context(who), k.keys, { ...letter, person })
  await k.keys.destroy({ tenant: platformId, person })
  await work(k, { kind: 'smtp', close: async () => {}, send: async () => assert.fail('sent') }, async () => (await jobsOf(k))[0]!.status === 'done')
  const [row] = (await mailRows(k)).rows
  assert.deepEqual([row!.status, row!.error], ['failed', 'its key was destroyed'])
})
