// The plan's runs of a month: refused where somebody asks and waits, parked where nobody would hear it.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId, platformId } from '../../../kernel/ids.ts'
import { testApp } from '../../../testing/app.ts'
import { begin, data, draw, manual, publish, settle } from '../../../testing/drawn.ts'

async function setUp(t: TestContext) {
  const app = await testApp(t)
  const ops = await app.register('Operator')
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  const tenant = ada.tenant!.id
  const limit = (runs: number | null) => app.ok(ops, 'PATCH', `/tenants/${tenant}`, { limits: { runs } })
  const figure = async () => (await app.ok(ada, 'GET', '/usage')).items.find((item: { meter: string }) => item.meter === 'runs')
  const count = async (where = 'true') => Number((await app.query<{ n: string }>(`select count(*) as n from runs where tenant_id = $1 and ${where}`, [tenant]))[0]!.n)
  return { app, ops, ada, tenant, limit, figure, count }
}

test('50 starts at once against a limit of 20 leave exactly 20 runs, and each refusal says why (X8, S2.12)', async (t) => {
  const { app, ada, limit, figure, count } = await setUp(t)
  const workflow = await publish(app, ada, draw([manual, data('d', 'transform', { expression: '1' })], 'start>d'))
  await limit(20)
  const answers = await Promise.all(Array.from({ length: 50 }, () => app.as(ada, 'POST', `/workflows/${workflow.id}/runs`, {})))
  const refused = answers.filter(({ status }) => status !== 202)
  assert.equal(refused.length, 30)
  for (const { status, body } of refused) assert.deepEqual([status, body.code, body.meter, body.limit, body.used, body.plan], [403, 'plan.limit_reached', 'runs', 20, 20, 'free'])
  assert.equal(await count(), 20)
  await app.settled()
  const now = await figure()
  assert.deepEqual([now.used, now.limit, now.per, now.days.at(-1).added], [20, 20, 'month', 20])
  const { items } = await app.ok(ada, 'GET', '/notifications')
  assert.ok(items.some((one: { title: string | null }) => one.title?.includes('runs of the month')), 'admins are told at the marks')
  assert.equal((await app.query(`select from events where name = 'usage.warned' and data ->> 'meter' = 'runs'`)).length, 2)
  await limit(21) // lifts at once
  await settle(app, ada, (await begin(app, ada, workflow)).id)
  assert.equal((await app.as(ada, 'POST', `/workflows/${workflow.id}/runs`, {})).status, 403)
})

test('what an event begins beyond the limit is parked, told of, and goes on when there is room: once each', async (t) => {
  const { app, ops, ada, limit, figure, count, tenant } = await setUp(t)
  const workflow = await publish(app, ada, draw([{ id: 'e', primitive: 'trigger', type: 'event', settings: { event: 'project.created' } }, data('d', 'transform', { expression: 'trigger.subject.id' })], 'e>d'))
  await limit(2)
  const made: string[] = []
  for (let n = 0; n < 5; n++) made.push((await app.ok(ada, 'POST', '/projects', { key: `P${n}`, name: `Project ${n}` })).id)
  await app.settled()
  assert.deepEqual([await count(), await count(`status = 'completed'`), await count(`status = 'paused' and over_limit`)], [5, 2, 3])
  assert.deepEqual([(await figure()).used, (await figure()).days.at(-1)], [2, { day: new Date().toISOString().slice(0, 10), added: 5, removed: 3, level: null }])
  const notices = (await app.ok(ada, 'GET', '/notifications')).items.filter((one: { title: string | null }) => one.title?.startsWith('Runs wait'))
  assert.equal(notices.length, 1)
  const parked = (await app.ok(ada, 'GET', `/runs?workflowId=${workflow.id}&status=paused`)).items
  assert.deepEqual(parked.map((run: { parked: boolean }) => run.parked), [true, true, true], 'told apart from what somebody paused')
  assert.equal((await app.ok(ada, 'GET', `/runs/${parked[0].id}`)).parked, true)
  const refused = await app.as(ada, 'POST', `/runs/${parked[0].id}/resume`)
  assert.deepEqual([refused.status, refused.body.code], [403, 'plan.limit_reached'], 'by hand neither')
  await limit(4)
  await admit(app)
  assert.deepEqual([await count(`status = 'completed'`), await count('over_limit')], [4, 1])
  await admit(app)
  assert.deepEqual([await count(`status = 'completed'`), await count('over_limit')], [4, 1])
  await app.ok(ops, 'PATCH', `/tenants/${tenant}`, { plan: 'enterprise', limits: { runs: null } })
  await admit(app)
  const results = await Promise.all((await app.ok(ada, 'GET', `/runs?workflowId=${workflow.id}`)).items.map(async (run: { id: string }) => (await app.ok(ada, 'GET', `/runs/${run.id}`)).results.d))
  assert.deepEqual(results.sort(), made.sort())
  assert.ok((await app.ok(ada, 'GET', `/runs?workflowId=${workflow.id}`)).items.every((run: { parked: boolean }) => !run.parked))
  assert.equal((await figure()).used, 5)
})
/** The job that lets parked runs through, at once. */
async function admit(app: Awaited<ReturnType<typeof testApp>>): Promise<void> {
  await app.query(`insert into jobs (tenant_id, id, name, data, run_at, max_attempts) values ($1, $2, 'workflows.admit', '{}', now(), 1)`, [platformId, newId()])
  app.kernel.bell.ring()
  await app.settled()
}

test('a parked run can be cancelled, and takes nothing of the plan', async (t) => {
  const { app, ada, limit, figure, count } = await setUp(t)
  await publish(app, ada, draw([{ id: 'e', primitive: 'trigger', type: 'event', settings: { event: 'project.created' } }, data('d', 'transform', { expression: '1' })], 'e>d'))
  await limit(0)
  await app.ok(ada, 'POST', '/projects', { key: 'ONE', name: 'One' })
  await app.settled()
  const [{ id }] = (await app.ok(ada, 'GET', '/runs?status=paused')).items
  await app.ok(ada, 'POST', `/runs/${id}/cancel`)
  const ended = await settle(app, ada, id)
  assert.deepEqual([ended.status, ended.parked], ['cancelled', false])
  await limit(5)
  await admit(app)
  assert.deepEqual([await count(`status = 'cancelled'`), (await figure()).used], [1, 0])
})
