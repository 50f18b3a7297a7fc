import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { testHttp, type TestHttp } from '../testing/http.ts'
import { only, refuse } from './errors.ts'
import { newId } from './ids.ts'
import { module } from './module.ts'
import { newest, idShape, page, parseCursor, timeShape } from './pages.ts'
import { checkVersion, get, patch, post, del, routes } from './route.ts'
import { ById, Id, listOf, Nullable, Page, Strict, Text, Time, Type, Version, type Static } from './schema.ts'
import { sql } from './sql.ts'

const extra = `create table notes (tenant_id uuid not null, id uuid not null, text text not null, level int not null default 0, version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now());
  select apply_tenancy('notes'); create index on notes (tenant_id, created_at desc, id desc);`
const Note = Type.Object({ id: Id, text: Text(1, 200), level: Type.Integer(), version: Version, createdAt: Time, updatedAt: Time }, { $id: 'Note' })
const columns = sql`id, text, level, version, created_at as "createdAt", updated_at as "updatedAt"`
const findNote = (id: string) => sql<Static<typeof Note>>`select ${columns} from notes where id = ${id}`
const lockNote = (id: string) => sql<Static<typeof Note>>`select ${columns} from notes where id = ${id} for update`
const insertNote = (id: string, text: string, level: number) => sql<Static<typeof Note>>`insert into notes (id, text, level) values (${id}, ${text}, ${level}) returning ${columns}`
const updateNote = (id: string, text: string) => sql<Static<typeof Note>>`update notes set text = ${text} where id = ${id} returning ${columns}`
const listNotes = (at: string, id: string, limit: number) => sql<Static<typeof Note>>`select ${columns} from notes where (created_at, id) < (${at}, ${id}) order by created_at desc, id desc limit ${limit}`

const notes = module({
  name: 'notes', about: 'Notes of the test.', permissions: { 'notes.write': 'member', 'notes.read': 'viewer' },
  routes: routes('notes', {
    get: get('/notes/:id', { summary: 'Get a note', permission: 'notes.read', params: ById, returns: Note, handle: async (ctx, { params }) => only((await ctx.read(findNote(params.id)))[0], 'note') }),
    list: get('/notes', { summary: 'List notes', permission: 'notes.read', query: Strict(Page), returns: listOf(Note, 'NoteList'), async handle(ctx, { query }) {
      const [at, id] = parseCursor(query.after, newest, [timeShape, idShape])
      return page((await ctx.read(listNotes(at!, id!, query.limit + 1)))[0], query.limit, (n) => [n.createdAt, n.id])
    } }),
    create: post('/notes', { summary: 'Create a note', permission: 'notes.write', status: 201, body: Strict({ text: Text(1, 200), level: Type.Optional(Type.Integer({ minimum: 0, maximum: 9 })) }), returns: Note, async handle(ctx, { body }) {
      const id = newId()
      const [[note]] = await ctx.change('probe.written', { subject: id, data: { n: 1 }, run: [insertNote(id, body.text, body.level ?? 0)] })
      return note!
    } }),
    update: patch('/notes/:id', { summary: 'Change a note', permission: 'notes.write', params: ById, body: Strict({ text: Text(1, 200), due: Type.Optional(Nullable(Time)) }), returns: Note, ifMatch: true, handle: (ctx, { params, body, ifMatch }) =>
      ctx.change('probe.written', async (tx) => {
        const note = only(await tx(lockNote(params.id)), 'note')
        checkVersion(note.version, ifMatch)
        const [changed] = await tx(updateNote(params.id, body.text))
        return { subject: note.id, data: { n: 2 }, result: changed! }
      }) }),
    drop: del('/notes/:id', { summary: 'Refuse to delete', params: ById, handle: async () => refuse('state.conflict', 'notes stay') }),
    crash: post('/notes/crash', { summary: 'Fail', idempotency: 'none', handle: async () => { throw new Error('secret detail') } }),
    optional: post('/notes/ping', { summary: 'Optional body', body: Type.Optional(Strict({ word: Type.String() })), returns: Strict({ word: Type.String() }), handle: async (_ctx, { body }) => ({ word: body?.word ?? 'none' }) }),
    few: get('/notes/few', { summary: 'Twice a minute', permission: 'notes.write', limit: { name: 'few', limit: { max: 2, windowMs: 60_000 } }, returns: Strict({ ok: Type.Boolean() }), handle: async () => ({ ok: true }) }),
    platform: get('/platform', { summary: 'Operators only', access: 'operator', returns: Strict({ ok: Type.Boolean() }), handle: async () => ({ ok: true }) }),
  }),
})
const start = (t: TestContext, limits = false): Promise<TestHttp> => testHttp(t, { modules: () => [notes], groups: [], extra, limits })

test('a created thing comes with 201, Location, ETag and its version, and is there', async (t) => {
  const http = await start(t)
  const ada = await http.person('member')
  const made = await http.as(ada, 'POST', '/notes', { text: 'one' })
  assert.equal(made.status, 201)
  assert.equal(made.headers.location, `/api/v1/notes/${made.body.id}`)
  assert.equal(made.headers.etag, '"1"')
  const read = await http.as(ada, 'GET', `/notes/${made.body.id}`)
  assert.deepEqual(read.body, made.body)
  assert.equal((await http.as(await http.person('owner'), 'GET', `/notes/${made.body.id}`)).status, 404)
})

test('checks come in their order: authentication, tenant, permission, then validation', async (t) => {
  const http = await start(t)
  const viewer = await http.person('viewer')
  const bad = { text: 7, unknown: 1 }
  assert.equal((await http.as(undefined, 'POST', '/notes', bad)).status, 401)
  assert.equal((await http.as({ ...viewer, token: 'stranger' }, 'POST', '/notes', bad)).body.code, 'auth.token_refused')
  assert.equal((await http.as(viewer, 'POST', '/notes', bad, { 'org-id': newId() })).body.code, 'tenant.not_found')
  const other = await http.person('member')
  assert.equal((await http.as(viewer, 'POST', '/notes', bad, { 'org-id': other.tenant })).body.code, 'tenant.mismatch')
  assert.equal((await http.as(viewer, 'POST', `/t/${other.tenant}/api/v1/notes`, bad, { 'org-id': viewer.tenant })).body.code, 'tenant.conflict')
  assert.equal((await http.as(viewer, 'POST', '/notes', bad)).status, 403)
  assert.equal((await http.as(other, 'POST', '/notes', bad)).status, 422)
  assert.equal((await http.as(other, 'GET', '/platform')).body.code, 'operator.required')
  assert.equal((await http.as(await http.person('viewer', undefined, { operator: true }), 'GET', '/platform')).status, 200)
})

test('a wrong value is 422 and names its field; nothing is coerced, dropped or written', async (t) => {
  const http = await start(t)
  const ada = await http.person('member')
  const cases: [unknown, string][] = [
    [{}, '/text'], [{ text: null }, '/text'], [{ text: 7 }, '/text'], [{ text: '' }, '/text'], [{ text: 'x'.repeat(201) }, '/text'], [{ text: 'x', extra: 1 }, '/extra'], [{ text: 'x', level: '3' }, '/level'],
    [{ text: 'x', level: 1.5 }, '/level'], [{ text: 'x', level: 1e300 }, '/level'], ['{"text":"a\\u0000b"}', '/text'], ['{"text":"a\\ud800"}', '/text'], [[], '/'], ['"text"', '/'],
  ]
  for (const [body, path] of cases) {
    const answer = await http.as(ada, 'POST', '/notes', body)
    assert.deepEqual([answer.status, answer.body.errors?.[0]?.path, answer.body.code], [422, path, 'request.invalid'], JSON.stringify(body))
    assert.equal(answer.headers['content-type'], 'application/problem+json')
  }
  assert.equal((await http.as(ada, 'GET', '/notes/not-an-id')).body.errors[0].path, '/id')
  assert.equal((await http.as(ada, 'GET', '/notes?limit=0')).body.errors[0].path, '/limit')
  assert.equal((await http.as(ada, 'GET', '/notes?unknown=1')).body.errors[0].path, '/unknown')
  assert.equal((await http.as(ada, 'GET', '/notes?after=nonsense')).body.code, 'cursor.invalid')
  assert.equal((await http.as(ada, 'GET', '/notes?after=a%00b')).status, 422)
  assert.equal((await http.as(ada, 'POST', '/notes', '{"text":')).status, 400)
  assert.equal((await http.as(ada, 'POST', '/notes', '{"__proto__":{"x":1},"text":"a"}')).status, 400)
  assert.equal((await http.as(ada, 'POST', '/notes', 'text=a', { 'content-type': 'application/x-www-form-urlencoded' })).status, 415)
  assert.equal((await http.as(ada, 'POST', '/notes', JSON.stringify({ text: 'x'.repeat(1_100_000) }))).status, 413)
  assert.equal((await http.as(ada, 'POST', '/notes', '['.repeat(100_000) + ']'.repeat(100_000))).status, 422)
  assert.equal((await http.as(ada, 'GET', '/notes/%')).status, 400)
  assert.equal((await http.as(ada, 'GET', '/nowhere')).body.code, 'not_found')
  assert.deepEqual((await http.as(ada, 'GET', '/notes')).body, { items: [], next: null })
})

test('a body may be left out where it is optional', async (t) => {
  const http = await start(t)
  const ada = await http.person('member')
  assert.equal((await http.as(ada, 'POST', '/notes/ping')).body.word, 'none')
  assert.equal((await http.as(ada, 'POST', '/notes/ping', { word: 'hi' })).body.word, 'hi')
  assert.equal((await http.as(ada, 'POST', '/notes/ping', {})).body.errors[0].path, '/word')
})

test('pages are stable and complete, also over rows of one instant', async (t) => {
  const http = await start(t)
  const ada = await http.person('member')
  await http.kernel.app.transact(http.kernel.who({ tenant: ada.tenant }), (tx) => tx(sql`insert into notes (id, text) select uuid7(), 'n' || g from generate_series(1, 23) g`))
  const seen: string[] = []
  for (let after: string | null = null, pages = 0; pages < 10; pages++) {
    const { body } = await http.as(ada, 'GET', `/notes?limit=5${after ? `&after=${after}` : ''}`)
    seen.push(...body.items.map((n: { id: string }) => n.id))
    if (pages === 1) await http.as(ada, 'POST', '/notes', { text: 'new meanwhile' })
    after = body.next
    if (!after) break
  }
  assert.equal(seen.length, 23)
  assert.equal(new Set(seen).size, 23)
})

test('If-Match refuses an old version with the current ETag, also under racing patches', async (t) => {
  const http = await start(t)
  const ada = await http.person('member')
  const { body: note } = await http.as(ada, 'POST', '/notes', { text: 'one' })
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => http.as(ada, 'PATCH', `/notes/${note.id}`, { text: `t${i}` }, { 'if-match': '"1"' })))
  assert.equal(answers.filter((a) => a.status === 200).length, 1)
  const refused = answers.find((a) => a.status !== 200)!
  assert.deepEqual([refused.status, refused.headers.etag, refused.body.code], [412, '"2"', 'version.conflict'])
  assert.equal((await http.as(ada, 'PATCH', `/notes/${note.id}`, { text: 'weak' }, { 'if-match': 'W/"2"' })).status, 200)
  assert.equal((await http.as(ada, 'PATCH', `/notes/${note.id}`, { text: 'any' })).status, 200)
  assert.equal((await http.as(ada, 'PATCH', `/notes/${note.id}`, { text: 'x' }, { 'if-match': '"nonsense"' })).status, 412)
  assert.equal((await http.as(ada, 'PATCH', `/notes/${note.id}`, { text: 'merge' }, { 'content-type': 'application/merge-patch+json' })).status, 200)
})

test('the same Idempotency-Key does the work once and answers the same, ten at once', async (t) => {
  const http = await start(t)
  const ada = await http.person('member')
  const key = { 'idempotency-key': newId() }
  const answers = await Promise.all(Array.from({ length: 10 }, () => http.as(ada, 'POST', '/notes', { text: 'once' }, key)))
  assert.deepEqual(new Set(answers.map((a) => a.status)), new Set([201]))
  assert.equal(new Set(answers.map((a) => a.body.id)).size, 1)
  assert.equal(answers.filter((a) => a.headers['idempotency-replayed'] === 'true').length, 9)
  assert.equal(answers.at(-1)!.headers.etag, '"1"')
  assert.equal((await http.as(ada, 'GET', '/notes')).body.items.length, 1)
  assert.equal((await http.as(ada, 'POST', '/notes', { text: 'other' }, key)).body.code, 'idempotency.mismatch')
  assert.equal((await http.as(await http.person('member', ada.tenant), 'POST', '/notes', { text: 'once' }, key)).headers['idempotency-replayed'], undefined)
  assert.equal((await http.as(ada, 'POST', '/notes', { text: 1 }, { 'idempotency-key': 'refused' })).status, 422)
  assert.equal((await http.as(ada, 'POST', '/notes', { text: 'mended' }, { 'idempotency-key': 'refused' })).status, 201)
})

test('a defect answers 500 without detail and the server goes on', async (t) => {
  const http = await start(t)
  const ada = await http.person('member')
  const answer = await http.as(ada, 'POST', '/notes/crash')
  assert.equal(answer.status, 500)
  assert.ok(!JSON.stringify(answer.body).includes('secret'))
  assert.match(answer.body.requestId, /./)
  assert.equal((await http.as(ada, 'DELETE', `/notes/${newId()}`)).body.code, 'state.conflict')
})

test('a request id that is given is taken, echoed and written into the event; what cannot be one is replaced (S0.15)', async (t) => {
  const http = await start(t)
  const ada = await http.person('member')
  const write = async (given: string) => {
    const made = await http.as(ada, 'POST', '/notes', { text: 'one' }, { 'x-request-id': given })
    const [event] = (await http.kernel.system.pool.query('select request_id from events where subject_id = $1', [made.body.id])).rows
    assert.equal(event.request_id, made.headers['x-request-id'])
    return made.headers['x-request-id']
  }
  for (const given of ['7', 'abc-123', 'Root=1-5e1b4151/a.b:c+d', 'x'.repeat(128)]) assert.equal(await write(given), given)
  for (const given of ['two words', 'a"b', 'x'.repeat(129), '<b>']) assert.match(String(await write(given)), /^[0-9a-f-]{36}$/, given)
})

test('CORS answers preflights of named origins only, and lets them read answers and refusals (S1.2)', async (t) => {
  const http = await start(t)
  const preflight = (origin: string) => http.as(undefined, 'OPTIONS', '/notes', undefined, { origin, 'access-control-request-method': 'POST' })
  const good = await preflight('http://app.test')
  assert.deepEqual([good.status, good.headers['access-control-allow-origin'], good.headers['access-control-allow-credentials']], [204, 'http://app.test', 'true'])
  assert.match(String(good.headers['access-control-allow-headers']), /org-id/)
  assert.equal((await preflight('http://evil.test')).headers['access-control-allow-origin'], undefined)
  // the answer itself: readable by the named origin with what it must know, by no other, and never kept for one by the other
  const ada = await http.person('member')
  const read = (origin?: string) => http.as(ada, 'GET', '/notes', undefined, origin ? { origin } : {})
  const [named, other, none] = [await read('http://app.test'), await read('http://evil.test'), await read()]
  assert.deepEqual([named.status, named.headers['access-control-allow-origin'], named.headers['access-control-allow-credentials'], named.headers.vary], [200, 'http://app.test', 'true', 'origin'])
  for (const header of ['etag', 'retry-after', 'x-request-id', 'ratelimit', 'idempotency-replayed']) assert.match(String(named.headers['access-control-expose-headers']), new RegExp(`(^|, )${header}(,|$)`))
  assert.deepEqual([other.headers['access-control-allow-origin'], other.headers.vary, none.headers['access-control-allow-origin']], [undefined, 'origin', undefined])
  const refused = await http.as(undefined, 'GET', '/notes', undefined, { origin: 'http://app.test' })
  assert.deepEqual([refused.status, refused.headers['access-control-allow-origin']], [401, 'http://app.test'], 'refusals can be read too')
})

test('limits are told in headers and refuse with Retry-After', async (t) => {
  const http = await start(t, true)
  const ada = await http.person('member')
  const answer = await http.as(ada, 'GET', '/notes')
  assert.match(String(answer.headers.ratelimit), /^"default";r=\d+;t=\d+$/)
  assert.match(String(answer.headers['ratelimit-policy']), /^"default";q=6000;w=60$/)
  const few = (who = ada) => http.as(who, 'GET', '/notes/few')
  const left = async (who = ada) => (({ status, headers }) => [status, /;r=(\d+);/.exec(String(headers.ratelimit))?.[1]])(await few(who))
  assert.deepEqual([await left(), await left()], [[200, '1'], [200, '0']])
  const refused = await few()
  assert.deepEqual([refused.status, refused.body.code, refused.headers['content-type']], [429, 'rate.limited', 'application/problem+json'])
  const wait = Number(refused.headers['retry-after'])
  assert.ok(wait >= 1 && wait <= 120 && refused.body.detail.includes(`${wait} s`), String(wait))
  assert.deepEqual(await left(await http.person('member', ada.tenant)), [200, '1'], 'another person has a count of their own')
  const viewer = await http.person('viewer', ada.tenant)
  assert.deepEqual([(await few(viewer)).status, (await few(viewer)).status, (await few(viewer)).status], [403, 403, 429], 'before the permission')
})

test('a token with scopes opens only what they stand for, after the role; a person\'s own session opens all (S2.2)', async (t) => {
  const http = await start(t)
  const tenant = newId()
  const admin = await http.person('admin', tenant, { operator: true })
  const { body: note } = await http.as(admin, 'POST', '/notes', { text: 'one' })
  const with_ = (...scopes: string[]) => http.person('admin', tenant, { scopes, operator: true })
  const codes = async (person: Awaited<ReturnType<typeof with_>>) => {
    const answers = [await http.as(person, 'GET', `/notes/${note.id}`), await http.as(person, 'POST', '/notes', { text: 'two' }), await http.as(person, 'GET', '/platform')]
    return answers.map(({ status, body, headers }) => (status < 300 ? 'done' : `${status} ${body.code} ${/scope="(.*)"/.exec(String(headers['www-authenticate']))?.[1]}`))
  }
  const lacks = (scope: string) => `403 scope.denied ${scope}`
  assert.deepEqual(await codes(admin), ['done', 'done', 'done'])
  assert.deepEqual(await codes(await with_('read')), ['done', lacks('write'), lacks('admin')])
  assert.deepEqual(await codes(await with_('write')), [lacks('read'), 'done', lacks('admin')])
  assert.deepEqual(await codes(await with_('admin')), [lacks('read'), lacks('write'), 'done'])
  assert.deepEqual(await codes(await with_()), [lacks('read'), lacks('write'), lacks('admin')])
  assert.deepEqual(await codes(await http.person('admin', tenant, { scopes: ['triage'], permissions: ['notes.write'] })), [lacks('read'), 'done', '403 operator.required undefined'])
  const low = await http.as(await http.person('viewer', tenant, { scopes: ['read'] }), 'POST', '/notes', { text: 7 })
  assert.deepEqual([low.body.code, low.headers['www-authenticate']], ['permission.denied', undefined], 'the role is judged first')
  assert.equal((await http.as(await with_('read'), 'POST', '/notes', { text: 7 })).body.code, 'scope.denied', 'before validation')
})
