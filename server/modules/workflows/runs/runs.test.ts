import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp } from '../../../testing/app.ts'
import { action, begin, condition, data, draw, manual, publish, run, runsOf, settle } from '../../../testing/drawn.ts'

test('approvals: the people asked are told and decide, others do not; the way taken follows (S0.7)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const [ann, bob] = [await app.member(owner, 'member', 'Ann'), await app.member(owner, 'member', 'Bob')]
  const workflow = await publish(app, owner, draw([
    manual, action('review', 'approval', { title: 'Pay ${{ trigger.amount }}?', people: [ann.user.id], deadline: '2d' }), data('yes', 'mapping', { fields: { by: '${{ nodes.review.output.by }}' } }), data('no', 'mapping', { fields: { why: '${{ nodes.review.output.payload.comment }}' } }),
  ], 'start>review', 'review>yes true', 'review>no false'))
  const first = await begin(app, owner, workflow, { amount: 5 })
  assert.equal((await settle(app, owner, first.id, /waiting/)).status, 'waiting')
  const [asked] = (await app.ok(ann, 'GET', '/approvals?status=pending&mine=true')).items
  assert.deepEqual([asked.title, asked.runId, asked.mine], ['Pay 5?', first.id, true])
  await app.settled()
  assert.match((await app.ok(ann, 'GET', '/notifications')).items[0].title, /Pay 5\?/)
  assert.deepEqual((await app.ok(bob, 'GET', '/approvals')).items, [])
  assert.deepEqual((await app.ok(ann, 'GET', `/approvals?runId=${first.id}`)).items.map((a: any) => a.id), [asked.id])
  assert.deepEqual((await app.ok(ann, 'GET', `/approvals?runId=${asked.id}`)).items, [])
  assert.deepEqual([(await app.ok(ann, 'GET', `/approvals/${asked.id}`)).mine, (await app.ok(owner, 'GET', `/approvals/${asked.id}`)).mine, (await app.as(bob, 'GET', `/approvals/${asked.id}`)).status], [true, false, 404])
  assert.equal((await app.as(bob, 'POST', `/approvals/${asked.id}`, { decision: 'approve' })).status, 404)
  assert.equal((await app.as(owner, 'POST', `/approvals/${asked.id}`, { decision: 'approve' })).status, 403)
  assert.equal((await app.as(owner, 'POST', `/runs/${first.id}/signals/review`, { payload: { decision: 'approve' } })).status, 403)
  await app.ok(ann, 'POST', `/approvals/${asked.id}`, { decision: 'approve', comment: 'fine' })
  const done = await settle(app, owner, first.id)
  assert.deepEqual([done.status, done.results], ['completed', { yes: { by: ann.user.id } }], JSON.stringify(done.error))
  assert.equal((await app.as(ann, 'POST', `/approvals/${asked.id}`, { decision: 'reject' })).body.code, 'approval.decided')

  const second = await begin(app, owner, workflow, { amount: 7 })
  await settle(app, owner, second.id, /waiting/)
  const [again] = (await app.ok(ann, 'GET', '/approvals?status=pending')).items
  await app.ok(ann, 'POST', `/approvals/${again.id}`, { decision: 'reject', comment: 'too much' })
  assert.deepEqual((await settle(app, owner, second.id)).results, { no: { why: 'too much' } })
  const third = await begin(app, owner, workflow, { amount: 9 })
  await settle(app, owner, third.id, /waiting/)
  await app.ok(owner, 'POST', `/runs/${third.id}/cancel`)
  await settle(app, owner, third.id)
  await app.settled()
  assert.deepEqual((await app.ok(ann, 'GET', '/approvals')).items.map((a: any) => a.status), ['cancelled', 'rejected', 'approved'])
})

test('a run has the rights of its publisher at each step, and of its starter as well; a publisher who leaves pauses the workflow (S0.16)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const [ann, bob] = [await app.member(owner, 'member', 'Ann'), await app.member(owner, 'member', 'Bob')]
  const project = await app.ok(owner, 'POST', '/projects', { key: 'SEC', name: 'Secret', visibility: 'private' })
  await app.ok(owner, 'PUT', `/projects/${project.id}/members/${ann.user.id}`, { role: 'editor' })
  const definition = draw([manual, action('task', 'tasks.create', { projectId: project.id, title: 'made' })], 'start>task')
  const byAnn = await publish(app, ann, definition)
  assert.equal((await run(app, ann, byAnn)).status, 'completed')
  // Bob may start it, and may not see the project: neither may the run
  const forBob = await run(app, bob, byAnn)
  assert.deepEqual([forBob.status, forBob.error.code], ['failed', 'project.not_found'])
  assert.deepEqual(forBob.actsFor, [ann.user.id, bob.user.id])
  // an admin's start does not widen the publisher's rights
  const byBob = await publish(app, bob, definition)
  assert.equal((await run(app, owner, byBob)).error.code, 'project.not_found')
  assert.equal((await app.ok(owner, 'GET', `/tasks?projectId=${project.id}`)).items.length, 1)
  // looked up at each step: a role that was taken is missing from the next step on
  await app.ok(owner, 'DELETE', `/projects/${project.id}/members/${ann.user.id}`)
  assert.equal((await run(app, ann, byAnn)).error.code, 'project.not_found')
  // values are shown to the run's people and to admins
  const hidden = await app.ok(await app.member(owner, 'member', 'Cid'), 'GET', `/runs/${forBob.id}`)
  assert.deepEqual([hidden.hidden, hidden.input, hidden.steps[0].input, hidden.error.message.includes('left out')], [true, null, null, true])

  await app.ok(owner, 'DELETE', `/members/${ann.user.id}`)
  await app.settled()
  const paused = await app.ok(owner, 'GET', `/workflows/${byAnn.id}`)
  assert.deepEqual([paused.status, paused.pausedReason], ['inactive', 'publisher_left'])
  assert.ok((await app.ok(owner, 'GET', '/notifications')).items.some((n: any) => /Paused/.test(n.title ?? '')))
  assert.equal((await app.as(owner, 'POST', `/workflows/${byAnn.id}/activate`)).status, 409)
  assert.equal((await app.as(bob, 'POST', `/workflows/${byAnn.id}/activate`)).status, 403)
})

test('what a run did and what caused it are found in the feed, by those who may see the project (S0.16)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const bob = await app.member(owner, 'member', 'Bob')
  const project = await app.ok(owner, 'POST', '/projects', { key: 'SEC', name: 'Secret', visibility: 'private' })
  const workflow = await publish(app, owner, draw([{ id: 'e', primitive: 'trigger', type: 'event', settings: { event: 'task.created', filter: { left: { path: 'data.title' }, op: 'eq', right: { value: 'first' } } } }, action('again', 'tasks.create', { projectId: project.id, title: 'and another' })], 'e>again'))
  const task = await app.ok(owner, 'POST', '/tasks', { projectId: project.id, title: 'first' })
  const [{ id }] = (await runsOf(app, owner, workflow)) as [{ id: string }]
  const ended = await settle(app, owner, id)
  const effects = (await app.ok(owner, 'GET', `/activity?runId=${id}`)).items
  assert.deepEqual(effects.map((e: any) => [e.name, e.actor, e.task.title]), [['task.created', { type: 'workflow', id: workflow.id, name: null }, 'and another']])
  const [cause] = (await app.ok(owner, 'GET', `/activity?eventId=${ended.causeId}`)).items
  assert.deepEqual([cause.name, cause.subject.id, cause.actor.id], ['task.created', task.id, owner.user.id])
  for (const query of [`runId=${id}`, `eventId=${ended.causeId}`]) assert.deepEqual((await app.ok(bob, 'GET', `/activity?${query}`)).items, [])
  // a run that another began is found by its parent
  const inner = await publish(app, owner, draw([manual, data('d', 'mapping', { fields: { a: 1 } })], 'start>d'))
  const outer = await run(app, owner, await publish(app, owner, draw([manual, action('call', 'workflow', { workflowId: inner.id })], 'start>call')))
  assert.deepEqual((await app.ok(owner, 'GET', `/runs?parentRunId=${outer.id}`)).items.map((r: any) => [r.workflowId, r.parentRunId]), [[inner.id, outer.id]])
  const stranger = await app.register('Sam')
  for (const query of [`runId=${id}`, `eventId=${ended.causeId}`]) assert.deepEqual((await app.ok(stranger, 'GET', `/activity?${query}`)).items, [])
})

test('an event begins a run only where its publisher may see it, and never twice (X2)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const ann = await app.member(owner, 'member', 'Ann')
  const project = await app.ok(owner, 'POST', '/projects', { key: 'SEC', name: 'Secret', visibility: 'private' })
  const listen = draw([{ id: 'e', primitive: 'trigger', type: 'event', settings: { event: 'task.created' } }, data('d', 'transform', { expression: 'trigger.data.title' })], 'e>d')
  const [mine, theirs] = [await publish(app, owner, listen), await publish(app, ann, listen)]
  const task = await app.ok(owner, 'POST', '/tasks', { projectId: project.id, title: 'hidden' })
  const runs = await runsOf(app, owner, mine)
  assert.equal(runs.length, 1)
  assert.deepEqual((await settle(app, owner, runs[0]!.id)).results, { d: 'hidden' })
  assert.equal((await runsOf(app, owner, theirs)).length, 0)
  // the log is read again from before: the same event begins nothing more
  await app.ok(owner, 'POST', '/readers/workflows.triggers/pause')
  await app.ok(owner, 'POST', '/readers/workflows.triggers/rewind', { events: 100 })
  await app.ok(owner, 'POST', '/readers/workflows.triggers/resume')
  assert.equal((await runsOf(app, owner, mine)).length, 1)
  await app.ok(owner, 'POST', `/workflows/${mine.id}/deactivate`)
  await app.ok(owner, 'PATCH', `/tasks/${task.id}`, { title: 'other' })
  await app.ok(owner, 'POST', '/tasks', { projectId: project.id, title: 'unheard' })
  assert.equal((await runsOf(app, owner, mine)).length, 1)
})

test('a workflow that causes what starts it is cut at a depth, and its trigger says so', async (t) => {
  const app = await testApp(t, { settings: { WORKFLOW_MAX_DEPTH: '3' } })
  const owner = await app.register('Olga')
  const project = await app.ok(owner, 'POST', '/projects', { key: 'WEB', name: 'Web' })
  const workflow = await publish(app, owner, draw([{ id: 'e', primitive: 'trigger', type: 'event', settings: { event: 'task.created' } }, action('again', 'tasks.create', { projectId: project.id, title: 'and another' })], 'e>again'))
  await app.ok(owner, 'POST', '/tasks', { projectId: project.id, title: 'first' })
  let runs = await runsOf(app, owner, workflow)
  while (runs.length < 4) runs = await runsOf(app, owner, workflow)
  for (const { id } of runs) await settle(app, owner, id)
  assert.equal((await runsOf(app, owner, workflow)).length, 4) // depths 0 to 3
  assert.equal((await app.ok(owner, 'GET', `/tasks?projectId=${project.id}`)).items.length, 5)
  assert.match((await app.ok(owner, 'GET', `/workflows/${workflow.id}/triggers`)).items[0].problem, /starts itself again/)
})

test('runs are paused, resumed, signalled, retried from what failed, and moved only where nothing diverges', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const definition = draw([manual, data('first', 'mapping', { fields: { a: 1 } }), action('hold', 'wait', { signal: 'go' }), data('last', 'transform', { expression: 'nodes.hold.output.payload.n * 2' })], 'start>first', 'first>hold', 'hold>last')
  const workflow = await publish(app, owner, definition)
  const held = await begin(app, owner, workflow)
  await settle(app, owner, held.id, /waiting/)
  assert.equal((await app.ok(owner, 'POST', `/runs/${held.id}/pause`)).status, 'paused')
  await app.ok(owner, 'POST', `/runs/${held.id}/signals/go`, { payload: { n: 21 } })
  await app.ok(owner, 'POST', `/runs/${held.id}/resume`)
  assert.deepEqual((await settle(app, owner, held.id)).results, { last: 42 })

  const [moving, stuck] = [await begin(app, owner, workflow), await begin(app, owner, workflow)]
  for (const { id } of [moving, stuck]) await settle(app, owner, id, /waiting/)
  const republish = async (drawn: object) => {
    await app.ok(owner, 'PATCH', `/workflows/${workflow.id}`, { definition: drawn })
    return app.ok(owner, 'POST', `/workflows/${workflow.id}/publish`, {})
  }
  const second = await republish({ ...definition, nodes: definition.nodes.map((n) => (n.id === 'last' ? { ...n, settings: { expression: 'nodes.hold.output.payload.n * 3' } } : n)) })
  assert.deepEqual([second.diverging, second.unjudgedRuns], [[], 0])
  const moved = await app.ok(owner, 'POST', `/runs/${moving.id}/move`, { version: 2 })
  assert.equal(moved.version, 2)
  await app.ok(owner, 'POST', `/runs/${moving.id}/signals/go`, { payload: { n: 2 } })
  assert.deepEqual((await settle(app, owner, moving.id)).results, { last: 6 })
  const third = await republish(draw([manual, data('other', 'mapping', { fields: {} }), ...definition.nodes.slice(2)] as never, 'start>other', 'other>hold', 'hold>last'))
  assert.deepEqual(third.diverging.map((d: any) => [d.runId, d.key]), [[stuck.id, 'first']])
  const refused = await app.as(owner, 'POST', `/runs/${stuck.id}/move`, { version: 3 })
  assert.deepEqual([refused.status, refused.body.code, refused.body.divergence.key], [409, 'run.would_diverge', 'first'])
  const diff = await app.ok(owner, 'GET', `/workflows/${workflow.id}/diff?from=1&to=3`)
  assert.deepEqual([diff.nodes.added.map((n: any) => n.id), diff.nodes.removed.map((n: any) => n.id), diff.same], [['other'], ['first'], false])
  await app.ok(owner, 'POST', `/workflows/${workflow.id}/versions/1/restore`)
  assert.deepEqual((await app.ok(owner, 'GET', `/workflows/${workflow.id}/diff?from=1&to=draft`)).same, true)

  const project = await app.ok(owner, 'POST', '/projects', { key: 'WEB', name: 'Web' })
  const flaky = await publish(app, owner, draw([manual, action('task', 'tasks.create', { projectId: project.id, title: 'once' }), action('say', 'tasks.addComment', { id: '${{ nodes.task.output.id }}', text: '${{ trigger.text }}' })], 'start>task', 'task>say'))
  await app.ok(owner, 'PATCH', `/projects/${project.id}`, { status: 'archived' })
  const failed = await run(app, owner, flaky, { text: 'hello' })
  assert.deepEqual([failed.status, failed.error.code, failed.steps[0].error.code], ['failed', 'project.archived', 'project.archived'])
  await app.ok(owner, 'PATCH', `/projects/${project.id}`, { status: 'active' })
  await app.ok(owner, 'POST', `/runs/${failed.id}/retry`)
  assert.equal((await settle(app, owner, failed.id)).status, 'completed')
  assert.equal((await app.ok(owner, 'GET', `/tasks?projectId=${project.id}`)).items.length, 1)
})

test('a run goes on with the code of its version, whatever is published meanwhile; moved, with that of the other; what was done stays (S0.27)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const drawn = (word: string) => draw([manual, action('before', 'custom', { code: `export default async () => '${word} before'` }), action('hold', 'wait', { signal: 'go' }), action('code', 'custom', { code: `export default async () => '${word}'` })], 'start>before', 'before>hold', 'hold>code')
  const workflow = await publish(app, owner, drawn('first'))
  const [staying, moving] = [await begin(app, owner, workflow), await begin(app, owner, workflow)]
  for (const { id } of [staying, moving]) await settle(app, owner, id, /waiting/)
  await app.ok(owner, 'PATCH', `/workflows/${workflow.id}`, { definition: drawn('second') })
  await app.ok(owner, 'POST', `/workflows/${workflow.id}/publish`, {})
  assert.equal((await app.ok(owner, 'POST', `/runs/${moving.id}/move`, { version: 2 })).version, 2)
  for (const [{ id }, version, word] of [[staying, 1, 'first'], [moving, 2, 'second']] as const) {
    await app.ok(owner, 'POST', `/runs/${id}/signals/go`)
    const ended = await settle(app, owner, id)
    assert.deepEqual([ended.version, ended.results, ended.steps.find((one: { key: string }) => one.key === 'before').output], [version, { code: word }, 'first before'])
  }
  // run again from the step, it is the code of the run's own version still
  await app.ok(owner, 'POST', `/runs/${staying.id}/retry`, { fromNode: 'code' })
  const again = await settle(app, owner, staying.id)
  assert.deepEqual([again.version, again.results], [1, { code: 'first' }])
})

test('a draft and its nodes are tested on samples and recorded runs; what they would do is told and not done (X4)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const definition = draw([
    manual, condition('big', 'if_else', { expression: 'trigger.total > 100' }), action('mail', 'email_send', { to: 'boss@example.test', subject: 'Order ${{ trigger.id }}', text: 'x' }), action('review', 'approval', { title: 'ok?', role: 'admin' }),
    condition('each', 'loop', { items: 'trigger.lines' }), data('line', 'transform', { expression: 'item * 2' }),
  ], 'start>big', 'big>mail true', 'mail>review', 'review>each true', 'each>line each', 'line>each')
  const workflow = await app.ok(owner, 'POST', '/workflows', { name: 'Order', definition })
  const whole = await app.ok(owner, 'POST', `/workflows/${workflow.id}/test`, { input: { id: 'A1', total: 200, lines: [1, 2] } })
  assert.equal(whole.status, 'completed', JSON.stringify(whole))
  assert.deepEqual(whole.results, { each: [{ line: 2 }, { line: 4 }] })
  assert.deepEqual(whole.steps.find((s: any) => s.node === 'mail').effect, { to: 'boss@example.test', subject: 'Order A1', text: 'x' })
  const small = await app.ok(owner, 'POST', `/workflows/${workflow.id}/test`, { input: { total: 1 } })
  assert.deepEqual(small.steps.map((s: any) => [s.node, s.status]).filter(([, status]: string[]) => status === 'skipped').map(([node]: string[]) => node).includes('mail'), true)
  const one = await app.ok(owner, 'POST', `/workflows/${workflow.id}/test`, { node: 'line', item: 21 })
  assert.deepEqual([one.status, one.results], ['completed', 42])
  const broken = await app.ok(owner, 'POST', `/workflows/${workflow.id}/test`, { node: 'line', item: null, definition: draw([manual, data('line', 'transform', { expression: 'trigger.a.b' })], 'start>line'), input: {} })
  assert.deepEqual([broken.status, broken.results], ['completed', null])
  assert.deepEqual(await app.mails(), [])
  assert.deepEqual((await app.ok(owner, 'GET', '/approvals')).items, [])
  assert.deepEqual((await app.ok(owner, 'GET', '/runs')).items, [])
})
