// Addresses outside the API, tokens of other protocols, live streams and what is demanded: none of it knows a module that is off for its tenant.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeAt, stepAt } from '../identity/totp.ts'
import { testApp, type TestApp } from '../../testing/app.ts'
import { selfSigned } from '../../testing/identity-provider.ts'
import { basic, post } from '../../testing/oauth.ts'
import { faultOf, refreshOf, ssoApp } from '../../testing/sso.ts'

const switching = (app: TestApp, ops: { accessToken: string }, tenant: string) => async (modules: object) => {
  await app.ok(ops, 'PATCH', `/tenants/${tenant}`, { modules })
  await app.settled()
}
const get = (app: TestApp, url: string, headers: Record<string, string> = {}) => app.http.inject({ method: 'GET', url, headers })

test('SCIM answers as if there were nothing, in its own words, whatever its token (S4.7, S4.6)', async (t) => {
  const app = await ssoApp(t)
  const ops = await app.register('Operator')
  const ada = await app.register('Ada')
  const change = switching(app, ops, ada.tenant!.id)
  const { token } = await app.ok(ada, 'POST', '/scim-tokens', { name: 'Okta' })
  const paths = ['/Users', '/Groups', '/Users/x', '/ServiceProviderConfig', '/ResourceTypes', '/Schemas', '/Schemas/x']
  const ask = (path: string) => get(app, `/scim/v2${path}`, { authorization: `Bearer ${token as string}` })
  assert.equal((await ask('/Users')).statusCode, 200)
  await change({ scim: false })
  for (const path of paths) {
    const answer = await ask(path)
    assert.deepEqual([answer.statusCode, answer.json().schemas, answer.json().detail], [404, ['urn:ietf:params:scim:api:messages:2.0:Error'], `there is nothing at /scim/v2${path}`])
  }
  await change({ scim: true })
  assert.equal((await ask('/Users')).statusCode, 200)
})

test('a tenant\'s OAuth server is gone with its discovery, endpoints and tokens, and comes back with them (S2.1)', async (t) => {
  const app = await testApp(t)
  const ops = await app.register('Operator')
  const ada = await app.register('Ada')
  const tenant = ada.tenant!.id
  const change = switching(app, ops, tenant)
  const made = await app.ok(ada, 'POST', '/oauth-clients', { name: 'Worker', grantTypes: ['client_credentials'], scopes: ['read'] })
  const token = () => post(app, `/t/${tenant}/oauth/token`, { grant_type: 'client_credentials' }, basic(made.clientId, made.clientSecret))
  const { access_token: bearer } = (await token()).body
  const discovery = [`/t/${tenant}/oauth/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server/t/${tenant}/oauth`, `/t/${tenant}/oauth/jwks`, `/t/${tenant}/oauth/auth?client_id=${made.clientId as string}`]
  assert.equal((await app.as(bearer, 'GET', '/members')).status, 200)
  await change({ oauth: false })
  const nobody = '01900000-0000-7000-8000-000000000000'
  for (const url of discovery) {
    const [answer, unknown] = [await get(app, url), await get(app, url.replaceAll(tenant, nobody))]
    assert.deepEqual([answer.statusCode, answer.json().detail], [404, unknown.json().detail], url)
  }
  assert.equal((await token()).status, 404)
  for (const path of ['/members', '/live?topics=tenant']) assert.equal((await app.as(bearer, 'GET', path)).body.code, 'auth.token_refused', path) // in this order: a stream would not end
  await change({ oauth: true })
  for (const url of discovery.slice(0, 3)) assert.equal((await get(app, url)).statusCode, 200, url)
  assert.equal((await app.as(bearer, 'GET', '/members')).status, 200)
  assert.equal((await token()).status, 200)
})

test('single sign-on that is off signs nobody in, opens no set-up link, and is demanded of nobody (S4.6)', async (t) => {
  const app = await ssoApp(t)
  const ops = await app.register('Operator')
  const ada = await app.register('Ada')
  const bob = await app.member(ada, 'member', 'Bob')
  const tenant = ada.tenant!.id
  const change = switching(app, ops, tenant)
  await app.prove(ada, 'acme.test')
  const { id } = await app.ok(ada, 'POST', '/sso-providers', { protocol: 'saml', name: 'Acme ID', saml: { entityId: 'https://idp.acme.test', ssoUrl: 'https://idp.acme.test/sso', certificates: [selfSigned().certificate] } })
  await app.query(`update sso_providers set status = 'enabled', tested_at = now() where id = $1`, [id])
  const ticket = new URL((await app.ok(ada, 'POST', '/sso-tickets', {})).url)
  const { secret } = await app.ok(ada, 'POST', '/users/me/totp')
  await app.ok(ada, 'POST', '/users/me/totp/confirm', { code: codeAt(secret, stepAt(Date.now()) - 1) })
  await app.ok(ada, 'PATCH', '/security', { sso: 'required' })
  assert.equal((await app.as(bob, 'GET', '/members')).body.code, 'tenant.sso_required')
  const leave = async () => {
    const b = app.browser()
    return b.submit(await b.get('/login/sso'), { email: 'mia@acme.test' })
  }
  assert.match(refreshOf(await leave() as never), /idp\.acme\.test/)

  await change({ sso: false })
  assert.match(faultOf((await leave()) as never), /No single sign-on is set up for this address/)
  const start = await app.browser().get(`/login/sso/start/${id as string}`)
  const unknown = await app.browser().get('/login/sso/start/01900000-0000-7000-8000-000000000000')
  assert.deepEqual([start.status, faultOf(start as never)], [unknown.status, faultOf(unknown as never)])
  const opened = await app.browser().get(ticket.pathname + ticket.search)
  assert.match(faultOf(opened as never), /not known/)
  assert.equal((await app.as(bob, 'GET', '/members')).status, 200, 'the demand rests: nobody could meet it')
  assert.equal((await app.as(ada, 'PATCH', '/security', { sso: 'required' })).status, 200)
  await change({ sso: true })
  assert.equal((await app.as(bob, 'GET', '/members')).body.code, 'tenant.sso_required')
  assert.match(refreshOf(await leave() as never), /idp\.acme\.test/)
})
