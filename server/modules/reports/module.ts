import { module } from '../../kernel/module.ts'
import { reportRoutes } from './routes.ts'

export const reports = module({ name: 'reports', optional: { title: 'Reports', gives: 'How much work there is and how it moves.' }, about: 'Counts of tasks, as they are and as they came about.', routes: reportRoutes, permissions: { 'reports.read': 'viewer' } })
