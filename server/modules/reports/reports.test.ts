import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import { checkStatements } from '../../kernel/describe.ts'
import { newId } from '../../kernel/ids.ts'
import { statements } from '../../kernel/sql.ts'
import { testHttp, type Person } from '../../testing/http.ts'
import { projectEvents, projects } from '../projects/module.ts'
import { createTasks, taskEvents } from '../tasks/module.ts'
import { reports } from './module.ts'
import { daysOf, percentile } from './service.ts'

const day = 86_400_000
const ago = (days: number) => new Date(Date.now() - days * day).toISOString()

async function setUp(t: TestContext) {
  const http = await testHttp(t, { groups: [projectEvents, taskEvents], modules: (kernel) => [projects, createTasks(kernel), reports] })
  const ada = await http.person('owner', undefined, { name: 'Ada' })
  const ben = await http.person('member', ada.tenant, { name: 'Ben' })
  const call = async (by: Person, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) => {
    const answer = await http.as(by, method, path, body)
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const columns = [{ id: 'todo', name: 'To do', category: 'todo' }, { id: 'doing', name: 'Doing', category: 'doing' }, { id: 'done', name: 'Done', category: 'done' }]
  const web = await call(ada, 'POST', '/projects', { key: 'WEB', name: 'Website', columns })
  const secret = await call(ada, 'POST', '/projects', { key: 'SEC', name: 'Secret', visibility: 'private', columns })
  const make = (more: object = {}) => call(ada, 'POST', '/tasks', { projectId: web.id, title: 'Paint it', ...more })
  const move = (task: { id: string }, status: string) => call(ada, 'PATCH', `/tasks/${task.id}/move?status=${status}`)
  const read = (kind: string, by = ben, query = `?projectId=${web.id}`) => call(by, 'GET', `/reports/${kind}${query}`)
  /** The past, as the seed writes it. */
  const happened = (name: 'task.created' | 'task.moved' | 'task.deleted', subject: string, at: string, data: object) =>
    http.kernel.system.context(http.kernel.who({ tenant: ada.tenant, actor: { type: 'user', id: ada.id } })).change(name as 'probe.written', { subject, data: { projectId: web.id, ...data } as never, at, run: [] })
  return { http, ada, ben, web, secret, call, make, move, read, happened }
}

test('progress counts the tasks of each column', async (t) => {
  const s = await setUp(t)
  const [a] = [await s.make(), await s.make(), await s.make({ projectId: s.secret.id })]
  await s.move(a, 'done')
  const { items } = await s.read('progress')
  assert.deepEqual(items, [{
    projectId: s.web.id, key: 'WEB', name: 'Website', total: 2, done: 1, percent: 50,
    columns: [{ id: 'todo', name: 'To do', category: 'todo', count: 1 }, { id: 'doing', name: 'Doing', category: 'doing', count: 0 }, { id: 'done', name: 'Done', category: 'done', count: 1 }],
  }])
})

test('reports speak of projects the caller sees, and of no others', async (t) => {
  const s = await setUp(t)
  const task = await s.make({ projectId: s.secret.id, title: 'Hide it', assigneeId: s.ada.id, dueAt: ago(2) })
  for (const kind of ['progress', 'throughput', 'cycle-time', 'overdue', 'workload', 'burn-down']) {
    assert.equal((await s.http.as(s.ben, 'GET', `/reports/${kind}?projectId=${s.secret.id}`)).status, 404, kind)
    assert.equal((await s.http.as(s.ben, 'GET', `/reports/${kind}?projectId=${newId()}`)).status, 404, kind)
    const all = JSON.stringify(await s.read(kind, s.ben, ''))
    assert.ok(!all.includes(s.secret.id) && !all.includes(task.id) && !all.includes('Hide it'), kind)
  }
  assert.deepEqual([(await s.read('overdue', s.ben, '')).total, (await s.read('overdue', s.ada, '')).total], [0, 1])
  const created = (report: { items: { created: number }[] }) => report.items.reduce((sum, d) => sum + d.created, 0)
  assert.deepEqual([created(await s.read('throughput', s.ben, '')), created(await s.read('throughput', s.ada, ''))], [0, 1])
  assert.deepEqual((await s.read('workload', s.ben, '')).items, [])
})

test('throughput counts a task once a day, when it becomes done', async (t) => {
  const s = await setUp(t)
  const [a, b] = [await s.make(), await s.make()]
  for (const status of ['doing', 'done', 'doing', 'done']) await s.move(a, status)
  await s.move(b, 'doing')
  const { items } = await s.read('throughput')
  assert.deepEqual([items.length, items.at(-1)], [29, { day: new Date().toISOString().slice(0, 10), created: 2, done: 1 }])
  assert.ok(items.slice(0, -2).every((d: { created: number; done: number }) => d.created + d.done === 0))
})

test('cycle time runs from the first doing to the last done', async (t) => {
  const s = await setUp(t)
  const [a, b] = [await s.make({ title: 'A' }), await s.make({ title: 'B' })]
  for (const task of [a, b]) await s.move(task, 'done')
  await s.http.kernel.system.pool.query(`update tasks set created_at = now() - interval '10 days'`)
  const clear = { fromPosition: 'a', position: 'a' }
  await s.happened('task.moved', a.id, ago(4), { from: 'todo', to: 'doing', fromCategory: 'todo', toCategory: 'doing', ...clear })
  await s.happened('task.moved', a.id, ago(2), { from: 'doing', to: 'done', fromCategory: 'doing', toCategory: 'done', ...clear })
  const report = await s.read('cycle-time')
  const hours = Object.fromEntries(report.items.map((c: { title: string; hours: number }) => [c.title, Math.round(c.hours)]))
  assert.deepEqual(Object.keys(hours).sort(), ['A', 'B'])
  assert.equal(hours.A, 48)
  assert.ok(hours.B <= 1)
  assert.ok(report.medianHours > 0 && report.p85Hours > report.medianHours)
})

test('overdue lists what is late and not done, the latest first', async (t) => {
  const s = await setUp(t)
  const [a] = [await s.make({ dueAt: ago(3), assigneeId: s.ben.id }), await s.make({ dueAt: ago(1) }), await s.make({ dueAt: ago(-1) })]
  await s.move(await s.make({ dueAt: ago(5) }), 'done')
  const { items, total } = await s.read('overdue')
  assert.equal(total, 2)
  assert.deepEqual([items[0].taskId, items[0].ref, items[0].assigneeId, items[0].daysLate], [a.id, a.ref, s.ben.id, 3])
})

test('workload counts by assignee, nobody among them', async (t) => {
  const s = await setUp(t)
  const done = await s.make({ assigneeId: s.ben.id })
  await s.make({ assigneeId: s.ben.id })
  await s.make({ assigneeId: s.ben.id, status: 'doing', dueAt: ago(1) })
  await s.make()
  await s.move(done, 'done')
  assert.deepEqual((await s.read('workload')).items, [
    { userId: s.ben.id, name: 'Ben', todo: 1, doing: 1, done: 1, overdue: 1 }, { userId: null, name: null, todo: 1, doing: 0, done: 0, overdue: 0 }])
})

test('burn-down counts back from what is open now', async (t) => {
  const s = await setUp(t)
  const past = newId()
  const place = { status: 'todo', category: 'todo', position: 'a' }
  const made = { ref: 'WEB-9', title: 'Old', priority: 'none', assigneeId: null, parentId: null, ...place }
  await s.happened('task.created', past, ago(3), made)
  await s.happened('task.moved', past, ago(2), { from: 'todo', to: 'done', fromCategory: 'todo', toCategory: 'done', fromPosition: 'a', position: 'a' })
  const other = newId()
  await s.happened('task.created', other, ago(3), made)
  await s.happened('task.deleted', other, ago(1), { ...place, with: null })
  await s.make()
  const { items } = await s.read('burn-down', s.ben, `?projectId=${s.web.id}&from=${ago(4).slice(0, 10)}`)
  assert.deepEqual(items.map((d: { open: number }) => d.open), [0, 2, 1, 0, 1])
})

test('a report comes as CSV to those who ask for it', async (t) => {
  const s = await setUp(t)
  await s.make({ title: '=1+1', dueAt: ago(1) })
  for (const kind of ['progress', 'throughput', 'cycle-time', 'overdue', 'workload', 'burn-down']) {
    const { status, headers, body } = await s.http.as(s.ben, 'GET', `/reports/${kind}`, undefined, { accept: 'text/csv' })
    assert.deepEqual([status, headers['content-type'], headers['content-disposition']], [200, 'text/csv; charset=utf-8', `attachment; filename="${kind}.csv"`])
    assert.match(body, /^\w+(,\w+)*\r\n/)
    if (kind === 'overdue') assert.match(body, /\r\nWEB-1,'=1\+1,/)
    if (kind === 'progress') assert.match(body, /\r\nWEB,To do,todo,1\r\n/)
  }
})

test('a span that is none is refused by name', async (t) => {
  const s = await setUp(t)
  for (const query of ['from=soon-soon-', 'from=2026-02-30', 'from=2020-01-01&to=2026-01-01', 'from=2026-02-01&to=2026-01-01'])
    assert.equal((await s.http.as(s.ben, 'GET', `/reports/throughput?${query}`)).body.errors?.[0].path, '/from', query)
})

test('days of a span, and percentiles between neighbours', () => {
  assert.deepEqual(daysOf({ from: '2026-02-27T23:00:00Z', to: '2026-03-02T00:00:00Z' }), ['2026-02-27', '2026-02-28', '2026-03-01'])
  assert.deepEqual([percentile([], 0.5), percentile([4], 0.85), percentile([1, 2, 3, 4], 0.5)], [null, 4, 2.5])
})

test('the statements of reports say what the database answers', async (t) => {
  const s = await setUp(t)
  const client = new pg.Client(s.http.kernel.database.connection('owner'))
  await client.connect()
  const mine = statements.filter(({ label }) => label.startsWith('reports.'))
  assert.deepEqual(await checkStatements(client, mine).finally(() => client.end()), [])
  assert.ok(mine.length > 6)
})
