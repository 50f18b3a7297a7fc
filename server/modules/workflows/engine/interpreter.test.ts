// The interpreter on a port in memory: what it decides, without any engine. What engines must do stands in engine.contract.ts.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Compiled, CompiledNode, Condition } from './compiled.ts'
import { holds, interpret } from './interpreter.ts'
import type { DurablePort, Json, Ref, StepCall } from './port.ts'

type Answer = (call: StepCall, key: string) => Json | Ref | Promise<Json | Ref>
/** A port that remembers what was asked; steps of action `join` answer with their input, as every engine does. */
function memoryPort(answer: Answer = (call) => call.node, memo = new Map<string, Json | Ref>()) {
  const calls: { key: string; needs: StepCall['needs'] }[] = []
  const notes: [string, string, Json | undefined][] = []
  const port: DurablePort = {
    run: { id: 'r', tenantId: 't', defId: 'd', defVersion: 1, startedAt: 0 },
    async step(key, call) {
      if (memo.has(key)) return memo.get(key)!
      calls.push({ key, needs: call.needs })
      const got = call.action === 'join' ? call.input : await answer(call, key)
      memo.set(key, got)
      return got
    },
    sleepUntil: async () => {},
    signal: async () => ({ timedOut: false, payload: { decision: 'approve' } }),
    child: async (_key, _def, input) => input,
    note: (key, what, data) => void notes.push([key, what, data]),
    shield: (f) => f(),
  }
  return { port, calls, notes, keys: () => calls.map((c) => c.key), memo }
}
const step = (id: string, more: Partial<Extract<CompiledNode, { kind: 'step' }>> = {}): CompiledNode => ({ id, kind: 'step', action: 'x', needs: [], ...more })
const chain = (...ids: string[]) => ids.slice(1).map((to, i) => ({ from: ids[i]!, to }))
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('a way that is not taken is dead to its end, and a join waits for the living ones only', async () => {
  const graph: Compiled = {
    nodes: [{ id: 't', kind: 'trigger' }, { id: 'c', kind: 'condition', if: { left: { path: 'input.n' }, op: 'gt', right: { value: 3 } } }, step('a'), step('b'), step('b2'), step('end')],
    edges: [...chain('t', 'c'), { from: 'c', to: 'a', when: 'true' }, { from: 'c', to: 'b', when: 'false' }, ...chain('b', 'b2', 'end'), ...chain('a', 'end')],
  }
  const { port, keys, notes } = memoryPort()
  assert.deepEqual(await interpret(port, graph, { n: 4 }), { end: 'end' })
  assert.deepEqual(keys(), ['a', 'end'])
  assert.deepEqual(notes, [['c', 'decided', 'true'], ['b', 'skipped', undefined], ['b2', 'skipped', undefined]])
})

test('an any join goes on with the first and sees only what lies behind it, also when a replay brings all at once', async () => {
  const graph: Compiled = {
    nodes: [step('slow'), step('fast'), step('go', { join: 'any', needs: ['steps.fast', 'steps.slow'] }), { id: 'c', kind: 'condition', if: { left: { path: 'steps.slow' }, op: 'exists' } }, step('yes'), step('no')],
    edges: [...chain('slow', 'go'), ...chain('fast', 'go', 'c'), { from: 'c', to: 'yes', when: 'true' }, { from: 'c', to: 'no', when: 'false' }],
  }
  const first = memoryPort(async (call) => (call.node === 'slow' ? (await later(20), 'slow') : call.node))
  assert.deepEqual(await interpret(first.port, graph, null), { no: 'no' })
  assert.deepEqual(first.keys(), ['slow', 'fast', 'go/join', 'go', 'no'])
  assert.deepEqual(first.calls[3]!.needs, { 'steps.fast': 'fast', 'steps.slow': null })
  const again = memoryPort(() => assert.fail('a replay asks for nothing new'), first.memo)
  assert.deepEqual(await interpret(again.port, graph, null), { no: 'no' })
})

test('a failed node takes its error edge with what went wrong; without one the graph fails, and Cancelled passes every edge', async () => {
  const graph: Compiled = { nodes: [step('a'), step('rescue', { needs: ['steps.a'] }), step('next')], edges: [{ from: 'a', to: 'rescue', when: 'error' }, ...chain('a', 'next')] }
  const failing = memoryPort((call) => (call.node === 'a' ? Promise.reject(Object.assign(new Error('no luck'), { code: 'http.503' })) : call.node))
  await interpret(failing.port, graph, null)
  assert.deepEqual(failing.calls[1], { key: 'rescue', needs: { 'steps.a': { error: { message: 'no luck', code: 'http.503' } } } })
  assert.equal(failing.calls.length, 2)
  const cancelled = memoryPort(() => Promise.reject(Object.assign(new Error('stop'), { name: 'Cancelled' })))
  await assert.rejects(interpret(cancelled.port, graph, null), { name: 'Cancelled' })
  await assert.rejects(interpret(failing.port, { nodes: [step('a')], edges: [] }, null), /no luck/)
})

test('loops run in lanes, nest, know their items by name, and stop taking items when one failed', async () => {
  const graph: Compiled = {
    nodes: [{ id: 'outer', kind: 'loop', over: 'input.rows', lanes: 2, body: {
      nodes: [{ id: 'inner', kind: 'loop', over: 'item', collect: 'y', body: { nodes: [step('y', { needs: ['item', 'index', 'steps.outer.index'] })], edges: [] } }], edges: [],
    } }],
    edges: [],
  }
  const { port, calls } = memoryPort((call) => call.needs as Json)
  assert.deepEqual(await interpret(port, graph, { rows: [['a', 'b'], ['c']] }), { outer: [
    { inner: [{ item: 'a', index: 0, 'steps.outer.index': 0 }, { item: 'b', index: 1, 'steps.outer.index': 0 }] },
    { inner: [{ item: 'c', index: 0, 'steps.outer.index': 1 }] },
  ] })
  assert.deepEqual(calls.map((c) => c.key).sort(), ['outer[0].inner[0].y', 'outer[0].inner[1].y', 'outer[1].inner[0].y'])

  const failing = memoryPort((call) => (call.needs.item === 2 ? Promise.reject(new Error('two')) : null))
  await assert.rejects(interpret(failing.port, { nodes: [{ id: 'each', kind: 'loop', over: 'input', body: { nodes: [step('y', { needs: ['item'] })], edges: [] } }], edges: [] }, [1, 2, 3]), /two/)
  assert.deepEqual(failing.keys(), ['each[0].y', 'each[1].y'])
  await assert.rejects(interpret(port, graph, { rows: 7 }), { code: 'loop.no_list' })
  await assert.rejects(interpret(port, graph, { rows: new Array(10_001).fill([]) }), { code: 'loop.too_long' })
})

test('a large value is read where it was kept beside its reference, and given on as the reference', async () => {
  const big: Ref = { $ref: 'b', bytes: 99_999, at: { 'body.n': 5, 'rows': [1, 2] } }
  const graph: Compiled = {
    nodes: [step('a'), { id: 'c', kind: 'condition', if: { left: { path: 'steps.a.body.n' }, op: 'eq', right: { value: 5 } } }, step('yes', { needs: ['steps.a.body.text', 'steps.a.rows.1'] })],
    edges: [...chain('a', 'c'), { from: 'c', to: 'yes', when: 'true' }],
  }
  const { port, calls } = memoryPort((call) => (call.node === 'a' ? big : null))
  await interpret(port, graph, null)
  assert.deepEqual(calls[1], { key: 'yes', needs: { 'steps.a': big, 'steps.a.rows.1': 2 } })
})

test('an approval without its way for a time-out fails with a code; rejected, unlabelled edges are not taken', async () => {
  const graph = (ways: Compiled['edges']): Compiled => ({ nodes: [{ id: 'ok', kind: 'approval', ask: { action: 'ask', needs: [] } }, step('go'), step('late')], edges: [...chain('ok', 'go'), ...ways] })
  const answering = (signal: DurablePort['signal']) => {
    const made = memoryPort()
    return { ...made, port: { ...made.port, signal } }
  }
  const approved = answering(async (key, name) => (assert.equal(key, name), { timedOut: false, payload: { decision: 'approve' } }))
  await interpret(approved.port, graph([{ from: 'ok', to: 'late', when: 'case:timeout' }]), null)
  assert.deepEqual(approved.keys(), ['ok/ask', 'go'])
  const rejected = answering(async () => ({ timedOut: false, payload: { decision: 'reject' } }))
  await interpret(rejected.port, graph([{ from: 'ok', to: 'late', when: 'case:timeout' }]), null)
  assert.deepEqual(rejected.keys(), ['ok/ask'])
  const nobody = async () => ({ timedOut: true, payload: null })
  await assert.rejects(interpret(answering(nobody).port, { nodes: graph([]).nodes.slice(0, 2), edges: chain('ok', 'go') }, null), { code: 'approval.timed_out' })
  const late = answering(nobody)
  await interpret(late.port, graph([{ from: 'ok', to: 'late', when: 'case:timeout' }]), null)
  assert.deepEqual(late.keys(), ['ok/ask', 'late'])
})

test('only the trigger that began the run is taken', async () => {
  const graph: Compiled = { nodes: [{ id: 'hook', kind: 'trigger' }, { id: 'clock', kind: 'trigger' }, step('a'), step('b'), step('both')], edges: [...chain('hook', 'a', 'both'), ...chain('clock', 'b', 'both')] }
  const { port, keys } = memoryPort()
  await interpret({ ...port, run: { ...port.run, entry: 'clock' } }, graph, null)
  assert.deepEqual(keys(), ['b', 'both'])
})

test('conditions are total: any operator on any two values answers, own properties only', () => {
  const values: unknown[] = [null, true, 0, 'a', '', [], {}, [1], { a: 1 }, Number.NaN, '__proto__']
  for (const op of ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'in', 'contains', 'exists', 'truthy'] as const)
    for (const a of values) for (const b of values) assert.equal(typeof holds({ left: { value: a as Json }, op, right: { value: b as Json } }, () => null), 'boolean')
  const equal: Condition = { left: { value: { a: 1, b: [2] } }, op: 'eq', right: { value: { b: [2], a: 1 } } }
  assert.ok(holds(equal, () => null))
  assert.ok(!holds({ not: equal }, () => null))
})

test('paths reach no prototype', async () => {
  const { port, calls } = memoryPort()
  await interpret(port, { nodes: [step('a', { needs: ['input.__proto__', 'input.constructor.name', 'input.length', 'steps.__proto__', 'item'] })], edges: [] }, {})
  assert.deepEqual(Object.values(calls[0]!.needs), [null, null, null, null, null])
})

test('a chain of 10,000 nodes runs, and a cycle hangs quietly instead of overflowing the stack', async () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => `n${i}`)
  const { port, keys } = memoryPort()
  await interpret(port, { nodes: ids.map((id) => step(id)).reverse(), edges: chain(...ids) }, null)
  assert.equal(keys().length, 10_000)
  const never = Symbol('never')
  const cycle = interpret(port, { nodes: [step('a'), step('b')], edges: [...chain('a', 'b'), ...chain('b', 'a')] }, null)
  assert.equal(await Promise.race([cycle, later(5).then(() => never)]), never)
})

test('the interpreter imports types only and reaches for no clock, chance or outside: it must run inside any engine\'s sandbox', () => {
  for (const file of ['interpreter.ts', 'port.ts', 'compiled.ts']) {
    const text = readFileSync(new URL(file, import.meta.url), 'utf8')
    for (const [line] of text.matchAll(/^(import\b.*|export .*\bfrom '.*)$/gm)) assert.match(line, /^import type /, file)
    assert.doesNotMatch(text, /Date\.now|new Date\b|Math\.random|setTimeout|setImmediate|queueMicrotask|\bprocess\.|\bimport\(/, file)
  }
})
