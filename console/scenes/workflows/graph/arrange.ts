// Where nodes stand when nobody put them there: layers from left to right. Only whoever draws pays for it; never during a render.
import { Graph, layout } from '@dagrejs/dagre'
import type { Definition, DrawnEdge, DrawnNode, NodeType } from './drawn.ts'
import { wayOf, waysOf } from './drawn.ts'

export const nodeWidth = 208
export const portStep = 22
/** The height of a node: 60, more where it has more ways than fit. */
export const heightOf = (node: DrawnNode, type?: NodeType, edges?: DrawnEdge[]) => Math.max(60, waysOf(node, type, edges).filter((way) => way !== 'error').length * portStep + 8)

type Point = { x: number; y: number }
/** What a node leads to stands in the order of its ports, so that lines do not cross. */
export function inPortOrder(definition: Definition, typeOf: (node: DrawnNode) => NodeType | undefined) {
  const leadTo = (id: string) => definition.edges.filter(({ to }) => to === id).length
  return definition.nodes.flatMap((node) => {
    const ways = waysOf(node, typeOf(node), definition.edges)
    const rank = (edge: DrawnEdge) => ways.indexOf(wayOf(edge, node))
    // only what nothing else leads to: then it stands in the layer right behind
    const targets = definition.edges.filter(({ from, to }) => from === node.id && leadTo(to) === 1).sort((one, other) => rank(one) - rank(other)).map(({ to }) => to)
    return targets.slice(1).map((right, at) => ({ left: targets[at]!, right }))
  })
}
/** Positions of all nodes by id. @param all puts also those anew that somebody placed */
export function arrange(definition: Definition, typeOf: (node: DrawnNode) => NodeType | undefined, all = false): Record<string, Point> {
  const placed = Object.fromEntries(definition.nodes.flatMap((node) => (!all && node.position ? [[node.id, node.position]] : [])))
  if (Object.keys(placed).length === definition.nodes.length) return placed
  const graph = new Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 36, ranksep: 72, marginx: 0, marginy: 0 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const node of definition.nodes) graph.setNode(node.id, { width: nodeWidth, height: heightOf(node, typeOf(node), definition.edges) })
  for (const [at, { from, to }] of definition.edges.entries()) if (graph.hasNode(from) && graph.hasNode(to) && from !== to) graph.setEdge(from, to, {}, String(at))
  layout(graph, { constraints: inPortOrder(definition, typeOf) })
  const found: Record<string, Point> = {}
  for (const node of definition.nodes) {
    const { x = 0, y = 0 } = (graph.node(node.id) as Partial<Point> | undefined) ?? {}
    found[node.id] = placed[node.id] ?? { x: Math.round(x - nodeWidth / 2), y: Math.round(y - heightOf(node, typeOf(node), definition.edges) / 2) }
  }
  return found
}
