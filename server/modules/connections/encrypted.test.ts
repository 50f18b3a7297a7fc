// Encrypted databases and mail servers of tenants, with certificates of their own (S0.7): taken with the certificate of their authority, refused without
// it, and refused in another's name.
import assert from 'node:assert/strict'
import net, { type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import tls from 'node:tls'
import type pg from 'pg'
import { testApp } from '../../testing/app.ts'
import { catchMail } from '../../testing/mail-catcher.ts'
import { selfSigned } from '../../testing/identity-provider.ts'
import { certificatesOf } from './kinds.ts'

const here = '127.0.0.9'
/** PostgreSQL's own way into TLS (SSLRequest, protocol 3): a real server stands behind. */
async function encryptedDoor(t: TestContext, to: string, pair: { certificate: string; key: string }): Promise<number> {
  const sockets = new Set<Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.once('data', (asked) => {
      if (asked.readInt32BE(4) !== 80877103) return socket.destroy() // no plain talk
      socket.pause()
      socket.write('S')
      const secure = new tls.TLSSocket(socket, { isServer: true, cert: pair.certificate, key: pair.key })
      const inner = net.connect(to).on('error', () => secure.destroy())
      secure.on('error', () => inner.destroy())
      secure.pipe(inner).pipe(secure)
      secure.on('close', () => inner.destroy())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, here, resolve))
  t.after(() => (sockets.forEach((socket) => socket.destroy()), new Promise((resolve) => server.close(resolve))))
  return (server.address() as AddressInfo).port
}

test('a PostgreSQL with a certificate of its own is used when its authority is given, and refused otherwise', async (t) => {
  const app = await testApp(t, { settings: { EGRESS_ALLOW: here } })
  const owner = await app.register('Olga')
  const { host, port, user, password, database } = app.database.connection('owner') as pg.ClientConfig & { password: string }
  const pair = selfSigned({ address: here })
  const door = await encryptedDoor(t, `${host}/.s.PGSQL.${port}`, pair)
  const connect = async (settings: object) => {
    const made = await app.ok(owner, 'POST', '/connections', { name: 'Data', type: 'database', settings: { engine: 'postgresql', host: here, port: door, database, user, ...settings }, secrets: { password } })
    return { id: made.id as string, ...(await app.ok(owner, 'POST', `/connections/${made.id}/test`)) as { ok: boolean; message: string } }
  }
  const good = await connect({ ca: pair.certificate })
  assert.deepEqual([good.ok, good.message], [true, 'the database answers'])
  assert.equal((await connect({ ca: pair.certificate.replaceAll('\n', ' ') })).ok, true, 'a field of one line swallows line ends')
  assert.match((await connect({})).message, /self.signed|certificate/i)
  assert.match((await connect({ ca: selfSigned({ address: here }).certificate })).message, /certificate|signature/i)
  assert.equal((await connect({ tls: 'require' })).ok, true, 'encrypted, whoever it is: as chosen')
  assert.equal((await connect({ tls: 'off' })).ok, false)
  const stranger = selfSigned({ address: '127.0.0.8' })
  const elsewhere = await encryptedDoor(t, `${host}/.s.PGSQL.${port}`, stranger)
  assert.match((await connect({ ca: stranger.certificate, port: elsewhere })).message, /altnames|match/i)
  // what says where the password goes takes the password anew
  const moved = await app.as(owner, 'PATCH', `/connections/${good.id}`, { settings: { ca: stranger.certificate } })
  assert.ok(moved.status === 422 || moved.status === 409, `${moved.status}`)
  const bad = await app.as(owner, 'POST', '/connections', { name: 'Bad', type: 'database', settings: { engine: 'postgresql', host: here, database, user, ca: '/etc/ssl/certs/ca.pem' }, secrets: { password } })
  assert.deepEqual([bad.status, bad.body.errors[0].path], [422, '/settings/ca'])
})

test('a mail server with a certificate of its own takes letters, by STARTTLS and by TLS from the start, when its authority is given', async (t) => {
  t.mock.method(process.stderr, 'write', () => true)
  const app = await testApp(t, { settings: { EGRESS_ALLOW: here } })
  const owner = await app.register('Olga')
  const pair = selfSigned({ address: here })
  for (const security of ['starttls', 'tls']) {
    const { port, caught } = await catchMail(t, { cert: pair.certificate, key: pair.key, secure: security === 'tls', disabledCommands: [], authOptional: false, onAuth: ({ username, password }, _session, done) => done(username === 'u' && password === 'p w' ? null : new Error('no'), { user: 'u' }) }, here)
    const connect = async (settings: object) => {
      const made = await app.ok(owner, 'POST', '/connections', { name: 'Mail', type: 'smtp', settings: { host: here, port, security, username: 'u', from: 'a@example.test', ...settings }, secrets: { password: 'p w' } })
      return { id: made.id as string, ...(await app.ok(owner, 'POST', `/connections/${made.id}/test`)) as { ok: boolean; message: string } }
    }
    const good = await connect({ ca: pair.certificate })
    assert.equal(good.ok, true, `${security}: ${good.message}`)
    assert.match((await connect({})).message, /certificate/, `${security}: without its authority`)
    const draft = { nodes: [{ id: 'start', primitive: 'trigger', type: 'manual', settings: {} }, { id: 'mail', primitive: 'action', type: 'email_send', connectionId: good.id, settings: { to: 'b@example.test', subject: 'Encrypted', text: 'hello' } }], edges: [{ from: 'start', to: 'mail' }] }
    const workflow = await app.ok(owner, 'POST', '/workflows', { name: 'Mail', definition: draft })
    await app.ok(owner, 'POST', `/workflows/${workflow.id}/publish`, {})
    await app.ok(owner, 'POST', `/workflows/${workflow.id}/runs`, {})
    await app.settled()
    assert.deepEqual(caught.map(({ subject, encrypted }) => [subject, encrypted]), [['Encrypted', true]], security)
  }
})

test('certificates are read from PEM with and without line ends, and nothing else is', () => {
  const { certificate, key } = selfSigned({ name: 'db.example.test' })
  assert.deepEqual(certificatesOf(certificate), [certificate])
  assert.equal(certificatesOf(`${certificate}\n${certificate}`)?.length, 2)
  for (const text of ['', 'words', key, `${certificate} and words`, certificate.replace(/[A-Z]{8}/, 'AAAAAAAA').slice(0, -60), '-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----']) assert.equal(certificatesOf(text), undefined, text.slice(0, 40))
})
