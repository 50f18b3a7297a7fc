import type { OpenEvent } from '../../kernel/log.ts'
import { del, get, patch, post, put, routes } from '../../kernel/route.ts'
import { ById, Page, Strict, Type } from '../../kernel/schema.ts'
import { changeTasks } from './bulk.ts'
import { addComment, changeComment, deleteComment, listComments } from './comments.ts'
import { listTasks, searchTasks } from './list.ts'
import { BulkAnswer, BulkBody, Comment, CommentBody, CommentList, CreateTask, MoveBody, MoveQuery, PatchTask, SearchQuery, Task, TaskByIdOrRef, TaskList, TaskQuery, UndoBody } from './schema.ts'
import { changeTask, createTask, deleteTask, getTask, moveTask } from './service.ts'
import { createUndo } from './undo.ts'
import { unwatchTask, watchTask } from './watchers.ts'

const read = 'tasks.read'
const write = 'tasks.write'
const one = { permission: write, params: ById, problems: ['task.not_found', 'project.archived'] } as const

/** @param open opens sealed values of events: undo reads what was before from the log */
export function createTaskRoutes(open: OpenEvent) {
  const undo = createUndo(open)
  return routes('tasks', {
    create: post('/tasks', {
      workflow: true, summary: 'Create a task', description: 'It stands at the end of its column: the first one, unless `status` names another.', permission: write, status: 201, body: CreateTask, returns: Task,
      problems: ['project.not_found', 'task.wip_limit', 'project.archived'], example: { projectId: '01932f3e-6d55-7c4a-8b1e-3a5d0c9f1e22', title: 'Write the offer', priority: 'high', labels: ['sales'] },
      handle: (ctx, { body }) => createTask(ctx, body),
    }),
    list: get('/tasks', { workflow: true, summary: 'List tasks', description: 'Those in the projects you see, newest first unless `sort` says otherwise.', permission: read, query: TaskQuery, returns: TaskList, handle: (ctx, { query }) => listTasks(ctx, query) }),
    get: get('/tasks/:id', { workflow: true, summary: 'Read a task', permission: read, params: TaskByIdOrRef, returns: Task, problems: ['task.not_found'], handle: (ctx, { params }) => getTask(ctx, params.id) }),
    change: patch('/tasks/:id', {
      workflow: true, ...one, summary: 'Change a task', description: 'Another `status` moves it to the end of that column; `fields` are merged, null takes one out.', body: PatchTask, returns: Task, ifMatch: true,
      example: { assigneeId: null, dueAt: '2026-12-01T12:00:00Z' }, handle: (ctx, { params, body, ifMatch }) => changeTask(ctx, params.id, body, ifMatch),
    }),
    move: patch('/tasks/:id/move', {
      workflow: true, ...one, summary: 'Move a task', description: 'To the end of a column with `status` alone; directly before or after another task with `before` or `after`. Touches no other task.',
      query: MoveQuery, body: Type.Optional(MoveBody), returns: Task, ifMatch: true, problems: ['task.not_found', 'project.archived', 'task.wip_limit', 'version.conflict'],
      handle: (ctx, { params, query, body, ifMatch }) => moveTask(ctx, params.id, body ?? {}, query, ifMatch),
    }),
    delete: del('/tasks/:id', { workflow: true, ...one, summary: 'Delete a task with its subtasks', description: 'Can be undone.', ifMatch: true, handle: (ctx, { params, ifMatch }) => deleteTask(ctx, params.id, ifMatch) }),
    undo: post('/tasks/:id/undo', {
      ...one, summary: 'Undo your last change of a task', description: 'A move, an edit or its deletion; again reaches further back. Refused when one of its fields was changed since.', body: Type.Optional(UndoBody), returns: Task,
      problems: ['task.not_found', 'project.archived', 'task.changed_since', 'task.nothing_to_undo'], handle: (ctx, { params, body }) => undo(ctx, params.id, body?.bulk ?? false),
    }),
    bulk: post('/tasks/bulk', {
      workflow: true, summary: 'Change many tasks', description: 'All or none. One event for each task.', permission: write, body: BulkBody, returns: BulkAnswer, problems: ['task.not_found', 'task.wip_limit', 'project.archived'],
      example: { ids: ['01932f3e-6d55-7c4a-8b1e-3a5d0c9f1e22'], change: { priority: 'low' } }, handle: (ctx, { body }) => changeTasks(ctx, body.ids, body.change),
    }),
    watch: put('/tasks/:id/watchers/me', { ...one, summary: 'Watch a task', handle: (ctx, { params }) => watchTask(ctx, params.id) }),
    unwatch: del('/tasks/:id/watchers/me', { ...one, summary: 'Stop watching a task', handle: (ctx, { params }) => unwatchTask(ctx, params.id) }),
    listComments: get('/tasks/:id/comments', {
      workflow: true, summary: 'List the comments of a task', description: 'Oldest first.', permission: read, params: ById, query: Strict(Page), returns: CommentList, problems: ['task.not_found'],
      handle: (ctx, { params, query }) => listComments(ctx, params.id, query),
    }),
    addComment: post('/tasks/:id/comments', { workflow: true, ...one, summary: 'Comment on a task', status: 201, body: CommentBody, returns: Comment, example: { text: 'Looks good, @[Ann](user:01932f3e-6d55-7c4a-8b1e-3a5d0c9f1e22).' }, handle: (ctx, { params, body }) => addComment(ctx, params.id, body.text) }),
    changeComment: patch('/comments/:id', {
      summary: 'Change your comment', permission: write, params: ById, body: CommentBody, returns: Comment, ifMatch: true, problems: ['comment.not_found', 'project.archived'],
      handle: (ctx, { params, body, ifMatch }) => changeComment(ctx, params.id, body.text, ifMatch),
    }),
    deleteComment: del('/comments/:id', { summary: 'Delete a comment', description: 'Your own; managers of the project any.', permission: write, params: ById, problems: ['comment.not_found', 'project.archived'], handle: (ctx, { params }) => deleteComment(ctx, params.id) }),
    search: get('/search', { workflow: true, summary: 'Search tasks', description: 'Best first: words, beginnings of the last word, parts of titles, misspelt words, refs.', permission: read, query: SearchQuery, returns: TaskList, handle: (ctx, { query }) => searchTasks(ctx, query) }),
  })
}
