// Activity and audit have no tables and no reader: they are questions to the log.
import type { Context } from '../../kernel/db.ts'
import { csvAnswer } from '../../kernel/csv.ts'
import { only, refuse } from '../../kernel/errors.ts'
import type { EventRegistry } from '../../kernel/events.ts'
import type { EventRow, LoggedEvent, OpenEvent } from '../../kernel/log.ts'
import { numberShape, page, parseCursor } from '../../kernel/pages.ts'
import { closedRange, openRange } from '../../kernel/range.ts'
import type { Answer } from '../../kernel/route.ts'
import { roleReaches, type List } from '../../kernel/schema.ts'
import { opens } from '../../kernel/scopes.ts'
import { projectScope } from '../projects/api.ts'
import { countActivity, findTaskSeen, listActivity, listLog, type About, type View } from './queries.ts'
import type { ActivityEvent, ActivityQuery, LogQuery, Usage, UsageQuery } from './schema.ts'

const mostRows = 10_000
const end = [String(Number.MAX_SAFE_INTEGER), String(Number.MAX_SAFE_INTEGER)]
const placeOf = (after: string | undefined) => {
  const [pos, seq] = parseCursor(after, end, [numberShape, numberShape]).map(Number)
  return { pos: pos!, seq: seq! }
}
const cursorOf = (row: EventRow) => [String(row.pos), String(row.seq)]

export function createActivity({ registry, open }: { registry: EventRegistry; open: OpenEvent }) {
  const named = (audience: string) => registry.names.filter((name) => registry.of(name).audience === audience)
  const [members, admins, personal] = [named('members'), named('admins'), named('person')]
  const viewOf = (ctx: Context): View => ({ role: ctx.role, actor: ctx.actor, names: roleReaches(ctx.role, 'admin') && opens(ctx, 'admin', 'events.read') ? [...members, ...admins] : members })
  /** @throws 404 for what the caller cannot see */
  async function judge(ctx: Context, { projectId, taskId }: About): Promise<void> {
    if (projectId && !(await projectScope(ctx, projectId))) refuse('project.not_found')
    if (taskId) only((await ctx.read(findTaskSeen(ctx, taskId)))[0], 'task')
  }

  return {
    /** Newest first: what happened in the tenant, a project, to a task, by a person, as far as the caller may see it. */
    async list(ctx: Context, { after, limit, ...filter }: ActivityQuery): Promise<List<ActivityEvent>> {
      await judge(ctx, filter)
      const [rows] = await ctx.read(listActivity(viewOf(ctx), filter, placeOf(after), limit + 1))
      const { items, next } = page(rows, limit, cursorOf)
      return {
        next,
        items: await Promise.all(items.map(async ({ actorName, taskId, taskRef, taskTitle, taskDeleted, ...row }) => {
          const event = await open(row)
          return { ...event, actor: { ...event.actor, name: actorName }, task: taskId ? { id: taskId, ref: taskRef!, title: taskTitle!, deleted: taskDeleted === true } : null }
        })),
      }
    },
    /** How much happened: by day, by name, by person. At most 400 days, 30 when nothing is said. */
    async usage(ctx: Context, { from, to, ...filter }: UsageQuery): Promise<Usage> {
      const span = closedRange({ ...(from ? { from } : {}), ...(to ? { to } : {}) }, { days: 30, most: 400 })
      await judge(ctx, filter)
      const [rows] = await ctx.read(countActivity(viewOf(ctx), filter, span.from, span.to))
      const days = rows.filter((r) => r.part === 3).map(({ day, count }) => ({ day: day!, count }))
      return {
        ...span, total: days.reduce((sum, d) => sum + d.count, 0), days,
        names: rows.filter((r) => r.part === 5).map(({ name, count }) => ({ name: name!, count })),
        people: rows.filter((r) => r.part === 6 && r.userId).map(({ userId, count }) => ({ userId: userId!, count })),
      }
    },
    /** The tenant's log, newest first; as CSV up to 10,000 rows at once, the rest behind a Link. */
    async audit(ctx: Context, { after, limit, from, to, ...filter }: LogQuery, csv: boolean): Promise<List<LoggedEvent> | Answer> {
      const span = openRange({ ...(from ? { from } : {}), ...(to ? { to } : {}) })
      const size = limit ?? (csv ? mostRows : 50)
      const [rows] = await ctx.read(listLog(ctx.actor.id, personal, { ...filter, ...span }, placeOf(after), size + 1))
      const { items, next } = page(rows, size, cursorOf)
      const events = await Promise.all(items.map(async ({ actorName, ...row }) => ({ event: await open(row), actorName })))
      if (!csv) return { items: events.map(({ event }) => event), next }
      const query = new URLSearchParams(Object.entries({ ...filter, from, to, limit, after: next }).flatMap(([key, value]): [string, string][] => (value ? [[key, String(value)]] : [])))
      return csvAnswer('events', ['at', 'name', 'subjectType', 'subjectId', 'actorType', 'actorId', 'actorName', 'data', 'causeId', 'requestId', 'id', 'seq'],
        events.map(({ event: e, actorName }) => [e.at, e.name, e.subject.type, e.subject.id, e.actor.type, e.actor.id, actorName, JSON.stringify(e.data), e.causeId, e.requestId, e.id, e.seq]),
        next ? `/api/v1/events?${query}` : undefined)
    },
  }
}
