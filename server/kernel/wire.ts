// Messages of PostgreSQL's protocol (version 3, "Message Formats"), written one after the other into one buffer, so that a whole flush is one
// write: many small buffers cost more in the socket than in the database.

const execute = Buffer.from([69, 0, 0, 0, 9, 0, 0, 0, 0, 0]) // the unnamed portal, all rows
const describePortal = Buffer.from([68, 0, 0, 0, 6, 80, 0])
const sync = Buffer.from([83, 0, 0, 0, 4])

export type Encoded = string | Buffer | null

export class Flush {
  #buffer = Buffer.allocUnsafe(1024)
  #at = 0

  /** @param text the statement; an empty name is parsed for this once */
  parse(name: string, text: string): void {
    this.#begin(80)
    this.#text(name)
    this.#text(text)
    this.#short(0) // types are the server's to find
    this.#end()
  }
  /** To the unnamed portal, results as text. Buffers go as binary. */
  bind(name: string, values: readonly Encoded[]): void {
    this.#begin(66)
    this.#room(1)
    this.#buffer[this.#at++] = 0
    this.#text(name)
    this.#short(values.length)
    for (const value of values) this.#short(typeof value === 'object' && value !== null ? 1 : 0)
    this.#short(values.length)
    for (const value of values) {
      if (value === null) this.#int(-1)
      else if (typeof value === 'string') this.#value(value)
      else {
        this.#int(value.length)
        this.#copy(value)
      }
    }
    this.#short(0)
    this.#end()
  }
  closeStatement(name: string): void {
    this.#begin(67)
    this.#room(1)
    this.#buffer[this.#at++] = 83
    this.#text(name)
    this.#end()
  }
  describe(): void {
    this.#copy(describePortal)
  }
  execute(): void {
    this.#copy(execute)
  }
  sync(): void {
    this.#copy(sync)
  }
  /** All of it; the socket may keep it. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  #start = 0
  #begin(code: number): void {
    this.#room(5)
    this.#buffer[this.#at] = code
    this.#start = this.#at + 1
    this.#at += 5
  }
  #end(): void {
    this.#buffer.writeInt32BE(this.#at - this.#start, this.#start)
  }
  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes))
    this.#buffer.copy(grown, 0, 0, this.#at)
    this.#buffer = grown
  }
  #short(n: number): void {
    this.#room(2)
    this.#buffer[this.#at++] = n >> 8
    this.#buffer[this.#at++] = n & 255
  }
  #int(n: number): void {
    this.#room(4)
    this.#at = this.#buffer.writeInt32BE(n, this.#at)
  }
  #copy(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }
  /** Ends with a zero byte. */
  #text(text: string): void {
    this.#room(text.length * 3 + 1) // as UTF-8 at most
    this.#at += this.#buffer.write(text, this.#at)
    this.#buffer[this.#at++] = 0
  }
  /** Begins with its length in bytes. */
  #value(text: string): void {
    this.#room(text.length * 3 + 4)
    const length = this.#buffer.write(text, this.#at + 4)
    this.#buffer.writeInt32BE(length, this.#at)
    this.#at += 4 + length
  }
}
