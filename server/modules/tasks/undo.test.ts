import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventsOf, makeProject, makeTask, openTasks } from '../../testing/boards.ts'
import { findUndoable, type LogEntry } from './undo-log.ts'
import type { Task } from './schema.ts'

const bare = ({ version, updatedAt, overLimit, ...task }: Task) => task

test('edits, moves and deletions are undone, one request at a time, further and further back', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  const { id } = await makeTask(http, owner, project, { title: 'One', labels: ['a'], fields: { size: 1 } })
  const undo = () => http.as(owner, 'POST', `/tasks/${id}/undo`)
  const read = async () => bare((await http.as(owner, 'GET', `/tasks/${id}`)).body)
  const states = [await read()]
  const steps = [
    () => http.as(owner, 'PATCH', `/tasks/${id}`, { title: 'Two', description: 'long', labels: ['b'], fields: { size: 2, more: 'x' }, dueAt: '2026-01-01T00:00:00Z', priority: 'urgent' }),
    () => http.as(owner, 'PATCH', `/tasks/${id}`, { assigneeId: owner.id, status: 'doing', title: 'Three' }),
    () => http.as(owner, 'PATCH', `/tasks/${id}/move?status=done`),
    () => http.as(owner, 'POST', '/tasks/bulk', { ids: [id], change: { addLabels: ['c'], status: 'todo' } }),
  ]
  for (const step of steps) {
    assert.equal((await step()).status, 200)
    states.push(await read())
  }
  assert.deepEqual(states.at(-1)!.labels, ['b', 'c'])
  await http.as(owner, 'DELETE', `/tasks/${id}`)
  for (const expected of states.reverse()) {
    const undone = await undo()
    assert.equal(undone.status, 200, JSON.stringify(undone.body))
    const { watching, commentCount, ...shown } = expected as Task
    assert.deepEqual(bare(undone.body), shown)
    assert.deepEqual(await read(), expected)
  }
  assert.deepEqual((await undo()).body.code, 'task.nothing_to_undo')
  const events = await eventsOf(http, /^task\./)
  assert.equal(events.filter(({ data }) => data.undoes).length, 8)
  const version = (await http.as(owner, 'GET', `/tasks/${id}`)).body.version
  assert.equal(version, 11, 'an undo is a change like any other')
})

test('undo is refused when the same field was changed since, and reaches only one\'s own changes', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const ann = await http.person('member', owner.tenant)
  const project = await makeProject(http, owner)
  const { id } = await makeTask(http, owner, project, { title: 'One' })
  const undo = (by = owner) => http.as(by, 'POST', `/tasks/${id}/undo`)
  assert.equal((await undo(ann)).body.code, 'task.nothing_to_undo')
  await http.as(owner, 'PATCH', `/tasks/${id}`, { title: 'Two' })
  await http.as(ann, 'PATCH', `/tasks/${id}`, { priority: 'high' })
  assert.equal((await undo()).body.title, 'One', 'another field does not matter')
  await http.as(owner, 'PATCH', `/tasks/${id}`, { title: 'Two' })
  await http.as(ann, 'PATCH', `/tasks/${id}`, { title: 'Three' })
  const refused = await undo()
  assert.deepEqual([refused.status, refused.body.code], [409, 'task.changed_since'])
  assert.match(refused.body.detail, /title/)
  assert.equal((await undo(ann)).body.title, 'Two', 'the later one takes theirs back')
  assert.equal((await undo()).body.title, 'One', 'then the way is free')
  await http.as(owner, 'PATCH', `/tasks/${id}/move?status=done`)
  await http.as(ann, 'PATCH', `/tasks/${id}/move?status=doing`)
  assert.equal((await undo()).body.code, 'task.changed_since')
  await http.as(ann, 'DELETE', `/tasks/${id}`)
  assert.equal((await undo()).status, 404, 'deleted by somebody else: not there')
  assert.equal((await undo(ann)).body.status, 'doing')
})

test('undo goes through the same judgements: full columns, columns and people that are gone', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const ann = await http.person('member', owner.tenant)
  const columns = [{ id: 'todo', name: 'To do', category: 'todo' }, { id: 'doing', name: 'Doing', category: 'doing', wipLimit: 1 }, { id: 'done', name: 'Done', category: 'done' }]
  const project = await makeProject(http, owner, { columns, wip: 'block', visibility: 'private' })
  await http.as(owner, 'PUT', `/projects/${project.id}/members/${ann.id}`, { role: 'editor' })
  const task = await makeTask(http, owner, project, { status: 'doing', assigneeId: ann.id })
  await http.as(owner, 'PATCH', `/tasks/${task.id}/move?status=done`)
  const second = await makeTask(http, owner, project, { status: 'doing' })
  const undo = () => http.as(owner, 'POST', `/tasks/${task.id}/undo`)
  assert.equal((await undo()).body.code, 'task.wip_limit')
  await http.as(owner, 'DELETE', `/tasks/${second.id}`)
  await http.as(owner, 'PATCH', `/projects/${project.id}`, { columns: columns.filter(({ id }) => id !== 'doing') })
  assert.equal((await undo()).body.code, 'task.changed_since')
  await http.as(owner, 'PATCH', `/tasks/${task.id}`, { assigneeId: null })
  await http.as(owner, 'DELETE', `/projects/${project.id}/members/${ann.id}`)
  assert.match((await undo()).body.detail, /cannot see the project/)
})

test('a bulk change is undone for one task, or for all of its request', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  const tasks: Task[] = []
  for (let n = 0; n < 5; n++) tasks.push(await makeTask(http, owner, project, { title: `T${n}` }))
  const ids = tasks.map(({ id }) => id)
  const shown = async () => ((await http.as(owner, 'GET', `/tasks?projectId=${project.id}&sort=createdAt`)).body.items as Task[]).map(({ status, priority, position }) => [status, priority, position].join(' '))
  const before = await shown()
  const bulk = await http.as(owner, 'POST', '/tasks/bulk', { ids, change: { status: 'done', priority: 'high' } })
  assert.deepEqual(bulk.body.items.map((task: Task) => [task.id, task.status, task.priority]), ids.map((id) => [id, 'done', 'high']))
  const positions = bulk.body.items.map((task: Task) => task.position)
  assert.deepEqual(positions, [...positions].sort(), 'in the order given')
  const events = await eventsOf(http, /^task\.(moved|changed)/)
  assert.deepEqual([events.length, new Set(events.map(({ requestId }) => requestId)).size], [10, 1])
  await http.as(owner, 'POST', `/tasks/${ids[0]}/undo`)
  assert.deepEqual([(await shown())[0], (await shown())[1]!.slice(0, 9)], [before[0], 'done high'])
  assert.equal((await http.as(owner, 'POST', `/tasks/${ids[1]}/undo`, { bulk: true })).status, 409, 'one of them is back already')
  await http.as(owner, 'POST', '/tasks/bulk', { ids, change: { deleted: true } })
  assert.equal((await shown()).length, 0)
  assert.equal((await http.as(owner, 'POST', `/tasks/${ids[3]}/undo`, { bulk: true })).status, 200)
  assert.equal((await shown()).length, 5)
  for (const id of ids.slice(1)) assert.equal((await http.as(owner, 'POST', `/tasks/${id}/undo`)).status, 200)
  assert.deepEqual(await shown(), before)
})

const entry = (seq: number, name: string, actor: string, data: object = {}, request = `r${seq}`): LogEntry => ({ id: `e${seq}`, name, subject_id: 't', actor_id: actor, request_id: request, pos: seq, seq, data, secret: null })
test('what can be undone is found whatever the order of the log\'s pages', () => {
  const log = [entry(1, 'task.created', 'me'), entry(2, 'task.changed', 'me', { fields: ['title'] }), entry(3, 'task.changed', 'you', { fields: ['title'] }), entry(4, 'task.changed', 'you', { fields: ['title'], undoes: 'e3' })]
  for (const order of [log, [...log].reverse()]) assert.deepEqual(findUndoable(order, 'me').entries?.map(({ id }) => id), ['e2'])
  assert.equal(findUndoable(log, null).refused, 'nothing')
  assert.equal(findUndoable(log, 'me', 'r9').refused, 'nothing')
  assert.equal(findUndoable(log.slice(0, 3), 'me').refused, 'changed')
})
