// What differs between two definitions: as a graph (nodes and edges) and as a JSON Patch (RFC 6902) that makes one of the other.
import type { Definition, DefinedEdge } from './definition.ts'

type Change = { path: string; from?: unknown; to?: unknown }
export type DefinitionDiff = { nodes: { added: unknown[]; removed: unknown[]; changed: { id: string; paths: Change[] }[] }; edges: { added: unknown[]; removed: unknown[] }; patch: unknown[]; same: boolean }

const escape = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1')
const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
/** Keys in order, so that what means the same reads the same. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  return isMap(value) ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])])) : value
}

/** Objects are compared field by field, everything else as a whole. */
function changesOf(from: unknown, to: unknown, path = ''): Change[] {
  if (same(from, to)) return []
  if (!isMap(from) || !isMap(to)) return [{ path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }]
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].sort().flatMap((key) => changesOf(from[key], to[key], `${path}/${escape(key)}`))
}
/** Nodes are told by their ids, wherever they stand; where a node is drawn is no change. */
export function diffDefinitions(from: Definition, to: Definition): DefinitionDiff {
  const ids = (d: Definition) => new Map(d.nodes.map((node) => [String(node.id), node]))
  const [a, b] = [ids(from), ids(to)]
  const edgeKey = ({ from: x, to: y, when }: DefinedEdge) => JSON.stringify([x, y, when ?? null])
  const [before, after] = [new Set(from.edges.map(edgeKey)), new Set(to.edges.map(edgeKey))]
  const changed = [...b].flatMap(([id, node]) => {
    const old = a.get(id)
    const paths = old ? changesOf(old, node).filter(({ path }) => !path.startsWith('/position')) : []
    return paths.length ? [{ id, paths }] : []
  })
  const nodes = { added: [...b.values()].filter(({ id }) => !a.has(String(id))), removed: [...a.values()].filter(({ id }) => !b.has(String(id))), changed }
  const edges = { added: to.edges.filter((edge) => !before.has(edgeKey(edge))), removed: from.edges.filter((edge) => !after.has(edgeKey(edge))) }
  const patch = [
    ...patchOf(from.nodes, to.nodes, '/nodes'), ...patchOf(from.edges, to.edges, '/edges'),
  ]
  return { nodes, edges, patch, same: patch.length === 0 }
}

/** Lists place by place; what is longer is added or removed at the end, from the last on. */
function patchOf(from: unknown, to: unknown, path: string): unknown[] {
  if (same(from, to)) return []
  if (Array.isArray(from) && Array.isArray(to)) {
    const both = Math.min(from.length, to.length)
    return [
      ...Array.from({ length: both }, (_, i) => patchOf(from[i], to[i], `${path}/${i}`)).flat(),
      ...Array.from({ length: from.length - both }, (_, i) => ({ op: 'remove', path: `${path}/${from.length - 1 - i}` })), ...to.slice(both).map((value) => ({ op: 'add', path: `${path}/-`, value })),
    ]
  }
  if (!isMap(from) || !isMap(to)) return [{ op: 'replace', path, value: to }]
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].sort().flatMap((key) => {
    const at = `${path}/${escape(key)}`
    if (!Object.hasOwn(to, key)) return [{ op: 'remove', path: at }]
    return Object.hasOwn(from, key) ? patchOf(from[key], to[key], at) : [{ op: 'add', path: at, value: to[key] }]
  })
}
