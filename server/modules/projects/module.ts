import { module } from '../../kernel/module.ts'
import { projectEvents } from './events.ts'
import { projectScope } from './roles.ts'
import { projectRoutes } from './routes.ts'

export { projectEvents } from './events.ts'
export const projects = module({
  name: 'projects',
  about: 'Projects with columns of their own, open to the tenant or private to their members.',
  optional: { title: 'Projects', gives: 'Projects with columns and members of their own.' },
  meters: { projects: { per: 'level', unit: 'count', about: 'Projects that are not deleted.', added: ['project.created'], removed: ['project.deleted'] } },
  routes: projectRoutes,
  permissions: { 'projects.read': 'viewer', 'projects.write': 'member' },
  events: projectEvents,
  scopes: { project: projectScope },
})
