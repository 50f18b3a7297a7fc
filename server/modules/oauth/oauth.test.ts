// A tenant's issuer end to end by a strict standard client: sign-in, consent, tokens that work at the API with their scopes, and how they end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { testApp } from '../../testing/app.ts'
import { basic, openBrowser, openParty, redirectUri } from '../../testing/oauth.ts'

const codeOf = (answer: { status: number; body: { code?: string; error?: string } }) => `${answer.status} ${answer.body.code ?? answer.body.error}`

test('code and PKCE: sign-in, consent, tokens, userinfo, refresh, and the API by scope (S2.1-S2.5)', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const made = await app.ok(ada, 'POST', '/oauth-clients', { name: 'Reporting', redirectUris: [redirectUri], scopes: ['openid', 'profile', 'email', 'offline_access', 'read'] })
  assert.match(made.clientSecret, /^gwc_/)
  assert.equal((await app.ok(ada, 'GET', `/oauth-clients/${made.id}`)).clientSecret, undefined)
  const party = await openParty(app, ada.tenant!.id, made)
  const browser = openBrowser(app)
  const tokens = await party.tokens(browser, ada, 'openid profile email offline_access read', { prompt: 'consent' })
  assert.equal(oauth.getValidatedIdTokenClaims(tokens)!.sub, ada.user.id)
  assert.equal(tokens.expires_in, 600)
  assert.match(tokens.access_token, /^[\w-]{43}$/, 'opaque')

  const info = await oauth.processUserInfoResponse(party.as, party.client, ada.user.id, await oauth.userInfoRequest(party.as, party.client, tokens.access_token, party.options))
  assert.deepEqual([info.email, info.name, 'picture' in info], ['ada@example.test', 'Ada', false])

  const bearer = tokens.access_token
  await app.ok(ada, 'POST', '/projects', { key: 'WEB', name: 'Website' })
  assert.equal((await app.as(bearer, 'GET', '/projects')).body.items.length, 1)
  assert.equal(codeOf(await app.as(bearer, 'POST', '/projects', { key: 'APP', name: 'App' })), '403 scope.denied')
  assert.equal(codeOf(await app.as(bearer, 'GET', '/oauth-clients')), '403 scope.denied')
  assert.equal((await app.as(bearer, 'GET', '/users/me')).status, 200)

  const again = await oauth.processRefreshTokenResponse(party.as, party.client, await oauth.refreshTokenGrantRequest(party.as, party.client, party.auth, tokens.refresh_token!, party.options))
  assert.notEqual(again.refresh_token, tokens.refresh_token)
  assert.equal((await app.as(again.access_token, 'GET', '/projects')).status, 200)

  const introspected = await party.form('/introspect', { token: again.access_token }, basic(made.clientId, made.clientSecret))
  assert.deepEqual([introspected.body.active, introspected.body.client_id, introspected.body.sub], [true, made.clientId, ada.user.id])
  assert.equal((await party.form('/revoke', { token: again.access_token }, basic(made.clientId, made.clientSecret))).status, 200)
  assert.equal((await party.form('/introspect', { token: again.access_token }, basic(made.clientId, made.clientSecret))).body.active, false)
})

test('metadata in both well-known forms, whatever host a request names', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const issuer = `http://app.test/t/${ada.tenant!.id}/oauth`
  const one = await app.as(undefined, 'GET', `/t/${ada.tenant!.id}/oauth/.well-known/openid-configuration`, undefined, { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' })
  const two = await app.as(undefined, 'GET', `/.well-known/oauth-authorization-server/t/${ada.tenant!.id}/oauth`, undefined, { host: 'evil.example' })
  assert.deepEqual(one.body, two.body)
  assert.equal(one.body.issuer, issuer)
  assert.deepEqual([one.body.authorization_endpoint, one.body.token_endpoint, one.body.device_authorization_endpoint, one.body.pushed_authorization_request_endpoint, one.body.end_session_endpoint],
    ['/authorize', '/token', '/device', '/par', '/end-session'].map((path) => issuer + path))
  assert.deepEqual(one.body.response_types_supported, ['code'])
  assert.deepEqual(one.body.code_challenge_methods_supported, ['S256'])
  assert.ok(!one.body.grant_types_supported.includes('password') && !one.body.grant_types_supported.includes('implicit'), String(one.body.grant_types_supported))
  const platform = await app.as(undefined, 'GET', '/oauth/.well-known/openid-configuration')
  assert.equal(platform.body.issuer, 'http://app.test/oauth')
  assert.deepEqual((await app.as(undefined, 'GET', '/.well-known/oauth-authorization-server/oauth')).body, platform.body)
  const jwks = (await app.as(undefined, 'GET', new URL(one.body.jwks_uri).pathname)).body
  assert.equal(jwks.keys.length, 2)
  for (const key of jwks.keys) assert.deepEqual(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].filter((part) => part in key), [])
})
