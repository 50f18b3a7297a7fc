// When something comes by itself, in words: how often, at what time, in whose zone; what it means in a sentence, and when that is next. A field of a
// schema is drawn so where its `x-schedule` says which fields beside it belong to the same schedule. What is kept is a cron pattern, or an interval.
import { NumberInput, Select, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { get } from '../../api.ts'
import { absolute, t, weekdayWord, zoneHere } from '../../words.ts'
import type { Schema } from './graph/drawn.ts'
import { clock, cronOf, intervalOf, minuteSteps, rhythmOf, scheduleLine, unitWord, weekdays, workingDays, type Rhythm } from './rhythm.ts'
import { Group, inWords, type Named } from './value-fields.tsx'
import './schedule-field.css'

type Values = Record<string, unknown>
type Kind = Rhythm['kind'] | 'interval' | 'custom'
type Props = Named & { name: string; schema: Schema; value: Values; onChange: (value: Values) => void; /** the field of the time zone */ zone: ReactNode }

/** What a form with schedules begins with: times are meant where the person is. */
export const zonesOf = (schema: Schema): Values => Object.fromEntries(Object.values(schema.properties ?? {}).flatMap((field) => (field['x-schedule'] ? [[field['x-schedule'].timeZone, zoneHere()]] : [])))

export function ScheduleField({ name, schema, value, onChange, zone, label, description, required, error }: Props) {
  const beside = schema['x-schedule']!
  const every = beside.every ? value[beside.every] : undefined
  const cron = String(value[name] ?? (every === undefined ? (schema.default ?? '') : ''))
  const timeZone = String(value[beside.timeZone] ?? 'UTC')
  const [asPattern, setAsPattern] = useState(false)
  const [byDays, setByDays] = useState(false) // while days are chosen all seven are days too, or the buttons would be gone under the finger
  const written = rhythmOf(cron)
  const rhythm: Rhythm | undefined = byDays && written?.kind === 'daily' ? { kind: 'weekly', days: weekdays, hour: written.hour, minute: written.minute } : written
  const kind: Kind | null = every !== undefined ? 'interval' : !cron && !asPattern ? null : asPattern || !rhythm ? 'custom' : rhythm.kind

  const write = (next: { cron?: string; every?: string }) => {
    const { [name]: _, [beside.every ?? name]: __, ...rest } = value
    onChange({ ...rest, [beside.timeZone]: value[beside.timeZone] ?? zoneHere(), ...(next.every !== undefined && beside.every ? { [beside.every]: next.every } : { [name]: next.cron ?? '' }) })
  }
  const set = (next: Rhythm) => write({ cron: cronOf(next) })
  const at = rhythm && 'hour' in rhythm ? { hour: rhythm.hour, minute: rhythm.minute } : { hour: 9, minute: 0 }
  const choose = (next: Kind) => {
    setAsPattern(next === 'custom')
    setByDays(next === 'weekly')
    if (next === 'custom') return write({ cron: cron || '0 9 * * 1-5' })
    if (next === 'interval') return write({ every: typeof every === 'string' ? every : '90m' })
    set({ minutes: { kind: 'minutes', every: 15 }, hourly: { kind: 'hourly', minute: at.minute }, daily: { kind: 'daily', ...at }, weekly: { kind: 'weekly', days: workingDays, ...at }, monthly: { kind: 'monthly', day: 1, ...at } }[next] as Rhythm)
  }
  const kinds: { value: Kind; label: string }[] = [
    { value: 'minutes', label: t('Every few minutes') }, { value: 'hourly', label: t('Every hour') }, { value: 'daily', label: t('Every day') }, { value: 'weekly', label: t('On certain days of the week') }, { value: 'monthly', label: t('Every month') },
    ...(beside.every ? [{ value: 'interval' as const, label: t('At an interval of its own') }] : []), { value: 'custom', label: t('By a cron pattern') },
  ]
  return (
    <Group label={label} error={error}>
      <div className="schedule">
        <Select label={t('How often')} className="schedule-wide" withAsterisk={required} allowDeselect={false} placeholder={t('Choose')} data={kinds} value={kind} onChange={(next) => next && choose(next as Kind)} />
        {kind === 'minutes' && rhythm?.kind === 'minutes' && <Select label={t('Minutes')} allowDeselect={false} data={minuteSteps.map(String)} value={String(rhythm.every)} onChange={(next) => next && set({ kind: 'minutes', every: Number(next) })} />}
        {kind === 'hourly' && rhythm?.kind === 'hourly' && <NumberInput label={t('Minutes past the hour')} min={0} max={59} allowDecimal={false} clampBehavior="strict" value={rhythm.minute} onChange={(minute) => typeof minute === 'number' && set({ kind: 'hourly', minute })} />}
        {kind === 'weekly' && rhythm?.kind === 'weekly' && <Days days={rhythm.days} set={(days) => (setByDays(true), set({ ...rhythm, days }))} />}
        {kind === 'monthly' && rhythm?.kind === 'monthly' && (
          <Select label={t('Day')} allowDeselect={false} data={[...Array.from({ length: 31 }, (_, day) => ({ value: String(day + 1), label: String(day + 1) })), { value: 'last', label: t('Last day') }]} value={String(rhythm.day)} onChange={(day) => day && set({ ...rhythm, day: day === 'last' ? day : Number(day) })} />
        )}
        {(kind === 'daily' || kind === 'weekly' || kind === 'monthly') && rhythm && 'hour' in rhythm && (
          <TextInput
            type="time"
            label={t('At')}
            value={clock(rhythm)}
            onChange={(event) => {
              const [hour, minute] = event.currentTarget.value.split(':').map(Number)
              if (hour !== undefined && minute !== undefined) set({ ...rhythm, hour, minute })
            }}
          />
        )}
        {kind === 'interval' && <Interval text={String(every)} set={(next) => write({ every: next })} />}
        {kind === 'custom' && <TextInput className="mono-field schedule-wide" label={t('Cron pattern')} description={inWords(schema.description) ?? description ?? t('Minute, hour, day, month and weekday.')} value={cron} onChange={(event) => write({ cron: event.currentTarget.value })} spellCheck={false} autoComplete="off" maxLength={100} />}
        {kind && kind !== 'interval' && <div className={kind === 'custom' || kind === 'monthly' ? 'schedule-wide' : 'schedule-zone'}>{zone}</div>}
      </div>
      {kind && <Meaning cron={every === undefined ? cron : undefined} every={every === undefined ? undefined : String(every)} timeZone={timeZone} told={!!error} rhythm={rhythm} />}
    </Group>
  )
}

function Days({ days, set }: { days: number[]; set: (days: number[]) => void }) {
  return (
    <div className="days schedule-wide" role="group" aria-label={t('Days of the week')}>
      {weekdays.map((day) => (
        <button key={day} type="button" aria-pressed={days.includes(day)} disabled={days.length === 1 && days[0] === day} onClick={() => set(days.includes(day) ? days.filter((one) => one !== day) : [...days, day])}>
          <span aria-hidden="true">{weekdayWord(day, 'short')}</span>
          <span className="sr">{weekdayWord(day)}</span>
        </button>
      ))}
    </div>
  )
}

/** How long something lasts, such as `3d`: a number and its unit. */
export function DurationField({ units, value, onChange, ...named }: Named & { units: string[]; value: string; onChange: (value: string) => void }) {
  return (
    <Group {...named}>
      <div className="schedule">
        <Interval text={value} set={onChange} label={t('How many')} units={units} most={9999} />
      </div>
    </Group>
  )
}

function Interval({ text, set, label = t('Every'), units = ['m', 'h', 'd', 'w'], most = 999_999 }: { text: string; set: (text: string) => void; label?: string; units?: string[]; most?: number }) {
  const { count = 90, unit = 'm' } = intervalOf(text) ?? {}
  return (
    <>
      <NumberInput label={label} min={1} max={most} allowDecimal={false} clampBehavior="strict" value={count} onChange={(next) => typeof next === 'number' && next >= 1 && set(`${next}${unit}`)} />
      <Select label={t('Unit')} allowDeselect={false} data={[...(units.includes(unit) ? [] : [unit]), ...units].map((one) => ({ value: one, label: unitWord(one, count) }))} value={unit} onChange={(next) => next && set(`${count}${next}`)} />
    </>
  )
}

/** The schedule as a sentence, and when it is next, as the server counts; or why it cannot be read. */
function Meaning({ cron, every, timeZone, told, rhythm }: { cron: string | undefined; every: string | undefined; timeZone: string; told: boolean; rhythm: Rhythm | undefined }) {
  const asked = { ...(every === undefined ? { cron: cron!.trim() } : { every }), timeZone }
  const [settled] = useDebouncedValue(JSON.stringify(asked), 250)
  const times = useQuery({
    queryKey: ['workflow-ticks', { settled }],
    queryFn: ({ signal }) => get<{ ticks: string[]; faults: { path: string; message: string }[] }>('/workflows/schedule-times', JSON.parse(settled) as Record<string, string>, signal),
    enabled: every !== undefined || !!cron?.trim(),
    staleTime: 30_000,
    retry: false,
    placeholderData: keepPreviousData,
  })
  const old = times.isPlaceholderData || settled !== JSON.stringify(asked) // what stands there is still of the words before
  const fault = times.data?.faults[0]
  const line = scheduleLine({ cron, every })
  return (
    <div className="schedule-means" aria-busy={old || undefined} data-broken={fault ? true : undefined}>
      <p role="status">
        <b>{fault ? t('Not yet a schedule') : rhythm || every ? line : t('By the pattern {cron}', { cron: line })}</b>
        {!fault && every === undefined && <span className="dim"> {t('in {zone}', { zone: timeZone.replaceAll('_', ' ') })}</span>}
      </p>
      {fault && !told && <p className="schedule-fault">{t('The schedule {fault}.', { fault: fault.message })}</p>}
      {rhythm?.kind === 'monthly' && typeof rhythm.day === 'number' && rhythm.day > 28 && <p className="meta">{t('Months without a day {day} are left out.', { day: rhythm.day })}</p>}
      {!fault && times.data && <Next ticks={times.data.ticks.slice(0, 3)} timeZone={every === undefined ? timeZone : zoneHere()} />}
    </div>
  )
}

function Next({ ticks, timeZone }: { ticks: string[]; timeZone: string }) {
  const format = formatIn(timeZone)
  return (
    <ol className="ticks num" aria-label={t('Next times')}>
      {ticks.map((at) => (
        <li key={at}>
          <time dateTime={at} title={t('{time} where you are', { time: absolute(at) })}>
            {format.format(new Date(at))}
          </time>
        </li>
      ))}
    </ol>
  )
}
function formatIn(timeZone: string) {
  const options = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: 'numeric', minute: '2-digit' } as const
  try {
    return new Intl.DateTimeFormat(undefined, { ...options, timeZone })
  } catch {
    return new Intl.DateTimeFormat(undefined, options) // a zone that this browser does not know
  }
}
