// Connections through HTTP: what is made, changed, rotated and tested, and that no secret comes out anywhere (S0.7, S4.2).
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { openSmtpMail } from '../../adapters/mail-smtp.ts'
import { testApp, type Signed } from '../../testing/app.ts'
import { catchMail } from '../../testing/mail-catcher.ts'
import { openOtherSide, type Heard, type Said } from '../../testing/other-side.ts'
import { createDesk, type HttpConnection, type MailConnection } from './api.ts'

const marker = 'MARKER-hush-4711+/=&'
async function stage(t: TestContext, answer?: (heard: Heard) => Said) {
  const side = await openOtherSide(t, answer)
  const app = await testApp(t, { settings: { EGRESS_ALLOW: '127.0.0.9' } })
  const ada = await app.register('Ada')
  const make = (type: string, settings: object, secrets: object = {}) => app.ok(ada, 'POST', '/connections', { name: `a ${type}`, type, settings, secrets })
  const desk = createDesk({ kernel: app.kernel, openMail: async (to) => openSmtpMail(to) })
  const ctx = (who: Signed = ada) => app.kernel.app.context({ tenant: who.tenant!.id, actor: { type: 'user', id: who.user.id }, request: 'test', role: who.tenant!.role })
  const open = async (id: string) => (await desk.open(ctx(), id)) as HttpConnection
  return { app, ada, side, make, desk, ctx, open }
}
const names = async (app: Awaited<ReturnType<typeof testApp>>) => (await app.query<{ name: string }>(`select name from events where name like 'connection.%' order by seq`)).map((row) => row.name)

test('each way to sign in puts its secret where it belongs, and nowhere else', async (t) => {
  const { side, make, open } = await stage(t)
  const baseUrl = `${side.url}/v1`
  const ask = async (type: string, settings: object, secrets: object) => {
    const opened = await open((await make(type, settings, secrets)).id)
    await opened.request({ method: 'POST', url: '/things', query: { a: '1' }, body: { x: 1 } })
    return side.heard.at(-1)!
  }
  const none = await ask('api', { baseUrl, headers: { 'X-Version': '2' } }, {})
  assert.deepEqual([none.path, none.query, none.headers['x-version'], none.headers.authorization, none.body, none.headers['content-type']], ['/v1/things', { a: '1' }, '2', undefined, '{"x":1}', 'application/json'])
  assert.equal((await ask('api_key', { baseUrl, parameter: 'X-Shop-Key', prefix: 'Key ' }, { key: 's3cret' })).headers['x-shop-key'], 'Key s3cret')
  assert.deepEqual((await ask('api_key', { baseUrl, in: 'query', parameter: 'key' }, { key: 's3 cret' })).query, { a: '1', key: 's3 cret' })
  assert.equal((await ask('basic', { baseUrl, username: 'ada' }, { password: 'pä:ss' })).headers.authorization, `Basic ${Buffer.from('ada:pä:ss').toString('base64')}`)
  assert.equal((await ask('bearer', { baseUrl }, { token: 'tok-1' })).headers.authorization, 'Bearer tok-1')
})

test('a webhook is signed as Standard Webhooks says', async (t) => {
  const { side, make, open } = await stage(t)
  const secret = `whsec_${Buffer.from('a'.repeat(32)).toString('base64')}`
  const opened = await open((await make('webhook', { url: `${side.url}/in?x=1` }, { signingSecret: secret })).id)
  assert.deepEqual(await opened.test(), { ok: true, message: 'it answers 200' })
  const { headers, body, path, query } = side.heard[0]!
  const expected = createHmac('sha256', 'a'.repeat(32)).update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`).digest('base64')
  assert.deepEqual([path, query, headers['webhook-signature'], JSON.parse(body).type], ['/in', { x: '1' }, `v1,${expected}`, 'ping'])
})

test('a secret goes to its own base address only, whatever is asked for', async (t) => {
  const { side, make, open } = await stage(t)
  const opened = await open((await make('bearer', { baseUrl: `${side.url}/v1` }, { token: 'tok-1' })).id)
  for (const url of ['http://evil.test/', `http://127.0.0.9:1/v1/x`, `${side.url}/v2/x`, `${side.url}/v1evil`, '/../v2', '..%2f..', `https://127.0.0.9:${side.port}/v1`, `http://user@127.0.0.9:${side.port}/v1/`, 'file:///etc/passwd', '/x/../../v2', '//evil.test/x', '\\\\evil.test/x', '@evil.test/'])
    await opened.request({ url }).then(() => assert.ok(side.heard.at(-1)!.path.startsWith('/v1/') && side.heard.at(-1)!.headers.host === `127.0.0.9:${side.port}`, url), (error: Error) => assert.match(error.message, /this connection is for|Invalid URL|only http/, url))
  await opened.request({ url: `${side.url}/v1/ok`, headers: { Authorization: 'Bearer mine', Host: 'evil.test' } })
  assert.deepEqual([side.heard.at(-1)!.headers.authorization, side.heard.at(-1)!.headers.host], ['Bearer tok-1', `127.0.0.9:${side.port}`])
})

test('a marker in every secret is in no answer, event, row or error in clear, also where the other side echoes it', async (t) => {
  const lines: string[] = []
  const { app, ada, side, make, open } = await stage(t, ({ headers, query }) => ({ status: 400, headers: { 'x-echo': Object.values(headers).join(' ') }, body: { said: [headers, query], base64: Buffer.from(marker).toString('base64') } }))
  const kinds: [string, object, object][] = [
    ['api_key', { baseUrl: side.url }, { key: marker }], ['api_key', { baseUrl: side.url, in: 'query', parameter: 'k' }, { key: marker }], ['basic', { baseUrl: side.url, username: 'ada' }, { password: marker }], ['bearer', { baseUrl: side.url }, { token: marker }],
    ['webhook', { url: side.url }, { signingSecret: marker }], ['oauth', { baseUrl: side.url, tokenUrl: `${side.url}/token`, clientId: 'c', grant: 'client_credentials' }, { clientSecret: marker }],
    ['database', { engine: 'postgresql', host: '127.0.0.9', port: side.port, database: 'd', user: 'u', tls: 'off' }, { password: marker }], ['smtp', { host: '127.0.0.9', port: side.port, username: 'u', from: 'a@b.test' }, { password: marker }],
    ['slack', { baseUrl: side.url }, { token: marker }], ['github', { baseUrl: side.url }, { token: marker }], ['hubspot', { baseUrl: side.url }, { token: marker }], ['gmail', { clientId: 'c', tokenUrl: `${side.url}/token` }, { clientSecret: marker }],
  ]
  for (const [type, settings, secrets] of kinds) {
    const made = await make(type, settings, secrets)
    const answers = [made, await app.ok(ada, 'GET', `/connections/${made.id}`), await app.ok(ada, 'POST', `/connections/${made.id}/test`), await app.ok(ada, 'PATCH', `/connections/${made.id}`, { name: 'again' }), await app.as(ada, 'POST', `/connections/${made.id}/rotate`, { secrets: { nonsense: marker } })]
    const opened = await open(made.id)
    if (opened.speaks === 'http') answers.push(await opened.request({ url: '/x' }).catch((error: Error) => error.message))
    lines.push(...answers.map((answer) => `${type} ${JSON.stringify(answer)}`))
    assert.deepEqual(made.secrets, Object.keys(secrets))
  }
  lines.push(JSON.stringify(await app.ok(ada, 'GET', '/connections')), JSON.stringify(await app.ok(ada, 'GET', '/events?limit=200')))
  for (const table of ['connections', 'connection_tokens', 'events', 'jobs', 'idempotency_keys']) for (const row of await app.query<{ line: string }>(`select (t.*)::text as line from ${table} t`)) lines.push(`${table} ${row.line}`)
  const forms = [marker, 'hush-4711', Buffer.from(marker).toString('base64'), Buffer.from(marker).toString('hex'), Buffer.from(`ada:${marker}`).toString('base64'), encodeURIComponent(marker)]
  for (const line of lines) for (const form of forms) assert.ok(!line.includes(form), `${form} in ${line.slice(0, 300)}`)
  assert.ok(lines.length > 60 && side.heard.some(({ headers }) => Object.values(headers).includes(`Bearer ${marker}`)), 'the other side did get it')
})

test('what is kept secret never moves to another host', async (t) => {
  const { app, ada, side, make } = await stage(t)
  const { id } = await make('bearer', { baseUrl: side.url }, { token: marker })
  const moved = await app.as(ada, 'PATCH', `/connections/${id}`, { settings: { baseUrl: 'https://evil.test' } })
  assert.deepEqual([moved.status, moved.body.errors[0].path], [422, '/secrets'])
  assert.equal((await app.as(ada, 'PATCH', `/connections/${id}`, { settings: { baseUrl: 'https://new.test' }, secrets: { token: 'of-new' } })).status, 200)
  const same = await app.ok(ada, 'PATCH', `/connections/${id}`, { settings: { baseUrl: 'https://new.test', testPath: '/ping' } })
  assert.deepEqual(same.settings, { baseUrl: 'https://new.test', testPath: '/ping' })
})

test('each change is an event with names of fields and no value; a test leaves its result; versions are honoured', async (t) => {
  let up = true
  const { app, ada, side, make } = await stage(t, () => ({ status: up ? 200 : 401 }))
  const { id, status } = await make('bearer', { baseUrl: side.url, testPath: '/me' }, { token: 'one' })
  assert.equal(status, 'untested')
  assert.deepEqual(await app.ok(ada, 'POST', `/connections/${id}/test`), { ok: true, message: 'it answers 200' })
  assert.equal(side.heard[0]!.path, '/me')
  up = false
  assert.match((await app.ok(ada, 'POST', `/connections/${id}/test`)).message, /401: the sign-in is refused/)
  const failing = await app.ok(ada, 'GET', `/connections/${id}`)
  assert.deepEqual([failing.status, failing.error], ['failing', 'it answers 401: the sign-in is refused'])
  assert.equal((await app.as(ada, 'PATCH', `/connections/${id}`, { name: 'x' }, { 'if-match': '"1"' })).status, 412)
  await app.ok(ada, 'PATCH', `/connections/${id}`, { name: 'Renamed' })
  await app.ok(ada, 'PATCH', `/connections/${id}`, { name: 'Renamed' }) // nothing happened
  assert.deepEqual((await app.ok(ada, 'POST', `/connections/${id}/rotate`, { secrets: { token: 'two' } })).status, 'untested')
  up = true
  await app.ok(ada, 'POST', `/connections/${id}/test`)
  assert.equal(side.heard.at(-1)!.headers.authorization, 'Bearer two')
  assert.equal((await app.as(ada, 'DELETE', `/connections/${id}`)).status, 204)
  assert.equal((await app.as(ada, 'GET', `/connections/${id}`)).body.code, 'connection.not_found')
  assert.deepEqual(await names(app), ['connection.created', 'connection.tested', 'connection.tested', 'connection.changed', 'connection.rotated', 'connection.tested', 'connection.deleted'])
})

test('wrong settings and secrets are refused with every field named', async (t) => {
  const { app, ada } = await stage(t)
  const faults = async (type: string, settings: object, secrets: object = {}) => ((await app.as(ada, 'POST', '/connections', { name: 'x', type, settings, secrets })).body.errors ?? []).map((e: { path: string }) => e.path)
  assert.deepEqual(await faults('nonsense', {}), ['/type'])
  assert.deepEqual(await faults('bearer', { baseUrl: 'ftp://x', other: 1 }), ['/settings/other', '/settings/baseUrl'])
  assert.deepEqual(await faults('bearer', { baseUrl: 'https://x.test' }), ['/secrets/token'])
  assert.deepEqual(await faults('bearer', { baseUrl: 'https://u:p@x.test' }, { token: 't' }), ['/settings/baseUrl'])
  assert.deepEqual(await faults('bearer', { baseUrl: 'https://x.test' }, { token: 'a\r\nb', more: 'x' }), ['/secrets/token', '/secrets/more'])
  assert.deepEqual(await faults('api', { baseUrl: 'https://x.test', headers: { 'a b': 'c' } }), ['/settings/headers'])
  assert.deepEqual(await faults('oauth', { baseUrl: 'https://x.test', tokenUrl: 'https://x.test/t', clientId: 'c' }), ['/settings/authorizeUrl'])
  const database = { engine: 'postgresql', host: 'db.test', database: 'd', user: 'u' }
  for (const host of ['/var/run/postgresql', '@abstract', 'a.test,b.test', 'a.test:5432', 'db.test/x', '', 'a b', '*.test', 'db.test?host=/tmp']) assert.deepEqual(await faults('database', { ...database, host }), ['/settings/host'], host)
  for (const more of [{ socketPath: '/tmp/x' }, { sslrootcert: '/etc/x' }, { options: '-c x' }, { multipleStatements: true }, { port: 0 }, { tls: 'maybe' }]) assert.deepEqual(await faults('database', { ...database, ...more }), [`/settings/${Object.keys(more)[0]}`])
})

test('members see connections without secrets, only admins make them, others tenants see none', async (t) => {
  const { app, ada, side, make, desk, ctx } = await stage(t)
  const { id } = await make('bearer', { baseUrl: side.url }, { token: 'one' })
  const [member, viewer, other] = [await app.member(ada, 'member'), await app.member(ada, 'viewer'), await app.register('Eve')]
  assert.equal((await app.as(member, 'GET', '/connections')).body.items.length, 1)
  assert.equal((await app.as(member, 'POST', `/connections/${id}/test`)).status, 403)
  assert.equal((await app.as(viewer, 'GET', '/connections')).status, 403)
  assert.equal((await app.as(other, 'GET', `/connections/${id}`)).status, 404)
  assert.equal((await app.as(other, 'GET', '/connections')).body.items.length, 0)
  await assert.rejects(desk.open(ctx(viewer), id), { code: 'permission.denied' })
  await assert.rejects(desk.open(ctx(other), id), { code: 'connection.not_found' })
  assert.equal((await desk.open(ctx(member), id)).speaks, 'http')
  await app.kernel.keys.destroy({ tenant: ada.tenant!.id })
  await assert.rejects(desk.open(ctx(), id), /key of this tenant was destroyed/)
})

test('the inside is refused, and told in the tenant\'s log', async (t) => {
  const { app, ada, make } = await stage(t)
  const { id } = await make('bearer', { baseUrl: 'http://127.0.0.1:1' }, { token: 'one' })
  assert.match((await app.ok(ada, 'POST', `/connections/${id}/test`)).message, /not public/)
  const smtp = await make('smtp', { host: 'localhost', from: 'a@b.test' })
  assert.match((await app.ok(ada, 'POST', `/connections/${smtp.id}/test`)).message, /not public|could not be sent/)
  assert.ok((await app.query(`select 1 from events where name = 'egress.refused' and tenant_id = $1`, [ada.tenant!.id])).length >= 2)
})

test('a tenant\'s mail server is spoken to encrypted only, by the guard', async (t) => {
  t.mock.method(process.stderr, 'write', () => true) // the catcher warns of its own test certificate
  const { app, ada, make, desk, ctx } = await stage(t)
  const plain = await catchMail(t, {}, '127.0.0.9')
  const { id } = await make('smtp', { host: '127.0.0.9', port: plain.port, from: 'Shop <a@b.test>' })
  assert.match((await app.ok(ada, 'POST', `/connections/${id}/test`)).message, /encrypted|certificate/)
  await assert.rejects(((await desk.open(ctx(), id)) as MailConnection).send({ to: 'x@y.test', subject: 's', text: 't', key: 'letter-0001' }), { name: 'ConnectionError' })
  assert.equal(plain.caught.length, 0)
})

test('types tell their fields, so that a form can be drawn', async (t) => {
  const { app, ada } = await stage(t)
  const { items } = await app.ok(ada, 'GET', '/connections/types')
  assert.deepEqual(items.map((one: { type: string }) => one.type).sort(), ['api', 'api_key', 'basic', 'bearer', 'database', 'github', 'gmail', 'hubspot', 'oauth', 'slack', 'smtp', 'webhook'])
  for (const { type, fields } of items) for (const field of fields) assert.ok(field.name && field.title, type)
})
