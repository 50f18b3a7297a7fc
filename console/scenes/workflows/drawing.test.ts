import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addNode, before, clipFrom, connect, copyOf, freeId, inOrder, paste, placeAfter, remove, renameNode } from './drawing.ts'
import type { Definition, NodeType } from './graph/drawn.ts'
import { conditionLine, wayOf, waysOf } from './graph/drawn.ts'

const mapping: NodeType = { primitive: 'data', type: 'mapping', title: 'Map fields', description: '', ways: [], settings: { type: 'object', required: ['fields'], properties: { fields: { type: 'object', patternProperties: { '^.*$': {} } } } }, output: {}, connections: null, effect: 'none', operation: null, retry: null, timeoutMs: 1000 }
const drawn: Definition = {
  nodes: [
    { id: 'start', primitive: 'trigger', type: 'manual' },
    { id: 'one', primitive: 'data', type: 'mapping', settings: { fields: { a: '${{ trigger.a }}' } } },
    { id: 'two', primitive: 'data', type: 'mapping', settings: { fields: { b: '${{ nodes.one.output.a }} and ${{ nodes.one_more }}' } } },
    { id: 'lost', primitive: 'data', type: 'mapping' },
  ],
  edges: [{ from: 'start', to: 'one' }, { from: 'one', to: 'two' }],
}

test('a new node has an id of its own, follows what it was added after, and leaves the old drawing as it was', () => {
  const first = addNode(drawn, mapping, { after: { id: 'two', way: 'error' } })
  assert.deepEqual([first.id, first.definition.nodes.at(-1)?.settings, first.definition.edges.at(-1)], ['mapping', { fields: {} }, { from: 'two', to: 'mapping', when: 'error' }])
  assert.equal(addNode(first.definition, mapping).id, 'mapping_2')
  assert.equal(drawn.nodes.length, 4)
  assert.equal(freeId(['item'], 'item'), 'item_2')
  assert.equal(freeId([], '7 things!'), 'things_')
})

test('a step taken out of a chain leaves the chain whole; edges are never doubled', () => {
  const gone = remove(drawn, ['one'])
  assert.deepEqual(gone.edges, [{ from: 'start', to: 'two' }])
  assert.deepEqual(remove(drawn, ['start::one']).edges, [{ from: 'one', to: 'two' }])
  assert.deepEqual(remove(drawn, ['one', 'two']).edges, [])
  assert.equal(connect(drawn, { from: 'one', to: 'two' }), drawn)
})

test('another id is written into edges and into what reads it, and into nothing that only begins alike', () => {
  const named = renameNode(drawn, 'one', 'greeting')
  assert.deepEqual(named.edges, [{ from: 'start', to: 'greeting' }, { from: 'greeting', to: 'two' }])
  assert.deepEqual(named.nodes[2]!.settings, { fields: { b: '${{ nodes.greeting.output.a }} and ${{ nodes.one_more }}' } })
})

test('copies read each other, not their originals', () => {
  const clip = clipFrom(JSON.stringify(copyOf(drawn, ['one', 'two'], { one: { x: 10, y: 20 } })))
  assert.ok(clip)
  const { definition, ids } = paste(drawn, clip)
  assert.deepEqual(ids, ['one_2', 'two_2'])
  assert.deepEqual(definition.nodes.find(({ id }) => id === 'one_2')?.position, { x: 50, y: 60 })
  assert.deepEqual(definition.nodes.find(({ id }) => id === 'two_2')?.settings, { fields: { b: '${{ nodes.one_2.output.a }} and ${{ nodes.one_more }}' } })
  assert.deepEqual(definition.edges.at(-1), { from: 'one_2', to: 'two_2' })
  assert.equal(clipFrom('a shopping list'), undefined)
  assert.equal(clipFrom('{"nodes":[]}'), undefined)
})

test('steps are listed as a run comes to them, what nothing leads to last; and each knows what ran before it', () => {
  const mixed = { ...drawn, nodes: [...drawn.nodes].reverse() }
  assert.deepEqual(inOrder(mixed).map(({ id }) => id), ['start', 'one', 'two', 'lost'])
  assert.deepEqual([...before(drawn, 'two')].sort(), ['one', 'start'])
  assert.deepEqual(placeAfter({ a: { x: 0, y: 0 }, b: { x: 304, y: 0 } }, 'a'), { x: 304, y: 96 })
})

test('ways are the type\'s, with its cases, and what is drawn already; conditions read as sentences', () => {
  const node = { id: 'how', primitive: 'condition', type: 'switch', settings: { cases: [{ name: 'red' }, {}] } } as const
  const type = { ...mapping, primitive: 'condition', type: 'switch', ways: ['case:<name>', 'case:default'] } as NodeType
  assert.deepEqual(waysOf(node as never, type, [{ from: 'how', to: 'x', when: 'case:old' }]), ['case:red', 'case:default', 'case:old', 'error'])
  assert.deepEqual(waysOf(drawn.nodes[1]!, mapping), ['', 'error'])
  assert.equal(wayOf({ from: 'a', to: 'b' }, { id: 'a', primitive: 'condition', type: 'loop' }), 'done')
  assert.equal(conditionLine({ all: [{ left: { path: 'trigger.amount' }, op: 'gt', right: { value: 100 } }, { left: { path: 'trigger.name' }, op: 'exists' }] }), 'trigger.amount is more than 100 and trigger.name is there')
})
