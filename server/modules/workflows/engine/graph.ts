// Questions about a compiled graph that the interpreter does not ask: what lies behind a node, whose failures are handled.
import type { CompiledGraph } from './compiled.ts'

const nodesOf = (graph: CompiledGraph): string[] => graph.nodes.flatMap((n) => [n.id, ...(n.kind === 'loop' ? nodesOf(n.body) : [])])

/** The node, all behind it, the bodies of loops among them; out of a body also the loop itself and all behind that. Undefined: no such node. */
export function behind(graph: CompiledGraph, id: string): string[] | undefined {
  if (!graph.nodes.some((n) => n.id === id)) {
    for (const n of graph.nodes) {
      const inner = n.kind === 'loop' ? behind(n.body, id) : undefined
      if (inner) return [...inner, ...behind(graph, n.id)!.filter((each) => each === n.id || !nodesOf({ nodes: [n], edges: [] }).includes(each))]
    }
    return undefined
  }
  const next = Map.groupBy(graph.edges, (e) => e.from)
  const found = new Set<string>()
  const open = [id]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (found.has(at)) continue
    found.add(at)
    for (const e of next.get(at) ?? []) open.push(e.to)
  }
  return nodesOf({ nodes: graph.nodes.filter((n) => found.has(n.id)), edges: [] })
}

/** Nodes whose failure an error edge takes, their own or that of a loop around them. */
export function handledNodes(graph: CompiledGraph): string[] {
  const caught = new Set(graph.edges.filter((e) => e.when === 'error').map((e) => e.from))
  return graph.nodes.flatMap((n) => (caught.has(n.id) ? nodesOf({ nodes: [n], edges: [] }) : n.kind === 'loop' ? handledNodes(n.body) : []))
}
