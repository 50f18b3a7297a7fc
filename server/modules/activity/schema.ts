import { LoggedEvent } from '../../kernel/log.ts'
import { Range } from '../../kernel/range.ts'
import { Id, listOf, Nullable, Page, Strict, Text, Type, type Static } from '../../kernel/schema.ts'

const About = { projectId: Type.Optional(Id), taskId: Type.Optional(Id), userId: Type.Optional({ ...Id, description: 'who did it' }) }
export const ActivityQuery = Strict({ ...Page, ...About, runId: Type.Optional({ ...Id, description: 'what this run of a workflow did' }), eventId: Type.Optional({ ...Id, description: 'this event alone, such as the cause of another' }) })
export type ActivityQuery = Static<typeof ActivityQuery>

const { actor: _, ...told } = LoggedEvent.properties
/** An event with the names of today, for people to read. */
export const ActivityEvent = Type.Object(
  {
    ...told,
    actor: Type.Object({ type: Type.String(), id: Nullable(Id), name: Nullable(Type.String()) }),
    task: Nullable(Type.Object({ id: Id, ref: Type.String(), title: Type.String(), deleted: Type.Boolean() }, { description: 'the task it is about, as it is now' })),
  },
  { $id: 'ActivityEvent' },
)
export type ActivityEvent = Static<typeof ActivityEvent>
export const ActivityList = listOf(ActivityEvent, 'ActivityList')

export const UsageQuery = Strict({ ...About, ...Range })
export type UsageQuery = Static<typeof UsageQuery>
export const Usage = Type.Object(
  {
    from: Type.String(), to: Type.String(), total: Type.Integer(),
    days: Type.Array(Type.Object({ day: Type.String(), count: Type.Integer() })), names: Type.Array(Type.Object({ name: Type.String(), count: Type.Integer() })),
    people: Type.Array(Type.Object({ userId: Id, count: Type.Integer() })),
  },
  { $id: 'Usage', description: 'Events a day, by name and by person; days without any are left out.' },
)
export type Usage = Static<typeof Usage>

/** `limit` without a default: JSON answers 50, CSV as much as one file may hold. */
export const LogQuery = Strict({
  after: Page.after, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: '50; for CSV 10,000' })),
  name: Type.Optional(Text(1, 80, { pattern: '^[a-z][a-z.-]*$' })), subjectId: Type.Optional(Id), actorId: Type.Optional(Id), ...Range,
})
export type LogQuery = Static<typeof LogQuery>
export const EventList = listOf(LoggedEvent, 'EventList')
