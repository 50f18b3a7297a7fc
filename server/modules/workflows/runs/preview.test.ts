import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp } from '../../../testing/app.ts'
import { draw, manual, publish, run } from '../../../testing/drawn.ts'

test('expressions of a draft are tried on samples, on given values, and on a recorded run; faults are told beside their expression (S0.7)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const definition = draw([
    { ...manual, settings: { input: { type: 'object', properties: { name: { type: 'string' }, count: { type: 'integer' } } } } },
    { id: 'greet', primitive: 'data', type: 'mapping', settings: { fields: { text: 'Hello ${{ trigger.name }}' } } },
    { id: 'after', primitive: 'data', type: 'mapping', settings: { fields: { loud: '${{ nodes.greet.output.text.toUpperCase() }}' } } },
  ], 'start>greet', 'greet>after')
  const workflow = await publish(app, owner, definition)
  const ask = (body: object) => app.ok(owner, 'POST', `/workflows/${workflow.id}/preview`, body)

  const sampled = await ask({ node: 'greet', sources: ['trigger.name', 'trigger.count + 1'] })
  assert.deepEqual(sampled.values, [{ value: 'sample', error: null }, { value: 2, error: null }])
  assert.deepEqual([sampled.scope.trigger, Object.keys(sampled.scope.nodes), sampled.recorded], [{ name: 'sample', count: 1 }, ['start'], []]) // nothing of what comes later

  const given = await ask({ node: 'after', sources: ['nodes.greet.output.text.slice(1)', 'trigger.name.nothing.there', 'while (1) {}', 'item.id'], outputs: { greet: { text: 'four' } }, input: { name: null }, item: { id: 7 } })
  assert.equal(given.values[0].value, 'our')
  assert.deepEqual(given.recorded, ['greet'])
  assert.match(given.values[2].error, /^the expression is no expression/)
  assert.equal(given.values[3].value, 7)

  const ran = await run(app, owner, workflow, { name: 'Ada' })
  const recorded = await ask({ node: 'after', sources: ['nodes.greet.output.text.toUpperCase()', 'null.x'], runId: ran.id })
  assert.deepEqual(recorded.values[0], { value: 'HELLO ADA', error: null })
  assert.equal(recorded.values[1].value, null)
  assert.notEqual(recorded.values[1].error, null)
})

test('a schedule says when it comes next, before it is published; one that cannot be read says nothing', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const { id } = await app.ok(owner, 'POST', '/workflows', { name: 'By the clock' })
  const ticksOf = async (settings: object) => (await app.ok(owner, 'POST', `/workflows/${id}/preview`, { node: 'clock', sources: [], definition: draw([{ id: 'clock', primitive: 'trigger', type: 'schedule', settings }]) })).ticks as string[]
  const mondays = await ticksOf({ cron: '30 9 * * 1', timeZone: 'Europe/Berlin' })
  assert.deepEqual([mondays.length, new Set(mondays.map((at) => new Date(at).toLocaleString('en-GB', { timeZone: 'Europe/Berlin', weekday: 'short', hour: '2-digit', minute: '2-digit' })))], [5, new Set(['Mon 09:30'])])
  assert.ok(Date.parse(mondays[0]!) > Date.now() && mondays.every((at, i) => i === 0 || at > mondays[i - 1]!))
  const hourly = (await ticksOf({ every: '2h' })).map((at) => Date.parse(at))
  assert.deepEqual(hourly.slice(1).map((at, i) => at - hourly[i]!), [7_200_000, 7_200_000, 7_200_000, 7_200_000])
  for (const wrong of [{}, { cron: 'never' }, { cron: '0 0 31 2 *' }, { cron: '* * * * * *' }, { cron: '0 9 * * 1', timeZone: 'Mars/Olympus' }, { every: 5 }, { every: '1h', cron: '0 9 * * 1' }]) assert.deepEqual(await ticksOf(wrong), [], JSON.stringify(wrong))
})

test('when a schedule would come is told before there is a workflow; what cannot be read says why, by its field', async (t) => {
  const app = await testApp(t)
  const viewer = await app.member(await app.register('Olga'), 'viewer', 'Vic')
  const ask = (query: Record<string, string>) => app.ok(viewer, 'GET', `/workflows/schedule-times?${new URLSearchParams(query)}`)
  const { ticks, faults } = await ask({ cron: '30 9 L * *', timeZone: 'America/New_York' })
  assert.deepEqual([ticks.length, faults, ticks.every((at: string) => /T\d\d:30:00\.000000Z$/.test(at))], [5, [], true])
  for (const at of ticks as string[]) {
    const there = new Date(at).toLocaleString('en-GB', { timeZone: 'America/New_York' })
    assert.match(there, /, 09:30:00$/)
    assert.equal(new Date(Date.parse(at) + 86_400_000).toLocaleString('en-GB', { timeZone: 'America/New_York', day: 'numeric' }), '1')
  }
  assert.equal((await ask({ every: '45m' })).ticks.length, 5)
  const wrong = async (query: Record<string, string>) => ((await ask(query)).faults as { path: string }[]).map(({ path }) => path)
  assert.deepEqual([await wrong({}), await wrong({ cron: 'never' }), await wrong({ cron: '0 9 * * 1', timeZone: 'Mars/Olympus' }), await wrong({ cron: '0 9 * * 1', every: '1h' }), await wrong({ every: '5s' })], [['/cron'], ['/cron'], ['/timeZone'], ['/every'], ['/every']])
  assert.equal((await app.as(viewer, 'GET', '/workflows/schedule-times?every=often')).status, 422)
})

test('values of a run that somebody may not see are not previewed either, and a lost run is told as such', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const workflow = await publish(app, owner, draw([manual, { id: 'greet', primitive: 'data', type: 'mapping', settings: { fields: { text: 'Hello' } } }], 'start>greet'))
  const ran = await run(app, owner, workflow, { secret: 'heron' })
  const other = await app.member(owner, 'member', 'Mira')
  const refused = await app.as(other, 'POST', `/workflows/${workflow.id}/preview`, { sources: ['trigger.secret'], runId: ran.id })
  assert.deepEqual([refused.status, refused.body.code], [403, 'permission.denied'])
  const viewer = await app.member(owner, 'viewer', 'Vic')
  assert.equal((await app.as(viewer, 'POST', `/workflows/${workflow.id}/preview`, { sources: ['1 + 1'] })).status, 403)
  assert.equal((await app.as(owner, 'POST', `/workflows/${workflow.id}/preview`, { sources: ['1'], runId: workflow.id })).status, 404)
})
