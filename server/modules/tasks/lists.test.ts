import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { newId } from '../../kernel/ids.ts'
import { runAs } from '../../testing/kernel.ts'
import { eventsOf, makeProject, makeTask, openTasks } from '../../testing/boards.ts'
import { mentionsIn } from './comments.ts'
import type { Comment, Task } from './schema.ts'

test('lists are filtered by every field and paged in every order, without a row twice or missing', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const ann = await http.person('member', owner.tenant)
  const [project, other] = [await makeProject(http, owner), await makeProject(http, owner, { key: 'OTHER' })]
  const tasks: Task[] = []
  for (let n = 0; n < 12; n++) {
    tasks.push(await makeTask(http, owner, n % 4 === 3 ? other : project, {
      title: `Task ${n}`, status: ['todo', 'doing', 'done'][n % 3], priority: n % 2 ? 'high' : 'none', labels: n % 3 ? ['red', `n${n}`] : [], dueAt: n % 2 ? `2026-03-${10 + n}T00:00:00Z` : null,
      assigneeId: n % 5 ? ann.id : null, fields: n % 2 ? { size: n, odd: true } : {}, parentId: n === 8 ? tasks[0]!.id : null,
    }))
  }
  const titles = async (query: string, by = owner) => {
    const { status, body } = await http.as(by, 'GET', `/tasks?${query}`)
    assert.equal(status, 200, JSON.stringify(body))
    return body.items.map((task: Task) => Number(task.title.slice(5)))
  }
  const where = (keep: (n: number) => boolean) => [...tasks.keys()].filter(keep).reverse()
  const isHere = (n: number) => n % 4 !== 3
  for (const [scope, inScope] of [['', () => true], [`projectId=${project.id}`, isHere], [`assigneeId=${ann.id}`, (n: number) => n % 5 > 0]] as [string, (n: number) => boolean][]) {
    const cases: [string, (n: number) => boolean][] = [
      ['', () => true], ['status=doing', (n) => n % 3 === 1], ['priority=high', (n) => n % 2 === 1], ['label=red', (n) => n % 3 > 0], ['label=n7', (n) => n === 7], ['assigneeId=none', (n) => n % 5 === 0],
      ['dueBefore=2026-03-15T00:00:00Z', (n) => n % 2 === 1 && n < 5], ['dueAfter=2026-03-15T00:00:00Z', (n) => n % 2 === 1 && n >= 5], [`parentId=${tasks[0]!.id}`, (n) => n === 8], ['parentId=none', (n) => n !== 8],
      [`fields=${encodeURIComponent('{"odd":true,"size":7}')}`, (n) => n === 7], ['q=task', () => true], ['q=task%207', (n) => n === 7], ['label=red&priority=high&status=doing&q=task', (n) => n % 3 === 1 && n % 2 === 1],
    ]
    for (const [query, keep] of cases) {
      if (query.startsWith('assigneeId') && scope.startsWith('assigneeId')) continue
      assert.deepEqual(await titles([scope, query].filter(Boolean).join('&')), where((n) => inScope(n) && keep(n)), `${scope} ${query}`)
    }
  }
  assert.deepEqual(await titles('assigneeId=me', ann), where((n) => n % 5 > 0))
  assert.deepEqual(await titles('projectId=' + newId()), [])

  const orders: [string, number[]][] = [
    ['', where(() => true)], ['sort=createdAt', where(() => true).reverse()], ['sort=dueAt', where((n) => n % 2 === 1).reverse()], [`projectId=${project.id}`, where(isHere)], [`projectId=${project.id}&sort=createdAt`, where(isHere).reverse()],
    [`projectId=${project.id}&sort=dueAt`, where((n) => isHere(n) && n % 2 === 1).reverse()], [`projectId=${project.id}&sort=position&status=todo`, where((n) => isHere(n) && n % 3 === 0).reverse()],
    [`projectId=${project.id}&sort=position`, [1, 2, 0].flatMap((rest) => where((n) => isHere(n) && n % 3 === rest).reverse())], // columns by id: doing, done, todo
  ]
  for (const [query, expected] of orders) {
    const found: number[] = []
    for (let next: string | null = ''; next !== null; ) {
      const { body } = await http.as(owner, 'GET', `/tasks?limit=2&${query}${next ? `&after=${next}` : ''}`)
      found.push(...body.items.map((task: Task) => Number(task.title.slice(5))))
      next = body.next
    }
    assert.deepEqual(query.includes('position') && !query.includes('status') ? [...found].sort() : found, query.includes('position') && !query.includes('status') ? [...expected].sort() : expected, query)
  }
  for (const [query, path] of [['sort=position', '/sort'], ['fields=[1]', '/fields'], ['fields={{', '/fields'], ['fields=%7B"a":"%5Cu0000"%7D', '/fields'], ['after=abc', '/after'], ['limit=201', '/limit'], ['color=red', '/color'], ['assigneeId=you', '/assigneeId']]) {
    const { status, body } = await http.as(owner, 'GET', `/tasks?${query}`)
    assert.deepEqual([status, body.errors?.[0].path], [422, path], query)
  }
})

test('search finds words, beginnings, parts, misspelt words and refs, best first, and pages without a hole', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const stranger = await http.person('owner')
  const project = await makeProject(http, owner)
  const wanted = await makeTask(http, owner, project, { title: 'Renew the Tannenbaum contract', description: 'with Müller & Söhne, 50% off' })
  for (const title of ['Water the plants', 'Contract for plants', 'Something else']) await makeTask(http, owner, project, { title })
  const titles = async (q: string, by = owner) => {
    const { status, body } = await http.as(by, 'GET', `/search?q=${encodeURIComponent(q)}`)
    assert.equal(status, 200, JSON.stringify(body))
    return body.items.map((task: Task) => task.title)
  }
  for (const q of ['tannenbaum', 'Tannen', 'nenbau', 'tanenbaum', 'contract renew', 'müller', 'WEB-1', 'web-1', 'renew the']) assert.equal((await titles(q))[0], wanted.title, q)
  assert.equal((await titles('plants')).length, 2)
  for (const q of ["'", '\\', '%%%', '&|!():*', '<->', "a'b:*", '-', '_', 'x'.repeat(200), 'ZZZ-999999999', 'ZZZ-9999999999']) assert.ok(Array.isArray(await titles(q)), q)
  assert.deepEqual(await titles('tannenbaum', stranger), [])
  await http.as(owner, 'PATCH', `/tasks/${wanted.id}`, { title: 'Nothing' })
  assert.deepEqual(await titles('tannenbaum'), [])
  await http.as(owner, 'POST', `/tasks/${wanted.id}/undo`)
  assert.deepEqual(await titles('tannenbaum'), [wanted.title])
  await http.as(owner, 'DELETE', `/tasks/${wanted.id}`)
  assert.deepEqual(await titles('tannenbaum'), [])
  const found = new Set<string>()
  for (let n = 0; n < 7; n++) await makeTask(http, owner, project, { title: `Lamp ${n}` })
  for (let next: string | null = ''; next !== null; ) {
    const { body } = await http.as(owner, 'GET', `/search?q=lamp&limit=3${next ? `&after=${next}` : ''}`)
    for (const { id } of body.items) assert.ok(!found.has(id) && found.add(id))
    next = body.next
  }
  assert.equal(found.size, 7)
})

test('search and labels use their index under row security', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const project = await makeProject(http, owner)
  await http.kernel.system.pool.query(`insert into tasks (tenant_id, id, project_id, number, title, status, position, labels)
    select $1, uuid7(), $2, n, 'Task ' || md5(n::text), 'todo', 'V' || n, case when n = 77 then '{rare}'::text[] else '{common}' end from generate_series(1, 3000) n`, [owner.tenant, project.id])
  await runAs(http.kernel.database, 'owner', `select gin_clean_pending_list('task_search_found'); analyze task_search`)
  const client = new pg.Client(http.kernel.database.connection('app'))
  await client.connect()
  t.after(() => client.end())
  await client.query(`begin; set local app.tenant = '${owner.tenant}'; set local enable_seqscan = off`) // a table this small is read whole
  const scans = async () => Number((await client.query(`select pg_stat_get_xact_numscans('task_search_found'::regclass) as n`)).rows[0].n)
  const found = async (call: string) => (await client.query(`select * from ${call}`)).rowCount
  assert.equal(await found(`tagged_tasks('{rare}', null)`), 1)
  assert.equal(await scans(), 1)
  assert.equal(await found(`search_tasks('28dd2c7955ce926456240b2ff0100bde', '{${project.id}}', 'infinity', '${newId()}', 10)`), 1)
  assert.ok((await scans()) >= 3, 'words, and parts or misspelt words')
})

test('comments are added, listed, changed by their author, and name the people who can see them', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const [ann, ben] = [await http.person('member', owner.tenant), await http.person('member', owner.tenant)]
  const stranger = await http.person('owner')
  const project = await makeProject(http, owner, { visibility: 'private' })
  await http.as(owner, 'PUT', `/projects/${project.id}/members/${ann.id}`, { role: 'editor' })
  const task = await makeTask(http, owner, project)
  const text = `@[Ann](user:${ann.id}) @[Ann](user:${ann.id}) @[Ben](user:${ben.id}) @[Who](user:${stranger.id}) @[No](user:x)`
  const added = await http.as(owner, 'POST', `/tasks/${task.id}/comments`, { text })
  assert.deepEqual([added.status, added.body.mentions, added.body.authorId, added.body.taskId], [201, [ann.id], owner.id, task.id])
  const second = (await http.as(ann, 'POST', `/tasks/${task.id}/comments`, { text: 'ok' })).body as Comment
  const changed = await http.as(ann, 'PATCH', `/comments/${second.id}`, { text: `ok @[O](user:${owner.id})` }, { 'if-match': '"1"' })
  assert.deepEqual([changed.body.version, changed.body.mentions], [2, [owner.id]])
  assert.equal((await http.as(ann, 'PATCH', `/comments/${second.id}`, { text: 'no' }, { 'if-match': '"1"' })).status, 412)
  assert.equal((await http.as(owner, 'PATCH', `/comments/${second.id}`, { text: 'no' })).status, 403)
  const page = await http.as(ann, 'GET', `/tasks/${task.id}/comments?limit=1`)
  assert.deepEqual([page.body.items, (await http.as(ann, 'GET', `/tasks/${task.id}/comments?after=${page.body.next}`)).body.items], [[added.body], [changed.body]])
  assert.equal((await http.as(ann, 'GET', `/tasks/${task.id}`)).body.commentCount, 2)
  assert.equal((await http.as(owner, 'DELETE', `/comments/${second.id}`)).status, 204)
  assert.equal((await http.as(owner, 'DELETE', `/comments/${second.id}`)).body.code, 'comment.not_found')
  const events = await eventsOf(http, /^comment\./)
  assert.deepEqual(events.map(({ name, data }) => [name, data.taskId, data.projectId, data.mentions ?? null]), [
    ['comment.added', task.id, project.id, [ann.id]], ['comment.added', task.id, project.id, []], ['comment.changed', task.id, project.id, [owner.id]], ['comment.deleted', task.id, project.id, null],
  ])
  assert.equal(events[0]!.data.text, text)
  const { rows } = await http.kernel.system.pool.query(`select data::text from events where name like 'comment.%'`)
  assert.ok(!JSON.stringify(rows).includes('Ann'), 'what people write is sealed')
  assert.deepEqual(mentionsIn(`@[A](user:${ann.id.toUpperCase()})`), [ann.id])
})

test('watching is said once and taken back once', async (t) => {
  const http = await openTasks(t)
  const owner = await http.person('owner')
  const task = await makeTask(http, owner, await makeProject(http, owner))
  const path = `/tasks/${task.id}/watchers/me`
  for (let n = 0; n < 2; n++) assert.equal((await http.as(owner, 'PUT', path)).status, 204)
  assert.equal((await http.as(owner, 'GET', `/tasks/${task.id}`)).body.watching, true)
  assert.equal((await http.as(owner, 'DELETE', path)).status, 204)
  assert.equal((await http.as(owner, 'DELETE', path)).status, 404)
  assert.equal((await http.as(owner, 'GET', `/tasks/${task.id}`)).body.watching, false)
  assert.deepEqual((await eventsOf(http, /^watcher\./)).map(({ name, subject }) => [name, subject.id]), [['watcher.added', owner.id], ['watcher.removed', owner.id]])
})
