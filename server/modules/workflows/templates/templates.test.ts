// Every template is used, published and run, and does what it promises (S0.7).
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { testApp, type Signed, type TestApp } from '../../../testing/app.ts'
import { begin, run, runsOf, settle } from '../../../testing/drawn.ts'
import { allTemplates } from '../workflows.ts'

type World = { app: TestApp; owner: Signed; project: { id: string } }
const done = new Set<string>()
async function use({ app, owner }: World, id: string, parameters: object = {}) {
  const workflow = await app.ok(owner, 'POST', `/templates/${id}/use`, { parameters })
  await app.ok(owner, 'POST', `/workflows/${workflow.id}/publish`, {})
  done.add(id)
  return workflow as { id: string }
}
async function ended({ app, owner }: World, workflow: { id: string }, count = 1) {
  let runs = await runsOf(app, owner, workflow)
  while (runs.length < count) runs = await runsOf(app, owner, workflow)
  const all = []
  for (const { id } of runs) all.push(await settle(app, owner, id))
  for (const one of all) assert.equal(one.status, 'completed', `${one.workflowName}: ${JSON.stringify(one.error)} ${JSON.stringify(one.steps)}`)
  return all
}
const makeTask = ({ app, owner, project }: World, more: object = {}) => app.ok(owner, 'POST', '/tasks', { projectId: project.id, title: 'A task', ...more })
const commentsOf = async ({ app, owner }: World, task: { id: string }) => (await app.ok(owner, 'GET', `/tasks/${task.id}/comments`)).items.map((c: any) => c.text)
const tasksOf = async ({ app, owner, project }: World) => (await app.ok(owner, 'GET', `/tasks?projectId=${project.id}&sort=createdAt`)).items
const hookOf = async ({ app, owner }: World, workflow: { id: string }) => new URL((await app.ok(owner, 'GET', `/workflows/${workflow.id}/triggers`)).items[0].url).pathname

const promises: Record<string, (w: World) => Promise<void>> = {
  'mail-when-task-done': async (w) => {
    const workflow = await use(w, 'mail-when-task-done', { projectId: w.project.id, to: 'boss@example.test' })
    const task = await makeTask(w, { title: 'Ship it' })
    await w.app.ok(w.owner, 'PATCH', `/tasks/${task.id}/move`, { status: 'doing' })
    await w.app.ok(w.owner, 'PATCH', `/tasks/${task.id}/move`, { status: 'done' })
    assert.equal((await ended(w, workflow)).length, 1)
    const mail = (await w.app.mails()).find(({ to }) => to === 'boss@example.test')
    assert.deepEqual([mail?.subject, mail?.text], ['WEB-1 is done: Ship it', 'WEB-1 Ship it was moved to done.'])
  },
  'urgent-to-person': async (w) => {
    const duty = await w.app.member(w.owner, 'member', 'Duty')
    const workflow = await use(w, 'urgent-to-person', { projectId: w.project.id, personId: duty.user.id })
    const task = await makeTask(w, { priority: 'urgent' })
    await ended(w, workflow)
    assert.equal((await w.app.ok(w.owner, 'GET', `/tasks/${task.id}`)).assigneeId, duty.user.id)
    assert.deepEqual(await commentsOf(w, task), ['Assigned because it is urgent.'])
  },
  'checklist-for-new-tasks': async (w) => {
    const workflow = await use(w, 'checklist-for-new-tasks', { projectId: w.project.id, steps: ['One', 'Two'] })
    const task = await makeTask(w)
    await ended(w, workflow)
    assert.deepEqual((await w.app.ok(w.owner, 'GET', `/tasks?parentId=${task.id}&sort=createdAt`)).items.map((s: any) => s.title), ['One', 'Two'])
    assert.equal((await ended(w, workflow)).length, 1) // subtasks begin nothing
  },
  'review-before-done': async (w) => {
    const workflow = await use(w, 'review-before-done', { projectId: w.project.id })
    const task = await makeTask(w)
    await w.app.ok(w.owner, 'PATCH', `/tasks/${task.id}/move`, { status: 'done' })
    const [first] = await runsOf(w.app, w.owner, workflow)
    await settle(w.app, w.owner, first!.id, /waiting/)
    const [asked] = (await w.app.ok(w.owner, 'GET', '/approvals?status=pending')).items
    await w.app.ok(w.owner, 'POST', `/approvals/${asked.id}`, { decision: 'reject', comment: 'tests are missing' })
    await ended(w, workflow)
    assert.equal((await w.app.ok(w.owner, 'GET', `/tasks/${task.id}`)).status, 'doing')
    assert.deepEqual(await commentsOf(w, task), ['Not done yet: tests are missing'])
  },
  'weekly-routine': async (w) => {
    const workflow = await use(w, 'weekly-routine', { projectId: w.project.id, title: 'Water the plants', cron: '0 9 * * 1', timeZone: 'Europe/Berlin' })
    const clock = (await w.app.ok(w.owner, 'GET', `/workflows/${workflow.id}/triggers`)).items.find((one: any) => one.type === 'schedule')
    assert.equal(new Date(clock.nextAt).toLocaleString('en-GB', { timeZone: 'Europe/Berlin', weekday: 'short', hour: '2-digit' }), 'Mon, 09')
    await w.app.query(`update run_schedules set next_at = now() where id = $1`, [clock.id]) // the hour has come
    assert.equal((await ended(w, workflow))[0].trigger, 'clock')
    assert.deepEqual((await tasksOf(w)).map((one: any) => [one.title, one.labels]), [['Water the plants', ['routine']]])
  },
  'welcome-project': async (w) => {
    const ann = await w.app.member(w.owner, 'member', 'Ann')
    const workflow = await use(w, 'welcome-project', { tasks: ['First', 'Second'] })
    const answer = await w.app.as(w.owner, 'POST', `/workflows/${workflow.id}/runs`, { input: {} })
    assert.deepEqual([answer.status, answer.body.errors[0].path], [422, '/input/name'])
    const ran = await run(w.app, w.owner, workflow, { name: 'Lighthouse' })
    assert.equal(ran.status, 'completed', JSON.stringify(ran.error))
    const made = (await w.app.ok(w.owner, 'GET', '/projects')).items.find((p: any) => p.name === 'Lighthouse')
    assert.equal(made.progress.total, 2)
    assert.ok((await w.app.ok(ann, 'GET', '/notifications')).items.some((n: any) => n.title === 'The project Lighthouse has begun.'))
  },
  'blocked-label-reminder': async (w) => {
    const workflow = await use(w, 'blocked-label-reminder', { projectId: w.project.id, after: '1s' })
    const [stays, goes] = [await makeTask(w), await makeTask(w)]
    for (const task of [stays, goes]) await w.app.ok(w.owner, 'PATCH', `/tasks/${task.id}/move`, { status: 'doing' })
    await w.app.ok(w.owner, 'PATCH', `/tasks/${goes.id}/move`, { status: 'done' })
    await ended(w, workflow, 2)
    assert.deepEqual([await commentsOf(w, stays), await commentsOf(w, goes)], [['Has not moved for 1s. What is missing?'], []])
  },
  'welcome-mail': async (w) => {
    const workflow = await use(w, 'welcome-mail', { projectId: w.project.id, text: 'Good to have you.' })
    const ann = await w.app.member(w.owner, 'member', 'Newcomer')
    await ended(w, workflow)
    assert.equal((await w.app.mails()).find(({ subject }) => subject === 'Welcome')?.to, ann.user.email)
    assert.deepEqual((await tasksOf(w)).map((one: any) => [one.title, one.assigneeId]), [['Onboard a new member', ann.user.id]])
  },
  'invite-by-form': async (w) => {
    const workflow = await use(w, 'invite-by-form', { role: 'viewer' })
    const held = await begin(w.app, w.owner, workflow, { email: 'guest@example.test' })
    await settle(w.app, w.owner, held.id, /waiting/)
    const [asked] = (await w.app.ok(w.owner, 'GET', '/approvals?status=pending')).items
    assert.equal(asked.title, 'Invite guest@example.test as viewer?')
    await w.app.ok(w.owner, 'POST', `/approvals/${asked.id}`, { decision: 'approve' })
    const [ran] = await ended(w, workflow)
    const [invitation] = (await w.app.ok(w.owner, 'GET', '/invitations')).items
    assert.deepEqual([invitation.email, invitation.role], ['guest@example.test', 'viewer'])
    const mail = (await w.app.mails()).find(({ to }) => to === 'guest@example.test')
    const token = /token=([\w.~-]+)/.exec(mail!.text)![1]!
    assert.equal(JSON.stringify(ran).includes(token), false) // the link stands in the mail, not in the run
  },
  'overdue-digest': async (w) => {
    const workflow = await use(w, 'overdue-digest', { projectId: w.project.id, to: 'boss@example.test' })
    assert.equal((await run(w.app, w.owner, workflow)).status, 'completed')
    assert.equal((await w.app.mails()).filter(({ to }) => to === 'boss@example.test').length, 0)
    await makeTask(w, { title: 'Late', dueAt: '2020-01-02T00:00:00Z' })
    await makeTask(w, { title: 'Late and done', dueAt: '2020-01-02T00:00:00Z', status: 'done' })
    await makeTask(w, { title: 'Later', dueAt: '2099-01-02T00:00:00Z' })
    await run(w.app, w.owner, workflow)
    const [mail] = (await w.app.mails()).filter(({ to }) => to === 'boss@example.test')
    assert.deepEqual([mail?.subject, mail?.text], ['1 overdue', 'WEB-1 Late (due 2020-01-02)'])
  },
  'load-per-person': async (w) => {
    const workflow = await use(w, 'load-per-person', { projectId: w.project.id, to: 'boss@example.test' })
    await makeTask(w, { assigneeId: w.owner.user.id })
    await makeTask(w, { assigneeId: w.owner.user.id })
    await makeTask(w)
    const ran = await run(w.app, w.owner, workflow)
    assert.equal(ran.status, 'completed', JSON.stringify(ran.error))
    assert.equal((await w.app.mails()).find(({ to }) => to === 'boss@example.test')?.text, 'Olga: 2')
  },
  'task-from-webhook': async (w) => {
    const url = await hookOf(w, await use(w, 'task-from-webhook', { projectId: w.project.id }))
    const send = async (body: object) => {
      const answer = await w.app.http.inject({ method: 'POST', url, payload: body })
      return { status: answer.statusCode, body: answer.json() }
    }
    assert.deepEqual((await send({ title: 'From the form', priority: 'high' })).body.answer.ref, 'WEB-1')
    assert.equal((await send({ priority: 'high' })).status, 409)
    assert.deepEqual((await tasksOf(w)).map((one: any) => [one.title, one.priority, one.labels]), [['From the form', 'high', ['webhook']]])
  },
  'alert-triage': async (w) => {
    const workflow = await use(w, 'alert-triage', { projectId: w.project.id, to: 'night@example.test' })
    const url = await hookOf(w, workflow)
    for (const severity of ['critical', 'warning', 'noise']) await w.app.http.inject({ method: 'POST', url, payload: { severity, summary: `It is ${severity}` } })
    await ended(w, workflow, 3)
    await w.app.settled()
    assert.deepEqual((await tasksOf(w)).map((one: any) => [one.title, one.priority]), [['It is critical', 'urgent']])
    assert.deepEqual((await w.app.mails()).filter(({ to }) => to === 'night@example.test').map(({ subject }) => subject), ['Warning: It is warning'])
    assert.ok((await w.app.ok(w.owner, 'GET', '/notifications')).items.some((n: any) => n.title === 'Critical: It is critical'))
  },
  'forward-events': async (w) => {
    const got: { body: any; key: unknown }[] = []
    const server = createServer(async (req, res) => {
      let body = ''
      for await (const chunk of req) body += String(chunk)
      got.push({ body: JSON.parse(body), key: req.headers['idempotency-key'] })
      res.writeHead(204).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const workflow = await use(w, 'forward-events', { projectId: w.project.id, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in` })
      const task = await makeTask(w, { title: 'Out' })
      await w.app.ok(w.owner, 'PATCH', `/tasks/${task.id}/move`, { status: 'done' })
      const [ran] = await ended(w, workflow)
      assert.deepEqual(got.map(({ body }) => body.title), ['Out'])
      assert.equal(got[0]!.key, `${ran.id}:send`)
    } finally {
      server.close()
    }
  },
}

for (const [id, keep] of Object.entries(promises))
  test(`the template ${id} does what it promises`, async (t) => {
    const app = await testApp(t, { settings: { EGRESS_ALLOW: '127.0.0.1/32' } })
    const owner = await app.register('Olga')
    const project = await app.ok(owner, 'POST', '/projects', { key: 'WEB', name: 'Website' })
    await keep({ app, owner, project })
  })

test('every template is proven', () => {
  assert.ok(allTemplates.length >= 12)
  assert.deepEqual(allTemplates.map(({ id }) => id).filter((id) => !done.has(id)), [])
})
