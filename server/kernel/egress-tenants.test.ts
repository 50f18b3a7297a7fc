// What tenants send out: refusals in their log, failing hosts left alone, a bound on what is under way (S4.2).
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { openLocalBus } from '../adapters/bus-local.ts'
import { testKernel } from '../testing/kernel.ts'
import { openEgress } from './egress.ts'
import { EgressRefused } from './egress-reach.ts'
import { egressEvents, HostUnavailable, minding } from './egress-tenants.ts'
import { newId } from './ids.ts'
import { silent } from './log-lines.ts'

async function stage(t: TestContext, answer: RequestListener, limits: { failures?: number; restMs?: number; parallel?: number } = {}) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.9', resolve))
  t.after(() => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))))
  const kernel = await testKernel(t, { groups: [egressEvents] })
  const bus = await openLocalBus({ log: () => {} })
  t.after(() => bus.close())
  const open = () => {
    const egress = minding(openEgress({ allow: ['127.0.0.9'] }), { bus, system: kernel.system, log: silent, limits })
    t.after(() => egress.close())
    return egress
  }
  const url = `http://127.0.0.9:${(server.address() as AddressInfo).port}/`
  const refusals = async () => (await kernel.system.pool.query<{ tenant_id: string; data: { host: string; reason: string } }>(`select tenant_id, data from events where name = 'egress.refused' order by seq`)).rows
  return { kernel, egress: open(), another: open, url, refusals }
}
const why = (answer: Promise<unknown>) => answer.then(() => undefined, (error: unknown) => error)

test('a refusal is told once in its tenant\'s log, with the host and without path or query', async (t) => {
  const { egress, refusals } = await stage(t, (_, res) => res.end())
  const tenant = newId()
  for (let i = 0; i < 3; i++) assert.ok((await why(egress.fetch('http://127.0.0.1/secret?token=hush', { for: { tenant } }))) instanceof EgressRefused)
  await why(egress.dial({ host: '/var/run/db', port: 5432, for: { tenant } }))
  await why(egress.fetch('http://10.0.0.1/')) // of no tenant: nobody's log
  const told = await refusals()
  assert.deepEqual(told.map(({ tenant_id, data }) => [tenant_id, data.host]), [[tenant, '127.0.0.1'], [tenant, '?var?run?db']])
  assert.ok(!JSON.stringify(told).includes('hush') && !JSON.stringify(told).includes('secret'))
})

test('a host that fails several times in a row is left alone for that tenant, and asked again after a rest', async (t) => {
  let up = false
  let asked = 0
  const { egress, url } = await stage(t, (_, res) => (asked++, res.writeHead(up ? 200 : 503).end()), { failures: 3, restMs: 1500 })
  const tenant = newId()
  const get = (of = tenant) => egress.fetch(url, { for: { tenant: of } })
  for (let i = 0; i < 3; i++) assert.equal((await get()).status, 503) // the answer is the caller's all the same
  const before = Date.now()
  const error = (await why(get())) as HostUnavailable
  assert.ok(error instanceof HostUnavailable && error.code === 'CIRCUIT_OPEN' && error.retryAt > before && error.retryAt <= Date.now() + 1500)
  assert.equal(asked, 3)
  assert.equal((await get(newId())).status, 503) // of another tenant: its own count
  up = true
  await new Promise((resolve) => setTimeout(resolve, error.retryAt - Date.now() + 20))
  assert.equal((await get()).status, 200)
  assert.equal((await get()).status, 200)
})

test('refusals and answers about one request open nothing', async (t) => {
  const { egress, url } = await stage(t, (_, res) => res.writeHead(500).end(), { failures: 2 })
  const tenant = newId()
  for (let i = 0; i < 5; i++) assert.equal((await egress.fetch(url, { for: { tenant } })).status, 500)
  for (let i = 0; i < 5; i++) assert.ok((await why(egress.fetch(url, { for: { tenant }, hosts: ['x.test'] }))) instanceof EgressRefused)
})

test('another process that joins later, or runs beside, knows what was seen', async (t) => {
  const { egress, another, url } = await stage(t, (_, res) => res.writeHead(502).end(), { failures: 2, restMs: 60_000 })
  const tenant = newId()
  const beside = another()
  await beside.fetch(url, { for: { tenant } })
  for (let i = 0; i < 2; i++) await egress.fetch(url, { for: { tenant } })
  await new Promise((resolve) => setImmediate(resolve)) // hints are told after the publisher's own work
  for (const one of [beside, another()]) assert.ok((await why(one.fetch(url, { for: { tenant } }))) instanceof HostUnavailable)
})

test('no tenant has more than its share under way to one host', async (t) => {
  const waiting: (() => void)[] = []
  const { egress, url } = await stage(t, (_, res) => waiting.push(() => res.end()), { parallel: 2 })
  const tenant = newId()
  const first = [1, 2].map(() => egress.fetch(url, { for: { tenant } }))
  while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  const error = (await why(egress.fetch(url, { for: { tenant } }))) as HostUnavailable
  assert.deepEqual([error.name, error.code], ['EgressFailed', 'BULKHEAD_FULL'])
  for (const answer of waiting) answer()
  assert.deepEqual((await Promise.all(first)).map((r) => r.status), [200, 200])
})
