import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef } from 'react'
import { announce } from '@atlaskit/pragmatic-drag-and-drop-live-region'
import { autoScrollForElements } from '@atlaskit/pragmatic-drag-and-drop-auto-scroll/element'
import { useOffer } from '../../actions.ts'
import { show } from '../../overlays.ts'
import { Avatar } from '../../parts/person.tsx'
import { Coming, Loaded, Skeleton } from '../../parts/states.tsx'
import { useMay, useMe, useNames, useProject, useTasks } from '../../reads.ts'
import type { Column as ProjectColumn, Project, Task } from '../../things.ts'
import { t } from '../../words.ts'
import { Column, ColumnHead, type CardHands } from './column.tsx'
import { focusOn } from './drawn.ts'
import { FilterBar } from './filter-bar.tsx'
import { isFiltered, passes, type Filters } from './filters.ts'
import { keepFocus, useGlow, useMove, type Move } from './moving.ts'
import { CutNote, ProjectHead, ProjectMissing, ProjectWaiting } from './project-head.tsx'
import './board.css'

const loadPanel = () => import('./task-panel.tsx')
const TaskPanel = lazy(() => loadPanel().then((part) => ({ default: part.TaskPanel })))

export function Board() {
  const { project: key } = useParams({ strict: false }) as { project: string }
  const project = useProject(key)
  if (project.loaded && !project.data) return <ProjectMissing />
  if (!project.data) return <ProjectWaiting project={project} named={key} skeleton={<BoardSkeleton />} />
  return <ProjectBoard key={project.data.id} project={project.data} />
}

function ProjectBoard({ project }: { project: Project }) {
  const filters = useSearch({ strict: false }) as Filters
  const navigate = useNavigate()
  const tasks = useTasks(project.id)
  const may = useMay('member') && project.status === 'active' && project.role !== 'viewer'
  const { user } = useMe()
  const nameOf = useNames()
  const name = useRef(nameOf)
  name.current = nameOf
  const glowing = useGlow(useCallback((id: string | null) => name.current(id), []))
  const move = useMove()

  const step = useRef((_by: number) => {})
  useOffer(
    [
      { id: 'down', label: t('Next card'), group: t('This view'), keys: 'j', run: () => step.current(1) },
      { id: 'up', label: t('Previous card'), group: t('This view'), keys: 'k', run: () => step.current(-1) },
      { id: 'create-task', label: t('Create task in {project}', { project: project.name }), group: t('Create'), keys: 'c', run: () => show({ kind: 'create-task', projectId: project.id }), also: 'new issue add' },
    ],
    `${project.id} ${may}`,
  )

  useEffect(() => {
    const timer = setTimeout(() => void loadPanel().catch(() => undefined), 1200) // the first card that is opened does not wait for its chunk
    return () => clearTimeout(timer)
  }, [])

  const columns = project.columns
  const shown = useMemo(() => {
    const done = new Set(columns.filter((column) => column.category === 'done').map((column) => column.id))
    return (tasks.data ?? []).filter((task) => passes(task, filters, user.id, done.has(task.status)))
  }, [tasks.data, filters, user.id, columns])
  const counts = useMemo(() => {
    const map = new Map<string, number>()
    for (const task of tasks.data ?? []) map.set(task.status, (map.get(task.status) ?? 0) + 1)
    return map
  }, [tasks.data])

  const parts = useMemo(() => {
    const done = new Set(columns.filter((column) => column.category === 'done').map((column) => column.id))
    const map = new Map<string, [done: number, total: number]>()
    for (const { parentId, status } of tasks.data ?? []) if (parentId) map.set(parentId, [(map.get(parentId)?.[0] ?? 0) + Number(done.has(status)), (map.get(parentId)?.[1] ?? 0) + 1])
    return map
  }, [tasks.data, columns])

  const hands = useHands({ project, shown, columns, filters, may, move: move.mutate, open: (task) => void navigate({ to: '.', search: (now: Filters) => ({ ...now, task: task.ref }) }) })
  const closePanel = () => {
    const from = filters.task
    void navigate({ to: '.', search: ({ task: _gone, ...rest }: Filters) => rest })
    const card = tasks.data?.find((task) => task.ref === from || task.id === from)
    if (card) setTimeout(() => focusOn('data-card', card.id), 30)
  }
  // through the cards as they stand, column by column: with a task open the next one opens, otherwise the focus goes on
  step.current = (by) => {
    const line = columns.flatMap((column) => shown.filter((task) => task.status === column.id))
    const focused = (document.activeElement as HTMLElement | null)?.dataset.card
    const at = line.findIndex((task) => task.id === (open?.id ?? focused))
    const next = line[at < 0 ? 0 : at + by]
    if (next && open) hands.open(next)
    else if (next) focusOn('data-card', next.id)
  }
  const open = filters.task ? tasks.data?.find((task) => task.ref === filters.task || task.id === filters.task) : undefined

  return (
    <>
      <ProjectHead project={project} />
      <FilterBar project={project} tasks={tasks.data ?? []} filters={filters} view="board" />
      <CutNote project={project} />
      <p id="dnd-help" className="sr">
        {t('Hold Alt and press an arrow key to move the focused card. Arrow keys alone go from card to card, Enter opens one.')}
      </p>
      <Loaded of={tasks} what={t('The tasks could not be read')} skeleton={<BoardSkeleton columns={columns.length} />}>
        {() =>
          filters.lanes ? (
            <Lanes {...{ columns, shown, counts, parts, hands, nameOf, glowing, open: open?.id }} />
          ) : (
            <Columns {...{ columns, shown, counts, parts, hands, nameOf, glowing, open: open?.id, filtered: isFiltered(filters) }} />
          )
        }
      </Loaded>
      {filters.task && tasks.data && (
        <Suspense fallback={<Coming />}>
          <TaskPanel taskId={open?.id ?? filters.task} project={project} close={closePanel} />
        </Suspense>
      )}
    </>
  )
}

type Drawn = {
  columns: ProjectColumn[]
  shown: Task[]
  counts: Map<string, number>
  parts: Map<string, [done: number, total: number]>
  hands: CardHands
  nameOf: (id: string | null) => string | undefined
  glowing: Record<string, string>
  open?: string
}

function First() {
  return (
    <>
      <span className="wide-only">{t('The first task: press C, or add it below. Drag it to the right as it goes on; everybody sees it move.')}</span>
      <span className="phone-only">{t('Add the first task below. Move it to the right as it goes on; everybody sees it move.')}</span>
    </>
  )
}

const first = <First />

function Columns({ columns, shown, counts, parts, hands, nameOf, glowing, open, filtered }: Drawn & { filtered: boolean }) {
  const scroller = useRef<HTMLDivElement>(null)
  useEffect(() => (scroller.current ? autoScrollForElements({ element: scroller.current }) : undefined), [])
  return (
    <div className="body" style={{ overflow: 'hidden' }}>
      <div className="board" ref={scroller} tabIndex={-1}>
        {columns.map((column, at) => (
          <Column
            key={column.id}
            column={column}
            empty={filtered ? t('Nothing passes the filters') : !counts.size && at === 0 && hands.may ? first : t('Drop a task here')}
            cards={shown.filter((task) => task.status === column.id)}
            count={counts.get(column.id) ?? 0}
            head
            add
            {...{ parts, hands, nameOf, glowing, open }}
          />
        ))}
      </div>
    </div>
  )
}

/** One lane per assignee who has cards, nobody's last; dropping into another lane assigns as well. */
function Lanes({ columns, shown, counts, parts, hands, nameOf, glowing, open }: Drawn) {
  const people = [...new Set(shown.map((task) => task.assigneeId))].sort((one, other) => (one === null ? 1 : other === null ? -1 : (nameOf(one) ?? '').localeCompare(nameOf(other) ?? '')))
  if (!people.length) people.push(null)
  return (
    <div className="body" tabIndex={0} role="region" aria-label={t('Board by assignee')}>
      <div className="lanes">
        <div className="lanes-head">
          {columns.map((column) => (
            <ColumnHead key={column.id} column={column} count={counts.get(column.id) ?? 0} />
          ))}
        </div>
        {people.map((person) => (
          <section key={person ?? 'nobody'} aria-label={nameOf(person) ?? t('Nobody')}>
            <h2 className="lane-head">
              <Avatar id={person} name={nameOf(person)} named />
              {person ? (nameOf(person) ?? t('Former member')) : t('Nobody')}
              <span className="count">{shown.filter((task) => task.assigneeId === person).length}</span>
            </h2>
            <div className="lane">
              {columns.map((column) => (
                <Column
                  key={column.id}
                  column={column}
                  lane={{ assigneeId: person, name: nameOf(person) ?? t('Nobody') }}
                  cards={shown.filter((task) => task.status === column.id && task.assigneeId === person)}
                  count={counts.get(column.id) ?? 0}
                  {...{ parts, hands, nameOf, glowing, open }}
                />
              ))}
            </div>
          </section>
        ))}
      </div>
    </div>
  )
}

type HandsOf = {
  project: Project
  shown: Task[]
  columns: ProjectColumn[]
  filters: Filters
  may: boolean
  move: (move: Move) => void
  open: (task: Task) => void
}

/** What a card can do, the same functions for every card of a render. */
function useHands({ project, shown, columns, filters, may, move, open }: HandsOf): CardHands {
  const now = useRef({ shown, columns, filters, move, open })
  now.current = { shown, columns, filters, move, open }
  return useMemo(() => {
    const cardsOf = (status: string, task: Task) =>
      now.current.shown.filter((one) => one.status === status && (!now.current.filters.lanes || one.assigneeId === task.assigneeId))
    const moveTo: CardHands['moveTo'] = (task, status, index, assigneeId) => {
      const rest = now.current.shown.filter((one) => one.status === status && one.id !== task.id && (assigneeId === undefined || one.assigneeId === assigneeId))
      const columnName = now.current.columns.find((column) => column.id === status)?.name ?? ''
      now.current.move({
        task, status, columnName,
        after: rest[index - 1]?.id ?? null,
        before: rest[index]?.id ?? null,
        assigneeId: assigneeId === undefined || assigneeId === task.assigneeId ? undefined : assigneeId,
      })
    }
    return {
      projectId: project.id,
      columns,
      may,
      open: (task) => now.current.open(task),
      moveTo,
      byKey: (task, key, moving) => {
        const at = now.current.columns.findIndex((column) => column.id === task.status)
        const side = key === 'ArrowLeft' ? -1 : key === 'ArrowRight' ? 1 : 0
        const here = cardsOf(task.status, task)
        const index = here.findIndex((one) => one.id === task.id)
        if (!moving) {
          let next: Task | undefined
          if (side === 0) next = here[index + (key === 'ArrowUp' ? -1 : 1)]
          else
            for (let column = at + side; !next && now.current.columns[column]; column += side) {
              const cards = cardsOf(now.current.columns[column]!.id, task)
              next = cards[Math.min(index, cards.length - 1)]
            }
          if (next) focusOn('data-card', next.id)
          return
        }
        const column = now.current.columns[at + side]
        const to = side ? 0 : index + (key === 'ArrowUp' ? -1 : 1)
        if (!column || to < 0 || (!side && to > here.length - 1)) return announce(t('{title} cannot move further', { title: task.title }))
        moveTo(task, column.id, to, now.current.filters.lanes ? task.assigneeId : undefined)
        announce(t('{title} moved to {column}, position {position}', { title: task.title, column: column.name, position: to + 1 }))
        keepFocus(task.id)
      },
    }
  }, [project.id, columns, may])
}

function BoardSkeleton({ columns = 4 }: { columns?: number }) {
  return (
    <div className="board" aria-hidden="true">
      {Array.from({ length: columns }, (_, column) => (
        <div className="column" key={column}>
          <div className="column-head">
            <Skeleton w={14} h={14} r={7} />
            <Skeleton w={90} h={12} />
          </div>
          <div className="cards">
            {Array.from({ length: Math.max(1, 4 - column) }, (_, card) => (
              <div className="card" key={card}>
                <Skeleton w="85%" h={12} />
                <div className="card-meta">
                  <Skeleton w={44} h={10} />
                </div>
              </div>
            ))}
          </div>
        </div>
      ))}
    </div>
  )
}
