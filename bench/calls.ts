// What does counting the calls of the API cost, as a share of the processor time of the smallest request that is counted?
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { openEmbedded } from '../server/adapters/database-embedded.ts'
import { openLocalBus } from '../server/adapters/bus-local.ts'
import { newId } from '../server/kernel/ids.ts'
import { silent } from '../server/kernel/log-lines.ts'
import { listMigrations, migrate } from '../server/kernel/migrate.ts'
import { openKernel } from '../server/kernel/running.ts'
import { createCalls } from '../server/modules/plans/calls.ts'
import { planEvents } from '../server/modules/plans/events.ts'
import { openGenerator, request } from './harness/load.ts'
import { cpu, cpuSince, type Processes } from './harness/processes.ts'
import { startProduct } from './harness/product.ts'
import { median, printTable, short } from './harness/rounds.ts'

const calls = 300_000
const rounds = 5
const used = async (processes: Processes, work: () => Promise<number>): Promise<number> => {
  const before = cpu(processes)
  const count = await work()
  const { server, database } = cpuSince(cpu(processes), before)
  return ((server + database) / count) * 1e6
}

const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'groundwork-bench-'))
const database = await openEmbedded({ dataDir, log: () => {}, removeAfter: dataDir })
await migrate(database.connection('owner'), listMigrations())
const bus = await openLocalBus()
const kernel = openKernel({ database, bus, platformKey: Buffer.alloc(32, 7), groups: [planEvents], log: silent, publicUrl: 'http://localhost:8080', version: 'bench' })
const counting = createCalls({ system: kernel.system, onError: (error) => { throw error }, perMinute: Number.MAX_SAFE_INTEGER, take: kernel.bus.take })
const tenant = newId()
const each: number[] = []
for (let round = 0; round < rounds; round++) {
  each.push(await used({ server: process.pid, cluster: path.join(database.dataDir, 'cluster') }, async () => {
    for (let n = 0; n < calls; n++) await counting.count(tenant)
    await counting.tell()
    return calls
  }))
}
await counting.stop()
await kernel.close()
await bus.close()
await database.stop()
fs.rmSync(dataDir, { recursive: true, force: true })

const generator = openGenerator()
const product = await startProduct()
try {
  const job = { host: '127.0.0.1', port: product.port, connections: 8, ms: 1500, requests: [request('GET', '/api/v1/projects?limit=1', { token: await product.sign() })] }
  await generator.run(job)
  const whole: number[] = []
  for (let round = 0; round < rounds; round++) whole.push(await used(product.processes, async () => (await generator.run(job)).count))
  printTable(['processor time, server and database', 'µs'], [
    ['a call counted, its share of blocks and events included', short(median(each))],
    ['GET /projects, with counting', short(median(whole))],
    ['the share of counting', `${((median(each) / median(whole)) * 100).toFixed(1)} % (goal: below 3 %)`],
  ])
} finally {
  generator.close()
  await product.stop()
}
