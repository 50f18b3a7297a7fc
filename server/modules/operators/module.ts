import type { Kernel } from '../../kernel/kernel.ts'
import { module } from '../../kernel/module.ts'
import type { Reader } from '../../kernel/readers.ts'
import { operatorEvents } from './events.ts'
import { createReaderDesk } from './readers.ts'
import { operatorRoutes } from './routes.ts'
import { createSchedules } from './schedules.ts'
import { createDesk } from './service.ts'

export { operatorEvents }
/** @param readers of all modules, known once they are all made @param retentionDays EVENT_RETENTION_DAYS */
export const createOperators = ({ kernel, readers, retentionDays }: { kernel: Kernel; readers: () => readonly Reader[]; retentionDays: number }) =>
  module({
    name: 'operators', about: 'Readers, jobs and mails, for the platform\'s own people; and what the machinery does for itself.',
    routes: operatorRoutes(createReaderDesk(kernel, readers), createDesk(kernel)), jobs: createSchedules(kernel, retentionDays), events: operatorEvents,
  })
