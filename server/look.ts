// A look at the database from a terminal, read only: which tables there are, how large, and what one statement answers. Like `db url` it needs the data
// folder or DATABASE_URL, and sees every tenant.
import pg from 'pg'
import type { Database } from './kernel/ports.ts'

const usage = 'usage: db [--json] | db query <sql> [--json] | db url'
const rowsShown = 1000
const tables = `select n.nspname || '.' || c.relname as "table", greatest(sum(coalesce(p.reltuples, c.reltuples)), 0)::bigint as "rows",
    sum(pg_total_relation_size(coalesce(p.oid, c.oid)))::bigint as bytes, sum(pg_indexes_size(coalesce(p.oid, c.oid)))::bigint as "indexBytes"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_inherits i on i.inhparent = c.oid left join pg_class p on p.oid = i.inhrelid
  where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' group by 1 order by bytes desc, 1`

/** @returns text for people, or JSON @throws Error with the usage, or what the database says */
export async function lookAt(database: Pick<Database, 'connection' | 'describe'>, args: readonly string[]): Promise<string> {
  const json = args.includes('--json')
  const [verb = 'tables', ...rest] = args.filter((word) => word !== '--json')
  if (!['tables', 'query'].includes(verb) || rest.length !== (verb === 'query' ? 1 : 0)) throw new Error(usage)
  const client = new pg.Client({ ...database.connection('system'), application_name: 'groundwork db', statement_timeout: 30_000, options: '-c default_transaction_read_only=on' })
  await client.connect()
  try {
    await client.query('begin read only')
    if (verb === 'query') return answerOf(await client.query({ text: rest[0]!, rowMode: 'array', queryMode: 'extended' } as pg.QueryArrayConfig), json) // extended: one statement, so that nothing ends the transaction and begins another
    const [{ rows }, { rows: [about] }] = [await client.query(tables), await client.query<{ version: string; bytes: string }>(`select current_setting('server_version') as version, pg_database_size(current_database()) as bytes`)]
    const listed = rows.map((row) => ({ ...row, rows: Number(row.rows), bytes: Number(row.bytes), indexBytes: Number(row.indexBytes) })) as { table: string; rows: number; bytes: number; indexBytes: number }[]
    if (json) return JSON.stringify({ version: about!.version, bytes: Number(about!.bytes), tables: listed }, null, 2)
    return `${database.describe()}\nPostgreSQL ${about!.version}, ${sizeOf(Number(about!.bytes))}\n\n${columns(['TABLE', 'ROWS (ABOUT)', 'SIZE', 'OF IT INDEXES'], listed.map((row) => [row.table, String(row.rows), sizeOf(row.bytes), sizeOf(row.indexBytes)]))}`
  } finally {
    await client.end()
  }
}

function answerOf({ fields, rows }: pg.QueryArrayResult, json: boolean): string {
  const shown = rows.slice(0, rowsShown) as unknown[][]
  if (json) return JSON.stringify(shown.map((row) => Object.fromEntries(fields.map(({ name }, i) => [name, row[i] instanceof Buffer ? (row[i] as Buffer).toString('base64') : row[i]]))), null, 2)
  const cell = (value: unknown): string => (value === null ? '' : value instanceof Buffer ? `${value.length} bytes` : value instanceof Date ? value.toISOString() : typeof value === 'object' ? JSON.stringify(value) : String(value))
  const more = rows.length > rowsShown ? `\n... and ${rows.length - rowsShown} more rows` : ''
  return `${columns(fields.map(({ name }) => name), shown.map((row) => row.map((value) => cell(value).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 200))))}${more}`
}
function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)))
  return [head, ...rows].map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ').trimEnd()).join('\n')
}
const sizeOf = (bytes: number): string => (bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`)
