// The second factor: what it takes to sign in with it, that codes count once, what tenants may demand, and what must be proven anew.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goodPassword, testIdentity, type Answered, type TestIdentity } from '../../testing/identity.ts'
import { browser } from '../../testing/browser-without-script.ts'
import { codeAt, stepAt } from './totp.ts'

const codeOf = (answer: Answered) => [answer.status, answer.body.code]
/** A code of now, or of the step after or before it. */
const codeNow = (secret: string, drift = 0) => codeAt(secret, stepAt(Date.now()) + drift)
const wrong = (secret: string) => String((Number(codeNow(secret)) + 500_000) % 1_000_000).padStart(6, '0')

async function withTotp(i: TestIdentity, token: string, drift = -1): Promise<{ secret: string; codes: string[] }> {
  const begun = await i.call('POST', '/users/me/totp', { token })
  assert.equal(begun.status, 201, JSON.stringify(begun.body))
  const done = await i.call('POST', '/users/me/totp/confirm', { token, body: { code: codeNow(begun.body.secret, drift) } })
  assert.equal(done.status, 200, JSON.stringify(done.body))
  return { secret: begun.body.secret, codes: done.body.recoveryCodes }
}

test('an authenticator app counts from its first code on; then a password alone gives no session', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const mia = await i.register('mia')
  const begun = await i.call('POST', '/users/me/totp', { token: mia.accessToken })
  assert.equal((await i.login('mia')).status, 200, 'not yet confirmed')
  assert.deepEqual(codeOf(await i.call('POST', '/users/me/totp/confirm', { token: mia.accessToken, body: { code: wrong(begun.body.secret) } })), [422, 'request.invalid'])
  const { secret, codes } = await withTotp(i, mia.accessToken)
  assert.notEqual(secret, begun.body.secret, 'an unconfirmed secret is replaced')
  assert.equal(codes.length, 10)
  assert.equal((await i.call('GET', '/users/me/totp', { token: mia.accessToken })).body.enabled, true)
  assert.deepEqual(codeOf(await i.call('POST', '/users/me/totp', { token: mia.accessToken })), [409, 'totp.exists'])

  const sessions = async () => (await i.identity.pool.query('select count(*)::int as n from session where "userId" = $1', [mia.user.id])).rows[0].n
  const before = await sessions()
  const half = await i.login('mia')
  assert.deepEqual(codeOf(half), [401, 'auth.code_required'])
  assert.deepEqual(half.cookies, [])
  assert.equal(await sessions(), before, 'a half-done sign-in is no session')
  const second = (code: string, challenge = half.body.challenge) => i.call('POST', '/auth/login/code', { body: { challenge, code } })
  assert.deepEqual(codeOf(await second(wrong(secret))), [401, 'auth.code_refused'])
  const whole = await second(codeNow(secret))
  assert.equal(whole.status, 200)
  assert.equal((await i.call('GET', '/users/me', { token: whole.body.accessToken })).status, 200)
  assert.deepEqual(codeOf(await second(codeNow(secret, 1))), [401, 'auth.challenge_refused'], 'a challenge leads to one session')
})

test('a code counts once, also for two at once, and a code may come with the password', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const mia = await i.register('mia')
  const { secret } = await withTotp(i, mia.accessToken)
  const code = codeNow(secret)
  const all = await Promise.all(Array.from({ length: 6 }, () => i.login('mia', { code })))
  assert.deepEqual(all.map((a) => a.status).sort(), [200, 401, 401, 401, 401, 401])
  assert.deepEqual(codeOf(await i.login('mia', { code })), [401, 'auth.code_refused'])
  assert.deepEqual(codeOf(await i.login('mia', { code: codeNow(secret, 1), password: 'wrong one' })), [401, 'auth.refused'])
  assert.equal((await i.login('mia', { code: codeNow(secret, 1) })).status, 200, 'a refused password uses no code up')
})

test('recovery codes work once each, in any spelling, stand nowhere in clear, and end with new ones', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const mia = await i.register('mia')
  const { codes } = await withTotp(i, mia.accessToken)
  assert.equal((await i.login('mia', { code: codes[0] })).status, 200)
  assert.deepEqual(codeOf(await i.login('mia', { code: codes[0] })), [401, 'auth.code_refused'])
  const spelled = await i.login('mia', { code: ` ${codes[1]!.toLowerCase().replaceAll('-', ' ')}` })
  assert.equal(spelled.status, 200)
  assert.equal((await i.call('GET', '/users/me/recovery-codes', { token: mia.accessToken })).body.remaining, 8)
  const { rows: [kept] } = await i.identity.pool.query('select array_to_string(key_hash, \',\') as text from recovery_codes')
  assert.ok(codes.every((c) => !kept.text.includes(c)))
  const fresh = await i.call('POST', '/users/me/recovery-codes', { token: mia.accessToken })
  assert.equal(fresh.body.recoveryCodes.length, 10)
  assert.deepEqual(codeOf(await i.login('mia', { code: codes[2] })), [401, 'auth.code_refused'])
  assert.equal((await i.login('mia', { code: fresh.body.recoveryCodes[0] })).status, 200)
  const ben = await i.register('ben')
  assert.deepEqual(codeOf(await i.call('POST', '/users/me/recovery-codes', { token: ben.accessToken })), [404, 'totp.not_found'])
})

test('guesses end: six a challenge, and so many an account whatever the address', async (t) => {
  const i = await testIdentity(t, { settings: { limits: true } })
  await i.setUp()
  const mia = await i.register('mia')
  const { secret } = await withTotp(i, mia.accessToken)
  const { body: { challenge } } = await i.login('mia')
  const seen: unknown[] = []
  for (let n = 0; n < 8; n++) seen.push((await i.call('POST', '/auth/login/code', { body: { challenge, code: wrong(secret) } })).body.code)
  assert.deepEqual(seen, [...Array(6).fill('auth.code_refused'), 'auth.challenge_refused', 'auth.challenge_refused'])
  const more: unknown[] = []
  for (let n = 0; n < 6; n++) more.push((await i.login('mia', { code: wrong(secret) })).body.code)
  assert.ok(more.includes('rate.limited'), String(more))
  const blocked = await i.login('mia', { code: codeNow(secret) })
  assert.deepEqual(codeOf(blocked), [429, 'rate.limited'], 'the right one too')
  assert.ok(Number(blocked.headers['retry-after']) > 0)
})

test('the login page asks for the second step and starts a session only after it', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const mia = await i.register('mia')
  const { secret, codes } = await withTotp(i, mia.accessToken)
  const b = browser(i)
  const step = await b.submit(await b.get('/login?next=/projects'), { email: 'mia@example.test', password: goodPassword })
  assert.equal(step.status, 200)
  assert.match(step.body, /autocomplete="one-time-code"/)
  assert.equal((await b.post('/auth/session')).status, 401)
  const no = await b.submit(step, { code: wrong(secret) })
  assert.equal(no.status, 401)
  assert.match(no.body, /id="code-fault" role="alert"/)
  const done = await b.submit(no, { code: codes[3]! })
  assert.deepEqual([done.status, done.headers.location], [303, '/projects'])
  assert.equal((await b.post('/auth/session')).body.user.email, 'mia@example.test')
  const late = await browser(i).submit(no, { code: codes[4]! })
  assert.equal(late.status, 403, 'the form of another browser')
})

test('what opens doors or cannot be taken back asks for a fresh proof, and says what to do', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const mia = await i.register('mia')
  const token = mia.accessToken
  const age = () => i.identity.pool.query(`update session_proof set proven_at = now() - interval '1 hour'`).then(() => i.identity.doorkeeper.forgetAll())
  await age()
  for (const [method, path] of [['POST', '/users/me/totp'], ['DELETE', '/users/me'], ['POST', '/users/me/email'], ['DELETE', '/users/me/totp'], ['POST', '/users/me/recovery-codes']] as const) {
    const answer = await i.call(method, path, { token, ...(path.endsWith('email') ? { body: { email: 'new@example.test', password: goodPassword } } : {}) })
    assert.deepEqual(codeOf(answer), [403, 'auth.step_up_required'], path)
    assert.match(answer.body.detail, /\/auth\/step-up/)
  }
  assert.deepEqual(codeOf(await i.call('POST', '/auth/step-up', { token, body: { password: 'wrong one' } })), [403, 'auth.password_wrong'])
  assert.equal((await i.call('POST', '/auth/step-up', { token, body: { password: goodPassword } })).status, 204)
  const { secret } = await withTotp(i, token)
  await age()
  assert.deepEqual(codeOf(await i.call('POST', '/auth/step-up', { token, body: { password: goodPassword } })), [422, 'request.invalid'], 'with a second factor the password alone is not enough')
  assert.deepEqual(codeOf(await i.call('DELETE', '/users/me/totp', { token })), [403, 'auth.step_up_required'])
  assert.equal((await i.call('POST', '/auth/step-up', { token, body: { code: codeNow(secret) } })).status, 204)
  assert.equal((await i.call('DELETE', '/users/me/totp', { token })).status, 204)
  assert.equal((await i.call('GET', '/users/me/recovery-codes', { token })).body.remaining, 0)
  assert.equal((await i.login('mia')).status, 200)
})

test('a tenant that demands a second factor shows nothing to who lacks it, and lets them in once they have it', async (t) => {
  const i = await testIdentity(t)
  const ops = await i.setUp()
  const ben = await i.register('ben', { tenantName: 'Ben\'s' })
  const { token: invitation } = await i.identity.tenants.invite({ actor: { type: 'user', id: ops.user.id }, request: 'test' }, ops.tenant.id, { email: null, role: 'admin' }, 'owner')
  const mia = await i.register('mia', { invitationToken: invitation })
  const token = mia.accessToken
  const { body: { createdAt, updatedAt, ...unset } } = await i.call('GET', '/security', { token })
  assert.deepEqual([unset, createdAt], [{ secondFactor: 'optional', passkeys: 'optional', sso: 'optional', version: 1 }, updatedAt])
  assert.equal((await i.call('PATCH', '/security', { token, body: { secondFactor: 'required' } })).status, 200)
  const shut = await i.call('GET', '/probe/tenant', { token })
  assert.deepEqual(codeOf(shut), [403, 'tenant.second_factor_required'])
  assert.match(shut.body.detail, /\/users\/me\/totp/)
  assert.deepEqual(codeOf(await i.call('GET', '/security', { token })), [403, 'tenant.second_factor_required'])
  assert.equal((await i.call('GET', '/users/me', { token })).status, 200, 'one\'s own account stays open')
  assert.equal((await i.call('GET', '/probe/tenant', { token: ben.accessToken })).status, 200, 'other tenants are not concerned')
  const { secret } = await withTotp(i, token)
  assert.equal((await i.call('GET', '/probe/tenant', { token })).status, 200)
  const again = await i.login('mia', { code: codeNow(secret) })
  assert.equal((await i.call('GET', '/probe/tenant', { token: again.body.accessToken })).status, 200)
  // the session of another device was proven by password alone
  assert.deepEqual(codeOf(await i.call('GET', '/probe/tenant', { token: ops.accessToken })), [403, 'tenant.second_factor_required'])
  assert.deepEqual(codeOf(await i.call('PATCH', '/security', { token: again.body.accessToken, body: { sso: 'required' } })), [409, 'state.conflict'])
  const events = await i.query<{ name: string; actor_id: string; data: { secondFactor: string } }>(`select name, actor_id, data from events where name = 'security.changed'`)
  assert.deepEqual(events.map((e) => [e.actor_id, e.data.secondFactor]), [[mia.user.id, 'required']])
})

test('the log tells of every step and holds no secret, and a mail tells the person', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const mia = await i.register('mia')
  const { secret, codes } = await withTotp(i, mia.accessToken)
  await i.login('mia', { code: codes[0] })
  await i.call('DELETE', '/users/me/totp', { token: mia.accessToken })
  const events = await i.query<{ name: string; person_id: string; actor_id: string; text: string }>(`select name, person_id, actor_id, data::text as text from events where name ~ '^(totp|recovery-codes)' order by seq`)
  assert.deepEqual(events.map((e) => e.name), ['totp.begun', 'totp.confirmed', 'recovery-codes.made', 'recovery-codes.used', 'totp.removed', 'recovery-codes.removed'])
  assert.ok(events.every((e) => e.person_id === mia.user.id && e.actor_id === mia.user.id))
  const { rows: [{ sealed }] } = await i.identity.pool.query(`select 'x' as sealed`)
  assert.ok(sealed && events.every((e) => !e.text.includes(secret) && !codes.some((c) => e.text.includes(c)) && !/[0-9a-f]{40}/.test(e.text)))
  assert.equal((await i.letters()).filter((l) => /security of your account/.test(l.subject)).length, 2)
})
