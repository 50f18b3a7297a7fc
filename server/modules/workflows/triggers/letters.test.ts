// Letters that begin runs (S0.7): one run of a letter, whatever its sender does; what it becomes in expressions; no letter goes in a circle.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTransport } from 'nodemailer'
import { openSmtpReceiver } from '../../../adapters/mail-in-smtp.ts'
import { ConfigFault, readConfig } from '../../../config.ts'
import { LetterRefused } from '../../../kernel/ports.ts'
import { testApp, type Caller, type TestApp } from '../../../testing/app.ts'
import { data, draw, publish, runsOf, settle } from '../../../testing/drawn.ts'
import { readLetter, sumOf } from './letters.ts'

const email = (settings: object = {}) => ({ id: 'mail', primitive: 'trigger', type: 'email', settings })
const taking = (settings: object = {}) => draw([email(settings), data('out', 'mapping', { fields: { from: '${{ trigger.from.address }}', subject: '${{ trigger.subject }}', text: '${{ trigger.text }}', files: '${{ trigger.attachments }}' } })], 'mail>out')
const settings = { MAIL_IN_DOMAIN: 'in.example.test' }
async function boxOf(app: TestApp, who: Caller, workflow: { id: string }): Promise<string> {
  const [{ address, url }] = (await app.ok(who, 'GET', `/workflows/${workflow.id}/triggers`)).items
  assert.deepEqual([url, /^whk_[0-9a-f]{40}@in\.example\.test$/.test(address)], [null, true], address)
  return address.split('@')[0]
}
const letter = (lines: string[], body = 'Hello') => Buffer.from([...lines, '', body].join('\r\n'))
const usual = (n: number, ...more: string[]) => letter([`Message-ID: <${n}@outside.test>`, 'From: Ada <ada@outside.test>', `Subject: Letter ${n}`, ...more])
const hand = (app: TestApp, to: string | string[], raw: Buffer, from = 'ada@outside.test') => app.letterBox.take({ to: [to].flat(), from, raw, encrypted: true })

test('a letter begins one run of each trigger it was sent to, however often and over whatever way it is handed over', async (t) => {
  const app = await testApp(t, { settings })
  const owner = await app.register('Olga')
  const [one, two] = [await publish(app, owner, taking()), await publish(app, owner, taking())]
  const boxes = [await boxOf(app, owner, one), await boxOf(app, owner, two)]
  assert.deepEqual([await app.letterBox.knows(boxes[0]!), await app.letterBox.knows('whk_0000000000000000000000000000000000000000'), await app.letterBox.knows("x' or 1=1 --")], [true, false, false])
  const raw = usual(1)
  await Promise.all(Array.from({ length: 8 }, (_, i) => hand(app, boxes, i % 2 ? raw : Buffer.concat([Buffer.from(`Received: from relay${i}\r\n`), raw]))))
  await hand(app, boxes[0]!, letter(['Message-ID: <1@outside.test>', 'From: Ada <ada@outside.test>', 'Subject: Letter 1'], 'another letter under the same id'))
  const [ofOne, ofTwo] = [await runsOf(app, owner, one), await runsOf(app, owner, two)]
  assert.deepEqual([ofOne.length, ofTwo.length], [2, 1])
  const run = await settle(app, owner, ofOne[0]!.id)
  assert.deepEqual(run.results.out, { from: 'ada@outside.test', subject: 'Letter 1', text: 'Hello\n', files: [] })
  assert.deepEqual([run.trigger, run.startedBy.type, run.input.encrypted], ['mail', 'system', true])

  // and over the wire: an acknowledged letter is a run
  const receiver = await openSmtpReceiver({ box: app.letterBox, domain: 'in.example.test', host: '127.0.0.1', port: 0, maxBytes: 1 << 20, log: () => {} })
  t.after(() => receiver.close())
  const transport = createTransport({ host: '127.0.0.1', port: receiver.port, ignoreTLS: true })
  const post = (to: string) => transport.sendMail({ from: 'ada@outside.test', to: [{ name: '', address: to }], subject: 'By wire', text: 'hi', messageId: '<wire@outside.test>', date: new Date(0) })
  await post(`${boxes[1]!.toUpperCase()}@In.Example.Test`)
  await post(`${boxes[1]!}@in.example.test`)
  await assert.rejects(post('whk_0000000000000000000000000000000000000000@in.example.test'), /550/)
  const wired = await runsOf(app, owner, two)
  assert.equal(wired.length, 2)
  assert.equal((await settle(app, owner, wired[1]!.id)).results.out.subject, 'By wire')

  const { items } = await app.ok(owner, 'GET', `/workflows/${one.id}/inbox`)
  assert.deepEqual(items.map((i: any) => [i.method, i.contentType, i.verified]), [['MAIL', 'message/rfc822', true], ['MAIL', 'message/rfc822', true]])
  assert.match((await app.ok(owner, 'GET', `/inbox/${items[1].id}`)).body, /Message-ID: <1@outside.test>/)
  const again = await app.ok(owner, 'POST', `/inbox/${items[1].id}/replay`)
  assert.equal((await settle(app, owner, again.runId)).results.out.subject, 'Letter 1')

  await app.ok(owner, 'POST', `/workflows/${one.id}/deactivate`)
  assert.equal(await app.letterBox.knows(boxes[0]!), false)
  await assert.rejects(hand(app, boxes[0]!, usual(9)), LetterRefused)
  const webhook = await app.http.inject({ method: 'POST', url: `/hooks/${boxes[1]!}`, payload: 'x' })
  assert.equal(webhook.statusCode, 404, 'the address of letters takes no requests')
})

test('no letter goes in a circle: replies by machine, reports and letters of our own are kept and begin nothing', async (t) => {
  const app = await testApp(t, { settings })
  const owner = await app.register('Olga')
  const plain = await publish(app, owner, taking())
  const machines = await publish(app, owner, taking({ automatic: 'take', senders: ['@outside.test', 'bot@elsewhere.test'] }))
  const [box, open] = [await boxOf(app, owner, plain), await boxOf(app, owner, machines)]
  const sent: [Buffer, string, boolean, boolean][] = [
    [usual(1), 'ada@outside.test', true, true],
    [usual(2, 'Auto-Submitted: no'), 'ada@outside.test', true, true],
    [usual(3, 'Auto-Submitted: auto-generated; type=alert'), 'ada@outside.test', false, true],
    [usual(4, 'Auto-Submitted: AUTO-REPLIED (out of office)'), 'ada@outside.test', false, false],
    [usual(5, 'X-Autoreply: yes'), 'ada@outside.test', false, false],
    [usual(6, 'X-Loop: groundwork', 'Auto-Submitted: auto-generated'), 'no-reply@outside.test', false, false],
    [usual(7), '', false, false],
    [letter(['From: Mallory <m@evil.test>', 'Subject: x']), 'm@evil.test', true, false],
    [letter(['From: m@notoutside.test', 'Subject: y']), 'm@notoutside.test', true, false],
    [letter(['From: BOT@elsewhere.test', 'Subject: z']), 'other@elsewhere.test', true, true],
  ]
  for (const [raw, from] of sent) await hand(app, [box, open], raw, from)
  assert.equal((await runsOf(app, owner, plain)).length, sent.filter(([, , one]) => one).length)
  assert.equal((await runsOf(app, owner, machines)).length, sent.filter(([, , , two]) => two).length)
  const { items } = await app.ok(owner, 'GET', `/workflows/${plain.id}/inbox`)
  assert.deepEqual([items.length, items.filter((i: any) => !i.verified).map((i: any) => i.reason.slice(0, 20)).sort()], [10, ['a Groundwork sent it', 'a machine answers or', 'a machine answers or', 'a machine answers or', 'it was sent by a mac']])
  await assert.rejects(hand(app, box, usual(8, ...Array.from({ length: 31 }, (_, i) => `Received: from hop${i}`))), (error: LetterRefused) => error.forGood && /circle/.test(error.message))
})

test('what a letter becomes: charsets, encoded words, attachments up to what a run takes, nothing of the address it came to', async () => {
  const token = 'whk_00112233445566778899aabbccddeeff00112233'
  const raw = Buffer.from([
    'From: =?utf-8?B?SsO8cmdlbg==?= <J@Outside.Test>', `To: "Box" <${token.toUpperCase()}@in.example.test>, b@x.test`, 'Subject: =?iso-8859-1?Q?Gr=FC=DFe?= =?utf-8?B?8J+Yig==?=', 'X-Token: ' + token,
    '$ref: trap', '__proto__: trap', 'constructor: trap', 'X-Nul: a\0b',
    'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: text/plain; charset=iso-8859-15', 'Content-Transfer-Encoding: quoted-printable', '', 'Preis: 5 =A4 =00', '--b', 'Content-Type: text/plain; charset=no-such-charset', '', 'second',
    '--b', 'Content-Type: application/pdf; name="../../etc/passwd"', 'Content-Disposition: attachment; filename="../../etc/passwd"', 'Content-Transfer-Encoding: base64', '', Buffer.from('%PDF').toString('base64'),
    '--b', 'Content-Type: application/octet-stream', 'Content-Disposition: attachment; filename=big.bin', 'Content-Transfer-Encoding: base64', '', Buffer.alloc(60_000, 7).toString('base64').replace(/.{76}/g, '$&\r\n'), '--b--', '',
  ].join('\r\n'))
  const { letter: read, sender } = await readLetter(raw, 20_000, token)
  const text = JSON.stringify(read)
  assert.ok(text.length <= 20_000, `${text.length} characters`)
  assert.equal(text.toLowerCase().includes(token), false)
  assert.deepEqual([sender, (read.from as any).name, read.subject, read.cut], ['j@outside.test', 'Jürgen', 'Grüße😊', true])
  assert.match(String(read.text), /^Preis: 5 € \ufffd\s+second/)
  assert.deepEqual((read.attachments as any[]).map(({ name, type, bytes, content }) => [name, type, bytes, content]), [['../../etc/passwd', 'application/pdf', 4, 'JVBERg=='], ['big.bin', 'application/octet-stream', 60_000, null]])
  assert.deepEqual(Object.keys(read.headers as object).filter((name) => !/^[a-z][a-z-]*$/.test(name)), [])
  assert.equal(({} as any).admin, undefined)
  assert.equal((read.headers as any)['x-nul'].includes('\0'), false)
})

test('a letter that the team has no room for is kept by its sender: refused for now, and taken when there is room', async (t) => {
  const app = await testApp(t, { settings })
  const ops = await app.register('Operator')
  const owner = await app.register('Olga')
  const workflow = await publish(app, owner, taking())
  const box = await boxOf(app, owner, workflow)
  const allow = (storage: number | null) => app.ok(ops, 'PATCH', `/tenants/${owner.tenant!.id}`, { limits: { storage } })
  await allow(100)
  await assert.rejects(hand(app, box, usual(1)), (error) => error instanceof LetterRefused && !error.forGood && /mailbox is full/.test(error.message))
  assert.deepEqual([await runsOf(app, owner, workflow), (await app.ok(owner, 'GET', `/workflows/${workflow.id}/inbox`)).items], [[], []])
  await allow(null)
  await hand(app, box, usual(1))
  assert.equal((await runsOf(app, owner, workflow)).length, 1)
})

test('hostile letters end in bounds: nested without end, a million headers, broken encodings, nothing at all', async () => {
  let nested = 'x'
  for (let i = 0; i < 400; i++) nested = `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n${nested}\r\n--b${i}--`
  await assert.rejects(readLetter(Buffer.from(nested), 10_000), /nest/i)
  await assert.rejects(readLetter(Buffer.from('X-A: b\r\n'.repeat(200_000) + '\r\n'), 10_000), /header/i)
  for (const raw of ['', '\0\0\0', 'no headers at all', 'Content-Type: multipart/mixed\r\n\r\nx', 'Content-Transfer-Encoding: base64\r\n\r\n=====\xff', `Subject: ${'=?utf-8?Q?=ED=A0=80?='.repeat(50)}\r\n\r\n`, `To: ${'a@b.test,'.repeat(5000)}\r\n\r\n`, `To: ${'('.repeat(100_000)}\r\n\r\n`, `To: ${'<'.repeat(100_000)}\r\n\r\n`, `From: ${'g:'.repeat(20_000)};\r\n\r\n`]) {
    const { letter: read } = await readLetter(Buffer.from(raw, 'latin1'), 10_000)
    assert.ok(JSON.stringify(read).length <= 10_000 && JSON.stringify(read).isWellFormed(), raw.slice(0, 40))
  }
  assert.equal(sumOf(Buffer.from('Received: a\r\nMessage-ID: <1@x>\r\n\r\nb')), sumOf(Buffer.from('Received: z\r\n  folded\r\nMessage-ID:  <1@x>\r\n\r\nb')))
  assert.notEqual(sumOf(Buffer.from('Message-ID: <1@x>\r\n\r\nb')), sumOf(Buffer.from('Message-ID: <1@x>\r\n\r\nc')))
})

test('without its setting nothing listens, and half of its settings is a fault', () => {
  assert.equal(readConfig({}).SMTP_IN_PORT, undefined)
  assert.throws(() => readConfig({ SMTP_IN_PORT: '25' }), (error) => error instanceof ConfigFault && /MAIL_IN_DOMAIN/.test(error.message))
  assert.throws(() => readConfig({ SMTP_IN_PORT: '25', MAIL_IN_DOMAIN: 'in.example.test', SMTP_IN_TLS_KEY: '/x' }), /SMTP_IN_TLS_CERT/)
})
