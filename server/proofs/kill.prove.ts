// Proof 2. Writers over HTTP, what was acknowledged kept outside; Node, postmaster, backends, workers and watchdog killed with -9 at random. After
// each restart: no acknowledged write lost, nothing done twice for one Idempotency-Key, no row without its event and no event without its row,
// indexes sound. Rounds: 20, with --long 100. The seed is printed; SEED=n repeats the choices.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { env } from 'node:process'
import { test } from 'node:test'
import pg from 'pg'
import { livingProcesses } from '../adapters/embedded/cluster.ts'
import { newId } from '../kernel/ids.ts'
import { recountLevels } from '../testing/levels.ts'
import { readOperations } from '../testing/operations.ts'
import { assertNone, endProcess, fail, startProduct, type Product } from '../testing/product.ts'
import { openWorld, pause, type Person, type Side, type World } from '../testing/world.ts'

const rounds = process.argv.includes('--long') ? 100 : 20
const writers = 6
const seed = Number(env.SEED ?? Date.now() % 1_000_000)

/** What a writer sent: `request` is in its event, `key` makes its repetition harmless. */
type Write = { request: string; key: string; method: string; path: string; body: object; who: Person; title?: string | undefined }
type Acknowledged = Write & { id: string; version: number | undefined; /** where its writer moved it to, counted in columns */ column: number }

test(`nothing acknowledged is lost and rows and events agree, whatever is killed (${rounds} rounds, seed ${seed})`, async (t) => {
  const chance = chanceFrom(seed)
  const next = choose(chance)
  const product = await startProduct(t, { LOG_LEVEL: 'silent' })
  const world = await openWorld(t, product, new Set((await readOperations(product)).map((op) => op.path)))
  const side = world.alpha
  const people = [side.owner, side.admin, ...(await Promise.all(Array.from({ length: writers - 2 }, () => world.member(side, 'admin'))))]
  const done: Acknowledged[] = []
  const doubtful: Write[] = []
  const tally = { acknowledged: 0, refused: 0, broken: 0, repeated: 0, kills: {} as Record<string, number> }

  for (let round = 1; round <= rounds; round++) {
    const open = { yes: true }
    const load = people.map((who) => writeOn(world, side, who, open, done, doubtful, tally))
    await pause(300 + chance() * 900)
    const victims = next()
    const killed = await kill(product, victims)
    tally.kills[killed] = (tally.kills[killed] ?? 0) + 1
    try {
      await comeBack(product, killed, () => (open.yes = false))
    } finally {
      open.yes = false // also when it does not come back: else the writers would go on for ever
    }
    await Promise.all(load)

    for (const who of people) await patiently(() => world.renew(who).then(() => ({ status: 200 }), (error: Error) => ({ status: / answered 503/.test(error.message) ? 503 : fail(error.message) })))
    tally.repeated += doubtful.length
    for (const write of doubtful.splice(0)) await repeat(world, write, done)
    const faults = await withSuperuser(product, async (sql) => [...(await compare(sql, side, done)), ...(await recountLevels(async (text) => (await sql.query(text)).rows))])
    assertNone(faults, `round ${round}, killed ${killed}: `)
  }
  tally.acknowledged = done.length
  t.diagnostic(JSON.stringify(tally))
  assert.ok(done.length > rounds * 10, `only ${done.length} writes were acknowledged: the load is too small to prove anything`)
  assert.ok(tally.broken > 0, 'no write was ever in doubt: the kills never hit a write')
})

/** One writer: creates, changes and moves, each with its own request id. What got no answer is in doubt. */
async function writeOn(world: World, side: Side, who: Person, open: { yes: boolean }, done: Acknowledged[], doubtful: Write[], tally: { refused: number; broken: number }): Promise<void> {
  const mine: Acknowledged[] = []
  for (let n = 0; open.yes; n++) {
    const known = mine.at(-1 - (n % 3))
    const write = nextWrite(world, side, who, known, n)
    try {
      const answer = await send(world, write)
      if (answer.status >= 200 && answer.status < 300) {
        const made = { ...write, id: answer.body?.id ?? who.id, version: answer.body?.version, column: 0 }
        done.push(made)
        if (write.path === '/tasks' || write.path === '/projects') mine.push(made)
      } else {
        tally.refused++
        if (answer.status >= 500) {
          doubtful.push(write) // 503: perhaps committed, as it says
          mine.splice(0)
        }
        await pause(20)
      }
    } catch {
      tally.broken++
      doubtful.push(write)
      mine.splice(0) // nobody knows where those stand now
      await pause(20)
    }
  }
}

function nextWrite(world: World, side: Side, who: Person, known: Acknowledged | undefined, n: number): Write {
  const base = { request: `proof-${newId()}`, key: newId(), who }
  const title = `${side.mark} ${world.word()}`
  if (!world.can.projects) return { ...base, method: 'PATCH', path: '/users/me', body: { name: title }, title }
  if (!world.can.tasks) {
    if (known && n % 2) return { ...base, method: 'PATCH', path: `/projects/${known.id}`, body: { name: title } }
    return { ...base, method: 'POST', path: '/projects', body: { key: world.word('K').slice(0, 9).toUpperCase(), name: title }, title }
  }
  if (known && n % 5 === 1) return { ...base, method: 'PATCH', path: `/tasks/${known.id}`, body: { title } }
  const { columns } = side.open!
  if (known && n % 5 === 2) return { ...base, method: 'PATCH', path: `/tasks/${known.id}/move?status=${columns[++known.column % columns.length].id}`, body: {} } // always another column: a move that changes nothing writes nothing
  if (known && n % 5 === 3) return { ...base, method: 'POST', path: `/tasks/${known.id}/comments`, body: { text: title } }
  return { ...base, method: 'POST', path: '/tasks', body: { projectId: side.open!.id, title }, title }
}
const send = (world: World, { who, method, path, body, request, key }: Write) =>
  world.product.call(method, path, { token: who.access, body, headers: { 'x-request-id': request, ...(method === 'POST' ? { 'idempotency-key': key } : {}) } })

/** A POST in doubt is sent again with its key, as a client would: afterwards it has happened, once. */
async function repeat(world: World, write: Write, done: Acknowledged[]): Promise<void> {
  if (write.method !== 'POST') return
  const answer = await patiently(() => send(world, write))
  if (answer.status >= 200 && answer.status < 300) return void done.push({ ...write, request: answer.headers.get('idempotency-replayed') ? '' : write.request, id: answer.body.id, version: answer.body.version, column: 0 })
  assert.ok([404, 409].includes(answer.status), `repeating ${write.method} ${write.path} answered ${answer.status}: ${answer.text}`)
}

/** After a crash each pool finds its dead connections one by one: 503 with Retry-After, as it says. */
async function patiently<A extends { status: number }>(ask: () => Promise<A>): Promise<A> {
  for (let tries = 0; ; tries++) {
    const answer = await ask()
    if (answer.status !== 503 || tries > 100) return answer
    await pause(100)
  }
}

type Victim = 'node' | 'postmaster' | 'backend' | 'children' | 'watchdog'
const plans: Victim[][] = [['node'], ['postmaster'], ['backend'], ['children'], ['watchdog', 'node'], ['watchdog', 'postmaster'], ['node', 'postmaster'], ['node', 'postmaster', 'children', 'watchdog'], ['watchdog', 'backend'], ['node', 'backend']]
/** All of them in some order, then again in another. */
function choose(chance: () => number): () => Victim[] {
  let left: Victim[][] = []
  return () => {
    if (!left.length) left = [...plans]
    return left.splice(Math.floor(chance() * left.length), 1)[0]!
  }
}

/** Looks all pids up first, then kills in the order given, at once. @returns what was killed */
async function kill(product: Product, victims: readonly Victim[]): Promise<string> {
  const { postmaster } = await product.attach()
  const others = livingProcesses(product.cluster()).filter((pid) => pid !== postmaster)
  const backends = others.filter((pid) => /^postgres: gw_/.test(commandOf(pid)))
  const watchdogs = fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(Number(pid)).includes(`groundwork-watchdog ${postmaster} `)).map(Number)
  const pids = { node: [product.pid], postmaster: [postmaster], backend: backends.slice(0, 1), children: others, watchdog: watchdogs }
  for (const victim of victims) {
    assert.ok(pids[victim].length, `no ${victim} was found to kill`)
    for (const pid of pids[victim]) endProcess(pid)
  }
  return victims.join(' + ')
}
const commandOf = (pid: number): string => {
  try {
    return `${fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')} `
  } catch {
    return ''
  }
}

/** Without Node or postmaster the process is gone, or ends by itself: start again. Else it must recover while it runs. */
async function comeBack(product: Product, killed: string, endLoad: () => void): Promise<void> {
  if (/node|postmaster/.test(killed)) {
    const how = await product.ended
    endLoad()
    if (!/node/.test(killed)) assert.equal(how, 'code 1', `without its database the server should end with 1: ${product.said}`)
    await product.start()
    return
  }
  for (const end = Date.now() + 120_000; ; await pause(50)) {
    assert.ok(product.running, `the server ended after ${killed}: ${product.said}`)
    if ((await product.call('GET', '/ready').catch(() => undefined))?.status === 200) return
    assert.ok(Date.now() < end, `not ready again after ${killed}`)
  }
}

async function withSuperuser<T>(product: Product, use: (sql: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client((await product.attach()).superuser())
  client.on('error', () => {})
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

/** Tables whose rows are made and changed by events of one noun about them, and which number their versions. */
const nouns = [{ table: 'projects', noun: 'project' }, { table: 'tasks', noun: 'task' }, { table: 'comments', noun: 'comment' }] as const

async function compare(sql: pg.Client, side: Side, done: readonly Acknowledged[]): Promise<string[]> {
  const faults: string[] = []
  const ask = async (text: string, values: unknown[] = []) => (await sql.query<any>(text, values)).rows
  const tables = new Set((await ask(`select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`)).map((r) => r.relname))

  const heard = new Set((await ask(`select distinct request_id from events where request_id like 'proof-%'`)).map((r) => r.request_id))
  for (const write of done) if (write.request && !heard.has(write.request)) faults.push(`lost: ${write.method} ${write.path} of ${write.id} was acknowledged and has no event`)

  for (const { table, noun } of nouns.filter((n) => tables.has(n.table))) {
    const versions = new Map<string, number>((await ask(`select id, version from ${table} where tenant_id = $1`, [side.id])).map((r) => [r.id, r.version]))
    for (const write of done) {
      if (write.version === undefined || pathNoun(write.path) !== table) continue
      const now = versions.get(write.id)
      if (now === undefined || now < write.version) faults.push(`lost: ${table} ${write.id} was acknowledged at version ${write.version}, is ${now ?? 'gone'}`)
    }
    for (const row of await ask(`select r.id, count(e.id)::int as n from ${table} r left join events e on e.tenant_id = r.tenant_id and e.subject_id = r.id and e.name in ('${noun}.created', '${noun}.added') group by r.id having count(e.id) <> 1`))
      faults.push(`${table} ${row.id} has ${row.n} events of its making`)
    for (const row of await ask(`select e.subject_id, e.name from events e where e.name in ('${noun}.created', '${noun}.added') and not exists (select from ${table} r where r.tenant_id = e.tenant_id and r.id = e.subject_id)
        and not exists (select from events d where d.tenant_id = e.tenant_id and d.subject_id = e.subject_id and d.name in ('${noun}.deleted', '${noun}.removed'))`))
      faults.push(`${row.name} of ${row.subject_id} has no row in ${table}`)
    // each change of a row counts its version up by one and writes one event
    for (const row of await ask(`select r.id, r.version, count(e.id)::int as n from ${table} r join events e on e.tenant_id = r.tenant_id and e.subject_id = r.id and e.subject_type = '${noun}' where r.tenant_id = $1 group by r.id, r.version having count(e.id) <> r.version`, [side.id]))
      faults.push(`${table} ${row.id} is at version ${row.version} with ${row.n} events`)
  }
  const titles = done.filter((w) => w.title && w.method === 'POST' && w.path === '/tasks').map((w) => w.title)
  if (titles.length) {
    const found = new Map<string, number>((await ask(`select subject_id as id, count(*)::int as n from events where name = 'task.created' and tenant_id = $1 group by 1`, [side.id])).map((r) => [r.id, r.n]))
    if (new Set(done.filter((w) => w.path === '/tasks').map((w) => w.id)).size > found.size) faults.push('fewer tasks were created than acknowledged')
  }
  // people: rows of the identity tables and the events of their triggers
  for (const row of await ask(`select u.id, u.version, count(e.id)::int as n from identity."user" u left join events e on e.subject_id = u.id and e.name in ('user.registered', 'user.changed') group by u.id, u.version having count(e.id) <> u.version`))
    faults.push(`user ${row.id} is at version ${row.version} with ${row.n} events`)
  for (const row of await ask(`select k.key from idempotency_keys k where k.status is null`)) faults.push(`Idempotency-Key ${row.key} was kept without its answer`)

  for (const row of await ask(`select c.oid::regclass::text as name from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam join pg_namespace n on n.oid = c.relnamespace
      where a.amname = 'btree' and c.relkind = 'i' and n.nspname in ('public', 'identity', 'oauth') and i.indisvalid and i.indisready`)) {
    const fault = await sql.query('select monitor.bt_index_check($1::regclass, true)', [row.name]).then(() => undefined, (error: Error) => error.message)
    if (fault) faults.push(`index ${row.name}: ${fault}`)
  }
  return faults
}
const pathNoun = (path: string): string => (path.includes('/comments') ? 'comments' : path.split('/')[1]!)

/** The same numbers for the same seed (mulberry32). */
function chanceFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let n = Math.imul(state ^ (state >>> 15), 1 | state)
    n = (n + Math.imul(n ^ (n >>> 7), 61 | n)) ^ n
    return ((n ^ (n >>> 14)) >>> 0) / 2 ** 32
  }
}
