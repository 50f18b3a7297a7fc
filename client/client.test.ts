import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { connect, each } from './client.ts'
import { ApiProblem } from './problem.ts'
import { fillPath, queryOf, type Input } from './request.ts'
import { inMemory, type TokenStore } from './tokens.ts'

const table = {
  tasks: { get: { method: 'GET', path: '/api/v1/tasks/{id}' }, create: { method: 'POST', path: '/api/v1/tasks' }, list: { method: 'GET', path: '/api/v1/tasks' } },
  auth: { login: { method: 'POST', path: '/api/v1/auth/login', public: true as const } },
}
type Calls = Record<string, Record<string, (input?: Input & Record<string, unknown>) => Promise<unknown>>>
type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string }

async function serve(t: TestContext, answer: (seen: Seen, response: ServerResponse) => void) {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const one = { method: request.method!, url: request.url!, headers: request.headers, body }
    seen.push(one)
    answer(one, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))))
  return { seen, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}
const json = (response: ServerResponse, status: number, body: unknown, headers = {}) =>
  void response.writeHead(status, { 'content-type': status < 400 ? 'application/json; charset=utf-8' : 'application/problem+json', ...headers }).end(JSON.stringify(body))

test('a call fills path and query, sends its headers and gives the body', async (t) => {
  const { seen, baseUrl } = await serve(t, (_, response) => json(response, 201, { id: 'x' }))
  const client = connect(table, { baseUrl, tenant: 'acme', tokens: { store: inMemory({ accessToken: 'gw_key' }) } })
  const tasks = (client as unknown as Calls).tasks!
  assert.deepEqual(await tasks.create!({ body: { title: 'é' }, idempotencyKey: 'k', ifMatch: 3, query: { a: ['1', 'x y'], gone: undefined } }), { id: 'x' })
  await tasks.get!({ id: 'a/b', accept: 'text/csv' })
  const { headers, ...first } = seen[0]!
  assert.deepEqual(first, { method: 'POST', url: '/api/v1/tasks?a=1&a=x%20y', body: '{"title":"é"}' })
  assert.deepEqual([headers.authorization, headers['org-id'], headers['idempotency-key'], headers['if-match']], ['Bearer gw_key', 'acme', 'k', '"3"'])
  assert.deepEqual([seen[1]!.url, seen[1]!.headers.accept, seen[1]!.headers['content-type']], ['/api/v1/tasks/a%2Fb', 'text/csv', undefined])
  assert.throws(() => fillPath('/tasks/{id}', {}), /needs `id`/)
  assert.equal(queryOf({}), '')
})

test('a refusal is an ApiProblem with everything the document says', async (t) => {
  const document = { status: 422, code: 'request.invalid', title: 'A value is wrong', detail: 'body/title: too long', requestId: 'r1', errors: [{ in: 'body', path: '/title', message: 'too long' }], limit: 5 }
  const { baseUrl } = await serve(t, (_, response) => json(response, 422, document, { 'retry-after': '7' }))
  const failure = await (connect(table, { baseUrl }) as unknown as Calls).tasks!.create!({ body: {} }).catch((error: unknown) => error)
  assert.ok(failure instanceof ApiProblem)
  assert.deepEqual([failure.status, failure.code, failure.message, failure.requestId, failure.retryAfter, failure.messageOf('/title'), failure.document['limit']], [422, 'request.invalid', 'body/title: too long', 'r1', 7, 'too long', 5])
})

test('a proxy\'s error page and an unreachable server are ApiProblems too', async (t) => {
  const { baseUrl } = await serve(t, (_, response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'))
  await assert.rejects((connect(table, { baseUrl }) as unknown as Calls).tasks!.create!(), { status: 502, code: 'http.502' })
  await assert.rejects((connect(table, { baseUrl: 'http://127.0.0.1:1' }) as unknown as Calls).tasks!.create!(), { status: 0, code: 'network.unreachable' })
  const stop = AbortSignal.abort()
  await assert.rejects((connect(table, { baseUrl }) as unknown as Calls).tasks!.create!({ signal: stop }), { name: 'AbortError' })
})

test('a write with a key is repeated under the same key, one without is not', async (t) => {
  let left = 1
  const { seen, baseUrl } = await serve(t, (_, response) => (left-- > 0 ? void response.destroy() : json(response, 201, {})))
  const tasks = (connect(table, { baseUrl }) as unknown as Calls).tasks!
  await tasks.create!({ body: {}, idempotencyKey: 'same' })
  assert.deepEqual(seen.map(({ headers }) => headers['idempotency-key']), ['same', 'same'])
  left = 1
  await assert.rejects(tasks.create!({ body: {} }), { code: 'network.unreachable' })
  assert.equal(seen.length, 3)
})

/** Accepts only the newest access token; each refresh token works once. */
async function serveTokens(t: TestContext, races = 0) {
  let generation = 1
  const served = await serve(t, ({ url, headers, body }, response) => {
    if (url.endsWith('/auth/refresh')) {
      if (races-- > 0) return json(response, 409, { code: 'auth.refresh_raced' })
      const given = (JSON.parse(body) as { refreshToken?: string }).refreshToken ?? headers.cookie
      if (given !== `r${generation}`) return json(response, 401, { code: 'auth.refresh_refused' })
      generation++
      return setTimeout(() => json(response, 200, { accessToken: `a${generation}`, refreshToken: `r${generation}` }), 20) as unknown as void
    }
    if (headers.authorization === `Bearer a${generation}`) return json(response, 200, { ok: true })
    json(response, 401, { code: 'auth.token_refused' })
  })
  return { ...served, refreshes: () => served.seen.filter(({ url }) => url.endsWith('/refresh')).length, end: () => (generation += 10) }
}

test('eight calls with an ended token share one refresh, and all succeed', async (t) => {
  const { baseUrl, refreshes } = await serveTokens(t)
  const store = inMemory({ accessToken: 'a0', refreshToken: 'r1' })
  const client = connect(table, { baseUrl, tokens: { store } })
  const answers = await Promise.all(Array.from({ length: 8 }, () => (client as unknown as Calls).tasks!.get!({ id: '1' })))
  assert.deepEqual(answers, Array.from({ length: 8 }, () => ({ ok: true })))
  assert.equal(refreshes(), 1)
  assert.deepEqual(await store.read(), { accessToken: 'a2', refreshToken: 'r2' })
})

test('a session that is over ends in 401, an empty store and one word to the application', async (t) => {
  const { baseUrl, end, refreshes } = await serveTokens(t)
  let told = 0
  const client = connect(table, { baseUrl, tokens: { store: inMemory({ accessToken: 'a1', refreshToken: 'r1' }), onSignedOut: () => told++ } })
  end()
  await assert.rejects((client as unknown as Calls).tasks!.get!({ id: '1' }), { status: 401, code: 'auth.token_refused' })
  await assert.rejects((client as unknown as Calls).tasks!.get!({ id: '1' }), { status: 401 })
  assert.deepEqual([told, refreshes(), await client.tokens.read()], [1, 1, null])
})

test('a refresh lost to another tab takes what the other stored', async (t) => {
  const { baseUrl, refreshes } = await serveTokens(t, 1)
  let pair: Parameters<TokenStore['write']>[0] = { accessToken: 'a0', refreshToken: 'r1' }
  const store: TokenStore = { read: () => pair, write: (next) => void (pair = next) }
  const client = connect(table, { baseUrl, tokens: { store } })
  const call = (client as unknown as Calls).tasks!.get!({ id: '1' })
  while (refreshes() < 1) await new Promise((resolve) => setTimeout(resolve, 2))
  pair = { accessToken: 'a1', refreshToken: 'r1' }
  assert.deepEqual(await call, { ok: true })
  assert.equal(refreshes(), 1)
})

test('with the refresh token in a cookie, this code neither sends nor keeps one', async (t) => {
  const { baseUrl, seen } = await serveTokens(t)
  const client = connect(table, { baseUrl, tokens: { cookie: true }, fetch: (url, init) => fetch(url, { ...init, headers: { ...init?.headers, cookie: 'r1' } } as RequestInit) })
  assert.deepEqual(await (client as unknown as Calls).tasks!.get!({ id: '1' }), { ok: true })
  assert.deepEqual([seen[0]!.body, await client.tokens.read()], ['{}', { accessToken: 'a2' }])
  await client.tokens.keep({ accessToken: 'a', refreshToken: 'secret' })
  assert.deepEqual(await client.tokens.read(), { accessToken: 'a' })
})

test('a public operation carries no token and is never refreshed', async (t) => {
  const { baseUrl, seen } = await serveTokens(t)
  const client = connect(table, { baseUrl, tokens: { store: inMemory({ accessToken: 'a0', refreshToken: 'r1' }) } })
  await assert.rejects((client as unknown as Calls).auth!.login!({ body: {} }), { status: 401 })
  assert.deepEqual(seen.map(({ headers }) => headers.authorization), [undefined])
})

test('a token about to end is refreshed before it is used', async (t) => {
  const { baseUrl, seen } = await serveTokens(t)
  const ending = `x.${btoa(JSON.stringify({ exp: Date.now() / 1000 + 1 }))}.x`
  const client = connect(table, { baseUrl, tokens: { store: inMemory({ accessToken: ending, refreshToken: 'r1' }) } })
  assert.deepEqual(await (client as unknown as Calls).tasks!.get!({ id: '1' }), { ok: true })
  assert.equal(seen.length, 2)
})

test('a list is walked to its end, page by page', async () => {
  const pages: Record<string, { items: number[]; next: string | null }> = { start: { items: [1, 2], next: 'b' }, b: { items: [], next: 'c' }, c: { items: [3], next: null } }
  const items = await Array.fromAsync(each(async ({ after }) => pages[after ?? 'start']!))
  assert.deepEqual(items, [1, 2, 3])
})

test('the answer of a login is kept as it is, a null refresh token as none', async () => {
  const client = connect(table, { baseUrl: '' })
  await client.tokens.keep({ accessToken: 'a', refreshToken: null })
  assert.deepEqual(await client.tokens.read(), { accessToken: 'a' })
  await assert.rejects(client.tokens.get(true), { status: 401, code: 'auth.required' })
})
