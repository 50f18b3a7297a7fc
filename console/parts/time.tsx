import { useSyncExternalStore } from 'react'
import { CalendarDays } from 'lucide-react'
import { absolute, daysUntil, dueWord, relative, t } from '../words.ts'

// one clock for all times of the page: a list of hundreds needs no timer each
const watchers = new Set<() => void>()
let clock = 0
let minute = 0
function onMinute(watcher: () => void) {
  watchers.add(watcher)
  clock ||= window.setInterval(() => {
    minute++
    for (const one of watchers) one()
  }, 60_000)
  return () => {
    watchers.delete(watcher)
    if (watchers.size) return
    clearInterval(clock)
    clock = 0
  }
}

/** Relative time that keeps itself right, with the absolute one on hover. */
export function Time({ at }: { at: string }) {
  useSyncExternalStore(onMinute, () => minute)
  return (
    <time dateTime={at} title={absolute(at)}>
      {relative(at)}
    </time>
  )
}

/** A due date: late and soon are said in words for those who do not see the colour. */
export function Due({ at, done, icon = true }: { at: string; done?: boolean; icon?: boolean }) {
  const days = daysUntil(at)
  const late = !done && days < 0
  return (
    <time className="due row meta" data-late={late || undefined} data-soon={(!done && days >= 0 && days < 2) || undefined} dateTime={at} title={absolute(at)} style={{ gap: 4, flex: 'none' }}>
      {icon && <CalendarDays size={12} aria-hidden="true" />}
      <span className="sr">{late ? t('Overdue') : t('Due')}</span>
      {dueWord(at)}
    </time>
  )
}
