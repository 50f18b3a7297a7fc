// Operators acting with a person's rights, for a while and in both logs.
import type { Kernel } from '../../kernel/kernel.ts'
import { module, type Module } from '../../kernel/module.ts'
import { impersonationEvents } from './events.ts'
import { impersonationRoutes } from './routes.ts'
import { createImpersonations } from './service.ts'

export { impersonationEvents }
export function createImpersonation({ kernel }: { kernel: Pick<Kernel, 'system'> }): Module {
  const impersonations = createImpersonations(kernel)
  return module({
    name: 'impersonation', about: 'Operators acting with a person\'s rights, for a while and in both logs', routes: impersonationRoutes(impersonations), events: impersonationEvents,
    tokens: [impersonations.tokens], hear: impersonations.hear, jobs: [{ name: 'impersonation.sweep', everyMs: 60_000, handle: () => impersonations.sweep() }],
  })
}
