// What people see of running workflows, in a real browser: approved on a phone and seen to go on elsewhere; a consent from the click to the connection
// that works; and a marker in every secret place, on no page, in no answer, line, event or row.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser as skip, openPage, settled } from '../testing/browser.ts'
import { otherSideAddress, type Said } from '../testing/other-side.ts'
import { assertNone, connect } from '../testing/product.ts'
import { desk, openRunPages as open, phone } from '../testing/run-pages.ts'

// inside page.evaluate the page's own world is meant, which this program's types do not know
declare const document: any
const start = { id: 'start', primitive: 'trigger', type: 'manual', settings: {} }

test('the bell leads to an approval on a phone; approved there, the run goes on in front of whoever watches it', { skip }, async (t) => {
  const w = await open(t)
  const { run } = await w.begin('Refunds', [
    start, { id: 'ask', primitive: 'action', type: 'approval', settings: { title: 'Refund ${{ trigger.amount }}?', people: [w.owner.user.id], deadline: '2d' } },
    { id: 'paid', primitive: 'data', type: 'mapping', name: 'Pay it back', settings: { fields: { why: '${{ nodes.ask.output.payload.comment }}' } } }, { id: 'kept', primitive: 'data', type: 'mapping', settings: { fields: { amount: 0 } } },
  ], [{ from: 'start', to: 'ask' }, { from: 'ask', to: 'paid', when: 'true' }, { from: 'ask', to: 'kept', when: 'false' }], { amount: 40 })
  await w.until(run, /waiting/)
  const watched = await openPage(w, desk, true)
  await watched.page.goto(`${w.base}/runs/${run}`)
  await watched.page.locator('.head .chip', { hasText: 'Waiting' }).waitFor()
  await watched.page.locator('.react-flow__node[data-id="ask"] [data-status="waiting"]').first().waitFor()

  const held = await openPage(w, phone, true)
  await held.page.goto(`${w.base}/notifications`)
  await held.page.getByRole('link', { name: /Refund 40\?/ }).tap()
  await held.page.waitForURL((url) => url.pathname === '/approvals')
  await held.page.getByLabel(/^Comment on/).fill('She waited long enough.')
  await held.page.getByRole('button', { name: 'Approve: Refund 40?' }).tap()
  await held.page.getByText('Approved', { exact: true }).waitFor()

  // nobody loads the watching page again
  await watched.page.locator('.head .chip', { hasText: 'Completed' }).waitFor()
  await watched.page.locator('.react-flow__node[data-id="paid"] [data-status="completed"]').first().waitFor()
  assert.equal(await watched.page.locator('.react-flow__node[data-id="kept"] [data-status="completed"]').count(), 0)
  await watched.page.getByRole('button', { name: /Pay it back/ }).click()
  assert.match(await watched.page.getByRole('region', { name: 'Output of paid' }).innerText(), /She waited long enough/)
  assert.deepEqual((await w.ask('GET', `/runs/${run}`)).results, { paid: { why: 'She waited long enough.' } })
  await held.page.goto(`${w.base}/approvals?show=done`)
  await held.page.getByText('She waited long enough.', { exact: false }).waitFor()
  assert.deepEqual([...watched.seen, ...held.seen], [])
})

const marker = 'MARKER-hush-4711+x'
const forms = [marker, 'hush-4711', Buffer.from(marker).toString('base64'), Buffer.from(marker).toString('base64url'), Buffer.from(marker).toString('hex'), Buffer.from(`ada:${marker}`).toString('base64')]

test('a marker in every secret place is on no page, in no answer that the browser gets, in no line, event or row', { skip }, async (t) => {
  let denies = true
  const w = await open(t, ({ path, query, headers, body }): Said => {
    if (path === '/authorize') return { status: 302, headers: { location: `${query.redirect_uri}?state=${encodeURIComponent(query.state!)}&${denies ? 'error=access_denied&error_description=she+said+no' : `code=${encodeURIComponent(`code-${marker}`)}`}` } }
    if (path === '/token') return { body: { access_token: `access-${marker}`, refresh_token: `refresh-${marker}`, token_type: 'Bearer', expires_in: 3600 } }
    return { status: path.includes('fail') ? 400 : 200, headers: { 'x-echo': Object.values(headers).join(' ') }, body: { headers, query, body } } // echoes all it is given
  })
  const { page, seen } = await openPage(w, desk, true)
  const got: string[] = []
  const reading: Promise<unknown>[] = []
  page.on('response', (answer) => void (/\/assets\//.test(answer.url()) || reading.push(answer.text().then((text) => got.push(`${new URL(answer.url()).pathname} ${JSON.stringify(answer.headers())} ${text}`), () => undefined)))) // a redirect has no body
  const look = async (at: string) => {
    await page.goto(w.base + at)
    await settled(page)
    await keep(page, at, got)
  }

  // by hand, in the form; and once more as new secret
  await page.goto(`${w.base}/connections/new?type=bearer`)
  await page.getByLabel(/^Name/).fill('Shop')
  await page.getByLabel(/^Base address/).fill(`${w.side.url}/v1`)
  await page.getByLabel(/^Token/).fill(marker)
  await page.getByRole('button', { name: 'Connect it' }).click()
  await page.waitForURL((url) => /^\/connections\/[0-9a-f-]{36}$/.test(url.pathname))
  const shop = new URL(page.url()).pathname.split('/').at(-1)!
  await page.getByRole('button', { name: 'Try it' }).click()
  await page.getByText(/^It works/).waitFor()
  await page.getByLabel(/^Token/).fill(marker)
  await page.getByRole('button', { name: 'Put in new secrets' }).click()
  await page.waitForFunction(() => document.querySelector('input[type=password]')?.value === '')
  await keep(page, 'the connection', got)

  // consent: refused at first, then given
  const office = await w.ask('POST', '/connections', { name: 'Office', type: 'oauth', settings: { baseUrl: w.side.url, authorizeUrl: `${w.side.url}/authorize`, tokenUrl: `${w.side.url}/token`, clientId: 'office' }, secrets: { clientSecret: marker } })
  await page.goto(`${w.base}/connections/${office.id}`)
  await page.getByRole('button', { name: 'Give consent' }).click()
  await page.getByRole('heading', { name: 'Consent was not given' }).waitFor()
  await page.getByText('access_denied: she said no').waitFor()
  assert.equal(new URL(page.url()).search, '', 'what the provider brought stands in no address')
  denies = false
  await page.getByRole('button', { name: 'Begin again' }).click()
  await page.getByText('Office is connected.').waitFor()
  await page.waitForURL((url) => url.pathname === `/connections/${office.id}`)
  await page.locator('.chip', { hasText: 'Works' }).waitFor()

  // every other kind by the API
  const kinds: [string, object, object][] = [
    ['api_key', { baseUrl: `${w.side.url}/fail` }, { key: marker }], ['basic', { baseUrl: `${w.side.url}/fail`, username: 'ada' }, { password: marker }], ['webhook', { url: `${w.side.url}/fail` }, { signingSecret: marker }],
    ['database', { engine: 'postgresql', host: otherSideAddress, port: w.side.port, database: 'd', user: 'u', tls: 'off' }, { password: marker }], ['smtp', { host: otherSideAddress, port: w.side.port, username: 'u', from: 'a@b.test' }, { password: marker }],
    ['slack', { baseUrl: `${w.side.url}/fail` }, { token: marker }], ['github', { baseUrl: `${w.side.url}/fail` }, { token: marker }], ['hubspot', { baseUrl: `${w.side.url}/fail` }, { token: marker }],
  ]
  const made = [shop, office.id as string]
  for (const [type, settings, secrets] of kinds) {
    const { id } = await w.ask('POST', '/connections', { name: `a ${type}`, type, settings, secrets })
    await w.ask('POST', `/connections/${id}/test`)
    made.push(id as string)
  }

  // runs that use them and hear their secrets back, in success and failure; and a trigger with a secret of its own
  const call = (id: string, connectionId: string, url: string) => ({ id, primitive: 'action', type: 'api_call', connectionId, settings: { method: 'POST', url, body: { hello: 1 } }, retry: { max: 1 } })
  const well = await w.begin('Echoes', [start, call('shop', shop, '/orders'), call('office', office.id, '/me')], [{ from: 'start', to: 'shop' }, { from: 'shop', to: 'office' }])
  const ill = await w.begin('Fails', [start, call('shop', shop, '/fail')], [{ from: 'start', to: 'shop' }])
  assert.equal((await w.until(well.run, /completed|failed/)).status, 'completed')
  assert.equal((await w.until(ill.run, /completed|failed/)).status, 'failed')
  const hook = await w.ask('POST', '/workflows', { name: 'Hooked', definition: { nodes: [{ id: 'hook', primitive: 'trigger', type: 'webhook', settings: { signature: 'github' } }, { id: 'd', primitive: 'data', type: 'mapping', settings: { fields: { a: 1 } } }], edges: [{ from: 'hook', to: 'd' }] } })
  await w.ask('POST', `/workflows/${hook.id}/publish`, {})
  await w.ask('PUT', `/workflows/${hook.id}/triggers/hook/secret`, { secret: marker })
  const [{ url }] = (await w.ask('GET', `/workflows/${hook.id}/triggers`)).items
  await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${marker}`, cookie: `s=${marker}`, 'x-api-key': marker }, body: '{}' })
  const [received] = (await w.ask('GET', `/workflows/${hook.id}/inbox`)).items
  const sent = await w.ask('POST', '/webhooks', { url: `${w.side.url}/fail/hooks`, events: ['*'] })
  await w.ask('POST', `/webhooks/${sent.id}/ping`)
  forms.push(sent.secret.slice('whsec_'.length))

  for (const at of [
    '/', '/connections', ...made.map((id) => `/connections/${id}`), `/runs/${well.run}`, `/runs/${well.run}?step=shop`, `/runs/${well.run}?step=office`, `/runs/${ill.run}`, `/runs/${ill.run}?step=shop`, `/runs`, `/workflows/${well.workflow}/runs`, `/workflows/${well.workflow}`, '/workflows',
    `/workflows/${hook.id}`, `/workflows/${hook.id}/inbox?request=${received.id}`, '/webhooks', `/webhooks/${sent.id}`, '/approvals', '/notifications', '/audit', '/operate/jobs', '/operate/readers', '/operate/outbox',
  ]) await look(at)
  await Promise.all(reading)
  const lines = got.map((text) => text)
  for (const line of w.product.said.split('\n')) lines.push(`said ${line}`)
  for (const event of (await w.ask('GET', '/events?limit=200')).items) lines.push(`event ${JSON.stringify(event)}`)
  const database = await connect(t, (await w.product.attach()).superuser())
  const { rows: tables } = await database.query<{ name: string }>(`select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`)
  for (const { name } of tables) for (const { line } of (await database.query<{ line: string }>(`select (t.*)::text as line from ${name} t`)).rows) lines.push(`${name} ${line}`)
  assertNone(lines.flatMap((line) => forms.filter((form) => line.includes(form)).map((form) => `${form} in ${line.slice(0, 120)} ... ${line.slice(Math.max(0, line.indexOf(form) - 60), line.indexOf(form) + 60)}`)), 'a secret came out: ')
  // it would have been found: pages and answers were read, and the other side did get what it should
  assert.ok(got.length > 100 && tables.length > 40 && got.some((text) => text.includes('Bearer ***')), `${got.length} pages and answers, ${tables.length} tables`)
  for (const secret of [`Bearer ${marker}`, `Bearer access-${marker}`]) assert.ok(w.side.heard.some(({ headers }) => headers.authorization === secret), secret)
  assert.deepEqual(seen, [])
})

/** The page as it is, with what stands in its fields. */
async function keep(page: Page, at: string, got: string[]): Promise<void> {
  got.push(`page ${at} ${await page.evaluate(() => `${document.documentElement.outerHTML} ${[...document.querySelectorAll('input, textarea')].map((field: any) => field.value).join(' ')}`)}`)
}
