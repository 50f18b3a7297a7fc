// Registration, login, links in mails: who gets in, and what the answers do not tell.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goodPassword, setupToken, testIdentity } from '../../testing/identity.ts'

const codeOf = (answer: { status: number; body: { code?: string } }) => [answer.status, answer.body.code]
const tokenIn = (text: string) => /token=([\w-]+)/.exec(text)![1]!
const account = (name: string, more: object = {}) => ({ email: `${name}@example.test`, password: goodPassword, name, ...more })

test('the first account needs the set-up token and becomes operator and owner of a first tenant', async (t) => {
  const i = await testIdentity(t)
  const register = (body: object) => i.call('POST', '/auth/register', { body })
  assert.deepEqual(codeOf(await register(account('ops'))), [403, 'setup.token_required'])
  assert.equal(await i.identity.accounts.prepareSetup(setupToken), true)
  assert.deepEqual(codeOf(await register(account('ops', { setupToken: 'guessed' }))), [403, 'setup.token_required'])
  const first = await register(account('ops', { setupToken }))
  assert.equal(first.status, 201)
  assert.deepEqual([first.body.user.role, first.body.tenant.name, first.body.tenant.role, first.body.tenant.slug], ['operator', 'My team', 'owner', 'my-team'])
  assert.equal(await i.identity.accounts.prepareSetup(setupToken), false)
  const second = await register(account('ben', { setupToken })) // ignored from now on
  assert.deepEqual([second.status, second.body.user.role, second.body.tenant], [201, 'user', null])
})

test('of several first registrations at once one wins', async (t) => {
  const i = await testIdentity(t)
  await i.identity.accounts.prepareSetup(setupToken)
  const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => i.call('POST', '/auth/register', { body: account(name, { setupToken }) })))
  assert.equal(all.filter((a) => a.status === 201 && a.body.user.role === 'operator').length, 1)
  // whoever came while nobody had won is told; whoever came after is anybody
  for (const a of all) assert.ok(a.status === 201 || (a.status === 409 && a.body.code === 'state.conflict'), String(a.status))
  assert.ok(all.filter((a) => a.status === 409).length >= 1)
  assert.deepEqual(await i.query(`select count(*)::int as n from identity."user" where role = 'operator'`), [{ n: 1 }])
  assert.deepEqual(await i.query(`select count(*)::int as n from identity.organization`), [{ n: 1 }])
})

test('a taken address is 409, in any spelling, and of two at once one wins', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const both = await Promise.all([1, 2].map(() => i.call('POST', '/auth/register', { body: account('mia') })))
  assert.deepEqual(both.map((a) => a.status).sort(), [201, 409])
  assert.deepEqual(codeOf(await i.call('POST', '/auth/register', { body: { ...account('x'), email: 'MIA@Example.test' } })), [409, 'auth.email_taken'])
  assert.equal((await i.login('MIA')).status, 200)
})

test('an account whose tenant cannot be made is not made either', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const bad = await i.call('POST', '/auth/register', { body: account('mia', { invitationToken: 'inv_nothing' }) })
  assert.deepEqual(codeOf(bad), [422, 'auth.link_refused'])
  assert.deepEqual(await i.query(`select count(*)::int as n from identity."user"`), [{ n: 1 }])
  assert.deepEqual(await i.query(`select count(*)::int as n from events where name = 'user.registered'`), [{ n: 1 }])
})

test('short, common and personal passwords are refused, naming the field', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  for (const password of ['short', 'password1', 'P@ssw0rd2026!', 'qwertyuiop', 'aaaaaaaaaaaa', '1234567890', 'abc12345', 'iloveyou1', 'Welcome123!', 'martha@example.test', 'letmein!!']) {
    const answer = await i.call('POST', '/auth/register', { body: { email: 'martha@example.test', name: 'Martha', password } })
    assert.equal(answer.status, 422, `${password} was taken`)
    assert.equal(answer.body.errors[0].path, '/password')
  }
  for (const [n, password] of ['tulips-under-glass', 'xK9#mQ2$vL', 'Secret-Garden-77', 'ein langer Satz mit Worten', 'S3cure!pass-word-x', 'hunter-gatherer-42'].entries()) {
    const answer = await i.call('POST', '/auth/register', { body: account(`p${n}`, { password }) })
    assert.equal(answer.status, 201, `${password}: ${answer.body.detail}`)
  }
})

test('REGISTRATION=invite takes invited people only, operators nobody', async (t) => {
  const i = await testIdentity(t, { settings: { registration: 'invite' } })
  const ops = await i.setUp()
  assert.deepEqual(codeOf(await i.call('POST', '/auth/register', { body: account('ben') })), [403, 'auth.registration_closed'])
  const { token } = await i.identity.tenants.invite({ actor: { type: 'user', id: ops.user.id }, request: 'test' }, ops.tenant.id, { email: 'mia@example.test', role: 'viewer' }, 'owner')
  const mia = await i.register('mia', { invitationToken: token })
  assert.deepEqual([mia.tenant.id, mia.tenant.role], [ops.tenant.id, 'viewer'])
  const closed = await testIdentity(t, { settings: { registration: 'operators' } })
  await closed.setUp()
  assert.deepEqual(codeOf(await closed.call('POST', '/auth/register', { body: account('ben') })), [403, 'auth.registration_closed'])
})

test('with ENABLE_MULTI_TENANT=false everybody belongs to the one tenant', async (t) => {
  const i = await testIdentity(t, { settings: { multiTenant: false } })
  const ops = await i.setUp()
  const mia = await i.register('mia', { tenantName: 'Mine' })
  assert.deepEqual([mia.tenant.id, mia.tenant.role], [ops.tenant.id, 'member'])
})

test('login takes the tenant asked for, else the last one used, else the only one, else none', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const ben = await i.register('ben')
  assert.equal(ben.tenant, null)
  const who = { actor: { type: 'user' as const, id: ben.user.id }, request: 'test' }
  const one = await i.identity.tenants.create(who, { name: 'One' })
  assert.equal((await i.login('ben')).body.tenant.id, one.id)
  const two = await i.identity.tenants.create(who, { name: 'Two', slug: 'second' })
  assert.equal((await i.login('ben', { tenant: 'second' })).body.tenant.id, two.id)
  assert.equal((await i.login('ben')).body.tenant.id, two.id)
  const back = await i.call('POST', '/auth/switch', { token: ben.accessToken, body: { tenant: one.id } })
  assert.deepEqual([back.status, back.body.tenant.slug], [200, 'one'])
  assert.equal((await i.call('GET', '/probe/tenant', { token: back.body.accessToken })).body.tenant, one.id)
  assert.equal((await i.login('ben')).body.tenant.id, one.id)
  const ops = (await i.login('ops')).body
  for (const tenant of [one.id, 'one', 'nowhere']) {
    assert.deepEqual(codeOf(await i.login('ops', { tenant })), [404, 'tenant.not_found'])
    assert.deepEqual(codeOf(await i.call('POST', '/auth/switch', { token: ops.accessToken, body: { tenant } })), [404, 'tenant.not_found'])
  }
})

test('login does not tell an unknown address from a wrong password, not by code nor by the work it does', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const wrong = await i.login('ops', { password: 'not the password' })
  const unknown = await i.login('nobody', { password: 'not the password' })
  const odd = await i.call('POST', '/auth/login', { body: { email: 'no address', password: 'not the password' } })
  assert.deepEqual([codeOf(wrong), codeOf(unknown), codeOf(odd)], [[401, 'auth.refused'], [401, 'auth.refused'], [401, 'auth.refused']])
  assert.deepEqual({ ...wrong.body, requestId: '' }, { ...unknown.body, requestId: '' })
})

test('forgot and resend answer the same for known and unknown addresses, and only known ones get mail', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  await i.register('mia')
  await i.letters()
  for (const path of ['/auth/forgot-password', '/auth/resend-verification']) {
    const known = await i.call('POST', path, { body: { email: 'mia@example.test' } })
    const unknown = await i.call('POST', path, { body: { email: 'nobody@example.test' } })
    assert.deepEqual([known.status, known.body], [unknown.status, unknown.body])
    assert.equal(known.status, 202)
  }
  const to = (await i.letters()).map((l) => l.to)
  assert.equal(to.filter((a) => a === 'mia@example.test').length, 3) // verification, reset, verification again
  assert.ok(!to.includes('nobody@example.test'))
})

test('with REQUIRE_VERIFIED_EMAIL register says 202 to all, login waits for the link, and a taken address learns it by mail', async (t) => {
  const i = await testIdentity(t, { settings: { requireVerifiedEmail: true } })
  await i.identity.accounts.prepareSetup(setupToken)
  const first = await i.call('POST', '/auth/register', { body: account('ops', { setupToken }) })
  assert.deepEqual([first.status, first.body], [202, { status: 'accepted' }])
  assert.equal((await i.login('ops')).status, 200) // whoever holds the set-up token needs no mail
  const free = await i.call('POST', '/auth/register', { body: account('mia') })
  const taken = await i.call('POST', '/auth/register', { body: account('mia') })
  assert.deepEqual([free.status, free.body], [taken.status, taken.body])
  assert.deepEqual(codeOf(await i.login('mia')), [403, 'auth.verification_required'])
  const mails = await i.letters()
  assert.deepEqual(mails.map((m) => m.subject), ['Confirm your address', 'You have an account already'])
  const token = tokenIn(mails[0]!.text)
  assert.equal((await i.call('POST', '/auth/verify-email', { body: { token } })).status, 204)
  assert.deepEqual(codeOf(await i.call('POST', '/auth/verify-email', { body: { token } })), [422, 'auth.link_refused'])
  assert.equal((await i.login('mia')).body.user.emailVerified, true)
})

test('a reset link works once, for an hour, ends all sessions and the older links', async (t) => {
  const i = await testIdentity(t)
  const ops = await i.setUp()
  for (let n = 0; n < 3; n++) await i.call('POST', '/auth/forgot-password', { body: { email: 'OPS@example.test' } })
  const tokens = (await i.letters()).map((m) => tokenIn(m.text))
  const reset = (token: string, password = 'lanterns on the quay') => i.call('POST', '/auth/reset-password', { body: { token, password } })
  assert.equal((await reset(tokens[0]!, 'password')).status, 422) // and the link is not used up by it
  assert.equal((await reset(tokens[0]!)).status, 204)
  assert.deepEqual(codeOf(await reset(tokens[0]!)), [422, 'auth.link_refused'])
  assert.deepEqual(codeOf(await reset(tokens[1]!)), [422, 'auth.link_refused'])
  assert.equal((await i.call('GET', '/users/me', { token: ops.accessToken })).status, 401)
  assert.equal((await i.refresh(ops.refreshToken)).status, 401)
  assert.equal((await i.login('ops')).status, 401)
  assert.equal((await i.login('ops', { password: 'lanterns on the quay' })).status, 200)
  await i.call('POST', '/auth/forgot-password', { body: { email: 'ops@example.test' } })
  const late = tokenIn((await i.letters()).findLast((m) => m.subject === 'Choose a new password')!.text)
  await i.identity.pool.query(`update verification set "expiresAt" = now() - interval '1 second'`)
  assert.deepEqual(codeOf(await reset(late)), [422, 'auth.link_refused'])
})

test('an address changes when the link to the new one is followed, never to a taken one', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const mia = await i.register('mia')
  await i.letters()
  const change = (email: string, password = goodPassword) => i.call('POST', '/users/me/email', { token: mia.accessToken, body: { email, password } })
  assert.deepEqual(codeOf(await change('new@example.test', 'wrong one')), [403, 'auth.password_wrong'])
  assert.equal((await change('ops@example.test')).status, 202)
  assert.equal((await change('New@example.test')).status, 202)
  const mails = (await i.letters()).slice(1)
  assert.deepEqual(mails.map((m) => m.to), ['mia@example.test', 'mia@example.test', 'new@example.test'])
  assert.equal((await i.call('GET', '/users/me', { token: mia.accessToken })).body.email, 'mia@example.test')
  assert.equal((await i.call('POST', '/auth/verify-email', { body: { token: tokenIn(mails[2]!.text) } })).status, 204)
  const me = await i.call('GET', '/users/me', { token: mia.accessToken })
  assert.deepEqual([me.body.email, me.body.emailVerified], ['new@example.test', true])
})

test('guesses at one account are limited, for unknown accounts alike', async (t) => {
  const i = await testIdentity(t, { settings: { limits: true } })
  await i.setUp()
  for (const name of ['ops', 'nobody']) {
    const statuses: number[] = []
    for (let n = 0; n < 32; n++) statuses.push((await i.login(name, { password: 'not the password' })).status)
    assert.equal(statuses.indexOf(429), 30, `${name}: ${statuses.join(' ')}`)
  }
  const limited = await i.login('ops')
  assert.equal(limited.status, 429)
  assert.ok(Number(limited.headers['retry-after']) > 0)
})

test('a browser keeps the refresh token in a cookie no script reads; other sites cannot use it', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const page = { origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' }
  const login = await i.call('POST', '/auth/login', { body: { email: 'ops@example.test', password: goodPassword }, headers: page })
  assert.equal(login.body.refreshToken, null)
  const [cookie] = login.cookies
  assert.match(cookie!, /^groundwork_refresh=[^;]+; Path=\/api\/v1\/auth; Max-Age=\d+; HttpOnly; SameSite=Strict$/)
  const own = { ...page, cookie: cookie!.split(';')[0]! }
  const fresh = await i.call('POST', '/auth/refresh', { headers: own })
  assert.deepEqual([fresh.status, fresh.body.refreshToken, fresh.cookies.map((c) => c.split('=')[0])], [200, null, ['groundwork_refresh', 'groundwork_here']])
  const next = fresh.cookies[0]!.split(';')[0]!
  for (const foreign of [{ origin: 'https://evil.test' }, { origin: 'null' }, { origin: 'http://localhost:8080', 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }])
    assert.deepEqual(codeOf(await i.call('POST', '/auth/refresh', { headers: { cookie: next, ...foreign } as Record<string, string> })), [403, 'auth.origin_refused'])
  assert.equal((await i.call('POST', '/auth/refresh', { headers: { cookie: next, origin: 'http://127.0.0.1:8080' } })).status, 200)
})
