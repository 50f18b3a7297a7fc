// Runs a compiled graph on any engine: `import type` only, awaits nothing but promises of the port, starts siblings in array order. Whatever it
// decides follows from recorded outcomes alone, so that a replay decides the same; which way an `any` join took is recorded as a step.
import type { Compiled, CompiledEdge, CompiledGraph, CompiledNode, Condition, Duration, Operand, Path, Work } from './compiled.ts'
import type { DurablePort, Json, Ref, Retry } from './port.ts'

export const mostLanes = 50
export const mostItems = 10_000
const once: Retry = { max: 1, baseMs: 0, factor: 1, capMs: 0 }
const stepTimeoutMs = 60_000

/** A fault of a node, with a code of ours. */
function fault(code: string, key: string, message: string): Error {
  return Object.assign(new Error(`${key}: ${message}`), { code, key })
}
const isRef = (value: unknown): value is Ref => typeof value === 'object' && value !== null && Object.hasOwn(value, '$ref')

/** What a node can read. `output` answers for the nodes in its causal past. */
type Scope = { input: Json | Ref; item?: Json | Ref; index?: number; output(id: string): Json | Ref | undefined }
type Found = { value: Json | Ref; /** the value lies in the blob store behind this path */ behind?: Path }

/** Own properties only, so that no path reaches a prototype. Missing is null. */
function find(scope: Scope, path: Path): Found {
  const [root, ...rest] = path.split('.')
  if (root === 'steps') return walk(scope.output(rest[0] ?? '') ?? null, `steps.${rest[0]}`, rest.slice(1))
  if (root === 'input' || root === 'item' || root === 'index') return walk(scope[root] ?? null, root, rest)
  return { value: null }
}
function walk(from: Json | Ref, root: Path, parts: string[]): Found {
  let at: unknown = from
  for (const [i, part] of parts.entries()) {
    if (isRef(at)) {
      const rest = parts.slice(i)
      for (let n = rest.length; n >= 0; n--) {
        const kept = rest.slice(0, n).join('.')
        if (at.at && Object.hasOwn(at.at, kept)) return walk(at.at[kept]!, root, rest.slice(n))
      }
      return { value: at, behind: [root, ...parts.slice(0, i)].join('.') }
    }
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return { value: null }
    at = (at as Record<string, unknown>)[part]
  }
  return { value: (at ?? null) as Json }
}
/** For the graph's own decisions: what was not kept beside a Ref reads as missing. */
function read(scope: Scope, path: Path): Json | Ref {
  const { value, behind } = find(scope, path)
  if (behind !== undefined) return null
  return isRef(value) && value.at && Object.hasOwn(value.at, '') ? value.at['']! : value
}

const equal = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false
  const [keys, others] = [Object.keys(a), Object.keys(b)]
  return keys.length === others.length && keys.every((k) => Object.hasOwn(b, k) && equal((a as Record<string, unknown>)[k], (b as Record<string, unknown>)[k]))
}

/** Whether a condition holds for what `at` finds. Total and bounded: never throws. */
export function holds(condition: Condition, at: (path: Path) => Json | Ref): boolean {
  if ('all' in condition) return condition.all.every((c) => holds(c, at))
  if ('any' in condition) return condition.any.some((c) => holds(c, at))
  if ('not' in condition) return !holds(condition.not, at)
  const of = (o: Operand | undefined): Json | Ref => (!o ? null : 'path' in o ? at(o.path) : o.value)
  const [a, b] = [of(condition.left), of(condition.right)]
  const ordered = (typeof a === 'number' && typeof b === 'number') || (typeof a === 'string' && typeof b === 'string')
  switch (condition.op) {
    case 'eq': return equal(a, b)
    case 'ne': return !equal(a, b)
    case 'lt': return ordered && a! < b!
    case 'le': return ordered && a! <= b!
    case 'gt': return ordered && a! > b!
    case 'ge': return ordered && a! >= b!
    case 'in': return Array.isArray(b) && b.some((x) => equal(x, a))
    case 'contains': return typeof a === 'string' ? typeof b === 'string' && a.includes(b) : Array.isArray(a) && a.some((x) => equal(x, b))
    case 'exists': return a !== null
    case 'truthy': return Boolean(a)
  }
}

/** How a node ended: `way` is the label of its edges that are taken; with `only`, unlabelled edges are not. */
type Done = { taken: boolean; way?: string; only?: boolean }
const passes = (e: CompiledEdge, d: Done): boolean => d.taken && (e.when === undefined ? d.way !== 'error' && !d.only : e.when === d.way)

type Plan = { incoming: Map<string, CompiledEdge[]>; byId: Map<string, CompiledNode>; ways: Set<string>; last: string[] }
function planOf(graph: CompiledGraph): Plan {
  const incoming = new Map<string, CompiledEdge[]>(graph.nodes.map((n) => [n.id, []]))
  for (const e of graph.edges) incoming.get(e.to)?.push(e)
  const sources = new Set(graph.edges.map((e) => e.from))
  return { incoming, byId: new Map(graph.nodes.map((n) => [n.id, n])), ways: new Set(graph.edges.map((e) => `${e.from} ${e.when ?? ''}`)), last: graph.nodes.filter((n) => !sources.has(n.id)).map((n) => n.id) }
}
type Run = { port: DurablePort; plans: Map<CompiledGraph, Plan> }
/** A graph that failed, or lies in a lane whose loop failed: nothing new is started in it. */
type Halt = { failed?: { error: unknown }; above?: Halt }
const halted = (halt: Halt | undefined): { error: unknown } | undefined => halt && (halt.failed ?? halted(halt.above))

/** @returns what `result` finds, else the outputs of the last nodes by id @throws what the failed node threw, or an error named Cancelled */
export async function interpret(port: DurablePort, compiled: Compiled, input: Json | Ref): Promise<Json | Ref> {
  const run: Run = { port, plans: new Map() }
  const level = await runLevel(run, compiled, { input, output: () => undefined }, '')
  if (compiled.result !== undefined) return read({ input, output: (id) => level.get(id) }, compiled.result)
  return lastOutputs(run, compiled, level)
}

function lastOutputs(run: Run, graph: CompiledGraph, outputs: Map<string, Json | Ref>): Json {
  return Object.fromEntries(run.plans.get(graph)!.last.flatMap((id) => (outputs.has(id) ? [[id, outputs.get(id)!]] : [])))
}

async function runLevel(run: Run, graph: CompiledGraph, outer: Scope, prefix: string, above?: Halt): Promise<Map<string, Json | Ref>> {
  const { port, plans } = run
  const plan = plans.get(graph) ?? planOf(graph)
  plans.set(graph, plan)
  const outputs = new Map<string, Json | Ref>()
  const done = new Map<string, Promise<Done>>()
  const came = new Map<string, string>() // any join -> the node it was reached from
  const halt: Halt = above ? { above } : {}

  /** Whether `target` lies in the causal past of `id`. */
  const precedes = (target: string, id: string): boolean => {
    const seen = new Set<string>([id])
    const open = [id]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const winner = came.get(at)
      for (const { from } of plan.incoming.get(at)!) {
        if (winner !== undefined && from !== winner) continue
        if (from === target) return true
        if (!seen.has(from) && plan.byId.has(from)) open.push(from)
        seen.add(from)
      }
    }
    return false
  }
  const scopeOf = (id: string): Scope => ({ ...outer, output: (target) => (plan.byId.has(target) ? (precedes(target, id) ? outputs.get(target) : undefined) : outer.output(target)) })

  const work = (n: CompiledNode, key: string, scope: Scope, w: Work): Promise<Json | Ref> => {
    const needs: Record<string, Json | Ref> = {}
    for (const path of w.needs) {
      const { value, behind } = find(scope, path)
      needs[behind ?? path] = value
    }
    return port.step(key, { node: n.id, action: w.action, input: scope.input, needs, retry: w.retry ?? once, timeoutMs: w.timeoutMs ?? stepTimeoutMs, ...(w.keep?.length ? { keep: w.keep } : {}) })
  }
  const milliseconds = (scope: Scope, d: Duration, key: string): number => {
    const ms = typeof d === 'number' ? d : read(scope, d.path)
    if (typeof ms !== 'number' || !(ms >= 0) || ms > 8.64e15) throw fault('wait.bad_duration', key, 'the duration is no number of milliseconds')
    return ms
  }

  const perform = async (n: CompiledNode, key: string): Promise<Done> => {
    const scope = scopeOf(n.id)
    const at = (path: Path) => read(scope, path)
    switch (n.kind) {
      case 'trigger':
        if (port.run.entry !== undefined && port.run.entry !== n.id) return skip(key)
        outputs.set(n.id, scope.input)
        return { taken: true }
      case 'step':
        outputs.set(n.id, await work(n, key, scope, n))
        return { taken: true }
      case 'condition': {
        const way = String(holds(n.if, at))
        port.note(key, 'decided', way)
        return { taken: true, way }
      }
      case 'switch': {
        const name = n.cases.find((c) => holds(c.if, at))?.name ?? n.otherwise
        port.note(key, 'decided', name ?? null)
        return name === undefined ? { taken: true, way: 'none', only: true } : { taken: true, way: `case:${name}` }
      }
      case 'wait':
        if ('signal' in n) {
          const got = await port.signal(key, n.signal, n.timeoutMs === undefined ? {} : { timeoutMs: milliseconds(scope, n.timeoutMs, key) })
          outputs.set(n.id, { ...got } as unknown as Json)
          return got.timedOut ? { taken: true, way: 'case:timeout' } : { taken: true }
        }
        await port.sleepUntil(key, 'for' in n ? { afterMs: milliseconds(scope, n.for, key) } : instant(scope, n.until, key))
        return { taken: true }
      case 'approval':
        return approval(n, key, scope)
      case 'child':
        outputs.set(n.id, await port.child(key, n.def, n.input === undefined ? scope.input : read(scope, n.input), { wait: n.wait ?? true, onParentClose: n.onParentClose ?? 'cancel' }))
        return { taken: true }
      case 'loop':
        outputs.set(n.id, await loop(n, key, scope))
        return { taken: true, way: 'done' }
    }
  }
  const skip = (key: string): Done => {
    port.note(key, 'skipped')
    return { taken: false }
  }
  const instant = (scope: Scope, until: number | string | { path: Path }, key: string): number => {
    const given = typeof until === 'object' ? read(scope, until.path) : until
    const ms = typeof given === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(given) ? Date.parse(given) : given
    if (typeof ms !== 'number' || !Number.isFinite(ms) || Math.abs(ms) > 8.64e15) throw fault('wait.bad_time', key, 'the time is neither RFC 3339 nor milliseconds')
    return ms
  }

  const approval = async (n: CompiledNode & { kind: 'approval' }, key: string, scope: Scope): Promise<Done> => {
    if (n.ask) await work(n, `${key}/ask`, scope, n.ask)
    const got = await port.signal(key, key, n.timeoutMs === undefined ? {} : { timeoutMs: milliseconds(scope, n.timeoutMs, key) })
    if (got.timedOut && !plan.ways.has(`${n.id} case:timeout`)) throw fault('approval.timed_out', key, 'nobody decided in time')
    const { payload } = got
    const approved = !got.timedOut && typeof payload === 'object' && payload !== null && !Array.isArray(payload) && payload.decision === 'approve'
    outputs.set(n.id, { ...got, approved } as unknown as Json)
    return approved ? { taken: true, way: 'true' } : { taken: true, way: got.timedOut ? 'case:timeout' : 'false', only: true }
  }

  const loop = async (n: CompiledNode & { kind: 'loop' }, key: string, scope: Scope): Promise<Json> => {
    const items = read(scope, n.over)
    const most = Math.min(n.maxItems ?? mostItems, mostItems)
    if (!Array.isArray(items)) throw fault('loop.no_list', key, `${n.over} is not a list`)
    if (items.length > most) throw fault('loop.too_long', key, `${items.length} items, at most ${most}`)
    const out: Json[] = new Array<Json>(items.length).fill(null)
    const mine: Halt = { above: halt }
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < items.length && !halted(mine)) {
        const index = next++
        const item = items[index]!
        const inner: Scope = { input: scope.input, item, index, output: (id) => (id === n.id ? { item, index } : scope.output(id)) }
        try {
          const level = await runLevel(run, n.body, inner, `${key}[${index}].`, mine)
          out[index] = n.collect === undefined ? lastOutputs(run, n.body, level) : ((level.get(n.collect) ?? null) as Json)
        } catch (error) {
          mine.failed ??= { error }
          throw error
        }
      }
    }
    await Promise.all(Array.from({ length: Math.max(1, Math.min(n.lanes ?? 1, mostLanes, items.length)) }, lane))
    return out
  }

  /** @returns false when no way leads here */
  const reached = async (n: CompiledNode, key: string): Promise<boolean> => {
    const ways = plan.incoming.get(n.id)!
    if (!ways.length) return true
    const taken = ways.map((e) => visit(e.from).then((d) => passes(e, d)))
    if (n.join !== 'any' || ways.length === 1) return (await Promise.all(taken)).some(Boolean)
    const first = await new Promise<string | undefined>((resolve, reject) => {
      let open = taken.length
      for (const [i, way] of taken.entries()) way.then((yes) => (yes ? resolve(ways[i]!.from) : --open || resolve(undefined)), reject)
    })
    if (first === undefined) return false
    const won = await port.step(`${key}/join`, { node: n.id, action: 'join', input: first, needs: {}, retry: once, timeoutMs: stepTimeoutMs })
    const from = ways.some((e) => e.from === won) ? (won as string) : first // recorded by an earlier version of this node: as it is now
    await visit(from)
    came.set(n.id, from)
    return true
  }
  const start = async (n: CompiledNode): Promise<Done> => {
    const key = prefix + n.id
    if (!(await reached(n, key))) return skip(key)
    const stop = halted(halt)
    if (stop) throw stop.error
    try {
      return await perform(n, key)
    } catch (error) {
      const { name, message, code } = error as { name?: string; message?: string; code?: unknown }
      if (name !== 'Cancelled' && plan.ways.has(`${n.id} error`)) {
        outputs.set(n.id, { error: { message: String(message ?? error), code: String(code ?? name ?? 'Error') } })
        return { taken: true, way: 'error' }
      }
      halt.failed ??= { error }
      throw error
    }
  }
  const visit = (id: string): Promise<Done> => {
    let d = done.get(id)
    if (!d) {
      const node = plan.byId.get(id)
      // not called at once: a long chain or a cycle must not recurse on the stack
      d = Promise.resolve().then(() => (node ? start(node) : { taken: false }))
      d.catch(() => {}) // the level awaits every node below; a node left alone must not end the process
      done.set(id, d)
    }
    return d
  }
  await Promise.all(graph.nodes.map((n) => visit(n.id)))
  return outputs
}
