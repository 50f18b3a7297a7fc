// Runs that are not over have a limit, told to whoever meets it; what begins a run is sealed (X7).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp } from '../../../testing/app.ts'
import { action, begin, condition, data, draw, manual, publish, run, runsOf, settle } from '../../../testing/drawn.ts'

test('at the limit of runs that are not over no more begin, by whatever door; an end makes room', async (t) => {
  const app = await testApp(t, { settings: { WORKFLOW_MAX_OPEN_RUNS: '2' } })
  const owner = await app.register('Olga')
  const held = await publish(app, owner, draw([manual, action('hold', 'wait', { signal: 'go' })], 'start>hold'))
  const heard = await publish(app, owner, draw([{ id: 'e', primitive: 'trigger', type: 'event', settings: { event: 'project.created' } }, data('d', 'transform', { expression: '1' })], 'e>d'))
  const hooked = await publish(app, owner, draw([{ id: 'h', primitive: 'trigger', type: 'webhook', settings: {} }, data('d', 'transform', { expression: '1' })], 'h>d'))
  const url = new URL((await app.ok(owner, 'GET', `/workflows/${hooked.id}/triggers`)).items[0].url).pathname
  const [first] = [await begin(app, owner, held), await begin(app, owner, held)]
  const refused = await app.as(owner, 'POST', `/workflows/${held.id}/runs`, {})
  assert.deepEqual([refused.status, refused.body.code], [409, 'workflow.too_many_runs'])
  assert.equal((await app.http.inject({ method: 'POST', url, payload: 'x' })).statusCode, 409)
  await app.ok(owner, 'POST', '/projects', { key: 'WEB', name: 'Web' })
  assert.deepEqual(await runsOf(app, owner, heard), [])
  assert.match((await app.ok(owner, 'GET', `/workflows/${heard.id}/triggers`)).items[0].problem, /2 runs that are not over/)
  const other = await app.register('Otto')
  const theirs = await publish(app, other, draw([manual, data('d', 'transform', { expression: '1' })], 'start>d'))
  assert.equal((await run(app, other, theirs)).status, 'completed', 'another tenant has its own room')

  await settle(app, owner, first.id, /waiting/)
  await app.ok(owner, 'POST', `/runs/${first.id}/signals/go`)
  await settle(app, owner, first.id)
  for (;;) if ((await app.as(owner, 'POST', `/workflows/${held.id}/runs`, {})).status === 202) break // counted anew within a second
})

test('what begins a run stands nowhere in clear, but for what its graph reads, and is shown to its people (X7)', async (t) => {
  const app = await testApp(t, { settings: { MAIL_IN_DOMAIN: 'in.example.test' } })
  const owner = await app.register('Olga')
  const marker = 'marker-of-the-input'
  const drawn = (trigger: object) => draw([trigger as never, condition('if', 'if_else', { condition: { left: { path: 'trigger.n' }, op: 'gt', right: { value: 1 } } }), action('say', 'wait', { signal: 'go' })], `${(trigger as { id: string }).id}>if`, 'if>say true')
  const byHand = await publish(app, owner, drawn(manual))
  const ran = await begin(app, owner, byHand, { n: 2, words: marker })
  const waiting = await settle(app, owner, ran.id, /waiting|completed/)
  assert.deepEqual([waiting.status, waiting.input], ['waiting', { n: 2, words: marker }], 'the graph reads what it needs of it')
  const heard = await publish(app, owner, draw([{ id: 'e', primitive: 'trigger', type: 'event', settings: { event: 'project.created' } }, action('hold', 'wait', { signal: 'go' })], 'e>hold'))
  await app.ok(owner, 'POST', '/projects', { key: 'WEB', name: 'Web' })
  const [found] = await runsOf(app, owner, heard)
  assert.equal((await app.ok(owner, 'GET', `/runs/${found!.id}`)).input.name, 'project.created')
  const rows = await app.query<{ text: string }>('select input::text as text from runs where id = any ($1)', [[ran.id, found!.id]])
  assert.equal(rows.length, 2)
  for (const { text } of rows) assert.match(text, /\$ref/)
  const tables = await app.query<{ name: string }>(`select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'identity', 'oauth') and c.relkind in ('r', 'p') and not c.relispartition and has_table_privilege(c.oid, 'select')`)
  for (const { name } of tables) {
    const [{ n } = { n: 0 }] = await app.query<{ n: number }>(`select count(*)::int as n from ${name} r where position($1 in r::text) > 0 or position(encode($1::bytea, 'hex') in r::text) > 0`, [marker])
    assert.equal(n, 0, `${marker} stands in ${name}`)
  }
})
