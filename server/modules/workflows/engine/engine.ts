// The face of an engine, which the rest of the product uses. The embedded one is embedded.ts; another may own runs beside it (`runs.engine`).
import type { Actor, Context } from '../../../kernel/db.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Compiled } from './compiled.ts'
import type { Json, Ref, RunInfo, StepCall } from './port.ts'

/** Which engine a run lives in, from its beginning to its end. */
export type EngineName = 'embedded' | 'temporal'
/** Who and what began a run, as its row says. Permissions are looked up with it at each step. */
export type RunFacts = RunInfo & { actor: Actor; causeId: string | null; depth: number; parentRun: string | null }
export type StepPlace = {
  run: RunFacts
  key: string
  /** 1 at the first try; a killed worker's try counts */
  attempt: number
  /** the same for every attempt of this step: what leaves the house carries it */
  idempotencyKey: string
  /** aborts at the time-out, and when the run is cancelled or lost */
  signal: AbortSignal
  /** opens references in a value, wherever they stand in it */
  load(value: Json | Ref): Promise<Json>
}
/**
 * Does one step, at least once. An error may carry `code`, `retryable: false`, `retryAfterMs`. What it returns must be JSON; large values become
 * references by themselves.
 */
export type StepRunner = (call: StepCall, at: StepPlace) => Promise<unknown>

export type Limits = {
  /** runs of one tenant at work at once, over all workers */
  runsPerTenant: number
  /** rows of steps in one run */
  stepsPerRun: number
  /** from the run's creation to its end */
  runMs: number
  /** characters of JSON */
  inputChars: number
  outputChars: number
  /** runs that lead to runs */
  depth: number
  /** claims without a new step before a run counts as poison */
  idleClaims: number
}
export const usualLimits: Limits = { runsPerTenant: 50, stepsPerRun: 50_000, runMs: 400 * 86_400_000, inputChars: 2_000_000, outputChars: 8_000_000, depth: 16, idleClaims: 5 }

export type EngineOptions = {
  kernel: Kernel
  /** undefined: there is no such version. Called once per version and kept. */
  load(at: { tenantId: string; defId: string; version: number }): Promise<Compiled | undefined>
  /** the active version of a workflow, for children and schedules that name version 0 */
  activeVersion?(at: { tenantId: string; defId: string }): Promise<number | undefined>
  run: StepRunner
  /** whether this process works on runs; else it only starts and steers them */
  work: boolean
  limits?: Partial<Limits>
  /** runs in memory at once */
  slots?: number
  leaseMs?: number
  /** waits shorter than this stay in memory */
  inMemoryWaitMs?: number
  /** finished runs are kept so long; 0 for ever. A tenant may choose for itself. */
  retentionDays?: number
  /** whether schedules are looked after here; true unless another engine beside this one does */
  schedules?: boolean
}

export type StartOptions = {
  workflowId: string
  version: number
  input: Json
  /** at most one run per tenant and key, as long as its row is kept: event id and trigger id, for one */
  dedupKey?: string
  entry?: string
  /** of the run that led here, plus one */
  depth?: number
  scheduleId?: string
  /** paths in the input that the compiled graph reads (`reads`): kept beside a large or sealed input */
  keep?: string[]
  /** people wrote it, or it may name them: sealed under the tenant's key, however small */
  sealed?: boolean
}
export type Schedule = {
  id: string
  workflowId: string
  version: number
  entry?: string
  /** exactly one of them; `everyMs` at least 1000 */
  cron?: string
  everyMs?: number
  timeZone?: string
  /** what a tick does while the run before it goes on: nothing, wait for its end, start beside it */
  overlap?: 'skip' | 'queue' | 'allow'
  /** ticks missed while nothing worked: none of them, the last, each of them (at most 100) */
  catchUp?: 'none' | 'one' | 'all'
  input?: Json
}
/** What a steering verb met. */
export type Steered = 'done' | 'not_found' | 'finished' | 'unchanged'

export type Engine = {
  readonly kind: EngineName
  /** Writes the run and `run.started` into the caller's transaction; it begins when that commits. @returns `created: false` and the run there is, for a known dedup key */
  start(ctx: Context, o: StartOptions): Promise<{ id: string; created: boolean }>
  /** Kept until the run waits for that name; the same `id` again is the same signal. */
  signal(ctx: Context, runId: string, name: string, payload: Json, o?: { id?: string }): Promise<Steered>
  /** The run and all below it end as cancelled, at once or as soon as their worker hears of it. */
  cancel(ctx: Context, runId: string): Promise<Steered>
  /** Steps in flight finish and are recorded. */
  pause(ctx: Context, runId: string): Promise<Steered>
  resume(ctx: Context, runId: string): Promise<Steered>
  /** A failed or cancelled run goes on: failed nodes are done again, from `fromNode` on everything behind it. @throws retry.unknown_node */
  retry(ctx: Context, runId: string, o?: { fromNode?: string }): Promise<Steered>
  setSchedule(ctx: Context, schedule: Schedule): Promise<{ nextAt: string | null }>
  removeSchedule(ctx: Context, id: string): Promise<Steered>
  /** Opens references in a value of a run, wherever they stand in it; a value whose key is gone reads as null. */
  open(at: { tenantId: string; runId: string }, value: Json | Ref): Promise<Json>
  /** Deletes what is past its time, in portions. @returns runs deleted */
  sweep(signal?: AbortSignal): Promise<number>
  /** Runs held in memory here. */
  held(): number
  /** Takes no more runs, lets steps in flight finish for a moment, gives the rest back. */
  close(): Promise<void>
}
