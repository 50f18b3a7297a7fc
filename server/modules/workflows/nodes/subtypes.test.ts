// Every subtype that the catalogue names does what it says, in runs of the product (S0.7). What a test elsewhere shows in full stands there: letters and
// providers in triggers/, presets in connections/, engines in engine/.
import assert from 'node:assert/strict'
import net, { type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import type pg from 'pg'
import { testApp, type Caller, type TestApp } from '../../../testing/app.ts'
import { action, begin, condition, data, draw, manual, publish, run, runsOf, settle, type Node } from '../../../testing/drawn.ts'
import { openOtherSide } from '../../../testing/other-side.ts'

const opened = { EGRESS_ALLOW: '127.0.0.9' }
const trigger = (id: string, type: string, settings: object = {}): Node => ({ id, primitive: 'trigger', type, settings })
const mark = (id: string): Node => data(id, 'mapping', { fields: {} })
async function done(app: TestApp, who: Caller, definition: object, input?: unknown) {
  const ended = await run(app, who, await publish(app, who, definition), input)
  assert.equal(ended.status, 'completed', JSON.stringify([ended.error, ended.steps]))
  return ended
}

test('the catalogue holds every subtype that is asked for, and types that are not in it are refused (S0.7)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const { types } = await app.ok(owner, 'GET', '/workflows/schema')
  const named = (primitive: string): string[] => types.filter((one: Node) => one.primitive === primitive).map((one: Node) => one.type)
  const wanted = {
    trigger: ['event', 'database', 'schedule', 'webhook', 'manual', 'api', 'email', 'sms', 'iot'], action: ['api_call', 'email_send', 'db_query', 'notification', 'transform', 'wait', 'approval', 'custom', 'workflow', 'tasks.create', 'tasks.move', 'invitations.create'],
    connection: ['api', 'api_key', 'basic', 'bearer', 'oauth', 'database', 'webhook', 'smtp', 'gmail', 'slack', 'hubspot', 'github'], condition: ['if_else', 'filter', 'switch', 'loop', 'compare', 'regex', 'json_path'],
    data: ['mapping', 'transform', 'filter', 'merge', 'split', 'enrich', 'validate', 'aggregate'],
  }
  for (const [primitive, all] of Object.entries(wanted)) assert.deepEqual(all.filter((type) => !named(primitive).includes(type)), [], primitive)
  for (const one of types) assert.ok(one.title && one.description && one.settings.type === 'object', `${one.primitive}.${one.type} says what it is`)
  const { faults } = await app.ok(owner, 'POST', '/workflows/validate', { definition: draw([manual, action('a', 'teleport')], 'start>a') })
  assert.deepEqual(faults.map((fault: { code: string; path: string }) => `${fault.code} ${fault.path}`), ['unknown_type /nodes/1/type'])
})

test('conditions divide the way: switch, compare, regex, JSON path, filter, if/else, each by structure or by code', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const ways = { sw: ['case:a', 'case:big', 'case:default'], cmp: ['true', 'false'], text: ['true', 'false'], path: ['true', 'false'], one: ['true', 'false'], only: ['true'], odd: ['true', 'false'] }
  const nameOf = (id: string, way: string) => `${id}_${way.replace('case:', '')}`
  const workflow = await publish(app, owner, draw([
    manual,
    condition('sw', 'switch', { value: 'trigger.kind', cases: [{ name: 'a', equals: 'a' }, { name: 'big', condition: { left: { path: 'trigger.n' }, op: 'gt', right: { value: 10 } } }] }),
    condition('cmp', 'compare', { left: 'trigger.n', operator: 'ge', right: '5' }),
    condition('text', 'regex', { text: 'trigger.text', pattern: '^order (\\d+)$', ignoreCase: true }),
    condition('path', 'json_path', { value: 'trigger.doc', path: '$.items[*].sku' }), condition('one', 'json_path', { value: 'trigger.doc', path: '$..sku', equals: 'Y2' }),
    condition('only', 'filter', { condition: { left: { path: 'trigger.n' }, op: 'gt', right: { value: 5 } } }), condition('odd', 'if_else', { expression: 'trigger.n % 2 === 1' }),
    ...Object.entries(ways).flatMap(([id, all]) => all.map((way) => data(nameOf(id, way), 'transform', { expression: id === 'text' && way === 'true' ? 'nodes.text.output.groups' : id === 'path' && way === 'true' ? 'nodes.path.output.values' : '1' }))),
  ], ...Object.keys(ways).map((id) => `start>${id}`), ...Object.entries(ways).flatMap(([id, all]) => all.map((way) => `${id}>${nameOf(id, way)} ${way}`))))
  const taken = async (input: object) => {
    const { status, results, error } = await run(app, owner, workflow, input)
    assert.equal(status, 'completed', JSON.stringify(error))
    return Object.keys(results).filter((id) => id.includes('_')).sort().concat(...[results.text_true, results.path_true].filter(Boolean))
  }
  assert.deepEqual(await taken({ kind: 'a', n: 4, text: 'Order 17', doc: { items: [{ sku: 'X1' }, { sku: 'Y2' }] } }), ['cmp_false', 'odd_false', 'one_true', 'path_true', 'sw_a', 'text_true', '17', 'X1', 'Y2'])
  assert.deepEqual(await taken({ kind: 'z', n: 15, text: 'an order', doc: { items: [] } }), ['cmp_true', 'odd_true', 'one_false', 'only_true', 'path_false', 'sw_big', 'text_false'])
  assert.deepEqual(await taken({ kind: null, n: 5, text: null, doc: null }), ['cmp_true', 'odd_true', 'one_false', 'path_false', 'sw_default', 'text_false'])
})

test('data: map, transform, filter, merge, split, enrich, validate, aggregate', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const nodes = [
    data('mapped', 'mapping', { fields: { count: '${{ trigger.rows.length }}', text: 'of ${{ trigger.name }}' } }), data('shaped', 'transform', { expression: 'trigger.rows.map((row) => row.id)' }),
    data('kept', 'filter', { items: 'trigger.rows', where: 'item.n > 1 && index > 1' }), data('merged', 'merge', { inputs: ['trigger.rows', 'trigger.more'], by: 'id' }), data('joined', 'merge', { inputs: ['trigger.one', 'trigger.two', 'null'] }),
    data('chained', 'merge', { inputs: ['trigger.rows', 'trigger.more'] }), data('portions', 'split', { items: 'trigger.rows', size: 2 }), data('enriched', 'enrich', { items: 'trigger.rows', from: 'trigger.more', key: 'id', match: 'id', as: 'place' }),
    data('widened', 'enrich', { items: 'trigger.rows', from: 'trigger.more', key: 'id', match: 'id' }), data('judged', 'validate', { value: 'trigger.name', schema: { type: 'number' }, otherwise: 'tell' }),
    data('summed', 'aggregate', { items: 'trigger.rows', groupBy: 'item.team', measures: [{ name: 'many', of: 'count' }, { name: 'total', of: 'sum', value: 'item.n' }, { name: 'mean', of: 'average', value: 'item.n' }, { name: 'low', of: 'least', value: 'item.n' }, { name: 'high', of: 'greatest', value: 'item.n' }] }),
  ]
  const [one, two, three] = [{ id: 1, n: 1, team: 'x' }, { id: 2, n: 2, team: 'y' }, { id: 3, n: 3, team: 'x' }]
  const { results } = await done(app, owner, draw([manual, ...nodes], ...nodes.map(({ id }) => `start>${id}`)), { name: 'Ada', one: { a: 1, b: 1 }, two: { b: 2 }, rows: [one, two, three], more: [{ id: 2, city: 'Rome' }, { id: 9, city: 'Oslo' }] })
  assert.deepEqual(results, {
    mapped: { count: 3, text: 'of Ada' }, shaped: [1, 2, 3], kept: [three], merged: [one, { ...two, city: 'Rome' }, three, { id: 9, city: 'Oslo' }], joined: { a: 1, b: 2 }, chained: [one, two, three, { id: 2, city: 'Rome' }, { id: 9, city: 'Oslo' }],
    portions: [[one, two], [three]], enriched: [{ ...one, place: null }, { ...two, place: { id: 2, city: 'Rome' } }, { ...three, place: null }], widened: [one, { ...two, city: 'Rome' }, three], judged: { valid: false, faults: results.judged.faults },
    summed: [{ group: 'x', many: 2, total: 4, mean: 2, low: 1, high: 3 }, { group: 'y', many: 1, total: 2, mean: 2, low: 2, high: 2 }],
  })
  assert.equal(results.judged.faults.length, 1)
})

test('a run waits for a while, until a time, for an event about something, and no longer than it may', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const project = await app.ok(owner, 'POST', '/projects', { key: 'WEB', name: 'Web' })
  const [task, other] = [await app.ok(owner, 'POST', '/tasks', { projectId: project.id, title: 'Awaited' }), await app.ok(owner, 'POST', '/tasks', { projectId: project.id, title: 'Another' })]
  await done(app, owner, draw([manual, action('pause', 'wait', { for: '1s' }), action('then', 'wait', { until: '${{ trigger.at }}' }), mark('end')], 'start>pause', 'pause>then', 'then>end'), { at: new Date(Date.now() + 500).toISOString() })
  const hears = await publish(app, owner, draw([manual, action('hear', 'wait', { event: 'task.moved', subject: '${{ trigger.task }}' }), data('to', 'transform', { expression: 'nodes.hear.output.payload.data.to' })], 'start>hear', 'hear>to'))
  const held = await begin(app, owner, hears, { task: task.id })
  await settle(app, owner, held.id, /waiting/)
  await app.ok(owner, 'PATCH', `/tasks/${other.id}/move`, { status: 'doing' })
  await app.settled()
  assert.equal((await app.ok(owner, 'GET', `/runs/${held.id}`)).status, 'waiting', 'of another task')
  await app.ok(owner, 'PATCH', `/tasks/${task.id}/move`, { status: 'done' })
  assert.deepEqual((await settle(app, owner, held.id)).results, { to: 'done' })
  const bounded = draw([manual, action('hear', 'wait', { event: 'task.moved', subject: '${{ trigger.task }}', timeout: '1s' }), mark('heard'), mark('late')], 'start>hear', 'hear>heard', 'hear>late case:timeout')
  assert.ok('late' in (await done(app, owner, bounded, { task: other.id })).results)
  const wrong = await run(app, owner, hears, { task: 'no id' })
  assert.deepEqual([wrong.status, wrong.error.code], ['failed', 'step.invalid'])
})

test('a run that waits hears of nothing that its people may not see (S0.16)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const ann = await app.member(owner, 'member', 'Ann')
  const project = await app.ok(owner, 'POST', '/projects', { key: 'SEC', name: 'Secret', visibility: 'private' })
  const task = await app.ok(owner, 'POST', '/tasks', { projectId: project.id, title: 'hidden' })
  const definition = draw([manual, action('hear', 'wait', { event: 'task.changed', subject: '${{ trigger.task }}' }), data('said', 'transform', { expression: 'nodes.hear.output.payload.data' })], 'start>hear', 'hear>said')
  const begun = async (who: Caller) => {
    const { id } = await begin(app, who, await publish(app, who, definition), { task: task.id })
    await settle(app, who, id, /waiting/)
    return id as string
  }
  const [hers, his] = [await begun(ann), await begun(owner)]
  await app.ok(owner, 'PATCH', `/tasks/${task.id}`, { title: 'the secret word' })
  await settle(app, owner, his)
  await app.settled()
  assert.equal((await app.ok(ann, 'GET', `/runs/${hers}`)).status, 'waiting')
  assert.deepEqual(await app.query(`select from run_signals where run_id = $1`, [hers]), [])
  await app.ok(owner, 'PUT', `/projects/${project.id}/members/${ann.user.id}`, { role: 'viewer' })
  await app.ok(owner, 'PATCH', `/tasks/${task.id}`, { title: 'an open word' })
  assert.equal((await settle(app, ann, hers)).results.said.to.title, 'an open word')
})

test('a run that a key began waits for an event and hears it, as long as the key is good (S0.3, S0.16)', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const project = await app.ok(ada, 'POST', '/projects', { key: 'WEB', name: 'Web' })
  const task = await app.ok(ada, 'POST', '/tasks', { projectId: project.id, title: 'first' })
  const workflow = await publish(app, ada, draw([manual, action('hear', 'wait', { event: 'task.changed', subject: '${{ trigger.task }}' })], 'start>hear'))
  const { key, id: keyId } = await app.ok(ada, 'POST', '/api-keys', { name: 'Robot', scopes: ['read', 'write', 'admin'] })
  const [heard, deaf] = [(await begin(app, key, workflow, { task: task.id })).id, (await begin(app, key, workflow, { task: task.id })).id]
  for (const id of [heard, deaf]) await settle(app, ada, id, /waiting/)
  await app.query(`update event_waits set event = 'task.deleted' where run_id = $1`, [deaf])
  await app.ok(ada, 'PATCH', `/tasks/${task.id}`, { title: 'second' })
  assert.equal((await settle(app, ada, heard)).status, 'completed')
  await app.ok(ada, 'DELETE', `/api-keys/${keyId}`)
  await app.ok(ada, 'DELETE', `/tasks/${task.id}`)
  await app.settled()
  assert.equal((await app.ok(ada, 'GET', `/runs/${deaf}`)).status, 'waiting')
  assert.deepEqual(await app.query('select reader, error from parked_events'), [])
})

test('a run reaches nothing of another tenant: no task, person, connection, workflow or event of it (S2.8)', async (t) => {
  const app = await testApp(t)
  const [ada, eve] = [await app.register('Ada'), await app.register('Eve')]
  const project = await app.ok(ada, 'POST', '/projects', { key: 'WEB', name: 'Web' })
  const task = await app.ok(ada, 'POST', '/tasks', { projectId: project.id, title: 'of Ada' })
  const connection = await app.ok(ada, 'POST', '/connections', { name: 'Shop', type: 'bearer', settings: { baseUrl: 'https://shop.example.com' }, secrets: { token: 'a-token-of-ada' } })
  const inner = await publish(app, ada, draw([manual, mark('inner')], 'start>inner'))
  const tries: [Node, string][] = [
    [action('x', 'tasks.get', { id: task.id }), 'task.not_found'], [action('x', 'tasks.change', { id: task.id, priority: 'low' }), 'task.not_found'], [action('x', 'tasks.create', { projectId: project.id, title: 'of Eve' }), 'project.not_found'],
    [action('x', 'notification', { people: ada.user.id, message: 'hello' }), 'member.not_found'], [action('x', 'email_send', { to: ada.user.id, subject: 's', text: 't' }), 'member.not_found'], [action('x', 'approval', { title: 'ok?', people: ada.user.id }), 'member.not_found'],
  ]
  for (const [node, code] of tries) {
    const ended = await run(app, eve, await publish(app, eve, draw([manual, node], 'start>x')))
    assert.deepEqual([ended.status, ended.error?.code], ['failed', code], node.type)
  }
  for (const node of [action('x', 'api_call', { method: 'GET', url: '/' }, { connectionId: connection.id }), action('x', 'workflow', { workflowId: inner.id })]) {
    const made = await app.ok(eve, 'POST', '/workflows', { name: 'x', definition: draw([manual, node], 'start>x') })
    assert.equal((await app.as(eve, 'POST', `/workflows/${made.id}/publish`, {})).body.code, 'workflow.invalid', node.type)
  }
  const hears = await begin(app, eve, await publish(app, eve, draw([manual, action('x', 'wait', { event: 'task.moved', subject: task.id })], 'start>x')))
  await settle(app, eve, hears.id, /waiting/)
  const listens = await publish(app, eve, draw([trigger('e', 'event', { event: 'task.moved' }), mark('heard')], 'e>heard'))
  await app.ok(ada, 'PATCH', `/tasks/${task.id}/move`, { status: 'done' })
  assert.deepEqual([(await runsOf(app, eve, listens)).length, (await app.ok(eve, 'GET', `/runs/${hears.id}`)).status], [0, 'waiting'])
  assert.deepEqual([(await app.ok(ada, 'GET', `/tasks/${task.id}`)).priority, (await app.ok(ada, 'GET', `/tasks?projectId=${project.id}`)).items.length, (await app.ok(ada, 'GET', '/runs')).items.length], [task.priority, 1, 0])
})

test('an approval goes to a role, is escalated when nobody decides, and ends with its deadline (S0.7)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const [admin, member] = [await app.member(owner, 'admin', 'Ann'), await app.member(owner, 'member', 'Bob')]
  const asking = (settings: object, ...more: string[]) => draw([manual, action('review', 'approval', { title: 'Pay?', ...settings }), mark('yes'), mark('no'), mark('late')], 'start>review', 'review>yes true', 'review>no false', ...(more.length ? more : ['no>late']))
  const open = async (definition: object) => {
    const { id } = await begin(app, owner, await publish(app, owner, definition))
    await settle(app, owner, id, /waiting|completed|failed/)
    return { id, asked: (await app.ok(owner, 'GET', `/approvals?runId=${id}`)).items[0] }
  }
  const mine = async (who: Caller, id: string) => (await app.as(who, 'GET', `/approvals/${id}`)).body.mine ?? false
  const byRole = await open(asking({ role: 'admin' }))
  assert.deepEqual([await mine(owner, byRole.asked.id), await mine(admin, byRole.asked.id), await mine(member, byRole.asked.id)], [true, true, false])
  await app.ok(admin, 'POST', `/approvals/${byRole.asked.id}`, { decision: 'approve' })
  assert.deepEqual(Object.keys((await settle(app, owner, byRole.id)).results), ['yes'])

  const raised = await open(asking({ people: [member.user.id], escalateAfter: '1h', escalateTo: 'admin', deadline: '2d' }))
  assert.deepEqual([raised.asked.escalatedAt, await mine(owner, raised.asked.id), await mine(admin, raised.asked.id), await mine(member, raised.asked.id)], [null, false, false, true])
  assert.ok(raised.asked.escalatesAt < raised.asked.deadlineAt)
  assert.equal((await app.as(admin, 'POST', `/approvals/${raised.asked.id}`, { decision: 'approve' })).status, 403, 'before its time it is not theirs')
  await app.query(`update jobs set run_at = now() where name = 'workflows.escalate'`) // the hour has passed
  app.kernel.bell.ring()
  await app.settled()
  const now = await app.ok(admin, 'GET', `/approvals/${raised.asked.id}`)
  assert.deepEqual([now.mine, now.status, typeof now.escalatedAt], [true, 'pending', 'string'])
  assert.ok((await app.ok(admin, 'GET', '/notifications')).items.some((notice: { title: string | null }) => notice.title === 'Nobody has decided yet: Pay?'))
  assert.equal((await app.ok(owner, 'GET', '/events?name=approval.escalated')).items.length, 1)
  await app.ok(admin, 'POST', `/approvals/${raised.asked.id}`, { decision: 'reject' })
  assert.ok('late' in (await settle(app, owner, raised.id)).results)

  const late = await open(asking({ role: 'admin', deadline: '1s' }, 'review>late case:timeout'))
  assert.deepEqual(Object.keys((await settle(app, owner, late.id)).results), ['late'])
  await app.settled()
  assert.equal((await app.ok(owner, 'GET', `/approvals/${late.asked.id}`)).status, 'timed_out')
  assert.equal((await app.as(admin, 'POST', `/approvals/${late.asked.id}`, { decision: 'approve' })).body.code, 'approval.decided')
  const unheard = await open(asking({ role: 'admin', deadline: '1s' }))
  assert.equal((await settle(app, owner, unheard.id)).error.code, 'approval.timed_out')
})

test('a record that is created, changed or deleted begins the runs that listen for it', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const project = await app.ok(owner, 'POST', '/projects', { key: 'WEB', name: 'Web' })
  const listening = async (change: string, filter?: object) => publish(app, owner, draw([trigger('on', 'database', { entity: 'task', change, ...(filter ? { filter } : {}) }), data('name', 'transform', { expression: 'trigger.name' })], 'on>name'))
  const [created, changed, deleted, any, done] = [await listening('created'), await listening('changed'), await listening('deleted'), await listening('any'), await listening('changed', { left: { path: 'data.toCategory' }, op: 'eq', right: { value: 'done' } })]
  const task = await app.ok(owner, 'POST', '/tasks', { projectId: project.id, title: 'One' })
  await app.ok(owner, 'PATCH', `/tasks/${task.id}`, { priority: 'high' })
  await app.ok(owner, 'PATCH', `/tasks/${task.id}/move`, { status: 'done' })
  await app.ok(owner, 'DELETE', `/tasks/${task.id}`)
  const heard = async (workflow: { id: string }) => Promise.all((await runsOf(app, owner, workflow)).map(async ({ id }) => (await settle(app, owner, id)).results.name))
  assert.deepEqual(await Promise.all([created, changed, deleted, any, done].map(heard)), [['task.created'], ['task.changed', 'task.moved'], ['task.deleted'], ['task.created', 'task.changed', 'task.moved', 'task.deleted'], ['task.moved']])
})

test('a schedule as it is drawn: ticks that were missed, and ticks beside a run that goes on', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const scheduled = (settings: object, ...more: Node[]) => publish(app, owner, draw([trigger('clock', 'schedule', { every: '1w', ...settings }), ...more, mark('end')], ...(more.length ? ['clock>hold', 'hold>end'] : ['clock>end'])))
  const idOf = async (workflow: { id: string }) => (await app.ok(owner, 'GET', `/workflows/${workflow.id}/triggers`)).items[0].id
  /** Its next tick was so many weeks ago; weeks count from the epoch. */
  const put = async (workflow: { id: string }, weeks: number) => app.query(`update run_schedules set next_at = to_timestamp((floor(extract(epoch from now()) / 604800) - $2) * 604800) where id = $1`, [await idOf(workflow), weeks])
  /** As if nothing had worked since. */
  const away = async (workflow: { id: string }, weeks: number) => {
    await put(workflow, weeks)
    for (;;) { // the engine looks for due schedules on its own
      app.kernel.bell.ring()
      const [row] = await app.query<{ due: boolean }>('select next_at <= now() as due from run_schedules where id = $1', [await idOf(workflow)])
      if (!row!.due) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return (await runsOf(app, owner, workflow)).length
  }
  const [once, none, all] = [await scheduled({}), await scheduled({ catchUp: 'none' }), await scheduled({ catchUp: 'all', overlap: 'allow' })]
  assert.deepEqual([await away(once, 3), await away(none, 3), await away(all, 3)], [1, 0, 4])
  assert.ok(Date.parse((await app.ok(owner, 'GET', `/workflows/${once.id}/triggers`)).items[0].nextAt) > Date.now())

  const hold = action('hold', 'wait', { signal: 'go' })
  const [skipping, beside] = [await scheduled({ overlap: 'skip' }, hold), await scheduled({ overlap: 'allow' }, hold)]
  for (const workflow of [skipping, beside]) assert.equal(await away(workflow, 2), 1)
  assert.deepEqual([await away(skipping, 1), await away(beside, 1)], [1, 2])
  const queueing = await scheduled({ overlap: 'queue' }, hold)
  assert.equal(await away(queueing, 2), 1)
  await put(queueing, 1)
  await app.settled()
  const [first] = await runsOf(app, owner, queueing)
  assert.equal((await runsOf(app, owner, queueing)).length, 1, 'its turn comes when the run before it is over')
  await app.ok(owner, 'POST', `/runs/${first!.id}/signals/go`)
  await settle(app, owner, first!.id)
  while ((await runsOf(app, owner, queueing)).length < 2) await new Promise((resolve) => setTimeout(resolve, 20))

  await app.ok(owner, 'POST', `/workflows/${once.id}/deactivate`)
  assert.deepEqual(await app.query('select id from run_schedules where id = $1', [await idOf(once)]), [])
})

/** The test's own PostgreSQL behind a door that the guard is told to let through. */
async function databaseDoor(t: TestContext, app: TestApp) {
  const { host, port, user, password, database } = app.database.connection('owner') as pg.ClientConfig & { password: string }
  const sockets = new Set<Socket>()
  const server = net.createServer((socket) => {
    const inner = net.connect(`${host}/.s.PGSQL.${port}`).on('error', () => socket.destroy())
    sockets.add(socket.on('error', () => inner.destroy()).on('close', () => inner.destroy()))
    socket.pipe(inner).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.9', resolve))
  t.after(() => (sockets.forEach((socket) => socket.destroy()), new Promise((resolve) => server.close(resolve))))
  return { settings: { engine: 'postgresql', host: '127.0.0.9', port: (server.address() as AddressInfo).port, database, user, tls: 'off' }, secrets: { password } }
}

test('a database is asked with bound values; a connection that is drawn is tried; code calls the hosts it names and no other', async (t) => {
  const side = await openOtherSide(t, ({ path }) => (path === '/down' ? { status: 500 } : { body: { pong: true } }))
  const app = await testApp(t, { settings: opened })
  const owner = await app.register('Olga')
  const connect = (name: string, type: string, more: object) => app.ok(owner, 'POST', '/connections', { name, type, ...more })
  const ledger = await connect('Ledger', 'database', await databaseDoor(t, app))
  const injected = `'; drop table tasks; --`
  const asked = await done(app, owner, draw([manual, action('ask', 'db_query', { sql: 'select $1::text as name, n from generate_series(1, 5) n', parameters: ['${{ trigger.name }}'], maxRows: 2 }, { connectionId: ledger.id })], 'start>ask'), { name: injected })
  assert.deepEqual(asked.results.ask, { rows: [{ name: injected, n: 1 }, { name: injected, n: 2 }], count: 5, more: true })

  const [works, fails] = [await connect('Works', 'api', { settings: { baseUrl: side.url } }), await connect('Fails', 'api', { settings: { baseUrl: side.url, testPath: '/down' } })]
  const tried = (connectionId: string) => draw([manual, { id: 'service', primitive: 'connection', type: 'api', connectionId, retry: { max: 1 } }, mark('fine'), mark('ill')], 'start>service', 'service>fine', 'service>ill error')
  assert.deepEqual(Object.keys((await done(app, owner, tried(works.id))).results), ['fine'])
  assert.deepEqual(Object.keys((await done(app, owner, tried(fails.id))).results), ['ill'])

  const code = (url: string) => action('code', 'custom', { code: 'export default async (input: { url: string }) => (await fetch(input.url)).json()', input: { url }, hosts: [`127.0.0.9:${side.port}`] }, { retry: { max: 1 } })
  assert.deepEqual((await done(app, owner, draw([manual, code(`${side.url}/ping`)], 'start>code'))).results.code, { pong: true })
  const strayed = await run(app, owner, await publish(app, owner, draw([manual, code('http://127.0.0.9:1/')], 'start>code')))
  assert.match(JSON.stringify(strayed.error), /not among the hosts/)
})

test('every operation of our own that declares itself usable is an action that works, with the rights of the run', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const board = await app.ok(owner, 'POST', '/projects', { key: 'WEB', name: 'Web' })
  const { types } = await app.ok(owner, 'GET', '/workflows/schema')
  const read = (node: string, path: string) => `\${{ nodes.${node}.output.${path} }}`
  /** In this order, each reading what those before it made: what it is set to, and what must come of it. */
  const uses: [operation: string, settings: object, expected: (output: any) => unknown][] = [
    ['projects.create', { key: 'NEW', name: 'New' }, (project) => project.key === 'NEW'],
    ['projects.get', { id: 'NEW' }, (project) => project.name === 'New'],
    ['projects.change', { id: read('projects_create', 'id'), description: 'changed' }, (project) => project.description === 'changed'],
    ['projects.list', {}, ({ items }) => items.length === 2],
    ['tasks.create', { projectId: board.id, title: 'Lighthouse', labels: ['a', 'b'] }, (task) => task.ref === 'WEB-1' && task.labels.length === 2],
    ['tasks.get', { id: read('tasks_create', 'ref') }, (task) => task.title === 'Lighthouse'],
    ['tasks.change', { id: read('tasks_create', 'id'), priority: 'high', assigneeId: '${{ trigger.person }}' }, (task) => task.priority === 'high' && task.assigneeId === owner.user.id],
    ['tasks.move', { id: read('tasks_create', 'id'), status: 'done' }, (task) => task.status === 'done'],
    ['tasks.bulk', { ids: '${{ [nodes.tasks_create.output.id] }}', change: { addLabels: ['c'] } }, Boolean],
    ['tasks.addComment', { id: read('tasks_create', 'id'), text: 'by a run' }, (comment) => comment.authorId === owner.user.id],
    ['tasks.listComments', { id: read('tasks_create', 'id') }, ({ items }) => items[0].text === 'by a run'],
    ['tasks.list', { projectId: board.id }, ({ items }) => items.length === 1 && items[0].labels.length === 3],
    ['tasks.search', { q: 'lighthouse' }, ({ items }) => items.length === 1],
    ['tasks.delete', { id: read('tasks_create', 'id') }, () => true],
    ['members.list', {}, ({ items }) => items.length === 1],
    ['invitations.create', { email: 'guest@example.test', role: 'viewer' }, (invitation) => invitation.email === 'guest@example.test' && !('url' in invitation)],
  ]
  const declared: string[] = types.flatMap((one: { operation: string | null }) => (one.operation ? [one.operation] : []))
  assert.deepEqual(uses.map(([operation]) => operation).sort(), declared.sort(), 'each that is declared is tried here')
  const idOf = (operation: string) => operation.toLowerCase().replace('.', '_')
  const definition = draw([manual, ...uses.map(([operation, settings]) => action(idOf(operation), operation, settings))], ...uses.map(([operation], at) => `${at ? idOf(uses[at - 1]![0]) : 'start'}>${idOf(operation)}`))
  const workflow = await publish(app, owner, definition)
  const ended = await run(app, owner, workflow, { person: owner.user.id })
  assert.equal(ended.status, 'completed', JSON.stringify(ended.error))
  for (const [operation, , expected] of uses) {
    const { output } = ended.steps.find((step: { node: string }) => step.node === idOf(operation))
    assert.ok(expected(output), `${operation} gave ${JSON.stringify(output)}`)
  }
  assert.deepEqual((await app.ok(owner, 'GET', `/tasks?projectId=${board.id}`)).items, [], 'the last of them took the task away')
  // begun by somebody who may less, it may less
  const viewer = await app.member(owner, 'viewer')
  assert.equal((await app.as(viewer, 'POST', `/workflows/${workflow.id}/runs`, {})).status, 403)
  const member = await app.member(owner, 'member')
  const less = await run(app, member, workflow, { person: owner.user.id })
  assert.deepEqual([less.status, less.error.code], ['failed', 'project.key_taken'], 'a member makes projects too; this key is taken')
  const inviting = await publish(app, owner, draw([manual, action('invite', 'invitations.create', { email: 'second@example.test', role: 'viewer' })], 'start>invite'))
  const refused = await run(app, member, inviting)
  assert.deepEqual([refused.status, refused.error.code], ['failed', 'permission.denied'])
})
