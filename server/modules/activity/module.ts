import type { Kernel } from '../../kernel/kernel.ts'
import { module } from '../../kernel/module.ts'
import { activityRoutes } from './routes.ts'
import { createActivity } from './service.ts'

export const createActivityModule = (kernel: Pick<Kernel, 'registry' | 'open'>) =>
  module({
    name: 'activity', about: 'The feed, usage and the audit trail, straight from the log.',
    routes: activityRoutes(createActivity(kernel)), permissions: { 'activity.read': 'viewer', 'events.read': 'admin' },
  })
