// 200 random graphs on the engine against a small reference evaluator, and that evaluator against 20 graphs worked out by hand. The seed is printed;
// SEED=n in the environment repeats the choices.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failure, runRandomGraphs, seed, world } from '../../../testing/random-graphs.ts'
import { evaluate, type World } from '../../../testing/reference-evaluator.ts'
import { chain, graph, step, way } from '../../../testing/workflows.ts'
import type { Compiled, CompiledNode, Condition } from './compiled.ts'
import { openEngine } from './embedded.ts'
import type { Json } from './port.ts'

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

test(`200 random graphs end as the reference evaluator says, some of them cancelled on the way (seed ${seed})`, async (t) => {
  const tally = await runRandomGraphs(t, { open: openEngine, count: 200 })
  assert.ok(tally.completed > 40 && tally.failed > 20, JSON.stringify(tally))
})
