// PostgreSQL refuses to run as root. Started as root, it runs as a service user; where that user cannot reach the project
// (it may lie in /root), the binaries are copied and the data moves to a system folder. Both are said aloud.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { copyBinaries, type Binaries } from './binaries.ts'

export type User = { name: string; uid: number; gid: number }
export type Place = { bin: string; dataDir: string; user?: User }
const serviceName = 'groundwork'

function lookUp(match: (fields: string[]) => boolean): User | undefined {
  const fields = fs.readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':')).find((f) => f.length > 3 && match(f))
  return fields && { name: fields[0]!, uid: Number(fields[2]), gid: Number(fields[3]) }
}

/** Made once; never `nobody`, because other sandboxed programs run under that uid and could then read the data. */
function serviceUser(home: string, log: (line: string) => void): User {
  const named = (f: string[]) => f[0] === serviceName
  const known = lookUp(named)
  if (known) return known
  const ways: [string, string[]][] = [
    ['useradd', ['--system', '--no-create-home', '--home-dir', home, '--shell', '/usr/sbin/nologin', '--user-group', serviceName]],
    ['adduser', ['-S', '-D', '-H', '-h', home, serviceName]],
  ]
  for (const [command, args] of ways) {
    spawnSync(command, args)
    const made = lookUp(named) // also when another start made it at this moment
    if (made) {
      log(`PostgreSQL refuses to run as root: made the system user ${serviceName} (${made.uid}) for it`)
      return made
    }
  }
  throw new Error(`PostgreSQL refuses to run as root and the user ${serviceName} could not be made: add it ("useradd --system ${serviceName}"), start as another user, or set DATABASE_URL`)
}

/** Asked as that user, because every parent folder counts. */
export function canReach(user: User, file: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -r "$1" && test -x "$1"', 'sh', file], { uid: user.uid, gid: user.gid, cwd: '/' }).status === 0
}
const canEnter = (user: User, folder: string) => spawnSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', folder], { uid: user.uid, gid: user.gid, cwd: '/' }).status === 0

/** The random id of this data folder's place elsewhere. A hash of the path would hand a new clone the old one's accounts. */
export function readHome(dataDir: string): string | undefined {
  try {
    return fs.readFileSync(path.join(dataDir, 'home'), 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}
function makeHome(dataDir: string): string {
  const side = path.join(dataDir, `home.${randomBytes(4).toString('hex')}`)
  fs.writeFileSync(side, randomBytes(6).toString('hex') + '\n', { mode: 0o600 })
  try {
    fs.linkSync(side, path.join(dataDir, 'home')) // two starts at once: one link wins, both read it
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e
  } finally {
    fs.rmSync(side, { force: true })
  }
  return readHome(dataDir)!
}

/** Where the data of DATA_DIR really lies: the same folder, or the one its `home` file names. Changes nothing. */
export function realDataDir(dataDir: string, systemDir: string): string {
  const id = readHome(dataDir)
  return id ? path.join(systemDir, `data-${id}`) : path.resolve(dataDir)
}

/** Decides binaries, data folder and user. `dataDir` exists already. Not root: nothing changes. */
export function choosePlace(o: { binaries: Binaries; dataDir: string; systemDir: string; log: (line: string) => void }): Place {
  if (process.getuid?.() !== 0) return { bin: o.binaries.bin, dataDir: realDataDir(o.dataDir, o.systemDir) }
  const dataDir = realDataDir(o.dataDir, o.systemDir)
  const cluster = fs.statSync(path.join(dataDir, 'cluster'), { throwIfNoEntry: false })
  // A folder that a plain user's start has filled stays that user's: PostgreSQL insists on owning it.
  const user = cluster && cluster.uid !== 0
    ? (lookUp((f) => Number(f[2]) === cluster.uid) ?? { name: String(cluster.uid), uid: cluster.uid, gid: cluster.gid })
    : serviceUser(o.systemDir, o.log)
  const place: Place = { bin: o.binaries.bin, dataDir, user }
  if (!canReach(user, path.join(place.bin, 'postgres'))) {
    if (!o.binaries.native) throw new Error(`The user ${user.name} cannot reach ${place.bin}: name a bin directory that every user can read in GROUNDWORK_PG_BIN`)
    fs.mkdirSync(o.systemDir, { recursive: true, mode: 0o755 })
    place.bin = path.join(copyBinaries({ native: o.binaries.native, release: o.binaries.release }, o.systemDir), 'bin')
    o.log(`${user.name} cannot reach ${o.binaries.bin}: PostgreSQL runs from ${place.bin}`)
  }
  if (dataDir === path.resolve(o.dataDir) && !cluster && !canEnter(user, path.dirname(dataDir))) {
    fs.mkdirSync(o.systemDir, { recursive: true, mode: 0o755 })
    place.dataDir = path.join(o.systemDir, `data-${makeHome(o.dataDir)}`)
    o.log(`${user.name} cannot reach ${o.dataDir}: the data lies in ${place.dataDir}`)
  }
  return place
}
