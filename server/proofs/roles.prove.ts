// Proof 8, split: one process answers requests, one works, one holds streams, over one database. Each does its part and no other's, and what is nobody's
// part yet waits for whoever comes.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { afterwards } from '../testing/afterwards.ts'
import { startBare } from '../testing/bare-postgres.ts'
import { listen } from '../testing/listen.ts'
import { Product, setupToken } from '../testing/product.ts'
import { pause, type Person } from '../testing/world.ts'

const password = 'herons under a tin roof 58'

test('three processes, each with one role, are one product; none does the part of another', async (t) => {
  const server = await startBare()
  afterwards(t, server.stop)
  await server.run('postgres', 'create database split')
  const env = { DATABASE_URL: server.url('split'), SECRET_KEY: randomBytes(32).toString('base64'), PUBLIC_URL: 'http://split.test' }
  const start = async (role: string): Promise<Product> => {
    const product = new Product(fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-proof-')), { ...env, ROLES: role })
    afterwards(t, () => product.remove())
    await product.start()
    return product
  }
  const api = await start('api')
  const live = await start('live')
  const made = await api.ok('POST', '/auth/register', { body: { email: 'ann@example.test', password, name: 'Ann', tenantName: 'Split', setupToken } })
  const token = made.accessToken as string
  const ann: Person = { name: 'Ann', email: 'ann@example.test', password, id: made.user.id, tenant: made.tenant.id, access: token, refresh: made.refreshToken, since: Date.now() }
  const bob = await (async () => {
    const { url } = await api.ok('POST', '/invitations', { token, body: { role: 'member' } })
    return api.ok('POST', '/auth/register', { body: { email: 'bob@example.test', password, name: 'Bob', invitationToken: new URL(url).hash.replace('#token=', '') } })
  })()
  const project = await api.ok('POST', '/projects', { token, body: { key: 'SPLIT', name: 'Split' } })
  // whatever a plan may leave out is asked of a tenant that the worker has never served
  const hook = await api.ok('POST', '/webhooks', { token, body: { url: 'https://hooks.example.com/in', events: ['task.created'] } })
  const definition = { nodes: [{ id: 'seen', primitive: 'trigger', type: 'event', settings: { event: 'task.created' } }, { id: 'out', primitive: 'data', type: 'mapping', settings: { fields: { ok: 'yes' } } }], edges: [{ from: 'seen', to: 'out' }] }
  const workflow = await api.ok('POST', '/workflows', { token, body: { name: 'Seen', definition } })
  await api.ok('POST', `/workflows/${workflow.id}/publish`, { token, body: {} })
  const streams = await Promise.all((['websocket', 'sse'] as const).map((wire) => listen({ product: live }, ann, ['tenant'], wire)))
  const task = await api.ok('POST', '/tasks', { token, body: { projectId: project.id, title: 'Divide', assigneeId: bob.user.id } })
  for (const stream of streams) assert.ok(await stream.until((frame) => frame.event?.name === 'task.created' && frame.event.subject.id === task.id))

  // nobody works yet: what follows from the log waits
  const notices = async () => (await api.ok('GET', '/notifications', { token: bob.accessToken })).items.length as number
  const behind = async () => ((await api.ok('GET', '/readers', { token })).items as { name: string; lag: number }[]).find(({ name }) => name === 'notifications.people')
  assert.deepEqual([await notices(), ((await behind())?.lag ?? 1) > 0], [0, true])
  const worker = await start('worker')
  while (!(await notices())) await pause(25)
  assert.equal(await notices(), 1)
  const lists = [`/webhooks/${hook.id}/deliveries`, `/runs?workflowId=${workflow.id}&status=completed`]
  for (const list of lists) while (!(await api.ok('GET', list, { token })).items.length) {
    for (const { name, parked } of (await api.ok('GET', '/readers', { token })).items) assert.deepEqual(parked, [], `${name} parked an event`)
    await pause(25)
  }

  // each answers the probes and its own part
  for (const product of [api, live, worker]) for (const at of ['/health', '/ready', '/status', '/metrics']) assert.equal((await product.call('GET', at)).status, 200, at)
  const roles = async (product: Product) => (await product.call('GET', '/status', { token })).body.roles
  assert.deepEqual(await Promise.all([api, live, worker].map(roles)), [['api'], ['live'], ['worker']])
  const pages = ['/api/v1/projects', '/api/openapi.json', '/login', '/oauth/jwks']
  const statuses = (product: Product) => Promise.all(pages.map(async (at) => (await fetch(product.url + at, { redirect: 'manual', headers: { authorization: `Bearer ${token}` } })).status))
  assert.ok((await statuses(api)).every((status) => status === 200), String(await statuses(api)))
  assert.deepEqual([await statuses(live), await statuses(worker)], [pages.map(() => 404), pages.map(() => 404)])
  for (const product of [api, worker]) for (const wire of ['websocket', 'sse'] as const) {
    const refused = await listen({ product }, ann, ['tenant'], wire)
    assert.deepEqual([refused.frames, refused.closed !== undefined], [[], true], `${wire} where no streams are held`)
  }

  // a killed worker's readers and jobs go on in another
  await worker.kill()
  await api.ok('PATCH', `/tasks/${task.id}`, { token, body: { title: 'Divide again' } })
  await api.ok('POST', '/tasks', { token, body: { projectId: project.id, title: 'Conquer', assigneeId: bob.user.id } })
  await start('worker')
  while ((await notices()) < 2) await pause(25)
  for (const stream of streams) stream.close()
  for (const product of [live, api]) assert.equal(await product.stop(), 'code 0')
})
