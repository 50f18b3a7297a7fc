// What is sent to harm: code that would break out or starve, addresses that lead inside, definitions that go in circles or have no end, values that cannot
// be kept. All of it at once, over the real product; whoever works beside it is answered in at most five times the usual time of the same minute.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { hostileFunctions } from '../testing/hostile-functions.ts'
import { setupToken, startProduct, type Answer } from '../testing/product.ts'

const most = 5
const samples = 40
const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]!
const manual = { id: 'start', primitive: 'trigger', type: 'manual', settings: {} }
const after = (node: object) => ({ nodes: [manual, { id: 'then', primitive: 'action', ...node }], edges: [{ from: 'start', to: 'then' }] })
/** Spellings of the inside, and of what is no address. */
const addresses = (port: number) => [
  '127.0.0.1', 'localhost', 'LOCALHOST.', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '127.0.0.2', '0.0.0.0', '0', '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[0:0:0:0:0:0:0:1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[fe80::1]',
  '[fd00:ec2::254]', '10.0.0.1', '192.168.1.1', '①②⑦.⓪.⓪.①', 'user:pw@127.0.0.1', '127.0.0.1%2f@pub.test', '169.254.169.254', '100.100.100.200', 'localhost.localdomain', '127.0.0.1.', '[::ffff:0:127.0.0.1]', '[fec0::1]', '198.18.0.1', '224.0.0.1', '255.255.255.255', '172.16.0.1',
].map((host) => `http://${host}:${port}/`).concat('file:///etc/passwd')

test('what is sent to harm is contained, and others are answered meanwhile', async (t) => {
  let inside = 0
  const canary = createServer((_req, res) => (inside++, res.end('secret of the inside')))
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => (canary.closeAllConnections(), canary.close(resolve))))
  const { port } = canary.address() as AddressInfo

  const product = await startProduct(t)
  const sign = async (name: string, more: object = {}) => (await product.ok('POST', '/auth/register', { body: { email: `${name}@example.test`, password: 'herons under a tin roof 58', name, tenantName: `${name} team`, ...more } })).accessToken as string
  const victim = await sign('victim', { setupToken })
  const villain = await sign('villain')
  await product.ok('POST', '/projects', { token: victim, body: { key: 'WEB', name: 'Web' } })
  const usual = async () => {
    const since = performance.now()
    const answer = await product.call('GET', '/projects', { token: victim })
    assert.equal(answer.status, 200, answer.text)
    return performance.now() - since
  }
  const measure = async (until: () => boolean): Promise<number[]> => {
    const times: number[] = []
    while (!until() || times.length < samples) {
      times.push(await usual())
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    return times
  }
  const at = (body: object): Promise<Answer> => product.call('POST', '/workflows/validate', { token: villain, body })

  await measure(() => true) // warm
  const before = await measure(() => true)

  const code = Object.entries(hostileFunctions({ canaryPort: port, publicPort: 9, secretFile: '/etc/shadow', droppedFile: '/tmp/groundwork-dropped' })).map(([name, [, source]]) => ({ name, node: { type: 'custom', settings: { code: source } } }))
  const urls = addresses(port).map((url) => ({ name: url, node: { type: 'api_call', settings: { method: 'GET', url }, retry: { max: 1 } } }))
  assert.ok(code.length >= 46 && urls.length >= 36, `${code.length} functions, ${urls.length} addresses`)
  const ends = new Map<string, string>()
  let refused = 0
  const run = async ({ name, node }: { name: string; node: object }): Promise<void> => {
    const made = await product.ok('POST', '/workflows', { token: villain, body: { name: 'hostile', definition: after(node) } })
    const published = await product.call('POST', `/workflows/${made.id}/publish`, { token: villain })
    if (published.status === 422) return void (refused++, ends.set(name, `refused ${published.text.slice(0, 300)}`))
    assert.equal(published.status, 200, published.text)
    const begun = await product.ok('POST', `/workflows/${made.id}/runs`, { token: villain })
    for (;;) {
      const { status, results, error } = await product.ok('GET', `/runs/${begun.id}`, { token: villain })
      if (/completed|failed/.test(status)) return void ends.set(name, JSON.stringify([status, results, error]))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const circle = { nodes: Array.from({ length: 400 }, (_, i) => ({ id: `n${i}`, primitive: 'data', type: 'transform', settings: { expression: '1' } })), edges: Array.from({ length: 400 }, (_, i) => ({ from: `n${i}`, to: `n${(i + 1) % 400}` })) }
  const giant = { nodes: Array.from({ length: 10_000 }, (_, i) => ({ id: `n${i}`, primitive: 'data', type: 'transform', settings: {} })), edges: [] }
  const dense = { nodes: [manual, ...circle.nodes], edges: Array.from({ length: 2000 }, (_, i) => ({ from: `n${(i * 7) % 400}`, to: `n${(i * 13 + 1) % 400}` })) }
  const deep = '['.repeat(10_000) + ']'.repeat(10_000)
  const statuses: string[] = []
  const definitions = async (): Promise<void> => {
    for (let round = 0; round < 5; round++) for (const [name, definition] of Object.entries({ circle, giant, dense })) {
      const { status, body } = await at({ definition })
      statuses.push(`${name} ${status} ${status === 200 ? body.valid : body.code}`)
    }
  }
  const values = async (): Promise<void> => {
    const made = await product.ok('POST', '/workflows', { token: villain, body: { name: 'values', definition: after({ primitive: 'data', type: 'transform', settings: { expression: 'trigger' } }) } })
    await product.ok('POST', `/workflows/${made.id}/publish`, { token: villain })
    const sent: [string, string][] = [['nul', '{"input":"a\\u0000b"}'], ['surrogate', '{"input":"\\ud800"}'], ['proto', '{"input":{"__proto__":{"admin":true}}}'], ['ref', '{"input":{"$ref":"x"}}'], ['deep', `{"input":${deep}}`], ['large', `{"input":"${'x'.repeat(20_000_000)}"}`]]
    for (const [name, raw] of sent) {
      // a body that is far too large is refused before it is read: its sender may not come to hear of it
      const { status, body } = await product.call('POST', `/workflows/${made.id}/runs`, { token: villain, raw, headers: { 'content-type': 'application/json' } }).catch(() => ({ status: 413, body: 'cut' }))
      assert.ok(status < 500, `${name}: ${status} ${JSON.stringify(body)}`)
      statuses.push(`${name} ${status}`)
    }
  }
  let over = false
  const harm = (async () => {
    const jobs = [...urls, ...code]
    await Promise.all([definitions(), values(), ...Array.from({ length: 6 }, async () => {
      for (let next = jobs.pop(); next; next = jobs.pop()) await run(next)
    })])
  })().finally(() => (over = true))
  const [during] = await Promise.all([measure(() => over), harm])
  const later = await measure(() => true)

  const usualMs = Math.max(median(before), median(later)) // the machine may be busier by itself now than it was then
  t.diagnostic(JSON.stringify({ usualMs: Math.round(usualMs), duringMs: Math.round(median(during)), ratio: Number((median(during) / usualMs).toFixed(2)), requests: during.length, ended: ends.size, refusedAtPublishing: refused, statuses: [...new Set(statuses)] }))
  assert.equal(ends.size, code.length + urls.length)
  assert.ok(refused <= 3, `${refused} were refused at publishing: they were to be run; ${[...ends.values()].find((end) => end.startsWith('refused'))}`)
  assert.equal(inside, 0, 'nothing reached the inside')
  assert.deepEqual([...ends].filter(([, end]) => /secret of the inside|root:|ESCAPED|WROTE|SPAWN/.test(end)), [])
  assert.deepEqual([...ends].filter(([name, end]) => /^(http|file)/.test(name) && !/^\["failed"|^refused/.test(end)), [], 'no address was answered')
  assert.deepEqual([...new Set(statuses.filter((one) => /^(circle|giant|dense)/.test(one)))].filter((one) => / true$|5\d\d/.test(one)), [])
  assert.ok(median(during) <= most * usualMs, `others waited ${(median(during) / usualMs).toFixed(1)} times as long as usual: ${Math.round(median(during))} ms instead of ${Math.round(usualMs)} ms`)
})
