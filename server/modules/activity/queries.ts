import type { Who } from '../../kernel/db.ts'
import { EventRow, type Position } from '../../kernel/log.ts'
import { Id, Nullable, Type } from '../../kernel/schema.ts'
import { sql, statement, type Query } from '../../kernel/sql.ts'
import { visibleProject } from '../projects/api.ts'

type Asker = Pick<Who, 'role' | 'actor'>
/** What the asker may read: names by their audience, then the project that governs the event. A deleted project still tells those who saw it. */
export type View = Asker & { names: readonly string[] }
export type About = { projectId?: string | undefined; taskId?: string | undefined; userId?: string | undefined; runId?: string | undefined; eventId?: string | undefined }
const someone: View = { actor: { type: 'user', id: null }, names: [] }

const eventColumns = sql`e.pos, e.seq, e.id, e.tenant_id, e.name, e.subject_type, e.subject_id, e.scope_id, e.parent_id, e.person_id, e.actor_type, e.actor_id, e.data, e.secret, e.cause_id, e.request_id, e.at`
const seen = (view: View): Query => sql`e.name = any (${view.names}) and (e.scope_id is null or exists (select from projects p where p.id = e.scope_id and ${visibleProject(view)}))`
/** One text per choice of filters, so that each has the plan of its own index. */
function about({ projectId, taskId, userId, runId, eventId }: About): Query {
  const parts = [
    ...(taskId ? [sql`(e.subject_id = ${taskId} or e.parent_id = ${taskId})`] : []), ...(projectId ? [sql`e.scope_id = ${projectId}`] : []), ...(userId ? [sql`e.actor_id = ${userId}`] : []),
    // what a step changes is its workflow's act, in a request named after the run
    ...(runId ? [sql`e.actor_type = 'workflow' and e.actor_id = (select r.workflow_id from runs r where r.id = ${runId}) and e.request_id = ${`run:${runId}`}`] : []), ...(eventId ? [sql`e.id = ${eventId}`] : []),
  ]
  return parts.length ? sql`and ${sql.join(parts, ' and ')}` : sql``
}
const choices: About[] = [{}, { taskId: '-' }, { projectId: '-' }, { userId: '-' }, { runId: '-' }, { eventId: '-' }, { taskId: '-', projectId: '-', userId: '-', runId: '-', eventId: '-' }]

const FeedRow = Type.Object({
  ...EventRow.properties, actorName: Nullable(Type.String()), taskId: Nullable(Id), taskRef: Nullable(Type.String()), taskTitle: Nullable(Type.String()), taskDeleted: Nullable(Type.Boolean()),
})
const top: Position = { pos: 0, seq: 0 }
export const listActivity = statement('activity.list', FeedRow, (view: View, filter: About, before: Position, limit: number) => sql`
  select e.*, u.name as "actorName", t.id as "taskId", p.key || '-' || t.number as "taskRef", t.title as "taskTitle", t.deleted_at is not null as "taskDeleted"
  from (select ${eventColumns} from events e where ${seen(view)} ${about(filter)} and (e.pos, e.seq) < (${before.pos}, ${before.seq}) order by e.pos desc, e.seq desc limit ${limit}) e
  left join identity."user" u on u.id = e.actor_id and e.actor_type = 'user'
  left join tasks t on t.id = case when e.subject_type = 'task' then e.subject_id else e.parent_id end left join projects p on p.id = t.project_id
  order by e.pos desc, e.seq desc`, choices.map((choice): [View, About, Position, number] => [someone, choice, top, 1]))

const UsageRow = Type.Object({ day: Nullable(Type.String()), name: Nullable(Type.String()), userId: Nullable(Id), part: Type.Integer(), count: Type.Integer() })
/** `part`: 3 a day, 5 a name, 6 a person (the bits of grouping(): which of the three columns are not grouped by). */
export const countActivity = statement('activity.count', UsageRow, (view: View, filter: About, from: string, to: string) => sql`
  select d.day, e.name, d."userId", grouping(d.day, e.name, d."userId") as part, count(*)::int as count from events e
  cross join lateral (select to_char(e.at at time zone 'UTC', 'YYYY-MM-DD') as day, case when e.actor_type = 'user' then e.actor_id end as "userId") d
  where e.at between ${from} and ${to} and ${seen(view)} ${about(filter)} group by grouping sets ((d.day), (e.name), (d."userId")) order by d.day, count desc, e.name, d."userId"`,
  choices.map((choice): [View, About, string, string] => [someone, choice, '', '']))

/** A task's project, of deleted ones too: their past can be read. */
export const findTaskSeen = statement('activity.task-seen', Type.Object({ id: Id }), (who: Asker, id: string) => sql`
  select t.id from tasks t join projects p on p.id = t.project_id where t.id = ${id} and ${visibleProject(who)}`, [[someone, '']])

export type LogFilter = { name?: string | undefined; subjectId?: string | undefined; actorId?: string | undefined; from: string | null; to: string | null }
function matching({ name, subjectId, actorId, from, to }: LogFilter): Query {
  const parts = [
    ...(name ? [sql`e.name = ${name}`] : []), ...(subjectId ? [sql`e.subject_id = ${subjectId}`] : []), ...(actorId ? [sql`e.actor_id = ${actorId}`] : []),
    ...(from ? [sql`e.at >= ${from}`] : []), ...(to ? [sql`e.at <= ${to}`] : []),
  ]
  return parts.length ? sql`and ${sql.join(parts, ' and ')}` : sql``
}
const AuditRow = Type.Object({ ...EventRow.properties, actorName: Nullable(Type.String()) })
/** The tenant's whole log but for what is another person's own. @param personal names of events that are one person's */
export const listLog = statement('activity.log', AuditRow, (me: string | null, personal: readonly string[], filter: LogFilter, before: Position, limit: number) => sql`
  select e.*, u.name as "actorName" from (
    select ${eventColumns} from events e where (e.name <> all (${personal}) or e.person_id = ${me}) ${matching(filter)} and (e.pos, e.seq) < (${before.pos}, ${before.seq})
    order by e.pos desc, e.seq desc limit ${limit}) e
  left join identity."user" u on u.id = e.actor_id and e.actor_type = 'user' order by e.pos desc, e.seq desc`,
  [[null, [], { from: null, to: null }, top, 1], [null, [], { name: '-', subjectId: '-', actorId: '-', from: '-', to: '-' }, top, 1]])
