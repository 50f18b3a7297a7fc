import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import { checkStatements } from '../../kernel/describe.ts'
import { newId } from '../../kernel/ids.ts'
import { mailBinding, mailEvents } from '../../kernel/mail.ts'
import type { Mail } from '../../kernel/ports.ts'
import { createStep } from '../../kernel/readers.ts'
import { startFollowers, startTail } from '../../kernel/running.ts'
import { sql, statements } from '../../kernel/sql.ts'
import { testHttp, type Person } from '../../testing/http.ts'
import { openTestKernel, runAs } from '../../testing/kernel.ts'
import { createSender } from '../mail/service.ts'
import { projectEvents, projects } from '../projects/module.ts'
import { createTasks, taskEvents } from '../tasks/module.ts'
import { tellAdmins } from './api.ts'
import { createLetters } from './letters.ts'
import { createNotifications, notificationEvents } from './module.ts'
import { tellPeople } from './readers.ts'

type Notice = { id: string; kind: string; taskId: string | null; taskRef: string | null; taskTitle: string | null; actorId: string | null; excerpt: string | null; title: string | null; link: string | null; readAt: string | null }

async function setUp(t: TestContext) {
  const http = await testHttp(t, { groups: [projectEvents, taskEvents, notificationEvents, mailEvents], modules: (kernel) => [projects, createTasks(kernel), createNotifications({ kernel })] })
  const k = http.kernel
  const ada = await http.person('owner', undefined, { name: 'Ada' })
  const ben = await http.person('member', ada.tenant, { name: 'Ben' })
  const call = async (by: Person, method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown) => {
    const answer = await http.as(by, method, path, body)
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const project = await call(ada, 'POST', '/projects', { key: 'WEB', name: 'Website' })
  const step = createStep(k.system, k.open, tellPeople, (error) => assert.fail(error as Error))
  /** Until the reader has passed all that was written so far. */
  const follow = async () => {
    const { rows: [end] } = await k.system.pool.query<{ pos: string; seq: string }>('select pos, seq from events order by pos desc, seq desc limit 1')
    for (;;) {
      await step()
      const { rows: [at] } = await k.system.pool.query<{ past: boolean }>('select (pos, seq) >= ($1, $2) as past from readers where name = $3', [end!.pos, end!.seq, tellPeople.name])
      if (at?.past) return
    }
  }
  const mine = async (by: Person, query = ''): Promise<Notice[]> => (await call(by, 'GET', `/notifications${query}`)).items
  const kinds = async (by: Person) => (await mine(by)).map((n) => n.kind)
  const makeTask = (by: Person, more: object = {}) => call(by, 'POST', '/tasks', { projectId: project.id, title: 'Paint it', ...more })
  /** Works off the jobs of this name. */
  const work = async (name: string) => {
    const job = createLetters({ kernel: k }).find((j) => j.name === name)!
    const { rows } = await k.system.pool.query(`update jobs set status = 'done' where name = $1 and status = 'ready' returning *`, [name])
    for (const row of rows.length || !job.everyMs ? rows : [{ id: newId(), tenant_id: ada.tenant, request_id: null, cause_id: null }]) await job.handle(row as never, new AbortController().signal)
  }
  const mails = async () => {
    const { rows } = await k.system.pool.query<{ id: string; kind: string; sealed: Buffer }>('select id, kind, sealed from mails order by id')
    return Promise.all(rows.map(async (m) => ({ kind: m.kind, ...(JSON.parse((await k.keys.open(m.sealed, mailBinding(m.id)))!) as { to: string; subject: string; text: string }) })))
  }
  const prefer = (who: Person, notifications: object, zone = 'UTC') =>
    runAs(k.database, 'identity', `insert into identity.preferences (user_id, notifications, time_zone) values ('${who.id}', '${JSON.stringify(notifications)}', '${zone}')`)
  return { http, k, ada, ben, project, call, follow, mine, kinds, makeTask, work, mails, prefer }
}

test('who is given a task is told of it once, with a live event of their own; who gave it is not', async (t) => {
  const s = await setUp(t)
  const task = await s.makeTask(s.ada, { assigneeId: s.ben.id })
  await s.follow()
  const [n] = await s.mine(s.ben)
  assert.deepEqual([n!.kind, n!.taskId, n!.taskRef, n!.taskTitle, n!.actorId, n!.readAt], ['assigned', task.id, 'WEB-1', 'Paint it', s.ada.id, null])
  assert.deepEqual(await s.mine(s.ada), [])
  const { rows } = await s.k.system.pool.query(`select subject_id, person_id, scope_id, cause_id is not null as caused from events where name = 'notification.created'`)
  assert.deepEqual(rows, [{ subject_id: n!.id, person_id: s.ben.id, scope_id: s.project.id, caused: true }])
  await s.k.system.pool.query('update readers set pos = 0, seq = 0') // rewound
  await s.follow()
  assert.equal((await s.mine(s.ben)).length, 1)
})

test('mentioned goes before watched, and followers hear of moves between columns', async (t) => {
  const s = await setUp(t)
  const cleo = await s.http.person('member', s.ada.tenant, { name: 'Cleo' })
  const task = await s.makeTask(s.ada)
  await s.call(s.ben, 'PUT', `/tasks/${task.id}/watchers/me`)
  await s.call(cleo, 'PUT', `/tasks/${task.id}/watchers/me`)
  await s.call(s.ada, 'POST', `/tasks/${task.id}/comments`, { text: `Look, @[Ben](user:${s.ben.id}): done?` })
  await s.follow()
  assert.deepEqual((await s.mine(s.ben)).map((n) => [n.kind, n.excerpt]), [['mentioned', 'Look, @Ben: done?']])
  assert.deepEqual(await s.kinds(cleo), ['watched'])
  await s.call(s.ben, 'PATCH', `/tasks/${task.id}/move?status=${s.project.columns.at(-1).id}`)
  await s.follow()
  assert.deepEqual(await s.kinds(cleo), ['watched', 'watched'])
  assert.deepEqual(await s.kinds(s.ben), ['mentioned'])
  assert.deepEqual(await s.kinds(s.ada), ['watched']) // she made it
})

test('nobody is told of a project they cannot see, and what they lost is gone from their list', async (t) => {
  const s = await setUp(t)
  const secret = await s.call(s.ada, 'POST', '/projects', { key: 'SEC', name: 'Secret', visibility: 'private' })
  await s.call(s.ada, 'PUT', `/projects/${secret.id}/members/${s.ben.id}`, { role: 'editor' })
  const task = await s.makeTask(s.ada, { projectId: secret.id })
  await s.call(s.ben, 'PUT', `/tasks/${task.id}/watchers/me`)
  await s.call(s.ada, 'PATCH', `/tasks/${task.id}`, { title: 'One' })
  await s.follow()
  assert.deepEqual(await s.kinds(s.ben), ['watched', 'invited'])
  await s.call(s.ada, 'DELETE', `/projects/${secret.id}/members/${s.ben.id}`)
  assert.deepEqual(await s.mine(s.ben), [])
  await s.call(s.ada, 'PATCH', `/tasks/${task.id}`, { title: 'Two' })
  await s.follow()
  const { rows } = await s.k.system.pool.query('select count(*)::int as n from notifications where person_id = $1', [s.ben.id])
  assert.equal(rows[0].n, 2)
})

test('a notification is read once, and all at once; another\'s is not there', async (t) => {
  const s = await setUp(t)
  for (let i = 0; i < 3; i++) await s.makeTask(s.ada, { assigneeId: s.ben.id, title: `Task ${i}` })
  await s.follow()
  const all = await s.mine(s.ben)
  assert.deepEqual(all.map((n) => n.taskTitle), ['Task 2', 'Task 1', 'Task 0'])
  const first = await s.call(s.ben, 'GET', '/notifications?limit=2')
  assert.deepEqual([first.items.length, (await s.call(s.ben, 'GET', `/notifications?limit=2&after=${first.next}`)).items.length], [2, 1])
  const one = await s.call(s.ben, 'POST', `/notifications/${all[0]!.id}/read`)
  assert.ok(one.readAt)
  assert.equal((await s.call(s.ben, 'POST', `/notifications/${all[0]!.id}/read`)).readAt, one.readAt)
  assert.equal((await s.http.as(s.ada, 'POST', `/notifications/${all[1]!.id}/read`)).status, 404)
  assert.deepEqual([(await s.mine(s.ben, '?unread=true')).length, (await s.mine(s.ben, '?unread=false')).length], [2, 1])
  assert.deepEqual(await s.call(s.ben, 'POST', '/notifications/read-all'), { read: 2 })
  assert.deepEqual(await s.call(s.ben, 'POST', '/notifications/read-all'), { read: 0 })
  assert.deepEqual(await s.mine(s.ben, '?unread=true'), [])
  const { rows } = await s.k.system.pool.query<{ name: string }>(`select name from events where name like 'notification.%read' and person_id = $1 order by seq`, [s.ben.id])
  assert.deepEqual(rows.map((r) => r.name), ['notification.read', 'notification.all-read'])
})

test('a notice tells the admins once, by bell and mail, and leads where its link says', async (t) => {
  const s = await setUp(t)
  const cleo = await s.http.person('admin', s.ada.tenant, { name: 'Cleo' })
  const ctx = s.k.app.context({ tenant: s.ada.tenant, actor: { type: 'system', id: null }, request: 'test' })
  const notice = { source: 'limit:1', title: 'The team has used 80 % of its projects', link: '/settings' }
  assert.deepEqual([await tellAdmins(ctx, notice), await tellAdmins(ctx, notice)], [2, 0])
  assert.deepEqual((await s.mine(cleo)).map((n) => [n.kind, n.title, n.link, n.taskId]), [['notice', notice.title, '/settings', null]])
  assert.deepEqual(await s.mine(s.ben), [])
  const { rows } = await s.k.system.pool.query(`select count(*)::int as n from jobs where name = 'notifications.mail'`)
  assert.equal(rows[0].n, 2)
})

test('row security shows a person their own notifications and nobody else\'s', async (t) => {
  const s = await setUp(t)
  await s.makeTask(s.ada, { assigneeId: s.ben.id })
  await s.follow()
  const seen = async (person: Person) => (await s.k.app.context({ tenant: s.ada.tenant, actor: { type: 'user', id: person.id }, request: 'test' }).read(sql`select id from notifications`))[0].length
  assert.deepEqual([await seen(s.ben), await seen(s.ada)], [1, 0])
  const chosen = async (person: Person) => (await s.k.app.context({ tenant: s.ada.tenant, actor: { type: 'user', id: person.id }, request: 'test' }).read(sql`select * from notification_channels(array[${s.ben.id}::uuid])`))[0].length
  await s.prefer(s.ben, {})
  assert.deepEqual([await chosen(s.ben), await chosen(s.ada)], [1, 0])
})

test('a task that is due within a day is told of once, and again for another date', async (t) => {
  const s = await setUp(t)
  const soon = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()
  const task = await s.makeTask(s.ada, { assigneeId: s.ben.id, dueAt: soon(5) })
  await s.makeTask(s.ada, { assigneeId: s.ben.id, dueAt: soon(50) })
  await s.makeTask(s.ada, { assigneeId: s.ben.id, dueAt: soon(5), status: s.project.columns.at(-1).id })
  await s.work('notifications.due')
  await s.work('notifications.due')
  assert.deepEqual((await s.mine(s.ben)).map((n) => [n.kind, n.taskId]), [['due', task.id]])
  await s.call(s.ada, 'PATCH', `/tasks/${task.id}`, { dueAt: soon(6) })
  await s.work('notifications.due')
  assert.deepEqual(await s.kinds(s.ben), ['due', 'due'])
})

test('preferences decide the channels: not here but by mail, or not at all', async (t) => {
  const s = await setUp(t)
  await s.prefer(s.ben, { assigned: { inApp: false, mail: true }, mentioned: { inApp: false, mail: false }, watched: { mail: false } })
  const task = await s.makeTask(s.ada, { assigneeId: s.ben.id })
  await s.call(s.ada, 'POST', `/tasks/${task.id}/comments`, { text: `@[Ben](user:${s.ben.id})` })
  await s.call(s.ada, 'PATCH', `/tasks/${task.id}`, { title: 'Paint it blue' })
  await s.follow()
  assert.deepEqual(await s.kinds(s.ben), ['watched'])
  await s.work('notifications.mail')
  assert.deepEqual((await s.mails()).map((m) => [m.kind, m.to, m.subject]), [['notification-assigned', `${s.ben.id}@example.test`, 'WEB-1 Paint it blue: Ada assigned it to you']])
})

test('what was read before its mail was written is not mailed', async (t) => {
  const s = await setUp(t)
  await s.makeTask(s.ada, { assigneeId: s.ben.id })
  await s.follow()
  await s.call(s.ben, 'POST', '/notifications/read-all')
  await s.work('notifications.mail')
  assert.deepEqual(await s.mails(), [])
})

test('the digest comes once a day, in the person\'s morning, with what is unread', async (t) => {
  const s = await setUp(t)
  const { rows: [zone] } = await s.k.system.pool.query<{ name: string }>(`select name from pg_timezone_names where extract(hour from now() at time zone name) = 8 limit 1`)
  await s.prefer(s.ben, { assigned: { mail: false, digest: true } }, zone!.name)
  await s.prefer(s.ada, { watched: { digest: true, mail: false } }, 'No/Where')
  const task = await s.makeTask(s.ada, { assigneeId: s.ben.id })
  await s.call(s.ada, 'POST', `/tasks/${task.id}/comments`, { text: 'well' })
  await s.follow()
  await s.work('notifications.plan-digests')
  await s.work('notifications.plan-digests')
  await s.work('notifications.digest')
  const [digest, ...more] = await s.mails()
  assert.deepEqual([digest!.kind, digest!.subject, more.length], ['digest', 'Tenant: 1 unread notification', 0])
  assert.match(digest!.text, /WEB-1 Paint it: Ada assigned it to you\n {2}http:\/\/localhost:8080\/tasks\//)
})

test('the statements of notifications say what the database answers', async (t) => {
  const s = await setUp(t)
  const client = new pg.Client(s.k.database.connection('owner'))
  await client.connect()
  const mine = statements.filter(({ label }) => label.startsWith('notifications.'))
  assert.deepEqual(await checkStatements(client, mine).finally(() => client.end()), [])
  assert.ok(mine.length > 5)
})

test('two processes share the reader and the jobs: everybody is told once, and each letter goes out once', async (t) => {
  const s = await setUp(t)
  const other = await openTestKernel(s.k.database, [projectEvents, taskEvents, notificationEvents, mailEvents])
  const sent: string[] = []
  const port: Mail = { kind: 'smtp', send: async ({ key }) => void sent.push(key), close: async () => {} }
  const tails = await Promise.all([s.k, other].map((kernel) => startTail(kernel)))
  const processes = [s.k, other].map((kernel, i) => startFollowers(kernel, { readers: [tellPeople], tail: tails[i]!, jobs: [createSender({ kernel, port }), ...createLetters({ kernel }).filter((job) => !job.everyMs)] }))
  try {
    await Promise.all(Array.from({ length: 20 }, (_, i) => s.makeTask(s.ada, { title: `Task ${i}`, assigneeId: s.ben.id })))
    const count = async () => (await s.k.system.pool.query<{ n: number }>(`select count(*)::int as n from mails where status = 'sent'`)).rows[0]!.n
    while ((await count()) < 20) await new Promise((resolve) => setTimeout(resolve, 20))
    assert.deepEqual([sent.length, new Set(sent).size, (await s.mine(s.ben)).length], [20, 20, 20])
  } finally {
    await Promise.all([...processes, ...tails].map((p) => p.stop()))
    await other.close()
  }
})
