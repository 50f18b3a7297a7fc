import { ActionIcon, Button, Menu } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Eye, EyeOff, Maximize2, Undo2, X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { ApiProblem, put, remove } from '../../api.ts'
import { useChange } from '../../cache.ts'
import { MoreMenu } from '../../parts/more-menu.tsx'
import { Empty, Skeleton, Trouble } from '../../parts/states.tsx'
import { useMay, useTask } from '../../reads.ts'
import type { Project, Task } from '../../things.ts'
import { t } from '../../words.ts'
import { CopyLink } from './copy-link.tsx'
import { DeleteItem } from './delete-item.tsx'
import { useDeleteTask } from './editing.ts'
import { undoTask } from './moving.ts'
import { Talk } from './talk.tsx'
import { Description, Fields, Subtasks, Title } from './task-fields.tsx'
import './panel.css'

/** A task beside its board: 480 px, the whole screen on a phone. Esc closes it and gives the focus back to the card. */
export function TaskPanel({ taskId, project, close }: { taskId: string; project: Project; close: () => void }) {
  const panel = useRef<HTMLElement>(null)
  const task = useTask(taskId)
  useEffect(() => {
    panel.current?.focus({ preventScroll: true })
  }, [taskId])
  return (
    <aside
      className="panel"
      ref={panel}
      tabIndex={-1}
      aria-label={task.data ? t('Task {ref}', { ref: task.data.ref }) : t('Task')}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        const field = event.target as HTMLElement
        if (/^(INPUT|TEXTAREA)$/.test(field.tagName)) panel.current?.focus()
        else close()
      }}
    >
      <div className="panel-head">
        <span className="ref">{task.data?.ref}</span>
        <span className="grow" />
        {task.data && <TaskTools task={task.data} gone={close} />}
        {task.data && (
          <ActionIcon component={Link} to={`/tasks/${task.data.ref}` as string} aria-label={t('Open as a page')} className="wide-only">
            <Maximize2 size={15} />
          </ActionIcon>
        )}
        <ActionIcon aria-label={t('Close')} onClick={close}>
          <X size={16} />
        </ActionIcon>
      </div>
      <div className="panel-body">
        {task.data ? (
          <TaskBody key={task.data.id} task={task.data} project={project} heading="h2" />
        ) : isGone(task.error) ? (
          <TaskMissing />
        ) : task.error ? (
          <Trouble error={task.error} what={t('The task could not be read')} retry={() => void task.refetch()} />
        ) : (
          <TaskSkeleton />
        )}
      </div>
    </aside>
  )
}

/** Deleted, hidden or never there: for the reader it is the same. */
export const isGone = (error: unknown) => error instanceof ApiProblem && error.status === 404

export function TaskMissing() {
  return (
    <Empty
      title={t('This task is not here')}
      action={
        <Button component={Link} to="/projects" variant="default">
          {t('See all projects')}
        </Button>
      }
    >
      {t('It may be deleted, in a private project, or in another of your teams: switch the team in the corner.')}
    </Empty>
  )
}

export function TaskSkeleton() {
  return (
    <div className="stack" aria-hidden="true">
      <Skeleton w="80%" h={24} />
      {[0, 1, 2, 3, 4].map((row) => (
        <div className="row" key={row}>
          <Skeleton w={72} h={12} />
          <Skeleton w={140} h={12} />
        </div>
      ))}
      <Skeleton h={80} />
    </div>
  )
}

/** Everything about a task; the panel and the page show the same. */
export function TaskBody({ task, project, heading }: { task: Task; project: Project; heading: 'h1' | 'h2' }) {
  const may = useMay('member') && project.status === 'active' && project.role !== 'viewer'
  return (
    <>
      <Title task={task} may={may} heading={heading} />
      <Fields task={task} project={project} may={may} />
      <Description task={task} may={may} />
      <Subtasks task={task} project={project} may={may} />
      <Talk task={task} project={project} may={may} />
    </>
  )
}

export function TaskTools({ task, gone }: { task: Task; gone: () => void }) {
  const cache = useQueryClient()
  const may = useMay('member')
  const watch = useChange<boolean, unknown>({
    run: (on) => (on ? put(`/tasks/${task.id}/watchers/me`) : remove(`/tasks/${task.id}/watchers/me`)),
    stale: ['tasks.get'],
    failed: t('Watching was not changed.'),
    optimistic: (cache, on) => {
      const before = cache.getQueriesData<Task>({ queryKey: ['tasks.get'] }).filter(([, read]) => read?.id === task.id)
      for (const [key, read] of before) cache.setQueryData<Task>(key, read && { ...read, watching: on })
      return () => before.forEach(([key, read]) => cache.setQueryData(key, read))
    },
  })
  const erase = useDeleteTask(gone)
  return (
    <>
      <ActionIcon aria-pressed={!!task.watching} aria-label={task.watching ? t('Stop watching {ref}', { ref: task.ref }) : t('Watch {ref}', { ref: task.ref })} onClick={() => watch.mutate(!task.watching)} color={task.watching ? 'petrol' : 'gray'}>
        {task.watching ? <Eye size={16} /> : <EyeOff size={16} />}
      </ActionIcon>
      <MoreMenu label={t('Actions for {title}', { title: task.title })} width={210}>
        <CopyLink task={task} />
        {may && (
          <>
            <Menu.Item leftSection={<Undo2 size={14} />} onClick={() => void undoTask(cache, task)}>
              {t('Undo the last change')}
            </Menu.Item>
            <DeleteItem run={() => erase.mutate(task)} />
          </>
        )}
      </MoreMenu>
    </>
  )
}
