import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import { checkStatements } from '../../kernel/describe.ts'
import { newId } from '../../kernel/ids.ts'
import { mailEvents, queueMail } from '../../kernel/mail.ts'
import { statements } from '../../kernel/sql.ts'
import { testHttp, type Person } from '../../testing/http.ts'
import { createNotifications, notificationEvents } from '../notifications/module.ts'
import { readAll, tell } from '../notifications/service.ts'
import { projectEvents, projects } from '../projects/module.ts'
import { createTasks, taskEvents } from '../tasks/module.ts'
import { identityEvents } from '../identity/events.ts'
import { createActivityModule } from './module.ts'

async function setUp(t: TestContext) {
  const http = await testHttp(t, {
    groups: [identityEvents, projectEvents, taskEvents, notificationEvents, mailEvents],
    modules: (kernel) => [projects, createTasks(kernel), createNotifications({ kernel }), createActivityModule(kernel)],
  })
  const ada = await http.person('owner', undefined, { name: 'Ada' })
  const ben = await http.person('member', ada.tenant, { name: 'Ben' })
  const call = async (by: Person, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) => {
    const answer = await http.as(by, method, path, body)
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const open = await call(ada, 'POST', '/projects', { key: 'WEB', name: 'Website' })
  const secret = await call(ada, 'POST', '/projects', { key: 'SEC', name: 'Secret', visibility: 'private' })
  const task = await call(ada, 'POST', '/tasks', { projectId: open.id, title: 'Paint it' })
  const hidden = await call(ada, 'POST', '/tasks', { projectId: secret.id, title: 'Hide it' })
  await call(ben, 'POST', `/tasks/${task.id}/comments`, { text: 'blue?' })
  const names = async (by: Person, query = ''): Promise<string[]> => (await call(by, 'GET', `/activity${query}`)).items.map((e: { name: string }) => e.name)
  return { http, ada, ben, open, secret, task, hidden, call, names }
}

test('the feed tells what happened, newest first, with names and opened texts', async (t) => {
  const s = await setUp(t)
  const { items } = await s.call(s.ben, 'GET', `/activity?taskId=${s.task.id}`)
  assert.deepEqual(items.map((e: { name: string }) => e.name), ['comment.added', 'task.created'])
  assert.deepEqual(items[0].actor, { type: 'user', id: s.ben.id, name: 'Ben' })
  assert.equal(items[0].data.text, 'blue?')
  assert.deepEqual(items[1].task, { id: s.task.id, ref: 'WEB-1', title: 'Paint it', deleted: false })
  assert.deepEqual(await s.names(s.ben, `?projectId=${s.open.id}`), ['comment.added', 'task.created', 'project.created'])
  assert.deepEqual(await s.names(s.ada, `?userId=${s.ben.id}`), ['comment.added'])
  await s.call(s.ada, 'DELETE', `/tasks/${s.task.id}`)
  const [gone] = (await s.call(s.ben, 'GET', `/activity?taskId=${s.task.id}`)).items
  assert.deepEqual([gone.name, gone.task.deleted], ['task.deleted', true])
})

test('a private project shows in the feed of its members and the admins, and of nobody else', async (t) => {
  const s = await setUp(t)
  assert.ok((await s.names(s.ada)).filter((n) => n === 'task.created').length === 2)
  const { items } = await s.call(s.ben, 'GET', '/activity')
  assert.ok(!JSON.stringify(items).includes(s.secret.id) && !JSON.stringify(items).includes('Hide it'))
  assert.ok(items.length >= 3)
  for (const query of [`projectId=${s.secret.id}`, `taskId=${s.hidden.id}`, `taskId=${newId()}`]) {
    assert.equal((await s.http.as(s.ben, 'GET', `/activity?${query}`)).status, 404)
    assert.equal((await s.http.as(s.ben, 'GET', `/activity/usage?${query}`)).status, 404)
  }
  assert.ok(!(await s.call(s.ben, 'GET', '/activity/usage')).names.some((n: { name: string; count: number }) => n.name === 'task.created' && n.count > 1))
  const stranger = await s.http.person('owner')
  assert.ok((await s.call(stranger, 'GET', '/activity')).items.every((e: { tenantId: string }) => e.tenantId === stranger.tenant))
  assert.equal((await s.http.as(stranger, 'GET', `/activity?projectId=${s.open.id}`)).status, 404)
})

test('pages of the feed hold everything once, also while more is written', async (t) => {
  const s = await setUp(t)
  const whole = (await s.call(s.ada, 'GET', '/activity?limit=200')).items.map((e: { id: string }) => e.id)
  const paged: string[] = []
  for (let after = ''; ; ) {
    const { items, next } = await s.call(s.ada, 'GET', `/activity?limit=2${after}`)
    paged.push(...items.map((e: { id: string }) => e.id))
    await s.call(s.ada, 'POST', '/tasks', { projectId: s.open.id, title: 'More' })
    if (!next) break
    after = `&after=${next}`
  }
  assert.deepEqual(paged, whole)
  assert.equal((await s.http.as(s.ada, 'GET', '/activity?after=nonsense')).body.code, 'cursor.invalid')
})

test('usage counts events by day, name and person', async (t) => {
  const s = await setUp(t)
  const usage = await s.call(s.ben, 'GET', `/activity/usage?projectId=${s.open.id}`)
  assert.equal(usage.total, 3)
  assert.deepEqual(usage.days.map((d: { count: number }) => d.count).reduce((a: number, b: number) => a + b), 3)
  assert.deepEqual(usage.people, [{ userId: s.ada.id, count: 2 }, { userId: s.ben.id, count: 1 }])
  assert.deepEqual(usage.names.map((n: { name: string }) => n.name), ['comment.added', 'project.created', 'task.created'])
  assert.deepEqual((await s.call(s.ben, 'GET', `/activity/usage?taskId=${s.task.id}&userId=${s.ben.id}`)).total, 1)
  assert.equal((await s.call(s.ben, 'GET', '/activity/usage?from=2020-01-01&to=2020-02-01')).total, 0)
  for (const [query, path] of [['from=yesterday01', '/from'], ['from=2020-02-01&to=2020-01-01', '/from'], ['to=2020-13-01', '/to'], ['from=2018-01-01&to=2020-01-01', '/from']])
    assert.equal((await s.http.as(s.ben, 'GET', `/activity/usage?${query}`)).body.errors[0].path, path)
})

test('admins read the tenant\'s log by name, subject, person and time; others do not', async (t) => {
  const s = await setUp(t)
  const list = async (query = ''): Promise<{ name: string; subject: { id: string } }[]> => (await s.call(s.ada, 'GET', `/events${query}`)).items
  assert.deepEqual((await list('?name=task.created')).map((e) => e.subject.id), [s.hidden.id, s.task.id])
  assert.deepEqual((await list(`?subjectId=${s.task.id}`)).map((e) => e.name), ['task.created'])
  assert.deepEqual((await list(`?actorId=${s.ben.id}`)).map((e) => e.name), ['comment.added'])
  assert.deepEqual(await list('?to=2020-01-01'), [])
  assert.ok((await list(`?from=${new Date().toISOString().slice(0, 10)}`)).length > 4)
  assert.equal((await s.http.as(s.ben, 'GET', '/events')).status, 403)
  assert.equal((await s.http.as(s.ada, 'GET', '/events?from=x')).status, 422)
  await queueMail(s.http.kernel.app.context({ ...s.http.kernel.who({ tenant: s.ada.tenant }) }), s.http.kernel.keys, { kind: 'x', to: 'a@b.test', subject: '', text: '' })
  assert.deepEqual((await list('?name=mail.queued')).length, 1)
  assert.ok(!(await s.names(s.ben)).includes('mail.queued'))
})

test('what is one person\'s own is in nobody else\'s feed or log', async (t) => {
  const s = await setUp(t)
  const k = s.http.kernel
  await tell(k.app.context({ tenant: s.ada.tenant, actor: { type: 'system', id: null }, request: 'test' }), { source: newId(), projectId: s.open.id, taskId: s.task.id, actorId: null, wishes: [{ personId: s.ben.id, kind: 'due' }] })
  await readAll(k.app.context({ tenant: s.ada.tenant, actor: { type: 'user', id: s.ben.id }, request: 'test', role: 'member' }))
  const log = (await s.call(s.ada, 'GET', '/events?limit=200')).items as { name: string }[]
  assert.ok(!log.some((e) => e.name.startsWith('notification.')))
  assert.ok(!(await s.names(s.ben, '?limit=200')).some((n) => n.startsWith('notification.')))
})

test('the log as CSV quotes what a spreadsheet would run, names causes, and links to the rest', async (t) => {
  const s = await setUp(t)
  await s.call(s.ada, 'PATCH', `/tasks/${s.task.id}`, { title: '=HYPERLINK("x")' })
  const csv = async (query: string) => s.http.as(s.ada, 'GET', `/events${query}`, undefined, { accept: 'text/csv' })
  const all = await csv('?name=task.created')
  assert.deepEqual([all.status, all.headers['content-type'], all.headers['content-disposition'], all.headers.link], [200, 'text/csv; charset=utf-8', 'attachment; filename="events.csv"', undefined])
  const lines = (all.body as string).trimEnd().split('\r\n')
  assert.equal(lines[0], 'at,name,subjectType,subjectId,actorType,actorId,actorName,data,causeId,requestId,id,seq')
  assert.equal(lines.length, 3)
  assert.match(lines[2]!, new RegExp(`^\\d{4}-.*,task\\.created,task,${s.task.id},user,${s.ada.id},Ada,`))
  const first = await csv('?name=task.created&limit=1')
  const next = /<([^>]+)>; rel="next"/.exec(String(first.headers.link))![1]!
  const second = await s.http.as(s.ada, 'GET', next, undefined, { accept: 'text/csv' })
  assert.equal((first.body as string) + (second.body as string).split('\r\n').slice(1).join('\r\n'), all.body)
})

test('the statements of activity say what the database answers', async (t) => {
  const s = await setUp(t)
  const client = new pg.Client(s.http.kernel.database.connection('owner'))
  await client.connect()
  const mine = statements.filter(({ label }) => label.startsWith('activity.'))
  assert.deepEqual(await checkStatements(client, mine).finally(() => client.end()), [])
  assert.ok(mine.length > 3)
})
