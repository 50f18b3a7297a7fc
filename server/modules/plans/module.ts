// Plans, what is used of them, and the limits. `plans` is made first, since the doors of tenants and the HTTP server ask it.
import type { Kernel } from '../../kernel/kernel.ts'
import { module, type Module } from '../../kernel/module.ts'
import { systemWho } from '../../kernel/readers.ts'
import { createCalls } from './calls.ts'
import { planEvents } from './events.ts'
import { forgetCalls, setUnlimited } from './queries.ts'
import { meterReader } from './readers.ts'
import { planRoutes, usageRoutes } from './routes.ts'
import { createPlans } from './service.ts'
import { createSwitching } from './switching.ts'
import { createUsage, type Meters } from './usage.ts'

export { planEvents }
export type PlanDesk = ReturnType<typeof openPlans>

/** @param perMinute calls of one tenant in all processes, 0 without limit @param modules of the running system, known once all are made; stop() tells what is still to be told */
export function openPlans({ kernel, multiTenant, perMinute, modules, tellCallsMs = 10_000 }: { kernel: Kernel; multiTenant: boolean; perMinute: number; modules: () => readonly Module[]; tellCallsMs?: number }) {
  const plans = createPlans({ kernel, optional: () => modules().filter((m) => m.optional) })
  const meters = (): Meters => Object.assign({}, ...modules().map((m) => m.meters ?? {}))
  const calls = createCalls({ system: kernel.system, everyMs: tellCallsMs, perMinute, take: kernel.bus.take, onError: (error) => kernel.log.error({ module: 'plans', error: String(error) }, 'calls could not be counted') })
  return {
    plans, calls, meters, switching: createSwitching({ kernel, modules }), usage: createUsage({ kernel, plans, meters }),
    /** One tenant for all has no limits. */
    prepare: () => kernel.system.flush(systemWho('plans'), setUnlimited(!multiTenant)),
  }
}

/** @param others the modules before this one, whose meters it reads */
export function createPlanModule({ kernel, desk, multiTenant, others }: { kernel: Kernel; desk: PlanDesk; multiTenant: boolean; others: readonly Module[] }): Module {
  const meters: Module['meters'] = {
    calls: { per: 'day', unit: 'count', about: 'Answers of the API to this tenant, a day (UTC).', added: ['usage.counted'], amount: 'count' },
    storage: { per: 'level', unit: 'bytes', about: 'Kept content: values of runs above 16 KB, what came to webhooks and mail addresses, the logo. It goes with its run, after the days it is kept, or when it is replaced.', added: ['storage.kept'], removed: ['storage.freed'], amount: 'bytes' },
  }
  return module({
    name: 'plans', about: 'Plans with limits, what a tenant uses of them, and the events behind each figure', routes: [...(multiTenant ? planRoutes(desk.plans) : []), ...usageRoutes(desk.usage)], events: planEvents, permissions: { 'usage.read': 'admin' },
    meters, readers: [meterReader(Object.assign({}, meters, ...others.map((m) => m.meters ?? {})))], hear: desk.calls.hear,
    jobs: [desk.switching.job, { name: 'plans.forget-calls', everyMs: 86_400_000, handle: async () => void (await kernel.system.flush(systemWho('plans'), forgetCalls())) }],
  })
}
