// The product as people run it, over a data folder of its own that goes when the bench ends, with one person signed in.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { Product, setupToken } from '../../server/testing/product.ts'
import type { Processes } from './processes.ts'

export const person = { email: 'bench@example.test', password: 'herons under a tin roof 58', name: 'Bench' }
export type Running = {
  product: Product
  port: number
  processes: Processes
  tenant: string
  user: string
  /** A token of this moment: they live for minutes. */
  sign(): Promise<string>
  /** As the superuser, past the policies: for seeding and looking. */
  sql: pg.Client
  stop(): Promise<void>
}

/** @param env settings beside `RATE_LIMITS=off`; LOG_LEVEL is the product's own default */
export async function startProduct(env: Record<string, string> = {}): Promise<Running> {
  const product = new Product(fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-bench-')), { LOG_LEVEL: 'warn', ...env })
  const orphan = () => product.running && process.kill(product.pid, 'SIGKILL')
  process.once('exit', orphan)
  await product.start()
  const made = await product.ok('POST', '/auth/register', { body: { ...person, tenantName: 'Bench', setupToken } })
  const sql = new pg.Client((await product.attach()).superuser())
  sql.on('error', () => {})
  await sql.connect()
  return {
    product, port: Number(new URL(product.url).port), processes: { server: product.pid, cluster: product.cluster() }, tenant: made.tenant.id, user: made.user.id, sql,
    sign: async () => (await product.ok('POST', '/auth/login', { body: { email: person.email, password: person.password } })).accessToken,
    async stop() {
      process.off('exit', orphan)
      await sql.end().catch(() => {})
      await product.stop()
      await product.remove()
    },
  }
}
