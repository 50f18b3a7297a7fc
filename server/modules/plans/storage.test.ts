// Storage (X8, S2.12): what is kept in bytes is counted where it is written, by whoever writes it, and given back when it goes.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import { newId } from '../../kernel/ids.ts'
import { listMigrations, migrate } from '../../kernel/migrate.ts'
import { testApp, type TestApp } from '../../testing/app.ts'
import { begin, data, draw, manual, publish, settle } from '../../testing/drawn.ts'
import { runAs } from '../../testing/kernel.ts'
import { recountLevels } from '../../testing/levels.ts'
import { testDatabase } from '../../testing/postgres.ts'

const text = (bytes: number) => 'x'.repeat(bytes)
const png = (bytes: number) => Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(bytes - 8)]).toString('base64')
async function setUp(t: TestContext, settings: Record<string, string> = {}) {
  const app = await testApp(t, { settings })
  const ops = await app.register('Operator')
  const ada = await app.register('Ada', { tenantName: 'Lighthouse' })
  const tenant = ada.tenant!.id
  const allow = (storage: number | null) => app.ok(ops, 'PATCH', `/tenants/${tenant}`, { limits: { storage } })
  const used = async (of = tenant) => Number((await app.query<{ used: string }>(`select used::text as used from usage_levels where tenant_id = $1 and meter = 'storage'`, [of]))[0]?.used ?? 0)
  const agree = async () => assert.deepEqual(await recountLevels((sql) => app.query(sql)), [])
  return { app, ops, ada, tenant, allow, used, agree }
}
const hooked = draw([{ id: 'hook', primitive: 'trigger', type: 'webhook' }, data('out', 'mapping', { fields: { ok: 'yes' } })], 'hook>out')
const kept = draw([manual, data('out', 'mapping', { fields: { text: '${{ trigger.text }}' } })], 'start>out')
async function addressOf(app: TestApp, who: { accessToken: string }, definition: object = hooked): Promise<{ id: string; url: string }> {
  const { id } = await publish(app, who, definition)
  return { id, url: new URL((await app.ok(who, 'GET', `/workflows/${id}/triggers`)).items[0].url).pathname }
}
const send = (app: TestApp, url: string, body: string) => app.http.inject({ method: 'POST', url, payload: body, headers: { 'content-type': 'text/plain' } })

test('50 requests at once to webhooks leave exactly what the plan has room for; senders are told to come again, admins why, and a larger plan lets them in', async (t) => {
  const { app, ada, tenant, allow, used, agree } = await setUp(t)
  const { id, url } = await addressOf(app, ada)
  assert.equal((await send(app, url, text(1000))).statusCode, 202)
  const one = await used()
  assert.ok(one > 1000 && one < 2000, String(one))
  await allow(21 * one + 10)
  const answers = await Promise.all(Array.from({ length: 50 }, () => send(app, url, text(1000))))
  const refused = answers.filter(({ statusCode }) => statusCode !== 202)
  assert.deepEqual([answers.length - refused.length, await used()], [20, 21 * one])
  for (const answer of refused) assert.deepEqual([answer.statusCode, answer.json().code, Number(answer.headers['retry-after']) >= 60, answer.json().limit], [503, 'hook.storage_full', true, undefined], answer.body)
  const [rows] = await app.query<{ kept: number; runs: number }>('select (select count(*)::int from webhook_inbox where tenant_id = $1) as kept, (select count(*)::int from runs where tenant_id = $1) as runs', [tenant])
  assert.deepEqual(rows, { kept: 21, runs: 21 }, 'nothing is half written')
  await agree()
  await app.settled()
  const notices = (await app.ok(ada, 'GET', '/notifications')).items.filter((n: { title: string }) => /Storage is full/.test(n.title))
  assert.deepEqual(notices.map((n: { link: string }) => n.link), ['/usage?meter=storage'], 'told once')
  const first = (await app.ok(ada, 'GET', `/workflows/${id}/inbox`)).items[0]
  const replayed = await app.as(ada, 'POST', `/inbox/${first.id}/replay`)
  assert.deepEqual([replayed.status, replayed.body.code, replayed.body.used], [403, 'plan.limit_reached', 21 * one])
  await allow(null)
  assert.equal((await send(app, url, text(1000))).statusCode, 202)
})

test('50 runs asked for at once with large inputs leave exactly what fits, beside another tenant\'s in the same batch; small ones are not counted', async (t) => {
  const { app, ada, allow, used, agree } = await setUp(t)
  const eve = await app.register('Eve')
  const [mine, hers] = [await publish(app, ada, kept), await publish(app, eve, kept)]
  const first = await begin(app, ada, mine, { text: text(20_000) })
  await settle(app, ada, first.id)
  const both = await used() // the input, and what the step made of it
  await begin(app, ada, mine, { text: text(10_000) })
  assert.equal(await used(), both)
  await allow(both + 205_000)
  const before = (await app.query('select 1 from runs')).length
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => app.as(n % 2 ? ada : eve, 'POST', `/workflows/${(n % 2 ? mine : hers).id}/runs`, { input: { text: text(40_000) } })))
  const refused = answers.flatMap(({ status, body }, n) => (status < 300 ? [] : [{ n, body }]))
  for (const { n, body } of refused) {
    assert.deepEqual([n % 2, body.status, body.code, body.meter, body.limit], [1, 403, 'plan.limit_reached', 'storage', both + 205_000])
    assert.match(body.detail, /bytes of storage, and \d+ are used, this takes 40\d\d\d more/)
  }
  assert.ok(refused.length >= 20 && refused.length < 25, `${refused.length} refused`) // steps of those that began take from the same
  assert.equal((await app.query('select 1 from runs')).length - before, 50 - refused.length)
  await app.settled()
  assert.ok((await used()) <= both + 205_000)
  await agree()
})

test('a step whose value does not fit fails by name at its first try, and goes on after more room (S0.12)', async (t) => {
  const { app, ada, allow, used, agree } = await setUp(t)
  const workflow = await publish(app, ada, draw([manual, data('big', 'mapping', { fields: { text: '${{ trigger.word.repeat(30000) }}' } }), data('next', 'mapping', { fields: { ok: 'yes' } })], 'start>big', 'big>next'))
  await allow(10_000)
  const run = await settle(app, ada, (await begin(app, ada, workflow, { word: 'ab' })).id)
  assert.deepEqual([run.status, run.error.code], ['failed', 'plan.limit_reached'], JSON.stringify(run))
  assert.match(run.error.message, /allows 10000 of bytes of storage, and 0 are used, this takes 60\d\d\d more/)
  assert.equal(await used(), 0)
  assert.deepEqual(run.steps.filter((s: { key: string }) => s.key === 'big').map((s: { attempt: number }) => s.attempt), [1], JSON.stringify(run.steps))
  await allow(null)
  await app.ok(ada, 'POST', `/runs/${run.id}/retry`)
  assert.equal((await settle(app, ada, run.id)).status, 'completed')
  assert.ok((await used()) >= 60_000)
  await agree()
})

test('a logo takes room, another one the difference, none gives it back; beyond the limit it is refused with limit and used', async (t) => {
  const { app, ada, allow, used, agree } = await setUp(t)
  const put = (bytes: number) => app.as(ada, 'PUT', '/branding/logo', { data: png(bytes) })
  assert.equal((await put(5000)).status, 200)
  assert.equal(await used(), 5000)
  await allow(6000)
  const { status, body } = await put(7000)
  assert.deepEqual([status, body.code, body.limit, body.used, body.plan], [403, 'plan.limit_reached', 6000, 5000, 'free'])
  assert.equal((await put(6000)).status, 200, 'the old one goes as the new one comes')
  await app.ok(ada, 'PATCH', '/branding', { color: '#0f6472' })
  assert.equal((await put(2000)).status, 200)
  assert.equal(await used(), 2000)
  assert.equal((await app.as(ada, 'DELETE', '/branding/logo')).status, 204)
  assert.equal(await used(), 0)
  await app.settled()
  const events = (await app.ok(ada, 'GET', '/usage/storage/events')).items.map((e: { name: string; data: { what: string; bytes: number } }) => [e.name, e.data.what, e.data.bytes])
  assert.deepEqual(events, [['storage.freed', 'logo', 2000], ['storage.freed', 'logo', 4000], ['storage.kept', 'logo', 1000], ['storage.kept', 'logo', 5000]])
  await agree()
})

test('the figure, its history, its marks, statistics and what would fit another plan say the same; retention and the tenant\'s end give back', async (t) => {
  const { app, ops, ada, tenant, allow, used, agree } = await setUp(t, { RUN_RETENTION_DAYS: '30' })
  const { url } = await addressOf(app, ada)
  const workflow = await publish(app, ada, kept)
  await settle(app, ada, (await begin(app, ada, workflow, { text: text(20_000) })).id)
  for (let n = 0; n < 3; n++) await send(app, url, text(30_000))
  await app.as(ada, 'PUT', '/branding/logo', { data: png(3000) })
  await app.settled()
  const all = await used()
  await allow(Math.floor(all / 0.63))
  const figure = async () => (await app.ok(ada, 'GET', '/usage')).items.find((i: { meter: string }) => i.meter === 'storage')
  const { used: shown, days, unit, per } = await figure()
  assert.deepEqual([shown, unit, per, days.at(-1).level, days.at(-1).added], [all, 'bytes', 'level', all, all])
  assert.equal((await app.ok(ops, 'GET', `/tenants/${tenant}/statistics`)).storageBytes, all)
  await app.ok(ops, 'POST', '/plans', { name: 'tiny', title: 'Tiny', limits: { storage: all - 1 } })
  const [tiny] = (await app.ok(ada, 'GET', `/tenants/${tenant}/plan-fits?plan=tiny`)).items
  assert.deepEqual([tiny.fits, tiny.meters.find((m: { meter: string }) => m.meter === 'storage')], [false, { meter: 'storage', per: 'level', unit: 'bytes', used: all, limit: all - 1, fits: false }])
  const titles = async () => (await app.settled(), (await app.ok(ada, 'GET', '/notifications')).items.map((n: { title: string }) => n.title).filter((title: string) => /storage/.test(title)))
  assert.deepEqual(await titles(), [])
  await allow(Math.floor((all + 1500) / 0.81))
  await send(app, url, text(100))
  assert.match((await titles())[0], /^8\d % of the storage of the plan free is used$/)
  await agree()

  // the inbox and ended runs go with their days
  await allow(null)
  const stays = 3000 + (await app.query<{ sum: number }>('select sum(octet_length(sealed))::int as sum from webhook_inbox'))[0]!.sum
  await app.query(`insert into webhook_inbox (tenant_id, id, workflow_id, trigger_id, node, method, bytes, sealed, verified, created_at)
    select tenant_id, uuid7(), workflow_id, trigger_id, node, method, bytes, sealed, verified, now() - interval '400 days' from webhook_inbox`)
  await app.query(`update runs set finished_at = now() - interval '400 days'`)
  for (const table of ['run_steps', 'run_blobs']) await app.query(`update ${table} t set run_id = ('00000000-0000-7000-8000' || right(run_id::text, 13))::uuid`)
  await app.query(`update runs set id = ('00000000-0000-7000-8000' || right(id::text, 13))::uuid`)
  await app.query(`update jobs set run_at = now(), status = 'ready' where id = (select id from jobs where name = 'workflows.sweep' order by id limit 1)`)
  app.kernel.bell.ring()
  while ((await app.query(`select 1 from run_blobs union all select 1 from webhook_inbox where created_at < now() - interval '1 day'`)).length) await new Promise((resolve) => setTimeout(resolve, 20))
  await app.settled()
  await agree()
  assert.deepEqual([await used(), (await figure()).days.at(-1).level], [stays, stays])
  const freed = (await app.ok(ada, 'GET', '/usage/storage/events')).items.filter((e: { name: string }) => e.name === 'storage.freed').map((e: { data: { what: string; things: number } }) => [e.data.what, e.data.things])
  assert.deepEqual(freed.sort(), [['received', 4], ['run-value', freed.find(([what]: [string]) => what === 'run-value')?.[1]]])

  await app.ok(ada, 'DELETE', `/tenants/${tenant}`)
  await app.identity.tenants.change({ actor: { type: 'system', id: null }, request: 'test' }, tenant, { deletesAt: new Date(Date.now() - 1000).toISOString() })
  await app.query(`update jobs set run_at = now(), status = 'ready' where id = (select id from jobs where name = 'tenancy.end' order by id limit 1)`)
  app.kernel.bell.ring()
  await app.settled()
  assert.deepEqual([await app.query(`select 1 from usage_levels where tenant_id = $1`, [tenant]), await app.query('select 1 from identity.organization where id = $1', [tenant])], [[], []])
  await agree()
})

test('what was kept before it was counted is counted when the product is brought up to date', async (t) => {
  const database = await testDatabase(t)
  const all = listMigrations()
  await migrate(database.connection('owner'), all.slice(0, all.findIndex(({ name }) => /storage/.test(name))))
  const [one, two, workflow] = [newId(), newId(), newId()]
  await runAs(database, 'system', `
    insert into run_blobs (tenant_id, run_id, id, bytes, sealed) values ('${one}', uuid7(), uuid7(), 20000, repeat('x', 20045)::bytea), ('${one}', uuid7(), uuid7(), 30000, repeat('x', 30045)::bytea), ('${one}', uuid7(), uuid7(), 100, repeat('x', 145)::bytea), ('${two}', uuid7(), uuid7(), 16384, 'x');
    insert into workflows (tenant_id, id, name, definition) values ('${two}', '${workflow}', 'w', '{}');
    insert into webhook_inbox (tenant_id, id, workflow_id, trigger_id, node, method, bytes, sealed, verified) values ('${two}', uuid7(), '${workflow}', uuid7(), 'n', 'POST', 5, repeat('x', 300)::bytea, true);
    insert into branding (tenant_id, logo, logo_type, logo_hash) values ('${two}', repeat('x', 70)::bytea, 'image/png', 'h')`)
  await migrate(database.connection('owner'), all)
  const client = new pg.Client(database.connection('system'))
  await client.connect()
  const query = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows
  try {
    assert.deepEqual(await recountLevels(query), [])
    assert.deepEqual(await query(`select tenant_id, used::int from usage_levels where meter = 'storage' order by used`), [{ tenant_id: two, used: 370 }, { tenant_id: one, used: 50_090 }])
    assert.deepEqual(await query(`select data from events where name = 'storage.kept' and tenant_id = '${one}'`), [{ data: { of: null, what: 'run-value', bytes: 50_090, things: 2 } }])
    await client.query(`delete from workflows`) // takes its inbox along, past the policies
    assert.deepEqual([await recountLevels(query), await query(`select used::int from usage_levels where tenant_id = '${two}'`)], [[], [{ used: 70 }]])
  } finally {
    await client.end()
  }
})
