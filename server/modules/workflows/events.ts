// What happens to workflows, their approvals and their inbox; runs have events of their own (engine/events.ts). Names people wrote are sealed.
import { event, Sealed, type PayloadsOf } from '../../kernel/events.ts'
import { Id, Nullable, Strict, Type } from '../../kernel/schema.ts'

const Name = Sealed(Type.String())
const inWorkflow = { parent: 'workflowId' }

export const workflowEvents = {
  'workflow.created': event(Strict({ name: Name })),
  'workflow.changed': event(Strict({ fields: Type.Array(Type.String()), name: Type.Optional(Name) }), { about: '`fields` names what changed of the draft' }),
  'workflow.published': event(Strict({ number: Type.Integer(), hash: Type.String(), note: Nullable(Sealed(Type.String())) }), { about: 'A new immutable version, active from now on.' }),
  'workflow.restored': event(Strict({ number: Type.Integer() }), { about: 'The draft is again what that version was.' }),
  'workflow.activated': event(Strict({ number: Type.Integer() })),
  'workflow.deactivated': event(Strict({ reason: Nullable(Type.String()) }), { about: 'Its triggers start nothing any more; `reason` when nobody asked for it, such as publisher_left.' }),
  'workflow.archived': event(Strict({})),
  'workflow.deleted': event(Strict({ name: Name })),
  'deployment.changed': event(Strict({ workflowId: Id, number: Type.Integer(), status: Type.String() }), { ...inWorkflow, about: 'Of a version: pending, deploying, active, failed, or superseded by a later one.' }),
  'workflow-test.saved': event(Strict({ workflowId: Id, runId: Id, name: Name }), { ...inWorkflow, about: 'A run is a test of its workflow from now on.' }),
  'workflow-test.deleted': event(Strict({ workflowId: Id }), inWorkflow),
  'trigger.changed': event(Strict({ workflowId: Id, node: Type.String(), what: Type.Enum(['token', 'secret']) }), inWorkflow),
  'trigger.refused': event(Strict({ workflowId: Id, node: Type.String(), code: Type.String() }), { ...inWorkflow, about: 'An event or request would have started a run and did not: the code says why.' }),
  'hook.received': event(Strict({ workflowId: Id, node: Type.String(), verified: Type.Boolean(), runId: Nullable(Id) }), { ...inWorkflow, about: 'A request came to a webhook trigger; headers and body stand in the inbox.' }),
  'approval.requested': event(Strict({ workflowId: Id, runId: Id, title: Sealed(Type.String()), role: Nullable(Type.String()) }), { parent: 'runId' }),
  'approval.escalated': event(Strict({ workflowId: Id, runId: Id, to: Type.String() }), { parent: 'runId' }),
  'approval.decided': event(Strict({ workflowId: Id, runId: Id, decision: Type.String() }), { parent: 'runId' }),
  'run.limited': event(Strict({ workflowId: Id, role: Type.String() }), { ...inWorkflow, about: 'A key began it: it may no more than the key could then.' }),
  'run.moved': event(Strict({ workflowId: Id, from: Type.Integer(), version: Type.Integer() }), { ...inWorkflow, about: 'It goes on with another version.' }),
}
export type WorkflowEventName = keyof typeof workflowEvents
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof workflowEvents> {}
}
