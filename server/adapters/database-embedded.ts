// The Database port without any service: a PostgreSQL server of our own over a data folder, reached by a Unix socket only.
import fs from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import type { Database, DatabaseRole } from '../kernel/ports.ts'
import { grantStatements, randomPasswords, roleName, roleSettings, roleStatements, statisticsStatements } from '../kernel/roles.ts'
import { findBinaries, serverVersion } from './embedded/binaries.ts'
import { clearLeftovers, explain, give, initialise, inspect, ids, port, readPostmaster, livingProcesses, socketFolder, type Folder } from './embedded/cluster.ts'
import { takeOwnerLock, type OwnerLock } from './embedded/owner-lock.ts'
import { choosePlace, realDataDir, type User } from './embedded/root-user.ts'
import { restoreInto, type Restored } from './embedded/restore.ts'
import { launch, type Server } from './embedded/supervisor.ts'

export { DataFolderHeld, readOwner, recordOwnerUrl } from './embedded/owner-lock.ts'

export type EmbeddedOptions = {
  /** DATA_DIR; the data may end up elsewhere when root starts in a folder its service user cannot reach: see `dataDir` of the result */
  dataDir: string
  /** GROUNDWORK_PG_BIN */
  binDir?: string
  log: (line: string) => void
  settings?: Record<string, string>
  /** where copies for the service user go */
  systemDir?: string
  /** tests: the folder to remove when this process is gone */
  removeAfter?: string
}
export type Embedded = Database & {
  dataDir: string
  /** the superuser: bootstrap, tests and checks only */
  superuser(database?: string): pg.ClientConfig
  postmaster: number
}
export const databaseName = 'groundwork'
const defaultSystemDir = '/var/lib/groundwork'

/** @throws Error whose message is one sentence with its cure, where a person can mend it; DataFolderHeld when another process runs it */
export async function openEmbedded(o: EmbeddedOptions): Promise<Embedded> {
  const given = path.resolve(o.dataDir)
  let lock: OwnerLock | undefined
  let server: Server | undefined
  try {
    const folder = prepareFolder(o)
    const held = (lock = await takeOwnerLock(folder.dataDir)) // before initdb, which two starts must never share
    initialise(folder)
    inspect(folder)
    await clearLeftovers(folder)
    const socketDir = socketFolder(folder)
    for (const name of [`.s.PGSQL.${port}.lock`, `.s.PGSQL.${port}`]) fs.rmSync(path.join(socketDir, name), { force: true })
    const running = (server = await launch({ folder, socketDir, settings: o.settings, removeAfter: o.removeAfter }))

    const superuser = (database = databaseName): pg.ClientConfig => ({ host: socketDir, port, user: 'postgres', password: readSecret(folder.dataDir), database, application_name: 'groundwork superuser' })
    const passwords = randomPasswords()
    const facts = await bootstrap(superuser, passwords)
    return {
      kind: 'embedded',
      dataDir: folder.dataDir,
      postmaster: running.pid,
      version: facts.version,
      lost: running.lost,
      connection: (role) => ({ host: socketDir, port, user: roleName(role), password: passwords[role], database: databaseName, application_name: `groundwork ${role}` }),
      superuser,
      has: async (extension) => facts.extensions.has(extension),
      describe: () => `built-in PostgreSQL ${folder.version.text} in ${folder.dataDir}`,
      async stop() {
        await running.stop()
        held.release()
      },
    }
  } catch (e) {
    await server?.stop()
    lock?.release()
    throw (e as NodeJS.ErrnoException).code !== undefined ? (explain(`${(e as NodeJS.ErrnoException).code} ${(e as Error).message}`, { dataDir: given }) ?? e) : e
  }
}

type Place = Pick<EmbeddedOptions, 'dataDir' | 'binDir' | 'log' | 'systemDir'>

/** Binaries, user and the folder itself, in this order: each depends on the one before. */
function prepareFolder(o: Place): Folder {
  const given = path.resolve(o.dataDir)
  makeFolder(given)
  const binaries = findBinaries(o.binDir, path.join(given, 'cache'))
  const place = choosePlace({ binaries, dataDir: given, systemDir: o.systemDir ?? defaultSystemDir, log: o.log })
  makeFolder(place.dataDir, place.user)
  return { ...place, cluster: path.join(place.dataDir, 'cluster'), version: serverVersion(place.bin, ids(place.user)), log: o.log }
}

/**
 * Replaces the data by a backup's, while nothing runs over the folder. The old cluster is kept beside.
 * @throws DataFolderHeld while a server runs; Error with the cure for a wrong key, another major version, a damaged file
 */
export async function restoreEmbedded(o: Place & { file: string; platformKey: Uint8Array }): Promise<Restored & { dataDir: string }> {
  const folder = prepareFolder(o)
  const lock = await takeOwnerLock(folder.dataDir)
  try {
    return { ...(await restoreInto(folder, o.file, o.platformKey)), dataDir: folder.dataDir }
  } finally {
    lock.release()
  }
}

/** What a data folder has in it; a folder with none of these and with other things is somebody else's. */
const ours = ['cluster', 'owner.lock', 'home', 'keys', 'superuser.pw']

/**
 * Parents first with the default mode: a mode given with `recursive` would close them to the service user too.
 * @throws when the folder is in use for something else: it would be closed to everybody, or given to another user
 */
function makeFolder(folder: string, user?: User): void {
  fs.mkdirSync(path.dirname(folder), { recursive: true })
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  const names = fs.readdirSync(folder).filter((name) => name !== 'lost+found' && name !== 'cache') // compiled code, kept there before anything else is
  if (names.length && !names.some((name) => ours.includes(name))) throw new Error(`DATA_DIR is ${folder}, which holds other things (${names.slice(0, 3).join(', ')}): name an empty or a new folder`)
  const found = fs.statSync(folder)
  if (user && found.uid !== user.uid) give(folder, user)
  if (found.mode & 0o077) fs.chmodSync(folder, 0o700)
}

const readSecret = (dataDir: string) => fs.readFileSync(path.join(dataDir, 'superuser.pw'), 'utf8').trim()

/** Roles with this start's passwords, the database, and the two extensions that only a superuser may make. */
async function bootstrap(superuser: (database?: string) => pg.ClientConfig, passwords: ReturnType<typeof randomPasswords>) {
  const facts = await withClient(superuser('postgres'), async (client) => {
    const found = await client.query<{ version: number; roles: string[]; databases: string[]; extensions: string[]; preload: string }>(`select current_setting('server_version_num')::int as version,
      array(select rolname::text from pg_roles) as roles, array(select datname::text from pg_database) as databases,
      array(select name::text from pg_available_extensions) as extensions, current_setting('shared_preload_libraries') as preload`)
    const { version, roles, databases, extensions, preload } = found.rows[0]!
    await client.query(roleStatements({ passwords, existing: new Set(roles), replication: true }).join(';\n'))
    await client.query(statisticsStatements(version).join('; '))
    if (!databases.includes(databaseName)) await client.query(`create database ${databaseName} owner gw_owner`)
    return { version, extensions: new Set(extensions), preload }
  })
  await withClient(superuser(), async (client) => {
    await client.query([`revoke all on database ${databaseName} from public`, ...grantStatements(databaseName)].join(';\n'))
    await client.query('create schema if not exists monitor; grant usage on schema monitor to gw_system')
    for (const name of ['pg_stat_statements', 'amcheck'])
      if (facts.extensions.has(name) && (name === 'amcheck' || facts.preload.includes(name))) await client.query(`create extension if not exists ${name} schema monitor`)
  })
  return facts
}

async function withClient<T>(config: pg.ClientConfig, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(config)
  client.on('error', () => {}) // without a listener a dropped connection would end this process; the query fails anyway
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end().catch(() => {})
  }
}

/**
 * A running server of another process, for verbs beside it (seed, backup, db url): the superuser acting as each role, since the
 * roles' passwords live only in their owner's memory. `stop` does nothing.
 * @returns undefined when no server runs over the folder
 */
export async function attachEmbedded(o: { dataDir: string; systemDir?: string }): Promise<Embedded | undefined> {
  const dataDir = realDataDir(o.dataDir, o.systemDir ?? defaultSystemDir)
  const cluster = path.join(dataDir, 'cluster')
  const found = readPostmaster(cluster)
  if (!found || found.status !== 'ready' || !livingProcesses(cluster).includes(found.pid)) return undefined
  const superuser = (database = databaseName): pg.ClientConfig => ({ host: found.socketDir, port, user: 'postgres', password: readSecret(dataDir), database, application_name: 'groundwork superuser' })
  const facts = await withClient(superuser(), async (client) => (await client.query<{ version: number; text: string; extensions: string[] }>(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as text, array(select name::text from pg_available_extensions) as extensions`)).rows[0]!)
  return {
    kind: 'embedded',
    dataDir,
    postmaster: found.pid,
    version: facts.version,
    lost: new Promise(() => {}),
    connection(role: DatabaseRole) {
      if (role === 'backup') return { ...superuser(), application_name: 'groundwork backup' }
      const options = Object.entries({ ...roleSettings(role), role: roleName(role) }).map(([name, value]) => `-c ${name}=${value}`).join(' ')
      return { ...superuser(), options, application_name: `groundwork ${role}` }
    },
    superuser,
    has: async (extension) => facts.extensions.includes(extension),
    describe: () => `built-in PostgreSQL ${facts.text} in ${dataDir}, run by process ${found.pid}`,
    stop: async () => {},
  }
}
