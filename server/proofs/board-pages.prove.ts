// Proof 9, by hand: what a person does at a board, in a list, as an admin and as an operator, done by clicks and keys on the pages; after each the
// product is asked what came of it.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser as skip, openPage, settled } from '../testing/browser.ts'
import { connect } from '../testing/product.ts'
import { desk, openRunPages } from '../testing/run-pages.ts'

declare const document: any

const columns = [{ id: 'ready', name: 'Ready', category: 'todo' }, { id: 'work', name: 'At work', category: 'doing', wipLimit: 1 }, { id: 'done', name: 'Done', category: 'done' }]
/** A board with nothing on it, whose second column takes one task and refuses the next. */
async function openBoard(t: Parameters<typeof openRunPages>[0]) {
  const w = await openRunPages(t)
  const project = await w.ask('POST', '/projects', { key: 'LAMP', name: 'New lamp room', columns, wip: 'block' })
  await w.invite('grace@example.com', 'member')
  const grace = (await w.ask('GET', '/members')).items.find((one: { name: string }) => one.name === 'grace').userId as string
  const { page, seen } = await openPage(w, desk, true)
  return { ...w, page, seen, grace, project: project.id as string, board: `${w.base}/projects/LAMP` }
}
type Task = { id: string; ref: string; title: string; status: string; assigneeId: string | null; priority: string }
const until = async <T>(look: () => Promise<T | undefined | false>): Promise<T> => {
  for (;;) {
    const found = await look()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}
const card = (page: Page, title: string) => page.locator('[data-card]:not([data-new])').filter({ hasText: title })
const titles = (page: Page, column: string) => page.locator(`[data-column="${column}"] [data-card] .card-title`).allTextContents()
const query = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams)
/** A refusal that is meant is printed by the browser as an error: this one alone. */
const others = (seen: string[], status: number) => seen.filter((line) => !line.includes(`status of ${status}`))

test('a board is worked at by hand: quick add, filters in the address, lanes, limits that say why, undo, the palette', { skip }, async (t) => {
  const w = await openBoard(t)
  const { page } = w
  const tasks = async (): Promise<Task[]> => (await w.ask('GET', `/tasks?projectId=${w.project}`)).items
  const named = async (title: string) => (await tasks()).find((one) => one.title === title)!
  await page.goto(w.board)
  await page.getByText('The first task').first().waitFor() // an empty board says what it is for

  // quick add: one title after the other, without leaving the field
  await page.getByRole('button', { name: 'Add task to Ready' }).click()
  for (const title of ['Order the lens', 'Survey the tower', 'Paint the railing']) {
    await page.getByLabel('Title of the new task in Ready').fill(title)
    await page.keyboard.press('Enter')
    await card(page, title).waitFor()
  }
  await page.keyboard.press('Escape')
  assert.deepEqual(await titles(page, 'ready'), ['Order the lens', 'Survey the tower', 'Paint the railing'])
  assert.deepEqual((await tasks()).map((one) => one.status), ['ready', 'ready', 'ready'])
  const [lens, tower] = [await named('Order the lens'), await named('Survey the tower')]
  await w.ask('PATCH', `/tasks/${tower.id}`, { assigneeId: w.grace, priority: 'high' })

  // filters stand in the address: they survive a reload and can be sent to somebody
  await page.getByRole('button', { name: /^Assignee/ }).click()
  await page.getByRole('option', { name: 'grace' }).click()
  await page.keyboard.press('Escape')
  await card(page, 'Order the lens').waitFor({ state: 'detached' })
  assert.deepEqual([query(page), await titles(page, 'ready')], [{ assignee: w.grace }, ['Survey the tower']])
  await page.reload()
  await card(page, 'Survey the tower').waitFor()
  assert.deepEqual(await titles(page, 'ready'), ['Survey the tower'])
  await page.getByRole('button', { name: 'Clear' }).click()
  await card(page, 'Order the lens').waitFor()
  await page.keyboard.press('f')
  await page.keyboard.type('lens')
  await card(page, 'Survey the tower').waitFor({ state: 'detached' })
  await page.waitForURL((url) => url.searchParams.get('q') === 'lens')
  await page.keyboard.press('Escape')
  await card(page, 'Survey the tower').waitFor()
  assert.deepEqual(query(page), {})

  // lanes by assignee: what is dropped in somebody's lane is theirs
  await page.getByRole('button', { name: 'Lanes by assignee' }).click()
  const lane = (name: string) => page.getByRole('region', { name, exact: true })
  await lane('grace').waitFor()
  assert.deepEqual([query(page), await lane('grace').locator('.card-title').allTextContents()], [{ lanes: 'assignee' }, ['Survey the tower']])
  const from = (await lane('Nobody').locator('[data-card]').filter({ hasText: 'Paint the railing' }).boundingBox())!
  const to = (await lane('grace').locator('[data-column="ready"]').boundingBox())!
  await page.mouse.move(from.x + 30, from.y + 14)
  await page.mouse.down()
  await page.mouse.move(from.x + 50, from.y + 4, { steps: 4 })
  await page.mouse.move(to.x + 60, to.y + to.height - 6, { steps: 14 })
  await page.mouse.up()
  await until(async () => (await named('Paint the railing')).assigneeId === w.grace)
  await page.getByRole('button', { name: 'Lanes by assignee' }).click()
  await page.getByRole('button', { name: 'Add task to Ready' }).waitFor()

  // the column takes one: the second is put back, and the page says why
  await card(page, 'Survey the tower').focus()
  await page.keyboard.press('Alt+ArrowRight')
  await page.locator('[data-column="work"] .count').filter({ hasText: '1/1' }).waitFor()
  await until(async () => (await named('Survey the tower')).status === 'work')
  await card(page, 'Order the lens').focus()
  await page.keyboard.press('Alt+ArrowRight')
  await page.locator('.toast').filter({ hasText: /The task was not moved\. "At work" takes at most 1 at a time and has 1/ }).waitFor()
  await page.locator('[data-column="ready"] [data-card]').filter({ hasText: 'Order the lens' }).waitFor()
  assert.equal((await named('Order the lens')).status, 'ready')

  // undo: the last change by keys, a deletion by its own button
  await page.locator('body').click({ position: { x: 700, y: 5 } })
  await page.keyboard.press('Control+z')
  await until(async () => (await named('Survey the tower')).status === 'ready')
  await page.locator('[data-column="ready"] [data-card]').filter({ hasText: 'Survey the tower' }).waitFor()
  await card(page, 'Order the lens').hover()
  await page.getByRole('button', { name: 'Actions for Order the lens' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  const gone = page.locator('.toast').filter({ hasText: `${lens.ref} deleted.` })
  await gone.waitFor()
  assert.equal((await tasks()).length, 2)
  await gone.getByRole('button', { name: 'Undo' }).click()
  await card(page, 'Order the lens').waitFor()
  assert.equal((await tasks()).length, 3)

  // the palette finds tasks and commands
  await page.keyboard.press('Control+k')
  await page.getByLabel('Search tasks, projects, commands').fill('lens')
  await page.locator('[data-action]').filter({ hasText: lens.ref }).waitFor()
  await page.waitForFunction((ref) => document.querySelector('[data-action][data-selected]')?.textContent?.includes(ref), lens.ref)
  await page.keyboard.press('Enter')
  await page.waitForURL((url) => url.pathname === `/tasks/${lens.ref}`)
  await page.getByRole('heading', { name: 'Order the lens' }).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByLabel('Search tasks, projects, commands').fill('go to reports')
  await page.waitForFunction(() => /Go to reports/.test(document.querySelector('[data-action][data-selected]')?.textContent ?? ''))
  await page.keyboard.press('Enter')
  await page.waitForURL((url) => url.pathname === '/reports')
  await settled(page)

  // the list: chosen by keys, changed at once, taken back at once
  await page.goto(`${w.board}/list`)
  await page.locator('[data-row]').nth(2).waitFor()
  for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key)
  const bar = page.getByRole('toolbar', { name: 'Selected tasks' })
  await bar.getByText('2 selected').waitFor()
  const before = (await tasks()).map((one) => one.priority).sort()
  await bar.getByRole('button', { name: /Priority/ }).click()
  await page.getByRole('option', { name: 'Urgent' }).click()
  const changed = page.locator('.toast').filter({ hasText: '2 tasks changed.' })
  await changed.waitFor()
  assert.equal((await tasks()).filter((one) => one.priority === 'urgent').length, 2)
  await changed.getByRole('button', { name: 'Undo' }).click()
  await until(async () => JSON.stringify((await tasks()).map((one) => one.priority).sort()) === JSON.stringify(before))
  await page.getByRole('columnheader', { name: 'Title' }).getByRole('button').click()
  await page.waitForURL((url) => url.searchParams.get('sort') === 'title')
  assert.deepEqual(await page.locator('[data-row] .title').evaluateAll((cells: any[]) => cells.map((cell) => cell.firstChild.textContent)), ['Order the lens', 'Paint the railing', 'Survey the tower'])
  assert.deepEqual(others(w.seen, 409), [])
})

test('a server that is away is told only when it lasts; back again, the board shows what happened meanwhile without a reload', { skip }, async (t) => {
  const w = await openBoard(t)
  const { page } = w
  await page.goto(w.board)
  await page.locator('.live-dot[data-state="live"]').waitFor()
  await page.evaluate(() => void ((document as any).kept = true))
  await w.product.kill()
  await page.locator('.live-dot').filter({ hasText: 'Reconnecting' }).waitFor()
  assert.equal(await page.getByText('No connection to the server').count(), 0, 'a word in the header first')
  await page.getByRole('alert').filter({ hasText: 'No connection to the server' }).waitFor({ timeout: 60_000 })
  await w.product.start()
  const { accessToken: token } = await w.product.ok('POST', '/auth/login', { body: { email: 'ada@example.com', password: 'correct horse 9' } })
  await w.product.ok('POST', '/tasks', { token, body: { projectId: w.project, title: 'Made meanwhile', status: 'ready' } })
  await card(page, 'Made meanwhile').waitFor({ timeout: 60_000 })
  await page.locator('.live-dot[data-state="live"]').waitFor()
  assert.equal(await page.getByText('No connection to the server').count(), 0)
  assert.equal(await page.evaluate(() => (document as any).kept), true, 'the page was not loaded again')
})

test('an admin chooses what is kept and takes the audit along; a person chooses how news reach them; an operator pauses, rewinds, skips and replays with a reader', { skip }, async (t) => {
  const w = await openBoard(t)
  const { page } = w
  const task = await w.ask('POST', '/tasks', { projectId: w.project, title: 'Order the lens' })
  await w.ask('POST', `/tasks/${task.id}/comments`, { text: 'Who knows a good one?' }) // what the reader takes first
  await w.ask('PATCH', `/tasks/${task.id}`, { assigneeId: w.grace })

  await page.goto(`${w.base}/settings`)
  await page.getByLabel('Days the log is kept').fill('365')
  await page.getByLabel('Days finished runs are kept').fill('14')
  await page.locator('form').filter({ has: page.getByLabel('Days the log is kept') }).getByRole('button', { name: 'Save' }).click()
  const dialog = page.getByRole('dialog', { name: 'Keep less' })
  await dialog.getByText('goes for good').waitFor()
  const kept = async () => (({ eventRetentionDays, runRetentionDays }) => [eventRetentionDays, runRetentionDays])(await w.ask('GET', '/tenant-settings'))
  assert.deepEqual(await kept(), [null, null], 'not before it is said')
  await dialog.getByRole('button', { name: 'Keep less' }).click()
  await dialog.waitFor({ state: 'detached' })
  assert.deepEqual(await kept(), [365, 14])

  await page.goto(`${w.base}/audit?name=task.created`)
  await page.getByRole('button', { name: 'CSV' }).waitFor()
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()])
  const lines = fs.readFileSync((await file.path())!, 'utf8').trim().split(/\r?\n/)
  assert.ok(lines.length === 2 && lines[1]!.includes(task.id), lines.join('\n'))

  await page.goto(`${w.base}/reports?project=LAMP`)
  const [report] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /^Download .* as CSV$/ }).first().click()])
  assert.match(fs.readFileSync((await report.path())!, 'utf8'), /^\w+(,\w+)+\r?\n/)

  await page.goto(`${w.base}/notifications?show=preferences`)
  await page.getByRole('switch', { name: 'Assigned, In the daily digest' }).click({ force: true })
  await until(async () => (await w.ask('GET', '/users/me/preferences')).notifications.assigned?.digest === true)

  const name = 'notifications.people'
  const sql = await connect(t, (await w.product.attach()).superuser())
  await sql.query(`insert into parked_events (reader, event_id, tenant_id, event_at, name, error) select $1, id, tenant_id, at, name, 'it failed five times' from events where subject_id = $2 and name = 'task.assigned'`, [name, task.id])
  const state = async () => (await w.ask('GET', '/readers')).items.find((one: { name: string }) => one.name === name)
  await page.goto(`${w.base}/operate/readers`)
  await page.getByRole('button', { name: `Pause ${name}` }).click()
  await page.getByRole('button', { name: `Resume ${name}` }).waitFor()
  assert.equal((await state()).status, 'paused')
  await page.getByRole('button', { name: `Actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: 'Rewind' }).click()
  const rewind = page.getByRole('dialog', { name: `Rewind ${name}` })
  await rewind.getByRole('button', { name: 'Rewind' }).click()
  await rewind.waitFor({ state: 'detached' })
  const back = await until(async () => (await state()).lag > 0 && state()) // it stands before what it had handled
  await page.getByRole('button', { name: `Actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: 'Park the next event' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Park it' }).click()
  await page.getByText('skipped by an operator').waitFor()
  await page.getByRole('button', { name: `Resume ${name}` }).click()
  await until(async () => (await state()).lag === 0)
  assert.ok((await state()).handled >= back.handled)
  await page.getByRole('button', { name: 'Handle again: comment.added' }).click()
  await page.getByText('1 event parked').waitFor()
  await page.getByRole('button', { name: 'Handle again: task.assigned' }).click()
  await page.getByText('1 event parked').waitFor({ state: 'detached' })
  assert.deepEqual((await state()).parked, [])
  const told = (await sql.query(`select name from events where name like 'reader.%' order by seq`)).rows.map((row) => row.name)
  assert.deepEqual(told, ['reader.paused', 'reader.rewound', 'reader.skipped', 'reader.resumed', 'reader.replayed', 'reader.replayed'])
  assert.deepEqual(w.seen, [])
})
