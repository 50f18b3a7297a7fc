// Many WebSocket clients in a process of their own, on plain sockets: they read no more of a frame than its length and whether it is an event.
import { randomBytes } from 'node:crypto'
import net from 'node:net'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

type Order = { open: { port: number; sockets: number; token: string } } | { count: true } | { forget: true }
/** Arrivals of event frames since the last `forget`: how many, and when (performance clock of the machine, ms). */
export type Arrivals = { events: number; bytes: number; first: number; last: number; /** of each */ times: Float64Array }
const clock = () => Number(process.hrtime.bigint()) / 1e6 // one clock for all processes of a machine

export type Listeners = { open(port: number, sockets: number, token: string): Promise<void>; forget(): Promise<void>; arrivals(): Promise<Arrivals>; pid: number; close(): void }
export const now = clock
export function openListeners(): Listeners {
  const child: ChildProcess = fork(import.meta.filename, [], { execArgv: [], serialization: 'advanced' })
  const ask = async (order: Order) => {
    child.send(order)
    return (await once(child, 'message'))[0]
  }
  return {
    open: (port, sockets, token) => ask({ open: { port, sockets, token } }),
    forget: () => ask({ forget: true }),
    arrivals: () => ask({ count: true }) as Promise<Arrivals>,
    pid: child.pid!,
    close: () => child.disconnect(),
  }
}

if (process.send) {
  let events = 0
  let bytes = 0
  let first = 0
  let last = 0
  let times: number[] = []
  const sockets: net.Socket[] = []
  process.on('disconnect', () => process.exit(0))
  process.on('message', (order: Order) => {
    if ('forget' in order) {
      events = bytes = first = last = 0
      times = []
      process.send!('done')
    } else if ('count' in order) process.send!({ events, bytes, first, last, times: Float64Array.from(times) } satisfies Arrivals)
    else void Promise.all(Array.from({ length: order.open.sockets }, () => join(order.open))).then(() => process.send!('done'))
  })

  /** A client's frame: masked, and short enough for a length of 16 bits. */
  function masked(text: string): Buffer {
    const body = Buffer.from(text)
    const mask = randomBytes(4)
    const head = Buffer.from([0x81, 0x80 | 126, body.length >> 8, body.length & 255, ...mask])
    return Buffer.concat([head, body.map((byte, i) => byte ^ mask[i % 4]!)])
  }

  function join({ port, token }: { port: number; token: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: '127.0.0.1', port, noDelay: true })
      sockets.push(socket)
      let upgraded = false
      let left: Buffer = Buffer.alloc(0)
      socket.on('connect', () => socket.write(`GET /live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`))
      socket.on('error', reject)
      socket.on('data', (chunk) => {
        bytes += chunk.length
        left = left.length ? Buffer.concat([left, chunk]) : chunk
        if (!upgraded) {
          const end = left.indexOf('\r\n\r\n')
          if (end < 0) return
          if (!left.toString('latin1', 0, 12).endsWith('101')) return reject(new Error(left.toString('latin1', 0, end)))
          upgraded = true
          left = left.subarray(end + 4)
          socket.write(masked(JSON.stringify({ type: 'hello', token, topics: ['tenant'] })))
        }
        let at = 0
        while (left.length - at >= 2) {
          const short = left[at + 1]! & 127
          const head = short === 126 ? 4 : short === 127 ? 10 : 2
          if (left.length - at < head) break
          const length = short === 126 ? left.readUInt16BE(at + 2) : short === 127 ? Number(left.readBigUInt64BE(at + 2)) : short
          if (left.length - at < head + length) break
          const text = left.subarray(at + head, at + head + length)
          // a frame of the protocol, or several packed into one message, one a line
          for (let line = 0; line >= 0 && line < text.length; ) {
            const kind = text[line + 9] // {"type":"e
            if (kind === 101) {
              const t = clock()
              if (!events++) first = t
              last = t
              times.push(t)
            } else if (kind === 114) resolve() // ready
            const end = text.indexOf(10, line)
            line = end < 0 ? -1 : end + 1
          }
          at += head + length
        }
        left = left.subarray(at)
      })
    })
  }
}
