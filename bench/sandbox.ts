// What does a call of a tenant's code cost in the sandbox, warm and for the first time, beside node:vm, which isolates nothing, and beside a process for each call?
import { spawn } from 'node:child_process'
import vm from 'node:vm'
import { openQuickJs } from '../server/adapters/sandbox-quickjs.ts'
import { silent } from '../server/kernel/log-lines.ts'
import { expressionModule } from '../server/kernel/sandbox.ts'
import { inTurn, median, percentile, printTable, ratio, short } from './harness/rounds.ts'

const rounds = 5
const input = { order: { id: 7, lines: Array.from({ length: 20 }, (_, n) => ({ name: `line ${n}`, price: n * 1.5, count: n % 3 })) } }
const body = 'input.order.lines.reduce((sum, line) => sum + line.price * line.count, 0)'
const expected = input.order.lines.reduce((sum, line) => sum + line.price * line.count, 0)

const sandbox = openQuickJs({ egress: { fetch: () => Promise.reject(new Error('nothing leaves')) }, log: silent })
const source = `export default (input) => ${body}`
const expressions = expressionModule(Array(5).fill(body), ['input'])
const check = (value: unknown): void => {
  if (value !== expected) throw new Error(`it gave ${JSON.stringify(value)}, not ${expected}`)
}

let tenants = 0
const sides: { name: string; count: number; call(): Promise<unknown> }[] = [
  { name: 'sandbox, warm: a function', count: 1000, call: async () => check((await sandbox.call({ tenant: 'warm', id: 'f', source }, input, {})).value) },
  { name: 'sandbox, warm: five expressions of a step, one call', count: 1000, call: async () => ((await sandbox.call({ tenant: 'warm', id: 'e', source: expressions }, { run: [0, 1, 2, 3, 4], scope: { input } }, {})).value as unknown[]).forEach(check) },
  { name: 'sandbox, the first call of a tenant', count: 50, call: async () => check((await sandbox.call({ tenant: `new ${tenants++}`, id: 'f', source }, input, {})).value) },
  { name: '`node:vm`, a fresh context: no isolation', count: 200, call: async () => check(JSON.parse(vm.runInNewContext(`JSON.stringify((${source.slice('export default '.length)})(JSON.parse(text)))`, { text: JSON.stringify(input) }, { timeout: 1000 }) as string)) },
  { name: 'a Node process for the call', count: 5, call: inProcess },
]

const samples = await inTurn(rounds, sides.map(({ count, call }) => async () => {
  await call()
  const took: number[] = []
  for (let n = 0; n < count; n++) {
    const since = performance.now()
    await call()
    took.push(performance.now() - since)
  }
  return took
}))
const p50s = samples.map((list) => list.map(median))
printTable(['one call after the other', 'p50 ms', 'p95 ms', 'of a warm function'], sides.map(({ name }, n) => [name, short(median(p50s[n]!)), short(median(samples[n]!.map((took) => percentile(took, 0.95)))), n ? `${short(ratio(p50s[n]!, p50s[0]!))} x` : '']))
await sandbox.close()

async function inProcess(): Promise<void> {
  const child = spawn(process.execPath, ['-e', `let text = ''; process.stdin.on('data', (d) => (text += d)).on('end', () => console.log(JSON.stringify((${source.slice('export default '.length)})(JSON.parse(text)))))`], { stdio: ['pipe', 'pipe', 'inherit'] })
  let answer = ''
  child.stdout.on('data', (bytes) => (answer += bytes))
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.stdin.end(JSON.stringify(input))
  await ended
  check(JSON.parse(answer))
}
