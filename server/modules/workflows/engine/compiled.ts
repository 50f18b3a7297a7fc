// What publishing makes of a definition and the interpreter runs: a graph without cycles, loops as nodes with a body, expressions compiled into
// steps. Plain JSON, types only.
import type { DefRef, Json, Retry } from './port.ts'

/** An edge without a label is taken whenever its node succeeded; out of an approval, only when it was approved. */
export type When = 'true' | 'false' | 'error' | 'each' | 'done' | `case:${string}`
export type CompiledEdge = { from: string; to: string; when?: When }

/**
 * Where a value is found: `input...`, `item...`, `index`, `steps.<node>...`, segments joined by dots, array places as numbers. Own properties only;
 * missing is null. A node sees its causal past: its ancestors, through an `any` join only those of the way that came first. Inside a loop's body
 * `item` and `index` are the innermost loop's, `steps.<loop>.item` and `steps.<loop>.index` those of a loop by name.
 */
export type Path = string
export type Operand = { path: Path } | { value: Json }
export type Op = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'in' | 'contains' | 'exists' | 'truthy'
/** Total: never throws; values of different kinds are unequal and not in order. No patterns, no user code. */
export type Condition = { all: Condition[] } | { any: Condition[] } | { not: Condition } | { left: Operand; op: Op; right?: Operand }

type Node<K extends string, More> = {
  /** `^[a-z][a-z0-9_]{0,39}$`, not `item` or `index`; unique in the whole definition, bodies included */
  id: string
  kind: K
  /** `all` (default): when every way here is decided and one was taken. `any`: when the first is taken. No way taken: skipped, and what follows only from it too. */
  join?: 'all' | 'any'
} & More
/** What goes to the step runner. `needs`: the values that settings and expressions of the node read. */
export type Work = { action: string; needs: Path[]; retry?: Retry; /** default 60,000 */ timeoutMs?: number; /** paths in its output that conditions, loops, waits and child inputs read; '' is all of it */ keep?: Path[] }
/** Milliseconds as a number, or where the number is found. */
export type Duration = number | { path: Path }

export type CompiledNode =
  /** An entry: taken if it began the run (or nothing says which did). Its output is the run's input. */
  | Node<'trigger', unknown>
  /** Actions, and data nodes: everything with JavaScript in it. */
  | Node<'step', Work>
  /** Ways `true` and `false`. A JavaScript condition is a step before this node, whose output is read by a path. */
  | Node<'condition', { if: Condition }>
  /** Ways `case:<name>`: the first that holds, else `otherwise`, else none. */
  | Node<'switch', { cases: { name: string; if: Condition }[]; otherwise?: string }>
  /** Way `done`; what the drawing shows behind `each` is the body. Output: a list with the output of `collect`, else with the outputs of the body's last nodes, per item. */
  | Node<'loop', { over: Path; body: CompiledGraph; /** at once; 1 to 50, default 1 */ lanes?: number; /** more are a fault; default and most 10,000 */ maxItems?: number; collect?: string }>
  /** `until` is RFC 3339 or milliseconds since 1970, or where one of them is found. A signal gives a SignalResult, way `case:timeout` when none came in time. */
  | Node<'wait', { for: Duration } | { until: number | string | { path: Path } } | { signal: string; timeoutMs?: Duration }>
  /**
   * Runs the step `ask` under the key `<key>/ask`, which tells the people, then waits for the signal named as the node's key. Payload
   * `{ decision: 'approve' | 'reject', comment? }`. Ways: `true` approved, `false` rejected, `case:timeout`; a time-out without that way is a
   * failure with code `approval.timed_out`. Output: the SignalResult with `approved`.
   */
  | Node<'approval', { ask?: Work; timeoutMs?: Duration }>
  /** Input: what the path gives, else this run's input. With `wait` the output is the child's result, else `{ id }`. */
  | Node<'child', { def: DefRef; input?: Path; /** default true */ wait?: boolean; /** default cancel */ onParentClose?: 'cancel' | 'abandon' }>

export type CompiledGraph = { nodes: CompiledNode[]; edges: CompiledEdge[] }
/** `reads`: paths in the run's input that conditions, loops, waits and child inputs read, without `input.`; kept beside the Ref if the input is large. */
export type Compiled = CompiledGraph & { reads?: Path[]; /** where the run's result is found; else the outputs of the last nodes, by id */ result?: Path }
