// Reads the tar (ustar) that PostgreSQL sends as a base backup: folders and plain files. Slim systems have no tar program.
import fs from 'node:fs'
import path from 'node:path'

const block = 512
const text = (header: Buffer, at: number, length: number) => header.toString('utf8', at, at + length).replace(/\0.*$/s, '')
/** Octal text; sizes beyond it stand in binary with the highest bit set. */
const size = (header: Buffer) => (header[124]! & 0x80 ? Number(header.readBigUInt64BE(128)) : Number.parseInt(text(header, 124, 12).trim() || '0', 8))

/** `write` takes the archive in pieces of any length; `made` is called with each folder and file. */
export function createUntar(into: string, made: (file: string) => void) {
  let rest = Buffer.alloc(0)
  let fd: number | undefined
  let left = 0 // of the open file
  let padding = 0
  let ended = false

  const begin = (header: Buffer) => {
    if (header.every((byte) => byte === 0)) {
      ended = true
      return
    }
    const prefix = text(header, 345, 155)
    const name = (prefix ? `${prefix}/` : '') + text(header, 0, 100)
    const kind = String.fromCharCode(header[156]!)
    const target = path.resolve(into, name)
    if (target !== path.resolve(into) && !target.startsWith(path.resolve(into) + path.sep)) throw new Error(`the archive names a file outside of its folder: ${name}`)
    if (kind === '5') {
      fs.mkdirSync(target, { recursive: true, mode: 0o700 })
      made(target)
    } else if (kind === '0' || kind === '\0') {
      fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 })
      fd = fs.openSync(target, 'wx', 0o600)
      made(target)
      left = size(header)
      padding = (block - (left % block)) % block
      if (!left) close()
    } else throw new Error(`the archive holds "${name}" of kind ${kind}: backups with tablespaces cannot be restored here`)
  }
  const close = () => {
    if (fd !== undefined) fs.closeSync(fd)
    fd = undefined
  }

  return {
    write(data: Buffer): void {
      let at = 0
      while (at < data.length && !ended) {
        if (left) {
          const n = fs.writeSync(fd!, data, at, Math.min(left, data.length - at))
          at += n
          left -= n
          if (!left) close()
        } else if (padding) {
          const n = Math.min(padding, data.length - at)
          at += n
          padding -= n
        } else {
          const n = Math.min(block - rest.length, data.length - at)
          rest = Buffer.concat([rest, data.subarray(at, at + n)])
          at += n
          if (rest.length < block) continue
          const header = rest
          rest = Buffer.alloc(0)
          begin(header)
        }
      }
    },
    /** @throws when the archive stops inside a file */
    end(): void {
      const torn = left > 0 || rest.length > 0
      close()
      if (torn) throw new Error('the archive ends inside a file')
    },
  }
}
