// Lists and search. What narrows most is an index's part and decides the text of the statement; all other filters are tested row by row in one
// fixed form, so that there are few texts. Every order is an index's own.
import type { Context } from '../../kernel/db.ts'
import { refuseField } from '../../kernel/errors.ts'
import { idShape, newest, page, parseCursor, timeShape } from '../../kernel/pages.ts'
import { Type, type List } from '../../kernel/schema.ts'
import { sql, statement, type Query } from '../../kernel/sql.ts'
import { visibleProject } from '../projects/api.ts'
import { someone, taskColumns, type Asker } from './queries.ts'
import { ListedTask, type Task, type TaskQuery } from './schema.ts'

const nothing = sql``
const lowest = '00000000-0000-0000-0000-000000000000'
const highest = newest[1]

type Order = { first: readonly string[]; shapes: readonly RegExp[]; beyond(at: readonly string[]): Query; by: Query; key(last: Listed): readonly string[] }
type Listed = Task & { number: number }
const numberShape = /^\d{1,9}$/
const anyText = /^[^]{0,100}$/
const asNumber = (text: string | undefined) => Number(text)
/** Newest first and oldest first; within a project by number, else by id, which holds the time. */
const orders: Record<string, Order> = {
  'project -createdAt': { first: ['2147483647'], shapes: [numberShape], beyond: ([n]) => sql`t.number < ${asNumber(n)}`, by: sql`t.number desc`, key: (t) => [String(t.number)] },
  'project createdAt': { first: ['0'], shapes: [numberShape], beyond: ([n]) => sql`t.number > ${asNumber(n)}`, by: sql`t.number`, key: (t) => [String(t.number)] },
  'project position': {
    first: ['', '', lowest], shapes: [anyText, anyText, idShape], beyond: ([s, p, id]) => sql`(t.status, t.position, t.id) > (${s}, ${p}, ${id})`, by: sql`t.status, t.position, t.id`, key: (t) => [t.status, t.position, t.id],
  },
  '-createdAt': { first: [highest], shapes: [idShape], beyond: ([id]) => sql`t.id < ${id}`, by: sql`t.id desc`, key: (t) => [t.id] },
  createdAt: { first: [lowest], shapes: [idShape], beyond: ([id]) => sql`t.id > ${id}`, by: sql`t.id`, key: (t) => [t.id] },
  dueAt: { first: ['-infinity', lowest], shapes: [timeShape, idShape], beyond: ([due, id]) => sql`(t.due_at, t.id) > (${due}, ${id})`, by: sql`t.due_at, t.id`, key: (t) => [t.dueAt!, t.id] },
}

type Filter = {
  project: string | null; assignee: string | null; unassigned: boolean; status: string | null; priority: string | null; label: string | null; fields: object | null
  dueBefore: string | null; dueAfter: string | null; parent: string | null; topLevel: boolean; q: string | null
}
/** What the index begins with. */
const scopes = {
  project: (f: Filter) => sql`t.project_id = ${f.project}`,
  assignee: (f: Filter) => sql`t.assignee_id = ${f.assignee}`,
  tagged: (f: Filter) => sql`t.id in (select tagged_tasks(${f.label === null ? null : [f.label]}::text[], ${f.fields === null ? null : sql.json(f.fields)}::jsonb))`,
  all: () => sql`true`,
}
type Scope = keyof typeof scopes
const tested = (f: Filter) => sql`
  and (${f.project}::uuid is null or t.project_id = ${f.project}) and (${f.assignee}::uuid is null or t.assignee_id = ${f.assignee}) and (not ${f.unassigned}::boolean or t.assignee_id is null)
  and (${f.status}::text is null or t.status = ${f.status}) and (${f.priority}::text is null or t.priority = ${f.priority})
  and (${f.label}::text is null or ${f.label} = any (t.labels)) and (${f.fields === null ? null : sql.json(f.fields)}::jsonb is null or t.fields @> ${f.fields === null ? null : sql.json(f.fields)}::jsonb)
  and (${f.dueBefore}::timestamptz is null or t.due_at < ${f.dueBefore}) and (${f.dueAfter}::timestamptz is null or t.due_at >= ${f.dueAfter})
  and (${f.parent}::uuid is null or t.parent_id = ${f.parent}) and (not ${f.topLevel}::boolean or t.parent_id is null)`
const worded = (who: Asker, f: Filter) => sql`
  and t.id in (select s.id from search_tasks(${f.q}, array(select p.id from projects p where p.deleted_at is null and (${f.project}::uuid is null or p.id = ${f.project}) and ${visibleProject(who)}), 'infinity', ${highest}, 1000, false) s)`

const no: Filter = { project: null, assignee: null, unassigned: false, status: null, priority: null, label: null, fields: null, dueBefore: null, dueAfter: null, parent: null, topLevel: false, q: null }
type Shape = { scope: Scope; order: string; filtered: boolean; worded: boolean }
const shapes: Shape[] = (Object.keys(scopes) as Scope[]).flatMap((scope) =>
  Object.keys(orders).filter((order) => order.startsWith('project') === (scope === 'project') || order === 'dueAt').flatMap((order) =>
    [[false, false], [true, false], [true, true]].map(([filtered, q]) => ({ scope, order, filtered: filtered!, worded: q! }))))

const ListRow = Type.Object({ ...ListedTask.properties, number: Type.Integer() })
const listRows = statement('tasks.list', ListRow, (who: Asker, { scope, order, filtered, worded: withWords }: Shape, f: Filter, at: readonly string[], limit: number) => sql`
  select ${taskColumns}, t.number from tasks t join projects p on p.id = t.project_id
  where ${scopes[scope](f)} and ${orders[order]!.beyond(at)} and t.deleted_at is null and p.deleted_at is null and ${visibleProject(who)} ${filtered ? tested(f) : nothing} ${withWords ? worded(who, f) : nothing}
    ${order === 'dueAt' ? sql`and t.due_at is not null` : nothing}
  order by ${orders[order]!.by} limit ${limit}`, shapes.map((shape): [Asker, Shape, Filter, readonly string[], number] => [someone, shape, no, orders[shape.order]!.first, 1]))

/** Those the caller sees; newest first unless `sort` says otherwise. @throws 422 for a sort or a filter that does not fit */
export async function listTasks(ctx: Context, query: TaskQuery): Promise<List<Task>> {
  const f = filterOf(ctx, query)
  const sort = query.sort ?? '-createdAt'
  if (sort === 'position' && !f.project) refuseField('/sort', 'position needs projectId', 'query')
  const scope: Scope = f.project ? 'project' : f.assignee ? 'assignee' : f.label !== null || f.fields !== null ? 'tagged' : 'all'
  const order = scope === 'project' && sort !== 'dueAt' ? `project ${sort}` : sort
  const { first, shapes: cursor, key } = orders[order]!
  const at = parseCursor(query.after, first, cursor)
  const filtered = Object.entries(f).some(([name, value]) => value !== null && value !== false && name !== 'q' && name !== scope)
  const [rows] = await ctx.read(listRows(ctx, { scope, order, filtered: filtered || f.q !== null, worded: f.q !== null }, f, at, query.limit + 1))
  return page<Listed>(rows, query.limit, key)
}

function filterOf(ctx: Context, query: TaskQuery): Filter {
  const { assigneeId, parentId } = query
  if (assigneeId === 'me' && ctx.actor.type !== 'user') refuseField('/assigneeId', 'is `me`, but a key asks', 'query')
  return {
    ...no, project: query.projectId ?? null, status: query.status ?? null, priority: query.priority ?? null, label: query.label ?? null, dueBefore: query.dueBefore ?? null, dueAfter: query.dueAfter ?? null, q: query.q ?? null,
    unassigned: assigneeId === 'none', assignee: assigneeId === undefined || assigneeId === 'none' ? null : assigneeId === 'me' ? ctx.actor.id : assigneeId,
    topLevel: parentId === 'none', parent: parentId === undefined || parentId === 'none' ? null : parentId, fields: query.fields === undefined ? null : fieldsOf(query.fields),
  }
}

function fieldsOf(text: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    refuseField('/fields', 'is no JSON', 'query')
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject || !Object.values(value as object).every((v) => ['string', 'number', 'boolean'].includes(typeof v))) refuseField('/fields', 'must be an object of strings, numbers and booleans', 'query')
  if (Object.entries(value as object).flat().some((v) => typeof v === 'string' && (v.includes('\0') || !v.isWellFormed()))) refuseField('/fields', 'must not hold NUL or a lone surrogate', 'query')
  return value as object
}

const FoundRow = Type.Object({ ...ListedTask.properties, score: Type.String() })
const findRows = statement('tasks.search', FoundRow, (who: Asker, q: string, [score, id]: readonly string[], limit: number) => sql`
  select ${taskColumns}, s.score::text as score
  from search_tasks(${q}, array(select p.id from projects p where p.deleted_at is null and ${visibleProject(who)}), ${score}, ${id}, ${limit}, true) s
  join tasks t on t.id = s.id join projects p on p.id = t.project_id where t.deleted_at is null order by s.score desc, s.id desc`, [[someone, '', ['1', ''], 1]])

/** Best first, among the tasks of the projects that the caller sees: words, prefixes, parts of titles, misspelt words, refs. */
export async function searchTasks(ctx: Context, { q, after, limit }: { q: string; after?: string; limit: number }): Promise<List<Task>> {
  const at = parseCursor(after, ['infinity', highest], [/^\d{1,9}(\.\d{1,12})?(e-?\d{1,3})?$/, idShape])
  const [rows] = await ctx.read(findRows(ctx, q, at, limit + 1))
  return page<Task & { score: string }>(rows, limit, (last) => [last.score, last.id])
}
