// A kernel on a fresh database, for tests of the kernel and of modules without HTTP.
import { createHash } from 'node:crypto'
import type { TestContext } from 'node:test'
import pg from 'pg'
import type { Who } from '../kernel/db.ts'
import { event, type EventDeclaration } from '../kernel/events.ts'
import { newId } from '../kernel/ids.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { SwitchBoard } from '../kernel/switches.ts'
import { silent } from '../kernel/log-lines.ts'
import { listMigrations, migrate } from '../kernel/migrate.ts'
import type { Database, DatabaseRole } from '../kernel/ports.ts'
import { openKernel } from '../kernel/running.ts'
import { Strict, Type } from '../kernel/schema.ts'
import { openLocalBus } from '../adapters/bus-local.ts'
import { openQuickJs } from '../adapters/sandbox-quickjs.ts'
import { testDatabase, type ServerOptions } from './postgres.ts'

/** An event for tests that have no module: `probe.written`. */
export const probeEvents = { 'probe.written': event(Strict({ n: Type.Integer(), by: Type.Optional(Type.String()) })) }
declare module '../kernel/events.ts' {
  interface EventMap {
    'probe.written': { n: number; by?: string }
  }
}

export type TestKernel = Kernel & { switches: SwitchBoard; database: Database; who(over?: Partial<Who>): Who; close(): Promise<void> }

/** @param groups events of the modules under test, beside probe.written @param extra SQL run as gw_owner in this database only */
export async function testKernel(t: Pick<TestContext, 'after'>, { groups = [], extra, server = {} }: { groups?: Record<string, EventDeclaration>[]; extra?: string; server?: ServerOptions } = {}): Promise<TestKernel> {
  const database = await migratedDatabase(t, server)
  if (extra) await runAs(database, 'owner', extra)
  const kernel = await openTestKernel(database, [probeEvents, ...groups])
  t.after(kernel.close)
  return kernel
}

/** A fresh database as all migrations make it. */
export function migratedDatabase(t: Pick<TestContext, 'after'>, server: ServerOptions = {}): ReturnType<typeof testDatabase> {
  const migrations = listMigrations()
  const template = createHash('sha256').update(migrations.map((m) => m.hash).join('')).digest('hex').slice(0, 24)
  return testDatabase(t, { ...server, migrate: (owner) => migrate(owner, migrations), template })
}

/** Runs SQL as a role of the product. */
export async function runAs(database: Database, role: DatabaseRole, text: string): Promise<void> {
  const client = new pg.Client(database.connection(role))
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

/** A kernel over a database; several over the same one stand for several processes. */
export async function openTestKernel(database: Database, groups: Record<string, EventDeclaration>[]): Promise<TestKernel> {
  const bus = await openLocalBus()
  const kernel = openKernel({ database, bus, platformKey: Buffer.alloc(32, 7), groups, openSandbox: (egress) => openQuickJs({ egress, log: silent }), log: silent, publicUrl: 'http://localhost:8080', version: '0.0.0-test', connections: 8 })
  return {
    ...kernel,
    async close() {
      await kernel.close()
      await bus.close()
    },
    who: (over = {}) => ({ tenant: newId(), actor: { type: 'user', id: newId() }, request: `test-${newId()}`, role: 'owner', operator: false, ...over }),
  }
}
