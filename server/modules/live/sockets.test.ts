import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerFrame } from '../../../client/frames.ts'
import { newId, platformId } from '../../kernel/ids.ts'
import { sql } from '../../kernel/sql.ts'
import { testKernel } from '../../testing/kernel.ts'
import { boardEvents, connect, createGuests, openLiveServer, type Guest } from '../../testing/live.ts'

async function stage(t: TestContext, more: Parameters<typeof openLiveServer>[3] = {}) {
  const kernel = await testKernel(t, { groups: [boardEvents] })
  const guests = createGuests()
  const server = await openLiveServer(t, kernel, guests, more)
  let n = 0
  /** @returns its number */
  const move = async (by: Pick<Guest, 'tenant'>, boardId: string, card = newId(), cardId: string | null = null) => {
    const number = ++n
    await kernel.app.context(kernel.who({ tenant: by.tenant! })).change('card.moved', { subject: card, data: { boardId, cardId, n: number, title: `card ${number}` }, run: [] })
    return number
  }
  const record = (tenant: string, name: string, { subject = newId(), person = null as string | null, data = {} as object } = {}) =>
    kernel.system.context({ ...kernel.who({ tenant }), actor: { type: 'system', id: null } }).change(name as 'key.rotated', { subject, person, data: data as never, run: [] })
  const join = async (guest: Guest, topics: string[], after?: string) => {
    const c = connect(t, server.ws)
    await c.send({ type: 'hello', token: guest.token, topics, ...(after === undefined ? {} : { after }) })
    return c
  }
  return { kernel, guests, server, move, record, join }
}
const numbers = (frames: ServerFrame[]) => frames.flatMap((f) => (f.type === 'event' ? [f.event.data.n] : []))
/** Each frame with a cursor names the one before it. */
function assertChain(frames: ServerFrame[]) {
  const chain = frames.filter((f) => f.type !== 'refused')
  for (const [i, frame] of chain.entries()) if (i > 0 && frame.type !== 'resync') assert.equal(frame.prev, chain[i - 1]!.cursor, `frame ${i} ${frame.type}`)
}

test('hello is answered by ready, then events come with opened values, each naming the frame before it', async (t) => {
  const { guests, move, join } = await stage(t)
  const [ann, board] = [guests.invite(), newId()]
  await move(ann, board)
  const c = await join(ann, ['tenant'])
  const ready = await c.until('ready')
  assert.equal(ready.prev, null)
  for (let i = 0; i < 5; i++) await move(ann, board)
  await c.until('event', (f) => f.event.data.n === 6)
  assert.deepEqual(numbers(c.frames), [2, 3, 4, 5, 6])
  assertChain(c.frames)
  const { event } = await c.until('event')
  assert.deepEqual([event.name, event.tenantId, event.subject.type, event.data.title, event.cursor], ['card.moved', ann.tenant, 'card', 'card 2', (await c.until('event')).cursor])
})

test('a resumed stream gets what it missed and nothing it had, also over several pages of the past', async (t) => {
  const { guests, move, record, join } = await stage(t, { page: 3 })
  const [ann, board] = [guests.invite(), newId()]
  const first = await join(ann, ['tenant', 'me'])
  await first.until('ready')
  await move(ann, board)
  const { cursor } = await first.until('event')
  first.socket.terminate()
  for (let i = 0; i < 8; i++) {
    await move(ann, board)
    await record(platformId, 'nudge.sent', { person: i % 2 ? ann.id : newId(), data: { n: 100 + i } })
  }
  const c = await join(ann, ['tenant', 'me'], cursor)
  assert.equal((await c.until('ready')).prev, cursor)
  await move(ann, board)
  await c.until('event', (f) => f.event.data.n === 10)
  assert.deepEqual(numbers(c.frames), [2, 3, 101, 4, 5, 103, 6, 7, 105, 8, 9, 107, 10])
  assertChain(c.frames)
})

test('only what was asked for and may be seen is delivered: topic, tenant, audience, scope', async (t) => {
  const { guests, move, record, join } = await stage(t)
  const [open, secret, card, other] = [newId(), newId(), newId(), newId()]
  guests.hidden.add(secret)
  const ann = guests.invite()
  const admin = guests.invite({ tenant: ann.tenant, role: 'admin' })
  const stranger = guests.invite()
  const all = await join(ann, ['tenant'])
  const boss = await join(admin, ['tenant'])
  const onCard = await join(ann, [`card:${card}`])
  const onBoard = await join(ann, [`board:${other}`, 'me'])
  const outside = await join(stranger, ['tenant', 'me', `board:${open}`])
  for (const c of [all, boss, onCard, onBoard, outside]) await c.until('ready')
  await move(ann, open) // 1
  await move(ann, secret) // 2
  await move(ann, open, newId(), card) // 3: hangs on the card
  await move(ann, other, card) // 4
  await record(ann.tenant!, 'key.rotated', { data: { n: 50 } })
  await record(ann.tenant!, 'nudge.sent', { person: ann.id, data: { n: 60 } })
  await record(ann.tenant!, 'nudge.sent', { person: admin.id, data: { n: 61 } })
  await record(platformId, 'nudge.sent', { person: ann.id, data: { n: 62 } })
  const last = await move(ann, other, card)
  for (const c of [all, boss, onCard, onBoard]) await c.until('event', (f) => f.event.data.n === last)
  assert.deepEqual(numbers(all.frames), [1, 3, 4, 60, 5])
  assert.deepEqual(numbers(boss.frames), [1, 2, 3, 4, 50, 61, 5])
  assert.deepEqual(numbers(onCard.frames), [3, 4, 5])
  assert.deepEqual(numbers(onBoard.frames), [4, 60, 62, 5])
  assert.deepEqual(numbers(outside.frames), [])
})

test('answers of the rules are kept, and asked again when the log says that they may have changed', async (t) => {
  const { guests, move, record, join } = await stage(t)
  const [ann, board] = [guests.invite(), newId()]
  const c = await join(ann, ['tenant'])
  await c.until('ready')
  await move(ann, board)
  await move(ann, board)
  await c.until('event', (f) => f.event.data.n === 2)
  assert.equal(guests.asked.rules, 1)
  guests.hidden.add(board)
  await record(ann.tenant!, 'board.changed', { subject: board, data: { boardId: board } })
  await move(ann, board)
  await move(ann, newId())
  await c.until('event', (f) => f.event.data.n === 4)
  assert.deepEqual(numbers(c.frames), [1, 2, 4])
  guests.list[0]!.role = 'admin'
  await record(ann.tenant!, 'member.changed', { subject: ann.id, person: ann.id })
  await move(ann, board)
  await c.until('event', (f) => f.event.data.n === 5)
  assertChain(c.frames)
})

test('topics come and go: subscribed from now on, refused ones are named, unsubscribed ones end', async (t) => {
  const { guests, move, join } = await stage(t)
  const [ann, a, b, hidden] = [guests.invite(), newId(), newId(), newId()]
  guests.hidden.add(hidden)
  const c = await join(ann, [`board:${a}`, `board:${hidden}`, 'nonsense', 'ghost:' + a])
  await c.until('ready')
  assert.deepEqual(c.frames.slice(0, 3).map((f) => f.type === 'refused' && [f.topic, f.code]), [[`board:${hidden}`, 'not_found'], ['nonsense', 'request.invalid'], ['ghost:' + a, 'not_found']])
  const probe = await join(ann, ['tenant'])
  await probe.until('ready')
  await move(ann, b)
  await probe.until('event') // the tail has passed it
  await c.send({ type: 'subscribe', topics: [`board:${b}`, `board:${hidden}`] })
  const told = await c.until('subscribed')
  assert.deepEqual(told.topics, [`board:${b}`])
  await move(ann, b)
  await c.until('event', (f) => f.event.data.n === 2)
  await c.send({ type: 'unsubscribe', topics: [`board:${b}`] })
  await c.send({ type: 'subscribe', topics: [`card:${a}`] })
  await c.until('subscribed', (f) => f.topics[0] === `card:${a}`)
  await move(ann, b)
  await move(ann, a)
  await c.until('event', (f) => f.event.data.n === 4)
  assert.deepEqual(numbers(c.frames), [2, 4])
  assertChain(c.frames)
})

test('heartbeats move the cursor on past what did not concern the stream', async (t) => {
  const { guests, move, join } = await stage(t, { heartbeatMs: 40 })
  const [ann, bob] = [guests.invite(), guests.invite()]
  const c = await join(ann, ['tenant'])
  const ready = await c.until('ready')
  await move(bob, newId())
  const beat = await c.until('heartbeat', (f) => f.cursor !== ready.cursor)
  c.socket.terminate()
  await move(ann, newId())
  const again = await join(ann, ['tenant'], beat.cursor)
  await again.until('event', (f) => f.event.data.n === 2)
  assertChain(c.frames)
})

test('a cursor of another epoch, below the floor, ahead of the log or unreadable is answered by resync and goes on from now', async (t) => {
  const { kernel, guests, move, join } = await stage(t)
  const ann = guests.invite()
  await move(ann, newId())
  const { rows: [end] } = await kernel.system.pool.query<{ pos: string; seq: string }>('select pos, seq from events order by pos desc, seq desc limit 1')
  await kernel.system.transact(kernel.who(), (tx) => tx(sql`update installation set floor_pos = ${end!.pos}, floor_seq = ${end!.seq}`))
  let expected = 1
  for (const after of [`${2 ** 44 + 5}.1`, '0.1', `${2 ** 43}.1`, 'rubbish', '1e3.4', '-1.0']) {
    const c = await join(ann, ['tenant'], after)
    const resync = await c.until('resync')
    assert.equal(resync.prev, null, after)
    await c.until('ready')
    expected = await move(ann, newId())
    await c.until('event', (f) => f.event.data.n === expected)
    assert.deepEqual(numbers(c.frames), [expected], after)
    assertChain(c.frames)
    c.socket.terminate()
  }
  const kept = await join(ann, ['tenant'], `${end!.pos}.${end!.seq}`)
  await kept.until('event', (f) => f.event.data.n === expected)
  assert.equal(kept.frames.some((f) => f.type === 'resync'), false)
})

test('frames the server cannot read end the socket with 4400, tokens it does not know with 4401, strangers with 4403', async (t) => {
  const { guests, server, join } = await stage(t, { helloMs: 60_000 })
  const ann = guests.invite()
  const hello = { type: 'hello', token: ann.token, topics: ['tenant'] }
  const first = async (frame: unknown) => {
    const c = connect(t, server.ws)
    await c.send(frame)
    return c.closed
  }
  assert.deepEqual(await Promise.all([
    first('{'), first('null'), first({ type: 'greet' }), first({ ...hello, topics: 'tenant' }), first({ ...hello, topics: [1] }), first({ ...hello, token: 5 }), first({ ...hello, after: 5 }),
    first({ ...hello, topics: Array.from({ length: 101 }, () => `board:${newId()}`) }), first(JSON.stringify({ ...hello, pad: 'x'.repeat(17_000) })), first(Buffer.from(JSON.stringify(hello))), first({ type: 'subscribe', topics: [] }),
  ]), Array(11).fill(4400))
  assert.equal(await first({ ...hello, token: 'unknown' }), 4401)
  const gone = guests.invite({ token: 'gone' })
  guests.doorkeeper.roleIn = (tenant, person) => (person === gone.id ? undefined : guests.list.find((g) => g.id === person && g.tenant === tenant)?.role)
  assert.equal(await first({ ...hello, token: 'gone' }), 4403)
  const c = await join(ann, [])
  await c.until('ready')
  await c.send({ type: 'subscribe', topics: Array.from({ length: 60 }, () => `board:${newId()}`) })
  await c.until('subscribed')
  await c.send({ type: 'subscribe', topics: Array.from({ length: 60 }, () => `board:${newId()}`) })
  assert.equal(await c.closed, 4400)
})

test('who says nothing is cut with 4408', async (t) => {
  const { server } = await stage(t, { helloMs: 100 })
  assert.equal(await connect(t, server.ws).closed, 4408)
})

test('only pages of our own origin and of those that are named may connect', async (t) => {
  const { server } = await stage(t)
  const may = (origin: string) => connect(t, server.ws, { origin }).opened.then(() => true, () => false)
  assert.deepEqual(await Promise.all(['http://localhost:8080', 'http://127.0.0.1:8080', 'http://app.test'].map(may)), [true, true, true])
  assert.deepEqual(await Promise.all(['http://localhost:8081', 'https://localhost:8080', 'http://app.test.evil', 'null'].map(may)), [false, false, false, false])
  await assert.rejects(connect(t, server.ws.replace('/live', '/other')).opened, /404/)
})

test('the end of a token, a session, an account or a membership ends the socket', async (t) => {
  const { guests, record, join } = await stage(t)
  const soon = await join(guests.invite({ expiresAt: Date.now() + 1200 }), ['tenant'])
  const [signedOut, banned, removed, stays] = [guests.invite(), guests.invite(), guests.invite(), guests.invite()]
  const sockets = await Promise.all([signedOut, banned, removed, stays].map((guest) => join(guest, ['tenant', 'me'])))
  for (const c of [soon, ...sockets]) await c.until('ready')
  const since = Date.now()
  await record(platformId, 'session.ended', { subject: signedOut.session, person: signedOut.id })
  await record(platformId, 'session.ended', { subject: newId(), person: stays.id }) // another session of theirs
  await record(platformId, 'user.changed', { subject: banned.id, person: banned.id, data: { banned: true } })
  await record(platformId, 'user.changed', { subject: stays.id, person: stays.id, data: { banned: false } })
  await record(removed.tenant!, 'member.removed', { subject: removed.id, person: removed.id })
  await record(newId(), 'member.removed', { subject: stays.id, person: stays.id }) // from another tenant
  assert.deepEqual(await Promise.all([soon, ...sockets.slice(0, 3)].map((c) => c.closed)), [4401, 4401, 4401, 4403])
  t.diagnostic(`all ended after ${Date.now() - since} ms`)
  assert.ok(Date.now() - since < 2000)
  assert.equal(sockets[3]!.socket.readyState, 1)
})

test('a membership that ends while the socket is being let in ends the socket', async (t) => {
  const { guests, server } = await stage(t)
  const ann = guests.invite()
  const { authenticate } = guests.doorkeeper
  let looks = 0
  guests.doorkeeper.authenticate = async (token, from) => (++looks > 1 ? undefined : authenticate(token, from)) // its event passed before the stream was there
  const c = connect(t, server.ws)
  await c.send({ type: 'hello', token: ann.token, topics: ['tenant'] })
  assert.equal(await c.closed, 4401)
})

test('a new token prolongs the stream of the same person in the same tenant, and no other', async (t) => {
  const { guests, join, move } = await stage(t)
  const ann = guests.invite({ expiresAt: Date.now() + 1500 })
  const c = await join(ann, ['tenant'])
  await c.until('ready')
  guests.list.push({ ...ann, token: 'next', expiresAt: Date.now() + 600_000 })
  await c.send({ type: 'token', token: 'next' })
  await sleep(2600)
  await move(ann, newId())
  await c.until('event')
  await c.send({ type: 'token', token: guests.invite({ tenant: ann.tenant }).token })
  assert.equal(await c.closed, 4401)
})

test('a closing server sends its sockets elsewhere with 1001', async (t) => {
  const { guests, server, join } = await stage(t)
  const c = await join(guests.invite(), ['tenant'])
  await c.until('ready')
  await server.close()
  assert.equal(await c.closed, 1001)
  assert.equal(server.size(), 0)
})

test('a token without the scope read is not let in; without profile nothing of the account, without admin nothing of the audit', async (t) => {
  const { guests, record, move, join } = await stage(t)
  const tenant = newId()
  const writes = await join(guests.invite({ scopes: ['write', 'admin'] }), ['tenant'])
  assert.equal(await writes.closed, 4403)
  const reads = guests.invite({ scopes: ['read'], tenant, role: 'admin' })
  const c = await join(reads, ['tenant', 'me'])
  assert.deepEqual(await c.until('refused'), { type: 'refused', topic: 'me', code: 'scope.denied' })
  await c.until('ready')
  await record(tenant, 'key.rotated')
  const n = await move({ tenant }, newId())
  await c.until('event', (f) => f.event.data.n === n)
  assert.deepEqual(c.frames.flatMap((f) => (f.type === 'event' ? [f.event.name] : [])), ['card.moved'])
})

test('a stream asks its token again when what it watches changes', async (t) => {
  const { guests, record, move, join } = await stage(t)
  const maker = newId()
  const key = guests.invite({ scopes: ['read'], watches: [maker] })
  const c = await join(key, ['tenant'])
  await c.until('ready')
  await record(key.tenant!, 'member.changed', { subject: maker, person: maker })
  const n = await move(key, newId())
  await c.until('event', (f) => f.event.data.n === n)
  guests.list.splice(guests.list.indexOf(key), 1)
  await record(key.tenant!, 'member.removed', { subject: maker, person: maker })
  assert.equal(await c.closed, 4401)
})

test('a stream by a key is asked for its token again when modules are switched: keys may be off now (S4.7)', async (t) => {
  const { guests, record, join } = await stage(t)
  const [key, person] = [guests.invite({ session: undefined as never }), guests.invite()]
  const streams = [await join(key, ['tenant']), await join(person, ['tenant'])] as const
  for (const c of streams) await c.until('ready')
  guests.list.splice(guests.list.indexOf(key), 1)
  await record(key.tenant!, 'tenant-plan.changed')
  assert.equal(await streams[0].closed, 4401)
})

test('what is switched off for a tenant leaves no stream: its topics end with the reason, its events stay away, also those of the past (S4.7)', async (t) => {
  const off = new Set<string>()
  const { guests, move, record, join } = await stage(t, { off })
  const [ann, board] = [guests.invite(), newId()]
  const c = await join(ann, ['tenant', `board:${board}`])
  await c.until('ready')
  const seen = await move(ann, board)
  const { cursor } = await c.until('event', (f) => f.event.data.n === seen)
  off.add('boards')
  await record(ann.tenant!, 'tenant-plan.changed')
  assert.deepEqual(await c.until('refused'), { type: 'refused', topic: `board:${board}`, code: 'module.off' })
  assert.equal((await c.until('resync')).prev, null, 'what is shown is to be loaded anew')
  const hidden = await move(ann, board)
  await record(ann.tenant!, 'nudge.sent', { person: ann.id, data: { n: 100 } })
  const late = await join(ann, ['tenant', 'me', `board:${board}`], cursor)
  assert.equal((await late.until('refused')).code, 'module.off')
  await late.until('event', (f) => f.event.data.n === 100)
  for (const { frames } of [c, late]) assert.ok(!numbers(frames).includes(hidden), 'an event of what is switched off left')
  off.clear()
  await record(ann.tenant!, 'tenant-plan.changed')
  await record(ann.tenant!, 'nudge.sent', { person: ann.id, data: { n: 101 } })
  await late.until('event', (f) => f.event.data.n === 101) // behind it the change is known here
  await late.send({ type: 'subscribe', topics: [`board:${board}`] })
  await late.until('subscribed')
  const back = await move(ann, board)
  await late.until('event', (f) => f.event.data.n === back)
  await c.until('event', (f) => f.event.data.n === back) // by the tenant's topic
})
