// Random graphs on an engine against a small reference evaluator. Whoever prints the seed can repeat the choices with SEED=n in the environment.
import assert from 'node:assert/strict'
import { env } from 'node:process'
import type { TestContext } from 'node:test'
import { newId } from '../kernel/ids.ts'
import type { Compiled, CompiledEdge, CompiledNode, Condition } from '../modules/workflows/engine/compiled.ts'
import type { Engine, EngineOptions } from '../modules/workflows/engine/engine.ts'
import type { Json } from '../modules/workflows/engine/port.ts'
import { evaluate, type Failure, type World } from './reference-evaluator.ts'
import { chain, graph, patient, Script, step, testRuns } from './workflows.ts'

export const failure: Failure = { failed: 'test.fails', message: 'it always fails' }
const act: World['act'] = (action, node, needs) => (action === 'fail' ? failure : { node, needs })
export const world = (more: Partial<World> = {}): World => ({ input: null, act, signals: {}, children: {}, ...more })
export const seed = Number(env.SEED ?? Date.now() % 1_000_000)

/** mulberry32 */
function chanceFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let x = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296
  }
}

/** A graph that any engine can run, with the signals it will get. Any joins read nothing that depends on who came first. */
function randomGraph(chance: () => number, children: readonly string[]): { graph: Compiled; signals: Record<string, Json> } {
  let made = 0
  const signals: Record<string, Json> = {}
  const pick = <T>(from: readonly T[]): T => from[Math.floor(chance() * from.length)]!
  const path = (known: readonly string[]) => pick(['input.n', 'input.list', 'input.none', ...known.map((id) => `steps.${id}`), ...known.map((id) => `steps.${id}.node`)])
  const condition = (known: readonly string[], depth = 0): Condition => {
    const x = chance()
    if (depth < 2 && x < 0.15) return { all: [condition(known, depth + 1), condition(known, depth + 1)] }
    if (depth < 2 && x < 0.3) return { any: [condition(known, depth + 1), condition(known, depth + 1)] }
    if (depth < 2 && x < 0.4) return { not: condition(known, depth + 1) }
    return { left: { path: path(known) }, op: pick(['eq', 'ne', 'lt', 'gt', 'in', 'contains', 'exists', 'truthy'] as const), right: pick([{ value: 3 }, { value: [3, 'x'] }, { path: path(known) }]) }
  }
  const level = (size: number, depth: number, inLoop: boolean): Compiled => {
    const nodes: CompiledNode[] = []
    const edges: CompiledEdge[] = []
    const past = new Map<string, string[]>() // what a node certainly has behind it
    for (let i = 0; i < size; i++) {
      const id = `n${made++}`
      const from = nodes.length ? nodes.filter(() => chance() < 0.4).slice(0, 3) : []
      const any = from.length > 1 && chance() < 0.2
      const known = any ? [] : [...new Set(from.flatMap((n) => [n.id, ...past.get(n.id)!]))]
      past.set(id, known)
      for (const n of from) {
        const label = n.kind === 'condition' ? pick(['true', 'false', undefined] as const) : n.kind === 'switch' ? pick(['case:x', 'case:y', undefined] as const) : n.kind === 'loop' ? pick(['done', undefined] as const)
          : n.kind === 'approval' ? pick(['true', 'false', 'case:timeout', undefined] as const) : n.kind === 'wait' && 'signal' in n ? pick(['case:timeout', undefined] as const) : undefined
        const caught = ['step', 'child', 'loop'].includes(n.kind) && chance() < 0.3
        edges.push({ from: n.id, to: id, ...(caught ? { when: 'error' as const } : label ? { when: label } : {}) })
      }
      const join = any ? { join: 'any' as const } : {}
      const reads = [...(inLoop && chance() < 0.7 ? ['item', 'index'] : []), ...(chance() < 0.7 ? [path(known)] : [])]
      const kind = chance()
      if (kind < 0.5) nodes.push(step(id, chance() < 0.15 ? 'fail' : chance() < 0.2 ? 'flaky' : 'echo', { needs: [...new Set(reads)], retry: patient, ...join }))
      else if (kind < 0.6) nodes.push({ id, kind: 'condition', if: condition(known), ...join })
      else if (kind < 0.67) nodes.push({ id, kind: 'switch', cases: [{ name: 'x', if: condition(known) }, { name: 'y', if: condition(known) }], ...(chance() < 0.5 ? { otherwise: 'y' } : {}), ...join })
      else if (kind < 0.74) nodes.push({ id, kind: 'wait', for: pick([0, 10, 150]), ...join })
      else if (kind < 0.82 && !inLoop) {
        if (chance() < 0.6) signals[`go_${id}`] = { n: made }
        nodes.push({ id, kind: 'wait', signal: `go_${id}`, timeoutMs: signals[`go_${id}`] ? 600_000 : pick([15, 200]), ...join })
      } else if (kind < 0.88 && !inLoop) {
        if (chance() < 0.7) signals[id] = { decision: pick(['approve', 'reject']) }
        nodes.push({ id, kind: 'approval', timeoutMs: signals[id] ? 600_000 : 15, ...(chance() < 0.5 ? { ask: { action: 'echo', needs: ['input.n'] } } : {}), ...join })
      } else if (kind < 0.94 && depth < 2) nodes.push({ id, kind: 'loop', over: pick(['input.list', 'input.list', 'input.n']), lanes: pick([1, 3]), body: level(1 + Math.floor(chance() * 3), depth + 1, true), ...join })
      else if (children.length && !inLoop) nodes.push({ id, kind: 'child', def: { id: pick(children), version: 1 }, ...join })
      else nodes.push(step(id, 'echo', { needs: ['input'], ...join }))
    }
    return graph(nodes, edges)
  }
  return { graph: level(3 + Math.floor(chance() * 8), 0, false), signals }
}

/** As the reference says it: no times, no persons, failures by code. */
const plain = (recorded: Record<string, unknown>): Record<string, unknown> => Object.fromEntries(Object.entries(recorded).filter(([key]) => !key.endsWith('/join')).map(([key, v]) => {
  const value = v as { timedOut?: boolean; payload?: Json; failed?: string } | null
  return [key, value?.timedOut !== undefined ? { timedOut: value.timedOut, payload: value.payload } : value?.failed !== undefined ? { failed: value.failed } : forget(v as Json)]
}))

const atOnce = 40
/** @param count graphs, some of them cancelled on the way @returns how they ended */
export async function runRandomGraphs(t: TestContext, { open, count, options = {} }: { open: (o: EngineOptions) => Engine; count: number; options?: Partial<EngineOptions> }): Promise<{ completed: number; failed: number; cancelled: number; keys: number }> {
  const chance = chanceFrom(seed)
  const script = new Script()
  script.actions.flaky = (call, at) => (at.attempt === 1 ? Promise.reject(new Error('not yet')) : { node: call.node, needs: call.needs })
  const { ctx, start, end, engine, outcomes, query } = await testRuns(t, { script, open, options: { limits: { runsPerTenant: 200 }, ...options } })
  const children: Record<string, Compiled> = {}
  for (const g of [graph([step('k', 'echo', { needs: ['input.n'] })]), graph([step('k', 'fail')]), graph([step('k', 'flaky', { retry: patient }), step('l')], chain('k', 'l'))]) children[script.define(g)] = g
  const input = { n: 3, list: [1, 'x', 3] }
  const cases = Array.from({ length: count }, (_, i) => ({ i, ...randomGraph(chance, Object.keys(children)), cancelled: chance() < 0.1 }))
  const tally = { completed: 0, failed: 0, cancelled: 0, keys: 0 }
  const under = new Map<number, string>()
  const judge = async ({ i, graph: g, signals, cancelled }: (typeof cases)[number]) => {
    under.set(i, 'not begun')
    const id = await start(g, input)
    under.set(i, id)
    for (const [name, payload] of Object.entries(signals)) await engine.signal(ctx, id, name, payload, { id: newId() })
    if (cancelled) await engine.cancel(ctx, id)
    const run = await end(id)
    under.delete(i)
    const wanted = evaluate(g, world({ input, signals, children }))
    const got = plain(await outcomes(id))
    const what = `graph ${i} of seed ${seed}: ${JSON.stringify(g)}`
    tally[run.status as 'completed']++
    tally.keys += Object.keys(got).length
    const reference = plain(wanted.outcomes)
    // what a failing or cancelled run still had under way is pending; what stands recorded must be right
    for (const [key, value] of Object.entries(got)) if (value !== 'pending') assert.deepEqual(value, reference[key], `${key} in ${what}`)
    if (run.status === 'cancelled' && cancelled) return
    assert.equal(run.status, wanted.status, `${run.error?.message} ${what}`)
    if (run.status !== 'completed') return
    for (const key of Object.keys(reference)) assert.ok(key in got || wanted.broken.some((loop) => key.startsWith(loop)), `${key} is missing in ${what}`)
    if (!wanted.broken.length) assert.deepEqual(forget(run.output), forget(wanted.output), what)
  }
  /** A hang is no failure, and the runner cuts it without a word: what hangs is told before. */
  const tellHanging = async () => {
    const runs = await query(`select id, status, due_at, owner, epoch, wake_seq, claims, cancel_requested, finished_at, (select json_agg(json_build_array(s.key, s.kind, s.state, s.due_at)) from run_steps s where s.run_id = r.id and s.state = 'pending') as pending,
      (select json_agg(json_build_array(g.name, g.consumed_by)) from run_signals g where g.run_id = r.id) as signals from runs r where r.finished_at is null`)
    const sessions = await query(`select pid, state, wait_event, left(query, 80) as query, pg_blocking_pids(pid) as blocked_by from pg_stat_activity where datname = current_database() and state <> 'idle'`)
    t.diagnostic(`after a minute and a half: ${JSON.stringify({ tally, under: [...under], graphs: [...under.keys()].map((i) => cases[i]), runs, sessions })}`)
  }
  const watch = setTimeout(() => void tellHanging().catch((error: unknown) => t.diagnostic(String(error))), 90_000)
  t.after(() => clearTimeout(watch))
  const waiting = cases.values() // shared by the lanes: a busy machine is not flooded
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const each of waiting) await judge(each)
  }))
  t.diagnostic(JSON.stringify(tally))
  return tally
}
/** Who and when of a signal, and which of several failures in a loop came first. */
function forget(value: Json): Json {
  if (Array.isArray(value)) return value.map(forget)
  if (value === null || typeof value !== 'object') return value
  const { at: _at, by: _by, ...rest } = value
  if ('error' in value && Object.keys(value).length === 1) return 'an error'
  return Object.fromEntries(Object.entries('timedOut' in value ? rest : value).map(([k, v]) => [k, forget(v)]))
}
