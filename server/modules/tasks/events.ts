// What happens to tasks and to what hangs on them. `projectId` governs who may read it; what people wrote is sealed.
// `undoes` names the event that this one takes back.
import { event, Sealed, type PayloadsOf } from '../../kernel/events.ts'
import { Id, Nullable, Strict, Type } from '../../kernel/schema.ts'

const scope = { scope: 'projectId' }
const onTask = { ...scope, parent: 'taskId' }
const Values = Type.Record(Type.String(), Type.Unknown())
const Category = Type.Enum(['todo', 'doing', 'done'])
const Place = { status: Type.String(), category: Category, position: Type.String() }
const undoes = Type.Optional(Id)

export const taskEvents = {
  'task.created': event(Strict({ projectId: Id, ref: Type.String(), title: Sealed(Type.String()), ...Place, priority: Type.String(), assigneeId: Nullable(Id), parentId: Nullable(Id) }), scope),
  'task.changed': event(Strict({ projectId: Id, fields: Type.Array(Type.String()), from: Sealed(Values), to: Sealed(Values), undoes }), { ...scope, about: '`fields` names what changed; a move and an assignee have events of their own' }),
  'task.moved': event(
    Strict({ projectId: Id, from: Type.String(), to: Type.String(), fromCategory: Nullable(Category), toCategory: Category, fromPosition: Type.String(), position: Type.String(), undoes }),
    { ...scope, about: '`from` and `to` are columns, the categories as they were then; `position` is a rank, compared as bytes' },
  ),
  'task.assigned': event(Strict({ projectId: Id, from: Nullable(Id), to: Nullable(Id), undoes }), { ...scope, about: 'it is the new assignee\'s; `to` is null when nobody is' }),
  'task.deleted': event(Strict({ projectId: Id, ...Place, category: Nullable(Category), with: Nullable(Id) }), { ...scope, about: '`with` is the task that took this one, its subtask, along' }),
  'task.purged': event(Strict({ projectId: Id, tasks: Type.Array(Id) }), { ...scope, subject: 'project', about: 'tasks deleted 30 days before went for good, with their subtasks and comments; a portion of a project\'s at once' }),
  'project.purged': event(Strict({ projectId: Id }), { audience: 'admins', subject: 'project', about: 'a project deleted 30 days before went for good' }),
  'task.restored': event(Strict({ projectId: Id, ...Place, undoes: Id }), scope),
  'column.rebalanced': event(Strict({ projectId: Id, columnId: Type.String(), positions: Type.Record(Type.String(), Type.String()) }), { ...scope, subject: 'project', about: 'new ranks of all tasks of a column, in the same order' }),
  'comment.added': event(Strict({ projectId: Id, taskId: Id, text: Sealed(Type.String()), mentions: Type.Array(Id) }), onTask),
  'comment.changed': event(Strict({ projectId: Id, taskId: Id, from: Sealed(Type.String()), text: Sealed(Type.String()), mentions: Type.Array(Id) }), { ...onTask, about: '`mentions` are those who were not mentioned before' }),
  'comment.deleted': event(Strict({ projectId: Id, taskId: Id }), onTask),
  'watcher.added': event(Strict({ projectId: Id, taskId: Id, userId: Id }), { ...onTask, about: 'the subject is the person' }),
  'watcher.removed': event(Strict({ projectId: Id, taskId: Id, userId: Id }), onTask),
}
export type TaskEventName = keyof typeof taskEvents
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof taskEvents> {}
}
