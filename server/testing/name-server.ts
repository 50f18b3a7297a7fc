// A name server on this machine (RFC 1035): TXT records that a test writes, for a product that is told to ask it (DNS_SERVERS).
import { createSocket } from 'node:dgram'
import type { TestContext } from 'node:test'

/** @returns where it listens, and its TXT records by name */
export async function nameServer(t: Pick<TestContext, 'after'>): Promise<{ address: string; records: Map<string, string> }> {
  const records = new Map<string, string>()
  const socket = createSocket('udp4')
  socket.on('message', (asked, from) => {
    const labels: string[] = []
    let at = 12
    for (let length = asked[at]!; length; length = asked[at]!) {
      labels.push(asked.toString('latin1', at + 1, at + 1 + length))
      at += 1 + length
    }
    const question = asked.subarray(12, at + 5)
    const text = asked.readUInt16BE(at + 1) === 16 ? records.get(labels.join('.').toLowerCase()) : undefined
    const head = Buffer.alloc(12)
    asked.copy(head, 0, 0, 2)
    head.writeUInt16BE(text === undefined ? 0x8183 : 0x8180, 2) // no such name, or an answer
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(text === undefined ? 0 : 1, 6)
    const bytes = Buffer.from(text ?? '')
    const answer = text === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 0, 0, bytes.length + 1, bytes.length]), bytes])
    socket.send(Buffer.concat([head, question, answer]), from.port, from.address)
  })
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done))
  t.after(() => new Promise<void>((done) => socket.close(() => done())))
  return { address: `127.0.0.1:${socket.address().port}`, records }
}
