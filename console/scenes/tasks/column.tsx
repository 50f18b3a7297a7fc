import { attachClosestEdge, extractClosestEdge, type Edge } from '@atlaskit/pragmatic-drag-and-drop-hitbox/closest-edge'
import { combine } from '@atlaskit/pragmatic-drag-and-drop/combine'
import { draggable, dropTargetForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter'
import { autoScrollForElements } from '@atlaskit/pragmatic-drag-and-drop-auto-scroll/element'
import { Ellipsis, ListTree } from 'lucide-react'
import { ActionIcon } from '@mantine/core'
import { lazy, memo, Suspense, useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { Avatar, initialsOf, Label } from '../../parts/person.tsx'
import { PriorityShape, StatusShape } from '../../parts/shapes.tsx'
import { Due } from '../../parts/time.tsx'
import type { Column as ProjectColumn, Task } from '../../things.ts'
import { t } from '../../words.ts'
import { useDrawn } from './drawn.ts'
import { QuickAdd } from './quick-add.tsx'

const CardMenu = lazy(() => import('./card-menu.tsx').then((part) => ({ default: part.CardMenu })))

export type CardHands = {
  projectId: string
  columns: ProjectColumn[]
  may: boolean
  open: (task: Task) => void
  /** Puts a task at an index among the cards that are shown; in a lane the assignee changes with it. */
  moveTo: (task: Task, status: string, index: number, assigneeId?: string | null) => void
  byKey: (task: Task, key: string, moving: boolean) => void
}

export function ColumnHead({ column, count }: { column: ProjectColumn; count: number }) {
  const limit = column.wipLimit
  const over = !!limit && count > limit
  return (
    <div className="column-head">
      <StatusShape category={column.category} />
      <h2 className="truncate">{column.name}</h2>
      <span className={over ? 'count over' : 'count'} title={limit ? t('At most {limit} at a time', { limit }) : undefined}>
        {limit ? `${count}/${limit}` : count}
        {over && ` · ${t('over limit')}`}
      </span>
    </div>
  )
}

/** Of a card with its gap, roughly: what is not drawn yet keeps the scroll bar honest. */
const cardHeight = 74

type Props = {
  column: ProjectColumn
  cards: Task[]
  count: number
  parts: Map<string, [done: number, total: number]>
  hands: CardHands
  nameOf: (id: string | null) => string | undefined
  glowing: Record<string, string>
  open?: string
  head?: boolean
  add?: boolean
  /** Said where no card is. */
  empty?: ReactNode
  lane?: { assigneeId: string | null; name: string }
}

export function Column({ column, cards, count, parts, hands, nameOf, glowing, open, head, add, empty, lane }: Props) {
  const list = useRef<HTMLUListElement>(null)
  const [over, setOver] = useState(false)
  const { drawn, left, rest } = useDrawn(cards, lane ? 12 : 40)
  const now = useRef({ cards, hands, lane })
  now.current = { cards, hands, lane }
  useEffect(() => {
    const element = list.current
    if (!element) return
    return combine(
      dropTargetForElements({
        element,
        getData: () => ({ column: column.id }),
        onDragEnter: () => setOver(true),
        onDragLeave: () => setOver(false),
        onDrop: ({ source, location }) => {
          setOver(false)
          if (location.current.dropTargets.length > 1) return // a card inside took it
          const { cards, hands, lane } = now.current
          hands.moveTo(source.data.task as Task, column.id, cards.filter((card) => card.id !== (source.data.task as Task).id).length, lane?.assigneeId)
        },
      }),
      autoScrollForElements({ element }),
    )
  }, [column.id])
  return (
    <section className="column" aria-label={lane ? `${column.name}, ${lane.name}` : column.name} data-column={column.id}>
      {head && <ColumnHead column={column} count={count} />}
      <ul ref={list} className="cards" data-over={(over && !cards.length) || undefined} aria-label={t('Tasks in {column}', { column: column.name })}>
        {drawn.map((task, index) => (
          <Card
            key={task.id}
            task={task}
            index={index}
            hands={hands}
            lane={lane}
            assignee={nameOf(task.assigneeId)}
            mover={glowing[task.id]}
            open={open === task.id}
            parts={parts.get(task.id)?.join('/')}
            done={column.category === 'done'}
            column={column.id}
          />
        ))}
        {left > 0 && <li ref={rest} aria-hidden="true" style={{ height: left * cardHeight }} />}
        {!cards.length && empty && <li className="column-empty">{empty}</li>}
      </ul>
      {add && hands.may && <QuickAdd projectId={hands.projectId} column={column} />}
    </section>
  )
}

type CardProps = { task: Task; index: number; hands: CardHands; lane?: { assigneeId: string | null }; assignee?: string; mover?: string; open: boolean; parts?: string; done: boolean; column: string }

const Card = memo(function Card({ task, index, hands, lane, assignee, mover, open, parts, done, column }: CardProps) {
  const item = useRef<HTMLLIElement>(null)
  const [edge, setEdge] = useState<Edge | null>(null)
  const [dragged, setDragged] = useState(false)
  const [menu, setMenu] = useState(false)
  const now = useRef({ task, index, hands, lane })
  now.current = { task, index, hands, lane }
  useEffect(() => {
    const element = item.current
    if (!element || !hands.may) return
    return combine(
      draggable({
        element,
        getInitialData: () => ({ task: now.current.task }),
        onDragStart: () => setDragged(true),
        onDrop: () => setDragged(false),
      }),
      dropTargetForElements({
        element,
        canDrop: ({ source }) => (source.data.task as Task | undefined)?.id !== now.current.task.id,
        getData: ({ input, element }) => attachClosestEdge({ column }, { input, element, allowedEdges: ['top', 'bottom'] }),
        onDrag: ({ self }) => setEdge(extractClosestEdge(self.data)),
        onDragLeave: () => setEdge(null),
        onDrop: ({ self, source }) => {
          setEdge(null)
          const moved = source.data.task as Task
          const { index, hands, lane } = now.current
          // the moved card leaves a gap above when it came from the same list
          const from = document.querySelector(`[data-card="${moved.id}"]`)
          const above = from?.parentElement === element.parentElement && from!.compareDocumentPosition(element) === Node.DOCUMENT_POSITION_FOLLOWING ? 1 : 0
          hands.moveTo(moved, column, index - above + (extractClosestEdge(self.data) === 'bottom' ? 1 : 0), lane?.assigneeId)
        },
      }),
    )
  }, [column, hands.may])
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return
    if (event.key.startsWith('Arrow') && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault() // always: Alt+Left and Alt+Right are the browser's Back and Forward
      if (!event.altKey || hands.may) hands.byKey(task, event.key, event.altKey)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      hands.open(task)
    }
  }
  return (
    <li
      ref={item}
      className="card"
      data-card={task.id}
      data-ref={task.ref}
      data-edge={edge ?? undefined}
      data-drag={dragged || undefined}
      data-glow={mover ? true : undefined}
      data-open={open || undefined}
      data-new={task.id.startsWith('new-') || undefined}
      tabIndex={0}
      aria-roledescription={t('draggable card')}
      aria-describedby="dnd-help"
      onKeyDown={onKeyDown}
      onClick={(event) => !(event.target as HTMLElement).closest('button') && hands.open(task)}
    >
      <div className="card-title">{task.title}</div>
      {mover && (
        <span className="card-mover" title={t('Moved by {name}', { name: mover })}>
          {initialsOf(mover)}
        </span>
      )}
      <div className="card-meta">
        <span className="ref">{task.ref}</span>
        {task.priority !== 'none' && <PriorityShape priority={task.priority} />}
        {task.parentId && (
          <span title={t('Subtask')} className="dim" style={{ display: 'inline-grid' }}>
            <ListTree size={12} aria-label={t('Subtask')} />
          </span>
        )}
        {parts && (
          <span className="card-parts num" title={t('Subtasks done')}>
            <ListTree size={12} aria-hidden="true" />
            {parts}
            <span className="sr"> {t('subtasks done')}</span>
          </span>
        )}
        <span className="labels">
          {task.labels.slice(0, 2).map((label) => (
            <Label key={label} name={label} />
          ))}
          {task.labels.length > 2 && <span className="meta">+{task.labels.length - 2}</span>}
        </span>
        {task.dueAt && <Due at={task.dueAt} done={done} />}
        {task.assigneeId && <Avatar id={task.assigneeId} name={assignee} />}
      </div>
      {menu ? (
        <Suspense fallback={null}>
          <CardMenu task={task} hands={hands} close={() => setMenu(false)} />
        </Suspense>
      ) : (
        <ActionIcon className="card-menu" size={22} aria-haspopup="menu" aria-label={t('Actions for {title}', { title: task.title })} onClick={() => setMenu(true)}>
          <Ellipsis size={14} />
        </ActionIcon>
      )}
    </li>
  )
})
