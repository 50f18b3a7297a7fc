// Workflows over connections: signed in, masked on the run's page, by the publisher's rights (S0.7, S4.2).
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { testApp } from '../../testing/app.ts'
import { openOtherSide, type Heard, type Said } from '../../testing/other-side.ts'

const marker = 'MARKER-hush-4711'
async function stage(t: TestContext, answer?: (heard: Heard) => Said) {
  const side = await openOtherSide(t, answer)
  const app = await testApp(t, { settings: { EGRESS_ALLOW: '127.0.0.9' } })
  const ada = await app.register('Ada')
  const make = (name: string, type: string, settings: object, secrets: object) => app.ok(ada, 'POST', '/connections', { name, type, settings, secrets })
  const draw = (connectionId: string, settings: object, type = 'api_call') => ({
    nodes: [{ id: 'start', primitive: 'trigger', type: 'manual', settings: {} }, { id: 'call', primitive: 'action', type, connectionId, settings, retry: { max: 1 } }], edges: [{ from: 'start', to: 'call' }],
  })
  async function run(definition: object) {
    const { id } = await app.ok(ada, 'POST', '/workflows', { name: 'Calls', definition })
    await app.ok(ada, 'POST', `/workflows/${id}/publish`, {})
    const { id: runId } = await app.ok(ada, 'POST', `/workflows/${id}/runs`, { input: { name: 'Ada' } })
    for (;;) {
      const found = await app.ok(ada, 'GET', `/runs/${runId}`)
      if (/completed|failed|cancelled/.test(found.status)) return found
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
  }
  return { app, ada, side, make, draw, run }
}

test('a request is signed in by its connection, carries the step\'s key, and shows no secret on the run\'s page or in a row', async (t) => {
  const { app, side, make, draw, run } = await stage(t, ({ headers, body }) => ({ body: { echo: headers.authorization, got: JSON.parse(body || 'null') } }))
  const { id } = await make('Shop', 'bearer', { baseUrl: `${side.url}/v1` }, { token: marker })
  const done = await run(draw(id, { method: 'POST', url: '/orders', query: { a: '1' }, body: { name: '${{ trigger.name }}' } }))
  assert.equal(done.status, 'completed', JSON.stringify(done.error))
  const [heard] = side.heard
  assert.deepEqual([heard!.path, heard!.query, heard!.headers.authorization, JSON.parse(heard!.body)], ['/v1/orders', { a: '1' }, `Bearer ${marker}`, { name: 'Ada' }])
  assert.ok(String(heard!.headers['idempotency-key']).includes('call'))
  assert.deepEqual(done.steps[0].output.body, { echo: 'Bearer ***', got: { name: 'Ada' } })
  assert.ok(!JSON.stringify(done).includes(marker))
  for (const table of ['runs', 'run_steps', 'events']) for (const { line } of await app.query<{ line: string }>(`select (t.*)::text as line from ${table} t`)) assert.ok(!line.includes(marker) && !line.includes(Buffer.from(marker).toString('hex')), table)
})

test('what a connection refuses fails the step by name: another address, another kind, one that is gone', async (t) => {
  const { app, ada, side, make, draw, run } = await stage(t)
  const shop = await make('Shop', 'bearer', { baseUrl: side.url }, { token: marker })
  assert.equal((await run(draw(shop.id, { method: 'GET', url: 'https://evil.test/' }))).error.code, 'connection.refused')
  const wrong = await app.as(ada, 'POST', '/workflows/validate', { definition: draw(shop.id, { sql: 'select 1' }, 'db_query') })
  assert.ok(JSON.stringify(wrong.body).includes('connection'), JSON.stringify(wrong.body))
  const definition = draw(shop.id, { method: 'GET', url: '/' })
  const { id } = await app.ok(ada, 'POST', '/workflows', { name: 'Later', definition })
  await app.ok(ada, 'POST', `/workflows/${id}/publish`, {})
  // what uses it is told, by its draft or its active version
  const uses = async (connection: string) => (await app.ok(ada, 'GET', `/workflows?connectionId=${connection}`)).items.map((w: { name: string }) => w.name)
  const unused = await make('Unused', 'bearer', { baseUrl: side.url }, { token: marker })
  assert.deepEqual([await uses(shop.id), await uses(unused.id)], [['Later', 'Calls'], []])
  await app.ok(ada, 'PATCH', `/workflows/${id}`, { definition: { nodes: [], edges: [] } })
  assert.deepEqual(await uses(shop.id), ['Later', 'Calls'])
  await app.ok(ada, 'DELETE', `/connections/${shop.id}`)
  const { id: runId } = await app.ok(ada, 'POST', `/workflows/${id}/runs`, { input: {} })
  let found = await app.ok(ada, 'GET', `/runs/${runId}`)
  while (!/completed|failed/.test(found.status)) {
    await new Promise((resolve) => setTimeout(resolve, 15))
    found = await app.ok(ada, 'GET', `/runs/${runId}`)
  }
  assert.equal(found.error.code, 'connection.not_found')
  assert.equal(side.heard.length, 0)
})
