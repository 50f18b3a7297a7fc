// What is not there is offered nowhere: in an installation with one team for everybody no other teams and no doors, and of a team without a module
// neither menu, bottom bar, palette nor address lead there.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { freePort, noBrowser, openBrowser, openPage, password, settled } from '../../testing/browser.ts'
import { setupToken, startProduct } from '../../testing/product.ts'

const desk = { viewport: { width: 1280, height: 860 } }
const phone = { viewport: { width: 390, height: 844 } }
const pictures = process.argv.includes('--pictures') ? process.argv[process.argv.indexOf('--pictures') + 1] : undefined

async function open(t: TestContext, settings: Record<string, string> = {}) {
  const port = await freePort()
  const base = `http://localhost:${port}`
  const product = await startProduct(t, { PORT: String(port), PUBLIC_URL: base, ...settings })
  const owner = await product.ok('POST', '/auth/register', { body: { email: 'ada@example.com', password, name: 'Ada Lovelace', tenantName: 'Lighthouse', setupToken } })
  return { base, product, owner, browser: await openBrowser(t) }
}
const picture = async (page: Page, name: string) => void (pictures && (await page.screenshot({ path: `${pictures}/${name}.png` })))
/** What the menu offers, and the palette for some words, by name. */
async function offered(page: Page): Promise<string[]> {
  const all = await page.locator('nav[aria-label="Main"] a.nav-item').allTextContents()
  await page.keyboard.press('Control+k')
  const field = page.getByPlaceholder('Search tasks, projects, commands')
  for (const words of ['go', 'create', 'domain', 'team', 'plan', 'project', 'report', 'task']) {
    await field.fill(words)
    await page.waitForTimeout(50) // the list follows what is typed; what must not be in it cannot be waited for
    all.push(...(await page.locator('.mantine-Spotlight-action').allTextContents()))
  }
  await page.keyboard.press('Escape')
  await field.waitFor({ state: 'detached' })
  return all.map((text) => text.trim())
}
const hasAny = (all: readonly string[], words: readonly RegExp[]) => all.filter((text) => words.some((word) => word.test(text)))

test('with one team for everybody nothing offers others, nor what tells them apart (S2.7, S4.13)', { skip: noBrowser }, async (t) => {
  const w = await open(t, { ENABLE_MULTI_TENANT: 'false' })
  const { page, seen } = await openPage(w, desk, true)
  const all = await offered(page)
  assert.deepEqual(hasAny(all, [/domain/i, /create a team/i, /tenants/i, /^plans|to plans/i]), [])
  assert.ok(all.some((text) => /Members/.test(text)) && all.some((text) => /Outbox/i.test(text)), all.join(', '))
  await page.locator('.nav-team').getByText('Lighthouse').waitFor()
  assert.equal(await page.getByRole('button', { name: /switch team/i }).count(), 0)
  for (const at of ['/domains', '/teams/new', '/operate/tenants', '/operate/plans']) {
    await page.goto(w.base + at)
    await page.getByRole('heading', { name: 'One team for everybody' }).first().waitFor()
  }
  await picture(page, 'one-team')
  await page.goto(`${w.base}/usage`)
  await settled(page)
  assert.equal(await page.getByText('has the plan').count(), 0)
  await picture(page, 'one-team-usage')
  assert.deepEqual(seen, [])

  const { page: stranger } = await openPage(w, phone, false)
  await stranger.goto(`${w.base}/signup`)
  await stranger.getByLabel('Your name').fill('Mia')
  assert.equal(await stranger.getByLabel('Team').count(), 0)
  await stranger.getByLabel('Email').fill('mia@example.com')
  await stranger.locator('input[type=password]').fill(password)
  await stranger.getByRole('button', { name: 'Create account' }).click()
  await stranger.waitForURL((url) => url.pathname === '/')
  await stranger.getByText('Lighthouse').first().waitFor({ state: 'attached' })
})

test('a module that is switched off is out of menu, bottom bar, palette and links, and its address says why; switched on it is back without a new sign-in (S4.7)', { skip: noBrowser }, async (t) => {
  const w = await open(t)
  const token = w.owner.accessToken as string
  const change = (modules: object) => w.product.ok('PATCH', `/tenants/${w.owner.tenant.id}`, { token, body: { modules } })
  const optional = ((await w.product.ok('GET', '/modules', { token })).items as { name: string }[]).map(({ name }) => name)
  const all = (on: boolean) => Object.fromEntries(optional.map((name) => [name, on]))
  const words = [/project/i, /report/i, /create task/i, /workflow/i, /approval/i, /\bruns\b/i, /connection/i, /webhook/i, /application/i, /api key/i]
  const places = ['/projects', '/reports', '/tasks/WEB-1', '/workflows', '/workflows/templates', '/runs', '/approvals', '/connections', '/connections/new', '/webhooks', '/applications', '/keys', '/issuers']
  const { page, seen } = await openPage(w, desk, true)
  await page.getByRole('link', { name: 'Workflows' }).waitFor()
  assert.equal(hasAny(await offered(page), words).length > 12, true)

  await change(all(false)) // while the page is open
  for (const name of ['Reports', 'Workflows', 'Webhooks', 'API keys']) await page.locator('nav[aria-label="Main"]').getByRole('link', { name }).waitFor({ state: 'detached' })
  await page.locator('nav[aria-label="Main"]').getByRole('link', { name: 'Members' }).waitFor()
  const left = await offered(page)
  assert.deepEqual(hasAny(left, words), [])
  assert.deepEqual(left.filter((text) => /trusted issuers/i.test(text)).length, 1, 'the platform\'s own')
  assert.ok(left.some((text) => /Domains/.test(text)) && left.some((text) => /Create a team/.test(text)), left.join(', '))
  await picture(page, 'modules-off')
  for (const keys of ['g', 'w']) await page.keyboard.press(keys)
  await page.waitForTimeout(50) // the shortcut leads nowhere; what does not happen cannot be waited for
  assert.equal(new URL(page.url()).pathname, '/')
  for (const at of places) {
    await page.goto(w.base + at)
    await page.getByRole('heading', { name: 'Switched off' }).first().waitFor()
  }
  await page.goto(`${w.base}/security`)
  await page.getByText('Second factor').first().waitFor()
  for (const name of ['Single sign-on', 'Set-up links', 'Provisioning']) assert.equal(await page.getByRole('heading', { name }).count(), 0, name)
  await picture(page, 'modules-off-security')
  const { page: small } = await openPage(w, phone, true)
  await small.locator('.bottom-bar').getByRole('link', { name: 'Projects' }).waitFor({ state: 'detached' })
  assert.deepEqual((await small.locator('.bottom-bar').getByRole('link').allTextContents()).map((text) => text.trim()), ['Home', 'Inbox'])
  await small.locator('.bottom-bar').getByRole('button', { name: 'More' }).click()
  assert.deepEqual(hasAny(await small.getByRole('dialog').getByRole('link').allTextContents(), words), [])
  await picture(small, 'modules-off-phone')

  await change(all(true))
  for (const name of ['Reports', 'Workflows', 'Webhooks', 'API keys']) await page.locator('nav[aria-label="Main"]').getByRole('link', { name }).waitFor()
  await page.getByRole('heading', { name: 'Provisioning' }).waitFor()
  await page.getByRole('link', { name: 'Workflows' }).click()
  await page.getByRole('heading', { name: 'Workflows' }).first().waitFor()
  assert.deepEqual(seen.filter((line) => !/404/.test(line)), []) // asked for before the team's modules were known
})

test('operators see what a plan and a tenant go without, by name and in words, and switch it (S4.7, S2.11)', { skip: noBrowser }, async (t) => {
  const w = await open(t)
  const token = w.owner.accessToken as string
  const plan = async () => ((await w.product.ok('GET', '/plans', { token })).items as { name: string; modules: object }[]).find(({ name }) => name === 'free')!.modules
  for (const look of [{ ...desk, colorScheme: 'light' }, { ...phone, colorScheme: 'dark' }] as const) {
    const name = `${look.colorScheme}-${look.viewport.width}`
    const { page, seen } = await openPage(w, look, true)
    await page.goto(`${w.base}/operate/plans`)
    const form = page.getByRole('form', { name: 'Plan Free' })
    await form.getByText('Sign-in by the team\'s own provider').waitFor()
    assert.equal(await form.getByRole('switch').count(), 11)
    await form.getByRole('switch', { name: 'Projects' }).uncheck()
    await form.getByRole('switch', { name: 'Tasks' }).and(page.locator(':disabled')).waitFor()
    await form.getByText('Needs Projects.').waitFor()
    await form.getByRole('switch', { name: 'Provisioning' }).uncheck()
    await picture(page, `plans-${name}`)
    await form.getByRole('button', { name: 'Save' }).click()
    await page.getByText('hold from now on').first().waitFor()
    assert.deepEqual(await plan(), { projects: false, scim: false })
    await page.goto(`${w.base}/operate/tenants`)
    await page.getByRole('button', { name: 'Actions for Lighthouse' }).click()
    await page.getByRole('menuitem', { name: 'Limits and modules' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('switch', { name: 'Provisioning' }).check()
    await picture(page, `tenant-${name}`)
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.equal((await w.product.ok('GET', `/tenants/${w.owner.tenant.id}`, { token })).modules.includes('scim'), true)
    await w.product.ok('PATCH', `/plans/${((await w.product.ok('GET', '/plans', { token })).items as { id: string; name: string }[]).find((one) => one.name === 'free')!.id}`, { token, body: { modules: {} } })
    await w.product.ok('PATCH', `/tenants/${w.owner.tenant.id}`, { token, body: { modules: { scim: false } } })
    assert.deepEqual(seen.filter((line) => !/404/.test(line)), []) // asked for before the team's modules were known
    await page.context().close()
  }
})

test('roles of groups and the team\'s figures have their places (S4.6, S2.10)', { skip: noBrowser }, async (t) => {
  const w = await open(t)
  const token = w.owner.accessToken as string
  const provider = await w.product.ok('POST', '/sso-providers', { token, body: { protocol: 'oidc', name: 'Acme ID', oidc: { issuer: 'https://login.acme.example', clientId: 'groundwork', clientSecret: 'of the client' } } })
  for (const look of [{ ...desk, colorScheme: 'light' }, { ...phone, colorScheme: 'dark' }] as const) {
    const name = `${look.colorScheme}-${look.viewport.width}`
    const { page, seen } = await openPage(w, look, true)
    await page.goto(`${w.base}/security`)
    await settled(page)
    await page.getByRole('button', { name: 'Edit Acme ID' }).click()
    const dialog = page.getByRole('dialog')
    const n = ((await w.product.ok('GET', `/sso-providers/${provider.id}`, { token })).roles as unknown[]).length + 1
    await dialog.getByRole('button', { name: 'Add a group' }).click()
    await dialog.getByLabel(`Group ${n}`, { exact: true }).fill(`engineers ${n}`)
    await picture(page, `provider-${name}`)
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    const kept = await w.product.ok('GET', `/sso-providers/${provider.id}`, { token })
    assert.deepEqual([kept.roles.length, kept.roles.at(-1), kept.oidc.issuer], [n, { group: `engineers ${n}`, role: 'member' }, 'https://login.acme.example'])
    await page.getByText(`engineers ${n}: member`).waitFor()
    await picture(page, `security-${name}`)

    await page.goto(`${w.base}/usage`)
    await settled(page)
    await page.locator('.facts-row').getByText('1 owner').waitFor()
    await picture(page, `usage-${name}`)
    assert.deepEqual(seen, [])
    await page.context().close()
  }
})
