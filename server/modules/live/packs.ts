// Frames as bytes, made once for all streams that send the same. An event's own part is the same for everybody; a frame also names the one before
// it, which is the same for all that got the same events lately; so is a run of frames, which leaves in one write.
import { formatPosition, type EventRow, type LoggedEvent, type Position } from '../../kernel/log.ts'

export type Protocol = 'websocket' | 'sse'

/** An event on its way out: opened and written as JSON once. */
export type Passage = { row: EventRow; position: Position; cursor: string; topics: readonly string[]; body: Buffer | undefined; opening: Promise<Buffer> | undefined }
export const bodyOf = (event: LoggedEvent): Buffer => Buffer.from(JSON.stringify(event))
export const newPassage = (row: EventRow, topics: readonly string[]): Passage => {
  const position = { pos: row.pos, seq: row.seq }
  return { row, position, cursor: formatPosition(position), topics, body: undefined, opening: undefined }
}

/** A run of event frames that begins behind some cursor. Streams that stand at the same place share it. */
export class Pack {
  readonly cursor: string
  #before: Pack | undefined
  #passage: Passage | undefined
  #next: Pack | undefined
  #bytes: { [P in Protocol]?: Buffer } = {}
  constructor(cursor: string, before?: Pack, passage?: Passage) {
    this.cursor = cursor
    this.#before = before
    this.#passage = passage
  }

  /** The run with one more frame. */
  with(passage: Passage): Pack {
    if (this.#next === undefined || this.#next.#passage !== passage) this.#next = new Pack(passage.cursor, this, passage)
    return this.#next
  }

  bytes(protocol: Protocol): Buffer {
    return (this.#bytes[protocol] ??= this.#make(protocol))
  }

  #make(protocol: Protocol): Buffer {
    const parts: Buffer[] = []
    for (let pack: Pack = this; pack.#before; pack = pack.#before) {
      const { cursor, body } = pack.#passage!
      parts.push(wrap(protocol, cursor, [`{"type":"event","cursor":"${cursor}","prev":"${pack.#before.cursor}","event":`, body!, '}']))
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts.reverse())
  }
}

/** Any other frame. */
export const frameBytes = (protocol: Protocol, frame: { type: string; cursor?: string } & Record<string, unknown>): Buffer => {
  const text = Buffer.from(JSON.stringify(frame))
  return wrap(protocol, frame.cursor, ['', text, ''])
}

/** A WebSocket text frame from a server (RFC 6455, 5.2: final, not masked) or an event of a stream (HTML standard, 9.2.6). Head and foot are ASCII. */
function wrap(protocol: Protocol, cursor: string | undefined, [head, body, foot]: [string, Buffer, string]): Buffer {
  const length = head.length + body.length + foot.length
  if (protocol === 'sse') {
    const start = `${cursor === undefined ? '' : `id: ${cursor}\n`}data: ${head}`
    const all = Buffer.allocUnsafe(start.length + body.length + foot.length + 2)
    all.write(start, 0, 'latin1')
    body.copy(all, start.length)
    all.write(`${foot}\n\n`, start.length + body.length, 'latin1')
    return all
  }
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const all = Buffer.allocUnsafe(header + length)
  all[0] = 0x81
  all[1] = header === 2 ? length : header === 4 ? 126 : 127
  if (header === 4) all.writeUInt16BE(length, 2)
  if (header === 10) all.writeBigUInt64BE(BigInt(length), 2)
  all.write(head, header, 'latin1')
  body.copy(all, header + head.length)
  all.write(foot, header + head.length + body.length, 'latin1')
  return all
}
