// An online physical backup without pg_basebackup: BASE_BACKUP over the replication protocol, which the driver speaks. It is
// consistent while everybody writes, because the write-ahead log of its duration comes with it.
import fs from 'node:fs'
import pg from 'pg'
import type { Database } from '../../kernel/ports.ts'
import { explain } from './cluster.ts'
import { createSealedFile, keyName, newSalt, type BackupHeader, type FrameKind } from './sealed-file.ts'

export type BackupOptions = {
  database: Database
  platformKey: Uint8Array
  /** must not exist yet */
  file: string
  /** under the platform key, by default: the cluster holds sessions and what people wrote */
  sealed?: boolean
}
export type BackupResult = { file: string; bytes: number; header: BackupHeader }
/** What somebody who restores on another machine must bring along. */
const lacks = ['keys/ (the platform key: keep it apart, or erasing a person means nothing)', 'superuser.pw', 'blobs/ (uploaded files)', 'settings and .env']

/** @throws with the cure; nothing but a complete, durable file ever carries the name */
export async function backup(o: BackupOptions): Promise<BackupResult> {
  if (o.database.kind !== 'embedded') throw new Error('This database is not run by Groundwork: back it up with its own means, such as pg_dump or the hoster\'s snapshots')
  if (fs.existsSync(o.file)) throw new Error(`${o.file} exists already: choose another name`)
  const header: BackupHeader = {
    at: new Date().toISOString(),
    key: keyName(o.platformKey),
    sealed: o.sealed ?? true,
    salt: newSalt(),
    postgres: o.database.version,
    major: Math.floor(o.database.version / 10_000),
    platform: `${process.platform}-${process.arch}`,
    contains: ['the database of every tenant'],
    lacks,
  }
  const out = createSealedFile(o.file, header, o.platformKey)
  // `replication` is the driver's, but not in its types: the server then takes replication commands.
  const config = { ...o.database.connection('backup'), replication: 'true' } as pg.ClientConfig
  const client = new pg.Client(config)
  client.on('error', () => {})
  try {
    await client.connect()
    await new Promise<void>((resolve, reject) => {
      out.stream.on('error', reject)
      if (out.stream.errored) return reject(out.stream.errored)
      client.query(baseBackup(out, (e) => (e ? reject(e) : resolve())) as unknown as pg.Submittable)
    })
    return { file: o.file, bytes: await out.finish(), header }
  } catch (e) {
    // At once: the server may be in the middle of its archive, and a polite goodbye would wait behind it.
    ;(client as unknown as { connection: Wire }).connection.stream.destroy()
    await out.drop()
    throw explain(`${(e as NodeJS.ErrnoException).code} ${(e as Error).message}`, { dataDir: o.file }) ?? e
  } finally {
    await client.end().catch(() => {})
  }
}

type Wire = { query(text: string): void; stream: { pause(): void; resume(): void; destroy(): void } }

/** What the driver calls while an answer arrives. `d` is data of what `n` (a tar) or `m` (the manifest) began, `p` progress. */
function baseBackup(out: ReturnType<typeof createSealedFile>, done: (e?: Error) => void) {
  let kind: FrameKind = 'tar'
  let archives = 0
  let failed: Error | undefined
  const ignore = () => {}
  return {
    submit(wire: Wire) {
      out.stream.on('drain', () => wire.stream.resume())
      wire.query("BASE_BACKUP (LABEL 'groundwork', CHECKPOINT 'fast', WAL true, MANIFEST 'yes')")
    },
    handleCopyData({ chunk }: { chunk: Buffer }, wire: Wire) {
      const what = String.fromCharCode(chunk[0]!)
      if (what === 'n') {
        kind = 'tar'
        if (++archives > 1) failed = new Error('The database has tablespaces, which a backup of Groundwork does not hold: move their tables to pg_default first')
      } else if (what === 'm') kind = 'manifest'
      else if (what === 'd' && !failed && !out.write(kind, Buffer.from(chunk.subarray(1)))) wire.stream.pause()
      if (failed) wire.stream.destroy()
    },
    handleError: (e: Error) => done(failed ?? e),
    handleReadyForQuery: () => done(failed),
    handleRowDescription: ignore, handleDataRow: ignore, handleCommandComplete: ignore, handleCopyInResponse: ignore,
    handleCopyOutResponse: ignore, handlePortalSuspended: ignore, handleEmptyQuery: ignore,
  }
}
