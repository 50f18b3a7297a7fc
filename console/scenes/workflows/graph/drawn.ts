// A definition as it is drawn: what a node is called, says and leads to. Nothing here knows the page.
import { t } from '../../../words.ts'
import { scheduleLine } from '../rhythm.ts'

export type Primitive = 'trigger' | 'action' | 'connection' | 'condition' | 'data'
export type DrawnNode = {
  id: string
  primitive: Primitive
  type: string
  name?: string
  settings?: Record<string, unknown>
  connectionId?: string | null
  join?: 'all' | 'any'
  retry?: Record<string, unknown>
  timeoutMs?: number
  position?: { x: number; y: number }
}
export type DrawnEdge = { from: string; to: string; when?: string }
export type Definition = { nodes: DrawnNode[]; edges: DrawnEdge[] }
export type Fault = { level: 'error' | 'warning'; code: string; node: string | null; path: string; message: string }

export type Schema = {
  type?: string
  title?: string
  description?: string
  enum?: unknown[]
  const?: unknown
  default?: unknown
  examples?: unknown[]
  format?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  properties?: Record<string, Schema>
  patternProperties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  'x-expression'?: 'value' | 'boolean' | 'list'
  'x-item'?: string
  'x-template'?: true
  'x-condition'?: true
  'x-code'?: true
  'x-long'?: true
  'x-pick'?: string
  /** a duration such as `3d`, and the units it may have */
  'x-duration'?: string[]
  /** a cron pattern; the names of the fields beside it that belong to the same schedule */
  'x-schedule'?: { timeZone: string; every?: string }
}
/** A node type of the catalogue, as GET /workflows/schema describes it. */
export type NodeType = {
  primitive: Primitive
  type: string
  title: string
  description: string
  ways: string[]
  settings: Schema
  output: Schema
  connections: { kinds: string[]; required: boolean } | null
  effect: 'none' | 'ours' | 'outside'
  operation: string | null
  retry: { max: number; baseMs: number; factor: number; capMs: number } | null
  timeoutMs: number
}
export type Catalogue = { types: NodeType[]; events: { name: string; about: string | null; payload: unknown }[]; /** what runs of this installation may have at most */ limits: Record<string, number>; find: (node: { primitive: string; type: string }) => NodeType | undefined }

/** Where a node is in a run, or what a comparison says of it. */
export type NodeState = {
  status: 'pending' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed' | 'cancelled' | 'skipped' | 'added' | 'removed' | 'changed'
  /** beside the state: "2 of 3 tries", "1.2 s", "until Friday" */
  caption?: string
  /** of a failure, shown on hover and read with the node */
  reason?: string
}

export const primitives: Primitive[] = ['trigger', 'action', 'condition', 'data', 'connection']
export const primitiveWord = (primitive: Primitive) => ({ trigger: t('Trigger'), action: t('Action'), condition: t('Condition'), data: t('Data'), connection: t('Connection') })[primitive] ?? primitive
export const statusWord = (status: NodeState['status']) =>
  ({ pending: t('Pending'), running: t('Running'), waiting: t('Waiting'), paused: t('Paused'), completed: t('Done'), failed: t('Failed'), cancelled: t('Cancelled'), skipped: t('Skipped'), added: t('Added'), removed: t('Removed'), changed: t('Changed') })[status]

export const nameOf = (node: DrawnNode, type?: NodeType) => node.name?.trim() || type?.title || node.id

/** The ways out of a node, `''` for the plain one; the way for failures comes last. What is drawn already is kept, whatever the type says. */
export function waysOf(node: DrawnNode, type?: NodeType, edges: DrawnEdge[] = []): string[] {
  const cases = Array.isArray(node.settings?.cases) ? (node.settings.cases as { name?: unknown }[]) : []
  const ways = (type?.ways ?? []).flatMap((way) => (way === 'case:<name>' ? cases.flatMap(({ name }) => (typeof name === 'string' && name ? [`case:${name}`] : [])) : [way]))
  const plain = ways.some((way) => way === 'true' || way === 'done' || way === 'case:default') ? [] : ['']
  const drawn = edges.filter(({ from }) => from === node.id).map((edge) => wayOf(edge, node))
  return [...new Set([...plain, ...ways, ...drawn.filter((way) => way !== 'error'), ...(node.primitive === 'trigger' ? [] : ['error'])])]
}

/** Which way an edge leaves by: without a label a loop is done and a filter held; anything else goes on whichever way it took. */
export const wayOf = (edge: DrawnEdge, node?: DrawnNode): string => edge.when ?? (node?.primitive !== 'condition' ? '' : node.type === 'loop' ? 'done' : node.type === 'filter' ? 'true' : '')

/** A way as a person says it. */
export function wayWord(way: string) {
  if (way.startsWith('case:')) return way === 'case:default' ? t('otherwise') : way === 'case:timeout' ? t('time is up') : way.slice(5)
  return { '': t('then'), true: t('yes'), false: t('no'), error: t('on failure'), each: t('each'), done: t('done') }[way] ?? way
}

export const edgeId = (edge: DrawnEdge) => `${edge.from}:${edge.when ?? ''}:${edge.to}`

/** Ids of things say nothing to whoever looks. */
const anId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** One line of what a node does, from its settings. */
export function lineOf(node: DrawnNode, type?: NodeType): string {
  const settings = node.settings ?? {}
  if (settings.condition) return conditionLine(settings.condition)
  if (node.primitive === 'condition' && node.type === 'compare') return [settings.left, operatorWord(String(settings.operator ?? '')), settings.right].filter(Boolean).map(short).join(' ')
  if (node.type === 'schedule') return scheduleLine(settings)
  if (node.type === 'database') return [settings.entity, settings.change].filter(Boolean).join(' ')
  if (node.type === 'api_call') return [settings.method, settings.url].filter(Boolean).map(short).join(' ')
  for (const name of ['event', 'expression', 'to', 'title', 'message', 'items', 'value', 'text', 'duration', 'for', 'until', 'url', 'id', 'projectId', 'name'])
    if (typeof settings[name] === 'string' && settings[name] && !anId.test(settings[name])) return short(settings[name])
  const fields = settings.fields as Record<string, unknown> | undefined
  if (fields && typeof fields === 'object') return Object.keys(fields).join(', ')
  return node.name && type ? type.title : primitiveWord(node.primitive)
}
/** A node in words, for those who hear it. */
export function boxWords({ node, type, state, faults }: { node: DrawnNode; type?: NodeType; state?: NodeState; faults?: Fault[] }): string {
  const parts = [`${primitiveWord(node.primitive)} ${nameOf(node, type)}`, lineOf(node, type)]
  if (state) parts.push([statusWord(state.status), state.caption, state.reason].filter(Boolean).join(', '))
  if (faults?.length) parts.push(faults.length === 1 ? faults[0]!.message : t('{count} faults', { count: faults.length }))
  return parts.filter(Boolean).join(', ')
}
const short = (value: unknown) => String(value).replace(/\$\{\{\s*([^}]*?)\s*\}\}/g, '$1').replaceAll(/nodes\.(\w+)\.output/g, '$1').replace(/\s+/g, ' ').trim()

export const operatorWord = (op: string) =>
  ({ eq: t('is'), ne: t('is not'), lt: t('is less than'), le: t('is at most'), gt: t('is more than'), ge: t('is at least'), in: t('is one of'), contains: t('contains'), exists: t('is there'), truthy: t('is true') })[op] ?? op

/** A structured condition in words: "title is done and 1 more". */
export function conditionLine(condition: unknown): string {
  const given = condition as { all?: unknown[]; any?: unknown[]; not?: unknown; left?: Operand; op?: string; right?: Operand } | null
  if (typeof given !== 'object' || given === null) return ''
  const list = given.all ?? given.any
  if (Array.isArray(list)) return list.length ? `${conditionLine(list[0])}${list.length > 1 ? ` ${given.all ? t('and') : t('or')} ${list.length === 2 ? conditionLine(list[1]) : t('{count} more', { count: list.length - 1 })}` : ''}` : t('always')
  if (given.not) return t('not: {condition}', { condition: conditionLine(given.not) })
  return [operandLine(given.left), operatorWord(given.op ?? ''), given.op === 'exists' || given.op === 'truthy' ? '' : operandLine(given.right)].filter(Boolean).join(' ')
}
type Operand = { path?: string; value?: unknown }
const operandLine = (operand?: Operand) => (operand?.path !== undefined ? short(operand.path) : operand?.value !== undefined ? JSON.stringify(operand.value).replace(/^"(.*)"$/, '$1') : '')
