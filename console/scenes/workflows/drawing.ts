// What can be done to a drawing: each verb answers a new definition and leaves the old one as it was, so that undo is to keep the old.
import type { Definition, DrawnEdge, DrawnNode, NodeType, Schema } from './graph/drawn.ts'
import { edgeId } from './graph/drawn.ts'

type Point = { x: number; y: number }
export type Clip = { nodes: DrawnNode[]; edges: DrawnEdge[] }

/** An id that nobody has: the type's name, numbered from the second on. */
export function freeId(taken: Iterable<string>, base: string) {
  const ids = new Set([...taken, 'item', 'index'])
  const stem = base.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^[^a-z]+/, '').slice(0, 34) || 'step'
  if (!ids.has(stem)) return stem
  for (let at = 2; ; at++) if (!ids.has(`${stem}_${at}`)) return `${stem}_${at}`
}
const idsOf = (definition: Definition) => definition.nodes.map(({ id }) => id)
export const idsTaken = (definition: Definition): Set<string> => new Set([...idsOf(definition), 'item', 'index'])

/** What a new node's settings are: the required ones that have a default or one choice only. */
export function firstSettings(schema: Schema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
      if (!schema.required?.includes(name)) return []
      if (field.default !== undefined) return [[name, field.default]]
      if (field.enum) return [[name, field.enum[0]]]
      if (field.type === 'array' && field.items?.type === 'object') return [[name, [firstSettings(field.items)]]]
      if (field.patternProperties) return [[name, {}]]
      return []
    }),
  )
}

export function addNode(definition: Definition, type: NodeType, { at, after }: { at?: Point; after?: { id: string; way: string } } = {}): { definition: Definition; id: string } {
  const id = freeId(idsOf(definition), type.type)
  const node: DrawnNode = { id, primitive: type.primitive, type: type.type, settings: firstSettings(type.settings), ...(at ? { position: at } : {}) }
  const next = { ...definition, nodes: [...definition.nodes, node] }
  return { id, definition: after && type.primitive !== 'trigger' ? connect(next, edgeOf(after.id, after.way, id)) : next }
}
export const edgeOf = (from: string, way: string, to: string): DrawnEdge => (way ? { from, to, when: way } : { from, to })

export function connect(definition: Definition, edge: DrawnEdge): Definition {
  if (definition.edges.some((one) => edgeId(one) === edgeId(edge))) return definition
  return { ...definition, edges: [...definition.edges, edge] }
}

/** Takes nodes and edges away. A node in the middle of a chain leaves the chain whole. */
export function remove(definition: Definition, ids: readonly string[]): Definition {
  const gone = new Set(ids)
  const nodes = definition.nodes.filter(({ id }) => !gone.has(id))
  let edges = definition.edges.filter((edge) => !gone.has(edgeId(edge)))
  for (const id of ids) {
    const [into, out] = [edges.filter(({ to }) => to === id), edges.filter(({ from }) => from === id)]
    edges = edges.filter(({ from, to }) => from !== id && to !== id)
    const next = out.length === 1 && !out[0]!.when ? out[0]!.to : undefined
    if (next !== undefined && into.length === 1 && next !== into[0]!.from && !edges.some((edge) => edge.from === into[0]!.from && edge.to === next)) edges.push({ ...into[0]!, to: next })
  }
  return { nodes, edges: edges.filter(({ from, to }) => !gone.has(from) && !gone.has(to)) }
}

export const patchNode = (definition: Definition, id: string, patch: Partial<DrawnNode>): Definition => ({
  ...definition,
  nodes: definition.nodes.map((node) => (node.id === id ? (tidy({ ...node, ...patch }) as DrawnNode) : node)),
})
/** Without the fields that were taken away. */
const tidy = (value: Record<string, unknown>) => Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined))

export const place = (definition: Definition, places: Record<string, Point>): Definition => ({ ...definition, nodes: definition.nodes.map((node) => (places[node.id] ? { ...node, position: places[node.id]! } : node)) })

/** Another id for a node, in its edges and in whatever reads it. */
export function renameNode(definition: Definition, id: string, next: string): Definition {
  return {
    nodes: definition.nodes.map((node) => (node.id === id ? { ...node, id: next } : { ...node, ...(node.settings ? { settings: reread(node.settings, { [id]: next }) } : {}), ...(node.connectionId === id ? { connectionId: next } : {}) })),
    edges: definition.edges.map((edge) => ({ ...edge, from: edge.from === id ? next : edge.from, to: edge.to === id ? next : edge.to })),
  }
}
function reread<T>(value: T, names: Record<string, string>): T {
  if (typeof value === 'string') return value.replace(/\bnodes\.([a-z][a-z0-9_]*)/g, (whole, id: string) => (names[id] ? `nodes.${names[id]}` : whole)) as T
  if (Array.isArray(value)) return value.map((inner) => reread(inner as unknown, names)) as T
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reread(inner as unknown, names)])) as T
  return value
}

export function copyOf(definition: Definition, ids: readonly string[], places: Record<string, Point>): Clip {
  const chosen = new Set(ids)
  return {
    nodes: definition.nodes.filter(({ id }) => chosen.has(id)).map((node) => ({ ...node, position: places[node.id] ?? node.position })),
    edges: definition.edges.filter(({ from, to }) => chosen.has(from) && chosen.has(to)),
  }
}

/** Puts copies beside the originals; what they read of each other they read of the copies. */
export function paste(definition: Definition, clip: Clip): { definition: Definition; ids: string[] } {
  const taken = new Set(idsOf(definition))
  const names: Record<string, string> = {}
  for (const { id } of clip.nodes) {
    const next = freeId(taken, id.replace(/_\d+$/, ''))
    taken.add(next)
    names[id] = next
  }
  const nodes = clip.nodes.map((node) => ({
    ...node, id: names[node.id]!, ...(node.settings ? { settings: reread(node.settings, names) } : {}), ...(node.position ? { position: { x: node.position.x + 40, y: node.position.y + 40 } } : {}),
  }))
  const edges = clip.edges.map((edge) => ({ ...edge, from: names[edge.from]!, to: names[edge.to]! }))
  return { definition: { nodes: [...definition.nodes, ...nodes], edges: [...definition.edges, ...edges] }, ids: nodes.map(({ id }) => id) }
}

/** What was put on the clipboard, if it is a piece of a drawing. */
export function clipFrom(text: string): Clip | undefined {
  try {
    const { nodes, edges } = JSON.parse(text) as Partial<Clip>
    if (!Array.isArray(nodes) || !nodes.length || !nodes.every((node) => typeof node?.id === 'string' && typeof node.type === 'string')) return undefined
    return { nodes, edges: Array.isArray(edges) ? edges : [] }
  } catch {
    return undefined // anything may be on a clipboard
  }
}

/** Where the next node goes: to the right of the one it follows, below what stands there already. */
export function placeAfter(places: Record<string, Point>, id: string): Point {
  const from = places[id] ?? { x: 0, y: 0 }
  const at = { x: from.x + 304, y: from.y }
  while (Object.values(places).some((other) => Math.abs(other.x - at.x) < 208 && Math.abs(other.y - at.y) < 84)) at.y += 96
  return at
}
export function placeFree(places: Record<string, Point>): Point {
  const all = Object.values(places)
  return all.length ? { x: Math.min(...all.map(({ x }) => x)), y: Math.max(...all.map(({ y }) => y)) + 112 } : { x: 64, y: 160 }
}

/** Steps in the order in which a run comes to them; what nothing leads to comes last. */
export function inOrder(definition: Definition): DrawnNode[] {
  const byId = new Map(definition.nodes.map((node) => [node.id, node]))
  const open = definition.nodes.filter(({ primitive }) => primitive === 'trigger').map(({ id }) => id)
  const seen = new Set<string>()
  while (open.length) {
    const id = open.shift()!
    if (seen.has(id) || !byId.has(id)) continue
    seen.add(id)
    open.push(...definition.edges.filter(({ from }) => from === id).map(({ to }) => to))
  }
  return [...[...seen].map((id) => byId.get(id)!), ...definition.nodes.filter(({ id }) => !seen.has(id))]
}

/** Everything that may have run before a node. */
export function before(definition: Definition, id: string): Set<string> {
  const found = new Set<string>()
  const open = [id]
  while (open.length) {
    const at = open.pop()!
    for (const { from, to } of definition.edges) if (to === at && !found.has(from) && from !== id) open.push((found.add(from), from))
  }
  return found
}
