// One PostgreSQL server for a run of tests, one database for each test: a copy of a template that holds the migrations.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import pg from 'pg'
import { openEmbedded } from '../adapters/database-embedded.ts'
import { openExternal } from '../adapters/database-postgres.ts'
import type { Database } from '../kernel/ports.ts'
import { quoteName, quoteText } from '../kernel/roles.ts'

export type TestServer = { database: Database; superuser(database: string): pg.ClientConfig }
export type ServerOptions = {
  /** a server of another process, by its superuser's URL, instead of one of our own */
  adminUrl?: string
  /** another PostgreSQL's bin directory */
  binDir?: string
}
const shared = new Map<string, Promise<TestServer>>()

/**
 * The server of this process, started at the first call and shared by all test files. It ends with the process, in whatever
 * way that ends; its folder goes with it.
 */
export function testServer(o: ServerOptions = {}): Promise<TestServer> {
  const key = o.adminUrl ?? o.binDir ?? ''
  const known = shared.get(key)
  if (known) return known
  const started = o.adminUrl === undefined ? startOwn(o.binDir) : useOther(o.adminUrl)
  shared.set(key, started)
  return started
}

async function startOwn(binDir: string | undefined): Promise<TestServer> {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-test-'))
  const database = await openEmbedded({ dataDir, binDir, log: () => {}, removeAfter: dataDir })
  return { database, superuser: database.superuser }
}

/** All processes that name one server derive the same passwords from its URL. */
async function useOther(adminUrl: string): Promise<TestServer> {
  const platformKey = createHash('sha256').update(adminUrl).digest()
  const database = await openExternal({ url: adminUrl, platformKey, log: () => {} })
  return {
    database,
    superuser(name) {
      const url = new URL(adminUrl)
      url.pathname = `/${encodeURIComponent(name)}`
      return { connectionString: url.href, application_name: 'groundwork tests' }
    },
  }
}

async function asSuperuser<T>(server: TestServer, database: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(server.superuser(database))
  client.on('error', () => {})
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

export type TestDatabaseOptions = ServerOptions & {
  /** Runs once per server and template, as gw_owner; close every connection before it settles. */
  migrate?: (owner: pg.ClientConfig) => Promise<unknown>
  /** Names the template: give the hash of the migrations where several processes share a server. */
  template?: string
}
const templates = new Map<string, Promise<string>>()
let serial = 0
const retired = new Set<{ server: TestServer; name: string }>()

/**
 * A fresh database with the migrations applied, as the Database port. It is dropped some time after the test: pools may still be
 * closing in other `after` hooks, and a server that cut them off would make them fail.
 */
export async function testDatabase(t: Pick<TestContext, 'after'>, o: TestDatabaseOptions = {}): Promise<Database & { name: string }> {
  const server = await testServer(o)
  await dropRetired(server)
  const template = o.migrate ? await makeTemplate(server, o.template ?? `p${process.pid}`, o.migrate) : undefined
  const name = `t_${process.pid}_${++serial}`
  await asSuperuser(server, 'postgres', async (client) => {
    await client.query(`create database ${quoteName(name)} ${template ? `template ${quoteName(template)}` : ''} owner gw_owner`)
    await client.query(`revoke all on database ${quoteName(name)} from public; grant connect on database ${quoteName(name)} to gw_app, gw_system, gw_identity, gw_backup`)
  })
  if (!template) await asSuperuser(server, name, (client) => client.query('alter schema public owner to gw_owner'))
  t.after(() => void retired.add({ server, name }))
  return { ...server.database, name, connection: (role) => ({ ...server.database.connection(role), database: name }), stop: async () => {} }
}

/** The mark `is_template` is set last: a template without it was left half made and is made again. */
function makeTemplate(server: TestServer, key: string, migrate: NonNullable<TestDatabaseOptions['migrate']>): Promise<string> {
  const name = `gw_template_${key.replaceAll(/\W/g, '_').toLowerCase()}`
  const known = templates.get(`${server.database.describe()} ${name}`)
  if (known) return known
  const made = asSuperuser(server, 'postgres', async (client) => {
    await client.query('select pg_advisory_lock(hashtext($1))', [name]) // released with the connection
    const found = await client.query<{ done: boolean }>('select datistemplate as done from pg_database where datname = $1', [name])
    if (found.rows[0]?.done) return name
    if (found.rows[0]) await client.query(`drop database ${quoteName(name)} with (force)`)
    await client.query(`create database ${quoteName(name)} owner gw_owner`)
    await asSuperuser(server, name, (inside) => inside.query('alter schema public owner to gw_owner; create schema monitor; create extension if not exists amcheck schema monitor'))
    await migrate({ ...server.database.connection('owner'), database: name })
    await client.query(`alter database ${quoteName(name)} is_template true`)
    return name
  })
  templates.set(`${server.database.describe()} ${name}`, made)
  return made
}

/** Of this server only: another one may have been stopped meanwhile. */
async function dropRetired(server: TestServer): Promise<void> {
  for (const entry of [...retired].filter((one) => one.server === server)) {
    retired.delete(entry)
    await asSuperuser(entry.server, 'postgres', async (client) => {
      const used = await client.query(`select from pg_stat_activity where backend_type = 'client backend' and datname = ${quoteText(entry.name)} limit 1`)
      if (used.rowCount) retired.add(entry)
      else await client.query(`drop database if exists ${quoteName(entry.name)} with (force)`)
    })
  }
}
