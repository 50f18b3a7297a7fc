// What happens to runs. Values of steps stay in the tables of the run: the log tells where a run stands, not what people wrote.
import { event, type PayloadsOf } from '../../../kernel/events.ts'
import { Id, Nullable, Strict, Type } from '../../../kernel/schema.ts'

const of = { workflowId: Id, version: Type.Integer() }
const onRun = { subject: 'run', parent: 'workflowId' }
const Waits = Type.Array(Strict({ key: Type.String(), kind: Type.String(), until: Nullable(Type.String()) }))

export const runEvents = {
  'run.started': event(Strict({ ...of, entry: Nullable(Type.String()), parentRunId: Nullable(Id), scheduleId: Nullable(Id) }), { ...onRun, about: 'written with the run, in the transaction of whatever began it' }),
  'run.advanced': event(Strict({ workflowId: Id, steps: Type.Array(Strict({ key: Type.String(), node: Type.String(), kind: Type.String(), state: Type.String(), attempt: Type.Integer() })) }), {
    ...onRun, about: 'what was recorded at once of one run; a note is a node that was skipped or decided',
  }),
  'run.waiting': event(Strict({ ...of, waits: Waits }), { ...onRun, about: 'nothing goes on before one of `waits` does' }),
  'run.parked': event(Strict(of), { ...onRun, about: 'begun by an event, a schedule or a webhook beyond the plan\'s runs of the month: it waits, paused, and goes on when there is room' }),
  'run.admitted': event(Strict(of), { ...onRun, about: 'a parked run is counted and goes on' }),
  'run.paused': event(Strict(of), onRun),
  'run.resumed': event(Strict(of), onRun),
  'run.retried': event(Strict({ ...of, fromNode: Nullable(Type.String()) }), onRun),
  'run.completed': event(Strict(of), onRun),
  'run.failed': event(Strict({ ...of, key: Nullable(Type.String()), code: Type.String() }), { ...onRun, about: '`key` is the node that failed; its message stands in the run' }),
  'run.cancelled': event(Strict(of), onRun),
  'pause.requested': event(Strict(of), { ...onRun, about: 'steps in flight finish first; run.paused follows' }),
  'cancellation.requested': event(Strict({ ...of, runs: Type.Integer() }), { ...onRun, about: '`runs` counts the run and those below it; run.cancelled follows for each' }),
  'signal.received': event(Strict({ ...of, name: Type.String() }), { ...onRun, about: 'the run takes it when it comes to a wait of that name' }),
  'schedule.set': event(Strict({ workflowId: Id, nextAt: Nullable(Type.String()) }), { subject: 'schedule', parent: 'workflowId' }),
  'runs.trimmed': event(Strict({ runs: Type.Integer(), before: Type.String(), days: Type.Integer() }), { subject: 'tenant', audience: 'admins', about: 'retention; a portion each, with all that hung on the runs' }),
  'schedule.removed': event(Strict({ workflowId: Id }), { subject: 'schedule', parent: 'workflowId' }),
}
declare module '../../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof runEvents> {}
}
