// Databases of tenants: one statement, bound values, capped rows, and no way to our own server's socket (S0.7, S4.2). PostgreSQL is the embedded one
// behind a TCP door on 127.0.0.9; MySQL is a stub that speaks its protocol.
import assert from 'node:assert/strict'
import net, { type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import type pg from 'pg'
import { openEgress } from '../../kernel/egress.ts'
import { EgressRefused } from '../../kernel/egress-reach.ts'
import { migratedDatabase } from '../../testing/kernel.ts'
import { queryDatabase } from './database.ts'
import type { Settings } from './kinds.ts'

async function listen(t: TestContext, answer: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = net.createServer((socket) => (sockets.add(socket), socket.on('error', () => {}), answer(socket)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.9', resolve))
  t.after(() => (sockets.forEach((socket) => socket.destroy()), new Promise((resolve) => server.close(resolve))))
  return (server.address() as AddressInfo).port
}
async function stage(t: TestContext) {
  const egress = openEgress({ allow: ['127.0.0.9'] })
  t.after(() => egress.close())
  const database = await migratedDatabase(t)
  const { host, port, user, password, database: name } = database.connection('owner') as pg.ClientConfig & { password: string }
  const own = `${host}/.s.PGSQL.${port}`
  let reached = 0
  const door = await listen(t, (socket) => {
    reached++
    const inner = net.connect(own).on('error', () => socket.destroy())
    socket.pipe(inner).pipe(socket)
    socket.on('close', () => inner.destroy())
  })
  const settings: Settings = { engine: 'postgresql', host: '127.0.0.9', port: door, database: name!, user: user!, tls: 'off' }
  const ask = (text: string, parameters: Parameters<typeof queryDatabase>[4] = [], maxRows = 100, more: Settings = {}, secret = password) => queryDatabase({ ...settings, ...more }, { password: secret }, egress.dial, text, parameters, maxRows)
  return { ask, egress, settings, own, folder: host!, port, password, reached: () => reached }
}

test('values are bound, results are JSON, rows are capped', async (t) => {
  const { ask } = await stage(t)
  const injected = `'; drop table tasks; --`
  const { rows } = await ask(`select $1::text as t, $2::int as n, $3::jsonb as j, null as nothing, 9007199254740993::bigint as big, 1.10::numeric as exact, true as yes, '\\x00ff'::bytea as bytes, '2026-01-02 03:04:05.123456+00'::timestamptz at time zone 'UTC' as at`, [injected, 5, { a: [1] }])
  assert.deepEqual(rows, [{ t: injected, n: 5, j: { a: [1] }, nothing: null, big: '9007199254740993', exact: '1.10', yes: true, bytes: '\\x00ff', at: '2026-01-02 03:04:05.123456' }])
  const many = await ask('select n from generate_series(1, 500) n', [], 3)
  assert.deepEqual([many.rows.map(({ n }) => n), many.count, many.more], [[1, 2, 3], 500, true])
  assert.deepEqual(await ask('create temp table x (n int)'), { rows: [], count: 0, more: false })
})

test('a text is one statement: what follows is refused, whatever stands in it', async (t) => {
  const { ask } = await stage(t)
  for (const text of ['select 1; select 2', 'begin; drop table tasks', 'select 1; copy (select 1) to program \'id\'']) await assert.rejects(ask(text), /multiple commands/)
  await assert.rejects(ask('select nonsense'), /nonsense/)
  await assert.rejects(ask('select $1::int', ['x']), /invalid input syntax/)
})

test('an answer without end, or one huge value, is cut off', async (t) => {
  const { ask } = await stage(t)
  await assert.rejects(ask(`select repeat('x', 60000000)`), /larger than 50000000 bytes/)
  await assert.rejects(ask(`select repeat('x', 1000) from generate_series(1, 200000)`), /larger than 50000000 bytes/)
})

test('our own database\'s socket is out of reach, by every way a driver knows', async (t) => {
  const { ask, egress, settings, own, folder, port, reached } = await stage(t)
  assert.ok(net.connect(own).on('error', (error) => assert.fail(error)).destroy(), 'it is there')
  const hosts = [folder, own, `${folder}/`, `@${folder}`, `%2F${folder.slice(1).replaceAll('/', '%2F')}`, encodeURIComponent(folder), `127.0.0.9,${folder}`, `${folder},127.0.0.9`, `localhost?host=${folder}`, `unix:${own}`, `socket:${own}`, `pipe:${own}`, '', 'localhost', '127.0.0.1', '[::1]', '0.0.0.0']
  for (const engine of ['postgresql', 'mysql'])
    for (const host of hosts) await assert.rejects(queryDatabase({ ...settings, engine, host, port: port! }, { password: 'x' }, egress.dial, 'select 1', [], 1), EgressRefused, `${engine} ${host}`)
  assert.equal(reached(), 0)
  const more = { socketPath: own, path: own, connectionString: `postgres:///x?host=${folder}`, uri: `mysql://localhost?socketPath=${own}`, sslrootcert: '/etc/passwd', options: `-c search_path=x` } as unknown as Settings
  assert.deepEqual((await ask('select 1 as one', [], 1, more)).rows, [{ one: 1 }]) // unknown to the drivers: it went through the door
  assert.equal(reached(), 1)
  for (const database of [`x?host=${folder}`, `postgres:///x?host=${folder}`, `dbname=x host=${folder}`]) await assert.rejects(ask('select 1', [], 1, { database }), /does not exist/) // a name, and no more
  assert.equal(reached(), 4)
})

test('nothing of our environment is sent along', async (t) => {
  const heard: string[] = []
  const port = await listen(t, (socket) => socket.on('data', (part) => {
    heard.push(part.toString('latin1'))
    socket.write(heard.length === 1 ? Buffer.from([82, 0, 0, 0, 8, 0, 0, 0, 3]) : Buffer.alloc(0)) // AuthenticationCleartextPassword
    if (heard.length > 1) socket.destroy()
  }))
  const { egress } = await stage(t)
  const before = { PGPASSWORD: process.env.PGPASSWORD, PGHOST: process.env.PGHOST, PGUSER: process.env.PGUSER }
  t.after(() => Object.entries(before).forEach(([name, value]) => (value === undefined ? delete process.env[name] : (process.env[name] = value))))
  Object.assign(process.env, { PGPASSWORD: 'operators-own', PGHOST: '127.0.0.1', PGUSER: 'operator' })
  await assert.rejects(queryDatabase({ engine: 'postgresql', host: '127.0.0.9', port, database: 'd', user: 'u', tls: 'off' }, {}, egress.dial, 'select 1', [], 1))
  assert.ok(heard.length === 2 && heard[0]!.includes('user\0u\0') && !/operator/.test(heard.join('')), JSON.stringify(heard))
})

test('a server without encryption is refused where it is wanted', async (t) => {
  const { ask } = await stage(t)
  for (const tls of ['verify', 'require']) await assert.rejects(ask('select 1', [], 1, { tls }), /SSL/)
})

/** Speaks as much of MySQL's protocol as one prepared statement needs; `execute` answers it. */
async function fakeMySql(t: TestContext, execute: (send: (...packets: Buffer[]) => void) => void): Promise<{ port: number; heard: Buffer[] }> {
  const heard: Buffer[] = []
  const port = await listen(t, (socket) => {
    let at = 0
    const send = (...packets: Buffer[]) => packets.forEach((packet) => socket.write(Buffer.concat([Buffer.from([packet.length & 255, packet.length >> 8, packet.length >> 16, at++]), packet])))
    const ok = Buffer.from([0, 0, 0, 2, 0, 0, 0])
    send(Buffer.concat([Buffer.from([10]), Buffer.from('8.0.99\0'), Buffer.from([1, 0, 0, 0]), Buffer.from('abcdefgh'), Buffer.from([0, 0xff, 0xf7, 33, 2, 0, 0xff, 0xdf, 21]), Buffer.alloc(10), Buffer.from('ijklmnopqrst\0'), Buffer.from('mysql_native_password\0')]))
    socket.on('data', (part: Buffer) => {
      for (let rest = part; rest.length > 4; rest = rest.subarray(4 + rest.readUIntLE(0, 3))) {
        const body = rest.subarray(4, 4 + rest.readUIntLE(0, 3))
        heard.push(body)
        at = rest[3]! + 1
        if (heard.length === 1) send(ok) // signed in
        else if (body[0] === 0x16) send(Buffer.from([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])) // prepared: no parameters, columns told later
        else if (body[0] === 0x17) execute(send)
      }
    })
  })
  return { port, heard }
}
const mysql = (port: number): Settings => ({ engine: 'mysql', host: '127.0.0.9', port, database: 'd', user: 'u', tls: 'off' })

test('MySQL: a statement is prepared, and a server that asks for a file of ours gets none', async (t) => {
  const { egress } = await stage(t)
  const done = await fakeMySql(t, (send) => send(Buffer.from([0, 3, 0, 2, 0, 0, 0]))) // three rows touched
  assert.deepEqual(await queryDatabase(mysql(done.port), { password: 'p' }, egress.dial, 'delete from x', [], 10), { rows: [], count: 3, more: false })
  assert.equal(done.heard[0]!.readUInt32LE(0) & 0x80, 0, 'local files are not offered (CLIENT_LOCAL_FILES)')
  assert.equal(done.heard[0]!.readUInt32LE(0) & 0x10000, 0, 'several statements are not offered (CLIENT_MULTI_STATEMENTS)')
  const thief = await fakeMySql(t, (send) => send(Buffer.from('\xfb/etc/passwd', 'latin1')))
  const got = await queryDatabase(mysql(thief.port), { password: 'p' }, egress.dial, 'load data', [], 10).catch(() => ({ rows: [] }))
  assert.deepEqual(got.rows, [])
  assert.ok(!Buffer.concat(thief.heard).includes('root:'))
})
