// Single sign-on of tenants end to end: a provider is tried, enabled, signs people of proven domains in to its own tenant and to no other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import { oidcProvider, samlProvider, selfSigned, type Mischief } from '../../testing/identity-provider.ts'
import type { Caller, Signed } from '../../testing/app.ts'
import { faultOf, refreshOf, ssoApp, type SsoApp } from '../../testing/sso.ts'

type Idp = Awaited<ReturnType<typeof oidcProvider>>
const codeOf = ({ status, body }: { status: number; body: any }) => `${status} ${body.code}`
const mia = { sub: 'mia-at-acme', email: 'mia@acme.test', email_verified: true, name: 'Mia', groups: ['engineers'] }

/** By the page, to where the browser ends. */
async function signIn(app: SsoApp, idp: Idp, email: string, b = app.browser()) {
  const left = await b.submit(await b.get('/login/sso?next=/projects'), { email })
  if (left.status !== 200 || !refreshOf(left)) return { b, page: left }
  return { b, page: await b.get(await idp.follow(refreshOf(left))) }
}
async function pairOf(b: ReturnType<SsoApp['browser']>): Promise<Signed> {
  const pair = await b.post('/auth/session')
  assert.equal(pair.status, 200, JSON.stringify(pair.body))
  return pair.body
}
async function makeProvider(app: SsoApp, admin: Caller, idp: Idp, more: object = {}) {
  return app.ok(admin, 'POST', '/sso-providers', { protocol: 'oidc', name: 'Acme ID', oidc: { issuer: idp.issuer, clientId: idp.clientId, clientSecret: idp.clientSecret }, roles: [{ group: 'Engineers', role: 'admin' }], defaultRole: 'viewer', ...more })
}
async function tryOut(app: SsoApp, admin: Caller, idp: Idp, id: string) {
  const test = await app.ok(admin, 'POST', `/sso-providers/${id}/test`)
  assert.deepEqual([test.reachable, test.problem], [true, null])
  const b = app.browser()
  return b.get(await idp.follow(String((await b.get(test.signInUrl)).headers.location)))
}
async function enabled(app: SsoApp, admin: Caller, idp: Idp, domain: string, more: object = {}) {
  await app.prove(admin, domain)
  const { id } = await makeProvider(app, admin, idp, more)
  idp.state.person = { sub: 'it', email: `it@${domain}`, email_verified: true, name: 'IT' }
  await tryOut(app, admin, idp, id)
  await app.ok(admin, 'POST', `/sso-providers/${id}/enable`)
  return id as string
}

test('a provider signs nobody in before its domain is proven, a sign-in was tried and it is enabled; then it does, and makes the member', async (t) => {
  const [app, idp] = [await ssoApp(t), await oidcProvider(t)]
  const ada = await app.register('Ada')
  const { id, status, oidc } = await makeProvider(app, ada, idp)
  assert.deepEqual([status, oidc.hasSecret, 'clientSecret' in oidc], ['draft', true, false])
  assert.equal(codeOf(await app.as(ada, 'POST', `/sso-providers/${id}/enable`)), '409 state.conflict')
  idp.state.person = mia
  const early = await tryOut(app, ada, idp, id)
  assert.match(faultOf(early), /domain acme\.test is not proven/)
  await app.prove(ada, 'acme.test')
  const tried = await tryOut(app, ada, idp, id)
  assert.match(String(tried.body), /The test passed[^]*mia@acme\.test[^]*engineers[^]*admin/)
  assert.equal((await app.query(`select 1 from identity."user" where email = 'mia@acme.test'`)).length, 0, 'a trial makes nobody')
  assert.match(faultOf((await signIn(app, idp, 'mia@acme.test')).page), /No single sign-on is set up/)
  assert.equal((await app.ok(ada, 'POST', `/sso-providers/${id}/enable`)).status, 'enabled')

  const { b, page } = await signIn(app, idp, 'MIA@acme.test')
  assert.deepEqual([page.status, page.headers.location], [303, '/projects'], faultOf(page))
  const pair = await pairOf(b)
  assert.deepEqual([pair.user.email, pair.tenant!.id, pair.tenant!.role], ['mia@acme.test', ada.tenant!.id, 'admin'])
  idp.state.person = { ...mia, groups: [] }
  await signIn(app, idp, 'mia@acme.test')
  assert.equal((await app.ok(ada, 'GET', '/members?q=mia')).items[0].role, 'admin', 'no mapped group says nothing about the role')
  const again = await pairOf((await signIn(app, idp, 'mia@sub.acme.test')).b)
  assert.equal(again.user.id, pair.user.id, 'by the provider\'s name for the person')
  const events = (await app.query<{ name: string; text: string }>(`select name, data::text as text from events where tenant_id = $1`, [ada.tenant!.id]))
  for (const name of ['sso-provider.added', 'sso-provider.tested', 'sso-provider.enabled', 'member.added', 'member.signed-in']) assert.ok(events.some((e) => e.name === name), name)
  const [{ n }] = await app.query<{ n: number }>(`select count(*)::int as n from sso_providers where config::text like '%secret of the client%' or encode(sealed, 'escape') like '%secret of the client%'`) as [{ n: number }]
  assert.ok(n === 0 && events.every((e) => !e.text.includes('secret of')))
})

test('an answer of the provider that does not hold is refused, and the admins are told why', async (t) => {
  const [app, idp] = [await ssoApp(t), await oidcProvider(t)]
  const ada = await app.register('Ada')
  await enabled(app, ada, idp, 'acme.test')
  idp.state.person = mia
  for (const mischief of [{ nonce: 'another' }, { issuer: 'https://evil.test' }, { audience: 'another' }, { key: 'other' }, { key: 'none' }, { expired: true }, { iss: 'https://evil.test' }, { subject: 'somebody-else' }] as Mischief[]) {
    idp.state.mischief = mischief
    const { b, page } = await signIn(app, idp, 'mia@acme.test')
    assert.deepEqual([page.status, (await b.post('/auth/session')).status], [403, 401], JSON.stringify(mischief))
  }
  idp.state.mischief = {}
  assert.equal((await app.query(`select 1 from events where name = 'sso-provider.refused'`)).length, 8)
  const b = app.browser()
  const out = refreshOf(await b.submit(await b.get('/login/sso'), { email: 'mia@acme.test' }))
  const back = await idp.follow(out)
  assert.match(faultOf(await app.browser().get(back)), /another browser/)
  assert.match(faultOf(await b.get(back)), /no sign-in under way/, 'an answer counts once, also a refused one')
  const fresh = await idp.follow(refreshOf(await b.submit(await b.get('/login/sso'), { email: 'mia@acme.test' })))
  assert.match(faultOf(await b.get(fresh.replace(/state=[^&]+/, 'state=x'))), /no sign-in under way/)
  assert.equal((await b.get(fresh)).status, 303)
  assert.match(faultOf(await b.get(fresh)), /no sign-in under way/, 'replayed')
})

test('a provider speaks for its tenant\'s proven domains alone, and its sessions open that tenant alone', async (t) => {
  const [app, idp] = [await ssoApp(t), await oidcProvider(t)]
  await app.register('Operator')
  const [ada, eve] = [await app.register('Ada'), await app.register('Eve')]
  await enabled(app, ada, idp, 'acme.test')
  const other = await app.register('victim@other.test')
  idp.state.person = { ...mia, email: 'victim@other.test' }
  const foreign = await signIn(app, idp, 'mia@acme.test')
  assert.match(faultOf(foreign.page), /domain other\.test is not proven by this tenant/)
  assert.equal(codeOf(await app.as(eve, 'POST', '/domains', { name: 'sub.acme.test' })), '409 domain.taken')
  // mia belongs to both tenants, and has a password; the session of Ada's provider opens Ada's tenant
  const { url } = await app.ok(eve, 'POST', '/invitations', { role: 'admin' })
  const byPassword = await app.register('mia@acme.test', { invitationToken: /token=([\w-]+)/.exec(url)![1]! })
  await app.identity.pool.query(`update "user" set "emailVerified" = true where id = $1`, [byPassword.user.id])
  idp.state.person = mia
  const { b, page } = await signIn(app, idp, 'mia@acme.test')
  assert.equal(page.status, 303, faultOf(page))
  const pair = await pairOf(b)
  assert.deepEqual([pair.user.id, pair.tenant!.id], [byPassword.user.id, ada.tenant!.id])
  assert.equal(codeOf(await app.as(pair, 'POST', '/auth/switch', { tenant: eve.tenant!.id })), '403 tenant.other_provider')
  assert.equal(codeOf(await app.as(pair, 'PATCH', `/tenants/${eve.tenant!.id}`, { name: 'Mine' })), '403 tenant.other_provider')
  assert.equal(codeOf(await app.as(pair, 'GET', '/members', undefined, { 'org-id': eve.tenant!.id })), '403 tenant.mismatch')
  // whoever runs Ada's provider does not get hold of the account that opens Eve's
  for (const [method, path, body] of [['POST', '/users/me/totp', undefined], ['POST', '/users/me/email', { email: 'x@acme.test' }], ['DELETE', '/users/me', undefined], ['POST', '/users/me/passkeys/options', undefined]] as const)
    assert.equal(codeOf(await app.as(pair, method, path, body)), '403 auth.step_up_required', path)
  assert.equal((await app.ok(byPassword, 'GET', '/members')).items.length, 2, 'the other session is as it was')
  // nor of the operators' office, should the person have it
  await app.identity.pool.query(`update "user" set role = 'operator' where id = $1`, [byPassword.user.id])
  app.identity.doorkeeper.forgetAll()
  assert.equal(codeOf(await app.as(pair, 'GET', '/users')), '403 operator.required')
  assert.match(codeOf(await app.as(pair, 'PATCH', `/tenants/${eve.tenant!.id}`, { status: 'suspended' })), /^403 (tenant.other_provider|operator.required)$/)
  assert.equal(codeOf(await app.as(pair, 'PATCH', `/tenants/${ada.tenant!.id}`, { plan: 'enterprise' })), '403 operator.required')
  assert.equal((await app.as(byPassword, 'GET', '/users')).status, 200)
  assert.ok(other.user.id)
})

test('an account that never proved its address is taken over by who does: what its maker left is gone', async (t) => {
  const [app, idp] = [await ssoApp(t), await oidcProvider(t)]
  const ada = await app.register('Ada')
  await enabled(app, ada, idp, 'acme.test')
  const squatter = await app.register('mia@acme.test')
  idp.state.person = mia
  const { page } = await signIn(app, idp, 'mia@acme.test')
  assert.equal(page.status, 303, faultOf(page))
  assert.equal((await app.as(squatter, 'GET', '/users/me')).status, 401)
  assert.equal((await app.as(undefined, 'POST', '/auth/refresh', { refreshToken: squatter.refreshToken })).status, 401)
  assert.equal(codeOf(await app.as(undefined, 'POST', '/auth/login', { email: 'mia@acme.test', password: 'tulips-under-glass 41' })), '401 auth.refused')
})

test('single sign-on can be demanded; owners enter past it with a second factor, and the log tells', async (t) => {
  const [app, idp] = [await ssoApp(t), await oidcProvider(t)]
  const { codeAt, stepAt } = await import('../identity/totp.ts')
  const ada = await app.register('Ada')
  const bob = await app.member(ada, 'member', 'Bob')
  assert.equal(codeOf(await app.as(ada, 'PATCH', '/security', { sso: 'required' })), '409 state.conflict')
  const provider = await enabled(app, ada, idp, 'acme.test')
  assert.match((await app.as(ada, 'PATCH', '/security', { sso: 'required' })).body.detail, /no owner has a second factor/)
  const { secret } = await app.ok(ada, 'POST', '/users/me/totp')
  await app.ok(ada, 'POST', '/users/me/totp/confirm', { code: codeAt(secret, stepAt(Date.now()) - 1) })
  await app.ok(ada, 'PATCH', '/security', { sso: 'required' })
  assert.equal(codeOf(await app.as(bob, 'GET', '/members')), '403 tenant.sso_required')
  assert.equal((await app.as(bob, 'GET', '/users/me')).status, 200)
  idp.state.person = mia
  const pair = await pairOf((await signIn(app, idp, 'mia@acme.test')).b)
  assert.equal((await app.as(pair, 'GET', '/members')).status, 200)
  const back = await app.as(undefined, 'POST', '/auth/login', { email: 'ada@example.test', password: 'tulips-under-glass 41', code: codeAt(secret, stepAt(Date.now())), tenant: ada.tenant!.id })
  assert.equal((await app.as(back.body, 'GET', '/members')).status, 200)
  assert.deepEqual((await app.query<{ actor_id: string }>(`select actor_id from events where name = 'security.bypassed'`)).map((e) => e.actor_id), [ada.user.id])
  // disabling ends what it began
  await app.ok(ada, 'POST', `/sso-providers/${provider}/disable`)
  assert.equal((await app.as(pair, 'GET', '/members')).status, 401)
})

test('another address or secret must be tried again, and an old secret is not sent to a new address', async (t) => {
  const [app, idp] = [await ssoApp(t), await oidcProvider(t)]
  const ada = await app.register('Ada')
  const id = await enabled(app, ada, idp, 'acme.test')
  const kept = await app.ok(ada, 'PATCH', `/sso-providers/${id}`, { name: 'Renamed', roles: [] })
  assert.equal(kept.status, 'enabled')
  const moved = await app.as(ada, 'PATCH', `/sso-providers/${id}`, { oidc: { issuer: 'https://evil.test', clientId: 'groundwork' } })
  assert.deepEqual([moved.status, moved.body.errors[0].path], [422, '/oidc/clientSecret'])
  const changed = await app.ok(ada, 'PATCH', `/sso-providers/${id}`, { oidc: { issuer: idp.issuer, clientId: idp.clientId, clientSecret: idp.clientSecret } })
  assert.deepEqual([changed.status, changed.testedAt], ['disabled', null])
  for (const [body, path] of [[{ protocol: 'oidc', name: 'x' }, '/oidc'], [{ protocol: 'saml', name: 'x', saml: {} }, '/saml/entityId'], [{ protocol: 'saml', name: 'x', saml: { metadata: '<x/>' } }, '/saml/metadata'], [{ protocol: 'oidc', name: 'x', saml: {} }, '/saml']] as const) {
    const answer = await app.as(ada, 'POST', '/sso-providers', body)
    assert.deepEqual([answer.status, answer.body.errors?.[0].path], [422, path])
  }
  await app.ok(ada, 'POST', '/sso-providers', { protocol: 'oidc', name: 'Inside', oidc: { issuer: 'https://10.0.0.1', clientId: 'x' } }).then(async ({ id: inner }) => {
    const test = await app.ok(ada, 'POST', `/sso-providers/${inner}/test`)
    assert.equal(test.reachable, false, 'the way out leads nowhere inside')
  })
  assert.equal((await app.as(ada, 'DELETE', `/sso-providers/${id}`)).status, 204)
  assert.equal(codeOf(await app.as(ada, 'GET', `/sso-providers/${id}`)), '404 sso_provider.not_found')
})

test('by SAML: signed in, and what was answered, replayed or meant for another browser opens nothing', async (t) => {
  const app = await ssoApp(t)
  const pair = selfSigned()
  const idp = samlProvider(pair)
  const ada = await app.register('Ada')
  await app.prove(ada, 'acme.test')
  const provider = await app.ok(ada, 'POST', '/sso-providers', { protocol: 'saml', name: 'Acme SAML', saml: { metadata: idp.metadata() }, roles: [{ group: 'engineers', role: 'member' }], defaultRole: 'viewer' })
  const { acsUrl, entityId, metadataUrl } = provider.saml.ours
  const b = app.browser()
  assert.match(String((await b.get(metadataUrl)).body), /AssertionConsumerService/)
  const requestOf = (out: string) => {
    const url = new URL(out)
    return { relay: url.searchParams.get('RelayState')!, to: { acs: acsUrl, entityId, requestId: /ID="(_[0-9a-f]+)"/.exec(inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest')!, 'base64')).toString())![1]! } }
  }
  /** A POST from the provider's page: another site, no cookies. */
  const post = async (xml: string, relay: string) => {
    const answer = await app.http.inject({ method: 'POST', url: acsUrl.slice('http://localhost:8080'.length), headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://idp.example.test', 'sec-fetch-site': 'cross-site' }, payload: new URLSearchParams({ SAMLResponse: Buffer.from(xml).toString('base64'), RelayState: relay }).toString() })
    return { status: answer.statusCode, body: answer.body, headers: answer.headers, cookies: [] as string[] }
  }
  const { signInUrl } = await app.ok(ada, 'POST', `/sso-providers/${provider.id}/test`)
  const trial = requestOf(String((await b.get(signInUrl)).headers.location))
  const tried = await post(await idp.answer(trial.to, { nameId: 'mia@acme.test', name: 'Mia', group: 'engineers' }), trial.relay)
  assert.equal(tried.status, 303, faultOf(tried))
  assert.match(String((await b.get(String(tried.headers.location))).body), /The test passed/)
  await app.ok(ada, 'POST', `/sso-providers/${provider.id}/enable`)

  const leave = async (who = b) => requestOf(refreshOf(await who.submit(await who.get('/login/sso?next=/projects'), { email: 'mia@acme.test' })))
  const first = await leave()
  const xml = await idp.answer(first.to, { nameId: 'mia@acme.test', name: 'Mia', group: 'engineers' })
  const done = await post(xml, first.relay)
  assert.match(faultOf(await app.browser().get(String(done.headers.location))), /another browser/)
  const second = await leave()
  const again = await post(await idp.answer(second.to, { nameId: 'mia@acme.test', name: 'Mia', group: 'engineers' }), second.relay)
  const finish = await b.get(String(again.headers.location))
  assert.deepEqual([finish.status, finish.headers.location], [303, '/projects'], faultOf(finish))
  const signed = await pairOf(b)
  assert.deepEqual([signed.user.email, signed.user.name, signed.tenant!.role], ['mia@acme.test', 'Mia', 'member'])
  assert.match(faultOf(await b.get(String(again.headers.location))), /used already/)
  assert.match(faultOf(await post(xml, first.relay)), /no sign-in under way/, 'replayed')
  const third = await leave()
  assert.match(faultOf(await post(xml, third.relay)), /InResponseTo|no confirmation/, 'an old answer under a new request')
  assert.match(faultOf(await post(xml, 'invented')), /begin at our sign-in page/)
  const fourth = await leave()
  assert.match(faultOf(await post((await idp.answer(fourth.to, { nameId: 'mia@acme.test' })).replaceAll('mia@acme.test', 'ada@acme.test'), fourth.relay)), /signature/)
  const fifth = await leave()
  // begun at the provider: nothing of its answer is believed, and the browser asks anew
  const unasked = await idp.answer({ ...fifth.to, requestId: '' }, { nameId: 'ada@acme.test' })
  const tile = await post(unasked.replaceAll(/ InResponseTo="[^"]*"/g, ''), '')
  assert.deepEqual([tile.status, tile.headers.location], [303, `/login/sso/start/${provider.id}`], faultOf(tile))
  const c = app.browser()
  const begun = requestOf(String((await c.get(String(tile.headers.location))).headers.location))
  const came = await post(await idp.answer(begun.to, { nameId: 'mia@acme.test' }), begun.relay)
  assert.equal((await c.get(String(came.headers.location))).headers.location, '/')
  assert.equal((await pairOf(c)).user.email, 'mia@acme.test', 'whom the provider says when it is asked')
  assert.match(faultOf(await post(xml, '')), /no sign-in under way/, 'an answer to a request without its RelayState goes round in no circle')
  for (const nothing of ['', '<html>', '<Response', `<samlp:Response ${'x'.repeat(270_000)}`]) assert.match(faultOf(await post(nothing, '')), /no sign-in under way/)
  assert.equal((await app.browser().get('/login/sso/start/0198d3a0-0000-7000-8000-000000000000')).status, 404)
  const foreign = await post(await idp.answer(fifth.to, { nameId: 'victim@other.test' }), fifth.relay)
  assert.match(faultOf(await b.get(String(foreign.headers.location))), /domain other\.test is not proven/)
})
