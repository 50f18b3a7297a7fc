import assert from 'node:assert/strict'
import { test } from 'node:test'
import { password, testApp, type TestApp } from '../../testing/app.ts'
import { accents, contrast, reach } from './colors.ts'

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const settings = { TENANT_BASE_DOMAIN: 'apps.example.com', PUBLIC_URL: 'http://groundwork.example.com' }
const at = (app: TestApp, host: string, path: string, more: { method?: 'GET' | 'POST'; cookie?: string; form?: Record<string, string>; headers?: Record<string, string> } = {}) =>
  app.http.inject({
    method: more.method ?? 'GET', url: path, headers: { host, accept: 'text/html', ...(more.cookie ? { cookie: more.cookie } : {}), ...(more.form ? { 'content-type': 'application/x-www-form-urlencoded', origin: `http://${host}` } : {}), ...more.headers },
    ...(more.form ? { payload: new URLSearchParams(more.form).toString() } : {}),
  })
const cookiesOf = (answer: Awaited<ReturnType<typeof at>>) => [answer.headers['set-cookie'] ?? []].flat().map((line) => line.split(';')[0]!)

test('contrast is counted as WCAG says, and each scheme gets a colour that can be read', () => {
  assert.equal(contrast('#000000', '#ffffff'), 21)
  assert.equal(contrast('#777777', '#ffffff').toFixed(2), '4.48')
  for (const color of ['#0f6472', '#000000', '#b3261e', '#24539e', '#3d4a5c']) {
    const { light, dark } = accents(color)
    assert.ok(contrast(light.text, '#ffffff') >= 4.5 && contrast(light.text, light.soft) >= 4.5, `${color} light ${JSON.stringify(light)}`)
    assert.ok(contrast(dark.text, '#1b2027') >= 4.5 && contrast(dark.text, dark.soft) >= 4.5, `${color} dark ${JSON.stringify(dark)}`)
    assert.ok(contrast(light.filled, light.onFilled) >= 4.5)
  }
  assert.ok(contrast(reach('#ffdd00', '#000000', '#ffffff'), '#ffffff') >= 4.5)
})

test('admins give a tenant name, colour and logo; what cannot be read or is no image is refused (S2.10)', async (t) => {
  const app = await testApp(t, { settings })
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  const viewer = await app.member(ada, 'viewer')
  assert.deepEqual((({ name, color, logoUrl }) => [name, color, logoUrl])(await app.ok(viewer, 'GET', '/branding')), [null, null, null])
  const pale = await app.as(ada, 'PATCH', '/branding', { color: '#ffdd00' })
  assert.deepEqual([pale.status, pale.body.errors[0].path], [422, '/color'])
  assert.match(pale.body.detail, /1\.3.*4\.5.*#[0-9a-f]{6} is the nearest/)
  assert.equal((await app.as(viewer, 'PATCH', '/branding', { color: '#0f6472' })).status, 403)
  const changed = await app.ok(ada, 'PATCH', '/branding', { name: 'The Lighthouse', color: '#B3261E' })
  assert.deepEqual([changed.name, changed.color], ['The Lighthouse', '#b3261e'])
  for (const data of [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64'), Buffer.from('GIF89a..........').toString('base64'), Buffer.alloc(65_537, 1).toString('base64')])
    assert.equal((await app.as(ada, 'PUT', '/branding/logo', { data })).status, 422, data.slice(0, 20))
  const { logoUrl } = await app.ok(ada, 'PUT', '/branding/logo', { data: png })
  const logo = await at(app, 'groundwork.example.com', logoUrl)
  assert.deepEqual([logo.statusCode, logo.headers['content-type'], logo.headers['x-content-type-options'], logo.rawPayload.toString('base64')], [200, 'image/png', 'nosniff', png])
  assert.match(String(logo.headers['content-security-policy']), /sandbox/)
  assert.equal((await at(app, 'groundwork.example.com', `${logoUrl}0`)).statusCode, 404)
  assert.equal((await app.as(ada, 'DELETE', '/branding/logo')).status, 204)
  assert.equal((await at(app, 'groundwork.example.com', logoUrl)).statusCode, 404)
  assert.equal((await app.ok(ada, 'GET', '/branding')).name, 'The Lighthouse', 'the rest stays')
})

test('a tenant\'s own door shows its brand, signs in to that tenant, and nobody else to it', async (t) => {
  const app = await testApp(t, { settings })
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  await app.ok(ada, 'POST', '/tenants', { name: 'Harbour' })
  const harbour = await app.login('Ada', { tenant: 'harbour' })
  await app.register('Eve', { tenantName: 'Elsewhere' })
  await app.ok(harbour, 'PATCH', '/branding', { name: 'Harbour & Co', color: '#24539e' })
  await app.ok(harbour, 'PUT', '/branding/logo', { data: png })
  await app.settled()
  const host = 'harbour.apps.example.com'
  const page = await at(app, host, '/login')
  assert.match(page.body, /Harbour &amp; Co/)
  assert.match(page.body, /<img class="logo" src="\/brand\/[0-9a-f-]{36}\/logo\/[0-9a-f]{16}"/)
  const style = await at(app, host, /href="(\/brand\/[^"]+\.css)"/.exec(page.body)![1]!)
  assert.deepEqual([style.statusCode, style.headers['content-type']], [200, 'text/css; charset=utf-8'])
  assert.match(style.body, /#24539e/)
  assert.match(style.body, /button\[type=submit\]:not\(\.quiet\)/, 'what is not the first choice keeps its own ground')
  assert.doesNotMatch((await at(app, 'groundwork.example.com', '/login')).body, /Harbour/)

  const signIn = async (name: string, from = host) => {
    const form = await at(app, from, '/login')
    const hidden = /name="form" value="([^"]+)"/.exec(form.body)![1]!
    return at(app, from, '/login', { method: 'POST', cookie: cookiesOf(form).join('; '), form: { form: hidden, next: '/', email: `${name}@example.test`, password } })
  }
  const done = await signIn('ada')
  assert.equal(done.statusCode, 303)
  const session = await at(app, host, '/api/v1/auth/session', { method: 'POST', cookie: cookiesOf(done).join('; '), headers: { origin: `http://${host}` } })
  assert.deepEqual([session.statusCode, session.json().tenant?.slug], [200, 'harbour'])
  assert.equal((await at(app, host, '/api/v1/auth/session', { method: 'POST', cookie: cookiesOf(done).join('; '), headers: { origin: 'http://evil.example' } })).statusCode, 403)
  const stranger = await signIn('eve')
  assert.equal(stranger.statusCode, 404)
  assert.match(stranger.body, /No such tenant/)
  assert.ok(!cookiesOf(stranger).some((cookie) => cookie.includes('refresh')))
})

test('a tenant\'s mails wear its name, colour and logo, also those about an account that its members ask for at its door', async (t) => {
  const sent: { to: string; subject: string; text: string; html?: string }[] = []
  const app = await testApp(t, { settings, mail: { kind: 'test', send: async (letter) => void sent.push(letter), close: async () => {} } })
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  await app.ok(ada, 'PATCH', '/branding', { name: 'Light & Co', color: '#24539e' })
  const { logoUrl } = await app.ok(ada, 'PUT', '/branding/logo', { data: png })
  await app.settled()
  await app.ok(ada, 'POST', '/invitations', { email: 'grace@example.test', role: 'member' })
  await app.settled()
  const letter = sent.find((one) => one.to === 'grace@example.test')!
  assert.match(letter.html!, /Light &amp; Co/)
  assert.match(letter.html!, /border-top:3px solid #24539e/)
  assert.match(letter.html!, /<a href="http:\/\/groundwork\.example\.com\/invitations\/accept#token=/)
  assert.ok(letter.html!.includes(`<img src="http://groundwork.example.com${logoUrl}"`), letter.html)
  const eve = await app.register('Eve')
  const forgot = async (email: string, host: string) => {
    sent.length = 0
    await app.ok(undefined, 'POST', '/auth/forgot-password', { email }, { host })
    await app.settled()
    return sent.find((one) => one.subject === 'Choose a new password')!
  }
  const own = await forgot('ada@example.test', 'lighthouse.apps.example.com')
  assert.match(own.html!, /Light &amp; Co[^]*\/reset\?token=/)
  assert.match(own.text, /http:\/\/groundwork\.example\.com\/reset\?token=/, 'the link is of the installation, whatever the door')
  assert.equal((await forgot('ada@example.test', 'groundwork.example.com')).html, undefined)
  assert.equal((await forgot(eve.user.email, 'lighthouse.apps.example.com')).html, undefined, 'no mail of a tenant one does not belong to')
})

test('a deleted tenant leaves its id nowhere but in the log and on the tombstone of its keys', async (t) => {
  const app = await testApp(t, { settings })
  await app.register('Operator')
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  const tenant = ada.tenant!.id
  await app.ok(ada, 'POST', '/projects', { key: 'AA', name: 'AA' })
  await app.ok(ada, 'PATCH', '/branding', { color: '#24539e' })
  await app.ok(ada, 'POST', '/domains', { name: 'work.example' })
  await app.ok(ada, 'POST', '/api-keys', { name: 'Robot', scopes: ['read'] })
  await app.member(ada, 'viewer')
  await app.desk.calls.tell()
  await app.ok(ada, 'DELETE', `/tenants/${tenant}`)
  await app.settled()
  await app.query(`update jobs set run_at = now() + interval '1 hour' where name = 'tenancy.end' and status = 'ready'`)
  await app.identity.tenants.change({ actor: { type: 'system', id: null }, request: 'test' }, tenant, { deletesAt: new Date(Date.now() - 1000).toISOString() })
  await app.query(`update jobs set run_at = now(), status = 'ready' where id = (select id from jobs where name = 'tenancy.end' order by id limit 1)`)
  app.kernel.bell.ring()
  await app.settled()
  await app.desk.calls.tell()
  // every column of every table that could hold the id
  const { default: pg } = await import('pg')
  const client = new pg.Client(app.database.connection('owner'))
  await client.connect()
  t.after(() => client.end())
  const { rows: columns } = await client.query<{ table: string; column: string }>(`
    select c.oid::regclass::text as table, quote_ident(a.attname) as column from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace in ('public'::regnamespace, 'identity'::regnamespace, 'oauth'::regnamespace) and c.relkind in ('r', 'p') and not c.relispartition and a.atttypid in ('uuid'::regtype, 'text'::regtype)`)
  assert.ok(columns.length > 100)
  const left: string[] = []
  for (const { table } of columns.filter((one, n) => columns.findIndex((other) => other.table === one.table) === n)) {
    await client.query('begin')
    await client.query(`alter table ${table} no force row level security`).catch(() => {})
    for (const { column } of columns.filter((one) => one.table === table)) {
      const { rows: [found] } = await client.query<{ n: number }>(`select count(*)::int as n from ${table} where ${column}::text = $1`, [tenant])
      if (found!.n) left.push(`${table}.${column}`)
    }
    await client.query('rollback')
  }
  assert.deepEqual([...new Set(left.map((one) => one.split('.')[0]))].sort(), ['events', 'keys'])
  const [key] = await app.query<{ wrapped: Buffer | null }>('select wrapped from keys where tenant_id = $1', [tenant])
  assert.equal(key!.wrapped, null)
})
