// What follows when a module is switched on or off for a tenant: jobs that wait are held or let go, and modules do the same with what is under way.
// One at a time for a tenant and by the tables themselves, so whoever comes last leaves what holds now.
import { addJob, freeJobs, holdJobs, type JobHandler } from '../../kernel/jobs.ts'
import { platformId } from '../../kernel/ids.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Module } from '../../kernel/module.ts'
import { systemWho } from '../../kernel/readers.ts'
import { offOf, type Switches } from '../../kernel/switches.ts'
import { listHeld, listHolders, lockSwitches } from './queries.ts'

/** Queued in the transaction of the change: of a tenant under its id, of a plan under the platform's. */
export const switchJob = 'plans.switch'

export function createSwitching({ kernel, modules }: { kernel: Pick<Kernel, 'system'>; modules: () => readonly Module[] }): { settle: Switches['settle']; job: JobHandler } {
  const settle: Switches['settle'] = (tenant, also) =>
    kernel.system.transact(systemWho(switchJob), async (tx) => {
      const [, [held]] = await tx.run(lockSwitches(tenant), listHeld([tenant]))
      const off = offOf(modules(), held?.modules ?? {})
      for (const { name, optional, jobs = [], switched } of modules()) {
        if (!optional) continue
        const names = jobs.map((job) => job.name)
        if (names.length) await tx(off.has(name) ? holdJobs(tenant, names) : freeJobs(tenant, names))
        await switched?.(tx, tenant, !off.has(name))
      }
      await also?.(tx, off)
      return off
    })
  return {
    settle,
    job: {
      name: switchJob,
      /** Of a plan: a job for each tenant that has it, so that neither their number nor a stop in between uses up the tries. */
      async handle({ tenant_id: tenant, data, request_id: request }) {
        if (tenant !== platformId) return void (await settle(tenant))
        const [holders] = await kernel.system.context(systemWho(switchJob)).read(listHolders((data as { plan: string }).plan))
        for (let n = 0; n < holders.length; n += 500) await kernel.system.flush(systemWho(switchJob), ...holders.slice(n, n + 500).map(({ tenantId }) => addJob({ tenant: tenantId, request: request ?? switchJob }, { name: switchJob })))
      },
    },
  }
}
