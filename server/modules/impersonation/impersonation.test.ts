import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId } from '../../kernel/ids.ts'
import { testApp, type Answered, type Caller, type TestApp } from '../../testing/app.ts'
import { data, draw, publish } from '../../testing/drawn.ts'

const codeOf = ({ status, body }: Answered) => (status < 300 ? 'done' : `${status} ${body.code}`)
async function until(app: TestApp, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    app.kernel.bell.ring()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
async function stage(t: TestContext) {
  const app = await testApp(t)
  const ops = await app.register('Operator')
  const ada = await app.register('Ada')
  const grace = await app.member(ada, 'admin', 'Grace')
  const start = (more: object = {}) => app.as(ops, 'POST', '/impersonations', { userId: grace.user.id, tenantId: ada.tenant!.id, reason: 'ticket 41: the board is empty', minutes: 5, ...more })
  const logs = () => app.query<{ name: string; tenant_id: string; actor_id: string; data: object }>(`select name, tenant_id, actor_id, data from events where name like 'impersonation.%' order by seq`)
  return { app, ops, ada, grace, start, logs }
}

test('an operator acts with a person\'s rights in one tenant, under their own name, in both logs (S4.6)', async (t) => {
  const { app, ops, ada, start, logs } = await stage(t)
  const secret = await app.ok(ada, 'POST', '/projects', { key: 'SEC', name: 'Secret', visibility: 'private' })
  const { status, body } = await start()
  assert.equal(status, 201)
  assert.deepEqual([body.role, body.user.name, body.expiresIn], ['admin', 'Grace', 300])
  const token: string = body.accessToken
  assert.deepEqual((await app.ok(token, 'GET', '/projects')).items.map((p: { id: string }) => p.id), [secret.id], 'as an admin sees it')
  const task = await app.ok(token, 'POST', '/tasks', { projectId: secret.id, title: 'Seen' })
  const [made] = await app.query<{ actor_id: string }>(`select actor_id from events where name = 'task.created' and subject_id = $1`, [task.id])
  assert.equal(made!.actor_id, ops.user.id, 'the log names the operator')
  assert.equal(codeOf(await app.as(token, 'GET', '/users')), '403 operator.required')
  const events = await logs()
  assert.deepEqual(events.map((e) => e.tenant_id).sort(), ['00000000-0000-0000-0000-000000000000', ada.tenant!.id])
  assert.ok(!JSON.stringify(events).includes('ticket 41'), 'the reason is sealed')
  const told = (await app.ok(ada, 'GET', '/events?name=impersonation.started')).items[0]
  assert.deepEqual([told.actor.id, told.data.reason], [ops.user.id, 'ticket 41: the board is empty'])
  assert.equal((await app.as(token, 'DELETE', '/impersonations/current')).status, 204)
  assert.equal((await app.as(token, 'GET', '/projects')).status, 401)
  assert.equal((await logs()).filter((e) => e.name === 'impersonation.ended').length, 2)
  assert.ok((await app.ok(ops, 'GET', '/impersonations')).items[0].endedAt)
})

test('it neither sees nor changes what is secret', async (t) => {
  const { app, ada, start } = await stage(t)
  const { accessToken: token } = (await start()).body
  const key = await app.ok(ada, 'POST', '/api-keys', { name: 'Import', scopes: ['read'] })
  const client = await app.ok(ada, 'POST', '/oauth-clients', { name: 'Reporting', redirectUris: ['https://reports.example/callback'], scopes: ['openid', 'read'] })
  const scim = await app.ok(ada, 'POST', '/scim-tokens', { name: 'Directory' })
  const connection = await app.ok(ada, 'POST', '/connections', { name: 'Shop', type: 'bearer', settings: { baseUrl: 'https://api.shop.example/v1' }, secrets: { token: 'a-token-of-the-shop' } })
  for (const [method, path, body] of [
    ['GET', '/users/me'], ['PATCH', '/users/me', { password: 'tulips-under-glass 42', currentPassword: 'x' }], ['POST', '/users/me/email', { email: 'x@example.test' }], ['GET', '/auth/sessions'], ['GET', '/users/me/export'],
    ['DELETE', '/users/me'], ['POST', '/auth/switch', { tenant: ada.tenant!.id }], ['POST', '/api-keys', { name: 'x', scopes: ['read'] }], ['POST', `/api-keys/${key.id}/rotate`], ['POST', '/invitations', { role: 'viewer' }],
    ['POST', '/users/me/totp'], ['POST', '/users/me/recovery-codes'], ['PATCH', '/security', { secondFactor: 'required' }], ['POST', '/impersonations', { userId: ada.user.id, tenantId: ada.tenant!.id, reason: 'further' }],
    ['PATCH', `/api-keys/${key.id}`, { status: 'inactive' }], ['DELETE', `/api-keys/${key.id}`], ['PATCH', `/oauth-clients/${client.id}`, { redirectUris: ['https://elsewhere.example/callback'] }], ['DELETE', `/oauth-clients/${client.id}`],
    ['DELETE', `/scim-tokens/${scim.id}`], ['POST', `/connections/${connection.id}/rotate`, { secrets: { token: 'another' } }], ['DELETE', `/connections/${connection.id}`],
  ] as const) assert.match(codeOf(await app.as(token, method, path, body)), /^403 (impersonation\.denied|scope\.denied|operator\.required)$/, `${method} ${path}`)
})

/** Below /api/v1: where credentials are made, changed and ended, where secrets go, and who may sign in. */
const guarded = [
  'api-keys', 'service-keys', 'connections', 'webhooks', 'oauth-clients', 'scopes', 'oauth-consents', 'connected-apps', 'sso-providers', 'sso-tickets', 'scim-tokens', 'domains', 'security', 'tenant-issuers', 'trusted-issuers',
  'invitations', 'users/me/totp', 'users/me/passkeys', 'users/me/recovery-codes', 'users/me/linked-accounts', 'users/me/email', 'auth', 'workflows/{id}/triggers',
  'impersonations', // last: one of them ends it
]
const stillAllowed: Record<string, string> = {
  'impersonations.end': 'how it ends',
  'connections.test': 'asks the service that the connection is for already; nothing of it is shown or changed',
  'webhooks.ping': 'sends to the address that the team gave', 'webhooks.rewind': 'sends there once more what was sent', 'webhooks.replay': 'sends there once more what was sent',
}

test('it makes, changes and ends nothing that anybody or anything proves itself with: asked of every operation there is (S4.6)', async (t) => {
  const { app, start } = await stage(t)
  const { accessToken: token } = (await start()).body
  const { paths } = await app.ok(undefined, 'GET', '/api/openapi.json') as { paths: Record<string, Record<string, { operationId: string; 'x-access': string }>> }
  const writes = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, o]) => ({ id: o.operationId, access: o['x-access'], method: method.toUpperCase() as 'POST', path: path.replace('/api/v1/', '') })))
    .filter(({ method, access }) => method as string !== 'GET' && access !== 'public') // public ones ask for no token: whoever uses them is nobody there
  const inArea = (area: string) => writes.filter(({ path }) => path === area || path.startsWith(`${area}/`))
  assert.deepEqual(guarded.filter((area) => inArea(area).length === 0), [], 'areas without an operation')
  const asked = guarded.flatMap(inArea)
  const answers = new Map<string, string>()
  for (const { id, method, path } of asked) answers.set(id, codeOf(await app.as(token, method, `/${path.replaceAll(/\{\w+\}/g, newId())}`, method as string === 'DELETE' ? undefined : {})))
  const refused = (id: string) => answers.get(id) === '403 impersonation.denied'
  assert.deepEqual(asked.flatMap(({ id }) => (refused(id) || id in stillAllowed ? [] : [`${id}: ${answers.get(id)}`])), [], 'open to an operator who acts for somebody')
  assert.deepEqual(Object.keys(stillAllowed).filter((id) => !answers.has(id) || refused(id)), [], 'exceptions that are none')
})

test('it does not see the addresses at which workflows are begun', async (t) => {
  const { app, ada, start } = await stage(t)
  const workflow = await publish(app, ada, draw([{ id: 'hook', primitive: 'trigger', type: 'webhook', settings: {} }, data('out', 'mapping', { fields: { body: '${{ trigger.body }}' } })], 'hook>out'))
  const { accessToken: token } = (await start()).body
  const seenBy = async (who: Caller) => (await app.ok(who, 'GET', `/workflows/${workflow.id}/triggers`)).items.map((trigger: { url: string | null }) => trigger.url)
  assert.match((await seenBy(ada))[0], /\/hooks\/whk_/)
  assert.deepEqual(await seenBy(token), [null])
})

test('what a tenant demands of sign-ins does not stop an operator who acts for somebody: their own sign-in answers for it', async (t) => {
  const { app, ada, start } = await stage(t)
  await app.query(`insert into security_rules (tenant_id, second_factor, passkeys, sso) values ($1, 'required', 'required', 'required') on conflict (tenant_id) do update set second_factor = 'required', passkeys = 'required', sso = 'required'`, [ada.tenant!.id])
  app.identity.security.forgetAll()
  const { accessToken: token } = (await start()).body
  assert.equal((await app.as(token, 'GET', '/projects')).status, 200)
  assert.equal(codeOf(await app.as(ada, 'GET', '/projects')), '403 tenant.sso_required')
})

test('it ends with its time, its operator\'s session, office or ban, and the membership', async (t) => {
  const { app, ops, ada, grace, start, logs } = await stage(t)
  const works = async (token: string) => (await app.as(token, 'GET', '/projects')).status === 200
  const end = (token: string) => until(app, async () => !(await works(token)))
  const timed = (await start()).body
  assert.ok(await works(timed.accessToken))
  await app.query(`update impersonations set expires_at = now() - interval '1 second' where id = $1`, [timed.id])
  await app.ok(ada, 'PATCH', `/members/${grace.user.id}`, { role: 'member' }) // so that it is asked again
  await end(timed.accessToken)
  await app.query(`update jobs set run_at = now() where name = 'impersonation.sweep'`)
  await until(app, async () => (await logs()).some((e) => (e.data as { by?: string }).by === 'time'))

  const removed = (await start()).body
  assert.ok(await works(removed.accessToken))
  await app.ok(ada, 'DELETE', `/members/${grace.user.id}`)
  await end(removed.accessToken)
  const linus = await app.member(ada, 'viewer', 'Linus')
  const left = (await start({ userId: linus.user.id })).body
  assert.ok(await works(left.accessToken))
  await app.ok(ops, 'POST', '/auth/logout')
  await end(left.accessToken)
})

test('nobody impersonates an operator, a stranger or without a reason', async (t) => {
  const { app, ops, ada, start } = await stage(t)
  const eve = await app.register('Eve')
  assert.equal(codeOf(await start({ userId: eve.user.id })), '404 member.not_found')
  assert.equal(codeOf(await start({ userId: ops.user.id, tenantId: ops.tenant!.id })), '403 permission.denied')
  assert.equal((await start({ reason: '' })).body.errors[0].path, '/reason')
  assert.equal((await start({ minutes: 61 })).body.errors[0].path, '/minutes')
  assert.equal(codeOf(await app.as(ada, 'POST', '/impersonations', { userId: ada.user.id, tenantId: ada.tenant!.id, reason: 'because' })), '403 operator.required')
  assert.equal(codeOf(await app.as(ada, 'DELETE', '/impersonations/current')), '409 state.conflict')
})
