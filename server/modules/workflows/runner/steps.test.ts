import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApp } from '../../../testing/app.ts'
import { action, condition, data, draw, manual, publish, run, settle } from '../../../testing/drawn.ts'
import { openOtherSide } from '../../../testing/other-side.ts'
import { once } from './effects.ts'

const opened = { EGRESS_ALLOW: '127.0.0.9/32' }

test('a request goes out by its connection, comes again under the same key, and what the server echoes of the secret is masked (S0.7, S4.2)', async (t) => {
  let calls = 0
  const marker = 'marker-token-0123456789'
  const other = await openOtherSide(t, ({ headers }) => (++calls === 1 ? { status: 503 } : { body: { echo: headers.authorization, calls } }))
  const app = await testApp(t, { settings: opened })
  const owner = await app.register('Olga')
  const connection = await app.ok(owner, 'POST', '/connections', { name: 'Other', type: 'bearer', settings: { baseUrl: `${other.url}/v1` }, secrets: { token: marker } })
  const workflow = await publish(app, owner, draw([
    manual, action('call', 'api_call', { method: 'POST', url: '/orders', query: { q: '${{ trigger.id }}' }, body: { id: '${{ trigger.id }}', n: '${{ trigger.n + 1 }}' } }, { connectionId: connection.id, retry: { max: 3, baseMs: 100 } }),
  ], 'start>call'))
  const done = await run(app, owner, workflow, { id: 'A1', n: 1 })
  assert.equal(done.status, 'completed', JSON.stringify(done.error))
  assert.deepEqual(other.heard.map(({ path, query, body }) => [path, query, JSON.parse(body)]), [['/v1/orders', { q: 'A1' }, { id: 'A1', n: 2 }], ['/v1/orders', { q: 'A1' }, { id: 'A1', n: 2 }]])
  assert.deepEqual(other.heard.map(({ headers }) => [headers.authorization, headers['idempotency-key']]), Array(2).fill([`Bearer ${marker}`, `${done.id}:call`]))
  assert.equal(done.steps[0].attempt, 2)
  assert.equal(done.results.call.body.calls, 2)
  assert.equal(JSON.stringify(done).includes(marker), false)
  const [{ n } = { n: -1 }] = await app.query<{ n: number }>(`select (select count(*) from run_steps s where s::text like $1) + (select count(*) from events e where e::text like $1) + (select count(*) from runs r where r::text like $1) as n`, [`%${marker}%`])
  assert.equal(Number(n), 0)
})

test('what another server refuses fails the node at once; the inside is refused; an error edge goes on', async (t) => {
  const other = await openOtherSide(t, () => ({ status: 404, body: { message: 'no such order' } }))
  const app = await testApp(t, { settings: opened })
  const owner = await app.register('Olga')
  const call = (url: string) => draw([manual, action('call', 'api_call', { method: 'GET', url }), data('after', 'mapping', { fields: { code: '${{ nodes.call.output.error.code }}' } })], 'start>call', 'call>after error')
  const codes = []
  for (const url of [`${other.url}/x`, 'http://127.0.0.1:1/', 'http://localhost/', 'http://169.254.169.254/latest/meta-data/', 'file:///etc/passwd', 'http://[::1]/']) codes.push((await run(app, owner, await publish(app, owner, call(url)))).results.after.code)
  assert.deepEqual(codes, ['http.refused', 'egress.refused', 'egress.refused', 'egress.refused', 'step.invalid', 'egress.refused'])
  assert.equal(other.heard.length, 1)
})

test('an operation of a service that is known as data is an action on its connection', async (t) => {
  const other = await openOtherSide(t, ({ body }) => ({ body: JSON.parse(body).channel === '#gone' ? { ok: false, error: 'channel_not_found' } : { ok: true, ts: '1.2' } }))
  const app = await testApp(t, { settings: opened })
  const owner = await app.register('Olga')
  const connection = await app.ok(owner, 'POST', '/connections', { name: 'Chat', type: 'slack', settings: { baseUrl: other.url }, secrets: { token: 'xoxb-of-the-test-0000' } })
  const post = draw([manual, { id: 'chat', primitive: 'connection', type: 'slack', connectionId: connection.id }, action('post', 'slack.chat.postMessage', { channel: '${{ trigger.channel }}', text: 'Hello ${{ trigger.name }}' }, { connectionId: 'chat' })], 'start>post')
  const workflow = await publish(app, owner, post)
  const done = await run(app, owner, workflow, { channel: '#team', name: 'Ann' })
  assert.deepEqual([done.status, done.results.post?.body], ['completed', { ok: true, ts: '1.2' }], JSON.stringify(done.error))
  assert.deepEqual(other.heard.map(({ path, body }) => [path, JSON.parse(body)]), [['/chat.postMessage', { channel: '#team', text: 'Hello Ann' }]])
  const failed = await run(app, owner, workflow, { channel: '#gone', name: 'Ann' })
  assert.deepEqual([failed.status, failed.error.code], ['failed', 'http.refused'])
  const wrong = await app.as(owner, 'POST', '/workflows/validate', { definition: draw([manual, action('q', 'db_query', { sql: 'select 1' }, { connectionId: connection.id })], 'start>q') })
  assert.deepEqual(wrong.body.faults.map((f: any) => `${f.code} ${f.path}`), ['connection /nodes/1/connectionId'])
})

test('code and expressions run in the sandbox: bounded, without network, and their failures are the step\'s', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const code = await run(app, owner, await publish(app, owner, draw([manual, action('code', 'custom', { code: 'export default async (input: { n: number }): Promise<object> => ({ doubled: input.n * 2, process: typeof process })', input: { n: '${{ trigger.n }}' } })], 'start>code')), { n: 21 })
  assert.deepEqual(code.results, { code: { doubled: 42, process: 'undefined' } }, JSON.stringify(code.error))
  const cases: [string, RegExp][] = [['[...Array(1e9)]', /./], ['"x".repeat(5e8)', /./], ['(f => f(f))(f => f(f))', /./], ['trigger.missing.deeper.still()', /./]]
  for (const [expression, said] of cases) {
    const failed = await run(app, owner, await publish(app, owner, draw([manual, data('bad', 'transform', { expression })], 'start>bad')), {})
    assert.deepEqual([failed.status, failed.error.code], ['failed', 'expression.failed'], expression)
    assert.match(failed.error.message, said)
  }
})

test('hostile values go through as values: no prototype, no lost byte that can be kept, clear refusals for the rest', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const workflow = await publish(app, owner, draw([manual, data('same', 'transform', { expression: 'trigger' }), data('mapped', 'mapping', { fields: { text: '${{ trigger.text }}', raw: '${{ trigger }}' } })], 'start>same', 'same>mapped'))
  const value = { text: '${{ 1 + 1 }}', '__proto__x': 1, toString: 'own', hasOwnProperty: 1, emoji: '🙂', nested: { a: [1, null, true, 'é'] } }
  const done = await run(app, owner, workflow, value)
  assert.deepEqual(done.results, { mapped: { text: '${{ 1 + 1 }}', raw: value } })
  for (const [input, status, path] of [[{ $ref: 'x' }, 422, '/input'], ['a\0b', 422, '/input'], [{ deep: JSON.parse('['.repeat(300) + ']'.repeat(300)) }, 422, '/input']] as const) {
    const refused = await app.as(owner, 'POST', `/workflows/${workflow.id}/runs`, { input })
    assert.deepEqual([refused.status, refused.body.errors?.[0]?.path], [status, path], JSON.stringify(refused.body))
  }
  const large = await run(app, owner, await publish(app, owner, draw([manual, data('big', 'transform', { expression: '"x".repeat(200000)' }), condition('long', 'if_else', { expression: 'nodes.big.output.length === 200000' }), data('yes', 'mapping', { fields: {} })], 'start>big', 'big>long', 'long>yes true')), {})
  assert.deepEqual([large.status, large.results, large.steps.find((s: any) => s.node === 'big').output.length], ['completed', { yes: {} }, 200_000])
})

test('what a step does to our own database is done once, though two attempts run at once (S0.12)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const held = await publish(app, owner, draw([manual, action('hold', 'wait', { signal: 'go' })], 'start>hold'))
  const { id } = await app.ok(owner, 'POST', `/workflows/${held.id}/runs`, {})
  await settle(app, owner, id, /waiting/)
  const who = { tenant: owner.tenant!.id, actor: { type: 'workflow' as const, id: held.id as string }, request: 'test' }
  let done = 0
  const work = async () => ({ n: ++done })
  const results = await Promise.all(Array.from({ length: 5 }, () => once(app.kernel.app, who, id, 'x', work)))
  assert.deepEqual([done, results], [1, Array(5).fill({ n: 1 })])
  await assert.rejects(once(app.kernel.app, who, id, 'y', async () => Promise.reject(new Error('taken back'))))
  assert.deepEqual(await once(app.kernel.app, who, id, 'y', work), { n: 2 }) // nothing was left of the attempt that failed
})
