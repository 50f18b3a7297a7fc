// An outside account in a real browser: linked and unlinked on the account page, under the console's own policy; and what an admin sees of consents.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort, noBrowser, openBrowser, openPage, password, settled } from '../../testing/browser.ts'
import { oidcProvider } from '../../testing/identity-provider.ts'
import { setupToken, startProduct } from '../../testing/product.ts'

const pictures = process.argv.includes('--pictures') ? process.argv[process.argv.indexOf('--pictures') + 1] : undefined

test('the account page links an account elsewhere, signs in with it and unlinks it; admins take access back (S0.20, S4.6)', { skip: noBrowser }, async (t) => {
  const idp = await oidcProvider(t)
  const port = await freePort()
  const base = `http://localhost:${port}`
  const product = await startProduct(t, { PORT: String(port), PUBLIC_URL: base, OIDC_ISSUER: idp.issuer, OIDC_CLIENT_ID: idp.clientId, OIDC_CLIENT_SECRET: idp.clientSecret, OIDC_NAME: 'Acme' })
  const ada = await product.ok('POST', '/auth/register', { body: { email: 'ada@example.com', password, name: 'Ada Lovelace', tenantName: 'Lighthouse', setupToken } })
  idp.state.person = { sub: 'ada-there', email: 'ada@elsewhere.example', email_verified: false, name: 'Ada' }
  const browser = await openBrowser(t)
  for (const look of [{ colorScheme: 'light', viewport: { width: 1280, height: 860 } }, { colorScheme: 'dark', viewport: { width: 390, height: 844 } }] as const) {
    const name = `${look.colorScheme}-${look.viewport.width}`
    const picture = async (what: string) => void (pictures && (await page.screenshot({ path: `${pictures}/${what}-${name}.png` })))
    const { page, seen } = await openPage({ browser, base }, look, true)
    await page.goto(`${base}/account`)
    await page.getByRole('button', { name: 'Link Acme' }).click()
    await page.getByRole('button', { name: 'Unlink Acme' }).waitFor()
    assert.equal(new URL(page.url()).pathname, '/account', 'back where one set out')
    await settled(page)
    await page.getByRole('button', { name: 'Unlink Acme' }).scrollIntoViewIfNeeded()
    await picture('linked')

    const { page: other } = await openPage({ browser, base }, look, false)
    await other.goto(`${base}/login`)
    await other.getByRole('link', { name: 'Continue with Acme' }).click()
    await other.waitForURL((url) => url.pathname === '/')
    await other.getByText('Ada Lovelace').first().waitFor({ state: 'attached' })

    await page.getByRole('button', { name: 'Unlink Acme' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
    await page.getByRole('button', { name: 'Link Acme' }).waitFor()

    const client = await product.ok('POST', '/oauth-clients', { token: ada.accessToken, body: { name: `Reports ${name}`, grantTypes: ['password'], scopes: ['read', 'write'] } })
    const answer = await fetch(`${base}/t/${ada.tenant.id}/oauth/token`, { method: 'POST', headers: { authorization: `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}` }, body: new URLSearchParams({ grant_type: 'password', username: 'ada@example.com', password, scope: 'read write' }) })
    const { access_token: access } = (await answer.json()) as { access_token: string }
    assert.equal((await product.call('GET', '/projects', { token: access })).status, 200)
    await page.goto(`${base}/applications`)
    const take = page.getByRole('button', { name: `Take access of Reports ${name} to the account of Ada Lovelace` })
    await take.waitFor()
    await settled(page)
    await take.scrollIntoViewIfNeeded()
    await picture('consents')
    await take.click()
    await page.getByRole('dialog').getByRole('button', { name: 'Take access' }).click()
    await take.waitFor({ state: 'detached' })
    while ((await product.call('GET', '/projects', { token: access })).status !== 401) await new Promise((resolve) => setTimeout(resolve, 20))
    assert.deepEqual(seen, [])
  }
})
