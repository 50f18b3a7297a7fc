import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCatalogue } from '../nodes/catalogue.ts'
import { compileDefinition } from './compile.ts'
import type { DefinedEdge, DefinedNode, Definition } from './definition.ts'
import { createJudge, type Surroundings } from './validate.ts'

const catalogue = createCatalogue([])
const judge = createJudge(catalogue)
const manual: DefinedNode = { id: 'start', primitive: 'trigger', type: 'manual', settings: {} }
const say = (id: string, settings: object = { expression: '1' }, more: object = {}): DefinedNode => ({ id, primitive: 'data', type: 'transform', settings: settings as Record<string, unknown>, ...more })
const node = (id: string, primitive: string, type: string, settings: object = {}, more: object = {}): DefinedNode => ({ id, primitive, type, settings, ...more }) as DefinedNode
const edges = (...texts: string[]): DefinedEdge[] => texts.map((text) => {
  const [, from, to, when] = /^(\w+)>(\w+)(?: (\S+))?$/.exec(text)!
  return { from: from!, to: to!, ...(when ? { when } : {}) }
})
const def = (nodes: DefinedNode[], ...drawn: string[]): Definition => ({ nodes: [manual, ...nodes], edges: edges(...drawn) })
const told = (definition: unknown, around?: Surroundings) => judge(definition, around).faults.map(({ level, code, node: of, path }) => `${level === 'warning' ? '?' : ''}${code} ${of ?? '-'} ${path}`)

test('a definition without faults has none, and says what each node reads (S0.7)', () => {
  const good = def([
    node('check', 'condition', 'if_else', { condition: { all: [{ left: { path: 'trigger.total' }, op: 'gt', right: { value: 10 } }] } }),
    say('big', { expression: 'trigger.lines.map((line) => line.sku)' }),
    node('mail', 'action', 'email_send', { to: 'ops@example.test', subject: 'Order ${{ trigger.id }}', text: '${{ nodes.big.output.join(", ") }}' }),
    node('each', 'condition', 'loop', { items: 'nodes.big.output' }), say('inner', { expression: '`${index}: ${item}`' }), say('after', { expression: 'nodes.each.output.length' }),
  ], 'start>check', 'check>big true', 'big>mail', 'big>each', 'each>inner each', 'inner>each', 'each>after done')
  const { faults, reads } = judge(good)
  assert.deepEqual(faults, [])
  assert.deepEqual(reads, { check: ['trigger'], big: ['trigger'], mail: ['nodes.big', 'trigger'], each: ['nodes.big'], inner: ['index', 'item'], after: ['nodes.each'] })
})

test('every fault is told at once, with its node and a JSON pointer', () => {
  const cases: [string, unknown, string[]][] = [
    ['no definition', null, ['shape - /']],
    ['no trigger', { nodes: [say('a')], edges: [] }, ['trigger - /nodes']],
    ['a bad id', def([say('Bad-Id')], 'start>start').nodes.length && { nodes: [manual, say('Bad-Id')], edges: [{ from: 'start', to: 'Bad-Id' }] }, ['id Bad-Id /nodes/1/id']],
    ['a reserved id', { nodes: [manual, say('item')], edges: edges('start>item') }, ['id item /nodes/1/id']],
    ['an id twice', { nodes: [manual, say('a'), say('a')], edges: edges('start>a') }, ['duplicate_id a /nodes/2/id']],
    ['an unknown type', def([node('a', 'action', 'teleport')], 'start>a'), ['unknown_type a /nodes/1/type']],
    ['an unknown primitive', def([node('a', 'spell', 'teleport')], 'start>a'), ['node a /nodes/1/primitive', 'unknown_type a /nodes/1/primitive']],
    ['an unknown field', def([say('a', { expression: '1' }, { colour: 'red' })], 'start>a'), ['node a /nodes/1/colour']],
    ['missing and unknown settings', def([node('a', 'action', 'email_send', { to: 'a@b.test', cc: 'x' })], 'start>a'), ['settings a /nodes/1/settings/subject', 'settings a /nodes/1/settings/text', 'settings a /nodes/1/settings/cc']],
    ['an edge to nowhere', def([say('a')], 'start>a', 'a>gone'), ['unknown_node a /edges/1/to']],
    ['an edge into a trigger', def([say('a')], 'start>a', 'a>start'), ['edge a /edges/1/to', 'cycle start /edges']],
    ['a way it has not', def([say('a'), say('b')], 'start>a', 'a>b true'), ['way a /edges/1/when']],
    ['a way that is none', def([say('a'), say('b')], 'start>a', 'a>b maybe'), ['way a /edges/1/when']],
    ['a case it has not', def([node('s', 'condition', 'switch', { value: 'trigger.x', cases: [{ name: 'one', equals: 1 }] }), say('b')], 'start>s', 's>b case:two'), ['way s /edges/1/when']],
    ['unreachable', def([say('a'), say('lost')], 'start>a'), ['unreachable lost /nodes/2']],
    ['a circle', def([say('a'), say('b')], 'start>a', 'a>b', 'b>a'), ['cycle a /edges']],
    ['a loop without body', def([node('l', 'condition', 'loop', { items: 'trigger' })], 'start>l'), ['loop l /nodes/1']],
    ['a way into a loop from outside', def([node('l', 'condition', 'loop', { items: 'trigger' }), say('b')], 'start>l', 'l>b each', 'start>b'), ['loop b /nodes/1']],
    ['a wait for an event in a loop', def([node('l', 'condition', 'loop', { items: 'trigger' }), node('w', 'action', 'wait', { event: 'task.moved', subject: '${{ item }}' })], 'start>l', 'l>w each'), ['loop w /nodes/2/settings/event']],
    ['a secret', def([node('a', 'action', 'api_call', { method: 'GET', url: 'https://a.test', headers: { authorization: 'Bearer abcdefghijklmnop' } })], 'start>a'), ['secret a /nodes/1/settings/headers/authorization']],
    ['a statement', def([say('a', { expression: 'x = 1' })], 'start>a'), ['expression a /nodes/1/settings/expression']],
    ['two expressions', def([say('a', { expression: '1); evil(' })], 'start>a'), ['expression a /nodes/1/settings/expression']],
    ['an unknown name', def([say('a', { expression: 'process.env' })], 'start>a'), ['expression a /nodes/1/settings/expression']],
    ['the item outside a loop', def([say('a', { expression: 'item.x' })], 'start>a'), ['expression a /nodes/1/settings/expression']],
    ['an unclosed text', def([node('a', 'action', 'notification', { role: 'admin', message: 'x ${{ trigger.y' })], 'start>a'), ['expression a /nodes/1/settings/message']],
    ['what has not run', def([say('a', { expression: 'nodes.b.output' }), say('b')], 'start>a', 'a>b'), ['reference a /nodes/1/settings/expression']],
    ['a body read from outside', def([node('l', 'condition', 'loop', { items: 'trigger' }), say('b'), say('c', { expression: 'nodes.b.output' })], 'start>l', 'l>b each', 'b>l', 'l>c done'), ['reference c /nodes/3/settings/expression']],
    ['what may not have run', def([node('i', 'condition', 'if_else', { expression: 'trigger.x > 1' }), say('a'), say('b', { expression: 'nodes.a.output' })], 'start>i', 'i>a true', 'i>b false', 'a>b'), ['?maybe_undefined b /nodes/3/settings/expression']],
    ['always the same', def([node('i', 'condition', 'if_else', { expression: '"yes"' }), say('a')], 'start>i', 'i>a true'), ['expression i /nodes/1/settings/expression']],
    ['a condition of another form', def([node('i', 'condition', 'if_else', { condition: { left: { path: 'stars.x' }, op: 'eq', right: { value: 1 } } })], 'start>i'), ['expression i /nodes/1/settings/condition/left/path']],
    ['an operator that is none', def([node('i', 'condition', 'if_else', { condition: { all: [{ left: { value: 1 }, op: 'like', right: { value: 1 } }] } })], 'start>i'), ['settings i /nodes/1/settings/condition/all/0/op']],
    ['cron that never comes', { nodes: [node('t', 'trigger', 'schedule', { cron: '0 0 31 2 *' }), say('a')], edges: edges('t>a') }, ['settings t /nodes/0/settings/cron']],
    ['no connection', def([node('q', 'action', 'db_query', { sql: 'select 1' })], 'start>q'), ['connection q /nodes/1/connectionId']],
    ['a schema that could take the process', def([node('v', 'data', 'validate', { value: 'trigger', schema: { type: 'string', pattern: '(a+)+$' } })], 'start>v'), ['settings v /nodes/1/settings/schema']],
  ]
  for (const [name, definition, expected] of cases) assert.deepEqual(told(definition), expected, name)
})

test('what the tenant has is judged too: events, connections and their kinds, workflows', () => {
  const around: Surroundings = { events: new Set(['task.moved']), connections: new Map([['c1', { kind: 'slack' }]]), workflows: new Set() }
  const definition = {
    nodes: [node('t', 'trigger', 'event', { event: 'task.vanished' }), node('q', 'action', 'db_query', { sql: 'select 1' }, { connectionId: 'c1' }), node('h', 'action', 'api_call', { method: 'GET', url: '/x' }, { connectionId: 'c2' }),
      node('w', 'action', 'workflow', { workflowId: '01932f3e-6d55-7c4a-8b1e-3a5d0c9f1e22' })],
    edges: edges('t>q', 'q>h', 'h>w'),
  }
  assert.deepEqual(told(definition, around), ['event t /nodes/0/settings/event', 'connection q /nodes/1/connectionId', 'connection h /nodes/2/connectionId', 'workflow w /nodes/3/settings/workflowId'])
})

test('giants and hostile shapes are refused at once, whatever they hold', () => {
  const chain = (n: number): Definition => ({ nodes: [manual, ...Array.from({ length: n }, (_, i) => say(`n${i}`))], edges: [{ from: 'start', to: 'n0' }, ...Array.from({ length: n - 1 }, (_, i) => ({ from: `n${i}`, to: `n${i + 1}` }))] })
  assert.deepEqual(told(chain(10_000)), ['too_large - /'])
  assert.deepEqual(told(chain(499)), [])
  const circle = chain(499)
  circle.edges.push({ from: 'n498', to: 'n0' })
  assert.deepEqual(told(circle), ['cycle n0 /edges'])
  const loops: Definition = { nodes: [manual, ...Array.from({ length: 400 }, (_, i) => node(`l${i}`, 'condition', 'loop', { items: 'trigger' }))], edges: [{ from: 'start', to: 'l0' }, ...Array.from({ length: 399 }, (_, i) => ({ from: `l${i}`, to: `l${i + 1}`, when: 'each' }))] }
  assert.ok(told(loops).length >= 1)
  let deep: unknown = 1
  for (let i = 0; i < 100_000; i++) deep = { a: deep }
  assert.deepEqual(told({ nodes: [{ ...manual, settings: { input: deep } }], edges: [] }), ['too_large - /'])
  for (const hostile of [{ nodes: [null, 1, 'x', [], {}], edges: [null, 1, {}] }, { nodes: {}, edges: {} }, { nodes: [{ id: '__proto__', primitive: 'data', type: 'constructor', settings: [] }], edges: [{ from: '__proto__', to: 'constructor' }] }]) assert.ok(told(hostile).length > 0)
})

test('a definition compiles to the graph that is run: JavaScript becomes steps, loops get bodies, ways stay', () => {
  const good = def([
    node('check', 'condition', 'if_else', { expression: 'trigger.lines.length > 2' }), node('only', 'condition', 'filter', { condition: { left: { path: 'trigger.lines[0].sku' }, op: 'exists' } }),
    node('each', 'condition', 'loop', { items: 'trigger.lines.filter((l) => l.on)', lanes: 3 }), say('inner', { expression: 'item.sku' }), node('pause', 'action', 'wait', { for: '2h' }), say('oops'), say('end'),
  ], 'start>check', 'check>only true', 'check>oops error', 'only>each', 'each>inner each', 'inner>each', 'each>pause done', 'pause>end')
  const { graph, drawn } = compileDefinition(good, catalogue)
  assert.deepEqual(graph.nodes.map(({ id, kind }) => `${id} ${kind}`), ['start trigger', 'check step', 'check_way condition', 'only condition', 'each_items step', 'each loop', 'pause wait', 'oops step', 'end step'])
  assert.deepEqual(graph.edges.map(({ from, to, when }) => `${from}>${to}${when ? ` ${when}` : ''}`), ['check>check_way', 'each_items>each', 'start>check', 'check_way>only true', 'check>oops error', 'only>each_items true', 'each>pause done', 'pause>end'])
  assert.deepEqual(drawn, { check_way: 'check', each_items: 'each' })
  assert.deepEqual(graph.reads, ['lines.0.sku'])
  const loop = graph.nodes.find((n) => n.kind === 'loop')!
  assert.deepEqual(loop.kind === 'loop' && [loop.over, loop.lanes, loop.body.nodes.map((n) => n.kind === 'step' && [n.id, n.needs]), loop.body.edges], ['steps.each_items.value', 3, [['inner', ['item']]], []])
  assert.deepEqual(graph.nodes.find(({ id }) => id === 'check'), { id: 'check', kind: 'step', action: 'condition.if_else', needs: ['input'], retry: { max: 1, baseMs: 0, factor: 1, capMs: 0 }, timeoutMs: 60_000, keep: ['value'] })
})
