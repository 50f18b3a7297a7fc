// Sign-in by providers of the installation: who gets an account, what links to one, and what cannot be hijacked.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { oidcProvider } from '../../testing/identity-provider.ts'
import { password } from '../../testing/app.ts'
import { faultOf, ssoApp, type SsoApp } from '../../testing/sso.ts'
import { codeAt, stepAt } from '../identity/totp.ts'
import { discord, gitHub, redeemSocial, serverOf, socialProviders, type SocialSettings } from './social.ts'

type Idp = Awaited<ReturnType<typeof oidcProvider>>
const settingsOf = (idp: Idp) => ({ OIDC_ISSUER: idp.issuer, OIDC_CLIENT_ID: idp.clientId, OIDC_CLIENT_SECRET: idp.clientSecret, OIDC_NAME: 'Acme' })
const mia = { sub: 'mia-1', email: 'mia@example.test', email_verified: true, name: 'Mia' }
async function signIn(app: SsoApp, idp: Idp, b = app.browser()) {
  const out = await b.get('/login/with/oidc?next=/projects')
  return { b, page: await b.get(await idp.follow(String(out.headers.location))) }
}
const codeOf = async (answer: ReturnType<SsoApp['as']>) => `${(await answer).status} ${(await answer).body.code}`

test('the sign-in page offers what is set up; a new person gets an account, and comes back to it by the provider\'s own name for them', async (t) => {
  const idp = await oidcProvider(t)
  const app = await ssoApp(t, settingsOf(idp))
  idp.state.person = mia
  assert.match(faultOf((await signIn(app, idp)).page), /set-up token/, 'nobody claims an installation this way')
  await app.register('Operator')
  assert.match(String((await app.browser().get('/login?next=/a')).body), /href="\/login\/with\/oidc\?next=%2Fa">Continue with Acme/)
  const first = await signIn(app, idp)
  assert.deepEqual([first.page.status, first.page.headers.location], [303, '/projects'], faultOf(first.page))
  const { body } = await first.b.post('/auth/session')
  assert.deepEqual([body.user.email, body.user.emailVerified, body.tenant], ['mia@example.test', true, null])
  idp.state.person = { ...mia, email: 'renamed@example.test' }
  assert.equal((await (await signIn(app, idp)).b.post('/auth/session')).body.user.id, body.user.id)
})

test('with one team for everybody who comes by a provider belongs to it too', async (t) => {
  const idp = await oidcProvider(t)
  const app = await ssoApp(t, { ...settingsOf(idp), ENABLE_MULTI_TENANT: 'false' })
  const ops = await app.register('Operator')
  idp.state.person = mia
  const { body } = await (await signIn(app, idp)).b.post('/auth/session')
  assert.deepEqual([body.user.email, body.tenant.id, body.tenant.role], ['mia@example.test', ops.tenant!.id, 'member'])
})

test('an account is linked only when both sides have proven the address', async (t) => {
  const idp = await oidcProvider(t)
  const app = await ssoApp(t, settingsOf(idp))
  await app.register('Operator')
  const made = await app.register('mia@example.test')
  idp.state.person = mia
  assert.match(faultOf((await signIn(app, idp)).page), /has not proven it/, 'somebody may have made it to wait for the owner')
  idp.state.person = { ...mia, email_verified: false }
  await app.identity.pool.query(`update "user" set "emailVerified" = true where id = $1`, [made.user.id])
  assert.match(faultOf((await signIn(app, idp)).page), /does not say that this address is proven/, 'a provider that proves nothing')
  idp.state.person = { ...mia, email: undefined as never }
  assert.equal((await signIn(app, idp)).page.status, 403)
  idp.state.person = mia
  const linked = await signIn(app, idp)
  assert.equal((await linked.b.post('/auth/session')).body.user.id, made.user.id)
  await app.settled()
  assert.ok((await app.mails()).some((m) => m.to === 'mia@example.test' && /sign in with Acme/.test(m.text)))
})

test('a second factor is asked for here too, and a closed account or registration stays closed', async (t) => {
  const idp = await oidcProvider(t)
  const app = await ssoApp(t, settingsOf(idp))
  const ops = await app.register('Operator')
  idp.state.person = { ...mia, email: 'operator@example.test' }
  await signIn(app, idp)
  const { secret } = await app.ok(ops, 'POST', '/users/me/totp')
  await app.ok(ops, 'POST', '/users/me/totp/confirm', { code: codeAt(secret, stepAt(Date.now()) - 1) })
  const half = await signIn(app, idp)
  assert.equal(half.page.status, 200)
  assert.equal((await half.b.post('/auth/session')).status, 401)
  assert.equal((await half.b.submit(half.page, { code: codeAt(secret, stepAt(Date.now())) })).headers.location, '/projects')
  assert.equal((await half.b.post('/auth/session')).body.user.id, ops.user.id)
  const closed = await ssoApp(t, { ...settingsOf(idp), REGISTRATION: 'invite' })
  await closed.register('Operator')
  idp.state.person = mia
  assert.match(faultOf((await signIn(closed, idp)).page), /invitation/)
  assert.equal(await codeOf(closed.as(undefined, 'POST', '/auth/login', { email: 'mia@example.test', password })), '401 auth.refused')
})

test('providers are those whose id and secret are set; GitHub and Discord say by their own API who it is', async (t) => {
  const none = Object.fromEntries(['GOOGLE', 'GITHUB', 'DISCORD', 'MICROSOFT', 'OIDC'].flatMap((p) => [[`${p}_CLIENT_ID`, undefined], [`${p}_CLIENT_SECRET`, undefined]])) as unknown as SocialSettings
  assert.deepEqual(socialProviders(none), [])
  const all = socialProviders(Object.fromEntries(Object.keys(none).map((k) => [k, 'x'])) as unknown as SocialSettings)
  assert.deepEqual(all.map((p) => p.id), ['google', 'microsoft', 'github', 'discord'], 'another needs its issuer')
  const asked: string[] = []
  const server = http.createServer((req, res) => {
    asked.push(`${req.url} ${req.headers.authorization ?? ''}`.trim())
    const answers: Record<string, unknown> = {
      '/login/oauth/access_token': { access_token: 'tok' }, '/api/oauth2/token': { access_token: 'tok' }, '/user': { id: 7, login: 'mia', name: null }, '/user/emails': [{ email: 'old@x.test', verified: true }, { email: 'mia@x.test', primary: true, verified: true }],
      '/api/v10/users/@me': { id: '8', email: 'mia@x.test', verified: false, username: 'mia' },
    }
    res.writeHead(req.url! in answers ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answers[req.url!] ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => server.close(resolve)))
  const home = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const leg = { state: 's', nonce: 'n', verifier: 'v' }
  const redeemed = async (id: string, plain: ReturnType<typeof gitHub>) => {
    const provider = { ...all.find((p) => p.id === id)!, plain }
    return redeemSocial(provider, await serverOf(provider, globalThis.fetch), 'http://here', leg, new URLSearchParams({ code: 'c', state: 's' }), globalThis.fetch)
  }
  assert.deepEqual(await redeemed('github', gitHub(home, home)), { subject: '7', email: 'mia@x.test', emailVerified: true, name: 'mia', all: {} })
  assert.deepEqual(await redeemed('discord', discord(home)), { subject: '8', email: 'mia@x.test', emailVerified: false, name: 'mia', all: {} })
  assert.ok(asked.includes('/user Bearer tok'))
  const provider = { ...all.find((p) => p.id === 'github')!, plain: gitHub(home, home) }
  await assert.rejects(redeemSocial(provider, await serverOf(provider, globalThis.fetch), 'http://here', leg, new URLSearchParams({ code: 'c', state: 'other' }), globalThis.fetch), /does not belong/)
})
