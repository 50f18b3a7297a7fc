import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import { checkStatements } from '../../kernel/describe.ts'
import { statements } from '../../kernel/sql.ts'
import { testApp, tokenOf, type Answered, type Caller, type TestApp } from '../../testing/app.ts'
import { takeQuota } from './api.ts'
import { openLocalBus } from '../../adapters/bus-local.ts'
import { Windows } from '../../adapters/bus-windows.ts'
import { createCalls } from './calls.ts'

const codeOf = async (answer: Promise<Answered>) => {
  const { status, body } = await answer
  return `${status} ${body?.code ?? ''}`.trim()
}
async function setUp(t: TestContext, settings: Record<string, string> = {}) {
  const app = await testApp(t, { settings })
  const ops = await app.register('Operator')
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  const tenant = ada.tenant!.id
  const change = (wish: object) => app.ok(ops, 'PATCH', `/tenants/${tenant}`, wish)
  const figure = async (name: string, who: Caller = ada) => (await app.ok(who, 'GET', '/usage')).items.find((i: { meter: string }) => i.meter === name)
  return { app, ops, ada, tenant, change, figure }
}
const level = async (app: TestApp, tenant: string, meter: string) => Number((await app.query<{ used: number }>(`select used from usage_levels where tenant_id = $1 and meter = $2 and period = ''`, [tenant, meter]))[0]?.used ?? 0)

test('statements of plans match the database', async (t) => {
  const app = await testApp(t)
  const client = new pg.Client(app.database.connection('owner'))
  await client.connect()
  const mine = statements.filter(({ label }) => label.startsWith('plans.') || label.startsWith('tenancy.'))
  const faults = await checkStatements(client, mine).finally(() => client.end())
  assert.deepEqual(faults, [])
  assert.ok(mine.length > 40)
})

test('four plans are there; operators make, change and delete others, nobody else (S2.11)', async (t) => {
  const { app, ops, ada, change } = await setUp(t)
  const list = async () => (await app.ok(ops, 'GET', '/plans')).items
  assert.deepEqual((await list()).map((p: { name: string; isDefault: boolean }) => [p.name, p.isDefault]), [['free', true], ['basic', false], ['premium', false], ['enterprise', false]])
  assert.equal((await list())[0].tenants, 2)
  assert.equal(await codeOf(app.as(ada, 'GET', '/plans')), '403 operator.required')
  const made = await app.ok(ops, 'POST', '/plans', { name: 'team', title: 'Team', limits: { users: 3, projects: null }, modules: { reports: false } })
  assert.deepEqual([made.limits, made.modules, made.tenants], [{ users: 3, projects: null }, { reports: false }, 0])
  assert.equal(await codeOf(app.as(ops, 'POST', '/plans', { name: 'team', title: 'Team' })), '409 conflict')
  assert.equal((await app.as(ops, 'POST', '/plans', { name: 'odd', title: 'Odd', modules: { identity: false } })).body.errors[0].path, '/modules/identity')
  assert.equal((await app.as(ops, 'POST', '/plans', { name: 'odd', title: 'Odd', limits: { elephants: 1 } })).status, 422)
  assert.equal((await app.as(ops, 'PATCH', `/plans/${made.id}`, { title: 'No' }, { 'if-match': '"7"' })).status, 412)
  await change({ plan: 'team' })
  assert.equal(await codeOf(app.as(ops, 'DELETE', `/plans/${made.id}`)), '409 plan.in_use')
  assert.equal(await codeOf(app.as(ops, 'DELETE', `/plans/${(await list())[0].id}`)), '409 plan.in_use', 'the default')
  await app.ok(ops, 'PATCH', `/plans/${made.id}`, { isDefault: true })
  assert.deepEqual((await list()).filter((p: { isDefault: boolean }) => p.isDefault).map((p: { name: string }) => p.name), ['team'])
  assert.equal((await app.register('Eve')).tenant !== null, true)
  await app.ok(ops, 'PATCH', `/plans/${(await list()).find((p: { name: string }) => p.name === 'free').id}`, { isDefault: true })
  await change({ plan: 'free' })
  assert.equal((await app.as(ops, 'DELETE', `/plans/${made.id}`)).status, 204)
  assert.equal(await codeOf(app.as(ops, 'GET', `/plans/${made.id}`)), '404 plan.not_found')
})

test('50 writers at once against a limit leave exactly the limit: projects, users, storage (X8, S2.12)', async (t) => {
  const { app, ada, tenant, change } = await setUp(t)
  await change({ limits: { projects: 20, users: 12, storage: 1000 } })
  const projects = await Promise.all(Array.from({ length: 50 }, (_, n) => app.as(ada, 'POST', '/projects', { key: `P${n}`, name: `Project ${n}` })))
  const refused = projects.filter((a) => a.status !== 201)
  assert.deepEqual([projects.length - refused.length, refused.length], [20, 30])
  for (const { status, body } of refused) assert.deepEqual([status, body.code, body.limit, body.used, body.plan], [403, 'plan.limit_reached', 20, 20, 'free'])
  assert.equal((await app.query<{ n: number }>('select count(*)::int as n from projects where tenant_id = $1', [tenant]))[0]!.n, 20)

  const links: string[] = []
  for (let n = 0; n < 50; n++) links.push(tokenOf((await app.ok(ada, 'POST', '/invitations', { role: 'viewer' })).url))
  const people = await Promise.all(links.map((invitationToken, n) => app.as(undefined, 'POST', '/auth/register', { email: `guest-${n}@example.test`, password: 'tulips-under-glass 41', name: `Guest ${n}`, invitationToken })))
  assert.equal(people.filter((a) => a.status === 201).length, 11, 'with Ada twelve')
  for (const { status, body } of people.filter((a) => a.status !== 201)) assert.deepEqual([status, body.code, body.limit, body.used], [403, 'plan.limit_reached', 12, 12])
  assert.equal((await app.query<{ n: number }>('select count(*)::int as n from identity.member where "organizationId" = $1', [tenant]))[0]!.n, 12)

  // what stores bytes takes them like this, in the transaction that points at them
  const ctx = app.kernel.app.context({ tenant, actor: { type: 'user', id: ada.user.id }, request: 'test' })
  const store = (bytes: number) => ctx.happen(async (tx) => {
    await takeQuota(tx, 'storage', bytes)
    return { happened: [{ name: 'settings.changed' as const, subject: tenant, data: { eventRetentionDays: null } }], result: true }
  }).catch((error: { code?: string }) => (assert.equal(error.code, 'ZH403'), false))
  const stored = await Promise.all(Array.from({ length: 50 }, () => store(30)))
  assert.equal(stored.filter(Boolean).length, 33)
  assert.equal(await level(app, tenant, 'storage'), 990)
  await store(-90)
  assert.equal(await store(100), true)
  assert.deepEqual([await level(app, tenant, 'projects'), await level(app, tenant, 'users'), await level(app, tenant, 'storage')], [20, 12, 1000])
})

test('what is given back may be used again, and a larger plan lifts the limit at once', async (t) => {
  const { app, ada, change } = await setUp(t)
  await change({ limits: { projects: 1 } })
  const one = await app.ok(ada, 'POST', '/projects', { key: 'ONE', name: 'One' })
  assert.equal(await codeOf(app.as(ada, 'POST', '/projects', { key: 'TWO', name: 'Two' })), '403 plan.limit_reached')
  await app.ok(ada, 'DELETE', `/projects/${one.id}`)
  await app.ok(ada, 'POST', '/projects', { key: 'TWO', name: 'Two' })
  assert.equal(await codeOf(app.as(ada, 'POST', '/projects', { key: 'SIX', name: 'Six' })), '403 plan.limit_reached')
  await change({ plan: 'enterprise', limits: { projects: null } })
  await app.ok(ada, 'POST', '/projects', { key: 'SIX', name: 'Six' })
  const tenant = await app.ok(ada, 'GET', `/tenants/${ada.tenant!.id}`)
  assert.deepEqual([tenant.plan, tenant.limits], ['enterprise', { projects: null }])
})

test('each figure is the recount of its rows and the sum of its events, and opens to them (X8)', async (t) => {
  const { app, ada, tenant, figure } = await setUp(t)
  const ids = []
  for (const key of ['ONE', 'TWO', 'SIX']) ids.push((await app.ok(ada, 'POST', '/projects', { key, name: key })).id)
  await app.ok(ada, 'DELETE', `/projects/${ids[0]}`)
  const grace = await app.member(ada, 'member', 'Grace')
  await app.member(ada, 'viewer', 'Linus')
  await app.ok(ada, 'DELETE', `/members/${grace.user.id}`)
  await app.desk.calls.tell()
  await app.settled()
  const today = new Date().toISOString().slice(0, 10)
  const [projects, users, calls] = [await figure('projects'), await figure('users'), await figure('calls')]
  assert.deepEqual([projects.used, projects.limit, projects.per, projects.days.at(-1)], [2, 10_000, 'level', { day: today, added: 3, removed: 1, level: 2 }])
  assert.deepEqual([users.used, users.days.at(-1)], [2, { day: today, added: 3, removed: 1, level: 2 }])
  assert.equal(users.days.length, 30)
  const events = (await app.ok(ada, 'GET', '/usage/projects/events?limit=2'))
  assert.deepEqual(events.items.map((e: { name: string }) => e.name), ['project.deleted', 'project.created'])
  const rest = await app.ok(ada, 'GET', `/usage/projects/events?after=${events.next}`)
  assert.deepEqual([rest.items.length, rest.next], [2, null])
  const told = (await app.ok(ada, 'GET', '/usage/calls/events')).items
  const sum = told.reduce((n: number, e: { data: { count: number } }) => n + e.data.count, 0)
  assert.ok(sum >= 7 && calls.used === sum && Date.parse(calls.resetsAt) > Date.now(), JSON.stringify(calls))
  const [{ used }] = await app.query<{ used: number }>('select used::int as used from usage_calls where tenant_id = $1', [tenant]) as [{ used: number }]
  assert.equal(used, sum)
  assert.equal(await codeOf(app.as(ada, 'GET', '/usage/elephants/events')), '404 meter.not_found')
  assert.equal((await app.as(ada, 'GET', '/usage?from=2026-02-01&to=2026-01-01')).status, 422)
  assert.equal(await codeOf(app.as(await app.member(ada, 'member', 'Margaret'), 'GET', '/usage')), '403 permission.denied')

  // rewound, the reader counts nothing twice; from nothing it counts the same
  const history = () => app.query('select meter, added, removed from usage_days where tenant_id = $1 order by meter', [tenant])
  await app.settled()
  const before = await history()
  for (const clear of ['select 1', 'delete from usage_days']) {
    await app.query(clear)
    await app.query(`update readers set pos = 0, seq = 0 where name = 'plans.usage'`)
    app.kernel.bell.ring()
    await app.settled()
    assert.deepEqual(await history(), before, clear)
  }
})

test('call 1,001 of a day is refused at a limit of 1,000, with its reset; usage can still be read, and a larger plan lifts it at once', async (t) => {
  const { app, ada, change } = await setUp(t)
  await change({ limits: { calls: 1000 } })
  await app.settled()
  const { count } = app.desk.calls
  const used = Number((await app.query<{ used: number }>('select coalesce(sum(taken), 0)::int as used from usage_calls where tenant_id = $1', [ada.tenant!.id]))[0]!.used)
  assert.equal(used, 0, 'nothing was called yet')
  for (let n = 0; n < 990; n++) await count.call(app.desk.calls, ada.tenant!.id)
  const answers = await Promise.all(Array.from({ length: 20 }, () => app.as(ada, 'GET', '/members')))
  assert.equal(answers.filter((a) => a.status === 200).length, 10)
  const { body, headers } = answers.find((a) => a.status !== 200)!
  assert.deepEqual([body.status, body.code, body.limit, body.plan], [429, 'plan.calls_exhausted', 1000, 'free'])
  assert.ok(Number(headers['retry-after']) <= 86_400 && Date.parse(body.resetsAt) > Date.now())
  await app.desk.calls.tell()
  await app.settled()
  const calls = (await app.ok(ada, 'GET', '/usage')).items.find((i: { meter: string }) => i.meter === 'calls')
  assert.deepEqual([calls.used, calls.limit], [1000, 1000])
  assert.equal(await codeOf(app.as(ada, 'GET', '/members')), '429 plan.calls_exhausted')
  await change({ limits: { calls: 1005 } })
  await app.settled()
  assert.equal((await app.as(ada, 'GET', '/members')).status, 200)
})

test('two processes stop within one block of the limit, and what a killed one had left is given back', async (t) => {
  const { app, ada, change, tenant } = await setUp(t)
  await change({ limits: { calls: 500 } })
  await app.settled()
  const open = () => createCalls({ system: app.kernel.system, onError: assert.fail, everyMs: 3_600_000, take: app.kernel.bus.take })
  const [one, two] = [open(), open()]
  let answered = 0
  const use = async (calls: typeof one) => {
    for (;;) {
      try {
        await calls.count(tenant)
        answered++
      } catch {
        return
      }
    }
  }
  await Promise.all([use(one), use(two)])
  assert.ok(answered >= 495 && answered <= 500, String(answered))
  await app.query(`update usage_calls set seen_at = now() - interval '2 minutes' where tenant_id = $1`, [tenant])
  const three = open()
  await three.count(tenant) // neither had told anything: lost in the tenant's favour
  assert.equal(await codeOf(app.as(ada, 'GET', '/members')), '200')
  for (const calls of [one, two, three]) await calls.stop()
})

test('one tenant\'s people and keys together have a part of a minute; another tenant\'s answers do not wait (S2.12)', async (t) => {
  const { app, ada } = await setUp(t, { RATE_LIMITS: 'on', TENANT_CALLS_PER_MINUTE: '40' })
  const eve = await app.register('Eve')
  const grace = await app.member(ada, 'member', 'Grace')
  const answers = await Promise.all(Array.from({ length: 80 }, (_, n) => app.as(n % 2 ? ada : grace, 'GET', '/projects')))
  const refused = answers.filter(({ status }) => status !== 200)
  assert.ok(refused.length >= 40 && refused.length <= 50, String(refused.length))
  for (const { status, body, headers } of refused) assert.deepEqual([status, body.code, Number(headers['retry-after']) > 0], [429, 'rate.limited', true])
  assert.equal((await app.as(eve, 'GET', '/projects')).status, 200)
  assert.equal((await app.as(ada, 'GET', '/users/me')).status, 200, 'what is a person\'s own goes on')
  let at = Math.floor(Date.now() / 60_000) * 60_000
  const windows = new Windows({ clock: () => at })
  const calls = createCalls({ system: app.kernel.system, onError: assert.fail, everyMs: 3_600_000, perMinute: 250, take: async (key, limit, cost = 1) => windows.take(key, limit, cost), now: () => at })
  const count = async () => calls.count(ada.tenant!.id)
  for (let n = 0; n < 250; n++) await count()
  await assert.rejects(count, { code: 'rate.limited' })
  at += 59_999
  await assert.rejects(count, { code: 'rate.limited' })
  at += 30_001 // half of the minute before still counts
  for (let n = 0; n < 125; n++) await count()
  await assert.rejects(count, { code: 'rate.limited' })
  await calls.stop()
})

test('two processes share a tenant\'s calls of a minute: what one took the other knows', async (t) => {
  const { app, tenant } = await setUp(t)
  const buses = [await openLocalBus({ connection: app.database.connection('system') }), await openLocalBus({ connection: app.database.connection('system') })]
  t.after(() => Promise.all(buses.map((bus) => bus.close())))
  while (buses.some((bus) => !bus.health().ok)) await new Promise((resolve) => setTimeout(resolve, 10))
  const perMinute = 2000
  const [one, two] = buses.map((bus) => createCalls({ system: app.kernel.system, onError: assert.fail, everyMs: 3_600_000, perMinute, take: bus.take }))
  const use = async (calls: typeof one, most: number) => {
    for (let n = 0; n < most; n++) {
      try {
        await calls!.count(tenant)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'rate.limited')
        return n
      }
    }
    return most
  }
  // the first uses three quarters; the second, which alone would allow all of it, hears of that and has the rest
  while (60_000 - (Date.now() % 60_000) < 20_000) await new Promise((resolve) => setTimeout(resolve, 500)) // within one minute
  assert.equal(await use(one, 1500), 1500)
  let more = 0
  for (let got = 50; got === 50; more += got) {
    await new Promise((resolve) => setTimeout(resolve, 20)) // what processes tell each other is packed
    got = await use(two, 50)
  }
  assert.ok(more <= 500 + 400, `${more} more`)
  await Promise.all([one!.stop(), two!.stop()])
})

test('admins are told at 80 and at 100 percent, once each', async (t) => {
  const { app, ada, change } = await setUp(t)
  await change({ limits: { projects: 5 } })
  const told = async () => (await app.settled(), (await app.ok(ada, 'GET', '/notifications')).items.map((n: { title: string; link: string }) => [n.title, n.link]))
  const ids: string[] = []
  for (const key of ['AA', 'BB', 'CC']) ids.push((await app.ok(ada, 'POST', '/projects', { key, name: key })).id)
  assert.deepEqual(await told(), [])
  ids.push((await app.ok(ada, 'POST', '/projects', { key: 'DD', name: 'DD' })).id)
  assert.deepEqual(await told(), [['80 % of the projects of the plan free are used', '/usage']])
  await app.ok(ada, 'POST', '/projects', { key: 'EE', name: 'EE' })
  assert.deepEqual((await told())[0], ['All of the projects of the plan free are used', '/usage'])
  for (const id of ids) await app.ok(ada, 'DELETE', `/projects/${id}`)
  assert.equal((await told()).length, 2)
  for (const key of ['FF', 'GG', 'HH']) await app.ok(ada, 'POST', '/projects', { key, name: key })
  assert.equal((await told()).length, 3, 'told again after it had fallen below')
})

test('what a tenant would use of each plan, for its admins and for operators', async (t) => {
  const { app, ops, ada, tenant, change } = await setUp(t)
  await app.ok(ops, 'POST', '/plans', { name: 'tiny', title: 'Tiny', limits: { projects: 1, users: 5 } })
  for (const key of ['AA', 'BB']) await app.ok(ada, 'POST', '/projects', { key, name: key })
  await change({ plan: 'basic' })
  for (const who of [ada, ops]) {
    const { items } = await app.ok(who, 'GET', `/tenants/${tenant}/plan-fits`)
    assert.deepEqual(items.map((i: { plan: string; fits: boolean; current: boolean }) => [i.plan, i.fits, i.current]), [['free', true, false], ['basic', true, true], ['premium', true, false], ['enterprise', true, false], ['tiny', false, false]])
    const [tiny] = (await app.ok(who, 'GET', `/tenants/${tenant}/plan-fits?plan=tiny`)).items
    assert.deepEqual(tiny.meters.find((m: { meter: string }) => m.meter === 'projects'), { meter: 'projects', per: 'level', unit: 'count', used: 2, limit: 1, fits: false })
  }
  assert.equal(await codeOf(app.as(await app.register('Eve'), 'GET', `/tenants/${tenant}/plan-fits`)), '404 tenant.not_found')
  assert.equal(await codeOf(app.as(await app.member(ada, 'member', 'Grace'), 'GET', `/tenants/${tenant}/plan-fits`)), '403 permission.denied')
})

test('a module switched off is not there for the tenant, by plan or by exception, and others keep it (S4.7)', async (t) => {
  const { app, ops, ada, change } = await setUp(t)
  const eve = await app.register('Eve')
  const project = await app.ok(ada, 'POST', '/projects', { key: 'AA', name: 'AA' })
  const report = (who: Caller) => codeOf(app.as(who, 'GET', `/reports/workload`))
  assert.equal(await report(ada), '200')
  assert.deepEqual((await change({ modules: { reports: false, tasks: false } })).modules.includes('reports'), false)
  await app.settled()
  assert.deepEqual([await report(ada), await report(eve), await codeOf(app.as(ada, 'GET', `/tasks?projectId=${project.id}`)), await codeOf(app.as(ada, 'GET', '/search?q=lamp'))], ['404 not_found', '200', '404 not_found', '404 not_found'])
  assert.equal(await codeOf(app.as(ada, 'GET', '/projects')), '200')
  await change({ modules: { reports: true } })
  await app.settled()
  assert.equal(await report(ada), '200')
  await app.ok(ops, 'PATCH', `/plans/${(await app.ok(ops, 'GET', '/plans')).items[0].id}`, { modules: { reports: false } })
  await app.settled()
  assert.deepEqual([await report(ada), await report(eve)], ['200', '404 not_found'], 'the exception goes before the plan')
  assert.equal((await app.as(ops, 'PATCH', `/tenants/${ada.tenant!.id}`, { modules: { identity: false } })).body.errors[0].path, '/modules/identity')
})

test('a suspended tenant is closed at once and keeps its data; only operators open it again', async (t) => {
  const { app, ops, ada, tenant, change } = await setUp(t)
  await app.ok(ada, 'POST', '/projects', { key: 'AA', name: 'AA' })
  assert.equal((await change({ status: 'suspended' })).status, 'suspended')
  await app.settled()
  assert.deepEqual([await codeOf(app.as(ada, 'GET', '/projects')), await codeOf(app.as(ada, 'GET', '/users/me')), await codeOf(app.as(ada, 'GET', `/tenants/${tenant}`))], ['403 tenant.suspended', '200', '200'])
  for (const [method, path, body] of [['DELETE', '', undefined], ['PATCH', '', { name: 'Other' }], ['POST', '/transfer', { userId: ada.user.id }], ['POST', '/restore', undefined]] as const) assert.equal(await codeOf(app.as(ada, method, `/tenants/${tenant}${path}`, body)), '403 tenant.suspended', `${method} ${path}`)
  assert.equal(await codeOf(app.as(ada, 'PATCH', `/tenants/${tenant}`, { status: 'active' })), '403 operator.required')
  assert.equal((await app.login('Ada')).tenant, null, 'a sign-in begins elsewhere')
  await change({ status: 'active' })
  await app.settled()
  assert.deepEqual((await app.ok(ada, 'GET', '/projects')).items.map((p: { key: string }) => p.key), ['AA'])
  await app.ok(ada, 'DELETE', `/tenants/${tenant}`)
  assert.equal(await codeOf(app.as(ops, 'PATCH', `/tenants/${tenant}`, { status: 'suspended' })), '409 state.conflict')
})

test('operators find every tenant and its figures; what is theirs to change is nobody else\'s', async (t) => {
  const { app, ops, ada, tenant, change } = await setUp(t)
  for (const name of ['Harbour', 'Pier 100%']) await app.register(name, { tenantName: name })
  const names = async (query: string) => (await app.ok(ops, 'GET', `/tenants?all=true&${query}`)).items.map((i: { name: string }) => i.name)
  assert.deepEqual(await names('limit=2'), ['Pier 100%', 'Harbour'])
  assert.deepEqual(await names('q=100%25'), ['Pier 100%'])
  await change({ plan: 'premium' })
  assert.deepEqual([await names('plan=premium'), await names('status=suspended')], [['Lighthouse'], []])
  assert.equal(await codeOf(app.as(ada, 'GET', '/tenants?all=true')), '403 operator.required')
  for (const wish of [{ plan: 'enterprise' }, { limits: { users: null } }, { modules: { reports: true } }, { status: 'suspended' }]) assert.equal(await codeOf(app.as(ada, 'PATCH', `/tenants/${tenant}`, wish)), '403 operator.required')
  assert.equal(await codeOf(app.as(ops, 'PATCH', `/tenants/${tenant}`, { name: 'Mine' })), '403 permission.denied')
  await app.ok(ada, 'POST', '/projects', { key: 'AA', name: 'AA' })
  await app.member(ada, 'viewer')
  const figures = await app.ok(ops, 'GET', `/tenants/${tenant}/statistics`)
  assert.deepEqual([figures.members, figures.projects, figures.tasks], [{ viewer: 1, member: 0, admin: 0, owner: 1, total: 2 }, 1, 0])
  assert.deepEqual((await app.ok(ada, 'GET', `/tenants/${tenant}/statistics`)).members, figures.members)
  assert.equal(await codeOf(app.as(await app.register('Eve'), 'GET', `/tenants/${tenant}/statistics`)), '404 tenant.not_found')
  const [event] = await app.query<{ actor_id: string; data: object }>(`select actor_id, data from events where tenant_id = $1 and name = 'tenant-plan.changed'`, [tenant])
  assert.deepEqual([event!.actor_id, event!.data], [ops.user.id, { plan: 'premium', from: 'free', limits: {}, modules: {} }])
})

test('with one tenant for all there are no limits, and no plans', async (t) => {
  const app = await testApp(t, { settings: { ENABLE_MULTI_TENANT: 'false' } })
  const ada = await app.register('Ada', { tenantName: 'Only' })
  await app.ok(ada, 'PATCH', `/tenants/${ada.tenant!.id}`, { limits: { projects: 0, calls: 0 } })
  await app.ok(ada, 'POST', '/projects', { key: 'AA', name: 'AA' })
  for (const path of ['/plans', `/tenants/${ada.tenant!.id}/plan-fits`]) assert.equal((await app.as(ada, 'GET', path)).status, 404, path)
  assert.equal((await app.as(ada, 'POST', '/plans', { name: 'team', title: 'Team', limits: {} })).status, 404)
  await app.ok(ada, 'GET', '/usage')
})

test('50 API keys at once against a limit of 20 leave exactly 20; what is removed may be made again (X8)', async (t) => {
  const { app, ada, tenant, change, figure } = await setUp(t)
  await change({ limits: { keys: 20 } })
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => app.as(ada, 'POST', '/api-keys', { name: `Key ${n}`, scopes: ['read'] })))
  const refused = answers.filter(({ status }) => status !== 201)
  assert.equal(refused.length, 30)
  for (const { body } of refused) assert.deepEqual([body.code, body.meter, body.limit, body.used], ['plan.limit_reached', 'keys', 20, 20])
  const made = answers.find(({ status }) => status === 201)!
  assert.equal((await app.as(ada, 'DELETE', `/api-keys/${made.body.id}`)).status, 204)
  await app.ok(ada, 'POST', '/api-keys', { name: 'Again', scopes: ['read'] })
  assert.equal(await codeOf(app.as(ada, 'POST', '/api-keys', { name: 'More', scopes: ['read'] })), '403 plan.limit_reached')
  await app.settled()
  assert.deepEqual([await level(app, tenant, 'keys'), (await figure('keys')).used, (await figure('keys')).days.at(-1).level], [20, 20, 20])
})

test('runs that begin at once are counted side by side, and still exactly the limit gets through: one by one, many in a transaction, some taken back (X8)', async (t) => {
  const { app, tenant, change } = await setUp(t)
  const limit = 2400 // taking turns begins 2,048 before it
  await change({ limits: { runs: limit } })
  const pool = new pg.Pool({ ...app.database.connection('system'), max: 24 })
  pool.on('error', () => {})
  t.after(() => pool.end())
  let taken = 0
  let refused = 0
  /** @returns false when the limit refused it */
  const take = async (many: number, keep: boolean): Promise<boolean> => {
    const client = await pool.connect()
    try {
      await client.query('begin')
      for (let n = 0; n < many; n++) await client.query(`select take_quota($1, 'runs', 1, '2026-11')`, [tenant])
      await client.query(keep ? 'commit' : 'rollback')
      if (keep) taken += many
      return true
    } catch (error) {
      await client.query('rollback')
      if ((error as { code?: string }).code === '40P01') return take(many, keep) // two who had counted far from the border met at it
      assert.equal((error as { code?: string }).code, 'ZH403')
      refused++
      return false
    } finally {
      client.release()
    }
  }
  let begun = 0
  await Promise.all(Array.from({ length: 24 }, async () => {
    while (begun < 700) await take([1, 1, 2, 5, 12, 70][begun++ % 6]!, begun % 5 !== 0)
  }))
  assert.ok(refused > 20, `${refused} refused`)
  while (await take(1, true));
  const rows = await app.query<{ slot: number; used: number }>(`select slot, used::int as used from usage_levels where tenant_id = $1 and meter = 'runs' and period = '2026-11'`, [tenant])
  assert.deepEqual([taken, rows.reduce((sum, { used }) => sum + used, 0)], [limit, limit])
  assert.ok(rows.length > 8, `${rows.length} rows`)
})
