// Priority and status as shapes: told apart without colour, named for those who do not see them.
import type { Category, Priority } from '../things.ts'
import { t } from '../words.ts'
import './shapes.css'

export const priorityName = (priority: Priority) =>
  ({ none: t('No priority'), low: t('Low'), medium: t('Medium'), high: t('High'), urgent: t('Urgent') })[priority]

const bars: Record<Priority, number> = { none: 0, low: 1, medium: 2, high: 3, urgent: 3 }

export function PriorityShape({ priority, named }: { priority: Priority; named?: boolean }) {
  const name = priorityName(priority)
  return (
    <span className="shape priority" data-priority={priority} title={named ? undefined : name}>
      <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
        {priority === 'urgent' ? (
          <path d="M3 1h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H3a2 2 0 0 1-2-2V3a2 2 0 0 1 2-2Zm3.2 2.5.2 4.3h1.2l.2-4.3H6.2ZM7 9a.9.9 0 1 0 0 1.8A.9.9 0 0 0 7 9Z" fill="currentColor" fillRule="evenodd" />
        ) : priority === 'none' ? (
          <path d="M2 7h2.5M5.8 7h2.5M9.6 7h2.5" stroke="currentColor" strokeWidth="1.5" />
        ) : (
          [0, 1, 2].map((bar) => (
            <rect key={bar} x={1.5 + bar * 4} y={9 - bar * 3} width="3" height={4 + bar * 3} rx="1" fill="currentColor" opacity={bar < bars[priority] ? 1 : 0.28} />
          ))
        )}
      </svg>
      {!named && <span className="sr">{name}</span>}
    </span>
  )
}

/** A ring that fills with the column's category. */
export function StatusShape({ category, name }: { category: Category; name?: string }) {
  return (
    <span className="shape status" data-category={category}>
      <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
        {category === 'done' ? (
          <>
            <circle cx="7" cy="7" r="6.5" fill="currentColor" />
            <path d="m4.2 7.2 2 2 3.6-4" fill="none" stroke="var(--surface)" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
          </>
        ) : (
          <>
            <circle cx="7" cy="7" r="5.75" fill="none" stroke="currentColor" strokeWidth="1.5" />
            {category === 'doing' && <path d="M7 3.5a3.5 3.5 0 0 1 0 7Z" fill="currentColor" />}
          </>
        )}
      </svg>
      {name && <span className="sr">{name}</span>}
    </span>
  )
}

export const categoryName = (category: Category) => ({ todo: t('To do'), doing: t('In progress'), done: t('Done') })[category]
