// The embedded engine as the product opens it, alone in this process over a database of its own: five steps that do nothing, heard of as a live client hears of them.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { openEmbedded } from '../../server/adapters/database-embedded.ts'
import { openLocalBus } from '../../server/adapters/bus-local.ts'
import { newId } from '../../server/kernel/ids.ts'
import { silent } from '../../server/kernel/log-lines.ts'
import { listMigrations, migrate } from '../../server/kernel/migrate.ts'
import { openKernel, startTail } from '../../server/kernel/running.ts'
import type { Compiled } from '../../server/modules/workflows/engine/compiled.ts'
import { openEngine } from '../../server/modules/workflows/engine/embedded.ts'
import { runEvents } from '../../server/modules/workflows/engine/events.ts'

export const inFlight = 50
export const stepNames = ['a', 'b', 'c', 'd', 'e']
export const five: Compiled = { nodes: stepNames.map((id) => ({ id, kind: 'step', action: 'echo', needs: [] })), edges: stepNames.slice(1).map((to, i) => ({ from: stepNames[i]!, to })) }
const approval: Compiled = { nodes: [{ id: 'ok', kind: 'approval' }], edges: [] }

export type BenchEngine = Awaited<ReturnType<typeof openBenchEngine>>
/** @param o.work false: this process only starts and steers runs */
export async function openBenchEngine({ work = true } = {}) {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-bench-'))
  const database = await openEmbedded({ dataDir, log: () => {}, removeAfter: dataDir })
  await migrate(database.connection('owner'), listMigrations())
  const bus = await openLocalBus()
  const kernel = openKernel({ database, bus, platformKey: Buffer.alloc(32, 7), groups: [runEvents], log: silent, publicUrl: 'http://localhost:8080', version: 'bench' })
  const plain = new pg.Pool({ ...database.superuser(), max: 10 })
  plain.on('error', () => {}) // its connections may end after the server
  const [fiveId, approvalId, tenant] = [newId(), newId(), newId()]
  let firstStepAt = 0
  const run = async ({ node }: { node: string }) => {
    if (node === stepNames[0]) firstStepAt = performance.now()
    return { node, ok: true }
  }
  const open = () => openEngine({ kernel, load: async ({ defId }) => (defId === fiveId ? five : approval), run, work, limits: { runsPerTenant: inFlight } })
  const engine = open()
  const ended = new Map<string, () => void>()
  const tail = await startTail(kernel)
  tail.watch((event) => {
    if (event.name === 'run.completed') ended.get(event.subject_id)?.()
  })
  const heard = (id: string) => new Promise<void>((resolve) => ended.set(id, () => (ended.delete(id), resolve())))
  const context = () => kernel.app.context({ tenant, actor: { type: 'user', id: tenant }, request: newId(), role: 'owner' })
  return {
    dataDir, database, kernel, plain, engine, fiveId, approvalId, tenant, heard, context,
    /** Another engine over the same tables, as a new process has it. */
    open,
    /** When a first step was begun last, of whichever run. */
    firstStepAt: () => firstStepAt,
    /** This process and its database. */
    processes: { server: process.pid, cluster: path.join(database.dataDir, 'cluster') },
    /** One run from its start to the moment its end is heard. */
    async runFive(): Promise<void> {
      const { id } = await engine.start(context(), { workflowId: fiveId, version: 1, input: { n: 1 } })
      await heard(id)
    },
    async close(): Promise<void> {
      await tail.stop()
      await engine.close()
      await kernel.close()
      await bus.close()
      await plain.end()
      await database.stop()
      fs.rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

export type Sample = { rate: number; count: number; latencies: number[] }
/** Keeps so many of them under way for a while. @returns ends a second, and how long each took */
export async function keepInFlight(work: () => Promise<unknown>, ms: number): Promise<Sample> {
  const began = performance.now()
  const latencies: number[] = []
  await Promise.all(Array.from({ length: inFlight }, async () => {
    while (performance.now() - began < ms) {
      const since = performance.now()
      await work()
      latencies.push(performance.now() - since)
    }
  }))
  return { rate: latencies.length / ((performance.now() - began) / 1000), count: latencies.length, latencies }
}
