import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { testApp, type Answered, type Signed, type TestApp } from '../../testing/app.ts'
import { openStubIssuer, type StubIssuer, type TokenWish } from '../../testing/stub-issuer.ts'
import { readIssuerSetting } from './setting.ts'

const codeOf = ({ status, body }: Answered) => (status < 300 ? 'done' : `${status} ${body.code}`)
const mail = (email: string, more: object = {}): TokenWish => ({ claims: { email, email_verified: true, name: 'Ada Outside', ...more } })
async function until(app: TestApp, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    app.kernel.bell.ring()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
async function stage(t: TestContext, mapping: object | null = { by: 'email', scopes: ['read', 'write', 'profile'] }) {
  const stub = await openStubIssuer(t)
  await stub.makePair()
  const inSettings = mapping && [{ issuer: stub.url, audience: stub.audience, jwksUri: `${stub.url}/keys`, mapping }]
  const app = await testApp(t, { settings: { EGRESS_ALLOW: stub.url.slice(7), ...(inSettings ? { TRUSTED_ISSUERS: JSON.stringify(inSettings) } : {}) } })
  const ops = await app.register('Operator')
  const ada = await app.register('Ada')
  const ask = async (token: string, path = '/tasks', headers: Record<string, string> = { 'org-id': ada.tenant!.id }) => codeOf(await app.as(token, 'GET', path, undefined, headers))
  return { stub, app, ops, ada, ask }
}
const trust = (app: TestApp, by: Signed, path: string, stub: StubIssuer, mapping: object, more: object = {}) => app.ok(by, 'POST', path, { issuer: stub.url, audience: stub.audience, mapping, ...more })

test('a token of a trusted issuer stands for the account with its verified address, where that is a member (S0.2, S4.6)', async (t) => {
  const { stub, app, ada, ask } = await stage(t)
  const token = await stub.sign(mail('ADA@example.test'))
  assert.equal(await ask(token), 'done')
  assert.equal((await app.ok(token, 'GET', '/users/me')).id, ada.user.id)
  assert.equal(await ask(token, '/tasks', {}), '400 tenant.required')
  const eve = await app.register('Eve')
  assert.equal(await ask(token, '/tasks', { 'org-id': eve.tenant!.id }), '404 tenant.not_found')
  assert.equal(await ask(token, '/invitations'), '403 scope.denied', 'no more than the mapping says')
  assert.equal(codeOf(await app.as(token, 'POST', '/auth/switch', { tenant: ada.tenant!.id })), '403 scope.denied')
  const ops = await stub.sign(mail('operator@example.test'))
  assert.equal(codeOf(await app.as(ops, 'GET', '/users')), '403 operator.required', 'an office needs its own sign-in')
  assert.equal(await ask(await stub.sign({ claims: { email: 'ada@example.test' } })), '401 auth.token_refused', 'an address nobody verified')
  assert.equal(await ask(await stub.sign(mail('nobody@example.test'))), '401 auth.token_refused')
})

test('what is forged, old, of another audience or of nobody known is refused (S4.2)', async (t) => {
  const { stub, ask } = await stage(t)
  const claims = mail('ada@example.test').claims!
  const stranger = await stub.makePair('RS256', { publish: false })
  const good = await stub.sign({ claims })
  const tokens: Record<string, string> = {
    'wrong audience': await stub.sign({ claims, audience: 'another' }),
    'expired': await stub.sign({ claims, expiresIn: Math.floor(Date.now() / 1000) - 60 }),
    'alg none': stub.unsigned(claims),
    'HS256 with the public key': await stub.confused(claims),
    'unknown kid': await stub.sign({ claims, pair: stranger }),
    'a known kid with a stranger\'s key': await stub.sign({ claims, pair: stranger, kid: stub.published[0]!.kid }),
    'another issuer': await stub.sign({ claims, issuer: 'https://elsewhere.test' }),
    'our own issuer': await stub.sign({ claims, issuer: 'http://app.test/oauth' }),
    'a changed body': good.replace(/\.([^.]+)\./, (_, body: string) => `.${Buffer.from(Buffer.from(body, 'base64url').toString().replace('ada@', 'eve@')).toString('base64url')}.`),
    'no signature': good.replace(/[^.]+$/, ''),
  }
  assert.equal(await ask(good), 'done')
  for (const [what, token] of Object.entries(tokens)) assert.equal(await ask(token), '401 auth.token_refused', what)
})

test('a rotation of its keys is followed at once; invented key ids fetch nothing; an issuer that is down ends nothing', async (t) => {
  const { stub, ask } = await stage(t)
  const claims = mail('ada@example.test').claims!
  const first = await stub.sign({ claims })
  assert.equal(await ask(first), 'done')
  const fetched = stub.fetches()
  const stranger = await stub.makePair('ES256', { publish: false })
  for (let i = 0; i < 5; i++) await ask(await stub.sign({ claims, pair: stranger, kid: `invented-${i}` }))
  assert.equal(stub.fetches(), fetched, 'the keys were fetched a moment ago')
  stub.fail(true)
  assert.equal(await ask(await stub.sign({ claims: { ...claims, jti: 'two' } })), 'done', 'by the keys that are kept')
})

test('a new key of the issuer is taken without a restart', async (t) => {
  const { stub, app, ask, ops } = await stage(t, null)
  const { id } = await trust(app, ops, '/trusted-issuers', stub, { by: 'email' })
  const claims = mail('ada@example.test').claims!
  assert.equal(await ask(await stub.sign({ claims })), 'done', 'found by its discovery document')
  const next = await stub.makePair('ES256')
  stub.published.shift()
  await app.ok(ops, 'PATCH', `/trusted-issuers/${id}`, { jwksUri: `${stub.url}/keys` }) // another address is another set
  await until(app, async () => (await ask(await stub.sign({ claims, pair: next }))) === 'done')
})

test('removed or switched off, an issuer\'s tokens end; so do those of somebody banned or removed (S4.6)', async (t) => {
  const { stub, app, ops, ada, ask } = await stage(t, null)
  const { id } = await trust(app, ops, '/trusted-issuers', stub, { by: 'email' })
  const token = await stub.sign(mail('ada@example.test'))
  const ends = () => until(app, async () => (await ask(token)) === '401 auth.token_refused')
  const works = () => until(app, async () => (await ask(token)) === 'done')
  await works()
  await app.ok(ops, 'PATCH', `/trusted-issuers/${id}`, { status: 'inactive' })
  await ends()
  await app.ok(ops, 'PATCH', `/trusted-issuers/${id}`, { status: 'active' })
  await works()
  await app.ok(ops, 'PATCH', `/users/${ada.user.id}`, { status: 'banned' })
  await ends()
  await app.ok(ops, 'PATCH', `/users/${ada.user.id}`, { status: 'active' })
  await works()
  await app.ok(ops, 'DELETE', `/trusted-issuers/${id}`)
  await ends()
  const names = await app.query<{ name: string }>(`select name from events where name like 'trusted-issuer.%' order by seq`)
  assert.deepEqual(names.map((e) => e.name), ['trusted-issuer.added', 'trusted-issuer.changed', 'trusted-issuer.changed', 'trusted-issuer.removed'])
})

test('a tenant\'s issuer speaks for its members in that tenant alone, and makes nobody an owner', async (t) => {
  const { stub, app, ada, ask } = await stage(t, null)
  const eve = await app.register('Eve')
  const grace = await app.member(ada, 'admin', 'Grace')
  await trust(app, grace, '/tenant-issuers', stub, { by: 'email', scopes: ['read', 'write', 'admin'] })
  const token = await stub.sign(mail('ada@example.test'))
  assert.equal(await ask(token, '/tasks', {}), 'done')
  assert.equal(await ask(token, '/tasks', { 'org-id': eve.tenant!.id }), '403 tenant.mismatch')
  assert.equal(await ask(token, '/users/me'), '403 scope.denied')
  assert.equal(codeOf(await app.as(token, 'PATCH', `/members/${grace.user.id}`, { role: 'owner' })), '403 permission.denied', 'the owner\'s token is an admin\'s')
  assert.equal(await ask(await stub.sign(mail('eve@example.test')), '/tasks', {}), '401 auth.token_refused', 'no member here')
  for (const [mapping, path] of [[{ by: 'email', justInTime: true }, '/mapping/justInTime'], [{ by: 'email', tenantClaim: 'org' }, '/mapping/tenantClaim'], [{ by: 'email', scopes: ['profile'] }, '/mapping/scopes/0']] as const)
    assert.equal((await app.as(grace, 'POST', '/tenant-issuers', { issuer: 'https://x.test', audience: 'a', mapping })).body.errors[0].path, path)
  assert.deepEqual((await app.ok(eve, 'GET', '/tenant-issuers')).items, [])
  assert.equal(codeOf(await app.as(await app.member(ada, 'member'), 'GET', '/tenant-issuers')), '403 permission.denied')
  await app.ok(ada, 'DELETE', `/members/${grace.user.id}`)
  assert.equal(await ask(await stub.sign(mail('grace@example.test')), '/tasks', {}), '401 auth.token_refused')
})

test('just in time only where the mapping says so, into the tenant of the claim, never into an account nobody proved', async (t) => {
  const { stub, app, ada, ask } = await stage(t, { by: 'email', tenantClaim: 'app.org', justInTime: true, role: 'member', scopeClaim: 'permissions', scopes: ['read', 'write'] })
  const { slug } = ada.tenant!
  const asks = (email: string, org: string, permissions: unknown = ['read', 'write']) => stub.sign(mail(email, { app: { org }, permissions }))
  const newcomer = await asks('new@example.test', slug)
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask(newcomer, '/tasks', {})))
  assert.deepEqual(new Set(answers), new Set(['done']), 'several at once make one account')
  const members = (await app.ok(ada, 'GET', '/members')).items as { name: string; role: string; email: string }[]
  assert.deepEqual(members.filter((m) => m.email === 'new@example.test').map(({ name, role }) => [name, role]), [['Ada Outside', 'member']])
  assert.equal(codeOf(await app.as(await asks('new@example.test', slug, 'read'), 'POST', '/projects', { key: 'WEB', name: 'x' })), '403 scope.denied')
  assert.equal(await ask(await asks('new@example.test', 'no-such-tenant'), '/tasks', {}), '401 auth.token_refused')
  await app.register('Mallory') // took somebody's address and never proved it
  assert.equal(await ask(await asks('mallory@example.test', slug), '/tasks', {}), '401 auth.token_refused')
})

test('by subject the claim names the account', async (t) => {
  const { stub, ada, ask } = await stage(t, { by: 'subject', subjectClaim: 'https://groundwork/user' })
  assert.equal(await ask(await stub.sign({ claims: { 'https://groundwork/user': ada.user.id } })), 'done')
  assert.equal(await ask(await stub.sign({ claims: { 'https://groundwork/user': 'somebody' } })), '401 auth.token_refused')
})

test('what stands in TRUSTED_ISSUERS is listed, and refused when it cannot be read', async (t) => {
  const { app, ops, stub } = await stage(t)
  const [listed] = (await app.ok(ops, 'GET', '/trusted-issuers')).items
  assert.deepEqual([listed.issuer, listed.source], [stub.url, 'setting'])
  assert.equal(codeOf(await app.as(ops, 'DELETE', `/trusted-issuers/${listed.id}`)), '409 state.conflict')
  assert.throws(() => readIssuerSetting('{'), /TRUSTED_ISSUERS is no JSON/)
  assert.throws(() => readIssuerSetting('[{"issuer":"https://x.test","audience":"a","mapping":{"by":"mail"}}]'), /TRUSTED_ISSUERS\/0\/mapping\/by/)
  assert.throws(() => readIssuerSetting('[{"issuer":"https://x.test","audience":"a","secret":"s"}]'), /secret/)
})
