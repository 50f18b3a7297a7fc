// A definition as a still picture: where its steps stand and how its lines run, from above to below or, small, from left to right. Laid out as the
// editor does, but without the library that makes a graph live.
import { Graph, layout } from '@dagrejs/dagre'
import { inPortOrder } from './arrange.ts'
import { edgeId, wayOf, waysOf, wayWord, type Definition, type DrawnNode, type NodeType } from './drawn.ts'

type Point = { x: number; y: number }
export type Still = {
  width: number
  height: number
  nodes: { node: DrawnNode; x: number; y: number }[]
  lines: { id: string; path: string; way: string; /** where there are several ways: which one, and where it is written */ word: string; at: Point }[]
}
export type Sizes = { /** of a step */ width: number; height: number; /** between steps side by side, and one behind the other */ beside: number; behind: number; /** from left to right */ across: boolean; radius: number }

export function stillOf(definition: Definition, typeOf: (node: DrawnNode) => NodeType | undefined, sizes: Sizes): Still {
  // all is reckoned from above to below; across, both axes change places at the end
  const turn = ({ x, y }: Point): Point => (sizes.across ? { x: y, y: x } : { x, y })
  const { x: breadth, y: depth } = turn({ x: sizes.width, y: sizes.height })
  const nodes = new Map(definition.nodes.map((node) => [node.id, node]))
  const edges = definition.edges.filter(({ from, to }) => nodes.has(from) && nodes.has(to) && from !== to)
  const graph = new Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'TB', nodesep: sizes.beside, ranksep: sizes.behind, marginx: 1, marginy: 1 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const id of nodes.keys()) graph.setNode(id, { width: breadth, height: depth })
  for (const [at, { from, to }] of edges.entries()) graph.setEdge(from, to, {}, String(at))
  layout(graph, { constraints: inPortOrder(definition, typeOf) })

  const centre = (id: string) => graph.node(id) as Point
  const drawn = edges.map((edge, at) => {
    const points = (graph.edge({ v: edge.from, w: edge.to, name: String(at) }) as { points: Point[] }).points.slice(1, -1)
    const down = centre(edge.from).y < centre(edge.to).y
    return { edge, points, sides: { from: `${edge.from} ${down ? 'below' : 'above'}`, to: `${edge.to} ${down ? 'above' : 'below'}` }, down }
  })
  // lines at the same side of a step stand beside each other, in the order of where they come from or go
  const bySide = new Map<string, { line: (typeof drawn)[number]; end: 'from' | 'to'; towards: number }[]>()
  for (const line of drawn)
    for (const end of ['from', 'to'] as const) {
      const towards = (end === 'from' ? line.points[0] : line.points.at(-1))?.x ?? 0
      bySide.set(line.sides[end], [...(bySide.get(line.sides[end]) ?? []), { line, end, towards }])
    }
  const port = (line: (typeof drawn)[number], end: 'from' | 'to'): Point => {
    const side = bySide.get(line.sides[end])!.sort((one, other) => one.towards - other.towards)
    const at = side.findIndex((one) => one.line === line && one.end === end)
    const node = centre(end === 'from' ? line.edge.from : line.edge.to)
    const step = Math.min(breadth / 2.4, (breadth * 0.8) / side.length)
    return { x: node.x + (at - (side.length - 1) / 2) * step, y: node.y + (line.down === (end === 'from') ? depth / 2 : -depth / 2) }
  }
  const lines = drawn.map((line) => {
    const { edge, points } = line
    const [start, end] = [port(line, 'from'), port(line, 'to')]
    // between two ranks a point stands in the gap, beside a rank in between in the lane past it
    const corners: Point[] = [start]
    for (let at = 0; at < points.length; at += 2) {
      const x = points[at + 1]?.x ?? end.x
      const y = points[at]!.y - (line.down ? 0 : sizes.behind / 6) // what leads back does not touch what leads on
      corners.push({ x: corners.at(-1)!.x, y }, { x, y })
    }
    corners.push(end)
    const node = nodes.get(edge.from)!
    const way = wayOf(edge, node)
    const several = waysOf(node, typeOf(node), definition.edges).filter((one) => one !== 'error').length > 1 || way === 'error'
    return { id: edgeId(edge), path: rounded(corners.map(turn), sizes.radius), way, word: several && way ? wayWord(way) : '', at: turn(start) }
  })
  const { width: across = 0, height: along = 0 } = graph.graph() as { width?: number; height?: number }
  const size = turn({ x: across, y: along })
  const placed = definition.nodes.filter(({ id }, at, all) => all.findIndex((one) => one.id === id) === at)
  return { width: Math.ceil(size.x), height: Math.ceil(size.y), lines, nodes: placed.map((node) => { const { x, y } = turn(centre(node.id)); return { node, x: x - sizes.width / 2, y: y - sizes.height / 2 } }) }
}

/** A line along right angles, its corners rounded. */
function rounded(points: Point[], radius: number): string {
  const way = points.filter((point, at) => at === 0 || Math.abs(point.x - points[at - 1]!.x) > 0.5 || Math.abs(point.y - points[at - 1]!.y) > 0.5)
  const text = ({ x, y }: Point) => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`
  return way
    .map((point, at) => {
      const [before, after] = [way[at - 1], way[at + 1]]
      if (!before) return `M${text(point)}`
      if (!after) return `L${text(point)}`
      const towards = (other: Point) => {
        const length = Math.hypot(other.x - point.x, other.y - point.y)
        const part = Math.min(radius, length / 2) / length
        return { x: point.x + (other.x - point.x) * part, y: point.y + (other.y - point.y) * part }
      }
      return `L${text(towards(before))}Q${text(point)} ${text(towards(after))}`
    })
    .join('')
}
