// Workflows switched off for a tenant: nothing begins, runs under way wait and go on afterwards, steps meet modules that are off.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId } from '../../kernel/ids.ts'
import { testApp } from '../../testing/app.ts'
import { action, begin, condition, data, draw, manual, publish, run, settle } from '../../testing/drawn.ts'

async function setUp(t: TestContext, settings: Record<string, string> = {}) {
  const app = await testApp(t, { settings })
  const ops = await app.register('Operator')
  const ada = await app.register('Ada')
  const tenant = ada.tenant!.id
  const change = async (modules: object) => {
    await app.ok(ops, 'PATCH', `/tenants/${tenant}`, { modules })
    await app.settled()
  }
  const runs = () => app.query<{ id: string; status: string; held: boolean }>('select id, status, held from runs where tenant_id = $1 order by id', [tenant])
  return { app, ops, ada, tenant, change, runs }
}
const until = async (holds: () => Promise<boolean>) => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 15))
}
const nap = (id: string) => action(id, 'wait', { for: '1s' })

test('while workflows are off no event, webhook, letter or schedule begins a run, and what came is not done later (S4.7)', async (t) => {
  const { app, ada, tenant, change, runs } = await setUp(t, { MAIL_IN_DOMAIN: 'in.app.test' })
  const kept = data('out', 'mapping', { fields: { ok: true } })
  const byTrigger = (type: string, settings: object) => draw([{ id: 'go', primitive: 'trigger', type, settings }, kept], 'go>out')
  const made: { id: string }[] = []
  for (const [type, settings] of [['event', { event: 'project.created' }], ['webhook', {}], ['email', {}], ['schedule', { every: '1m', catchUp: 'all', overlap: 'allow' }]] as const) made.push(await publish(app, ada, byTrigger(type, settings), type))
  const addressOf = async (at: number) => (await app.ok(ada, 'GET', `/workflows/${made[at]!.id}/triggers`)).items[0]
  const hook = new URL((await addressOf(1)).url).pathname
  const local = String((await addressOf(2)).address ?? (await addressOf(2)).url).replace(/^mailto:/, '').split('@')[0]!
  const send = () => app.http.inject({ method: 'POST', url: hook, payload: '{}', headers: { 'content-type': 'application/json' } })
  assert.equal((await send()).statusCode, 202)
  assert.equal(await app.letterBox.knows(local), true)
  /** It should have ticked for so many minutes: what was before that is done. */
  const tick = async (minutes: number) => {
    await app.query(`update run_schedules set next_at = date_trunc('minute', now()) - $2 * interval '1 minute' where tenant_id = $1`, [tenant, minutes])
    await until(async () => (await app.query('select 1 from run_schedules where tenant_id = $1 and next_at <= now()', [tenant])).length === 0)
    await app.settled()
  }
  await tick(5)
  const ticked = async () => (await app.query('select 1 from runs where tenant_id = $1 and schedule_id is not null', [tenant])).length
  assert.ok((await ticked()) > 1)

  const ticks = await ticked()
  await change({ workflows: false })
  const before = (await runs()).length
  const lost = await send()
  const unknown = await app.http.inject({ method: 'POST', url: '/hooks/whk_not-a-token-at-all-0000000', payload: '{}' })
  assert.deepEqual([lost.statusCode, lost.json().code, lost.json().detail], [404, 'hook.not_found', unknown.json().detail], 'no hint that the address was ever good')
  assert.equal(await app.letterBox.knows(local), false)
  await app.ok(ada, 'POST', '/projects', { name: 'Made while it was off' })
  await tick(20)
  await app.settled()
  assert.equal((await runs()).length, before)
  const received = await app.query('select 1 from webhook_inbox where tenant_id = $1', [tenant])
  assert.equal(received.length, 1, 'nothing of it is kept either')

  await change({ workflows: true })
  assert.equal((await send()).statusCode, 202)
  await app.ok(ada, 'POST', '/projects', { name: 'Made afterwards' })
  await until(async () => (await app.query(`select 1 from runs where tenant_id = $1 and workflow_id = $2`, [tenant, made[0]!.id])).length > 0)
  await app.settled()
  const begun = async (at: number) => (await app.query(`select 1 from runs where tenant_id = $1 and workflow_id = $2`, [tenant, made[at]!.id])).length
  assert.deepEqual([await begun(0), await begun(1)], [1, 2], 'of what came in between nothing is done')
  assert.equal(await ticked(), ticks, 'ticks of that time are left out, whatever the catch-up says')
  await tick(20)
  assert.ok((await ticked()) > ticks)
})

test('runs under way are held and go on where they were; those that somebody paused stay paused', async (t) => {
  const { app, ada, change, runs, tenant } = await setUp(t)
  const chain = await publish(app, ada, draw([manual, nap('a'), nap('b'), data('out', 'mapping', { fields: { done: true } })], 'start>a', 'a>b', 'b>out'))
  const [going, paused] = [await begin(app, ada, chain), await begin(app, ada, chain)]
  await app.ok(ada, 'POST', `/runs/${paused.id}/pause`)
  await change({ workflows: false })
  await until(async () => (await runs()).every(({ status }) => status === 'paused'))
  assert.deepEqual((await runs()).map(({ id, held }) => [id, held]).sort(), [[going.id, true], [paused.id, false]].sort())
  const steps = () => app.query<{ n: number }>(`select count(*)::int as n from run_steps where tenant_id = $1 and state = 'done'`, [tenant])
  const [{ n: done }] = (await steps()) as [{ n: number }]
  // a run that slipped in, as one of a process that has not heard yet: it is not begun
  const late = newId()
  await app.query(`insert into runs (tenant_id, id, workflow_id, workflow_version, actor_type, actor_id, input, entry, due_at) select tenant_id, $1, workflow_id, workflow_version, actor_type, actor_id, input, entry, now() from runs where id = $2`, [late, going.id])
  app.kernel.bell.ring()
  await until(async () => (await runs()).find(({ id }) => id === late)!.held)
  assert.equal((await steps())[0]!.n, done)
  await change({ workflows: true })
  assert.equal((await settle(app, ada, going.id)).status, 'completed')
  assert.deepEqual((await runs()).map(({ id, held }) => [id, held]).sort(), [[going.id, false], [paused.id, false], [late, false]].sort())
  assert.equal((await app.ok(ada, 'GET', `/runs/${paused.id}`)).status, 'paused')
  await app.ok(ada, 'POST', `/runs/${paused.id}/resume`)
  assert.equal((await settle(app, ada, paused.id)).status, 'completed')
})

test('two processes: within two seconds no step begins, whoever was told', async (t) => {
  const { app, ops, ada, tenant } = await setUp(t)
  const beside = await testApp(t, { beside: app })
  const many = await publish(app, ada, draw([manual, condition('each', 'loop', { items: 'trigger.list' }), data('x', 'transform', { expression: 'item' })], 'start>each', 'each>x each', 'x>each'))
  const list = Array.from({ length: 2000 }, (_, i) => i)
  for (let i = 0; i < 6; i++) await begin(app, ada, many, { list })
  const count = async () => (await app.query<{ n: number }>(`select count(*)::int as n from run_steps where tenant_id = $1`, [tenant]))[0]!.n
  await until(async () => (await count()) > 40)
  await beside.ok(ops, 'PATCH', `/tenants/${tenant}`, { modules: { workflows: false } })
  const [{ at }] = (await app.query<{ at: Date }>(`select at from events where name = 'tenant-plan.changed'`)) as [{ at: Date }]
  await until(async () => (await app.query(`select 1 from runs where tenant_id = $1 and status <> 'paused'`, [tenant])).length === 0)
  const { ms } = (await app.query<{ ms: number }>(`select (extract(epoch from max(started_at) - $2::timestamptz) * 1000)::float8 as ms from run_steps where tenant_id = $1`, [tenant, at.toISOString()]))[0]!
  assert.ok(ms < 2000, `the last step began ${ms} ms after it was switched off`)
  t.diagnostic(`the last step began ${Math.round(ms)} ms after it was switched off`)
})

test('a step meets a module that is off with its name: an operation, a connection, and what began it by a key', async (t) => {
  const { app, ada, change, tenant } = await setUp(t)
  const project = await app.ok(ada, 'POST', '/projects', { name: 'Tulips' })
  const connection = await app.ok(ada, 'POST', '/connections', { name: 'API', type: 'bearer', settings: { baseUrl: 'http://127.0.0.1:9/api' }, secrets: { token: 'token' } })
  const task = await publish(app, ada, draw([manual, action('make', 'tasks.create', { projectId: project.id, title: 'Water them' })], 'start>make'))
  const outside = await publish(app, ada, draw([manual, action('ask', 'api_call', { url: '/x', method: 'GET' }, { connectionId: connection.id })], 'start>ask'))
  await change({ tasks: false, connections: false })
  const made = await run(app, ada, task)
  assert.deepEqual([made.status, made.error?.code, made.error?.message], ['failed', 'module.off', 'tasks.create is not there: tasks is switched off for this tenant'])
  const asked = await run(app, ada, outside)
  assert.deepEqual([asked.status, asked.error.code, asked.error.message], ['failed', 'module.off', 'connections are switched off for this tenant'])
  assert.equal((await app.query('select 1 from tasks where tenant_id = $1', [tenant])).length, 0)
  await change({ tasks: true, connections: true })
  assert.equal((await run(app, ada, task)).status, 'completed')

  const { key } = await app.ok(ada, 'POST', '/api-keys', { name: 'Robot', scopes: ['read', 'write', 'admin'] })
  const slow = await publish(app, ada, draw([manual, nap('n'), action('make', 'tasks.create', { projectId: project.id, title: 'By a key' })], 'start>n', 'n>make'))
  const byKey = await begin(app, key as string, slow)
  await change({ keys: false })
  const ended = await settle(app, ada, byKey.id)
  assert.deepEqual([ended.status, ended.error.code], ['failed', 'run.no_rights'])
})
