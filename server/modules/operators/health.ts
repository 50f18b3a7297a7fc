// What /status and /metrics tell of readers and jobs.
import type { Kernel } from '../../kernel/kernel.ts'
import { findHolder } from '../../kernel/log.ts'
import { systemWho, type Reader } from '../../kernel/readers.ts'
import { countJobs, findInstallation } from './queries.ts'
import { describeHolder, readReaders } from './readers.ts'

const who = systemWho('status')

/** Lag and holders, for operators. */
export async function readerStatus(system: Kernel['system'], declared: readonly Reader[] = []): Promise<Record<string, unknown>> {
  const ctx = system.context(who)
  const [readers, [[holder], [installation], jobs]] = await Promise.all([readReaders(ctx, declared), ctx.read(findHolder(), findInstallation(), countJobs())])
  return {
    readers: readers.map(({ name, status, lag, lagSeconds, parkedCount, lastError, heldBackBy }) => ({ name, status, lag, lagSeconds, parked: parkedCount, lastError, heldBackBy })),
    jobs: Object.fromEntries(jobs.map((j) => [j.status, j.jobs])),
    oldestWriter: holder ? describeHolder(holder) : null,
    heldSince: installation?.heldSince ?? null,
  }
}

/** Reads the database, so that the gauges are right whichever process is asked. */
export async function fillGauges(kernel: Pick<Kernel, 'system' | 'metrics'>, declared: readonly Reader[] = []): Promise<void> {
  const ctx = kernel.system.context(who)
  const [readers, [[holder], jobs]] = await Promise.all([readReaders(ctx, declared), ctx.read(findHolder(), countJobs())])
  const { lag, parked, heldSeconds, jobs: byStatus } = kernel.metrics
  for (const r of readers) {
    lag.set({ reader: r.name }, r.lag)
    parked.set({ reader: r.name }, r.parkedCount)
  }
  heldSeconds.set(holder?.since ? Math.max(0, (Date.now() - Date.parse(holder.since)) / 1000) : 0)
  byStatus.reset()
  for (const j of jobs) byStatus.set({ status: j.status }, j.jobs)
}
