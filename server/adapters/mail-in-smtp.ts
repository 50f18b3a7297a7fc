// A mail server (RFC 5321) that takes letters for known addresses of one domain and nothing else: it relays nothing, knows no passwords, and refuses
// whoever it does not know before the letter is sent. A letter is acknowledged when it is kept; until then the sender tries again.
import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'
import { LetterRefused, type LetterBox, type MailIn } from '../kernel/ports.ts'

export type SmtpInOptions = {
  box: LetterBox
  domain: string
  host: string
  /** 0: any free one */
  port: number
  maxBytes: number
  /** PEM; without it STARTTLS is not offered */
  tls?: { cert: string; key: string }
  log: (message: string, error?: unknown) => void
  limits?: Partial<typeof usual>
}
const usual = { connections: 100, perAddress: 20, recipients: 50, letters: 100, idleMs: 60_000, sessionMs: 600_000 }

/** What is told to the other side: a reply code with an enhanced one (RFC 3463). 4xx: try again; 5xx: never. */
class Reply extends Error {
  readonly responseCode: number
  constructor(responseCode: number, message: string) {
    super(message)
    this.responseCode = responseCode
  }
}
const plain = (address: string): string => address.replace(/^::ffff:/i, '')
const later = (why: string) => new Reply(451, `4.3.0 ${why}: try again later`)

/** @throws when it cannot listen, or the certificate is none */
export async function openSmtpReceiver({ box, domain, host, port, maxBytes, tls, log, limits }: SmtpInOptions): Promise<MailIn> {
  const { connections, perAddress, recipients, letters, idleMs, sessionMs } = { ...usual, ...limits }
  const open = new Map<string, number>()
  const taken = new WeakMap<SMTPServerSession, number>()
  const here = domain.toLowerCase()

  /** The local part of an address of ours. @throws Reply for any other: nothing is relayed */
  function localOf(address: string): string {
    const at = address.lastIndexOf('@')
    if (address.slice(at + 1).toLowerCase() !== here) throw new Reply(550, '5.7.1 this server takes letters for its own addresses only')
    return address.slice(0, at).toLowerCase() // senders may change its case
  }
  async function admit(address: string, session: SMTPServerSession): Promise<void> {
    if (session.envelope.rcptTo.length >= recipients) throw new Reply(452, '4.5.3 too many recipients')
    const known = await box.knows(localOf(address)).catch((error: unknown) => {
      log('a recipient could not be looked up', error)
      throw later('the address cannot be looked up now')
    })
    if (!known) throw new Reply(550, '5.1.1 there is no such address')
  }

  const server = new SMTPServer({
    name: domain, banner: 'takes letters for its own addresses', size: maxBytes, maxClients: connections, socketTimeout: idleMs, closeTimeout: 1000, disableReverseLookup: true, logger: false,
    authOptional: true, disabledCommands: tls ? ['AUTH'] : ['AUTH', 'STARTTLS'], ...(tls ?? {}),
    onConnect: (session, done) => done((open.get(plain(session.remoteAddress)) ?? 0) > perAddress ? new Reply(421, '4.7.0 too many connections from your address') : null),
    onRcptTo: (address, session, done) => void admit(address.address, session).then(() => done(), done),
    onData(stream, session, done) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => {
        if (stream.byteLength <= maxBytes) parts.push(part)
        else parts.length = 0 // read to its end, so that the refusal is heard, but not kept
      })
      stream.on('error', done)
      stream.on('end', () => void hand().then(() => done(null, '2.0.0 kept'), done))
      const hand = async (): Promise<void> => {
        if (stream.sizeExceeded) throw new Reply(552, `5.3.4 the letter is larger than ${maxBytes} bytes`)
        const count = (taken.get(session) ?? 0) + 1
        taken.set(session, count)
        if (count > letters) throw new Reply(452, '4.5.3 enough letters for one connection')
        const { mailFrom, rcptTo } = session.envelope
        try {
          await box.take({ to: [...new Set(rcptTo.map(({ address }) => localOf(address)))], from: mailFrom ? mailFrom.address : '', raw: Buffer.concat(parts), encrypted: session.secure })
        } catch (error) {
          if (error instanceof LetterRefused) throw new Reply(error.forGood ? 554 : 451, `${error.forGood ? '5' : '4'}.7.0 ${error.message}`)
          log('a letter could not be kept', error)
          throw later('the letter could not be kept')
        }
      }
    },
  })
  server.on('error', () => {}) // of one connection: the other side went, or speaks no TLS
  const sockets = new Set<Socket>()
  // whoever sends a byte now and then is never idle: each connection has its time
  server.server.on('connection', (socket: Socket) => {
    const from = plain(socket.remoteAddress ?? '')
    sockets.add(socket)
    open.set(from, (open.get(from) ?? 0) + 1)
    const end = setTimeout(() => socket.destroy(), sessionMs).unref()
    socket.once('close', () => {
      clearTimeout(end)
      sockets.delete(socket)
      const left = open.get(from)! - 1
      if (left) open.set(from, left)
      else open.delete(from)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject)
    server.listen(port, host, () => (server.server.off('error', reject), resolve()))
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') throw new Error(`port ${port} is taken: set SMTP_IN_PORT to a free one`)
    if (error.code === 'EACCES') throw new Error(`port ${port} needs rights this user lacks: set SMTP_IN_PORT to one above 1023, and lead port 25 there`)
    throw error
  })
  let closed: Promise<void> | undefined
  return {
    port: (server.server.address() as AddressInfo).port,
    close: () =>
      (closed ??= new Promise<void>((resolve) => {
        server.close(() => resolve())
        setTimeout(() => sockets.forEach((socket) => socket.destroy()), 3000).unref()
      })),
  }
}
