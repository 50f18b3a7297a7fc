// Passkeys at tenants' doors in a real browser, over TLS as in the field: Chromium with a virtual authenticator signs in, proves itself and makes a
// passkey at a subdomain and at a domain of the tenant's own, by the sign-in page and by the console, for a team that demands passkeys.
import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import { test, type TestContext } from 'node:test'
import { chromium, type Page } from 'playwright-core'
import { browserPath, freePort, noBrowser, password, settled } from '../../testing/browser.ts'
import { selfSigned } from '../../testing/identity-provider.ts'
import { nameServer } from '../../testing/name-server.ts'
import { setupToken, startProduct } from '../../testing/product.ts'

// inside page.evaluate the page's own world is meant, which this program's types do not know
declare const document: any

/** What stands before the server in the field: ends TLS for every name, and hands on what it got. */
async function tlsProxy(t: Pick<TestContext, 'after'>, port: number, to: () => string) {
  const { certificate, key } = selfSigned()
  const proxy = https.createServer({ cert: certificate, key }, (asked, answer) => {
    const on = http.request(new URL(asked.url!, to()), { method: asked.method!, headers: asked.headers }, (got) => void got.pipe(answer.writeHead(got.statusCode!, got.headers)))
    on.once('error', () => answer.destroy())
    asked.pipe(on)
  })
  await new Promise<void>((done) => proxy.listen(port, '127.0.0.1', done))
  t.after(() => new Promise<void>((done) => (proxy.closeAllConnections(), proxy.close(() => done()))))
}

test('at a subdomain and at a team\'s own domain people sign in, prove themselves and make passkeys (S2.7, S4.6)', { skip: noBrowser }, async (t) => {
  const [names, port, inner] = [await nameServer(t), await freePort(), await freePort()]
  const [house, work] = ['groundwork.example.com', 'login.acme.example']
  const below = `lighthouse.${house}`
  const at = (host: string, path: string) => `https://${host}:${port}${path}`
  const product = await startProduct(t, { PORT: String(inner), PUBLIC_URL: `https://${house}:${port}`, TENANT_BASE_DOMAIN: house, DNS_SERVERS: names.address })
  await tlsProxy(t, port, () => product.url)
  await product.ok('POST', '/auth/register', { body: { email: 'ops@example.com', password, name: 'Ops', setupToken } })
  const ada = await product.ok('POST', '/auth/register', { body: { email: 'ada@example.com', password, name: 'Ada', tenantName: 'Lighthouse' } })
  const domain = await product.ok('POST', '/domains', { token: ada.accessToken, body: { name: work } })
  names.records.set(domain.record.name, domain.record.value)
  assert.equal((await product.ok('POST', `/domains/${domain.id}/verify`, { token: ada.accessToken })).status, 'verified')
  await product.ok('PATCH', '/security', { token: ada.accessToken, body: { passkeys: 'required' } })

  const browser = await chromium.launch({
    executablePath: browserPath!,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run', '--disable-background-networking', '--ignore-certificate-errors', `--host-resolver-rules=MAP ${house} 127.0.0.1, MAP *.${house} 127.0.0.1, MAP ${work} 127.0.0.1`],
  })
  t.after(() => browser.close())
  const seen: string[] = []
  const devices = async (page: Page) => {
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } })
    return async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials
  }
  async function open(): Promise<Page> {
    const page = await (await browser.newContext({ reducedMotion: 'reduce' })).newPage()
    await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (e: any) => console.error(`CSP ${e.violatedDirective} ${e.blockedURI}`)))
    page.on('console', (m) => void (m.text().startsWith('CSP') && seen.push(m.text())))
    page.on('pageerror', (e) => void seen.push(String(e)))
    return page
  }
  const byPassword = async (page: Page, host: string) => {
    await page.goto(at(host, '/login'))
    await page.getByLabel('Email').fill('ada@example.com')
    await page.locator('input[type=password]').fill(password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Lighthouse demands a passkey' }).waitFor()
  }
  /** On the account page, with the fresh proof of the sign-in. */
  const make = async (page: Page, name: string) => {
    await page.getByRole('link', { name: 'Open my account' }).click()
    await page.getByLabel('Name of the device').fill(name)
    await page.getByRole('button', { name: 'Add a passkey' }).click()
  }
  const signedIn = async (page: Page, host: string) => {
    await page.waitForURL((url) => url.host === `${host}:${port}` && url.pathname === '/')
    await page.getByRole('heading', { level: 1 }).filter({ hasNotText: 'demands' }).waitFor() // a page that was shut may open a moment later
    await settled(page)
    assert.doesNotMatch(await page.locator('h1').first().innerText(), /demands/)
  }
  const signOut = async (page: Page, host: string) => {
    await page.goto(at(host, '/logout'))
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('You are signed out.').waitFor()
  }

  for (const [host, name] of [[below, 'At the subdomain'], [work, 'At the domain']] as const) {
    const page = await open()
    const kept = await devices(page)
    const away = host === work
    await byPassword(page, host)
    await make(page, name)
    if (away) {
      await page.waitForURL((url) => url.host === `${house}:${port}` && url.pathname === '/login/passkey/at')
      await page.getByText('It will sign in ada@example.com').waitFor()
      await page.getByRole('button', { name: 'Add a passkey' }).click()
      await page.waitForURL(at(host, '/account'))
    }
    await page.getByText(name, { exact: true }).waitFor()
    assert.deepEqual((await kept()).map((c) => c.rpId), [house])
    await page.goto(at(host, '/'))
    await signedIn(page, host) // making it met the demand
    await signOut(page, host)

    await (away ? page.getByRole('link', { name: 'Sign in with a passkey' }) : page.getByRole('button', { name: 'Sign in with a passkey' })).click()
    if (away) {
      await page.getByText(`Signs you in at ${host}:${port} of Lighthouse`).waitFor()
      await page.getByRole('button', { name: 'Use a passkey' }).click()
    }
    await signedIn(page, host)
    await signOut(page, host)

    // by password the team stays shut, until the dialog of the console has seen the passkey
    await byPassword(page, host)
    await page.getByRole('button', { name: 'Prove it now' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Use a passkey' }).click()
    if (away) {
      await page.getByText(`As ada@example.com at ${host}:${port}`).waitFor()
      await page.getByRole('button', { name: 'Use a passkey' }).click()
    }
    await signedIn(page, host)
    await page.context().close()
  }
  assert.deepEqual(seen, [])
})
