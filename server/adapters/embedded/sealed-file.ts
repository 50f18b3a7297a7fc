// The file of a backup: one readable line of magic, one line of JSON that says what it is, then frames of at most 1 MiB, each under
// AES-256-GCM. The key is derived (HKDF, RFC 5869) from the platform key and the header, so a changed header opens nothing; nonces
// count, so frames cannot be swapped; the last frame is marked, so a file that was cut off is known as such.
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { syncFolder } from './cluster.ts'

const magic = 'GROUNDWORK BACKUP 1\n'
const frameBytes = 2 ** 20
const tagBytes = 16

export type BackupHeader = {
  at: string
  /** of the platform key, to tell a wrong key from a damaged file */
  key: string
  sealed: boolean
  salt: string
  /** server_version_num */
  postgres: number
  major: number
  platform: string
  contains: string[]
  lacks: string[]
}
/** `tar`: the cluster; `manifest`: the server's own list of it; `end`: nothing follows. */
export type FrameKind = 'tar' | 'manifest' | 'end'
const letters: Record<FrameKind, string> = { tar: 't', manifest: 'm', end: 'e' }

/** A name for a key that gives nothing of it away. */
export const keyName = (platformKey: Uint8Array): string => Buffer.from(hkdfSync('sha256', platformKey, '', 'groundwork backup key name', 6)).toString('hex')
export const newSalt = (): string => randomBytes(16).toString('base64')

/** One frame after the other, written or read in this order only. */
function frameCodec(head: Buffer, header: BackupHeader, platformKey: Uint8Array) {
  const key = Buffer.from(hkdfSync('sha256', platformKey, createHash('sha256').update(head).digest(), 'groundwork backup', 32))
  let count = 0
  const nonce = () => {
    const out = Buffer.alloc(12)
    out.writeBigUInt64BE(BigInt(count++), 4)
    return out
  }
  const checksum = (iv: Buffer, letter: string, body: Buffer) => createHash('sha256').update(iv).update(letter).update(body).digest().subarray(0, tagBytes)
  return {
    seal(letter: string, body: Buffer): Buffer[] {
      const size = Buffer.alloc(5)
      size.write(letter, 0, 'latin1')
      size.writeUInt32BE(body.length, 1)
      const iv = nonce()
      if (!header.sealed) return [size, body, checksum(iv, letter, body)]
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(letter))
      return [size, cipher.update(body), cipher.final(), cipher.getAuthTag()]
    },
    open(letter: string, body: Buffer, tag: Buffer): Buffer {
      const iv = nonce()
      if (!header.sealed) {
        if (!checksum(iv, letter, body).equals(tag)) throw new Error('checksum')
        return body
      }
      const cipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(letter)).setAuthTag(tag)
      return Buffer.concat([cipher.update(body), cipher.final()])
    },
  }
}

/** Writes `<file>.part`, readable by its owner only; `finish` makes it durable and gives it its name, `drop` removes it. */
export function createSealedFile(file: string, header: BackupHeader, platformKey: Uint8Array) {
  const part = `${file}.part`
  const head = Buffer.from(`${magic}${JSON.stringify(header)}\n`)
  const codec = frameCodec(head, header, platformKey)
  fs.rmSync(part, { force: true })
  const out = fs.createWriteStream(part, { flags: 'wx', mode: 0o600 })
  out.on('error', () => {}) // kept by the stream as `errored`, and given by `finish`
  out.write(head)
  let bytes = head.length
  let kind: FrameKind = 'tar'
  let held: Buffer[] = []
  let heldBytes = 0
  const flush = (): boolean => {
    let room = true
    for (const piece of codec.seal(letters[kind], Buffer.concat(held))) {
      bytes += piece.length
      room = out.write(piece)
    }
    held = []
    heldBytes = 0
    return room
  }
  return {
    stream: out,
    /** @returns false when the caller should wait for `drain` of the stream */
    write(next: FrameKind, data: Buffer): boolean {
      let room = true
      if (next !== kind && heldBytes) room = flush()
      kind = next
      for (let at = 0; at < data.length; ) {
        const piece = data.subarray(at, at + frameBytes - heldBytes)
        held.push(piece)
        heldBytes += piece.length
        at += piece.length
        if (heldBytes === frameBytes) room = flush()
      }
      return room
    },
    async finish(): Promise<number> {
      if (heldBytes) flush()
      kind = 'end'
      flush()
      await new Promise<void>((resolve, reject) => {
        out.once('error', reject)
        if (out.errored) reject(out.errored)
        else out.end(resolve)
      })
      const fd = fs.openSync(part, 'r+')
      fs.fsyncSync(fd)
      fs.closeSync(fd)
      fs.renameSync(part, file)
      syncFolder(path.dirname(path.resolve(file)))
      return bytes
    },
    async drop(): Promise<void> {
      if (!out.closed) await new Promise<void>((resolve) => out.once('close', resolve).destroy())
      fs.rmSync(part, { force: true })
    },
  }
}

/** What the file says of itself. Not proven yet: only opening its frames does that. */
export function readBackupHeader(file: string): BackupHeader {
  return readHead(file).header
}

function readHead(file: string): { head: Buffer; header: BackupHeader } {
  let fd: number
  try {
    fd = fs.openSync(file, 'r')
  } catch (e) {
    throw new Error(`The backup ${file} cannot be read (${(e as Error).message})`)
  }
  try {
    const start = Buffer.alloc(64 * 1024)
    const found = start.subarray(0, fs.readSync(fd, start, 0, start.length, 0))
    const end = found.indexOf('\n', magic.length)
    if (found.toString('latin1', 0, magic.length) !== magic || end < 0) throw new Error(`${file} is no backup of Groundwork`)
    const head = found.subarray(0, end + 1)
    return { head, header: JSON.parse(head.toString('utf8', magic.length)) as BackupHeader }
  } finally {
    fs.closeSync(fd)
  }
}

/** @throws when the key is another one, the file was changed or cut off, at the first frame that shows it */
export function* readSealedFile(file: string, platformKey: Uint8Array): Generator<{ kind: FrameKind; data: Buffer }> {
  const { head, header } = readHead(file)
  if (header.key !== keyName(platformKey)) throw new Error(`${file} belongs to another platform key (SECRET_KEY, or the file under keys/): restore with the key of the installation it was taken from`)
  const codec = frameCodec(head, header, platformKey)
  const fd = fs.openSync(file, 'r')
  let at = head.length
  const take = (length: number): Buffer => {
    const out = Buffer.alloc(length)
    for (let done = 0; done < length; ) {
      const n = fs.readSync(fd, out, done, length - done, at)
      if (n === 0) throw new Error(`${file} ends too early: it was cut off, take another backup`)
      done += n
      at += n
    }
    return out
  }
  try {
    for (;;) {
      const size = take(5)
      const letter = size.toString('latin1', 0, 1)
      const kind = (Object.keys(letters) as FrameKind[]).find((k) => letters[k] === letter)
      const length = size.readUInt32BE(1)
      let data: Buffer
      try {
        if (!kind || length > frameBytes) throw new Error('frame')
        const body = take(length)
        data = codec.open(letter, body, take(tagBytes))
      } catch (e) {
        throw /cut off/.test((e as Error).message) ? e : new Error(`${file} is damaged or was changed: take another backup`)
      }
      if (kind === 'end') return
      yield { kind, data }
    }
  } finally {
    fs.closeSync(fd)
  }
}
