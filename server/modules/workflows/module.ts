import { module, type Module, type ScopeRule } from '../../kernel/module.ts'
import { Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { runEvents } from './engine/events.ts'
import { holdRuns } from './engine/holding.ts'
import { workflowEvents } from './events.ts'
import { workflowRoutes } from './routes.ts'
import { createWorkflows, usualWorkflowLimits, type WorkflowOptions } from './workflows.ts'

export { workflowEvents, runEvents, usualWorkflowLimits }

const Seen = Type.Object({ seen: Type.Boolean() })
const seesWorkflow = statement('workflows.seen', Seen, (id: string) => sql`select true as seen from workflows where id = ${id}`)
const seesRun = statement('runs.seen', Seen, (id: string) => sql`select true as seen from runs where id = ${id}`)
/** Members see that there are workflows and runs, and where they stand; values are judged where they are shown. */
const rule = (query: typeof seesRun): ScopeRule => async (viewer, id) => (viewer.role ? (await viewer.read(query(id)))[0].length > 0 : false)

export function createWorkflowModule(o: WorkflowOptions): Module {
  const workflows = createWorkflows(o)
  return module({
    name: 'workflows', optional: { title: 'Workflows', gives: 'What happens by itself: on events, schedules, webhooks and letters.' }, about: 'Durable workflows of five primitives: drawn, tested, published as immutable versions, begun by events, schedules, webhooks, people and the API.',
    routes: workflowRoutes(workflows), events: { ...workflowEvents, ...runEvents }, switched: holdRuns, readers: workflows.readers(), jobs: workflows.jobs, permissions: { 'workflows.read': 'viewer', 'workflows.write': 'member', 'approvals.decide': 'member' },
    meters: { runs: { per: 'month', unit: 'count', about: 'Runs begun in a month (UTC), those of other runs included. What an event, a schedule or a webhook begins beyond the limit is parked.', added: ['run.started', 'run.admitted'], removed: ['run.parked'] } },
    mount: (app) => workflows.hooks.mount(app), letterBox: workflows.letterBox, scopes: { workflow: rule(seesWorkflow), run: rule(seesRun) }, open: workflows.open, notes: workflows.notes,
  })
}
