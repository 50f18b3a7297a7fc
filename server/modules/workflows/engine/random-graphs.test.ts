// 200 random graphs on the engine against a small reference evaluator, and that evaluator against 20 graphs worked out by hand. The seed is printed;
// SEED=n in the environment repeats the choices.
import assert from 'node:assert/strict'
import { env } from 'node:process'
import { test } from 'node:test'
import { evaluate, type Failure, type World } from '../../../testing/reference-evaluator.ts'
import { chain, graph, patient, Script, step, testRuns, way } from '../../../testing/workflows.ts'
import type { Compiled, CompiledEdge, CompiledNode, Condition } from './compiled.ts'
import { openEngine } from './embedded.ts'
import { newId } from '../../../kernel/ids.ts'
import type { Json } from './port.ts'

const failure: Failure = { failed: 'test.fails', message: 'it always fails' }
const act: World['act'] = (action, node, needs) => (action === 'fail' ? failure : { node, needs })
const world = (more: Partial<World> = {}): World => ({ input: null, act, signals: {}, children: {}, ...more })
const gives = (node: string, needs: Record<string, Json> = {}): Json => ({ node, needs })
const when = (path: string, op: 'eq' | 'gt' | 'exists', value: Json = null): Condition => ({ left: { path }, op, right: { value } })
const wait = (id: string, signal: string): CompiledNode => ({ id, kind: 'wait', signal, timeoutMs: 30 })

/** Worked out on paper: what ends up recorded, and how. */
const byHand: { name: string; graph: Compiled; world?: Partial<World>; outcomes: Record<string, unknown>; output?: unknown; status?: string; notes?: Record<string, string> }[] = [
  { name: 'nothing', graph: graph([]), outcomes: {}, output: {} },
  { name: 'one step', graph: graph([step('a')]), outcomes: { a: gives('a') }, output: { a: gives('a') } },
  { name: 'a chain', graph: graph([step('a'), step('b', 'echo', { needs: ['steps.a.node'] })], chain('a', 'b')), outcomes: { a: gives('a'), b: gives('b', { 'steps.a.node': 'a' }) }, output: { b: gives('b', { 'steps.a.node': 'a' }) } },
  { name: 'no look sideways', graph: graph([step('a'), step('b', 'echo', { needs: ['steps.a'] })]), outcomes: { a: gives('a'), b: gives('b', { 'steps.a': null }) } },
  { name: 'a result', graph: graph([step('a')], [], { result: 'steps.a.node' }), outcomes: { a: gives('a') }, output: 'a' },
  { name: 'true way', graph: graph([{ id: 'c', kind: 'condition', if: when('input', 'gt', 1) }, step('y'), step('n')], [way('c', 'true', 'y'), way('c', 'false', 'n')]), world: { input: 2 }, outcomes: { y: gives('y') }, output: { y: gives('y') }, notes: { c: 'true', n: 'skipped' } },
  { name: 'false way', graph: graph([{ id: 'c', kind: 'condition', if: when('input', 'gt', 1) }, step('y'), step('n')], [way('c', 'true', 'y'), way('c', 'false', 'n')]), world: { input: 'x' }, outcomes: { n: gives('n') }, notes: { c: 'false', y: 'skipped' } },
  { name: 'dead to the end', graph: graph([{ id: 'c', kind: 'condition', if: when('input', 'exists') }, step('y'), step('z'), step('e')], [way('c', 'true', 'y'), ...chain('y', 'z', 'e'), way('c', 'false', 'e')]), outcomes: { e: gives('e') }, notes: { c: 'false', y: 'skipped', z: 'skipped' } },
  { name: 'switch', graph: graph([{ id: 's', kind: 'switch', cases: [{ name: 'x', if: when('input', 'eq', 1) }, { name: 'z', if: when('input', 'eq', 2) }], otherwise: 'w' }, step('x'), step('z'), step('w')], [way('s', 'case:x', 'x'), way('s', 'case:z', 'z'), way('s', 'case:w', 'w')]), world: { input: 2 }, outcomes: { z: gives('z') } },
  { name: 'switch without a case', graph: graph([{ id: 's', kind: 'switch', cases: [] }, step('x')], chain('s', 'x')), outcomes: {}, output: {}, notes: { x: 'skipped' } },
  { name: 'failure', graph: graph([step('a', 'fail'), step('b')], chain('a', 'b')), outcomes: { a: failure }, status: 'failed' },
  { name: 'failure handled', graph: graph([step('a', 'fail'), step('b'), step('r', 'echo', { needs: ['steps.a.error.code'] })], [...chain('a', 'b'), way('a', 'error', 'r')]), outcomes: { a: failure, r: gives('r', { 'steps.a.error.code': 'test.fails' }) }, notes: { b: 'skipped' } },
  { name: 'error edge unused', graph: graph([step('a'), step('b'), step('r')], [...chain('a', 'b'), way('a', 'error', 'r')]), outcomes: { a: gives('a'), b: gives('b') }, notes: { r: 'skipped' } },
  { name: 'a loop', graph: graph([{ id: 'l', kind: 'loop', over: 'input', body: graph([step('x', 'echo', { needs: ['item', 'index'] })]) }, step('e', 'echo', { needs: ['steps.l.1.x.needs.item'] })], [way('l', 'done', 'e')]), world: { input: [7, 8] }, outcomes: { 'l[0].x': gives('x', { item: 7, index: 0 }), 'l[1].x': gives('x', { item: 8, index: 1 }), e: gives('e', { 'steps.l.1.x.needs.item': 8 }) } },
  { name: 'a loop over nothing', graph: graph([{ id: 'l', kind: 'loop', over: 'input', body: graph([step('x')]) }]), world: { input: [] }, outcomes: {}, output: { l: [] } },
  { name: 'nested loops', graph: graph([{ id: 'l', kind: 'loop', over: 'input', body: graph([{ id: 'm', kind: 'loop', over: 'item', collect: 'x', body: graph([step('x', 'echo', { needs: ['item', 'steps.l.index'] })]) }]) }]), world: { input: [[1], []] }, outcomes: { 'l[0].m[0].x': gives('x', { item: 1, 'steps.l.index': 0 }) }, output: { l: [{ m: [gives('x', { item: 1, 'steps.l.index': 0 })] }, { m: [] }] } },
  { name: 'no list', graph: graph([{ id: 'l', kind: 'loop', over: 'input', body: graph([step('x')]) }, step('r')], [way('l', 'error', 'r')]), world: { input: 7 }, outcomes: { r: gives('r') } },
  { name: 'signals', graph: graph([wait('w', 'go'), wait('v', 'come'), step('late')], [way('v', 'case:timeout', 'late')]), world: { signals: { go: 1 } }, outcomes: { w: { timedOut: false, payload: 1 }, v: { timedOut: true, payload: null }, late: gives('late') } },
  { name: 'a rejected approval', graph: graph([{ id: 'ok', kind: 'approval', ask: { action: 'echo', needs: [] } }, step('y'), step('n')], [...chain('ok', 'y'), way('ok', 'false', 'n')]), world: { signals: { ok: { decision: 'reject' } } }, outcomes: { 'ok/ask': gives('ok'), ok: { timedOut: false, payload: { decision: 'reject' } }, n: gives('n') }, notes: { y: 'skipped' } },
  { name: 'a child', graph: graph([{ id: 'k', kind: 'child', def: { id: 'kid', version: 1 }, input: 'input.x' }]), world: { input: { x: 3 }, children: { kid: graph([step('c', 'echo', { needs: ['input'] })]) } }, outcomes: { k: { c: gives('c', { input: 3 }) } }, output: { k: { c: gives('c', { input: 3 }) } } },
]

test('the reference evaluator comes to what 20 graphs come to on paper', () => {
  assert.equal(byHand.length, 20)
  for (const { name, graph: g, world: w = {}, outcomes, output, status = 'completed', notes } of byHand) {
    const verdict = evaluate(g, world(w))
    assert.deepEqual(verdict.outcomes, outcomes, name)
    assert.equal(verdict.status, status, name)
    if (output !== undefined) assert.deepEqual(verdict.output, output, name)
    for (const [key, note] of Object.entries(notes ?? {})) assert.equal(verdict.notes[key], note, `${name}: ${key}`)
  }
})

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

const seed = Number(env.SEED ?? Date.now() % 1_000_000)
test(`200 random graphs end as the reference evaluator says, some of them cancelled on the way (seed ${seed})`, async (t) => {
  const chance = chanceFrom(seed)
  const script = new Script()
  script.actions.flaky = (call, at) => (at.attempt === 1 ? Promise.reject(new Error('not yet')) : { node: call.node, needs: call.needs })
  const { ctx, start, end, engine, outcomes } = await testRuns(t, { script, open: openEngine, options: { limits: { runsPerTenant: 200 } } })
  const children: Record<string, Compiled> = {}
  for (const g of [graph([step('k', 'echo', { needs: ['input.n'] })]), graph([step('k', 'fail')]), graph([step('k', 'flaky', { retry: patient }), step('l')], chain('k', 'l'))]) children[script.define(g)] = g
  const input = { n: 3, list: [1, 'x', 3] }
  const cases = Array.from({ length: 200 }, (_, i) => ({ i, ...randomGraph(chance, Object.keys(children)), cancelled: chance() < 0.1 }))
  const tally = { completed: 0, failed: 0, cancelled: 0, keys: 0 }
  await Promise.all(cases.map(async ({ i, graph: g, signals, cancelled }) => {
    const id = await start(g, input)
    for (const [name, payload] of Object.entries(signals)) await engine.signal(ctx, id, name, payload, { id: newId() })
    if (cancelled) await engine.cancel(ctx, id)
    const run = await end(id)
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
  }))
  t.diagnostic(JSON.stringify(tally))
  assert.ok(tally.completed > 40 && tally.failed > 20, JSON.stringify(tally))
})
/** Who and when of a signal, and which of several failures in a loop came first. */
function forget(value: Json): Json {
  if (Array.isArray(value)) return value.map(forget)
  if (value === null || typeof value !== 'object') return value
  const { at: _at, by: _by, ...rest } = value
  if ('error' in value && Object.keys(value).length === 1) return 'an error'
  return Object.fromEntries(Object.entries('timedOut' in value ? rest : value).map(([k, v]) => [k, forget(v)]))
}
