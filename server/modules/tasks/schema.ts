// What goes in and comes out of the task operations, and the rows behind them.
import { Id, listOf, Nullable, Page, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'

export const Priority = Type.Enum(['none', 'low', 'medium', 'high', 'urgent'])
const Title = Text(1, 300, { pattern: '\\S' })
const Description = Nullable(Text(0, 50_000))
const ColumnId = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,39}$', maxLength: 40, description: 'the id of a column of the project' })
const Labels = Type.Array(Text(1, 50, { pattern: '\\S' }), { maxItems: 20 })
const fieldName = '^[A-Za-z][A-Za-z0-9_]{0,39}$'
const fieldsOf = <S extends ReturnType<typeof Type.Union>>(value: S) => Type.Record(Type.String({ pattern: fieldName }), value, { additionalProperties: false, maxProperties: 50 })
const FieldValue = [Type.String({ maxLength: 500 }), Type.Number(), Type.Boolean()] as const
const Fields = fieldsOf(Type.Union([...FieldValue]))
const FieldsPatch = fieldsOf(Type.Union([...FieldValue, Type.Null()]))
export type Fields = Record<string, string | number | boolean>

const written = {
  title: Title, description: Description, assigneeId: Nullable(Id), priority: Priority, labels: Labels, dueAt: Nullable(Time), parentId: Nullable(Id), status: ColumnId,
}
const { title, ...more } = written
const optional = <P extends Record<string, Parameters<typeof Type.Optional>[0]>>(properties: P) =>
  Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, Type.Optional(schema)])) as { [K in keyof P]: ReturnType<typeof Type.Optional<P[K]>> }

export const CreateTask = Strict({ projectId: Id, title, ...optional(more), fields: Type.Optional(Fields) })
export type CreateTask = Static<typeof CreateTask>
export const PatchTask = Strict({ ...optional(written), fields: Type.Optional(FieldsPatch) })
export type PatchTask = Static<typeof PatchTask>
export const MoveQuery = Strict({ status: Type.Optional(ColumnId) })
export const MoveBody = Strict({
  status: Type.Optional(ColumnId),
  before: Type.Optional(Nullable({ ...Id, description: 'the task that comes to stand directly after it' })),
  after: Type.Optional(Nullable({ ...Id, description: 'the task that comes to stand directly before it' })),
})
export type MoveBody = Static<typeof MoveBody>
export const BulkBody = Strict({
  ids: Type.Array(Id, { minItems: 1, maxItems: 200 }),
  change: Type.Object(
    {
      ...optional({ status: ColumnId, assigneeId: written.assigneeId, priority: Priority, labels: Labels, dueAt: written.dueAt, parentId: written.parentId }),
      addLabels: Type.Optional(Labels), removeLabels: Type.Optional(Labels), deleted: Type.Optional(Type.Literal(true)),
    },
    { additionalProperties: false, minProperties: 1 },
  ),
})
export type BulkChange = Static<typeof BulkBody>['change']
export const UndoBody = Strict({ bulk: Type.Optional(Type.Boolean({ description: 'also of the other tasks that the same request changed' })) })

const TaskFields = {
  id: Id, projectId: Id, title: Type.String(), description: Nullable(Type.String()), status: Type.String(), position: Type.String(), assigneeId: Nullable(Id), priority: Priority,
  labels: Type.Array(Type.String()), fields: Type.Record(Type.String(), Type.Unknown()), dueAt: Nullable(Time), parentId: Nullable(Id), createdBy: Nullable(Id), version: Version, createdAt: Time, updatedAt: Time,
}
export const Task = Type.Object(
  {
    ...TaskFields, ref: Type.String(),
    overLimit: Type.Optional(Type.Boolean({ description: 'after a move: the column holds more than its limit' })),
    watching: Type.Optional(Type.Boolean({ description: 'of a task read alone: whether the caller watches it' })), commentCount: Type.Optional(Type.Integer()),
  },
  { $id: 'Task', description: '`position` is a rank: tasks of a column stand in the order of its bytes.' },
)
export type Task = Static<typeof Task>
export const TaskList = listOf(Task, 'TaskList')
export const BulkAnswer = Type.Object({ items: Type.Array(Task) }, { $id: 'BulkAnswer' })

/** As it stands in the table; `ref` needs the project's key. */
export const TaskRow = Type.Object({ ...TaskFields, number: Type.Integer() })
export type TaskRow = Static<typeof TaskRow>
export const toTask = ({ number, ...row }: TaskRow, key: string): Task => ({ ...row, ref: `${key}-${number}` })
export const ListedTask = Type.Object({ ...TaskFields, ref: Type.String() })
export const OneTask = Type.Object({ ...TaskFields, ref: Type.String(), watching: Type.Boolean(), commentCount: Type.Integer() })

/** Reading also works by ref, with a former key too. */
export const TaskByIdOrRef = Strict({ id: Type.String({ pattern: '^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[A-Za-z][A-Za-z0-9]{1,9}-[0-9]{1,9})$', description: 'id or ref' }) })

export const TaskQuery = Strict({
  ...Page,
  projectId: Type.Optional(Id), status: Type.Optional(ColumnId), priority: Type.Optional(Priority), label: Type.Optional(Text(1, 50)),
  assigneeId: Type.Optional(Type.String({ pattern: '^(none|me|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$', description: 'a person, `me`, or `none`' })),
  parentId: Type.Optional(Type.String({ pattern: '^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$', description: 'a task, or `none`' })),
  dueBefore: Type.Optional(Time), dueAfter: Type.Optional(Time),
  q: Type.Optional(Text(1, 200, { description: 'words of title and description' })),
  fields: Type.Optional(Type.String({ minLength: 2, maxLength: 2000, description: 'JSON object of custom fields that must have these values, such as {"customer": "ACME"}' })),
  sort: Type.Optional(Type.Enum(['-createdAt', 'createdAt', 'dueAt', 'position'], { description: 'dueAt: only those with a due date; position: needs projectId, column by column' })),
})
export type TaskQuery = Static<typeof TaskQuery>
export const SearchQuery = Strict({ ...Page, q: Text(1, 200, { pattern: '\\S' }) })

export const CommentText = Text(1, 20_000, { pattern: '\\S', description: 'mentions are written @[Name](user:id)' })
export const CommentBody = Strict({ text: CommentText })
export const CommentRow = Type.Object({ id: Id, taskId: Id, authorId: Nullable(Id), text: Type.String(), mentions: Type.Array(Id), version: Version, createdAt: Time, updatedAt: Time })
export const Comment = Type.Object(CommentRow.properties, { $id: 'Comment' })
export type Comment = Static<typeof Comment>
export const CommentList = listOf(Comment, 'CommentList')
