// Who may do what in a project: the one rule, once in words for a row at hand, once in SQL for queries of other modules.
import { peopleOf, type Context, type Who } from '../../kernel/db.ts'
import { only, refuse } from '../../kernel/errors.ts'
import type { ScopeRule } from '../../kernel/module.ts'
import { Id, Nullable, roleReaches, Type, type Static } from '../../kernel/schema.ts'
import { sql, statement, type Query } from '../../kernel/sql.ts'
import { ColumnSchema, ProjectRole, projectRoles, ProjectStatus, Visibility, Wip } from './schema.ts'

type Asker = Pick<Who, 'role' | 'actor' | 'onBehalfOf'>
const seesAll = (who: Asker) => roleReaches(who.role, 'admin')

/** What a project must tell to be judged. */
export type Judged = { visibility: 'open' | 'private'; memberRole: ProjectRole | null }
/** undefined: it does not exist for this one. The tenant's admins manage every project; a tenant's viewer writes in none; a role in the project
    goes before what an open project gives to every member. */
export function roleIn(who: Asker, project: Judged): ProjectRole | undefined {
  if (seesAll(who)) return 'manager'
  const member = roleReaches(who.role, 'member')
  if (project.memberRole) return member ? project.memberRole : 'viewer'
  if (project.visibility === 'private' || !who.role) return undefined
  return member ? 'editor' : 'viewer'
}

/** @param nothing what to answer when the project is hidden: `project` or `task` @throws 404 hidden, 403 too low */
export function judgeRole(who: Asker, project: Judged | undefined, least: ProjectRole, nothing: 'project' | 'task' | 'comment' = 'project'): ProjectRole {
  const role = project && roleIn(who, project)
  if (!role) refuse(`${nothing}.not_found`)
  if (projectRoles.indexOf(role) < projectRoles.indexOf(least)) refuse('permission.denied', `this needs the role ${least} in the project; yours is ${role}`)
  return role
}

/** Nothing is written in an archived project. */
export function requireActive(project: { status: 'active' | 'archived' }): void {
  if (project.status === 'archived') refuse('project.archived', 'the project is archived: make it active first, with PATCH {"status": "active"}')
}

/** SQL, of a query that names projects `p`: whether the caller sees it. Deleted ones are the query's own matter. */
export const visibleProject = (who: Asker): Query => {
  const people = peopleOf(who)
  const belongs = people.length > 1
    ? sql`(select count(*) from project_members pm where pm.project_id = p.id and pm.user_id = any (${people}::uuid[])) = ${people.length}`
    : sql`exists (select from project_members pm where pm.project_id = p.id and pm.user_id = ${people[0] ?? null}::uuid)`
  return sql`
  (p.visibility = 'open' or ${seesAll(who)}::boolean or ${belongs})`
}
/** SQL, of a query that names projects `p`: the caller's own role in it, or null. Of several people the lowest; one without a role has an open
    project's own, which is above a viewer's. */
export const memberRole = (who: Asker): Query => {
  const people = peopleOf(who)
  if (people.length < 2) return sql`(select pm.role from project_members pm where pm.project_id = p.id and pm.user_id = ${people[0] ?? null}::uuid)`
  return sql`(select case when bool_or(pm.role = 'viewer') and (p.visibility = 'open' or count(*) = ${people.length}) then 'viewer' when count(*) < ${people.length} then null
    when bool_or(pm.role = 'editor') then 'editor' else 'manager' end from project_members pm where pm.project_id = p.id and pm.user_id = any (${people}::uuid[]))`
}
/** The asker as SQL functions that write take it: whether they manage every project, may write in any, and who they are. writable_board() has the rule, for
    one person: several are judged in words. */
export const writer = (who: Asker): Query => {
  const people = peopleOf(who)
  return sql`${seesAll(who)}::boolean, ${roleReaches(who.role, 'member') && people.length < 2}::boolean, ${people[0] ?? null}::uuid`
}
/** SQL, of a query that names projects `p` and tasks `t`: whether the task stands in a column of category done. */
export const isDone: Query = sql`(p.done_columns ? t.status)`

/** A project as far as its tasks need it. */
export const BoardRow = Type.Object({
  id: Id, key: Type.String(), status: ProjectStatus, visibility: Visibility, columns: Type.Array(ColumnSchema), wip: Wip, memberRole: Nullable(ProjectRole),
})
export type Board = Static<typeof BoardRow>
export const boardColumns = (who: Asker): Query => sql`p.id, p.key, p.status, p.visibility, p.columns, p.wip, ${memberRole(who)} as "memberRole"`
const someone: Asker = { actor: { type: 'user', id: null } }
const two: Asker = { ...someone, onBehalfOf: ['', ''] }
export const findBoard = statement('projects.board', BoardRow, (who: Asker, id: string) => sql`
  select ${boardColumns(who)} from projects p where p.id = ${id} and p.deleted_at is null`, [[someone, ''], [two, '']])
const findSeen = statement('projects.seen', Type.Object({ seen: Nullable(Type.Boolean()) }), (who: Asker, id: string) => sql`select ${visibleProject(who)} as seen from projects p where p.id = ${id}`, [[someone, ''], [two, '']])

/** Whoever changes columns holds this alone, whoever puts a task into one shares it: so no column goes while a task comes. Until the change ends. */
export const lockColumns = statement('projects.lock-columns', Type.Object({ locked: Type.Boolean() }), (id: string) => sql`
  select pg_advisory_xact_lock(hashtextextended(${id}::uuid::text, 0)) is null as locked`)
/** SQL with the same lock, shared. @param id SQL of the project's id */
export const sharesColumns = (id: Query): Query => sql`(pg_advisory_xact_lock_shared(hashtextextended(${id}::text, 0)) is null)`
const given = sql`p.id`
export const shareColumns = statement('projects.share-columns', Type.Object({ locked: Type.Boolean() }), (id: string) => sql`
  select ${sharesColumns(given)} as locked from (select ${id}::uuid as id) p`)

/** The next number of a task; gives each once. Holds the counter, and nothing else of the project, until the change ends, whose time is `now`. */
export const allocateNumber = statement('projects.allocate-number', Type.Object({ last: Type.Integer(), now: Type.String() }), (projectId: string) => sql`
  update project_counters set last = last + 1 where project_id = ${projectId} returning last, now() as now`)

/** Locks nothing. @throws 404 project.not_found when it is hidden, 403 when the role is too low */
export async function requireRole(ctx: Context, projectId: string, least: ProjectRole): Promise<Board> {
  const [rows] = await ctx.read(findBoard(ctx, projectId))
  judgeRole(ctx, rows[0], least)
  return only(rows, 'project')
}

/** Asked for live frames and the log, also about a project that was deleted: those who saw it learn that it is gone. */
export const projectScope: ScopeRule = async (viewer, id) => (viewer.role ? ((await viewer.read(findSeen(viewer, id)))[0][0]?.seen ?? false) : false)
