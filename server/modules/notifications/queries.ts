import type { Who } from '../../kernel/db.ts'
import { Id, Nullable, Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { isDone, visibleProject } from '../projects/api.ts'
import { NotificationRow } from './schema.ts'

type Asker = Pick<Who, 'role' | 'actor'>
const someone: Asker = { actor: { type: 'user', id: null } }

const columns = sql`n.id, n.kind, n.project_id as "projectId", p.name as "projectName", n.task_id as "taskId", p.key || '-' || t.number as "taskRef", t.title as "taskTitle",
  n.actor_id as "actorId", left(c.text, 300) as excerpt, n.title, n.link, n.read_at as "readAt", n.version, n.created_at as "createdAt", n.updated_at as "updatedAt"`
const joined = sql`notifications n left join projects p on p.id = n.project_id and p.deleted_at is null left join tasks t on t.id = n.task_id and t.deleted_at is null left join comments c on c.id = n.comment_id`
/** What it is about must still be there, and still be seen by its person: whoever lost a project hears of it no more, also not afterwards. */
const stands = (who: Asker) => sql`(n.project_id is null or (p.id is not null and ${visibleProject(who)})) and (n.task_id is null or t.id is not null)`

export const listNotifications = statement('notifications.list', NotificationRow, (who: Asker, unread: boolean | null, before: string, limit: number) => sql`
  select ${columns} from ${joined} where n.person_id = ${who.actor.id} and n.shown and n.id < ${before} and (${unread}::boolean is null or (n.read_at is null) = ${unread}) and ${stands(who)}
  order by n.id desc limit ${limit}`, [[someone, null, '', 1]])
export const findNotification = statement('notifications.find', NotificationRow, (who: Asker, id: string) => sql`
  select ${columns} from ${joined} where n.person_id = ${who.actor.id} and n.shown and n.id = ${id} and ${stands(who)}`, [[someone, '']])
export const markRead = (person: string | null, id: string) => sql`update notifications set read_at = now() where person_id = ${person} and id = ${id} and read_at is null`
export const markAllRead = (person: string | null) => sql`update notifications set read_at = now() where person_id = ${person} and read_at is null`

const Recipient = Type.Object({ personId: Id, chosen: Nullable(Type.Unknown()) })
/** Of these people the members who see the project and were not told of this source before. The rule of visibleProject, for many at once. */
export const listRecipients = statement('notifications.recipients', Recipient, (people: string[], projectId: string | null, source: string) => sql`
  select m."userId" as "personId", c.notifications as chosen from identity."member" m left join notification_channels(${people}) c on c.person_id = m."userId"
  where m."userId" = any (${people})
    and not exists (select from notifications n where n.person_id = m."userId" and n.source = ${source})
    and (${projectId}::uuid is null or exists (select from projects p where p.id = ${projectId} and p.deleted_at is null
      and (p.visibility = 'open' or m.role in ('admin', 'owner') or exists (select from project_members pm where pm.project_id = p.id and pm.user_id = m."userId"))))`)
export type NewRow = { id: string; personId: string; kind: string; source: string; projectId: string | null; taskId: string | null; commentId: string | null; actorId: string | null; shown: boolean; title: string | null; link: string | null }
export const insertNotification = (n: NewRow) => sql`
  insert into notifications (id, person_id, kind, source, project_id, task_id, comment_id, actor_id, shown, title, link)
  values (${n.id}, ${n.personId}, ${n.kind}, ${n.source}, ${n.projectId}, ${n.taskId}, ${n.commentId}, ${n.actorId}, ${n.shown}, ${n.title}, ${n.link})`

/** Whom a notice of the tenant goes to. */
export const listAdmins = statement('notifications.admins', Type.Object({ personId: Id }), () => sql`
  select "userId" as "personId" from identity."member" where role in ('admin', 'owner') order by "userId"`)

const Due = Type.Object({ tenantId: Id, taskId: Id, projectId: Id, personId: Id, source: Type.String() })
/** Assigned tasks that are due within a day, or were within the last, and whose people were not told: of all tenants. A new date tells anew. */
export const listDue = statement('notifications.due', Due, (after: string, limit: number) => sql`
  select t.tenant_id as "tenantId", t.id as "taskId", t.project_id as "projectId", m."userId" as "personId", d.source as source
  from tasks t join projects p on p.tenant_id = t.tenant_id and p.id = t.project_id and p.deleted_at is null and p.status = 'active'
  join identity."member" m on m."organizationId" = t.tenant_id and m."userId" = t.assignee_id
  cross join lateral (select 'due:' || t.id || ':' || extract(epoch from t.due_at) as source) d
  where t.id > ${after} and t.deleted_at is null and t.due_at between now() - interval '1 day' and now() + interval '1 day' and not ${isDone}
    and not exists (select from notifications n where n.tenant_id = t.tenant_id and n.person_id = t.assignee_id and n.source = d.source)
    and (p.visibility = 'open' or m.role in ('admin', 'owner') or exists (select from project_members pm where pm.tenant_id = t.tenant_id and pm.project_id = p.id and pm.user_id = m."userId"))
  order by t.id limit ${limit}`)

const Told = Type.Object({ ...NotificationRow.properties, personId: Id, name: Type.String(), email: Type.String(), tenantName: Type.String(), actorName: Nullable(Type.String()), role: Type.String() })
const told = sql`${columns}, n.person_id as "personId", u.name as name, u.email as email, o.name as "tenantName", a.name as "actorName", m.role as role`
const toldJoined = sql`${joined} join identity."member" m on m."userId" = n.person_id join identity."user" u on u.id = n.person_id join identity."organization" o on o.id = m."organizationId" left join identity."user" a on a.id = n.actor_id`
/** Still unread, still standing: else there is nothing to mail. */
export const findTold = statement('notifications.told', Told, (who: Asker, id: string) => sql`select ${told} from ${toldJoined} where n.id = ${id} and n.read_at is null and ${stands(who)}`, [[someone, '']])
export const findPersonOf = statement('notifications.person-of', Type.Object({ personId: Id, role: Type.Enum(['viewer', 'member', 'admin', 'owner']) }), (id: string) => sql`
  select n.person_id as "personId", m.role from notifications n join identity."member" m on m."userId" = n.person_id where n.id = ${id}`)
export const listToldSince = statement('notifications.told-since', Told, (who: Asker, kinds: string[], limit: number) => sql`
  select ${told} from ${toldJoined} where n.person_id = ${who.actor.id} and n.kind = any (${kinds}) and n.read_at is null and n.created_at > now() - interval '25 hours' and ${stands(who)}
  order by n.id desc limit ${limit}`, [[someone, [], 1]])

const Reader = Type.Object({ tenantId: Id, personId: Id, day: Type.String() })
/** Whose morning it is, and who wants a digest; a time zone that the database does not know counts as UTC. */
export const listDigestReaders = statement('notifications.digest-readers', Reader, (hour: number) => sql`
  select m."organizationId" as "tenantId", f.user_id as "personId", to_char(now() at time zone f.zone, 'YYYY-MM-DD') as day
  from (select f.user_id, coalesce(z.name, 'UTC') as zone from identity.preferences f left join pg_timezone_names z on z.name = f.time_zone
    where jsonb_path_exists(f.notifications, '$.*.digest ? (@ == true)')) f
  join identity."member" m on m."userId" = f.user_id
  where extract(hour from now() at time zone f.zone)::int = ${hour}
    and exists (select from notifications n where n.tenant_id = m."organizationId" and n.person_id = f.user_id and n.read_at is null and n.created_at > now() - interval '25 hours')`)
export const findChosen = statement('notifications.chosen', Type.Object({ chosen: Nullable(Type.Unknown()), role: Type.Enum(['viewer', 'member', 'admin', 'owner']) }), (person: string) => sql`
  select c.notifications as chosen, m.role from identity."member" m left join notification_channels(array[${person}::uuid]) c on c.person_id = m."userId" where m."userId" = ${person}`)
