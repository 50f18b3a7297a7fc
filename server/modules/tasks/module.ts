import type { Kernel } from '../../kernel/kernel.ts'
import { module } from '../../kernel/module.ts'
import { taskEvents } from './events.ts'
import { createPurge } from './purge.ts'
import { createTaskRoutes } from './routes.ts'
import { taskScope } from './service.ts'

export { taskEvents } from './events.ts'
export const createTasks = (kernel: Pick<Kernel, 'open' | 'system'>) =>
  module({
    name: 'tasks', optional: { title: 'Tasks', gives: 'Boards, tasks with comments and watchers, search.' }, needs: ['projects'],
    about: 'Tasks on boards: moves that converge, comments, watchers, bulk changes, undo and search.',
    routes: createTaskRoutes(kernel.open),
    jobs: [createPurge(kernel)],
    permissions: { 'tasks.read': 'viewer', 'tasks.write': 'member' },
    events: taskEvents,
    scopes: { task: taskScope },
  })
