// A run as a test: its graph is run again in memory, where everything beyond it (services, mails, tasks, people, time) answers as it was recorded and
// nothing is done. What is asked of the outside, the ways taken and the values made are what a test holds; how they come about is free to change.
import { hash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Sandbox } from '../../../kernel/ports.ts'
import { compileDefinition } from '../definitions/compile.ts'
import type { Definition } from '../definitions/definition.ts'
import { interpret } from '../engine/interpreter.ts'
import type { DurablePort, Json, SignalResult, StepCall } from '../engine/port.ts'
import { newId } from '../../../kernel/ids.ts'
import type { Catalogue } from '../nodes/catalogue.ts'
import { StepFailure, type NodeType } from '../nodes/node.ts'
import { bindExpressions } from '../runner/expressions.ts'
import { scopeOf, type Runner } from '../runner/runner.ts'

type Failure = { code: string; message: string }
/** How a key of the run ended, as its rows say. */
export type Outcome = { output: Json; error: Failure | null; at: string }
/** One thing that happened: a step, a wait, a way taken. `outside`: it asks something of what is not the graph. */
export type Entry = { key: string; node: string; deed: string; outside: boolean; asked: Json; given: Json; error: Failure | null }
/** What is kept of a run, sealed. `loose`: values that are another each time, as of a random number. */
export type Fixture = { input: Json; entry: string | null; startedAt: string; outcomes: Record<string, Outcome>; entries: Entry[]; loose: string[]; results: Json; error: Failure | null }
export type Divergence = { key: string; node: string | null; what: 'added' | 'missing' | 'kind' | 'asked' | 'gave' | 'way' | 'results' | 'status'; path: string | null; was: Json; is: Json }
export type Walked = { entries: Entry[]; results: Json; error: Failure | null }
type Given = Pick<Fixture, 'input' | 'entry' | 'startedAt' | 'outcomes'>
type Tools = { catalogue: Catalogue; runner: Pick<Runner, 'perform'>; sandbox: Sandbox; tenant: string }

const stepsAtMost = 2000
const waitMs = 20_000
/** Ends a walk: what is asked for has no recorded answer, or is another than it was. */
class Stop extends Error {}

const failureOf = (error: unknown): Failure => ({ code: String((error as { code?: unknown }).code ?? 'Error'), message: String((error as Error).message ?? error).slice(0, 500) })
/** Beside services and people also the product's own data: it may have changed since. */
const isOutside = (type: NodeType): boolean => type.effect !== undefined || type.operation !== undefined

/** @param met hears of each entry before it answers; what it throws ends the walk @throws Stop, or what `met` threw */
export async function walk({ catalogue, runner, tenant }: Tools, definition: Definition, given: Given, { met = () => {}, keep = new Map() }: { met?: (entry: Entry) => void; keep?: ReadonlyMap<string, Json> } = {}): Promise<Walked> {
  const program = compileDefinition(definition, catalogue)
  const nodes = new Map(definition.nodes.map((node) => [node.id, node]))
  const bound = bindExpressions('', definition, catalogue)
  const book = { ...bound, id: `fixture/${hash('sha256', bound.module)}` } // the same expressions meet the same machine
  const drawnOf = (key: string): string => {
    const id = key.replace(/\/.*$/, '').split('.').at(-1)!.replace(/\[\d+\]$/, '')
    return program.drawn[id] ?? id
  }
  const place = { id: newId(), workflowId: newId(), version: 0 }
  const entries: Entry[] = []
  let end: (error: unknown) => void = () => {}
  const ended = new Promise<never>((_, reject) => (end = reject))
  let over = false
  const tell = (entry: Entry): void => {
    if (over) return
    try {
      if (entries.push(entry) > stepsAtMost) throw new Stop(`a test does at most ${stepsAtMost} steps`)
      met(entry)
    } catch (error) {
      over = true
      end(error)
    }
  }
  const never = new Promise<never>(() => {})
  const answer = (entry: Omit<Entry, 'given' | 'error'>): Promise<Json> => {
    const outcome = Object.hasOwn(given.outcomes, entry.key) ? given.outcomes[entry.key]! : undefined
    tell({ ...entry, given: outcome?.output ?? null, error: outcome?.error ?? null })
    if (over) return never
    if (!outcome) {
      over = true
      end(new Stop(`${entry.key} has no recorded answer`))
      return never
    }
    return outcome.error ? Promise.reject(Object.assign(new Error(outcome.error.message), { code: outcome.error.code })) : Promise.resolve(outcome.output)
  }
  const outside = (key: string, deed: string, asked: Json) => answer({ key, node: drawnOf(key), deed, outside: true, asked })

  const port: DurablePort = {
    run: { id: place.id, tenantId: tenant, defId: place.workflowId, defVersion: 0, startedAt: Date.parse(given.startedAt), ...(given.entry === null ? {} : { entry: given.entry }) },
    async step(key: string, call: StepCall): Promise<Json> {
      if (over) return never
      if (call.action === 'join') return (given.outcomes[key]?.output ?? call.input) as Json
      const node = nodes.get(drawnOf(key))!
      const type = catalogue.find(node.primitive, node.type)!
      const deed = `${type.primitive}.${type.type}`
      if (keep.has(key)) return (tell({ key, node: node.id, deed, outside: false, asked: null, given: keep.get(key)!, error: null }), keep.get(key)!)
      const scope = scopeOf(call.needs as Record<string, Json>, place, given.outcomes[key]?.at ?? given.startedAt)
      const does = (run: NonNullable<NodeType['run']>) => runner.perform({
        loaded: { book, nodes }, node, type: { ...type, run }, tenant, run: { ...place, tenantId: tenant }, key: `${place.id}:${key}`, place: key, attempt: 1, signal: AbortSignal.timeout(waitMs), scope, rehearsal: true,
        who: async () => { throw new StepFailure('permission.denied', 'a test asks nobody') },
      })
      if (isOutside(type)) {
        let asked: Json = null
        await does(async (step) => ((asked = { ...(step.settings as { [name: string]: Json }), ...(step.node.connectionId ? { connectionId: step.node.connectionId } : {}) }), null)).catch((error: unknown) => (asked = { failed: failureOf(error).code }))
        return outside(key, deed, JSON.parse(JSON.stringify(asked)) as Json)
      }
      const made = await does(type.run!).then((output) => ({ output, error: null }), (error: unknown) => ({ output: null, error: failureOf(error) }))
      tell({ key, node: node.id, deed, outside: false, asked: null, given: JSON.parse(JSON.stringify(made.output ?? null)) as Json, error: made.error })
      if (over) return never
      if (made.error) throw Object.assign(new Error(made.error.message), { code: made.error.code })
      return made.output as Json
    },
    sleepUntil: async (key, at) => void (await outside(key, 'sleep', typeof at === 'number' ? { until: at } : { afterMs: at.afterMs })),
    signal: async (key, name, { timeoutMs = null as number | null } = {}) => (await outside(key, 'signal', { name, timeoutMs })) as unknown as SignalResult,
    child: (key, def, input, { wait, onParentClose }) => outside(key, 'child', { workflow: def.id, input: input as Json, wait, onParentClose }),
    note(key, what, data) {
      if (what === 'decided') tell({ key: key.replace(/[^.[\]]+(?=(\[\d+\])?$)/, drawnOf(key)), node: drawnOf(key), deed: 'way', outside: false, asked: null, given: data ?? null, error: null })
    },
    shield: (work) => work(),
  }
  const done = interpret(port, program.graph, given.input).then((results) => ({ results: JSON.parse(JSON.stringify(results ?? null)) as Json, error: null }), (error: unknown) => ({ results: null, error: failureOf(error) }))
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Stop(`the test took longer than ${waitMs / 1000} seconds`)), waitMs).unref())
  const { results, error } = await Promise.race([done, ended, late])
  if (over) return ended
  return { entries, results, error }
}

/** @throws Stop when the run cannot be walked again, as when its version is not what it ran */
export async function fixtureOf(tools: Tools, definition: Definition, given: Given): Promise<Fixture> {
  const [first, second] = [await walk(tools, definition, given), await walk(tools, definition, given)]
  const again = new Map(second.entries.map((entry) => [entry.key, entry]))
  const loose = first.entries.filter(({ key, outside, deed, given: value }) => !outside && deed !== 'way' && !isDeepStrictEqual(again.get(key)?.given, value)).map(({ key }) => key)
  const keep = new Map(first.entries.filter(({ key }) => loose.includes(key)).map(({ key, given: value }) => [key, value]))
  const { entries, results, error } = loose.length ? await walk(tools, definition, given, { keep }) : first
  return { ...given, entries, loose, results, error }
}

/** The first thing in which a definition differs from a recorded run; undefined: it does the same. */
export async function judge(tools: Tools, definition: Definition, fixture: Fixture): Promise<Divergence | undefined> {
  const before = new Map(fixture.entries.map((entry) => [`${entry.deed === 'way' ? 'way ' : ''}${entry.key}`, entry]))
  const seen = new Set<string>()
  const keep = new Map(fixture.entries.filter(({ key }) => fixture.loose.includes(key)).map(({ key, given }) => [key, given]))
  class Found extends Error {
    divergence: Divergence
    constructor(divergence: Divergence) {
      super('diverged')
      this.divergence = divergence
    }
  }
  const found = (entry: Entry, what: Divergence['what'], was: Json, is: Json, path: string | null = null): never => {
    throw new Found({ key: entry.key, node: entry.node, what, path, was, is })
  }
  const met = (entry: Entry): void => {
    const name = `${entry.deed === 'way' ? 'way ' : ''}${entry.key}`
    const old = before.get(name)
    seen.add(name)
    if (!old) return entry.outside ? found(entry, 'added', null, entry.asked) : undefined
    if (old.deed !== entry.deed) found(entry, 'kind', old.deed, entry.deed)
    if (entry.deed === 'way') return isDeepStrictEqual(old.given, entry.given) ? undefined : found(entry, 'way', old.given, entry.given)
    if (entry.outside) return differing(old.asked, entry.asked, (path, was, is) => found(entry, 'asked', was, is, path))
    if ((old.error?.code ?? null) !== (entry.error?.code ?? null)) found(entry, 'gave', old.error?.code ?? null, entry.error?.code ?? null)
    if (!entry.error) differing(old.given, entry.given, (path, was, is) => found(entry, 'gave', was, is, path))
  }
  const missing = (): Divergence | undefined => {
    const gone = fixture.entries.find((entry) => entry.outside && !seen.has(entry.key))
    return gone && { key: gone.key, node: gone.node, what: 'missing', path: null, was: gone.asked, is: null }
  }
  try {
    const { results, error } = await walk(tools, definition, fixture, { met, keep })
    const gone = missing()
    if (gone) return gone
    if ((error?.code ?? null) !== (fixture.error?.code ?? null)) return { key: '', node: null, what: 'status', path: null, was: fixture.error?.code ?? 'completed', is: error?.code ?? 'completed' }
    let differs: Divergence | undefined
    differing(fixture.results, results, (path, was, is) => (differs = { key: '', node: null, what: 'results', path, was, is }))
    return differs
  } catch (error) {
    if (error instanceof Found) return error.divergence
    if (!(error instanceof Stop)) throw error
    return missing() ?? { key: '', node: null, what: 'status', path: null, was: fixture.error?.code ?? 'completed', is: error.message }
  }
}

/** Tells the first place, by JSON pointer, where two values are not the same; the order of keys means nothing. */
function differing(was: Json, is: Json, tell: (path: string, was: Json, is: Json) => void, path = ''): void {
  if (isDeepStrictEqual(was, is)) return
  const isMap = (value: Json): value is { [key: string]: Json } => typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isMap(was) && isMap(is)) {
    const key = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort().find((one) => !isDeepStrictEqual(was[one], is[one]))!
    return differing(was[key] ?? null, is[key] ?? null, tell, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  }
  if (Array.isArray(was) && Array.isArray(is) && was.length === is.length) {
    const at = was.findIndex((one, i) => !isDeepStrictEqual(one, is[i]))
    return differing(was[at]!, is[at]!, tell, `${path}/${at}`)
  }
  tell(path, was, is)
}

/** What a person is told. @param visible whether names inside of values may be shown */
export function sayDivergence({ key, node, what, path, was, is }: Divergence, visible: boolean): string {
  const where = visible && path ? ` at ${path}` : ''
  const name = node ?? key
  switch (what) {
    case 'added': return `${name} would be done, and was not`
    case 'missing': return `${name} was done, and would not be`
    case 'kind': return `${name} was ${String(was)}, and is ${String(is)}`
    case 'asked': return `what ${name} asks for is another${where}`
    case 'gave': return `what ${name} gives is another${where}`
    case 'way': return `${name} took the way ${String(was)}, and takes ${String(is)}`
    case 'results': return `the run gives another result${where}`
    case 'status': return visible ? `the run ended with ${String(was)}, and ends with ${String(is)}` : 'the run ends otherwise'
  }
}
