import type { Who } from '../../kernel/db.ts'
import { Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { memberRole, visibleProject } from './roles.ts'
import { ProjectMember, ProjectRow, type Column } from './schema.ts'

type Asker = Pick<Who, 'role' | 'actor'>
const someone: Asker = { actor: { type: 'user', id: null } }
const Nothing = Type.Object({})
const Now = Type.Object({ now: Type.String() })

const columns = (who: Asker) => sql`p.id, p.key, p.name, p.description, p.visibility, p.status, p.columns, p.wip,
  jsonb_build_object('total', n.total, 'done', n.done, 'percent', case when n.total = 0 then 0 else n.done * 100 / n.total end) as progress,
  p.created_by as "createdBy", p.version, p.created_at as "createdAt", p.updated_at as "updatedAt", ${memberRole(who)} as "memberRole"`
const counted = sql`cross join lateral (select count(*)::int as total, (count(*) filter (where p.done_columns ? t.status))::int as done
  from tasks t where t.project_id = p.id and t.deleted_at is null) n`

export const findProject = statement('projects.find', ProjectRow, (who: Asker, id: string) => sql`
  select ${columns(who)} from projects p ${counted} where p.id = ${id} and p.deleted_at is null`, [[someone, '']])
export const findProjectByKey = statement('projects.find-by-key', ProjectRow, (who: Asker, key: string) => sql`
  select ${columns(who)} from project_keys k join projects p on p.id = k.project_id ${counted} where k.key = ${key} and p.deleted_at is null`, [[someone, '']])
export const listProjects = statement('projects.list', ProjectRow, (who: Asker, filter: { status: string | null; pattern: string | null; key: string | null }, before: string, limit: number) => sql`
  select ${columns(who)} from projects p ${counted}
  where p.deleted_at is null and ${visibleProject(who)} and p.id < ${before}
    and (${filter.status}::text is null or p.status = ${filter.status}) and (${filter.pattern}::text is null or p.name ilike ${filter.pattern} or p.key = ${filter.key})
  order by p.id desc limit ${limit}`, [[someone, { status: null, pattern: null, key: null }, '', 1]])
export const lockProject = statement('projects.lock', Type.Object({ ...ProjectRow.properties, now: Type.String() }), (who: Asker, id: string) => sql`
  select ${columns(who)}, now() as now from projects p ${counted} where p.id = ${id} and p.deleted_at is null for no key update of p`, [[someone, '']])
export const countByStatus = statement('projects.count-by-status', Type.Object({ status: Type.String(), tasks: Type.Integer() }), (id: string) => sql`
  select status, count(*)::int as tasks from tasks where project_id = ${id} and deleted_at is null group by status`)

type Row = { id: string; key: string; name: string; description: string | null; visibility: string; status: string; wip: string; columns: readonly Column[] }
export const insertProject = statement('projects.insert', Now, (p: Row, createdBy: string | null) => sql`
  insert into projects (id, key, name, description, visibility, status, columns, wip, created_by)
  values (${p.id}, ${p.key}, ${p.name}, ${p.description}, ${p.visibility}, ${p.status}, ${sql.json(p.columns)}, ${p.wip}, ${createdBy}) returning created_at as now`)
export const updateProject = statement('projects.update', Nothing, (p: Row) => sql`
  update projects set key = ${p.key}, name = ${p.name}, description = ${p.description}, visibility = ${p.visibility}, status = ${p.status}, columns = ${sql.json(p.columns)}, wip = ${p.wip}
  where id = ${p.id}`)
export const markDeleted = statement('projects.mark-deleted', Nothing, (id: string) => sql`update projects set deleted_at = now() where id = ${id}`)

export const insertCounter = statement('projects.insert-counter', Nothing, (id: string) => sql`insert into project_counters (project_id) values (${id})`)
/** Fails on the primary key when another project has it. */
export const insertKey = statement('projects.insert-key', Nothing, (id: string, key: string) => sql`insert into project_keys (key, project_id) values (${key}, ${id})`)
export const findKey = statement('projects.find-key', Type.Object({ projectId: Type.String() }), (key: string) => sql`select project_id as "projectId" from project_keys where key = ${key}`)
export const listKeysLike = statement('projects.keys-like', Type.Object({ key: Type.String() }), (base: string) => sql`select key from project_keys where starts_with(key, ${base})`)
export const freeKeys = statement('projects.free-keys', Nothing, (id: string) => sql`delete from project_keys where project_id = ${id}`)

const member = sql`m.user_id as id, m.user_id as "userId", u.name, u.email, m.role, m.version, m.created_at as "createdAt", m.updated_at as "updatedAt"`
const people = sql`project_members m join identity."user" u on u.id = m.user_id`
export const listMembers = statement('projects.members', ProjectMember, (id: string, after: string, limit: number) => sql`
  select ${member} from ${people} where m.project_id = ${id} and m.user_id > ${after} order by m.user_id limit ${limit}`)
export const findMember = statement('projects.member', ProjectMember, (id: string, userId: string) => sql`select ${member} from ${people} where m.project_id = ${id} and m.user_id = ${userId}`)
export const lockMember = statement('projects.lock-member', ProjectMember, (id: string, userId: string) => sql`select ${member} from ${people} where m.project_id = ${id} and m.user_id = ${userId} for update of m`)
/** Somebody of this tenant. */
export const findPerson = statement('projects.person', Type.Object({ id: Type.String(), userId: Type.String(), name: Type.String(), email: Type.String(), now: Type.String() }), (userId: string) => sql`
  select u.id, u.id as "userId", u.name, u.email, now() as now from identity."member" t join identity."user" u on u.id = t."userId" where t."userId" = ${userId}`)
export const putMember = statement('projects.put-member', Nothing, (id: string, userId: string, role: string) => sql`
  insert into project_members (project_id, user_id, role) values (${id}, ${userId}, ${role}) on conflict (tenant_id, project_id, user_id) do update set role = excluded.role`)
export const deleteMember = statement('projects.delete-member', Nothing, (id: string, userId: string) => sql`delete from project_members where project_id = ${id} and user_id = ${userId}`)

