import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { checkStatements } from '../../kernel/describe.ts'
import { newId } from '../../kernel/ids.ts'
import { statements } from '../../kernel/sql.ts'
import { eventsOf, makeProject, makeTask, openTasks } from '../../testing/boards.ts'
import type { Task } from './schema.ts'

test('statements of tasks match the database', async (t) => {
  const { kernel } = await openTasks(t)
  const client = new pg.Client(kernel.database.connection('owner'))
  await client.connect()
  const mine = statements.filter(({ label }) => label.startsWith('tasks.'))
  const faults = await checkStatements(client, mine).finally(() => client.end())
  assert.deepEqual(faults, [])
  assert.ok(mine.length > 25)
})

test('a task is created, read by id and ref, changed, moved, deleted, each with its event', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const ann = await http.person('member', owner.tenant)
  const project = await makeProject(http, owner)
  const created = await http.as(owner, 'POST', '/tasks', { projectId: project.id, title: ' First ', description: 'what', priority: 'high', labels: [' bug ', 'Bug', 'a  b'], dueAt: '2026-05-01T12:00:00+02:00', assigneeId: ann.id, fields: { customer: 'ACME', size: 3 } })
  assert.equal(created.status, 201, JSON.stringify(created.body))
  const task = created.body as Task
  assert.equal(created.headers.location, `/api/v1/tasks/${task.id}`)
  const { ref, title, status, labels, dueAt, assigneeId, priority, fields, version, createdBy } = task
  assert.deepEqual({ ref, title, status, labels, dueAt, assigneeId, priority, fields, version, createdBy },
    { ref: 'WEB-1', title: 'First', status: 'todo', labels: ['bug', 'a b'], dueAt: '2026-05-01T10:00:00.000000Z', assigneeId: ann.id, priority: 'high', fields: { customer: 'ACME', size: 3 }, version: 1, createdBy: owner.id })
  const extra = { watching: false, commentCount: 0 }
  assert.deepEqual((await http.as(owner, 'GET', `/tasks/${task.id}`)).body, { ...task, ...extra })

  const patched = await http.as(ann, 'PATCH', `/tasks/${task.id}`, { title: 'Second', assigneeId: null, status: 'doing', fields: { size: null, done: true }, dueAt: '2026-05-02T00:00:00.1234567Z' }, { 'if-match': '"1"' })
  assert.equal(patched.status, 200, JSON.stringify(patched.body))
  assert.deepEqual([patched.body.title, patched.body.assigneeId, patched.body.status, patched.body.fields, patched.body.version], ['Second', null, 'doing', { customer: 'ACME', done: true }, 2])
  const { overLimit, ...plain } = patched.body
  assert.equal(overLimit, false)
  assert.deepEqual((await http.as(owner, 'GET', '/tasks/web-1')).body, { ...plain, ...extra })
  const stale = await http.as(owner, 'PATCH', `/tasks/${task.id}`, { title: 'No' }, { 'if-match': '"1"' })
  assert.deepEqual([stale.status, stale.headers.etag], [412, '"2"'])
  assert.equal((await http.as(owner, 'PATCH', `/tasks/${task.id}`, { title: 'Second' })).body.version, 2, 'the same again changes nothing')
  assert.equal((await http.as(owner, 'PATCH', `/tasks/${task.id}`, {})).body.version, 2)
  assert.equal((await http.as(owner, 'PATCH', `/tasks/${task.id}`, { title: 'Second', assigneeId: ann.id })).body.assigneeId, ann.id)

  const moved = await http.as(owner, 'PATCH', `/tasks/${task.id}/move?status=done`)
  assert.deepEqual([moved.status, moved.body.status, moved.body.version], [200, 'done', 4])
  assert.equal((await http.as(owner, 'PATCH', `/tasks/${task.id}/move?status=done`)).body.version, 4, 'there already')
  assert.equal((await http.as(owner, 'PATCH', `/tasks/${task.id}/move`, { status: 'todo' }, { 'if-match': '"3"' })).status, 412)
  assert.deepEqual((await http.as(owner, 'GET', `/projects/${project.id}`)).body.progress, { total: 1, done: 1, percent: 100 })
  await http.as(owner, 'PATCH', `/projects/${project.id}`, { key: 'SITE' })
  assert.equal((await http.as(owner, 'GET', '/tasks/WEB-1')).body.ref, 'SITE-1', 'a ref under the former key still works')
  assert.equal((await http.as(owner, 'DELETE', `/tasks/${task.id}`, undefined, { 'if-match': '"1"' })).status, 412)
  assert.equal((await http.as(owner, 'DELETE', `/tasks/${task.id}`)).status, 204)
  for (const [method, path] of [['GET', ''], ['DELETE', ''], ['PATCH', '/move?status=todo']] as const) assert.equal((await http.as(owner, method, `/tasks/${task.id}${path}`)).body.code, 'task.not_found')

  const events = await eventsOf(http, /^task\./)
  assert.deepEqual(events.map(({ name, subject }) => [name, subject.id]), ['task.assigned', 'task.created', 'task.changed', 'task.assigned', 'task.moved', 'task.assigned', 'task.moved', 'task.deleted'].map((name) => [name, task.id]))
  const changed = events.find(({ name }) => name === 'task.changed')!.data
  assert.deepEqual(changed, {
    projectId: project.id, fields: ['title', 'dueAt', 'fields'],
    from: { title: 'First', dueAt: '2026-05-01T10:00:00.000000Z', fields: { customer: 'ACME', size: 3 } }, to: { title: 'Second', dueAt: '2026-05-02T00:00:00.123457Z', fields: { customer: 'ACME', done: true } },
  })
  const { from, to, fromCategory, toCategory } = events.at(-2)!.data as Record<string, string>
  assert.deepEqual({ from, to, fromCategory, toCategory }, { from: 'doing', to: 'done', fromCategory: 'doing', toCategory: 'done' })
})

test('a task\'s values are judged by field', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const ann = await http.person('member', owner.tenant)
  const stranger = await http.person('owner')
  const project = await makeProject(http, owner, { visibility: 'private' })
  const other = await makeProject(http, owner, { key: 'OTHER' })
  const [task, parent, elsewhere] = [await makeTask(http, owner, project), await makeTask(http, owner, project), await makeTask(http, owner, other)]
  const child = await makeTask(http, owner, project, { parentId: parent.id })
  const cases: [object, string][] = [
    [{ title: ' ' }, '/title'], [{ title: 'x'.repeat(301) }, '/title'], [{ status: 'nowhere' }, '/status'], [{ assigneeId: stranger.id }, '/assigneeId'], [{ assigneeId: ann.id }, '/assigneeId'],
    [{ dueAt: '0001-01-01T00:00:00Z' }, '/dueAt'], [{ dueAt: 'tomorrow' }, '/dueAt'], [{ labels: [''] }, '/labels/0'], [{ priority: 'huge' }, '/priority'], [{ fields: { 'a b': 1 } }, '/fields/a b'],
    [{ parentId: elsewhere.id }, '/parentId'], [{ parentId: newId() }, '/parentId'], [{ parentId: child.id }, '/parentId'], [{ color: 1 }, '/color'],
  ]
  for (const [body, path] of cases) {
    for (const answer of [await http.as(owner, 'PATCH', `/tasks/${task.id}`, body), await http.as(owner, 'POST', '/tasks', { projectId: project.id, title: 'x', ...body }), await http.as(owner, 'POST', '/tasks/bulk', { ids: [task.id], change: body })]) {
      if (answer.status === 422 && 'title' in body && answer.body.errors[0].path === '/change/title') continue // not among the bulk changes
      assert.equal(answer.status, 422, JSON.stringify([body, answer.body]))
      assert.ok(answer.body.errors[0].path.endsWith(path) || answer.body.errors[0].path === '/change/fields', `${answer.body.errors[0].path} for ${JSON.stringify(body)}`)
    }
  }
  const refusedAt = async (id: string, body: object, path: string) => assert.equal((await http.as(owner, 'PATCH', `/tasks/${id}`, body)).body.errors?.[0].path, path)
  await refusedAt(task.id, { parentId: task.id }, '/parentId')
  await refusedAt(parent.id, { parentId: task.id }, '/parentId')
  assert.equal((await http.as(owner, 'PATCH', `/tasks/${task.id}/move`)).body.errors[0].path, '/status')
  assert.equal((await http.as(owner, 'PATCH', `/tasks/${task.id}/move?status=done`, { status: 'todo' })).body.errors[0].path, '/status')
  for (const neighbour of [elsewhere.id, newId(), task.id]) assert.equal((await http.as(owner, 'PATCH', `/tasks/${task.id}/move`, { before: neighbour })).body.errors[0].path, '/before')
  assert.equal((await http.as(owner, 'POST', '/tasks', { projectId: newId(), title: 'x' })).body.code, 'project.not_found')
  await http.as(owner, 'PUT', `/projects/${project.id}/members/${ann.id}`, { role: 'viewer' })
  assert.equal((await http.as(owner, 'PATCH', `/tasks/${task.id}`, { assigneeId: ann.id })).body.assigneeId, ann.id, 'who can see the project can have the task')
})

test('deleting a task takes its subtasks along; a subtask deleted alone leaves the others', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  const parent = await makeTask(http, owner, project)
  const [one, two] = [await makeTask(http, owner, project, { parentId: parent.id }), await makeTask(http, owner, project, { parentId: parent.id })]
  assert.equal((await http.as(owner, 'GET', `/tasks?parentId=${parent.id}`)).body.items.length, 2)
  assert.equal((await http.as(owner, 'GET', '/tasks?parentId=none')).body.items.length, 1)
  await http.as(owner, 'DELETE', `/tasks/${one.id}`)
  await http.as(owner, 'DELETE', `/tasks/${parent.id}`)
  assert.equal((await http.as(owner, 'GET', `/tasks/${two.id}`)).status, 404)
  const events = await eventsOf(http, /^task\.deleted/)
  assert.deepEqual(events.map(({ subject, data }) => [subject.id, data.with]), [[one.id, null], [parent.id, null], [two.id, parent.id]])
  assert.equal((await http.as(owner, 'POST', `/tasks/${parent.id}/undo`)).body.id, parent.id)
  assert.equal((await http.as(owner, 'GET', `/tasks/${two.id}`)).body.parentId, parent.id, 'and comes back with it')
  assert.equal((await http.as(owner, 'GET', `/tasks/${one.id}`)).status, 404, 'what was deleted before stays so')
  assert.equal((await http.as(owner, 'POST', `/tasks/${one.id}/undo`)).body.parentId, parent.id)
})

test('nothing is written in an archived project, and a column with tasks stays', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  const task = await makeTask(http, owner, project)
  const { body: comment } = await http.as(owner, 'POST', `/tasks/${task.id}/comments`, { text: 'hello' })
  const columns = project.columns.slice(1)
  const refused = await http.as(owner, 'PATCH', `/projects/${project.id}`, { columns })
  assert.deepEqual([refused.status, refused.body.code], [409, 'project.column_in_use'])
  await http.as(owner, 'PATCH', `/projects/${project.id}`, { status: 'archived' })
  const attempts: [string, string, unknown?][] = [
    ['POST', '/tasks', { projectId: project.id, title: 'x' }], ['PATCH', `/tasks/${task.id}`, { title: 'x' }], ['PATCH', `/tasks/${task.id}/move?status=done`], ['DELETE', `/tasks/${task.id}`],
    ['POST', '/tasks/bulk', { ids: [task.id], change: { priority: 'low' } }], ['POST', '/tasks/bulk', { ids: [task.id], change: { deleted: true } }], ['POST', `/tasks/${task.id}/undo`],
    ['POST', `/tasks/${task.id}/comments`, { text: 'x' }], ['PATCH', `/comments/${comment.id}`, { text: 'x' }], ['DELETE', `/comments/${comment.id}`], ['PUT', `/tasks/${task.id}/watchers/me`],
    ['PUT', `/projects/${project.id}/members/${owner.id}`, { role: 'viewer' }],
  ]
  for (const [method, path, body] of attempts) assert.equal((await http.as(owner, method as 'POST', path, body)).body.code, 'project.archived', `${method} ${path}`)
  assert.equal((await http.as(owner, 'GET', `/tasks/${task.id}`)).status, 200)
  await http.as(owner, 'PATCH', `/projects/${project.id}`, { status: 'active' })
  await http.as(owner, 'DELETE', `/tasks/${task.id}`)
  assert.equal((await http.as(owner, 'PATCH', `/projects/${project.id}`, { columns })).status, 200, 'a deleted task holds no column')
  assert.equal((await http.as(owner, 'POST', `/tasks/${task.id}/undo`)).body.status, 'doing', 'and comes back in the first one')
})

test('a deleted project takes its tasks out of every answer', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  const task = await makeTask(http, owner, project, { title: 'Findable' })
  await http.as(owner, 'DELETE', `/projects/${project.id}`)
  assert.equal((await http.as(owner, 'GET', `/tasks/${task.id}`)).status, 404)
  for (const path of ['/tasks', `/tasks?projectId=${project.id}`, '/search?q=Findable']) assert.deepEqual((await http.as(owner, 'GET', path)).body.items, [], path)
  assert.equal((await http.as(owner, 'PATCH', `/tasks/${task.id}`, { title: 'x' })).status, 404)
})

test('a POST repeated with its Idempotency-Key is done once: create, bulk, comment, undo', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  const task = await makeTask(http, owner, project)
  const calls: [string, unknown][] = [
    ['/tasks', { projectId: project.id, title: 'Once', assigneeId: owner.id }], ['/tasks/bulk', { ids: [task.id], change: { priority: 'high', status: 'doing', assigneeId: owner.id } }], [`/tasks/${task.id}/comments`, { text: 'Once' }],
    [`/tasks/${task.id}/undo`, {}], ['/tasks/bulk', { ids: [task.id], change: { priority: 'none' } }],
  ]
  for (const [path, body] of calls) {
    const key = { 'idempotency-key': newId() }
    const before = (await eventsOf(http, /./)).length
    const [first, second] = [await http.as(owner, 'POST', path, body, key), await http.as(owner, 'POST', path, body, key)]
    assert.ok(first.status < 300, JSON.stringify(first.body))
    assert.deepEqual([second.status, second.body, second.headers['idempotency-replayed']], [first.status, first.body, 'true'])
    const written = (await eventsOf(http, /./)).length - before
    assert.ok(written <= 3 && (written > 0 || JSON.stringify(body).includes('none')), `${path}: ${written} events`)
  }
})
