import assert from 'node:assert/strict'
import net, { type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { SMTPServerOptions } from 'smtp-server'
import { openEgress } from '../kernel/egress.ts'
import { catchMail } from '../testing/mail-catcher.ts'
import { openSmtpMail, MailError, type SmtpOptions } from './mail-smtp.ts'
import { mailContract } from './mail.contract.ts'

const from = 'Grüße <no-reply@example.com>'
const egress = openEgress()
const dial: SmtpOptions['dial'] = (to) => egress.dial({ ...to, fromSetting: true })
const letter = { to: 'ada@example.com', subject: 'Hello', text: 'Hello', key: 'letter-0001' }
const refusal = (code: number, words: string) => Object.assign(new Error(words), { responseCode: code })

mailContract('mail by SMTP', {
  async open(t) {
    const { port, caught } = await catchMail(t)
    const received = () => caught.map((email) => ({
      to: email.to!.map(({ address }) => address).join(), from: `${email.from!.name} <${email.from!.address}>`,
      subject: email.subject!, text: email.text!, html: email.html, id: email.messageId!,
    }))
    return { mail: openSmtpMail({ url: `smtp://127.0.0.1:${port}`, from, dial }), received }
  },
})

async function openMail(t: TestContext, server: SMTPServerOptions, login = '', more = '', timing: SmtpOptions['timing'] = {}) {
  const { port, caught } = await catchMail(t, server)
  const mail = openSmtpMail({ url: `smtp://${login}127.0.0.1:${port}${more}`, from, dial, timing })
  t.after(() => mail.close())
  return { mail, caught }
}
const failureOf = async (sending: Promise<void>): Promise<MailError> => {
  const error: unknown = await sending.then(() => undefined, (failure: unknown) => failure)
  assert.ok(error instanceof MailError, String(error))
  return error
}

test('the key is the Message-ID under the sender\'s domain, and no robot answers', async (t) => {
  const { mail, caught } = await openMail(t, {})
  await mail.send(letter)
  assert.equal(caught[0]!.messageId, '<letter-0001@example.com>')
  assert.match(caught[0]!.raw, /^Auto-Submitted: auto-generated\r$/m)
})

test('a letter refused for good says so with the server\'s words; one refused for now may be sent again', async (t) => {
  let greylisted = 0
  const { mail, caught } = await openMail(t, {
    onRcptTo({ address }, _, done) {
      if (address.startsWith('nobody')) return done(refusal(550, 'No such user here'))
      done(greylisted++ === 0 ? refusal(451, 'Greylisted, try again in 5 minutes') : null)
    },
  })
  const gone = await failureOf(mail.send({ ...letter, to: 'nobody@example.com' }))
  assert.deepEqual([gone.permanent, gone.message], [true, 'the mail server refuses the letter: 550 No such user here'])
  const later = await failureOf(mail.send(letter))
  assert.equal(later.permanent, false)
  assert.match(later.message, /cannot take the letter now: 451 Greylisted/)
  await mail.send(letter)
  assert.equal(caught.length, 1)
})

test('a refused password is told without user, password or what the server repeats of them', async (t) => {
  const { mail } = await openMail(t, {
    authOptional: false, allowInsecureAuth: true,
    onAuth: ({ username, password }, _, done) => done(refusal(535, `bad ${username}/${password} ${Buffer.from(`\0${username}\0${password}`).toString('base64')}`)),
  }, 'robot7:s%40cret%2F1@')
  const error = await failureOf(mail.send(letter))
  assert.equal(error.permanent, false)
  assert.match(error.message, /refuses user or password/)
  assert.ok(!/s@cret|s%40cret|robot7|cm9ib3Q|AHJvYm90/.test(error.message + error.stack), error.message)
})

test('with the right password the letter goes', async (t) => {
  const { mail, caught } = await openMail(t, {
    authOptional: false, allowInsecureAuth: true,
    onAuth: ({ username, password }, _, done) => (username === 'robot7' && password === 's@cret/1' ? done(null, { user: 1 }) : done(refusal(535, 'no'))),
  }, 'robot7:s%40cret%2F1@')
  await mail.send(letter)
  assert.equal(caught.length, 1)
})

test('a server that offers encryption is used encrypted, whatever its certificate; where encryption is demanded, nothing goes without', async (t) => {
  t.mock.method(process.stderr, 'write', () => true) // the catcher warns of its own test certificate
  const open = await openMail(t, { disabledCommands: [] })
  await open.mail.send(letter)
  assert.equal(open.caught[0]!.encrypted, true)
  const strict = await openMail(t, { disabledCommands: [] }, '', '?requireTLS=true')
  assert.match((await failureOf(strict.mail.send(letter))).message, /certificate/)
  const plain = await openMail(t, {}, '', '?requireTLS=true')
  assert.match((await failureOf(plain.mail.send(letter))).message, /encrypted/)
  assert.equal(strict.caught.length + plain.caught.length, 0)
})

/** A server that behaves as badly as `behave` says. */
async function badServer(t: TestContext, behave: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = net.createServer((socket) => (sockets.add(socket), socket.on('error', () => {}), behave(socket)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => (sockets.forEach((socket) => socket.destroy()), new Promise((resolve) => server.close(resolve))))
  return `smtp://user:hunter2@127.0.0.1:${(server.address() as AddressInfo).port}`
}

const bad: [string, (socket: Socket) => void, RegExp][] = [
  ['never greets', () => {}, /does not answer in time/],
  ['greets and then says nothing', (socket) => void socket.write('220 hello\r\n'), /does not answer in time/],
  ['drips for ever', (socket) => { const drip = setInterval(() => socket.write('220-still here\r\n'), 20); socket.on('close', () => clearInterval(drip)) }, /longer than 0\.4 s|in time/],
  ['hangs up', (socket) => void socket.end(), /closed the connection|broke/],
  ['speaks something else', (socket) => void socket.end('HTTP/1.1 400 Bad Request hunter2\r\n\r\n'), /./],
]
for (const [what, behave, wanted] of bad) {
  test(`a server that ${what} is a clear error, not a wait without end`, async (t) => {
    const mail = openSmtpMail({ url: await badServer(t, behave), from, dial, timing: { connectMs: 100, silenceMs: 100, totalMs: 400 } })
    t.after(() => mail.close())
    const error = await failureOf(mail.send(letter))
    assert.match(error.message, wanted)
    assert.equal(error.permanent, false)
    assert.ok(!error.message.includes('hunter2'), error.message)
  })
}

test('nobody there is told as such', async () => {
  const error = await failureOf(openSmtpMail({ url: 'smtp://user:hunter2@127.0.0.1:1', from, dial }).send(letter))
  assert.equal(error.message, 'the mail server refuses connections: check host and port')
})

test('closing does not wait for a server that hangs', async (t) => {
  const mail = openSmtpMail({ url: await badServer(t, () => {}), from, dial })
  const failed = failureOf(mail.send(letter))
  await new Promise((resolve) => setTimeout(resolve, 20))
  await mail.close()
  assert.match((await failed).message, /shutting down/)
})

test('settings that cannot be read stop the start without being shown', () => {
  for (const url of ['hunter2', 'http://u:hunter2@x', 'smtp://', 'smtp://u:hunter2%@x', 'smtp://u:hunter2@x?pool=true', 'smtp://u:hunter2@x:99999'])
    assert.throws(() => openSmtpMail({ url, from, dial }), (error: Error) => error instanceof TypeError && /SMTP_URL/.test(error.message) && !error.message.includes('hunter2'), url)
  for (const sender of ['', 'Ada', 'a@b, c@d', 'x <a@b>\r\nBcc: c@d', '<a@b> <c@d>']) assert.throws(() => openSmtpMail({ url: 'smtp://x', from: sender, dial }), /MAIL_FROM/, sender)
  for (const sender of ['a@b', '<a@b>', 'Ada <a@b>', '"Ada, Inc." <a@b>', 'Groundwork <no-reply@localhost>']) openSmtpMail({ url: 'smtp://x', from: sender, dial })
})
