// What the client needs of its surroundings, stated by shape: browsers, Node and React Native all have it, and no DOM types are wanted.
import type { ClientFrame } from './frames.ts'

/** One attempt: how to connect, and where to hand what comes. After `ended`, or after `close`, nothing more is handed over. */
export type Opening = {
  url: string
  token: string
  after: string | undefined
  topics: string[]
  heard(text: string): void
  /** @param code a WebSocket close code; HTTP statuses are translated */
  ended(code: number, reason: string): void
}
/** `send` is null where the way is one-way (Server-Sent Events): a change then means a new connection. */
export type Connection = { send: ((frame: ClientFrame) => void) | null; close(): void }
export type Transport = (opening: Opening) => Connection

/** Handlers are only ever set, so their types do not matter and every WebSocket class fits. */
export type WebSocketLike = {
  onopen: unknown
  onmessage: unknown
  onclose: unknown
  onerror: unknown
  send(text: string): void
  close(code?: number, reason?: string): void
}
export type WebSocketClass = new (url: string) => WebSocketLike

/** A connection whose first frame is `hello`: the token travels in it, never in the URL. */
export function overWebSocket(Socket: WebSocketClass | undefined): Transport {
  const Class = Socket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket
  if (!Class) throw new TypeError('no WebSocket here: pass one as `WebSocket`')
  return ({ url, token, after, topics, heard, ended }) => {
    const socket = new Class(url)
    const hello: ClientFrame = { type: 'hello', token, ...(after === undefined ? {} : { after }), topics }
    socket.onopen = () => socket.send(JSON.stringify(hello))
    socket.onmessage = (message: { data: unknown }) => heard(String(message.data))
    socket.onclose = (close: { code?: number; reason?: unknown }) => ended(close.code ?? 1006, String(close.reason ?? ''))
    socket.onerror = () => {} // a close follows, and says more
    return {
      send: (frame) => socket.send(JSON.stringify(frame)),
      close() {
        socket.onopen = socket.onmessage = socket.onclose = null
        try {
          socket.close(1000)
        } catch {
          // some classes throw when it never opened; it is given up either way
        }
      },
    }
  }
}

export type FetchInit = { method?: string; headers?: Record<string, string>; body?: string; signal?: AbortSignal; credentials?: 'same-origin' | 'include' }
export type FetchedBody = { getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }> } }
export type Fetched = { status: number; headers: { get(name: string): string | null }; text(): Promise<string>; body?: FetchedBody | null }
export type Fetch = (url: string, init?: FetchInit) => Promise<Fetched>
