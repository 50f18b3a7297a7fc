// What the machinery does for itself: partitions ahead, retention, and sweeping what nobody needs any more.
import { sweepKeys } from '../../kernel/idempotency.ts'
import { platformId } from '../../kernel/ids.ts'
import type { JobHandler } from '../../kernel/jobs.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { systemWho } from '../../kernel/readers.ts'
import { addMonths, forgetEvents, listRetentions, sweepJobs, sweepMails, sweepParked } from './queries.ts'

const hour = 3_600_000
const portion = 2000

/** @param retentionDays of the installation; 0 keeps the log for ever */
export function createSchedules(kernel: Pick<Kernel, 'system'>, retentionDays: number): JobHandler[] {
  const ctxOf = (job: { id: string }) => kernel.system.context(systemWho(`job:${job.id}`))
  return [
    {
      name: 'log.add-months', everyMs: 12 * hour,
      async handle(job) {
        await kernel.system.transact(systemWho(`job:${job.id}`), (tx) => tx(addMonths())) // tables, not rows: there is no state to tell of
      },
    },
    {
      name: 'log.trim', everyMs: 6 * hour,
      async handle(job, signal) {
        const ctx = ctxOf(job)
        const [tenants] = await ctx.read(listRetentions(retentionDays, platformId))
        for (const { tenantId, days, before } of tenants)
          for (let events = portion; events === portion && !signal.aborted; )
            events = await ctx.happen(async (tx) => {
              const [gone] = await tx(forgetEvents(tenantId, before, portion))
              const n = gone?.events ?? 0
              return { happened: n ? [{ name: 'log.trimmed', subject: tenantId, data: { tenantId, events: n, before, days } }] : [], result: n }
            })
      },
    },
    {
      name: 'records.sweep', everyMs: hour,
      async handle(job) {
        await ctxOf(job).happen(async (tx) => {
          const [keys, jobs, parked, mails] = (await tx.run(sweepKeys(), sweepJobs(), sweepParked(), sweepMails())).map((r) => r.count) as [number, number, number, number]
          const happened = keys + jobs + parked + mails > 0
          return { happened: happened ? [{ name: 'records.swept', subject: platformId, data: { keys, jobs, parked, mails } }] : [], result: null }
        })
      },
    },
  ]
}
