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
import { certificateFault, certificatesOf, describeCertificates } from './certificates.ts'

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

test('certificates are told what they are, kept with their line ends, and refused with the reason: a key, ended ones, a bundle of everything', async (t) => {
  const app = await testApp(t)
  const owner = await app.register('Olga')
  const { certificate, key } = selfSigned({ name: 'db.example.test' })
  const settings = { engine: 'postgresql', host: 'db.example.test', database: 'd', user: 'u', ca: certificate.replaceAll('\n', ' ') }
  const made = await app.ok(owner, 'POST', '/connections', { name: 'Database', type: 'database', settings, secrets: { password: 'p' } })
  assert.equal(made.settings.ca, certificate, 'one line or many: the same is kept')
  assert.deepEqual(made.certificates, [{ subject: 'CN=idp', issuer: 'CN=idp', validFrom: '2025-01-01T00:00:00.000Z', validTo: '2049-01-01T00:00:00.000Z', authority: describeCertificates(certificate)[0]!.authority }])
  assert.deepEqual((await app.ok(owner, 'GET', `/connections/${made.id}`)).certificates, made.certificates)
  assert.equal((await app.ok(owner, 'PATCH', `/connections/${made.id}`, { settings: { ...settings, ca: `\n${certificate}\n` } })).settings.ca, certificate, 'no other place: the password need not be given again')
  const refused = await app.as(owner, 'PATCH', `/connections/${made.id}`, { settings: { ...settings, ca: key } })
  assert.deepEqual([refused.status, refused.body.errors[0].path], [422, '/settings/ca'])
  assert.match(refused.body.errors[0].message, /holds a private key/)
  assert.ok(!JSON.stringify(refused.body).includes(key.split('\n')[1]!), 'and does not say it again')
  assert.match(certificateFault(certificate, 50_000, Date.parse('2050-01-01'))!, /^ended on 2049-01-01 \(CN=idp\)/)
  assert.match(certificateFault(certificate.repeat(50), 50_000)!, /no bundle/)
  assert.match(certificateFault('words', 50_000)!, /PEM/)
  const plain = await app.ok(owner, 'POST', '/connections', { name: 'Shop', type: 'api', settings: { baseUrl: 'https://shop.example.com' } })
  assert.deepEqual(plain.certificates, [])
  assert.equal((await app.ok(owner, 'GET', '/connections/types')).items.find((kind: { type: string }) => kind.type === 'smtp').fields.find((field: { name: string }) => field.name === 'ca').kind, 'certificates')
})
