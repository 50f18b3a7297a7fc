// Changes of one task, shown at once wherever the task is on the screen.
import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { patch, remove } from '../../api.ts'
import { useChange } from '../../cache.ts'
import { say } from '../../parts/toasts.tsx'
import type { Task, TaskChange } from '../../things.ts'
import { remember } from '../../undo.ts'
import { t } from '../../words.ts'
import { undoTask, updateTasks } from './moving.ts'

const everywhere = ['tasks.', 'activity.', 'projects.list', 'reports.']

function applied(cache: QueryClient, task: Task, change: TaskChange) {
  const undoList = updateTasks(cache, task.projectId, (tasks) => tasks.map((one) => (one.id === task.id ? { ...one, ...change } : one)))
  const before = cache.getQueriesData<Task>({ queryKey: ['tasks.get'] }).filter(([, read]) => read?.id === task.id)
  for (const [key, read] of before) cache.setQueryData<Task>(key, read && { ...read, ...change })
  return () => {
    undoList()
    for (const [key, read] of before) cache.setQueryData(key, read)
  }
}

/** Changes fields of a task. A change of the status alone goes to the top of the new column. */
export function useEdit(task: Task) {
  const cache = useQueryClient()
  return useChange<TaskChange, Task>({
    run: ({ status, ...rest }) => (status ? patch<Task>(`/tasks/${task.id}/move`, undefined, { status }) : patch<Task>(`/tasks/${task.id}`, rest)),
    stale: everywhere,
    failed: t('{ref} was not changed.', { ref: task.ref }),
    optimistic: (cache, change) => applied(cache, task, change),
    done: (changed) => void remember(() => undoTask(cache, changed)),
  })
}

export function useDeleteTask(done?: () => void) {
  const cache = useQueryClient()
  return useChange<Task, void>({
    run: (task) => remove(`/tasks/${task.id}`),
    stale: everywhere,
    failed: t('The task was not deleted.'),
    optimistic: (cache, task) => updateTasks(cache, task.projectId, (tasks) => tasks.filter((one) => one.id !== task.id)),
    done: (_nothing, task) => {
      say(t('{ref} deleted.', { ref: task.ref }), () => void undoTask(cache, task))
      done?.()
    },
  })
}

/** All labels of a project, from its tasks. */
export const labelsOf = (tasks: Task[]) => [...new Set(tasks.flatMap((task) => task.labels))].sort((one, other) => one.localeCompare(other))
