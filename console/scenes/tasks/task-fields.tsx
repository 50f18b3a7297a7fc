import { useNavigate } from '@tanstack/react-router'
import { ActionIcon } from '@mantine/core'
import { Pencil, Plus, Tag } from 'lucide-react'
import { useEffect, useState } from 'react'
import { post } from '../../api.ts'
import { useChange } from '../../cache.ts'
import { DayField, dueAt, localDay } from '../../parts/day-field.tsx'
import { Avatar, Label } from '../../parts/person.tsx'
import { Picker } from '../../parts/picker.tsx'
import { Prose } from '../../parts/prose.tsx'
import { priorityName, PriorityShape, StatusShape } from '../../parts/shapes.tsx'
import { Time } from '../../parts/time.tsx'
import { useMe, useMembers, useNames, useTasks } from '../../reads.ts'
import { priorities, type Priority, type Project, type Task } from '../../things.ts'
import { daysUntil, t } from '../../words.ts'
import { labelsOf, useEdit } from './editing.ts'

export function Title({ task, may, heading: Heading }: { task: Task; may: boolean; heading: 'h1' | 'h2' }) {
  const [typed, setTyped] = useState(task.title)
  const edit = useEdit(task)
  useEffect(() => setTyped(task.title), [task.title])
  const save = () => {
    const title = typed.trim()
    if (!title) return setTyped(task.title)
    if (title !== task.title) edit.mutate({ title })
  }
  return (
    <>
      <Heading className="sr">{task.title}</Heading>
      <textarea
        className="task-title"
        rows={1}
        value={typed}
        maxLength={300}
        disabled={!may}
        aria-label={t('Title')}
        onChange={(event) => setTyped(event.currentTarget.value.replaceAll('\n', ' '))}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            event.preventDefault()
            event.currentTarget.blur()
          }
          if (event.key === 'Escape') setTyped(task.title)
        }}
      />
    </>
  )
}

export function Fields({ task, project, may }: { task: Task; project: Project; may: boolean }) {
  const edit = useEdit(task)
  const { user } = useMe()
  const members = useMembers().data ?? []
  const tasks = useTasks(project.id).data ?? []
  const navigate = useNavigate()
  const column = project.columns.find((one) => one.id === task.status)
  const assignee = members.find((member) => member.userId === task.assigneeId)
  const parent = tasks.find((one) => one.id === task.parentId)
  const people = [...members].sort((one, other) => Number(other.userId === user.id) - Number(one.userId === user.id) || one.name.localeCompare(other.name))
  return (
    <dl className="fields">
      <dt>{t('Status')}</dt>
      <dd>
        <Picker
          label={t('Status')}
          disabled={!may}
          value={task.status}
          choices={project.columns.map((one) => ({ value: one.id, label: one.name, icon: <StatusShape category={one.category} /> }))}
          onPick={(status) => status !== task.status && edit.mutate({ status })}
        >
          <StatusShape category={column?.category ?? 'todo'} />
          {column?.name ?? t('Unknown column')}
        </Picker>
      </dd>
      <dt>{t('Assignee')}</dt>
      <dd>
        <Picker
          label={t('Assignee')}
          disabled={!may}
          searchable
          value={task.assigneeId ?? 'nobody'}
          choices={[
            ...people.map((member) => ({ value: member.userId, label: member.userId === user.id ? t('{name} (you)', { name: member.name }) : member.name, icon: <Avatar id={member.userId} name={member.name} named /> })),
            { value: 'nobody', label: t('Nobody'), icon: <Avatar id={null} named /> },
          ]}
          onPick={(picked) => edit.mutate({ assigneeId: picked === 'nobody' ? null : picked })}
        >
          <Avatar id={task.assigneeId} name={assignee?.name} named />
          {task.assigneeId ? (assignee?.name ?? t('Former member')) : <span className="dim">{t('Nobody')}</span>}
        </Picker>
      </dd>
      <dt>{t('Priority')}</dt>
      <dd>
        <Picker
          label={t('Priority')}
          disabled={!may}
          value={task.priority}
          choices={priorities.map((priority) => ({ value: priority, label: priorityName(priority), icon: <PriorityShape priority={priority} named /> }))}
          onPick={(priority) => edit.mutate({ priority: priority as Priority })}
        >
          <PriorityShape priority={task.priority} named />
          {priorityName(task.priority)}
        </Picker>
      </dd>
      <dt>{t('Labels')}</dt>
      <dd>
        <Picker
          label={t('Labels')}
          disabled={!may}
          value={task.labels}
          choices={labelsOf([...tasks, task]).map((label) => ({ value: label, label, icon: <Label name={label} /> }))}
          create={(label) => edit.mutate({ labels: [...task.labels, label] })}
          onPick={(label) => edit.mutate({ labels: task.labels.includes(label) ? task.labels.filter((one) => one !== label) : [...task.labels, label] })}
        >
          {task.labels.length ? (
            <span className="row wrap" style={{ gap: 4 }}>
              {task.labels.map((label) => (
                <Label key={label} name={label} />
              ))}
            </span>
          ) : (
            <>
              <Tag size={14} className="dim" aria-hidden="true" />
              <span className="dim">{t('Add labels')}</span>
            </>
          )}
        </Picker>
      </dd>
      <dt>{t('Due')}</dt>
      <dd>
        <DayField due label={t('Due date')} empty={t('No due date')} disabled={!may} value={task.dueAt ? localDay(task.dueAt) : ''} onChange={(day) => edit.mutate({ dueAt: dueAt(day) })} />
        {task.dueAt && column?.category !== 'done' && daysUntil(task.dueAt) < 0 && <span className="due meta" data-late>{t('overdue')}</span>}
      </dd>
      {task.parentId && (
        <>
          <dt>{t('Part of')}</dt>
          <dd>
            <button type="button" className="pick" onClick={() => void navigate({ to: '.', search: (now: Record<string, unknown>) => ({ ...now, task: parent?.ref ?? task.parentId }) as never })}>
              <span className="ref">{parent?.ref}</span>
              <span className="truncate">{parent?.title ?? t('another task')}</span>
            </button>
          </dd>
        </>
      )}
      <dt>{t('Created')}</dt>
      <dd className="meta" style={{ paddingLeft: 8, lineHeight: '28px' }}>
        <Time at={task.createdAt} />
      </dd>
    </dl>
  )
}

export function Description({ task, may }: { task: Task; may: boolean }) {
  const [typed, setTyped] = useState<string | null>(null)
  const edit = useEdit(task)
  if (typed === null)
    return task.description ? (
      <div className="description prose" onClick={() => may && !getSelection()?.toString() && setTyped(task.description ?? '')}>
        {may && (
          <ActionIcon className="description-pen" size={24} aria-label={t('Edit the description')} onClick={() => setTyped(task.description ?? '')}>
            <Pencil size={13} />
          </ActionIcon>
        )}
        <Prose text={task.description} />
      </div>
    ) : may ? (
      <button type="button" className="plain description dim" onClick={() => setTyped('')}>
        {t('Describe it: what is done when this is done?')}
      </button>
    ) : null
  const save = () => {
    setTyped(null)
    const description = typed.trim() || null
    if (description !== task.description) edit.mutate({ description })
  }
  return (
    <textarea
      className="description-edit"
      autoFocus
      value={typed}
      aria-label={t('Description')}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          event.stopPropagation()
          setTyped(null)
        }
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save()
      }}
    />
  )
}

export function Subtasks({ task, project, may }: { task: Task; project: Project; may: boolean }) {
  const tasks = useTasks(project.id).data ?? []
  const navigate = useNavigate()
  const [title, setTitle] = useState('')
  const create = useChange<string, Task>({
    run: (title) => post<Task>('/tasks', { projectId: project.id, title, parentId: task.id }),
    stale: ['tasks.list', 'projects.list', 'activity.'],
    failed: t('The subtask was not created.'),
    refused: (_error, title) => setTitle(title),
  })
  const nameOf = useNames()
  const parts = tasks.filter((one) => one.parentId === task.id)
  const categoryOf = (one: Task) => project.columns.find((column) => column.id === one.status)?.category ?? 'todo'
  const done = parts.filter((one) => categoryOf(one) === 'done').length
  if (task.parentId || (!parts.length && !may)) return null
  return (
    <section className="panel-section">
      <header>
        <h3>{t('Subtasks')}</h3>
        {parts.length > 0 && <span className="count">{t('{done} of {total} done', { done, total: parts.length })}</span>}
      </header>
      <ul>
        {parts.map((one) => (
          <li key={one.id}>
            <button type="button" className="plain subtask" style={{ width: 'calc(100% + 16px)' }} onClick={() => void navigate({ to: '/projects/$project', params: { project: project.key }, search: { task: one.ref } })}>
              <StatusShape category={categoryOf(one)} name={project.columns.find((column) => column.id === one.status)?.name} />
              <span className="ref">{one.ref}</span>
              <span className="truncate grow">{one.title}</span>
              {one.assigneeId && <Avatar id={one.assigneeId} name={nameOf(one.assigneeId)} />}
            </button>
          </li>
        ))}
      </ul>
      {may && (
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault()
            if (!title.trim()) return
            create.mutate(title.trim())
            setTitle('')
          }}
        >
          <Plus size={14} className="dim" aria-hidden="true" />
          <input className="subtask-add" value={title} onChange={(event) => setTitle(event.currentTarget.value)} placeholder={t('Add a subtask')} aria-label={t('Title of the new subtask')} maxLength={300} />
        </form>
      )}
    </section>
  )
}
