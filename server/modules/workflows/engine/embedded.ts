// The embedded engine: runs on the product's own PostgreSQL, in any number of processes. Who only starts and steers runs needs no worker.
import type { Engine, EngineOptions } from './engine.ts'
import { usualLimits } from './engine.ts'
import { startDue } from './schedules.ts'
import { Store } from './store.ts'
import { verbsOf } from './verbs.ts'
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
  return { kind: 'embedded', ...verbsOf(o, store, limits, worker) }
}
