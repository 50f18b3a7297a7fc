// Mail over SMTP (RFC 5321), one connection per letter. Sending is at-least-once: a lost answer means the letter may come twice, under the
// same Message-ID, which mail programs show once.
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { createTransport, type NodemailerError } from 'nodemailer'
import type { Letter, MailServer } from '../kernel/ports.ts'

export type SmtpOptions = {
  /** `smtp://` (STARTTLS where offered) or `smtps://`, with user and password; `?requireTLS=` and `?rejectUnauthorized=` are true or false. */
  url: string
  /** `Name <address>` or an address. */
  from: string
  /** certificates (PEM) of the authority that the server's own comes from, instead of the public ones */
  ca?: readonly string[]
  /** connects by the egress guard */
  dial: (to: { host: string; port: number; connectMs: number }) => Promise<Socket>
  timing?: Partial<{ connectMs: number; silenceMs: number; totalMs: number }>
}
const usual = { connectMs: 10_000, silenceMs: 30_000, totalMs: 60_000 }

/** Why a letter did not go. `permanent`: the same letter will be refused again. Its message holds no password and no address of the server's URL. */
export class MailError extends Error {
  readonly permanent: boolean
  constructor(message: string, permanent: boolean) {
    super(message)
    this.name = 'MailError'
    this.permanent = permanent
  }
}

/** Connects at each letter only. @throws TypeError for a url or sender that cannot be read, without showing it */
export function openSmtpMail({ url, from, ca, dial, timing }: SmtpOptions): MailServer {
  const server = readUrl(url)
  const sender = readSender(from)
  const { connectMs, silenceMs, totalMs } = { ...usual, ...timing }
  const running = new Set<() => void>()
  let closed = false

  /** One session, within its time. */
  async function session(use: (transport: ReturnType<typeof createTransport>) => Promise<unknown>): Promise<void> {
    const transport = createTransport({ ...server.options, tls: { ...server.options.tls, ...(ca ? { ca: [...ca] } : {}) }, connectionTimeout: connectMs, greetingTimeout: connectMs, dnsTimeout: connectMs, socketTimeout: silenceMs, socketCloseTimeout: 0, disableFileAccess: true, disableUrlAccess: true })
    const { host, port } = server.options
    transport.getSocket = (_, done) => void dial({ host, port, connectMs }).then((connection) => done(null, { connection }), (error: Error) => done(error))
    let stop = () => {}
    const stopped = new Promise<never>((_, reject) => (stop = () => reject(new MailError('the mail server was left: shutting down', false))))
    const late = new Promise<never>((_, reject) => setTimeout(() => reject(new MailError(`the mail server took longer than ${totalMs / 1000} s`, false)), totalMs).unref())
    running.add(stop)
    const done = use(transport)
    try {
      await Promise.race([done, late, stopped])
    } catch (error) {
      done.catch(() => {}) // the race is over, its failure is nobody's
      throw error instanceof MailError ? error : explain(error as NodemailerError, server.secrets)
    } finally {
      running.delete(stop)
      transport.close()
    }
  }

  return {
    kind: 'smtp',
    async send(letter) {
      if (closed) throw new MailError('mail is closed: shutting down', false)
      checkLetter(letter)
      await session((transport) => transport.sendMail({
        from: sender, to: { name: '', address: letter.to }, subject: letter.subject, text: letter.text, ...(letter.html === undefined ? {} : { html: letter.html }),
        messageId: messageIdOf(letter.key, sender.address), headers: { 'auto-submitted': 'auto-generated', 'x-loop': 'groundwork' }, // RFC 3834: no out-of-office answers, and no run of a workflow
      }))
    },
    verify: () => session((transport) => transport.verify()),
    async close() {
      closed = true
      for (const stop of running) stop()
    },
  }
}

/** Line ends in what becomes a header would make new headers; a list of addresses would tell one person of another. */
export function checkLetter({ to, subject, key }: Letter): void {
  const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/
  if (to.length > 320 || !/^[^\s@,;:<>()"\\[\]]+@[^\s@,;:<>()"\\[\]]+$/.test(to) || control.test(to)) throw new MailError('`to` must be one plain address', true)
  if (control.test(subject)) throw new MailError('the subject must be one line without control characters', true)
  if (!key || key.length > 500 || control.test(key)) throw new MailError('`key` must be one short line', true)
}

/** The same at every retry of a letter. A key that is no safe name, or might tell something, is hashed. */
function messageIdOf(key: string, sender: string): string {
  const name = /^[A-Za-z0-9][A-Za-z0-9._-]{7,99}$/.test(key) && !key.includes('..') && !key.endsWith('.') ? key : createHash('sha256').update(key).digest('hex').slice(0, 40)
  return `<${name}@${sender.split('@').at(-1)}>`
}

function readSender(from: string): { name: string; address: string } {
  const match = /^\s*(?:"?([^"<>\r\n]*?)"?\s*<([^<>\s@]+@[^<>\s@]+)>|([^<>\s@]+@[^<>\s@]+))\s*$/.exec(from)
  if (!match) throw new TypeError('MAIL_FROM must look like: Name <no-reply@example.com>')
  return { name: match[1] ?? '', address: (match[2] ?? match[3])! }
}

/**
 * Without a password: encrypt if the server can, with whatever certificate it has; that beats plain text. With one, the server must prove who it
 * is before it is told, unless it is this machine.
 */
function readUrl(text: string): { options: { host: string; port: number; tls: { rejectUnauthorized: boolean } }; secrets: string[] } {
  const form = 'SMTP_URL must look like smtp://user:password@mail.example.com:587'
  if (!/^smtps?:\/\//.test(text) || !URL.canParse(text)) throw new TypeError(form)
  const url = new URL(text)
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'requireTLS' && name !== 'rejectUnauthorized')
  if (!url.hostname || unknown !== undefined) throw new TypeError(unknown === undefined ? form : `SMTP_URL knows the parameters requireTLS and rejectUnauthorized only`)
  const flag = (name: string, usually: boolean) => (url.searchParams.has(name) ? url.searchParams.get(name) !== 'false' : usually)
  const [user, pass] = [decode(url.username), decode(url.password)]
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const near = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)
  const secure = url.protocol === 'smtps:'
  const requireTLS = !secure && flag('requireTLS', user !== '' && !near)
  const rejectUnauthorized = flag('rejectUnauthorized', secure || requireTLS)
  const options = { host, port: Number(url.port) || (secure ? 465 : 587), secure, requireTLS, opportunisticTLS: !secure && !requireTLS, tls: { rejectUnauthorized }, ...(user ? { auth: { user, pass } } : {}) }
  const base64 = (value: string) => Buffer.from(value).toString('base64')
  const secrets = [pass, url.password, base64(pass), base64(`\0${user}\0${pass}`), user, url.username, base64(user)].filter((secret) => secret.length > 1)
  return { options, secrets: [...new Set(secrets)].sort((a, b) => b.length - a.length) }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new TypeError('SMTP_URL: percent signs in user and password are written %25')
  }
}

const causes: Record<string, string> = {
  ECONNREFUSED: 'the mail server refuses connections: check host and port', EDNS: 'the mail server\'s name is not known: check the host',
  ENOTFOUND: 'the mail server\'s name is not known: check the host', ETIMEDOUT: 'the mail server does not answer in time',
  EAUTH: 'the mail server refuses user or password', ENOAUTH: 'the mail server offers no sign-in', ETLS: 'no encrypted connection to the mail server: check its certificate, or add ?requireTLS=false',
  ECONNECTION: 'the mail server closed the connection', ESOCKET: 'the connection to the mail server broke',
}

/** What to look at, then the server's own words, without anything of SMTP_URL that is secret: some servers repeat what they refuse. */
function explain({ code = '', originalCode, response, responseCode, permanent, message }: NodemailerError, secrets: string[]): MailError {
  const refused = responseCode !== undefined && (code === 'EENVELOPE' || code === 'EMESSAGE') // the letter, not the session
  const tls = !refused && (code === 'ETLS' || /certificate|self.signed|ssl|tls/i.test(message))
  const cause = refused ? `the mail server ${permanent ? 'refuses the letter' : 'cannot take the letter now'}` : tls ? causes['ETLS']! : (causes[originalCode ?? ''] ?? causes[code] ?? 'the letter could not be sent')
  const words = (response ?? (causes[code] || tls ? '' : message)).replace(/[\u0000-\u001f\u007f]+/g, ' ').trim()
  const said = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), words).slice(0, 300)
  return new MailError(said ? `${cause}: ${said}` : cause, refused && permanent === true)
}
