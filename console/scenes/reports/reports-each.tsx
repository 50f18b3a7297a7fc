import { useCallback } from 'react'
import { Avatar } from '../../parts/person.tsx'
import { StatusShape } from '../../parts/shapes.tsx'
import { Loaded, Skeleton } from '../../parts/states.tsx'
import { Due } from '../../parts/time.tsx'
import { useNames } from '../../reads.ts'
import type { Category, Page, Project } from '../../things.ts'
import { countOf, day, duration, t } from '../../words.ts'
import type { Palette } from './chart.tsx'
import { Bars, Figure } from './figures.tsx'
import { taskLink, useReport, type Range } from './range.tsx'

type Of = { range: Range; project: Project }
type Days = { day: string; created: number; done: number }
type Burn = { day: string; open: number; ideal?: number }
type Cycle = { taskId: string; ref: string; title: string; hours: number; doneAt: string }
type Late = { taskId: string; ref: string; title: string; dueAt: string; assigneeId: string | null; daysLate: number }
type Load = { userId: string | null; todo: number; doing: number; done: number }
type Progress = { projectId: string; total: number; done: number; percent: number; columns: { id: string; name: string; category: Category; count: number }[] }

const waiting = (
  <div className="figure" aria-hidden="true">
    <Skeleton w="50%" h={16} />
    <Skeleton h={240} />
  </div>
)
/** Days come as dates in UTC: noon keeps them the same day everywhere. */
const dayOf = (date: string) => day(`${date.slice(0, 10)}T12:00:00Z`)
const queryOf = (range: Range) => ({ ...range })

export function ProgressOf({ range, project }: Of) {
  const read = useReport<Page<Progress>>('progress', range)
  return (
    <Loaded of={read} what={t('Progress could not be read')} skeleton={waiting}>
      {({ items }) => {
        const one = items.find((item) => item.projectId === project.id) ?? items[0]
        if (!one) return null
        return (
          <Figure
            kind="progress"
            finding={one.total ? t('{percent} % done: {done} of {total} tasks', { percent: one.percent, done: one.done, total: one.total }) : t('No tasks yet')}
            text={t('Progress by column, now')}
            query={queryOf(range)}
            table={{ head: [t('Column'), t('Tasks')], rows: one.columns.map((column) => [column.name, column.count]) }}
          >
            <Bars
              rows={one.columns.map((column) => ({
                label: column.name,
                name: (
                  <>
                    <StatusShape category={column.category} />
                    {column.name}
                  </>
                ),
                value: column.count,
                strong: column.category === 'done',
              }))}
            />
          </Figure>
        )
      }}
    </Loaded>
  )
}

export function Throughput({ range }: Of) {
  const read = useReport<Page<Days>>('throughput', range)
  const items = read.data?.items ?? []
  const half = Math.floor(items.length / 2)
  const sum = (list: Days[]) => list.reduce((total, one) => total + one.done, 0)
  const [before, after] = [sum(items.slice(0, half)), sum(items.slice(half))]
  const option = useCallback(
    (palette: Palette) => ({
      xAxis: { type: 'category', data: items.map((item) => dayOf(item.day)) },
      yAxis: { type: 'value' },
      series: [
        { name: t('Done'), type: 'bar', barMaxWidth: 14, itemStyle: { color: palette.accent, borderRadius: [2, 2, 0, 0] }, data: items.map((item) => item.done) },
        { name: t('Created'), type: 'bar', barMaxWidth: 14, barGap: '10%', itemStyle: { color: palette.faint, borderRadius: [2, 2, 0, 0] }, data: items.map((item) => item.created) },
      ],
    }),
    [items],
  )
  const finding = after === before ? t('{after} tasks done, as many as before', { after: before + after }) : after > before ? t('{total} tasks done, up {by} in the later half', { total: before + after, by: after - before }) : t('{total} tasks done, down {by} in the later half', { total: before + after, by: before - after })
  return (
    <Loaded of={read} what={t('Throughput could not be read')} skeleton={waiting}>
      {() => <Figure kind="throughput" finding={finding} text={t('Tasks done and created a day')} query={queryOf(range)} option={option} table={{ head: [t('Day'), t('Done'), t('Created')], rows: items.map((item) => [dayOf(item.day), item.done, item.created]) }} />}
    </Loaded>
  )
}

export function BurnDown({ range }: Of) {
  const read = useReport<Page<Burn>>('burn-down', range)
  const items = read.data?.items ?? []
  const [first, last] = [items[0]?.open ?? 0, items.at(-1)?.open ?? 0]
  const option = useCallback(
    (palette: Palette) => ({
      xAxis: { type: 'category', boundaryGap: false, data: items.map((item) => dayOf(item.day)) },
      yAxis: { type: 'value' },
      series: [
        { name: t('Open'), type: 'line', symbol: 'none', lineStyle: { width: 2, color: palette.accent }, itemStyle: { color: palette.accent }, areaStyle: { color: palette.accent, opacity: 0.1 }, data: items.map((item) => item.open) },
        ...(items.some((item) => item.ideal !== undefined) ? [{ name: t('Even pace'), type: 'line', symbol: 'none', lineStyle: { width: 1.5, type: 'dashed', color: palette.grey }, itemStyle: { color: palette.grey }, data: items.map((item) => item.ideal) }] : []),
      ],
    }),
    [items],
  )
  const finding = last === first ? t('{last} tasks open, as many as at the start', { last }) : last < first ? t('{last} tasks open, {by} fewer than at the start', { last, by: first - last }) : t('{last} tasks open, {by} more than at the start', { last, by: last - first })
  return (
    <Loaded of={read} what={t('Burn-down could not be read')} skeleton={waiting}>
      {() => <Figure kind="burn-down" finding={finding} text={t('Open tasks by day')} query={queryOf(range)} option={option} table={{ head: [t('Day'), t('Open')], rows: items.map((item) => [dayOf(item.day), item.open]) }} />}
    </Loaded>
  )
}

export function CycleTime({ range, project }: Of) {
  const read = useReport<Page<Cycle> & { medianHours?: number | null; p85Hours?: number | null }>('cycle-time', range)
  const items = read.data?.items ?? []
  const median = read.data?.medianHours
  const option = useCallback(
    (palette: Palette) => ({
      legend: { show: false },
      grid: { top: 24, left: 36, right: 12, bottom: 24 },
      tooltip: { trigger: 'item', renderMode: 'richText', formatter: (point: { data: [number, number, string] }) => `${point.data[2]}: ${duration(point.data[1] * 86_400)}` },
      xAxis: { type: 'time' },
      yAxis: { type: 'value', name: t('days'), nameTextStyle: { color: palette.dim, fontSize: 11 } },
      series: [
        {
          name: t('One task'), type: 'scatter', symbolSize: 8, itemStyle: { color: palette.accent, opacity: 0.75 },
          data: items.map((item) => [Date.parse(item.doneAt), Math.round((item.hours / 24) * 10) / 10, item.ref]),
          ...(median ? { markLine: { silent: true, symbol: 'none', lineStyle: { color: palette.grey, type: 'dashed' }, label: { formatter: t('median'), color: palette.dim, fontSize: 11, position: 'insideEndTop' }, data: [{ yAxis: median / 24 }] } } : {}),
        },
      ],
    }),
    [items, median],
  )
  return (
    <Loaded of={read} what={t('Cycle time could not be read')} skeleton={waiting}>
      {({ medianHours, p85Hours }) =>
        items.length ? (
          <Figure
            kind="cycle-time"
            finding={medianHours ? t('Half of the tasks take under {median}, most under {most}', { median: duration(medianHours * 3600), most: duration((p85Hours ?? medianHours) * 3600) }) : t('{tasks} finished', { tasks: countOf(items.length, 'task', 'tasks') })}
            text={t('Time from start to done, a dot a task')}
            query={queryOf(range)}
            option={option}
            table={{ head: [t('Task'), t('Done'), t('Hours')], rows: items.map((item) => [`${item.ref} ${item.title}`, day(item.doneAt), Math.round(item.hours)]) }}
          />
        ) : (
          <Figure kind="cycle-time" finding={t('Nothing finished in this time')} text={t('Time from start to done')} query={queryOf(range)} table={{ head: [t('Task')], rows: [] }}>
            <p className="dim small">{t('A dot appears for each task that reaches a done column of {project}.', { project: project.name })}</p>
          </Figure>
        )
      }
    </Loaded>
  )
}

export function Workload({ range }: Of) {
  const read = useReport<Page<Load>>('workload', range)
  const nameOf = useNames()
  return (
    <Loaded of={read} what={t('Workload could not be read')} skeleton={waiting}>
      {({ items }) => {
        const rows = items.map((item) => ({ ...item, open: item.todo + item.doing, name: item.userId ? (nameOf(item.userId) ?? t('Former member')) : t('Nobody') })).sort((one, other) => other.open - one.open)
        const top = rows[0]
        return (
          <Figure
            kind="workload"
            finding={top && top.open && !top.userId ? t('{tasks} have nobody yet', { tasks: countOf(top.open, 'open task', 'open tasks') }) : top && top.open ? t('{name} carries the most: {tasks}', { name: top.name, tasks: countOf(top.open, 'open task', 'open tasks') }) : t('Nobody has open tasks')}
            text={t('Open tasks by person, now')}
            query={queryOf(range)}
            table={{ head: [t('Person'), t('To do'), t('In progress')], rows: rows.map((row) => [row.name, row.todo, row.doing]) }}
          >
            <Bars
              rows={rows.map((row, at) => ({
                label: row.name,
                name: (
                  <>
                    <Avatar id={row.userId} name={row.name} named />
                    <span className="truncate">{row.name}</span>
                  </>
                ),
                value: row.open,
                strong: at === 0,
                note: t('{doing} in progress', { doing: row.doing }),
              }))}
            />
          </Figure>
        )
      }}
    </Loaded>
  )
}

export function Overdue({ range, project }: Of) {
  const read = useReport<Page<Late> & { total: number }>('overdue', range)
  const nameOf = useNames()
  return (
    <Loaded of={read} what={t('Overdue tasks could not be read')} skeleton={waiting}>
      {({ items, total }) => (
        <Figure
          kind="overdue"
          finding={items.length ? t('{tasks} overdue', { tasks: countOf(total ?? items.length, 'task', 'tasks') }) : t('Nothing is overdue')}
          text={t('Overdue tasks, the oldest first')}
          query={queryOf(range)}
          table={{ head: [t('Task'), t('Person'), t('Days late')], rows: items.map((item) => [`${item.ref} ${item.title}`, nameOf(item.assigneeId) ?? '', item.daysLate]) }}
        >
          <ul className="rows">
            {items.slice(0, 8).map((item) => (
              <li key={item.taskId}>
                <div className="line">
                  <span className="ref">{taskLink(project, item.ref)}</span>
                  <span className="truncate grow">{item.title}</span>
                  <Due at={item.dueAt} icon={false} />
                  <Avatar id={item.assigneeId} name={nameOf(item.assigneeId)} />
                </div>
              </li>
            ))}
          </ul>
          {!items.length && <p className="dim small">{t('What passes its due date without being done is listed here.')}</p>}
        </Figure>
      )}
    </Loaded>
  )
}
