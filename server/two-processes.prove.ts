// Proof 8: two processes of the product over one PostgreSQL share readers, jobs, live streams, rate limits and ended sessions; what a killed
// one was at goes on in the other. With NOTIFY between them, and with Redis.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import type pg from 'pg'
import type { LiveEvent } from '../client/frames.ts'
import { LiveClient } from '../client/live.ts'
import { debianBin, skipWithout, startBare } from './testing/bare-postgres.ts'
import { catchMail, type Caught } from './testing/mail-catcher.ts'
import { connect, endProcess, Product, setupToken } from './testing/product.ts'
import { anyRedis, noRedis } from './testing/services.ts'

const password = 'herons under a tin roof 58'
const withRedis = await noRedis()
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
/** Waits as long as it takes: what ends a hanging run is the runner's own limit. */
async function until<T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look()
    if (found) return found
    await pause(25)
  }
}

type Person = { id: string; email: string; tenant: string; access: string }
type Pair = {
  one: Product
  other: Product
  /** the database's superuser */
  sql: pg.Client
  ann: Person
  bob: Person
  project: string
  /** letters the mail servers of each process took; `stuck` swallows those of the first */
  letters(): Caught[]
  first: { stuck: boolean; open: number }
}

test('two processes over one database, by NOTIFY', async (t) => prove(t, {}))
test('two processes over one database, by Redis', { skip: withRedis }, async (t) => prove(t, { REDIS_URL: await anyRedis(t) }))

async function prove(t: TestContext, env: Record<string, string>): Promise<void> {
  const pair = await openPair(t, env)
  await once(t, pair)
  await limits(pair)
  await ends(pair)
  await killed(t, pair)
}

/** Each effect once: what readers follow from events, letters, and frames on both processes, while both are written through. */
async function once(t: TestContext, pair: Pair): Promise<void> {
  const { one, other, sql, ann, bob, project } = pair
  const heard = [one, other].map((product) => follow(t, product, bob))
  await until(() => heard.every(({ client }) => client.state === 'live'))
  const before = await handled(sql)
  const each = 20
  await Promise.all([one, other].flatMap((product, which) => Array.from({ length: 4 }, async (_, lane) => {
    for (let n = 0; n < each; n++) await product.ok('POST', '/tasks', { token: ann.access, body: { projectId: project, title: `task ${which}.${lane}.${n}`, assigneeId: bob.id } })
    await product.ok('POST', '/invitations', { token: ann.access, body: { email: `guest-${which}-${lane}@example.test`, role: 'member' } })
  })))
  const made = 2 * 4 * each
  await settled(sql)

  const [told] = await rows<{ all: number; distinct: number }>(sql, `select count(*)::int as all, count(distinct task_id)::int as distinct from notifications where person_id = $1 and kind = 'assigned'`, [bob.id])
  assert.deepEqual(told, { all: made, distinct: made }, 'a notification is missing or doubled')
  const [assigned] = await rows<{ n: number }>(sql, `select count(*)::int as n from events where name = 'task.assigned'`)
  assert.equal((await handled(sql)) - before, assigned!.n, 'the reader handled an event twice, or not at all')

  await until(() => pair.letters().filter((letter) => letter.to?.[0]?.address?.startsWith('guest-')).length >= 8)
  const addresses = pair.letters().map((letter) => letter.to?.[0]?.address ?? '').filter((address) => address.startsWith('guest-'))
  assert.deepEqual(addresses.toSorted(), [...new Set(addresses)].toSorted(), 'a letter went out twice')
  assert.deepEqual(await rows(sql, `select id from jobs where status = 'done' and attempts <> 1`), [], 'a job ran twice')

  const log = (await rows<{ id: string }>(sql, `select id from events where name = 'task.created' and tenant_id = $1 order by pos, seq`, [ann.tenant])).map(({ id }) => id)
  for (const { events, client } of heard) {
    const seen = () => events.filter((event) => event.name === 'task.created').map(({ id }) => id)
    await until(() => seen().length >= log.length)
    assert.deepEqual(seen(), log, 'a stream differs from the log')
    client.stop()
  }
}

/** What one process counted, the other knows: together they allow hardly more than the limit, which each alone would allow. */
async function limits({ one, other }: Pair): Promise<void> {
  const ask = (product: Product) => product.call('POST', '/auth/forgot-password', { body: { email: 'nobody@example.test' } })
  const most = 30 // of the limit "mails"
  let taken = 0
  for (; taken < most - 5; taken++) assert.equal((await ask(one)).status, 202)
  let more = 0
  for (let status = 202; status !== 429; more += Number(status === 202)) {
    await pause(50) // what processes tell each other is packed
    status = (await ask(other)).status
  }
  assert.ok(more < most / 2, `after ${taken} of ${most} on one process the other allowed ${more} more`)
}

/** Logout and a removed membership end REST and sockets on the other process. The order of the log is the clock: once a later event has come over a
    stream of the other process, it must know of the earlier one. */
async function ends({ one, other, sql, ann, bob, project }: Pair): Promise<void> {
  const witness = new Map<string, LiveEvent>()
  const watch = live(other, ann, (event) => witness.set(event.subject.id, event))
  await until(() => watch.state === 'live')
  const later = async () => {
    const { id } = await one.ok('POST', '/tasks', { token: ann.access, body: { projectId: project, title: 'afterwards' } })
    await until(() => witness.has(id))
  }
  const second = await signIn(one, bob)
  for (const product of [one, other]) await product.ok('GET', '/users/me', { token: second.access }) // both know the token
  await one.ok('POST', '/auth/logout', { token: second.access })
  await later()
  assert.equal((await other.call('GET', '/users/me', { token: second.access })).status, 401, 'a session ended on one process lives on in the other')

  const guest = await join(one, ann, sql, 'carol')
  const socket = follow(undefined, other, guest)
  await until(() => socket.client.state === 'live')
  for (const product of [one, other]) await product.ok('GET', `/projects/${project}`, { token: guest.access })
  await one.ok('DELETE', `/members/${guest.id}`, { token: ann.access })
  await later()
  assert.ok([401, 404].includes((await other.call('GET', `/projects/${project}`, { token: guest.access })).status), 'a removed member still reads through the other process')
  await until(() => socket.client.state !== 'live')
  socket.client.stop()
  watch.stop()
}

/** The first process is killed while it writes, follows the log, streams, and holds letters that its mail server never takes. */
async function killed(t: TestContext, pair: Pair): Promise<void> {
  const { one, other, sql, ann, bob, project, first } = pair
  const balancer = await balance(t, () => [one, other].filter((product) => product.running))
  const stream = follow(t, balancer, bob)
  await until(() => stream.client.state === 'live')
  first.stuck = true
  let invited = 0
  const invite = async (count: number) => {
    for (const until = invited + count; invited < until; invited++) await other.ok('POST', '/invitations', { token: ann.access, body: { email: `late-${invited}@example.test`, role: 'member' } })
  }
  await invite(16)
  const held = await until(async () => {
    const left = await rows<{ id: string; status: string; lease: string }>(sql, `select id, status, lease from jobs where status in ('ready', 'running') and name = 'mail.send'`)
    if (!left.length) await invite(4) // the other was quicker with all of them
    return first.open > 0 && left.length > 0 && left.every(({ status, lease }) => status === 'running' && lease === left[0]!.lease) && left // what is left is the first one's
  })
  const writing = { yes: true, acknowledged: 0 }
  const writers = [one, one, other, other].map(async (product) => {
    for (let n = 0; writing.yes; n++) {
      const answer = await product.call('POST', '/tasks', { token: ann.access, body: { projectId: project, title: `under fire ${n}`, assigneeId: bob.id } }).catch(() => undefined)
      if (!answer) return
      if (answer.status === 201) writing.acknowledged++
    }
  })
  await until(() => writing.acknowledged > 40)

  await one.kill()
  const [at] = await rows<{ killed: string; leases: number; longest: number }>(sql,
    `select now()::text as killed, count(*)::int as leases, coalesce(max(extract(epoch from lease_until - now())), 0)::float8 as longest from jobs where status = 'running' and id = any ($1)`, [held.map(({ id }) => id)])
  const reached = writing.acknowledged
  await until(() => writing.acknowledged > reached + 40) // the other goes on
  writing.yes = false
  await Promise.all(writers)
  assert.ok(at!.longest <= 4.2, `a dead process holds jobs for ${at!.longest} s more; its lease is 4 s`)
  await settled(sql)
  const late = await until(() => {
    const found = new Set(pair.letters().map((letter) => letter.to?.[0]?.address ?? '').filter((address) => address.startsWith('late-')))
    return found.size === invited && found
  })
  assert.equal(late.size, invited)
  const [over] = await rows<{ again: number; seconds: number }>(sql, `select count(*)::int as again, max(extract(epoch from finished_at - $2::timestamptz))::float8 as seconds from jobs where id = any ($1) and attempts > 1 and status = 'done'`, [held.map(({ id }) => id), at!.killed])
  assert.ok(over!.again > 0, 'no job was taken over: the kill hit none')
  t.diagnostic(`${over!.again} jobs of the killed process were taken over; the last was done ${over!.seconds.toFixed(1)} s after the kill, its leases ran for up to ${at!.longest.toFixed(1)} s`)

  const [told] = await rows<{ missing: number; doubled: number }>(sql, `
    select (select count(*)::int from events e where e.name = 'task.assigned' and e.person_id = $1 and not exists (select from notifications n where n.task_id = e.subject_id and n.person_id = $1 and n.kind = 'assigned')) as missing,
      (select count(*)::int from (select task_id from notifications where person_id = $1 and kind = 'assigned' group by task_id having count(*) > 1) d) as doubled`, [bob.id])
  assert.deepEqual(told, { missing: 0, doubled: 0 })

  const log = (await rows<{ id: string }>(sql, `select id from events where name = 'task.created' and tenant_id = $1 order by pos, seq`, [ann.tenant])).map(({ id }) => id)
  const seen = () => stream.events.filter((event) => event.name === 'task.created').map(({ id }) => id)
  await until(() => seen().at(-1) === log.at(-1))
  assert.deepEqual(seen(), log.slice(-seen().length), 'the stream that moved to the other process has a gap or a double')
  assert.ok(balancer.opened > 1, 'the client never had to reconnect')
  stream.client.stop()
}

async function openPair(t: TestContext, env: Record<string, string>): Promise<Pair> {
  const server = await startBare(skipWithout(debianBin) ? undefined : debianBin)
  t.after(() => server.stop())
  await server.run('postgres', 'create database pair')
  const first = { stuck: false, open: 0 }
  const [own, others] = [await catchMail(t), await catchMail(t)]
  const gate = await openGate(t, own.port, first)
  const settings = { DATABASE_URL: server.url('pair'), SECRET_KEY: randomBytes(32).toString('base64'), PUBLIC_URL: 'http://app.test', RATE_LIMITS: 'on', MAIL_FROM: 'pair@example.test', ...env }
  const [one, other] = [gate, others.port].map((port) => new Product(fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-pair-')), { ...settings, SMTP_URL: `smtp://127.0.0.1:${port}` })) as [Product, Product]
  const orphans = () => [one, other].forEach((product) => product.running && endProcess(product.pid))
  process.once('exit', orphans)
  t.after(async () => {
    process.off('exit', orphans)
    await Promise.all([one.remove(), other.remove()])
  })
  await Promise.all([one.start(), other.start()]) // both migrate: one waits for the other
  const ann = await register(one, 'ann', { tenantName: 'Pair', setupToken }).catch(() => register(other, 'ann', { tenantName: 'Pair', setupToken })) // the later start's token counts
  const sql = await connect(t, { connectionString: server.url('pair') })
  const bob = await join(other, ann, sql, 'bob')
  const { id: project } = await one.ok('POST', '/projects', { token: ann.access, body: { key: 'PAIR', name: 'Pair' } })
  return { one, other, sql, ann, bob, project, first, letters: () => [...own.caught, ...others.caught] }
}

/** In front of the first process's mail server: what is `stuck` is taken and never answered. */
async function openGate(t: TestContext, port: number, state: { stuck: boolean; open: number }): Promise<number> {
  return listen(t, (socket) => {
    if (!state.stuck) return void pipeTo(socket, net.connect(port, '127.0.0.1'))
    state.open++
    socket.on('close', () => state.open--).on('error', () => {}).resume()
  })
}
/** One address for whichever process lives, as a balancer gives it. */
async function balance(t: TestContext, alive: () => Product[]): Promise<{ url: string; opened: number }> {
  const state = { url: '', opened: 0 }
  const port = await listen(t, (socket) => {
    const [target] = alive()
    if (!target) return void socket.destroy()
    state.opened++
    pipeTo(socket, net.connect(Number(new URL(target.url).port), '127.0.0.1'))
  })
  state.url = `http://127.0.0.1:${port}`
  return state
}
function pipeTo(a: net.Socket, b: net.Socket): void {
  a.pipe(b).pipe(a)
  for (const [from, to] of [[a, b], [b, a]] as const) from.on('error', () => {}).on('close', () => to.destroy())
}
async function listen(t: TestContext, take: (socket: net.Socket) => void): Promise<number> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)))
    take(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise<void>((resolve) => {
    server.close(() => resolve())
    for (const socket of sockets) socket.destroy()
  }))
  return (server.address() as net.AddressInfo).port
}

async function register(product: Product, name: string, more: object): Promise<Person> {
  const email = `${name}@example.test`
  const made = await product.ok('POST', '/auth/register', { body: { email, password, name, ...more } })
  return { id: made.user.id, email, tenant: made.tenant?.id, access: made.accessToken }
}
const signIn = async (product: Product, who: Person): Promise<Person> => ({ ...who, access: (await product.ok('POST', '/auth/login', { body: { email: who.email, password, tenant: who.tenant } })).accessToken })
/** A new person, by invitation. */
async function join(product: Product, owner: Person, sql: pg.Client, name: string): Promise<Person> {
  const { url } = await product.ok('POST', '/invitations', { token: owner.access, body: { role: 'member' } })
  const made = await register(product, name, { invitationToken: /#token=([\w.~-]+)/.exec(url)![1] })
  await settled(sql)
  return { ...made, tenant: owner.tenant }
}

const live = (at: { url: string }, who: Person, onEvent: (event: LiveEvent) => void) => {
  const client = new LiveClient({ url: `${at.url.replace('http', 'ws')}/live`, token: async () => who.access, topics: ['tenant'], onEvent })
  client.start()
  return client
}
function follow(t: TestContext | undefined, at: { url: string }, who: Person): { client: LiveClient; events: LiveEvent[] } {
  const events: LiveEvent[] = []
  const client = live(at, who, (event) => events.push(event))
  t?.after(() => client.stop())
  return { client, events }
}

const rows = async <Row extends object>(sql: pg.Client, text: string, values: unknown[] = []): Promise<Row[]> => (await sql.query<Row>(text, values)).rows
const handled = async (sql: pg.Client): Promise<number> => (await rows<{ n: number }>(sql, `select coalesce(sum(handled), 0)::int as n from readers where name = 'notifications.people'`))[0]!.n
/** Every reader has passed what is committed. */
const settled = (sql: pg.Client): Promise<true> =>
  until(async () => (await rows(sql, `select name from readers where not paused and (pos, seq) < (select e.pos, e.seq from events e order by e.pos desc, e.seq desc limit 1)`)).length === 0 || undefined).then(() => true)
