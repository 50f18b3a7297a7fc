import { module } from '../../kernel/module.ts'

export const workflows = module({ name: 'workflows', about: 'Graphs of triggers, actions, conditions and data that run durably, step by step.' })
