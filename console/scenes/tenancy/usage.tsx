// What the team uses of its plan: each figure with its history, and behind it the events it is made of.
import { Button, SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useEffect, useId, useRef } from 'react'
import { get } from '../../api.ts'
import { Head } from '../../parts/head.tsx'
import { More, usePages } from '../../parts/pages.tsx'
import { Coming, Empty, Loaded, RowSkeletons, Skeleton } from '../../parts/states.tsx'
import { TableBox } from '../../parts/table-box.tsx'
import { Time } from '../../parts/time.tsx'
import { isOneTeam } from '../../installation.ts'
import { useMay, useMe, useNames } from '../../reads.ts'
import type { LogEvent, TenantFigures, Usage as UsageOf, UsageFigure } from '../../things.ts'
import { amount, countOf, day, t } from '../../words.ts'
import type { Palette } from '../reports/chart.tsx'
import { PlanFits, titleOf } from './plan-fits.tsx'
import '../reports/reports.css'
import './tenancy.css'

const Chart = lazy(() => import('../reports/chart.tsx'))
const ranges = [7, 30, 90]

export function Usage() {
  const { tenant } = useMe()
  const admin = useMay('admin')
  const { meter, days } = useSearch({ strict: false }) as { meter?: string; days?: string }
  const navigate = useNavigate()
  const span = ranges.includes(Number(days)) ? Number(days) : 30
  const from = new Date(Date.now() - (span - 1) * 86_400_000).toISOString().slice(0, 10)
  const read = useQuery({ queryKey: ['usage.get', { from }], queryFn: ({ signal }) => get<UsageOf>('/usage', { from }, signal), enabled: admin, refetchInterval: 15_000 })
  return (
    <>
      <Head title={isOneTeam() ? t('Usage') : t('Plan and usage')} />
      <div className="toolbar">
        <SegmentedControl
          size="xs"
          aria-label={t('Time')}
          value={String(span)}
          onChange={(next) => void navigate({ to: '.', search: { meter, days: next === '30' ? undefined : next } as never, replace: true })}
          data={ranges.map((count) => ({ value: String(count), label: t('{count} days', { count }) }))}
        />
      </div>
      <div className="body">
        <div className="pad wide">
          {!admin ? (
            <Empty title={t('For admins')}>{t('Admins and owners see what {name} uses.', { name: tenant?.name ?? '' })}</Empty>
          ) : (
            <Loaded of={read} what={t('The usage could not be read')} skeleton={<Waiting />}>
              {(usage) => (
                <div className="stack">
                  {!isOneTeam() && (
                    <p>
                      {t('{name} has the plan', { name: tenant?.name ?? '' })} <strong>{usage.plan.title}</strong>. <span className="dim">{usage.plan.description}</span>
                    </p>
                  )}
                  {tenant && <Figures tenantId={tenant.id} />}
                  <div className="figures">
                    {usage.items.map((figure) => (
                      <Figure key={figure.meter} figure={figure} open={figure.meter === meter} onOpen={(open) => void navigate({ to: '.', search: { meter: open ? figure.meter : undefined, days } as never, replace: true })} />
                    ))}
                  </div>
                  {usage.items.flatMap((figure) => (figure.meter === meter ? [<Behind key={`${meter} ${from}`} figure={figure} from={from} />] : []))}
                  {tenant && !isOneTeam() && (
                    <section>
                      <h2 style={{ fontSize: 16, marginBottom: 8 }}>{t('What this team would use of each plan')}</h2>
                      <PlanFits tenantId={tenant.id} />
                    </section>
                  )}
                </div>
              )}
            </Loaded>
          )}
        </div>
      </div>
    </>
  )
}

/** The team in figures, as it stands now. */
function Figures({ tenantId }: { tenantId: string }) {
  const read = useQuery({ queryKey: ['tenants.statistics', { id: tenantId }], queryFn: ({ signal }) => get<TenantFigures>(`/tenants/${tenantId}/statistics`, undefined, signal) })
  return (
    <Loaded of={read} what={t('The figures of the team could not be read')} skeleton={<Skeleton h={56} />}>
      {({ members, openInvitations, openTasks, tasks, eventsLastWeek, activePeopleLastWeek, lastActivityAt }) => {
        const roles = ([['owner', 'owners'], ['admin', 'admins'], ['member', 'members'], ['viewer', 'viewers']] as const).filter(([role]) => members[role]).map(([role, many]) => countOf(members[role], role, many))
        const facts: [string, number, string][] = [
          [t('Members'), members.total, [...roles, ...(openInvitations ? [countOf(openInvitations, 'open invitation', 'open invitations')] : [])].join(', ')],
          [t('Open tasks'), openTasks, t('of {count}', { count: tasks })],
          [t('Active people'), activePeopleLastWeek, t('in the last seven days')],
          [t('Events'), eventsLastWeek, t('in the last seven days')],
        ]
        return (
          <>
            <dl className="facts-row">
              {facts.map(([name, count, more]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd className="num">{count.toLocaleString()}</dd>
                  <dd className="meta">{more}</dd>
                </div>
              ))}
            </dl>
            {lastActivityAt && (
              <p className="meta">
                {t('Something last happened')} <Time at={lastActivityAt} />
              </p>
            )}
          </>
        )
      }}
    </Loaded>
  )
}

const Waiting = () => (
  <div className="figures" aria-hidden="true">
    {[0, 1, 2].map((one) => (
      <div className="figure" key={one}>
        <Skeleton w="50%" h={16} />
        <Skeleton h={200} />
      </div>
    ))}
  </div>
)

function Figure({ figure, open, onOpen }: { figure: UsageFigure; open: boolean; onOpen: (open: boolean) => void }) {
  const title = useId()
  const { meter, used, limit, unit, per, days } = figure
  const share = limit === null ? 0 : limit === 0 ? 1 : Math.min(1, used / limit)
  const name = titleOf(meter)
  const when = per === 'day' ? t('today') : per === 'month' ? t('this month') : t('now')
  const finding = limit === null ? t('{name}: {used} {when}, no limit', { name, used: amount(used, unit), when }) : t('{name}: {used} of {limit} {when}', { name, used: amount(used, unit), limit: amount(limit, unit), when })
  const option = useCallback(
    (palette: Palette) => ({
      xAxis: { type: 'category', data: days.map((one) => day(`${one.day}T12:00:00Z`)) },
      yAxis: { type: 'value', ...(unit === 'bytes' ? byteSteps(Math.max(...days.map(heightOf))) : {}), axisLabel: { color: palette.dim, fontSize: 11, formatter: (value: number) => amount(value, unit) } },
      grid: { top: 12, left: 56, right: 12, bottom: 24 },
      legend: { show: false },
      series: [{ type: per === 'level' ? 'line' : 'bar', name, data: days.map(heightOf), step: 'end', symbol: 'none', itemStyle: { color: palette.accent }, areaStyle: per === 'level' ? { opacity: 0.12 } : undefined }],
    }),
    [days, name, per, unit],
  )
  return (
    <section className="figure" aria-labelledby={title}>
      <header className="row spread" style={{ alignItems: 'flex-start' }}>
        <div>
          <h2 id={title}>{finding}</h2>
          <p className="meta">{figure.about}</p>
        </div>
        <Button size="compact-xs" variant="subtle" color="gray" style={{ flexShrink: 0 }} aria-pressed={open} aria-label={t('Events behind {name}', { name })} onClick={() => onOpen(!open)}>
          {t('Events')}
        </Button>
      </header>
      {limit !== null && (
        <div className="meter" aria-hidden="true">
          <span data-tone={share >= 1 ? 'danger' : share >= 0.8 ? 'warning' : undefined} style={{ width: `${Math.max(share * 100, used ? 0.5 : 0)}%` }} />
        </div>
      )}
      {share >= 0.8 && limit !== null && (
        <p className="note" data-tone={share >= 1 ? undefined : 'warning'} role="status">
          {share >= 1 ? t('The limit is reached: ask the operators for a larger plan.') : t('{percent} % of the limit are used.', { percent: Math.floor(share * 100) })}
        </p>
      )}
      <Suspense
        fallback={
          <Coming>
            <Skeleton h={180} />
          </Coming>
        }
      >
        <Chart label={finding} option={option} height={180} />
      </Suspense>
    </section>
  )
}

/** Of a day: how it stood, or what came to it; a run that was parked did not begin. */
const heightOf = ({ level, added, removed }: UsageFigure['days'][number]): number => level ?? added - removed

/** How much an event counts, and to which side. */
function counted({ name, data }: LogEvent, unit: UsageFigure['unit']): string {
  const sign = /removed|deleted|freed|parked/.test(name) ? '−' : '+'
  if (unit === 'bytes') return `${sign}${amount(Number(data.bytes ?? 0), unit)}`
  return typeof data.count === 'number' ? String(data.count) : `${sign}1`
}

/** What it is that takes room; a run can be looked at, as long as it is there. */
function Kept({ event: { data } }: { event: LogEvent }) {
  const word = typeof data.what === 'string' ? kinds()[data.what] : undefined
  if (!word) return null
  if (data.what === 'run-value' && typeof data.of === 'string')
    return (
      <div className="meta">
        <Link className="link" to="/runs/$run" params={{ run: data.of }}>
          {word}
        </Link>
      </div>
    )
  return <div className="meta">{typeof data.things === 'number' && data.things > 1 ? `${word} (${data.things})` : word}</div>
}
const kinds = (): Record<string, string> => ({ 'run-value': t('value of a run'), received: t('came to a webhook or mail address'), logo: t('logo') })

/** Marks of an axis of bytes, at steps that are round in KiB, MiB and so on. */
function byteSteps(most: number): { interval: number; max: number } {
  const interval = 2 ** Math.max(8, Math.ceil(Math.log2(Math.max(most, 1) / 5)))
  return { interval, max: interval * Math.max(1, Math.ceil(most / interval)) }
}

/** The events a figure is counted from. */
function Behind({ figure: { meter, unit }, from }: { figure: UsageFigure; from: string }) {
  const nameOf = useNames()
  const read = usePages<LogEvent>(['usage.events', { meter, from }], `/usage/${meter}/events`, { from })
  const title = t('Events behind {name}', { name: titleOf(meter) })
  const section = useRef<HTMLElement>(null)
  useEffect(() => section.current?.scrollIntoView({ block: 'start', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' }), []) // opened above, read here
  return (
    <section ref={section} style={{ scrollMarginTop: 16 }}>
      <h2 style={{ fontSize: 16, marginBottom: 8 }}>{title}</h2>
      <Loaded of={read} what={t('The events could not be read')} skeleton={<RowSkeletons count={5} />}>
        {(all) =>
          all.length ? (
            <TableBox label={title} heads={[t('When'), t('What'), t('Who'), { name: t('Counts'), end: true }]}>
              {all.map((event) => (
                <tr key={event.id}>
                  <td className="dim">
                    <Time at={event.at} />
                  </td>
                  <td>
                    <code>{event.name}</code>
                    <Kept event={event} />
                  </td>
                  <td>{nameOf(event.actor.id) ?? event.actor.type}</td>
                  <td className="end num">{counted(event, unit)}</td>
                </tr>
              ))}
            </TableBox>
          ) : (
            <p className="dim">{t('Nothing was counted in this time.')}</p>
          )
        }
      </Loaded>
      <More of={read} />
    </section>
  )
}
