// A run as it is shown: recorded steps under the names of the drawing, values for those who may see them.
import type { Json } from '../engine/port.ts'
import type { Program } from '../definitions/compile.ts'
import type { Definition } from '../definitions/definition.ts'
import { checkExpression, partsOf } from '../definitions/expressions.ts'
import { compiledPath } from '../definitions/paths.ts'
import type { RunStep } from '../schema.ts'

export type StepRow = { key: string; node: string; kind: string; state: string; attempt: number; output: unknown; error: unknown; dueAt: string | null; beatAt: string | null; startedAt: string; finishedAt: string | null }
const roots = new Set(['trigger', 'nodes', 'now', 'run', 'item', 'index'])

const statusOf = (row: StepRow): RunStep['status'] => {
  if (row.kind === 'note') return row.output !== null && typeof row.output === 'object' && 'skipped' in row.output ? 'skipped' : 'completed'
  if (row.state !== 'pending') return row.state === 'failed' ? 'failed' : 'completed'
  return row.kind !== 'step' || row.dueAt !== null ? 'waiting' : 'running'
}
export const errorOf = (error: unknown): { message: string; code: string } | null => {
  if (typeof error !== 'object' || error === null) return null
  const { message, code, ...more } = error as { message?: unknown; code?: unknown }
  return { ...more, message: String(message ?? 'failed'), code: String(code ?? 'Error') }
}
/** `a[3].x_items/ask` in the names of the drawing: `a[3].x`. */
const drawnKey = (key: string, drawn: Program['drawn']): string => key.replace(/\/.*$/, '').split('.').map((part) => {
  const [, id, rest] = /^([^[]+)(.*)$/.exec(part)!
  return (drawn[id!] ?? id!) + rest!
}).join('.')

/** One entry for each node as drawn; a node that became a step and a decision is one. */
export function showSteps(rows: readonly StepRow[], { drawn }: Pick<Program, 'drawn'>, definition: Definition, trigger: Json, visible: boolean): RunStep[] {
  const byKey = new Map<string, { main?: StepRow; aside: StepRow[]; way: string | null }>()
  for (const row of rows) {
    const key = drawnKey(row.key, drawn)
    const held = byKey.get(key) ?? { aside: [], way: null }
    byKey.set(key, held)
    const note = row.kind === 'note' ? (row.output as Record<string, unknown> | null) : null
    if (note && 'decided' in note) held.way = note.decided === null ? null : String(note.decided)
    if (note && 'joined' in note) continue
    if (row.key.endsWith('/join')) continue
    // the node's own row is its last word; what led to it stands in while there is none
    if (key === row.key && !(note && 'decided' in note && held.main)) held.main = row
    else held.aside.push(row)
  }
  const settings = new Map(definition.nodes.map((node) => [node.id, node]))
  const outputs: Record<string, Json> = {}
  if (visible) for (const [key, { main }] of byKey) if (main && main.state === 'done' && main.kind !== 'note' && !key.includes('[')) outputs[key] = main.output as Json
  return [...byKey].map(([key, { main, aside, way }]): RunStep => {
    const row = main ?? aside.at(-1)!
    const failed = [...aside, row].find((one) => one.state === 'failed')
    const node = key.split('.').at(-1)!.replace(/\[\d+\]$/, '')
    const drawing = settings.get(node)
    const status = failed ? 'failed' : main ? statusOf(main) : aside.some((one) => statusOf(one) === 'completed') && aside.every((one) => statusOf(one) !== 'running') ? 'running' : statusOf(row)
    return {
      key, node, kind: drawing ? `${drawing.primitive}.${drawing.type}` : row.kind, status, attempt: Math.max(row.attempt, ...aside.map((one) => one.attempt)), way,
      input: visible && drawing ? fillPlainly(drawing.settings, { trigger, nodes: outputs }) : null,
      output: visible && row.kind !== 'note' && row.state === 'done' ? (row.output as Json) : null,
      error: errorOf((failed ?? row).error), dueAt: row.state === 'pending' ? row.dueAt : null, startedAt: [row, ...aside].map((one) => one.startedAt).sort()[0]!, completedAt: row.finishedAt,
    }
  })
}

/** Settings with what can be filled in without running code; the rest stays as it was written. */
export function fillPlainly(value: unknown, scope: { trigger: Json; nodes: Record<string, Json> }): Json {
  if (typeof value === 'string') {
    if (!value.includes('${{')) return value
    const { parts, problem } = partsOf(value)
    if (problem) return value
    const filled = parts.map((part) => ('text' in part ? part.text : plainValue(part.expression, scope)))
    if (filled.some((one) => one === undefined)) return value
    if (filled.length === 1) return filled[0] as Json
    return filled.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('')
  }
  if (Array.isArray(value)) return value.map((one) => fillPlainly(one, scope))
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillPlainly(one, scope)]))
  return (value ?? null) as Json
}
function plainValue(expression: string, { trigger, nodes }: { trigger: Json; nodes: Record<string, Json> }): Json | undefined {
  const checked = checkExpression(expression, roots)
  if (!checked.ok || !checked.plain) return undefined
  if ('value' in checked.plain) return checked.plain.value
  const [root, ...rest] = compiledPath(checked.plain.path)?.split('.') ?? []
  if (root !== 'input' && root !== 'steps') return undefined
  if (root === 'steps' && !Object.hasOwn(nodes, rest[0]!)) return undefined
  return walkInto(root === 'input' ? trigger : nodes[rest[0]!]!, root === 'input' ? rest : rest.slice(1))
}
/** Own properties only; missing is null. */
export function walkInto(from: Json, path: readonly string[]): Json {
  let at: unknown = from
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return null
    at = (at as Record<string, unknown>)[part]
  }
  return (at ?? null) as Json
}
