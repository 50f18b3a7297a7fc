// Whose pages they are: a tenant's name, colour and logo on everything its issuer shows, and on the sign-in that leads there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp } from '../../testing/app.ts'
import { openBrowser, openParty, origin, redirectUri } from '../../testing/oauth.ts'

const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

test('sign-in on the way, consent, device, sign-out and errors carry the brand as it is now, without script (S4.6)', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  const made = await app.ok(ada, 'POST', '/oauth-clients', { name: 'Reporting', redirectUris: [redirectUri], scopes: ['openid', 'read'] })
  const party = await openParty(app, ada.tenant!.id, made)
  const issuer = `${origin}/t/${ada.tenant!.id}/oauth`
  const browser = openBrowser(app)
  const markOf = (body: string) => /<p class="wordmark">(.*?)<\/p>/s.exec(body)![1]!.replace(/<svg.*<\/svg>/s, '')
  assert.equal(markOf((await browser.get(`${issuer}/authorize?client_id=nobody`)).body), 'Lighthouse', 'without a brand its name')
  await app.ok(ada, 'PATCH', '/branding', { name: 'Beacon & Co', color: '#7a1f5c' })
  const { logoUrl } = await app.ok(ada, 'PUT', '/branding/logo', { data: dot })
  await app.settled()

  const pages: Record<string, string> = { error: (await browser.get(`${issuer}/authorize?client_id=nobody`)).body, device: (await browser.get(`${issuer}/activate`)).body }
  const login = await browser.get((await party.begin('openid read', { prompt: 'consent' })).url)
  assert.equal(login.url, '/login')
  pages.login = login.body
  pages.refused = (await browser.submit(login, { email: ada.user.email, password: 'wrong' })).body
  const consent = await browser.signIn(login, ada)
  pages.consent = consent.body
  assert.match(pages.consent, /Allow Reporting\?/)
  await browser.submit(consent, { decision: 'allow' })
  pages['sign-out'] = (await browser.get(`${issuer}/end-session`)).body
  for (const [name, body] of Object.entries(pages)) {
    assert.match(body, /class="wordmark"/, name)
    assert.equal(markOf(body), `<img class="logo" src="${logoUrl}" alt="">Beacon &amp; Co`, name)
    assert.match(body, /<link rel="stylesheet" href="\/brand\/[^"]+\/style\/[0-9a-f]+\.css">/, name)
    if (!['login', 'refused'].includes(name)) assert.doesNotMatch(body, /<script/, name) // the sign-in page has passkeys
  }
  assert.equal(markOf((await openBrowser(app).get('/login?next=/projects')).body), 'Groundwork', 'other ways in are the installation\'s')
  assert.equal(markOf((await openBrowser(app).get('/login?next=/t/00000000-0000-4000-8000-000000000000/oauth/authorize')).body), 'Groundwork')
})
