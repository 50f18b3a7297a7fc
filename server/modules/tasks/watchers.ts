// Who wants to hear of a task. Watching is a person's own matter: seeing the task is enough.
import type { Context } from '../../kernel/db.ts'
import { refuse } from '../../kernel/errors.ts'
import { Id, Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { judgeRole, requireActive } from '../projects/api.ts'
import { findTaskBoard } from './comments.ts'
import type { TaskEventName } from './events.ts'

const Nothing = Type.Object({})
const lockRow = statement('tasks.lock-watcher', Type.Object({ userId: Id }), (taskId: string, userId: string) => sql`select user_id as "userId" from watchers where task_id = ${taskId} and user_id = ${userId} for update`)
const insertRow = statement('tasks.insert-watcher', Nothing, (taskId: string, userId: string) => sql`insert into watchers (task_id, user_id) values (${taskId}, ${userId}) on conflict do nothing`)
const deleteRow = statement('tasks.delete-watcher', Nothing, (taskId: string, userId: string) => sql`delete from watchers where task_id = ${taskId} and user_id = ${userId}`)
/** Those who are to hear of a task without being named: who made it, has it, spoke about it or watches it. */
export const listFollowers = statement('tasks.followers', Type.Object({ userId: Type.Union([Id, Type.Null()]) }), (taskId: string) => sql`
  select user_id as "userId" from watchers where task_id = ${taskId}
  union select author_id from comments where task_id = ${taskId} and author_id is not null
  union select unnest(array_remove(array[created_by, assignee_id], null)) from tasks where id = ${taskId}`)

const personOf = ({ actor }: Context) => (actor.type === 'user' && actor.id) || refuse('permission.denied', 'only a person can watch a task')

/** Again changes nothing. @throws task.not_found */
export async function watchTask(ctx: Context, taskId: string): Promise<void> {
  const person = personOf(ctx)
  await ctx.happen<TaskEventName, void>(async (tx) => {
    const [[board], [watching]] = await tx.run(findTaskBoard(ctx, taskId), lockRow(taskId, person))
    judgeRole(ctx, board, 'viewer', 'task')
    requireActive(board!)
    if (watching) return { happened: [], result: undefined }
    tx.later(insertRow(taskId, person))
    return { happened: [{ name: 'watcher.added', subject: person, person, data: { projectId: board!.id, taskId: board!.taskId, userId: person } }], result: undefined }
  })
}

/** @throws task.not_found; 404 when the caller does not watch it */
export async function unwatchTask(ctx: Context, taskId: string): Promise<void> {
  const person = personOf(ctx)
  await ctx.change('watcher.removed', async (tx) => {
    const [[board], [watching]] = await tx.run(findTaskBoard(ctx, taskId), lockRow(taskId, person))
    judgeRole(ctx, board, 'viewer', 'task')
    if (!watching) refuse('not_found', 'you do not watch this task')
    tx.later(deleteRow(taskId, person))
    return { subject: person, person, data: { projectId: board!.id, taskId: board!.taskId, userId: person }, result: undefined }
  })
}
