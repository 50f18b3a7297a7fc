// Describes every registered statement on the live database, without running it, and compares its columns with the TypeBox row:
// names, types, and whether a column of a table may be null. Outer joins, views and expressions may be null all the same: their rows say so by hand.
import type pg from 'pg'
import { statements, type Statement } from './sql.ts'

type Field = { name: string; dataTypeID: number; tableID: number; columnID: number }
type Shape = { type?: string; enum?: unknown[]; const?: unknown; items?: unknown; anyOf?: Shape[] }
const kinds: Record<number, string> = { 16: 'boolean', 20: 'integer', 21: 'integer', 23: 'integer', 700: 'number', 701: 'number', 114: 'any', 3802: 'any', 17: 'any', 1005: 'array', 1007: 'array', 1009: 'array', 2951: 'array' } // else string

function describe(client: pg.Client, text: string): Promise<Field[]> {
  return new Promise((resolve, reject) => {
    let fields: Field[] = []
    const submit = (wire: { parse(o: object): void; describe(o: object): void; sync(): void }) => (wire.parse({ name: '', text, types: [] }), wire.describe({ type: 'S', name: '' }), wire.sync(), null)
    client.query({ submit, handleRowDescription: (m: { fields: Field[] }) => (fields = m.fields), handleReadyForQuery: () => resolve(fields), handleError: reject, callback() {} } as unknown as pg.Submittable)
  })
}

function compare(field: Field, schema: Shape | undefined, mayBeNull: boolean): string | undefined {
  if (!schema) return `column ${field.name} is not in the row`
  const shapes = schema.anyOf ?? [schema]
  const kind = kinds[field.dataTypeID] ?? 'string'
  for (const s of shapes.filter((s) => s.type !== 'null')) {
    const said = s.type ?? (typeof (s.const ?? s.enum?.[0]) === 'string' ? 'string' : 'any')
    if (kind !== 'any' && said !== kind && said !== 'any' && !(said === 'number' && kind === 'integer')) return `${field.name} is ${kind} in the database, ${said} in the row`
  }
  if (mayBeNull && kind !== 'any' && !shapes.some((s) => s.type === 'null')) return `${field.name} may be null in the database`
}

/** @param client as gw_owner @returns one line per fault */
export async function checkStatements(client: pg.Client, list: readonly Statement[] = statements): Promise<string[]> {
  const faults: string[] = []
  const { rows } = await client.query<{ attrelid: number; attnum: number }>(`select attrelid, attnum from pg_attribute a join pg_class c on c.oid = attrelid and relkind in ('r', 'p') where not attnotnull and attnum > 0`)
  const nullable = new Set(rows.map((r) => `${r.attrelid}.${r.attnum}`))
  for (const { label, row, texts } of list)
    for (const text of texts()) {
      const fields = await describe(client, text).catch((error: Error) => error)
      const properties = (row as unknown as { properties: Record<string, Shape> }).properties
      const found = fields instanceof Error ? [fields.message] : [
        ...fields.map((f) => compare(f, properties[f.name], nullable.has(`${f.tableID}.${f.columnID}`))),
        ...Object.keys(properties).map((k) => (fields.some((f) => f.name === k) ? undefined : `no column ${k}`)),
      ]
      faults.push(...found.filter((f) => f !== undefined).map((f) => `${label}: ${f}`))
    }
  return faults
}
