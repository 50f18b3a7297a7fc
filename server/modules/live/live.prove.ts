// The live stream keeps its promise (X1): 200 clients over both protocols, their connections killed all the time, two server processes over one
// database, slow and aborted writers. Nothing is missing, nothing comes twice, the order is the log's, per connection and over all of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { LiveEvent } from '../../../client/frames.ts'
import { LiveClient, type LiveOptions } from '../../../client/live.ts'
import { SseClient } from '../../../client/sse.ts'
import type { Fetch, WebSocketClass } from '../../../client/transport.ts'
import { newId } from '../../kernel/ids.ts'
import { comparePositions, parsePosition } from '../../kernel/log.ts'
import { sql } from '../../kernel/sql.ts'
import { openTestKernel, probeEvents, testKernel } from '../../testing/kernel.ts'
import { boardEvents, connect, createGuests, openLiveServer, type LiveServer } from '../../testing/live.ts'

const chance = (p: number) => Math.random() < p
const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)]!

test('200 clients killed at random at two servers miss nothing, get nothing twice, and keep the order', async (t) => {
  const runMs = process.argv.includes('--long') ? 60_000 : 10_000
  const kernel = await testKernel(t, { groups: [boardEvents] })
  const second = await openTestKernel(kernel.database, [probeEvents, boardEvents])
  t.after(second.close)
  const guests = createGuests()
  const servers: LiveServer[] = [await openLiveServer(t, kernel, guests, { heartbeatMs: 500 }), await openLiveServer(t, second, guests, { heartbeatMs: 500 })]
  const anywhere = () => pick(servers)
  const Elsewhere = class extends WebSocket {
    constructor() {
      super(anywhere().ws)
    }
  } as unknown as WebSocketClass
  const fetchElsewhere: Fetch = (url, init) => fetch(anywhere().http + url.slice(url.indexOf('?')), init as RequestInit) as never

  const teams = Array.from({ length: 4 }, () => {
    const { tenant } = guests.invite()
    const hidden = newId()
    guests.hidden.add(hidden)
    return { tenant: tenant!, boards: [newId(), newId(), hidden], hidden }
  })
  type Follower = { client: LiveClient; tenant: string; boards: string[]; seen: LiveEvent[]; begin: string | undefined; resyncs: number }
  const followers = Array.from({ length: 200 }, (_, i): Follower => {
    const team = teams[i % teams.length]!
    const guest = guests.invite({ tenant: team.tenant })
    const whole = i % 3 === 0
    const follower: Follower = { client: undefined as never, tenant: team.tenant, boards: whole ? team.boards.slice(0, 2) : [team.boards[0]!], seen: [], begin: undefined, resyncs: 0 }
    const options: LiveOptions = {
      url: 'ws://anywhere', token: async () => guest.token, topics: whole ? ['tenant'] : [`board:${team.boards[0]}`, 'me'], timing: { backoffMs: 20, backoffMaxMs: 200 },
      onEvent: (event) => follower.seen.push(event), onResync: () => follower.resyncs++,
      onState: (state) => void (state === 'live' && (follower.begin ??= follower.client.cursor)),
    }
    follower.client = i % 2 ? new SseClient({ ...options, fetch: fetchElsewhere }) : new LiveClient({ ...options, WebSocket: Elsewhere })
    t.after(() => follower.client.stop())
    return follower
  })
  for (const { client } of followers) client.start()
  while (followers.some((f) => f.begin === undefined)) await sleep(10)

  const until = Date.now() + runMs
  const tally = { events: 0, aborts: 0, kills: 0, restarts: 0, frames: 0 }
  const write = async () => {
    for (; Date.now() < until; await sleep(Math.random() * 60)) {
      const team = pick(teams)
      const ctx = kernel.app.context(kernel.who({ tenant: team.tenant }))
      const card = () => ({ subject: newId(), data: { boardId: pick(team.boards), cardId: null, n: 1, title: 'a title' }, result: null })
      await ctx.change('card.moved', async (tx) => {
        await tx.change('card.moved', async () => card()) // its seq is drawn first
        if (chance(0.4)) tx.later(sql`select pg_sleep(${Math.random() * 0.2})`)
        if (chance(0.2)) tx.later(sql`select 1 / 0`)
        return card()
      }).then(() => (tally.events += 2), () => tally.aborts++)
    }
  }
  const kill = async () => {
    for (; Date.now() < until; await sleep(25)) {
      for (const { connections } of servers)
        for (const socket of connections) {
          if (!chance(0.04)) continue
          socket.destroy()
          tally.kills++
        }
    }
  }
  const restart = async () => {
    while (Date.now() + 1500 < until) {
      await sleep(1500)
      const i = tally.restarts++ % 2
      const old = servers[i]!
      servers[i] = await openLiveServer(t, old.kernel, guests, { heartbeatMs: 500 })
      await old.close()
    }
  }
  await Promise.all([kill(), restart(), ...Array.from({ length: 8 }, write)])

  const { rows: log } = await kernel.system.pool.query<{ id: string; tenant_id: string; scope_id: string; cursor: string; pos: string; seq: string }>(
    `select id, tenant_id, scope_id, pos, seq, pos || '.' || seq as cursor from events where name = 'card.moved' order by pos, seq`)
  const expected = (f: Follower) => {
    const begin = parsePosition(f.begin!)!
    return log.filter((e) => e.tenant_id === f.tenant && f.boards.includes(e.scope_id) && comparePositions({ pos: Number(e.pos), seq: Number(e.seq) }, begin) > 0)
  }
  const end = log.at(-1)!
  const isThere = ({ client }: Follower) => comparePositions(parsePosition(client.cursor!)!, { pos: Number(end.pos), seq: Number(end.seq) }) >= 0 // heartbeats bring everybody there
  for (const f of followers) while (!isThere(f)) await sleep(20)
  await sleep(500) // what comes twice comes now
  for (const f of followers) {
    tally.frames += f.seen.length
    assert.deepEqual(f.seen.map((e) => e.id), expected(f).map((e) => e.id))
    assert.equal(f.resyncs, 0)
  }
  t.diagnostic(JSON.stringify(tally))
  assert.ok(tally.kills > 100 && tally.restarts > 1 && tally.events > 100 && tally.aborts > 10 && tally.frames > 2000, 'too little happened')
})

test('a client that does not read is cut within two seconds, and goes on from its last cursor', async (t) => {
  const kernel = await testKernel(t, { groups: [boardEvents] })
  const guests = createGuests()
  const server = await openLiveServer(t, kernel, guests)
  const ann = guests.invite()
  const slow = connect(t, server.ws)
  await slow.send({ type: 'hello', token: ann.token, topics: ['tenant'] })
  await slow.until('ready')
  slow.socket.pause()
  const ctx = kernel.app.context(kernel.who({ tenant: ann.tenant! }))
  const title = 'x'.repeat(200_000)
  let written = 0
  for (; server.size() > 0 && written < 300; written++) await ctx.change('card.moved', { subject: newId(), data: { boardId: newId(), cardId: null, n: written, title }, run: [] })
  assert.ok(server.size() === 0, 'it was not cut')
  const since = Date.now()
  while (server.connections.size) await sleep(10)
  t.diagnostic(`cut after ${written} frames of 200 KB, gone ${Date.now() - since} ms later`)
  assert.ok(Date.now() - since < 2000)
  slow.socket.resume()
  await slow.closed
  const had = slow.frames.flatMap((f) => (f.type === 'event' ? [f.event.data.n] : []))
  const cursor = slow.frames.flatMap((f) => ('cursor' in f ? [f.cursor] : [])).at(-1)
  const again = connect(t, server.ws)
  await again.send({ type: 'hello', token: ann.token, topics: ['tenant'], after: cursor })
  await again.until('event', (f) => f.event.data.n === written - 1)
  assert.deepEqual([...had, ...again.frames.flatMap((f) => (f.type === 'event' ? [f.event.data.n] : []))], Array.from({ length: written }, (_, n) => n))
})

test('past what is kept, a client is told to load again, and goes on', async (t) => {
  const kernel = await testKernel(t, { groups: [boardEvents] })
  const guests = createGuests()
  const server = await openLiveServer(t, kernel, guests)
  const ann = guests.invite()
  const ctx = kernel.app.context(kernel.who({ tenant: ann.tenant! }))
  const write = (n: number) => ctx.change('card.moved', { subject: newId(), data: { boardId: newId(), cardId: null, n, title: '' }, run: [] })
  const seen: unknown[] = []
  let resyncs = 0
  const follow = (after?: string) => {
    const client = new LiveClient({ url: server.ws, token: async () => ann.token, topics: ['tenant'], after, onEvent: (e) => seen.push(e.data.n), onResync: () => resyncs++, WebSocket: WebSocket as unknown as WebSocketClass })
    t.after(() => client.stop())
    client.start()
    return client
  }
  const first = follow()
  while (first.state !== 'live') await sleep(5)
  await write(1)
  while (seen.length < 1) await sleep(5)
  first.stop()
  for (let n = 2; n < 6; n++) await write(n)
  await kernel.system.transact(kernel.who(), (tx) => tx(sql`select forget_events(${ann.tenant}, now() + interval '1 minute', 100)`))
  const next = follow(first.cursor)
  while (next.state !== 'live') await sleep(5)
  await write(6)
  while (seen.length < 2) await sleep(5)
  assert.deepEqual([seen, resyncs], [[1, 6], 1])
})
