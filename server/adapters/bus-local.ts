// The default bus: everything in this process, and hints, dropped cache entries and counted limits told to other processes by NOTIFY when
// they share a PostgreSQL. Each process counts for itself and tells the others what it counted, so a shared limit may be overshot by what all
// take within one such interval.
import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { Bus, Limit } from '../kernel/ports.ts'
import { checkHint, Ears, type Log } from './bus-hints.ts'
import { openLink, type LinkTiming } from './bus-notify.ts'
import { Windows } from './bus-windows.ts'

export type LocalBusOptions = {
  /** A direct connection to the database the processes share; without it, this process is alone. */
  connection?: pg.ClientConfig | undefined
  log?: Log
  timing?: Partial<LinkTiming & { gossipMs: number }>
}
const [dropped, counted] = ['bus.dropped', 'bus.counted']
const maxCached = 10_000

/** Settles after the first attempt to connect; without a connection it works for this process and goes on trying. */
export async function openLocalBus({ connection, log = () => {}, timing = {} }: LocalBusOptions = {}): Promise<Bus> {
  const ears = new Ears(log)
  const cache = new Map<string, { value: string; until: number }>()
  const windows = new Windows()
  const gossip = new Map<string, [key: string, windowMs: number, index: number, cost: number]>()
  let gossiping: NodeJS.Timeout | undefined
  let serial = 0 // no two reports are equal, or packing would take one for the other
  let closed = false

  const link = connection && openLink({
    connection, log, timing,
    heard([channel, message]) {
      if (channel === dropped) cache.delete(message)
      else if (channel === counted) for (const [key, windowMs, index, cost] of readCounts(message)) windows.add(key, windowMs, index, cost)
      else ears.tell(channel, message)
    },
    again() {
      cache.clear() // a drop may have been missed
      ears.kickAll()
    },
  })
  await link?.connected

  /** Tells what this process counted. A lone process has nobody to tell. */
  function tell(key: string, { windowMs }: Limit, cost: number): void {
    if (!link?.peers()) return
    const index = windows.indexOf(windowMs)
    const id = `${key} ${windowMs} ${index}`
    const entry = gossip.get(id) ?? [key, windowMs, index, 0]
    entry[3] += cost
    gossip.set(id, entry)
    gossiping ??= setTimeout(() => {
      gossiping = undefined
      const all = [...gossip.values()]
      gossip.clear()
      for (let at = 0; at < all.length; at += 50) link.send(counted, JSON.stringify([serial++, ...all.slice(at, at + 50)]))
    }, timing.gossipMs ?? 100)
  }

  return {
    kind: link ? 'local, NOTIFY between processes' : 'local',
    publish(channel, message) {
      checkHint(channel, message)
      if (closed) return
      queueMicrotask(() => ears.tell(channel, message)) // never inside the publisher's own work
      link?.send(channel, message)
    },
    subscribe: (channel, heard) => ears.listen(channel, heard),
    async take(name, limit, cost = 1) {
      const key = hashKey(name)
      const taken = windows.take(key, limit, cost)
      if (taken.allowed) tell(key, limit, cost)
      return taken
    },
    async get(name) {
      const key = hashKey(name)
      const entry = cache.get(key)
      if (!entry || entry.until > Date.now()) return entry?.value ?? null
      cache.delete(key)
      return null
    },
    async set(name, value, ttlMs) {
      const key = hashKey(name)
      link?.send(dropped, key) // what others hold of it is old
      cache.delete(key)
      cache.set(key, { value, until: Date.now() + ttlMs })
      if (cache.size > maxCached) cache.delete(cache.keys().next().value!)
    },
    async drop(name) {
      cache.delete(hashKey(name))
      link?.send(dropped, hashKey(name))
    },
    health: () => link?.health() ?? { ok: true, detail: 'in process' },
    async close() {
      closed = true
      clearTimeout(gossiping)
      ears.clear()
      await link?.close()
    },
  }
}

/** Keys hold addresses of people and machines, which no other user of the database should hear; and 22 characters are short. */
const hashKey = (name: string): string => createHash('sha256').update(name).digest('base64url').slice(0, 22)

function readCounts(text: string): [string, number, number, number][] {
  const isCount = (one: unknown): one is [string, number, number, number] => Array.isArray(one) && typeof one[0] === 'string' && one.slice(1).every((n) => typeof n === 'number')
  const [, ...counts] = JSON.parse(text) as unknown[]
  return counts.filter(isCount)
}
