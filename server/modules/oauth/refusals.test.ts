// Requests that must not get through, each refused with the specification's own error; and what neither the log nor an answer may hold.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as oauth from 'oauth4webapi'
import { testApp } from '../../testing/app.ts'
import { basic, openBrowser, openParty, origin, redirectUri, type Page, type Party } from '../../testing/oauth.ts'

type Answered = { status: number; body: any }
const told = ({ status, body }: Answered) => `${status} ${body?.error ?? body?.code ?? 'ok'}`
/** Where the parameters of an answer stand: in the query, or in the fragment for what would have been an implicit answer. */
const answerOf = (location: string) => new URLSearchParams(new URL(location).search || new URL(location).hash.slice(1))
const errorOf = (page: Page) => (page.location ? answerOf(page.location).get('error') : /<code>([a-z_]+)<\/code>/.exec(page.body)?.[1])

async function openWorld(t: Parameters<typeof testApp>[0]) {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const made = await app.ok(ada, 'POST', '/oauth-clients', { name: 'Web', redirectUris: [redirectUri], postLogoutRedirectUris: ['https://client.test/bye'], scopes: ['openid', 'profile', 'offline_access', 'read'] })
  const page = await app.ok(ada, 'POST', '/oauth-clients', { name: 'Page', redirectUris: ['https://page.test/callback'], tokenEndpointAuthMethod: 'none', grantTypes: ['authorization_code', 'refresh_token'], scopes: ['openid', 'read'] })
  const party = await openParty(app, ada.tenant!.id, made)
  const spa = await openParty(app, ada.tenant!.id, page, 'https://page.test/callback')
  return { app, ada, made, page, party, spa, browser: openBrowser(app) }
}
const exchange = (party: Party, form: Record<string, string>, made: { clientId: string; clientSecret?: string }, headers: Record<string, string> = {}) =>
  party.form('/token', { grant_type: 'authorization_code', redirect_uri: party.redirect, ...(made.clientSecret ? {} : { client_id: made.clientId }), ...form }, { ...(made.clientSecret ? basic(made.clientId, made.clientSecret) : {}), ...headers })

test('a code is good for its client, its verifier and its redirect address only', async (t) => {
  const { app, ada, made, page, party, spa, browser } = await openWorld(t)
  const other = await app.ok(ada, 'POST', '/oauth-clients', { name: 'Other', redirectUris: [redirectUri], scopes: ['openid', 'read'] })
  const code = async () => {
    const kept = await party.begin('openid read')
    let at = await browser.get(kept.url)
    if (at.url === '/login') at = await browser.signIn(at, ada)
    if (/value="allow"/.test(at.body)) at = await browser.submit(at, { decision: 'allow' })
    return { code: new URL(at.location!).searchParams.get('code')!, code_verifier: kept.verifier }
  }
  const { code: one, code_verifier } = await code()
  assert.equal(told(await exchange(party, { code: one, code_verifier: oauth.generateRandomCodeVerifier() }, made)), '400 invalid_grant', 'wrong verifier')
  assert.equal(told(await exchange(party, { code: one }, made)), '400 invalid_grant', 'no verifier')
  assert.equal(told(await exchange(party, { code: one, code_verifier, redirect_uri: 'https://client.test/other' }, made)), '400 invalid_grant', 'changed redirect')
  assert.equal(told(await exchange(party, { code: one, code_verifier }, other)), '400 invalid_grant', 'another client')
  assert.equal(told(await exchange(party, { code: one, code_verifier }, { ...made, clientSecret: 'gwc_no' })), '401 invalid_client')
  assert.equal((await exchange(party, { code: one, code_verifier }, made)).status, 200, 'and still good for the right one')
  const late = await code()
  await app.identity.pool.query(`update oauth.artifact set expires_at = now() - interval '1 second' where kind = 'AuthorizationCode' and consumed_at is null`)
  assert.equal(told(await exchange(party, late, made)), '400 invalid_grant', 'expired')
  assert.equal(told(await exchange(spa, { code: 'invented', code_verifier }, page)), '400 invalid_grant')
})

test('the authorization endpoint refuses before anybody is asked', async (t) => {
  const { ada, party, spa, browser } = await openWorld(t)
  const at = async (of: Party, scope: string, more: Record<string, string>) => browser.get((await of.begin(scope, more)).url)
  const stays = async (more: Record<string, string>) => {
    const page = await at(party, 'openid read', more)
    assert.equal(page.location, undefined, 'not sent to an address nobody registered')
    return `${page.status} ${errorOf(page)}`
  }
  assert.equal(await stays({ redirect_uri: 'https://evil.test/callback' }), '400 invalid_redirect_uri')
  assert.equal(await stays({ redirect_uri: `${redirectUri}/more` }), '400 invalid_redirect_uri')
  assert.equal(await stays({ client_id: '0198d3a0-0000-7000-8000-000000000000' }), '400 invalid_client')
  const sent = async (of: Party, scope: string, more: Record<string, string>) => {
    const page = await at(of, scope, more)
    assert.ok(page.location, page.body.slice(0, 200))
    assert.equal(answerOf(page.location).get('iss'), of.as.issuer, 'RFC 9207: against mixed-up issuers')
    return errorOf(page)
  }
  assert.equal(await sent(party, 'openid admin', {}), 'invalid_scope')
  assert.equal(await sent(party, 'openid read', { response_type: 'token' }), 'unsupported_response_type')
  assert.equal(await sent(party, 'openid read', { code_challenge_method: 'plain' }), 'invalid_request')
  assert.equal(await sent(party, 'openid read', { prompt: 'none' }), 'login_required')
  assert.equal(await sent(party, 'openid read', { resource: 'https://elsewhere.example/api' }), 'invalid_target')
  const url = new URL((await spa.begin('openid read')).url)
  url.searchParams.delete('code_challenge')
  url.searchParams.delete('code_challenge_method')
  assert.equal(errorOf(await browser.get(url.href)), 'invalid_request', 'no PKCE')
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ iss: party.as.issuer, aud: party.client.client_id, sub: ada.user.id })).toString('base64url')}.`
  assert.equal(await sent(party, 'openid read', { id_token_hint: none }), 'invalid_request', 'alg none')
  assert.equal(await sent(party, 'openid read', { request: none }), 'request_not_supported')
  const tokens = await party.tokens(browser, ada, 'openid read')
  assert.equal(await sent(party, 'openid profile read', { prompt: 'none' }), 'consent_required')
  const silent = await at(party, 'openid read', { prompt: 'none' })
  assert.ok(new URL(silent.location!).searchParams.get('code'), 'remembered')
  const header = decodeProtectedHeader(tokens.id_token!)
  assert.deepEqual([header.alg, decodeJwt(tokens.id_token!).iss], ['RS256', party.as.issuer])
})

test('an answer of another issuer is refused by a strict client, since each answer names its own', async (t) => {
  const { app, ada, party, browser } = await openWorld(t)
  const bob = await app.register('Bob')
  const theirs = await app.ok(bob, 'POST', '/oauth-clients', { name: 'Web', redirectUris: [redirectUri], scopes: ['openid', 'read'] })
  const other = await openParty(app, bob.tenant!.id, theirs)
  const kept = await party.begin('openid read')
  const page = await browser.submit(await browser.signIn(await browser.get(kept.url), ada), { decision: 'allow' })
  assert.throws(() => oauth.validateAuthResponse(other.as, other.client, new URL(page.location!), kept.state), /iss/)
})

test('the sign-on follows the session of the application; login and max_age ask again', async (t) => {
  const { app, ada, party, browser } = await openWorld(t)
  await party.tokens(browser, ada, 'openid read')
  assert.ok((await browser.get((await party.begin('openid read')).url)).location?.startsWith(redirectUri), 'single sign-on')
  await app.identity.pool.query(`update session set "createdAt" = "createdAt" - interval '5 seconds'`) // not in the very second of the request
  const asked = await browser.get((await party.begin('openid read', { prompt: 'login' })).url)
  assert.match(asked.body, /Sign in again/)
  const login = await browser.submit(asked, { decision: 'other' })
  assert.equal(login.url, '/login')
  assert.ok((await browser.signIn(login, ada)).location?.startsWith(redirectUri))
  await app.identity.pool.query(`update session set "createdAt" = now() - interval '1 hour'`)
  assert.match((await browser.get((await party.begin('openid read', { max_age: '0' })).url)).body, /Sign in again/)
  // signed out of the application: the issuer asks too
  const leaving = await browser.get('/logout')
  await browser.submit(leaving)
  assert.equal((await browser.get((await party.begin('openid read')).url)).url, '/login')
  // somebody else signs in to the application in this browser
  const mia = await app.member(ada, 'member', 'Mia')
  await browser.signIn(await browser.get('/login'), mia)
  const page = await browser.get((await party.begin('openid read')).url)
  assert.match(page.body, /mia@example\.test|Continue/)
})

test('end-session asks, and goes only to an address the client registered', async (t) => {
  const { ada, made, party, browser } = await openWorld(t)
  const tokens = await party.tokens(browser, ada, 'openid read')
  const end = (more: Record<string, string>) => browser.get(`${party.as.end_session_endpoint}?${new URLSearchParams({ id_token_hint: tokens.id_token!, ...more })}`)
  assert.equal(errorOf(await end({ post_logout_redirect_uri: 'https://evil.test/' })), 'invalid_request')
  assert.equal(errorOf(await browser.get(`${party.as.end_session_endpoint}?id_token_hint=${tokens.id_token!.slice(0, -6)}AAAAAA`)), 'invalid_request')
  const page = await end({ post_logout_redirect_uri: 'https://client.test/bye', state: 'abc' })
  assert.match(page.body, /Sign out\?/)
  assert.match(page.body, new RegExp('Web'))
  const left = await browser.submit(page, { logout: 'yes' })
  assert.equal(left.location, 'https://client.test/bye?state=abc')
  assert.equal((await party.form('/introspect', { token: tokens.access_token }, basic(made.clientId, made.clientSecret))).body.active, false, 'what hung on the sign-on ended with it')
})

test('other origins may ask as their client lets them, and no others (CORS)', async (t) => {
  const { app, party, page } = await openWorld(t)
  const at = (path: string, method: 'GET' | 'POST' | 'OPTIONS', from: string, payload?: string) => app.http.inject({ method, url: new URL(party.as.issuer).pathname + path, headers: { origin: from, ...(method === 'OPTIONS' ? { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' } : {}), ...(payload ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) }, ...(payload ? { payload } : {}) })
  for (const path of ['/.well-known/openid-configuration', '/jwks']) assert.equal((await at(path, 'GET', 'https://any.test')).headers['access-control-allow-origin'], 'https://any.test')
  assert.equal((await at('/token', 'OPTIONS', 'https://page.test')).statusCode, 204)
  const form = `grant_type=refresh_token&refresh_token=x&client_id=${page.clientId}`
  assert.deepEqual([(await at('/token', 'POST', 'https://page.test', form)).headers['access-control-allow-origin'], (await at('/token', 'POST', 'https://page.test', form)).json().error], ['https://page.test', 'invalid_grant'])
  const foreign = await at('/token', 'POST', 'https://evil.test', form)
  assert.deepEqual([foreign.headers['access-control-allow-origin'], foreign.json().error], [undefined, 'invalid_request'])
})

test('pushed requests, and the API named as resource (PAR, RFC 8707)', async (t) => {
  const { app, ada, made, party, browser } = await openWorld(t)
  const kept = await party.begin('openid read', { resource: `${origin}/api` })
  const pushed = await party.form('/par', Object.fromEntries(new URL(kept.url).searchParams), basic(made.clientId, made.clientSecret))
  assert.equal(pushed.status, 201, JSON.stringify(pushed.body))
  let page = await browser.get(`${party.as.authorization_endpoint}?client_id=${made.clientId}&request_uri=${encodeURIComponent(pushed.body.request_uri)}`)
  page = await browser.submit(await browser.signIn(page, ada), { decision: 'allow' })
  const tokens = await party.end(page.location!, kept)
  assert.equal((await app.as(tokens.access_token, 'GET', '/projects')).status, 200)
  const seen = await party.form('/introspect', { token: tokens.access_token }, basic(made.clientId, made.clientSecret))
  assert.equal(seen.body.aud, `${origin}/api`)
  await app.identity.pool.query(`update oauth.artifact set payload = jsonb_set(payload, '{aud}', '"https://other.example/api"') where kind = 'AccessToken'`)
  app.kernel.bell.ring()
  const again = await testApp(t, { beside: app })
  assert.equal((await again.as(tokens.access_token, 'GET', '/projects')).status, 401, 'for another audience')
})

test('rotated keys break nobody: published before they sign, and until what the old ones signed has ended (S2.3)', async (t) => {
  const { app, ada, party, browser } = await openWorld(t)
  const beside = await testApp(t, { beside: app })
  const before = await party.tokens(browser, ada, 'openid read')
  const kidOf = (token: string) => decodeProtectedHeader(token).kid
  const published = async (one: typeof app) => ((await one.as(undefined, 'GET', new URL(party.as.jwks_uri!).pathname)).body.keys as { kid: string }[]).map(({ kid }) => kid)
  const mia = await app.member(ada, 'member', 'Mia')
  assert.equal((await app.as(mia, 'POST', '/installation/signing-keys/rotate')).status, 403)
  await app.ok(ada, 'POST', '/installation/signing-keys/rotate')
  const four = await published(app)
  assert.equal(four.length, 4)
  for (const end = Date.now() + 10_000; (await published(beside)).length !== 4; await new Promise((resolve) => setTimeout(resolve, 20))) assert.ok(Date.now() < end, 'the other process does not publish the new keys')
  const during = await party.tokens(browser, ada, 'openid read')
  assert.equal(kidOf(during.id_token!), kidOf(before.id_token!), 'not yet')
  // the lead is over
  await app.identity.pool.query(`update oauth.signing_key set signs_from = now() where ends_at is null`)
  await Promise.all([app.identity.signingKeys.reload(), beside.identity.signingKeys.reload()])
  const after = await party.tokens(browser, ada, 'openid read')
  assert.notEqual(kidOf(after.id_token!), kidOf(before.id_token!))
  assert.deepEqual([...(await published(app))].sort(), [...four].sort())
  const fresh = await app.login('Ada')
  assert.notEqual(kidOf(fresh.accessToken), kidOf(ada.accessToken))
  for (const one of [app, beside]) for (const token of [ada.accessToken, fresh.accessToken]) assert.equal((await one.as(token, 'GET', '/users/me')).status, 200)
  // and the last token of the old keys has ended
  await app.identity.pool.query(`update oauth.signing_key set ends_at = now() where ends_at is not null`)
  await app.identity.signingKeys.reload()
  assert.equal((await published(app)).length, 2)
  assert.equal((await app.as(ada, 'GET', '/users/me')).status, 200, 'remembered as checked; a new check would fail')
})

test('events hold no secret, code or token, and no clear name of a client (S4.3)', async (t) => {
  const { app, ada, made, party, browser } = await openWorld(t)
  const marker = 'Zebrafish reporting'
  const marked = await app.ok(ada, 'POST', '/oauth-clients', { name: marker, grantTypes: ['client_credentials'], scopes: ['read'] })
  const rotated = await app.ok(ada, 'POST', `/oauth-clients/${marked.id}/rotate-secret`, {})
  const { token: initial } = await app.ok(ada, 'POST', '/oauth-clients/initial-access-tokens', {})
  const tokens = await party.tokens(browser, ada, 'openid offline_access read', { prompt: 'consent' })
  await party.form('/revoke', { token: tokens.access_token }, basic(made.clientId, made.clientSecret))
  await app.ok(ada, 'DELETE', `/connected-apps/${made.clientId}`)
  await app.ok(ada, 'DELETE', `/oauth-clients/${marked.id}`)
  const log = (await app.query<{ text: string; name: string }>('select name, e::text as text from events e')).filter(({ name }) => name !== 'mail.queued')
  for (const name of ['oauth-client.created', 'oauth-client.secret-rotated', 'initial-access-token.issued', 'oauth-consent.given', 'oauth-token.revoked', 'oauth-consent.withdrawn', 'oauth-client.deleted']) assert.ok(log.some((e) => e.name === name), `${name} is missing`)
  for (const [what, secret] of Object.entries({ secret: made.clientSecret, rotated: rotated.clientSecret, initial, access: tokens.access_token, refresh: tokens.refresh_token!, id: tokens.id_token!, marker })) {
    const found = log.find(({ text }) => text.includes(secret))
    assert.equal(found, undefined, `${what} stands in ${found?.name}`)
  }
  for (const table of ['oauth.artifact', 'oauth_clients']) {
    const { rows } = await app.identity.pool.query<{ text: string }>(`select t::text as text from ${table === 'oauth_clients' ? 'public.' : ''}${table} t`)
    for (const secret of [made.clientSecret, tokens.access_token, tokens.refresh_token!, initial]) assert.ok(!rows.some(({ text }) => text.includes(secret)), `${table} holds a secret in clear`)
  }
})
