import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { testApp, type Caller, type TestApp } from '../../../testing/app.ts'
import { data, draw, publish, runsOf, settle } from '../../../testing/drawn.ts'
import { judgeSignature } from './signatures.ts'

const hook = (settings: object = {}) => ({ id: 'hook', primitive: 'trigger', type: 'webhook', settings })
const echo = (settings: object = {}) => draw([hook(settings), data('out', 'mapping', { fields: { body: '${{ trigger.body }}', method: '${{ trigger.method }}', q: '${{ trigger.query.q }}' } })], 'hook>out')
async function addressOf(app: TestApp, who: Caller, workflow: { id: string }): Promise<string> {
  return new URL((await app.ok(who, 'GET', `/workflows/${workflow.id}/triggers`)).items[0].url).pathname
}
const send = async (app: TestApp, url: string, o: { method?: string; body?: string | Buffer; headers?: Record<string, string> } = {}) => {
  const answer = await app.http.inject({ method: (o.method ?? 'POST') as 'POST', url, ...(o.body === undefined ? {} : { payload: o.body }), headers: o.headers ?? {} })
  return { status: answer.statusCode, body: answer.body ? JSON.parse(answer.body) : undefined, text: answer.body }
}

test('a webhook takes any method and content type, keeps the bytes, begins a run, and is replayed (S0.14)', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const workflow = await publish(app, owner, echo())
  const url = await addressOf(app, owner, workflow)
  const sent: [object, unknown][] = [
    [{ body: '{"a":1}', headers: { 'content-type': 'application/json' } }, { body: { a: 1 }, method: 'POST', q: null }],
    [{ method: 'PUT', body: 'a=1&a=2&b=x%20y', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, { body: { a: ['1', '2'], b: 'x y' }, method: 'PUT', q: null }],
    [{ method: 'GET' }, { body: null, method: 'GET', q: null }],
    [{ body: 'plain words', headers: { 'content-type': 'text/plain' } }, { body: 'plain words', method: 'POST', q: null }],
    [{ body: '{"broken', headers: { 'content-type': 'application/json' } }, { body: '{"broken', method: 'POST', q: null }],
    [{ body: Buffer.from([0, 255, 1]), headers: { 'content-type': 'application/octet-stream' } }, { body: { base64: 'AP8B' }, method: 'POST', q: null }],
    [{ body: '{"$ref":"x","__proto__":{"admin":true}}', headers: { 'content-type': 'application/json' } }, { body: '{"$ref":"x","__proto__":{"admin":true}}', method: 'POST', q: null }],
  ]
  for (const [request, expected] of sent) {
    const answer = await send(app, url, request)
    assert.equal(answer.status, 202, answer.text)
    const run = await settle(app, owner, answer.body.runId)
    assert.deepEqual(run.results, { out: expected }, JSON.stringify(run))
  }
  const { items } = await app.ok(owner, 'GET', `/workflows/${workflow.id}/inbox`)
  assert.deepEqual([items.length, items[0].verified, items[0].bytes], [sent.length, true, 39])
  const first = items.at(-1)
  const kept = await app.ok(owner, 'GET', `/inbox/${first.id}`)
  assert.deepEqual([kept.body, kept.encoding, kept.headers['content-type']], ['{"a":1}', 'utf8', 'application/json'])
  const again = await app.ok(owner, 'POST', `/inbox/${first.id}/replay`)
  assert.deepEqual((await settle(app, owner, again.runId)).results.out.body, { a: 1 })

  const { url: other } = await app.ok(owner, 'POST', `/workflows/${workflow.id}/triggers/hook/rotate`)
  assert.equal((await send(app, url)).status, 404)
  assert.equal((await send(app, new URL(other).pathname)).status, 202)
  await app.ok(owner, 'POST', `/workflows/${workflow.id}/deactivate`)
  assert.equal((await send(app, new URL(other).pathname)).status, 404)
  const lost = await send(app, '/hooks/whk_not-a-token-at-all-0000000')
  assert.deepEqual([lost.status, lost.body.code, lost.text.includes('whk_')], [404, 'hook.not_found', false])
})

test('a signed webhook takes only what is signed; what was refused stands in the inbox with the reason, and begins nothing', async (t) => {
  const lines: string[] = []
  const note = (...parts: unknown[]) => void lines.push(JSON.stringify(parts))
  const app = await testApp(t, { log: { debug: note, info: note, warn: note, error: note } as never })
  const owner = await app.register('Olga')
  const workflow = await publish(app, owner, echo({ signature: 'github' }))
  const url = await addressOf(app, owner, workflow)
  const secret = 'marker-secret-of-the-hook'
  assert.equal((await send(app, url, { body: '{}' })).status, 401)
  const set = await app.ok(owner, 'PUT', `/workflows/${workflow.id}/triggers/hook/secret`, { secret })
  assert.deepEqual([set.hasSecret, JSON.stringify(set).includes(secret)], [true, false])
  const body = '{"ok":true}'
  const signed = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  assert.equal((await send(app, url, { body, headers: { 'x-hub-signature-256': signed } })).status, 202)
  assert.equal((await send(app, url, { body: `${body} `, headers: { 'x-hub-signature-256': signed, authorization: 'Bearer marker-of-the-sender' } })).body.code, 'hook.refused')
  assert.equal((await runsOf(app, owner, workflow)).length, 1)
  const { items } = await app.ok(owner, 'GET', `/workflows/${workflow.id}/inbox`)
  assert.deepEqual(items.map((i: any) => [i.verified, i.reason]), [[false, 'the signature is not right'], [true, null], [false, 'the trigger has no secret to judge it by']])
  // neither the address nor the secret nor what the sender signed in with is written anywhere in clear
  const token = url.split('/').at(-1)!
  const tables = await app.query<{ name: string }>(`select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'identity', 'oauth') and c.relkind in ('r', 'p') and not c.relispartition and has_table_privilege(c.oid, 'select')`)
  for (const { name } of tables) for (const marker of [token, secret, 'marker-of-the-sender']) {
    const [{ n } = { n: 0 }] = await app.query<{ n: number }>(`select count(*)::int as n from ${name} r where position($1 in r::text) > 0 or position(encode($1::bytea, 'hex') in r::text) > 0`, [marker])
    assert.equal(n, 0, `${marker} stands in ${name}`)
  }
  for (const marker of [token, secret, 'marker-of-the-sender']) assert.equal(lines.some((line) => line.includes(marker)), false, `${marker} stands in the log`)
})

test('what comes by Standard Webhooks begins one run of a message, however often its sender tries; taken once more from the inbox it begins another', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const workflow = await publish(app, owner, echo({ signature: 'standard-webhooks' }))
  const url = await addressOf(app, owner, workflow)
  const key = Buffer.from('0123456789abcdef0123456789abcdef')
  await app.ok(owner, 'PUT', `/workflows/${workflow.id}/triggers/hook/secret`, { secret: `whsec_${key.toString('base64')}` })
  const say = (id: string, body: string, more = 0) => {
    const at = String(Math.floor(Date.now() / 1000) + more)
    return send(app, url, { body, headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')}` } })
  }
  const [first, again, other] = [await say('m1', '{"n":1}'), await say('m1', '{"n":1}', 1), await say('m2', '{"n":1}')]
  assert.deepEqual([first.status, again.status, again.body.runId === first.body.runId, again.body.id === first.body.id, other.body.runId === first.body.runId], [202, 202, true, true, false], 'a repetition is answered as what it repeats')
  await Promise.all(Array.from({ length: 6 }, () => say('m3', '{}')))
  assert.equal((await runsOf(app, owner, workflow)).length, 3)
  const { items } = await app.ok(owner, 'GET', `/workflows/${workflow.id}/inbox`)
  assert.equal(items.length, 3)
  await app.ok(owner, 'POST', `/inbox/${items[0].id}/replay`)
  assert.equal((await runsOf(app, owner, workflow)).length, 4)
})

test('a synchronous webhook answers with what the run gives', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const workflow = await publish(app, owner, echo({ answer: 'result', method: 'POST' }))
  const url = await addressOf(app, owner, workflow)
  const answer = await send(app, `${url}?q=7`, { body: '{"n":1}', headers: { 'content-type': 'application/json' } })
  assert.deepEqual([answer.status, answer.body], [200, { out: { body: { n: 1 }, method: 'POST', q: '7' } }])
  assert.equal((await send(app, url, { method: 'DELETE' })).status, 404)
})

test('signatures of Standard Webhooks, GitHub, Stripe, Slack and Twilio are judged over the bytes, with their age', () => {
  const now = 1_700_000_000_000
  const at = String(now / 1000)
  const body = Buffer.from('{"a":1}')
  const url = 'https://app.test/hooks/x'
  const hmac = (secret: string | Buffer, text: string, form: 'hex' | 'base64', algorithm = 'sha256') => createHmac(algorithm, secret).update(text).digest(form)
  const key = Buffer.from('0123456789abcdef0123456789abcdef')
  const cases: [Parameters<typeof judgeSignature>[0], string, Record<string, string>, Buffer?][] = [
    ['standard-webhooks', `whsec_${key.toString('base64')}`, { 'webhook-id': 'm1', 'webhook-timestamp': at, 'webhook-signature': `v1,AAAA v1,${hmac(key, `m1.${at}.{"a":1}`, 'base64')}` }],
    ['github', 's', { 'x-hub-signature-256': `sha256=${hmac('s', '{"a":1}', 'hex')}` }],
    ['stripe', 's', { 'stripe-signature': `t=${at},v1=00,v1=${hmac('s', `${at}.{"a":1}`, 'hex')}` }],
    ['slack', 's', { 'x-slack-request-timestamp': at, 'x-slack-signature': `v0=${hmac('s', `v0:${at}:{"a":1}`, 'hex')}` }],
    ['twilio', 's', { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': hmac('s', `${url}Body${'hi'}From${'+1'}`, 'base64', 'sha1') }, Buffer.from('From=%2B1&Body=hi')],
  ]
  for (const [kind, secret, headers, other = body] of cases) {
    assert.equal(judgeSignature(kind, secret, { headers, body: other, url, now }), undefined, kind)
    assert.ok(judgeSignature(kind, secret, { headers, body: Buffer.concat([other, Buffer.from(' ')]), url, now }), `${kind}: other bytes`)
    assert.ok(judgeSignature(kind, `${secret}x`.replace('whsec_', 'whsec_AAAA'), { headers, body: other, url, now }), `${kind}: another secret`)
    assert.ok(judgeSignature(kind, secret, { headers: {}, body: other, url, now }), `${kind}: none`)
    if (/\d{10}/.test(JSON.stringify(headers))) assert.match(judgeSignature(kind, secret, { headers, body: other, url, now: now + 400_000 })!, /five minutes/, `${kind}: too old`)
  }
})
