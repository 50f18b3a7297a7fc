// Every operation of every module that may be switched off, from the document, as every kind of caller and through every door.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeApp } from '../../describe-app.ts'
import { newId } from '../../kernel/ids.ts'
import { testApp, type Signed, type TestApp } from '../../testing/app.ts'

type Listed = { module: string; id: string; method: string; path: string; access: string }
const base = 'apps.example.com'
async function listed(app: TestApp): Promise<Listed[]> {
  const { paths } = await app.ok(undefined, 'GET', '/api/openapi.json')
  return Object.entries(paths as Record<string, Record<string, Record<string, string>>>).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, op]) => (op['x-module'] ? [{ module: op['x-module'], id: op.operationId!, method: method.toUpperCase(), path: path.replaceAll(/\{\w+\}/g, newId()), access: op['x-access']! }] : [])))
}
async function bearer(app: TestApp, who: Signed): Promise<string> {
  const { clientId, clientSecret } = await app.ok(who, 'POST', '/oauth-clients', { name: 'Worker', grantTypes: ['client_credentials'], scopes: ['read', 'write', 'admin'] })
  const answer = await app.http.inject({
    method: 'POST', url: `/t/${who.tenant!.id}/oauth/token`, payload: 'grant_type=client_credentials&scope=read+write+admin',
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
  })
  return answer.json().access_token as string
}

test('an operation of a module that is off is 404 for its tenant: by session, token, API key and service key, through all four doors, and for nobody else (S4.7, S2.7)', async (t) => {
  const app = await testApp(t, { settings: { TENANT_BASE_DOMAIN: base, PUBLIC_URL: 'https://groundwork.example.com' } })
  const ops = await app.register('Operator')
  const [ada, eve] = [await app.register('Ada'), await app.register('Eve')]
  const { id: tenant, slug } = ada.tenant!
  const operations = await listed(app)
  const optional = (await app.ok(ops, 'GET', '/modules')).items as { name: string; title: string; gives: string; needs: string[] }[]
  assert.deepEqual(optional.map(({ name }) => name).sort(), ['connections', 'issuers', 'keys', 'oauth', 'projects', 'reports', 'scim', 'sso', 'tasks', 'webhooks', 'workflows'])
  for (const { title, gives } of optional) assert.match(`${title}: ${gives}`, /^[A-Z][\w -]+: [A-Z].{20,}\.$/)
  // the document lists what the modules bring, no less
  for (const { name, routes = [] } of describeApp().modules) assert.equal(operations.filter((op) => op.module === name).length, optional.some((m) => m.name === name) ? routes.length : 0, name)

  const keys = { name: 'Robot', scopes: ['read', 'write', 'admin'] }
  const above = operations.filter((op) => op.access === 'tenant').map((op) => op.id)
  const callers: [string, string, Record<string, string>][] = [
    ['session', ada.accessToken, {}], ['token', await bearer(app, ada), {}], ['API key', (await app.ok(ada, 'POST', '/api-keys', keys)).key as string, {}],
    ['service key', (await app.ok(ops, 'POST', '/service-keys', { ...keys, operations: above, tenants: [tenant] })).key as string, { 'org-id': tenant }],
  ]
  const doors: [string, (path: string) => string, Record<string, string>][] = [
    ['token alone', (path) => path, {}], ['header', (path) => path, { 'org-id': slug }], ['path', (path) => `/t/${slug}${path}`, {}], ['subdomain', (path) => path, { host: `${slug}.${base}` }],
  ]
  const ask = async ({ method, path }: Listed, token: string, headers: Record<string, string> = {}) => {
    const { status, body } = await app.as(token, method as 'GET', path, method === 'GET' || method === 'DELETE' ? undefined : {}, headers)
    return `${status} ${body?.code ?? ''}`
  }
  let tried = 0
  for (const { name } of optional) {
    const its = operations.filter((op) => op.module === name && op.access === 'tenant')
    assert.ok(its.length > 0, name)
    for (const op of its) assert.notEqual(await ask({ ...op, path: op.path.replace('/search', '/search?q=lamp') }, eve.accessToken), '404 not_found', `${op.id} while ${name} is on`)
    await app.ok(ops, 'PATCH', `/tenants/${tenant}`, { modules: { [name]: false } })
    await app.settled()
    const faults: string[] = []
    for (const op of its) {
      for (const [kind, token, more] of callers) {
        const own = (name === 'oauth' && kind === 'token') || (name === 'keys' && kind === 'API key') // its own tokens are no good either
        for (const [door, at, headers] of doors) {
          const answer = await ask({ ...op, path: at(op.path) }, token, { ...more, ...headers })
          tried++
          if (answer !== (own ? '401 auth.token_refused' : '404 not_found')) faults.push(`${op.id} by ${kind} through ${door}: ${answer}`)
        }
      }
    }
    for (const op of its.slice(0, 2)) assert.notEqual(await ask(op, eve.accessToken), '404 not_found', `${op.id} for another tenant`)
    assert.deepEqual(faults, [])
    await app.ok(ops, 'PATCH', `/tenants/${tenant}`, { modules: { [name]: true } })
    await app.settled()
    for (const [kind, token, more] of callers) assert.notEqual(await ask(its[0]!, token, more), '404 not_found', `${name} is on again, by ${kind}`)
  }
  assert.equal(tried, above.length * callers.length * doors.length)
  t.diagnostic(`${above.length} operations of ${optional.length} modules, ${tried} requests`)
})

test('what is a person\'s own or the operators\' belongs to no plan', async (t) => {
  const app = await testApp(t)
  const outside = (await listed(app)).filter((op) => op.access !== 'tenant').map((op) => `${op.access} ${op.id}`).sort()
  assert.deepEqual(outside, [
    'operator serviceKeys.change', 'operator serviceKeys.create', 'operator serviceKeys.delete', 'operator serviceKeys.get', 'operator serviceKeys.list', 'operator serviceKeys.rotate',
    'operator signingKeys.rotate', 'operator trustedIssuers.add', 'operator trustedIssuers.change', 'operator trustedIssuers.get', 'operator trustedIssuers.list', 'operator trustedIssuers.remove',
    'person connectedApps.list', 'person connectedApps.withdraw', 'person linkedAccounts.link', 'person linkedAccounts.list', 'person linkedAccounts.unlink',
  ])
})

test('a module goes with what it needs, and is not switched on without it', async (t) => {
  const app = await testApp(t)
  const ops = await app.register('Operator')
  const ada = await app.register('Ada')
  const change = (modules: object) => app.as(ops, 'PATCH', `/tenants/${ada.tenant!.id}`, { modules })
  assert.deepEqual((await change({ projects: false })).body.modules.filter((name: string) => /projects|tasks/.test(name)), [])
  await app.settled()
  assert.equal((await app.as(ada, 'GET', '/tasks')).status, 404)
  const refused = await change({ tasks: true })
  assert.deepEqual([refused.status, refused.body.errors[0].path, /needs projects/.test(refused.body.detail)], [422, '/modules/tasks', true])
  assert.equal((await app.as(ops, 'POST', '/plans', { name: 'odd', title: 'Odd', modules: { tasks: true, projects: false } })).body.errors[0].path, '/modules/tasks')
  assert.ok((await change({ tasks: true, projects: true })).body.modules.includes('tasks'))
  await app.settled()
  assert.notEqual((await app.as(ada, 'GET', '/tasks')).status, 404)
})
