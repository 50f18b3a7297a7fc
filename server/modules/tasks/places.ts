// Where a task comes to stand: its column, its rank there, and whether the column still takes it.
import type { Context, Tx } from '../../kernel/db.ts'
import { refuse, refuseField } from '../../kernel/errors.ts'
import type { Board, Column } from '../projects/api.ts'
import { lockColumn, placeAll, type Aim, type LockedTask, type Place } from './queries.ts'
import { longest, rankBetween, spreadRanks } from './ranks.ts'

/** There is no rank left at that place: the column needs new ones first. */
export class Crowded extends Error {
  readonly projectId: string
  readonly status: string
  constructor(projectId: string, status: string) {
    super(`the column ${status} needs new ranks`)
    this.projectId = projectId
    this.status = status
  }
}

/** @throws 422 naming `path` for a column that the project has not */
export function columnOf(board: Board, status: string, path = '/status', where: 'body' | 'query' = 'body'): Column {
  const ids = board.columns.map(({ id }) => id)
  return board.columns.find(({ id }) => id === status) ?? refuseField(path, `is no column of the project: ${ids.join(', ')}`, where)
}

/** Whether the column holds more than its limit with these. @throws task.wip_limit where the project blocks */
export function judgeLimit(board: Board, column: Column, taken: number, coming = 1): boolean {
  if (column.wipLimit === null || taken + coming <= column.wipLimit) return false
  if (board.wip === 'warn') return true
  refuse('task.wip_limit', `"${column.name}" takes at most ${column.wipLimit} at a time and has ${taken}: finish or move one of them first`)
}

/** @throws 422 for a neighbour that is no task of the project */
export function judgeNeighbours(place: Place, aim: Aim): void {
  for (const [name, id, known] of [['before', aim.before, place.beforeKnown], ['after', aim.after, place.afterKnown]] as const) {
    if (id && aim.ids.includes(id)) refuseField(`/${name}`, 'is the task itself')
    if (id && !known) refuseField(`/${name}`, 'is no task of this project')
  }
}

/** The rank next to the neighbours asked for: before one, else after one, else at the column's end. A neighbour that has left the column meanwhile
    is passed over. @throws Crowded */
export function rankAt(place: Place): string {
  const rank = place.before !== null ? rankBetween(place.aboveBefore ?? undefined, place.before)
    : place.after !== null ? rankBetween(place.after, place.belowAfter ?? undefined)
    : rankBetween(place.last ?? undefined, undefined)
  if (rank === undefined || rank.length > longest) throw new Crowded(place.projectId, place.status!)
  return rank
}

/** Whether the task stands there already. */
export function standsAt(task: LockedTask, place: Place): boolean {
  if (task.status !== place.status) return false
  if (place.before !== null) return (place.aboveBefore ?? '') < task.position && task.position < place.before
  if (place.after !== null) return place.after < task.position && (place.belowAfter === null || task.position < place.belowAfter)
  return true // the same column and no neighbour named
}

/** New ranks for a whole column, in the same order: the only change that touches other cards than the one moved, a change of its own. */
export async function rebalanceColumn(ctx: Context, { projectId, status }: { projectId: string; status: string }): Promise<void> {
  await ctx.change('column.rebalanced', async (tx) => {
    const cards = [...(await tx(lockColumn(projectId, status)))].sort((a, b) => (a.position < b.position ? -1 : a.position > b.position ? 1 : a.id < b.id ? -1 : 1))
    const ranks = spreadRanks(cards.length)
    const ids = cards.map(({ id }) => id)
    tx.later(placeAll(ids, ranks))
    return { subject: projectId, data: { projectId, columnId: status, positions: Object.fromEntries(ids.map((id, i) => [id, ranks[i]!])) }, result: undefined }
  })
}

/** Runs a verb again after giving a crowded column new ranks. Inside a running change the ranks join it. */
export async function withRoom<R>(ctx: Context, verb: () => Promise<R>): Promise<R> {
  for (let tries = 0; ; tries++) {
    try {
      return await verb()
    } catch (error) {
      if (!(error instanceof Crowded) || tries > 3 || isInside(ctx)) throw error
      await rebalanceColumn(ctx, error)
    }
  }
}
const isInside = (ctx: Context): ctx is Tx => typeof ctx === 'function'
