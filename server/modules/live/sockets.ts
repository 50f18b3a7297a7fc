// The live stream over WebSocket (RFC 6455): the first frame is the client's hello, so that no token stands in a URL.
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import { pathHint, type Hinting } from '../../kernel/doors.ts'
import type { From } from '../../kernel/http.ts'
import { Ended, type Hub } from './hub.ts'
import type { Stream, Wire } from './subscription.ts'
import { maxTopics } from './topics.ts'

const mostBytes = 16 << 10
const mostWaiting = 100 // frames of one client that wait for their turn
const farewellMs = 1000

type ClientFrame = { type: 'hello'; token: string; after?: string; topics: string[] } | { type: 'subscribe' | 'unsubscribe'; topics: string[] } | { type: 'token'; token: string }

/** @throws Ended 4400. Fields it does not know are let through. */
export function readClientFrame(text: string): ClientFrame {
  const bad = (why: string): never => {
    throw new Ended(4400, why)
  }
  let frame: { type?: unknown; token?: unknown; after?: unknown; topics?: unknown } | null = null
  try {
    frame = JSON.parse(text)
  } catch {
    bad('no JSON')
  }
  if (typeof frame !== 'object' || frame === null) return bad('no object')
  const { type, token, after, topics } = frame
  if (!['hello', 'subscribe', 'unsubscribe', 'token'].includes(type as string)) bad('unknown type')
  if ((type === 'hello' || type === 'token') && typeof token !== 'string') bad('token must be a string')
  if (type === 'hello' && after !== undefined && after !== null && typeof after !== 'string') bad('after must be a cursor')
  if (type !== 'token') {
    if (!Array.isArray(topics) || !topics.every((topic) => typeof topic === 'string')) return bad('topics must be a list of strings')
    if (topics.length > maxTopics) bad(`at most ${maxTopics} topics`)
  }
  return { ...frame, after: after ?? undefined } as ClientFrame
}

export type SocketOptions = {
  /** whether a page of this origin may connect; asked only when the client names one */
  allows(origin: string, host: string): boolean | Promise<boolean>
  /** the client's address, behind trusted proxies too */
  addressOf(req: IncomingMessage): string
  /** the host a request is for, as a trusted proxy says it or as it came */
  hostOf(req: IncomingMessage): string
  helloMs?: number
}
/** `/live`, and with the tenant in the path `/t/{slug}/live`. @returns sends those away that the hub does not know yet */
export function mountSockets(server: Server, hub: Hub, { allows, addressOf, hostOf, helloMs = 5000 }: SocketOptions): () => void {
  // a little above our own limit, so that a frame too large is answered by our own code
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 4 * mostBytes })

  server.on('upgrade', async (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {})
    const at = /^(?:\/t\/([^/]+))?\/live$/.exec(req.url?.split('?')[0] ?? '')
    if (!at) return turnAway(socket, 404, 'Not Found')
    if (hub.isDraining()) return turnAway(socket, 503, 'Service Unavailable')
    const { origin } = req.headers
    const host = hostOf(req)
    if (origin !== undefined && !(await Promise.resolve(allows(origin, host)).catch(() => false))) return turnAway(socket, 403, 'Forbidden')
    if (socket.destroyed) return
    const hinting: Hinting = { host, headers: { ...req.headers, [pathHint]: at[1] } }
    sockets.handleUpgrade(req, socket, head, (ws) => converse(ws, socket, hub, helloMs, { ip: addressOf(req) }, hinting))
  })
  return () => {
    for (const ws of sockets.clients) if (ws.readyState === ws.OPEN) ws.close(1001, 'going away: reconnect now')
    setTimeout(() => sockets.clients.forEach((ws) => ws.terminate()), farewellMs).unref()
  }
}

function turnAway(socket: Duplex, status: number, title: string): void {
  socket.end(`HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Length: 0\r\nX-Content-Type-Options: nosniff\r\n\r\n`)
}

function converse(ws: WebSocket, socket: Duplex, hub: Hub, helloMs: number, from: From, hinting: Hinting): void {
  const wire = wireOf(ws, socket)
  let stream: Stream | undefined
  let gone = false
  let waiting = 0
  let turn: Promise<unknown> = Promise.resolve()
  const silence = setTimeout(() => end(4408, 'no hello came'), helloMs)
  const end = (code: number, reason: string) => {
    gone = true
    clearTimeout(silence)
    if (stream) stream.close(code, reason)
    else wire.close(code, reason)
  }

  const take = async (frame: ClientFrame): Promise<void> => {
    if (gone || stream?.over) return
    if (frame.type === 'hello') {
      if (stream) throw new Ended(4400, 'a second hello')
      clearTimeout(silence)
      const viewer = await hub.admit(frame.token, from, await hub.hintedBy(hinting))
      stream = gone ? undefined : await hub.begin(viewer, frame.token, wire, frame)
      if (gone) stream?.close(1006, 'gone')
      return
    }
    if (!stream) throw new Ended(4400, 'hello comes first')
    if (frame.type === 'subscribe') return hub.subscribe(stream, frame.topics)
    if (frame.type === 'token') return hub.renew(stream, frame.token)
    for (const topic of frame.topics) stream.topics.delete(topic)
  }
  const fail = (error: unknown) => (error instanceof Ended ? end(error.code, error.message) : end(1011, 'try again'))

  ws.on('message', (data: RawData, isBinary: boolean) => {
    if (gone) return
    const bytes = data as Buffer
    if (isBinary || bytes.length > mostBytes || ++waiting > mostWaiting) return end(4400, isBinary ? 'text frames only' : 'too large, or too many at once')
    try {
      const frame = readClientFrame(bytes.toString())
      turn = turn.then(() => take(frame)).catch(fail).finally(() => waiting--)
    } catch (error) {
      fail(error)
    }
  })
  ws.on('error', () => {}) // a close follows
  ws.on('close', () => end(1006, 'gone'))
}

function wireOf(ws: WebSocket, socket: Duplex): Wire {
  return {
    protocol: 'websocket',
    // whole frames written past ws: one write for many; it writes whole frames at once too
    write: (bytes) => void (ws.readyState === ws.OPEN && socket.write(bytes)),
    unsent: () => socket.writableLength,
    drained: () => new Promise((resolve) => {
      if (ws.readyState !== ws.OPEN || !socket.writableNeedDrain) return resolve(undefined)
      const done = () => {
        socket.off('drain', done)
        socket.off('close', done)
        resolve(undefined)
      }
      socket.on('drain', done)
      socket.on('close', done)
    }),
    close(code, reason) {
      if (ws.readyState !== ws.OPEN) return
      ws.close(code, reason)
      const last = setTimeout(() => ws.terminate(), farewellMs) // the one that is too slow reads no farewell either
      ws.on('close', () => clearTimeout(last))
    },
  }
}
