import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import { checkStatements } from '../../kernel/describe.ts'
import { newId } from '../../kernel/ids.ts'
import { listEvents } from '../../kernel/log.ts'
import { statements } from '../../kernel/sql.ts'
import { testHttp, type Person, type TestHttp } from '../../testing/http.ts'
import { projectEvents, projects } from './module.ts'
import { projectScope } from './roles.ts'
import type { Project } from './schema.ts'

const open = (t: TestContext) => testHttp(t, { modules: () => [projects], groups: [projectEvents] })
const make = async (http: TestHttp, by: Person, over: object = {}): Promise<Project> => {
  const { status, body } = await http.as(by, 'POST', '/projects', { key: 'WEB', name: 'Website', ...over })
  assert.equal(status, 201, JSON.stringify(body))
  return body
}
const eventsOf = async ({ kernel }: TestHttp) => {
  const [rows] = await kernel.system.context(kernel.who()).read(listEvents({ pos: 0, seq: 0 }, 500))
  return Promise.all(rows.filter(({ name }) => name.startsWith('project')).map(kernel.open))
}

test('statements of projects match the database', async (t) => {
  const http = await open(t)
  const client = new pg.Client(http.kernel.database.connection('owner'))
  await client.connect()
  const mine = statements.filter(({ label }) => label.startsWith('projects.'))
  const faults = await checkStatements(client, mine).finally(() => client.end())
  assert.deepEqual(faults, [])
  assert.ok(mine.length > 15)
})

test('a project is created, read by id and key, changed, archived and deleted, each with its event', async (t) => {
  const http = await open(t)
  const owner = await http.person('owner')
  const created = await http.as(owner, 'POST', '/projects', { key: 'WEB', name: ' Website ', columns: [{ name: 'Öffnen', category: 'todo' }, { name: 'Öffnen', category: 'doing', wipLimit: 2 }, { id: 'end', name: 'End', category: 'done' }] })
  assert.equal(created.status, 201)
  const project = created.body as Project
  assert.equal(created.headers.location, `/api/v1/projects/${project.id}`)
  assert.deepEqual(project.columns.map(({ id }) => id), ['offnen', 'offnen-2', 'end'])
  assert.deepEqual([project.name, project.role, project.progress, project.version], ['Website', 'manager', { total: 0, done: 0, percent: 0 }, 1])
  const read = await http.as(owner, 'GET', `/projects/${project.id}`)
  assert.deepEqual(read.body, project)
  assert.deepEqual((await http.as(owner, 'GET', '/projects/web')).body, project)
  assert.equal(read.headers.etag, '"1"')

  const patched = await http.as(owner, 'PATCH', `/projects/${project.id}`, { key: 'SITE', name: 'Site', wip: 'block' }, { 'if-match': '"1"' })
  assert.deepEqual([patched.status, patched.body.key, patched.body.version], [200, 'SITE', 2])
  assert.deepEqual((await http.as(owner, 'GET', `/projects/${project.id}`)).body, patched.body)
  assert.equal((await http.as(owner, 'GET', '/projects/WEB')).body.id, project.id, 'the former key is an alias')
  const stale = await http.as(owner, 'PATCH', `/projects/${project.id}`, { name: 'No' }, { 'if-match': '"1"' })
  assert.deepEqual([stale.status, stale.headers.etag], [412, '"2"'])
  assert.equal((await http.as(owner, 'PATCH', `/projects/${project.id}`, { name: 'Site' })).body.version, 2, 'the same again changes nothing')

  assert.equal((await http.as(owner, 'PATCH', `/projects/${project.id}`, { status: 'archived' })).body.status, 'archived')
  assert.equal((await http.as(owner, 'PATCH', `/projects/${project.id}`, { name: 'No' })).body.code, 'project.archived')
  assert.equal((await http.as(owner, 'PATCH', `/projects/${project.id}`, { status: 'active', name: 'Again' })).body.name, 'Again')
  assert.equal((await http.as(owner, 'DELETE', `/projects/${project.id}`)).status, 204)
  for (const method of ['GET', 'DELETE'] as const) assert.equal((await http.as(owner, method, `/projects/${project.id}`)).body.code, 'project.not_found')
  assert.equal((await make(http, owner, { key: 'SITE' })).key, 'SITE', 'the keys of a deleted project are free')

  const events = await eventsOf(http)
  assert.deepEqual(events.map(({ name }) => name), ['project.created', 'project.changed', 'project.archived', 'project.changed', 'project.deleted', 'project.created'])
  assert.deepEqual(events[1]!.data, { projectId: project.id, fields: ['key', 'name', 'wip'], from: { key: 'WEB', name: 'Website', wip: 'warn' }, to: { key: 'SITE', name: 'Site', wip: 'block' } })
  assert.ok(events.every(({ subject }) => subject.type === 'project'))
})

test('a key belongs to one project, aliases included; without one it is made from the name', async (t) => {
  const http = await open(t)
  const owner = await http.person('owner')
  const first = await make(http, owner)
  await http.as(owner, 'PATCH', `/projects/${first.id}`, { key: 'NEW' })
  for (const key of ['WEB', 'NEW']) assert.equal((await http.as(owner, 'POST', '/projects', { key, name: 'x' })).body.code, 'project.key_taken')
  const second = await make(http, owner, { key: 'OTHER' })
  assert.equal((await http.as(owner, 'PATCH', `/projects/${second.id}`, { key: 'WEB' })).body.code, 'project.key_taken')
  assert.equal((await http.as(owner, 'PATCH', `/projects/${first.id}`, { key: 'WEB' })).body.key, 'WEB', 'its own former key comes back')
  const keys = []
  for (const name of ['Mobile App', 'Mobile App', 'Ärger', '7', '移动']) keys.push((await make(http, owner, { key: undefined, name })).key)
  assert.deepEqual(keys, ['MA', 'MA2', 'ARGER', 'PP', 'PP2'])
  const other = await http.person('owner')
  assert.equal((await make(http, other)).key, 'WEB', 'another tenant has keys of its own')
})

test('a project\'s values are judged by field', async (t) => {
  const http = await open(t)
  const owner = await http.person('owner')
  const project = await make(http, owner)
  const refused = async (body: unknown, path: string) => {
    const answer = await http.as(owner, 'PATCH', `/projects/${project.id}`, body)
    assert.deepEqual([answer.status, answer.body.errors?.[0]?.path], [422, path], JSON.stringify(body))
  }
  await refused({ key: 'a' }, '/key')
  await refused({ name: '   ' }, '/name')
  await refused({ columns: [] }, '/columns')
  await refused({ columns: [{ id: 'a', name: 'A', category: 'todo' }, { id: 'a', name: 'B', category: 'done' }] }, '/columns/1/id')
  await refused({ columns: [{ name: 'A', category: 'todo', wipLimit: 0 }] }, '/columns/0/wipLimit')
  await refused({ color: 'red' }, '/color')
})

test('lists are paged, filtered, and show what the caller sees', async (t) => {
  const http = await open(t)
  const owner = await http.person('owner')
  const member = await http.person('member', owner.tenant)
  for (let n = 0; n < 5; n++) await make(http, owner, { key: `P${n}`, name: `Project ${n}%`, visibility: n % 2 ? 'private' : 'open' })
  const page = await http.as(owner, 'GET', '/projects?limit=3')
  assert.deepEqual(page.body.items.map((p: Project) => p.key), ['P4', 'P3', 'P2'])
  const rest = await http.as(owner, 'GET', `/projects?limit=3&after=${page.body.next}`)
  assert.deepEqual([rest.body.items.map((p: Project) => p.key), rest.body.next], [['P1', 'P0'], null])
  assert.deepEqual((await http.as(member, 'GET', '/projects')).body.items.map((p: Project) => p.key), ['P4', 'P2', 'P0'])
  assert.deepEqual((await http.as(owner, 'GET', '/projects?q=3%25')).body.items.map((p: Project) => p.key), ['P3'])
  assert.deepEqual((await http.as(owner, 'GET', '/projects?status=archived')).body.items, [])
})

test('roles in open and private projects: who sees, who changes, who is told nothing', async (t) => {
  const http = await open(t)
  const owner = await http.person('owner')
  const { tenant } = owner
  const [admin, member, viewer] = [await http.person('admin', tenant), await http.person('member', tenant), await http.person('viewer', tenant)]
  const [manager, editor, looker] = [await http.person('member', tenant), await http.person('member', tenant), await http.person('member', tenant)]
  const stranger = await http.person('owner')
  for (const visibility of ['open', 'private'] as const) {
    const project = await make(http, owner, { key: visibility.slice(0, 4).toUpperCase(), visibility })
    for (const [person, role] of [[manager, 'manager'], [editor, 'editor'], [looker, 'viewer']] as const) {
      assert.equal((await http.as(owner, 'PUT', `/projects/${project.id}/members/${person.id}`, { role })).status, 200)
    }
    const seen = visibility === 'open'
    const expected: [Person, string | undefined, number, number][] = [ // role shown, reading, changing
      [owner, 'manager', 200, 200], [admin, 'manager', 200, 200], [manager, 'manager', 200, 200], [editor, 'editor', 200, 403], [looker, 'viewer', 200, 403],
      [member, seen ? 'editor' : undefined, seen ? 200 : 404, seen ? 403 : 404], [viewer, seen ? 'viewer' : undefined, seen ? 200 : 404, 403], [stranger, undefined, 404, 404],
    ]
    for (const [n, [person, role, reads, changes]] of expected.entries()) {
      const read = await http.as(person, 'GET', `/projects/${project.id}`)
      assert.deepEqual([read.status, read.body.role], [reads, role], `${visibility} ${n}`)
      assert.equal((await http.as(person, 'PATCH', `/projects/${project.id}`, { name: `by ${n}` })).status, changes, `${visibility} ${n}`)
      assert.equal((await http.as(person, 'GET', `/projects/${project.id}/members`)).status, reads)
      assert.equal((await http.as(person, 'GET', `/projects/${project.id}/members/${editor.id}`)).status, reads)
      if (changes !== 200) assert.equal((await http.as(person, 'DELETE', `/projects/${project.id}`)).status, changes)
      const listed = (await http.as(person, 'GET', '/projects')).body.items.some(({ id }: Project) => id === project.id)
      const inScope = await projectScope(http.kernel.app.context({ tenant: person.tenant, actor: { type: 'user', id: person.id }, role: person.role, request: 'test' }), project.id)
      assert.deepEqual([listed, inScope], [reads === 200, reads === 200], `list and scope agree with reading: ${visibility} ${n}`)
    }
  }
})

test('members are added, changed, listed by name and taken out; a role ends with the membership in the tenant', async (t) => {
  const http = await open(t)
  const owner = await http.person('owner')
  const ann = await http.person('member', owner.tenant, { name: 'Ann' })
  const project = await make(http, owner, { visibility: 'private' })
  const path = `/projects/${project.id}/members/${ann.id}`
  assert.deepEqual((await http.as(owner, 'PUT', path, { role: 'editor' })).body.name, 'Ann')
  const again = await http.as(owner, 'PUT', path, { role: 'viewer' })
  assert.deepEqual([again.body.role, again.body.version], ['viewer', 2])
  assert.deepEqual((await http.as(ann, 'GET', path)).body, again.body)
  assert.equal((await http.as(owner, 'PUT', path, { role: 'viewer' })).body.version, 2)
  const { body: list } = await http.as(ann, 'GET', `/projects/${project.id}/members?limit=1`)
  const { body: rest } = await http.as(ann, 'GET', `/projects/${project.id}/members?limit=1&after=${list.next}`)
  assert.deepEqual([...list.items, ...rest.items].map(({ userId }: { userId: string }) => userId).sort(), [owner.id, ann.id].sort())
  assert.equal((await http.as(owner, 'PUT', `/projects/${project.id}/members/${newId()}`, { role: 'viewer' })).body.code, 'member.not_found')
  assert.equal((await http.as(ann, 'PUT', path, { role: 'manager' })).status, 403)
  assert.equal((await http.as(ann, 'DELETE', path)).status, 204, 'everybody may leave')
  assert.equal((await http.as(owner, 'DELETE', path)).body.code, 'member.not_found')
  assert.equal((await http.as(ann, 'GET', `/projects/${project.id}`)).status, 404)
  assert.deepEqual((await eventsOf(http)).slice(1).map(({ name, subject, data }) => [name, subject.id, data.from ?? null]), [
    ['project-member.added', ann.id, null], ['project-member.changed', ann.id, 'editor'], ['project-member.removed', ann.id, 'viewer'],
  ])
})

test('a POST repeated with its Idempotency-Key makes one project', async (t) => {
  const http = await open(t)
  const owner = await http.person('owner')
  const send = () => http.as(owner, 'POST', '/projects', { name: 'Once' }, { 'idempotency-key': 'once' })
  const [first, second] = [await send(), await send()]
  assert.deepEqual([first.status, second.status, second.headers['idempotency-replayed'], second.body], [201, 201, 'true', first.body])
  assert.equal((await http.as(owner, 'GET', '/projects')).body.items.length, 1)
})
