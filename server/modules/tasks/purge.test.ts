import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../kernel/ids.ts'
import { eventsOf, makeProject, makeTask, openTasks } from '../../testing/boards.ts'
import { createPurge, keptDays } from './purge.ts'

test('what was deleted long ago goes for good, with its event; what was deleted lately can come back', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const { pool } = http.kernel.system
  const project = await makeProject(http, owner)
  const [old, young, parent] = [await makeTask(http, owner, project, { title: 'Old quokka' }), await makeTask(http, owner, project), await makeTask(http, owner, project)]
  const child = await makeTask(http, owner, project, { parentId: parent.id })
  await http.as(owner, 'POST', `/tasks/${old.id}/comments`, { text: 'a quokka' })
  await http.as(owner, 'PUT', `/tasks/${old.id}/watchers/me`)
  const doomed = await makeProject(http, owner, { key: 'DOOM', name: 'Doomed' })
  for (let n = 0; n < 3; n++) await makeTask(http, owner, doomed)
  for (const { id } of [old, young, parent]) assert.equal((await http.as(owner, 'DELETE', `/tasks/${id}`)).status, 204)
  await http.as(owner, 'DELETE', `/projects/${doomed.id}`)
  const purge = () => createPurge(http.kernel).handle({ id: newId() } as never, new AbortController().signal)
  const left = async (table: string) => Number((await pool.query(`select count(*) as n from ${table} where tenant_id = $1`, [owner.tenant])).rows[0].n)

  await purge()
  assert.deepEqual([await left('tasks'), await left('projects'), (await eventsOf(http, /purged/)).length], [7, 2, 0], 'nothing is old yet')
  const age = (table: string, ids: string[], days: number) => pool.query(`update ${table} set deleted_at = now() - make_interval(days => $2) where id = any ($1)`, [ids, days])
  await age('tasks', [old.id, parent.id], keptDays + 1)
  await age('tasks', [young.id], keptDays - 1)
  await age('projects', [doomed.id], keptDays + 1)
  await purge()
  assert.deepEqual([await left('tasks'), await left('projects'), await left('comments'), await left('watchers')], [3, 1, 0, 0], 'the young one, and a parent whose subtask is young')
  const events = await eventsOf(http, /purged/)
  assert.deepEqual(events.map(({ name, subject }) => [name, subject.type, subject.id]).sort(), [['project.purged', 'project', doomed.id], ['task.purged', 'project', doomed.id], ['task.purged', 'project', project.id]].sort())
  assert.deepEqual(events.find(({ name, subject }) => name === 'task.purged' && subject.id === project.id)!.data, { projectId: project.id, tasks: [old.id] })
  assert.equal((await http.as(owner, 'POST', `/tasks/${old.id}/undo`)).body.code, 'task.not_found')
  assert.equal((await http.as(owner, 'POST', `/tasks/${young.id}/undo`)).body.id, young.id, 'undo reaches as far as promised')
  assert.equal((await http.as(owner, 'POST', `/tasks/${parent.id}/undo`)).body.id, parent.id)
  assert.equal((await http.as(owner, 'GET', `/tasks/${child.id}`)).status, 200)
  await purge()
  assert.equal((await eventsOf(http, /purged/)).length, 3)
})
