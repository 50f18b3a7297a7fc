import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../kernel/ids.ts'
import { testApp } from '../../testing/app.ts'
import { draw, manual, publish, run as start, settle } from '../../testing/drawn.ts'

test('a workflow is drafted with faults, mended, published and run by hand; the run shows its steps (S0.7, S0.22)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const workflow = await app.ok(owner, 'POST', '/workflows', { name: 'Greeting', definition: draw([manual, { id: 'greet', primitive: 'data', type: 'mapping', settings: { fields: { text: 'Hello ${{ trigger.name' } } }], 'start>greet', 'greet>gone') })
  assert.equal(workflow.status, 'draft')
  const refused = await app.as(owner, 'POST', `/workflows/${workflow.id}/publish`, {})
  assert.equal(refused.status, 422)
  assert.equal(refused.body.code, 'workflow.invalid')
  assert.deepEqual(refused.body.faults.map((f: any) => `${f.code} ${f.node} ${f.path}`), ['unknown_node greet /edges/1/to', 'expression greet /nodes/1/settings/fields/text'])
  const definition = draw([manual, { id: 'greet', primitive: 'data', type: 'mapping', settings: { fields: { text: 'Hello ${{ trigger.name }}', loud: '${{ trigger.name.toUpperCase() }}' } } }], 'start>greet')
  await app.ok(owner, 'PATCH', `/workflows/${workflow.id}`, { definition })
  assert.deepEqual(await app.ok(owner, 'POST', '/workflows/validate', { definition }), { valid: true, faults: [], reads: { greet: ['trigger'] } })
  const published = await app.ok(owner, 'POST', `/workflows/${workflow.id}/publish`, { note: 'first' })
  assert.deepEqual([published.status, published.activeVersion, published.number, published.publishedBy], ['active', 1, 1, owner.user.id])
  const run = await start(app, owner, workflow, { name: 'Ada' })
  assert.deepEqual([run.status, run.results, run.version, run.trigger, run.hidden], ['completed', { greet: { text: 'Hello Ada', loud: 'ADA' } }, 1, 'start', false], JSON.stringify(run))
  assert.deepEqual(run.steps.map((s: any) => [s.key, s.node, s.kind, s.status, s.output]), [['greet', 'greet', 'data.mapping', 'completed', { text: 'Hello Ada', loud: 'ADA' }]])
  assert.equal((await app.ok(owner, 'GET', '/deployments')).items[0].status, 'active')
  assert.deepEqual((await app.ok(owner, 'GET', `/runs?workflowId=${workflow.id}`)).items.map((r: any) => r.id), [run.id])
})

test('settings may be left out where a type needs none: tested, published and run all the same', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const definition = { nodes: [{ id: 'start', primitive: 'trigger', type: 'manual' }, { id: 'd', primitive: 'data', type: 'transform', settings: { expression: '1' } }], edges: [{ from: 'start', to: 'd' }] }
  const workflow = await app.ok(owner, 'POST', '/workflows', { name: 'Bare', definition })
  assert.equal((await app.ok(owner, 'POST', `/workflows/${workflow.id}/test`, {})).status, 'completed')
  await app.ok(owner, 'POST', `/workflows/${workflow.id}/publish`, {})
  assert.deepEqual((await app.ok(owner, 'GET', `/workflows/${workflow.id}/versions/1`)).definition.nodes[0], { ...definition.nodes[0], settings: {} })
  assert.deepEqual((await start(app, owner, workflow)).results, { d: 1 })
})

test('a deployment that a process left half done is finished by the job; one whose version is gone fails and says so, and what worked goes on working (S0.22)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const workflow = await publish(app, owner, draw([{ id: 'made', primitive: 'trigger', type: 'event', settings: { event: 'project.created' } }, { id: 'd', primitive: 'data', type: 'transform', settings: { expression: '1' } }], 'made>d'))
  const leave = async (number: number): Promise<string> => {
    const id = newId()
    await app.query('insert into workflow_deployments (tenant_id, id, workflow_id, number) values ($1, $2, $3, $4)', [owner.tenant!.id, id, workflow.id, number])
    await app.query(`insert into jobs (tenant_id, id, name, data, run_at, max_attempts) values ($1, $2, 'workflows.deploy', $3, now(), 1)`, [owner.tenant!.id, newId(), { deploymentId: id }])
    app.kernel.bell.ring()
    await app.settled()
    return id
  }
  const [half, lost] = [await leave(1), await leave(99)]
  const { items } = await app.ok(owner, 'GET', `/deployments?workflowId=${workflow.id}`)
  assert.deepEqual(items.map((one: { id: string; status: string; error: string | null }) => [one.id, one.status, one.error]).slice(0, 2), [[lost, 'failed', 'the version is gone'], [half, 'active', null]])
  assert.deepEqual(items.slice(2).map((one: { status: string }) => one.status), ['superseded'])
  const told = (await app.ok(owner, 'GET', '/events?name=deployment.changed')).items.filter((event: { subject: { id: string } }) => event.subject.id === lost)
  assert.deepEqual(told.map((event: { data: { status: string } }) => event.data.status), ['failed'])
  await app.ok(owner, 'POST', '/projects', { key: 'WEB', name: 'Web' })
  await app.settled()
  assert.equal((await app.ok(owner, 'GET', `/runs?workflowId=${workflow.id}`)).items.length, 1)
})

test('an event begins a run that acts on tasks with its publisher\'s rights; the chain of causes leads back to the event (X2)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const project = await app.ok(owner, 'POST', '/projects', { key: 'WEB', name: 'Website' })
  const workflow = await publish(app, owner, draw([
    { id: 'created', primitive: 'trigger', type: 'event', settings: { event: 'task.created', filter: { left: { path: 'data.priority' }, op: 'eq', right: { value: 'urgent' } } } },
    { id: 'say', primitive: 'action', type: 'tasks.addComment', settings: { id: '${{ trigger.subject.id }}', text: 'Urgent: ${{ trigger.data.title }}' } },
  ], 'created>say'))
  await app.ok(owner, 'POST', '/tasks', { projectId: project.id, title: 'calm' })
  const task = await app.ok(owner, 'POST', '/tasks', { projectId: project.id, title: 'fire', priority: 'urgent' })
  await app.settled()
  const { items } = await app.ok(owner, 'GET', `/runs?workflowId=${workflow.id}`)
  assert.equal(items.length, 1)
  const run = await settle(app, owner, items[0].id)
  assert.equal(run.status, 'completed', JSON.stringify(run.error))
  const comments = await app.ok(owner, 'GET', `/tasks/${task.id}/comments`)
  assert.deepEqual(comments.items.map((c: any) => [c.text, c.authorId]), [['Urgent: fire', owner.user.id]])
  const [added] = (await app.ok(owner, 'GET', '/events?name=comment.added')).items
  assert.deepEqual(added.actor, { type: 'workflow', id: workflow.id })
  const [began] = (await app.ok(owner, 'GET', '/events?name=run.started')).items
  const [created] = (await app.ok(owner, 'GET', '/events?name=task.created')).items.filter((e: any) => e.subject.id === task.id)
  assert.deepEqual([added.causeId, began.causeId], [began.id, created.id])
})

test('node types and templates say in full what their settings and parameters are: forms are drawn from it', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const { schema, types } = await app.ok(owner, 'GET', '/workflows/schema')
  assert.deepEqual(schema.required, ['nodes', 'edges'])
  assert.equal(schema.properties.nodes.items.oneOf.length, types.length)
  const { items } = await app.ok(owner, 'GET', '/templates')
  assert.ok(items.length >= 12)
  const digest = items.find((one: any) => one.id === 'overdue-digest')
  assert.deepEqual([digest.parameters.required, digest.parameters.properties.cron.default], [['projectId', 'to'], '0 8 * * 1-5'])
  // what is a schedule says so, and which fields belong to it: forms ask for it in words
  const clock = types.find((one: any) => one.type === 'schedule').settings.properties
  assert.deepEqual([clock.cron['x-schedule'], digest.parameters.properties.cron['x-schedule']], [{ timeZone: 'timeZone', every: 'every' }, { timeZone: 'timeZone' }])
  for (const { parameters } of items) for (const name of Object.keys(parameters.properties).filter((one) => /cron|every/.test(one))) assert.ok(parameters.properties[name]['x-schedule'])
  const project = await app.ok(owner, 'POST', '/projects', { key: 'WEB', name: 'Website' })
  const refused = async (parameters: object) => (await app.as(owner, 'POST', '/templates/overdue-digest/use', { parameters: { projectId: project.id, to: 'a@example.com', ...parameters } })).body.errors?.map((one: any) => one.path)
  assert.deepEqual([await refused({ cron: '0 9 * * nobody' }), await refused({ timeZone: 'Mars/Olympus' })], [['/parameters/cron'], ['/parameters/timeZone']])
})
