// Providers know our home alone; whoever sets out at a tenant's own door comes back to it, signed in there and nowhere else.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import { password, type Signed } from '../../testing/app.ts'
import { oidcProvider, samlProvider, selfSigned } from '../../testing/identity-provider.ts'
import { faultOf, refreshOf, ssoApp, type SsoApp } from '../../testing/sso.ts'

const home = 'http://localhost:8080'
const door = 'lighthouse.apps.example.com'
const ownForm = { origin: `http://${door}`, 'sec-fetch-site': 'same-origin' }
const pathOf = (url: string) => url.replace(/^http:\/\/[^/]+/, '')
const mia = { sub: 'mia-at-acme', email: 'mia@acme.test', email_verified: true, name: 'Mia', groups: [] }

async function setUp(t: TestContext, settings: Record<string, string> = {}) {
  const [app, idp] = [await ssoApp(t, { TENANT_BASE_DOMAIN: 'apps.example.com', ...settings }), await oidcProvider(t)]
  await app.register('Operator')
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  return { app, idp, ada }
}
async function enable(app: SsoApp, ada: Signed, idp: Awaited<ReturnType<typeof oidcProvider>>) {
  await app.prove(ada, 'acme.test')
  const { id } = await app.ok(ada, 'POST', '/sso-providers', { protocol: 'oidc', name: 'Acme ID', oidc: { issuer: idp.issuer, clientId: idp.clientId, clientSecret: idp.clientSecret } })
  idp.state.person = mia
  const test = await app.ok(ada, 'POST', `/sso-providers/${id}/test`)
  const b = app.browser()
  await b.get(await idp.follow(String((await b.get(test.signInUrl)).headers.location)))
  await app.ok(ada, 'POST', `/sso-providers/${id}/enable`)
  return id as string
}

test('single sign-on begun at a tenant\'s own door ends there (S2.7, S4.6)', async (t) => {
  const { app, idp, ada } = await setUp(t)
  await enable(app, ada, idp)
  const at = app.browser(door)
  const left = await at.submit(await at.get('/login/sso?next=/projects'), { email: 'mia@acme.test' }, ownForm)
  const back = await idp.follow(refreshOf(left))
  assert.ok(back.startsWith(`${home}/login/callback/`), back)
  const handed = await app.browser().get(back) // the browser's cookies of home say nothing
  assert.equal(handed.status, 303, faultOf(handed))
  const arrival = String(handed.headers.location)
  assert.match(arrival, new RegExp(`^http://${door}/login/finish\\?token=[\\w-]+$`))
  assert.deepEqual(handed.cookies.filter((line) => /session|refresh/.test(line)), [], 'nobody is signed in at home')
  assert.match(faultOf(await app.browser(door).get(pathOf(arrival))), /another browser/)
  assert.match(faultOf(await at.get(pathOf(arrival))), /used already/)

  const again = await at.submit(await at.get('/login/sso?next=/projects'), { email: 'mia@acme.test' }, ownForm)
  const next = await app.browser().get(await idp.follow(refreshOf(again)))
  const done = await at.get(pathOf(String(next.headers.location)))
  assert.deepEqual([done.status, done.headers.location], [303, '/projects'], faultOf(done))
  const pair = await at.post('/auth/session', ownForm)
  assert.deepEqual([pair.body.user.email, pair.body.tenant.id], ['mia@acme.test', ada.tenant!.id])
  assert.ok(!at.jar.has('groundwork_device'), 'a provider of a tenant makes no device known for the person\'s password')
  assert.match(faultOf(await at.get(pathOf(String(next.headers.location)))), /used already/)
})

test('whoever sets out and lets somebody else sign in cannot fetch what that proved: its name is known to the way back alone', async (t) => {
  const { app, idp, ada } = await setUp(t)
  await enable(app, ada, idp)
  const eve = app.browser(door)
  const back = await idp.follow(refreshOf(await eve.submit(await eve.get('/login/sso'), { email: 'mia@acme.test' }, ownForm))) // Mia, whom Eve sent there
  const handed = String((await app.browser().get(back)).headers.location)
  const known = new URL(back).searchParams.get('state')!
  assert.ok(handed.startsWith(`http://${door}/login/finish?`) && !handed.includes(known), handed)
  assert.match(faultOf(await eve.get(`/login/finish?token=${known}`)), /used already/)
  assert.equal((await eve.post('/auth/session', ownForm)).status, 401)
})

test('a door that is no longer the tenant\'s takes nobody in who set out at it', async (t) => {
  const { app, idp, ada } = await setUp(t)
  await enable(app, ada, idp)
  await app.prove(ada, 'work.acme.test')
  const at = app.browser('work.acme.test')
  const out = refreshOf(await at.submit(await at.get('/login/sso'), { email: 'mia@acme.test' }, { origin: 'http://work.acme.test', 'sec-fetch-site': 'same-origin' }))
  const arrival = String((await app.browser().get(await idp.follow(out))).headers.location)
  assert.ok(arrival.startsWith('http://work.acme.test/'), arrival)
  await app.ok(ada, 'DELETE', `/domains/${(await app.ok(ada, 'GET', '/domains')).items.find((d: { name: string }) => d.name === 'work.acme.test').id}`)
  while (!String((await app.browser('work.acme.test').get('/login')).body).includes('/signup')) await new Promise((resolve) => setTimeout(resolve, 20)) // doors are remembered until the log tells otherwise
  assert.match(faultOf(await at.get(pathOf(arrival))), /no longer the door/)
})

test('by SAML too, whose answer comes without a cookie; at a name that is nobody\'s door one stays at home', async (t) => {
  const { app, ada } = await setUp(t)
  const saml = samlProvider(selfSigned())
  await app.prove(ada, 'acme.test')
  const provider = await app.ok(ada, 'POST', '/sso-providers', { protocol: 'saml', name: 'Acme SAML', saml: { metadata: saml.metadata() } })
  const { acsUrl, entityId } = provider.saml.ours
  const answerTo = async (out: string) => {
    const url = new URL(out)
    const to = { acs: acsUrl, entityId, requestId: /ID="(_[0-9a-f]+)"/.exec(inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest')!, 'base64')).toString())![1]! }
    const form = new URLSearchParams({ SAMLResponse: Buffer.from(await saml.answer(to, { nameId: 'mia@acme.test', name: 'Mia' })).toString('base64'), RelayState: url.searchParams.get('RelayState')! })
    const posted = await app.http.inject({ method: 'POST', url: pathOf(acsUrl), headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://idp.example.test' }, payload: form.toString() })
    return String(posted.headers.location)
  }
  const { signInUrl } = await app.ok(ada, 'POST', `/sso-providers/${provider.id}/test`)
  const b = app.browser()
  await b.get(await answerTo(String((await b.get(pathOf(signInUrl))).headers.location)))
  await app.ok(ada, 'POST', `/sso-providers/${provider.id}/enable`)
  const at = app.browser(door)
  const arrival = await answerTo(refreshOf(await at.submit(await at.get('/login/sso'), { email: 'mia@acme.test' }, ownForm)))
  assert.ok(arrival.startsWith(`http://${door}/login/finish?`), arrival)
  assert.equal((await at.get(pathOf(arrival))).status, 303)
  assert.equal((await at.post('/auth/session', ownForm)).body.user.email, 'mia@acme.test')
  for (const host of ['evil.example', 'apps.example.com', 'www.apps.example.com']) {
    const c = app.browser(host)
    const there = await answerTo(refreshOf(await c.submit(await c.get('/login/sso'), { email: 'mia@acme.test' }, { origin: `http://${host}` })))
    assert.match(there, /^\/login\/finish\?/, host)
  }
})

test('accounts elsewhere sign in and are linked at a door; a passkey is asked for at home, with script, and at a door of another name led to', async (t) => {
  const { app, idp } = await setUp(t)
  const own = await ssoApp(t, { TENANT_BASE_DOMAIN: 'apps.example.com', OIDC_ISSUER: idp.issuer, OIDC_CLIENT_ID: idp.clientId, OIDC_CLIENT_SECRET: idp.clientSecret, OIDC_NAME: 'Acme' })
  await own.register('Operator')
  const ada = await own.register('Ada', { tenantName: 'Lighthouse' })
  idp.state.person = { sub: 'ada-there', email: 'ada@elsewhere.example', email_verified: false, name: 'Ada' }
  const at = own.browser(door)
  await at.submit(await at.get('/login'), { email: 'ada@example.test', password }, ownForm)
  const { url } = await own.ok(ada, 'POST', '/users/me/linked-accounts', { provider: 'oidc' }, { host: door })
  assert.ok(url.startsWith(`http://${door}/login/link/`), url)
  const out = await at.get(pathOf(url))
  const handed = await own.browser().get(await idp.follow(String(out.headers.location)))
  const linked = await at.get(pathOf(String(handed.headers.location)))
  assert.deepEqual([linked.status, linked.headers.location], [303, '/account'], faultOf(linked))

  const fresh = own.browser(door)
  const left = await fresh.get('/login/with/oidc?next=/projects')
  const arrival = String((await own.browser().get(await idp.follow(String(left.headers.location)))).headers.location)
  assert.equal((await fresh.get(pathOf(arrival))).headers.location, '/projects')
  assert.equal((await fresh.post('/auth/session', ownForm)).body.tenant.id, ada.tenant!.id)

  // a domain of the tenant's own: whoever answers there could keep the session, so it opens that tenant alone
  await own.ok(ada, 'POST', '/tenants', { name: 'Second' })
  await own.prove(ada, 'work.acme.test')
  const away = own.browser('work.acme.test')
  const ownDoor = { origin: 'http://work.acme.test', 'sec-fetch-site': 'same-origin' }
  const sent = await away.get('/login/with/oidc')
  const arrivedAt = String((await own.browser().get(await idp.follow(String(sent.headers.location)))).headers.location)
  assert.equal((await away.get(pathOf(arrivedAt))).status, 303)
  const bound = (await away.post('/auth/session', ownDoor)).body
  assert.deepEqual([bound.tenant.id, (await own.as(bound, 'POST', '/auth/switch', { tenant: 'second' })).body.code], [ada.tenant!.id, 'tenant.other_provider'])
  const free = (await fresh.post('/auth/session', ownForm)).body
  assert.equal((await own.as(free, 'POST', '/auth/switch', { tenant: 'second' })).status, 200)

  const [there, here] = [String((await app.browser('lighthouse.apps.example.com').get('/login')).body), String((await app.browser().get('/login')).body)]
  assert.deepEqual([/href="\/login\/passkey\/leave"/.test(there), /<script/.test(there), /leave/.test(here), /<script/.test(here)], [true, false, false, true])
  assert.deepEqual([/\/signup/.test(there), /\/signup/.test(here)], [false, true], 'an account made at a tenant\'s door would open another team than the door\'s')
})

test('a domain that lapsed signs nobody in (S4.6)', async (t) => {
  const { app, idp, ada } = await setUp(t)
  await enable(app, ada, idp)
  const b = app.browser()
  const out = refreshOf(await b.submit(await b.get('/login/sso'), { email: 'mia@acme.test' }))
  app.records.clear()
  await app.query(`update domains set checked_at = now() - interval '1 day'`)
  await app.query(`update jobs set run_at = now(), status = 'ready' where id = (select id from jobs where name = 'tenancy.recheck-domains' order by id limit 1)`)
  app.kernel.bell.ring()
  await app.settled()
  assert.equal((await app.ok(ada, 'GET', '/domains')).items[0].status, 'lapsed')
  assert.match(faultOf(await b.get(await idp.follow(out))), /domain acme\.test is not proven/, 'who was under way')
  assert.match(faultOf(await b.submit(await b.get('/login/sso'), { email: 'mia@acme.test' })), /No single sign-on is set up/)
})
