// The bus on Redis 7 (or Valkey): hints by pub/sub, limits by a script, a cache. A Redis that is away or hangs must not take the product down:
// hints to other processes are lost until it is back (who relies on them polls), limits are counted in this process, the cache knows nothing.
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import type { Bus, Limit, Taken } from '../kernel/ports.ts'
import { Batch, checkHint, Ears, pack, unpack, type Log } from './bus-hints.ts'
import { judge, Windows } from './bus-windows.ts'

export type RedisBusOptions = {
  /** `redis://` or `rediss://`, with user, password and database number. */
  url: string
  /** Before every key and channel; several installations may share a Redis. */
  prefix?: string
  log?: Log
  timing?: Partial<RedisTiming>
}
type RedisTiming = { commandMs: number; connectMs: number; pauseMs: number; beatMs: number; retryMs: number }
const usual: RedisTiming = { commandMs: 500, connectMs: 2_000, pauseMs: 1_000, beatMs: 10_000, retryMs: 2_000 }
const maxDrops = 10_000
type Commands = Redis & { takeTurn(key: string, windowMs: number, max: number, cost: number): Promise<number[]> }

/** The rules of bus-windows.ts, on Redis' own clock: i = number of the window, n = taken in it, b = taken in the one before. */
const takeScript = `
local time = redis.call('TIME')
local ms = time[1] * 1000 + math.floor(time[2] / 1000)
local window, max, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local index = math.floor(ms / window)
local kept = redis.call('HMGET', KEYS[1], 'i', 'n', 'b')
local now, before = 0, 0
if tonumber(kept[1]) == index then now, before = tonumber(kept[2]), tonumber(kept[3])
elseif tonumber(kept[1]) == index - 1 then before = tonumber(kept[2]) end
local elapsed = ms - index * window
if before * (1 - elapsed / window) + now + cost <= max then
  redis.call('HSET', KEYS[1], 'i', string.format('%.0f', index), 'n', now + cost, 'b', before)
  redis.call('PEXPIRE', KEYS[1], window * 2)
end
return { before, now, elapsed }`

/** Settles when Redis answered or `connectMs` passed; the product starts without it, too. @throws TypeError for an unreadable url */
export async function openRedisBus({ url, prefix = 'groundwork:', log = () => {}, timing: given }: RedisBusOptions): Promise<Bus> {
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) throw new TypeError('REDIS_URL must look like redis://user:password@host:6379/0')
  const timing = { ...usual, ...given }
  const origin = randomUUID()
  const ears = new Ears(log)
  const windows = new Windows()
  const missedDrops = new Set<string>()
  let awayUntil = 0
  let problem: string | undefined = 'not connected yet'
  let deafness: string | undefined
  let announced = false
  let closed = false
  let lastEcho = Date.now()

  const options = {
    lazyConnect: true, connectTimeout: timing.connectMs, enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResubscribe: false,
    retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 10), timing.retryMs) * (0.5 + Math.random() / 2),
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'), // a failover: the address has another server now
  }
  const commands = new Redis(url, { ...options, commandTimeout: timing.commandMs, connectionName: 'groundwork' }) as Commands
  commands.defineCommand('takeTurn', { numberOfKeys: 1, lua: takeScript })
  const voice = new Redis(url, { ...options, connectionName: 'groundwork-hints' })

  function away(error: unknown): void {
    awayUntil = Date.now() + timing.pauseMs
    problem = reasonOf(error)
    if (!announced && !closed) log(`Redis is away (${problem}); limits are counted in this process, hints to others wait for polling`)
    announced = true
  }
  function back(): void {
    awayUntil = 0
    problem = undefined
    if (announced && !closed) log('Redis is back')
    announced = false
    for (const key of missedDrops) void ask(() => commands.del(key)).then((done) => done !== undefined && missedDrops.delete(key))
  }

  /** A command, or undefined when Redis does not answer; after a failure it is left in peace for `pauseMs`. */
  async function ask<Answer>(command: () => Promise<Answer>): Promise<Answer | undefined> {
    if (closed || commands.status !== 'ready' || Date.now() < awayUntil) return undefined
    try {
      const answer = await command()
      if (problem) back()
      return answer
    } catch (error) {
      away(error)
      return undefined
    }
  }

  const hints = `${prefix}hints`
  const batch = new Batch(1, async (gathered) => {
    for (const text of pack(origin, gathered, 60_000)) await ask(() => commands.publish(hints, text))
  })
  voice.on('message', (_, text: string) => {
    const packed = unpack(text)
    if (packed?.origin === origin) lastEcho = Date.now() // its own voice: nothing to hear, but proof that the way is open
    else for (const [channel, message] of packed?.hints ?? []) if (!channel.startsWith(' ')) ears.tell(channel, message)
  })
  voice.on('ready', () => {
    voice.subscribe(hints).then(() => {
      lastEcho = Date.now()
      deafness = undefined
      ears.kickAll() // what was said before is lost
    }, () => voice.disconnect(true))
  })
  commands.on('ready', () => {
    awayUntil = 0
    problem ??= 'reconnecting' // until it answers
    void ask(() => commands.ping())
  })
  commands.on('error', away)
  voice.on('error', (error) => (deafness = reasonOf(error))) // without a listener it would end the process
  const beat = setInterval(() => {
    batch.add(' here', '')
    const deaf = Date.now() - lastEcho > timing.beatMs * 3
    if (deaf && voice.status === 'ready' && !problem) voice.disconnect(true)
  }, timing.beatMs)

  const starting = Promise.all([connected(commands), connected(voice)])
  await Promise.race([starting, new Promise((resolve) => setTimeout(resolve, timing.connectMs).unref())])

  const dropKey = async (key: string) => {
    if ((await ask(() => commands.del(key))) === undefined && missedDrops.size < maxDrops) missedDrops.add(key)
  }
  return {
    kind: 'redis',
    publish(channel, message) {
      checkHint(channel, message)
      if (closed) return
      queueMicrotask(() => ears.tell(channel, message)) // this process hears itself without Redis
      batch.add(channel, message)
    },
    subscribe: (channel, heard) => ears.listen(channel, heard),
    async take(key, limit, cost = 1) {
      const counts = await ask(() => commands.takeTurn(`${prefix}limit:${limit.windowMs}:${key}`, limit.windowMs, limit.max, cost))
      return counts ? mirror(windows, key, counts, limit, cost) : windows.take(key, limit, cost)
    },
    get: async (key) => (missedDrops.has(`${prefix}cache:${key}`) ? null : ((await ask(() => commands.get(`${prefix}cache:${key}`))) ?? null)),
    async set(key, value, ttlMs) {
      const name = `${prefix}cache:${key}`
      if ((await ask(() => commands.set(name, value, 'PX', Math.max(1, Math.ceil(ttlMs))))) === undefined) await dropKey(name) // the old value must not come back
      else missedDrops.delete(name)
    },
    drop: (key) => dropKey(`${prefix}cache:${key}`),
    health() {
      const ok = !problem && !deafness && commands.status === 'ready' && voice.status === 'ready'
      return ok ? { ok, detail: 'Redis' } : { ok, detail: problem ?? deafness ?? 'reconnecting' }
    },
    async close() {
      closed = true
      clearInterval(beat)
      batch.close()
      ears.clear()
      commands.disconnect()
      voice.disconnect()
      await starting
    },
  }
}

/** The first attempt; later ones are the library's. Never rejects. */
const connected = (connection: Redis): Promise<void> => connection.connect().then(() => {}, () => {})

/** What Redis allowed is counted here too, so that this process knows where it stands when Redis goes away. */
function mirror(windows: Windows, key: string, [before = 0, now = 0, elapsedMs = 0]: number[], limit: Limit, cost: number): Taken {
  const taken = judge({ before, now, elapsedMs }, limit, cost)
  if (taken.allowed) windows.add(key, limit.windowMs, windows.indexOf(limit.windowMs), cost)
  return taken
}

/** A code or the first words; never the address, which may hold the password. */
function reasonOf(error: unknown): string {
  const { code, message = '' } = error as { code?: string; message?: string }
  if (code) return code
  if (/timed out/i.test(message)) return 'no answer in time'
  return /^[A-Z]{3,}\b/.exec(message)?.[0] ?? 'connection lost'
}
