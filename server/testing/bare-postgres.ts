// A PostgreSQL server as strangers run it: a superuser's URL and none of our roles. For the tests of the external adapter.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { openEmbedded, databaseName } from '../adapters/database-embedded.ts'
import { databaseRoles, roleName } from '../kernel/roles.ts'

export type BareServer = { url(database: string, user?: string, password?: string): string; run(database: string, ...statements: string[]): Promise<pg.QueryResult>; stop(): Promise<void> }

/** The lowest version we name, as Debian 12 packages it. */
export const debianBin = '/usr/lib/postgresql/15/bin'
export const skipWithout = (bin: string): string | false => (fs.existsSync(path.join(bin, 'initdb')) ? false : `no PostgreSQL in ${bin}`)

export async function startBare(binDir?: string): Promise<BareServer> {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-bare-'))
  const server = await openEmbedded({ dataDir, binDir, log: () => {}, removeAfter: dataDir })
  const config = server.superuser('postgres')
  const run = async (database: string, ...statements: string[]) => {
    const client = new pg.Client(server.superuser(database))
    await client.connect()
    try {
      let result!: pg.QueryResult
      for (const statement of statements) result = await client.query(statement)
      return result
    } finally {
      await client.end()
    }
  }
  await run('postgres', `drop database ${databaseName}`, `drop role ${databaseRoles.map(roleName).join(', ')}`)
  return {
    url(database, user = 'postgres', password = String(config.password)) {
      return `postgres://${user}:${encodeURIComponent(password)}@localhost:${config.port}/${database}?host=${encodeURIComponent(String(config.host))}`
    },
    run,
    async stop() {
      await server.stop()
      fs.rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
