// What stands in the tables, seen by the superuser: whole tables in one number each, or one tenant's rows.
import type pg from 'pg'

/** Written by followers and timers at any time, without a request; so are the log's `usage.counted`. */
const restless = new Set(['public.readers', 'public.jobs', 'public.workers', 'oauth.artifact', 'public.usage_calls', 'public.usage_days', 'public.webhook_deliveries', 'public.webhook_tries'])
export type Table = { name: string; /** the column that holds the tenant's id */ tenant: string | null }
export type Rows = Awaited<ReturnType<typeof openRows>>

export async function openRows(sql: pg.Client) {
  const { rows: tables } = await sql.query<Table>(`
    select format('%I.%I', n.nspname, c.relname) as name,
      (select quote_ident(attname) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname in ('tenant_id', 'organizationId', 'organization_id') limit 1) as tenant
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'identity', 'oauth') and c.relkind in ('r', 'p') and not c.relispartition order by 1`)
  if (tables.length < 10) throw new Error(`only ${tables.length} tables found`)
  const kept = tables.filter(({ name }) => !restless.has(name.replaceAll('"', '')))
  const sums = async (where: (table: Table) => string | undefined, values: unknown[]): Promise<Record<string, string>> => {
    const parts = kept.flatMap((table) => {
      const condition = where(table)
      return condition === undefined ? [] : [`select '${table.name}' as name, count(*) || ' rows, ' || coalesce(sum(hashtextextended(r::text, 0)::numeric), 0) as sum from ${table.name} r where ${condition}${table.name === 'public.events' ? ` and r.name <> 'usage.counted'` : ''}`]
    })
    const { rows } = await sql.query<{ name: string; sum: string }>(parts.join(' union all '), values)
    return Object.fromEntries(rows.map(({ name, sum }) => [name, sum]))
  }
  return {
    tables,
    /** Number of rows and their sum, per table. */
    summary: () => sums(() => 'true', []),
    /** The same of one tenant's rows. */
    ofTenant: (tenant: string) => sums((table) => (table.tenant ? `r.${table.tenant} = $1` : undefined), [tenant]),
  }
}
