import type { Who } from '../../kernel/db.ts'
import { EventRow, eventColumns } from '../../kernel/log.ts'
import { Id, Nullable, Type, type Static } from '../../kernel/schema.ts'
import { sql, statement, type Query } from '../../kernel/sql.ts'
import { BoardRow, boardColumns, sharesColumns, visibleProject, writer } from '../projects/api.ts'
import { OneTask, TaskRow } from './schema.ts'

export type Asker = Pick<Who, 'role' | 'actor'>
export const someone: Asker = { actor: { type: 'user', id: null } }
const Nothing = Type.Object({})

const shared = sql`t.id, t.project_id as "projectId", t.title, t.description, t.status, t.position, t.assignee_id as "assigneeId", t.priority, t.labels, t.fields,
  t.due_at as "dueAt", t.parent_id as "parentId", t.created_by as "createdBy", t.version, t.created_at as "createdAt", t.updated_at as "updatedAt"`
/** Of a query that names tasks `t` and projects `p`. */
export const taskColumns: Query = sql`${shared}, p.key || '-' || t.number as ref`

const one = (who: Asker) => sql`select ${taskColumns},
  exists (select from watchers w where w.task_id = t.id and w.user_id = ${who.actor.type === 'user' ? who.actor.id : null}::uuid) as watching,
  (select count(*)::int from comments c where c.task_id = t.id) as "commentCount"`
export const findTask = statement('tasks.find', OneTask, (who: Asker, id: string) => sql`
  ${one(who)} from tasks t join projects p on p.id = t.project_id where t.id = ${id} and t.deleted_at is null and p.deleted_at is null and ${visibleProject(who)}`, [[someone, '']])
export const findTaskByRef = statement('tasks.find-by-ref', OneTask, (who: Asker, key: string, number: number) => sql`
  ${one(who)} from project_keys k join projects p on p.id = k.project_id join tasks t on t.project_id = p.id
  where k.key = ${key} and t.number = ${number} and t.deleted_at is null and p.deleted_at is null and ${visibleProject(who)}`, [[someone, '', 1]])

/** A task under lock. `now` is the time its row gets when it is written. */
export const LockedTask = Type.Object({ ...TaskRow.properties, deletedAt: Nullable(Type.String()), now: Type.String(), shares: Type.Boolean() })
export type LockedTask = Static<typeof LockedTask>
const projectOfTask = sql`t.project_id`
const locked = sql`select ${shared}, t.number, t.deleted_at as "deletedAt", now() as now, ${sharesColumns(projectOfTask)} as shares from tasks t`
export const lockTasks = statement('tasks.lock', LockedTask, (ids: readonly string[]) => sql`${locked} where t.id = any (${ids}::uuid[]) order by t.id for update`)
/** With their subtasks. */
export const lockFamilies = statement('tasks.lock-families', LockedTask, (ids: readonly string[]) => sql`
  ${locked} where t.id = any (array(select f.id from tasks f where f.id = any (${ids}::uuid[]) union select f.id from tasks f where f.parent_id = any (${ids}::uuid[]) and f.deleted_at is null))
  order by t.id for update`)
export const lockColumn = statement('tasks.lock-column', Type.Object({ id: Id, position: Type.String() }), (projectId: string, status: string) => sql`
  select id, position from tasks where project_id = ${projectId} and status = ${status} and deleted_at is null order by id for update`)

/** Where tasks are to go: those of `ids`, or a new one in `project`. */
export type Aim = { ids: readonly string[]; project: string | null; status: string | null; before: string | null; after: string | null }
const anywhere: Aim = { ids: [], project: null, status: null, before: null, after: null }
const theirProjects = (aim: Pick<Aim, 'ids' | 'project'>) => sql`p.id = any (array(select x.project_id from tasks x where x.id = any (${aim.ids}::uuid[])) || ${aim.project}::uuid) and p.deleted_at is null`
/** The column aimed at, else the first task's own, else the first of the board. */
const target = (aim: Aim) => sql`coalesce(${aim.status}::text, (select x.status from tasks x where x.id = (${aim.ids}::uuid[])[1]), p.columns -> 0 ->> 'id')`
const isLimited = sql`jsonb_path_exists(p.columns, '$[*] ? (@.id == $column && @.wipLimit != null)', jsonb_build_object('column', a.status))`

export const findBoards = statement('tasks.boards', BoardRow, (who: Asker, aim: Pick<Aim, 'ids' | 'project'>) => sql`select ${boardColumns(who)} from projects p where ${theirProjects(aim)}`, [[someone, anywhere]])
/** Who puts a task into a full column is told so: where the project blocks, they take turns until they commit. Before findPlaces, which counts. */
export const lockLimits = statement('tasks.lock-limits', Type.Object({ locked: Type.Boolean() }), (aim: Aim) => sql`
  select pg_advisory_xact_lock(hashtextextended(p.id || ' ' || a.status, 1)) is null as locked from projects p cross join lateral (select ${target(aim)} as status offset 0) a
  where ${theirProjects(aim)} and p.wip = 'block' and ${isLimited}`, [[anywhere]])
export const PlaceRow = Type.Object({
  projectId: Id, status: Nullable(Type.String()), taken: Type.Integer(), last: Nullable(Type.String()),
  beforeKnown: Type.Boolean(), before: Nullable(Type.String()), aboveBefore: Nullable(Type.String()), afterKnown: Type.Boolean(), after: Nullable(Type.String()), belowAfter: Nullable(Type.String()),
})
export type Place = Static<typeof PlaceRow>
const others = (aim: Aim) => sql`o.project_id = p.id and o.status = a.status and o.deleted_at is null and o.id <> all (${aim.ids}::uuid[])`
/** The neighbours of the place aimed at, the tasks that move left out; `taken` counts only where the column has a limit. */
export const findPlaces = statement('tasks.places', PlaceRow, (aim: Aim) => sql`
  select p.id as "projectId", a.status, case when ${isLimited} then (select count(*)::int from tasks o where ${others(aim)}) else 0 end as taken,
    (select o.position from tasks o where ${others(aim)} order by o.position desc, o.id desc limit 1) as last,
    b.id is not null as "beforeKnown", b.position as before,
    case when b.id is not null then (select o.position from tasks o where ${others(aim)} and (o.position, o.id) < (b.position, b.id) order by o.position desc, o.id desc limit 1) end as "aboveBefore",
    f.id is not null as "afterKnown", f.position as after,
    case when f.id is not null then (select o.position from tasks o where ${others(aim)} and (o.position, o.id) > (f.position, f.id) order by o.position, o.id limit 1) end as "belowAfter"
  from projects p cross join lateral (select ${target(aim)} as status offset 0) a
  left join lateral (select o.id, case when o.status = a.status and o.deleted_at is null then o.position end as position from tasks o where o.id = ${aim.before}::uuid and o.project_id = p.id) b on true
  left join lateral (select o.id, case when o.status = a.status and o.deleted_at is null then o.position end as position from tasks o where o.id = ${aim.after}::uuid and o.project_id = p.id) f on true
  where ${theirProjects(aim)}`, [[anywhere]])

/** People of the tenant with what decides whether they see a project. */
export const PersonInProject = Type.Object({
  userId: Id, projectId: Id, tenantRole: Type.Enum(['viewer', 'member', 'admin', 'owner']), visibility: Type.Enum(['open', 'private']), memberRole: Nullable(Type.Enum(['viewer', 'editor', 'manager'])),
})
export type PersonInProject = Static<typeof PersonInProject>
export const findPeople = statement('tasks.people', PersonInProject, (userIds: readonly string[], aim: Pick<Aim, 'ids' | 'project'>) => sql`
  select m."userId", p.id as "projectId", m.role as "tenantRole", p.visibility, pm.role as "memberRole" from projects p join identity."member" m on m."userId" = any (${userIds}::uuid[])
  left join project_members pm on pm.project_id = p.id and pm.user_id = m."userId" where ${theirProjects(aim)}`, [[[], anywhere]])

/** Tasks that others are to hang on: `subtasks` are the living ones. */
export const ParentRow = Type.Object({ id: Id, projectId: Id, isSubtask: Type.Boolean(), subtasks: Type.Integer() })
export type Parent = Static<typeof ParentRow>
export const findParents = statement('tasks.parents', ParentRow, (ids: readonly string[]) => sql`
  select t.id, t.project_id as "projectId", t.parent_id is not null as "isSubtask", (select count(*)::int from tasks s where s.parent_id = t.id and s.deleted_at is null) as subtasks
  from tasks t where t.id = any (${ids}::uuid[]) and t.deleted_at is null for key share of t`)
/** Which of these have subtasks of their own. */
export const findWithSubtasks = statement('tasks.with-subtasks', Type.Object({ id: Nullable(Id) }), (ids: readonly string[]) => sql`
  select distinct s.parent_id as id from tasks s where s.parent_id = any (${ids}::uuid[]) and s.deleted_at is null`)

const told = { key: Type.String(), exceeds: Nullable(Type.Boolean()), told: Type.Unknown() }
/** What only the database knows of a new task that it judged and wrote; no row: create_task() says when. */
const Created = Type.Object({ number: Type.Integer(), status: Type.String(), position: Type.String(), createdAt: Type.String(), ...told })
export type NewTask = Omit<TaskRow, 'number' | 'status' | 'position' | 'createdAt' | 'updatedAt'> & { status: string | null }
const newest = { id: '', projectId: '', title: '', description: null, status: null, priority: 'none', labels: [], fields: {}, dueAt: null, parentId: null, assigneeId: null, createdBy: null, version: 1 } satisfies NewTask
export const createJudged = statement('tasks.create-judged', Created, (who: Asker, t: NewTask) => sql`
  select number, status, position, created_at as "createdAt", key, exceeds, told
  from create_task(${t.id}::uuid, ${t.projectId}::uuid, ${writer(who)}, ${t.title}::text, ${t.description}::text, ${t.status}::text, ${t.priority}::text, ${t.labels}::text[], ${sql.json(t.fields)}::jsonb,
    ${t.dueAt}::timestamptz, ${t.createdBy}::uuid)`, [[someone, newest]])
/** A task that the database judged and moved. */
const Moved = Type.Object({ ...TaskRow.properties, ...told })
export const moveJudged = statement('tasks.move-judged', Moved, (who: Asker, id: string, version: number | null, to: Pick<Aim, 'status' | 'before' | 'after'>) => sql`
  select ${shared}, t.number, j.key, j.exceeds, j.told from move_task(${id}::uuid, ${version}::int, ${writer(who)}, ${to.status}::text, ${to.before}::uuid, ${to.after}::uuid) j cross join lateral (select (j.task_row).*) t`, [[someone, '', null, anywhere]])

export const insertTask = statement('tasks.insert', Nothing, (t: TaskRow) => sql`
  insert into tasks (id, project_id, number, title, description, status, position, assignee_id, priority, labels, fields, due_at, parent_id, created_by)
  values (${t.id}, ${t.projectId}, ${t.number}, ${t.title}, ${t.description}, ${t.status}, ${t.position}, ${t.assigneeId}, ${t.priority}, ${t.labels}, ${sql.json(t.fields)}, ${t.dueAt}, ${t.parentId}, ${t.createdBy})`)
export const saveTask = statement('tasks.save', Nothing, (t: TaskRow) => sql`
  update tasks set title = ${t.title}, description = ${t.description}, status = ${t.status}, position = ${t.position}, assignee_id = ${t.assigneeId}, priority = ${t.priority},
    labels = ${t.labels}, fields = ${sql.json(t.fields)}, due_at = ${t.dueAt}, parent_id = ${t.parentId} where id = ${t.id}`)
export const placeTask = statement('tasks.place', Nothing, (t: Pick<TaskRow, 'id' | 'status' | 'position'>) => sql`update tasks set status = ${t.status}, position = ${t.position} where id = ${t.id}`)
export const placeAll = statement('tasks.place-all', Nothing, (ids: readonly string[], positions: readonly string[]) => sql`
  update tasks t set position = n.position from unnest(${ids}::uuid[], ${positions}::text[]) n (id, position) where t.id = n.id`)
export const deleteTasks = statement('tasks.delete', Nothing, (ids: readonly string[]) => sql`update tasks set deleted_at = now() where id = any (${ids}::uuid[])`)
export const restoreTask = statement('tasks.restore', Nothing, (t: Pick<TaskRow, 'id' | 'status' | 'position' | 'parentId'>) => sql`
  update tasks set deleted_at = null, status = ${t.status}, position = ${t.position}, parent_id = ${t.parentId} where id = ${t.id}`)

/** The latest that happened to these tasks. */
export const listTaskEvents = statement('tasks.events', EventRow, (ids: readonly string[], limit: number) => sql`
  select ${eventColumns} from events where subject_id = any (${ids}::uuid[]) and subject_type = 'task' order by pos desc, seq desc limit ${limit}`)
/** What one request did to tasks: one transaction, so one position. */
export const listRequestEvents = statement('tasks.request-events', EventRow, (pos: number, request: string) => sql`
  select ${eventColumns} from events where pos = ${pos} and request_id = ${request} and subject_type = 'task' order by seq limit 700`)
