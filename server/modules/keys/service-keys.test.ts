import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { testApp, type Answered } from '../../testing/app.ts'

const codeOf = ({ status, body }: Answered) => (status < 300 ? 'done' : `${status} ${body.code}`)
async function stage(t: TestContext) {
  const app = await testApp(t)
  const [ops, ada, eve] = [await app.register('Operator'), await app.register('Ada'), await app.register('Eve')]
  for (const who of [ada, eve]) await app.ok(who, 'POST', '/projects', { key: 'WEB', name: `${who.user.name}'s site` })
  const make = (more: object = {}) => app.ok(ops, 'POST', '/service-keys', { name: 'Monitoring', scopes: ['read', 'write', 'admin'], ...more })
  const used = async () => (await app.query<{ data: { count: number; operations: Record<string, number>; tenants: string[] } }>(`select data from events where name = 'service-key.used' order by seq`)).map((row) => row.data)
  return { app, ops, ada, eve, make, used }
}

test('a service key does what operators may, and sees nothing of tenants unless it was made for it (S0.21)', async (t) => {
  const { app, ada, eve, make } = await stage(t)
  const { key } = await make()
  assert.match(key, /^gws_[\w-]{43}$/)
  assert.ok((await app.ok(key, 'GET', '/users')).items.length === 3)
  assert.equal((await app.ok(key, 'GET', `/tenants/${ada.tenant!.id}`)).role, null)
  const inAda = { 'org-id': ada.tenant!.id }
  assert.equal(codeOf(await app.as(key, 'GET', '/projects')), '400 tenant.required')
  assert.equal(codeOf(await app.as(key, 'GET', '/projects', undefined, inAda)), '403 permission.denied')
  assert.equal(codeOf(await app.as(key, 'GET', '/live?topics=tenant', undefined, inAda)), '404 tenant.not_found')
  const issued = await make({ operations: ['projects.list', 'invitations.list'], tenants: [ada.tenant!.id] })
  assert.deepEqual((await app.ok(issued.key, 'GET', '/projects', undefined, inAda)).items.map((p: { name: string }) => p.name), ["Ada's site"])
  assert.equal(codeOf(await app.as(issued.key, 'POST', '/projects', { key: 'X', name: 'x' }, inAda)), '403 permission.denied')
  assert.equal(codeOf(await app.as(issued.key, 'GET', '/projects', undefined, { 'org-id': eve.tenant!.id })), '404 tenant.not_found')
  const reads = await make({ scopes: ['read'], operations: ['projects.list', 'invitations.list'] })
  assert.equal(codeOf(await app.as(reads.key, 'GET', '/projects', undefined, { 'org-id': eve.tenant!.slug })), 'done')
  assert.equal(codeOf(await app.as(reads.key, 'GET', '/invitations', undefined, inAda)), '403 permission.denied')
  assert.equal(codeOf(await app.as(reads.key, 'GET', '/users')), '403 scope.denied')
})

test('every use is in the log: the first at once, what follows counted (S0.21)', async (t) => {
  const { app, ada, make, used } = await stage(t)
  const { key, id } = await make({ operations: ['projects.list'] })
  await app.ok(key, 'GET', '/users')
  assert.deepEqual(await used(), [{ count: 1, operations: { 'users.list': 1 }, tenants: [] }])
  for (let i = 0; i < 3; i++) await app.ok(key, 'GET', '/projects', undefined, { 'org-id': ada.tenant!.id })
  await app.ok(key, 'GET', '/users')
  await app.http.close() // writes what is still counted, as the end of the 10 s would
  assert.deepEqual((await used()).slice(1), [{ count: 4, operations: { 'projects.list': 3, 'users.list': 1 }, tenants: [ada.tenant!.id] }])
  const [by] = await app.query<{ actor_type: string; actor_id: string; tenant_id: string }>(`select actor_type, actor_id, tenant_id from events where name = 'service-key.used' limit 1`)
  assert.deepEqual(by, { actor_type: 'key', actor_id: id, tenant_id: '00000000-0000-0000-0000-000000000000' })
})

test('only an operator\'s own sign-in makes, changes or rotates one, and it ends with the office', async (t) => {
  const { app, ops, ada, make } = await stage(t)
  const { key, id } = await make()
  for (const [method, path, body] of [['POST', '/service-keys', { name: 'More', scopes: ['admin'] }], ['PATCH', `/service-keys/${id}`, { operations: ['tasks.list'] }], ['POST', `/service-keys/${id}/rotate`], ['DELETE', `/service-keys/${id}`]] as const) {
    assert.equal(codeOf(await app.as(key, method, path, body)), '403 scope.denied', `${method} ${path}`)
    assert.equal(codeOf(await app.as(ada, method, path, body)), '403 operator.required', `${method} ${path}`)
  }
  assert.equal((await app.ok(key, 'GET', '/service-keys')).items[0].key, undefined)
  for (const operations of [['users.list'], ['nothing.here']]) assert.equal((await app.as(ops, 'POST', '/service-keys', { name: 'x', scopes: ['read'], operations })).body.errors[0].path, '/operations/0')
  const rotated = await app.ok(ops, 'POST', `/service-keys/${id}/rotate`, { overlapMinutes: 0 })
  assert.equal((await app.ok(rotated.key, 'GET', '/users')).items.length, 3)
  await app.ok(ops, 'PATCH', `/users/${ada.user.id}`, { role: 'operator' })
  await app.ok(await app.login('Ada'), 'PATCH', `/users/${ops.user.id}`, { role: 'user' })
  for (;;) {
    app.kernel.bell.ring()
    if ((await app.as(rotated.key, 'GET', '/users')).status === 401) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
})
