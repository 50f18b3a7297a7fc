// With 1,000 sockets: how long from the commit until others have the event, how many messages a second in a burst, how much memory a socket?
import { now, openListeners } from './harness/listeners.ts'
import { cpu, cpuSince, memory } from './harness/processes.ts'
import { startProduct } from './harness/product.ts'
import { median, percentile, printTable, short, whole } from './harness/rounds.ts'
import { seedProject, seedTasks } from './harness/seed.ts'

const sockets = 1000
const commits = 40
const warming = 5
const bursts = 5
const inBurst = 200 // subjects of one bulk change

const product = await startProduct()
const listeners = openListeners()
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** Until all have arrived. */
async function arrived(events: number) {
  for (;;) {
    const seen = await listeners.arrivals()
    if (seen.events >= events) return seen
    await pause(20)
  }
}
try {
  const project = await seedProject(product.sql, product)
  const ids = await seedTasks(product.sql, { ...product, project, count: 1000 })
  const token = await product.sign()
  await product.product.ok('POST', '/tasks', { token, body: { projectId: project, title: 'warm' } })
  await pause(3000)
  const before = memory(product.processes).server
  await listeners.open(product.port, sockets, token)
  await pause(3000)
  const perSocket = ((memory(product.processes).server - before) / sockets) * 1024

  const delays: number[] = []
  const lasts: number[] = []
  for (let n = -warming; n < commits; n++) {
    await listeners.forget()
    await product.product.ok('PATCH', `/tasks/${ids[n + warming]}`, { token, body: { priority: n & 1 ? 'low' : 'urgent', title: `Changed ${n}` } })
    const committed = now() // the answer is here; the commit was a little earlier, so this is what a person waits for beyond it
    const seen = await arrived(sockets)
    if (n < 0) continue
    delays.push(...[...seen.times].map((t) => t - committed))
    lasts.push(seen.last - committed)
    await pause(30)
  }

  const rates: number[] = []
  const costs: number[] = []
  const sizes: number[] = []
  for (let n = 0; n < bursts; n++) {
    await listeners.forget()
    const used = cpu(product.processes)
    await product.product.ok('POST', '/tasks/bulk', { token, body: { ids: ids.slice(n * inBurst, (n + 1) * inBurst), change: { priority: n % 2 ? 'medium' : 'high', addLabels: [`burst-${n}`] } } })
    const seen = await arrived(sockets * inBurst)
    rates.push((seen.events / (seen.last - seen.first)) * 1000)
    costs.push((cpuSince(cpu(product.processes), used).server / seen.events) * 1e6)
    sizes.push(seen.bytes / seen.events)
    await pause(500)
  }
  printTable([`live, ${whole(sockets)} sockets of one tenant`, 'goal', 'seen'], [
    ['answer of the commit -> other client, p50 ms', '', short(median(delays))],
    ['the same, p95 ms', '20', short(percentile(delays, 0.95))],
    ['until the last of them has it, p50 ms', '', short(median(lasts))],
    [`burst of ${inBurst} events: messages a second`, '280,000', whole(median(rates))],
    ['its cost in the server, µs a message', '', short(median(costs))],
    ['its size, bytes a message', '', whole(median(sizes))],
    ['memory a socket, KB', '33', short(perSocket)],
  ])
} finally {
  listeners.close()
  await product.stop()
}
