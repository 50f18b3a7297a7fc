// Sign-in with Google, Microsoft, GitHub and Discord through the product's own code, against stubs that hold each to its published document.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { socialStubs, type Lies, type SocialId } from '../../testing/social-stubs.ts'
import { faultOf, ssoApp } from '../../testing/sso.ts'

const providers = [['google', 'Google'], ['microsoft', 'Microsoft'], ['github', 'GitHub'], ['discord', 'Discord']] as const
const publicUrl = 'http://localhost:8080'
const mia = { id: '424242', email: 'Mia@example.test', verified: true, name: 'Mia Wallace' }

async function house(t: TestContext) {
  const stubs = await socialStubs(t, publicUrl)
  const app = await ssoApp(t, stubs.settings, { egress: stubs.egress })
  const operator = await app.register('Operator')
  const signIn = async (id: SocialId, b = app.browser()) => {
    const back = await stubs.follow(String((await b.get(`/login/with/${id}?next=/projects`)).headers.location))
    const page = await b.get(back)
    return { b, back, page, user: page.status === 303 ? (await b.post('/auth/session')).body.user : undefined }
  }
  const people = async () => (await app.query<{ count: number }>('select count(*)::int as count from identity."user"'))[0]!.count
  return { ...stubs, app, operator, signIn, people }
}

for (const [id, name] of providers) {
  test(`sign-in with ${name} (S0.20, S3.1)`, async (t) => {
    const { app, state, signIn, people, follow } = await house(t)
    const verify = (user: string) => app.identity.pool.query(`update "user" set "emailVerified" = true where id = $1`, [user])

    await t.test(`who is new gets an account, and comes back to it by ${name}'s own name for them`, async () => {
      assert.match(String((await app.browser().get('/login')).body), new RegExp(`href="/login/with/${id}">Continue with ${name}<`))
      state.person = mia
      const first = await signIn(id)
      assert.deepEqual([first.page.status, first.page.headers.location], [303, '/projects'], faultOf(first.page) || state.faults.join('\n'))
      assert.deepEqual([first.user.email, first.user.emailVerified, first.user.name], ['mia@example.test', true, 'Mia Wallace'])
      state.person = { ...mia, email: 'renamed@example.test', name: 'Mia W.' }
      assert.equal((await signIn(id)).user.id, first.user.id)
      state.person = { ...mia, id: '424243', email: 'another@example.test' }
      assert.notEqual((await signIn(id)).user.id, first.user.id)
      assert.equal(await people(), 3)
    })

    await t.test('a known account is linked once both sides have proven the address, and told by mail', async () => {
      const known = await app.register('vincent@example.test')
      state.person = { ...mia, id: '5', email: 'vincent@example.test' }
      assert.match(faultOf((await signIn(id)).page), /has not proven it/, 'somebody may have made it to wait for the owner')
      await verify(known.user.id)
      assert.equal((await signIn(id)).user.id, known.user.id)
      await app.settled()
      assert.ok((await app.mails()).some((mail) => mail.to === 'vincent@example.test' && mail.text.includes(`sign in with ${name}`)))
    })

    await t.test('an address that is not proven there links nothing and makes nobody', async () => {
      const known = await app.register('jules@example.test')
      await verify(known.user.id)
      const before = await people()
      for (const person of [{ email: 'jules@example.test', verified: false }, { email: null, verified: true }, { email: 'nobody-yet@example.test', verified: false }]) {
        state.person = { ...mia, id: '6', ...person }
        const { page } = await signIn(id)
        assert.deepEqual([page.status, /does not say that this address is proven/.test(faultOf(page))], [403, true], faultOf(page))
      }
      assert.equal(await people(), before)
      assert.equal((await app.identity.pool.query(`select 1 from account where "providerId" = $1 and "accountId" = '6'`, [id])).rowCount, 0)
    })

    await t.test('what lies, breaks or belongs to another sign-in is refused', async () => {
      state.person = { ...mia, id: '7', email: 'jimmie@example.test' }
      const before = await people()
      for (const [what, lies] of Object.entries(liesOf(id))) {
        state.lies = lies
        const { page } = await signIn(id)
        assert.ok([400, 401, 403].includes(page.status) && faultOf(page) !== '', `${what}: ${page.status} ${faultOf(page)}`)
        assert.equal(page.headers['set-cookie'], undefined, what)
      }
      assert.equal(await people(), before)
      state.lies = {}
      const mine = app.browser()
      const back = await follow(String((await mine.get(`/login/with/${id}`)).headers.location))
      assert.match(faultOf(await app.browser().get(back)), /another browser/)
      assert.match(faultOf(await mine.get(back)), /no sign-in under way/, 'what another browser tried is used up')
      const good = await signIn(id)
      assert.equal(good.page.status, 303)
      assert.match(faultOf(await good.b.get(good.back)), /no sign-in under way/, 'an answer is good once')
    })
    assert.deepEqual(state.faults, [], 'asked as the document says')
  })
}

test('an answer for one provider is nothing at another\'s door, and a code of one nothing at another', async (t) => {
  const { app, state, follow } = await house(t)
  state.person = mia
  const b = app.browser()
  const back = await follow(String((await b.get('/login/with/discord')).headers.location))
  assert.match(faultOf(await b.get(back.replace('/discord', '/github'))), /no sign-in under way/)
  const swapped = new URL(await follow(String((await b.get('/login/with/github')).headers.location)))
  const out = new URL(String((await b.get('/login/with/discord')).headers.location))
  swapped.pathname = '/login/callback/discord'
  swapped.searchParams.set('state', out.searchParams.get('state')!)
  assert.match(faultOf(await b.get(swapped.href)), /not accepted: the code is used/)
})

test('the stubs refuse what the documents do not know', async (t) => {
  const { state, follow } = await house(t)
  await assert.rejects(follow('https://github.com/login/oauth/authorize?client_id=github-client&response_type=code&scope=repo'), /redirect_uri must be[\s\S]*scope must be/)
  await assert.rejects(follow('https://discord.com/api/v6/users/@me'), /there is no such address/)
  assert.equal(state.faults.length > 3, true)
})

function liesOf(id: SocialId): Record<string, Lies> {
  const back = { 'an answer with another state': { back: (to: URL) => to.searchParams.set('state', 'x'.repeat(43)) }, 'an answer with two codes': { back: (to: URL) => to.searchParams.append('code', 'second') }, 'a code nobody gave': { back: (to: URL) => to.searchParams.set('code', 'invented') } }
  const refusal = { 'a refusal in place of a code': { back: (to: URL) => (to.searchParams.delete('code'), to.searchParams.set('error', 'access_denied')) } }
  const claim = (name: string, value: unknown): Lies => ({ claims: (claims) => ({ ...claims, [name]: value }) })
  const common = { ...back, ...refusal, 'no token': { token: {} }, 'no JSON': { token: 'oops' }, 'a token of another kind': { token: { access_token: 7 } } }
  if (id === 'google' || id === 'microsoft') {
    return {
      ...common, 'another nonce': claim('nonce', 'another'), 'another audience': claim('aud', 'somebody-else'), 'another issuer': claim('iss', 'https://evil.example.test'), 'no subject': claim('sub', undefined),
      'an old token': claim('exp', Math.floor(Date.now() / 1000) - 600), 'a foreign key': { key: 'other' }, 'no signature': { key: 'none' },
      'somebody else at userinfo': { person: { '/v1/userinfo': { body: { sub: 'other', email: 'mia@example.test', email_verified: true } }, '/oidc/userinfo': { body: { sub: 'other' } } } },
      ...(id === 'google' ? { 'an answer that names another issuer': { back: (to: URL) => to.searchParams.set('iss', 'https://evil.example.test') } } : { 'the issuer of another directory than its own': claim('tid', '00000000-aaaa-bbbb-cccc-000000000000') }),
    }
  }
  const at = id === 'github' ? '/user' : '/users/@me'
  return {
    ...common, 'nobody': { person: { [at]: { body: {} } } }, 'a person without a name of theirs': { person: { [at]: { body: { id: {}, email: mia.email, verified: true } } } }, 'a token that opens nothing': { person: { [at]: { status: 401, body: { message: 'Bad credentials' } } } },
    'a failure that looks like a person': { person: { [at]: { status: 400, body: { id: '7', email: mia.email, verified: true } } } }, 'a text': { person: { [at]: { body: 'oops' } } },
    ...(id === 'github' ? { 'addresses it does not show': { person: { '/user/emails': { status: 404, body: {} } } }, 'addresses that are no list': { person: { '/user/emails': { body: { email: mia.email, verified: true, primary: true } } } } } : {}),
  }
}
