// The cluster's folder on disk: making it, judging what an earlier run left in it, and the place of its socket.
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { serverEnvironment, type Version } from './binaries.ts'
import type { User } from './root-user.ts'

export type Folder = { dataDir: string; cluster: string; bin: string; version: Version; user?: User; log: (line: string) => void }
export const port = 5432 // of the socket's name only; nothing listens on TCP
const spaceForNew = 120 * 2 ** 20

export const give = (file: string, user?: User): void => {
  if (user) fs.chownSync(file, user.uid, user.gid)
}
export const ids = (user?: User): { uid?: number; gid?: number } => (user ? { uid: user.uid, gid: user.gid } : {})

/** postmaster.pid, line by line: pid, data directory, start time, port, socket directory, listen address, shm key, status. */
export function readPostmaster(cluster: string): { pid: number; socketDir: string; status: string } | undefined {
  try {
    const lines = fs.readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8').split('\n')
    return { pid: Number(lines[0]), socketDir: (lines[4] ?? '').trim(), status: (lines[7] ?? '').trim() }
  } catch {
    return undefined
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Living processes of this cluster: postmaster, backends and workers all work in its folder. A zombie has no readable
 * folder and a reused pid another one, so neither is taken for the server.
 */
export function livingProcesses(cluster: string): number[] {
  if (!fs.existsSync(cluster)) return []
  const real = fs.realpathSync(cluster)
  if (process.platform !== 'linux') {
    const pid = readPostmaster(cluster)?.pid
    if (!pid || !exists(pid)) return []
    const command = spawnSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).stdout ?? ''
    return command.includes('postgres') && command.includes(cluster) ? [pid] : []
  }
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => worksIn(Number(pid), real)).map(Number)
}

function worksIn(pid: number, folder: string): boolean {
  try {
    return fs.readlinkSync(`/proc/${pid}/cwd`) === folder
  } catch {
    return false
  }
}
function isServing(pid: number, cluster: string): boolean {
  if (!fs.existsSync(cluster)) return exists(pid) // the folder was removed under the server, which must end all the more
  return process.platform === 'linux' ? worksIn(pid, fs.realpathSync(cluster)) : livingProcesses(cluster).includes(pid)
}

/**
 * Fast, then immediate, then kill: a fast shutdown that arrives during crash recovery can hang for ever. An immediate one loses nothing
 * committed, so the first step may be short: a start should be able to stop within 5 s.
 */
export async function endServer(folder: Pick<Folder, 'cluster' | 'log'>, pid: number): Promise<void> {
  for (const [signal, ms] of [['SIGINT', 3_000], ['SIGQUIT', 5_000], ['SIGKILL', 2_000]] as const) {
    try {
      process.kill(pid, signal)
    } catch {
      return
    }
    for (const until = Date.now() + ms; Date.now() < until; await sleep(10)) if (!isServing(pid, folder.cluster)) return
    folder.log(`PostgreSQL (${pid}) did not end within ${ms / 1000} s of ${signal}`)
  }
}

/** Makes the cluster in a side folder and renames it: an initdb that was killed leaves nothing that looks like a cluster. */
export function initialise(f: Folder): void {
  for (const name of fs.readdirSync(f.dataDir)) if (name.startsWith('cluster.init-')) fs.rmSync(path.join(f.dataDir, name), { recursive: true, force: true })
  if (fs.existsSync(f.cluster)) return
  const aside = fs.readdirSync(f.dataDir).findLast((name) => name.startsWith('cluster.before-'))
  if (aside) throw new Error(`A restore into ${f.dataDir} was interrupted: run it again, or go back with "mv ${path.join(f.dataDir, aside)} ${f.cluster}"`)
  const disk = fs.statfsSync(f.dataDir)
  if (disk.bavail * disk.bsize < spaceForNew) throw new Error(`There is too little room for a database in ${f.dataDir} (${Math.floor((disk.bavail * disk.bsize) / 2 ** 20)} MB free): free at least ${spaceForNew / 2 ** 20} MB, or set another DATA_DIR`)
  const secret = path.join(f.dataDir, 'superuser.pw')
  if (!fs.existsSync(secret)) {
    fs.writeFileSync(secret, randomBytes(24).toString('base64url') + '\n', { mode: 0o600 })
    give(secret, f.user)
  }
  const side = path.join(f.dataDir, `cluster.init-${randomBytes(4).toString('hex')}`)
  // The builtin locale sorts the same on every system, so no library update breaks an index; initdb before 17 does not know it.
  const locale = f.version.major >= 17 ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : ['--locale=C', '--lc-ctype=C.UTF-8']
  const made = spawnSync(
    path.join(f.bin, 'initdb'),
    ['-D', side, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${secret}`, '--encoding=UTF8', '--data-checksums', ...locale],
    { ...ids(f.user), env: serverEnvironment(f.dataDir), encoding: 'utf8', cwd: f.dataDir },
  )
  if (made.status !== 0) {
    fs.rmSync(side, { recursive: true, force: true })
    throw explain(made.error?.message ?? made.stderr, f) ?? new Error(`initdb failed: ${(made.error?.message ?? made.stderr).trim()}`)
  }
  fs.renameSync(side, f.cluster)
  syncFolder(f.dataDir)
}

export function syncFolder(folder: string): void {
  const fd = fs.openSync(folder, 'r')
  fs.fsyncSync(fd)
  fs.closeSync(fd)
}

/** @throws with the cure when the folder belongs to another major version, another user, or lies open to others and cannot be closed */
export function inspect(f: Folder): void {
  const major = Number.parseInt(fs.readFileSync(path.join(f.cluster, 'PG_VERSION'), 'utf8'), 10)
  if (major !== f.version.major)
    throw new Error(`The data in ${f.dataDir} is of PostgreSQL ${major}, but the installed server is ${f.version.text}: set GROUNDWORK_PG_BIN to the bin directory of a PostgreSQL ${major}, or use the release of Groundwork that wrote it`)
  const folder = fs.statSync(f.cluster)
  const uid = f.user?.uid ?? process.getuid?.()
  if (folder.uid !== uid) throw new Error(`${f.cluster} belongs to uid ${folder.uid}, but this start is uid ${uid}: start as the user of the last time, or give the folder away with "chown -R ${uid} ${f.dataDir}"`)
  if (folder.mode & 0o027) fs.chmodSync(f.cluster, 0o700)
}

/** An orphan server is stopped (adopted it would have no watchdog), orphan backends are waited for, then dead lock files go. */
export async function clearLeftovers(f: Folder): Promise<void> {
  const old = readPostmaster(f.cluster)
  if (old && livingProcesses(f.cluster).includes(old.pid)) {
    f.log(`an earlier run left PostgreSQL (${old.pid}) behind: stopping it`)
    await endServer(f, old.pid)
  }
  const until = Date.now() + 10_000
  for (let living = livingProcesses(f.cluster); living.length; living = livingProcesses(f.cluster)) {
    if (Date.now() > until) throw new Error(`Processes ${living.join(', ')} still work in ${f.cluster}: end them and start again`)
    await sleep(20)
  }
  // Nothing lives here any more: a pid that still exists is a zombie or a stranger, and PostgreSQL would refuse for ever.
  if (old && exists(old.pid)) fs.rmSync(path.join(f.cluster, 'postmaster.pid'), { force: true })
}

/** A socket's path holds 107 bytes on Linux and 103 on macOS: a long project path needs a short folder elsewhere. */
export function socketFolder(f: Pick<Folder, 'dataDir' | 'user'>): string {
  const inside = path.join(f.dataDir, 'run')
  const fits = Buffer.byteLength(path.join(inside, `.s.PGSQL.${port}`)) <= 103
  const folder = fits ? inside : path.join(os.tmpdir(), `gw-${createHash('sha256').update(f.dataDir).digest('hex').slice(0, 12)}`)
  const uid = f.user?.uid ?? process.getuid?.()
  try {
    fs.mkdirSync(folder, { mode: 0o700 })
    give(folder, f.user)
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e
  }
  const found = fs.lstatSync(folder) // in a shared folder somebody else may have made it first
  if (!found.isDirectory() || found.uid !== uid || found.mode & 0o077) throw new Error(`${folder} must be a folder of uid ${uid} that nobody else may enter (mode 0700): remove it and start again`)
  return folder
}

/** PostgreSQL's and the kernel's words for what a person can mend; undefined for anything else. */
export function explain(message: string, f: { dataDir: string }): Error | undefined {
  const say = (text: string) => new Error(text)
  if (/ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/.test(message)) return say(`The disk that holds ${f.dataDir} is full: free some space and start again`)
  if (/EROFS|Read-only file system/.test(message)) return say(`${f.dataDir} lies on a read-only file system: make it writable, or set another DATA_DIR`)
  if (/EACCES|EPERM|Permission denied|Operation not permitted|unable to open database file/.test(message)) return say(`${f.dataDir} cannot be written by this user: start as the user that owns it, mend its rights, or set another DATA_DIR`)
  if (/^(EEXIST|ENOTDIR) /.test(message)) return say(`${f.dataDir} is no folder: set another DATA_DIR`)
  if (/database files are incompatible/.test(message)) return say(`The data in ${f.dataDir} was written by a server that this one cannot read: set GROUNDWORK_PG_BIN to the one that wrote it`)
  return undefined
}
