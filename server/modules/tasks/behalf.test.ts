// Whoever acts for people is judged by them (S0.7): for one by that one, for several by what each of them may.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Context } from '../../kernel/db.ts'
import { Problem } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { roles } from '../../kernel/schema.ts'
import { eventsOf, makeProject, makeTask, openTasks } from '../../testing/boards.ts'
import type { Person, TestHttp } from '../../testing/http.ts'
import { addComment, createTask, getTask, moveTask } from './api.ts'

const actingFor = (http: TestHttp, ...people: Person[]): Context =>
  http.kernel.app.context({
    tenant: people[0]!.tenant, actor: { type: 'workflow', id: newId() }, onBehalfOf: people.map((p) => p.id), request: 'run:test',
    role: roles[Math.min(...people.map((p) => roles.indexOf(p.role)))]!,
  })
const codeOf = (work: Promise<unknown>) => work.then(() => 'done', (error: unknown) => (error instanceof Problem ? error.code : String(error)))

test('what acts for a person sees and writes what that person may, and the log names the actor (S0.7, S0.16)', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const insider = await http.person('member', owner.tenant)
  const outsider = await http.person('member', owner.tenant)
  const secret = await makeProject(http, owner, { visibility: 'private' })
  await http.as(owner, 'PUT', `/projects/${secret.id}/members/${insider.id}`, { role: 'editor' })
  const task = await makeTask(http, owner, secret)

  const forInsider = actingFor(http, insider)
  assert.equal((await getTask(forInsider, task.id)).id, task.id)
  const made = await createTask(forInsider, { projectId: secret.id, title: 'made by a workflow' })
  assert.equal(made.createdBy, insider.id)
  assert.equal((await addComment(forInsider, task.id, 'said by a workflow')).authorId, insider.id)
  const [event] = (await eventsOf(http, /^task\.created$/)).filter((e) => e.subject.id === made.id)
  assert.deepEqual(event?.actor, forInsider.actor)

  assert.equal(await codeOf(getTask(actingFor(http, outsider), task.id)), 'task.not_found')
  assert.equal(await codeOf(createTask(actingFor(http, outsider), { projectId: secret.id, title: 'x' })), 'project.not_found')
})

test('what acts for two people may only what both may', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const [a, b] = [await http.person('member', owner.tenant), await http.person('member', owner.tenant)]
  const secret = await makeProject(http, owner, { visibility: 'private' })
  const open = await makeProject(http, owner, { key: 'OPEN', name: 'Open' })
  const give = (project: { id: string }, who: Person, role: string) => http.as(owner, 'PUT', `/projects/${project.id}/members/${who.id}`, { role })
  const [inSecret, inOpen] = [await makeTask(http, owner, secret), await makeTask(http, owner, open)]
  const both = actingFor(http, a, b)

  await give(secret, a, 'manager')
  assert.equal(await codeOf(getTask(both, inSecret.id)), 'task.not_found')
  assert.equal(await codeOf(createTask(both, { projectId: secret.id, title: 'x' })), 'project.not_found')
  await give(secret, b, 'viewer')
  assert.equal((await getTask(both, inSecret.id)).id, inSecret.id)
  assert.equal(await codeOf(moveTask(both, inSecret.id, { status: 'done' }, {})), 'permission.denied')
  await give(secret, b, 'editor')
  assert.equal(await codeOf(moveTask(both, inSecret.id, { status: 'done' }, {})), 'done')

  assert.equal(await codeOf(addComment(both, inOpen.id, 'both are members')), 'done')
  await give(open, b, 'viewer')
  assert.equal(await codeOf(addComment(both, inOpen.id, 'one only reads')), 'permission.denied')
  // an admin's rights beside a member's are the member's
  assert.equal(await codeOf(getTask(actingFor(http, owner, await http.person('member', owner.tenant)), inSecret.id)), 'task.not_found')
})
