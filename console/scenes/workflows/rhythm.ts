// A schedule as a person says it, and the cron pattern it is kept as. What a pattern says beyond these words stays a pattern: it is not read here, so
// that nothing is changed that nobody touched. When a pattern fires is the server's to say.
import { listed, t, weekdayWord } from '../../words.ts'

type At = { hour: number; minute: number }
export type Rhythm =
  | { kind: 'minutes'; every: number }
  | { kind: 'hourly'; minute: number }
  | ({ kind: 'daily' } & At)
  | ({ kind: 'weekly'; /** 0 is Sunday; at least one, not all */ days: number[] } & At)
  | ({ kind: 'monthly'; day: number | 'last' } & At)

/** Minutes that divide an hour: other steps would begin anew at each full hour. */
export const minuteSteps = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30]
/** The days of the week as they stand in a row, Monday first. */
export const weekdays = [1, 2, 3, 4, 5, 6, 0]
export const workingDays = [1, 2, 3, 4, 5]
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const inRow = (days: Iterable<number>) => weekdays.filter((day) => new Set(days).has(day))

export function cronOf(rhythm: Rhythm): string {
  if (rhythm.kind === 'minutes') return rhythm.every === 1 ? '* * * * *' : `*/${rhythm.every} * * * *`
  if (rhythm.kind === 'hourly') return `${rhythm.minute} * * * *`
  const at = `${rhythm.minute} ${rhythm.hour}`
  if (rhythm.kind === 'weekly') return `${at} * * ${daysText(rhythm.days)}`
  return `${at} ${rhythm.kind === 'daily' ? '*' : rhythm.day === 'last' ? 'L' : rhythm.day} * *`
}
/** `1-5`, `1,3`, `0,6`: three and more that follow each other are a range. */
function daysText(days: number[]) {
  const sorted = [...new Set(days)].sort((one, other) => one - other)
  const ranges: [number, number][] = []
  for (const day of sorted) {
    const last = ranges.at(-1)
    if (last && day === last[1] + 1) last[1] = day
    else ranges.push([day, day])
  }
  return ranges.flatMap(([from, to]) => (to - from >= 2 ? [`${from}-${to}`] : sorted.filter((day) => day >= from && day <= to).map(String))).join(',')
}

/** The words for a pattern; undefined where there are none. */
export function rhythmOf(cron: string): Rhythm | undefined {
  const [minutes, hours, day, month, week, ...more] = cron.trim().split(/\s+/)
  if (week === undefined || more.length || month !== '*') return undefined
  const minute = numberIn(minutes!, 59)
  if (hours === '*' && day === '*' && week === '*') {
    const every = minutes === '*' ? 1 : Number(/^\*\/(\d{1,2})$/.exec(minutes!)?.[1])
    if (minuteSteps.includes(every)) return { kind: 'minutes', every }
    return minute === undefined ? undefined : { kind: 'hourly', minute }
  }
  const hour = numberIn(hours!, 23)
  if (minute === undefined || hour === undefined) return undefined
  if (week !== '*') {
    const days = day === '*' ? daysIn(week) : undefined
    return days && (days.length === 7 ? { kind: 'daily', hour, minute } : { kind: 'weekly', days, hour, minute })
  }
  if (day === '*') return { kind: 'daily', hour, minute }
  const date = /^l$/i.test(day!) ? 'last' : numberIn(day!, 31)
  return date ? { kind: 'monthly', day: date, hour, minute } : undefined
}
const numberIn = (text: string, most: number) => (/^\d{1,2}$/.test(text) && Number(text) <= most ? Number(text) : undefined)
function daysIn(text: string): number[] | undefined {
  const days = new Set<number>()
  for (const part of text.split(',')) {
    const ends = part.split('-').map(dayIn)
    const [from, to] = [ends[0], ends.at(-1)]
    if (from === undefined || to === undefined || ends.length > 2 || to < from) return undefined
    for (let day = from; day <= to; day++) days.add(day % 7)
  }
  return inRow(days)
}
const dayIn = (text: string) => (/^[0-7]$/.test(text) ? Number(text) : dayNames.indexOf(text.toLowerCase()) >= 0 ? dayNames.indexOf(text.toLowerCase()) : undefined)

/** An interval such as `90m` as its number and unit; undefined for what is none. */
export function intervalOf(text: string): { count: number; unit: string } | undefined {
  const [, count, unit] = /^([1-9][0-9]{0,5}) ?([smhdw])$/.exec(text.trim()) ?? []
  return count && unit ? { count: Number(count), unit } : undefined
}
export const unitWord = (unit: string, count: number) =>
  ({ s: count === 1 ? t('second') : t('seconds'), m: count === 1 ? t('minute') : t('minutes'), h: count === 1 ? t('hour') : t('hours'), d: count === 1 ? t('day') : t('days'), w: count === 1 ? t('week') : t('weeks') })[unit] ?? unit

export const clock = ({ hour, minute }: At) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`

/** "Every working day at 09:00". */
export function sentenceOf(rhythm: Rhythm): string {
  if (rhythm.kind === 'minutes') return rhythm.every === 1 ? t('Every minute') : t('Every {count} minutes', { count: rhythm.every })
  if (rhythm.kind === 'hourly') return t('Every hour at {minute} past', { minute: String(rhythm.minute).padStart(2, '0') })
  const time = clock(rhythm)
  if (rhythm.kind === 'daily') return t('Every day at {time}', { time })
  if (rhythm.kind === 'monthly') return rhythm.day === 'last' ? t('On the last day of every month at {time}', { time }) : t('On day {day} of every month at {time}', { day: rhythm.day, time })
  const days = inRow(rhythm.days)
  if (days.join() === workingDays.join()) return t('Every working day at {time}', { time })
  return t('Every {days} at {time}', { days: listed(days.map((day) => weekdayWord(day))), time })
}

/** A schedule in one line: its words, or the pattern itself. */
export function scheduleLine({ cron, every }: { cron?: unknown; every?: unknown }): string {
  if (typeof every === 'string' && every) {
    const interval = intervalOf(every)
    return interval ? (interval.count === 1 ? t('Every {unit}', { unit: unitWord(interval.unit, 1) }) : t('Every {count} {unit}', { count: interval.count, unit: unitWord(interval.unit, interval.count) })) : t('every {time}', { time: every })
  }
  const rhythm = typeof cron === 'string' ? rhythmOf(cron) : undefined
  return rhythm ? sentenceOf(rhythm) : typeof cron === 'string' ? cron : ''
}
