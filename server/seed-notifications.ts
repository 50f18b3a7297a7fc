// What the three were told in those four weeks, dated back and mostly read: else the reader that follows the log would tell them all of it now.
import type pg from 'pg'
import type { Kernel } from './kernel/kernel.ts'
import { sql } from './kernel/sql.ts'
import { idAt, type Cast } from './seed-beats.ts'

type Wish = { source: string; person: string; kind: string; project: string; task: string | null; comment: string | null; actor: string; at: Date }
/** Read within the hour, but for the last two days. */
const unreadMs = 2 * 86_400_000

/** By the rules of the reader in modules/notifications: one wish a person and event, the closest to them. */
const wishes = `
  select distinct on (e.pos, e.seq, w.person) e.id as source, w.person, w.kind, e.scope_id as project, w.task, case when e.subject_type = 'comment' then e.subject_id end as comment, e.actor_id as actor, e.at
  from events e
  cross join lateral (select case when e.subject_type = 'task' then e.subject_id when e.subject_type = 'comment' then e.parent_id end as id) t
  cross join lateral (
    select (e.data ->> 'to')::uuid as person, 'assigned' as kind, t.id as task, 0 as rank where e.name = 'task.assigned'
    union all select (e.data ->> 'userId')::uuid, 'invited', null, 0 where e.name = 'project-member.added'
    union all select m::uuid, 'mentioned', t.id, 0 from jsonb_array_elements_text(e.data -> 'mentions') m where e.name = 'comment.added'
    union all select f.person, 'watched', t.id, 1 from (
      select unnest(array[k.created_by, k.assignee_id]) as person from tasks k where k.tenant_id = e.tenant_id and k.id = t.id
      union select c.author_id from comments c where c.tenant_id = e.tenant_id and c.task_id = t.id) f
      where e.name in ('task.assigned', 'task.moved', 'task.changed', 'comment.added')
  ) w
  where e.tenant_id = $1 and e.request_id like 'seed-%' and w.person is not null and w.person <> e.actor_id
    and not exists (select from notifications n where n.tenant_id = e.tenant_id and n.person_id = w.person and n.source = e.id::text)
  order by e.pos, e.seq, w.person, w.rank`

/** @param client as gw_system; no reader may have passed the story yet. @returns how many were told */
export async function tellPast(kernel: Kernel, client: pg.ClientBase, cast: Cast): Promise<number> {
  if (!kernel.registry.find('notification.created')) return 0
  const { rows } = await client.query<Wish>(wishes, [cast.tenant])
  const ctx = kernel.system.context({ tenant: cast.tenant, actor: { type: 'system', id: null }, request: 'seed' })
  for (let n = 0; n < rows.length; n += 100)
    await ctx.change('notification.created' as never, async (tx) => ({
      events: rows.slice(n, n + 100).map(({ source, person, kind, project, task, comment, actor, at: when }) => {
        const told = new Date(when)
        const at = told.toISOString()
        const id = idAt(at, cast.tenant, `${source} ${person}`)
        const read = told.getTime() < cast.begun - unreadMs ? new Date(told.getTime() + 3_600_000).toISOString() : null
        tx.later(sql`insert into notifications (id, person_id, kind, source, project_id, task_id, comment_id, actor_id, read_at, created_at, updated_at)
          values (${id}, ${person}, ${kind}, ${source}, ${project}, ${task}, ${comment}, ${actor}, ${read}, ${at}, ${at})`)
        return { subject: id, person, at, data: { kind, projectId: project, taskId: task } } as never
      }),
      result: undefined,
    }))
  return rows.length
}
