// The verbs about one task. A plain new task and a move are one flush: the database judges, writes and tells. It writes only what it is sure of; whatever
// it refuses, and all other verbs, take two flushes: one that locks and reads what judging needs, one that writes row, events and commit.
import { personOf, type Context } from '../../kernel/db.ts'
import { only, refuseField } from '../../kernel/errors.ts'
import { isId, newId } from '../../kernel/ids.ts'
import type { ScopeRule } from '../../kernel/module.ts'
import { checkVersion } from '../../kernel/route.ts'
import { judgeRole, requireActive } from '../projects/api.ts'
import type { TaskEventName } from './events.ts'
import { columnOf, judgeLimit, rankAt, withRoom } from './places.ts'
import { createJudged, deleteTasks, findBoards, findTask, findTaskByRef, insertTask, lockFamilies, moveJudged, type LockedTask } from './queries.ts'
import { toTask, type CreateTask, type MoveBody, type PatchTask, type Task, type TaskRow } from './schema.ts'
import { aimAt, boardToWrite, dueTime, fulfil, gather, judgeAssignee, judgeParent, normalizeLabels, type TaskHappened, type Wish } from './wishes.ts'

/** Stands at the end of its column, the first one of the board unless another is named. @throws project.not_found, task.wip_limit, 422 */
export async function createTask(ctx: Context, given: CreateTask): Promise<Task> {
  const { projectId, assigneeId = null, parentId = null } = given
  const aim = aimAt([], { project: projectId, status: given.status ?? null })
  const row = {
    id: newId(), projectId: projectId.toLowerCase(), title: given.title.trim(), description: given.description ?? null, assigneeId, priority: given.priority ?? 'none', labels: normalizeLabels(given.labels ?? []),
    fields: given.fields ?? {}, dueAt: given.dueAt ? dueTime(given.dueAt) : null, parentId, createdBy: personOf(ctx), version: 1,
  } satisfies Partial<TaskRow>
  if (!assigneeId && !parentId) {
    const { id, title, priority } = row
    const made = await ctx.change('task.created', { subject: id, data: { projectId: row.projectId, title, priority, assigneeId, parentId }, tells: createJudged(ctx, { ...row, status: aim.status }) })
    if (made) {
      const { key, exceeds, told, ...known } = made
      const task = toTask({ ...row, ...known, updatedAt: known.createdAt }, key)
      return exceeds ? { ...task, overLimit: true } : task
    }
  }
  return ctx.change('task.created', async (tx) => {
    const needs = { aim, place: true, people: assigneeId ? [assigneeId] : [], parents: parentId ? [parentId] : [] }
    const facts = await gather(tx, needs)
    const board = facts.boards.get(row.projectId)
    judgeRole(tx, board, 'editor')
    requireActive(board!)
    const place = facts.places.get(row.projectId)!
    const column = columnOf(board!, place.status!)
    if (assigneeId) judgeAssignee(facts.people, row.projectId, assigneeId)
    if (parentId) judgeParent(facts, row.projectId, null, parentId)
    const overLimit = judgeLimit(board!, column, place.taken)
    const { last, now } = facts.number!
    const task = toTask({ ...row, number: last, status: column.id, position: rankAt(place), createdAt: now, updatedAt: now }, board!.key)
    const { id, ref, title, status, position, priority } = task
    tx.later(insertTask({ ...task, number: last }))
    if (assigneeId) await tx.change('task.assigned', async () => ({ subject: id, person: assigneeId, data: { projectId: row.projectId, from: null, to: assigneeId }, result: null }))
    const data = { projectId: row.projectId, ref, title, status, category: column.category, position, priority, assigneeId, parentId }
    return { subject: id, data, result: overLimit ? { ...task, overLimit } : task }
  })
}

/** By id, or by a ref under a key the project has or had. @throws task.not_found */
export async function getTask(ctx: Context, idOrRef: string): Promise<Task> {
  const [key, number] = idOrRef.split('-')
  const [rows] = await ctx.read(isId(idOrRef) ? findTask(ctx, idOrRef) : findTaskByRef(ctx, key!.toUpperCase(), Number(number)))
  return only(rows, 'task')
}

/** Asked for the topic `task:<id>` of live streams; what goes by it is judged by the task's project, event by event. */
export const taskScope: ScopeRule = async (viewer, id) => (viewer.role ? (await viewer.read(findTask(viewer, id)))[0].length > 0 : false)

/** What is absent stays; another `status` moves it to that column's end. Nothing new: nothing is written. @throws task.not_found, 412 */
export async function changeTask(ctx: Context, id: string, { fields, ...change }: PatchTask, ifMatch?: number): Promise<Task> {
  return writeOne(ctx, id, { ...change, ...(fields ? { mergeFields: fields } : {}) }, {}, ifMatch)
}

/** To a column, and to a place in it: before one task, else after another, else at the end. Two people at once: the later commit wins, and both
    boards end equal (S1.13). @throws task.wip_limit, 412, 422 */
export async function moveTask(ctx: Context, id: string, to: MoveBody, query: { status?: string }, ifMatch?: number): Promise<Task> {
  if (to.status !== undefined && query.status !== undefined && to.status !== query.status) refuseField('/status', 'differs from the one in the query')
  const status = to.status ?? query.status
  const [before, after] = [to.before?.toLowerCase() ?? null, to.after?.toLowerCase() ?? null]
  if (status === undefined && !before && !after) refuseField('/status', 'is required, or a neighbour: before, after')
  const moved = await ctx.change('task.moved', { subject: id, data: {}, tells: moveJudged(ctx, id, ifMatch ?? null, { status: status ?? null, before, after }) })
  if (moved) {
    const { key, exceeds, told, ...row } = moved
    const task = toTask(row, key)
    return exceeds === null ? task : { ...task, overLimit: exceeds }
  }
  return writeOne(ctx, id, { place: true, ...(status === undefined ? {} : { status }) }, { before, after, statusIn: to.status === undefined ? 'query' : 'body' }, ifMatch)
}

type Where = { before?: string | null; after?: string | null; statusIn?: 'body' | 'query' }
async function writeOne(ctx: Context, id: string, wish: Wish, { before = null, after = null, statusIn }: Where, ifMatch: number | undefined): Promise<Task> {
  const place = wish.place === true || wish.status !== undefined
  const aim = aimAt([id.toLowerCase()], { status: wish.status ?? null, before, after })
  const needs = { aim, place, people: wish.assigneeId ? [wish.assigneeId] : [], parents: wish.parentId ? [wish.parentId] : [] }
  return withRoom(ctx, () =>
    ctx.happen<TaskEventName, Task>(async (tx) => {
      const facts = await gather(tx, needs)
      const task = living(facts.tasks)
      boardToWrite(tx, facts.boards, task)
      checkVersion(task!.version, ifMatch)
      const { task: result, happened } = fulfil(tx, facts, aim, task!, wish, { statusIn })
      return { happened, result }
    }),
  )
}

const living = (tasks: readonly LockedTask[]) => tasks.find(({ deletedAt }) => deletedAt === null)

/** With its subtasks. Can be undone. @throws task.not_found, 412 */
export async function deleteTask(ctx: Context, id: string, ifMatch?: number): Promise<void> {
  await ctx.change('task.deleted', async (tx) => {
    const [family, boards] = await tx.run(lockFamilies([id]), findBoards(tx, aimAt([id])))
    const task = living(family.filter((member) => member.id === id.toLowerCase()))
    const board = boardToWrite(tx, new Map(boards.map((row) => [row.id, row])), task)
    checkVersion(task!.version, ifMatch)
    const events = [task!, ...family.filter((member) => member !== task)].map((gone) => deleted(gone, board, gone === task ? null : task!.id))
    tx.later(deleteTasks(events.map(({ subject }) => subject)))
    return { events, result: undefined }
  })
}

/** What tells that a task was deleted. @param along the task that took it along */
export function deleted({ id, projectId, status, position }: LockedTask, board: { columns: readonly { id: string; category: 'todo' | 'doing' | 'done' }[] }, along: string | null) {
  const category = board.columns.find((column) => column.id === status)?.category ?? null
  return { name: 'task.deleted' as const, subject: id, data: { projectId, status, category, position, with: along } } satisfies TaskHappened
}
