// What a graph must come to, worked out a second time: node after node in topological order, everything at once and nothing in parallel. Knows nothing
// of the interpreter. Signals are all there from the beginning. A failing graph is worked out to its end, since which failure comes first is chance.
import type { Compiled, CompiledGraph, CompiledNode, Condition } from '../modules/workflows/engine/compiled.ts'
import type { Json } from '../modules/workflows/engine/port.ts'

export type Failure = { failed: string; message?: string }
export type World = {
  input: Json
  /** what a step gives, by its action and what it reads */
  act(action: string, node: string, needs: Record<string, Json>): Json | Failure
  /** payloads by signal name, each there once; absent: the wait runs out of time */
  signals: Record<string, Json>
  children: Record<string, Compiled>
}
export type Verdict = { status: 'completed' | 'failed'; output: Json; /** what is recorded under each key, if it comes to that */ outcomes: Record<string, Json | Failure>; notes: Record<string, string>; /** beginnings of keys in loops that failed: how far they got is chance */ broken: string[] }
type Place = { item?: Json; index?: number; loops: Record<string, Json> }
type State = { ran: boolean; broke?: Failure; label?: string; value?: Json }

const isFailure = (v: unknown): v is Failure => typeof v === 'object' && v !== null && !Array.isArray(v) && 'failed' in v

export function evaluate(graph: Compiled, world: World): Verdict {
  const verdict: Verdict = { status: 'completed', output: null, outcomes: {}, notes: {}, broken: [] }
  const top = level(graph, world, { loops: {} }, {}, '', verdict)
  if (top.broke) verdict.status = 'failed'
  else if (graph.result === undefined) verdict.output = top.output
  else verdict.output = pick(graph.result, world, { loops: {} }, top.values)
  return verdict
}

function level(graph: CompiledGraph, world: World, place: Place, outer: Record<string, Json>, prefix: string, verdict: Verdict): { broke: Failure | undefined; output: Json; values: Record<string, Json> } {
  const states = new Map<string, State>()
  const order = topological(graph)
  let broke: Failure | undefined
  for (const node of order) {
    const arrows = graph.edges.filter((e) => e.to === node.id)
    const open = arrows.length === 0 || arrows.some((e) => {
      const from = states.get(e.from)!
      if (!from.ran) return false
      if (from.broke) return e.when === 'error' && from.label === 'error'
      if (e.when === undefined) return from.label === undefined || !from.label.startsWith('!')
      return from.label === e.when || from.label === `!${e.when}`
    })
    // behind a failure nobody handled nothing is worked out: the run does not come to it
    const blocked = !(node.join === 'any' && open) && arrows.some((e) => { const s = states.get(e.from)!; return s.broke !== undefined && s.label !== 'error' || s.label === 'unreachable' })
    if (blocked) {
      states.set(node.id, { ran: false, label: 'unreachable' })
      continue
    }
    if (!open) {
      verdict.notes[prefix + node.id] = 'skipped'
      states.set(node.id, { ran: false })
      continue
    }
    const before = ancestors(graph, node.id)
    const values: Record<string, Json> = { ...outer }
    for (const id of before) if (states.get(id)?.value !== undefined) values[id] = states.get(id)!.value!
    const state = work(node, world, place, values, prefix + node.id, verdict, graph)
    if (state.broke) {
      if (graph.edges.some((e) => e.from === node.id && e.when === 'error')) {
        state.label = 'error'
        state.value = { error: { code: state.broke.failed, message: state.broke.message ?? '' } }
      } else broke ??= state.broke
    }
    states.set(node.id, state)
  }
  const ends = graph.nodes.filter((n) => !graph.edges.some((e) => e.from === n.id))
  const values: Record<string, Json> = {}
  for (const [id, s] of states) if (s.value !== undefined) values[id] = s.value
  return { broke, values, output: Object.fromEntries(ends.flatMap((n) => (values[n.id] === undefined ? [] : [[n.id, values[n.id]!]]))) }
}

function work(node: CompiledNode, world: World, place: Place, values: Record<string, Json>, key: string, verdict: Verdict, graph: CompiledGraph): State {
  const see = (path: string) => pick(path, world, place, values)
  const record = (at: string, v: Json | Failure) => { verdict.outcomes[at] = v }
  if (node.kind === 'trigger') return { ran: true, value: world.input }
  if (node.kind === 'step') {
    const given = world.act(node.action, node.id, Object.fromEntries(node.needs.map((p) => [p, see(p)])))
    record(key, given)
    return isFailure(given) ? { ran: true, broke: given } : { ran: true, value: given }
  }
  if (node.kind === 'condition') {
    const label = truth(node.if, see) ? 'true' : 'false'
    verdict.notes[key] = label
    return { ran: true, label }
  }
  if (node.kind === 'switch') {
    for (const c of node.cases) if (truth(c.if, see)) return { ran: true, label: `case:${c.name}` }
    return { ran: true, label: node.otherwise === undefined ? '!' : `case:${node.otherwise}` }
  }
  if (node.kind === 'wait') {
    if (!('signal' in node)) {
      record(key, null)
      return { ran: true }
    }
    const there = node.signal in world.signals
    const value = { timedOut: !there, payload: there ? world.signals[node.signal]! : null }
    record(key, value)
    return { ran: true, value, ...(there ? {} : { label: 'case:timeout' }) }
  }
  if (node.kind === 'approval') {
    if (node.ask) {
      const asked = world.act(node.ask.action, node.id, Object.fromEntries(node.ask.needs.map((p) => [p, see(p)])))
      record(`${key}/ask`, asked)
      if (isFailure(asked)) return { ran: true, broke: asked }
    }
    const there = key in world.signals
    const payload = there ? world.signals[key]! : null
    record(key, { timedOut: !there, payload })
    if (!there && !graph.edges.some((e) => e.from === node.id && e.when === 'case:timeout')) return { ran: true, broke: { failed: 'approval.timed_out', message: `${key}: nobody decided in time` } }
    const yes = there && (payload as { decision?: string } | null)?.decision === 'approve'
    return { ran: true, value: { timedOut: !there, payload, approved: yes }, label: yes ? 'true' : there ? '!false' : '!case:timeout' }
  }
  if (node.kind === 'child') {
    const input = node.input === undefined ? world.input : see(node.input)
    const inner = evaluate(world.children[node.def.id]!, { ...world, input, signals: {} })
    const broken = Object.values(inner.outcomes).find(isFailure)
    const given = inner.status === 'failed' ? broken! : inner.output
    record(key, given)
    return isFailure(given) ? { ran: true, broke: given } : { ran: true, value: given }
  }
  const items = see(node.over)
  if (!Array.isArray(items)) return { ran: true, broke: { failed: 'loop.no_list', message: `${key}: ${node.over} is not a list` } }
  let broke: Failure | undefined
  const value = items.map((item, index) => {
    const where: Place = { item, index, loops: { ...place.loops, [node.id]: { item, index } } }
    const inner = level(node.body, world, where, values, `${key}[${index}].`, verdict)
    broke ??= inner.broke
    return node.collect === undefined ? inner.output : (inner.values[node.collect] ?? null)
  })
  if (broke) verdict.broken.push(`${key}[`)
  return broke ? { ran: true, broke } : { ran: true, value, label: 'done' }
}

function pick(path: string, world: World, place: Place, values: Record<string, Json>): Json {
  const parts = path.split('.')
  let at: unknown
  if (parts[0] === 'steps') at = values[parts[1]!] ?? place.loops[parts[1]!]
  else at = parts[0] === 'input' ? world.input : parts[0] === 'item' ? place.item : parts[0] === 'index' ? place.index : undefined
  for (const part of parts.slice(parts[0] === 'steps' ? 2 : 1)) at = at !== null && typeof at === 'object' && Object.keys(at).includes(part) ? (at as Record<string, unknown>)[part] : undefined
  return (at ?? null) as Json
}
function truth(c: Condition, see: (path: string) => Json): boolean {
  if ('all' in c) return !c.all.some((x) => !truth(x, see))
  if ('any' in c) return c.any.some((x) => truth(x, see))
  if ('not' in c) return !truth(c.not, see)
  const side = (o: typeof c.right): Json => (o === undefined ? null : 'value' in o ? o.value : see(o.path))
  const [l, r] = [side(c.left), side(c.right)]
  const same = (x: Json, y: Json) => canonical(x) === canonical(y)
  const order = typeof l === typeof r && (typeof l === 'number' || typeof l === 'string') ? ((l as number) < (r as number) ? -1 : (l as number) > (r as number) ? 1 : 0) : undefined
  const table: Record<typeof c.op, () => boolean> = {
    eq: () => same(l, r), ne: () => !same(l, r), lt: () => order === -1, gt: () => order === 1, le: () => order === -1 || order === 0, ge: () => order === 1 || order === 0,
    in: () => Array.isArray(r) && r.some((x) => same(x, l)), contains: () => (Array.isArray(l) ? l.some((x) => same(x, r)) : typeof l === 'string' && typeof r === 'string' && l.includes(r)), exists: () => l !== null, truthy: () => !!l,
  }
  return table[c.op]()
}
const canonical = (v: Json): string => Array.isArray(v) ? `[${v.map(canonical)}]` : v !== null && typeof v === 'object' ? `{${Object.keys(v).sort().map((k) => `${JSON.stringify(k)}:${canonical(v[k]!)}`)}}` : JSON.stringify(v)

function topological(graph: CompiledGraph): CompiledNode[] {
  const left = [...graph.nodes]
  const done: CompiledNode[] = []
  while (left.length) {
    const i = left.findIndex((n) => graph.edges.every((e) => e.to !== n.id || done.some((d) => d.id === e.from)))
    if (i < 0) throw new Error('the graph has a cycle')
    done.push(...left.splice(i, 1))
  }
  return done
}
function ancestors(graph: CompiledGraph, id: string): string[] {
  const direct = graph.edges.filter((e) => e.to === id).map((e) => e.from)
  return [...new Set(direct.flatMap((d) => [d, ...ancestors(graph, d)]))]
}
