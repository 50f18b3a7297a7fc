// Passkeys at tenants' doors: below PUBLIC_URL's host the gesture happens there; a tenant's own domain sends its people home for it and back, and what
// it proved is nobody else's, opens that tenant alone, and goes nowhere once the door is closed.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Signed } from '../../testing/app.ts'
import { createAuthenticator } from '../../testing/authenticator.ts'
import type { Answered } from '../../testing/identity.ts'
import { faultOf, refreshOf, ssoApp, type SsoApp } from '../../testing/sso.ts'

const house = 'groundwork.example.com'
const home = `https://${house}`
const below = `lighthouse.${house}`
const work = 'login.acme.example'
const own = (host: string) => ({ origin: `https://${host}`, 'sec-fetch-site': 'same-origin' })
const told = ({ status, body }: { status: number; body: any }) => `${status} ${body?.code ?? ''}`.trim()
/** Doors are remembered until the log tells otherwise. */
const until = async (holds: () => Promise<boolean>) => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}
const pathOf = (url: string) => url.replace(/^https:\/\/[^/]+/, '')
/** The question a page at home carries. */
const asked = (page: Answered) => JSON.parse(/data-options="([^"]*)"/.exec(String(page.body))?.[1]?.replaceAll('&quot;', '"') ?? 'null')
type Device = ReturnType<typeof createAuthenticator>

async function setUp(t: TestContext, settings: Record<string, string> = {}) {
  const app = await ssoApp(t, { PUBLIC_URL: home, TENANT_BASE_DOMAIN: house, ...settings })
  const ops = await app.register('Operator')
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  await app.prove(ada, work)
  return { app, ops, ada, device: await withPasskey(app, ada) }
}
async function withPasskey(app: SsoApp, person: Signed): Promise<Device> {
  const device = createAuthenticator(home)
  await app.ok(person, 'POST', '/users/me/passkeys', { name: 'Laptop', credential: device.create(await app.ok(person, 'POST', '/users/me/passkeys/options')) })
  return device
}
/** Answers on the sign-in page at `host`. */
async function answerAt(app: SsoApp, host: string, device: Device, { origin = `https://${host}`, b = app.browser(host) } = {}): Promise<Answered> {
  const page = await b.get('/login?next=/projects')
  const form = { ...page, body: String(page.body).slice(String(page.body).indexOf('<form method="post" action="/login/passkey"')) }
  const { body: options } = await b.post('/auth/passkey/options', own(host))
  return b.submit(form, { credential: JSON.stringify(device.get(options, { origin })) }, own(host))
}
/** From the door to the page at home. */
async function sentHome(app: SsoApp, { at = app.browser(work), there = app.browser(house), next = '/projects' } = {}) {
  const url = String((await at.get(`/login/passkey/leave?next=${encodeURIComponent(next)}`)).headers.location)
  return { at, there, url, page: await there.get(pathOf(url)) }
}
const proveAt = async (there: ReturnType<SsoApp['browser']>, page: Answered, credential: object) => there.submit(page, { credential: JSON.stringify(credential) }, own(house))
async function arrived(app: SsoApp, device: Device, how: Parameters<typeof sentHome>[1] = {}) {
  const { at, there, page } = await sentHome(app, how)
  const done = await proveAt(there, page, device.get(asked(page)))
  return { at, there, done, arrival: refreshOf(done) }
}

test('at a door below PUBLIC_URL\'s host the gesture happens there, for pages of that very door (S2.7)', async (t) => {
  const { app, ada, device } = await setUp(t)
  const eve = await app.register('Eve', { tenantName: 'Evening' })
  const done = await answerAt(app, below, device)
  assert.deepEqual([done.status, done.headers.location], [303, '/projects'], faultOf(done))
  const api = await app.ok(undefined, 'POST', '/auth/passkey/options', undefined, { host: below })
  assert.deepEqual([api.rpId, api.elsewhere], [house, undefined])
  const signed = await app.ok(undefined, 'POST', '/auth/passkey', { credential: device.get(api, { origin: `https://${below}` }) }, { host: below })
  assert.equal(signed.user.id, ada.user.id)
  for (const origin of ['https://evil.groundwork.example.com', `https://evening.${house}`, home, `http://${below}`, `https://${below}:8443`, 'https://evil.example'])
    assert.match(faultOf(await answerAt(app, below, device, { origin })), /passkey is not accepted/, origin)
  assert.match(faultOf(await answerAt(app, house, device, { origin: `https://${below}` })), /passkey is not accepted/, 'a door\'s page at home')
  const again = await app.ok(ada, 'POST', '/users/me/passkeys/options', undefined, { host: below })
  const more = createAuthenticator(`https://${below}`)
  assert.equal((await app.as(ada, 'POST', '/users/me/passkeys', { name: 'Phone', credential: more.create(again) })).status, 422, 'asked at a door, kept at home')
  const once = await app.ok(ada, 'POST', '/users/me/passkeys/options', undefined, { host: below })
  await app.ok(ada, 'POST', '/users/me/passkeys', { name: 'Phone', credential: more.create(once) }, { host: below })
  assert.equal((await answerAt(app, below, more)).status, 303)
  const step = await app.ok(undefined, 'POST', '/auth/passkey/options', undefined, { host: below })
  assert.equal(told(await app.as(eve, 'POST', '/auth/step-up', { passkey: more.get(step) }, { host: below })), '403 tenant.mismatch')
  const mine = await app.ok(undefined, 'POST', '/auth/passkey/options', undefined, { host: below })
  assert.equal((await app.as(ada, 'POST', '/auth/step-up', { passkey: more.get(mine) }, { host: below })).status, 204)
})

test('an answer begun at one door counts at no other, for no other browser, and a header invents no door', async (t) => {
  const { app, device } = await setUp(t)
  await app.register('Eve', { tenantName: 'Evening' })
  const [here, there] = [below, `evening.${house}`]
  const ask = (host: string, headers: Record<string, string> = {}) => app.ok(undefined, 'POST', '/auth/passkey/options', undefined, { host, ...headers })
  const give = async (host: string, options: never, origin: string, headers: Record<string, string> = {}) => told(await app.as(undefined, 'POST', '/auth/passkey', { credential: device.get(options, { origin }) }, { host, ...headers }))
  for (const [asks, answers] of [[here, there], [there, here], [house, here], [here, house]] as const)
    for (const origin of [`https://${asks}`, `https://${answers}`]) assert.equal(await give(answers, (await ask(asks)) as never, origin), '401 auth.passkey_refused', `${asks} -> ${answers} as ${origin}`)
  assert.equal(await give(house, (await ask(house, { 'x-forwarded-host': here })) as never, `https://${here}`, { 'x-forwarded-host': here }), '401 auth.passkey_refused')
  assert.equal(await give(here, (await ask(here, { cookie: '__Secure-groundwork_form=AAAAAAAAAAAAAAAAAAAAAA' })) as never, `https://${here}`), '401 auth.passkey_refused', 'another browser\'s question')
  assert.equal(await give(here, (await ask(here)) as never, `https://${here}`), '200')
  const behind = await ssoApp(t, { PUBLIC_URL: home, TENANT_BASE_DOMAIN: house, TRUST_PROXY: '127.0.0.1' })
  await behind.register('Operator')
  const trusted = await withPasskey(behind, await behind.register('Ada', { tenantName: 'Lighthouse' }))
  const headers = { host: '10.0.0.7:8080', 'x-forwarded-host': below }
  const credential = trusted.get(await behind.ok(undefined, 'POST', '/auth/passkey/options', undefined, headers), { origin: `https://${below}` })
  assert.equal((await behind.as(undefined, 'POST', '/auth/passkey', { credential }, headers)).status, 200, 'a proxy in TRUST_PROXY says which door it is')
})

test('at a tenant\'s own domain one is sent home for the gesture and comes back signed in, for that tenant alone (S2.7, S4.6)', async (t) => {
  const { app, ops, ada, device } = await setUp(t)
  const page = await app.browser(work).get('/login?next=/projects')
  assert.match(String(page.body), /href="\/login\/passkey\/leave\?next=%2Fprojects"/)
  assert.doesNotMatch(String(page.body), /<script/)
  const { at, done, arrival } = await arrived(app, device)
  assert.match(arrival, new RegExp(`^https://${work}/login/finish\\?token=[\\w-]{43}$`), faultOf(done))
  assert.deepEqual(done.cookies.filter((line) => /session|refresh/.test(line)), [], 'nobody is signed in at home')
  const back = await at.get(pathOf(arrival))
  assert.deepEqual([back.status, back.headers.location], [303, '/projects'], faultOf(back))
  const pair = (await at.post('/auth/session', own(work))).body
  assert.deepEqual([pair.user.id, pair.tenant.id], [ada.user.id, ada.tenant!.id])
  assert.match(faultOf(await at.get(pathOf(arrival))), /used already/)
  assert.equal((await app.as(pair, 'GET', '/members', undefined, { host: work })).status, 200)
  // whoever answers at the tenant's domain could keep the session: it opens no other tenant of the person's and changes no credentials
  const second = await app.ok(ada, 'POST', '/tenants', { name: 'Second' })
  assert.equal(told(await app.as(pair, 'POST', '/auth/switch', { tenant: second.id })), '403 tenant.other_provider')
  assert.equal(told(await app.as(pair, 'POST', '/users/me/passkeys/options')), '403 auth.step_up_required')
  await app.identity.pool.query(`update "user" set role = 'operator' where id = $1`, [ada.user.id])
  app.identity.doorkeeper.forgetAll()
  assert.equal(told(await app.as(pair, 'GET', '/users')), '403 operator.required', 'nor the operators\' office')
  assert.equal((await app.as(ada, 'GET', '/users')).status, 200)
  // who is no member is let in nowhere
  const stranger = await arrived(app, await withPasskey(app, ops))
  assert.match(faultOf(await stranger.at.get(pathOf(stranger.arrival))), /no member/)
  assert.equal((await stranger.at.post('/auth/session', own(work))).status, 401)
  assert.deepEqual((await app.ok(undefined, 'POST', '/auth/passkey/options', undefined, { host: work })).elsewhere, true)
  const direct = await app.ok(undefined, 'POST', '/auth/passkey/options', undefined, { host: work })
  assert.equal(told(await app.as(undefined, 'POST', '/auth/passkey', { credential: device.get(direct, { origin: `https://${work}` }) }, { host: work })), '401 auth.passkey_refused')
})

test('what was proven at home is fetched by the browser that set out, and asked for by the one that arrived', async (t) => {
  const { app, device } = await setUp(t)
  const sent = await sentHome(app)
  assert.match(faultOf(await app.browser(house).get(pathOf(sent.url))), /begun in another browser/, 'a copy of the address')
  assert.equal((await sent.there.get(pathOf(sent.url))).status, 200, 'the same page again')
  const other = await sentHome(app)
  assert.match(faultOf(await proveAt(sent.there, sent.page, device.get(asked(other.page)))), /passkey is not accepted/, 'the question of another way')
  const plain = await app.ok(undefined, 'POST', '/auth/passkey/options')
  assert.match(faultOf(await proveAt(sent.there, sent.page, device.get(plain))), /passkey is not accepted/, 'the question of the sign-in page')
  assert.match(faultOf(await proveAt(other.there, { ...other.page, body: String(other.page.body).replace(/leg=[\w-]+/, /leg=[\w-]+/.exec(sent.url)![0]) }, device.get(asked(sent.page)))), /begun in another browser/)
  const done = await proveAt(sent.there, sent.page, device.get(asked(await sent.there.get(pathOf(sent.url)))))
  const arrival = refreshOf(done)
  assert.match(faultOf(await app.browser(work).get(pathOf(arrival))), /another browser/)
  assert.match(faultOf(await sent.at.get(pathOf(arrival))), /used already/, 'and it is gone')
  assert.match(faultOf(await proveAt(sent.there, sent.page, device.get(asked(sent.page)))), /used already/)
  const known = new URL(other.url).searchParams.get('leg')!
  assert.equal(refreshOf(await proveAt(other.there, other.page, device.get(asked(other.page)))).includes(known), false, 'whoever set out knows that name')
  assert.match(faultOf(await other.at.get(`/login/finish?token=${known}`)), /used already/)
  const elsewhere = await arrived(app, device)
  const stray = app.browser(below)
  for (const [name, value] of elsewhere.at.jar) stray.jar.set(name, value)
  assert.match(faultOf(await stray.get(pathOf(elsewhere.arrival))), /no longer the door/, 'another door, with the same cookie')
  assert.match(faultOf(await app.browser(work).get(pathOf((await sentHome(app)).url))), /This page is at https:\/\/groundwork/)
})

test('one comes back to a door of a tenant and to a path of it, nowhere else', async (t) => {
  const { app, device } = await setUp(t)
  for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
    const { at, arrival } = await arrived(app, device, { next })
    assert.ok(arrival.startsWith(`https://${work}/login/finish?`), arrival)
    assert.equal((await at.get(pathOf(arrival))).headers.location, '/', next)
  }
  for (const host of ['evil.example', `nobody.${house}`]) {
    const there = app.browser(house)
    const { at, arrival } = await arrived(app, device, { at: app.browser(host), there })
    assert.match(arrival, /^\/login\/finish\?/, `${host}: home alone`)
    assert.match(faultOf(await there.get(arrival)), /another browser/)
    assert.notEqual((await at.get(arrival)).status, 500)
  }
  const forged = await app.http.inject({ method: 'GET', url: '/login/passkey/leave', headers: { host: house, 'x-forwarded-host': work } })
  const there = app.browser(house)
  const page = await there.get(pathOf(String(forged.headers.location)))
  assert.match(refreshOf(await proveAt(there, page, device.get(asked(page)))), /^\/login\/finish\?/)
})

test('a door that is closed, lapsed or given up gets nobody\'s proof', async (t) => {
  const { app, ops, ada, device } = await setUp(t)
  const [under, before] = [await sentHome(app), await arrived(app, device)]
  await app.ok(ops, 'PATCH', `/tenants/${ada.tenant!.id}`, { status: 'suspended' })
  await until(async () => (await app.as(undefined, 'POST', '/auth/passkey/options', undefined, { host: work })).status === 403)
  assert.match(faultOf(await proveAt(under.there, under.page, device.get(asked(under.page)))), /suspended/)
  assert.match(faultOf(await before.at.get(pathOf(before.arrival))), /suspended/)
  assert.match(faultOf(await app.browser(work).get('/login/passkey/leave')), /suspended/)
  for (const host of [work, below]) {
    assert.doesNotMatch(String((await app.browser(host).get('/login')).body), /passkey/)
    assert.equal(told(await app.as(undefined, 'POST', '/auth/passkey/options', undefined, { host })), '403 tenant.suspended')
  }
  await app.ok(ops, 'PATCH', `/tenants/${ada.tenant!.id}`, { status: 'active' })
  await until(async () => (await app.as(undefined, 'POST', '/auth/passkey/options', undefined, { host: work })).status === 200)
  const [again, late] = [await sentHome(app), await arrived(app, device)]
  const { items } = await app.ok(ada, 'GET', '/domains')
  await app.ok(ada, 'DELETE', `/domains/${items[0].id}`)
  await until(async () => !String((await app.browser(work).get('/login')).body).includes('/login/passkey/leave'))
  assert.match(faultOf(await proveAt(again.there, again.page, device.get(asked(again.page)))), /no longer the tenant/)
  assert.match(faultOf(await late.at.get(pathOf(late.arrival))), /no longer the door/)
})

test('who only ever uses the tenant\'s own domain makes a passkey, proves themselves and meets a demand for passkeys (S4.6)', async (t) => {
  const { app, ada } = await setUp(t)
  const mia = await app.member(ada, 'member', 'Mia')
  await app.ok(ada, 'PATCH', '/security', { passkeys: 'required' })
  const at = app.browser(work)
  await at.submit(await at.get('/login'), { email: 'mia@example.test', password: 'tulips-under-glass 41' }, own(work))
  const pair = (await at.post('/auth/session', own(work))).body
  const members = () => app.as(pair, 'GET', '/members', undefined, { host: work })
  assert.equal(told(await members()), '403 tenant.passkey_required')
  const begin = async (path: string, body: object) => {
    const answer = await app.as(pair, 'POST', path, body, { host: work, ...own(work) })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    const [cookie] = [answer.headers['set-cookie']].flat() as string[]
    at.jar.set('__Secure-groundwork_outside', /=([^;]+)/.exec(cookie!)![1]!)
    const there = app.browser(house)
    return { there, page: await there.get(pathOf(answer.body.url)) }
  }
  assert.equal((await app.ok(pair, 'POST', '/users/me/passkeys/options', undefined, { host: work })).elsewhere, true)
  const making = await begin('/users/me/passkeys/elsewhere', { name: 'Phone', next: '/account' })
  assert.match(String(making.page.body), /It will sign in mia@example\.test/)
  const device = createAuthenticator(home)
  const made = refreshOf(await proveAt(making.there, making.page, device.create(asked(making.page))))
  assert.equal((await app.ok(pair, 'GET', '/users/me/passkeys', undefined, { host: work })).items.length, 0, 'not before the browser that asked has come back')
  const back = await at.get(pathOf(made))
  assert.deepEqual([back.status, back.headers.location], [303, '/account'], faultOf(back))
  assert.deepEqual((await app.ok(pair, 'GET', '/users/me/passkeys', undefined, { host: work })).items.map((p: { name: string }) => p.name), ['Phone'])
  assert.equal((await members()).status, 200, 'making one proved it')

  // signed in by password again: proven by the passkey, of nobody else
  const byPassword = app.browser(work)
  await byPassword.submit(await byPassword.get('/login'), { email: 'mia@example.test', password: 'tulips-under-glass 41' }, own(work))
  Object.assign(pair, (await byPassword.post('/auth/session', own(work))).body)
  assert.equal(told(await members()), '403 tenant.passkey_required')
  const proving = await begin('/auth/step-up/elsewhere', { next: '/projects' })
  const stranger = await withPasskey(app, ada)
  assert.match(faultOf(await proveAt(proving.there, proving.page, stranger.get(asked(proving.page)))), /somebody else/)
  const anew = await begin('/auth/step-up/elsewhere', { next: '/projects' })
  const proven = refreshOf(await proveAt(anew.there, anew.page, device.get(asked(anew.page))))
  assert.equal((await at.get(pathOf(proven))).headers.location, '/projects')
  assert.equal((await members()).status, 200)
  const elsewhere = await app.ok(mia, 'POST', '/tenants', { name: 'Elsewhere' })
  assert.equal(told(await app.as(pair, 'POST', '/auth/switch', { tenant: elsewhere.id })), '403 tenant.other_provider', 'what was proven there opens that tenant alone')
  const out = await begin('/auth/step-up/elsewhere', {})
  const late = refreshOf(await proveAt(out.there, out.page, device.get(asked(out.page))))
  await app.as(pair, 'POST', '/auth/logout', undefined, { host: work })
  assert.match(faultOf(await at.get(pathOf(late))), /signed out meanwhile/)
  // and signed in with it from there
  const signed = await arrived(app, device)
  assert.equal((await signed.at.get(pathOf(signed.arrival))).status, 303)
  const entered = (await signed.at.post('/auth/session', own(work))).body
  assert.equal((await app.as(entered, 'GET', '/members', undefined, { host: work })).status, 200)
  assert.equal(entered.user.id, mia.user.id)
})
