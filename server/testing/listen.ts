// A listener on the live stream of the running product, over either wire, that keeps every frame it gets.
import { WebSocket } from 'ws'
import type { Product } from './product.ts'
import { pause, type Person } from './world.ts'

type At = { product: Pick<Product, 'url'> }
export type Wire = 'websocket' | 'sse'
export type Frame = { type: string; cursor?: string; prev?: string | null; topic?: string; code?: string; event?: { id: string; name: string; tenantId: string; subject: { type: string; id: string }; requestId?: string } }
export type Listener = {
  who: Person
  frames: Frame[]
  /** as they came */
  texts: string[]
  /** close code, or the status that refused the stream */
  closed: number | undefined
  /** Waits for a frame; the stream's end ends the wait too. */
  until(fits: (frame: Frame) => boolean): Promise<Frame | undefined>
  close(): void
}

export async function listen(world: At, who: Person, topics: readonly string[], wire: Wire, after?: string): Promise<Listener> {
  const ended = new AbortController()
  const listener: Listener = {
    who, frames: [], texts: [], closed: undefined,
    async until(fits) {
      for (let at = 0; ; await pause(10)) {
        for (; at < this.frames.length; at++) if (fits(this.frames[at]!)) return this.frames[at]
        if (this.closed !== undefined) return undefined
      }
    },
    close: () => ended.abort(),
  }
  const hear = (text: string) => {
    listener.texts.push(text)
    for (const one of text.split('\n').filter(Boolean)) listener.frames.push(JSON.parse(one) as Frame)
  }
  if (wire === 'sse') await openStream(world, who, topics, after, hear, listener, ended.signal)
  else openSocket(world, who, topics, after, hear, listener, ended.signal)
  await listener.until((frame) => frame.type === 'ready')
  return listener
}

function openSocket(world: At, who: Person, topics: readonly string[], after: string | undefined, hear: (text: string) => void, listener: Listener, end: AbortSignal): void {
  const socket = new WebSocket(`${world.product.url.replace('http', 'ws')}/live`)
  socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', token: who.access, topics, ...(after === undefined ? {} : { after }) })))
  socket.on('message', (data) => hear(String(data)))
  socket.on('error', () => {})
  socket.on('close', (code) => (listener.closed = code))
  end.addEventListener('abort', () => socket.terminate())
}

async function openStream(world: At, who: Person, topics: readonly string[], after: string | undefined, hear: (text: string) => void, listener: Listener, end: AbortSignal): Promise<void> {
  const answer = await fetch(`${world.product.url}/api/v1/live?topics=${topics.join(',')}`, {
    headers: { authorization: `Bearer ${who.access}`, accept: 'text/event-stream', ...(after === undefined ? {} : { 'last-event-id': after }) }, signal: end,
  })
  if (answer.status !== 200) {
    listener.closed = answer.status
    await answer.body?.cancel()
    return
  }
  void (async () => {
    let text = ''
    try {
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk
        for (let cut = text.indexOf('\n\n'); cut >= 0; cut = text.indexOf('\n\n')) {
          const data = text.slice(0, cut).split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim()).join('\n')
          text = text.slice(cut + 2)
          if (data) hear(data)
        }
      }
    } catch {
      // cut off
    }
    listener.closed ??= 1006
  })()
}
