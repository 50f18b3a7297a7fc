// Webhooks switched off for a tenant: nothing leaves, what waited goes on afterwards, what happens meanwhile is not sent at all.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { testApp } from '../../testing/app.ts'

test('a tenant that this process has not heard of for a while gets its deliveries: its plan is asked of the tables (X2, S4.7)', async (t) => {
  const app = await testApp(t, { settings: { EGRESS_ALLOW: '127.0.0.1' } })
  const ops = await app.register('Operator')
  const ada = await app.register('Ada')
  const tenant = ada.tenant!.id
  await app.ok(ada, 'POST', '/webhooks', { url: 'http://127.0.0.1:9/', events: ['settings.changed'] })
  const definition = { nodes: [{ id: 'seen', primitive: 'trigger', type: 'event', settings: { event: 'settings.changed' } }, { id: 'out', primitive: 'data', type: 'mapping', settings: { fields: { ok: 'yes' } } }], edges: [{ from: 'seen', to: 'out' }] }
  const { id } = await app.ok(ada, 'POST', '/workflows', { name: 'Seen', definition })
  await app.ok(ada, 'POST', `/workflows/${id}/publish`, {})
  const [plan] = (await app.ok(ops, 'GET', '/plans')).items
  await app.ok(ops, 'PATCH', `/plans/${plan.id}`, { description: 'what is remembered of all tenants ends' })
  await app.settled()
  // by no request of the tenant's, as what a schedule or a job does
  const ctx = app.kernel.app.context({ tenant, actor: { type: 'user', id: ada.user.id }, request: 'test' })
  await ctx.happen(async () => ({ happened: [{ name: 'settings.changed' as const, subject: tenant, data: { eventRetentionDays: null } }], result: null }))
  await app.settled()
  assert.deepEqual(await app.query('select reader, error from parked_events'), [])
  const count = async (from: string) => (await app.query<{ n: number }>(`select count(*)::int as n from ${from} where tenant_id = $1`, [tenant]))[0]!.n
  assert.deepEqual([await count('webhook_deliveries'), await count('runs')], [1, 1])
})

test('while webhooks are off nothing is sent and nothing is queued; a delivery that waited goes out when they are on again (S4.7)', async (t) => {
  const app = await testApp(t, { settings: { EGRESS_ALLOW: '127.0.0.1' } })
  const got: string[] = []
  let status = 500
  const server = createServer((req, res) => void req.on('data', (part: Buffer) => got.push((JSON.parse(part.toString('utf8')) as { data: { data: { name?: string } } }).data.data.name ?? '?')).on('end', () => res.writeHead(status).end()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))))
  const ops = await app.register('Operator')
  const [ada, eve] = [await app.register('Ada'), await app.register('Eve')]
  for (const who of [ada, eve]) await app.ok(who, 'POST', '/webhooks', { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, events: ['project.created'] })
  const make = async (name: string, by = ada) => {
    await app.ok(by, 'POST', '/projects', { name })
    await app.settled()
  }
  const change = async (on: boolean) => {
    await app.ok(ops, 'PATCH', `/tenants/${ada.tenant!.id}`, { modules: { webhooks: on } })
    await app.settled()
  }
  const jobs = async () => (await app.query<{ status: string }>(`select status from jobs where tenant_id = $1 and name = 'webhooks.deliver' and status <> 'done'`, [ada.tenant!.id])).map((row) => row.status)
  await make('before')
  assert.deepEqual([got, await jobs()], [['before'], ['ready']], 'it failed and waits for its next try')
  status = 204

  await change(false)
  assert.deepEqual(await jobs(), ['held'])
  await make('meanwhile')
  await make('of another', eve)
  assert.deepEqual([got, await jobs()], [['before', 'of another'], ['held']])
  // one that slipped past, as of a process that has not heard yet: its worker asks before it sends
  await app.query(`update jobs set status = 'ready', run_at = now() where tenant_id = $1 and status = 'held'`, [ada.tenant!.id])
  app.kernel.bell.ring()
  while ((await jobs())[0] !== 'held') await new Promise((resolve) => setTimeout(resolve, 15))
  assert.deepEqual(got, ['before', 'of another'])
  const [{ attempts }] = (await app.query<{ attempts: number }>(`select attempts from jobs where tenant_id = $1 and name = 'webhooks.deliver' and status = 'held'`, [ada.tenant!.id])) as [{ attempts: number }]
  assert.equal(attempts, 0, 'no try is used up')

  await change(true)
  await app.query(`update jobs set run_at = now() where status = 'ready' and name = 'webhooks.deliver'`)
  await app.settled()
  await make('after')
  assert.deepEqual(got, ['before', 'of another', 'before', 'after'])
})
