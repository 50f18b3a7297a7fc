// What is published of a definition: the graph the interpreter runs. Pure, and only for definitions without faults. One drawn node may become two:
// a step that evaluates JavaScript and what follows from its value. `drawn` says which node of the drawing each belongs to.
import type { Compiled, CompiledEdge, CompiledGraph, CompiledNode, Condition, Path, When, Work } from '../engine/compiled.ts'
import type { Json, Retry } from '../engine/port.ts'
import type { Catalogue } from '../nodes/catalogue.ts'
import { markedFields, millisecondsOf, type AuthoredCondition } from '../nodes/fields.ts'
import { noRetry, type NodeType } from '../nodes/node.ts'
import type { DefinedNode, Definition } from './definition.ts'
import { checkExpression, partsOf, type Plain } from './expressions.ts'
import { readGraph } from './graph.ts'
import { authorPath, compileCondition, compiledPath, inspectCondition } from './paths.ts'

export type Program = { graph: Compiled; /** compiled id -> id in the drawing, where they differ */ drawn: Record<string, string> }
/** What a drawn node became: edges into it lead to `first`, edges out of it begin at `last`, `error` edges at each of `failing`. */
type Part = { nodes: CompiledNode[]; inner: CompiledEdge[]; first: string; last: string; failing: string[]; /** what a plain edge out of it means */ plain?: When }
const everything = new Set(['trigger', 'nodes', 'now', 'run', 'item', 'index'])

export function compileDefinition(definition: Definition, catalogue: Catalogue): Program {
  const types = new Map(definition.nodes.map((node) => [node.id, catalogue.find(node.primitive, node.type)!]))
  const wired = new Set(definition.edges.flatMap(({ from, to }) => [from, to]))
  const graph = readGraph({ nodes: definition.nodes.map(({ id }) => ({ id, loop: types.get(id)!.form === 'loop', entry: types.get(id)!.form === 'trigger' })), edges: definition.edges })
  const drawn: Record<string, string> = {}
  const taken = new Set(definition.nodes.map(({ id }) => id))
  /** A name of its own that stays the same while the node keeps its id. */
  const beside = (id: string, what: string): string => {
    for (let n = 0; ; n++) {
      const name = `${id.slice(0, 39 - what.length - String(n || '').length)}_${what}${n || ''}`
      if (taken.has(name)) continue
      taken.add(name)
      drawn[name] = id
      return name
    }
  }
  const keeps = new Map<string, Set<string>>()
  const inputReads = new Set<string>()
  /** Notes that the graph itself reads a path, so that its value is kept beside a large output. */
  const reading = (path: Path): Path => {
    const [root, ...rest] = path.split('.')
    if (root === 'input' && rest.length) inputReads.add(rest.join('.'))
    if (root === 'steps' && rest[0]) keeps.set(rest[0], (keeps.get(rest[0]) ?? new Set()).add(rest.slice(1).join('.')))
    return path
  }

  const partOf = (node: DefinedNode): Part => {
    const type = types.get(node.id)!
    const { id, settings } = node
    const join = node.join ? { join: node.join } : {}
    const work = (): Work => ({ action: `${type.primitive}.${type.type}`, needs: needsOf(node, type), retry: retryOf(node, type), timeoutMs: node.timeoutMs ?? type.timeoutMs ?? 60_000 })
    const single = (one: CompiledNode, more: Partial<Part> = {}): Part => ({ nodes: [one], inner: [], first: id, last: id, failing: [id], ...more })
    /** a step before it; the drawn id is the second's */
    const led = (what: string, then: (from: string) => CompiledNode): Part => {
      const before = beside(id, what)
      return { nodes: [{ id: before, kind: 'step', ...work(), ...join }, then(before)], inner: [{ from: before, to: id }], first: before, last: id, failing: [before, id] }
    }
    /** a decision after it; the drawn id is the step's */
    const followed = (then: (way: string) => CompiledNode, more: Partial<Part> = {}): Part => {
      const way = beside(id, 'way')
      return { nodes: [{ id, kind: 'step', ...work(), ...join }, then(way)], inner: [{ from: id, to: way }], first: id, last: way, failing: [id], ...more }
    }
    const judged = (condition: AuthoredCondition): Condition => compileCondition(condition, (path) => reading(authorPath(path)))
    const plainPath = (source: unknown): Path | undefined => {
      const plain = plainOf(source)
      const path = plain && 'path' in plain ? compiledPath(plain.path) : undefined
      return path === undefined ? undefined : reading(path)
    }
    const filter = type.type === 'filter' ? { plain: 'true' as const } : {}

    switch (type.form) {
      case 'trigger': return single({ id, kind: 'trigger' }, { failing: [] })
      case 'name':
      case 'step': return single({ id, kind: 'step', ...work(), ...join })
      case 'decision': {
        if (settings.condition !== undefined) return single({ id, kind: 'condition', if: judged(settings.condition as AuthoredCondition), ...join }, { failing: [], ...filter })
        if (type.type !== 'compare') return followed((way) => ({ id: way, kind: 'condition', if: { left: { path: reading(`steps.${id}.${type.type === 'regex' || type.type === 'json_path' ? 'matched' : 'value'}`) }, op: 'truthy' } }), filter)
        const op = settings.operator as 'eq'
        const [left, right] = [plainOf(settings.left), plainOf(settings.right)]
        const operand = (plain: Plain) => ('value' in plain ? { value: plain.value as Json } : { path: reading(compiledPath(plain.path) ?? '') })
        const isKnown = (plain: Plain | undefined): plain is Plain => plain !== undefined && ('value' in plain || compiledPath(plain.path) !== undefined)
        if (isKnown(left) && isKnown(right)) return single({ id, kind: 'condition', if: { left: operand(left), op, right: operand(right) }, ...join }, { failing: [] })
        return followed((way) => ({ id: way, kind: 'condition', if: { left: { path: reading(`steps.${id}.left`) }, op, right: { path: reading(`steps.${id}.right`) } } }))
      }
      case 'switch': {
        const cases = settings.cases as { name: string; equals?: Json; condition?: AuthoredCondition }[]
        const compiled = (value: Path) => cases.map(({ name, equals, condition }) => ({ name, if: condition ? judged(condition) : ({ left: { path: value }, op: 'eq', right: { value: equals ?? null } } satisfies Condition) }))
        const value = settings.value === undefined ? '' : plainPath(settings.value)
        if (value !== undefined) return single({ id, kind: 'switch', cases: compiled(value), otherwise: 'default', ...join }, { failing: [] })
        return followed((way) => ({ id: way, kind: 'switch', cases: compiled(reading(`steps.${id}.value`)), otherwise: 'default' }))
      }
      case 'loop': {
        const rest = { body: level(id), lanes: (settings.lanes as number | undefined) ?? 1, maxItems: (settings.limit as number | undefined) ?? 10_000, ...(settings.collect ? { collect: settings.collect as string } : {}) }
        const over = plainPath(settings.items)
        if (over !== undefined) return single({ id, kind: 'loop', over, ...rest, ...join }, { plain: 'done' })
        return { ...led('items', (before) => ({ id, kind: 'loop', over: reading(`steps.${before}.value`), ...rest })), plain: 'done' }
      }
      case 'wait': {
        const timeout = typeof settings.timeout === 'string' ? { timeoutMs: millisecondsOf(settings.timeout)! } : {}
        if (typeof settings.for === 'string') return single({ id, kind: 'wait', for: millisecondsOf(settings.for)!, ...join })
        if (typeof settings.signal === 'string') return single({ id, kind: 'wait', signal: settings.signal, ...timeout, ...join })
        if (settings.event !== undefined) return led('listen', () => ({ id, kind: 'wait', signal: eventSignal(id), ...timeout }))
        return led('until', (before) => ({ id, kind: 'wait', until: { path: reading(`steps.${before}.until`) } }))
      }
      case 'approval': return single({ id, kind: 'approval', ask: work(), ...(typeof settings.deadline === 'string' ? { timeoutMs: millisecondsOf(settings.deadline)! } : {}), ...join })
      case 'child': {
        const child = { kind: 'child' as const, def: { id: settings.workflowId as string, version: 0 }, wait: (settings.wait as boolean | undefined) ?? true, onParentClose: settings.wait === false ? ('abandon' as const) : ('cancel' as const) }
        if (settings.input === undefined) return single({ id, ...child, ...join })
        return led('input', (before) => ({ id, ...child, input: reading(`steps.${before}`) }))
      }
    }
  }

  /** The nodes directly in a loop, or in none. */
  function level(loop: string | undefined): CompiledGraph {
    const here = definition.nodes.filter(({ id }) => graph.loopOf.get(id) === loop && (types.get(id)!.form !== 'name' || wired.has(id)))
    const parts = new Map(here.map((node) => [node.id, partOf(node)]))
    const edges = definition.edges.flatMap(({ from, to, when }): CompiledEdge[] => {
      const [a, b] = [parts.get(from), parts.get(to)]
      if (!a || !b || when === 'each') return [] // into a body, out of one, or back to its loop
      if (when === 'error') return a.failing.map((id) => ({ from: id, to: b.first, when }))
      const way = (when as When | undefined) ?? a.plain
      return [{ from: a.last, to: b.first, ...(way === undefined ? {} : { when: way }) }]
    })
    return { nodes: [...parts.values()].flatMap(({ nodes }) => nodes), edges: [...[...parts.values()].flatMap(({ inner }) => inner), ...edges] }
  }

  const top = level(undefined)
  keepIn(top, keeps)
  return { graph: { ...top, ...(inputReads.size ? { reads: [...inputReads].sort() } : {}) }, drawn }
}

/** Waits for an event are told by a signal of this name. */
export const eventSignal = (node: string): string => `event.${node}`

function keepIn(graph: CompiledGraph, keeps: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const node of graph.nodes) {
    const keep = keeps.get(node.id)
    if (keep && node.kind === 'step') node.keep = [...keep].sort()
    if (node.kind === 'loop') keepIn(node.body, keeps)
  }
}

const plainOf = (source: unknown): Plain | undefined => {
  const checked = typeof source === 'string' ? checkExpression(source, everything) : undefined
  return checked?.ok ? checked.plain : undefined
}

/** The values its settings read: whole outputs, since a path into one may end in a method. */
function needsOf({ settings }: DefinedNode, type: NodeType): Path[] {
  const needs = new Set<Path>()
  const take = (root: string, node: string | undefined) => {
    if (root === 'trigger') needs.add('input')
    else if (root === 'nodes' && node) needs.add(`steps.${node}`)
    else if (root === 'item' || root === 'index') needs.add(root)
  }
  const read = (source: string, own: boolean) => {
    const checked = checkExpression(source, everything)
    if (checked.ok) for (const { root, path } of checked.reads) if (!(own && (root === 'item' || root === 'index'))) take(root, path[0])
  }
  for (const { kind, value, mark } of markedFields(type.settings, settings)) {
    if (kind === 'expression' && typeof value === 'string') read(value, mark['x-item'] !== undefined)
    if (kind === 'template') for (const text of textsOf(value)) for (const part of partsOf(text).parts) if ('expression' in part) read(part.expression, false)
    if (kind === 'condition') for (const { path } of inspectCondition(value, []).paths) take(path.split('.')[0]!, path.split('.')[1])
  }
  return [...needs].sort()
}
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value
  else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) yield* textsOf(inner)
}

function retryOf({ retry }: DefinedNode, type: NodeType): Retry {
  const usual = type.retry ?? noRetry
  if (!retry) return usual
  return { max: retry.max, baseMs: retry.baseMs ?? (usual.baseMs || 1000), factor: retry.factor ?? (usual.factor || 2), capMs: retry.capMs ?? (usual.capMs || 60_000), ...(usual.nonRetryable ? { nonRetryable: usual.nonRetryable } : {}) }
}
