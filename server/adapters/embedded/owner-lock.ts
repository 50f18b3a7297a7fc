// One owner per data folder: an exclusive SQLite transaction on owner.lock, which is a kernel file lock. It frees itself however
// its owner dies, so there is no stale lock to take over, and it holds across containers that share a volume.
// Nothing else may ever open owner.lock in this process: closing any descriptor of it drops the lock (POSIX).
import fs from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'

export type OwnerLock = { release(): void }
export type Owner = { pid: number; url?: string }
const busy = 5 // SQLITE_BUSY

/** Who holds the folder, for messages only: the lock decides, not this file. */
export function readOwner(dataDir: string): Owner | undefined {
  try {
    const owner = JSON.parse(fs.readFileSync(path.join(dataDir, 'owner.pid'), 'utf8')) as Owner
    return typeof owner.pid === 'number' ? owner : undefined
  } catch {
    return undefined
  }
}

function writeOwner(dataDir: string, owner: Owner): void {
  const file = path.join(dataDir, 'owner.pid')
  fs.writeFileSync(`${file}.new`, JSON.stringify(owner) + '\n', { mode: 0o644 })
  fs.renameSync(`${file}.new`, file)
}

/** The owner calls this once it listens, so that a second start can name the address. */
export const recordOwnerUrl = (dataDir: string, url: string): void => writeOwner(dataDir, { pid: process.pid, url })

export class DataFolderHeld extends Error {
  readonly owner: Owner | undefined
  constructor(dataDir: string, owner: Owner | undefined) {
    const who = owner ? `process ${owner.pid}${owner.url ? `, at ${owner.url}` : ''}` : 'another process'
    super(`${dataDir} is already in use by ${who}: use that one, stop it, or set another DATA_DIR`)
    this.owner = owner
  }
}

/**
 * Held until `release` or the end of this process.
 * @throws DataFolderHeld when somebody else has it
 */
export async function takeOwnerLock(dataDir: string): Promise<OwnerLock> {
  for (let tries = 0; tries < 6; tries++) {
    if (tries) await sleep(20 + Math.random() * 80) // two that start together may both be refused once
    const lock = new DatabaseSync(path.join(dataDir, 'owner.lock'), { timeout: 0 })
    try {
      lock.exec('pragma journal_mode = memory; begin exclusive')
      writeOwner(dataDir, { pid: process.pid })
    } catch (e) {
      lock.close()
      if ((e as { errcode?: number }).errcode === busy) continue
      throw e
    }
    let held = true
    return {
      release() {
        if (!held) return
        held = false
        fs.rmSync(path.join(dataDir, 'owner.pid'), { force: true })
        lock.close()
      },
    }
  }
  throw new DataFolderHeld(dataDir, readOwner(dataDir))
}
