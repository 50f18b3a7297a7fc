// OAuth 2.0 connections against a stub of an authorization server that rotates refresh tokens and ends a chain that is used twice (RFC 6749, 7636).
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { openSmtpMail } from '../../adapters/mail-smtp.ts'
import { testApp, type Signed } from '../../testing/app.ts'
import { openOtherSide } from '../../testing/other-side.ts'
import { createDesk, type HttpConnection } from './api.ts'

async function stage(t: TestContext, { expiresIn = 3600, slowMs = 0 } = {}) {
  const state = { codes: new Map<string, string>(), refresh: new Set<string>(), access: new Set<string>(), used: 0, asked: [] as Record<string, string>[], broken: false }
  const grant = () => {
    const [accessToken, refreshToken] = [`at-${randomBytes(9).toString('hex')}`, `rt-${randomBytes(9).toString('hex')}`]
    state.access = new Set([accessToken])
    state.refresh.add(refreshToken)
    return { access_token: accessToken, refresh_token: refreshToken, token_type: 'Bearer', expires_in: expiresIn, scope: 'read write' }
  }
  const side = await openOtherSide(t, async ({ path, body, headers }) => {
    if (path !== '/token') return state.access.has(String(headers.authorization).replace('Bearer ', '')) ? { body: { hello: headers.authorization } } : { status: 401 }
    await new Promise((resolve) => setTimeout(resolve, slowMs))
    const form = Object.fromEntries(new URLSearchParams(body))
    state.asked.push({ ...form, authorization: String(headers.authorization ?? '') })
    if (state.broken) return { status: 503, body: 'down' }
    if (form.grant_type === 'client_credentials') return { body: { ...grant(), refresh_token: undefined } }
    if (form.grant_type === 'authorization_code') {
      const challenge = state.codes.get(form.code!)
      state.codes.delete(form.code!)
      return challenge === createHash('sha256').update(form.code_verifier ?? '').digest('base64url') ? { body: grant() } : { status: 400, body: { error: 'invalid_grant', error_description: `no such code ${form.code}` } }
    }
    if (!state.refresh.delete(form.refresh_token!)) {
      state.refresh.clear() // a second use of one generation ends the chain
      return { status: 400, body: { error: 'invalid_grant', error_description: `reuse of ${form.refresh_token}` } }
    }
    state.used++
    return { body: grant() }
  })
  const app = await testApp(t, { settings: { EGRESS_ALLOW: '127.0.0.9' } })
  const ada = await app.register('Ada')
  const deskOf = (one = app) => createDesk({ kernel: one.kernel, openMail: async (to) => openSmtpMail(to) })
  const ctx = (one = app) => one.kernel.app.context({ tenant: ada.tenant!.id, actor: { type: 'user', id: ada.user.id }, request: 'test', role: 'owner' })
  const make = (more: object = {}, secrets: object = { clientSecret: 's/cret' }) => app.ok(ada, 'POST', '/connections', { name: 'o', type: 'oauth', settings: { baseUrl: side.url, authorizeUrl: `${side.url}/authorize?keep=1`, tokenUrl: `${side.url}/token`, clientId: 'cl:ient', scopes: ['read', 'write'], ...more }, secrets })
  /** What a browser does at the provider. */
  const consent = (url: string) => {
    const asked = new URL(url).searchParams
    const code = randomBytes(8).toString('hex')
    state.codes.set(code, asked.get('code_challenge')!)
    return { state: asked.get('state')!, code, asked: Object.fromEntries(asked) }
  }
  const authorize = async (id: string, who: Signed = ada) => {
    const { url } = await app.ok(who, 'POST', `/connections/${id}/authorize`)
    const { state: given, code } = consent(url)
    return app.ok(who, 'POST', '/connections/complete', { state: given, code })
  }
  const open = async (id: string, one = app) => (await deskOf(one).open(ctx(one), id)) as HttpConnection
  const expire = (id: string) => app.query(`update connection_tokens set expires_at = now() - interval '1 minute' where connection_id = $1`, [id])
  return { app, ada, side, state, make, consent, authorize, open, expire }
}

test('a person gives consent once; the connection then signs in by itself', async (t) => {
  const { app, ada, state, make, consent, open } = await stage(t)
  const made = await make()
  assert.equal(made.status, 'unauthorized')
  await assert.rejects((await open(made.id)).request({ url: '/x' }), { name: 'ConnectionError', code: 'unauthorized' })
  const { url } = await app.ok(ada, 'POST', `/connections/${made.id}/authorize`)
  const { state: given, code, asked } = consent(url)
  assert.deepEqual([asked.keep, asked.response_type, asked.client_id, asked.redirect_uri, asked.code_challenge_method, asked.scope], ['1', 'code', 'cl:ient', 'http://app.test/connections/callback', 'S256', 'read write'])
  const done = await app.ok(ada, 'POST', '/connections/complete', { state: given, code })
  assert.equal(done.status, 'working')
  assert.equal(state.asked[0]!.authorization, `Basic ${Buffer.from('cl%3Aient:s%2Fcret').toString('base64')}`)
  assert.equal(state.asked[0]!.client_secret, undefined)
  const answer = await (await open(made.id)).request({ url: '/hello' })
  assert.deepEqual(answer.body, { hello: 'Bearer ***' }) // echoed, and masked
  const again = await app.as(ada, 'POST', '/connections/complete', { state: given, code })
  assert.deepEqual([again.status, again.body.code], [404, 'connection.state_unknown'])
})

test('a consent belongs to who began it, and a code that is refused says why without itself', async (t) => {
  const { app, ada, make, consent } = await stage(t)
  const { id } = await make()
  const admin = await app.member(ada, 'admin')
  const first = consent((await app.ok(ada, 'POST', `/connections/${id}/authorize`)).url)
  assert.equal((await app.as(admin, 'POST', '/connections/complete', { state: first.state, code: first.code })).status, 404)
  const wrong = await app.as(ada, 'POST', '/connections/complete', { state: first.state, code: 'not-the-code' })
  assert.deepEqual([wrong.status, wrong.body.code], [409, 'connection.refused'])
  assert.ok(wrong.body.detail.includes('invalid_grant') && !JSON.stringify(wrong.body).includes('not-the-code'))
  const second = consent((await app.ok(ada, 'POST', `/connections/${id}/authorize`)).url)
  const denied = await app.ok(ada, 'POST', '/connections/complete', { state: second.state, error: 'access_denied' })
  assert.deepEqual([denied.status, denied.error], ['unauthorized', 'consent was not given: access_denied'])
})

test('a token that ended is renewed by one of many at once, in two processes; the chain is never used twice', async (t) => {
  const { app, state, make, authorize, open, expire } = await stage(t, { slowMs: 50 })
  const { id } = await make()
  await authorize(id)
  const beside = await testApp(t, { beside: app, settings: { EGRESS_ALLOW: '127.0.0.9' } })
  for (let round = 1; round <= 3; round++) {
    await expire(id)
    const opened = [...(await Promise.all(Array.from({ length: 6 }, () => open(id)))), ...(await Promise.all(Array.from({ length: 6 }, () => open(id, beside))))]
    const answers = await Promise.all(opened.map((one) => one.request({ url: '/x' })))
    assert.deepEqual([answers.map(({ status }) => status), state.used], [answers.map(() => 200), round])
  }
  assert.equal((await app.query(`select 1 from events where name = 'connection.refreshed'`)).length, 3)
})

test('a token that is refused before its time is renewed once; who renewed and died is followed when the lease ends', async (t) => {
  const { app, state, make, authorize, open, expire } = await stage(t)
  const { id } = await make()
  await authorize(id)
  state.access.clear()
  assert.equal((await (await open(id)).request({ url: '/x' })).status, 200)
  assert.equal(state.used, 1)
  await expire(id)
  await app.query(`update connection_tokens set refreshing_until = now() + interval '400 ms' where connection_id = $1`, [id])
  assert.equal((await (await open(id)).request({ url: '/x' })).status, 200)
})

test('when the chain has ended a person is asked again; when the server is down it is tried again', async (t) => {
  const { app, ada, state, make, authorize, open, expire } = await stage(t)
  const { id } = await make()
  await authorize(id)
  await expire(id)
  state.broken = true
  await assert.rejects((await open(id)).request({ url: '/x' }), { name: 'ConnectionError', code: 'failed' })
  assert.equal((await app.ok(ada, 'GET', `/connections/${id}`)).status, 'working')
  state.broken = false
  state.refresh.clear()
  await assert.rejects((await open(id)).request({ url: '/x' }), (error: Error & { code: string }) => error.code === 'unauthorized' && !/rt-/.test(error.message))
  const now = await app.ok(ada, 'GET', `/connections/${id}`)
  assert.ok(now.status === 'unauthorized' && !/rt-/.test(now.error))
  await authorize(id)
  assert.equal((await (await open(id)).request({ url: '/x' })).status, 200)
})

test('client credentials need nobody; a public client proves itself by PKCE and sends its id only', async (t) => {
  const { app, ada, state, make, authorize, open } = await stage(t)
  const machine = await make({ grant: 'client_credentials', clientAuth: 'post', audience: 'https://api.test' })
  assert.equal(machine.status, 'untested')
  assert.equal((await app.as(ada, 'POST', `/connections/${machine.id}/authorize`)).body.code, 'state.conflict')
  assert.equal((await (await open(machine.id)).request({ url: '/x' })).status, 200)
  const { authorization, client_secret: secret, client_id: client, audience, scope } = state.asked[0]!
  assert.deepEqual([authorization, secret, client, audience, scope], ['', 's/cret', 'cl:ient', 'https://api.test', 'read write'])
  await authorize((await make({}, {})).id)
  assert.deepEqual([state.asked[1]!.authorization, state.asked[1]!.client_secret, state.asked[1]!.client_id], ['', undefined, 'cl:ient'])
})

test('tokens stand sealed, and go with what they were given for', async (t) => {
  const { app, ada, state, make, authorize } = await stage(t)
  const { id } = await make()
  await authorize(id)
  const rows = await app.query<{ line: string }>('select (t.*)::text as line from connection_tokens t')
  for (const token of [...state.access, ...state.refresh]) for (const { line } of rows) assert.ok(!line.includes(token) && !line.includes(Buffer.from(token).toString('hex')))
  const changed = await app.ok(ada, 'PATCH', `/connections/${id}`, { settings: { ...(await app.ok(ada, 'GET', `/connections/${id}`)).settings, scopes: ['read'] } })
  assert.deepEqual([changed.status, (await app.query('select 1 from connection_tokens')).length], ['unauthorized', 0])
})
