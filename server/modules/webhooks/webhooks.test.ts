import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { newId, platformId } from '../../kernel/ids.ts'
import { testApp, type Signed, type TestApp } from '../../testing/app.ts'
import { pauses } from './deliver.ts'
import { newSecret, signedHeaders } from './signature.ts'

type Got = { id: string; headers: IncomingHttpHeaders; text: string; body: { type: string; timestamp: string; data: { id: string; name: string; data: Record<string, unknown>; subject: { id: string } } } }

/** Somebody else's server; `answers` are given in turn, the last one from then on. */
async function receiver(t: TestContext, ...answers: number[]) {
  const got: Got[] = []
  const server = createServer(async (req, res) => {
    const parts: Buffer[] = []
    for await (const part of req) parts.push(part as Buffer)
    const text = Buffer.concat(parts).toString('utf8')
    got.push({ id: String(req.headers['webhook-id']), headers: req.headers, text, body: JSON.parse(text) })
    res.writeHead(answers.length > 1 ? answers.shift()! : (answers[0] ?? 204)).end(answers[0] === 500 ? 'the receiver is unwell' : undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=marker-of-the-address`, got, next: (...more: number[]) => answers.splice(0, answers.length, ...more) }
}

async function setUp(t: TestContext, ...answers: number[]) {
  const app = await testApp(t, { settings: { EGRESS_ALLOW: '127.0.0.1' } })
  const ada = await app.register('Ada')
  const there = await receiver(t, ...answers)
  const hook = (more: object = {}, by: Signed = ada) => app.ok(by, 'POST', '/webhooks', { url: there.url, events: ['project.*', 'task.*'], ...more })
  const project = (name: string, by: Signed = ada) => app.ok(by, 'POST', '/projects', { name })
  return { app, ada, there, hook, project }
}
/** What waits for its next try is due now. */
const hurry = async (app: TestApp) => {
  await app.query(`update jobs set run_at = now() where name = 'webhooks.deliver' and status = 'ready'`)
  await app.settled()
}

test('every event a webhook listens to reaches it once, signed so that the standard\'s own library believes it (X12)', async (t) => {
  const { app, ada, there, hook, project } = await setUp(t)
  const { id, secret } = await hook()
  const made = await project('Tulips')
  const task = await app.ok(ada, 'POST', '/tasks', { projectId: made.id, title: 'Water them' })
  await app.ok(ada, 'POST', '/invitations', { role: 'member' }) // an event it does not listen to
  await app.settled()
  assert.deepEqual(there.got.map(({ body }) => body.type).sort(), ['project.created', 'task.created'])
  for (const { text, headers } of there.got) new StandardWebhook(secret).verify(text, headers as Record<string, string>)
  const told = there.got.find(({ body }) => body.type === 'task.created')!
  assert.deepEqual([told.body.data.subject.id, told.body.data.data.title, told.body.data.id, told.headers['content-type']], [task.id, 'Water them', told.id, 'application/json'])
  const { items } = await app.ok(ada, 'GET', `/webhooks/${id}/deliveries`)
  assert.deepEqual(items.map((d: { state: string; attempt: number; statusCode: number }) => [d.state, d.attempt, d.statusCode]), [['delivered', 1, 204], ['delivered', 1, 204]])
  assert.equal((await app.ok(ada, 'GET', `/webhooks/${id}/deliveries/${items[0].id}`)).body, there.got.find((g) => g.id === items[0].eventId)!.text)
})

test('what is one person\'s own, another tenant\'s, or about webhooks is not sent', async (t) => {
  const { app, ada, there, hook, project } = await setUp(t)
  await hook({ events: ['*'] })
  const ben = await app.register('Ben')
  await project('Another garden', ben)
  const cleo = await app.member(ada, 'member')
  const made = await project('Tulips')
  await app.ok(ada, 'POST', '/tasks', { projectId: made.id, title: 'Water them', assigneeId: cleo.user.id }) // tells Cleo alone: notification.created
  await app.settled()
  const names = there.got.map(({ body }) => body.type)
  assert.ok(names.includes('task.assigned') && names.includes('member.added'), names.join(' '))
  assert.deepEqual(names.filter((name) => /^(notification|webhook|egress|session)\./.test(name)), [])
  assert.deepEqual(there.got.filter(({ text }) => text.includes('Another garden')), [])
})

test('a failure is tried again by the same id and bytes with a new signature, nine times over three days; then it is off and the admins know', async (t) => {
  const { app, ada, there, hook, project } = await setUp(t, 500)
  const { id, secret } = await hook()
  await project('Tulips')
  await app.settled()
  for (let i = 0; i < pauses.length; i++) {
    const { rows } = await app.kernel.system.pool.query(`select run_at > now() as later from jobs where name = 'webhooks.deliver' and status = 'ready'`)
    assert.deepEqual(rows, [{ later: true }], `after try ${i + 1} there is one job, and it waits`)
    await hurry(app)
  }
  assert.equal(there.got.length, pauses.length + 1)
  assert.equal(new Set(there.got.map((g) => g.id + g.text)).size, 1)
  for (const { text, headers } of there.got) new StandardWebhook(secret).verify(text, headers as Record<string, string>)
  const off = await app.ok(ada, 'GET', `/webhooks/${id}`)
  assert.deepEqual([off.status, off.waiting, typeof off.failingSince], ['disabled', 0, 'string'])
  const { items: [failed] } = await app.ok(ada, 'GET', `/webhooks/${id}/deliveries?state=failed`)
  assert.deepEqual([failed.attempt, failed.statusCode, failed.error], [10, 500, 'it answered 500'])
  const full = await app.ok(ada, 'GET', `/webhooks/${id}/deliveries/${failed.id}`)
  assert.equal(full.answer, 'the receiver is unwell')
  assert.deepEqual(full.tries.map((one: { round: number; attempt: number }) => [one.round, one.attempt]), Array.from({ length: 10 }, (_, n) => [0, 10 - n]), 'each try is kept, newest first')
  for (const { at, statusCode, durationMs, answer, error } of full.tries) assert.deepEqual([Date.parse(at) > 0, statusCode, durationMs >= 0, answer, error], [true, 500, true, 'the receiver is unwell', 'it answered 500'])
  const { items: [notice] } = await app.ok(ada, 'GET', '/notifications')
  assert.match(notice.title, /^A webhook was switched off: /)
  assert.equal(notice.link, `/webhooks/${id}`)
  assert.equal((await app.as(ada, 'POST', `/webhooks/${id}/ping`)).status, 409)
  await project('Roses') // while it is off
  await app.settled()
  assert.equal(there.got.length, pauses.length + 1)
})

test('410 switches off at once; made active again it gets what is new, and by rewinding what it missed', async (t) => {
  const { app, ada, there, hook, project } = await setUp(t, 410, 204)
  const { id } = await hook()
  await project('Tulips')
  await app.settled()
  assert.deepEqual([(await app.ok(ada, 'GET', `/webhooks/${id}`)).disabledReason, there.got.length], ['it answered 410 Gone', 1])
  const missed = await project('Roses')
  await app.settled()
  assert.equal((await app.ok(ada, 'PATCH', `/webhooks/${id}`, { status: 'active' })).status, 'active')
  await project('Lilies')
  await app.settled()
  assert.equal(there.got.length, 2)
  assert.deepEqual(await app.ok(ada, 'POST', `/webhooks/${id}/rewind`, { from: missed.createdAt }), { deliveries: null })
  await app.settled()
  assert.deepEqual(there.got.slice(2).map(({ body }) => body.data.data.name).sort(), ['Lilies', 'Roses'])
  assert.equal(there.got.filter(({ id: event }) => event === there.got[1]!.id).length, 2) // the same id again, for the receiver to know
})

test('rewound by 100 it sends the same 100 ids and bytes (X12)', async (t) => {
  const { app, ada, there, hook, project } = await setUp(t)
  const { id } = await hook()
  const made = await project('Tulips')
  const tasks = Array.from({ length: 5 }, (_, n) => app.ok(ada, 'POST', '/tasks', { projectId: made.id, title: `Task ${n}` }))
  const ids = (await Promise.all(tasks)).map((task) => task.id)
  for (let n = 0; n < 20; n++) await app.ok(ada, 'POST', '/tasks/bulk', { ids, change: { priority: n % 2 ? 'high' : 'low' } })
  await app.settled()
  assert.equal(there.got.length, 1 + 5 + 20 * 5)
  const before = new Map(there.got.map((g) => [g.id, g.text]))
  there.got.length = 0
  assert.deepEqual(await app.ok(ada, 'POST', `/webhooks/${id}/rewind`, { last: 100 }), { deliveries: 100 })
  await app.settled()
  assert.equal(new Set(there.got.map((g) => g.id)).size, 100)
  assert.deepEqual(there.got.filter((g) => before.get(g.id) !== g.text), [])
  const { items } = await app.ok(ada, 'GET', `/webhooks/${id}/deliveries?limit=3`)
  there.got.length = 0
  assert.deepEqual(await app.ok(ada, 'POST', `/webhooks/${id}/replay`, { deliveryIds: items.map((d: { id: string }) => d.id) }), { deliveries: 3 })
  await app.settled()
  assert.deepEqual(there.got.map((g) => g.id).sort(), items.map((d: { eventId: string }) => d.eventId).sort())
})

test('paused it keeps what happens, and sends it when it goes on', async (t) => {
  const { app, ada, there, hook, project } = await setUp(t)
  const { id } = await hook()
  await app.ok(ada, 'PATCH', `/webhooks/${id}`, { status: 'paused' })
  await project('Tulips')
  await app.settled()
  assert.deepEqual([there.got.length, (await app.ok(ada, 'GET', `/webhooks/${id}`)).waiting], [0, 1])
  await app.ok(ada, 'PATCH', `/webhooks/${id}`, { status: 'active' })
  await app.settled()
  assert.deepEqual([there.got.length, (await app.ok(ada, 'GET', `/webhooks/${id}`)).waiting], [1, 0])
})

test('while a secret changes, the old and the new one sign', async (t) => {
  const { app, ada, there, hook } = await setUp(t)
  const { id, secret } = await hook()
  const { secret: next } = await app.ok(ada, 'POST', `/webhooks/${id}/rotate`)
  await app.ok(ada, 'POST', `/webhooks/${id}/ping`)
  await app.settled()
  const [{ text, headers, body }] = there.got as [Got]
  for (const one of [secret, next]) new StandardWebhook(one).verify(text, headers as Record<string, string>)
  assert.throws(() => new StandardWebhook(newSecret()).verify(text, headers as Record<string, string>))
  assert.equal(body.type, 'webhook.pinged')
  const overlap = async () => (await app.ok(ada, 'GET', `/webhooks/${id}`)).previousSecretEndsAt
  assert.ok(await overlap())
  await app.query(`update webhooks set old_secret_until = now() - interval '1 second'`)
  assert.equal(await overlap(), null)
  await app.ok(ada, 'POST', `/webhooks/${id}/ping`)
  await app.settled()
  assert.equal(String(there.got[1]!.headers['webhook-signature']).split(' ').length, 1)
})

test('each try of a delivery is kept with its answer or what went wrong, over replays too, and goes with its time (X12)', async (t) => {
  const { app, ada, there, hook, project } = await setUp(t, 500, 204)
  const { id } = await hook()
  await project('Tulips')
  await app.settled()
  await hurry(app)
  const { items: [{ id: delivery }] } = await app.ok(ada, 'GET', `/webhooks/${id}/deliveries`)
  const deaf = createServer()
  await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
  const { port } = deaf.address() as AddressInfo
  await new Promise((resolve) => deaf.close(resolve))
  await app.ok(ada, 'PATCH', `/webhooks/${id}`, { url: `http://127.0.0.1:${port}/hook?key=marker-of-the-address` }) // nobody listens
  await app.ok(ada, 'POST', `/webhooks/${id}/replay`, { deliveryIds: [delivery] })
  await app.settled()
  const told = async () => (await app.ok(ada, 'GET', `/webhooks/${id}/deliveries/${delivery}`)).tries as { round: number; attempt: number; statusCode: number | null; error: string | null; answer: string | null }[]
  const tries = await told()
  assert.deepEqual(tries.map((one) => [one.round, one.attempt, one.statusCode, one.answer]), [[1, 1, null, null], [0, 2, 204, null], [0, 1, 500, null]])
  assert.match(tries[0]!.error!, /refuses connections/)
  assert.deepEqual(tries.slice(1).map(({ error }) => error), [null, 'it answered 500'])
  assert.equal(there.got.length, 2)
  for (const table of ['webhook_tries', 'webhook_deliveries']) for (const { line } of await app.query<{ line: string }>(`select (t.*)::text as line from ${table} t`)) assert.ok(!line.includes('marker-of-the-address'), `${table}: ${line}`)
  await app.query(`update webhook_tries set at = at - interval '31 days' where round = 0`)
  await app.query(`insert into jobs (tenant_id, id, name, data, run_at, max_attempts) values ($1, $2, 'webhooks.sweep', '{}', now(), 1)`, [platformId, newId()])
  app.kernel.bell.ring()
  await app.settled()
  assert.deepEqual((await told()).map(({ round }) => round), [1])
  await app.ok(ada, 'DELETE', `/webhooks/${id}`)
  assert.deepEqual(await app.query('select from webhook_tries'), [])
})

test('secrets, addresses\' queries and people\'s words stand in clear in no table and no event', async (t) => {
  const { app, ada, hook, project } = await setUp(t)
  const { secret } = await hook()
  const made = await project('Marker of a name')
  await app.ok(ada, 'POST', '/tasks', { projectId: made.id, title: 'Marker of a title' })
  await app.settled()
  for (const table of ['webhooks', 'webhook_deliveries', 'webhook_tries', 'events', 'jobs']) {
    const rows = await app.query<{ line: string }>(`select (t.*)::text as line from ${table} t`)
    assert.ok(rows.length > 0)
    const words = [secret.slice(6), 'Marker of a title', ...(table === 'webhooks' ? [] : ['marker-of-the-address'])]
    for (const { line } of rows) for (const word of words) assert.ok(!line.includes(word) && !line.includes(Buffer.from(word).toString('hex')), `${word} in ${table}`)
  }
})

test('wrong addresses and names are refused by field; members may not look', async (t) => {
  const { app, ada } = await setUp(t)
  const refused = async (body: object) => (await app.as(ada, 'POST', '/webhooks', body)).body.errors?.[0]?.path
  assert.deepEqual(
    [await refused({ url: 'ftp://example.com', events: ['*'] }), await refused({ url: 'https://a:b@example.com', events: ['*'] }), await refused({ url: 'https://example.com', events: ['task.created', 'task.nothing'] }),
      await refused({ url: 'https://example.com', events: ['notification.*'] }), await refused({ url: 'https://example.com', events: [] })],
    ['/url', '/url', '/events/1', '/events/0', '/events'],
  )
  const member = await app.member(ada, 'member')
  assert.equal((await app.as(member, 'GET', '/webhooks')).status, 403)
  const { id } = await app.ok(ada, 'POST', '/webhooks', { url: 'https://example.com', events: ['*'] })
  assert.equal((await app.as(await app.register('Ben'), 'GET', `/webhooks/${id}`)).status, 404)
  assert.deepEqual((await app.as(ada, 'POST', `/webhooks/${id}/rewind`, {})).body.errors?.[0]?.path, '/last')
  assert.equal((await app.as(ada, 'DELETE', `/webhooks/${id}`)).status, 204)
  assert.equal((await app.as(ada, 'GET', `/webhooks/${id}/deliveries`)).status, 404)
})

test('an address inside is refused when it is sent to, and says so', async (t) => {
  const app = await testApp(t) // nothing allowed
  const ada = await app.register('Ada')
  const there = await receiver(t)
  const { id } = await app.ok(ada, 'POST', '/webhooks', { url: there.url, events: ['*'] })
  await app.ok(ada, 'POST', `/webhooks/${id}/ping`)
  await app.settled()
  const { items } = await app.ok(ada, 'GET', `/webhooks/${id}/deliveries`)
  assert.deepEqual([there.got.length, items[0].state, items[0].attempt], [0, 'pending', 1])
  assert.match(items[0].error, /127\.0\.0\.1/)
})

test('the signature is the standard\'s', () => {
  const secret = newSecret()
  const body = JSON.stringify({ hello: 'Grüße' })
  const headers = signedHeaders([secret], { id: 'msg_1', body, now: Date.now() })
  assert.deepEqual(new StandardWebhook(secret).verify(body, headers), { hello: 'Grüße' })
})
