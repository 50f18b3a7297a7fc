// The other grants, registration, secrets and scopes, each with the specification's own errors.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { testApp, type Signed, type TestApp } from '../../testing/app.ts'
import { basic, openBrowser, openParty, origin, post, redirectUri } from '../../testing/oauth.ts'
import { deviceGrant } from './schema.ts'

type Made = { id: string; clientId: string; clientSecret: string; version: number }
const told = ({ status, body }: { status: number; body: any }) => `${status} ${body?.error ?? body?.code ?? 'ok'}`
const issuerOf = (who: Signed) => `/t/${who.tenant!.id}/oauth`
const client = (app: TestApp, who: Signed, over: object = {}): Promise<Made> => app.ok(who, 'POST', '/oauth-clients', { name: 'Worker', grantTypes: ['client_credentials'], scopes: ['read', 'write'], ...over })
const token = (app: TestApp, who: Signed, form: Record<string, string>, made?: Made) => post(app, `${issuerOf(who)}/token`, form, made ? basic(made.clientId, made.clientSecret) : {})

test('client credentials act as the client, with the role its scopes need (S2.1, S2.2)', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const made = await client(app, ada)
  const all = await token(app, ada, { grant_type: 'client_credentials' }, made)
  assert.deepEqual([all.status, all.body.scope, all.body.token_type, all.body.expires_in, 'refresh_token' in all.body], [200, 'read write', 'Bearer', 600, false])
  const project = await app.ok(all.body.access_token, 'POST', '/projects', { key: 'WEB', name: 'Website' })
  assert.equal((await app.as(all.body.access_token, 'GET', `/projects/${project.id}`)).status, 200)
  const [event] = await app.query<{ actor_type: string; actor_id: string }>(`select actor_type, actor_id from events where name = 'project.created' and subject_id = $1`, [project.id])
  assert.deepEqual(event, { actor_type: 'key', actor_id: made.clientId })
  assert.equal(told(await app.as(all.body.access_token, 'GET', '/users/me')), '403 permission.denied')
  assert.equal(told(await app.as(all.body.access_token, 'GET', '/oauth-clients')), '403 permission.denied')

  const reader = await token(app, ada, { grant_type: 'client_credentials', scope: 'read' }, made)
  assert.equal(reader.body.scope, 'read')
  assert.match(told(await app.as(reader.body.access_token, 'POST', '/projects', { key: 'APP', name: 'App' })), /^403/)
  assert.equal((await app.as(reader.body.access_token, 'GET', '/projects')).status, 200)
  for (const scope of ['admin', 'read admin', 'openid', 'unheard-of']) assert.equal(told(await token(app, ada, { grant_type: 'client_credentials', scope }, made)), '400 invalid_scope', scope)

  assert.equal(told(await token(app, ada, { grant_type: 'client_credentials' })), '400 invalid_request')
  assert.equal(told(await token(app, ada, { grant_type: 'client_credentials' }, { ...made, clientSecret: 'gwc_wrong' })), '401 invalid_client')
  assert.equal(told(await token(app, ada, { grant_type: 'password', username: 'a', password: 'b' }, made)), '400 unsupported_grant_type')
  assert.equal(told(await token(app, ada, { grant_type: 'refresh_token', refresh_token: 'x' }, made)), '400 unauthorized_client')
  assert.equal(told(await token(app, ada, { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: ada.accessToken }, made)), '400 unsupported_grant_type')
  assert.equal(told(await post(app, '/oauth/token', { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', client_id: 'groundwork', subject_token: ada.accessToken })), '400 unauthorized_client')
})

test('a client, a token and a person of one tenant are nothing at another\'s issuer (S2.6)', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const bob = await app.register('Bob')
  const [a, b] = [await client(app, ada), await client(app, bob)]
  const { access_token: mine } = (await token(app, ada, { grant_type: 'client_credentials' }, a)).body
  assert.equal(told(await token(app, bob, { grant_type: 'client_credentials' }, a)), '401 invalid_client')
  assert.equal((await post(app, `${issuerOf(bob)}/introspect`, { token: mine }, basic(b.clientId, b.clientSecret))).body.active, false)
  assert.equal((await post(app, `${issuerOf(bob)}/revoke`, { token: mine }, basic(b.clientId, b.clientSecret))).status, 200)
  assert.equal((await app.as(mine, 'GET', '/projects')).status, 200, 'not revoked by a stranger')
  assert.equal((await app.as(mine, 'GET', `${issuerOf(bob)}/userinfo`)).status, 401)
  assert.equal(told(await app.as(mine, 'GET', '/projects', undefined, { 'org-id': bob.tenant!.id })), '403 tenant.mismatch')
  for (const path of [`/oauth-clients/${a.id}`]) assert.equal((await app.as(bob, 'GET', path)).status, 404)
  const party = await openParty(app, ada.tenant!.id, await app.ok(ada, 'POST', '/oauth-clients', { name: 'Web', redirectUris: [redirectUri] }))
  const browser = openBrowser(app)
  const page = await browser.signIn(await browser.get((await party.begin('openid read')).url), bob)
  assert.equal(page.status, 403)
  assert.match(page.body, /You do not belong here/)
  const back = await browser.submit(page, { decision: 'refuse' })
  assert.equal(new URL(back.location!).searchParams.get('error'), 'access_denied')
})

test('a tenant that is its own resource server may introspect every client\'s tokens, others only their own', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const [one, two, api] = [await client(app, ada), await client(app, ada), await client(app, ada, { name: 'API', resourceServer: true })]
  const { access_token: given } = (await token(app, ada, { grant_type: 'client_credentials' }, one)).body
  const ask = (by: Made) => post(app, `${issuerOf(ada)}/introspect`, { token: given }, basic(by.clientId, by.clientSecret))
  assert.deepEqual([(await ask(one)).body.active, (await ask(two)).body.active, (await ask(api)).body.active], [true, false, true])
  await post(app, `${issuerOf(ada)}/revoke`, { token: given }, basic(api.clientId, api.clientSecret))
  assert.equal((await ask(one)).body.active, true)
})

test('a token whose time is over opens nothing: not the API, not introspection, and userinfo says invalid_token (S2.4)', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const made = await client(app, ada)
  const { access_token: old } = (await token(app, ada, { grant_type: 'client_credentials' }, made)).body
  await app.identity.pool.query(`update oauth.artifact set expires_at = now(), payload = payload || jsonb_build_object('exp', extract(epoch from now())::int - 1) where kind = 'ClientCredentials'`)
  const answer = await app.as(old, 'GET', '/projects')
  assert.deepEqual([told(answer), /^Bearer/.test(String(answer.headers['www-authenticate']))], ['401 auth.token_refused', true])
  assert.deepEqual((await post(app, `${issuerOf(ada)}/introspect`, { token: old }, basic(made.clientId, made.clientSecret))).body, { active: false })
  const asked = await app.http.inject({ method: 'GET', url: `${issuerOf(ada)}/userinfo`, headers: { authorization: `Bearer ${old}` } })
  assert.deepEqual([asked.statusCode, asked.json().error], [401, 'invalid_token'])
  const { access_token: fresh } = (await token(app, ada, { grant_type: 'client_credentials' }, made)).body
  assert.equal((await app.as(fresh, 'GET', '/projects')).status, 200)
})

test('two secrets are good while a rotation overlaps, one afterwards; none is ever shown again', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const made = await client(app, ada)
  const next = await app.ok(ada, 'POST', `/oauth-clients/${made.id}/rotate-secret`, { overlapSeconds: 3600 })
  assert.notEqual(next.clientSecret, made.clientSecret)
  assert.ok(Date.parse(next.previousSecretEndsAt) > Date.now())
  const ask = (secret: string) => token(app, ada, { grant_type: 'client_credentials' }, { ...made, clientSecret: secret })
  assert.deepEqual([(await ask(made.clientSecret)).status, (await ask(next.clientSecret)).status], [200, 200])
  await app.query('update oauth_clients set previous_ends_at = now() where id = $1', [made.id])
  assert.deepEqual([told(await ask(made.clientSecret)), (await ask(next.clientSecret)).status], ['401 invalid_client', 200])
  const last = await app.ok(ada, 'POST', `/oauth-clients/${made.id}/rotate-secret`, { overlapSeconds: 0 })
  assert.deepEqual([told(await ask(next.clientSecret)), (await ask(last.clientSecret)).status], ['401 invalid_client', 200])
  assert.ok(!JSON.stringify(await app.ok(ada, 'GET', '/oauth-clients')).includes('gwc_'))
  const key = { 'idempotency-key': 'once-and-again' }
  await app.ok(ada, 'POST', `/oauth-clients/${made.id}/rotate-secret`, {}, key)
  assert.equal(told(await app.as(ada, 'POST', `/oauth-clients/${made.id}/rotate-secret`, {}, key)), '409 idempotency.secret_shown_once')
})

test('private_key_jwt: signed right it works; unsigned, expired, for another audience or by another key it is invalid_client', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const stranger = await generateKeyPair('ES256')
  const made = await client(app, ada, { tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'one' }] } })
  assert.equal(made.clientSecret, undefined)
  const audience = `${origin}${issuerOf(ada)}`
  const claims = (over: { aud?: string; seconds?: number } = {}) => new SignJWT({ jti: crypto.randomUUID() }).setProtectedHeader({ alg: 'ES256', kid: 'one' }).setIssuer(made.clientId).setSubject(made.clientId).setAudience(over.aud ?? audience).setIssuedAt().setExpirationTime(Math.floor(Date.now() / 1000) + (over.seconds ?? 60))
  const ask = (assertion: string) => token(app, ada, { grant_type: 'client_credentials', client_assertion: assertion, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' })
  const good = await claims().sign(privateKey)
  assert.equal((await ask(good)).status, 200)
  assert.equal(told(await ask(good)), '401 invalid_client', 'used once')
  const [, body] = good.split('.')
  const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
  for (const [what, bad] of [['alg none', `${none}.${body}.`], ['unsigned', `${good.split('.').slice(0, 2).join('.')}.`], ['expired', await claims({ seconds: -120 }).sign(privateKey)], ['another audience', await claims({ aud: 'https://elsewhere.example' }).sign(privateKey)], ['another key', await claims().sign(stranger.privateKey)]] as const)
    assert.match(told(await ask(bad)), /^40[01] invalid_(client|request)$/, what)
})

test('the device flow: a code typed by a person, authorization_pending until then (S2.1)', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const made = await client(app, ada, { name: 'Television', grantTypes: [deviceGrant, 'refresh_token'], tokenEndpointAuthMethod: 'none', scopes: ['openid', 'offline_access', 'read'] })
  const begun = await post(app, `${issuerOf(ada)}/device`, { client_id: made.clientId, scope: 'openid offline_access read' })
  assert.equal(begun.status, 200, JSON.stringify(begun.body))
  assert.equal(begun.body.verification_uri, `${origin}${issuerOf(ada)}/activate`)
  assert.match(begun.body.user_code, /^[B-Z]{4}-[B-Z]{4}$/)
  const poll = () => token(app, ada, { grant_type: deviceGrant, device_code: begun.body.device_code, client_id: made.clientId })
  assert.equal(told(await poll()), '400 authorization_pending')
  const browser = openBrowser(app)
  let page = await browser.get(`${issuerOf(ada)}/device`)
  assert.equal(page.url, `${issuerOf(ada)}/activate`, 'a person who typed the machine\'s address')
  page = await browser.submit(page, { user_code: 'XXXX-XXXX' })
  assert.match(page.body, /There is no such code/)
  page = await browser.submit(page, { user_code: begun.body.user_code.toLowerCase() })
  assert.match(page.body, /Is this your device/)
  page = await browser.submit(page)
  page = await browser.signIn(page, ada)
  assert.match(page.body, /Allow Television/)
  page = await browser.submit(page, { decision: 'allow' })
  assert.match(page.body, /The device is connected/)
  const tokens = await poll()
  assert.equal(tokens.status, 200, JSON.stringify(tokens.body))
  assert.equal((await app.as(tokens.body.access_token, 'GET', '/projects')).status, 200)
  assert.equal(typeof tokens.body.refresh_token, 'string')
  assert.equal(told(await poll()), '400 invalid_grant')

  const second = (await post(app, `${issuerOf(ada)}/device`, { client_id: made.clientId, scope: 'openid read' })).body
  page = await browser.submit(await browser.get(`${issuerOf(ada)}/activate`), { user_code: second.user_code })
  page = await browser.submit(page, { abort: 'yes' })
  assert.match(page.body, /Nothing was allowed/)
  assert.equal(told(await token(app, ada, { grant_type: deviceGrant, device_code: second.device_code, client_id: made.clientId })), '400 access_denied')
})

test('the password grant is off; for a client an administrator marks it goes through the ordinary sign-in', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const bob = await app.register('Bob')
  const made = await client(app, ada, { name: 'Old app', grantTypes: ['password', 'refresh_token'], scopes: ['read'] })
  const password = 'tulips-under-glass 41'
  const ask = (username: string, given: string) => token(app, ada, { grant_type: 'password', username, password: given }, made)
  const good = await ask('ada@example.test', password)
  assert.equal(good.status, 200, JSON.stringify(good.body))
  assert.equal((await app.as(good.body.access_token, 'GET', '/projects')).status, 200)
  assert.match(told(await app.as(good.body.access_token, 'POST', '/projects', { key: 'APP', name: 'App' })), /^403 scope.denied/)
  assert.equal(told(await ask('ada@example.test', 'wrong')), '400 invalid_grant')
  assert.equal(told(await ask('bob@example.test', password)), '400 invalid_grant', 'no member')
  assert.equal(bob.user.email, 'bob@example.test')
  const next = await token(app, ada, { grant_type: 'refresh_token', refresh_token: good.body.refresh_token }, made)
  assert.equal(next.status, 200)
  const sessions = (await app.ok(ada, 'GET', '/auth/sessions')).items as { id: string; current: boolean }[]
  for (const { id, current } of sessions) if (!current) await app.ok(ada, 'DELETE', `/auth/sessions/${id}`)
  assert.equal(told(await token(app, ada, { grant_type: 'refresh_token', refresh_token: next.body.refresh_token }, made)), '400 invalid_grant', 'ends with the session it began')
  assert.equal((await app.ok(ada, 'GET', '/connected-apps')).items.length, 1)
})

test('registration by initial access token: quota, policy, management, and no way past them (S2.5)', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const bob = await app.register('Bob')
  const { token: initial, quota } = await app.ok(ada, 'POST', '/oauth-clients/initial-access-tokens', { expiresIn: 600, quota: 2 })
  assert.equal(quota, 2)
  const register = async (body: object, bearer: string | undefined = initial, who = ada) => {
    const answer = await app.http.inject({ method: 'POST', url: `${issuerOf(who)}/register`, headers: { 'content-type': 'application/json', ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) }, payload: JSON.stringify(body) })
    return { status: answer.statusCode, body: answer.json() as any }
  }
  const usual = { client_name: 'Self-made', redirect_uris: [redirectUri], scope: 'openid read' }
  assert.equal((await register(usual, '')).status, 401)
  assert.equal(told(await register(usual, 'invented')), '401 invalid_token')
  assert.equal(told(await register(usual, initial, bob)), '401 invalid_token', 'another tenant\'s')
  assert.equal(told(await register({ ...usual, grant_types: ['authorization_code', 'password'] })), '400 invalid_client_metadata')
  assert.equal(told(await register({ ...usual, scope: 'openid admin' })), '400 invalid_client_metadata')
  assert.equal(told(await register({ ...usual, redirect_uris: ['javascript:alert(1)'] })), '400 invalid_redirect_uri')
  assert.equal(told(await register({ ...usual, jwks_uri: 'http://169.254.169.254/keys' })), '400 invalid_client_metadata')
  assert.equal(told(await register({ ...usual, sector_identifier_uri: 'https://internal.example/x' })), '400 invalid_client_metadata')
  const made = await register({ ...usual, pkce_optional: true, resource_server: true })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  assert.ok(made.body.pkce_optional !== true && made.body.resource_server !== true)
  const listed = await app.ok(ada, 'GET', `/oauth-clients/${made.body.client_id}`)
  assert.deepEqual([listed.origin, listed.name, listed.requirePkce, listed.scopes], ['registration', 'Self-made', true, ['openid', 'read']])
  const robot = await register({ client_name: 'Robot', grant_types: ['client_credentials'], scope: 'read' })
  assert.equal(robot.status, 201, JSON.stringify(robot.body))
  assert.equal((await post(app, `${issuerOf(ada)}/token`, { grant_type: 'client_credentials' }, basic(robot.body.client_id, robot.body.client_secret))).status, 200)
  assert.equal(told(await register(usual)), '401 invalid_token', 'used up')

  let bearer: string = made.body.registration_access_token
  const manage = async (method: 'GET' | 'PUT' | 'DELETE', body?: object) => {
    const answer = await app.http.inject({ method, url: new URL(made.body.registration_client_uri).pathname, headers: { authorization: `Bearer ${bearer}`, ...(body ? { 'content-type': 'application/json' } : {}) }, ...(body ? { payload: JSON.stringify(body) } : {}) })
    return { status: answer.statusCode, body: answer.body ? (answer.json() as any) : undefined }
  }
  assert.equal(new URL(made.body.registration_client_uri).origin, origin)
  assert.equal((await manage('GET')).body.client_name, 'Self-made')
  const changed = await manage('PUT', { client_id: made.body.client_id, client_name: 'Renamed', redirect_uris: [redirectUri], scope: 'openid read' })
  assert.equal(changed.status, 200, JSON.stringify(changed.body))
  assert.equal(told(await manage('GET')), '401 invalid_token', 'the token of a change is a new one')
  bearer = changed.body.registration_access_token
  assert.equal(told(await manage('PUT', { client_id: made.body.client_id, redirect_uris: [redirectUri], scope: 'openid admin' })), '400 invalid_client_metadata')
  assert.equal((await app.ok(ada, 'GET', `/oauth-clients/${made.body.client_id}`)).name, 'Renamed')
  assert.equal((await manage('DELETE')).status, 204)
  assert.equal((await app.as(ada, 'GET', `/oauth-clients/${made.body.client_id}`)).status, 404)
  assert.match(told(await post(app, '/oauth/register', {}, { authorization: `Bearer ${initial}` })), /^40[01]/, 'nothing registers at the platform\'s own issuer')
})

test('a scope of the tenant\'s own opens what its permissions name, and nothing when it is gone', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  assert.equal(told(await app.as(ada, 'POST', '/scopes', { name: 'read', description: 'x', permissions: ['tasks.write'] })), '422 request.invalid')
  assert.equal(told(await app.as(ada, 'POST', '/scopes', { name: 'all', description: 'x', permissions: ['no.such'] })), '422 request.invalid')
  const scope = await app.ok(ada, 'POST', '/scopes', { name: 'tasks:write', description: 'Create and edit tasks', permissions: ['tasks.write'] })
  assert.equal(told(await app.as(ada, 'POST', '/scopes', { name: 'tasks:write', description: 'x', permissions: ['tasks.write'] })), '409 conflict')
  const project = await app.ok(ada, 'POST', '/projects', { key: 'WEB', name: 'Website' })
  const made = await client(app, ada, { scopes: ['tasks:write'] })
  const { access_token: given, scope: granted } = (await token(app, ada, { grant_type: 'client_credentials' }, made)).body
  assert.equal(granted, 'tasks:write')
  const write = () => app.as(given, 'POST', '/tasks', { projectId: project.id, title: 'By scope' })
  assert.equal((await write()).status, 201)
  assert.equal(told(await app.as(given, 'GET', '/projects')), '403 scope.denied')
  await app.ok(ada, 'DELETE', `/scopes/${scope.id}`)
  for (const end = Date.now() + 10_000; (await write()).status !== 403; ) assert.ok(Date.now() < end, 'the scope still opens')
  assert.deepEqual((await app.ok(ada, 'GET', `/oauth-clients/${made.id}`)).scopes, [])
})

test('what an administrator says wrong is named by its field', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const said = async (over: object) => {
    const { status, body } = await app.as(ada, 'POST', '/oauth-clients', { name: 'X', ...over })
    return `${status} ${body.errors?.[0]?.path}`
  }
  assert.equal(await said({ redirectUris: ['not an address'] }), '422 /redirectUris')
  assert.equal(await said({ redirectUris: ['http://plain.example/cb'], applicationType: 'native' }), '422 /redirectUris')
  assert.equal(await said({ grantTypes: ['authorization_code'] }), '422 /redirectUris')
  assert.equal(await said({ scopes: ['unheard-of'] }), '422 /scopes')
  assert.equal(await said({ grantTypes: ['client_credentials'], tokenEndpointAuthMethod: 'none' }), '422 /grantTypes')
  assert.equal(await said({ redirectUris: [redirectUri], tokenEndpointAuthMethod: 'none', requirePkce: false }), '422 /requirePkce')
  assert.equal(await said({ tokenEndpointAuthMethod: 'private_key_jwt' }), '422 /jwks')
})
