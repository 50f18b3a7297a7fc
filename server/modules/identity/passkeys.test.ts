// Passkeys with an authenticator in software: made, used, removed, and what a forged or replayed answer meets.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { createAuthenticator, type Doctored } from '../../testing/authenticator.ts'
import { browser } from '../../testing/browser-without-script.ts'
import { goodPassword, testIdentity, type Answered, type TestIdentity } from '../../testing/identity.ts'
import { passkeyScript } from './page-script.ts'

const origin = 'http://localhost:8080'
const codeOf = (answer: Answered) => [answer.status, answer.body.code]

async function withPasskey(i: TestIdentity, token: string, device = createAuthenticator(origin)) {
  const options = await i.call('POST', '/users/me/passkeys/options', { token })
  assert.equal(options.status, 200, JSON.stringify(options.body))
  const made = await i.call('POST', '/users/me/passkeys', { token, body: { name: 'Laptop', credential: device.create(options.body) } })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  return { device, id: made.body.id as string }
}
async function signIn(i: TestIdentity, device: ReturnType<typeof createAuthenticator>, doctored: Doctored = {}) {
  const { body } = await i.call('POST', '/auth/passkey/options')
  return i.call('POST', '/auth/passkey', { body: { credential: device.get(body, doctored) } })
}

test('a passkey is made, signs in without password, is listed with its last use, and no longer works once removed', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const mia = await i.register('mia')
  const token = mia.accessToken
  const { device, id } = await withPasskey(i, token)
  const done = await signIn(i, device)
  assert.deepEqual([done.status, done.body.user?.id], [200, mia.user.id])
  const [listed] = (await i.call('GET', '/users/me/passkeys', { token })).body.items
  assert.deepEqual([listed.id, listed.name, listed.usedAt !== null], [id, 'Laptop', true])
  const ben = await i.register('ben')
  assert.deepEqual(codeOf(await i.call('DELETE', `/users/me/passkeys/${id}`, { token: ben.accessToken })), [404, 'passkey.not_found'])
  assert.equal((await i.call('DELETE', `/users/me/passkeys/${id}`, { token })).status, 204)
  assert.deepEqual(codeOf(await signIn(i, device)), [401, 'auth.passkey_refused'])
  const events = await i.query<{ name: string; actor_id: string; text: string }>(`select name, actor_id, data::text as text from events where name like 'passkey.%' order by seq`)
  assert.deepEqual(events.map((e) => [e.name, e.actor_id === mia.user.id]), [['passkey.added', true], ['passkey.used', true], ['passkey.removed', true]])
  assert.ok(events.every((e) => !e.text.includes(device.id) && !e.text.includes('Laptop')))
})

test('an answer that was replayed, doctored or signed by another key opens nothing', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const { device } = await withPasskey(i, (await i.register('mia')).accessToken)
  const { body: options } = await i.call('POST', '/auth/passkey/options')
  const credential = device.get(options)
  assert.equal((await i.call('POST', '/auth/passkey', { body: { credential } })).status, 200)
  assert.deepEqual(codeOf(await i.call('POST', '/auth/passkey', { body: { credential } })), [401, 'auth.passkey_refused'], 'replayed')
  const attempts: [string, Doctored][] = [
    ['another origin', { origin: 'https://evil.test' }], ['an invented challenge', { challenge: Buffer.alloc(32, 1).toString('base64url') }],
    ['no user verification', { verified: false }], ['a counter that went back: a copy of the key', { counter: 1 }], ['the answer to another question', { type: 'webauthn.create' }],
  ]
  for (const [what, doctored] of attempts) assert.deepEqual(codeOf(await signIn(i, device, doctored)), [401, 'auth.passkey_refused'], what)
  const { body: more } = await i.call('POST', '/auth/passkey/options')
  const forged = device.get(more, {}, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  assert.deepEqual(codeOf(await i.call('POST', '/auth/passkey', { body: { credential: forged } })), [401, 'auth.passkey_refused'])
  assert.equal((await signIn(i, device)).status, 200)
})

test('a challenge is one person\'s: nobody adds a passkey with somebody else\'s', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const [mia, ben] = [await i.register('mia'), await i.register('ben')]
  const { body: options } = await i.call('POST', '/users/me/passkeys/options', { token: ben.accessToken })
  const credential = createAuthenticator(origin).create(options)
  const refused = await i.call('POST', '/users/me/passkeys', { token: mia.accessToken, body: { name: 'x', credential } })
  assert.deepEqual([refused.status, refused.body.errors[0].path], [422, '/credential'])
  const { device } = await withPasskey(i, mia.accessToken)
  const again = await i.call('POST', '/users/me/passkeys/options', { token: mia.accessToken })
  assert.deepEqual(again.body.excludeCredentials.map((c: { id: string }) => c.id), [device.id])
  assert.deepEqual(codeOf(await i.call('POST', '/users/me/passkeys', { token: mia.accessToken, body: { name: 'twice', credential: device.create(again.body) } })), [409, 'conflict'])
})

test('a tenant that demands passkeys lets in who used one, and one proves a step-up', async (t) => {
  const i = await testIdentity(t)
  const ops = await i.setUp()
  const token = ops.accessToken
  const { device } = await withPasskey(i, token)
  assert.equal((await i.call('PATCH', '/security', { token, body: { passkeys: 'required' } })).status, 200)
  const byPassword = (await i.login('ops')).body.accessToken
  assert.deepEqual(codeOf(await i.call('GET', '/probe/tenant', { token: byPassword })), [403, 'tenant.passkey_required'])
  const byPasskey = (await signIn(i, device)).body.accessToken
  assert.equal((await i.call('GET', '/probe/tenant', { token: byPasskey })).status, 200)
  const { body: options } = await i.call('POST', '/auth/passkey/options')
  assert.equal((await i.call('POST', '/auth/step-up', { token: byPassword, body: { passkey: device.get(options) } })).status, 204)
  assert.equal((await i.call('GET', '/probe/tenant', { token: byPassword })).status, 200)
  const ben = await i.register('ben')
  const { body: mine } = await i.call('POST', '/auth/passkey/options')
  assert.deepEqual(codeOf(await i.call('POST', '/auth/step-up', { token: ben.accessToken, body: { passkey: device.get(mine) } })), [401, 'auth.passkey_refused'])
})

test('the sign-in page takes a passkey; its policy allows one script by its hash', async (t) => {
  const i = await testIdentity(t)
  const ops = await i.setUp()
  const { device } = await withPasskey(i, ops.accessToken)
  const b = browser(i)
  const page = await b.get('/login?next=/projects')
  assert.deepEqual([...String(page.body).matchAll(/<script>([^]*?)<\/script>/g)].map((m) => m[1]), [passkeyScript])
  assert.match(String(page.headers['content-security-policy']), /script-src 'sha256-[\w+/=]{44}'; connect-src 'self'$/)
  const form = { ...page, body: String(page.body).slice(String(page.body).indexOf('<form method="post" action="/login/passkey"')) }
  const { body: options } = await b.post('/auth/passkey/options')
  const wrong = await b.submit(form, { credential: '{}' })
  assert.equal(wrong.status, 401)
  const { body: others } = await browser(i).post('/auth/passkey/options')
  assert.equal((await b.submit(form, { credential: JSON.stringify(device.get(others)) })).status, 401, 'the answer to a question that another client was asked')
  const done = await b.submit(form, { credential: JSON.stringify(device.get(options)) })
  assert.deepEqual([done.status, done.headers.location], [303, '/projects'])
  assert.equal((await b.post('/auth/session')).body.user.id, ops.user.id)
  assert.equal((await i.login('ops', { password: goodPassword })).status, 200)
})
