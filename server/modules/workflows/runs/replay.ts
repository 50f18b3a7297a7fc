// Whether a run that has done some things could go on with another version: its graph is run in memory over what was recorded. The first recorded
// outcome that the graph does not ask for, or asks for as something else, is the divergence.
import type { CompiledGraph } from '../engine/compiled.ts'
import { interpret } from '../engine/interpreter.ts'
import type { DurablePort, Json, Ref, RunInfo } from '../engine/port.ts'
import type { Program } from '../definitions/compile.ts'

export type Recorded = { key: string; kind: string; state: string; output: unknown; error: unknown }
export type Divergence = { key: string; message: string }

const never = (): Promise<never> => new Promise(() => {})

/** What each node of a graph does, by id. */
function deedsOf(graph: CompiledGraph, into = new Map<string, string>()): Map<string, string> {
  for (const node of graph.nodes) {
    into.set(node.id, node.kind === 'step' ? node.action : node.kind === 'child' ? `child ${node.def.id}` : node.kind)
    if (node.kind === 'loop') deedsOf(node.body, into)
  }
  return into
}
const nodeOf = (key: string): string => key.split('.').at(-1)!.replace(/(\[\d+\]|\/.*)$/, '')

/** @param before the program the run has followed so far */
export async function firstDivergence(run: RunInfo, next: Program, before: Program, input: Json | Ref, steps: readonly Recorded[]): Promise<Divergence | undefined> {
  const recorded = new Map(steps.filter(({ kind }) => kind !== 'note').map((row) => [row.key, row]))
  const asked = new Map<string, string>()
  const ask = (key: string, kind: string): Promise<Json | Ref> => {
    asked.set(key, kind)
    const row = recorded.get(key)
    if (!row || row.kind !== kind || row.state === 'pending') return never()
    if (row.state === 'failed') return Promise.reject(Object.assign(new Error((row.error as { message?: string } | null)?.message ?? 'failed'), { code: (row.error as { code?: string } | null)?.code }))
    return Promise.resolve(row.output as Json)
  }
  const port: DurablePort = {
    run, note() {}, shield: (work) => work(),
    step: (key) => ask(key, 'step'), sleepUntil: async (key) => void (await ask(key, 'sleep')), signal: (key) => ask(key, 'signal') as Promise<never>, child: (key) => ask(key, 'child'),
  }
  void interpret(port, next.graph, input).catch(() => {}) // a run that would fail now is still one that can go on
  for (let count = -1; count !== asked.size; ) {
    count = asked.size
    await new Promise((resolve) => setImmediate(resolve)) // everything recorded is answered in microtasks
  }
  const [then, now] = [deedsOf(before.graph), deedsOf(next.graph)]
  for (const row of steps) {
    if (row.kind === 'note') continue
    const node = nodeOf(row.key)
    const name = before.drawn[node] ?? node
    if (!now.has(node)) return { key: row.key, message: `${name} was ${row.state === 'pending' ? 'begun' : 'done'}, and that version has no such node` }
    if (then.get(node) !== now.get(node)) return { key: row.key, message: `${name} was ${then.get(node) ?? row.kind}, and is ${now.get(node)!} in that version` }
    if (!asked.has(row.key)) return { key: row.key, message: `${name} was ${row.state === 'pending' ? 'begun' : 'done'}, and that version would not come to it at this point` }
    if (asked.get(row.key) !== row.kind) return { key: row.key, message: `${name} was a ${row.kind}, and is a ${asked.get(row.key)!} in that version` }
  }
  return undefined
}
