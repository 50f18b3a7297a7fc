import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { WebSocket as WsSocket } from 'ws'
import type { LiveEvent } from './frames.ts'
import { LiveClient, expiryOf, type LiveOptions, type Timing } from './live.ts'
import { transitions, type LiveSignal, type LiveState } from './live-states.ts'
import { FakeLiveServer } from './live.fake.ts'
import { SseClient } from './sse.ts'
import type { WebSocketClass } from './transport.ts'

const quick: Partial<Timing> = { openMs: 2_000, silenceMs: 800, stableMs: 0, backoffMs: 5, backoffMaxMs: 30 }
type Way = 'WebSocket' | 'ws' | 'SSE'

function listen(t: TestContext, server: FakeLiveServer, way: Way, options: Partial<LiveOptions> = {}) {
  const events: LiveEvent[] = []
  const states: string[] = []
  const refused: string[] = []
  const resyncs: string[] = []
  const common: LiveOptions = {
    url: `${way === 'SSE' ? 'http' : 'ws'}://${server.url}/live`, token: async () => 'good', topics: ['a'], timing: quick,
    onEvent: (event) => events.push(event), onState: (state, why) => states.push(`${state}:${why.code}`),
    onRefused: (topic) => refused.push(topic), onResync: (cursor) => resyncs.push(cursor), ...options,
  }
  const client = way === 'SSE' ? new SseClient(common) : new LiveClient(way === 'ws' ? { ...common, WebSocket: WsSocket as WebSocketClass } : common)
  t.after(() => client.stop())
  return { client, events, states, refused, resyncs }
}

/** The runner's own time limit ends what never comes true. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2))
}
const seqs = (events: LiveEvent[]) => events.map((event) => event.seq)

test('every state meets every signal, and every state but the first can be left for good', () => {
  for (const [state, row] of Object.entries(transitions) as [LiveState, Record<LiveSignal, LiveState>][]) {
    assert.equal(Object.keys(row).length, 10, state)
    assert.equal(row.stop, 'ended')
  }
})

for (const way of ['WebSocket', 'ws', 'SSE'] as const) {
  test(`${way}: nothing is missing and nothing comes twice through random kills, holes, drains and silences`, async (t) => {
    const server = await new FakeLiveServer().open(t)
    const clients = Array.from({ length: 5 }, () => listen(t, server, way, { topics: ['a', 'b'] }))
    for (const { client } of clients) client.start()
    await until(() => clients.every(({ client }) => client.state === 'live'))
    for (let round = 0; round < 150; round++) {
      for (let i = Math.random() * 6; i > 0; i--) server.publish(Math.random() < 0.5 ? 'a' : Math.random() < 0.5 ? 'b' : 'other')
      const peers = [...server.peers]
      const victim = peers[Math.floor(Math.random() * peers.length)]
      const dice = Math.random()
      if (dice < 0.3) victim?.cut(null)
      else if (dice < 0.4) victim?.cut(1001)
      else if (dice < 0.5) victim?.cut(4408)
      else if (dice < 0.6 && victim?.ready) server.lose('a', victim)
      else if (dice < 0.65) server.silent = !server.silent
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
    }
    server.silent = false
    const last = server.publish('a')
    await until(() => clients.every(({ events }) => events.at(-1)?.seq === last.seq))
    const wanted = server.log.filter(({ topic }) => topic !== 'other').map(({ event }) => event.seq)
    for (const { events } of clients) assert.deepEqual(seqs(events), wanted)
    assert.ok(server.hellos.length > 20, `only ${server.hellos.length} connections: nothing was killed`)
  })

  test(`${way}: a hole is noticed and filled from the last cursor`, async (t) => {
    const server = await new FakeLiveServer().open(t, 1e6)
    const { client, events } = listen(t, server, way, { timing: { ...quick, silenceMs: 1e6 } })
    client.start()
    await until(() => client.state === 'live')
    server.publish('a')
    await until(() => events.length === 1)
    server.peers.forEach((peer) => server.lose('a', peer))
    server.publish('a')
    await until(() => events.length === 3)
    assert.deepEqual(seqs(events), [1, 2, 3])
    assert.equal(server.hellos.length, 2)
    assert.equal(server.hellos[1]!.after, 'c1')
  })

  test(`${way}: a silent connection is cut and resumed`, async (t) => {
    const server = await new FakeLiveServer().open(t)
    const { client, events, states } = listen(t, server, way)
    client.start()
    await until(() => client.state === 'live')
    server.silent = true
    server.publish('a')
    await until(() => events.length === 1)
    assert.ok(states.includes('waiting:0'))
  })

  test(`${way}: a cursor too old is answered by a resync, and events go on from there`, async (t) => {
    const server = await new FakeLiveServer().open(t)
    for (let i = 0; i < 5; i++) server.publish('a')
    server.floor = 3
    const { client, events, resyncs } = listen(t, server, way, { after: 'c1' })
    client.start()
    await until(() => client.state === 'live')
    server.publish('a')
    await until(() => events.length === 1)
    assert.deepEqual([resyncs, seqs(events)], [['c5'], [6]])
  })

  test(`${way}: an ended token is replaced once; refused again, the client stops and says so`, async (t) => {
    const server = await new FakeLiveServer().open(t)
    server.goodToken = (token) => token === 'second'
    const asked: boolean[] = []
    const { client, states } = listen(t, server, way, { token: async (fresh) => (asked.push(fresh), fresh ? 'second' : 'first') })
    client.start()
    await until(() => client.state === 'live')
    assert.deepEqual(asked, [false, true])
    server.goodToken = () => false
    server.peers.forEach((peer) => peer.cut(4401))
    await until(() => client.state === 'ended')
    assert.equal(states.at(-1), 'ended:4401')
  })

  test(`${way}: a topic subscribed later misses nothing after its acknowledgement; a refused one is told`, async (t) => {
    const server = await new FakeLiveServer().open(t)
    server.refusedTopics.add('secret')
    const { client, events, refused } = listen(t, server, way)
    client.start()
    await until(() => client.state === 'live')
    const answer = await client.subscribe(['b', 'secret', 'a'])
    if (way !== 'SSE') assert.deepEqual(answer, ['secret'])
    server.publish('b')
    server.publish('a')
    await until(() => events.length === 2 && refused.length === 1)
    assert.deepEqual([refused, client.topics], [['secret'], ['a', 'b']])
    client.unsubscribe(['b'])
    await until(() => ![...server.peers].some((peer) => peer.topics.has('b')) && client.state === 'live')
    server.publish('b')
    const last = server.publish('a')
    await until(() => events.at(-1)?.seq === last.seq)
    assert.equal(events.length, 3)
  })

  test(`${way}: the token is renewed before it ends, without a gap`, async (t) => {
    const server = await new FakeLiveServer().open(t)
    let made = 0
    const jwt = () => `x.${btoa(JSON.stringify({ exp: Date.now() / 1000 + 0.2, n: made++ }))}.x`
    let current = jwt()
    const { client, states } = listen(t, server, way, { token: async (fresh) => (fresh ? (current = jwt()) : current) })
    client.start()
    await until(() => made >= 4)
    assert.ok(!states.some((state) => state.endsWith(':4401')), states.join())
    if (way === 'SSE') assert.ok(server.hellos.length >= 3)
    else assert.ok(server.heard.filter(({ type }) => type === 'token').length >= 2 && server.hellos.length === 1)
  })
}

for (const [code, state] of [[4400, 'ended'], [4403, 'ended']] as const) {
  test(`close code ${code} ends the client, which tells why`, async (t) => {
    const server = await new FakeLiveServer().open(t)
    const { client, states } = listen(t, server, 'WebSocket')
    client.start()
    await until(() => client.state === 'live')
    server.peers.forEach((peer) => peer.cut(code))
    await until(() => client.state === state)
    assert.equal(states.at(-1), `ended:${code}`)
  })
}

test('a draining server is left at once, and one that drains on is not met in a tight loop', async (t) => {
  const server = await new FakeLiveServer().open(t)
  const { client, states } = listen(t, server, 'WebSocket', { timing: { ...quick, stableMs: 60_000 } })
  client.start()
  await until(() => client.state === 'live')
  server.peers.forEach((peer) => peer.cut(1001))
  await until(() => server.hellos.length === 2 && client.state === 'live')
  assert.ok(!states.some((state) => state.startsWith('waiting')), states.join())
  server.peers.forEach((peer) => peer.cut(1001))
  await until(() => server.hellos.length === 3 && client.state === 'live')
  assert.ok(states.includes('waiting:1001'))
})

test('without a token to be had the client waits, or ends when the person is signed out', async (t) => {
  const server = await new FakeLiveServer().open(t)
  let answers = 0
  const { client, states } = listen(t, server, 'WebSocket', {
    token: async () => {
      if (++answers < 3) throw new Error('offline')
      throw Object.assign(new Error('signed out'), { status: 401 })
    },
  })
  client.start()
  await until(() => client.state === 'ended')
  assert.deepEqual(states, ['authorizing:0', 'waiting:0', 'authorizing:0', 'waiting:0', 'authorizing:0', 'ended:4401'])
})

test('a server that is away is tried again until it is there; stop ends all trying', async (t) => {
  const server = await new FakeLiveServer().open(t)
  const { client, states } = listen(t, server, 'WebSocket', { url: 'ws://127.0.0.1:1/live' })
  client.start()
  await until(() => states.filter((state) => state.startsWith('waiting')).length > 3)
  client.stop()
  const told = states.length
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.deepEqual([states.length, states.at(-1)], [told, 'ended:0'])
})

test('an application may stop the client from within its own handlers', async (t) => {
  const server = await new FakeLiveServer().open(t)
  const states: LiveState[] = []
  const made = listen(t, server, 'WebSocket', { onState: (state) => (states.push(state), state === 'opening' && made.client.stop()) })
  made.client.start()
  await until(() => made.client.state === 'ended')
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual([states, server.hellos.length], [['authorizing', 'opening', 'ended'], 0])
})

test('the end of a token is read from a JWT, and unknown of an API key', () => {
  assert.equal(expiryOf(`x.${btoa(JSON.stringify({ exp: 12, name: 'é?>' })).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}.x`), 12_000)
  assert.equal(expiryOf('gw_secret'), undefined)
})

test('more than a hundred topics are refused before the server would', async () => {
  const many = Array.from({ length: 101 }, (_, n) => `task:${n}`)
  const options = { url: 'ws://127.0.0.1:1', token: async () => '', onEvent: () => {} }
  assert.throws(() => new LiveClient({ ...options, topics: many }), RangeError)
  await assert.rejects(new LiveClient({ ...options, topics: many.slice(1) }).subscribe(['task:0']), RangeError)
})
