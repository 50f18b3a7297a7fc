// Undo as an ordinary change: computed from the log, judged like any other, with events of its own that name what they take back.
import type { Context, Tx } from '../../kernel/db.ts'
import { Problem, refuse } from '../../kernel/errors.ts'
import type { EventRow, OpenEvent } from '../../kernel/log.ts'
import type { TaskEventName } from './events.ts'
import { columnOf, judgeLimit } from './places.ts'
import { findBoards, findParents, listRequestEvents, listTaskEvents, lockTasks, restoreTask, type LockedTask } from './queries.ts'
import { rankBetween } from './ranks.ts'
import { toTask, type Task, type TaskRow } from './schema.ts'
import { findUndoable } from './undo-log.ts'
import { aimAt, boardToWrite, fulfil, gather, type Facts, type TaskHappened, type Wish } from './wishes.ts'

type Moved = { from: string; to: string; fromPosition: string }
type Undos = Partial<Record<TaskEventName, string>>
/** One task's way back. */
type Back = { id: string; wish: Wish; undoes: Undos; restore: { status: string; position: string } | undefined }

/** Takes back the caller's last change of the task; `bulk` also of the other tasks that the same request changed. A deleted task comes back with
    the subtasks that went with it. @throws task.nothing_to_undo, task.changed_since */
export function createUndo(open: OpenEvent) {
  return async (ctx: Context, given: string, bulk: boolean): Promise<Task> => {
    const id = given.toLowerCase()
    return ctx.happen<TaskEventName, Task>(async (tx) => {
      const [tasks, rows, log] = await tx.run(lockTasks([id]), findBoards(tx, aimAt([id])), listTaskEvents([id], 300))
      const board = boardToWrite(tx, new Map(rows.map((row) => [row.id, row])), tasks[0])
      if (tasks[0]!.deletedAt !== null && deletedBy(log) !== tx.actor.id) refuse('task.not_found')
      const found = standing(log, tx, id)
      const entries = [...found, ...(await alike(tx, found, id, bulk))]
      const backs = await waysBack(open, entries)
      const facts = await gatherFor(tx, backs)
      const happened: TaskHappened[] = []
      let result: Task = toTask(rowOf(tasks[0]!), board.key)
      for (const back of backs) {
        const task = facts.tasks.find((one) => one.id === back.id) ?? refuse('task.changed_since')
        const done = back.restore ? restored(tx, facts, task, back, backs) : goneBack(tx, facts, task, back)
        happened.push(...done.happened)
        if (back.id === id) result = done.task
      }
      return { happened, result }
    })
  }
}

const deletedBy = (log: readonly EventRow[]) => log.filter(({ name }) => name === 'task.deleted').sort((a, b) => b.seq - a.seq)[0]?.actor_id

/** What can be undone of one task. */
function standing(log: readonly EventRow[], tx: Tx, id: string, request?: string): EventRow[] {
  const found = findUndoable(log.filter((event) => event.subject_id === id), tx.actor.id, request)
  if (found.refused === 'nothing') refuse('task.nothing_to_undo')
  if (found.refused) refuse('task.changed_since', `${found.fields!.join(', ')} changed since: undo would take back somebody's later change`)
  return found.entries as EventRow[]
}

/** The events of other tasks that go along: subtasks deleted with it, or all that the request did. */
async function alike(tx: Tx, [first]: readonly EventRow[], id: string, bulk: boolean): Promise<EventRow[]> {
  const isDeletion = first!.name === 'task.deleted'
  if (!(bulk || isDeletion) || first!.request_id === null) return []
  const request = (await tx(listRequestEvents(first!.pos, first!.request_id))).filter((event) => event.subject_id !== id && (bulk || (event.data as { with?: string | null }).with === id))
  const ids = [...new Set(request.map((event) => event.subject_id))]
  if (!ids.length) return []
  const [, log] = await tx.run(lockTasks(ids), listTaskEvents(ids, 5000))
  return ids.filter((other) => request.some((event) => event.subject_id === other && event.name !== 'task.created')).flatMap((other) => standing(log, tx, other, first!.request_id!))
}

async function waysBack(open: OpenEvent, entries: readonly EventRow[]): Promise<Back[]> {
  const backs = new Map<string, Back>()
  for (const entry of entries) {
    const back = backs.get(entry.subject_id) ?? { id: entry.subject_id, wish: {}, undoes: {}, restore: undefined }
    backs.set(entry.subject_id, back)
    const { data, sealed } = await open(entry)
    if (sealed) refuse('task.nothing_to_undo', 'what it was before is erased')
    back.undoes[entry.name as TaskEventName] = entry.id
    if (entry.name === 'task.changed') Object.assign(back.wish, data.from)
    if (entry.name === 'task.assigned') back.wish.assigneeId = data.from as string | null
    if (entry.name === 'task.moved') Object.assign(back.wish, { status: (data as Moved).from, position: (data as Moved).fromPosition })
    if (entry.name === 'task.deleted') back.restore = data as { status: string; position: string }
  }
  return [...backs.values()]
}

/** Locks all of them and reads what judging takes; once more for each column that tasks go back to. */
async function gatherFor(tx: Tx, backs: readonly Back[]): Promise<Facts> {
  const ids = backs.map(({ id }) => id)
  const columns = [...new Set(backs.flatMap(({ wish, restore }) => wish.status ?? restore?.status ?? []))]
  const parents = [...new Set(backs.flatMap(({ wish }) => wish.parentId ?? []))]
  const people = [...new Set(backs.flatMap(({ wish }) => wish.assigneeId ?? []))]
  const facts = await gather(tx, { aim: aimAt(ids, { status: columns[0] ?? null }), place: columns.length > 0, people, parents })
  const places = new Map([...facts.places].map(([project, place]) => [`${project} ${place.status}`, place]))
  for (const status of columns.slice(1)) for (const [project, place] of (await gather(tx, { aim: aimAt(ids, { status }), place: true, people: [], parents: [] })).places) places.set(`${project} ${status}`, place)
  // a subtask that was deleted alone goes back below its parent, if that still lives
  const above = facts.tasks.filter((task) => backs.some(({ id, restore }) => id === task.id && restore)).flatMap((task) => task.parentId ?? [])
  for (const parent of above.length ? await tx(findParents([...new Set(above)])) : []) facts.parents.set(parent.id, parent)
  return { ...facts, places }
}
const placeIn = (facts: Facts, projectId: string, status: string) => facts.places.get(`${projectId} ${status}`)

function goneBack(tx: Tx, facts: Facts, task: LockedTask, { wish, undoes }: Back): { task: Task; happened: TaskHappened[] } {
  const place = wish.status === undefined ? undefined : placeIn(facts, task.projectId, wish.status)
  if (place) place.taken += 1
  try {
    return fulfil(tx, { ...facts, places: new Map(place ? [[task.projectId, { ...place, taken: place.taken - 1 }]] : []) }, aimAt([task.id]), task, wish, { undoes })
  } catch (error) {
    if (error instanceof Problem && error.code === 'request.invalid') refuse('task.changed_since', `what it would go back to is gone: ${error.message}`)
    throw error
  }
}

/** Back in its column, or the first one when that is gone; without its parent when that stays deleted. */
function restored(tx: Tx, facts: Facts, task: LockedTask, { restore, undoes }: Back, backs: readonly Back[]): { task: Task; happened: TaskHappened[] } {
  const board = boardToWrite(tx, facts.boards, task)
  const known = board.columns.some(({ id }) => id === restore!.status)
  const column = columnOf(board, known ? restore!.status : board.columns[0]!.id)
  const place = placeIn(facts, task.projectId, restore!.status)
  if (known && place) judgeLimit(board, column, place.taken++)
  const position = known ? restore!.position : (rankBetween(place?.last ?? undefined, undefined) ?? restore!.position)
  const parentId = task.parentId && (backs.some(({ id }) => id === task.parentId) || facts.parents.has(task.parentId)) ? task.parentId : null
  const next: TaskRow = { ...rowOf(task), status: column.id, position, parentId }
  tx.later(restoreTask(next))
  const data = { projectId: task.projectId, status: column.id, category: column.category, position, undoes: undoes['task.deleted']! }
  return { task: toTask({ ...next, version: task.version + 1, updatedAt: task.now }, board.key), happened: [{ name: 'task.restored', subject: task.id, data }] }
}
const rowOf = ({ deletedAt, now, shares, ...row }: LockedTask): TaskRow => row
