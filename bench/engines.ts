// How many five-step runs a second at 50 in flight, beside DBOS and Restate: the same five steps that do nothing, on this machine, in turn?
// Their packages (240 MB) are installed into tmp/engines at the first run: DBOS keeps its runs in a database of the same server, Restate in a store of its own.
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createServer, type Http2Server } from 'node:http2'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { createServer as createTcp } from 'node:net'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { inFlight, keepInFlight, openBenchEngine, stepNames, type BenchEngine, type Sample } from './harness/engine.ts'
import { cpu, cpuSince, cpuOf, type Cpu } from './harness/processes.ts'
import { inTurn, median, percentile, printTable, ratio, short, whole } from './harness/rounds.ts'

const ms = process.argv.includes('--long') ? 8000 : 3000
const rounds = process.argv.includes('--long') ? 7 : 5
const packages = ['@dbos-inc/dbos-sdk@5.3.0', '@restatedev/restate-sdk@1.17.2', '@restatedev/restate-server@1.7.12']

const folder = path.resolve('tmp/engines')
if (!fs.existsSync(path.join(folder, 'node_modules', '@restatedev', 'restate-sdk'))) {
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n')
  if (spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', ...packages], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0) throw new Error(`npm could not install ${packages.join(' ')}`)
}
const there = createRequire(path.join(folder, 'package.json'))
const load = async (name: string) => (await import(pathToFileURL(there.resolve(name)).href)) as never
const step = async (node: string) => ({ node, ok: true })

type Side = { name: string; run(): Promise<unknown>; /** beyond this process and the database */ pid?: number; close(): Promise<void> }
const sides: Side[] = []
const ours = await openBenchEngine()
sides.push({ name: 'the engine: row security, events, heard live', run: ours.runFive, close: async () => {} }, await openDbos(ours), await openRestate())

const costs = sides.map((): Cpu[] => [])
const measured = ({ run, pid }: Side, n: number, forMs: number) => async (): Promise<Sample> => {
  const [before, apart] = [cpu(ours.processes), pid ? cpuOf(pid) : 0]
  const sample = await keepInFlight(run, forMs)
  const used = cpuSince(cpu(ours.processes), before)
  costs[n]!.push({ server: (used.server / sample.count) * 1000, database: ((used.database + (pid ? cpuOf(pid) - apart : 0)) / sample.count) * 1000 })
  return sample
}
for (const [n, side] of sides.entries()) await measured(side, n, 2000)()
for (const kept of costs) kept.length = 0
const samples = await inTurn(rounds, sides.map((side, n) => measured(side, n, ms)))
const rates = samples.map((list) => list.map(({ rate }) => rate))
const p99 = samples.map((list) => median(list.map(({ latencies }) => percentile(latencies, 0.99))))
printTable([`five-step runs, ${inFlight} in flight`, 'runs a second', 'ours to theirs', 'p50 ms', 'p99 ms', 'CPU ms a run, process + store'], sides.map(({ name }, n) => [
  name, whole(median(rates[n]!)), n ? `${ratio(rates[0]!, rates[n]!).toFixed(1)} x` : '', short(median(samples[n]!.map(({ latencies }) => percentile(latencies, 0.5)))), short(p99[n]!),
  `${short(median(costs[n]!.map(({ server }) => server)))} + ${short(median(costs[n]!.map(({ database }) => database)))}`,
]))
for (const side of sides.toReversed()) await side.close()
await ours.close()
process.exit(0) // what these libraries leave open is theirs

async function openDbos({ database, plain }: BenchEngine): Promise<Side> {
  await plain.query('create database dbos')
  const { host, port, user, password } = database.superuser()
  const { DBOS } = await load('@dbos-inc/dbos-sdk') as { DBOS: { setConfig(config: object): void; launch(): Promise<void>; shutdown(): Promise<void>; registerWorkflow<R>(run: () => Promise<R>, o: object): () => Promise<R>; runStep<R>(run: () => Promise<R>, o: object): Promise<R>; startWorkflow(run: () => Promise<unknown>): () => Promise<{ getResult(): Promise<unknown> }> } }
  const pool = new pg.Pool({ host, port, user, password, database: 'dbos', max: 10 })
  pool.on('error', () => {})
  DBOS.setConfig({ name: 'bench', systemDatabaseUrl: `postgresql://${user}@localhost/dbos`, systemDatabasePool: pool, logLevel: 'error' })
  const five = DBOS.registerWorkflow(async () => {
    for (const name of stepNames) await DBOS.runStep(() => step(name), { name })
  }, { name: 'five' })
  await DBOS.launch()
  return { name: 'DBOS 5.3', run: async () => (await DBOS.startWorkflow(five)()).getResult(), async close() { await DBOS.shutdown(); await pool.end() } }
}

async function freePort(): Promise<number> {
  const probe = createTcp()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

async function openRestate(): Promise<Side> {
  type Restate = { workflow(o: object): object; createEndpointHandler(o: object): Parameters<typeof createServer>[1] }
  const { workflow, createEndpointHandler } = await load('@restatedev/restate-sdk') as Restate
  const service = workflow({ name: 'five', handlers: { run: async (ctx: { run<R>(name: string, run: () => Promise<R>): Promise<R> }) => {
    for (const name of stepNames) await ctx.run(name, () => step(name))
    return 'done'
  } } })
  const endpoint: Http2Server = createServer({}, createEndpointHandler({ services: [service], logger: () => {} }))
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve))
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()]
  const data = fs.mkdtempSync(path.join(folder, 'restate-'))
  const binary = path.join(folder, 'node_modules/@restatedev/restate-server-linux-x64/bin/restate-server')
  const server = spawn(binary, ['--no-logo', '--node-name', 'bench', '--base-dir', data, '--bind-ip', '127.0.0.1', '--bind-port', String(node), '--listen-mode', 'tcp'], {
    stdio: ['ignore', fs.openSync(path.join(data, 'server.log'), 'w'), 'inherit'],
    env: { ...process.env, RESTATE_INGRESS__BIND_PORT: String(ingress), RESTATE_ADMIN__BIND_PORT: String(admin), RESTATE_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: '1', RUST_LOG: 'error' },
  })
  process.once('exit', () => server.kill('SIGKILL'))
  const at = (port: number, where: string) => `http://127.0.0.1:${port}${where}`
  for (const since = performance.now(); ;) {
    const answer = await fetch(at(admin, '/deployments'), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ uri: at((endpoint.address() as AddressInfo).port, '') }) }).catch(() => undefined)
    if (answer?.ok) break
    if (performance.now() - since > 60_000) throw new Error(`Restate did not take the deployment: ${answer ? await answer.text() : 'it does not answer'}; see ${data}/server.log`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  let nth = 0
  return {
    name: 'Restate 1.7', pid: server.pid!,
    async run() {
      const answer = await fetch(at(ingress, `/five/${nth++}/run`), { method: 'POST' })
      if (!answer.ok) throw new Error(`Restate answered ${answer.status}: ${await answer.text()}`)
      await answer.arrayBuffer()
    },
    async close() {
      server.kill('SIGKILL')
      endpoint.close()
      fs.rmSync(data, { recursive: true, force: true })
    },
  }
}
