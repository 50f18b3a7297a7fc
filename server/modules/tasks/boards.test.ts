import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../kernel/ids.ts'
import type { Person, TestHttp } from '../../testing/http.ts'
import { eventsOf, makeProject, makeTask, openTasks } from '../../testing/boards.ts'
import type { Task } from './schema.ts'

const columnOf = async (http: TestHttp, by: Person, projectId: string, status: string): Promise<string[]> =>
  (await http.as(by, 'GET', `/tasks?projectId=${projectId}&status=${status}&sort=position&limit=200`)).body.items.map((task: Task) => task.title)

test('a task goes exactly where it is dropped, and touches no other', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  const tasks: Task[] = []
  for (const title of ['a', 'b', 'c', 'd']) tasks.push(await makeTask(http, owner, project, { title }))
  const [a, b, c, d] = tasks as [Task, Task, Task, Task]
  const move = async (task: Task, body: object) => {
    const { status, body: moved } = await http.as(owner, 'PATCH', `/tasks/${task.id}/move`, body)
    assert.equal(status, 200, JSON.stringify(moved))
    return columnOf(http, owner, project.id, moved.status)
  }
  assert.deepEqual(await columnOf(http, owner, project.id, 'todo'), ['a', 'b', 'c', 'd'])
  assert.deepEqual(await move(d, { before: a.id }), ['d', 'a', 'b', 'c'])
  assert.deepEqual(await move(d, { after: b.id }), ['a', 'b', 'd', 'c'])
  assert.deepEqual(await move(a, { status: 'todo', after: c.id }), ['b', 'd', 'c', 'a'])
  assert.deepEqual(await move(a, { after: d.id, before: c.id }), ['b', 'd', 'a', 'c'])
  const written = (await eventsOf(http, /^task\.moved/)).length
  assert.deepEqual(await move(a, { before: c.id }), ['b', 'd', 'a', 'c'])
  assert.equal((await eventsOf(http, /^task\.moved/)).length, written, 'it stood there already')
  assert.deepEqual(await move(b, { status: 'doing' }), ['b'])
  assert.deepEqual(await move(d, { status: 'doing', before: b.id }), ['d', 'b'])
  assert.deepEqual(await move(c, { status: 'doing', before: a.id }), ['d', 'b', 'c'], 'a neighbour of another column is passed over')
  assert.deepEqual(await move(c, { status: 'doing', before: a.id, after: d.id }), ['d', 'c', 'b'])
  const versions = await Promise.all(tasks.map(async ({ id }) => (await http.as(owner, 'GET', `/tasks/${id}`)).body.version))
  assert.deepEqual(versions, [3, 2, 3, 4])
})

test('a full column warns, or refuses where the project blocks; many at once never overfill it', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const columns = [{ id: 'todo', name: 'To do', category: 'todo' }, { id: 'doing', name: 'Doing', category: 'doing', wipLimit: 3 }, { id: 'done', name: 'Done', category: 'done' }]
  const warned = await makeProject(http, owner, { key: 'WARN', columns })
  const flags = []
  for (let n = 0; n < 4; n++) flags.push((await http.as(owner, 'PATCH', `/tasks/${(await makeTask(http, owner, warned)).id}/move?status=doing`)).body.overLimit)
  assert.deepEqual(flags, [false, false, false, true])
  assert.equal((await makeTask(http, owner, warned, { status: 'doing' })).overLimit, true)

  const blocked = await makeProject(http, owner, { key: 'BLOCK', columns, wip: 'block' })
  const tasks: Task[] = []
  for (let n = 0; n < 9; n++) tasks.push(await makeTask(http, owner, blocked))
  const moves = await Promise.all([
    ...tasks.slice(0, 6).map(({ id }) => http.as(owner, 'PATCH', `/tasks/${id}/move?status=doing`)),
    http.as(owner, 'PATCH', `/tasks/${tasks[6]!.id}`, { status: 'doing' }),
    http.as(owner, 'POST', '/tasks/bulk', { ids: [tasks[7]!.id, tasks[8]!.id], change: { status: 'doing' } }),
    http.as(owner, 'POST', '/tasks', { projectId: blocked.id, title: 'x', status: 'doing' }),
  ])
  const there = (await columnOf(http, owner, blocked.id, 'doing')).length
  assert.ok(there === 3 || (there === 2 && moves[7]!.status === 409), `${there} of 3`)
  for (const { status, body } of moves) assert.ok(status < 300 || body.code === 'task.wip_limit', JSON.stringify(body))
  const [first, second] = (await http.as(owner, 'GET', `/tasks?projectId=${blocked.id}&status=doing`)).body.items as Task[]
  assert.equal((await http.as(owner, 'PATCH', `/tasks/${first!.id}/move`, { before: second!.id })).status, 200, 'within a full column things still move')
  const all = tasks.map(({ id }) => id)
  assert.equal((await http.as(owner, 'POST', '/tasks/bulk', { ids: all, change: { status: 'doing' } })).body.code, 'task.wip_limit')
  assert.equal((await columnOf(http, owner, blocked.id, 'doing')).length, there, 'all or none')
})

test('no column goes while a task comes', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  for (let round = 0; round < 6; round++) {
    const task = await makeTask(http, owner, project)
    const [moved, changed] = await Promise.all([
      http.as(owner, 'PATCH', `/tasks/${task.id}/move?status=doing`),
      http.as(owner, 'PATCH', `/projects/${project.id}`, { columns: project.columns.filter(({ id }) => id !== 'doing') }),
    ])
    assert.deepEqual([moved.status === 200, changed.status === 200].filter(Boolean).length, 1, `${moved.status} ${changed.status}`)
    assert.equal(moved.status === 200 ? changed.body.code : moved.body.code, moved.status === 200 ? 'project.column_in_use' : 'request.invalid')
    await http.as(owner, 'DELETE', `/tasks/${task.id}`)
    await http.as(owner, 'PATCH', `/projects/${project.id}`, { columns: project.columns })
  }
})

test('a crowded column gets new ranks as a change of its own, and keeps its order', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  const tasks: Task[] = []
  for (const title of ['a', 'b', 'c', 'd']) tasks.push(await makeTask(http, owner, project, { title }))
  const [a, b, c, d] = tasks as [Task, Task, Task, Task]
  const { pool } = http.kernel.system
  const positionOf = (n: number, task: Task) => pool.query('update tasks set position = $1 where id = $2', [n ? `V0000000${'0'.repeat(31)}${n}` : 'V0000000', task.id])
  for (const [n, task] of [a, b, c].entries()) await positionOf(n, task)
  assert.equal((await http.as(owner, 'PATCH', `/tasks/${d.id}/move`, { before: b.id })).status, 200)
  assert.deepEqual(await columnOf(http, owner, project.id, 'todo'), ['a', 'd', 'b', 'c'])
  await pool.query('update tasks set position = $1 where id = any ($2)', ['V0000001', [b.id, c.id]])
  assert.equal((await http.as(owner, 'PATCH', `/tasks/${d.id}/move`, { after: b.id < c.id ? b.id : c.id })).status, 200, 'two on one rank make room too')
  const events = await eventsOf(http, /^(column\.|task\.moved)/)
  assert.deepEqual(events.map(({ name }) => name), ['column.rebalanced', 'task.moved', 'column.rebalanced', 'task.moved'])
  assert.deepEqual([events[0]!.subject, events[0]!.data.columnId, Object.keys(events[0]!.data.positions as object).length], [{ type: 'project', id: project.id }, 'todo', 4])
})

test('roles on a board: who reads, who writes, who is told nothing; other tenants never', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const { tenant } = owner
  const person = (role: Person['role']) => http.person(role, tenant)
  const [admin, member, viewer, manager, editor, looker, stranger] = [await person('admin'), await person('member'), await person('viewer'), await person('member'), await person('member'), await person('member'), await http.person('owner')]
  for (const visibility of ['open', 'private'] as const) {
    const project = await makeProject(http, owner, { key: visibility.slice(0, 4).toUpperCase(), visibility })
    for (const [who, role] of [[manager, 'manager'], [editor, 'editor'], [looker, 'viewer']] as const) await http.as(owner, 'PUT', `/projects/${project.id}/members/${who.id}`, { role })
    const seen = visibility === 'open'
    const expected: [string, Person, number, number][] = [
      ['owner', owner, 200, 200], ['admin', admin, 200, 200], ['manager', manager, 200, 200], ['editor', editor, 200, 200], ['looker', looker, 200, 403],
      ['member', member, seen ? 200 : 404, seen ? 200 : 404], ['viewer', viewer, seen ? 200 : 404, 403], ['stranger', stranger, 404, 404],
    ]
    for (const [name, who, reads, writes] of expected) {
      const task = await makeTask(http, owner, project, { title: `Quokka ${name}` })
      const { body: comment } = await http.as(owner, 'POST', `/tasks/${task.id}/comments`, { text: 'mine' })
      const is = async (status: number, method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown) => {
        const answer = await http.as(who, method, path, body)
        assert.equal(answer.status === 201 || answer.status === 204 ? 200 : answer.status, status, `${visibility} ${name} ${method} ${path}: ${JSON.stringify(answer.body)}`)
        return answer
      }
      for (const path of [`/tasks/${task.id}`, `/tasks/${task.ref}`, `/tasks/${task.id}/comments`]) await is(reads, 'GET', path)
      for (const path of ['/tasks?limit=200', `/tasks?projectId=${project.id}`, `/tasks?projectId=${project.id}&sort=position`, '/tasks?q=quokka', `/search?q=quokka%20${name}`, `/search?q=${task.ref}`]) {
        assert.equal((await is(200, 'GET', path)).body.items.some((found: Task) => found.id === task.id), reads === 200, `${visibility} ${name} ${path}`)
      }
      await is(writes, 'POST', '/tasks', { projectId: project.id, title: 'x' })
      await is(writes, 'PATCH', `/tasks/${task.id}`, { title: `by ${name}` })
      await is(writes, 'PATCH', `/tasks/${task.id}/move?status=done`)
      await is(writes, 'POST', '/tasks/bulk', { ids: [task.id], change: { priority: 'low' } })
      await is(writes === 200 ? 200 : writes, 'POST', `/tasks/${task.id}/undo`)
      await is(writes, 'POST', `/tasks/${task.id}/comments`, { text: 'x' })
      await is(name === 'owner' ? 200 : writes === 200 ? 403 : writes, 'PATCH', `/comments/${comment.id}`, { text: 'y' })
      await is(['owner', 'admin', 'manager'].includes(name) ? 200 : writes === 200 ? 403 : writes, 'DELETE', `/comments/${comment.id}`)
      await is(name === 'viewer' ? 403 : reads, 'PUT', `/tasks/${task.id}/watchers/me`)
      await is(name === 'viewer' ? 403 : reads, 'DELETE', `/tasks/${task.id}/watchers/me`)
      await is(writes, 'DELETE', `/tasks/${task.id}`)
    }
  }
  assert.equal((await http.as(undefined, 'GET', '/tasks')).status, 401)
  assert.equal((await http.as(owner, 'POST', '/tasks/bulk', { ids: [newId()], change: { priority: 'low' } })).body.code, 'task.not_found')
})
