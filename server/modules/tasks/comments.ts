// What people say about a task. A mention is written @[Name](user:id); it counts when that person can see the task.
import { personOf, type Context, type Who } from '../../kernel/db.ts'
import { only, refuse } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { idShape, page, parseCursor } from '../../kernel/pages.ts'
import { checkVersion } from '../../kernel/route.ts'
import { Id, Type, type List } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { BoardRow, boardColumns, judgeRole, requireActive, roleIn, visibleProject } from '../projects/api.ts'
import type { TaskEventName } from './events.ts'
import { findPeople, someone, type PersonInProject } from './queries.ts'
import { CommentRow, type Comment } from './schema.ts'

type Asker = Pick<Who, 'role' | 'actor'>
const Nothing = Type.Object({})
const columns = sql`c.id, c.task_id as "taskId", c.author_id as "authorId", c.text, c.mentions, c.version, c.created_at as "createdAt", c.updated_at as "updatedAt"`
const listRows = statement('tasks.comments', CommentRow, (who: Asker, taskId: string, after: string, limit: number) => sql`
  select ${columns} from comments c join tasks t on t.id = c.task_id join projects p on p.id = t.project_id
  where c.task_id = ${taskId} and c.id > ${after} and t.deleted_at is null and p.deleted_at is null and ${visibleProject(who)} order by c.id limit ${limit}`, [[someone, '', '', 1]])
export const findTaskBoard = statement('tasks.task-board', Type.Object({ ...BoardRow.properties, taskId: Id, now: Type.String() }), (who: Asker, taskId: string) => sql`
  select ${boardColumns(who)}, t.id as "taskId", now() as now from tasks t join projects p on p.id = t.project_id where t.id = ${taskId} and t.deleted_at is null and p.deleted_at is null`, [[someone, '']])
const lockRow = statement('tasks.lock-comment', Type.Object({ ...CommentRow.properties, now: Type.String() }), (id: string) => sql`select ${columns}, now() as now from comments c where c.id = ${id} for update`)
const boardOfComment = statement('tasks.comment-board', Type.Object({ ...BoardRow.properties, taskId: Id }), (who: Asker, id: string) => sql`
  select ${boardColumns(who)}, t.id as "taskId" from comments c join tasks t on t.id = c.task_id join projects p on p.id = t.project_id
  where c.id = ${id} and t.deleted_at is null and p.deleted_at is null`, [[someone, '']])
const insertRow = statement('tasks.insert-comment', Nothing, (c: Comment) => sql`
  insert into comments (id, task_id, author_id, text, mentions) values (${c.id}, ${c.taskId}, ${c.authorId}, ${c.text}, ${c.mentions}::uuid[])`)
const updateRow = statement('tasks.update-comment', Nothing, (id: string, text: string, mentions: readonly string[]) => sql`update comments set text = ${text}, mentions = ${mentions}::uuid[] where id = ${id}`)
const deleteRow = statement('tasks.delete-comment', Nothing, (id: string) => sql`delete from comments where id = ${id}`)
const aimOfTask = (taskId: string) => ({ ids: [taskId], project: null })

/** The people a text mentions, each once. */
export function mentionsIn(text: string): string[] {
  const found = [...text.matchAll(/@\[[^\]\n]{1,120}\]\(user:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)/gi)]
  return [...new Set(found.map((match) => match[1]!.toLowerCase()))].slice(0, 50)
}
const whoSee = (people: readonly PersonInProject[]) => people.filter((p) => roleIn({ role: p.tenantRole, actor: { type: 'user', id: p.userId } }, p)).map(({ userId }) => userId)

/** Oldest first. @throws task.not_found */
export async function listComments(ctx: Context, taskId: string, { after, limit }: { after?: string; limit: number }): Promise<List<Comment>> {
  const [above] = parseCursor(after, ['00000000-0000-0000-0000-000000000000'], [idShape])
  const [boards, rows] = await ctx.read(findTaskBoard(ctx, taskId), listRows(ctx, taskId, above!, limit + 1))
  judgeRole(ctx, boards[0], 'viewer', 'task')
  return page(rows, limit, (last) => [last.id])
}

export async function addComment(ctx: Context, taskId: string, text: string): Promise<Comment> {
  const id = newId()
  const asked = mentionsIn(text)
  return ctx.change('comment.added', async (tx) => {
    const [[board], people] = await tx.run(findTaskBoard(ctx, taskId), findPeople(asked, aimOfTask(taskId)))
    judgeRole(ctx, board, 'editor', 'task')
    requireActive(board!)
    const { id: projectId, taskId: task, now } = board!
    const mentions = whoSee(people)
    const comment: Comment = { id, taskId: task, authorId: personOf(ctx), text, mentions, version: 1, createdAt: now, updatedAt: now }
    tx.later(insertRow(comment))
    return { subject: id, data: { projectId, taskId: task, text, mentions }, result: comment }
  })
}

/** Only its author. @throws comment.not_found, 412 */
export async function changeComment(ctx: Context, id: string, text: string, ifMatch?: number): Promise<Comment> {
  return ctx.happen<TaskEventName, Comment>(async (tx) => {
    const [rows, [board]] = await tx.run(lockRow(id), boardOfComment(ctx, id))
    judgeRole(ctx, board, 'viewer', 'comment')
    const { now, ...comment } = only(rows, 'comment')
    if (ctx.actor.type !== 'user' || comment.authorId !== ctx.actor.id) refuse('permission.denied', 'only its author changes a comment')
    judgeRole(ctx, board, 'editor', 'comment')
    requireActive(board!)
    checkVersion(comment.version, ifMatch)
    if (comment.text === text) return { happened: [], result: comment }
    const mentions = whoSee(await tx(findPeople(mentionsIn(text), aimOfTask(comment.taskId))))
    tx.later(updateRow(comment.id, text, mentions))
    const data = { projectId: board!.id, taskId: comment.taskId, from: comment.text, text, mentions: mentions.filter((person) => !comment.mentions.includes(person)) }
    return { happened: [{ name: 'comment.changed', subject: comment.id, data }], result: { ...comment, text, mentions, version: comment.version + 1, updatedAt: now } }
  })
}

/** Its author, and the project's managers. @throws comment.not_found */
export async function deleteComment(ctx: Context, id: string): Promise<void> {
  await ctx.change('comment.deleted', async (tx) => {
    const [rows, [board]] = await tx.run(lockRow(id), boardOfComment(ctx, id))
    judgeRole(ctx, board, 'viewer', 'comment')
    const comment = only(rows, 'comment')
    judgeRole(ctx, board, ctx.actor.type === 'user' && comment.authorId === ctx.actor.id ? 'editor' : 'manager', 'comment')
    requireActive(board!)
    tx.later(deleteRow(comment.id))
    return { subject: comment.id, data: { projectId: board!.id, taskId: comment.taskId }, result: undefined }
  })
}
