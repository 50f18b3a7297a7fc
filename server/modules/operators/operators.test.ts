import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { openOutbox } from '../../adapters/mail-outbox.ts'
import { checkStatements } from '../../kernel/describe.ts'
import { newId, platformId } from '../../kernel/ids.ts'
import { addJob } from '../../kernel/jobs.ts'
import { mailEvents, queueMail } from '../../kernel/mail.ts'
import { createStep, reader, type Reader } from '../../kernel/readers.ts'
import { sql, statements } from '../../kernel/sql.ts'
import { testHttp, type TestHttp } from '../../testing/http.ts'
import type { TestKernel } from '../../testing/kernel.ts'
import { createSender } from '../mail/service.ts'
import { fillGauges, readerStatus } from './api.ts'
import { createOperators, operatorEvents } from './module.ts'
import { createSchedules } from './schedules.ts'
import { maskLinks } from './service.ts'

const extra = `create table handled (tenant_id uuid not null, id uuid not null, n int not null); select apply_tenancy('handled');`

/** A reader whose effects are rows, once each; it fails on the numbers in `bad`. */
async function setUp(t: TestContext) {
  const bad = new Set<number>()
  const handled: number[] = []
  const probe: Reader = reader('probe.effects', ['probe.written'], async (tx, event) => {
    const { n } = event.data as { n: number }
    if (bad.has(n)) throw new Error(`no ${n}`)
    handled.push(n)
    await tx(sql`insert into handled (id, n) values (${event.id}, ${n}) on conflict do nothing`)
  }, { tries: 2 })
  const http = await testHttp(t, { groups: [operatorEvents, mailEvents], extra, modules: (kernel) => [createOperators({ kernel, readers: () => [probe], retentionDays: 0 })] })
  const k = http.kernel
  const ops = await http.person('owner', undefined, { operator: true })
  const tenant = newId()
  const write = (...numbers: number[]) => numbers.reduce(async (before, n) => {
    await before
    await k.app.context(k.who({ tenant })).change('probe.written', { subject: newId(), data: { n }, run: [] })
  }, Promise.resolve())
  const step = createStep(k.system, k.open, probe)
  const call = async (verb: string, body?: unknown, headers?: Record<string, string>) => http.as(ops, 'POST', `/readers/probe.effects/${verb}`, body, headers)
  const show = async () => (await http.as(ops, 'GET', '/readers')).body.items.find((r: { name: string }) => r.name === 'probe.effects')
  /** Steps until the reader has passed everything or stands still. */
  const settle = async () => {
    for (let i = 0; i < 200; i++) {
      await step()
      const { lag, paused } = await show()
      if (!lag || paused) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const effects = async () => (await k.system.pool.query<{ n: number }>('select n from handled order by n')).rows.map((r) => r.n)
  await settle() // past what the making of people wrote
  return { http, k, ops, write, step, call, show, settle, bad, handled, effects, tenant }
}
const eventsOf = async (k: TestKernel) => (await k.system.pool.query<{ name: string; tenant_id: string; actor_id: string; data: unknown }>(
  `select name, tenant_id, actor_id, data from events where tenant_id = $1 and name !~ '^user' order by seq`, [platformId])).rows

test('operators see position, lag and state of each reader; nobody else does', async (t) => {
  const s = await setUp(t)
  const fresh = await s.show()
  assert.deepEqual([fresh.takes, fresh.status, fresh.lag, fresh.position, fresh.parked, fresh.heldBackBy], [['probe.written'], 'running', 0, fresh.position, [], null])
  await s.write(1, 2, 3)
  assert.equal((await s.show()).lag, 3)
  await s.settle()
  const after = await s.show()
  assert.deepEqual([after.lag, after.handled, after.lastError], [0, 3, null])
  assert.notEqual(after.position, fresh.position)
  const { readers, jobs } = await readerStatus(s.k.system) as { readers: { name: string; lag: number }[]; jobs: object }
  assert.deepEqual([readers.map((r) => [r.name, r.lag]), jobs], [[['probe.effects', 0]], {}])
  await fillGauges(s.k)
  assert.match(await s.k.metrics.registry.metrics(), /groundwork_reader_lag_events\{reader="probe.effects"\} 0/)
  assert.equal((await s.http.as(await s.http.person('owner'), 'GET', '/readers')).status, 403)
  assert.equal((await s.http.as(undefined, 'GET', '/readers')).status, 401)
  assert.equal((await s.http.as(s.ops, 'POST', '/readers/no.such/pause')).status, 404)
})

test('a paused reader stands still and goes on when resumed; each verb is one event of its operator', async (t) => {
  const s = await setUp(t)
  assert.equal((await s.call('pause')).body.status, 'paused')
  assert.equal((await s.call('pause')).status, 200)
  await s.write(1)
  await s.settle()
  assert.deepEqual(await s.effects(), [])
  assert.equal((await s.call('resume')).body.paused, false)
  await s.settle()
  assert.deepEqual(await s.effects(), [1])
  assert.deepEqual((await eventsOf(s.k)).map((e) => [e.name, e.actor_id, e.data]), [
    ['reader.paused', s.ops.id, { name: 'probe.effects' }], ['reader.resumed', s.ops.id, { name: 'probe.effects' }]])
})

test('a reader goes back by a number of events, to an instant or to a cursor, and its effects are there once', async (t) => {
  const s = await setUp(t)
  await s.write(1, 2, 3)
  await s.settle()
  const { position } = await s.show()
  const between = (await s.k.system.pool.query<{ at: string }>(`select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`)).rows[0]!.at
  await s.write(4, 5)
  await s.settle()
  const again = async (body: object) => {
    s.handled.length = 0
    assert.equal((await s.call('rewind', body)).status, 200)
    await s.settle()
    return s.handled
  }
  assert.deepEqual(await again({ events: 2 }), [4, 5])
  assert.deepEqual(await again({ to: position }), [4, 5])
  assert.deepEqual(await again({ at: between }), [4, 5])
  assert.deepEqual(await again({ events: 100 }), [1, 2, 3, 4, 5])
  assert.deepEqual(await s.effects(), [1, 2, 3, 4, 5])
  assert.equal((await s.call('rewind', { to: '9000000000000.1' })).status, 422)
  assert.equal((await s.call('rewind', { to: 'x' })).body.errors[0].path, '/to')
  for (const wrong of [{}, { events: 1, at: between }, { events: 0 }]) assert.equal((await s.call('rewind', wrong)).status, 422)
})

test('an event that keeps failing is parked, and replayed once the reader can handle it', async (t) => {
  const s = await setUp(t)
  s.bad.add(2)
  await s.write(1, 2, 3)
  await s.settle()
  const parked = await s.show()
  assert.deepEqual([parked.parkedCount, parked.parked[0].error, await s.effects()], [1, 'no 2', [1, 3]])
  const refused = await s.call('replay')
  assert.deepEqual([refused.status, refused.body.replayed, refused.body.failed[0].error], [200, 0, 'no 2'])
  assert.equal((await s.show()).parkedCount, 1)
  s.bad.clear()
  const done = await s.call('replay', { eventId: parked.parked[0].eventId }, { 'idempotency-key': 'replay-it' })
  assert.deepEqual([done.status, done.body.replayed, done.body.failed, done.body.reader.parkedCount], [200, 1, [], 0])
  assert.equal((await s.call('replay', { eventId: parked.parked[0].eventId }, { 'idempotency-key': 'replay-it' })).headers['idempotency-replayed'], 'true')
  assert.deepEqual(await s.effects(), [1, 2, 3])
  assert.equal((await s.call('replay', { eventId: newId() })).status, 404)
  assert.deepEqual((await eventsOf(s.k)).map((e) => e.name), ['reader.replayed'])
})

test('skip parks the event a reader fails on, and is refused for one that is not stuck', async (t) => {
  const s = await setUp(t)
  await s.write(1)
  assert.equal((await s.call('skip')).status, 409)
  s.bad.add(1)
  for (let i = 0; i < 200 && (await s.show()).status !== 'failing'; i++) await s.step() // another database's writer may hold the horizon for a moment
  assert.equal((await s.show()).status, 'failing')
  const skipped = await s.call('skip')
  assert.deepEqual([skipped.status, skipped.body.parkedCount, skipped.body.status], [200, 1, 'running'])
  await s.write(2)
  await s.settle()
  assert.deepEqual(await s.effects(), [2])
})

test('a waiting reader names who holds the log back', async (t) => {
  const s = await setUp(t)
  await s.write(1)
  await s.settle()
  const client = await s.k.app.pool.connect()
  try {
    await client.query('begin')
    await client.query('select pg_current_xact_id()')
    await s.write(2)
    await s.step()
    const held = await s.show()
    assert.equal(held.lag, 1)
    assert.match(held.heldBackBy, /process \d+ of the database server/)
  } finally {
    await client.query('rollback')
    client.release()
  }
  await s.settle()
  assert.equal((await s.show()).heldBackBy, null)
})

test('jobs are listed by status and name, tried again and cancelled', async (t) => {
  const s = await setUp(t)
  const ctx = s.k.app.context(s.k.who({ tenant: s.tenant }))
  await ctx.change('probe.written', { subject: newId(), data: { n: 1 }, run: [addJob(ctx, { name: 'one' }), addJob(ctx, { name: 'two' }), addJob(ctx, { name: 'two' })] })
  const list = async (query = '') => (await s.http.as(s.ops, 'GET', `/jobs${query}`)).body as { items: { id: string; name: string; status: string; tenantId: string; attempt: number }[]; next: string | null }
  assert.equal((await list()).items.length, 3)
  assert.equal((await list('?name=two')).items.length, 2)
  const first = await list('?limit=2')
  assert.deepEqual([first.items.length, (await list(`?limit=2&after=${first.next}`)).items.length], [2, 1])
  const [job] = (await list('?name=one')).items
  assert.equal(job!.tenantId, s.tenant)
  const verb = async (what: string, id = job!.id) => s.http.as(s.ops, 'POST', `/jobs/${id}/${what}`)
  assert.equal((await verb('cancel')).body.status, 'cancelled')
  assert.equal((await verb('cancel')).status, 409)
  assert.deepEqual((await list('?status=cancelled')).items.map((j) => j.name), ['one'])
  assert.equal((await verb('retry')).body.status, 'ready')
  await s.k.system.pool.query(`update jobs set status = 'failed', attempts = 8, error = 'x' where id = $1`, [job!.id])
  const retried = (await verb('retry')).body
  assert.deepEqual([retried.status, retried.attempt, retried.lastError], ['ready', 0, null])
  await s.k.system.pool.query(`update jobs set status = 'done' where id = $1`, [job!.id])
  assert.equal((await verb('retry')).status, 409)
  assert.equal((await verb('retry', newId())).body.code, 'job.not_found')
  assert.equal((await s.http.as(s.ops, 'GET', '/jobs?status=lost')).status, 422)
  assert.deepEqual((await eventsOf(s.k)).map((e) => e.name), ['job.cancelled', 'job.retried', 'job.retried'])
})

test('links in mails are masked until an operator reveals them, which is an event', async (t) => {
  const s = await setUp(t)
  const person = newId()
  await queueMail(s.k.app.context(s.k.who({ tenant: s.tenant })), s.k.keys, { kind: 'reset', to: 'mia@example.test', subject: 'Hello', text: 'Go: https://app.test/reset?token=s3cret#x .', person })
  const list = async () => (await s.http.as(s.ops, 'GET', '/outbox')).body.items
  const [mail] = await list()
  assert.deepEqual([mail.to, mail.subject, mail.text, mail.revealed, mail.status], ['mia@example.test', 'Hello', 'Go: https://app.test/… .', false, 'queued'])
  const shown = await s.http.as(s.ops, 'POST', `/outbox/${mail.id}/reveal`, undefined, { 'idempotency-key': 'once' })
  assert.equal(shown.body.text, 'Go: https://app.test/reset?token=s3cret#x .')
  assert.equal((await s.http.as(s.ops, 'POST', `/outbox/${mail.id}/reveal`, undefined, { 'idempotency-key': 'once' })).body.code, 'idempotency.secret_shown_once')
  const revealed = (await eventsOf(s.k)).filter((e) => e.name === 'mail.revealed')
  assert.deepEqual(revealed.map((e) => [e.actor_id, e.data]), [[s.ops.id, { kind: 'reset', tenantId: s.tenant }]])
  const kept = await s.k.system.pool.query<{ line: string }>('select (t.*)::text as line from idempotency_keys t')
  assert.ok(!JSON.stringify(kept.rows).includes('s3cret'))
  const job = (await s.k.system.pool.query('select * from jobs')).rows[0] as never
  await createSender({ kernel: s.k, port: openOutbox() }).handle(job, AbortSignal.abort())
  assert.equal((await list())[0].status, 'kept')
  await s.k.keys.destroy({ tenant: s.tenant, person })
  const [gone] = await list()
  assert.deepEqual([gone.to, gone.text, gone.sealed], [null, null, true])
  assert.equal((await s.http.as(await s.http.person('owner'), 'GET', '/outbox')).status, 403)
})

test('masking leaves nothing of a link beyond its host', () => {
  assert.equal(maskLinks('a <https://u:p@h.test:8/x?y=1> (http://h2.test#t) b'), 'a <https://h.test:8/…> (http://h2.test/…) b')
})

test('a restored installation holds its jobs until an operator releases them', async (t) => {
  const s = await setUp(t)
  assert.equal((await s.http.as(s.ops, 'POST', '/installation/release')).status, 409)
  const ctx = s.k.app.context(s.k.who({ tenant: s.tenant }))
  await queueMail(ctx, s.k.keys, { kind: 'x', to: 'a@b.test', subject: '', text: '' })
  await s.k.system.pool.query(`update installation set held_since = now()`)
  await s.k.system.pool.query(`update jobs set status = 'held'`)
  const held = (await s.http.as(s.ops, 'GET', '/installation')).body
  assert.ok(held.heldSince)
  assert.equal(held.waiting, 1)
  const released = await s.http.as(s.ops, 'POST', '/installation/release')
  assert.deepEqual([released.status, released.body.heldSince], [200, null])
  assert.deepEqual((await s.http.as(s.ops, 'GET', '/jobs')).body.items.map((j: { status: string }) => j.status), ['ready'])
  assert.deepEqual((await eventsOf(s.k)).map((e) => [e.name, (e.data as { jobs: number }).jobs]), [['installation.released', 1]])
})

async function run(s: { k: TestKernel }, name: string, retentionDays = 0): Promise<void> {
  await createSchedules(s.k, retentionDays).find((j) => j.name === name)!.handle({ id: newId() } as never, new AbortController().signal)
}

test('partitions are made ahead', async (t) => {
  const s = await setUp(t)
  await run(s, 'log.add-months')
  const { rows } = await s.k.system.pool.query<{ there: boolean }>(`select to_regclass('events_' || to_char(now() + interval '3 months', 'YYYY_MM')) is not null as there`)
  assert.equal(rows[0]!.there, true)
})

test('events older than the retention go, the tenant\'s own where it is shorter', async (t) => {
  const s = await setUp(t)
  const [a, b] = [await s.http.person('owner'), await s.http.person('owner')]
  for (const { tenant } of [a, b])
    for (const days of [1, 20, 60])
      await s.k.system.context(s.k.who({ tenant })).change('probe.written', { subject: newId(), data: { n: days }, at: new Date(Date.now() - days * 86_400_000).toISOString(), run: [] })
  await setRetention(s.http, a.tenant, 10)
  await run(s, 'log.trim', 30)
  const left = async (tenant: string) => (await s.k.system.pool.query<{ n: number }>(`select (data ->> 'n')::int as n from events where tenant_id = $1 and name = 'probe.written' order by 1`, [tenant])).rows.map((r) => r.n)
  assert.deepEqual([await left(a.tenant), await left(b.tenant)], [[1], [1, 20]])
  const trimmed = (await eventsOf(s.k)).filter((e) => e.name === 'log.trimmed').map((e) => e.data as { events: number; days: number })
  assert.deepEqual(trimmed.map((d) => [d.events, d.days]).sort(), [[1, 30], [2, 10]])
  await run(s, 'log.trim', 30)
  assert.equal((await eventsOf(s.k)).filter((e) => e.name === 'log.trimmed').length, 2)
})
const setRetention = (http: TestHttp, tenant: string, days: number) => http.kernel.system.pool.query('insert into tenant_settings (tenant_id, event_retention_days) values ($1, $2)', [tenant, days])

test('what nobody needs any more is swept', async (t) => {
  const s = await setUp(t)
  await s.http.as(s.ops, 'POST', '/readers/probe.effects/pause', undefined, { 'idempotency-key': 'old' })
  await s.k.system.pool.query(`insert into parked_events (reader, event_id, tenant_id, event_at, name, error) values ('probe.effects', $1, $2, now(), 'probe.written', 'x')`, [newId(), s.tenant])
  await s.k.system.pool.query(`update idempotency_keys set created_at = now() - interval '2 days'`)
  await run(s, 'records.sweep')
  assert.deepEqual((await eventsOf(s.k)).filter((e) => e.name === 'records.swept').map((e) => e.data), [{ keys: 1, jobs: 0, parked: 1, mails: 0 }])
  await run(s, 'records.sweep')
  assert.equal((await eventsOf(s.k)).filter((e) => e.name === 'records.swept').length, 1)
})

test('the statements of operators say what the database answers', async (t) => {
  const s = await setUp(t)
  const { default: pg } = await import('pg')
  const client = new pg.Client(s.k.database.connection('owner'))
  await client.connect()
  try {
    assert.deepEqual(await checkStatements(client, statements.filter((one) => /^(operators|mail)\./.test(one.label))), [])
  } finally {
    await client.end()
  }
})
