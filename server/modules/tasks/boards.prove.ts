// Proof 6: eight clients move cards at random, some of them offline for a while, also through new ranks for a column; every client folds what it
// hears into a board of its own, and all boards end equal to the database. And one gap takes 10,000 cards with ranks under 100 bytes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listEvents, type LoggedEvent, type Position } from '../../kernel/log.ts'
import { makeProject, makeTask, openTasks } from '../../testing/boards.ts'
import type { Person, TestHttp } from '../../testing/http.ts'
import { longest } from './ranks.ts'
import { moveTask } from './service.ts'
import type { Task } from './schema.ts'

const long = process.argv.includes('--long')
const columns = ['todo', 'doing', 'done']
type Card = { status: string; position: string; seq: number }
type Board = Map<string, Card>

/** Folds one event, as a client does: an event older than the last one applied to a card is dropped, in whatever order they come. */
function fold(board: Board, event: LoggedEvent): void {
  const data = event.data as { status: string; to: string; position: string; positions: Record<string, string> }
  const put = (id: string, card: Omit<Card, 'seq'> | undefined) => {
    const known = board.get(id)
    if (known && known.seq > event.seq) return
    board.set(id, { ...(card ?? { status: '', position: '' }), seq: event.seq })
  }
  if (event.name === 'task.created' || event.name === 'task.restored') put(event.subject.id, { status: data.status, position: data.position })
  if (event.name === 'task.moved') put(event.subject.id, { status: data.to, position: data.position })
  if (event.name === 'task.deleted') put(event.subject.id, undefined)
  if (event.name !== 'column.rebalanced') return
  for (const [id, position] of Object.entries(data.positions)) put(id, { status: String(event.data.columnId), position })
}

const shown = (cards: Iterable<[string, Omit<Card, 'seq'>]>) =>
  columns.map((status) => [...cards].filter(([, card]) => card.status === status).sort(([a, one], [b, other]) => (one.position < other.position ? -1 : one.position > other.position ? 1 : a < b ? -1 : 1)).map(([id]) => id))

const pick = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)]!
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

type Client = { board: Board; catchUp(): Promise<void>; play(moves: number): Promise<void> }

/** A client with its own board, behind by what it has not read; offline it goes on moving by what it last saw. */
function makeClient(http: TestHttp, by: Person, projectId: string, counts: Record<number, number>): Client {
  const board: Board = new Map()
  const context = http.kernel.system.context(http.kernel.who())
  let at: Position = { pos: 0, seq: 0 }
  let offline = 0
  const catchUp = async () => {
    for (;;) {
      const [rows] = await context.read(listEvents(at, 1000))
      if (!rows.length) return
      for (const row of rows.filter(({ scope_id }) => scope_id === projectId)) fold(board, await http.kernel.open(row))
      at = rows.at(-1)!
    }
  }
  const step = () => {
    const lists = shown(board)
    const [to, list] = Math.random() < 0.7 ? ['todo', lists[0]!] : [pick(columns), pick(lists)]
    const id = pick(lists.flat())
    const others = list.filter((other) => other !== id)
    const neighbour = others[Math.min(1, others.length - 1)] // most drop into one gap
    const dice = Math.random()
    if (dice < 0.03) return http.as(by, 'POST', '/tasks', { projectId, title: 'New', status: to })
    if (dice < 0.05) return http.as(by, 'DELETE', `/tasks/${id}`)
    if (dice < 0.08) return http.as(by, 'POST', `/tasks/${id}/undo`)
    return http.as(by, 'PATCH', `/tasks/${id}/move`, { status: to, ...(neighbour ? (Math.random() < 0.8 ? { before: neighbour } : { after: pick(others) }) : {}) })
  }
  const play = async (moves: number) => {
    for (let n = 0; n < moves; n++) {
      if (offline > 0) offline--
      else if (Math.random() < 0.05) offline = 10
      else await catchUp()
      const answer = await step()
      counts[answer.status] = (counts[answer.status] ?? 0) + 1
      assert.ok(answer.status < 300 || answer.status === 404 || answer.status === 409, JSON.stringify(answer.body))
      if (Math.random() < 0.1) await pause(Math.random() * 5)
    }
  }
  return { board, catchUp, play }
}

test('boards of eight clients that move at random, some offline, are equal to the database after every round, through new ranks too', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  const { pool } = http.kernel.system
  for (let n = 0; n < 60; n++) await makeTask(http, owner, project, { status: n < 40 ? 'todo' : columns[n % 3] })
  const people = [owner, ...(await Promise.all(Array.from({ length: 7 }, () => http.person('member', owner.tenant))))]
  const context = http.kernel.app.context({ tenant: owner.tenant, actor: { type: 'user', id: owner.id }, role: 'owner', request: 'proof' })
  const counts: Record<number, number> = {}
  const clients = people.map((person) => makeClient(http, person, project.id, counts))
  for (const { catchUp } of clients) await catchUp()
  for (let round = 0; round < (long ? 100 : 12); round++) {
    // the first gap of the column becomes so narrow that the next card there takes new ranks for all, in the middle of everybody's moves
    const [first, ...more] = (await http.as(owner, 'GET', `/tasks?projectId=${project.id}&status=todo&sort=position`)).body.items as Task[]
    for (let n = 0, length = 0; length < longest; n++) length = (await moveTask(context, more[n % 7]!.id, { after: first!.id }, {})).position.length
    await Promise.all(clients.map(({ play }) => play(10)))
    const { rows } = await pool.query<{ id: string; status: string; position: string }>('select id, status, position from tasks where project_id = $1 and deleted_at is null', [project.id])
    const truth = shown(rows.map((row): [string, Omit<Card, 'seq'>] => [row.id, row]))
    assert.ok(truth.flat().length > 10)
    for (const [n, { board, catchUp }] of clients.entries()) {
      await catchUp()
      assert.deepEqual(shown(board), truth, `client ${n} after round ${round}`)
    }
  }
  const events = (await pool.query<{ name: string; n: string }>(`select name, count(*) as n from events where scope_id = $1 group by name`, [project.id])).rows
  t.diagnostic(`answers ${JSON.stringify(counts)}, events ${events.map(({ name, n }) => `${name} ${n}`).join(', ')}`)
  assert.ok(counts[200]! > people.length * 50)
  assert.ok(Number(events.find(({ name }) => name === 'column.rebalanced')?.n ?? 0) >= 5, 'the moves went through new ranks again and again')
})

test('ranks stay under 100 bytes through 10,000 moves into the same gap', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  const tasks: Task[] = []
  for (let n = 0; n < 12; n++) tasks.push(await makeTask(http, owner, project))
  const ctx = http.kernel.app.context({ tenant: owner.tenant, actor: { type: 'user', id: owner.id }, role: 'owner', request: 'proof' })
  const [first] = tasks
  let bytes = 0
  for (let n = 0; n < 10_000; n++) {
    const moved = await moveTask(ctx, tasks[1 + (n % 11)]!.id, { after: first!.id }, {}) // always directly below the first
    bytes = Math.max(bytes, Buffer.byteLength(moved.position))
    assert.ok(bytes < 100)
  }
  const { rows } = await http.kernel.system.pool.query<{ n: string; versions: string }>(`select count(*) as n, (select max(version) from tasks) as versions from events where name = 'column.rebalanced'`)
  t.diagnostic(`longest rank ${bytes} bytes, ${rows[0]!.n} times new ranks`)
  assert.ok(Number(rows[0]!.n) > 5 && Number(rows[0]!.n) < 200)
  const order = (await http.as(owner, 'GET', `/tasks?projectId=${project.id}&status=todo&sort=position`)).body.items.map((task: Task) => task.id)
  const last = Array.from({ length: 11 }, (_, i) => tasks[1 + ((9_999 - i) % 11)]!.id)
  assert.deepEqual(order, [first!.id, ...last], 'the order is what the moves say')
})
