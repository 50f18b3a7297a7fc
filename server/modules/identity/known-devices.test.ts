// Throttling is not turned against whom it protects: strangers who guess use up a count that the owner's own devices do not share.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { password, testApp, type Signed, type TestApp } from '../../testing/app.ts'
import { createAuthenticator } from '../../testing/authenticator.ts'
import { oidcProvider } from '../../testing/identity-provider.ts'
import { basic, post } from '../../testing/oauth.ts'
import { faultOf, refreshOf, ssoApp } from '../../testing/sso.ts'
import { createDeviceTokens } from './device-tokens.ts'
import { codeAt, stepAt } from './totp.ts'

type Answer = { status: number; body: any; cookies: string[]; location: string | undefined }
const own = { origin: 'http://localhost:8080', host: 'localhost:8080', 'sec-fetch-site': 'same-origin' }
const told = ({ status, body }: { status: number; body: any }) => `${status} ${body?.code ?? ''}`.trim()
const deviceIn = (answer: Answer) => answer.cookies.find((line) => line.startsWith('groundwork_device='))

async function setUp(t: TestContext) {
  const app = await testApp(t, { settings: { RATE_LIMITS: 'on', TRUST_PROXY: '10.0.0.0/8', PUBLIC_URL: 'http://localhost:8080' } })
  await app.register('Operator')
  const ada = await app.register('Ada')
  let n = 0
  /** Each call from an address of its own, as by many hired machines. */
  const login = async (email: string, given: string, more: object = {}, headers: Record<string, string> = {}): Promise<Answer> => {
    const answer = await app.http.inject({ method: 'POST', url: '/api/v1/auth/login', remoteAddress: '10.0.0.5', headers: { 'content-type': 'application/json', 'x-forwarded-for': `192.0.${n >> 8}.${n++ % 250}`, ...headers }, payload: JSON.stringify({ email, password: given, ...more }) })
    return { status: answer.statusCode, body: answer.json(), cookies: [answer.headers['set-cookie'] ?? []].flat(), location: undefined }
  }
  const besiege = async (email = 'ada@example.test', times = 100) => {
    const statuses = (await Promise.all(Array.from({ length: times }, () => login(email, 'not the password')))).map(({ status }) => status)
    assert.deepEqual([...new Set(statuses)].sort(), [401, 429], statuses.join(' '))
    assert.ok(statuses.filter((status) => status === 401).length <= 32, 'strangers guess on')
  }
  return { app, ada, login, besiege }
}
/** A browser at the pages, which keeps its cookies. */
function browserOf(app: TestApp, jar = new Map<string, string>()) {
  const ask = async (method: 'GET' | 'POST', url: string, form?: Record<string, string>): Promise<Answer & { text: string }> => {
    const answer = await app.http.inject({ method, url, headers: { ...own, accept: 'text/html', cookie: [...jar].map((pair) => pair.join('=')).join('; '), ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) }, ...(form ? { payload: new URLSearchParams(form).toString() } : {}) })
    const cookies = [answer.headers['set-cookie'] ?? []].flat()
    for (const line of cookies) {
      const [name, value] = [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1, line.indexOf(';'))]
      if (/max-age=0/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return { status: answer.statusCode, body: {}, text: answer.body, cookies, location: answer.headers.location }
  }
  const fill = async (at: string, typed: Record<string, string>) => {
    const page = await ask('GET', at)
    const hidden = Object.fromEntries([...page.text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map((m) => [m[1]!, m[2]!]))
    return ask('POST', at.split('?')[0]!, { ...hidden, ...typed })
  }
  return { jar, ask, fill, signIn: (email: string, given = password) => fill('/login', { email, password: given }) }
}
const leave = (b: ReturnType<typeof browserOf>) => b.fill('/logout', {})

test('a stranger who guesses from many addresses is refused; the owner signs in where they did before, by the page and by the API', async (t) => {
  const { app, login, besiege } = await setUp(t)
  const b = browserOf(app)
  const first = await b.signIn('ada@example.test')
  assert.equal(first.status, 303)
  assert.match(deviceIn(first)!, /^groundwork_device=[\w-]{22}\.[\w-]{43}; Path=\/; Max-Age=34560000; HttpOnly; SameSite=Strict$/)
  await leave(b)
  assert.ok(b.jar.has('groundwork_device'), 'it outlives the session')
  const { body: { deviceToken } } = await login('ada@example.test', password)
  assert.match(deviceToken, /^[\w-]{22}\.[\w-]{43}$/)
  await besiege()

  assert.equal(told(await login('ada@example.test', password)), '429 rate.limited', 'where nobody knows the device the shared count rules')
  const again = await b.signIn('ada@example.test')
  assert.equal(again.status, 303, again.text)
  assert.equal(deviceIn(again)!.split(';')[0], deviceIn(first)!.split(';')[0], 'the same, so that signing in gives no fresh count')
  const byApi = await login('ada@example.test', password, { deviceToken })
  assert.deepEqual([byApi.status, byApi.body.deviceToken], [200, deviceToken])
  const byConsole = await login('ada@example.test', password, {}, { ...own, cookie: `groundwork_device=${b.jar.get('groundwork_device')}` })
  assert.deepEqual([byConsole.status, byConsole.body.deviceToken, deviceIn(byConsole) !== undefined], [200, null, true], 'no script of a page reads it')
  assert.doesNotMatch(JSON.stringify(await app.query('select e::text from events e')), new RegExp(deviceToken))
})

test('another account\'s device, an invented and an altered one help nobody, and tell nothing about an address', async (t) => {
  const { app, login, besiege } = await setUp(t)
  const eve = (await app.register('Eve')) as Signed & { deviceToken: string }
  const mine = (await login('ada@example.test', password)).body.deviceToken as string
  await besiege()
  await besiege('nobody@example.test')
  for (const deviceToken of [eve.deviceToken, `${mine.slice(0, 22)}.${eve.deviceToken.slice(23)}`, `${mine.slice(0, -2)}xx`, `${'A'.repeat(22)}.${'A'.repeat(43)}`, 'no token at all']) {
    const [known, unknown] = [await login('ada@example.test', password, { deviceToken }), await login('nobody@example.test', password, { deviceToken })]
    assert.equal(told(known), '429 rate.limited')
    assert.deepEqual({ ...known.body, requestId: '', detail: '' }, { ...unknown.body, requestId: '', detail: '' })
    assert.equal(known.body.detail.replace(/\d+/, ''), unknown.body.detail.replace(/\d+/, ''))
  }
  assert.equal((await login('eve@example.test', password, { deviceToken: eve.deviceToken })).status, 200)
})

test('guesses on a known device are limited too, each device for itself', async (t) => {
  const { login } = await setUp(t)
  const [lost, other] = [(await login('ada@example.test', password)).body.deviceToken, (await login('ada@example.test', password)).body.deviceToken] as [string, string]
  assert.notEqual(lost, other)
  const statuses: number[] = []
  for (let tries = 0; tries < 30; tries++) statuses.push((await login('ada@example.test', 'not the password', { deviceToken: lost })).status)
  assert.ok(statuses.indexOf(429) >= 20 && statuses.indexOf(429) <= 21, statuses.join(' '))
  assert.equal(told(await login('ada@example.test', password, { deviceToken: lost })), '429 rate.limited', 'the right one too')
  assert.equal((await login('ada@example.test', password, { deviceToken: other })).status, 200)
  assert.equal((await login('ada@example.test', password)).status, 200, 'nor was the shared count touched')
})

test('a new password ends what those who knew the old one kept; the device that chose it is known', async (t) => {
  const { app, login, besiege } = await setUp(t)
  const b = browserOf(app)
  await b.signIn('ada@example.test')
  const kept = b.jar.get('groundwork_device')!
  const session = (await app.http.inject({ method: 'POST', url: '/api/v1/auth/session', headers: { ...own, cookie: [...b.jar].map((pair) => pair.join('=')).join('; ') } })).json() as { accessToken: string }
  const next = 'nine otters under the pier'
  const changed = await app.as(session.accessToken, 'PATCH', '/users/me', { password: next, currentPassword: password }, { ...own, cookie: `groundwork_device=${kept}` })
  const cookie = String(changed.headers['set-cookie'])
  assert.match(cookie, /^groundwork_device=/)
  const fresh = /=([^;~]+)/.exec(cookie)![1]!
  await besiege()
  assert.equal(told(await login('ada@example.test', next, { deviceToken: kept })), '429 rate.limited')
  assert.equal((await login('ada@example.test', next, { deviceToken: fresh })).status, 200)

  // a phone that was never signed in on: by the link in a mail, in the midst of it
  const phone = browserOf(app)
  assert.equal((await phone.fill('/forgot', { email: 'ada@example.test' })).status, 200)
  await app.settled()
  const link = /\/reset\?token=[\w-]+/.exec((await app.mails()).findLast(({ subject }) => subject === 'Choose a new password')!.text)![0]
  const last = 'four herons on a wet roof'
  const reset = await phone.fill(link, { password: last })
  assert.deepEqual([reset.status, reset.location], [303, '/login?said=reset'])
  assert.equal((await phone.signIn('ada@example.test', last)).status, 303)
  assert.equal(told(await login('ada@example.test', last, { deviceToken: fresh })), '429 rate.limited')
})

test('whoever knows the password cannot lock its owner out of the second step', async (t) => {
  const { app, ada, login } = await setUp(t)
  const { secret } = await app.ok(ada, 'POST', '/users/me/totp')
  await app.ok(ada, 'POST', '/users/me/totp/confirm', { code: codeAt(secret, stepAt(Date.now()) - 1) })
  const whole = await login('ada@example.test', password, { code: codeAt(secret, stepAt(Date.now())) })
  const { deviceToken } = whole.body
  assert.match(deviceToken, /^[\w-]{22}\./)
  const half = await login('ada@example.test', password)
  assert.deepEqual([told(half), 'deviceToken' in half.body], ['401 auth.code_required', false], 'a password alone makes no device known')
  const codes: string[] = []
  for (let tries = 0; tries < 14; tries++) codes.push((await login('ada@example.test', password, { code: '000000' })).body.code)
  assert.ok(codes.includes('rate.limited'), codes.join(' '))
  const right = codeAt(secret, stepAt(Date.now()) + 1)
  assert.equal(told(await login('ada@example.test', password, { code: right })), '429 rate.limited')
  const { body: { challenge } } = await login('ada@example.test', password, { deviceToken })
  const done = await app.as(undefined, 'POST', '/auth/login/code', { challenge, code: right, deviceToken })
  assert.equal(done.status, 200, JSON.stringify(done.body))
})

test('the owner on a device that was never used: each other way in stays open while strangers have used up the guesses', async (t) => {
  const idp = await oidcProvider(t)
  const settings = { RATE_LIMITS: 'on', TRUST_PROXY: '10.0.0.0/8', OIDC_ISSUER: idp.issuer, OIDC_CLIENT_ID: idp.clientId, OIDC_CLIENT_SECRET: idp.clientSecret, OIDC_NAME: 'Acme' }
  const app = await ssoApp(t, settings)
  await app.register('Operator')
  const ada = await app.register('ada@acme.test')
  const device = createAuthenticator('http://localhost:8080')
  await app.ok(ada, 'POST', '/users/me/passkeys', { name: 'Key', credential: device.create(await app.ok(ada, 'POST', '/users/me/passkeys/options')) })
  await app.prove(ada, 'acme.test')
  const sso = await app.ok(ada, 'POST', '/sso-providers', { protocol: 'oidc', name: 'Acme ID', oidc: { issuer: idp.issuer, clientId: idp.clientId, clientSecret: idp.clientSecret } })
  await app.identity.pool.query(`update "user" set "emailVerified" = true where email = 'ada@acme.test'`)
  idp.state.person = { sub: 'ada-there', email: 'ada@acme.test', email_verified: true, name: 'Ada', groups: [] }
  const tried = app.browser()
  await tried.get(await idp.follow(String((await tried.get((await app.ok(ada, 'POST', `/sso-providers/${sso.id}/test`)).signInUrl)).headers.location)))
  await app.ok(ada, 'POST', `/sso-providers/${sso.id}/enable`)
  let n = 0
  const from = () => ({ 'x-forwarded-for': `198.51.${n >> 8}.${n++ % 250}` })
  const call = async (path: string, body: object) => {
    const answer = await app.http.inject({ method: 'POST', url: `/api/v1${path}`, remoteAddress: '10.0.0.5', headers: { 'content-type': 'application/json', ...from() }, payload: JSON.stringify(body) })
    return { status: answer.statusCode, body: answer.body ? answer.json() : undefined, headers: answer.headers }
  }
  // a hundred guesses and forty mails asked for, each from an address of its own
  for (let guess = 0; guess < 100; guess++) await call('/auth/login', { email: 'ada@acme.test', password: 'not the password' })
  for (let mail = 0; mail < 40; mail++) await call('/auth/forgot-password', { email: 'ada@acme.test' })
  const refused = await call('/auth/login', { email: 'ada@acme.test', password })
  assert.deepEqual([refused.status, refused.body.code], [429, 'rate.limited'])
  assert.match(refused.body.detail, /^many tries for this address came from elsewhere: set a new password by mail, .* sign in with a passkey or where you did before, or wait \d+ (s|minutes)$/)
  const page = app.browser()
  const said = await page.submit(await page.get('/login'), { email: 'ada@acme.test', password })
  assert.match(faultOf(said), /^Many tries for this address came from elsewhere: set a new password by mail/)
  assert.match(String(said.body), /href="\/forgot">Set a new password by mail/)

  // a passkey
  assert.equal((await call('/auth/passkey', { credential: device.get(await app.ok(undefined, 'POST', '/auth/passkey/options')) })).status, 200)
  // another provider, and the tenant's own
  const social = app.browser()
  assert.equal((await social.get(await idp.follow(String((await social.get('/login/with/oidc')).headers.location)))).status, 303)
  const single = app.browser()
  assert.equal((await single.get(await idp.follow(refreshOf(await single.submit(await single.get('/login/sso'), { email: 'ada@acme.test' }))))).status, 303)
  // the mail: strangers who ask for many take none from its owner
  await app.settled()
  const links = (await app.mails()).filter(({ subject }) => subject === 'Choose a new password').map(({ text }) => /token=([\w-]+)/.exec(text)![1]!)
  assert.equal(links.length, 10)
  const next = 'four herons on a wet roof'
  const reset = await call('/auth/reset-password', { token: links[0], password: next })
  assert.equal(reset.status, 204)
  assert.equal(told(await call('/auth/login', { email: 'ada@acme.test', password: next })), '429 rate.limited')
  assert.equal((await call('/auth/login', { email: 'ada@acme.test', password: next, deviceToken: reset.headers['groundwork-device-token'] })).status, 200)
  assert.equal(told(await call('/auth/reset-password', { token: links[9], password })), '422 auth.link_refused', 'a new password ends the other links')
})

test('codes that strangers who know the password try use up neither another first step nor a running session', async (t) => {
  const idp = await oidcProvider(t)
  const app = await ssoApp(t, { RATE_LIMITS: 'on', OIDC_ISSUER: idp.issuer, OIDC_CLIENT_ID: idp.clientId, OIDC_CLIENT_SECRET: idp.clientSecret, OIDC_NAME: 'Acme' })
  await app.register('Operator')
  const ada = await app.register('ada@acme.test')
  await app.identity.pool.query(`update "user" set "emailVerified" = true where email = 'ada@acme.test'`)
  const { secret } = await app.ok(ada, 'POST', '/users/me/totp')
  const { recoveryCodes } = await app.ok(ada, 'POST', '/users/me/totp/confirm', { code: codeAt(secret, stepAt(Date.now()) - 1) })
  const codes: string[] = []
  for (let tries = 0; tries < 14; tries++) codes.push((await app.as(undefined, 'POST', '/auth/login', { email: 'ada@acme.test', password, code: '000000' })).body.code)
  assert.ok(codes.includes('rate.limited'), codes.join(' '))
  assert.equal((await app.as(ada, 'POST', '/auth/step-up', { code: recoveryCodes[0] })).status, 204)
  idp.state.person = { sub: 'ada-there', email: 'ada@acme.test', email_verified: true, name: 'Ada', groups: [] }
  const b = app.browser()
  const second = await b.get(await idp.follow(String((await b.get('/login/with/oidc')).headers.location)))
  const done = await b.submit(second, { code: recoveryCodes[1] })
  assert.equal(done.status, 303, faultOf(done))
  const guessed: number[] = []
  for (let tries = 0; tries < 12; tries++) guessed.push((await app.as(ada, 'POST', '/auth/step-up', { code: '000000' })).status)
  assert.ok(guessed.includes(429), 'a session has a count too')
})

test('an application with the password grant keeps a token as well', async (t) => {
  const { app, ada, besiege } = await setUp(t)
  const made = await app.ok(ada, 'POST', '/oauth-clients', { name: 'Old app', grantTypes: ['password'], scopes: ['read'] })
  const ask = (more: Record<string, string> = {}) => post(app, `/t/${ada.tenant!.id}/oauth/token`, { grant_type: 'password', username: 'ada@example.test', password, ...more }, basic(made.clientId, made.clientSecret))
  const { device_token: kept } = (await ask()).body
  await besiege()
  const refused = await ask()
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant'])
  assert.equal((await ask({ device_token: kept })).status, 200)
})

test('people who share a browser keep a token each, and no more than four', () => {
  const devices = createDeviceTokens('secret')
  const account = (n: number) => ({ id: `0198d3a0-0000-7000-8000-00000000000${n}`, password: `hash ${n}` })
  let cookie = ''
  for (let n = 0; n < 6; n++) cookie = devices.join(devices.keep(devices.read(cookie), account(n)), devices.read(cookie))
  const given = devices.read(cookie)
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((n) => devices.find(given, account(n)) !== undefined), [false, false, true, true, true, true])
  assert.equal(devices.join(devices.keep(given, account(3)), given).split('~').length, 4)
  assert.equal(devices.find(given, { ...account(3), password: 'another' }), undefined)
  assert.equal(devices.find(given, undefined), undefined)
  assert.deepEqual(devices.read('~'.repeat(5000)), [])
})
