// What a node type declares. From this one declaration the API validates, /workflows/schema is served, the editor draws its forms, the documentation
// is generated, definitions are compiled and steps are run.
import type { Context, Who } from '../../../kernel/db.ts'
import type { TObject, TSchema } from '../../../kernel/schema.ts'
import type { Json, Retry } from '../engine/port.ts'
import type { Services } from '../runner/services.ts'

export type Primitive = 'trigger' | 'action' | 'connection' | 'condition' | 'data'
export const primitives: readonly Primitive[] = ['trigger', 'action', 'connection', 'condition', 'data']

/** How a node becomes part of the graph that is run (definitions/compile.ts). */
export type Form = 'trigger' | 'step' | 'decision' | 'switch' | 'loop' | 'wait' | 'approval' | 'child' | 'name'
export type Settings = Record<string, any>
/** A fault in the settings, where the schema cannot say it. */
export type Report = (pointer: string, message: string) => void

export type NodeType = {
  primitive: Primitive
  type: string
  title: string
  description: string
  form: Form
  settings: TObject
  /** JSON Schema of `nodes.<id>.output`, as far as it is known */
  produces: TSchema
  /** labels of edges out of it, beside plain ones and `error` */
  ways?: readonly string[]
  /** kinds of connections it uses; with `required` it does nothing without one */
  connection?: { kinds: readonly string[]; required?: boolean }
  retry?: Retry
  timeoutMs?: number
  /** `outside`: the world beyond our database may notice; such steps are caught in rehearsals. Absent: it touches nothing. */
  effect?: 'ours' | 'outside'
  /** the operation of our own API that it calls */
  operation?: string
  check?(settings: Settings, report: Report): void
  /** What the step does, with every expression of its settings evaluated. At least once, under one key. */
  run?(step: Step): Promise<Json>
}

/** One attempt of one step. */
export type Step = {
  run: { id: string; tenantId: string; workflowId: string; version: number }
  node: { id: string; type: NodeType; connectionId: string | null }
  /** of the step and every attempt of it, unique in the installation: what leaves the house carries it */
  key: string
  /** path of the node in its run, such as `each[3].y` */
  place: string
  attempt: number
  signal: AbortSignal
  /** the settings with their expressions evaluated */
  settings: Settings
  /** the settings as they were written */
  authored: Settings
  /** what expressions may read: trigger, nodes, item, index, now, run */
  scope: { [name: string]: Json }
  /** true in tests and rehearsals: effects are told, not done */
  rehearsal: boolean
  /** Values of expressions in the step's scope. */
  evaluate(sources: readonly string[], extra?: { [name: string]: Json }): Promise<Json[]>
  /** Whose rights hold at this moment. @throws StepFailure when nobody's do */
  who(): Promise<Who>
  context(): Promise<Context>
  services: Services
}

/** A step that failed for a reason its author can mend. The engine reads `code`, `retryable` and `retryAfterMs`. */
export class StepFailure extends Error {
  readonly code: string
  readonly details: Json
  readonly retryAfterMs: number | undefined
  constructor(code: string, message: string, { details = null, retryAfterMs }: { details?: Json; retryAfterMs?: number } = {}) {
    super(message)
    this.name = code
    this.code = code
    this.details = details
    this.retryAfterMs = retryAfterMs
  }
}

export const usualRetry: Retry = { max: 4, baseMs: 1000, factor: 2, capMs: 60_000, nonRetryable: ['step.invalid', 'permission.denied', 'request.invalid', 'expression.failed', 'egress.refused', 'http.refused', 'data.invalid'] }
export const noRetry: Retry = { max: 1, baseMs: 0, factor: 1, capMs: 0 }
export const node = (declared: NodeType): NodeType => declared
