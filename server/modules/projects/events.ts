// What happens to projects. `projectId` governs who may read it; names and descriptions are what people wrote, so they are sealed.
import { event, Sealed, type PayloadsOf } from '../../kernel/events.ts'
import { Id, Nullable, Strict, Type } from '../../kernel/schema.ts'
import { ColumnSchema, ProjectRole, Visibility } from './schema.ts'

const scope = { scope: 'projectId' }
const Values = Type.Record(Type.String(), Type.Unknown())

export const projectEvents = {
  'project.created': event(Strict({ projectId: Id, key: Type.String(), name: Sealed(Type.String()), visibility: Visibility, columns: Type.Array(ColumnSchema) }), scope),
  'project.changed': event(
    Strict({ projectId: Id, fields: Type.Array(Type.String()), columns: Type.Optional(Type.Array(ColumnSchema)), from: Sealed(Values), to: Sealed(Values) }),
    { ...scope, about: '`fields` names what changed, `columns` are the new ones when they did' },
  ),
  'project.archived': event(Strict({ projectId: Id }), scope),
  'project.deleted': event(Strict({ projectId: Id, key: Type.String(), name: Sealed(Type.String()), tasks: Type.Integer() }), { ...scope, about: 'its tasks go with it, without events of their own' }),
  'project-member.added': event(Strict({ projectId: Id, userId: Id, role: ProjectRole }), { ...scope, subject: 'project-member', about: 'the subject is the person' }),
  'project-member.changed': event(Strict({ projectId: Id, userId: Id, role: ProjectRole, from: ProjectRole }), { ...scope, subject: 'project-member' }),
  'project-member.removed': event(Strict({ projectId: Id, userId: Id, from: Nullable(ProjectRole) }), { ...scope, subject: 'project-member' }),
}
export type ProjectEventName = keyof typeof projectEvents
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof projectEvents> {}
}
