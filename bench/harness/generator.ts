// The load generator, a process of its own so that it shares no event loop with a server: prepared requests over keep-alive sockets, one
// at a time on each, for a given time. It reads no more of an answer than its status and its end.
import net from 'node:net'
import type { Job, Report } from './load.ts'

process.on('message', (job: Job) => {
  void run(job).then((report) => process.send!(report), (error: unknown) => process.send!({ failed: String(error) } satisfies Report))
})
process.on('disconnect', () => process.exit(0))

async function run(job: Job): Promise<Report> {
  const requests = job.requests.map((text) => Buffer.from(text))
  const latencies: number[] = []
  const statuses: Record<string, number> = {}
  let next = job.from ?? 0
  let bytes = 0
  let until = Infinity
  let wrong = ''

  const connection = () => new Promise<void>((resolve, reject) => {
    const socket = net.connect({ host: job.host, port: job.port, noDelay: true })
    let sentAt = 0
    let left: Buffer = Buffer.alloc(0)
    let missing = 0 // bytes of the present answer still to come
    let status = ''
    const send = () => {
      sentAt = performance.now()
      if (sentAt >= until) return void socket.destroy()
      socket.write(requests[next++ % requests.length]!)
    }
    const done = () => {
      latencies.push(performance.now() - sentAt)
      statuses[status] = (statuses[status] ?? 0) + 1
      send()
    }
    socket.on('connect', send)
    socket.on('data', (chunk) => {
      bytes += chunk.length
      if (missing > 0) {
        missing -= chunk.length
        if (missing === 0) done()
        return
      }
      left = left.length ? Buffer.concat([left, chunk]) : chunk
      const end = left.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = left.toString('latin1', 0, end)
      status = head.slice(9, 12)
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
      if (length === undefined && status !== '204') return void socket.destroy(new Error(`an answer without content-length: ${head}`))
      if (status[0] !== '2') wrong ||= left.toString('utf8').slice(0, 1000)
      missing = Number(length ?? 0) - (left.length - end - 4)
      left = Buffer.alloc(0)
      if (missing === 0) done()
      else if (missing < 0) socket.destroy(new Error('more than one answer to one request'))
    })
    socket.on('error', reject)
    socket.on('close', () => resolve())
  })

  const sockets = Array.from({ length: job.connections }, connection)
  const began = performance.now()
  until = began + job.ms
  await Promise.all(sockets)
  const seconds = (performance.now() - began) / 1000
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return { count: latencies.length, seconds, statuses, wrong, bytes, next, p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
