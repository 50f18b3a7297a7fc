// Does an operation cost the same with a thousand tasks and with a hundred thousand (--long: a million), with one tenant and with a hundred (--long: a thousand)?
import { newId } from '../server/kernel/ids.ts'
import { compareP50 } from './harness/compare.ts'
import { openGenerator, request } from './harness/load.ts'
import { startProduct, type Running } from './harness/product.ts'
import { seedProject, seedProjects, seedTasks } from './harness/seed.ts'

const long = process.argv.includes('--long')
const sizes = long ? [1_000, 100_000, 1_000_000] : [1_000, 100_000]
const crowds = long ? [1, 100, 1_000] : [1, 100]
const connections = 4 // p50 of an answer, not of a queue
const ms = 700
const rounds = 7

const generator = openGenerator()
const running: Running[] = []
/** One project of `tasks` tasks for the person who asks, and 1,000 tasks for each of the other tenants. */
async function stage(tasks: number, tenants: number) {
  const product = await startProduct()
  running.push(product)
  const project = await seedProject(product.sql, product)
  const ids = await seedTasks(product.sql, { ...product, project, count: tasks })
  const projects = await seedProjects(product.sql, product, 16)
  for (let n = 1; n < tenants; n++) {
    const other = { tenant: newId(), user: product.user }
    await seedTasks(product.sql, { ...other, project: await seedProject(product.sql, other), count: 1000, analyze: false })
  }
  await product.sql.query('vacuum analyze')
  await product.sql.query('checkpoint') // what seeding left to be written is not an operation's cost
  return { product, project, projects, ids }
}
type Stage = Awaited<ReturnType<typeof stage>>
const operations: Record<string, (s: Stage, token: string) => string[]> = {
  'GET one': ({ ids }, token) => ids.map((id) => request('GET', `/api/v1/tasks/${id}`, { token })),
  'LIST 50': ({ project }, token) => [request('GET', `/api/v1/tasks?projectId=${project}&limit=50`, { token })],
  create: ({ projects }, token) => projects.map((projectId) => request('POST', '/api/v1/tasks', { token, body: { projectId, title: 'Made by the bench' } })),
  move: ({ ids }, token) => Array.from({ length: 1500 }, (_, n) =>
    request('PATCH', `/api/v1/tasks/${ids[n % 500]}/move`, { token, body: { status: ['todo', 'doing', 'done'][(n + Math.floor(n / 500)) % 3] } })),
}

const compare = (title: string, stages: readonly Stage[], names: readonly string[]) => compareP50(generator, rounds, title, names, Object.fromEntries(Object.entries(operations).map(([operation, requestsOf]) => [
  operation, () => Promise.all(stages.map(async (s) => ({ host: '127.0.0.1', port: s.product.port, connections, ms, requests: requestsOf(s, await s.product.sign()) }))),
])))

try {
  const stages: Stage[] = []
  for (const size of sizes) stages.push(await stage(size, 1))
  await compare('p50 ms by tasks in one project', stages, sizes.map((n) => n.toLocaleString('en')))
  for (const { product } of stages.slice(1)) await product.stop()
  const crowded = [stages[0]!]
  for (const tenants of crowds.slice(1)) crowded.push(await stage(1000, tenants))
  await compare('p50 ms by tenants of 1,000 tasks', crowded, crowds.map((n) => n.toLocaleString('en')))
} finally {
  generator.close()
  await Promise.all(running.map((product) => (product.product.running ? product.stop() : undefined)))
}
