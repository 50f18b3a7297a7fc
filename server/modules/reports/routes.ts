import { csvAnswer, csvType, wantsCsv } from '../../kernel/csv.ts'
import type { Context } from '../../kernel/db.ts'
import { get, routes } from '../../kernel/route.ts'
import type { TSchema } from '../../kernel/schema.ts'
import { BurnDown, CycleTime, Overdue, Progress, ReportQuery, Throughput, Workload } from './schema.ts'
import { reportBurnDown, reportCycleTime, reportOverdue, reportProgress, reportThroughput, reportWorkload } from './service.ts'

type Cell = string | number | null
/** @param head the file's columns @param rowsOf the rows one item gives */
const reportRoute = <Item>(
  name: string, summary: string, returns: TSchema, read: (ctx: Context, query: ReportQuery) => Promise<{ items: Item[] }>, head: readonly string[], rowsOf: (item: Item) => readonly (readonly Cell[])[],
) =>
  get(`/reports/${name}`, {
    summary, permission: 'reports.read', query: ReportQuery, returns, alsoProduces: [csvType],
    async handle(ctx, { query, request }) {
      const report = await read(ctx, query)
      return wantsCsv(request.accept) ? csvAnswer(name, head, report.items.flatMap(rowsOf)) : report
    },
  })

export const reportRoutes = routes('reports', {
  progress: reportRoute('progress', 'Tasks by column', Progress, reportProgress, ['project', 'column', 'category', 'tasks'], (p) => p.columns.map((c) => [p.key, c.name, c.category, c.count])),
  throughput: reportRoute('throughput', 'Tasks made and done a day', Throughput, reportThroughput, ['day', 'created', 'done'], (d) => [[d.day, d.created, d.done]]),
  cycleTime: reportRoute('cycle-time', 'How long tasks take', CycleTime, reportCycleTime, ['ref', 'title', 'startedAt', 'doneAt', 'hours'], (c) => [[c.ref, c.title, c.startedAt, c.doneAt, c.hours]]),
  overdue: reportRoute('overdue', 'Late tasks', Overdue, reportOverdue, ['ref', 'title', 'dueAt', 'daysLate', 'assigneeId'], (t) => [[t.ref, t.title, t.dueAt, t.daysLate, t.assigneeId]]),
  workload: reportRoute('workload', 'Tasks by assignee', Workload, reportWorkload, ['userId', 'name', 'todo', 'doing', 'done', 'overdue'], (w) => [[w.userId, w.name, w.todo, w.doing, w.done, w.overdue]]),
  burnDown: reportRoute('burn-down', 'Open tasks by day', BurnDown, reportBurnDown, ['day', 'open', 'ideal'], (d) => [[d.day, d.open, d.ideal]]),
})
