// How much of a bare node:http + pg server's throughput is left with token, row security, schema and event: GET one, LIST 50, create, move?
import { startBare } from './harness/bare.ts'
import { openGenerator, request } from './harness/load.ts'
import { cpu, cpuSince, type Processes } from './harness/processes.ts'
import { startProduct } from './harness/product.ts'
import { inTurn, median, micros, percent, printTable, ratio, short, whole } from './harness/rounds.ts'
import { seedProject, seedProjects, seedTasks } from './harness/seed.ts'

const tasks = 1000
const rounds = 7
const ms = 1500
const connections = 32
/** Creating in one project waits for that project's counter of task numbers, on both sides: it has no goal. */
const goals = { 'GET one': 0.85, 'LIST 50': 0.85, create: 0.8, 'create, one project': NaN, move: 0.75 } as const
type Case = keyof typeof goals

const only = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const generator = openGenerator()
const bare = await startBare(tasks)
const product = await startProduct()
try {
  const project = await seedProject(product.sql, product)
  const ids = await seedTasks(product.sql, { ...product, project, count: tasks })
  const projects = await seedProjects(product.sql, product, 16)
  const rows: string[][] = []
  for (const name of Object.keys(goals) as Case[]) {
    if (only.length && !only.some((word) => name.toLowerCase().startsWith(word))) continue
    const token = await product.sign()
    const ours = side(product, requestsOf(name, { project, projects, ids }, token))
    const theirs = side(bare, requestsOf(name, bare))
    await ours(500)
    await theirs(500) // both warm
    const [mine, others] = await inTurn(rounds, [() => ours(ms), () => theirs(ms)])
    const rates = [mine!, others!].map((samples) => samples.map((s) => s.rate)) as [number[], number[]]
    const cost = (samples: Sample[], part: 'server' | 'database') => samples.reduce((sum, s) => sum + s.cpu[part], 0) / samples.reduce((sum, s) => sum + s.count, 0)
    const total = (samples: Sample[]) => cost(samples, 'server') + cost(samples, 'database')
    rows.push([
      name, percent(goals[name]), percent(ratio(...rates)), percent(total(others!) / total(mine!)), whole(median(rates[0])), whole(median(rates[1])),
      `${micros(cost(mine!, 'server'))} + ${micros(cost(mine!, 'database'))}`, `${micros(cost(others!, 'server'))} + ${micros(cost(others!, 'database'))}`, `${short(median(mine!.map((s) => s.p95)))} / ${short(median(others!.map((s) => s.p95)))}`,
    ])
  }
  printTable(['operation', 'goal', 'throughput', 'by processor time', 'product, a second', 'bare, a second', 'product µs, server + database', 'bare µs', 'p95 ms, product / bare'], rows)
} finally {
  generator.close()
  await Promise.all([product.stop(), bare.stop()])
}

type Sample = { rate: number; count: number; p95: number; cpu: { server: number; database: number } }
function side({ port, processes }: { port: number; processes: Processes }, requests: readonly string[]): (ms: number) => Promise<Sample> {
  let from = 0
  return async (ms) => {
    const before = cpu(processes)
    const done = await generator.run({ host: '127.0.0.1', port, connections, ms, requests, from })
    from = done.next
    return { rate: done.count / done.seconds, count: done.count, p95: done.p95, cpu: cpuSince(cpu(processes), before) }
  }
}

function requestsOf(name: Case, { project, projects, ids }: { project: string; projects: readonly string[]; ids: readonly string[] }, token?: string): string[] {
  const how = token ? { token } : {}
  if (name === 'GET one') return ids.map((id) => request('GET', `/api/v1/tasks/${id}`, how))
  if (name === 'LIST 50') return [request('GET', `/api/v1/tasks?projectId=${project}&limit=50`, how)]
  if (name.startsWith('create')) return ids.map((_, n) => request('POST', '/api/v1/tasks', { ...how, body: { projectId: name === 'create' ? projects[n % projects.length] : project, title: `Made by the bench, number ${n}`, description: 'A sentence or two that people write.', labels: ['red'], priority: 'high' } }))
  // every second card stays where it is; the others come to stand after one of those, in another column each time
  const resting = ids.filter((_, n) => n % 2)
  return Array.from({ length: 3 * 500 }, (_, n) => {
    const at = (n * 7 + Math.floor(n / 500) * 167) % resting.length // another each time a card comes up; ids[i] has number i + 1, and the column number % 3
    return request('PATCH', `/api/v1/tasks/${ids[(n * 2) % 1000]}/move`, { ...how, body: { status: ['todo', 'doing', 'done'][(at * 2 + 2) % 3], after: resting[at] } })
  })
}
