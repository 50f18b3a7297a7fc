// Comma-separated values (RFC 4180) for whoever asks by Accept. A cell that a spreadsheet would take for a formula is quoted by an apostrophe.
import { Answer } from './route.ts'

export const csvType = 'text/csv'
type Cell = string | number | boolean | null | undefined

/** Whether the caller would rather have CSV than JSON; with equal wishes JSON goes first. */
export function wantsCsv(accept: string): boolean {
  const wish = (type: string) => {
    const found = accept.split(',').map((part) => part.trim().toLowerCase().split(';')).find(([name]) => name!.trim() === type)
    const q = found?.find((parameter) => /^\s*q=/.test(parameter))
    return found ? (q ? Number(q.split('=')[1]) || 0 : 1) : 0
  }
  return wish(csvType) > Math.max(wish('application/json'), 0)
}

const guarded = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)
const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
/** Numbers stay numbers, also negative ones; null is an empty cell. */
const cellOf = (value: Cell) => (value === null || value === undefined ? '' : typeof value === 'string' ? quoted(guarded(value)) : String(value))

export const csvOf = (head: readonly string[], rows: readonly (readonly Cell[])[]): string => [head, ...rows].map((row) => row.map(cellOf).join(',') + '\r\n').join('')

/** The answer as a file. @param next path and query of what follows, when this is not all */
export const csvAnswer = (name: string, head: readonly string[], rows: readonly (readonly Cell[])[], next?: string): Answer =>
  new Answer(csvOf(head, rows), {
    type: `${csvType}; charset=utf-8`,
    headers: { 'content-disposition': `attachment; filename="${name}.csv"`, vary: 'accept', ...(next ? { link: `<${next}>; rel="next"` } : {}) },
  })
