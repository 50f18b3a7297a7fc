// What the edges say: which nodes a loop holds, what runs before what, where it goes in a circle. Linear or nearly so; nothing recurses on the stack.
import type { DefinedEdge } from './definition.ts'

/** The least a graph is: for definitions that may still have faults elsewhere. */
export type Drawn = { nodes: readonly { id: string; loop: boolean; entry: boolean }[]; edges: readonly DefinedEdge[] }
export type Graph = ReturnType<typeof readGraph>

/** Everything reachable from `start`, itself included; `except` is never entered. */
export function walk(start: Iterable<string>, next: (id: string) => readonly string[], except?: string): Set<string> {
  const seen = new Set<string>()
  const open = [...start]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === except || seen.has(id)) continue
    seen.add(id)
    open.push(...next(id))
  }
  return seen
}

export function readGraph({ nodes, edges }: Drawn) {
  const out = new Map<string, DefinedEdge[]>(nodes.map(({ id }) => [id, []]))
  const into = new Map<string, DefinedEdge[]>(nodes.map(({ id }) => [id, []]))
  for (const edge of edges) {
    out.get(edge.from)?.push(edge)
    into.get(edge.to)?.push(edge)
  }
  const after = (id: string) => out.get(id)!.map(({ to }) => to)
  /** loop -> the nodes behind its `each` edges */
  const bodies = new Map(nodes.filter(({ loop }) => loop).map(({ id }) => [id, walk(out.get(id)!.filter(({ when }) => when === 'each').map(({ to }) => to), after, id)]))
  /** the innermost loop around each node */
  const loopOf = new Map<string, string>()
  for (const [loop, body] of [...bodies].sort(([, a], [, b]) => b.size - a.size)) for (const id of body) loopOf.set(id, loop)
  /** the loops around a node, innermost first */
  const loopsOf = (id: string): string[] => {
    const found: string[] = []
    for (let at = loopOf.get(id); at !== undefined && !found.includes(at); at = loopOf.get(at)) found.push(at)
    return found
  }
  const isBack = (edge: DefinedEdge) => bodies.get(edge.to)?.has(edge.from) === true
  const before = (id: string) => into.get(id)!.filter((edge) => !isBack(edge)).map(({ from }) => from)
  const reached = walk(nodes.filter(({ entry }) => entry).map(({ id }) => id), after)

  return {
    out, into, bodies, loopOf, loopsOf, isBack, reached,
    /** What may have run when this node runs. */
    upstream: (id: string): Set<string> => walk(before(id), before),
    /** Circles that do not lead back into a loop from inside of it: the nodes on each, at most `most`. */
    cycles(most = 20): string[][] {
      const found: string[][] = []
      const state = new Map<string, 'open' | 'closed'>()
      for (const { id: root } of nodes) {
        if (state.has(root)) continue
        const path: { id: string; next: number }[] = [{ id: root, next: 0 }]
        state.set(root, 'open')
        while (path.length && found.length < most) {
          const at = path.at(-1)!
          const edge = out.get(at.id)![at.next++]
          if (!edge) {
            state.set(at.id, 'closed')
            path.pop()
          } else if (isBack(edge) || !out.has(edge.to)) continue
          else if (state.get(edge.to) === 'open') found.push([...path.slice(path.findIndex(({ id }) => id === edge.to)).map(({ id }) => id), edge.to])
          else if (!state.has(edge.to)) {
            state.set(edge.to, 'open')
            path.push({ id: edge.to, next: 0 })
          }
        }
      }
      return found
    },
    /** For each node those that have run whichever way led to it; only for a graph without circles. */
    always(): Map<string, Set<string>> {
      const known = new Map<string, Set<string>>()
      const waiting = new Map(nodes.map(({ id }) => [id, before(id).length]))
      const ready = nodes.filter(({ id }) => !waiting.get(id)).map(({ id }) => id)
      for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
        const [first, ...rest] = before(id).map((from) => known.get(from)!)
        known.set(id, new Set([...(first ?? [])].filter((x) => rest.every((set) => set.has(x)))).add(id))
        for (const edge of out.get(id)!) {
          if (isBack(edge) || !waiting.has(edge.to)) continue
          const left = waiting.get(edge.to)! - 1
          waiting.set(edge.to, left)
          if (left === 0) ready.push(edge.to)
        }
      }
      return known
    },
  }
}
