import assert from 'node:assert/strict'
import net, { type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import { testDatabase } from '../testing/postgres.ts'
import { Batch, pack, unpack, type Hint } from './bus-hints.ts'
import { openLocalBus } from './bus-local.ts'
import { busContract, until } from './bus.contract.ts'

busContract('local bus', { open: async () => ({ one: await openLocalBus() }), overshoot: 20 })

busContract('local bus with NOTIFY', {
  async open(t) {
    const connection = (await testDatabase(t)).connection('system')
    const [one, two] = await Promise.all([openLocalBus({ connection }), openLocalBus({ connection })])
    return { one, two }
  },
  overshoot: 40, // each tells every 100 ms, so both may take what the other has not told yet
})

test('a killed connection is made again, and listeners are told that something may be missing', async (t) => {
  const database = await testDatabase(t)
  const said: string[] = []
  const bus = await openLocalBus({ connection: database.connection('system'), log: (message) => said.push(message), timing: { retryMs: 20 } })
  t.after(() => bus.close())
  assert.deepEqual(bus.health(), { ok: true, detail: 'NOTIFY' })
  await bus.set('key', 'kept while nobody can tell that it is old', 60_000)
  const heard: string[] = []
  bus.subscribe('c', (message) => heard.push(message))
  const killer = new pg.Client(database.connection('system'))
  await killer.connect()
  t.after(() => killer.end())
  await killer.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'groundwork bus' and datname = current_database()`)
  await until(() => heard.includes(''))
  assert.equal(await bus.get('key'), null)
  assert.match(said.join('\n'), /lost its link.*\n.*connected again/)
  bus.publish('c', 'own')
  await until(() => heard.includes('own'))
})

test('without its database the bus works for this process, goes on trying and says so', async (t) => {
  const bus = await openLocalBus({ connection: { host: '127.0.0.1', port: 1 }, timing: { retryMs: 5 } })
  t.after(() => bus.close())
  assert.equal(bus.health().ok, false)
  assert.match(bus.health().detail, /ECONNREFUSED/)
  let heard = ''
  bus.subscribe('c', (message) => (heard = message))
  bus.publish('c', 'x')
  await until(() => heard === 'x')
  assert.equal((await bus.take('k', { max: 1, windowMs: 1000 })).allowed, true)
})

test('a thousand hints are few notifications, each below what PostgreSQL takes', async (t) => {
  const connection = (await testDatabase(t)).connection('system')
  const listener = new pg.Client(connection)
  await listener.connect()
  t.after(() => listener.end())
  const payloads: string[] = []
  listener.on('notification', ({ payload }) => payloads.push(payload!))
  await listener.query('listen groundwork_bus')
  const bus = await openLocalBus({ connection })
  t.after(() => bus.close())
  const hints = () => payloads.flatMap((payload) => unpack(payload)!.hints).filter(([channel]) => channel === 'log')
  for (let n = 0; n < 1_000; n++) bus.publish('log', '')
  for (let n = 0; n < 1_000; n++) bus.publish('log', String(n))
  await until(() => hints().length >= 1_001)
  assert.equal(hints().length, 1_001)
  assert.ok(payloads.length < 10 && payloads.every((payload) => Buffer.byteLength(payload) < 8_000), `${payloads.length} notifications`)
})

test('keys of limits and cache entries, which hold addresses of people, do not travel', async (t) => {
  const connection = (await testDatabase(t)).connection('system')
  const listener = new pg.Client(connection)
  await listener.connect()
  t.after(() => listener.end())
  let told = ''
  listener.on('notification', ({ payload }) => (told += payload))
  await listener.query('listen groundwork_bus')
  const [one, two] = await Promise.all([openLocalBus({ connection, timing: { gossipMs: 5 } }), openLocalBus({ connection })])
  t.after(() => Promise.all([one.close(), two.close()]))
  await until(async () => (await one.take('login:ada@example.com', { max: 1e9, windowMs: 60_000 }), told.includes('bus.counted')))
  await one.set('session:ada@example.com', 'x', 1_000)
  await until(() => told.includes('bus.dropped'))
  assert.ok(!told.includes('ada@'))
})

test('a pooler that swallows notifications is noticed', async (t) => {
  const direct = (await testDatabase(t)).connection('system')
  const said: string[] = []
  const connection = { ...direct, host: '127.0.0.1', port: await deafen(t, direct) }
  const bus = await openLocalBus({ connection, log: (message) => said.push(message), timing: { deafMs: 50, retryMs: 10_000 } })
  t.after(() => bus.close())
  await until(() => said.length > 0)
  assert.match(said[0]!, /transaction pooler/)
  assert.equal(bus.health().ok, false)
})

/** A proxy before PostgreSQL that lets everything through but NotificationResponse ('A'). @returns its port */
async function deafen(t: TestContext, { host = '127.0.0.1', port = 5432 }: pg.ClientConfig): Promise<number> {
  const proxy = net.createServer((near) => {
    const far = host.startsWith('/') ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect(port, host)
    let rest = Buffer.alloc(0)
    near.on('error', () => {}).on('close', () => far.destroy()).pipe(far)
    far.on('error', () => {}).on('close', () => near.destroy()).on('data', (data) => {
      rest = Buffer.concat([rest, data])
      for (let end; rest.length >= 5 && rest.length >= (end = 1 + rest.readUInt32BE(1)); rest = rest.subarray(end)) if (rest[0] !== 0x41) near.write(rest.subarray(0, end))
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.after(() => proxy.close())
  return (proxy.address() as AddressInfo).port
}

test('a batch goes at once after a pause, then at most once per interval, each hint once', async () => {
  const sent: Hint[][] = []
  const batch = new Batch(30, async (hints) => sent.push(hints))
  batch.add('a', '1')
  await until(() => sent.length === 1)
  for (const message of ['2', '3', '2', '3']) batch.add('a', message)
  assert.equal(sent.length, 1)
  await until(() => sent.length === 2)
  batch.add('a', 'never')
  batch.close()
  assert.deepEqual(sent, [[['a', '1']], [['a', '2'], ['a', '3']]])
})

test('packing keeps every hint within the bytes given, and foreign texts are no hints', () => {
  const hints: Hint[] = Array.from({ length: 300 }, (_, n) => ['c', '漢"\0'.repeat(n % 40)])
  const texts = pack('me', hints, 1_000)
  assert.ok(texts.every((text) => Buffer.byteLength(text) <= 1_000) && texts.length < 200)
  assert.deepEqual(texts.flatMap((text) => unpack(text)!.hints), hints)
  for (const text of ['', 'x', 'null', '1', '{}', '{"o":1,"h":[]}', '{"o":"a","h":[["c"]]}', '{"o":"a","h":[["c",1]]}']) assert.equal(unpack(text), undefined, text)
})
