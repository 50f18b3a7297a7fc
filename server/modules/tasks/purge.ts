// What was deleted can come back for a while; then its rows go for good, with all that people wrote in them. The log keeps that it happened.
import type { JobHandler } from '../../kernel/jobs.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { systemWho } from '../../kernel/readers.ts'
import { Id, Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import type { TaskEventName } from './events.ts'

/** How long a deleted task or project stays, so that undo finds it. */
export const keptDays = 30
const portion = 100
const hour = 3_600_000

const expired = sql`now() - make_interval(days => ${keptDays})`
const Found = Type.Object({ tenantId: Id, projectId: Id, ids: Type.Array(Id) })
/** Tasks of one project whose time is over: those deleted with it, or alone and without a subtask that is younger. Empty projects last. */
const findExpired = statement('tasks.find-expired', Found, (limit: number) => sql`
  with gone as (
    select t.tenant_id, t.project_id, t.id from tasks t
    where t.deleted_at < ${expired} and not exists (select from tasks s where s.tenant_id = t.tenant_id and s.parent_id = t.id and (s.deleted_at is null or s.deleted_at >= ${expired}))
    union all
    select t.tenant_id, t.project_id, t.id from projects p join tasks t on t.tenant_id = p.tenant_id and t.project_id = p.id where p.deleted_at < ${expired} and t.parent_id is null
  ), first as (select g.tenant_id, g.project_id, g.id from gone g order by 1, 2 limit ${limit})
  select f.tenant_id as "tenantId", f.project_id as "projectId", array_agg(distinct f.id) as ids from first f group by 1, 2`)
const findEmpty = statement('tasks.find-empty-projects', Type.Object({ tenantId: Id, projectId: Id }), (limit: number) => sql`
  select p.tenant_id as "tenantId", p.id as "projectId" from projects p
  where p.deleted_at < ${expired} and not exists (select from tasks t where t.tenant_id = p.tenant_id and t.project_id = p.id) limit ${limit}`)
/** With subtasks, comments, watchers and search rows. Once more only what is still deleted: it may have come back in this moment. */
const purgeTasks = statement('tasks.purge', Type.Object({ id: Id }), (tenant: string, ids: readonly string[]) => sql`
  delete from tasks t where t.tenant_id = ${tenant} and t.id = any (${ids}::uuid[])
    and (t.deleted_at < ${expired} or exists (select from projects p where p.tenant_id = t.tenant_id and p.id = t.project_id and p.deleted_at < ${expired})) returning t.id`)
const purgeProject = statement('tasks.purge-project', Type.Object({ id: Id }), (tenant: string, id: string) => sql`
  delete from projects where tenant_id = ${tenant} and id = ${id} and deleted_at < ${expired} returning id`)

/** One event for each portion of a project's tasks, and one for each project: nobody follows the single rows any more. */
export function createPurge(kernel: Pick<Kernel, 'system'>): JobHandler {
  return {
    name: 'tasks.purge', everyMs: 6 * hour,
    async handle(job, signal) {
      const who = systemWho(`job:${job.id}`)
      for (let more = true; more && !signal.aborted; ) {
        const [some] = await kernel.system.context(who).read(findExpired(portion))
        let purged = 0
        for (const { tenantId: tenant, projectId, ids } of some) {
          purged += await kernel.system.context({ ...who, tenant }).happen<TaskEventName, number>(async (tx) => {
            const gone = await tx(purgeTasks(tenant, ids))
            return { happened: gone.length ? [{ name: 'task.purged', subject: projectId, data: { projectId, tasks: gone.map(({ id }) => id) } }] : [], result: gone.length }
          })
        }
        more = purged > 0 // what could not go now is tried at the next turn
      }
      const [empty] = await kernel.system.context(who).read(findEmpty(portion))
      for (const { tenantId: tenant, projectId } of empty)
        await kernel.system.context({ ...who, tenant }).happen<TaskEventName, null>(async (tx) => {
          const gone = await tx(purgeProject(tenant, projectId))
          return { happened: gone.length ? [{ name: 'project.purged', subject: projectId, data: { projectId } }] : [], result: null }
        })
    },
  }
}
