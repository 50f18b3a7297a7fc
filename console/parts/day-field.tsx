import { ActionIcon } from '@mantine/core'
import { CalendarDays, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { day, dueWord, t } from '../words.ts'

type Props = {
  label: string
  /** "2026-11-25", or empty. */
  value: string
  onChange: (value: string) => void
  empty: string
  disabled?: boolean
  chip?: boolean
  /** A due date reads as "Today", "Fri"; another day always as a date. */
  due?: boolean
}

/** A day that reads as words and is picked in the browser's own field, which lies under them: keyboard, phone and locale work as everywhere.
    What is typed is told when it rests: half a year is a date too. */
export function DayField({ label, value, onChange, empty, disabled, chip, due }: Props) {
  const [draft, setDraft] = useState<string | null>(null)
  const timer = useRef(0)
  useEffect(() => () => clearTimeout(timer.current), [])
  const tell = (next: string) => {
    clearTimeout(timer.current)
    setDraft(null)
    if (next !== value) onChange(next)
  }
  const typed = (next: string) => {
    setDraft(next)
    clearTimeout(timer.current)
    if (next >= '1970') timer.current = window.setTimeout(() => tell(next), 400)
  }
  const shown = value && `${value}T12:00`
  return (
    <span className="date" data-chip={chip || undefined} data-set={!!value || undefined} data-disabled={disabled || undefined}>
      <label>
        <CalendarDays size={14} className="dim" aria-hidden="true" />
        <span className="sr">{label}</span>
        <span className="date-value">
          <span className={value ? undefined : 'dim'}>{shown ? (due ? dueWord(shown) : day(shown)) : empty}</span>
          <input
            type="date"
            disabled={disabled}
            value={draft ?? value}
            onChange={(event) => typed(event.currentTarget.value)}
            onBlur={() => draft !== null && tell(draft && draft < '1970' ? value : draft)}
          />
        </span>
      </label>
      {value && !disabled && (
        <ActionIcon size={20} aria-label={t('Clear: {name}', { name: label })} onClick={() => tell('')}>
          <X size={12} />
        </ActionIcon>
      )}
    </span>
  )
}

/** The day of a time where the reader is. */
export function localDay(at: string) {
  const date = new Date(at)
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`
}

/** The end of a working day there: what a due date means to the server. */
export const dueAt = (day: string) => (day ? new Date(`${day}T17:00`).toISOString() : null)
