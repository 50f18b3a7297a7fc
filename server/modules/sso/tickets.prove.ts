// The page behind a set-up link, walked by a customer's IT in a real browser up to a sign-in by it: once without any script, once looked at by axe,
// in both schemes and widths. The product asks a name server and a provider of the test's own.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { freePort, noBrowser, openBrowser, openPage, password } from '../../testing/browser.ts'
import { oidcProvider } from '../../testing/identity-provider.ts'
import { nameServer } from '../../testing/name-server.ts'
import { fail, setupToken, startProduct } from '../../testing/product.ts'

// inside page.evaluate the page's own world is meant, which this program's types do not know
declare const document: any
declare const window: any
declare const innerWidth: number

const pictures = process.argv.includes('--pictures') ? process.argv[process.argv.indexOf('--pictures') + 1] : undefined
const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const looks = [{ colorScheme: 'light', viewport: { width: 1280, height: 860 }, javaScriptEnabled: false }, { colorScheme: 'dark', viewport: { width: 390, height: 844 } }, { colorScheme: 'light', viewport: { width: 390, height: 844 } }, { colorScheme: 'dark', viewport: { width: 1280, height: 860 } }] as const

test('a customer\'s IT sets single sign-on up by one link in a browser, and somebody signs in by it (S4.7, S4.6)', { skip: noBrowser }, async (t) => {
  const [idp, names, port] = [await oidcProvider(t), await nameServer(t), await freePort()]
  const base = `http://localhost:${port}`
  const product = await startProduct(t, { PORT: String(port), PUBLIC_URL: base, DNS_SERVERS: names.address, EGRESS_ALLOW: '127.0.0.1' })
  await product.ok('POST', '/auth/register', { body: { email: 'ops@example.com', password, name: 'Ops', setupToken } })
  const browser = await openBrowser(t)
  const faults: string[] = []

  for (const [n, look] of looks.entries()) {
    const owner = await product.ok('POST', '/auth/register', { body: { email: `owner-${n}@example.com`, password, name: 'Ada Lovelace', tenantName: `Lighthouse ${n}` } })
    await product.ok('PATCH', '/branding', { token: owner.accessToken, body: { color: '#7a1f5c' } })
    const { url } = await product.ok('POST', '/sso-tickets', { token: owner.accessToken, body: { days: 2 } })
    const { page, seen } = await openPage({ browser, base }, look, false)
    const judge = (what: string) => judgePage(page, `ticket-${what}-${look.colorScheme}-${look.viewport.width}`, !('javaScriptEnabled' in look), faults)
    const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
    const heading = (name: string) => page.getByRole('heading', { level: 1, name }).waitFor()

    await page.goto(url)
    await judge('first')
    await page.locator('.wordmark', { hasText: `Lighthouse ${n}` }).waitFor()
    await press('Start')
    await page.getByRole('link', { name: 'OpenID Connect' }).waitFor()
    await judge('protocol')
    await page.getByRole('link', { name: 'OpenID Connect' }).click()
    await heading('OpenID Connect')
    await page.getByLabel('Issuer').fill('no address')
    await page.getByLabel('Client id').fill(idp.clientId)
    await page.getByLabel('Client secret').fill(idp.clientSecret)
    await press('Keep')
    await page.getByRole('alert').waitFor()
    await judge('mistyped')
    await page.getByLabel('Issuer').fill(idp.issuer)
    await page.getByLabel('Client secret').fill(idp.clientSecret)
    await press('Keep')
    await page.getByLabel('Mail domain').fill(`acme${n}.test`)
    await press('Add the domain')
    const record = page.locator('.card dd code')
    await record.first().waitFor()
    await judge('domain')
    const [name, value] = await record.allTextContents()
    names.records.set(name!, value!)
    await press('Look it up now')
    await page.getByText('is proven').waitFor()
    idp.state.person = { sub: `it-${n}`, email: `it@acme${n}.test`, email_verified: true, name: 'IT of Acme' }
    await press('Try a sign-in')
    await page.locator('section.step', { hasText: 'Try a sign-in' }).getByText('done').waitFor()
    await judge('tried')
    await press('Enable')
    await heading('Single sign-on works')
    await page.locator('.wordmark', { hasText: `Lighthouse ${n}` }).waitFor() // whose it is, on every page of it
    await judge('works')
    await page.context().close()
    assert.deepEqual(seen.filter((line) => !/status of 422/.test(line)), []) // the page that says what was mistyped

    const { page: person } = await openPage({ browser, base }, look, false)
    await person.goto(`${base}/login`)
    await person.getByRole('link', { name: 'Single sign-on' }).click()
    await person.getByLabel('Work email').fill(`it@acme${n}.test`)
    await person.getByRole('button', { name: 'Continue' }).click()
    await person.waitForURL(`${base}/`)
    const answer = await person.context().request.post(`${base}/api/v1/auth/session`, { headers: { origin: base } })
    const session = (await answer.json()) as { user: { email: string }; tenant: { id: string; role: string } }
    assert.deepEqual([session.user.email, session.tenant.id, session.tenant.role], [`it@acme${n}.test`, owner.tenant.id, 'member'])
    await person.context().close()

    const { page: late } = await openPage({ browser, base }, look, false)
    await late.goto(url)
    await late.getByRole('heading', { name: 'The link does not work' }).waitFor()
    await late.getByText('opens once').waitFor()
    await late.context().close()
  }
  if (faults.length) fail(`${faults.length} faults\n${faults.slice(0, 40).join('\n')}`)
})

async function judgePage(page: Page, name: string, scripted: boolean, faults: string[]): Promise<void> {
  await page.locator('h1').first().waitFor()
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true })
  if ((await page.locator('script').count()) > 0) faults.push(`${name}: has script`)
  if (!scripted) return
  const session = await page.context().newCDPSession(page)
  await session.send('Page.setBypassCSP', { enabled: true })
  await page.evaluate(axe)
  const broken: string[] = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations.map((v: any) => `${v.id} ${v.nodes[0]!.html.slice(0, 160)}`))
  faults.push(...broken.map((b) => `${name}: axe ${b}`))
  const over: number = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  if (over > 0) faults.push(`${name}: ${over} px wider than the window`)
}
