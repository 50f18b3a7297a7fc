import { Plus } from 'lucide-react'
import { useState } from 'react'
import { post } from '../../api.ts'
import { useChange } from '../../cache.ts'
import type { Column, Task } from '../../things.ts'
import { t } from '../../words.ts'
import { reach } from './drawn.ts'
import { updateTasks } from './moving.ts'

/** A new card stands at the end of its column: the column scrolls to it. */
function inSight(id: string) {
  setTimeout(() => {
    reach(id)
    document.querySelector(`[data-card="${id}"]`)?.scrollIntoView({ block: 'nearest' })
  }, 60)
  return id
}

/** The foot of a column: a title and Enter make a task, and the next one can be typed at once. */
export function QuickAdd({ projectId, column }: { projectId: string; column: Column }) {
  const [open, setOpen] = useState(false)
  const [title, setTitle] = useState('')
  const create = useChange<string, Task>({
    run: (title) => post<Task>('/tasks', { projectId, title, status: column.id }),
    stale: ['tasks.list', 'projects.list', 'activity.'],
    failed: t('The task was not created.'),
    optimistic: (cache, title) =>
      updateTasks(cache, projectId, (tasks) => [
        ...tasks,
        {
          id: inSight(`new-${Date.now()}`), projectId, ref: '…', title, description: null, status: column.id, position: '~', assigneeId: null, priority: 'none',
          labels: [], dueAt: null, parentId: null, createdAt: '', updatedAt: '', version: 0,
        },
      ]),
    refused: (_error, title) => {
      setTitle(title)
      setOpen(true)
    },
  })
  if (!open)
    return (
      <button type="button" className="plain add" onClick={() => setOpen(true)} aria-label={t('Add task to {column}', { column: column.name })}>
        <Plus size={14} aria-hidden="true" />
        {t('Add task')}
      </button>
    )
  const add = () => {
    if (!title.trim()) return setOpen(false)
    create.mutate(title.trim())
    setTitle('')
  }
  return (
    <form
      className="add-form"
      onSubmit={(event) => {
        event.preventDefault()
        add()
      }}
    >
      <textarea
        autoFocus
        rows={2}
        value={title}
        maxLength={300}
        aria-label={t('Title of the new task in {column}', { column: column.name })}
        placeholder={t('What is to be done?')}
        onChange={(event) => setTitle(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault()
            add()
          }
          if (event.key === 'Escape') setOpen(false)
        }}
        onBlur={() => !title.trim() && setOpen(false)}
      />
      <div className="meta">
        <kbd>Enter</kbd> {t('adds')} · <kbd>Esc</kbd> {t('closes')}
      </div>
    </form>
  )
}
