import assert from 'node:assert/strict'
import http from 'node:http'
import net from 'node:net'
import { test, type TestContext } from 'node:test'
import type { ServerFrame } from '../../../client/frames.ts'
import { createSplitter } from '../../../client/sse.ts'
import { newId } from '../../kernel/ids.ts'
import { testKernel } from '../../testing/kernel.ts'
import { boardEvents, createGuests, openLiveServer, type Guest } from '../../testing/live.ts'

async function stage(t: TestContext) {
  const kernel = await testKernel(t, { groups: [boardEvents] })
  const guests = createGuests()
  const server = await openLiveServer(t, kernel, guests, { heartbeatMs: 50 })
  const move = (by: Guest, n: number, boardId = newId()) =>
    kernel.app.context(kernel.who({ tenant: by.tenant! })).change('card.moved', { subject: newId(), data: { boardId, cardId: null, n, title: `Zug ${n}\n` }, run: [] })
  /** The raw text beside the frames, since ids stand outside of them. */
  const listen = async (query: string, headers: Record<string, string>) => {
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => http.get(`${server.http}${query}`, { agent: false, headers }, resolve).on('error', reject))
    t.after(() => response.destroy())
    const heard = { response, text: '', frames: [] as ServerFrame[], ended: false }
    const split = createSplitter((data) => heard.frames.push(JSON.parse(data) as ServerFrame))
    response.setEncoding('utf8').on('data', (chunk: string) => {
      heard.text += chunk
      if (response.statusCode === 200) split(chunk)
    }).on('error', () => {}).on('close', () => (heard.ended = true))
    return heard
  }
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return { guests, server, move, listen, until }
}
const numbers = (frames: ServerFrame[]) => frames.flatMap((f) => (f.type === 'event' ? [f.event.data.n] : []))

test('the stream carries the frames as data and their cursors as ids, and resumes by Last-Event-ID', async (t) => {
  const { guests, move, listen, until } = await stage(t)
  const [ann, hidden] = [guests.invite(), newId()]
  guests.hidden.add(hidden)
  const authorization = `Bearer ${ann.token}`
  const first = await listen(`?topics=tenant,board:${hidden}`, { authorization, origin: 'http://app.test' })
  const { headers, statusCode } = first.response
  assert.deepEqual([statusCode, headers['content-type'], headers['cache-control'], headers['x-accel-buffering'], headers['x-content-type-options'], headers['access-control-allow-origin']],
    [200, 'text/event-stream; charset=utf-8', 'no-store, no-transform', 'no', 'nosniff', 'http://app.test'])
  assert.match(String(headers['x-request-id']), /./)
  await until(() => first.frames.length > 1)
  await move(ann, 1)
  await until(() => numbers(first.frames).length === 1)
  assert.deepEqual(first.frames.slice(0, 2).map((f) => f.type), ['refused', 'ready'])
  await until(() => first.frames.some((f) => f.type === 'heartbeat'))
  const withCursor = first.frames.flatMap((f) => ('cursor' in f ? [f.cursor] : []))
  assert.deepEqual([...first.text.matchAll(/^id: (.*)$/gm)].map((m) => m[1]), withCursor)
  assert.equal(/^event:/m.test(first.text), false)
  first.response.destroy()
  await move(ann, 2)
  const second = await listen('?topics=tenant', { authorization, 'last-event-id': withCursor.at(-1)! })
  await move(ann, 3)
  await until(() => numbers(second.frames).length === 2)
  assert.deepEqual(numbers(second.frames), [2, 3])
  assert.equal((second.frames[0] as { prev?: string }).prev, withCursor.at(-1))
})

test('who may not listen, or asks wrongly, gets a problem; HEAD is not there', async (t) => {
  const { guests, server } = await stage(t)
  const ann = guests.invite()
  const ask = async (query: string, headers: Record<string, string> = { authorization: `Bearer ${ann.token}` }) => {
    const answer = await fetch(server.http + query, { headers })
    return [answer.status, ((await answer.json()) as { code: string }).code]
  }
  assert.deepEqual(await ask('?topics=tenant', {}), [401, 'auth.required'])
  assert.deepEqual(await ask('?topics=tenant', { authorization: 'Bearer nothing' }), [401, 'auth.token_refused'])
  assert.deepEqual(await ask(''), [422, 'request.invalid'])
  assert.deepEqual(await ask('?topics='), [422, 'request.invalid'])
  assert.deepEqual(await ask('?topics=tenant&token=x'), [422, 'request.invalid'])
  assert.deepEqual(await ask(`?topics=${Array.from({ length: 101 }, () => `board:${newId()}`).join(',')}`), [422, 'request.invalid'])
  assert.deepEqual(await ask('?topics=tenant', { authorization: `Bearer ${ann.token}`, 'org-id': guests.invite().tenant! }), [403, 'tenant.mismatch'])
  const loose = guests.invite({ tenant: null })
  assert.deepEqual(await ask('?topics=tenant', { authorization: `Bearer ${loose.token}`, 'org-id': ann.tenant! }), [404, 'tenant.not_found'])
  assert.equal((await fetch(`${server.http}?topics=tenant`, { method: 'HEAD', headers: { authorization: `Bearer ${ann.token}` } })).status, 404)
})

test('a token that ends, a membership that ends and a server that closes end the stream', async (t) => {
  const { guests, server, listen, until } = await stage(t)
  const [soon, stays] = [guests.invite({ expiresAt: Date.now() + 1200 }), guests.invite()]
  const [a, b] = await Promise.all([soon, stays].map((guest) => listen('?topics=tenant', { authorization: `Bearer ${guest.token}` })))
  await until(() => a!.ended)
  assert.equal(b!.ended, false)
  await server.close()
  await until(() => b!.ended)
})

test('a server that closes while clients abort, connect and reconnect needs to cut nothing', async (t) => {
  const { guests, server, move, listen, until } = await stage(t)
  const ann = guests.invite()
  const authorization = `Bearer ${ann.token}`
  const streams = await Promise.all(Array.from({ length: 30 }, () => listen('?topics=tenant', { authorization })))
  await until(() => server.size() === 30)
  const text = `GET /api/v1/live?topics=tenant HTTP/1.1\r\nhost: localhost\r\nauthorization: ${authorization}\r\n\r\n`
  const begun = ['', 'GET /api/v1/li', text, text].map((said) => {
    const socket = net.connect({ port: Number(new URL(server.origin).port), host: '127.0.0.1' }).on('error', () => {})
    t.after(() => socket.destroy())
    socket.write(said)
    return socket
  })
  await until(() => server.connections.size === 34 && server.size() === 32)
  const moves = Array.from({ length: 10 }, (_, n) => move(ann, n))
  const closing = server.close()
  for (const { response } of streams.slice(0, 20)) response.destroy()
  begun[3]!.destroy()
  assert.equal(await closing, 0)
  await Promise.all(moves)
  assert.equal(server.connections.size, 0)
})
