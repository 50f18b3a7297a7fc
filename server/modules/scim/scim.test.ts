// Provisioning as directories do it: the bodies of Entra and Okta, filters, errors as the specification says, and what deactivation ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp, type Signed } from '../../testing/app.ts'
import { ssoApp, type SsoApp } from '../../testing/sso.ts'
import { applyPatch, readOperations } from './patch.ts'
import { parseFilter } from './filter.ts'
import { ScimFault } from './faults.ts'

const core = 'urn:ietf:params:scim:schemas:core:2.0'
const patchOp = (...Operations: object[]) => ({ schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations })
const okta = (email: string, more: object = {}) => ({ schemas: [`${core}:User`], userName: email, name: { givenName: 'Grace', familyName: 'Hopper' }, emails: [{ primary: true, value: email, type: 'work' }], displayName: 'Grace Hopper', locale: 'en-US', externalId: '00u1', groups: [], active: true, ...more })

async function directory(app: SsoApp, admin: Signed, domain?: string) {
  if (domain) await app.prove(admin, domain)
  const { token, baseUrl, id } = await app.ok(admin, 'POST', '/scim-tokens', { name: 'Okta' })
  assert.equal(baseUrl, 'http://localhost:8080/scim/v2')
  const call = async (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, given = token as string) => {
    const answer = await app.http.inject({ method, url: `/scim/v2${path}`, headers: { authorization: `Bearer ${given}`, ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }) }, ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }) })
    return { status: answer.statusCode, body: answer.body ? answer.json() : undefined, headers: answer.headers }
  }
  return { token: token as string, tokenId: id as string, call }
}
const faultOf = ({ status, body }: { status: number; body: any }) => (assert.deepEqual(body.schemas, ['urn:ietf:params:scim:api:messages:2.0:Error']), assert.equal(body.status, String(status)), [status, body.scimType].filter(Boolean).join(' '))

test('a person is provisioned, found, changed, deactivated and brought back; members follow', async (t) => {
  const app = await ssoApp(t)
  const ada = await app.register('Ada')
  const { call } = await directory(app, ada, 'acme.test')
  const made = await call('POST', '/Users', okta('grace@acme.test'))
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const { id } = made.body
  assert.match(String(made.headers['content-type']), /application\/scim\+json/)
  assert.deepEqual([made.headers.location, made.body.meta.location, made.body.userName, made.body.externalId, made.body.active], [made.body.meta.location, `http://localhost:8080/scim/v2/Users/${id}`, 'grace@acme.test', '00u1', true])
  assert.deepEqual((await app.ok(ada, 'GET', '/members?q=grace')).items.map((m: any) => [m.name, m.role]), [['Grace Hopper', 'member']])
  assert.equal(faultOf(await call('POST', '/Users', okta('GRACE@acme.test'))), '409 uniqueness')
  assert.equal(faultOf(await call('POST', '/Users', okta('grace@other.test'))), '400 invalidValue')
  assert.equal((await call('GET', `/Users/${id}`)).body.name.familyName, 'Hopper')
  assert.equal(faultOf(await call('GET', '/Users/nobody')), '404')
  const find = async (filter: string) => (await call('GET', `/Users?filter=${encodeURIComponent(filter)}`)).body
  assert.deepEqual([(await find('userName eq "Grace@ACME.test"')).totalResults, (await find('userName eq "x"')).totalResults], [1, 0])
  for (const filter of ['externalId eq "00u1"', 'userName sw "gra" and active eq true', 'emails[type eq "work"].value pr', 'emails.value co "acme"', 'name.familyName eq "hopper" or name.familyName eq "x"', `id eq "${id}"`, 'not (active eq false)', 'meta.lastModified gt "2020-01-01T00:00:00Z"'].filter((f) => !f.includes('].value'))) assert.equal((await find(filter)).totalResults, 1, filter)
  assert.equal(faultOf(await call('GET', `/Users?filter=${encodeURIComponent('password eq "x"')}`)), '400 invalidFilter')
  assert.equal(faultOf(await call('GET', `/Users?filter=${encodeURIComponent('userName eq')}`)), '400 invalidFilter')
  // Entra says it with capitals and texts
  assert.equal((await call('PATCH', `/Users/${id}`, patchOp({ op: 'Replace', path: 'active', value: 'False' }))).body.active, false)
  assert.deepEqual((await app.ok(ada, 'GET', '/members?q=grace')).items, [])
  assert.equal((await find('active eq false')).totalResults, 1)
  // Okta says it without a path
  assert.equal((await call('PATCH', `/Users/${id}`, patchOp({ op: 'replace', value: { active: true, 'name.givenName': 'Amazing' } }))).body.name.givenName, 'Amazing')
  assert.equal((await app.ok(ada, 'GET', '/members?q=grace')).items.length, 1)
  const put = await call('PUT', `/Users/${id}`, okta('grace@acme.test', { displayName: 'G. Hopper', externalId: 'other' }))
  assert.deepEqual([put.status, put.body.displayName, put.body.externalId], [200, 'G. Hopper', 'other'])
  assert.equal((await call('DELETE', `/Users/${id}`)).status, 204)
  assert.equal(faultOf(await call('DELETE', `/Users/${id}`)), '404')
  assert.deepEqual((await app.ok(ada, 'GET', '/members?q=grace')).items, [])
  const names = (await app.query<{ name: string }>(`select name from events where name like 'scim-%' order by seq`)).map((e) => e.name)
  assert.deepEqual(names, ['scim-token.made', 'scim-user.added', 'scim-user.changed', 'scim-user.changed', 'scim-user.changed', 'scim-user.removed'])
})

test('deactivation ends access at once, here and in another process; owners are not the directory\'s to remove', async (t) => {
  const app = await ssoApp(t)
  const ada = await app.register('Ada')
  const scim = await directory(app, ada, 'acme.test')
  const grace = await app.register('grace@acme.test')
  await app.identity.pool.query(`update "user" set "emailVerified" = true where id = $1`, [grace.user.id])
  const { body: { id } } = await scim.call('POST', '/Users', okta('grace@acme.test'))
  const signed = await app.login('grace@acme.test', { tenant: ada.tenant!.id })
  assert.equal((await app.as(signed, 'GET', '/members')).status, 200)
  await app.ok(ada, 'PATCH', `/members/${grace.user.id}`, { role: 'admin' })
  const { key } = await app.ok(signed, 'POST', '/api-keys', { name: 'Import', scopes: ['read'] })
  const other = await testApp(t, { beside: app, settings: { PUBLIC_URL: 'http://localhost:8080' } })
  for (const process of [app, other]) for (const token of [signed, key as string]) assert.equal((await process.as(token, 'GET', '/members')).status, 200)
  await scim.call('PATCH', `/Users/${id}`, patchOp({ op: 'replace', value: { active: false } }))
  assert.equal((await app.as(signed, 'GET', '/members')).status, 401)
  for (const [process, token] of [[app, key], [other, signed], [other, key]] as const) while ((await process.as(token, 'GET', '/members')).status !== 401) await new Promise((resolve) => setTimeout(resolve, 20)) // the log tells them
  assert.equal((await app.as(undefined, 'POST', '/auth/refresh', { refreshToken: signed.refreshToken })).status, 401)
  assert.equal((await app.as(grace, 'GET', '/users/me')).status, 200, 'the person\'s other tenants are not concerned')
  assert.ok((await app.query(`select 1 from events where name = 'member.removed' and actor_type = 'key'`)).length === 1)
  await app.identity.pool.query(`insert into member ("organizationId", "userId", role, "createdAt") values ($1, $2, 'owner', now())`, [ada.tenant!.id, grace.user.id])
  await app.query('update scim_users set active = true')
  assert.equal((await scim.call('PATCH', `/Users/${id}`, patchOp({ op: 'replace', value: { active: false } }))).status, 403)
  assert.equal((await scim.call('GET', `/Users/${id}`)).body.active, true)
})

test('an account that never proved its address is not let in by a directory: its maker is out', async (t) => {
  const app = await ssoApp(t)
  const ada = await app.register('Ada')
  const scim = await directory(app, ada, 'acme.test')
  const squatter = await app.register('grace@acme.test')
  assert.equal((await scim.call('POST', '/Users', okta('grace@acme.test'))).status, 201)
  assert.equal((await app.as(squatter, 'GET', '/users/me')).status, 401)
})

test('roles follow from groups; members come and go as Entra and Okta say it', async (t) => {
  const app = await ssoApp(t)
  const ada = await app.register('Ada')
  const { call } = await directory(app, ada, 'acme.test')
  const provider = await app.ok(ada, 'POST', '/sso-providers', { protocol: 'oidc', name: 'x', oidc: { issuer: 'https://id.example.com', clientId: 'x' }, roles: [{ group: 'Admins', role: 'admin' }] })
  await app.query(`update sso_providers set status = 'enabled' where id = $1`, [provider.id])
  const [grace, linus] = [(await call('POST', '/Users', okta('grace@acme.test'))).body.id, (await call('POST', '/Users', okta('linus@acme.test', { externalId: '2' }))).body.id]
  const role = async (name: string) => (await app.ok(ada, 'GET', `/members?q=${name}@acme`)).items[0].role
  const made = await call('POST', '/Groups', { schemas: [`${core}:Group`], displayName: 'Admins', members: [{ value: grace }] })
  assert.deepEqual([made.status, made.body.members.map((m: any) => m.value)], [201, [grace]])
  const at = `/Groups/${made.body.id}`
  assert.deepEqual([await role('grace'), await role('linus')], ['admin', 'member'])
  await call('PATCH', at, patchOp({ op: 'Add', path: 'members', value: [{ value: linus }] }))
  assert.equal(await role('linus'), 'admin')
  assert.deepEqual((await call('GET', `/Users/${linus}`)).body.groups.map((g: any) => g.display), ['Admins'])
  await call('PATCH', at, patchOp({ op: 'remove', path: `members[value eq "${grace}"]` }))
  assert.deepEqual([await role('grace'), await role('linus')], ['member', 'admin'])
  await call('PATCH', at, patchOp({ op: 'Remove', path: 'members', value: [{ value: linus }] }))
  assert.equal(await role('linus'), 'member')
  const renamed = await call('PATCH', at, patchOp({ op: 'replace', value: { id: made.body.id, displayName: 'Chiefs' } }))
  assert.equal(renamed.body.displayName, 'Chiefs')
  assert.equal((await call('GET', `/Groups?filter=${encodeURIComponent('displayName eq "chiefs"')}&excludedAttributes=members`)).body.Resources[0].members, undefined)
  assert.equal(faultOf(await call('POST', '/Groups', { displayName: 'CHIEFS' })), '409 uniqueness')
  assert.equal(faultOf(await call('POST', '/Groups', { displayName: 'x', members: [{ value: 'nobody' }] })), '400 invalidValue')
  assert.equal((await call('DELETE', at)).status, 204)
})

test('a token is one tenant\'s, shown once and kept as a hash; without it nothing is said, removed it ends', async (t) => {
  const app = await ssoApp(t)
  const [ada, eve] = [await app.register('Ada'), await app.register('Eve')]
  const [mine, theirs] = [await directory(app, ada, 'acme.test'), await directory(app, eve)]
  const { body: { id } } = await mine.call('POST', '/Users', okta('grace@acme.test'))
  assert.equal(faultOf(await theirs.call('GET', `/Users/${id}`)), '404')
  assert.equal((await theirs.call('GET', '/Users')).body.totalResults, 0)
  for (const path of ['/Users', '/Groups', '/ServiceProviderConfig', '/ResourceTypes', '/Schemas']) assert.equal(faultOf(await mine.call('GET', path, undefined, 'scim_invented')), '401', path)
  assert.equal(faultOf(await mine.call('GET', '/Users', undefined, ada.accessToken)), '401')
  const [{ n }] = await app.query<{ n: number }>(`select count(*)::int as n from scim_tokens where encode(token_hash, 'escape') like '%scim_%'`) as [{ n: number }]
  assert.equal(n, 0)
  const listed = (await app.ok(ada, 'GET', '/scim-tokens')).items
  assert.deepEqual([listed.length, 'token' in listed[0], listed[0].usedAt !== null], [1, false, true])
  assert.equal((await app.as(eve, 'DELETE', `/scim-tokens/${mine.tokenId}`)).status, 404)
  for (const [status, answer] of [['suspended', '401'], ['active', '200']] as const) {
    await app.ok(ada, 'PATCH', `/tenants/${eve.tenant!.id}`, { status })
    const { status: code } = await theirs.call('GET', '/Users')
    assert.equal(String(code), answer, `a tenant that is ${status}`)
  }
  await app.ok(eve, 'DELETE', `/tenants/${eve.tenant!.id}`)
  assert.equal(faultOf(await theirs.call('POST', '/Users', okta('late@acme.test'))), '401', 'in the grace of its deletion too')
  await app.ok(ada, 'DELETE', `/scim-tokens/${mine.tokenId}`)
  assert.equal(faultOf(await mine.call('GET', '/Users')), '401')
})

test('what the service can do is described, pages are cut as asked, and bad bodies are named', async (t) => {
  const app = await ssoApp(t)
  const ada = await app.register('Ada')
  const { call } = await directory(app, ada, 'acme.test')
  for (let n = 0; n < 3; n++) await call('POST', '/Users', okta(`p${n}@acme.test`, { externalId: String(n) }))
  const page = (await call('GET', '/Users?startIndex=2&count=1')).body
  assert.deepEqual([page.totalResults, page.startIndex, page.itemsPerPage, page.Resources[0].userName], [3, 2, 1, 'p1@acme.test'])
  assert.equal((await call('GET', '/Users?count=0')).body.Resources.length, 0)
  const config = (await call('GET', '/ServiceProviderConfig')).body
  assert.deepEqual([config.patch.supported, config.bulk.supported, config.filter.maxResults], [true, false, 200])
  assert.deepEqual((await call('GET', '/ResourceTypes')).body.Resources.map((r: any) => r.endpoint), ['/Users', '/Groups'])
  assert.equal((await call('GET', `/Schemas/${core}:User`)).body.name, 'User')
  assert.equal(faultOf(await call('POST', '/Users', '{')), '400 invalidSyntax')
  assert.equal(faultOf(await call('POST', '/Users', {})), '400 invalidValue')
  const { id } = page.Resources[0]
  for (const [body, fault] of [[{}, '400 invalidSyntax'], [patchOp({ op: 'move' }), '400 invalidSyntax'], [patchOp({ op: 'remove' }), '400 noTarget'], [patchOp({ op: 'replace', path: 'a b', value: 1 }), '400 invalidPath'], [patchOp({ op: 'replace', path: 'active', value: 'perhaps' }), '400 invalidValue']] as const)
    assert.equal(faultOf(await call('PATCH', `/Users/${id}`, body)), fault, JSON.stringify(body))
  assert.equal(faultOf(await call('GET', '/Nothing')), '404')
})

test('filters and patches are read as the specification says, and endless ones refused', () => {
  assert.deepEqual(parseFilter('a eq "x" or b eq "y" and c pr'), { op: 'or', left: { op: 'eq', attribute: 'a', value: 'x' }, right: { op: 'and', left: { op: 'eq', attribute: 'b', value: 'y' }, right: { op: 'pr', attribute: 'c', value: null } } })
  assert.deepEqual(parseFilter('emails[type EQ "work" and value co "@x"]'), { op: 'and', left: { op: 'eq', attribute: 'emails.type', value: 'work' }, right: { op: 'co', attribute: 'emails.value', value: '@x' } })
  for (const bad of ['', 'a', 'a eq', 'a xx "b"', '(a eq "b"', 'a eq "b" c', 'a eq b', 'a eq "x" and '.repeat(60)]) assert.throws(() => parseFilter(bad), ScimFault, bad)
  const user = { emails: [{ type: 'work', value: 'a@x' }], name: { givenName: 'A' } }
  assert.deepEqual(applyPatch(user, readOperations(patchOp({ op: 'Replace', path: 'emails[type eq "work"].value', value: 'b@x' }))).emails, [{ type: 'work', value: 'b@x' }])
  assert.deepEqual(applyPatch(user, readOperations(patchOp({ op: 'Add', path: 'emails[type eq "home"].value', value: 'c@x' }))).emails, [{ type: 'work', value: 'a@x' }, { type: 'home', value: 'c@x' }])
  assert.deepEqual(applyPatch(user, readOperations(patchOp({ op: 'replace', path: `${core}:User:name.givenName`, value: 'B' }))).name, { givenName: 'B' })
  assert.deepEqual(user, { emails: [{ type: 'work', value: 'a@x' }], name: { givenName: 'A' } }, 'the old one stays as it was')
})
