// The whole way in Chromium with two strict client libraries, against the real product: openid-client for a website with a server, oidc-client-ts for
// a page on another origin; consent, refusal, device, sign-out. Every page on the way in both schemes and both widths: axe, policy, overflow.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import * as client from 'openid-client'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { fail, root, setupToken, startProduct, type Product } from '../../testing/product.ts'

declare const document: any
declare const window: any
declare const innerWidth: number

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) => fs.existsSync(file))
const skip = browserPath ? false : 'no Chromium is installed (apt-get install chromium)'
const pictures = process.argv.includes('--pictures') ? process.argv[process.argv.indexOf('--pictures') + 1] : undefined
const { resolve } = createRequire(import.meta.url)
const axe = fs.readFileSync(resolve('axe-core/axe.min.js'), 'utf8')
const pageLibrary = path.join(root, 'node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js')
const password = 'correct horse 9'
const looks = [{ colorScheme: 'light', viewport: { width: 1360, height: 860 } }, { colorScheme: 'dark', viewport: { width: 390, height: 844 } }, { colorScheme: 'light', viewport: { width: 390, height: 844 } }, { colorScheme: 'dark', viewport: { width: 1360, height: 860 } }] as const

type World = { product: Product; base: string; browser: Browser; token: string; tenant: string; faults: string[] }

/** A server of the test's own on another origin than the product. */
async function serve(t: TestContext, answer: (req: IncomingMessage, res: ServerResponse) => void): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.after(() => new Promise((done) => (server.closeAllConnections(), server.close(done))))
  return `http://localhost:${(server.address() as { port: number }).port}`
}

async function openWorld(t: TestContext): Promise<World> {
  const probe = createServer()
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done))
  const { port } = probe.address() as { port: number }
  await new Promise((done) => probe.close(done))
  const product = await startProduct(t, { PORT: String(port), PUBLIC_URL: `http://localhost:${port}` })
  const owner = await product.ok('POST', '/auth/register', { body: { email: 'ada@example.com', password, name: 'Ada Lovelace', tenantName: 'Lighthouse', setupToken } })
  const browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] })
  t.after(() => browser.close())
  return { product, base: `http://localhost:${port}`, browser, token: owner.accessToken, tenant: owner.tenant.id, faults: [] }
}

async function openPage(w: World, options: BrowserContextOptions): Promise<Page> {
  const context = await w.browser.newContext({ reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (e: any) => console.error(`CSP ${e.violatedDirective} ${e.blockedURI}`)))
  page.on('console', (m) => void (m.type() === 'error' && /CSP|Refused|violates/.test(m.text()) && w.faults.push(`${page.url()}: ${m.text().slice(0, 300)}`)))
  page.on('pageerror', (e) => void w.faults.push(`${page.url()}: ${String(e)}`))
  return page
}

async function judge(w: World, page: Page, name: string, look: (typeof looks)[number]): Promise<void> {
  const where = `${name} ${look.colorScheme} ${look.viewport.width}`
  await page.locator('h1').first().waitFor()
  if (pictures) await page.screenshot({ path: path.join(pictures, `oauth-${name}-${look.colorScheme}-${look.viewport.width}.png`) })
  const session = await page.context().newCDPSession(page)
  await session.send('Page.setBypassCSP', { enabled: true })
  await page.evaluate(axe).catch((error: Error) => w.faults.push(`${where}: axe did not run (${error.message.split('\n')[0]})`))
  const broken: string[] = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations.map((v: any) => `${v.id} ${v.nodes[0]!.html.slice(0, 160)}`))
  w.faults.push(...broken.map((b) => `${where}: axe ${b}`))
  const over: number = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  if (over > 0) w.faults.push(`${where}: ${over} px wider than the window`)
  if ((await page.locator('h1').count()) !== 1) w.faults.push(`${where}: not one h1`)
  if (await page.locator('script').count()) {
    const texts = await page.locator('script').allTextContents()
    if (texts.some((text) => !/passkey|credentials/i.test(text))) w.faults.push(`${where}: has script`)
  }
}
async function signIn(page: Page): Promise<void> {
  await page.getByLabel('Email').fill('ada@example.com')
  await page.locator('input[type=password]').fill(password)
  await page.keyboard.press('Enter')
}

test('a website by openid-client: sign-in, consent, tokens, refresh, revocation, sign-out; each page holds in every look', { skip }, async (t) => {
  const w = await openWorld(t)
  const site = await serve(t, (req, res) => res.setHeader('content-type', 'text/html').end(`<!doctype html><title>back</title><h1>${new URL(req.url!, 'http://x').pathname}</h1>`))
  const made = await w.product.ok('POST', '/oauth-clients', { token: w.token, body: { name: 'Harbour reports', redirectUris: [`${site}/callback`], postLogoutRedirectUris: [`${site}/bye`], scopes: ['openid', 'profile', 'email', 'offline_access', 'read'], clientUri: 'https://harbour.example.com', grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'] } })
  const config = await client.discovery(new URL(`${w.base}/t/${w.tenant}/oauth`), made.clientId, undefined, client.ClientSecretBasic(made.clientSecret), { execute: [client.allowInsecureRequests] })
  for (const look of looks) {
    const page = await openPage(w, look)
    const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()]
    const url = client.buildAuthorizationUrl(config, { redirect_uri: `${site}/callback`, scope: 'openid profile email offline_access read', prompt: 'consent', state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' })
    await page.goto(url.href)
    await page.waitForURL(/\/login/)
    await judge(w, page, 'login', look)
    await signIn(page)
    await page.waitForURL(/\/interaction\//)
    await page.getByRole('button', { name: 'Allow' }).waitFor()
    await judge(w, page, 'consent', look)
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.waitForURL(`${site}/callback**`)
    const tokens = await client.authorizationCodeGrant(config, new URL(page.url()), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true })
    const info = await client.fetchUserInfo(config, tokens.access_token, tokens.claims()!.sub)
    assert.deepEqual([info.email, info.name], ['ada@example.com', 'Ada Lovelace'])
    const next = await client.refreshTokenGrant(config, tokens.refresh_token!)
    assert.equal((await w.product.call('GET', '/projects', { token: next.access_token })).status, 200)
    assert.equal((await w.product.call('POST', '/projects', { token: next.access_token, body: { key: 'NO', name: 'No' } })).status, 403)
    assert.equal((await client.tokenIntrospection(config, next.access_token)).active, true)
    await client.tokenRevocation(config, next.access_token)
    assert.equal((await client.tokenIntrospection(config, next.access_token)).active, false)

    await page.goto(`${w.base}/t/${w.tenant}/oauth/authorize?client_id=${made.clientId}&redirect_uri=https://evil.example/&response_type=code&scope=openid`)
    await judge(w, page, 'error', look)
    await page.goto(`${w.base}/t/${w.tenant}/oauth/activate`)
    await judge(w, page, 'device-code', look)
    await page.getByLabel('Code').fill('XXXX-XXXX')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await judge(w, page, 'device-code-wrong', look)
    await page.goto(client.buildEndSessionUrl(config, { post_logout_redirect_uri: `${site}/bye`, id_token_hint: tokens.id_token! }).href)
    await judge(w, page, 'sign-out', look)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(`${site}/bye**`)
    await page.context().close()
  }
  const own = await client.clientCredentialsGrant(config, { scope: 'read' })
  assert.equal((await w.product.call('GET', '/projects', { token: own.access_token })).status, 200)
  if (w.faults.length) fail(`${w.faults.length} faults\n${w.faults.slice(0, 40).join('\n')}`)
})

test('by openid-client too: an application that registers itself, pushes its request, and one of yesterday with the password grant', { skip }, async (t) => {
  const w = await openWorld(t)
  const site = await serve(t, (_req, res) => res.setHeader('content-type', 'text/html').end('<!doctype html><title>back</title><h1>back</h1>'))
  const issuer = new URL(`${w.base}/t/${w.tenant}/oauth`)
  const { token: initial } = await w.product.ok('POST', '/oauth-clients/initial-access-tokens', { token: w.token, body: { quota: 1 } })
  const execute = [client.allowInsecureRequests]
  const config = await client.dynamicClientRegistration(issuer, { client_name: 'Self-made', redirect_uris: [`${site}/callback`], scope: 'openid profile read', grant_types: ['authorization_code', 'refresh_token'] }, undefined, { initialAccessToken: initial, execute })
  const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()]
  const url = await client.buildAuthorizationUrlWithPAR(config, { redirect_uri: `${site}/callback`, scope: 'openid profile read', state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' })
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri'], 'nothing of the request is in the address')
  const page = await openPage(w, looks[0])
  await page.goto(url.href)
  await page.waitForURL(/\/login/)
  await signIn(page)
  await page.getByRole('heading', { name: 'Allow Self-made?' }).waitFor()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${site}/callback**`)
  const tokens = await client.authorizationCodeGrant(config, new URL(page.url()), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true })
  assert.equal((await w.product.call('GET', '/projects', { token: tokens.access_token })).status, 200)
  assert.equal((await client.fetchUserInfo(config, tokens.access_token, tokens.claims()!.sub)).name, 'Ada Lovelace')
  await assert.rejects(client.dynamicClientRegistration(issuer, { client_name: 'One more', redirect_uris: [`${site}/callback`] }, undefined, { initialAccessToken: initial, execute }), (error: Error) => JSON.stringify([error, error.cause]).includes('invalid_token'))

  const made = await w.product.ok('POST', '/oauth-clients', { token: w.token, body: { name: 'Yesterday', grantTypes: ['password', 'refresh_token'], scopes: ['read', 'offline_access'] } })
  const old = await client.discovery(issuer, made.clientId, undefined, client.ClientSecretBasic(made.clientSecret), { execute })
  const given = await client.genericGrantRequest(old, 'password', { username: 'ada@example.com', password, scope: 'read offline_access' })
  assert.equal((await w.product.call('GET', '/projects', { token: given.access_token })).status, 200)
  const next = await client.refreshTokenGrant(old, given.refresh_token!)
  assert.equal((await w.product.call('GET', '/projects', { token: next.access_token })).status, 200)
  await assert.rejects(client.genericGrantRequest(config, 'password', { username: 'ada@example.com', password, scope: 'read' }), { error: 'unauthorized_client' })
  assert.deepEqual(w.faults, [])
})

test('a device by openid-client: the code on one screen, the person at another', { skip }, async (t) => {
  const w = await openWorld(t)
  const made = await w.product.ok('POST', '/oauth-clients', { token: w.token, body: { name: 'Lamp control', grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'], tokenEndpointAuthMethod: 'none', scopes: ['openid', 'read'] } })
  const config = await client.discovery(new URL(`${w.base}/t/${w.tenant}/oauth`), made.clientId, undefined, client.None(), { execute: [client.allowInsecureRequests] })
  const begun = await client.initiateDeviceAuthorization(config, { scope: 'openid read' })
  const polled = client.pollDeviceAuthorizationGrant(config, { ...begun, interval: 1 })
  polled.catch(() => {}) // judged below
  const page = await openPage(w, looks[1])
  await page.goto(begun.verification_uri)
  await page.getByLabel('Code').fill(begun.user_code)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'It is mine, go on' }).waitFor()
  await judge(w, page, 'device-confirm', looks[1])
  await page.getByRole('button', { name: 'It is mine, go on' }).click()
  await page.waitForURL(/\/login/)
  await signIn(page)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByText('The device is connected').waitFor()
  await judge(w, page, 'device-done', looks[1])
  const tokens = await polled
  assert.equal((await w.product.call('GET', '/projects', { token: tokens.access_token })).status, 200)
  if (w.faults.length) fail(w.faults.join('\n'))
})

test('a page on another origin by oidc-client-ts: sign-in, userinfo and refresh across origins, refusal, sign-out', { skip }, async (t) => {
  const w = await openWorld(t)
  const site: string = await serve(t, (req, res) => {
    if (req.url === '/library.js') return void res.setHeader('content-type', 'text/javascript').end(fs.readFileSync(pageLibrary))
    res.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title><h1>page</h1><script src="/library.js"></script>')
  })
  const made = await w.product.ok('POST', '/oauth-clients', { token: w.token, body: { name: 'Harbour page', redirectUris: [`${site}/callback`], postLogoutRedirectUris: [`${site}/`], tokenEndpointAuthMethod: 'none', scopes: ['openid', 'profile', 'email', 'offline_access', 'read'] } })
  const settings = { authority: `${w.base}/t/${w.tenant}/oauth`, client_id: made.clientId, redirect_uri: `${site}/callback`, post_logout_redirect_uri: `${site}/`, scope: 'openid profile offline_access', prompt: 'consent', loadUserInfo: true }
  const page = await openPage(w, looks[0])
  await page.goto(`${site}/`)
  const begin = () => page.evaluate((s) => void new window.oidc.UserManager(s).signinRedirect(), settings).catch(() => {}) // the page leaves meanwhile
  await begin()
  await page.waitForURL(/\/login/)
  await signIn(page)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${site}/callback**`)
  const user = await page.evaluate(async (s) => {
    const manager = new window.oidc.UserManager(s)
    const signedIn = await manager.signinRedirectCallback()
    const renewed = await manager.signinSilent()
    return { name: signedIn.profile.name, first: signedIn.access_token, next: renewed.access_token, refresh: Boolean(renewed.refresh_token) }
  }, settings)
  assert.equal(user.name, 'Ada Lovelace')
  assert.ok(user.refresh && user.next !== user.first)

  await begin()
  await page.getByRole('button', { name: 'Refuse' }).click()
  await page.waitForURL(`${site}/callback**`)
  const refused = await page.evaluate((s) => new window.oidc.UserManager(s).signinRedirectCallback().then(() => 'let in', (error: any) => error.error as string), settings)
  assert.equal(refused, 'access_denied')

  await page.evaluate((s) => void new window.oidc.UserManager(s).signoutRedirect(), settings).catch(() => {})
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL((url) => url.origin === site && url.pathname === '/')
  assert.deepEqual(w.faults, [])
})
