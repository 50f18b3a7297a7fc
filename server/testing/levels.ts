// Whether counters of what stands now agree with the rows they count and with the log: asked after kills, races and sweeps.
type Query = (text: string) => Promise<Record<string, unknown>[]>

const rows = `
  select "organizationId" as tenant_id, 'users' as meter, count(*) as n from identity.member group by 1
  union all select tenant_id, 'projects', count(*) from projects where deleted_at is null group by 1
  union all select tenant_id, 'keys', count(*) from api_keys group by 1
  union all select tenant_id, 'storage', sum(bytes) from (
    select tenant_id, octet_length(sealed) as bytes from run_blobs where bytes > 16384
    union all select tenant_id, octet_length(sealed) from webhook_inbox
    union all select tenant_id, octet_length(logo) from branding where logo is not null) kept group by 1`

/** @param query as somebody who sees the rows of all tenants @returns a line for each counter that is not what was counted again, empty when all agree */
export async function recountLevels(query: Query): Promise<string[]> {
  const wrong = await query(`
    with recount as (${rows}), levels as (select tenant_id, meter, sum(used) as used from usage_levels where period = '' group by 1, 2)
    select tenant_id, meter, coalesce(used, 0)::text as used, coalesce(n, 0)::text as rows from levels full join recount using (tenant_id, meter) where coalesce(used, 0) <> coalesce(n, 0)`)
  const untold = await query(`
    with told as (select tenant_id, sum((data ->> 'bytes')::bigint * case name when 'storage.kept' then 1 else -1 end) as bytes from events where name in ('storage.kept', 'storage.freed') group by 1),
      levels as (select tenant_id, used from usage_levels where meter = 'storage')
    select tenant_id, coalesce(used, 0)::text as used, coalesce(bytes, 0)::text as told from levels full join told using (tenant_id)
      where coalesce(used, 0) <> coalesce(bytes, 0)`)
  return [
    ...wrong.map((one) => `${String(one.meter)} of tenant ${String(one.tenant_id)}: the counter says ${String(one.used)}, its rows ${String(one.rows)}`),
    ...untold.map((one) => `storage of tenant ${String(one.tenant_id)}: the counter says ${String(one.used)}, its events ${String(one.told)}`),
  ]
}
