// What other modules may use. In SQL they join tasks as `t` and say `t.deleted_at is null`.
export { addComment, mentionsIn } from './comments.ts'
export { changeTasks } from './bulk.ts'
export { listTasks } from './list.ts'
export { normalizeLabels } from './wishes.ts'
export { changeTask, createTask, deleteTask, getTask, moveTask } from './service.ts'
export { listFollowers } from './watchers.ts'
export type { Comment, Task } from './schema.ts'
