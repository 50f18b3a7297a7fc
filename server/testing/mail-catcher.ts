// A mail server for tests that keeps what it is sent, or misbehaves as told.
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export type Caught = Email & { raw: string; encrypted: boolean }

/** Listens on a free port until the test ends. Without `options` it takes everything, unencrypted and from anybody. */
export async function catchMail(t: TestContext, options: SMTPServerOptions = {}, host = '127.0.0.1'): Promise<{ port: number; caught: Caught[] }> {
  const caught: Caught[] = []
  const server = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS'], closeTimeout: 1, disableReverseLookup: true,
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const raw = Buffer.concat(chunks)
        PostalMime.parse(raw).then((email) => (caught.push({ ...email, raw: raw.toString('utf8'), encrypted: session.secure }), done()), done)
      })
    },
    ...options,
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { port: (server.server.address() as AddressInfo).port, caught }
}
