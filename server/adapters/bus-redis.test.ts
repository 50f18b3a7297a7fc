import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { newId } from '../kernel/ids.ts'
import { anyRedis, noOwnRedis, noRedis, ownRedis } from '../testing/services.ts'
import { openRedisBus } from './bus-redis.ts'
import { busContract, until } from './bus.contract.ts'

const quick = { commandMs: 100, connectMs: 1_000, pauseMs: 50, retryMs: 50, beatMs: 50 }
const limit = { max: 5, windowMs: 60_000 }

busContract('Redis bus', {
  skip: await noRedis(),
  async open(t) {
    const [url, prefix] = [await anyRedis(t), `${newId()}:`]
    const [one, two] = await Promise.all([openRedisBus({ url, prefix }), openRedisBus({ url, prefix })])
    return { one, two }
  },
  overshoot: 20,
})

test('a Redis that is killed takes nothing down, and all is as before when it is back', { skip: noOwnRedis() }, async (t) => {
  const redis = await ownRedis(t)
  const said: string[] = []
  const options = { url: redis.url, timing: { ...quick, commandMs: 5_000 }, log: (message: string) => said.push(message) } // a slow machine is not an absent Redis
  const [bus, other] = await Promise.all([openRedisBus(options), openRedisBus({ ...options, log: () => {} })])
  t.after(() => Promise.all([bus.close(), other.close()]))
  const heard: string[] = []
  bus.subscribe('c', (message) => heard.push(message))
  for (let i = 0; i < 4; i++) assert.equal((await bus.take('k', limit)).allowed, true)
  await bus.set('cached', 'value', 60_000)

  await redis.kill()
  await until(() => !bus.health().ok)
  bus.publish('c', 'to oneself')
  other.publish('c', 'lost')
  assert.deepEqual([(await bus.take('k', limit)).allowed, (await bus.take('k', limit)).allowed], [true, false]) // it knows what Redis counted
  assert.equal(await bus.get('cached'), null)
  await bus.set('cached', 'unheard', 60_000)
  await bus.drop('cached')
  await until(() => heard.includes('to oneself') && said.length === 1)
  assert.match(said[0]!, /^Redis is away \((ECONN\w+|connection lost)\);/) // lost: a command was on its way

  await redis.start()
  await until(() => bus.health().ok && other.health().ok && heard.includes(''))
  await until(() => (other.publish('c', 'heard again'), heard.includes('heard again')))
  await until(() => said.includes('Redis is back'))
  assert.ok(!heard.includes('lost'))
})

test('values dropped while Redis could not hear it do not come back', { skip: noOwnRedis() }, async (t) => {
  const redis = await ownRedis(t)
  const bus = await openRedisBus({ url: redis.url, timing: { ...quick, pauseMs: 500 } })
  t.after(() => bus.close())
  for (const key of ['sent too late', 'never sent']) await bus.set(key, 'old', 60_000)
  const raw = new Redis(redis.url)
  t.after(() => raw.disconnect())
  assert.equal(await raw.exists('groundwork:cache:sent too late', 'groundwork:cache:never sent'), 2)
  redis.freeze()
  for (const key of ['sent too late', 'never sent']) await bus.drop(key)
  assert.equal(await bus.get('never sent'), null)
  redis.thaw()
  await until(async () => (await raw.exists('groundwork:cache:sent too late', 'groundwork:cache:never sent')) === 0)
})

test('a Redis that accepts and never answers costs one short wait, not one per call', { skip: noOwnRedis() }, async (t) => {
  const redis = await ownRedis(t)
  const bus = await openRedisBus({ url: redis.url, timing: { ...quick, pauseMs: 60_000 } })
  t.after(() => bus.close())
  const raw = new Redis(redis.url)
  t.after(() => raw.disconnect())
  await raw.ping()
  redis.freeze()
  for (let i = 0; i < 50; i++) await bus.take(`k${i}`, limit)
  assert.deepEqual(bus.health(), { ok: false, detail: 'no answer in time' })
  redis.thaw()
  const asked = async () => Number(/^cmdstat_eval:calls=(\d+)/m.exec(await raw.info('commandstats'))?.[1] ?? 0)
  await until(async () => (await asked()) > 0) // what it was sent while it hung
  assert.equal(await asked(), 1)
})

test('the product starts without its Redis, and uses it once it comes', { skip: noOwnRedis() }, async (t) => {
  const redis = await ownRedis(t)
  await redis.kill()
  const bus = await openRedisBus({ url: redis.url, timing: quick })
  t.after(() => bus.close())
  assert.equal(bus.health().ok, false)
  assert.equal((await bus.take('k', limit)).allowed, true)
  await redis.start()
  await until(() => bus.health().ok)
  await bus.set('key', 'value', 60_000)
  assert.equal(await bus.get('key'), 'value')
})

test('neither logs nor health tell the password, and an unreadable address is refused without it', async (t) => {
  const said: string[] = []
  const bus = await openRedisBus({ url: 'redis://user:hunter2@127.0.0.1:1/0', timing: quick, log: (message, error) => said.push(`${message} ${String(error)}`) })
  t.after(() => bus.close())
  await until(() => said.length > 0)
  assert.ok(![...said, bus.health().detail].join().includes('hunter2'))
  await assert.rejects(openRedisBus({ url: 'hunter2@redis' }), (error: Error) => /REDIS_URL must look like/.test(error.message) && !error.message.includes('hunter2'))
})
