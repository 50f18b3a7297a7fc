// Outside accounts on the account page: linked by the person's own browser after a fresh proof, unlinked, and never the last way to sign in.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { password, type Signed } from '../../testing/app.ts'
import { socialStubs, type SocialId } from '../../testing/social-stubs.ts'
import { faultOf, ssoApp } from '../../testing/sso.ts'

const at = '/users/me/linked-accounts'

async function house(t: TestContext) {
  const stubs = await socialStubs(t, 'http://localhost:8080')
  const app = await ssoApp(t, stubs.settings, { egress: stubs.egress })
  await app.register('Operator')
  type Browser = ReturnType<typeof app.browser>
  /** Of a person with a password, signed in by the page, as the console is. */
  const signedIn = async (email: string): Promise<Browser> => {
    const b = app.browser()
    await b.submit(await b.get('/login'), { email, password })
    return b
  }
  const bySocial = async (id: SocialId, b = app.browser()) => {
    const page = await b.get(await stubs.follow(String((await b.get(`/login/with/${id}`)).headers.location)))
    return { b, page, body: page.status === 303 ? (await b.post('/auth/session')).body : undefined }
  }
  const open = (b: Browser, url: string) => b.get(new URL(url).pathname)
  const link = async (who: Signed, id: SocialId, b: Browser) => {
    const out = await open(b, (await app.ok(who, 'POST', at, { provider: id })).url)
    return b.get(await stubs.follow(String(out.headers.location)))
  }
  const linked = async (who: Signed) => (await app.ok(who, 'GET', at)).items.filter((one: { linkedAt: string | null }) => one.linkedAt).map((one: { provider: string }) => one.provider)
  return { ...stubs, app, signedIn, bySocial, open, link, linked }
}

test('an outside account is linked whatever its address, signs in from then on, and no longer once unlinked (S0.20, S4.6)', async (t) => {
  const { app, state, signedIn, bySocial, link, linked } = await house(t)
  const mia = await app.register('mia@example.test')
  const items = (await app.ok(mia, 'GET', at)).items
  assert.deepEqual(items.map((one: { provider: string; name: string; linkedAt: null; offered: boolean }) => [one.provider, one.name, one.linkedAt, one.offered]), [['google', 'Google', null, true], ['microsoft', 'Microsoft', null, true], ['github', 'GitHub', null, true], ['discord', 'Discord', null, true]])
  state.person = { id: '987654321987', email: 'another@example.test', verified: false, name: 'Mia' }
  const b = await signedIn('mia@example.test')
  const page = await link(mia, 'github', b)
  assert.deepEqual([page.status, page.headers.location], [303, '/account'], faultOf(page))
  assert.deepEqual(await linked(mia), ['github'])
  assert.equal((await bySocial('github')).body.user.id, mia.user.id)
  assert.equal((await link(mia, 'github', b)).status, 303, 'the same again changes nothing')

  await app.ok(mia, 'DELETE', `${at}/github`)
  assert.deepEqual(await linked(mia), [])
  assert.equal((await bySocial('github')).page.status, 403)
  assert.equal((await app.as(mia, 'DELETE', `${at}/github`)).body.code, 'sso_provider.not_found')
  assert.equal((await app.as(mia, 'POST', at, { provider: 'myspace' })).body.code, 'sso_provider.not_found')
  await app.settled()
  const mails = (await app.mails()).filter((mail) => mail.to === 'mia@example.test').map((mail) => mail.text)
  for (const words of ['you can now sign in with GitHub', 'you can no longer sign in with GitHub']) assert.equal(mails.filter((text) => text.includes(words)).length, 1, words)
  const events = await app.query<{ name: string; person_id: string; actor_id: string; data: object }>(`select name, person_id, actor_id, data from events where name in ('credential.added', 'credential.removed') and data ->> 'providerId' = 'github' order by pos, seq`)
  assert.deepEqual(events.map((e) => [e.name, e.person_id, e.actor_id]), [['credential.added', mia.user.id, mia.user.id], ['credential.removed', mia.user.id, mia.user.id]])
  assert.doesNotMatch(JSON.stringify(events), /987654321987|another@/)
})

test('one account there opens one account here, and one here has one of each provider', async (t) => {
  const { app, state, signedIn, link, linked } = await house(t)
  const [mia, eve] = [await app.register('mia@example.test'), await app.register('eve@example.test')]
  state.person = { id: '1', email: 'mia@example.test', verified: true, name: 'Mia' }
  assert.equal((await link(mia, 'discord', await signedIn('mia@example.test'))).status, 303)
  const taken = await link(eve, 'discord', await signedIn('eve@example.test'))
  assert.deepEqual([taken.status, /linked to an account already/.test(faultOf(taken))], [409, true], faultOf(taken))
  assert.match(String(taken.body), /<h1>That did not work<[\s\S]*href="\/account"/, 'the way back is the account, not a sign-in')
  state.person = { ...state.person, id: '2' }
  const second = await link(mia, 'discord', await signedIn('mia@example.test'))
  assert.deepEqual([second.status, /unlink it first/.test(faultOf(second))], [409, true], faultOf(second))
  assert.deepEqual([await linked(mia), await linked(eve)], [['discord'], []])
})

test('a link is for the browser of the person who wants it: nobody ties a visitor\'s account to their own', async (t) => {
  const { app, state, signedIn, open, follow, linked } = await house(t)
  const [mia, eve] = [await app.register('mia@example.test'), await app.register('eve@example.test')]
  state.person = { id: '9', email: 'mia@example.test', verified: true, name: 'Mia' }
  const wish = async () => (await app.ok(eve, 'POST', at, { provider: 'google' })).url
  for (const victim of [await signedIn('mia@example.test'), app.browser()]) assert.match(faultOf(await open(victim, await wish())), /open the link in the browser/i)
  // she sets out herself and hands the way back to him
  const own = await signedIn('eve@example.test')
  const url = await wish()
  const back = await follow(String((await open(own, url)).headers.location))
  assert.match(faultOf(await (await signedIn('mia@example.test')).get(back)), /another browser/)
  assert.match(faultOf(await open(own, url)), /begun already/, 'it is good once')
  // signed out, or somebody else's since she set out
  const out = await open(own, await wish())
  own.jar.delete('groundwork.session_token')
  assert.match(faultOf(await own.get(await follow(String(out.headers.location)))), /open the link in the browser/i)
  assert.deepEqual([await linked(mia), await linked(eve)], [[], []])
})

test('linking and unlinking want a fresh proof, and the last way to sign in stays', async (t) => {
  const { app, state, bySocial, linked } = await house(t)
  state.person = { id: '3', email: 'sam@example.test', verified: true, name: 'Sam' }
  const sam = (await bySocial('microsoft')).body as Signed
  const last = await app.as(sam, 'DELETE', `${at}/microsoft`)
  assert.deepEqual([last.status, last.body.code, /last way to sign in/.test(last.body.detail)], [409, 'state.conflict', true], JSON.stringify(last.body))
  assert.deepEqual(await linked(sam), ['microsoft'])
  assert.equal((await bySocial('microsoft')).body.user.id, sam.user.id, 'the refusal took nothing away')
  await app.identity.pool.query(`insert into account ("accountId", "providerId", "userId", "updatedAt") values ('gone', 'myspace', $1, now())`, [sam.user.id])
  assert.equal((await app.as(sam, 'DELETE', `${at}/microsoft`)).body.code, 'state.conflict', 'a provider that is no longer set up signs nobody in')
  const gone = (await app.ok(sam, 'GET', at)).items.at(-1)
  assert.deepEqual([gone.provider, gone.offered], ['myspace', false])

  await app.identity.pool.query(`update session_proof set proven_at = now() - interval '1 hour' where user_id = $1`, [sam.user.id])
  app.identity.doorkeeper.forgetAll()
  for (const [method, path, body] of [['POST', at, { provider: 'github' }], ['DELETE', `${at}/microsoft`, undefined]] as const) assert.equal((await app.as(sam, method, path, body)).body.code, 'auth.step_up_required')
  const again = (await bySocial('microsoft')).body as Signed
  await app.identity.pool.query(`insert into account ("accountId", "providerId", "userId", password, "updatedAt") values ($1::text, 'credential', $1::uuid, 'hash', now())`, [sam.user.id])
  const both = await Promise.all(['microsoft', 'myspace'].map((id) => app.as(again, 'DELETE', `${at}/${id}`)))
  assert.deepEqual(both.map((a) => a.status), [204, 204])
  assert.deepEqual(await linked(again), [])
})
