// A small server that speaks the live protocol over a list of events, and can be made to misbehave. For tests only.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TestContext } from 'node:test'
import { WebSocketServer, type WebSocket } from 'ws'
import type { LiveEvent, ServerFrame } from './frames.ts'

type Peer = { last: number; topics: Set<string>; send(frame: ServerFrame): void; cut(code: number | null): void; ready: boolean }
type Logged = { topic: string; event: LiveEvent }

export class FakeLiveServer {
  readonly log: Logged[] = []
  readonly hellos: { token: string; after?: string; topics: string[] }[] = []
  readonly heard: { type: string }[] = []
  readonly peers = new Set<Peer>()
  floor = 0
  refusedTopics = new Set<string>()
  goodToken: (token: string) => boolean = () => true
  silent = false
  url = ''
  #beat: NodeJS.Timeout | undefined

  /** Listens on a free port until the test ends. */
  async open(t: TestContext, beatMs = 20): Promise<this> {
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
    const http = createServer((request, response) => this.#stream(request, response))
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => sockets.handleUpgrade(request, socket, head, (ws) => this.#greet(ws)))
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    this.url = `127.0.0.1:${(http.address() as AddressInfo).port}`
    this.#beat = setInterval(() => this.#heartbeat(), beatMs)
    t.after(async () => {
      clearInterval(this.#beat)
      for (const peer of this.peers) peer.cut(null)
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    })
    return this
  }

  publish(topic: string, subject = 's'): LiveEvent {
    const seq = this.log.length + 1
    const event: LiveEvent = {
      id: String(seq), tenantId: 't', name: 'task.moved', subject: { type: 'task', id: subject }, actor: { type: 'system', id: null }, data: {},
      causeId: null, requestId: null, at: '2026-01-01T00:00:00.000000Z', seq, cursor: cursorOf(seq),
    }
    this.log.push({ topic, event })
    if (!this.silent) for (const peer of this.peers) if (peer.ready) this.#deliver(peer, seq)
    return event
  }

  /** Publishes one that this peer is not sent, though its chain moves on: what a lost frame looks like. */
  lose(topic: string, peer: Peer): void {
    peer.ready = false
    this.publish(topic)
    peer.ready = true
    peer.last = this.log.length
  }

  #deliver(peer: Peer, upTo: number): void {
    for (const { topic, event } of this.log.slice(0, upTo)) {
      if (event.seq <= peer.last || !peer.topics.has(topic)) continue
      const prev = cursorOf(peer.last)
      peer.last = event.seq
      peer.send({ type: 'event', cursor: event.cursor, prev, event })
    }
  }

  #heartbeat(): void {
    if (this.silent) return
    for (const peer of this.peers) if (peer.ready) this.#move(peer, (cursor, prev) => ({ type: 'heartbeat', cursor, prev }))
  }

  #move(peer: Peer, make: (cursor: string, prev: string) => ServerFrame): void {
    this.#deliver(peer, this.log.length) // what a silence kept back comes before the cursor moves on
    const prev = cursorOf(peer.last)
    peer.last = this.log.length
    peer.send(make(cursorOf(peer.last), prev))
  }

  #admit(peer: Peer, hello: { token: string; after?: string; topics: string[] }): void {
    this.hellos.push(hello)
    if (!this.goodToken(hello.token)) return peer.cut(4401)
    this.#subscribe(peer, hello.topics)
    const after = hello.after === undefined ? undefined : Number(/^c(\d+)$/.exec(hello.after)?.[1] ?? -1)
    if (after !== undefined && after < this.floor) {
      peer.last = this.log.length
      peer.send({ type: 'resync', cursor: cursorOf(peer.last), prev: null })
    } else {
      peer.last = after ?? this.log.length
      peer.send({ type: 'ready', cursor: cursorOf(peer.last), prev: hello.after ?? null })
    }
    peer.ready = true
    this.#deliver(peer, this.log.length)
  }

  #subscribe(peer: Peer, topics: string[]): string[] {
    const [refused, granted] = [topics.filter((x) => this.refusedTopics.has(x)), topics.filter((x) => !this.refusedTopics.has(x))]
    for (const topic of granted) peer.topics.add(topic)
    for (const topic of refused) peer.send({ type: 'refused', topic, code: 'permission.denied' })
    return granted
  }

  #greet(ws: WebSocket): void {
    const peer: Peer = {
      last: 0, topics: new Set(), ready: false,
      send: (frame) => ws.send(JSON.stringify(frame)),
      cut: (code) => (code === null ? ws.terminate() : ws.close(code)),
    }
    this.peers.add(peer)
    ws.on('close', () => this.peers.delete(peer))
    ws.on('error', () => {})
    ws.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { type: string; token: string; topics: string[] }
      this.heard.push(frame)
      if (frame.type === 'hello') this.#admit(peer, frame)
      if (frame.type === 'unsubscribe') for (const topic of frame.topics) peer.topics.delete(topic)
      if (frame.type === 'subscribe') {
        this.#deliver(peer, this.log.length)
        const topics = this.#subscribe(peer, frame.topics)
        if (topics.length) this.#move(peer, (cursor, prev) => ({ type: 'subscribed', topics, cursor, prev }))
      }
    })
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    const topics = new URL(request.url!, 'http://x').searchParams.get('topics')!.split(',')
    const after = request.headers['last-event-id'] as string | undefined
    if (!this.goodToken(token)) return void response.writeHead(401).end()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const peer: Peer = {
      last: 0, topics: new Set(), ready: false,
      send: (frame) => void response.write(`${'cursor' in frame ? `id: ${frame.cursor}\n` : ''}data: ${JSON.stringify(frame)}\n\n`),
      cut: (code) => (code === null ? response.destroy() : response.end()),
    }
    this.peers.add(peer)
    response.on('close', () => this.peers.delete(peer))
    this.#admit(peer, { token, ...(after === undefined ? {} : { after }), topics })
  }
}

const cursorOf = (seq: number): string => `c${seq}`
