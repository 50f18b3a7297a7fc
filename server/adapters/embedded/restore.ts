// Puts a backup in the place of the cluster. The restored server is started once before anything is renamed: what cannot recover,
// or holds a broken index, never replaces what was there. The old cluster stays beside, under another name.
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { quoteText, scramVerifier } from '../../kernel/roles.ts'
import { clearLeftovers, explain, give, port, socketFolder, syncFolder, type Folder } from './cluster.ts'
import { readBackupHeader, readSealedFile, type BackupHeader } from './sealed-file.ts'
import { launch } from './supervisor.ts'
import { createUntar } from './untar.ts'

export type Restored = {
  at: string
  file: string
  /** when the backup was taken: everything after it is gone */
  taken: string
  /** the cluster that was there before, kept */
  aside: string | null
}
const markerOf = (dataDir: string) => path.join(dataDir, 'restored.json')

/**
 * There after a restore, until `clearRestored`: the next start must call next_epoch(), end all sessions, clear one-time tokens and hold
 * jobs, mails and triggers, or everything since the backup is sent again.
 */
export function readRestored(dataDir: string): Restored | undefined {
  try {
    return JSON.parse(fs.readFileSync(markerOf(dataDir), 'utf8')) as Restored
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw e
  }
}
export function clearRestored(dataDir: string): void {
  fs.rmSync(markerOf(dataDir), { force: true })
  syncFolder(dataDir)
}

/** The folder is locked by the caller. @throws with the cure; the old cluster is then untouched */
export async function restoreInto(folder: Folder, file: string, platformKey: Uint8Array): Promise<Restored> {
  const header = readBackupHeader(file)
  refuseForeign(header, folder)
  for (const name of fs.readdirSync(folder.dataDir)) if (name.startsWith('cluster.restore-')) fs.rmSync(path.join(folder.dataDir, name), { recursive: true, force: true })
  if (fs.existsSync(folder.cluster)) await clearLeftovers(folder)
  const side: Folder = { ...folder, cluster: path.join(folder.dataDir, `cluster.restore-${randomBytes(4).toString('hex')}`) }
  try {
    unpack(side, file, platformKey)
    await proveRestored(side)
  } catch (e) {
    fs.rmSync(side.cluster, { recursive: true, force: true })
    throw explain(`${(e as NodeJS.ErrnoException).code} ${(e as Error).message}`, folder) ?? e
  }
  const at = new Date().toISOString()
  const aside = fs.existsSync(folder.cluster) ? path.join(folder.dataDir, `cluster.before-${at.replaceAll(/[:.]/g, '-')}`) : null
  const restored: Restored = { at, file: path.resolve(file), taken: header.at, aside }
  // The marker first: a start between the steps is then too careful, never too careless.
  fs.writeFileSync(markerOf(folder.dataDir), JSON.stringify(restored) + '\n', { mode: 0o600, flush: true })
  if (aside) fs.renameSync(folder.cluster, aside)
  fs.renameSync(side.cluster, folder.cluster)
  syncFolder(folder.dataDir)
  return restored
}

/** A copy of a server's files can only be read by the same major version on the same kind of machine. */
function refuseForeign(header: BackupHeader, folder: Folder): void {
  if (header.major !== folder.version.major)
    throw new Error(`The backup is of PostgreSQL ${header.major}, the installed server is ${folder.version.text}: set GROUNDWORK_PG_BIN to the bin directory of a PostgreSQL ${header.major}`)
  const here = `${process.platform}-${process.arch}`
  if (header.platform !== here) throw new Error(`The backup was taken on ${header.platform} and cannot be read on ${here}: restore it on a machine of that kind`)
}

function unpack(side: Folder, file: string, platformKey: Uint8Array): void {
  const manifest: Buffer[] = []
  const untar = createUntar(side.cluster, (made) => give(made, side.user))
  fs.mkdirSync(side.cluster, { mode: 0o700 })
  give(side.cluster, side.user)
  for (const frame of readSealedFile(file, platformKey)) {
    if (frame.kind === 'tar') untar.write(frame.data)
    else manifest.push(frame.data)
  }
  untar.end()
  const files = (JSON.parse(Buffer.concat(manifest).toString('utf8')) as { Files: { Path: string; Size: number }[] }).Files
  for (const { Path, Size } of files)
    if (fs.statSync(path.join(side.cluster, Path), { throwIfNoEntry: false })?.size !== Size) throw new Error(`${file} lacks ${Path}, or holds it in another size: take another backup`)
}

/** Recovers it, gives the superuser this folder's password, and reads every index. Nobody else can connect meanwhile. */
async function proveRestored(side: Folder): Promise<void> {
  const secret = path.join(side.dataDir, 'superuser.pw')
  if (!fs.existsSync(secret)) {
    fs.writeFileSync(secret, randomBytes(24).toString('base64url') + '\n', { mode: 0o600 })
    give(secret, side.user)
  }
  const password = fs.readFileSync(secret, 'utf8').trim()
  const door = path.join(side.cluster, 'restore.hba') // the backup's own password is not known here
  fs.writeFileSync(door, 'local all postgres trust\n', { mode: 0o600 })
  give(door, side.user)
  const socketDir = socketFolder(side)
  const server = await launch({ folder: side, socketDir, settings: { hba_file: door, autovacuum: 'off' } })
  try {
    const databases = await ask<{ name: string }>(socketDir, 'postgres', `alter role postgres password ${quoteText(scramVerifier(password))}`, 'select datname::text as name from pg_database where datallowconn')
    for (const { name } of databases)
      await ask(socketDir, name, 'set statement_timeout = 0', `select monitor.bt_index_check(c.oid) from pg_class c join pg_am a on a.oid = c.relam join pg_index i on i.indexrelid = c.oid
        where a.amname = 'btree' and c.relkind = 'i' and c.relpersistence = 'p' and i.indisvalid and i.indisready`, 'monitor.bt_index_check(regclass)')
  } finally {
    await server.stop()
  }
  fs.rmSync(door)
}

/** Runs both statements; skips them in a database that lacks the function `needs`. */
async function ask<Row extends pg.QueryResultRow>(host: string, database: string, first: string, second: string, needs?: string): Promise<Row[]> {
  const client = new pg.Client({ host, port, user: 'postgres', database, application_name: 'groundwork restore' })
  client.on('error', () => {})
  await client.connect()
  try {
    if (needs && !(await client.query<{ there: boolean }>('select to_regprocedure($1) is not null as there', [needs])).rows[0]!.there) return []
    await client.query(first)
    return (await client.query<Row>(second)).rows
  } catch (e) {
    throw new Error(`The restored database ${database} is not sound (${(e as Error).message}): take another backup`)
  } finally {
    await client.end()
  }
}
