// A kernel on a fresh database, for tests of the kernel and of modules without HTTP.
import type { TestContext } from 'node:test'
import { createBell } from '../kernel/bell.ts'
import { Db, type Who } from '../kernel/db.ts'
import { createEventRegistry, event, type EventDeclaration } from '../kernel/events.ts'
import { newId } from '../kernel/ids.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { createKeyRing } from '../kernel/keys.ts'
import { createEventOpener } from '../kernel/log.ts'
import { silent } from '../kernel/log-lines.ts'
import { createMetrics } from '../kernel/metrics.ts'
import { listMigrations, migrate } from '../kernel/migrate.ts'
import type { Database } from '../kernel/ports.ts'
import { systemWho } from '../kernel/readers.ts'
import { Strict, Type } from '../kernel/schema.ts'
import { openLocalBus } from '../adapters/bus-local.ts'
import { testDatabase, type ServerOptions } from './postgres.ts'

/** An event for tests that have no module: `probe.written`. */
export const probeEvents = { 'probe.written': event(Strict({ n: Type.Integer(), by: Type.Optional(Type.String()) })) }
declare module '../kernel/events.ts' {
  interface EventMap {
    'probe.written': { n: number; by?: string }
  }
}

export type TestKernel = Kernel & { database: Database; who(over?: Partial<Who>): Who; close(): Promise<void> }

/** @param groups events of the modules under test, beside probe.written @param extra SQL run as gw_owner in this database only */
export async function testKernel(t: Pick<TestContext, 'after'>, { groups = [], extra, server = {} }: { groups?: Record<string, EventDeclaration>[]; extra?: string; server?: ServerOptions } = {}): Promise<TestKernel> {
  const migrations = listMigrations()
  const database = await testDatabase(t, { ...server, migrate: (owner) => migrate(owner, migrations), template: migrations.map((m) => m.hash.slice(0, 6)).join('').slice(0, 40) })
  if (extra) await asOwner(database, extra)
  const kernel = openKernel(database, [probeEvents, ...groups])
  t.after(kernel.close)
  return kernel
}

/** Runs SQL as gw_owner. */
export async function asOwner(database: Database, text: string): Promise<void> {
  const { default: pg } = await import('pg')
  const client = new pg.Client(database.connection('owner'))
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

/** A kernel over a database; several over the same one stand for several processes. */
export function openKernel(database: Database, groups: Record<string, EventDeclaration>[]): TestKernel {
  const registry = createEventRegistry(groups)
  const bus = openLocalBus()
  const bell = createBell(bus, 'log')
  const onCommit = () => bell.ring()
  const seal: ConstructorParameters<typeof Db>[0]['seal'] = ({ tenant, person }, text, boundTo) => keys.seal({ tenant, person }, text, boundTo)
  const app = new Db({ connection: { ...database.connection('app'), max: 8 }, registry, seal, onCommit })
  const system = new Db({ connection: { ...database.connection('system'), max: 4 }, registry, seal, onCommit, system: true })
  const keys = createKeyRing({ platformKey: Buffer.alloc(32, 7), store: { transact: (body) => system.transact(systemWho('keys'), (tx) => body(tx)) } })
  const close = async () => {
    bell.close()
    await Promise.all([app.close(), system.close(), bus.close()])
  }
  return {
    database, app, system, registry, bus, bell, keys, open: createEventOpener(registry, keys), log: silent, metrics: createMetrics(), publicUrl: 'http://localhost:8080', version: '0.0.0-test', close,
    who: (over = {}) => ({ tenant: newId(), actor: { type: 'user', id: newId() }, request: `test-${newId()}`, role: 'owner', operator: false, ...over }),
  }
}
