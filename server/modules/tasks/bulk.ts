// One change for many tasks, all or none: one request, one event for each task and kind of change, so that feeds, undo and order hold.
import type { Context, Tx } from '../../kernel/db.ts'
import { refuseField } from '../../kernel/errors.ts'
import type { TaskEventName } from './events.ts'
import { deleteTasks, findBoards, lockFamilies } from './queries.ts'
import { rankBetween } from './ranks.ts'
import type { BulkChange, Task } from './schema.ts'
import { deleted } from './service.ts'
import { aimAt, allOf, boardToWrite, fulfil, gather, type Facts, type TaskHappened } from './wishes.ts'

const most = 200 // events at once

/** Tasks keep their order when they move to another column's end. @throws task.not_found for the first id that is missing or hidden; then nothing is changed */
export async function changeTasks(ctx: Context, given: readonly string[], change: BulkChange): Promise<{ items: Task[] }> {
  const ids = [...new Set(given.map((id) => id.toLowerCase()))]
  if (change.deleted) return removeTasks(ctx, ids, change)
  const { deleted: _, ...wish } = change
  const aim = aimAt(ids, { status: wish.status ?? null })
  return ctx.happen<TaskEventName, { items: Task[] }>(async (tx) => {
    const facts = await gather(tx, { aim, place: wish.status !== undefined, people: wish.assigneeId ? [wish.assigneeId] : [], parents: wish.parentId ? [wish.parentId] : [] })
    const tasks = allOf(tx, facts, ids)
    const coming = new Map<string, number>()
    const happened: TaskHappened[] = []
    const items = tasks.map((task) => {
      const moves = wish.status !== undefined && task.status !== wish.status
      if (moves) coming.set(task.projectId, (coming.get(task.projectId) ?? 0) + 1)
      // `taken` leaves all of them out: those that stand there already count, the others as they come
      const staying = wish.status === undefined ? 0 : tasks.filter((t) => t.projectId === task.projectId && t.status === wish.status).length
      const written = fulfil(tx, facts, aim, task, wish, { coming: staying + (coming.get(task.projectId) ?? 0), rank: moves ? nextRank(facts, task.projectId) : undefined, prefix: '/change' })
      if (wish.parentId) countSubtask(facts, wish.parentId)
      happened.push(...written.happened)
      return written.task
    })
    return { happened, result: { items } }
  })
}

/** Each comes after the one before. */
function nextRank(facts: Facts, projectId: string): string | undefined {
  const place = facts.places.get(projectId)
  if (!place) return undefined
  place.last = rankBetween(place.last ?? undefined, undefined) ?? place.last
  return place.last ?? undefined
}
function countSubtask(facts: Facts, parentId: string): void {
  const parent = facts.parents.get(parentId)
  if (parent) facts.parents.set(parentId, { ...parent, subtasks: parent.subtasks + 1 })
}

async function removeTasks(ctx: Context, ids: readonly string[], change: BulkChange): Promise<{ items: Task[] }> {
  if (Object.keys(change).length > 1) refuseField('/change/deleted', 'stands alone: a deleted task takes no other change')
  return ctx.change('task.deleted', async (tx: Tx) => {
    const [family, rows] = await tx.run(lockFamilies(ids), findBoards(tx, aimAt(ids)))
    const boards = new Map(rows.map((board) => [board.id, board]))
    const chosen = allOf(tx, { tasks: family, boards, places: new Map(), people: [], parents: new Map(), withSubtasks: new Set() }, ids)
    for (const task of chosen) boardToWrite(tx, boards, task)
    const along = family.filter((task) => !ids.includes(task.id) && task.deletedAt === null)
    if (chosen.length + along.length > most) refuseField('/ids', `name with their subtasks ${chosen.length + along.length} tasks; at most ${most} at once`)
    const events = [...chosen, ...along].map((task) => deleted(task, boards.get(task.projectId)!, ids.includes(task.id) ? null : task.parentId))
    tx.later(deleteTasks(events.map(({ subject }) => subject)))
    return { events, result: { items: [] } }
  })
}
