// A span of time in a query: instants, or days in UTC, the last one included.
import { refuseField } from './errors.ts'
import { Type } from './schema.ts'
import { isTime } from './validation.ts'

const Instant = (description: string) => Type.Optional(Type.String({ minLength: 10, maxLength: 40, description }))
export const Range = { from: Instant('an instant or a day (UTC)'), to: Instant('an instant or a day (UTC), which is included') }

function instantOf(text: string, path: string, end: boolean): string {
  const whole = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T${end ? '23:59:59.999999' : '00:00:00'}Z` : text
  return isTime(whole) ? whole : refuseField(path, 'must be an instant such as 2026-11-21T13:00:00Z, or a day such as 2026-11-21', 'query')
}

/** What is absent stays open. @throws 422 naming the field */
export function openRange({ from, to }: { from?: string; to?: string }): { from: string | null; to: string | null } {
  const span = { from: from === undefined ? null : instantOf(from, '/from', false), to: to === undefined ? null : instantOf(to, '/to', true) }
  if (span.from && span.to && Date.parse(span.from) > Date.parse(span.to)) refuseField('/from', 'lies after `to`', 'query')
  return span
}

/** @param days when `from` is absent @param most days at once */
export function closedRange(query: { from?: string; to?: string }, { days, most }: { days: number; most: number }): { from: string; to: string } {
  const { from, to } = openRange(query)
  const end = to ?? new Date().toISOString()
  const begin = from ?? new Date(Date.parse(end) - days * 86_400_000).toISOString()
  if (Date.parse(begin) > Date.parse(end)) refuseField('/from', 'lies in the future', 'query')
  if (Date.parse(end) - Date.parse(begin) > most * 86_400_000) refuseField('/from', `at most ${most} days at once`, 'query')
  return { from: begin, to: end }
}
