import { Range } from '../../kernel/range.ts'
import { Id, Nullable, Strict, Time, Type, type Static, type TSchema } from '../../kernel/schema.ts'

export const ReportQuery = Strict({ projectId: Type.Optional({ ...Id, description: 'absent: all projects the caller sees' }), ...Range })
export type ReportQuery = Static<typeof ReportQuery>

const Category = Type.Enum(['todo', 'doing', 'done'])
/** A report is a list that is never cut into pages. */
const report = <S extends TSchema, M extends Record<string, TSchema> = {}>(item: S, id: string, description: string, more: M = {} as M) =>
  Type.Object({ items: Type.Array(item), next: Type.Null(), ...more }, { $id: id, description })

export const Progress = report(
  Type.Object({
    projectId: Id, key: Type.String(), name: Type.String(), total: Type.Integer(), done: Type.Integer(), percent: Type.Integer(),
    columns: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), category: Category, count: Type.Integer() })),
  }), 'ProgressReport', 'Tasks by column, now.')
export const Throughput = report(Type.Object({ day: Type.String(), created: Type.Integer(), done: Type.Integer() }), 'ThroughputReport', 'Tasks made, and tasks that came into a column of category done, by day (UTC).')
export const CycleTime = report(
  Type.Object({ taskId: Id, ref: Type.String(), title: Type.String(), hours: Type.Number(), startedAt: Time, doneAt: Time }), 'CycleTimeReport',
  'From the first column of category doing, else from the making, until done; for tasks that became done in the span.', { medianHours: Nullable(Type.Number()), p85Hours: Nullable(Type.Number()) })
export const Overdue = report(
  Type.Object({ taskId: Id, projectId: Id, ref: Type.String(), title: Type.String(), dueAt: Time, assigneeId: Nullable(Id), daysLate: Type.Integer() }), 'OverdueReport',
  'Tasks that are late and not done, now; the latest 500.', { total: Type.Integer() })
export const Workload = report(
  Type.Object({ userId: Nullable(Id), name: Nullable(Type.String()), todo: Type.Integer(), doing: Type.Integer(), done: Type.Integer(), overdue: Type.Integer() }), 'WorkloadReport',
  'Open tasks by assignee, now, and those that became done in the span.')
export const BurnDown = report(Type.Object({ day: Type.String(), open: Type.Integer(), ideal: Type.Number() }), 'BurnDownReport', 'Tasks that were not done at the end of each day (UTC); `ideal` goes evenly to none at the span\'s end.')
