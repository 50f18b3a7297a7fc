// Every fault of a definition at once, each with the node's id and a JSON pointer, and what each node reads. Nothing is run and nothing is mended.
// Errors keep it from being published; warnings do not.
import { Type } from '../../../kernel/schema.ts'
import { createValidators, faultOf } from '../../../kernel/validation.ts'
import type { Catalogue } from '../nodes/catalogue.ts'
import { markedFields, operators, type Found } from '../nodes/fields.ts'
import { primitives, type NodeType } from '../nodes/node.ts'
import { definitionLimits, idPattern, reservedIds, sizeFault, wayPattern, type Definition } from './definition.ts'
import { checkExpression, partsOf, type Read } from './expressions.ts'
import { readGraph, type Graph } from './graph.ts'
import { inspectCondition, readOf } from './paths.ts'
import { looksSecret } from './secrets.ts'

export type Fault = { level: 'error' | 'warning'; code: string; node: string | null; path: string; message: string }
/** What the tenant has: absent parts are not judged. */
export type Surroundings = { events?: ReadonlySet<string>; connections?: ReadonlyMap<string, { kind: string }>; workflows?: ReadonlySet<string> }
export type Judged = { faults: Fault[]; /** node -> what its settings read: `trigger`, `nodes.<id>`, `item`, `now` ... */ reads: Record<string, string[]> }
/** A node that has an id and a known type. */
type Known = { at: number; id: string; type: NodeType; node: Record<string, unknown>; settings: Record<string, unknown> }

const most = 200
const Common = Type.Object(
  {
    id: Type.String(), primitive: Type.Enum([...primitives]), type: Type.String(), name: Type.Optional(Type.String({ maxLength: 200 })), settings: Type.Optional(Type.Object({})), connectionId: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 100 }), Type.Null()])),
    join: Type.Optional(Type.Enum(['all', 'any'])), timeoutMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 600_000 })),
    retry: Type.Optional(Type.Object({ max: Type.Integer({ minimum: 1, maximum: 20 }), baseMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 3_600_000 })), factor: Type.Optional(Type.Number({ minimum: 1, maximum: 10 })), capMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 86_400_000 })) }, { additionalProperties: false })),
    position: Type.Optional(Type.Object({ x: Type.Number(), y: Type.Number() })),
  },
  { additionalProperties: false },
)
export { Common as NodeShape }
const EdgeShape = Type.Object({ from: Type.String(), to: Type.String(), when: Type.Optional(Type.String()) }, { additionalProperties: false })

export type Judge = (definition: unknown, around?: Surroundings) => Judged

/** @returns judges definitions by this catalogue */
export function createJudge(catalogue: Catalogue): Judge {
  const validators = createValidators(true)
  const isNode = validators.compile(Common, 'body')
  const isEdge = validators.compile(EdgeShape, 'body')

  return (definition, around = {}) => {
    const faults: Fault[] = []
    const add = (level: Fault['level']) => (code: string, node: string | null, path: string, message: string) => {
      if (faults.length < most) faults.push({ level, code, node, path: path || '/', message })
    }
    const error = add('error')
    const warn = add('warning')
    const reads: Record<string, string[]> = {}
    const { nodes, edges } = (definition ?? {}) as { nodes?: unknown; edges?: unknown }
    if (!Array.isArray(nodes) || !Array.isArray(edges)) {
      error('shape', null, '', 'a definition has nodes and edges')
      return { faults, reads }
    }
    const tooMuch = nodes.length > definitionLimits.nodes ? `has ${nodes.length} nodes; at most ${definitionLimits.nodes}` : edges.length > definitionLimits.edges ? `has ${edges.length} edges; at most ${definitionLimits.edges}` : sizeFault(definition)?.message
    if (tooMuch) {
      error('too_large', null, '', `the definition ${tooMuch}: divide it into workflows that start each other`)
      return { faults, reads }
    }

    // nodes, each against the schema of its own type
    const known = new Map<string, Known>()
    const seen = new Set<string>()
    for (const [at, given] of nodes.entries()) {
      const path = `/nodes/${at}`
      const node = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>
      const id = typeof node.id === 'string' ? node.id : null
      if (!isNode(given)) for (const e of isNode.errors!) error('node', id, path + faultOf(e, 'body').path.replace(/^\/$/, ''), faultOf(e, 'body').message)
      if (id === null) continue
      if (!idPattern.test(id) || reservedIds.has(id)) error('id', id, `${path}/id`, reservedIds.has(id) ? `${id} is a name of its own in expressions: choose another` : 'must match [a-z][a-z0-9_]{0,39}')
      if (seen.has(id)) {
        error('duplicate_id', id, `${path}/id`, `${id} stands twice`)
        continue
      }
      seen.add(id)
      const type = catalogue.find(node.primitive, node.type)
      if (!type) {
        const primitive = primitives.find((p) => p === node.primitive)
        if (typeof node.type === 'string') error('unknown_type', id, primitive ? `${path}/type` : `${path}/primitive`, primitive ? `there is no ${primitive} ${node.type.slice(0, 60)}; there are ${catalogue.namesOf(primitive).join(', ')}` : `must be one of ${primitives.join(', ')}`)
        continue
      }
      const settings = (typeof node.settings === 'object' && node.settings !== null && !Array.isArray(node.settings) ? node.settings : {}) as Record<string, unknown>
      for (const { pointer, message } of catalogue.judge(type, settings)) error('settings', id, `${path}/settings${pointer}`, message)
      known.set(id, { at, id, type, node, settings })
    }

    // edges
    const wired: Definition['edges'] = []
    const doubles = new Set<string>()
    for (const [at, given] of edges.entries()) {
      const path = `/edges/${at}`
      if (!isEdge(given)) {
        for (const e of isEdge.errors!) error('edge', null, path + faultOf(e, 'body').path.replace(/^\/$/, ''), faultOf(e, 'body').message)
        continue
      }
      const edge = given as Definition['edges'][number]
      for (const end of ['from', 'to'] as const) if (!seen.has(edge[end])) error('unknown_node', edge.from, `${path}/${end}`, `there is no node ${edge[end].slice(0, 60)}`)
      const [from, to] = [known.get(edge.from), known.get(edge.to)]
      if (!seen.has(edge.from) || !seen.has(edge.to)) continue
      const double = JSON.stringify([edge.from, edge.to, edge.when])
      if (doubles.has(double)) error('edge', edge.from, path, 'stands twice')
      doubles.add(double)
      if (to?.type.primitive === 'trigger') error('edge', edge.from, `${path}/to`, `nothing runs before a trigger: ${edge.to} begins the run`)
      if (from && edge.when !== undefined) {
        const ways = waysOf(from)
        if (!wayPattern.test(edge.when)) error('way', edge.from, `${path}/when`, 'must be true, false, error, each, done or case:<name>')
        else if (!ways.includes(edge.when)) error('way', edge.from, `${path}/when`, `${edge.from} has the ways ${ways.join(', ')}, not ${edge.when}`)
      }
      wired.push(edge)
    }

    // the graph
    const graph = readGraph({ nodes: [...seen].map((id) => ({ id, loop: known.get(id)?.type.form === 'loop', entry: known.get(id)?.type.form === 'trigger' })), edges: wired })
    const inWires = (id: string) => graph.into.get(id)!.length + graph.out.get(id)!.length > 0
    if (![...known.values()].some(({ type }) => type.form === 'trigger')) error('trigger', null, '/nodes', 'nothing starts it: add a trigger')
    else for (const id of seen) {
      const one = known.get(id)
      if (one?.type.form === 'name' && !inWires(id)) continue
      if (one?.type.form === 'name' && !graph.into.get(id)!.length) error('edge', id, `/nodes/${one.at}`, 'is named by other nodes with connectionId; wired, it must follow a node')
      else if (!graph.reached.has(id)) error('unreachable', id, `/nodes/${one?.at ?? nodes.findIndex((n) => (n as { id?: unknown })?.id === id)}`, `${id} cannot be reached from a trigger`)
    }
    const cycles = graph.cycles()
    for (const cycle of cycles) error('cycle', cycle.at(-1)!, '/edges', `${cycle.join(' -> ')} goes in a circle: only the body of a loop leads back, to its loop`)
    for (const one of known.values()) if (one.type.form === 'loop') judgeLoop(one, graph, error)

    // what each node says and reads
    const always = cycles.length ? undefined : graph.always()
    for (const one of known.values()) {
      const { id, at, type, node, settings } = one
      for (const { path, text } of textsIn({ name: node.name, settings: node.settings })) if (looksSecret(text)) error('secret', id, `/nodes/${at}${path}`, 'looks like a secret: keep it in a connection and name that with connectionId')
      const found = new Set<string>()
      const upstream = graph.upstream(id)
      const roots = new Set(['trigger', 'nodes', 'now', 'run', ...(graph.loopsOf(id).length ? ['item', 'index'] : [])])
      const take = (read: Read, pointer: string) => {
        found.add(read.root === 'nodes' ? `nodes.${read.path[0]}` : read.root)
        if (read.root !== 'nodes') return
        const [target, part] = read.path as [string, string | undefined]
        if (!seen.has(target)) error('reference', id, pointer, `nodes.${target} does not exist`)
        else if (target === id) error('reference', id, pointer, `nodes.${target} is this node itself`)
        else if (known.get(target)?.type.form === 'name' && !inWires(target)) error('reference', id, pointer, `nodes.${target} is a connection that is not wired, so it gives nothing`)
        else if (!upstream.has(target)) error('reference', id, pointer, `nodes.${target} has not run before ${id}`)
        else if (part !== undefined && part !== 'output') error('reference', id, pointer, `nodes.${target} has only output: write nodes.${target}.output`)
        else if (!read.guarded && always && !always.get(id)?.has(target)) warn('maybe_undefined', id, pointer, `nodes.${target} does not run on every way to ${id}: write nodes.${target}?.output`)
      }
      for (const field of markedFields(type.settings, settings)) judgeField(field, one, roots, take, error)
      // its lanes would take each other's events
      if (type.form === 'wait' && settings.event !== undefined && graph.loopsOf(id).length) error('loop', id, `/nodes/${at}/settings/event`, 'a loop cannot wait for events: start a workflow for each item, and wait there')
      if (found.size) reads[id] = [...found].sort()
      judgeReferences(one, known, around, error)
    }
    return { faults, reads }
  }
}

/** The labels an edge out of a node may carry. */
export function waysOf({ type, settings }: Pick<Known, 'type' | 'settings'>): string[] {
  if (type.form === 'switch') {
    const cases = Array.isArray(settings.cases) ? (settings.cases as { name?: unknown }[]) : []
    return [...cases.flatMap((one) => (typeof one?.name === 'string' ? [`case:${one.name}`] : [])), 'case:default', 'error']
  }
  return [...(type.ways ?? []), ...(type.form === 'trigger' ? [] : ['error'])]
}

type Add = (code: string, node: string | null, path: string, message: string) => void

function judgeLoop({ id, at, settings }: Known, graph: Graph, error: Add): void {
  const path = `/nodes/${at}`
  const body = graph.bodies.get(id)!
  if (!body.size) return error('loop', id, path, 'has no body: draw an edge with when "each"')
  for (const inner of body) {
    for (const edge of graph.into.get(inner)!) if (edge.from !== id && !body.has(edge.from)) error('loop', inner, path, `${inner} is inside the loop ${id} and can be entered only through it, not from ${edge.from}`)
    for (const edge of graph.into.get(inner)!) if (edge.from === id && edge.when !== 'each') error('loop', inner, path, `${inner} is inside the loop ${id} and also after it`)
  }
  if (typeof settings.collect === 'string' && graph.loopOf.get(settings.collect) !== id) error('loop', id, `${path}/settings/collect`, `${settings.collect} is no node of this loop`)
}

function judgeField({ kind, value, pointer, mark }: Found, { id, at, type }: Known, roots: ReadonlySet<string>, take: (read: Read, pointer: string) => void, error: Add): void {
  const base = `/nodes/${at}/settings${pointer}`
  const judge = (source: string, path: string, wanted: string | undefined, scope: ReadonlySet<string>) => {
    const checked = checkExpression(source, scope)
    if (!checked.ok) return error('expression', id, path, `the expression ${checked.message}`)
    if (wanted === 'boolean' && checked.constant) error('expression', id, path, 'the expression is always the same')
    for (const read of checked.reads) take(read, path)
  }
  if (kind === 'expression') return typeof value === 'string' ? judge(value, base, mark['x-expression'], mark['x-item'] ? new Set([...roots, 'item', 'index']) : roots) : undefined
  if (kind === 'template') {
    for (const { path, text } of textsIn(value)) {
      const { parts, problem } = partsOf(text)
      if (problem) error('expression', id, base + path, `the text ${problem}`)
      for (const part of parts) if ('expression' in part) judge(part.expression, base + path, undefined, roots)
    }
    return
  }
  const { paths, faults } = inspectCondition(value, operators)
  for (const fault of faults) error('settings', id, base + fault.pointer, fault.message)
  const ofEvent = type.form === 'trigger'
  for (const { path, pointer: where } of paths) {
    if (ofEvent) continue // read from the event itself
    const read = readOf(path)
    if (!read || !roots.has(read.root)) error('expression', id, base + where, `${path.slice(0, 80)} is no path known here: it begins with trigger, nodes.<id>.output${roots.has('item') ? ', item or index' : ''}`)
    else take(read, base + where)
  }
}

function judgeReferences({ id, at, type, node, settings }: Known, known: ReadonlyMap<string, Known>, { events, connections, workflows }: Surroundings, error: Add): void {
  const path = `/nodes/${at}`
  const connectionId = typeof node.connectionId === 'string' ? node.connectionId : undefined
  if (connectionId !== undefined) {
    const named = known.get(connectionId)
    const actual = named?.type.primitive === 'connection' ? (named.node.connectionId as string | undefined) : connectionId
    if (!type.connection) error('connection', id, `${path}/connectionId`, `${type.title} uses no connection`)
    else if (named && named.type.primitive !== 'connection') error('connection', id, `${path}/connectionId`, `${connectionId} is no connection node`)
    else if (connections && actual !== undefined) {
      const connection = connections.get(actual)
      if (!connection) error('connection', id, `${path}/connectionId`, 'there is no such connection: make it, or choose another')
      else if (!type.connection.kinds.includes(connection.kind)) error('connection', id, `${path}/connectionId`, `${type.title} takes a connection of kind ${type.connection.kinds.join(', ')}, not ${connection.kind}`)
    }
  } else if (type.connection?.required) error('connection', id, `${path}/connectionId`, `${type.title} needs a connection`)
  if (events && typeof settings.event === 'string' && !events.has(settings.event)) error('event', id, `${path}/settings/event`, `there is no event ${settings.event.slice(0, 80)}: GET /workflows/schema lists them`)
  if (events && type.type === 'database' && typeof settings.entity === 'string' && ![...events].some((name) => name.startsWith(`${settings.entity}.`))) error('event', id, `${path}/settings/entity`, `nothing is told of a ${String(settings.entity).slice(0, 60)}`)
  if (workflows && type.form === 'child' && typeof settings.workflowId === 'string' && !workflows.has(settings.workflowId)) error('workflow', id, `${path}/settings/workflowId`, 'there is no such workflow')
}

/** Every text in a value, with its pointer. */
export function* textsIn(value: unknown, path = ''): Generator<{ path: string; text: string }> {
  if (typeof value === 'string') yield { path, text: value }
  else if (typeof value === 'object' && value !== null) for (const [key, inner] of Object.entries(value)) yield* textsIn(inner, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
}
