import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { testApp, type Answered, type Signed, type TestApp } from '../../testing/app.ts'

const codeOf = ({ status, body }: Answered) => (status < 300 ? 'done' : `${status} ${body.code}`)
const makeKey = (app: TestApp, by: Signed, scopes: string[], more: object = {}) => app.ok(by, 'POST', '/api-keys', { name: 'Import', scopes, ...more })
async function stage(t: TestContext) {
  const app = await testApp(t)
  await app.register('Operator')
  const ada = await app.register('Ada')
  const project = await app.ok(ada, 'POST', '/projects', { key: 'WEB', name: 'Website' })
  const task = await app.ok(ada, 'POST', '/tasks', { projectId: project.id, title: 'Paint it' })
  return { app, ada, project, task, tryAll: async (key: string) => [
    codeOf(await app.as(key, 'GET', `/tasks/${task.id}`)), codeOf(await app.as(key, 'POST', '/tasks', { projectId: project.id, title: 'By a key' })), codeOf(await app.as(key, 'GET', '/invitations')),
  ] }
}
/** Waits for what events bring about. */
async function until(app: TestApp, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    app.kernel.bell.ring()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('a key is shown once, kept as a hash, and does what its scopes say in its own tenant (S0.3, S2.2)', async (t) => {
  const { app, ada, tryAll, project } = await stage(t)
  const made = await app.as(ada, 'POST', '/api-keys', { name: 'Import', scopes: ['read', 'write'] }, { 'idempotency-key': 'one' })
  assert.equal(made.status, 201)
  assert.equal(made.headers['cache-control'], 'no-store')
  assert.match(made.body.key, /^gw_[\w-]{43}$/)
  assert.deepEqual([made.body.status, made.body.madeBy, made.body.lastUsedAt, made.body.expiresAt], ['active', ada.user.id, null, null])
  assert.equal(codeOf(await app.as(ada, 'POST', '/api-keys', { name: 'Import', scopes: ['read', 'write'] }, { 'idempotency-key': 'one' })), '409 idempotency.secret_shown_once')
  const [kept] = await app.query<{ all: string }>('select row_to_json(k)::text as all from api_keys k')
  assert.ok(!kept!.all.includes(made.body.key.slice(3, 20)))
  assert.equal((await app.ok(ada, 'GET', `/api-keys/${made.body.id}`)).key, undefined)
  const lacks = '403 scope.denied'
  assert.deepEqual(await tryAll(made.body.key), ['done', 'done', '403 permission.denied'])
  assert.deepEqual(await tryAll((await makeKey(app, ada, ['read'])).key), ['done', '403 permission.denied', '403 permission.denied'])
  assert.deepEqual(await tryAll((await makeKey(app, ada, ['write'])).key), [lacks, 'done', '403 permission.denied'])
  assert.deepEqual(await tryAll((await makeKey(app, ada, ['admin'])).key), [lacks, lacks, 'done'])
  const [event] = await app.query<{ actor_type: string; actor_id: string }>(`select actor_type, actor_id from events where name = 'task.created' and actor_type = 'key' order by seq limit 1`)
  assert.deepEqual(event, { actor_type: 'key', actor_id: made.body.id })
  assert.equal((await app.ok(made.body.key, 'GET', '/tasks')).items.length, 3)
  await app.ok(ada, 'POST', '/projects', { key: 'SEC', name: 'Secret', visibility: 'private' })
  assert.deepEqual((await app.ok(made.body.key, 'GET', '/projects')).items.map((p: { id: string }) => p.id), [project.id], 'open projects only')
})

test('a key has no account and no other tenant, and gives no scope it has not (S2.2)', async (t) => {
  const { app, ada } = await stage(t)
  const eve = await app.register('Eve')
  const { key } = await makeKey(app, ada, ['read', 'write', 'profile', 'admin'])
  for (const [method, path, body] of [['GET', '/users/me'], ['POST', '/auth/switch', { tenant: ada.tenant!.id }], ['POST', '/tenants', { name: 'Second' }], ['GET', '/auth/sessions'], ['POST', '/auth/logout']] as const)
    assert.equal(codeOf(await app.as(key, method, path, body)), '403 permission.denied', path)
  assert.equal(codeOf(await app.as(key, 'GET', '/users')), '403 operator.required')
  assert.deepEqual((await app.ok(key, 'GET', '/tenants')).items.map((one: { id: string }) => one.id), [ada.tenant!.id])
  assert.equal((await app.ok(key, 'PATCH', `/tenants/${ada.tenant!.id}`, { name: 'Renamed' })).name, 'Renamed')
  assert.equal(codeOf(await app.as(key, 'GET', `/tenants/${eve.tenant!.id}`)), '404 tenant.not_found')
  assert.equal(codeOf(await app.as(key, 'GET', '/tasks', undefined, { 'org-id': eve.tenant!.id })), '403 tenant.mismatch')
  const invited = await app.ok(key, 'POST', '/invitations', { role: 'viewer' })
  assert.equal(invited.inviterId, ada.user.id, 'who answers for the key')
  const child = await app.ok(key, 'POST', '/api-keys', { name: 'Child', scopes: ['read'] })
  assert.equal(child.madeBy, ada.user.id)
  const lesser = await makeKey(app, ada, ['admin'])
  const refused = await app.as(lesser.key, 'POST', '/api-keys', { name: 'More', scopes: ['write'] })
  assert.deepEqual([refused.status, refused.body.errors[0].path], [422, '/scopes/0'])
  assert.equal(codeOf(await app.as(lesser.key, 'POST', `/api-keys/${child.id}/rotate`)), '422 request.invalid', 'nor takes a key over that can do more')
})

test('bad wishes are refused by their field', async (t) => {
  const { app, ada } = await stage(t)
  for (const [body, path] of [
    [{ scopes: ['fly'] }, '/scopes/0'], [{ addresses: ['10.0.0.1', 'nowhere'] }, '/addresses/1'], [{ addresses: ['10.0.0.0/33'] }, '/addresses/0'], [{ addresses: ['127.1'] }, '/addresses/0'],
    [{ expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'], [{ scopes: [] }, '/scopes'], [{ hash: 'x' }, '/hash'],
  ] as const) {
    const { status, body: problem } = await app.as(ada, 'POST', '/api-keys', { name: 'x', scopes: ['read'], ...body })
    assert.deepEqual([status, problem.errors?.[0].path], [422, path], JSON.stringify(body))
  }
  const member = await app.member(ada, 'member')
  assert.equal(codeOf(await app.as(member, 'GET', '/api-keys')), '403 permission.denied')
})

test('a key works from its addresses only, also behind a trusted proxy, whatever a stranger invents', async (t) => {
  const { app, ada } = await stage(t)
  const at = (key: string, headers = {}) => app.as(key, 'GET', '/tasks', undefined, headers).then((a) => a.status)
  const { key: here } = await makeKey(app, ada, ['read'], { addresses: ['127.0.0.0/8', '2001:db8::/32'] })
  const { key: elsewhere } = await makeKey(app, ada, ['read'], { addresses: ['192.0.2.7'] })
  assert.deepEqual([await at(here), await at(elsewhere), await at(elsewhere, { 'x-forwarded-for': '192.0.2.7' })], [200, 401, 401])
  const proxied = await testApp(t, { beside: app, settings: { TRUST_PROXY: '127.0.0.1' } })
  const behind = async (key: string, ip: string) => (await proxied.as(key, 'GET', '/tasks', undefined, { 'x-forwarded-for': ip })).status
  assert.deepEqual([await behind(elsewhere, '192.0.2.7'), await behind(elsewhere, '::ffff:192.0.2.7'), await behind(elsewhere, '192.0.2.8'), await behind(here, '2001:db8::5'), await behind(here, '2001:db9::5')], [200, 200, 401, 200, 401])
})

test('rotated, the old key works for the overlap; inactive, expired and deleted ones do not (S0.21)', async (t) => {
  const { app, ada } = await stage(t)
  const status = async (key: string) => (await app.as(key, 'GET', '/tasks')).status
  const made = await makeKey(app, ada, ['read'])
  assert.equal(await status(made.key), 200)
  const rotated = await app.ok(ada, 'POST', `/api-keys/${made.id}/rotate`, { overlapMinutes: 30 })
  assert.notEqual(rotated.key, made.key)
  assert.deepEqual([await status(made.key), await status(rotated.key)], [200, 200])
  assert.ok(Date.parse(rotated.formerEndsAt) > Date.now())
  const again = await app.ok(ada, 'POST', `/api-keys/${made.id}/rotate`, { overlapMinutes: 0 })
  await until(app, async () => (await status(rotated.key)) === 401)
  assert.deepEqual([await status(made.key), await status(again.key)], [401, 200])

  await app.ok(ada, 'PATCH', `/api-keys/${made.id}`, { status: 'inactive' })
  await until(app, async () => (await status(again.key)) === 401)
  assert.deepEqual((await app.ok(ada, 'GET', '/api-keys?status=inactive')).items.map((k: { id: string }) => k.id), [made.id])
  await app.ok(ada, 'PATCH', `/api-keys/${made.id}`, { status: 'active', expiresAt: new Date(Date.now() + 3000).toISOString() })
  await until(app, async () => (await status(again.key)) === 200)
  await until(app, async () => (await status(again.key)) === 401)
  assert.equal((await app.ok(ada, 'GET', `/api-keys/${made.id}`)).status, 'expired')
  const other = await makeKey(app, ada, ['read'])
  assert.equal(await status(other.key), 200)
  assert.equal((await app.as(ada, 'DELETE', `/api-keys/${other.id}`)).status, 204)
  await until(app, async () => (await status(other.key)) === 401)
  assert.equal(codeOf(await app.as(ada, 'DELETE', `/api-keys/${other.id}`)), '404 key.not_found')
})

test('a key never does more than whoever answers for it, and ends with their membership, ban or tenant (S4.6)', async (t) => {
  const { app, ada, task } = await stage(t)
  const ops = await app.login('Operator')
  const grace = await app.member(ada, 'admin', 'Grace')
  const { key, id } = await makeKey(app, grace, ['read', 'write', 'admin'])
  const may = async (method: 'GET' | 'PATCH', path: string, body?: unknown) => (await app.as(key, method, path, body)).status
  assert.deepEqual([await may('GET', '/invitations'), await may('PATCH', `/tasks/${task.id}`, { title: 'Blue' })], [200, 200])
  await app.ok(ada, 'PATCH', `/members/${grace.user.id}`, { role: 'viewer' })
  await until(app, async () => (await may('GET', '/invitations')) === 403)
  assert.deepEqual([await may('GET', '/tasks'), await may('PATCH', `/tasks/${task.id}`, { title: 'Red' })], [200, 403])

  await app.ok(ops, 'PATCH', `/users/${grace.user.id}`, { status: 'banned' })
  await until(app, async () => (await may('GET', '/tasks')) === 401)
  await app.ok(ops, 'PATCH', `/users/${grace.user.id}`, { status: 'active' })
  await until(app, async () => (await may('GET', '/tasks')) === 200)
  await app.ok(ada, 'DELETE', `/members/${grace.user.id}`)
  await until(app, async () => (await may('GET', '/tasks')) === 401)
  await app.settled()
  assert.equal((await app.ok(ada, 'GET', `/api-keys/${id}`)).status, 'inactive')
  const taken = await app.ok(ada, 'POST', `/api-keys/${id}/rotate`)
  assert.deepEqual([taken.status, taken.madeBy, (await app.as(taken.key, 'GET', '/tasks')).status], ['active', ada.user.id, 200], 'an admin takes it over')
  await app.ok(ada, 'DELETE', `/tenants/${ada.tenant!.id}`)
  await until(app, async () => (await app.as(taken.key, 'GET', '/tasks')).status === 401)
})

test('on another process a revoked key ends too, with its streams (S4.6)', async (t) => {
  const { app, ada } = await stage(t)
  const other = await testApp(t, { beside: app })
  const { key, id } = await makeKey(app, ada, ['read'])
  const url = await Promise.all([app, other].map((one) => one.http.listen({ host: '127.0.0.1', port: 0 })))
  const streams = await Promise.all(url.map((at) => fetch(`${at}/api/v1/live?topics=tenant`, { headers: { authorization: `Bearer ${key}` } })))
  assert.deepEqual(streams.map((s) => s.status), [200, 200])
  for (const one of [app, other]) assert.equal((await one.as(key, 'GET', '/tasks')).status, 200)
  const ended = Promise.all(streams.map(async (s) => { for await (const _ of s.body!); return Date.now() }))
  const since = Date.now()
  await app.ok(ada, 'PATCH', `/api-keys/${id}`, { status: 'inactive' })
  await Promise.all([app, other].map((one) => until(one, async () => (await one.as(key, 'GET', '/tasks')).status === 401)))
  const rest = Date.now() - since
  const live = Math.max(...(await ended)) - since
  t.diagnostic(`REST after ${rest} ms, streams after ${live} ms`)
})

test('when a key was last used is noted lazily and changes nothing else', async (t) => {
  const { app, ada } = await stage(t)
  const { key, id } = await makeKey(app, ada, ['read'])
  for (let i = 0; i < 20; i++) await app.ok(key, 'GET', '/tasks')
  await until(app, async () => (await app.ok(ada, 'GET', `/api-keys/${id}`)).lastUsedAt !== null)
  const { version, createdAt, updatedAt } = await app.ok(ada, 'GET', `/api-keys/${id}`)
  assert.deepEqual([version, updatedAt], [1, createdAt])
})

test('a tenant\'s own scope opens the operations of its permissions, and stops when it is taken away (S2.2)', async (t) => {
  const { app, ada, project } = await stage(t)
  const scope = await app.ok(ada, 'POST', '/scopes', { name: 'intake', description: 'Put tasks in', permissions: ['tasks.write'] })
  const { key } = await makeKey(app, ada, ['intake'])
  const put = () => app.as(key, 'POST', '/tasks', { projectId: project.id, title: 'From outside' })
  assert.deepEqual([codeOf(await put()), codeOf(await app.as(key, 'GET', '/tasks')), codeOf(await app.as(key, 'POST', '/projects', { key: 'X', name: 'x' }))], ['done', '403 scope.denied', '403 scope.denied'])
  await app.ok(ada, 'DELETE', `/scopes/${scope.id}`)
  await until(app, async () => codeOf(await put()) !== 'done')
})
