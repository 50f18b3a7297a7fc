// Runs that an event, a schedule or a webhook began beyond the plan's runs of the month. The database parks them as it counts (migration
// "run limits"); here admins are told once a month, and whatever has room again goes on, oldest first.
import { Problem } from '../../../kernel/errors.ts'
import type { JobHandler } from '../../../kernel/jobs.ts'
import { reader, systemWho, type Reader } from '../../../kernel/readers.ts'
import { Id, Type } from '../../../kernel/schema.ts'
import { sql, statement } from '../../../kernel/sql.ts'
import { tellAdmins } from '../../notifications/api.ts'
import type { Parts } from '../parts.ts'

/** As gw_system: the oldest of each tenant. */
const listParked = statement('runs.parked', Type.Object({ id: Id, tenantId: Id }), (each: number) => sql`
  select p.id, t.id as "tenantId" from identity.organization t
  cross join lateral (select r.id from runs r where r.tenant_id = t.id and r.over_limit and r.finished_at is null and r.status = 'paused' order by r.id limit ${each}) p
  where t.status = 'active' and exists (select from runs r where r.tenant_id = t.id and r.over_limit and r.finished_at is null) order by t.id, p.id`)

/** Goes on with what is parked, while there is room. A limit that is still reached ends it for that tenant, until the next time. */
export const admitJob = ({ kernel, engine }: Pick<Parts, 'kernel' | 'engine'>, everyMs = 60_000): JobHandler => ({
  name: 'workflows.admit', everyMs,
  async handle(job, signal) {
    const [rows] = await kernel.system.context(systemWho('workflows.admit')).read(listParked(100))
    const full = new Set<string>()
    for (const { id, tenantId } of rows) {
      if (signal.aborted || full.has(tenantId) || !(await kernel.switches.isOn(tenantId, 'workflows'))) continue
      await engine().resume(kernel.app.context({ tenant: tenantId, actor: { type: 'system', id: null }, request: `job:${job.id}` }), id).catch((error: unknown) => {
        if (!isFull(error)) throw error
        full.add(tenantId)
      })
    }
  },
})
const isFull = (error: unknown) => (error instanceof Problem ? error.code === 'plan.limit_reached' : (error as { code?: string }).code === 'ZH403')

export const parkedReader: Reader = reader('workflows.parked', ['run.parked'], async (tx, event) => {
  await tellAdmins(tx, { source: `${event.tenantId}/runs-parked/${event.at.slice(0, 7)}`, title: 'Runs wait: the plan\'s runs of this month are used. They go on with a larger plan, or next month.', link: '/runs?status=paused' })
})
