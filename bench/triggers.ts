// How long from the commit of a change until the run that it triggers begins its first step, in the product as people run it?
import { setTimeout as wait } from 'node:timers/promises'
import { data, draw } from '../server/testing/drawn.ts'
import { startProduct } from './harness/product.ts'
import { percentile, printTable, short } from './harness/rounds.ts'
import { seedProject } from './harness/seed.ts'

const tasks = 400
const product = await startProduct()
try {
  const token = await product.sign()
  const ok = (method: string, path: string, body?: unknown) => product.product.ok(method, path, { token, ...(body ? { body } : {}) })
  const projectId = await seedProject(product.sql, product)
  const drawn = draw([{ id: 'e', primitive: 'trigger', type: 'event', settings: { event: 'task.created' } }, data('d', 'transform', { expression: 'trigger.subject.id' })], 'e>d')
  const workflow = await ok('POST', '/workflows', { name: 'Heard', definition: drawn })
  await ok('POST', `/workflows/${workflow.id}/publish`, {})
  for (let n = 0; n < 20; n++) await ok('POST', '/tasks', { projectId, title: 'Warm' })
  await wait(3000)
  const answered = new Map<string, number>()
  for (let n = 0; n < tasks; n++) {
    const { id } = await ok('POST', '/tasks', { projectId, title: `Task ${n}` })
    answered.set(id, Date.now())
    await wait(20 + Math.random() * 40)
  }
  await wait(3000)
  const { rows } = await product.sql.query<{ task: string; began: Date; at: Date }>(
    `select e.subject_id as task, e.at, min(s.started_at) as began from runs r join events e on e.tenant_id = r.tenant_id and e.id = r.cause_id join run_steps s on s.tenant_id = r.tenant_id and s.run_id = r.id where r.workflow_id = $1 group by 1, 2, r.id`, [workflow.id])
  const heard = rows.filter(({ task }) => answered.has(task))
  if (heard.length !== tasks) throw new Error(`${heard.length} runs for ${tasks} tasks`)
  const line = (name: string, late: number[]) => [name, short(percentile(late, 0.5)), short(percentile(late, 0.95)), short(Math.max(...late))]
  printTable(['until the first step begins, ms', 'p50', 'p95', 'longest'], [
    line('from the answer to the change, which follows its commit', heard.map(({ task, began }) => began.getTime() - answered.get(task)!)),
    line('from the begin of its transaction', heard.map(({ began, at }) => began.getTime() - at.getTime())),
  ])
} finally {
  await product.stop()
}
