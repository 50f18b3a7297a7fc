// The embedded engine: runs on the product's own PostgreSQL, in any number of processes. Who only starts and steers runs needs no worker.
import type { Engine, EngineOptions } from './engine.ts'
import { usualLimits } from './engine.ts'
import { cancelRun, pauseRun, resumeRun, retryRun, signalRun, startRun } from './control.ts'
import { sweepRuns } from './retention.ts'
import { removeSchedule, setSchedule, startDue } from './schedules.ts'
import { Store } from './store.ts'
import { startWorker } from './worker.ts'

export function openEngine(o: EngineOptions): Engine {
  const limits = { ...usualLimits, ...o.limits }
  const store = new Store(o.kernel, { name: 'groundwork workflows', connections: o.work ? 6 : 2 })
  const activeVersion = async (tenantId: string, defId: string) => o.activeVersion?.({ tenantId, defId })
  const worker = o.work
    ? startWorker({
        kernel: o.kernel, store, limits, slots: o.slots ?? 100, leaseMs: o.leaseMs ?? 30_000, inMemoryWaitMs: o.inMemoryWaitMs ?? 1000, load: o.load, run: o.run, activeVersion,
        tick: async () => { if (o.schedules !== false) await startDue(store, o.kernel, activeVersion, limits) },
      })
    : undefined
  let closed: Promise<void> | undefined
  return {
    kind: 'embedded',
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
    held: () => worker?.held() ?? 0,
    close: () =>
      (closed ??= (async () => {
        await worker?.close()
        await store.close()
      })()),
  }
}
