// The pages without script: the session they start, what they refuse, what they do not tell.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browser } from '../../testing/browser-without-script.ts'
import { goodPassword, testIdentity } from '../../testing/identity.ts'
import { localPath } from './page-forms.ts'

const typed = { email: 'ops@example.test', password: goodPassword }

test('the login page starts a session that the console turns into a pair, and signing out ends both', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const b = browser(i)
  const page = await b.get('/login?next=/projects')
  assert.equal(page.status, 200)
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*form-action 'self'/)
  assert.ok(!/<script/i.test((await b.get('/forgot')).body))
  assert.match(page.cookies[0]!, /HttpOnly; SameSite=Strict/)
  const done = await b.submit(page, typed)
  assert.deepEqual([done.status, done.headers.location], [303, '/projects'])
  assert.match(done.cookies.find((c) => c.startsWith('groundwork.session_token='))!, /HttpOnly; SameSite=Lax/)
  assert.match(done.cookies.find((c) => c.startsWith('groundwork_here='))!, /^groundwork_here=1; Path=\/; Max-Age=\d+; SameSite=Lax$/) // a script may read that somebody is here, not who
  const pair = await b.post('/auth/session')
  assert.deepEqual([pair.status, pair.body.user.email, pair.body.tenant.role, pair.body.refreshToken], [200, 'ops@example.test', 'owner', null])
  assert.equal((await b.post('/auth/refresh')).status, 200)
  const again = await b.get('/login') // signed in already
  assert.deepEqual([again.status, again.cookies.map((c) => c.split('=')[0])], [303, ['groundwork_here']])
  assert.equal((await b.submit(await b.get('/logout'), {})).headers.location, '/login?said=out')
  assert.equal((await b.post('/auth/session')).status, 401)
  assert.equal((await b.post('/auth/refresh')).status, 401)
  assert.equal((await i.call('GET', '/users/me', { token: pair.body.accessToken })).status, 401)
  assert.match((await b.get('/login?said=out')).body, /You are signed out/)
})

test('signing out by the API clears the page\'s session as well', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const b = browser(i)
  await b.submit(await b.get('/login'), typed)
  const pair = await b.post('/auth/session')
  const out = await i.call('POST', '/auth/logout', { token: pair.body.accessToken })
  assert.deepEqual(out.cookies.map((c) => c.split('=')[0]), ['groundwork_refresh', 'groundwork.session_token', 'groundwork_here'])
  assert.equal((await b.get('/login')).status, 200)
})

test('a wrong password shows the form again with the reason and the address, never the password', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const b = browser(i)
  const wrong = await b.submit(await b.get('/login?next=/projects'), { email: 'ops@example.test', password: '<b>wrong "one"</b>' })
  assert.equal(wrong.status, 401)
  assert.match(wrong.body, /role="alert">Address or password is wrong/)
  assert.match(wrong.body, /value="ops@example\.test"/)
  assert.ok(!wrong.body.includes('wrong &quot;one') && !wrong.body.includes('<b>wrong'))
  const unknown = await b.submit(await b.get('/login'), { email: 'nobody@example.test', password: 'x' })
  assert.equal(unknown.status, 401)
  assert.equal((await b.submit(wrong, typed)).headers.location, '/projects')
})

test('forms of other sites and stale forms are refused', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const b = browser(i)
  const page = await b.get('/login')
  for (const headers of [{ origin: 'https://evil.test' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }] as Record<string, string>[]) assert.equal((await b.submit(page, typed, headers)).status, 403)
  const without = await i.call('POST', '/login', { form: typed, headers: { origin: 'http://localhost:8080' } })
  assert.equal(without.status, 403)
  assert.match(without.body, /open for too long/)
  assert.equal((await b.submit(page, typed)).status, 303)
})

test('after login one stays on this site', () => {
  for (const bad of ['//evil.test', '/\\evil.test', 'https://evil.test', 'javascript:alert(1)', '/a\nb', '', '\\\\evil.test']) assert.equal(localPath(bad), '/')
  for (const good of ['/', '/projects/x?after=1#a']) assert.equal(localPath(good), good)
})

test('forgotten password by pages: same page for all, link, rule, sign in with the new one', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const b = browser(i)
  const known = await b.submit(await b.get('/forgot'), { email: 'ops@example.test' })
  const unknown = await b.submit(await b.get('/forgot'), { email: 'nobody@example.test' })
  assert.deepEqual([known.status, known.body], [unknown.status, unknown.body])
  const link = /http:\/\/localhost:8080(\/reset\?token=[\w-]+)/.exec((await i.letters())[0]!.text)![1]!
  const common = await b.submit(await b.get(link), { password: 'password123' })
  assert.equal(common.status, 422)
  assert.match(common.body, /id="password-fault" role="alert"/)
  assert.equal((await b.submit(common, { password: 'lanterns on the quay' })).headers.location, '/login?said=reset')
  assert.equal((await b.submit(await b.get(link), { password: 'lanterns on the quay' })).status, 422)
  assert.equal((await i.login('ops', { password: 'lanterns on the quay' })).status, 200)
})

test('opening the link of a verification mail uses nothing up; the button does', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  await i.register('mia')
  const link = /http:\/\/localhost:8080(\/verify\?token=[\w-]+)/.exec((await i.letters())[0]!.text)![1]!
  const b = browser(i)
  await b.get(link)
  assert.equal((await b.submit(await b.get(link), {})).headers.location, '/login?said=verified')
  assert.equal((await i.login('mia')).body.user.emailVerified, true)
  assert.equal((await b.submit(await b.get(link), {})).status, 422)
})
