// The platform key: SECRET_KEY, or a file made at the first start in a folder of its own, never in a backup.
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import type { Config } from './config.ts'

/** Where the key lies when no setting gives it. */
export const keyFileOf = (config: Pick<Config, 'DATA_DIR'>): string => path.join(path.resolve(config.DATA_DIR), 'keys', 'platform.key')

/** @returns 32 bytes @throws with the cure when the file is damaged */
export function readPlatformKey(config: Pick<Config, 'SECRET_KEY' | 'DATA_DIR'>): Buffer {
  if (config.SECRET_KEY) return Buffer.from(config.SECRET_KEY, 'base64')
  return readKeyFile(keyFileOf(config))
}

/** The key in this file, which is made where it is missing. */
export function readKeyFile(file: string): Buffer {
  const folder = path.dirname(file)
  fs.mkdirSync(path.dirname(folder), { recursive: true })
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!fs.existsSync(file)) {
    // whole or not at all, also when two starts race: the link fails for the second, which then reads the first one's
    const part = path.join(folder, `part-${process.pid}-${randomBytes(4).toString('hex')}`)
    fs.writeFileSync(part, randomBytes(32).toString('base64') + '\n', { mode: 0o600, flush: true })
    try {
      fs.linkSync(part, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      fs.rmSync(part, { force: true })
    }
  }
  const key = Buffer.from(fs.readFileSync(file, 'utf8').trim(), 'base64')
  if (key.length !== 32) throw new Error(`${file} is damaged: put the 32 bytes in base64 back from where you keep a copy; without them sealed values cannot be read`)
  return key
}
