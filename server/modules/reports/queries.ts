// Counts from the tasks as they are and from the log as they became so. An event keeps the category of its columns as it was then.
import type { Who } from '../../kernel/db.ts'
import { Id, Nullable, Time, Type } from '../../kernel/schema.ts'
import { sql, statement, type Query } from '../../kernel/sql.ts'
import { BoardRow, isDone, visibleProject } from '../projects/api.ts'

type Asker = Pick<Who, 'role' | 'actor'>
const someone: Asker = { actor: { type: 'user', id: null } }

/** What a report is about: all later questions name these ids, so that each project's own index serves. */
export const listSeen = statement('reports.projects', Type.Object({ id: Id, key: Type.String(), name: Type.String(), columns: BoardRow.properties.columns }), (who: Asker, projectId: string | null) => sql`
  select p.id, p.key, p.name, p.columns from projects p
  where p.deleted_at is null and ${visibleProject(who)} and (${projectId}::uuid is null or p.id = ${projectId}) order by p.key`, [[someone, null]])

export const countByColumn = statement('reports.by-column', Type.Object({ projectId: Id, status: Type.String(), count: Type.Integer() }), (projects: string[]) => sql`
  select project_id as "projectId", status, count(*)::int as count from tasks where project_id = any (${projects}) and deleted_at is null group by 1, 2`)

const day = sql`to_char(e.at at time zone 'UTC', 'YYYY-MM-DD')`
const becameDone: Query = sql`(e.name = 'task.moved' and e.data ->> 'toCategory' = 'done' and e.data ->> 'fromCategory' is distinct from 'done')`
const Days = Type.Object({ day: Type.String(), created: Type.Integer(), done: Type.Integer() })
export const countDays = statement('reports.days', Days, (projects: string[], from: string, to: string) => sql`
  select ${day} as day, (count(distinct e.subject_id) filter (where e.name = 'task.created'))::int as created,
    (count(distinct e.subject_id) filter (where ${becameDone} or e.data ->> 'category' = 'done'))::int as done
  from events e where e.scope_id = any (${projects}) and e.name in ('task.created', 'task.moved') and e.at between ${from} and ${to} group by 1`)

/** How the number of open tasks changed on each day since an instant, until now. */
export const countOpened = statement('reports.opened', Type.Object({ day: Type.String(), by: Type.Integer() }), (projects: string[], from: string) => sql`
  select ${day} as day, sum(case
      when e.name in ('task.created', 'task.restored') then (e.data ->> 'category' is distinct from 'done')::int
      when e.name = 'task.deleted' then -(e.data ->> 'category' is distinct from 'done')::int
      else (e.data ->> 'toCategory' is distinct from 'done')::int - (e.data ->> 'fromCategory' is distinct from 'done')::int end)::int as by
  from events e where e.scope_id = any (${projects}) and e.name in ('task.created', 'task.restored', 'task.deleted', 'task.moved') and e.at >= ${from} group by 1`)
export const countOpen = statement('reports.open', Type.Object({ open: Type.Integer() }), (projects: string[]) => sql`
  select count(*)::int as open from tasks t join projects p on p.id = t.project_id where t.project_id = any (${projects}) and t.deleted_at is null and not ${isDone}`)

const Cycle = Type.Object({ taskId: Id, ref: Type.String(), title: Type.String(), hours: Type.Number(), startedAt: Nullable(Time), doneAt: Time })
export const listCycles = statement('reports.cycles', Cycle, (projects: string[], from: string, to: string, limit: number) => sql`
  select t.id as "taskId", p.key || '-' || t.number as ref, t.title, greatest(0, extract(epoch from d.at - s.at) / 3600)::float8 as hours, s.at as "startedAt", d.at as "doneAt"
  from (select distinct on (e.subject_id) e.subject_id, e.at from events e
    where e.scope_id = any (${projects}) and ${becameDone} and e.at between ${from} and ${to} order by e.subject_id, e.seq desc) d
  join tasks t on t.id = d.subject_id and t.deleted_at is null join projects p on p.id = t.project_id
  cross join lateral (select coalesce(min(e.at), t.created_at) as at from events e
    where e.subject_id = t.id and e.at <= d.at and ((e.name = 'task.moved' and e.data ->> 'toCategory' = 'doing') or (e.name = 'task.created' and e.data ->> 'category' = 'doing'))) s
  order by d.at, t.id limit ${limit}`)

const Late = Type.Object({ taskId: Id, projectId: Id, ref: Type.String(), title: Type.String(), dueAt: Nullable(Time), assigneeId: Nullable(Id), daysLate: Type.Integer(), total: Type.Integer() })
export const listLate = statement('reports.late', Late, (projects: string[], limit: number) => sql`
  select t.id as "taskId", t.project_id as "projectId", p.key || '-' || t.number as ref, t.title, t.due_at as "dueAt", t.assignee_id as "assigneeId",
    floor(extract(epoch from now() - t.due_at) / 86400)::int as "daysLate", (count(*) over ())::int as total
  from tasks t join projects p on p.id = t.project_id where t.project_id = any (${projects}) and t.deleted_at is null and t.due_at < now() and not ${isDone} order by t.due_at, t.id limit ${limit}`)

const Load = Type.Object({ userId: Nullable(Id), name: Nullable(Type.String()), todo: Type.Integer(), doing: Type.Integer(), done: Type.Integer(), overdue: Type.Integer() })
export const countLoad = statement('reports.load', Load, (projects: string[], from: string, to: string) => sql`
  select t.assignee_id as "userId", u.name as name, (count(*) filter (where c.category = 'todo'))::int as todo, (count(*) filter (where c.category = 'doing'))::int as doing,
    (count(*) filter (where t.id in (select e.subject_id from events e where e.scope_id = any (${projects}) and ${becameDone} and e.at between ${from} and ${to}) and c.category = 'done'))::int as done,
    (count(*) filter (where t.due_at < now() and c.category is distinct from 'done'))::int as overdue
  from tasks t join projects p on p.id = t.project_id left join identity."user" u on u.id = t.assignee_id
  left join lateral (select x ->> 'category' as category from jsonb_array_elements(p.columns) x where x ->> 'id' = t.status) c on true
  where t.project_id = any (${projects}) and t.deleted_at is null group by 1, 2 order by 3 desc, 4 desc, 2`)
