// Providers as data (S0.7): each is sent what its published document shows, signed as it says; what is signed otherwise, and what it sends beside
// messages, begins nothing.
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { testApp } from '../../../testing/app.ts'
import { data, draw, publish, runsOf, settle } from '../../../testing/drawn.ts'
import { judgeSender, readSenders } from './senders.ts'

type Asked = { headers: Record<string, string>; body: string; query?: string }
type Documented = {
  secret: string
  /** a message as the provider's document shows it, sent to `url` at `now` */
  message(url: string, now: number): Asked
  /** something else it sends to the same address, rightly signed */
  other?(url: string, now: number): Asked
  expect: unknown
  answer: [number, string | undefined]
}
const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const hmac = (algorithm: string, key: string, text: string, form: 'hex' | 'base64') => createHmac(algorithm, key).update(text).digest(form)
const seconds = (now: number) => String(Math.floor(now / 1000))
const ed = generateKeyPairSync('ed25519')
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const letter = 'Message-ID: <1@outside.test>\r\nFrom: Ada <ada@outside.test>\r\nSubject: Hello\r\n\r\nA letter\r\n'
const read = { from: 'ada@outside.test', subject: 'Hello' }

const telnyx = (now: number, event: string): Asked => {
  const body = JSON.stringify({ data: { event_type: event, id: 'bf6307bd-884d-4c1f-b6ea-c62b8c495d3c', payload: { direction: 'inbound', from: { carrier: 'T-MOBILE USA, INC.', phone_number: '+18665550001' }, id: '7ee4241c-f127-47e5-9c34-3aac291f8058', text: 'Hello, World!', to: [{ phone_number: '+18445550001', status: 'delivered' }], type: 'SMS' }, record_type: 'event' } })
  return { body, headers: { ...json, 'telnyx-timestamp': seconds(now), 'telnyx-signature-ed25519': sign(null, Buffer.from(`${seconds(now)}|${body}`), ed.privateKey).toString('base64') } }
}
const bearer = { ...json, authorization: 'Bearer device-secret' }
/** Written from the documents that the files name, not from the files. */
const documented: Record<string, Documented> = {
  twilio: { // the address, then each field by name; answered with TwiML
    secret: '12345', expect: { id: 'SM1', from: '+14017122661', to: '+15558675310', text: 'Ahoy' }, answer: [200, '<Response/>'],
    message: (url) => ({ body: new URLSearchParams({ ToCountry: 'US', MessageSid: 'SM1', From: '+14017122661', To: '+15558675310', Body: 'Ahoy' }).toString(), headers: { ...form, 'x-twilio-signature': hmac('sha1', '12345', `${url}BodyAhoyFrom+14017122661MessageSidSM1To+15558675310ToCountryUS`, 'base64') } }),
  },
  telnyx: { // timestamp|payload by Ed25519, the public key in base64 without a header
    secret: ed.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64'), expect: { id: '7ee4241c-f127-47e5-9c34-3aac291f8058', from: '+18665550001', to: '+18445550001', text: 'Hello, World!' }, answer: [200, undefined],
    message: (_url, now) => telnyx(now, 'message.received'), other: (_url, now) => telnyx(now, 'message.finalized'),
  },
  plivo: { // base address and nonce
    secret: 'token', expect: { id: '9f6cbd0a', from: '14153336666', to: '14156667777', text: 'Hi' }, answer: [200, '<Response/>'],
    message: (url) => ({ body: 'From=14153336666&To=14156667777&Type=sms&Text=Hi&MessageUUID=9f6cbd0a', headers: { ...form, 'x-plivo-signature-v2-nonce': '05429567804466091622', 'x-plivo-signature-v2': hmac('sha256', 'token', `${url}05429567804466091622`, 'base64') } }),
  },
  'the-things-stack': {
    secret: 'device-secret', expect: { device: 'dev1', at: '2020-02-12T15:15:45.787Z', port: 1, data: { temperature: 1.0 }, bytes: 'BwE=' }, answer: [200, undefined],
    message: () => ({ headers: bearer, body: JSON.stringify({ end_device_ids: { device_id: 'dev1', application_ids: { application_id: 'app1' }, dev_eui: '0004A30B001C0530' }, correlation_ids: ['as:up:01E0WZGT6Y7657CPFPE5WEYDSQ'], received_at: '2020-02-12T15:15:45.787Z', uplink_message: { session_key_id: 'AXA50', f_port: 1, frm_payload: 'BwE=', decoded_payload: { temperature: 1.0 } } }) }),
  },
  chirpstack: {
    secret: 'device-secret', expect: { id: '3ac7e3c4-4401-4b8d-9386-a5c902f9202d', device: '0101010101010101', at: '2022-07-18T09:34:15.775023242+00:00', port: 1, data: { temp: 21 }, bytes: 'qg==' }, answer: [200, undefined],
    message: () => ({ headers: bearer, query: 'event=up', body: JSON.stringify({ deduplicationId: '3ac7e3c4-4401-4b8d-9386-a5c902f9202d', time: '2022-07-18T09:34:15.775023242+00:00', deviceInfo: { devEui: '0101010101010101', deviceName: 'Test device' }, fCnt: 10, fPort: 1, data: 'qg==', object: { temp: 21 } }) }),
    other: () => ({ headers: bearer, query: 'event=join', body: '{}' }),
  },
  mailgun: { // timestamp and token, in the form itself
    secret: 'signing-key', expect: read, answer: [200, undefined],
    message: (_url, now) => ({ headers: form, query: 'mime', body: new URLSearchParams({ recipient: 'x@in.example.test', sender: 'ada@outside.test', 'body-mime': letter, timestamp: seconds(now), token: 't'.repeat(50), signature: hmac('sha256', 'signing-key', `${seconds(now)}${'t'.repeat(50)}`, 'hex') }).toString() }),
    other: (_url, now) => ({ headers: form, body: new URLSearchParams({ 'body-plain': 'parsed, not as it came', timestamp: seconds(now), token: 'u', signature: hmac('sha256', 'signing-key', `${seconds(now)}u`, 'hex') }).toString() }),
  },
  sendgrid: { // timestamp and body by ECDSA; multipart
    secret: ec.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'), expect: read, answer: [200, undefined],
    message: (_url, now) => {
      const body = `--xYzZY\r\nContent-Disposition: form-data; name="to"\r\n\r\nx@in.example.test\r\n--xYzZY\r\nContent-Disposition: form-data; name="email"\r\n\r\n${letter}\r\n--xYzZY--\r\n`
      return { body, headers: { 'content-type': 'multipart/form-data; boundary=xYzZY', 'x-twilio-email-event-webhook-timestamp': seconds(now), 'x-twilio-email-event-webhook-signature': sign('sha256', Buffer.from(`${seconds(now)}${body}`), ec.privateKey).toString('base64') } }
    },
  },
  postmark: {
    secret: 'hook:pass word', expect: read, answer: [200, undefined],
    message: () => ({ headers: { ...json, authorization: `Basic ${Buffer.from('hook:pass word').toString('base64')}` }, body: JSON.stringify({ FromName: 'Ada', MessageStream: 'inbound', From: 'ada@outside.test', Subject: 'Hello', RawEmail: letter }) }),
  },
}

test('every provider is taken as it documents: its message begins one run, however often it is sent; others, forged or repeated later, begin none', async (t) => {
  const app = await testApp(t, { settings: { MAIL_IN_DOMAIN: 'in.example.test' } })
  const owner = await app.register('Olga')
  const senders = readSenders()
  assert.deepEqual(senders.map(({ name }) => name), Object.keys(documented).sort())
  for (const sender of senders) {
    const { secret, message, other, expect, answer } = documented[sender.name]!
    const fields = sender.for === 'email' ? { from: '${{ trigger.from.address }}', subject: '${{ trigger.subject }}' } : Object.fromEntries(Object.keys(sender.message!).map((name) => [name, `\${{ trigger.message.${name} }}`]))
    const workflow = await publish(app, owner, draw([{ id: 'in', primitive: 'trigger', type: sender.for, settings: { provider: sender.name } }, data('out', 'mapping', { fields })], 'in>out'))
    const address = (await app.ok(owner, 'GET', `/workflows/${workflow.id}/triggers`)).items[0].url as string
    const send = async ({ headers, body, query }: Asked) => {
      const { statusCode, body: said } = await app.http.inject({ method: 'POST', url: `${new URL(address).pathname}${query ? `?${query}` : ''}`, headers, payload: body })
      return { status: statusCode, text: said }
    }
    const now = Date.now()
    assert.equal((await send(message(address, now))).status, 401, `${sender.name}: without a secret`)
    await app.ok(owner, 'PUT', `/workflows/${workflow.id}/triggers/in/secret`, { secret })
    for (let i = 0; i < 2; i++) {
      const { status, text } = await send(message(address, now))
      assert.equal(status, answer[0], `${sender.name}: ${text}`)
      if (answer[1] !== undefined) assert.equal(text, answer[1])
    }
    if (other) assert.equal((await send(other(address, now))).status, 200, `${sender.name}: what it sends beside messages is no failure`)
    const good = message(address, now)
    const forged: Asked[] = [{ ...good, headers: Object.fromEntries(Object.entries(good.headers).map(([name, value]) => [name, /signature|authorization/.test(name) && !/nonce|timestamp/.test(name) ? value.replace(/.{4}$/, 'AAA=') : value])), body: good.body.replace(/signature=.{4}/, 'signature=0000') }, { ...good, headers: { 'content-type': good.headers['content-type']! }, body: good.body.replace(/signature=/, 'x=') }]
    for (const one of forged) assert.equal((await send(one)).status, 401, `${sender.name}: forged`)
    const runs = await runsOf(app, owner, workflow)
    const once = sender.for === 'email' || sender.message?.id !== undefined
    assert.equal(runs.length, once ? 1 : 2, `${sender.name}: runs`)
    assert.deepEqual((await settle(app, owner, runs[0]!.id)).results.out, expect, sender.name)
    if (sender.sign.kind !== 'token' && sender.sign.kind !== 'scheme' && sender.sign.time) {
      const old = message(address, now)
      const body = Object.fromEntries(new URLSearchParams(old.body))
      assert.match(judgeSender(sender, secret, { headers: old.headers, raw: Buffer.from(old.body), body, url: address, now: now + 40_000_000 })!, /too old/)
    }
  }
})

test('a letter by webhook is judged like one by wire, and no secret or token of the sender is kept in clear', async (t) => {
  const app = await testApp(t, { settings: { MAIL_IN_DOMAIN: 'in.example.test' } })
  const owner = await app.register('Olga')
  const workflow = await publish(app, owner, draw([{ id: 'in', primitive: 'trigger', type: 'email', settings: { provider: 'postmark' } }, data('out', 'transform', { expression: 'trigger.subject' })], 'in>out'))
  const [{ url, address }] = (await app.ok(owner, 'GET', `/workflows/${workflow.id}/triggers`)).items
  assert.match(address, /@in\.example\.test$/)
  await app.ok(owner, 'PUT', `/workflows/${workflow.id}/triggers/in/secret`, { secret: 'u:marker-of-the-sender' })
  const post = async (raw: string) => (await app.http.inject({ method: 'POST', url: new URL(url).pathname, headers: { ...json, authorization: `Basic ${Buffer.from('u:marker-of-the-sender').toString('base64')}` }, payload: JSON.stringify({ RawEmail: raw }) })).statusCode
  assert.equal(await post(letter), 200)
  await app.letterBox.take({ to: [address.split('@')[0]], from: 'ada@outside.test', raw: Buffer.from(letter), encrypted: true })
  assert.equal(await post(`Auto-Submitted: auto-replied\r\n${letter}`), 200)
  assert.equal(await post(`X-Big: ${'x'.repeat(2 << 20)}\r\n${letter}`), 200, 'letters may be larger than other requests')
  assert.equal((await runsOf(app, owner, workflow)).length, 1)
  const { items } = await app.ok(owner, 'GET', `/workflows/${workflow.id}/inbox`)
  assert.deepEqual(items.map((i: any) => i.reason?.slice(0, 16) ?? null), ['the letter canno', 'a machine answer', null])
  const again = await app.ok(owner, 'POST', `/inbox/${items[2].id}/replay`)
  assert.equal((await settle(app, owner, again.runId)).results.out, 'Hello')
  const kept = JSON.stringify(await app.ok(owner, 'GET', `/inbox/${items[2].id}`))
  assert.equal(kept.includes('marker') || kept.includes(Buffer.from('u:marker').toString('base64').slice(0, 8)), false)
})

test('a file that is no sender is named', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'senders-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(path.join(folder, 'wrong.json'), JSON.stringify({ name: 'wrong', for: 'fax' }))
  assert.throws(() => readSenders(pathToFileURL(`${folder}/`)), /presets\/wrong\.json is no sender/)
})
