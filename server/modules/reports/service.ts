import type { Context } from '../../kernel/db.ts'
import { refuse } from '../../kernel/errors.ts'
import { closedRange } from '../../kernel/range.ts'
import type { Static } from '../../kernel/schema.ts'
import { countByColumn, countDays, countLoad, countOpen, countOpened, listCycles, listLate, listSeen } from './queries.ts'
import type { BurnDown, CycleTime, Overdue, Progress, ReportQuery, Throughput, Workload } from './schema.ts'

const dayMs = 86_400_000
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)
/** Every day (UTC) that the span touches; an end at midnight does not touch its day. */
export function daysOf({ from, to }: { from: string; to: string }): string[] {
  const days: string[] = []
  const last = dayOf(Math.max(Date.parse(from), Date.parse(to) - 1))
  for (let at = Date.parse(dayOf(Date.parse(from))); dayOf(at) <= last; at += dayMs) days.push(dayOf(at))
  return days
}
/** The value below which this share of them lies, between two neighbours in proportion (as percentile_cont does). @param sorted ascending */
export function percentile(sorted: readonly number[], share: number): number | null {
  if (!sorted.length) return null
  const at = (sorted.length - 1) * share
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
  return low + (high - low) * (at - Math.floor(at))
}
const round = (n: number) => Math.round(n * 100) / 100

/** The projects and the span a report is about. @throws project.not_found for one the caller does not see, 422 for a span that is none */
async function scopeOf(ctx: Context, { projectId, from, to }: ReportQuery) {
  const span = closedRange({ ...(from ? { from } : {}), ...(to ? { to } : {}) }, { days: 28, most: 400 })
  const [projects] = await ctx.read(listSeen(ctx, projectId ?? null))
  if (projectId && !projects.length) refuse('project.not_found')
  return { span, projects, ids: projects.map((p) => p.id) }
}

export async function reportProgress(ctx: Context, query: ReportQuery): Promise<Static<typeof Progress>> {
  const { projects, ids } = await scopeOf(ctx, query)
  const [counts] = await ctx.read(countByColumn(ids))
  const items = projects.map(({ id, key, name, columns }) => {
    const shown = columns.map((c) => ({ id: c.id, name: c.name, category: c.category, count: counts.find((n) => n.projectId === id && n.status === c.id)?.count ?? 0 }))
    const sum = (of: typeof shown) => of.reduce((all, c) => all + c.count, 0)
    const [total, done] = [sum(shown), sum(shown.filter((c) => c.category === 'done'))]
    return { projectId: id, key, name, total, done, percent: total ? Math.floor((done * 100) / total) : 0, columns: shown }
  })
  return { items, next: null }
}

export async function reportThroughput(ctx: Context, query: ReportQuery): Promise<Static<typeof Throughput>> {
  const { span, ids } = await scopeOf(ctx, query)
  const [rows] = await ctx.read(countDays(ids, span.from, span.to))
  const by = new Map(rows.map((r) => [r.day, r]))
  return { items: daysOf(span).map((day) => ({ day, created: by.get(day)?.created ?? 0, done: by.get(day)?.done ?? 0 })), next: null }
}

export async function reportCycleTime(ctx: Context, query: ReportQuery): Promise<Static<typeof CycleTime>> {
  const { span, ids } = await scopeOf(ctx, query)
  const [rows] = await ctx.read(listCycles(ids, span.from, span.to, 5000))
  const hours = rows.map((r) => r.hours).sort((a, b) => a - b)
  const [median, most] = [percentile(hours, 0.5), percentile(hours, 0.85)]
  return { items: rows.map((r) => ({ ...r, startedAt: r.startedAt ?? r.doneAt, hours: round(r.hours) })), next: null, medianHours: median === null ? null : round(median), p85Hours: most === null ? null : round(most) }
}

export async function reportOverdue(ctx: Context, query: ReportQuery): Promise<Static<typeof Overdue>> {
  const { ids } = await scopeOf(ctx, query)
  const [rows] = await ctx.read(listLate(ids, 500))
  return { items: rows.map(({ total: _, dueAt, ...r }) => ({ ...r, dueAt: dueAt! })), next: null, total: rows[0]?.total ?? 0 }
}

export async function reportWorkload(ctx: Context, query: ReportQuery): Promise<Static<typeof Workload>> {
  const { span, ids } = await scopeOf(ctx, query)
  const [rows] = await ctx.read(countLoad(ids, span.from, span.to))
  return { items: rows.filter((r) => r.todo + r.doing + r.done > 0), next: null }
}

/** Counted backwards from what is open now, so that a log that was trimmed, or columns that changed category, do not bend the end of the line. */
export async function reportBurnDown(ctx: Context, query: ReportQuery): Promise<Static<typeof BurnDown>> {
  const { span, ids } = await scopeOf(ctx, query)
  const [[now], rows] = await ctx.read(countOpen(ids), countOpened(ids, `${dayOf(Date.parse(span.from))}T00:00:00Z`))
  const all = daysOf(span)
  const days = all.filter((day) => day <= dayOf(Date.now()))
  const items = days.map((day) => ({ day, open: Math.max(0, now!.open - rows.filter((r) => r.day > day).reduce((sum, r) => sum + r.by, 0)) }))
  const first = items[0]?.open ?? 0
  return { items: items.map((item, i) => ({ ...item, ideal: all.length > 1 ? round(first * (1 - i / (all.length - 1))) : 0 })), next: null }
}
