// Expressions of settings, evaluated for a step: bare paths and literals here, everything else in the sandbox, all of a step in one call.
import { hash } from 'node:crypto'
import type { Sandbox } from '../../../kernel/ports.ts'
import { expressionModule, SandboxError } from '../../../kernel/sandbox.ts'
import type { Json } from '../engine/port.ts'
import type { Definition } from '../definitions/definition.ts'
import { checkExpression, partsOf } from '../definitions/expressions.ts'
import type { Catalogue } from '../nodes/catalogue.ts'
import { markedFields, type Found } from '../nodes/fields.ts'
import { StepFailure, type NodeType, type Settings } from '../nodes/node.ts'
import { walkInto } from '../runs/view.ts'

export const scopeNames = ['trigger', 'nodes', 'now', 'run', 'item', 'index'] as const
const known: ReadonlySet<string> = new Set(scopeNames)

/** What is asked of each item of a list becomes one expression over the list. */
const sourceOf = ({ value, mark }: Found, settings: Settings): string => (mark['x-item'] ? `(${String(settings[mark['x-item']])}\n).map((item, index) => (${String(value)}\n))` : String(value))
/** Sources of a node's settings, in the order they are met. */
function* sourcesOf(type: NodeType, settings: Settings): Generator<string> {
  for (const field of markedFields(type.settings, settings)) {
    if (field.kind === 'expression') yield sourceOf(field, settings)
    if (field.kind === 'template') for (const text of textsOf(field.value)) for (const part of partsOf(text).parts) if ('expression' in part) yield part.expression
  }
}
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value
  else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) yield* textsOf(inner)
}

/** The expressions of a version as one module of the sandbox. */
export type ExpressionBook = { id: string; places: ReadonlyMap<string, number>; module: string }
export function bindExpressions(id: string, definition: Definition, catalogue: Catalogue): ExpressionBook {
  const places = new Map<string, number>()
  for (const node of definition.nodes) {
    const type = catalogue.find(node.primitive, node.type)
    if (type) for (const source of sourcesOf(type, node.settings)) if (!places.has(source) && !plainly(source)) places.set(source, places.size)
  }
  return { id, places, module: expressionModule([...places.keys()], scopeNames) }
}
function plainly(source: string) {
  const checked = checkExpression(source, known)
  return checked.ok ? checked.plain : undefined
}

type Scope = { [name: string]: Json }
/** @throws StepFailure expression.failed, with what the expression said */
export async function evaluate(sandbox: Sandbox, book: ExpressionBook, tenant: string, sources: readonly string[], scope: Scope, extra: Scope = {}): Promise<Json[]> {
  const values: Json[] = new Array<Json>(sources.length).fill(null)
  const left: number[] = []
  for (const [i, source] of sources.entries()) {
    const plain = Object.keys(extra).length ? undefined : plainly(source)
    if (!plain) left.push(i)
    else if ('value' in plain) values[i] = plain.value
    else values[i] = walkPlain(scope, plain.path)
  }
  if (!left.length) return values
  const inBook = left.every((i) => book.places.has(sources[i]!)) && !Object.keys(extra).length
  try {
    const wanted = left.map((i) => sources[i]!)
    const got = inBook
      ? await sandbox.evaluate({ tenant, id: book.id, source: book.module }, wanted.map((source) => book.places.get(source)!), scope)
      : await adHoc(sandbox, tenant, wanted, { ...scope, ...extra })
    for (const [n, i] of left.entries()) values[i] = got[n] ?? null
    return values
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error
    const place = /^expression (\d+): (.*)$/s.exec(error.message)
    const said = place ? `${(inBook ? [...book.places.keys()] : left.map((i) => sources[i]!))[Number(place[1])]?.slice(0, 200) ?? 'an expression'}: ${place[2]!}` : error.message
    throw new StepFailure(error.retryable ? 'sandbox.busy' : 'expression.failed', said.slice(0, 500))
  }
}
const adHoc = (sandbox: Sandbox, tenant: string, sources: readonly string[], scope: Scope): Promise<Json[]> => {
  const names = Object.keys(scope).sort()
  const source = expressionModule(sources, names)
  return sandbox.evaluate({ tenant, id: `expressions/${hash('sha256', source).slice(0, 16)}`, source }, sources.map((_, i) => i), scope)
}
/** As `trigger.a.b` reads: missing is null. */
const walkPlain = (scope: Scope, [root, ...rest]: readonly string[]): Json => (Object.hasOwn(scope, root!) ? walkInto(scope[root!]!, rest) : null)

/** The settings with every expression's value in its place. */
export async function fillSettings(type: NodeType, settings: Settings, ask: (sources: readonly string[]) => Promise<Json[]>): Promise<Settings> {
  const sources = [...new Set(sourcesOf(type, settings))]
  if (!sources.length) return structuredClone(settings)
  const values = await ask(sources)
  const valueOf = new Map(sources.map((source, i) => [source, values[i]!]))
  const filled = structuredClone(settings) as Record<string, unknown>
  for (const field of markedFields(type.settings, settings)) {
    if (field.kind === 'expression') put(filled, field.pointer, valueOf.get(sourceOf(field, settings)) ?? null)
    if (field.kind === 'template') put(filled, field.pointer, fillText(field.value, valueOf))
  }
  return filled
}
function put(into: Record<string, unknown>, pointer: string, value: unknown): void {
  const path = pointer.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  let at: any = into
  for (const part of path.slice(0, -1)) at = at[part]
  at[path.at(-1)!] = value
}
function fillText(value: unknown, valueOf: ReadonlyMap<string, Json>): Json {
  if (typeof value === 'string') {
    if (!value.includes('${{')) return value
    const filled = partsOf(value).parts.map((part) => ('text' in part ? part.text : (valueOf.get(part.expression) ?? null)))
    if (filled.length === 1) return filled[0]!
    return filled.map((one) => (typeof one === 'string' ? one : one === null ? '' : JSON.stringify(one))).join('')
  }
  if (Array.isArray(value)) return value.map((one) => fillText(one, valueOf))
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillText(one, valueOf)]))
  return (value ?? null) as Json
}
