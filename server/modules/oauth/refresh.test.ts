// The refresh table on a tenant's issuer, row by row and eight at a time, and what ends a grant: withdrawal, removal, ban, the client's end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp, type Signed, type TestApp } from '../../testing/app.ts'
import { basic, openBrowser, openParty, redirectUri, type Browser, type Party } from '../../testing/oauth.ts'

type Made = { clientId: string; clientSecret: string }
type World = { app: TestApp; ada: Signed; made: Made; party: Party; browser: Browser; refresh(token: string): ReturnType<Party['form']>; age(): Promise<unknown> }
const scope = 'openid offline_access read'

async function openWorld(t: Parameters<typeof testApp>[0]): Promise<World> {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const made = await app.ok(ada, 'POST', '/oauth-clients', { name: 'Reporting', redirectUris: [redirectUri], scopes: scope.split(' ') })
  const party = await openParty(app, ada.tenant!.id, made)
  return {
    app, ada, made, party, browser: openBrowser(app),
    refresh: (token) => party.form('/token', { grant_type: 'refresh_token', refresh_token: token }, basic(made.clientId, made.clientSecret)),
    // by the database's clock
    age: () => app.identity.pool.query(`update oauth.artifact set consumed_at = consumed_at - interval '3 seconds' where consumed_at is not null`),
  }
}
const told = ({ status, body }: { status: number; body: { error?: string } }) => `${status} ${body.error ?? 'ok'}`
const tokensOf = (w: World, browser = w.browser, who = w.ada) => w.party.tokens(browser, who, scope, { prompt: 'consent' })
const alive = async (w: World, token: string) => (await w.app.as(token, 'GET', '/projects')).status === 200
/** Asks until it holds; fails after ten seconds on a machine at rest or not. */
async function until(what: string, holds: () => Promise<boolean>) {
  for (const end = Date.now() + 10_000; !(await holds()); ) {
    assert.ok(Date.now() < end, what)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('never used: a new pair; used again within 2 s: invalid_grant, and the chain lives', async (t) => {
  const w = await openWorld(t)
  const first = await tokensOf(w)
  const second = await w.refresh(first.refresh_token!)
  assert.equal(second.status, 200)
  assert.notEqual(second.body.refresh_token, first.refresh_token)
  assert.equal(told(await w.refresh(first.refresh_token!)), '400 invalid_grant')
  assert.equal((await w.refresh(second.body.refresh_token)).status, 200)
})

test('of eight concurrent refreshes one wins, and the winner\'s chain lives on', async (t) => {
  const w = await openWorld(t)
  const { refresh_token: token } = await tokensOf(w)
  const crowd = await Promise.all(Array.from({ length: 8 }, () => w.refresh(token!)))
  const winners = crowd.filter(({ status }) => status === 200)
  assert.deepEqual([winners.length, crowd.filter((a) => told(a) === '400 invalid_grant').length], [1, 7], crowd.map(told).join())
  const next = await w.refresh(winners[0]!.body.refresh_token)
  assert.equal(next.status, 200)
  assert.equal(await alive(w, next.body.access_token), true)
})

test('used earlier: its whole chain ends, the person\'s other browsers and apps live on, and the audit says so', async (t) => {
  const w = await openWorld(t)
  const first = await tokensOf(w)
  const other = await tokensOf(w, openBrowser(w.app))
  const second = (await w.refresh(first.refresh_token!)).body
  await w.age()
  assert.equal(told(await w.refresh(first.refresh_token!)), '400 invalid_grant')
  assert.equal(told(await w.refresh(second.refresh_token)), '400 invalid_grant')
  await until('the access token of the chain still works', async () => !(await alive(w, second.access_token)))
  assert.equal((await w.refresh(other.refresh_token!)).status, 200)
  await until('no event tells of the reuse', async () => (await w.app.query(`select 1 from events where name = 'refresh-token.reused' and subject_id = $1 and person_id = $2`, [w.made.clientId, w.ada.user.id])).length === 1)
})

test('a replayed code is invalid_grant and ends what it gave', async (t) => {
  const w = await openWorld(t)
  const kept = await w.party.begin(scope)
  let page = await w.browser.signIn(await w.browser.get(kept.url), w.ada)
  page = await w.browser.submit(page, { decision: 'allow' })
  const code = new URL(page.location!).searchParams.get('code')!
  const ask = () => w.party.form('/token', { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: kept.verifier }, basic(w.made.clientId, w.made.clientSecret))
  const first = await ask()
  assert.equal(first.status, 200)
  assert.equal(await alive(w, first.body.access_token), true)
  assert.equal(told(await ask()), '400 invalid_grant')
  await until('the token of a replayed code still works', async () => !(await alive(w, first.body.access_token)))
})

test('two at once with one code: one wins', async (t) => {
  const w = await openWorld(t)
  const kept = await w.party.begin(scope)
  const page = await w.browser.submit(await w.browser.signIn(await w.browser.get(kept.url), w.ada), { decision: 'allow' })
  const code = new URL(page.location!).searchParams.get('code')!
  const crowd = await Promise.all(Array.from({ length: 8 }, () => w.party.form('/token', { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: kept.verifier }, basic(w.made.clientId, w.made.clientSecret))))
  assert.equal(crowd.filter(({ status }) => status === 200).length, 1, crowd.map(told).join())
})

test('revocation, withdrawal, removal, ban and the client\'s end stop refresh and API, in every process (S2.4)', async (t) => {
  const w = await openWorld(t)
  const { app, ada, party } = w
  const beside = await testApp(t, { beside: app })
  const { tenant } = ada
  const both = async (token: string) => [(await app.as(token, 'GET', '/projects')).status, (await beside.as(token, 'GET', '/projects')).status]
  const ends = async (what: string, token: string) => until(`${what}: the token still works`, async () => (await both(token)).every((status) => status === 401 || status === 404))

  const revoked = await tokensOf(w)
  assert.deepEqual(await both(revoked.access_token), [200, 200])
  await party.form('/revoke', { token: revoked.access_token }, basic(w.made.clientId, w.made.clientSecret))
  await ends('revoked', revoked.access_token)

  const withdrawn = await tokensOf(w)
  assert.deepEqual(await both(withdrawn.access_token), [200, 200])
  assert.deepEqual((await app.ok(ada, 'GET', '/connected-apps')).items.map((a: { clientId: string; name: string; tenantName: string }) => [a.clientId, a.name, a.tenantName]), [[w.made.clientId, 'Reporting', 'Ada\'s team']])
  assert.equal((await app.as(ada, 'DELETE', `/connected-apps/${w.made.clientId}`)).status, 204)
  await ends('withdrawn', withdrawn.access_token)
  assert.equal(told(await w.refresh(withdrawn.refresh_token!)), '400 invalid_grant')
  assert.equal((await app.as(ada, 'DELETE', `/connected-apps/${w.made.clientId}`)).status, 404)
  assert.match((await w.browser.get((await party.begin(scope)).url)).body, /value="allow"/, 'asked again')

  const mia = await app.member(ada, 'member', 'Mia')
  const removed = await tokensOf(w, openBrowser(app), mia)
  assert.deepEqual(await both(removed.access_token), [200, 200])
  await app.ok(ada, 'DELETE', `/members/${mia.user.id}`)
  await ends('removed', removed.access_token)
  assert.equal(told(await w.refresh(removed.refresh_token!)), '400 invalid_grant')

  const ben = await app.member(ada, 'member', 'Ben')
  const banned = await tokensOf(w, openBrowser(app), ben)
  assert.deepEqual(await both(banned.access_token), [200, 200])
  await app.ok(ada, 'PATCH', `/users/${ben.user.id}`, { status: 'banned' })
  await ends('banned', banned.access_token)
  assert.equal(told(await w.refresh(banned.refresh_token!)), '400 invalid_grant')

  const last = await tokensOf(w)
  assert.deepEqual(await both(last.access_token), [200, 200])
  await app.ok(ada, 'DELETE', `/oauth-clients/${w.made.clientId}`)
  await ends('the client is gone', last.access_token)
  assert.equal(told(await w.refresh(last.refresh_token!)), '401 invalid_client')
  const rows = await app.identity.pool.query(`select kind from oauth.artifact where tenant_id = $1 and client_id = $2`, [tenant!.id, w.made.clientId])
  assert.deepEqual(rows.rows, [])
})

test('a suspended or deleted tenant has no issuer, and its tokens open nothing', async (t) => {
  const w = await openWorld(t)
  const { app, ada } = w
  const beside = await testApp(t, { beside: app })
  const tokens = await tokensOf(w)
  const at = `/t/${ada.tenant!.id}/oauth/.well-known/openid-configuration`
  assert.deepEqual([(await app.as(undefined, 'GET', at)).status, (await beside.as(undefined, 'GET', at)).status, (await beside.as(tokens.access_token, 'GET', '/projects')).status], [200, 200, 200])
  await app.ok(ada, 'DELETE', `/tenants/${ada.tenant!.id}`)
  for (const one of [app, beside]) {
    await until('the issuer still answers', async () => (await one.as(undefined, 'GET', at)).status === 404)
    await until('a token still works', async () => (await one.as(tokens.access_token, 'GET', '/projects')).status !== 200)
  }
  assert.equal((await w.refresh(tokens.refresh_token!)).status, 404)
  assert.equal((await app.as(undefined, 'GET', '/t/0198d3a0-0000-7000-8000-000000000000/oauth/jwks')).status, 404)
  assert.equal((await app.as(undefined, 'GET', `/t/${ada.tenant!.slug}/oauth/jwks`)).status, 404, 'by id only: an issuer never changes')
})
