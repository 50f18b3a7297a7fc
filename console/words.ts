// The console's words. Message ids are the plain English sentences, so a catalogue for another language is a map from these.
import { i18n } from '@lingui/core'

type Values = Record<string, string | number>

let region: { locale: string | undefined; timeZone: string | undefined } = { locale: undefined, timeZone: undefined }

/** Called once before the first render, and again when the person's preferences are known. */
export function startWords(locale = 'en', messages: Record<string, string> = {}) {
  i18n.loadAndActivate({ locale, messages })
}

/** How dates and numbers are written: the person's own locale and zone, else the browser's. */
export function setRegion(next: { locale?: string | null; timeZone?: string | null }) {
  region = { locale: usable(next.locale), timeZone: next.timeZone ?? undefined }
}

/** The sentence in the reader's language, `{name}` filled from `values`. A catalogue's messages are compiled at build; the English ones need no parser. */
export function t(message: string, values?: Values): string {
  if (message in i18n.messages) return i18n._(message, values)
  return values ? message.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)) : message
}

/** "3 tasks", "1 task". */
export const countOf = (count: number, one: string, other: string) => `${count.toLocaleString(region.locale)} ${count === 1 ? t(one) : t(other)}`

/** "1,204", "3.2 GiB". */
export function amount(value: number, unit: 'count' | 'bytes'): string {
  if (unit === 'count') return value.toLocaleString(region.locale, value >= 1_000_000 ? { notation: 'compact', maximumFractionDigits: 1 } : {})
  const step = value > 0 ? Math.min(4, Math.floor(Math.log2(value) / 10)) : 0
  return `${(value / 1024 ** step).toLocaleString(region.locale, { maximumFractionDigits: 1 })} ${['bytes', 'KiB', 'MiB', 'GiB', 'TiB'][step]}`
}

function usable(locale: string | null | undefined) {
  try {
    return locale ? Intl.getCanonicalLocales(locale)[0] : undefined
  } catch {
    return undefined
  }
}

const format = (at: string | Date, options: Intl.DateTimeFormatOptions) => {
  try {
    return new Intl.DateTimeFormat(region.locale, { timeZone: region.timeZone, ...options }).format(new Date(at))
  } catch {
    return new Intl.DateTimeFormat(undefined, options).format(new Date(at))
  }
}

/** The zone that times are shown in: the person's own, else the browser's. */
export const zoneHere = () => region.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC'

/** A day of the week in the language of the sentences; 0 is Sunday. */
export const weekdayWord = (day: number, weekday: 'long' | 'short' = 'long') => new Intl.DateTimeFormat(i18n.locale || 'en', { weekday, timeZone: 'UTC' }).format(new Date(Date.UTC(2024, 8, 1 + day)))

/** "Monday, Tuesday and Friday". */
export const listed = (names: string[]) => new Intl.ListFormat(i18n.locale === 'en' || !i18n.locale ? 'en-GB' : i18n.locale, { type: 'conjunction' }).format(names)

/** The absolute time in full, for titles and tables. */
export const absolute = (at: string | Date) => format(at, { dateStyle: 'medium', timeStyle: 'short' })

/** A day: "21 Nov", with the year when it is not this one. */
export function day(at: string | Date) {
  const date = new Date(at)
  const sameYear = date.getFullYear() === new Date().getFullYear()
  return format(date, sameYear ? { day: 'numeric', month: 'short' } : { day: 'numeric', month: 'short', year: 'numeric' })
}

const steps: [limit: number, size: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [3600, 60, 'minute'],
  [86_400, 3600, 'hour'],
  [86_400 * 7, 86_400, 'day'],
]

/** "5 min. ago", "yesterday"; a day once it is older than a week. */
export function relative(at: string | Date, now = Date.now()) {
  const seconds = (new Date(at).getTime() - now) / 1000
  const distance = Math.abs(seconds)
  if (distance < 45) return t('just now')
  for (const [limit, size, unit] of steps)
    if (distance < limit)
      return new Intl.RelativeTimeFormat(region.locale, { numeric: 'auto', style: 'short' }).format(Math.round(seconds / size) || Math.sign(seconds), unit)
  return day(at)
}

/** A due date as a person says it: "Today", "Tomorrow", "Fri", "21 Nov". */
export function dueWord(at: string) {
  const days = daysUntil(at)
  if (days === 0) return t('Today')
  if (days === 1) return t('Tomorrow')
  if (days === -1) return t('Yesterday')
  if (days > 1 && days < 7) return format(at, { weekday: 'short' })
  return day(at)
}

/** Calendar days from today to `at`; negative once it has passed. */
export function daysUntil(at: string) {
  const start = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
  return Math.round((start(new Date(at)) - start(new Date())) / 86_400_000)
}

/** Seconds as "4 s", "3 min", "2 h", "5 d". */
export function duration(seconds: number) {
  if (seconds < 1) return t('none')
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}
