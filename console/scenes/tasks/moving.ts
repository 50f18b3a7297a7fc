// Moving a task: shown at once, sent with its neighbours, put back with the reason when refused. The rank is the server's; here only the order is mirrored.
import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { announce } from '@atlaskit/pragmatic-drag-and-drop-live-region'
import { useEffect, useState } from 'react'
import { patch, post } from '../../api.ts'
import { attempt, useChange } from '../../cache.ts'
import { onLiveEvent } from '../../live.ts'
import { say } from '../../parts/toasts.tsx'
import { boardQuery } from '../../reads.ts'
import { myId } from '../../session.ts'
import type { Task } from '../../things.ts'
import { remember } from '../../undo.ts'
import { t } from '../../words.ts'
import { reach } from './drawn.ts'

type Place = { status: string; /** The neighbour above, or null for the top. */ after: string | null; /** The neighbour below. */ before: string | null }
export type Move = Place & { task: Task; columnName: string; assigneeId?: string | null }

/** The list with the task at its new place; the cache holds tasks in board order. */
function placed(tasks: Task[], move: Move): Task[] {
  const moved: Task = { ...move.task, status: move.status, ...(move.assigneeId === undefined ? {} : { assigneeId: move.assigneeId }) }
  const rest = tasks.filter((task) => task.id !== moved.id)
  const above = move.after ? rest.findIndex((task) => task.id === move.after) : -1
  const below = move.before ? rest.findIndex((task) => task.id === move.before) : -1
  const at = above >= 0 ? above + 1 : below >= 0 ? below : rest.length
  return [...rest.slice(0, at), moved, ...rest.slice(at)]
}

export function updateTasks(cache: QueryClient, projectId: string, change: (tasks: Task[]) => Task[]) {
  const key = boardQuery(projectId).queryKey
  const before = cache.getQueryData(key)
  if (before) cache.setQueryData(key, { ...before, tasks: change(before.tasks) })
  return () => cache.setQueryData(key, before)
}

export function useMove() {
  const cache = useQueryClient()
  return useChange<Move, Task>({
    run: async ({ task, status, after, before, assigneeId }) => {
      const moved = await patch<Task>(`/tasks/${task.id}/move`, { status, ...(after ? { after } : before ? { before } : {}) })
      return assigneeId === undefined ? moved : patch<Task>(`/tasks/${task.id}`, { assigneeId })
    },
    stale: ['tasks.list', 'projects.list', 'activity.'],
    failed: t('The task was not moved.'),
    optimistic: (cache, move) => updateTasks(cache, move.task.projectId, (tasks) => placed(tasks, move)),
    done: (moved, { task, columnName, assigneeId }) => {
      const undo = async () => {
        if (assigneeId === undefined || (await undoTask(cache, moved))) await undoTask(cache, moved) // into another lane: two changes
      }
      if (moved.overLimit && moved.status !== task.status) say(t('{column} is over its limit now.', { column: columnName }), () => void undo(), 'warning')
      else remember(undo)
    },
    refused: (_error, { task }) => announce(t('{title} was not moved', { title: task.title })),
  })
}

/** Takes back the last change of a task; with `bulk` also of the others that the same request changed. Undoing again reaches further back. */
export const undoTask = (cache: QueryClient, task: Pick<Task, 'id'>, bulk = false) =>
  attempt(cache, t('It was not undone.'), ['tasks.', 'activity.', 'projects.list', 'reports.'], () => post(`/tasks/${task.id}/undo`, bulk ? { bulk } : undefined))

/** A moved card is mounted anew in its column, and a menu that closes gives its focus to nothing: the card gets it back when it stands there. */
export function keepFocus(id: string, until = performance.now() + 700) {
  const card = document.querySelector<HTMLElement>(`[data-card="${id}"]`)
  if (!card) reach(id)
  if (card && document.activeElement === document.body) card.focus({ preventScroll: false })
  if (performance.now() < until) requestAnimationFrame(() => keepFocus(id, until))
}

/** Cards that somebody else moved just now: id -> who. */
export function useGlow(nameOf: (id: string | null) => string | undefined) {
  const [glowing, setGlowing] = useState<Record<string, string>>({})
  useEffect(
    () =>
      onLiveEvent((event) => {
        if (event.name !== 'task.moved' || event.actor.id === myId()) return
        const who = nameOf(event.actor.id) ?? t('Somebody')
        setGlowing((now) => ({ ...now, [event.subject.id]: who }))
        setTimeout(() => setGlowing(({ [event.subject.id]: _gone, ...rest }) => rest), 1600)
      }),
    [nameOf],
  )
  return glowing
}
