// The durable port: all that a workflow interpreter may touch. Types only, so that one interpreter runs on every engine.
// There is no clock, no random source and no evaluator of expressions here, on purpose: what a replay would do differently belongs into a step.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
/** A value over 16 KB, kept in the blob store. Made by the engine only: `$ref` is refused in user data. `at` holds what the graph itself reads of it, by path. */
export type Ref = { $ref: string; bytes: number; at?: { [path: string]: Json } }
/** Path of a node in its run, such as `each[3].y`: unique in the run, the same in every version that keeps the node. */
export type Key = string

/** The n-th pause is `baseMs * factor ** (n - 1)`, at most `capMs`. `nonRetryable`: names or codes of errors that end the step at once. */
export type Retry = { max: number; baseMs: number; factor: number; capMs: number; nonRetryable?: string[] }
export type StepCall = {
  /** node id in the definition: the step runner finds settings and expressions there */
  node: string
  /** `join` is the interpreter's own: its output is its input, and no runner sees it */
  action: string
  input: Json | Ref
  /** the values that this node reads, by path as compiled; a path that leads into a value in the blob store gives that whole value's Ref, under its own path */
  needs: { [path: string]: Json | Ref }
  retry: Retry
  timeoutMs: number
  /** paths in the output that the graph itself reads: kept beside the Ref if the output is large */
  keep?: string[]
}
/** Version 0: the one that is active when the child starts. */
export type DefRef = { id: string; version: number }
export type SignalResult = { timedOut: boolean; payload: Json; by?: string; at?: number }
/** `entry`: the trigger node that began the run. `startedAt` in milliseconds. */
export type RunInfo = { id: string; tenantId: string; defId: string; defVersion: number; startedAt: number; entry?: string }

/** Any call may reject with an error named `Cancelled`: an error edge must let it pass. */
export interface DurablePort {
  readonly run: RunInfo
  step(key: Key, call: StepCall): Promise<Json | Ref>
  /** The due time is recorded at the first call; later calls with the same key keep it. */
  sleepUntil(key: Key, at: number | { afterMs: number }): Promise<void>
  signal(key: Key, name: string, opts: { timeoutMs?: number }): Promise<SignalResult>
  child(key: Key, def: DefRef, input: Json | Ref, opts: { wait: boolean; onParentClose: 'cancel' | 'abandon' }): Promise<Json | Ref>
  /** History only: never awaited, never read back, flushed with the next recorded call. */
  note(key: Key, what: 'skipped' | 'decided' | 'joined', data?: Json): void
  /** Runs `f` to its end although the run is being cancelled. */
  shield<T>(f: () => Promise<T>): Promise<T>
}
