// Runs survive anything: mixed runs with loops, children, approvals and failures, a schedule each second, two workers in processes of their own. Every
// 0.8 s one of them is killed with -9 or stopped beyond its lease, twice the database's postmaster is killed. In the end every run has ended right,
// each step is recorded once, no tick became two runs, and nothing waits for ever.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { openEmbedded } from '../adapters/database-embedded.ts'
import { newId } from '../kernel/ids.ts'
import { listMigrations, migrate } from '../kernel/migrate.ts'
import type { Database, DatabaseRole } from '../kernel/ports.ts'
import type { Compiled, CompiledNode } from '../modules/workflows/engine/compiled.ts'
import { openEngine } from '../modules/workflows/engine/embedded.ts'
import type { StepRunner } from '../modules/workflows/engine/engine.ts'
import { runEvents } from '../modules/workflows/engine/events.ts'
import { openTestKernel, probeEvents } from '../testing/kernel.ts'
import { recountLevels } from '../testing/levels.ts'
import { assertNone, endProcess } from '../testing/product.ts'
import { chain, graph, step, way } from '../testing/workflows.ts'

const leaseMs = 1500
const patient = { max: 12, baseMs: 50, factor: 2, capMs: 3000 }
const nap = (id: string, ms: number): CompiledNode => ({ id, kind: 'wait', for: ms })
const ids = { full: '01900000-0000-7000-8000-00000000000a', mix: '01900000-0000-7000-8000-00000000000b', sub: '01900000-0000-7000-8000-00000000000c' }
/** How many outcomes each records. */
const wanted: Record<string, number> = { [ids.full]: 12, [ids.mix]: 17, [ids.sub]: 4 }
const graphs: Record<string, Compiled> = {
  [ids.full]: graph(
    [step('start'), ...['a1', 'a2', 'a3', 'b1', 'b2', 'b3'].map((id) => step(id, 'slow')), nap('nap', 2000), step('meet'), { id: 'ok', kind: 'approval', timeoutMs: 90_000 }, step('yes'), step('no'), step('end')],
    [...chain('start', 'a1', 'a2', 'a3', 'meet'), ...chain('start', 'b1', 'b2', 'b3', 'meet'), ...chain('start', 'nap', 'meet'), ...chain('meet', 'ok', 'yes', 'end'), way('ok', 'false', 'no'), ...chain('no', 'end')],
  ),
  [ids.sub]: graph([step('c1', 'jitter'), step('c2', 'flaky', { retry: patient }), nap('nap', 1500), step('c3')], chain('c1', 'c2', 'nap', 'c3')),
  [ids.mix]: graph([
    step('start'), { id: 'each', kind: 'loop', over: 'input.items', lanes: 2, body: graph([step('x', 'jitter', { needs: ['steps.start'] }), step('y', 'flaky', { retry: patient })], chain('x', 'y')) },
    { id: 'kid1', kind: 'child', def: { id: ids.sub, version: 1 } }, { id: 'kid2', kind: 'child', def: { id: ids.sub, version: 1 } }, { id: 'ok', kind: 'approval', timeoutMs: 120_000 },
    step('bad', 'fail'), step('rescue', 'noop', { needs: ['steps.bad'] }), step('end'),
  ], [...chain('start', 'each', 'end'), ...chain('start', 'kid1', 'end'), ...chain('start', 'kid2', 'end'), ...chain('start', 'ok', 'end'), ...chain('start', 'bad'), way('bad', 'error', 'rescue'), ...chain('rescue', 'end')]),
}
const runner = (log: string): StepRunner => async (call, at) => {
  fs.appendFileSync(log, `${at.run.id} ${at.key}\n`)
  if (call.action === 'slow') await sleep(300)
  if (call.action === 'jitter') await sleep(20 + Math.random() * 130)
  if (call.action === 'flaky') {
    await sleep(20)
    if (Math.random() < 0.4) throw new Error('flaky')
  }
  if (call.action === 'fail') throw new Error('always fails')
  return { ok: true, key: at.key, ...(call.action === 'jitter' ? { large: 'x'.repeat(20_000) } : {}) }
}
const roles = ['app', 'system'] as const
const engineOver = async (database: Database, log: string, work: boolean) => {
  const kernel = await openTestKernel(database, [probeEvents, runEvents])
  return { kernel, engine: openEngine({ kernel, load: async ({ defId }) => graphs[defId], run: runner(log), work, leaseMs }) }
}

/** The same server again over the same files after its end, as a service manager would: passwords and socket stay. */
class Postmaster {
  #pid: number
  #superuser: pg.ClientConfig
  #argv: string[]
  #as: { uid: number; gid: number; env: Record<string, string>; cwd: string }
  constructor(pid: number, superuser: pg.ClientConfig) {
    const read = (name: string) => fs.readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').filter(Boolean)
    const { uid, gid } = fs.statSync(`/proc/${pid}`)
    this.#pid = pid
    this.#superuser = superuser
    this.#argv = read('cmdline')
    this.#as = { uid, gid, env: Object.fromEntries(read('environ').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])), cwd: fs.readlinkSync(`/proc/${pid}/cwd`) }
  }
  async killAndRestart(): Promise<void> {
    process.kill(this.#pid, 'SIGKILL')
    for (;;) {
      // refused while backends of the old one still live
      const child = spawn(this.#argv[0]!, this.#argv.slice(1), { ...this.#as, stdio: 'ignore', detached: true })
      const ended = new Promise<boolean>((resolve) => child.once('exit', () => resolve(false)))
      child.unref()
      this.#pid = child.pid!
      if (await Promise.race([ended, this.#ready(child)])) return
      await sleep(100)
    }
  }
  async #ready(child: ChildProcess): Promise<boolean> {
    while (child.exitCode === null && child.signalCode === null) {
      const client = new pg.Client(this.#superuser)
      client.on('error', () => {})
      const there = await client.connect().then(() => true, () => false)
      await client.end().catch(() => {})
      if (there) return true
      await sleep(50)
    }
    return false
  }
  async end(): Promise<void> {
    if (fs.existsSync(`/proc/${this.#pid}`)) process.kill(this.#pid, 'SIGQUIT')
    while (fs.existsSync(`/proc/${this.#pid}`) && !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${this.#pid}/status`, 'utf8'))) await sleep(20)
  }
}

const asked = process.argv.indexOf('--worker')
if (asked > 0) await beWorker(process.argv[asked + 1]!)
else prove()

/** This file as a process of its own, made to be killed. Where the database is comes by the standard input, whose end means that the parent is gone. */
async function beWorker(log: string) {
  const chunks: Buffer[] = []
  const connections = await new Promise<Record<DatabaseRole, pg.ClientConfig>>((resolve) => {
    process.stdin.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (chunk.includes(10)) resolve(JSON.parse(Buffer.concat(chunks).toString()))
    })
    process.stdin.on('end', () => process.exit())
  })
  await engineOver({ connection: (role: DatabaseRole) => connections[role] } as Database, log, true)
}

function prove() {
  test('whatever is killed or stopped, every run ends right, each step is recorded once, and no tick runs twice (S0.12, S0.17, X2)', async (t) => {
    const seconds = process.argv.includes('--long') ? 120 : 22
    const [dataDir, notes] = ['data', 'log'].map((what) => fs.mkdtempSync(path.join(os.tmpdir(), `groundwork-chaos-${what}-`))) as [string, string]
    const log = path.join(notes, 'actions.log')
    fs.writeFileSync(log, '')
    const database = await openEmbedded({ dataDir, log: () => {} })
    await migrate(database.connection('owner'), listMigrations())
    const server = new Postmaster(database.postmaster, database.superuser())
    const workers: ChildProcess[] = []
    let stop = false
    t.after(async () => {
      stop = true
      for (const w of workers) endProcess(w.pid!)
      await server.end()
      await database.stop()
      for (const folder of [dataDir, database.dataDir, notes]) fs.rmSync(folder, { recursive: true, force: true })
    })
    const startWorker = () => {
      const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--worker', log], { stdio: ['pipe', 'ignore', 'inherit'] })
      child.stdin!.on('error', () => {})
      child.stdin!.write(JSON.stringify(Object.fromEntries(roles.map((role) => [role, database.connection(role)]))) + '\n')
      return child
    }
    const insist = async <T>(work: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await work()
        } catch (error) {
          if (stop) throw error
          await sleep(200)
        }
      }
    }
    workers.push(startWorker(), startWorker())
    const { kernel, engine } = await engineOver(database, log, false)
    t.after(async () => {
      await engine.close()
      await kernel.close()
    })
    const ctx = kernel.app.context(kernel.who())
    const first: string[] = []
    for (let i = 0; i < 25; i++) {
      first.push((await insist(() => engine.start(ctx, { workflowId: ids.full, version: 1, input: { i }, dedupKey: `full ${i}` }))).id)
      await insist(() => engine.start(ctx, { workflowId: ids.mix, version: 1, input: { items: [1, 2, 3, 4, 5] }, dedupKey: `mix ${i}` }))
    }
    const schedule = newId()
    await engine.setSchedule(ctx, { id: schedule, workflowId: ids.sub, version: 1, everyMs: 1000, overlap: 'allow', catchUp: 'all' })

    const tally: Record<string, number> = {}
    const until = Date.now() + seconds * 1000
    const did = (what: string) => (tally[what] = (tally[what] ?? 0) + 1)
    const chaos = (async () => {
      for (let n = 1; !stop && Date.now() < until; n++) {
        await sleep(800)
        const i = n % 2
        if (n === 8 || n === 16) {
          did('postmaster kill -9')
          await server.killAndRestart()
        } else if (n % 4 === 0) {
          const worker = workers[i]!
          worker.kill('SIGSTOP')
          did('worker stopped for 2.5 s')
          setTimeout(() => worker.kill('SIGCONT'), 2500)
        } else {
          workers[i]!.kill('SIGKILL')
          did('worker kill -9')
          workers[i] = startWorker()
        }
      }
    })()
    const look = async <T extends object>(text: string, values: unknown[] = []): Promise<T[]> => insist(async () => (await kernel.system.pool.query<T>(text, values)).rows)
    const signalled = new Set<string>()
    for (let removed = false; ; await sleep(100)) {
      for (const { run_id: id } of await look<{ run_id: string }>(`select run_id from run_steps where kind = 'signal' and state = 'pending'`))
        if (!signalled.has(id)) {
          const name = newId() // the same signal, however often it must be sent
          await insist(() => engine.signal(ctx, id, 'ok', { decision: 'approve' }, { id: name }))
          signalled.add(id)
        }
      if (Date.now() < until) continue
      await chaos
      if (!removed) await insist(() => engine.removeSchedule(ctx, schedule))
      removed = true
      if (!(await look('select from runs where finished_at is null limit 1')).length) break
    }
    const took = (Date.now() - until) / 1000

    const faults: string[] = []
    for (const r of await look<{ id: string; workflow_id: string; status: string; error: unknown; n: number }>(`
      select r.id, r.workflow_id, r.status, r.error, (select count(*)::int from run_steps s where s.tenant_id = r.tenant_id and s.run_id = r.id and s.kind <> 'note' and s.state <> 'pending') as n from runs r`)) {
      if (r.status !== 'completed') faults.push(`run ${r.id} of ${r.workflow_id} is ${r.status}: ${JSON.stringify(r.error)}`)
      else if (r.n !== wanted[r.workflow_id]) faults.push(`run ${r.id} of ${r.workflow_id} recorded ${r.n} outcomes, not ${wanted[r.workflow_id]}`)
    }
    const [counts] = await look<{ children: number; ticks: number; keys: number; runs: number; claims: number }>(`
      select count(*) filter (where parent_run is not null)::int as children, count(schedule_id)::int as ticks, count(distinct dedup_key) filter (where schedule_id is not null)::int as keys, count(*)::int as runs, max(epoch) as claims from runs`)
    if (counts!.children !== 50) faults.push(`${counts!.children} children, not 50`)
    if (counts!.ticks !== counts!.keys) faults.push(`${counts!.ticks} runs of ${counts!.keys} ticks`)
    // every second from the first to the last, those too in which no worker lived
    const ticks = (await look<{ at: string }>(`select input ->> 'at' as at from runs where schedule_id is not null order by 1`)).map((r) => Date.parse(r.at))
    for (const [i, at] of ticks.entries()) if (i && at - ticks[i - 1]! !== 1000) faults.push(`between two ticks lie ${at - ticks[i - 1]!} ms`)
    if (ticks.length < seconds / 2) faults.push(`only ${ticks.length} ticks in ${seconds} s`)
    // each run has its beginning and its end in the log, once
    for (const { id, n } of await look<{ id: string; n: number }>(`select r.id, count(e.id)::int as n from runs r left join events e on e.subject_id = r.id and e.name in ('run.started', 'run.completed') group by 1 having count(e.id) <> 2`))
      faults.push(`run ${id} has ${n} events of its beginning and end`)
    // large values are counted where they are written, whoever was killed over it; what was kept without its step's outcome is counted too
    const [{ kept } = { kept: 0 }] = await look<{ kept: number }>(`select coalesce(sum(used), 0)::int as kept from usage_levels where meter = 'storage'`)
    if (!kept) faults.push('no large value was counted')
    faults.push(...(await recountLevels((text) => look(text))))
    const again = await engine.start(ctx, { workflowId: ids.full, version: 1, input: null, dedupKey: 'full 0' })
    if (again.created || again.id !== first[0]) faults.push('the dedup key was forgotten')
    const executed = fs.readFileSync(log, 'utf8').trim().split('\n')
    t.diagnostic(JSON.stringify({ ...tally, ...counts, bytesKept: kept, executions: executed.length, steps: new Set(executed).size, secondsAfterTheLastKill: took }))
    assert.ok((tally['worker kill -9'] ?? 0) >= 10 && tally['postmaster kill -9'] === 2, JSON.stringify(tally))
    assertNone(faults)
  })
}
