// The console in a real browser: Debian's Chromium over the product as a process, signed in through its own login page.
import fs from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { root } from './product.ts'

// inside page.evaluate the page's own world is meant, which this program's types do not know
declare const document: any

export const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) => fs.existsSync(file))
/** Why no browser can be used here; false where one can. */
export const noBrowser = !browserPath ? 'no Chromium is installed (apt-get install chromium)' : !fs.existsSync(path.join(root, 'dist/console/index.html')) ? 'the console is not built (npm run dev, or npm start once)' : false
export const password = 'correct horse 9'

export async function openBrowser(t: Pick<TestContext, 'after'>): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: browserPath!,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
  t.after(() => browser.close())
  return browser
}

/** By the login page. */
export async function signIn(page: Page, base: string, email = 'ada@example.com'): Promise<void> {
  await page.goto(`${base}/login`)
  await page.getByLabel('Email').fill(email)
  await page.locator('input[type=password]').fill(password)
  await page.keyboard.press('Enter')
  await page.waitForURL((url) => url.pathname === '/')
  await settled(page)
}

/** A page that keeps what went wrong on it. */
export async function openPage(w: { browser: Browser; base: string }, options: BrowserContextOptions, signedIn: boolean): Promise<{ page: Page; seen: string[] }> {
  const context = await w.browser.newContext({ reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  const seen: string[] = []
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (e: any) => console.error(`CSP ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}`)))
  page.on('console', (m) => void (m.type() === 'error' && seen.push(m.text())))
  page.on('pageerror', (e) => void seen.push(String(e)))
  if (signedIn) await signIn(page, w.base)
  return { page, seen }
}

/** Quiet: no request under way, no skeleton, no busy region. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor()
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"], [data-skeleton]'))
  await page.evaluate(() => document.fonts.ready.then(() => undefined))
}

/** A port nobody has: cookies and origins follow PUBLIC_URL, which must be known before the start. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
