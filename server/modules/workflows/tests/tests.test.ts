// Runs as tests (X3): what a test holds and what it leaves free, judged by twenty and more changes of one definition; publishing names what fails; a
// replay does nothing; values stay with those who may see them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp, type Caller, type TestApp } from '../../../testing/app.ts'
import { action, begin, condition, data, draw, manual, publish, run, settle, type Node } from '../../../testing/drawn.ts'

type Drawn = ReturnType<typeof draw>
const keep = (app: TestApp, who: Caller, ran: { id: string; workflowId: string }, name = 'as it was') => app.ok(who, 'POST', `/workflows/${ran.workflowId}/tests`, { runId: ran.id, name })
const replay = async (app: TestApp, who: Caller, workflowId: string, definition: object) => app.ok(who, 'POST', `/workflows/${workflowId}/tests/replay`, { definition })

/** One of everything a test may hold: values, ways, mails, tasks, people, waiting, loops, chance. */
const order = (projectId: string): Drawn => draw([
  manual, data('rate', 'transform', { expression: 'trigger.total * 0.19' }), condition('big', 'if_else', { condition: { left: { path: 'nodes.rate.output' }, op: 'gt', right: { value: 10 } } }),
  action('task', 'tasks.create', { projectId, title: 'Order ${{ trigger.id }}' }), action('mail', 'email_send', { to: 'boss@example.test', subject: 'Order ${{ trigger.id }}', text: 'Tax ${{ nodes.rate.output }} for ${{ nodes.task.output.ref }}' }),
  action('review', 'approval', { title: 'Fine?', role: 'admin', deadline: '2d' }), action('hold', 'wait', { signal: 'go' }),
  condition('each', 'loop', { items: 'trigger.lines' }), data('line', 'transform', { expression: 'item * 2' }), data('luck', 'transform', { expression: 'Math.random()' }),
  data('sum', 'mapping', { fields: { lines: '${{ nodes.each.output }}', said: '${{ nodes.hold.output.payload.word }}', lucky: '${{ nodes.luck.output >= 0 }}' } }), data('small', 'mapping', { fields: { small: true } }),
], 'start>rate', 'rate>big', 'big>task true', 'big>small false', 'task>mail', 'mail>review', 'review>hold true', 'hold>each', 'each>line each', 'line>each', 'each>luck done', 'luck>sum')

async function ordered(app: TestApp, owner: Caller, definition: Drawn) {
  const workflow = await publish(app, owner, definition)
  const begun = await begin(app, owner, workflow, { id: 'A1', total: 200, lines: [1, 2, 3] })
  await settle(app, owner, begun.id, /waiting/)
  const [{ id }] = (await app.ok(owner, 'GET', '/approvals?status=pending')).items
  await app.ok(owner, 'POST', `/approvals/${id}`, { decision: 'approve' })
  await app.ok(owner, 'POST', `/runs/${begun.id}/signals/go`, { payload: { word: 'yes' } })
  const ran = await settle(app, owner, begun.id)
  assert.equal(ran.status, 'completed', JSON.stringify(ran.error))
  return { workflow, ran }
}
const set = (definition: Drawn, id: string, settings: object, more: object = {}): Drawn => ({ ...definition, nodes: definition.nodes.map((node) => (node.id === id ? { ...node, ...more, settings: { ...node.settings, ...settings } } : node)) })
const instead = (definition: Drawn, node: Node): Drawn => ({ ...definition, nodes: definition.nodes.map((one) => (one.id === node.id ? { settings: {}, ...node } : one)) })
/** Without a node: what led to it leads on. */
const without = (definition: Drawn, id: string): Drawn => {
  const [into, out] = [definition.edges.filter((e) => e.to === id), definition.edges.filter((e) => e.from === id)]
  return { nodes: definition.nodes.filter((node) => node.id !== id), edges: [...definition.edges.filter((e) => e.to !== id && e.from !== id), ...into.flatMap((i) => out.map((o) => ({ ...i, to: o.to })))] }
}
const between = (definition: Drawn, from: string, to: string, node: Node): Drawn => ({
  nodes: [...definition.nodes, { settings: {}, ...node }], edges: [...definition.edges.map((e) => (e.from === from && e.to === to ? { ...e, to: node.id } : e)), { from: node.id, to }],
})

test('twenty and more changes of a definition are judged right: what is asked, given and decided counts, how it comes about does not (X3)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const project = await app.ok(owner, 'POST', '/projects', { key: 'WEB', name: 'Web' })
  const definition = order(project.id)
  const { workflow, ran } = await ordered(app, owner, definition)
  const kept = await keep(app, owner, ran)
  assert.deepEqual([kept.runId, kept.number, kept.status], [ran.id, 1, 'completed'])
  const before = { mails: (await app.mails()).length, tasks: (await app.ok(owner, 'GET', `/tasks?projectId=${project.id}`)).items.length, approvals: (await app.ok(owner, 'GET', '/approvals')).items.length, runs: (await app.ok(owner, 'GET', '/runs')).items.length }

  const d = definition
  const changes: [string, Drawn, null | [string, RegExp]][] = [
    // the same by other means
    ['nothing', d, null],
    ['names and places in the drawing', { ...d, nodes: d.nodes.map((node, i) => ({ ...node, name: `Step ${i}`, position: { x: i, y: 0 } })) }, null],
    ['how often and how long a step is tried', set(d, 'mail', {}, { retry: { max: 9, baseMs: 100, factor: 2, capMs: 1000 }, timeoutMs: 5000 }), null],
    ['a subject written otherwise', set(d, 'mail', { subject: '${{ "Order " + trigger.id }}' }), null],
    ['a sum written otherwise', set(d, 'rate', { expression: 'trigger.total / 100 * 19' }), null],
    ['a threshold on the same side', set(d, 'big', { condition: { left: { path: 'nodes.rate.output' }, op: 'gt', right: { value: 37 } } }), null],
    ['a condition as code', instead(d, condition('big', 'if_else', { expression: 'nodes.rate.output > 10' })), null],
    ['more lanes of a loop', set(d, 'each', { lanes: 3 }), null],
    ['a value between that nobody reads', between(d, 'start', 'rate', data('extra', 'transform', { expression: '1 + 1' })), null],
    ['what chance gave', set(d, 'luck', { expression: 'Math.random() * 1' }), null],
    ['the way that was not taken', set(d, 'small', { fields: { small: 'very' } }), null],
    // another
    ['the words of a mail', set(d, 'mail', { text: 'Tax: ${{ nodes.rate.output }}' }), ['mail', /asks for is another at \/text/]],
    ['whom it goes to', set(d, 'mail', { to: 'chief@example.test' }), ['mail', /at \/to/]],
    ['a task of another title', set(d, 'task', { title: 'Purchase ${{ trigger.id }}' }), ['task', /at \/title/]],
    ['a rate', set(d, 'rate', { expression: 'trigger.total * 0.2' }), ['rate', /gives is another/]],
    ['a threshold beyond', set(d, 'big', { condition: { left: { path: 'nodes.rate.output' }, op: 'gt', right: { value: 1000 } } }), ['big', /took the way true, and takes false/]],
    ['a condition turned round, as code', instead(d, condition('big', 'if_else', { expression: 'nodes.rate.output < 10' })), ['big', /took the way true/]],
    ['no mail', without(d, 'mail'), ['mail', /was done, and would not be/]],
    ['one mail more', between(d, 'task', 'mail', action('second', 'email_send', { to: 'x@example.test', subject: 's', text: 't' })), ['second', /would be done, and was not/]],
    ['a notification instead of a mail', instead(d, action('mail', 'notification', { message: 'x', role: 'admin' })), ['mail', /was action\.email_send, and is action\.notification/]],
    ['a step under another id', { nodes: d.nodes.map((node) => (node.id === 'task' ? { ...node, id: 'ticket' } : node.id === 'mail' ? { ...node, settings: { ...node.settings, text: 'Tax ${{ nodes.rate.output }} for ${{ nodes.ticket.output.ref }}' } } : node)), edges: d.edges.map((e) => ({ ...e, from: e.from === 'task' ? 'ticket' : e.from, to: e.to === 'task' ? 'ticket' : e.to })) }, ['ticket', /would be done/]],
    ['people asked otherwise', set(d, 'review', { title: 'Really?' }), ['review/ask', /asks for is another at \/title/]],
    ['a deadline', set(d, 'review', { deadline: '5d' }), ['review/ask', /deadline/]],
    ['another signal', set(d, 'hold', { signal: 'proceed' }), ['hold', /asks for is another at \/name/]],
    ['an hour instead of a signal', instead(d, action('hold', 'wait', { for: '1h' })), ['hold', /was signal, and is sleep/]],
    ['the body of a loop', set(d, 'line', { expression: 'item * 3' }), ['each[0].line', /gives is another/]],
    ['fewer rounds', set(d, 'each', { items: 'trigger.lines.slice(1)' }), ['each[0].line', /gives is another/]],
    ['the result', set(d, 'sum', { fields: { lines: '${{ nodes.each.output }}' } }), ['sum', /gives is another/]],
    ['a result more', { nodes: [...d.nodes, { id: 'also', primitive: 'data', type: 'mapping', settings: { fields: { a: 1 } } }], edges: [...d.edges, { from: 'rate', to: 'also' }] }, ['', /another result at \/also/]],
    ['ways swapped', { ...d, edges: d.edges.map((e) => (e.from === 'big' ? { ...e, when: e.when === 'true' ? 'false' : 'true' } : e)) }, ['task', /was done, and would not be/]],
  ]
  assert.ok(changes.length >= 20 + 1)
  for (const [name, changed, expected] of changes) {
    const { results, faults } = await replay(app, owner, workflow.id, changed)
    assert.deepEqual(faults.filter((fault: { level: string }) => fault.level === 'error'), [], `${name}: ${JSON.stringify(faults)}`)
    const [{ passed, divergence }] = results
    assert.equal(passed, expected === null, `${name}: ${JSON.stringify(divergence)}`)
    if (expected) assert.deepEqual([divergence.key, expected[1].test(divergence.message)], [expected[0], true], `${name}: ${JSON.stringify(divergence)}`)
  }
  const after = { mails: (await app.mails()).length, tasks: (await app.ok(owner, 'GET', `/tasks?projectId=${project.id}`)).items.length, approvals: (await app.ok(owner, 'GET', '/approvals')).items.length, runs: (await app.ok(owner, 'GET', '/runs')).items.length }
  assert.deepEqual(after, before, 'a replay does nothing')
})

test('publishing names the tests that fail and the waiting runs that would diverge; moving one is refused with the first divergence (X3)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const definition = draw([manual, data('first', 'mapping', { fields: { n: '${{ trigger.n + 1 }}' } }), action('hold', 'wait', { signal: 'go' }), data('last', 'transform', { expression: 'nodes.first.output.n * 2' })], 'start>first', 'first>hold', 'hold>last')
  const workflow = await publish(app, owner, definition)
  const [done, waiting] = [await begin(app, owner, workflow, { n: 1 }), await begin(app, owner, workflow, { n: 2 })]
  for (const { id } of [done, waiting]) await settle(app, owner, id, /waiting/)
  assert.equal((await app.as(owner, 'POST', `/workflows/${workflow.id}/tests`, { runId: done.id })).body.code, 'run.not_finished')
  await app.ok(owner, 'POST', `/runs/${done.id}/signals/go`)
  const ran = await settle(app, owner, done.id)
  const kept = await keep(app, owner, ran, 'one and one')
  assert.equal((await app.as(owner, 'POST', `/workflows/${workflow.id}/tests`, { runId: ran.id })).status, 409, 'a run is a test once')
  assert.equal((await app.as(owner, 'POST', `/workflows/${workflow.id}/tests`, { runId: workflow.id })).status, 422)
  const republish = async (drawn: object) => {
    await app.ok(owner, 'PATCH', `/workflows/${workflow.id}`, { definition: drawn })
    return app.ok(owner, 'POST', `/workflows/${workflow.id}/publish`, {})
  }
  const same = await republish(set(definition, 'last', { expression: '2 * nodes.first.output.n' }))
  assert.deepEqual([same.failingTests, same.unjudgedTests, same.diverging], [[], 0, []])
  const other = await republish(draw([manual, data('begin', 'mapping', { fields: { n: 1 } }), action('hold', 'wait', { signal: 'go' }), data('last', 'transform', { expression: 'nodes.begin.output.n * 3' })], 'start>begin', 'begin>hold', 'hold>last'))
  assert.deepEqual(other.failingTests, [{ testId: kept.id, name: 'one and one', key: 'last', message: 'what last gives is another' }].map((one) => ({ ...one, message: other.failingTests[0].message })))
  assert.match(other.failingTests[0].message, /what last gives is another/)
  assert.deepEqual(other.diverging.map((one: { runId: string; key: string }) => [one.runId, one.key]), [[waiting.id, 'first']])
  const refused = await app.as(owner, 'POST', `/runs/${waiting.id}/move`, { version: 3 })
  assert.deepEqual([refused.status, refused.body.code, refused.body.divergence.key], [409, 'run.would_diverge', 'first'])
  // a version is judged like a draft
  const { results } = await app.ok(owner, 'POST', `/workflows/${workflow.id}/tests/replay`, { version: 1 })
  assert.deepEqual(results.map((one: { passed: boolean }) => one.passed), [true])
  await app.ok(owner, 'DELETE', `/workflows/${workflow.id}/tests/${kept.id}`)
  assert.equal((await app.as(owner, 'DELETE', `/workflows/${workflow.id}/tests/${kept.id}`)).body.code, 'test.not_found')
  assert.deepEqual((await app.ok(owner, 'GET', `/workflows/${workflow.id}/tests`)).items, [])
})

test('a failed run is a test too; what is in tests is sealed, and shown to none who may not see the run', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const member = await app.member(owner, 'member')
  const definition = draw([manual, data('check', 'validate', { value: 'trigger', schema: { type: 'object', required: ['there'] } }), data('out', 'transform', { expression: 'trigger.secret' })], 'start>check', 'check>out')
  const workflow = await publish(app, owner, definition)
  const ran = await run(app, owner, workflow, { secret: 'marker-in-a-test' })
  assert.equal(ran.status, 'failed')
  const kept = await keep(app, owner, ran)
  assert.equal(kept.status, 'failed')
  assert.equal((await app.as(member, 'POST', `/workflows/${workflow.id}/tests`, { runId: ran.id })).status, 403)
  const curious = draw([manual, data('check', 'mapping', { fields: { secret: '${{ trigger.secret }}' } }), data('out', 'transform', { expression: 'trigger.secret' })], 'start>check', 'check>out')
  const theirs = await replay(app, member, workflow.id, curious)
  assert.equal(theirs.results[0].passed, false)
  assert.equal(JSON.stringify(theirs).includes('marker-in-a-test'), false)
  assert.equal((await replay(app, owner, workflow.id, definition)).results[0].passed, true)
  const mended = await replay(app, owner, workflow.id, set(definition, 'check', { schema: { type: 'object' } }))
  assert.match(mended.results[0].divergence.message, /what check gives is another/)
  assert.deepEqual(await app.query(`select id from workflow_tests where position('marker-in-a-test' in workflow_tests::text) > 0 or position(encode('marker-in-a-test', 'hex') in workflow_tests::text) > 0`), [])
})
