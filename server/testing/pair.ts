// Two processes of the product over one PostgreSQL of their own, as an installation that grew has them.
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import pg from 'pg'
import { startBare } from './bare-postgres.ts'
import { Product } from './product.ts'

/** @returns both, started, and a connection as the superuser; all of it ends with the test */
export async function startPair(t: Pick<TestContext, 'after'>): Promise<{ near: Product; far: Product; sql: pg.Client }> {
  const server = await startBare()
  const ends: (() => Promise<unknown>)[] = [server.stop]
  t.after(async () => {
    for (const end of ends.reverse()) await end()
  })
  await server.run('postgres', 'create database pair')
  const env = { DATABASE_URL: server.url('pair'), SECRET_KEY: randomBytes(32).toString('base64'), PUBLIC_URL: 'http://pair.test' }
  const [near, far] = [1, 2].map(() => new Product(fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-proof-')), env)) as [Product, Product]
  for (const product of [near, far]) {
    ends.push(async () => {
      if (product.running) await product.stop()
      await product.remove()
    })
    await product.start()
  }
  const sql = new pg.Client(server.url('pair'))
  sql.on('error', () => {})
  await sql.connect()
  ends.push(() => sql.end())
  return { near, far, sql }
}
