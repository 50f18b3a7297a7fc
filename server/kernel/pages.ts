// Keyset pages (stable under concurrent inserts). A cursor is opaque to clients: the base64url of the last row's sort values.
import { refuse } from './errors.ts'
import type { List } from './schema.ts'

/** The first page of a list by time and id, newest first, so that all pages are one statement. */
export const newest: readonly [string, string] = ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff']

/** @param shapes one pattern per value, so that a cursor of another list is refused instead of reaching SQL */
export function parseCursor(after: string | undefined, first: readonly string[], shapes: readonly RegExp[]): string[] {
  if (after === undefined) return [...first]
  let values: unknown
  try {
    values = JSON.parse(Buffer.from(after, 'base64url').toString('utf8'))
  } catch {
    values = undefined
  }
  if (!Array.isArray(values) || values.length !== shapes.length || !values.every((v, i) => typeof v === 'string' && shapes[i]!.test(v))) {
    refuse('cursor.invalid', '`after` must be `next` of the page before, unchanged', { errors: [{ in: 'query', path: '/after', message: 'is not a cursor of this list' }] })
  }
  return values as string[]
}
export const timeShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/
export const idShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
export const numberShape = /^-?\d{1,16}$/

/** Cuts the row fetched beyond the limit and names the next page by the last row kept. */
export function page<T>(rows: readonly T[], limit: number, key: (last: T) => readonly string[]): List<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last ? Buffer.from(JSON.stringify(key(last))).toString('base64url') : null }
}
