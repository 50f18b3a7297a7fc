// An engine on a fresh database with graphs and actions of the test's own, and eyes on its tables.
import type { TestContext } from 'node:test'
import type { Context, Who } from '../kernel/db.ts'
import { newId } from '../kernel/ids.ts'
import type { Compiled, CompiledEdge, CompiledNode, When } from '../modules/workflows/engine/compiled.ts'
import { openEngine } from '../modules/workflows/engine/embedded.ts'
import type { Engine, EngineOptions, StartOptions, StepPlace } from '../modules/workflows/engine/engine.ts'
import { runEvents } from '../modules/workflows/engine/events.ts'
import type { Json, StepCall } from '../modules/workflows/engine/port.ts'
import { afterwards } from './afterwards.ts'
import { openTestKernel, probeEvents, testKernel, type TestKernel } from './kernel.ts'

// words to write graphs with
type Of<K extends CompiledNode['kind']> = Partial<Extract<CompiledNode, { kind: K }>>
export const step = (id: string, action = 'echo', more: Of<'step'> = {}): CompiledNode => ({ id, kind: 'step', action, needs: [], ...more })
export const chain = (...ids: string[]): CompiledEdge[] => ids.slice(1).map((to, i) => ({ from: ids[i]!, to }))
export const way = (from: string, when: When, to: string): CompiledEdge => ({ from, to, when })
export const graph = (nodes: CompiledNode[], edges: CompiledEdge[] = [], more: Partial<Compiled> = {}): Compiled => ({ nodes, edges, ...more })
export const patient = { max: 8, baseMs: 20, factor: 2, capMs: 200 }

export type Action = (call: StepCall, at: StepPlace) => unknown
export type RunRow = { id: string; status: string; output: any; error: { code: string; message: string; key: string | null } | null; epoch: number; due_at: string | null; claims: number; wake_seq: number; parent_run: string | null; dedup_key: string | null; input: any; depth: number; created_at: Date; started_at: Date | null; finished_at: Date | null }
export type Recorded = { key: string; node: string; kind: string; state: string; attempt: number; redo: number; output: any; error: { code: string; message: string } | null; due_at: Date | null; beat_at: Date | null }

/** Definitions that every engine of a test knows, and what its actions do. */
export class Script {
  readonly graphs = new Map<string, Compiled>()
  readonly executed: { run: string; key: string; attempt: number; idempotencyKey: string }[] = []
  readonly actions: Record<string, Action> = {
    echo: (call) => ({ node: call.node, needs: call.needs }),
    fail: () => Promise.reject(Object.assign(new Error('it always fails'), { code: 'test.fails' })),
  }
  define(compiled: Compiled): string {
    const id = newId()
    this.graphs.set(id, compiled)
    return id
  }
  run = async (call: StepCall, at: StepPlace): Promise<unknown> => {
    this.executed.push({ run: at.run.id, key: at.key, attempt: at.attempt, idempotencyKey: at.idempotencyKey })
    const action = this.actions[call.action]
    if (!action) throw new Error(`the test has no action ${call.action}`)
    return action(call, at)
  }
  /** How often each key of a run was executed. */
  counts(run: string): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const e of this.executed) if (e.run === run) counts[e.key] = (counts[e.key] ?? 0) + 1
    return counts
  }
}

export type TestRuns = Awaited<ReturnType<typeof testRuns>>
type Options = { options?: Partial<EngineOptions>; extra?: string; /** opens the engine under test */ open?: (o: EngineOptions) => Engine; script?: Script }
/** One engine at work. `another()` opens a further one over the same database. */
export async function testRuns(t: Pick<TestContext, 'after'>, { options = {}, extra, open = openEngine, script = new Script() }: Options = {}) {
  const kernel = await testKernel(t, { groups: [runEvents], ...(extra ? { extra } : {}) })
  const standard = { load: async ({ defId }: { defId: string }) => script.graphs.get(defId), run: script.run, work: true, inMemoryWaitMs: 100, leaseMs: 3000, ...options }
  const engines: Engine[] = []
  const another = (more: Partial<EngineOptions> = {}, over: TestKernel = kernel): Engine => {
    const engine = open({ kernel: over, ...standard, ...more })
    engines.push(engine)
    return engine
  }
  afterwards(t, async () => {
    for (const engine of engines) await engine.close()
  })
  const query = async <T extends object>(text: string, values: unknown[] = []): Promise<T[]> => (await kernel.system.pool.query<T>(text, values)).rows
  const tenant = newId()
  const actor: Who['actor'] = { type: 'user', id: newId() }
  const ctx: Context = kernel.app.context(kernel.who({ tenant, actor }))
  const engine = another()
  const row = async (id: string): Promise<RunRow> => (await query<RunRow>('select * from runs where id = $1', [id]))[0]!
  const until = async <T>(look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> => {
    for (;;) {
      const found = await look()
      if (found) return found
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const steps = async (id: string): Promise<Recorded[]> => query<Recorded>('select * from run_steps where run_id = $1 order by started_at, key', [id])
  return {
    kernel, script, engine, another, tenant, ctx, query, row, until, steps,
    tenantContext: (other = newId()) => kernel.app.context(kernel.who({ tenant: other, actor })),
    async start(compiled: Compiled | string, input: Json = null, more: Partial<StartOptions> & { ctx?: Context; on?: Engine } = {}): Promise<string> {
      const { ctx: as = ctx, on = engine, ...rest } = more
      return (await on.start(as, { workflowId: typeof compiled === 'string' ? compiled : script.define(compiled), version: 1, input, ...(typeof compiled === 'string' || !compiled.reads ? {} : { keep: compiled.reads }), ...rest })).id
    },
    /** The run's row once it has ended. */
    end: (id: string) => until(async () => { const r = await row(id); return r?.finished_at !== null && r }),
    status: (id: string, wanted: string) => until(async () => { const r = await row(id); return r?.status === wanted && r }),
    waitsFor: (id: string, key: string) => until(async () => (await steps(id)).find((s) => s.key === key && s.state === 'pending')),
    /** key -> what is recorded of nodes that did something */
    async outcomes(id: string): Promise<Record<string, unknown>> {
      return Object.fromEntries((await steps(id)).filter((s) => s.kind !== 'note').map((s) => [s.key, s.state === 'done' ? s.output : s.state === 'failed' ? { failed: s.error!.code } : 'pending']).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
    },
    async eventsOf(id: string): Promise<{ name: string; data: any }[]> {
      return query('select name, data, cause_id, actor_type, parent_id from events where subject_id = $1 order by seq', [id])
    },
    /** A kernel as another process has it. */
    async secondKernel(): Promise<TestKernel> {
      const second = await openTestKernel(kernel.database, [probeEvents, runEvents])
      afterwards(t, () => second.close())
      return second
    },
  }
}
