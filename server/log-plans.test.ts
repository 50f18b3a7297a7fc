// What the log is asked is found by an index: every statement that reads events, on a filled log of several tenants and months, with the plan that a
// prepared statement gets at first and the one it keeps later. A question of a tenant reads that tenant's events at most, however long the log is.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import { describeApp } from './describe-app.ts'
import { newId } from './kernel/ids.ts'
import { listEvents, listEventsUpTo, listPersonEventsUpTo } from './kernel/log.ts'
import { look } from './kernel/readers.ts'
import { platformId } from './kernel/ids.ts'
import { statements, type Query } from './kernel/sql.ts'
import { countActivity, listActivity, listLog } from './modules/activity/queries.ts'
import { listUsageEvents } from './modules/plans/queries.ts'
import { countDays, countLoad, countOpened, listCycles } from './modules/reports/queries.ts'
import { listRequestEvents, listTaskEvents } from './modules/tasks/queries.ts'
import { countTenant } from './modules/tenancy/queries.ts'
import { findLeadingRun } from './modules/workflows/triggers/queries.ts'
import { listChain } from './modules/workflows/runner/rights.ts'
import { findPlaceOf } from './modules/webhooks/queries.ts'
import { migratedDatabase, runAs } from './testing/kernel.ts'

/** Statements that are not judged here, with the reason. */
const apart: Record<string, string> = {
  'operators.readers': 'counts a backlog, up to 10,000', 'operators.place-at': 'a verb of operators, once', 'operators.place-back': 'a verb of operators, once', 'operators.head': 'a verb of operators, once',
  'operators.parked-ids': 'begins with the parked', 'operators.lock-parked': 'begins with the parked',
}
const reads = (text: string) => /\b(from|join) events\b/.test(text)

test('every question to the log is answered by an index and reads what it is about, not the whole log', async (t) => {
  const log = await fillLog(t)
  const { big, small, project, person, task, run, request } = log
  const view = { role: 'owner' as const, actor: { type: 'user' as const, id: person }, names: ['task.created', 'task.moved', 'comment.added'] }
  const from = new Date(Date.now() - 20 * 86_400_000).toISOString()
  const [day, to] = [from.slice(0, 10), new Date(Date.now() + 86_400_000).toISOString()]
  const [start, end] = [{ pos: 0, seq: 0 }, { pos: Number.MAX_SAFE_INTEGER, seq: 0 }]
  const own = log.counts.get(small)!
  const ofTask = log.ofTask
  assert.ok(log.total > 20 * own && own > 10 * ofTask, `${log.total} events, ${own} of the small tenant, ${ofTask} of the task`)

  type Case = { label: string; ask: Query; as?: 'system'; tenant?: string; most: number }
  const merged = 50 // where months are merged, some more of each are read
  const none = { from: null, to: null }
  const cases: Case[] = [
    { label: 'readers.look', ask: look('probe.reader', ['task.moved'], 100), as: 'system', most: 100 + merged },
    { label: 'log.list', ask: listEvents(log.middle, 100), as: 'system', most: 100 + merged },
    { label: 'log.list-up-to', ask: listEventsUpTo(small, start, end, 50), most: own },
    { label: 'log.list-up-to', ask: listEventsUpTo(big, log.middle, end, 50), tenant: big, most: 50 + merged },
    { label: 'log.list-person-up-to', ask: listPersonEventsUpTo(platformId, person, start, end, 50), tenant: platformId, most: 600 },
    { label: 'activity.list', ask: listActivity(view, {}, end, 50), most: own },
    { label: 'activity.list', ask: listActivity(view, {}, end, 50), tenant: big, most: 500 },
    { label: 'activity.list', ask: listActivity(view, { taskId: task }, end, 50), most: 2 * ofTask },
    { label: 'activity.list', ask: listActivity(view, { projectId: project }, end, 50), most: own },
    { label: 'activity.list', ask: listActivity(view, { userId: person }, end, 50), most: own },
    { label: 'activity.list', ask: listActivity(view, { runId: run }, end, 50), most: own },
    { label: 'activity.list', ask: listActivity(view, { eventId: log.event }, end, 50), most: 1 },
    { label: 'activity.count', ask: countActivity(view, {}, from, to), most: own },
    { label: 'activity.count', ask: countActivity(view, { taskId: task }, from, to), most: own },
    { label: 'activity.count', ask: countActivity(view, { projectId: project }, from, to), most: own },
    { label: 'activity.log', ask: listLog(person, ['session.started'], none, end, 50), most: own },
    { label: 'activity.log', ask: listLog(person, ['session.started'], none, end, 50), tenant: big, most: 500 },
    { label: 'activity.log', ask: listLog(person, [], { ...none, name: 'task.created' }, end, 50), most: own },
    { label: 'activity.log', ask: listLog(person, [], { ...none, subjectId: task }, end, 50), most: ofTask },
    { label: 'activity.log', ask: listLog(person, [], { ...none, actorId: person }, end, 50), most: own },
    { label: 'activity.log', ask: listLog(person, [], { from, to }, end, 50), most: own },
    { label: 'plans.usage-events', ask: listUsageEvents(['task.created'], day, day, end, 50), most: own },
    { label: 'tasks.events', ask: listTaskEvents([task], 50), most: ofTask },
    { label: 'tasks.events', ask: listTaskEvents([log.others], 50), tenant: big, most: 100 },
    { label: 'activity.log', ask: listLog(person, [], { ...none, subjectId: log.others }, end, 50), tenant: big, most: 100 },
    { label: 'activity.list', ask: listActivity(view, { taskId: log.others }, end, 50), tenant: big, most: 100 },
    { label: 'tasks.request-events', ask: listRequestEvents(log.middle.pos, request), most: own },
    { label: 'reports.days', ask: countDays([project], from, to), most: own },
    { label: 'reports.opened', ask: countOpened([project], from), most: own },
    { label: 'reports.cycles', ask: listCycles([project], from, to, 50), most: 2 * own },
    { label: 'reports.load', ask: countLoad([project], from, to), most: own },
    { label: 'tenancy.count', ask: countTenant(small), as: 'system', most: 2 * own },
    { label: 'run-rights.chain', ask: listChain(run), most: ofTask },
    { label: 'triggers.leading-run', ask: findLeadingRun(log.event), most: 2 },
    { label: 'webhooks.place-of', ask: findPlaceOf(from), most: own },
  ]
  describeApp() // registers what no import above did
  const known = new Set([...cases.map(({ label }) => label), ...Object.keys(apart)])
  assert.deepEqual(statements.filter(({ texts, label }) => texts().some(reads) && !known.has(label)).map(({ label }) => label), [], 'statements on events that nobody judged')

  const used = new Set<string>()
  const faults: string[] = []
  for (const { label, ask, as, tenant, most } of cases)
    for (const kept of [false, true]) {
      const { scans, text } = await log.plan(ask, { system: as === 'system', tenant: tenant ?? small, person, kept })
      for (const one of scans.flatMap(({ indexes }) => indexes)) used.add(one)
      const rows = scans.reduce((sum, scan) => sum + scan.rows, 0)
      const whole = scans.find((scan) => !scan.indexes.length && scan.rows > 0) // months to come are empty
      if (whole || rows > most) faults.push(`${label}, ${kept ? 'the plan it keeps' : 'at first'}: ${whole ? 'reads all of a month' : `reads ${rows} events of ${log.total}, at most ${most}`}\n${text}`)
    }
  assert.deepEqual(faults, [], faults.join('\n\n'))
  assert.deepEqual(log.indexes.filter((name) => !used.has(name)), [], 'indexes of the log that nothing uses')
})

type Scan = { indexes: string[]; rows: number }
type Node = { 'Node Type': string; 'Relation Name'?: string; 'Index Name'?: string; 'Actual Rows': number; 'Actual Loops': number; 'Rows Removed by Filter'?: number; 'Rows Removed by Index Recheck'?: number; Plans?: Node[] }

/** 30,000 events: one tenant with most of them, one with few, the platform's, over three months. */
async function fillLog(t: TestContext) {
  const database = await migratedDatabase(t)
  const [big, small, project, person, task, run] = Array.from({ length: 6 }, newId) as [string, string, string, string, string, string]
  const request = newId()
  const months = Array.from({ length: 3 }, (_, n) => `select add_event_month((now() - interval '${n} month')::date)`).join(';')
  await runAs(database, 'system', `${months};
    insert into projects (tenant_id, id, key, name, columns) select tenant, id, 'PLAN', 'Plans', '[{"id":"todo","name":"Todo","category":"todo"}]' from (values ('${small}'::uuid, '${project}'::uuid), ('${big}', md5('${big}project')::uuid)) v (tenant, id);`)
  // small transactions, so that there are many positions; `tenant` is one of ten others for one event in ten, the small one for one in 50
  for (let n = 0; n < 60; n++)
    await runAs(database, 'system', `
      insert into events (tenant_id, id, name, subject_type, subject_id, scope_id, parent_id, person_id, actor_type, actor_id, data, request_id, at)
      select v.tenant, uuid7(), (array['task.created', 'task.moved', 'comment.added', 'task.changed'])[1 + i % 4], case when i % 4 = 2 then 'comment' else 'task' end,
        case when v.tenant = '${small}' and ${n} % 6 = 0 and i % 100 = 7 then '${task}'::uuid else md5(v.tenant::text || v.n)::uuid end,
        case when v.tenant = '${platformId}' then null when v.tenant = '${small}' then '${project}'::uuid else md5(v.tenant::text || 'project')::uuid end,
        case when i % 4 = 2 then md5(v.tenant::text || v.n)::uuid end, case when v.tenant = '${platformId}' then case when i % 50 = 0 then '${person}'::uuid else md5('person' || i)::uuid end end,
        case when i % 9 = 0 then 'workflow' else 'user' end, md5(v.tenant::text || 'actor' || (i % 7))::uuid, '{}', '${request}', now() - ((60 - ${n}) * interval '1 day')
      from generate_series(1, 500) i cross join lateral (select case when i % 50 = 7 then '${small}'::uuid when i % 10 = 0 then '${platformId}'::uuid when i % 10 = 1 then md5('other' || (i / 10 % 10))::uuid else '${big}'::uuid end as tenant, (i + 500 * ${n}) * 7919 % 2000 as n) v`)
  await runAs(database, 'owner', 'analyze events; analyze projects')

  const open = async (role: 'app' | 'system') => {
    const client = new pg.Client(database.connection(role))
    await client.connect()
    t.after(() => client.end())
    return client
  }
  const clients = { app: await open('app'), system: await open('system') }
  const rows = async <Row extends pg.QueryResultRow>(text: string) => (await clients.system.query<Row>(text)).rows
  const middle = (await rows<{ pos: string; seq: string }>('select pos, seq from events order by pos, seq offset 15000 limit 1'))[0]!
  await clients.system.query(`insert into readers (name, pos, seq) values ('probe.reader', $1, $2)`, [middle.pos, middle.seq])
  const counts = new Map((await rows<{ tenant_id: string; n: number }>('select tenant_id, count(*)::int as n from events group by 1')).map((row) => [row.tenant_id, row.n]))
  const parents = new Map((await rows<{ name: string; parent: string }>(`select c.relname as name, p.relname as parent from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent where p.relkind = 'I'`)).map((row) => [row.name, row.parent]))

  const literal = (value: unknown): string => (value === null || value === undefined ? 'null' : pg.escapeLiteral(Array.isArray(value) ? `{${value.map((one) => JSON.stringify(String(one))).join(',')}}` : String(value)))
  let prepared = 0
  return {
    big, small, project, person, task, run, request, middle: { pos: Number(middle.pos), seq: Number(middle.seq) }, counts, total: [...counts.values()].reduce((a, b) => a + b, 0),
    ofTask: (await rows<{ n: number }>(`select count(*)::int as n from events where subject_id = '${task}'`))[0]!.n,
    event: (await rows<{ id: string }>(`select id from events where subject_id = '${task}' limit 1`))[0]!.id,
    others: (await rows<{ id: string }>(`select subject_id as id from events where tenant_id = '${big}' and subject_type = 'task' order by pos limit 1`))[0]!.id,
    indexes: (await rows<{ name: string }>(`select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = 'events'::regclass order by 1`)).map(({ name }) => name),
    /** What a statement read of the log. `kept`: with the plan for any values. */
    async plan(ask: Query, { system, tenant, person, kept }: { system: boolean; tenant: string; person: string; kept: boolean }): Promise<{ scans: Scan[]; text: string }> {
      const client = system ? clients.system : clients.app
      const name = `judged_${++prepared}`
      await client.query('begin')
      try {
        await client.query(`select set_config('app.tenant', $1, true), set_config('app.actor', $2, true), set_config('app.request', 'plans', true)`, [tenant, person])
        await client.query(`set local plan_cache_mode = ${kept ? 'force_generic_plan' : 'force_custom_plan'}`)
        await client.query(`prepare ${name} as ${ask.text}`)
        const call = ask.values.length ? `${name}(${ask.values.map(literal).join(', ')})` : name
        const { rows: [answer] } = await client.query<{ 'QUERY PLAN': { Plan: Node }[] }>(`explain (analyze, format json) execute ${call}`)
        const scans: Scan[] = []
        const walk = (node: Node) => {
          if (node['Relation Name']?.startsWith('events_')) {
            const rows = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) * node['Actual Loops']
            scans.push({ indexes: indexesOf(node).map((one) => parents.get(one) ?? one), rows })
          }
          node.Plans?.forEach(walk)
        }
        walk(answer!['QUERY PLAN'][0]!.Plan)
        const { rows: lines } = await client.query<Record<string, string>>(`explain execute ${call}`)
        return { scans, text: lines.map((line) => line['QUERY PLAN']).join('\n') }
      } finally {
        await client.query('rollback')
        await client.query(`deallocate ${name}`)
      }
    },
  }
}
/** Of a bitmap, the indexes stand below the node that names the table. */
const indexesOf = (node: Node): string[] => [...(node['Index Name'] ? [node['Index Name']] : []), ...(node.Plans ?? []).flatMap(indexesOf)]
