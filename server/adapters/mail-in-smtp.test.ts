// The mail receiver over real sockets (S0.7): what it takes, and what the worst of senders get from it.
import assert from 'node:assert/strict'
import net, { type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createTransport } from 'nodemailer'
import { LetterRefused, type Arrived, type LetterBox } from '../kernel/ports.ts'
import { selfSigned } from '../testing/identity-provider.ts'
import { openSmtpReceiver, type SmtpInOptions } from './mail-in-smtp.ts'

const domain = 'in.example.test'
type More = Partial<Omit<SmtpInOptions, 'box'>> & { box?: Partial<LetterBox> }
async function receiver(t: TestContext, { box = {}, ...more }: More = {}) {
  const taken: Arrived[] = []
  const server = await openSmtpReceiver({
    domain, host: '127.0.0.1', port: 0, maxBytes: 64 * 1024, log: () => {}, ...more,
    box: { knows: async (local) => local.startsWith('box'), take: async (letter) => void taken.push(letter), ...box },
  })
  t.after(() => server.close())
  return { port: server.port, taken }
}

/** A client that says what it is told and hears what is answered, line by line. */
async function dial(t: TestContext, port: number) {
  const socket: Socket = net.connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  const replies: string[] = []
  let rest = ''
  let ring = () => {}
  let ended = false
  socket.on('data', (part) => {
    const lines = (rest + String(part)).split('\r\n')
    rest = lines.pop()!
    replies.push(...lines.filter((line) => /^\d{3} /.test(line)))
    ring()
  })
  socket.on('error', () => {})
  socket.on('close', () => ((ended = true), ring()))
  const heard = async (count: number): Promise<string[]> => {
    while (replies.length < count && !ended) await new Promise<void>((resolve) => (ring = resolve))
    return replies
  }
  await heard(1)
  return {
    socket, replies, heard,
    write: (text: string | Buffer) => void socket.write(text),
    async say(line: string): Promise<string> {
      const before = replies.length
      socket.write(`${line}\r\n`)
      return (await heard(before + 1)).at(before) ?? 'closed'
    },
    /** Settles when the other side has ended the connection. */
    async ended() {
      while (!ended) await new Promise<void>((resolve) => (ring = resolve))
    },
  }
}
type Client = Awaited<ReturnType<typeof dial>>
const codes = (lines: readonly string[]) => lines.map((line) => line.slice(0, 3)).join(' ')
async function begin(client: Client, to = `box@${domain}`) {
  assert.match(await client.say('EHLO outside.test'), /^250/)
  assert.match(await client.say('MAIL FROM:<ada@outside.test>'), /^250/)
  return client.say(`RCPT TO:<${to}>`)
}

test('letters for known addresses are taken as they came; unknown ones and other domains are refused before the letter is sent', async (t) => {
  const { port, taken } = await receiver(t)
  const client = await dial(t, port)
  assert.match(await begin(client, 'nobody@in.example.test'), /^550 .*no such address/)
  assert.match(await client.say('RCPT TO:<box@elsewhere.test>'), /^550 .*its own addresses only/)
  assert.match(await client.say('RCPT TO:<@in.example.test:victim@elsewhere.test>'), /^5/)
  assert.match(await client.say('RCPT TO:<victim%elsewhere.test@in.example.test>'), /^550/)
  assert.match(await client.say('DATA'), /^503/, 'nothing without a recipient')
  assert.match(await client.say('RCPT TO:<BOX@IN.EXAMPLE.TEST>'), /^250/)
  assert.match(await client.say('RCPT TO:<box@in.example.test>'), /^250/)
  assert.match(await client.say('AUTH PLAIN AHUAcA=='), /^5/, 'it knows no passwords')
  assert.match(await client.say('STARTTLS'), /^5/, 'no certificate, no encryption offered')
  assert.match(await client.say('DATA'), /^354/)
  assert.match(await client.say('Subject: a\r\n\r\nOne\r\n..dot\r\n\n.\nstill the letter\r\n.'), /^250/)
  assert.deepEqual(taken.map(({ to, from, encrypted }) => ({ to, from, encrypted })), [{ to: ['box'], from: 'ada@outside.test', encrypted: false }])
  assert.equal(taken[0]!.raw.toString(), 'Subject: a\r\n\r\nOne\r\n.dot\r\n\n.\nstill the letter\r\n')
})

test('a letter is acknowledged only when it is kept: trouble of ours is told as temporary, a refusal for good as such', async (t) => {
  const answers: unknown[] = [new Error('the database is away'), new LetterRefused('it goes in a circle', true), new LetterRefused('too many letters', false), undefined]
  const { port } = await receiver(t, { box: { take: async () => { const error = answers.shift(); if (error) throw error } } })
  const client = await dial(t, port)
  const said: string[] = []
  for (let i = 0; i < 4; i++) {
    await begin(client)
    await client.say('DATA')
    said.push(await client.say('Subject: a\r\n\r\nb\r\n.'))
  }
  assert.equal(codes(said), '451 554 451 250')
  assert.doesNotMatch(said.join(), /database/, 'what failed is ours to know')
  const blind = await receiver(t, { box: { knows: async () => { throw new Error('the database is away') } } })
  assert.match(await begin(await dial(t, blind.port)), /^451/)
})

test('pipelined commands are answered one by one, and a thousand of them do not stop another sender', async (t) => {
  const { port, taken } = await receiver(t)
  const flood = await dial(t, port)
  flood.write(`EHLO a\r\n${'RSET\r\n'.repeat(1000)}`)
  const other = await dial(t, port)
  assert.match(await begin(other), /^250/)
  assert.equal((await flood.heard(1002)).length, 1002)
  const all = await dial(t, port)
  all.write(`EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<box@${domain}>\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n`)
  assert.equal(codes(await all.heard(7)), '220 250 250 250 354 250 221')
  assert.deepEqual(taken.map(({ from }) => from), [''])
})

test('a giant letter is refused by its announced size, and by what it turns out to be, without being kept in memory', async (t) => {
  const { port, taken } = await receiver(t)
  const client = await dial(t, port)
  assert.match(await client.say('EHLO a'), /^250/)
  assert.match(await client.say('MAIL FROM:<a@b.test> SIZE=99999999'), /^552/)
  await begin(client)
  await client.say('DATA')
  const megabyte = Buffer.alloc(1 << 20, 'x'.repeat(70) + '\r\n')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 64; i++) if (!client.socket.write(megabyte)) await new Promise((resolve) => client.socket.once('drain', resolve))
  let grown = Infinity
  for (let looks = 0; looks < 100 && grown >= 32 << 20; looks++) { // what was collected is counted out a moment later, by another thread
    collect()
    await new Promise((resolve) => setTimeout(resolve, 10))
    grown = process.memoryUsage().arrayBuffers - before
  }
  assert.match(await client.say('\r\n.'), /^552/)
  assert.ok(grown < 32 << 20, `${grown >> 20} MiB held of 64`)
  assert.match(await begin(client), /^250/, 'the connection goes on')
  assert.deepEqual(taken, [])
})

test('who sends a byte now and then, or nothing, is left after its time; who holds many connections gets no more', async (t) => {
  const { port, taken } = await receiver(t, { limits: { sessionMs: 500, idleMs: 600_000 } })
  const slow = await dial(t, port)
  const drip = setInterval(() => slow.write('x'), 20) // never idle
  t.after(() => clearInterval(drip))
  await slow.ended()
  const idle = await receiver(t, { limits: { idleMs: 200 } })
  await (await dial(t, idle.port)).ended()
  const few = await receiver(t, { limits: { perAddress: 3 } })
  for (let i = 0; i < 3; i++) assert.match((await dial(t, few.port)).replies.join(), /^220/)
  assert.match((await dial(t, few.port)).replies.join(), /^421/)
  assert.deepEqual(taken, [])
})

test('nonsense is refused and the next sender is served: binary, endless lines, too many wrong words, too many recipients, a connection cut inside a letter', async (t) => {
  const { port, taken } = await receiver(t, { limits: { recipients: 3 } })
  const wrong = await dial(t, port)
  wrong.write(Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 131) % 256)))
  wrong.write('\r\n'.repeat(30))
  await wrong.ended()
  const endless = await dial(t, port)
  endless.write('A'.repeat(200_000))
  await endless.ended()
  const cut = await dial(t, port)
  await begin(cut)
  await cut.say('DATA')
  cut.write('Subject: half\r\n\r\nof a letter')
  cut.socket.destroy()
  const many = await dial(t, port)
  assert.match(await begin(many, `box1@${domain}`), /^250/)
  for (const n of [2, 3]) assert.match(await many.say(`RCPT TO:<box${n}@${domain}>`), /^250/)
  assert.match(await many.say(`RCPT TO:<box4@${domain}>`), /^452/)
  assert.match(await many.say('MAIL FROM:<x@y.test>\r'), /^5/)
  assert.deepEqual(taken, [])
})

test('with a certificate of its own it encrypts, and a session begun in the clear is forgotten then', async (t) => {
  const pair = selfSigned()
  const { port, taken } = await receiver(t, { tls: { cert: pair.certificate, key: pair.key } })
  const transport = createTransport({ host: '127.0.0.1', port, requireTLS: true, tls: { ca: [pair.certificate], checkServerIdentity: () => undefined } })
  t.after(() => transport.close())
  await transport.sendMail({ from: 'ada@outside.test', to: [{ name: '', address: `box@${domain}` }], subject: 'Sealed', text: 'hello' })
  assert.deepEqual([taken[0]!.encrypted, taken[0]!.to], [true, ['box']])
  const injected = await dial(t, port)
  await injected.say('EHLO a')
  injected.write(`STARTTLS\r\nMAIL FROM:<in@clear.test>\r\nRCPT TO:<box@${domain}>\r\n`)
  await injected.heard(3)
  assert.equal(injected.replies.length <= 3, true, 'what was said before the encryption is not obeyed after it')
  await assert.rejects(openSmtpReceiver({ box: { knows: async () => true, take: async () => {} }, domain, host: '127.0.0.1', port, maxBytes: 1000, log: () => {} }), /SMTP_IN_PORT/)
})
