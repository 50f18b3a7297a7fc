// One's own account, the operators' list, and what the log says of it all.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAuth, planIdentityMigrations } from './auth.ts'
import { createPasswords } from './hashing.ts'
import { goodPassword, testIdentity } from '../../testing/identity.ts'

const codeOf = (answer: { status: number; body: { code?: string } }) => [answer.status, answer.body.code]

test('the committed tables are all that better-auth needs', async (t) => {
  const i = await testIdentity(t)
  const plan = await planIdentityMigrations({ publicUrl: 'http://localhost:8080', secret: 'x'.repeat(32), pool: i.identity.pool, passwords: createPasswords(), sessionSeconds: 60 })
  assert.deepEqual([plan.toBeCreated, plan.toBeAdded], [[], []])
  assert.ok(createAuth)
})

test('every table of identity and oauth leaves events, or says why not', async (t) => {
  const i = await testIdentity(t)
  const rows = await i.query<{ name: string; covered: boolean }>(`
    select c.oid::regclass::text as name, exists (select from pg_trigger g where g.tgrelid = c.oid and g.tgfoid = 'log_identity_change'::regproc) or obj_description(c.oid, 'pg_class') like '%no events:%' as covered
    from pg_class c where c.relkind = 'r' and c.relnamespace in (select oid from pg_namespace where nspname in ('identity', 'oauth'))`)
  assert.ok(rows.length >= 12)
  assert.deepEqual(rows.filter((r) => !r.covered), [])
})

test('a request\'s role reads the people of its tenant only, and writes none', async (t) => {
  const i = await testIdentity(t)
  const ops = await i.setUp()
  const ben = await i.register('ben', { tenantName: 'Other' })
  const seen = async (tenant: string, what: string) => {
    const client = await i.kernel.app.pool.connect()
    try {
      await client.query('begin')
      await client.query(`select set_config('app.tenant', $1, true)`, [tenant])
      return (await client.query(what)).rows
    } finally {
      await client.query('rollback')
      client.release()
    }
  }
  assert.deepEqual((await seen(ops.tenant.id, 'select id from identity."user"')).map((r) => r.id), [ops.user.id])
  assert.deepEqual((await seen(ben.tenant.id, 'select "userId" as id from identity.member')).map((r) => r.id), [ben.user.id])
  assert.equal((await seen(ben.tenant.id, 'select 1 from identity.organization')).length, 1)
  for (const table of ['session', 'account', 'verification', 'claim', 'preferences']) await assert.rejects(seen(ben.tenant.id, `select 1 from identity.${table}`), /permission denied/)
  for (const write of [`update identity.member set role = 'owner'`, 'delete from identity.organization', `update identity."user" set role = 'operator'`]) await assert.rejects(seen(ben.tenant.id, write), /permission denied/)
})

test('the name of a former member still stands in the tenant, until the account goes', async (t) => {
  const i = await testIdentity(t)
  const ops = await i.setUp()
  const who = { actor: { type: 'user' as const, id: ops.user.id }, request: 'test' }
  const { token } = await i.identity.tenants.invite(who, ops.tenant.id, { email: null, role: 'member' }, 'owner')
  const mia = await i.register('mia', { invitationToken: token })
  await i.identity.tenants.removeMember(who, ops.tenant.id, mia.user.id, 'owner')
  const { sql } = await import('../../kernel/sql.ts')
  const names = async () => (await i.kernel.app.context(i.kernel.who({ tenant: ops.tenant.id })).read(sql<{ name: string }>`select name from identity."user" order by name`))[0].map((r) => r.name)
  assert.deepEqual(await names(), ['Ops', 'mia'])
  const again = (await i.login('mia')).body
  assert.equal((await i.call('DELETE', '/users/me', { token: again.accessToken })).status, 204)
  assert.deepEqual(await names(), ['Ops'])
})

test('profile and preferences change with a version; an old one is 412', async (t) => {
  const i = await testIdentity(t)
  const { accessToken: token } = await i.setUp()
  const me = await i.call('GET', '/users/me', { token })
  assert.match(me.body.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  const changed = await i.call('PATCH', '/users/me', { token, body: { name: 'Olga' }, headers: { 'if-match': String(me.headers.etag) } })
  assert.deepEqual([changed.status, changed.body.name, changed.body.version], [200, 'Olga', me.body.version + 1])
  assert.deepEqual(codeOf(await i.call('PATCH', '/users/me', { token, body: { name: 'X' }, headers: { 'if-match': String(me.headers.etag) } })), [412, 'version.conflict'])
  assert.equal((await i.call('PATCH', '/users/me', { token, body: { role: 'operator' } })).status, 422)
  const { body: { createdAt, updatedAt, ...unset }, headers } = await i.call('GET', '/users/me/preferences', { token })
  assert.deepEqual([unset, headers.etag, createdAt], [{ locale: 'en', timeZone: 'UTC', notifications: {}, version: 1 }, '"1"', updatedAt])
  await i.call('PATCH', '/users/me/preferences', { token, body: { timeZone: 'Europe/Berlin', notifications: { assigned: { mail: true } } } })
  const preferences = await i.call('PATCH', '/users/me/preferences', { token, body: { notifications: { assigned: { inApp: false }, due: { digest: true } } } })
  assert.deepEqual([preferences.body.timeZone, preferences.body.notifications], ['Europe/Berlin', { assigned: { mail: true, inApp: false }, due: { digest: true } }])
  assert.ok(preferences.body.updatedAt > updatedAt)
  const late = await i.call('PATCH', '/users/me/preferences', { token, body: { locale: 'de' }, headers: { 'if-match': '"1"' } })
  assert.deepEqual([late.status, late.headers.etag], [412, preferences.headers.etag], 'set by somebody since: the first choice is version 2')
})

test('sessions are listed and ended one by one, never another person\'s', async (t) => {
  const i = await testIdentity(t)
  const ops = await i.setUp()
  const other = (await i.login('ops')).body
  const ben = await i.register('ben')
  const { items } = (await i.call('GET', '/auth/sessions', { token: ops.accessToken })).body
  assert.deepEqual(items.map((s: { current: boolean }) => s.current), [false, true])
  assert.deepEqual(codeOf(await i.call('DELETE', `/auth/sessions/${items[0].id}`, { token: ben.accessToken })), [404, 'session.not_found'])
  assert.equal((await i.call('DELETE', `/auth/sessions/${items[0].id}`, { token: ops.accessToken })).status, 204)
  assert.equal((await i.call('GET', '/users/me', { token: other.accessToken })).status, 401)
  assert.equal((await i.call('GET', '/users/me', { token: ops.accessToken })).status, 200)
})

test('an account goes with all that is its own; the sole owner of a tenant is told to hand it over', async (t) => {
  const i = await testIdentity(t)
  const ops = await i.setUp()
  assert.deepEqual(codeOf(await i.call('DELETE', '/users/me', { token: ops.accessToken })), [409, 'user.sole_owner'])
  const ben = await i.register('ben')
  const exported = await i.call('GET', '/users/me/export', { token: ben.accessToken })
  assert.deepEqual([exported.status, exported.body.user.email, exported.body.sessions.length], [200, 'ben@example.test', 1])
  assert.ok(!JSON.stringify(exported.body).includes('$argon2'))
  assert.equal((await i.call('DELETE', '/users/me', { token: ben.accessToken })).status, 204)
  assert.equal((await i.call('GET', '/users/me', { token: ben.accessToken })).status, 401)
  assert.equal((await i.login('ben')).status, 401)
  assert.equal((await i.register('ben')).user.email, 'ben@example.test')
})

test('operators see and manage people; others do not; the last operator stays', async (t) => {
  const i = await testIdentity(t)
  const ops = await i.setUp()
  const ben = await i.register('ben')
  for (let n = 0; n < 3; n++) await i.register(`p${n}`)
  assert.deepEqual(codeOf(await i.call('GET', '/users', { token: ben.accessToken })), [403, 'operator.required'])
  const first = await i.call('GET', '/users?limit=2', { token: ops.accessToken })
  const rest = await i.call('GET', `/users?limit=200&after=${first.body.next}`, { token: ops.accessToken })
  assert.deepEqual([...first.body.items, ...rest.body.items].map((u: { name: string }) => u.name), ['p2', 'p1', 'p0', 'ben', 'Ops'])
  assert.deepEqual((await i.call('GET', '/users?q=BEN', { token: ops.accessToken })).body.items.map((u: { name: string }) => u.name), ['ben'])
  assert.deepEqual((await i.call('GET', '/users?role=operator', { token: ops.accessToken })).body.items.map((u: { name: string }) => u.name), ['Ops'])
  assert.deepEqual(codeOf(await i.call('PATCH', `/users/${ops.user.id}`, { token: ops.accessToken, body: { role: 'user' } })), [409, 'state.conflict'])
  assert.deepEqual(codeOf(await i.call('PATCH', `/users/${ops.user.id}`, { token: ops.accessToken, body: { status: 'banned' } })), [409, 'state.conflict'])
  await i.identity.tenants.remove({ actor: { type: 'system', id: null }, request: 'test' }, ops.tenant.id, { onlyIfDue: false })
  const alone = (await i.login('ops')).body.accessToken
  assert.deepEqual(codeOf(await i.call('DELETE', '/users/me', { token: alone })), [409, 'state.conflict'])
  ops.accessToken = alone
  assert.equal((await i.call('PATCH', `/users/${ben.user.id}`, { token: ops.accessToken, body: { role: 'operator' } })).body.role, 'operator')
  assert.equal((await i.call('GET', '/users', { token: ben.accessToken })).status, 200)
})

test('no event holds an address, a name, a password or a token; each has its actor and request', async (t) => {
  const i = await testIdentity(t)
  const ops = await i.setUp()
  const mia = await i.register('mia', { tenantName: 'Studio' })
  await i.call('PATCH', '/users/me', { token: mia.accessToken, body: { name: 'Miriam Lindqvist', password: 'lanterns on the quay', currentPassword: goodPassword } })
  const { token } = await i.identity.tenants.invite({ actor: { type: 'user', id: ops.user.id }, request: 'test' }, ops.tenant.id, { email: 'guest@example.test', role: 'admin' }, 'owner')
  await i.call('POST', '/auth/forgot-password', { body: { email: 'mia@example.test' } })
  const mails = await i.letters()
  await i.refresh(mia.refreshToken)
  await i.call('POST', '/auth/logout', { token: ops.accessToken })
  const events = await i.query<{ name: string; text: string; actor_type: string; actor_id: string | null; request_id: string | null; tenant_id: string }>(`select name, data::text as text, actor_type, actor_id, request_id, tenant_id from events order by seq`)
  const secrets = ['example.test', 'Miriam', 'Lindqvist', goodPassword, 'lanterns', '$argon2', token, ops.refreshToken, mia.refreshToken, ops.accessToken, ...mails.flatMap((m) => /token=([\w-]+)/.exec(m.text)?.[1] ?? [])]
  const sessions = (await i.identity.pool.query<{ token: string }>('select token from session')).rows.map((r) => r.token)
  for (const secret of [...secrets, ...sessions]) assert.deepEqual(events.filter((e) => e.text.includes(secret)).map((e) => e.name), [], secret)
  const names = new Set(events.map((e) => e.name))
  for (const name of ['user.registered', 'user.changed', 'credential.added', 'credential.changed', 'session.started', 'session.ended', 'tenant.created', 'member.added', 'member.signed-in', 'invitation.sent']) assert.ok(names.has(name), `${name} is missing`)
  for (const name of names) assert.ok(i.kernel.registry.find(name), `${name} is not declared`)
  for (const e of events.filter((e) => !e.name.startsWith('mail.'))) {
    assert.ok(e.request_id, `${e.name} has no request`)
    assert.equal(e.actor_type, 'user', `${e.name} has no actor`)
  }
  const changed = events.find((e) => e.name === 'user.changed')!
  assert.deepEqual(JSON.parse(changed.text).name, '***')
})

test('a registration is one transaction', async (t) => {
  const i = await testIdentity(t)
  await i.setUp()
  const rows = await i.query<{ n: number }>(`select count(distinct pos)::int as n from events where name in ('user.registered', 'credential.added', 'tenant.created', 'member.added', 'session.started')`)
  assert.deepEqual(rows, [{ n: 1 }])
})

test('secrets of the issuer outlive a restart, and two first starts agree', async (t) => {
  const i = await testIdentity(t)
  const other = await testIdentity(t, { beside: i.kernel })
  assert.deepEqual(i.identity.issuer.publicKeys(), other.identity.issuer.publicKeys())
  const { accessToken } = await i.setUp()
  assert.equal((await other.call('GET', '/users/me', { token: accessToken })).status, 200)
  const { rows } = await i.identity.pool.query<{ sealed: Buffer }>('select sealed from oauth.issuer_secret union all select sealed from oauth.signing_key')
  assert.ok(rows.length >= 4)
  for (const { sealed } of rows) assert.ok(!sealed.includes(i.identity.secrets.library) && !sealed.includes(String(i.identity.signingKeys.set().private[0]!.d)))
})

test('the sweep removes what has ended and nothing that lives', async (t) => {
  const i = await testIdentity(t)
  const ops = await i.setUp()
  await i.register('ben')
  await i.letters() // Ben's link, which runs out now
  await i.identity.pool.query(`update verification set "expiresAt" = now() - interval '1 second'`)
  const gone = (await i.login('ops')).body
  await i.call('POST', '/auth/logout', { token: gone.accessToken })
  await i.identity.pool.query(`update session set "expiresAt" = now() - interval '1 second' where "userId" <> $1`, [ops.user.id])
  await i.identity.pool.query(`update oauth.grant_context set created_at = now() - interval '2 days'`)
  await i.call('POST', '/auth/forgot-password', { body: { email: 'ops@example.test' } })
  await i.letters()
  await i.identity.jobs.find((job) => job.name === 'identity.sweep')!.handle({} as never, AbortSignal.timeout(10_000))
  const count = async (table: string) => Number((await i.identity.pool.query<{ n: number }>(`select count(*)::int as n from ${table}`)).rows[0]!.n)
  assert.deepEqual([await count('session'), await count('oauth.grant_context'), await count('verification')], [1, 1, 1])
  assert.equal((await i.refresh(ops.refreshToken)).status, 200)
  assert.equal((await i.refresh(gone.refreshToken)).status, 401)
})
