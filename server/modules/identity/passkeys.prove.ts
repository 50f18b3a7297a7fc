// A passkey in a real browser: Chromium with a virtual authenticator makes one and signs in with it on the sign-in page, under the page's own policy.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { chromium } from 'playwright-core'
import { freePort } from '../../testing/services.ts'
import { setupToken, startProduct } from '../../testing/product.ts'

// inside page.evaluate the page's own world is meant, which this program's types do not know
declare const document: any
declare const navigator: any
declare const PublicKeyCredential: any

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) => fs.existsSync(file))
const skip = browserPath ? false : 'no Chromium is installed (apt-get install chromium)'

test('a virtual authenticator makes a passkey and signs in with it, and without one the page says what to do', { skip }, async (t) => {
  const port = await freePort()
  const product = await startProduct(t, { PORT: String(port) })
  const base = `http://localhost:${port}` // as PUBLIC_URL says
  const ada = await product.ok('POST', '/auth/register', { body: { email: 'ada@example.com', password: 'herons under a tin roof', name: 'Ada', setupToken } })
  const browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking'] })
  t.after(() => browser.close())
  const context = await browser.newContext()
  const page = await context.newPage()
  const seen: string[] = []
  page.on('console', (m) => void (m.type() === 'error' && m.text().startsWith('CSP') && seen.push(m.text())))
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (e: any) => console.error(`CSP ${e.violatedDirective} ${e.blockedURI}`)))
  const cdp = await context.newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } })
  await page.goto(`${base}/login`)
  const kept = await page.evaluate(async (token) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const options = await (await fetch('/api/v1/users/me/passkeys/options', { method: 'POST', headers })).json()
    const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    const answer = await fetch('/api/v1/users/me/passkeys', { method: 'POST', headers, body: JSON.stringify({ name: 'Virtual', credential: made.toJSON() }) })
    return { status: answer.status, body: await answer.json() }
  }, ada.accessToken as string)
  assert.equal(kept.status, 201, JSON.stringify(kept.body))
  assert.equal((await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length, 1)

  await page.goto(`${base}/login?next=/api/docs`)
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await page.waitForURL(`${base}/api/docs`)
  assert.equal((await context.request.post(`${base}/api/v1/auth/session`)).status(), 200)
  const { items } = await product.ok('GET', '/users/me/passkeys', { token: ada.accessToken })
  assert.ok(items[0].usedAt !== null)
  assert.deepEqual(seen, [])

  await context.clearCookies()
  await cdp.send('WebAuthn.clearCredentials', { authenticatorId })
  await page.goto(`${base}/login`)
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await page.locator('#passkey-fault').filter({ hasText: 'sign in with your password' }).waitFor()
})
