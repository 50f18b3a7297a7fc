import { Button } from '@mantine/core'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { lazy, memo, Suspense, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { useOffer } from '../../actions.ts'
import { show } from '../../overlays.ts'
import { Avatar, Label } from '../../parts/person.tsx'
import { PriorityShape, StatusShape } from '../../parts/shapes.tsx'
import { Coming, Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Due, Time } from '../../parts/time.tsx'
import { useMay, useMe, useNames, useProject, useTasks } from '../../reads.ts'
import type { Column, Project, Task } from '../../things.ts'
import { t } from '../../words.ts'
import { BulkBar } from './bulk-bar.tsx'
import { focusOn, useDrawn } from './drawn.ts'
import { FilterBar } from './filter-bar.tsx'
import { isFiltered, passes, priorityOrder, type Filters } from './filters.ts'
import { CutNote, ProjectHead, ProjectMissing, ProjectWaiting } from './project-head.tsx'
import './board.css'
import './list.css'

const loadPanel = () => import('./task-panel.tsx')
const TaskPanel = lazy(() => loadPanel().then((part) => ({ default: part.TaskPanel })))

export function List() {
  const { project: key } = useParams({ strict: false }) as { project: string }
  const project = useProject(key)
  if (project.loaded && !project.data) return <ProjectMissing />
  if (!project.data) return <ProjectWaiting project={project} named={key} skeleton={<RowSkeletons count={14} />} />
  return <ProjectList key={project.data.id} project={project.data} />
}

/** What is not drawn yet keeps the scroll bar honest. */
const rowHeight = 36
const sorts = ['status', 'title', 'priority', 'assignee', 'due', 'updated'] as const
type Sort = (typeof sorts)[number]

function ProjectList({ project }: { project: Project }) {
  const filters = useSearch({ strict: false }) as Filters
  const navigate = useNavigate()
  const tasks = useTasks(project.id)
  const { user } = useMe()
  const may = useMay('member') && project.status === 'active' && project.role !== 'viewer'
  const nameOf = useNames()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const lastChosen = useRef<string | null>(null)

  const [by, down] = [(filters.sort?.replace('-', '') ?? 'status') as Sort, filters.sort?.startsWith('-') ?? false]
  const shown = useMemo(() => {
    const place = new Map(project.columns.map((column, at) => [column.id, at]))
    const done = new Set(project.columns.filter((column) => column.category === 'done').map((column) => column.id))
    const keys: Record<Sort, (task: Task) => string | number> = {
      status: (task) => place.get(task.status) ?? 99,
      title: (task) => task.title.toLowerCase(),
      priority: (task) => priorityOrder(task.priority),
      assignee: (task) => nameOf(task.assigneeId)?.toLowerCase() ?? '\uffff',
      due: (task) => task.dueAt ?? '\uffff',
      updated: (task) => task.updatedAt,
    }
    const key = keys[by] ?? keys.status
    const passing = (tasks.data ?? []).filter((task) => passes(task, filters, user.id, done.has(task.status)))
    return passing.map((task, at) => ({ task, at, key: key(task) })).sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : one.at - other.at) * (down ? -1 : 1)).map((row) => row.task)
  }, [tasks.data, filters, user.id, project.columns, by, down, nameOf])

  const open = filters.task ? tasks.data?.find((task) => task.ref === filters.task || task.id === filters.task) : undefined
  const openTask = (task: Task) => void navigate({ to: '.', search: (now: Filters) => ({ ...now, task: task.ref }) })
  const { drawn, left, rest } = useDrawn(shown, 60)
  const closePanel = () => {
    const id = open?.id
    void navigate({ to: '.', search: ({ task: _gone, ...rest }: Filters) => rest })
    setTimeout(() => focusOn('data-row', id), 30)
  }
  const choose = (task: Task, range: boolean) => {
    const next = new Set(chosen)
    const from = shown.findIndex((one) => one.id === lastChosen.current)
    const to = shown.findIndex((one) => one.id === task.id)
    if (range && from >= 0) for (const one of shown.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(one.id)
    else if (!next.delete(task.id)) next.add(task.id)
    lastChosen.current = task.id
    setChosen(next)
  }
  const step = (by: number) => {
    const at = shown.findIndex((task) => task.id === document.activeElement?.getAttribute('data-row'))
    focusOn('data-row', shown[Math.max(0, Math.min(shown.length - 1, at < 0 ? 0 : at + by))]?.id)
  }
  const onKeyDown = (event: KeyboardEvent, task: Task) => {
    if (event.target !== event.currentTarget) return
    if (event.key === 'Enter') openTask(task)
    else if (event.key === 'x' || event.key === 'X') choose(task, event.shiftKey)
    else if (event.key === 'ArrowDown') step(1)
    else if (event.key === 'ArrowUp') step(-1)
    else if (event.key === 'Escape' && chosen.size) setChosen(new Set())
    else return
    event.preventDefault()
  }
  const now = useRef({ step, choose, openTask, onKeyDown })
  now.current = { step, choose, openTask, onKeyDown }
  // the same functions for every row of every render: choosing one of hundreds draws one
  const hands = useMemo<RowHands>(() => ({ open: (task) => now.current.openTask(task), choose: (task, range) => now.current.choose(task, range), byKey: (event, task) => now.current.onKeyDown(event, task) }), [])
  useOffer(
    [
      { id: 'create-task', label: t('Create task in {project}', { project: project.name }), group: t('Create'), keys: 'c', run: () => show({ kind: 'create-task', projectId: project.id }), also: 'new issue add' },
      { id: 'down', label: t('Next row'), group: t('This view'), keys: 'j', run: () => now.current.step(1) },
      { id: 'up', label: t('Previous row'), group: t('This view'), keys: 'k', run: () => now.current.step(-1) },
    ],
    project.id,
  )
  const sortBy = (sort: Sort) => void navigate({ to: '.', search: (before: Filters) => ({ ...before, sort: by === sort && !down ? `-${sort}` : sort }), replace: true })
  const all = shown.length > 0 && shown.every((task) => chosen.has(task.id))
  const header = (sort: Sort, label: string, className?: string) => (
    <th className={className} aria-sort={by === sort ? (down ? 'descending' : 'ascending') : 'none'}>
      <button type="button" className="plain" onClick={() => sortBy(sort)}>
        {label}
        {by === sort && (down ? <ArrowDown size={12} aria-hidden="true" /> : <ArrowUp size={12} aria-hidden="true" />)}
      </button>
    </th>
  )
  return (
    <>
      <ProjectHead project={project} />
      <FilterBar project={project} tasks={tasks.data ?? []} filters={filters} view="list" />
      <CutNote project={project} />
      <div className="body">
        <Loaded of={tasks} what={t('The tasks could not be read')} skeleton={<RowSkeletons count={14} />}>
          {(every) =>
            !shown.length ? (
              isFiltered(filters) && every.length ? (
                <Empty title={t('Nothing passes the filters')} action={<Button variant="default" onClick={() => void navigate({ to: '.', search: {} })}>{t('Clear filters')}</Button>}>
                  {t('All tasks of this project are filtered out.')}
                </Empty>
              ) : (
                <Empty title={t('No tasks yet')} action={may && <Button onClick={() => show({ kind: 'create-task', projectId: project.id })}>{t('Create task')}</Button>}>
                  <span className="wide-only">{t('A list is the quick way through many tasks: J and K go down and up, X selects, Enter opens.')}</span>
                  <span className="phone-only">{t('A list is the quick way through many tasks.')}</span>
                </Empty>
              )
            ) : (
              <table className="tasks">
                <caption className="sr">{t('Tasks of {project}', { project: project.name })}</caption>
                <thead>
                  <tr>
                    <th>
                      <input type="checkbox" className="tick" aria-label={t('Select all')} checked={all} ref={(box) => void (box && (box.indeterminate = !all && chosen.size > 0))} onChange={() => setChosen(all ? new Set() : new Set(shown.map((task) => task.id)))} />
                    </th>
                    {header('priority', t('Priority'), 'wide-cell')}
                    <th className="wide-cell">{t('Ref')}</th>
                    {header('status', t('Status'))}
                    {header('title', t('Title'))}
                    <th className="wide-cell">{t('Labels')}</th>
                    {header('due', t('Due'), 'wide-cell')}
                    {header('updated', t('Changed'), 'wide-cell')}
                    {header('assignee', t('Assignee'))}
                  </tr>
                </thead>
                <tbody>
                  {drawn.map((task) => (
                    <Row key={task.id} task={task} column={project.columns.find((one) => one.id === task.status)} assignee={nameOf(task.assigneeId)} chosen={chosen.has(task.id)} open={open?.id === task.id} hands={hands} />
                  ))}
                  {left > 0 && (
                    <tr ref={rest} className="rest" aria-hidden="true">
                      <td colSpan={9} style={{ height: left * rowHeight }} />
                    </tr>
                  )}
                </tbody>
              </table>
            )
          }
        </Loaded>
      </div>
      {may && chosen.size > 0 && <BulkBar project={project} ids={[...chosen]} clear={() => setChosen(new Set())} />}
      {filters.task && tasks.data && (
        <Suspense fallback={<Coming />}>
          <TaskPanel taskId={open?.id ?? filters.task} project={project} close={closePanel} />
        </Suspense>
      )}
    </>
  )
}

type RowHands = { open: (task: Task) => void; choose: (task: Task, range: boolean) => void; byKey: (event: KeyboardEvent, task: Task) => void }
type RowProps = { task: Task; column?: Column; assignee?: string; chosen: boolean; open: boolean; hands: RowHands }

const Row = memo(function Row({ task, column, assignee, chosen, open, hands }: RowProps) {
  return (
    <tr
      data-row={task.id}
      data-chosen={chosen || undefined}
      data-open={open || undefined}
      tabIndex={0}
      onClick={(event) => !(event.target as HTMLElement).closest('input, .check') && hands.open(task)}
      onKeyDown={(event) => hands.byKey(event, task)}
    >
      <td className="check">
        <input type="checkbox" className="tick" tabIndex={-1} aria-label={t('Select {ref}', { ref: task.ref })} checked={chosen} onChange={(event) => hands.choose(task, (event.nativeEvent as MouseEvent).shiftKey)} />
      </td>
      <td className="wide-cell">
        <PriorityShape priority={task.priority} />
      </td>
      <td className="ref wide-cell">{task.ref}</td>
      <td>
        <span className="row">
          <StatusShape category={column?.category ?? 'todo'} />
          <span className="wide-only dim">{column?.name}</span>
          <span className="sr phone-only">{column?.name}</span>
        </span>
      </td>
      <td className="title">
        {task.title}
        <span className="phone-only row meta" style={{ gap: 6 }}>
          {task.ref}
          {task.priority !== 'none' && <PriorityShape priority={task.priority} />}
          {task.dueAt && <Due at={task.dueAt} done={column?.category === 'done'} icon={false} />}
        </span>
      </td>
      <td className="wide-cell">
        <span className="row" style={{ gap: 4 }}>
          {task.labels.slice(0, 3).map((label) => (
            <Label key={label} name={label} />
          ))}
        </span>
      </td>
      <td className="wide-cell">{task.dueAt && <Due at={task.dueAt} done={column?.category === 'done'} icon={false} />}</td>
      <td className="meta wide-cell">
        <Time at={task.updatedAt} />
      </td>
      <td>
        <Avatar id={task.assigneeId} name={assignee} />
      </td>
    </tr>
  )
})
