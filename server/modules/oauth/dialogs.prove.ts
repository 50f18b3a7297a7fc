// The console's dialogs for applications and keys send what a person changed and nothing else: an application of several kinds keeps what the dialog
// does not speak of.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort, noBrowser, openBrowser, openPage, password, settled } from '../../testing/browser.ts'
import { setupToken, startProduct } from '../../testing/product.ts'

const pictures = process.argv.includes('--pictures') ? process.argv[process.argv.indexOf('--pictures') + 1] : undefined
const looks = (['light', 'dark'] as const).flatMap((colorScheme) => [{ width: 1280, height: 860 }, { width: 390, height: 844 }].map((viewport) => ({ colorScheme, viewport })))

test('an application of two kinds and a key are changed in a dialog, which touches what was changed alone (S2.5, S0.3)', { skip: noBrowser }, async (t) => {
  const port = await freePort()
  const base = `http://localhost:${port}`
  const product = await startProduct(t, { PORT: String(port), PUBLIC_URL: base })
  const { accessToken: token } = await product.ok('POST', '/auth/register', { body: { email: 'ada@example.com', password, name: 'Ada Lovelace', tenantName: 'Lighthouse', setupToken } })
  const browser = await openBrowser(t)
  for (const look of looks) {
    const name = `${look.colorScheme}-${look.viewport.width}`
    const picture = async (what: string) => void (pictures && (await page.screenshot({ path: `${pictures}/${what}-${name}.png` })))
    const { page, seen } = await openPage({ browser, base }, look, true)
    const dialog = page.getByRole('dialog')
    /** Nothing in the dialog is wider than it, and on a phone all that is pressed there is high enough for a finger. */
    const fits = async () => {
      assert.ok(await dialog.evaluate((e: any) => e.scrollWidth <= e.clientWidth), `${name}: the dialog is too narrow for what is in it`)
      if (look.viewport.width < 760) for (const button of await dialog.locator('form .mantine-Button-root, form .mantine-Switch-body').all()) assert.ok((await button.boundingBox())!.height >= 44, `${name}: ${await button.textContent()}`)
    }

    const given = { name: `Shop ${name}`, grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'], redirectUris: ['https://shop.example/back', 'https://shop.example/again'], postLogoutRedirectUris: ['https://shop.example/bye'], scopes: ['openid', 'offline_access', 'read'] }
    const { id } = await product.ok('POST', '/oauth-clients', { token, body: given })
    const kept = async () => {
      const one = await product.ok('GET', `/oauth-clients/${id}`, { token })
      return Object.fromEntries(Object.keys(given).map((field) => [field, one[field]]))
    }
    const edit = async (called: string) => {
      await page.getByRole('button', { name: `Actions for ${called}`, exact: true }).click()
      await page.getByRole('menuitem', { name: 'Edit' }).click()
      await dialog.getByText('Server-side, Works in its own name').waitFor()
    }
    const save = async () => {
      await dialog.getByRole('button', { name: 'Save application' }).click()
      await dialog.waitFor({ state: 'detached' })
    }
    await page.goto(`${base}/applications`)
    await settled(page)
    await edit(given.name)
    assert.equal(await dialog.getByLabel('Where people come back to, one address a line').inputValue(), given.redirectUris.join('\n'))
    await fits()
    await picture('application')
    await dialog.getByLabel('Name', { exact: true }).fill(`Store ${name}`)
    await save()
    assert.deepEqual(await kept(), { ...given, name: `Store ${name}` })
    await page.getByText(`Store ${name}`, { exact: true }).first().waitFor()
    await edit(`Store ${name}`)
    const legacy = dialog.getByRole('switch', { name: 'It may ask people for their password itself' })
    await legacy.check()
    await legacy.scrollIntoViewIfNeeded()
    await picture('application-legacy')
    await save()
    assert.deepEqual(await kept(), { ...given, name: `Store ${name}`, grantTypes: [...given.grantTypes, 'password'] })
    await page.getByText('Takes passwords (legacy)').first().waitFor()

    await page.getByRole('button', { name: 'Make an initial access token' }).click()
    await dialog.getByLabel('Applications that may register with it').fill('3')
    await dialog.getByLabel('Ends after').fill('91')
    await dialog.getByRole('button', { name: 'Make the token' }).click()
    await dialog.getByText('Between a minute and 90 days.').waitFor()
    await fits()
    await picture('token')
    await dialog.getByLabel('Ends after').fill('7')
    await dialog.getByRole('button', { name: 'Make the token' }).click()
    await dialog.waitFor({ state: 'detached' })
    const note = page.getByRole('status').filter({ hasText: 'Initial access token, for 3 registrations until' })
    await note.waitFor()
    assert.ok(await note.evaluate((e: any) => e.getBoundingClientRect().top >= 0), 'what is shown once is in sight')
    await picture('token-made')

    const restricted = { scopes: ['read', 'profile'], addresses: ['192.0.2.0/24'], expiresAt: '2099-05-01T12:00:00.000000Z' }
    const key = await product.ok('POST', '/api-keys', { token, body: { name: `Import ${name}`, ...restricted } })
    const keyNow = async () => (({ name, scopes, addresses, expiresAt }) => ({ name, scopes, addresses, expiresAt }))(await product.ok('GET', `/api-keys/${key.id}`, { token }))
    await page.goto(`${base}/keys`)
    await settled(page)
    await page.getByRole('button', { name: `Change Import ${name}` }).click()
    await dialog.getByLabel('Name', { exact: true }).fill(`Export ${name}`)
    await fits()
    await picture('key')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.deepEqual(await keyNow(), { ...restricted, name: `Export ${name}`, expiresAt: key.expiresAt })
    await page.getByRole('button', { name: `Change Export ${name}` }).click()
    await dialog.getByLabel('Ends (optional)').fill('')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    assert.deepEqual(await keyNow(), { ...restricted, name: `Export ${name}`, expiresAt: null })
    await picture('keys')
    assert.deepEqual(seen, [])
    await page.context().close()
  }
})
