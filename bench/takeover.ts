// When a worker is killed with 50 runs in its hands: how long until another goes on with all of them, and how long after its start where there was no other?
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { inFlight, openBenchEngine } from './harness/engine.ts'
import { median, printTable, short } from './harness/rounds.ts'

const rounds = 5
const bench = await openBenchEngine({ work: false })
/** Begun steps by run: the moment at which this worker first had each. */
type Worker = { child: ChildProcess; seen: Map<string, number> }
async function openWorker(): Promise<Worker> {
  const child = fork(path.join(import.meta.dirname, 'harness/worker.ts'), [bench.dataDir])
  const seen = new Map<string, number>()
  child.on('message', (id: string) => id === 'ready' || seen.has(id) || seen.set(id, performance.now()))
  await once(child, 'message')
  return { child, seen }
}
const kill = async ({ child }: Worker) => {
  child.kill('SIGKILL')
  await once(child, 'exit')
}
async function until(what: () => boolean, why: string): Promise<void> {
  for (const since = performance.now(); !what();) {
    if (performance.now() - since > 60_000) throw new Error(`after a minute still: ${why}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
async function begin(worker: Worker): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < inFlight; n++) ids.push((await bench.engine.start(bench.context(), { workflowId: bench.fiveId, version: 1, input: { n } })).id)
  await until(() => ids.every((id) => worker.seen.has(id)), 'runs that no worker took')
  return ids
}
const lastOf = (worker: Worker, ids: readonly string[]) => Math.max(...ids.map((id) => worker.seen.get(id)!))
const endAll = async (ids: readonly string[]) => {
  await bench.plain.query(`update runs set status = 'cancelled', due_at = null, owner = null, finished_at = now(), epoch = epoch + 1 where id = any ($1)`, [ids])
}

const [beside, alone]: [number[], number[]] = [[], []]
for (let round = 0; round < rounds; round++) {
  const first = await openWorker()
  const ids = await begin(first)
  const second = await openWorker()
  const killed = performance.now()
  await kill(first)
  await until(() => ids.every((id) => second.seen.has(id)), 'runs that the other worker did not take')
  beside.push(lastOf(second, ids) - killed)
  await kill(second)
  const third = await openWorker()
  const ready = performance.now()
  await until(() => ids.every((id) => third.seen.has(id)), 'runs that the new worker did not take')
  alone.push(lastOf(third, ids) - ready)
  await endAll(ids)
  await kill(third)
}
printTable([`${inFlight} runs of a worker that is killed go on`, 'median ms', 'longest ms'], [
  ['with another worker alive, after the kill', short(median(beside)), short(Math.max(...beside))],
  ['with none, after the new one is ready', short(median(alone)), short(Math.max(...alone))],
])
await bench.close()
