import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp, tokenOf, type Caller, type TestApp } from '../../testing/app.ts'

const rolesOf = async (app: TestApp, who: Caller) => Object.fromEntries(((await app.ok(who, 'GET', '/members')).items as { name: string; role: string }[]).map((m) => [m.name, m.role]))
const codeOf = async (answer: ReturnType<TestApp['as']>) => ((a) => `${a.status} ${a.body?.code ?? ''}`.trim())(await answer)

test('a tenant is made, renamed with If-Match, and its slug leads to it', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const made = await app.as(ada, 'POST', '/tenants', { name: 'Lighthouse Keepers' })
  assert.equal(made.status, 201)
  assert.deepEqual([made.body.slug, made.body.role, made.body.status, made.body.deletesAt], ['lighthouse-keepers', 'owner', 'active', null])
  assert.ok(String(made.headers.location).endsWith(`/tenants/${made.body.id}`), String(made.headers.location))
  const read = await app.as(ada, 'GET', `/tenants/${made.body.id}`)
  assert.equal(read.headers.etag, `"${read.body.version}"`)
  const renamed = await app.as(ada, 'PATCH', `/tenants/${made.body.id}`, { name: 'Keepers' }, { 'if-match': String(read.headers.etag) })
  assert.deepEqual([renamed.status, renamed.body.name, renamed.body.slug], [200, 'Keepers', 'lighthouse-keepers'])
  assert.equal(await codeOf(app.as(ada, 'PATCH', `/tenants/${made.body.id}`, { name: 'Late' }, { 'if-match': String(read.headers.etag) })), '412 version.conflict')
  assert.equal(await codeOf(app.as(ada, 'POST', '/tenants', { name: 'Other', slug: 'lighthouse-keepers' })), '409 tenant.slug_taken')
  for (const slug of ['api', 'www', 'Upper', '1st', '018f2b6e-7c1a-7def-8a3b-0123456789ab']) assert.equal((await app.as(ada, 'POST', '/tenants', { name: 'Other', slug })).status, 422, slug)
  const signed = await app.login('Ada', { tenant: 'lighthouse-keepers' })
  assert.equal(signed.tenant!.id, made.body.id)
  assert.deepEqual(new Set((await app.ok(ada, 'GET', '/tenants')).items.map((one: { name: string }) => one.name)), new Set(['Ada\'s team', 'Keepers']))
})

test('REGISTRATION=operators leaves making tenants to operators too', async (t) => {
  const app = await testApp(t)
  const [ada, ben] = [await app.register('Ada'), await app.register('Ben')]
  const closed = await testApp(t, { beside: app, settings: { REGISTRATION: 'operators' } })
  assert.equal(await codeOf(closed.as(ben, 'POST', '/tenants', { name: 'Harbour' })), '403 auth.registration_closed')
  assert.equal((await closed.as(ada, 'POST', '/tenants', { name: 'Harbour' })).status, 201)
})

test('an invitation by mail carries the link in its letter, and whoever registers by it is a member', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  const sent = await app.as(ada, 'POST', '/invitations', { email: 'Grace@Example.test', role: 'admin' })
  assert.deepEqual([sent.status, sent.body.email, sent.body.role, sent.body.status], [201, 'grace@example.test', 'admin', 'pending'])
  const letter = (await app.mails()).find((mail) => mail.to === 'grace@example.test')!
  assert.ok(letter.subject.includes('Ada') && letter.text.includes(sent.body.url))
  const token = tokenOf(sent.body.url)
  assert.deepEqual(await app.ok(undefined, 'POST', '/invitations/preview', { token }), { tenantName: 'Lighthouse', email: 'grace@example.test', role: 'admin', expiresAt: sent.body.expiresAt })
  const grace = await app.register('Grace', { invitationToken: token })
  assert.deepEqual([grace.tenant!.id, grace.tenant!.role], [ada.tenant!.id, 'admin'])
  assert.deepEqual(await rolesOf(app, grace), { Ada: 'owner', Grace: 'admin' })
  assert.equal(await codeOf(app.as(undefined, 'POST', '/invitations/preview', { token })), '422 auth.link_refused')
  const listed = (await app.ok(ada, 'GET', '/invitations?status=accepted')).items
  assert.equal(listed.length, 1)
  assert.equal(listed[0].url, undefined)
})

test('the address of an invitation is not shown to another account, and its secret is in no list and in no replay', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const eve = await app.register('Eve')
  const { url } = await app.ok(ada, 'POST', '/invitations', { email: 'grace@example.test', role: 'member' }, { 'idempotency-key': 'invite-grace' })
  assert.equal(await codeOf(app.as(eve, 'POST', '/invitations/accept', { token: tokenOf(url) })), '404 invitation.not_found')
  assert.equal(await codeOf(app.as(ada, 'POST', '/invitations', { email: 'grace@example.test', role: 'member' }, { 'idempotency-key': 'invite-grace' })), '409 idempotency.secret_shown_once')
  const [{ text }] = await app.query<{ text: string }>(`select string_agg(body::text, '') as text from idempotency_keys`) as [{ text: string | null }]
  assert.ok(!text?.includes('inv_'))
  const [{ log }] = await app.query<{ log: string }>(`select string_agg(data::text, '') as log from events where name like 'invitation.%'`) as [{ log: string }]
  assert.ok(!log.includes('inv_') && !log.includes('grace@'))
})

test('a link without address works for whoever holds it, once; sent again the old one ends; withdrawn it ends', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const [linus, eve] = [await app.register('Linus'), await app.register('Eve')]
  const first = await app.ok(ada, 'POST', '/invitations', { role: 'viewer', days: 2 })
  const again = await app.ok(ada, 'POST', `/invitations/${first.id}/resend`)
  assert.notEqual(tokenOf(again.url), tokenOf(first.url))
  assert.equal(await codeOf(app.as(linus, 'POST', '/invitations/accept', { token: tokenOf(first.url) })), '422 auth.link_refused')
  const joined = await app.ok(linus, 'POST', '/invitations/accept', { token: tokenOf(again.url) })
  assert.deepEqual([joined.id, joined.role], [ada.tenant!.id, 'viewer'])
  assert.equal(await codeOf(app.as(eve, 'POST', '/invitations/accept', { token: tokenOf(again.url) })), '422 auth.link_refused')
  const other = await app.ok(ada, 'POST', '/invitations', { role: 'member' })
  assert.equal((await app.as(ada, 'DELETE', `/invitations/${other.id}`)).status, 204)
  assert.equal(await codeOf(app.as(ada, 'DELETE', `/invitations/${other.id}`)), '404 invitation.not_found')
  assert.equal(await codeOf(app.as(ada, 'POST', `/invitations/${other.id}/resend`)), '404 invitation.not_found')
  assert.equal(await codeOf(app.as(eve, 'POST', '/invitations/accept', { token: tokenOf(other.url) })), '422 auth.link_refused')
})

// What each role may do, by one call that would succeed for an owner; everything below the least role answers 403.
const matrix: { does: string; least: 'viewer' | 'member' | 'admin' | 'owner'; call(app: TestApp, who: Caller, ids: { tenant: string; victim: string; owner: string }): ReturnType<TestApp['as']> }[] = [
  { does: 'read members', least: 'viewer', call: (app, who) => app.as(who, 'GET', '/members') },
  { does: 'read the tenant', least: 'viewer', call: (app, who, { tenant }) => app.as(who, 'GET', `/tenants/${tenant}`) },
  { does: 'list invitations', least: 'admin', call: (app, who) => app.as(who, 'GET', '/invitations') },
  { does: 'invite a viewer', least: 'admin', call: (app, who) => app.as(who, 'POST', '/invitations', { role: 'viewer' }) },
  { does: 'invite an owner', least: 'owner', call: (app, who) => app.as(who, 'POST', '/invitations', { role: 'owner' }) },
  { does: 'change a role', least: 'admin', call: (app, who, { victim }) => app.as(who, 'PATCH', `/members/${victim}`, { role: 'member' }) },
  { does: 'make an owner', least: 'owner', call: (app, who, { victim }) => app.as(who, 'PATCH', `/members/${victim}`, { role: 'owner' }) },
  { does: 'demote an owner', least: 'owner', call: (app, who, { victim }) => app.as(who, 'PATCH', `/members/${victim}`, { role: 'viewer' }) },
  { does: 'take a member out', least: 'admin', call: (app, who, { victim }) => app.as(who, 'DELETE', `/members/${victim}`) },
  { does: 'rename the tenant', least: 'admin', call: (app, who, { tenant }) => app.as(who, 'PATCH', `/tenants/${tenant}`, { name: 'Renamed' }) },
  { does: 'read settings', least: 'admin', call: (app, who) => app.as(who, 'GET', '/tenant-settings') },
  { does: 'change settings', least: 'admin', call: (app, who) => app.as(who, 'PATCH', '/tenant-settings', { eventRetentionDays: 90 }) },
  { does: 'transfer the tenant', least: 'owner', call: (app, who, { tenant, owner }) => app.as(who, 'POST', `/tenants/${tenant}/transfer`, { userId: owner }) },
  { does: 'delete the tenant', least: 'owner', call: (app, who, { tenant }) => app.as(who, 'DELETE', `/tenants/${tenant}`) },
]
test('each role may do what the matrix says, and nothing else', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const tenant = ada.tenant!.id
  const ranks = ['viewer', 'member', 'admin', 'owner'] as const
  const people = { viewer: await app.member(ada, 'viewer'), member: await app.member(ada, 'member'), admin: await app.member(ada, 'admin'), owner: await app.member(ada, 'owner') }
  const victim = await app.member(ada, 'viewer', 'Victim')
  for (const { does, least, call } of matrix) {
    for (const role of ranks) {
      const may = ranks.indexOf(role) >= ranks.indexOf(least)
      if (may && does === 'demote an owner') await app.ok(ada, 'PATCH', `/members/${victim.user.id}`, { role: 'owner' })
      const { status, body } = await call(app, people[role], { tenant, victim: victim.user.id, owner: ada.user.id })
      assert.equal(status < 300 ? 'done' : body.code, may ? 'done' : 'permission.denied', `${role}: ${does} answered ${status} ${JSON.stringify(body)}`)
      // what was undone by succeeding is put back
      if (may && does === 'take a member out') await rejoin()
      if (may && does === 'transfer the tenant') await app.ok(ada, 'PATCH', `/members/${people.owner.user.id}`, { role: 'owner' })
      if (may && does === 'delete the tenant') await app.ok(ada, 'POST', `/tenants/${tenant}/restore`)
    }
  }
  async function rejoin() {
    const { url } = await app.ok(ada, 'POST', '/invitations', { role: 'viewer' })
    await app.ok(await app.login('Victim'), 'POST', '/invitations/accept', { token: tokenOf(url) })
  }
})

test('the last owner can neither go nor be demoted nor taken out; with a second one all of it works', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const grace = await app.member(ada, 'admin', 'Grace')
  for (const last of [app.as(ada, 'POST', '/members/me/leave'), app.as(ada, 'PATCH', `/members/${ada.user.id}`, { role: 'admin' }), app.as(ada, 'DELETE', `/members/${ada.user.id}`)]) assert.equal(await codeOf(last), '409 tenant.last_owner')
  await app.ok(ada, 'PATCH', `/members/${grace.user.id}`, { role: 'owner' })
  assert.equal((await app.as(ada, 'POST', '/members/me/leave')).status, 204)
  assert.deepEqual(await rolesOf(app, grace), { Grace: 'owner' })
  assert.equal((await app.as(ada, 'GET', '/members')).status, 401, 'the token of a former member')
})

test('ownership is handed over in one step, and only by an owner', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const grace = await app.member(ada, 'member', 'Grace')
  const tenant = ada.tenant!.id
  assert.equal(await codeOf(app.as(grace, 'POST', `/tenants/${tenant}/transfer`, { userId: grace.user.id })), '403 permission.denied')
  const stranger = await app.register('Stranger')
  assert.equal(await codeOf(app.as(ada, 'POST', `/tenants/${tenant}/transfer`, { userId: stranger.user.id })), '404 member.not_found')
  assert.equal((await app.ok(ada, 'POST', `/tenants/${tenant}/transfer`, { userId: grace.user.id })).role, 'admin')
  assert.deepEqual(await rolesOf(app, grace), { Ada: 'admin', Grace: 'owner' })
  assert.equal(await codeOf(app.as(ada, 'DELETE', `/tenants/${tenant}`)), '403 permission.denied')
})

test('a removed member is out at once, a role holds at once', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const linus = await app.member(ada, 'admin', 'Linus')
  await app.ok(linus, 'GET', '/invitations')
  await app.ok(ada, 'PATCH', `/members/${linus.user.id}`, { role: 'viewer' })
  assert.equal(await codeOf(app.as(linus, 'GET', '/invitations')), '403 permission.denied')
  await app.ok(ada, 'DELETE', `/members/${linus.user.id}`)
  assert.equal((await app.as(linus, 'GET', '/members')).status, 401)
  assert.equal((await app.as(undefined, 'POST', '/auth/refresh', { refreshToken: linus.refreshToken })).status, 401)
})

test('of another tenant everything is 404, by id, and its members and invitations are in no list', async (t) => {
  const app = await testApp(t)
  const [ada, eve] = [await app.register('Ada'), await app.register('Eve')]
  const grace = await app.member(ada, 'member', 'Grace')
  const invited = await app.ok(ada, 'POST', '/invitations', { email: 'new@example.test', role: 'member' })
  const theirs = ada.tenant!.id
  const outsider = await app.register('Outsider', { tenantName: null })
  for (const [who, method, path, body, code] of [
    [eve, 'GET', `/tenants/${theirs}`, undefined, '404 tenant.not_found'],
    [eve, 'PATCH', `/tenants/${theirs}`, { name: 'Mine' }, '404 tenant.not_found'],
    [eve, 'DELETE', `/tenants/${theirs}`, undefined, '404 tenant.not_found'],
    [eve, 'POST', `/tenants/${theirs}/transfer`, { userId: eve.user.id }, '404 tenant.not_found'],
    [eve, 'POST', `/tenants/${theirs}/restore`, undefined, '404 tenant.not_found'],
    [eve, 'PATCH', `/members/${grace.user.id}`, { role: 'viewer' }, '404 member.not_found'],
    [eve, 'DELETE', `/members/${grace.user.id}`, undefined, '404 member.not_found'],
    [eve, 'POST', `/invitations/${invited.id}/resend`, undefined, '404 invitation.not_found'],
    [eve, 'DELETE', `/invitations/${invited.id}`, undefined, '404 invitation.not_found'],
    [eve, 'POST', '/auth/switch', { tenant: theirs }, '404 tenant.not_found'],
    [outsider, 'GET', '/members', undefined, '400 tenant.required'],
  ] as const) assert.equal(await codeOf(app.as(who, method, path, body)), code, `${method} ${path}`)
  for (const hint of [theirs, ada.tenant!.slug]) {
    assert.equal(await codeOf(app.as(eve, 'GET', '/members', undefined, { 'org-id': hint })), '403 tenant.mismatch')
    assert.equal(await codeOf(app.as(outsider, 'GET', '/members', undefined, { 'org-id': hint })), '404 tenant.not_found')
  }
  assert.deepEqual(await rolesOf(app, eve), { Eve: 'owner' })
  assert.deepEqual((await app.ok(eve, 'GET', '/invitations')).items, [])
})

test('members are found by a part of name or address, page by page, each once', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  for (const name of ['Grace Hopper', 'Linus 100%', 'Margaret_H']) await app.member(ada, 'viewer', name)
  const names = async (query: string) => (await app.ok(ada, 'GET', `/members?${query}`)).items.map((m: { name: string }) => m.name)
  assert.deepEqual(await names('q=hopper'), ['Grace Hopper'])
  assert.deepEqual(await names('q=100%25'), ['Linus 100%'])
  assert.deepEqual(await names('q=_H'), ['Margaret_H'])
  const seen: string[] = []
  for (let after: string | null = ''; after !== null; ) {
    const page = await app.ok(ada, 'GET', `/members?limit=1${after ? `&after=${encodeURIComponent(after)}` : ''}`)
    seen.push(...page.items.map((m: { name: string }) => m.name))
    after = page.next
  }
  assert.deepEqual(seen, ['Ada', 'Grace Hopper', 'Linus 100%', 'Margaret_H'])
})

test('a deleted tenant can be taken back for a week; then a job ends its rows and its keys', async (t) => {
  const app = await testApp(t)
  await app.register('Operator')
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  const tenant = ada.tenant!.id
  await app.ok(ada, 'PATCH', '/tenant-settings', { eventRetentionDays: 30 })
  await app.ok(ada, 'POST', '/invitations', { email: 'grace@example.test', role: 'member' })
  assert.equal((await app.as(ada, 'DELETE', `/tenants/${tenant}`)).status, 204)
  const going = await app.ok(ada, 'GET', `/tenants/${tenant}`)
  assert.equal(going.status, 'deleting')
  const days = (Date.parse(going.deletesAt) - Date.now()) / 86_400_000
  assert.ok(days > 6.9 && days < 7.1, going.deletesAt)
  assert.equal(await codeOf(app.as(ada, 'DELETE', `/tenants/${tenant}`)), '404 tenant.not_found')
  assert.equal((await app.ok(ada, 'POST', `/tenants/${tenant}/restore`)).status, 'active')
  assert.equal(await codeOf(app.as(ada, 'POST', `/tenants/${tenant}/restore`)), '409 state.conflict')

  await app.ok(ada, 'DELETE', `/tenants/${tenant}`)
  await app.settled()
  const end = async () => {
    await app.query(`update jobs set run_at = now(), status = 'ready' where name = 'tenancy.end'`)
    app.kernel.bell.ring()
    await app.settled()
  }
  await end()
  assert.equal((await app.ok(ada, 'GET', `/tenants/${tenant}`)).status, 'deleting', 'not before its time')
  await app.identity.tenants.change({ actor: { type: 'system', id: null }, request: 'test' }, tenant, { deletesAt: new Date(Date.now() - 1000).toISOString() })
  await end()
  assert.equal((await app.as(ada, 'GET', `/tenants/${tenant}`)).status, 401, 'a token for what is gone')
  const again = await app.login('Ada')
  assert.equal(again.tenant, null)
  assert.deepEqual((await app.ok(again, 'GET', '/tenants')).items, [])
  for (const table of ['tenant_settings', 'mails', 'jobs', 'idempotency_keys']) {
    const [{ n }] = await app.query<{ n: number }>(`select count(*)::int as n from ${table} where tenant_id = $1`, [tenant]) as [{ n: number }]
    assert.equal(n, 0, table)
  }
  const keys = await app.query<{ wrapped: Buffer | null }>('select wrapped from keys where tenant_id = $1', [tenant])
  assert.ok(keys.length > 0 && keys.every((key) => key.wrapped === null), 'destroyed, with a tombstone')
})

test('settings, rules and branding have a version: the first change counts, and of two at once one is told to read again', async (t) => {
  const app = await testApp(t)
  await app.register('Operator')
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  for (const [at, change] of [['/tenant-settings', { runRetentionDays: 14 }], ['/security', { passkeys: 'optional' }], ['/branding', { name: 'The light' }]] as const) {
    const unset = await app.as(ada, 'GET', at)
    assert.deepEqual([unset.headers.etag, unset.body.version, unset.body.createdAt], ['"1"', 1, unset.body.updatedAt], at)
    const answers = await Promise.all(Array.from({ length: 6 }, () => app.as(ada, 'PATCH', at, change, { 'if-match': '"1"' })))
    assert.deepEqual(answers.map(({ status, headers }) => `${status} ${String(headers.etag)}`).sort(), ['200 "2"', ...Array(5).fill('412 "2"')], at)
    const { body } = await app.as(ada, 'GET', at)
    assert.deepEqual([{ ...body, ...change }, body.version, body.updatedAt > unset.body.updatedAt], [body, 2, true], at)
  }
  assert.deepEqual((({ eventRetentionDays, runRetentionDays }) => [eventRetentionDays, runRetentionDays])(await app.ok(ada, 'PATCH', '/tenant-settings', { eventRetentionDays: 90 })), [90, 14], 'what is not named stays')
})

test('with one tenant for all nobody makes another, and who registers belongs to it', async (t) => {
  const app = await testApp(t, { settings: { ENABLE_MULTI_TENANT: 'false' } })
  const ada = await app.register('Ada', { tenantName: 'Only' })
  const grace = await app.register('Grace')
  assert.deepEqual([grace.tenant!.id, grace.tenant!.role], [ada.tenant!.id, 'member'])
  assert.equal(await codeOf(app.as(ada, 'POST', '/tenants', { name: 'Second' })), '403 permission.denied')
})

test('every change of members, invitations and settings is in the log, with who did it', async (t) => {
  const app = await testApp(t)
  const ada = await app.register('Ada')
  const grace = await app.member(ada, 'member', 'Grace')
  await app.ok(ada, 'PATCH', `/members/${grace.user.id}`, { role: 'admin' })
  await app.ok(grace, 'PATCH', '/tenant-settings', { eventRetentionDays: null })
  await app.ok(ada, 'DELETE', `/members/${grace.user.id}`)
  const events = await app.query<{ name: string; actor_id: string }>(`select name, actor_id from events where tenant_id = $1 order by seq`, [ada.tenant!.id])
  const by = (name: string) => events.filter((e) => e.name === name).map((e) => (e.actor_id === ada.user.id ? 'Ada' : e.actor_id === grace.user.id ? 'Grace' : e.actor_id))
  assert.deepEqual([by('tenant.created'), by('member.added'), by('invitation.sent'), by('invitation.accepted'), by('member.changed'), by('settings.changed'), by('member.removed')],
    [['Ada'], ['Ada', 'Grace'], ['Ada'], ['Grace'], ['Ada'], ['Grace'], ['Ada']])
})
