// What is wished for a task, and what becomes of it: the one place where an edit, a move, a bulk change and an undo are judged and turned into
// the task's next row and the events that tell of it.
import type { Tx } from '../../kernel/db.ts'
import { refuse, refuseField } from '../../kernel/errors.ts'
import type { Happened } from '../../kernel/db.ts'
import type { Query } from '../../kernel/sql.ts'
import { allocateNumber, judgeRole, requireActive, roleIn, shareColumns, type Board } from '../projects/api.ts'
import type { TaskEventName } from './events.ts'
import { columnOf, judgeLimit, judgeNeighbours, rankAt, standsAt } from './places.ts'
import {
  findBoards, findParents, findPeople, findPlaces, findWithSubtasks, lockLimits, lockTasks, placeTask, saveTask,
  type Aim, type LockedTask, type Parent, type PersonInProject, type Place,
} from './queries.ts'
import { toTask, type Fields, type Task, type TaskRow } from './schema.ts'

export type TaskHappened = Happened<TaskEventName>
/** Absent stays. `position` is a rank that is known already (undo). */
export type Wish = {
  title?: string; description?: string | null; priority?: TaskRow['priority']; labels?: readonly string[]; addLabels?: readonly string[]; removeLabels?: readonly string[]
  dueAt?: string | null; parentId?: string | null; fields?: Fields; mergeFields?: Record<string, Fields[string] | null>
  assigneeId?: string | null; status?: string; place?: boolean; position?: string
}
/** The state of the board as far as some wishes need it, under lock. */
export type Facts = { tasks: LockedTask[]; boards: Map<string, Board>; places: Map<string, Place>; people: PersonInProject[]; parents: Map<string, Parent>; withSubtasks: Set<string>; number?: Numbered }
/** The next number of the project's tasks, and the time of the change. */
type Numbered = { last: number; now: string }
type Needs = { aim: Aim; place: boolean; people: readonly string[]; parents: readonly string[] }

export const aimAt = (ids: readonly string[], more: Partial<Aim> = {}): Aim => ({ ids, project: null, status: null, before: null, after: null, ...more })

/** Locks the tasks, or takes a number for a new one, and reads what judging takes: one flush. The number comes last, as in create_task(): locks are taken in one order. */
export async function gather(tx: Tx, { aim, place, people, parents }: Needs): Promise<Facts> {
  const isNew = aim.project !== null
  const queries: Query[] = [isNew ? shareColumns(aim.project!) : lockTasks(aim.ids)]
  queries.push(findBoards(tx, aim))
  if (place) queries.push(lockLimits(aim), findPlaces(aim))
  if (people.length) queries.push(findPeople(people, aim))
  if (parents.length) queries.push(findParents(parents), findWithSubtasks(aim.ids))
  if (isNew) queries.push(allocateNumber(aim.project!))
  const answers: unknown[][] = await tx.run(...queries)
  const number = isNew ? (answers.pop() as Numbered[])[0] : undefined
  const take = <Row>() => answers.shift() as Row[]
  const byId = <Row extends { id: string }>(rows: Row[]) => new Map(rows.map((row) => [row.id, row]))
  const tasks = isNew ? (take(), []) : take<LockedTask>()
  const boards = byId(take<Board>())
  if (place) take()
  const places = new Map((place ? take<Place>() : []).map((row) => [row.projectId, row]))
  return {
    tasks, boards, places, people: people.length ? take<PersonInProject>() : [],
    parents: byId(parents.length ? take<Parent>() : []), withSubtasks: new Set((parents.length ? take<{ id: string }>() : []).map(({ id }) => id)), ...(number ? { number } : {}),
  }
}

/** The task's board, with the asker's right to write in it. @throws 404, 403, project.archived */
export function boardToWrite(tx: Tx, boards: Facts['boards'], task: { projectId: string } | undefined): Board {
  const board = task && boards.get(task.projectId)
  judgeRole(tx, board, 'editor', 'task')
  requireActive(board!)
  return board!
}

/** @throws 422 at `path` when they are not of the tenant, or cannot see the project */
export function judgeAssignee(people: readonly PersonInProject[], projectId: string, userId: string, path = '/assigneeId'): void {
  const person = people.find((p) => p.userId === userId && p.projectId === projectId)
  if (!person) refuseField(path, 'is no member of the tenant')
  if (!roleIn({ role: person.tenantRole, actor: { type: 'user', id: userId } }, person)) refuseField(path, 'cannot see the project: add them to it first')
}

const mostSubtasks = 100
/** One level: a subtask has none of its own. @throws 422 at `path` */
export function judgeParent(facts: Pick<Facts, 'parents' | 'withSubtasks'>, projectId: string, id: string | null, parentId: string, path = '/parentId'): void {
  const parent = facts.parents.get(parentId)
  if (!parent || parent.projectId !== projectId) refuseField(path, 'is no task of the same project')
  if (parentId === id) refuseField(path, 'is the task itself')
  if (parent.isSubtask) refuseField(path, 'is a subtask: subtasks have one level')
  if (id && facts.withSubtasks.has(id)) refuseField(path, 'cannot be set: the task has subtasks of its own')
  if (parent.subtasks >= mostSubtasks) refuseField(path, `has ${mostSubtasks} subtasks already`)
}

/** Trimmed, each once whatever its case. */
export function normalizeLabels(labels: readonly string[], path = '/labels'): string[] {
  const kept = new Map<string, string>()
  for (const label of labels.map((text) => text.normalize('NFC').trim().replace(/\s+/g, ' '))) if (label && !kept.has(label.toLowerCase())) kept.set(label.toLowerCase(), label)
  if (kept.size > 20) refuseField(path, 'has more than 20 labels')
  return [...kept.values()]
}
const without = (labels: readonly string[], gone: readonly string[] = []) => labels.filter((label) => !gone.some((other) => other.trim().toLowerCase() === label.toLowerCase()))

/** As the database gives it back: UTC, six digits. @throws 422 for a year that no plan reaches */
export function dueTime(time: string, path = '/dueAt'): string {
  const year = new Date(time).getUTCFullYear()
  if (!(year >= 1970 && year <= 9998)) refuseField(path, 'must lie between 1970 and 9998')
  const micros = Math.round(Number(`0${/\.\d+/.exec(time)?.[0] ?? ''}`) * 1e6)
  const second = new Date(Date.parse(time.replace(/\.\d+/, '')) + (micros >= 1e6 ? 1000 : 0))
  return `${second.toISOString().slice(0, 19)}.${String(micros % 1e6).padStart(6, '0')}Z`
}

const edited = ['title', 'description', 'priority', 'labels', 'dueAt', 'parentId', 'fields'] as const
const same = (field: (typeof edited)[number], a: TaskRow, b: TaskRow) => JSON.stringify(a[field]) === JSON.stringify(b[field])

function fieldsOf(task: TaskRow, wish: Wish): Record<string, unknown> {
  if (wish.fields) return wish.fields
  if (!wish.mergeFields) return task.fields
  const fields = Object.fromEntries(Object.entries({ ...task.fields, ...wish.mergeFields }).filter(([, value]) => value !== null))
  if (Object.keys(fields).length > 50) refuseField('/fields', 'has more than 50 fields')
  return fields
}

/** Judges one wish and schedules its row. @param prefix stands before the paths of refusals @param statusIn where the column was named @returns the task as it will be, and what happened; nothing when all was so already */
export function fulfil(tx: Tx, facts: Facts, aim: Aim, task: LockedTask, wish: Wish, { coming = 1, rank, undoes = {}, prefix = '', statusIn = 'body' }: { coming?: number; rank?: string; undoes?: Partial<Record<TaskEventName, string>>; prefix?: string; statusIn?: 'body' | 'query' } = {}): { task: Task; happened: TaskHappened[] } {
  const board = boardToWrite(tx, facts.boards, task)
  const { deletedAt, now, shares, ...row } = task
  const labels = wish.labels ?? row.labels
  const next: TaskRow = {
    ...row, title: wish.title?.trim() ?? row.title, description: wish.description === undefined ? row.description : wish.description, priority: wish.priority ?? row.priority,
    labels: wish.labels || wish.addLabels || wish.removeLabels ? normalizeLabels([...without(labels, wish.removeLabels), ...(wish.addLabels ?? [])], `${prefix}/labels`) : row.labels,
    dueAt: wish.dueAt === undefined ? row.dueAt : wish.dueAt && dueTime(wish.dueAt, `${prefix}/dueAt`), parentId: wish.parentId === undefined ? row.parentId : wish.parentId, fields: fieldsOf(row, wish),
    assigneeId: wish.assigneeId === undefined ? row.assigneeId : wish.assigneeId,
  }
  if (next.assigneeId && next.assigneeId !== row.assigneeId) judgeAssignee(facts.people, row.projectId, next.assigneeId, `${prefix}/assigneeId`)
  if (next.parentId && next.parentId !== row.parentId) judgeParent(facts, row.projectId, row.id, next.parentId, `${prefix}/parentId`)

  const happened: TaskHappened[] = []
  const about = { subject: row.id }
  const taken = (name: TaskEventName) => (undoes[name] ? { undoes: undoes[name] } : {})
  const fields = edited.filter((field) => !same(field, row, next))
  if (fields.length) {
    const pick = (of: TaskRow) => Object.fromEntries(fields.map((field) => [field, of[field]]))
    happened.push({ ...about, name: 'task.changed', data: { projectId: row.projectId, fields: [...fields], from: pick(row), to: pick(next), ...taken('task.changed') } })
  }
  if (next.assigneeId !== row.assigneeId) {
    happened.push({ ...about, name: 'task.assigned', person: next.assigneeId, data: { projectId: row.projectId, from: row.assigneeId, to: next.assigneeId, ...taken('task.assigned') } })
  }
  let overLimit: boolean | undefined
  const place = wish.status !== undefined || wish.place ? facts.places.get(row.projectId) : undefined
  if (place) judgeNeighbours(place, aim)
  if (place && (wish.position !== undefined ? wish.status !== row.status || wish.position !== row.position : !standsAt(task, place))) {
    const column = columnOf(board, place.status!, `${prefix}/status`, statusIn)
    if (column.id !== row.status) overLimit = judgeLimit(board, column, place.taken, coming)
    next.status = column.id
    next.position = wish.position ?? rank ?? rankAt(place)
    const categoryOf = (id: string) => board.columns.find((c) => c.id === id)?.category ?? null
    happened.push({
      ...about, name: 'task.moved',
      data: { projectId: row.projectId, from: row.status, to: next.status, fromCategory: categoryOf(row.status), toCategory: column.category, fromPosition: row.position, position: next.position, ...taken('task.moved') },
    })
  } else if (place) columnOf(board, place.status!, `${prefix}/status`, statusIn)
  if (!happened.length) return { task: toTask(row, board.key), happened }
  tx.later(happened.length === 1 && happened[0]!.name === 'task.moved' ? placeTask(next) : saveTask(next))
  const answer = toTask({ ...next, version: row.version + 1, updatedAt: now }, board.key)
  return { task: overLimit === undefined ? answer : { ...answer, overLimit }, happened }
}

/** Those of `ids` that the asker sees, in that order. @throws task.not_found naming the first that is missing */
export function allOf(tx: Tx, facts: Facts, ids: readonly string[]): LockedTask[] {
  const byId = new Map(facts.tasks.map((task) => [task.id, task]))
  return ids.map((id) => {
    const task = byId.get(id.toLowerCase())
    if (!task || task.deletedAt !== null) refuse('task.not_found', `no such task, or not visible: ${id}`)
    judgeRole(tx, facts.boards.get(task.projectId), 'viewer', 'task')
    return task
  })
}
