// What every engine of ours does in the same tables, whoever drives its runs.
import { cancelRun, pauseRun, resumeRun, retryRun, signalRun, startRun } from './control.ts'
import type { Engine, EngineOptions, Limits } from './engine.ts'
import { sweepRuns } from './retention.ts'
import { removeSchedule, setSchedule } from './schedules.ts'
import type { Store } from './store.ts'

type Driver = { held(): number; close(): Promise<void> }

/** @param driver what works on runs here; absent where they are only begun and steered */
export function verbsOf(o: EngineOptions, store: Store, limits: Limits, driver: Driver | undefined): Omit<Engine, 'kind'> {
  let closed: Promise<void> | undefined
  return {
    start: (ctx, run) => startRun(ctx, store, limits, run),
    signal: (ctx, runId, name, payload, how) => signalRun(ctx, limits, runId, name, payload, how),
    cancel: cancelRun,
    pause: pauseRun,
    resume: resumeRun,
    retry: (ctx, runId, how) => retryRun(ctx, o.load, runId, how?.fromNode),
    setSchedule: (ctx, schedule) => setSchedule(ctx, schedule),
    removeSchedule,
    open: ({ tenantId, runId }, value) => store.open({ tenant: tenantId, run: runId }, value),
    sweep: (signal) => sweepRuns(store, o.retentionDays ?? 90, signal),
    held: () => driver?.held() ?? 0,
    close: () =>
      (closed ??= (async () => {
        await driver?.close()
        await store.close()
      })()),
  }
}
