// Runs that ended long ago go, with their steps, signals and large values: tenant by tenant, in portions that hold nobody up.
import { systemWho } from '../../../kernel/readers.ts'
import { Type } from '../../../kernel/schema.ts'
import { sql, statement } from '../../../kernel/sql.ts'
import type { Store } from './store.ts'

const portion = 500
const day = 86_400_000
const TenantRow = Type.Object({ tenant_id: Type.String(), days: Type.Integer() })
/** Tenants with runs that do not keep them for ever, found without reading them all; the shorter of the installation's days and their own. */
const listTenants = statement('runs.tenants', TenantRow, (days: number) => sql`
  with recursive t(tenant_id) as (
    (select tenant_id from runs order by tenant_id limit 1)
    union all select (select r.tenant_id from runs r where r.tenant_id > t.tenant_id order by r.tenant_id limit 1) from t where t.tenant_id is not null
  ) select t.tenant_id, d.days from t left join tenant_settings s using (tenant_id) cross join lateral (select least(nullif(${days}::int, 0), s.run_retention_days) as days) d where t.tenant_id is not null and d.days is not null`)
/** Ids sort by time, so the oldest are found by them. */
const deleteRuns = statement('runs.delete', Type.Object({ id: Type.String() }), (tenant: string, before: string, firstId: string, most: number) => sql`
  with old as (select id from runs where tenant_id = ${tenant} and id < ${firstId}::uuid and finished_at < ${before}::timestamptz order by id limit ${most} for update skip locked),
  steps as (delete from run_steps s using old where s.tenant_id = ${tenant} and s.run_id = old.id),
  signals as (delete from run_signals g using old where g.tenant_id = ${tenant} and g.run_id = old.id),
  blobs as (delete from run_blobs b using old where b.tenant_id = ${tenant} and b.run_id = old.id)
  delete from runs r using old where r.tenant_id = ${tenant} and r.id = old.id returning r.id`)

/** The least uuid v7 of an instant (RFC 9562). */
const firstIdOf = (ms: number): string => {
  const time = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`
}

/** @param days of the installation; 0 keeps runs for ever, where a tenant has not chosen less @returns how many went */
export async function sweepRuns(store: Store, days: number, signal?: AbortSignal): Promise<number> {
  let all = 0
  for (const { tenant_id: tenant, days: kept } of (await store.flush(listTenants(days)))[0]) {
    const cut = Date.now() - kept * day
    for (let gone = portion; gone === portion && !signal?.aborted; all += gone)
      gone = await store.db.context({ ...systemWho('runs.sweep'), tenant }).happen(async (tx) => {
        const before = new Date(cut).toISOString()
        const { length: runs } = await tx(deleteRuns(tenant, before, firstIdOf(cut), portion))
        return { happened: runs ? [{ name: 'runs.trimmed', subject: tenant, data: { runs, before, days: kept } }] : [], result: runs }
      })
  }
  return all
}
