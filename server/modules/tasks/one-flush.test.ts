// What the database judges by itself: it must say yes to whom the rules in words say yes, in one flush, and leave every refusal to them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import { newId } from '../../kernel/ids.ts'
import type { Person, TestHttp } from '../../testing/http.ts'
import { eventsOf, makeProject, makeTask, openTasks } from '../../testing/boards.ts'
import type { Task } from './schema.ts'

/** How many flushes requests cost on the requests' pool. */
function countFlushes({ kernel }: TestHttp): () => number {
  let flushes = 0
  const counted = new WeakSet<pg.PoolClient>()
  kernel.app.pool.on('acquire', (client) => {
    if (counted.has(client)) return
    counted.add(client)
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    client.query = ((...args: unknown[]) => (flushes++, query(...args))) as typeof client.query
  })
  return () => {
    const seen = flushes
    flushes = 0
    return seen
  }
}

test('a new task and a move are one flush each, and say in answer and log what two would', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const columns = [{ id: 'todo', name: 'To do', category: 'todo' }, { id: 'doing', name: 'Doing', category: 'doing', wipLimit: 2 }, { id: 'done', name: 'Done', category: 'done' }]
  const project = await makeProject(http, owner, { columns })
  const flushes = countFlushes(http)
  const asked = { projectId: project.id.toUpperCase(), title: ' First ', description: 'what', priority: 'high', labels: [' bug '], fields: { size: 3 }, dueAt: '2026-05-01T12:00:00+02:00' }
  const { body: first } = await http.as(owner, 'POST', '/tasks', asked)
  assert.equal(flushes(), 1)
  const { body: longer } = await http.as(owner, 'POST', '/tasks', { ...asked, assigneeId: owner.id })
  assert.equal(flushes(), 2, 'an assignee is judged in words')
  const plain = ({ id, ref, position, assigneeId, createdAt, updatedAt, ...rest }: Task) => rest
  assert.deepEqual(plain(first), plain(longer))
  assert.deepEqual([first.ref, longer.ref, first.position < longer.position], ['WEB-1', 'WEB-2', true])
  const { body: read } = await http.as(owner, 'GET', `/tasks/${first.id}`)
  assert.deepEqual({ watching: read.watching, commentCount: read.commentCount, ...first }, read)

  flushes()
  const { body: moved } = await http.as(owner, 'PATCH', `/tasks/${first.id.toUpperCase()}/move`, { status: 'doing' }, { 'if-match': '"1"' })
  assert.deepEqual([flushes(), moved.status, moved.version, moved.overLimit], [1, 'doing', 2, false])
  const { body: back } = await http.as(owner, 'PATCH', `/tasks/${first.id}/move`, { status: 'todo', after: longer.id.toUpperCase() })
  assert.deepEqual([flushes(), back.status, back.position > longer.position], [1, 'todo', true])
  const { body: within } = await http.as(owner, 'PATCH', `/tasks/${first.id}/move`, { before: longer.id })
  assert.deepEqual([flushes(), within.position < longer.position, 'overLimit' in within], [1, true, false])

  const events = (await eventsOf(http, /^task\.(created|moved)/)).map(({ name, subject, data }) => ({ name, id: subject.id, data }))
  const made = (task: Task) => ({ projectId: project.id, ref: task.ref, status: 'todo', category: 'todo', position: task.position, priority: 'high', assigneeId: task.assigneeId, parentId: null, title: 'First' })
  const went = (from: Task, to: Task) => ({ projectId: project.id, from: from.status, to: to.status, fromCategory: from.status, toCategory: to.status, fromPosition: from.position, position: to.position })
  assert.deepEqual(events, [
    { name: 'task.created', id: first.id, data: made(first) }, { name: 'task.created', id: longer.id, data: made(longer) },
    { name: 'task.moved', id: first.id, data: went(first, moved) }, { name: 'task.moved', id: first.id, data: went(moved, back) }, { name: 'task.moved', id: first.id, data: went(back, within) },
  ])
})

test('the database says yes to whom the rule says yes, and nothing is written where it does not', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const flushes = countFlushes(http)
  const members: Person[] = []
  for (const role of ['owner', 'admin', 'member', 'viewer'] as const) for (let n = 0; n < 4; n++) members.push(await http.person(role, owner.tenant))
  members.push(await http.person('owner'))
  let [allowed, refused] = [0, 0]
  for (const visibility of ['open', 'private'] as const) {
    const project = await makeProject(http, owner, { key: visibility.toUpperCase(), visibility })
    for (const [n, person] of members.slice(0, -1).entries()) if (n % 4) await http.as(owner, 'PUT', `/projects/${project.id}/members/${person.id}`, { role: ['viewer', 'editor', 'manager'][(n % 4) - 1] })
    for (const [n, person] of members.entries()) {
      const task = await makeTask(http, owner, project)
      flushes()
      const created = await http.as(person, 'POST', '/tasks', { projectId: project.id, title: 'x' })
      const one = flushes()
      const moved = await http.as(person, 'PATCH', `/tasks/${task.id}/move?status=doing`)
      const two = flushes()
      const name = `${visibility}, ${n}: ${created.status} in ${one}, ${moved.status} in ${two}`
      assert.deepEqual([created.status < 300, moved.status < 300], [one === 1, two === 1], name)
      assert.equal(created.status < 300, moved.status < 300, name)
      if (created.status < 300) allowed++
      else refused++
    }
  }
  assert.ok(allowed > 15 && refused > 10, `${allowed} ${refused}`)
})

test('what the database does not judge is refused in words: column, neighbour, version, project, limit', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const columns = [{ id: 'todo', name: 'To do', category: 'todo' }, { id: 'doing', name: 'Doing', category: 'doing', wipLimit: 1 }]
  const project = await makeProject(http, owner, { columns, wip: 'block' })
  const other = await makeTask(http, owner, await makeProject(http, owner, { key: 'ELSE' }))
  const task = await makeTask(http, owner, project)
  const full = await makeTask(http, owner, project, { status: 'doing' })
  const before = (await eventsOf(http, /./)).length
  const said = async (method: 'POST' | 'PATCH', path: string, body?: object, headers?: Record<string, string>) => {
    const { body: problem } = await http.as(owner, method, path, body, headers)
    return [problem.code, ...(problem.errors ?? []).map((e: { in: string; path: string }) => `${e.in}${e.path}`)].join(' ')
  }
  const move = `/tasks/${task.id}/move`
  assert.equal(await said('PATCH', move, { status: 'nowhere' }), 'request.invalid body/status')
  assert.equal(await said('PATCH', `${move}?status=nowhere`), 'request.invalid query/status')
  assert.equal(await said('PATCH', `${move}?status=nowhere`, { before: full.id }), 'request.invalid query/status')
  assert.equal(await said('POST', '/tasks', { projectId: project.id, title: 'x', status: 'nowhere' }), 'request.invalid body/status')
  assert.equal(await said('POST', '/tasks', { projectId: newId(), title: 'x' }), 'project.not_found')
  for (const [name, id] of [['before', other.id], ['after', other.id], ['before', newId()], ['after', task.id]] as const) assert.equal(await said('PATCH', move, { [name]: id }), `request.invalid body/${name}`)
  assert.equal(await said('PATCH', move, { status: 'doing' }), 'task.wip_limit')
  assert.equal(await said('POST', '/tasks', { projectId: project.id, title: 'x', status: 'doing' }), 'task.wip_limit')
  assert.equal(await said('PATCH', move, { before: full.id }, { 'if-match': '"9"' }), 'version.conflict')
  assert.equal(await said('PATCH', `/tasks/${newId()}/move?status=todo`), 'task.not_found')
  assert.equal((await eventsOf(http, /./)).length, before)
})
