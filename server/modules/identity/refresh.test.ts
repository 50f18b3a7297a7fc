// The refresh table row by row, and what ends access: logout, ban, removal, expiry.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { goodPassword, testIdentity, type TestIdentity } from '../../testing/identity.ts'

const codeOf = (answer: { status: number; body: { code?: string } }) => [answer.status, answer.body.code]
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** Lets the consumed mark grow old, by the database's clock. */
const age = (i: TestIdentity) => i.identity.pool.query(`update oauth.artifact set consumed_at = consumed_at - interval '3 seconds' where consumed_at is not null`)
/** Asks until the answer is this one; fails after two seconds, which is what the API promises. */
async function within2s(ask: () => Promise<{ status: number }>, status: number) {
  const until = Date.now() + 2000
  for (;;) {
    const answer = await ask()
    if (answer.status === status) return
    assert.ok(Date.now() < until, `still ${answer.status} after 2 s, expected ${status}`)
    await pause(20)
  }
}

test('login gives a pair whose access token names person, tenant and session', async (t) => {
  const i = await testIdentity(t)
  const ops = await i.setUp()
  const claims = decodeJwt(ops.accessToken)
  assert.deepEqual([claims.sub, claims.org, claims.iss, claims.aud], [ops.user.id, ops.tenant.id, 'http://localhost:8080/oauth', 'http://localhost:8080/api'])
  assert.equal(typeof claims.sid, 'string')
  assert.equal(claims.exp! - claims.iat!, 600)
  assert.equal(ops.expiresIn, 600)
  const { alg, typ } = decodeProtectedHeader(ops.accessToken)
  assert.deepEqual([alg, typ], ['ES256', 'at+jwt'])
  assert.equal((await i.call('GET', '/probe/tenant', { token: ops.accessToken })).body.role, 'owner')
})

test('a refresh token never used gives a new pair; used again within 2 s it is 409 and the chain lives', async (t) => {
  const i = await testIdentity(t)
  const { refreshToken } = await i.setUp()
  const second = await i.refresh(refreshToken)
  assert.equal(second.status, 200)
  assert.notEqual(second.body.refreshToken, refreshToken)
  assert.equal(second.body.user.email, 'ops@example.test')
  assert.deepEqual(codeOf(await i.refresh(refreshToken)), [409, 'auth.refresh_raced'])
  assert.equal((await i.refresh(second.body.refreshToken)).status, 200)
})

test('of 8 concurrent refreshes one wins, seven are told so, and the winner\'s chain lives on', async (t) => {
  const i = await testIdentity(t)
  const { refreshToken } = await i.setUp()
  const crowd = await Promise.all(Array.from({ length: 8 }, () => i.refresh(refreshToken)))
  const winners = crowd.filter((a) => a.status === 200)
  assert.equal(winners.length, 1, JSON.stringify(crowd.map(codeOf)))
  assert.ok(crowd.filter((a) => a.status !== 200).every((a) => a.status === 409 && a.body.code === 'auth.refresh_raced'), JSON.stringify(crowd.map(codeOf)))
  assert.equal((await i.refresh(winners[0]!.body.refreshToken)).status, 200)
})

test('a refresh token used earlier is 401 and ends its whole chain; other devices live on', async (t) => {
  const i = await testIdentity(t)
  const first = await i.setUp()
  const other = (await i.login('ops')).body
  const second = (await i.refresh(first.refreshToken)).body
  await age(i)
  assert.deepEqual(codeOf(await i.refresh(first.refreshToken)), [401, 'auth.refresh_refused'])
  assert.deepEqual(codeOf(await i.refresh(second.refreshToken)), [401, 'auth.refresh_refused'])
  assert.equal((await i.refresh(other.refreshToken)).status, 200)
})

test('an invented or mangled refresh token is 401', async (t) => {
  const i = await testIdentity(t)
  const { refreshToken } = await i.setUp()
  for (const bad of ['x', `${refreshToken}x`, 'a'.repeat(43)]) assert.deepEqual(codeOf(await i.refresh(bad)), [401, 'auth.refresh_refused'])
  assert.deepEqual(codeOf(await i.call('POST', '/auth/refresh')), [401, 'auth.refresh_refused'])
})

test('logout ends refresh and REST of that session at once, and of no other', async (t) => {
  const i = await testIdentity(t)
  const one = await i.setUp()
  const two = (await i.login('ops')).body
  assert.equal((await i.call('POST', '/auth/logout', { token: one.accessToken })).status, 204)
  assert.equal((await i.call('GET', '/users/me', { token: one.accessToken })).status, 401)
  assert.deepEqual(codeOf(await i.refresh(one.refreshToken)), [401, 'auth.refresh_refused'])
  assert.equal((await i.call('GET', '/users/me', { token: two.accessToken })).status, 200)
  assert.equal((await i.refresh(two.refreshToken)).status, 200)
})

test('another process hears of a logout within 2 s', async (t) => {
  const i = await testIdentity(t)
  const other = await testIdentity(t, { beside: i.kernel })
  const { accessToken } = await i.setUp()
  assert.equal((await other.call('GET', '/users/me', { token: accessToken })).status, 200)
  await i.call('POST', '/auth/logout', { token: accessToken })
  await within2s(() => other.call('GET', '/users/me', { token: accessToken }), 401)
})

test('a ban ends REST and refresh within 2 s, in every process, and login is refused', async (t) => {
  const i = await testIdentity(t)
  const other = await testIdentity(t, { beside: i.kernel })
  const ops = await i.setUp()
  const ben = await i.register('ben', { tenantName: 'Ben\'s' })
  assert.equal((await other.call('GET', '/probe/tenant', { token: ben.accessToken })).status, 200)
  const banned = await i.call('PATCH', `/users/${ben.user.id}`, { token: ops.accessToken, body: { status: 'banned' } })
  assert.deepEqual([banned.status, banned.body.status], [200, 'banned'])
  await within2s(() => other.call('GET', '/probe/tenant', { token: ben.accessToken }), 401)
  await within2s(() => i.call('GET', '/probe/tenant', { token: ben.accessToken }), 401)
  assert.deepEqual(codeOf(await i.refresh(ben.refreshToken)), [401, 'auth.refresh_refused'])
  assert.deepEqual(codeOf(await i.login('ben')), [401, 'auth.refused'])
  await i.call('PATCH', `/users/${ben.user.id}`, { token: ops.accessToken, body: { status: 'active' } })
  // lifting the ban gives nothing back that was signed in before
  assert.deepEqual(codeOf(await i.refresh(ben.refreshToken)), [401, 'auth.refresh_refused'])
  assert.equal((await other.call('GET', '/probe/tenant', { token: ben.accessToken })).status, 401)
  assert.equal((await i.login('ben')).status, 200)
})

test('removal from the tenant ends REST and refresh within 2 s, in every process', async (t) => {
  const i = await testIdentity(t)
  const other = await testIdentity(t, { beside: i.kernel })
  const ops = await i.setUp()
  const { token } = await i.identity.tenants.invite(by(ops), ops.tenant.id, { email: 'mia@example.test', role: 'member' }, 'owner')
  const mia = await i.register('mia', { invitationToken: token })
  assert.equal(mia.tenant.id, ops.tenant.id)
  assert.equal((await other.call('GET', '/probe/tenant', { token: mia.accessToken })).status, 200)
  await i.identity.tenants.removeMember(by(ops), ops.tenant.id, mia.user.id, 'owner')
  await within2s(() => other.call('GET', '/probe/tenant', { token: mia.accessToken }), 401)
  await within2s(() => i.call('GET', '/probe/tenant', { token: mia.accessToken }), 401)
  assert.deepEqual(codeOf(await i.refresh(mia.refreshToken)), [401, 'auth.refresh_refused'])
})

test('a session past its end gives no new pair', async (t) => {
  const i = await testIdentity(t)
  const { refreshToken } = await i.setUp()
  await i.identity.pool.query(`update session set "expiresAt" = now() - interval '1 second'`)
  assert.deepEqual(codeOf(await i.refresh(refreshToken)), [401, 'auth.refresh_refused'])
})

test('a new password ends all other sessions', async (t) => {
  const i = await testIdentity(t)
  const one = await i.setUp()
  const two = (await i.login('ops')).body
  const wrong = await i.call('PATCH', '/users/me', { token: one.accessToken, body: { password: 'lanterns on the quay', currentPassword: 'not it' } })
  assert.deepEqual(codeOf(wrong), [403, 'auth.password_wrong'])
  assert.equal((await i.call('PATCH', '/users/me', { token: one.accessToken, body: { password: 'lanterns on the quay', currentPassword: goodPassword } })).status, 200)
  assert.equal((await i.call('GET', '/users/me', { token: two.accessToken })).status, 401)
  assert.equal((await i.refresh(two.refreshToken)).status, 401)
  assert.equal((await i.refresh(one.refreshToken)).status, 200)
})

test('forged, altered and foreign tokens are 401', async (t) => {
  const i = await testIdentity(t)
  const { accessToken } = await i.setUp()
  const [head, body, signature] = accessToken.split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
  const other = Buffer.from(JSON.stringify({ ...claims, sub: claims.sid })).toString('base64url')
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url')
  assert.equal((await i.call('GET', '/users/me', { token: accessToken })).status, 200) // now it is remembered
  for (const token of [`${head}.${other}.${signature}`, `${none}.${body}.`, `${head}.${body}.`, `${head}.${body}.${signature.slice(0, -2)}AA`, 'x']) {
    const answer = await i.call('GET', '/users/me', { token })
    assert.equal(answer.status, 401)
    assert.match(String(answer.headers['www-authenticate']), /invalid_token/)
  }
})

const by = (login: { user: { id: string } }) => ({ actor: { type: 'user' as const, id: login.user.id }, request: 'test' })
