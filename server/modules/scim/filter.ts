// Filters of RFC 7644, 3.4.2.2, as SQL over the columns an attribute stands in. Attribute names and, but for ids, texts are case-insensitive.
import { sql, type Query } from '../../kernel/sql.ts'
import { ScimFault } from './faults.ts'

export type Filter = { op: 'and' | 'or'; left: Filter; right: Filter } | { op: 'not'; inner: Filter } | { op: Comparison; attribute: string; value: string | boolean | number | null }
type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'pr' | 'gt' | 'ge' | 'lt' | 'le'
const comparisons = new Set(['eq', 'ne', 'co', 'sw', 'ew', 'pr', 'gt', 'ge', 'lt', 'le'])
const bad = (detail: string): never => {
  throw new ScimFault(400, detail, 'invalidFilter')
}

export function parseFilter(text: string): Filter {
  const tokens = text.match(/"(?:\\.|[^"\\])*"|[()[\]]|[^\s()[\]"]+/g) ?? []
  if (text.length > 2000 || tokens.length > 100) bad('the filter is too long')
  let at = 0
  const next = () => tokens[at++] ?? bad('the filter ends too early')
  const word = (expected: string) => tokens[at]?.toLowerCase() === expected && (at++, true)
  function term(prefix: string): Filter {
    if (word('not')) return { op: 'not', inner: group(prefix) }
    if (tokens[at] === '(') return group(prefix)
    const attribute = prefix + next()
    if (tokens[at] === '[') { // emails[type eq "work" and value sw "a"]
      at++
      const inner = either(`${attribute}.`)
      if (next() !== ']') bad('a ] is missing')
      return inner
    }
    const op = next().toLowerCase()
    if (!comparisons.has(op)) bad(`${op} is no operator: eq, ne, co, sw, ew, pr, gt, ge, lt, le`)
    if (op === 'pr') return { op, attribute, value: null }
    const raw = next()
    try {
      return { op: op as Comparison, attribute, value: JSON.parse(/^(true|false)$/i.test(raw) ? raw.toLowerCase() : raw) as string }
    } catch {
      return bad(`${raw} is no value: texts stand in double quotes`)
    }
  }
  function group(prefix: string): Filter {
    if (next() !== '(') bad('a ( is missing')
    const inner = either(prefix)
    if (next() !== ')') bad('a ) is missing')
    return inner
  }
  function both(prefix: string): Filter {
    let left = term(prefix)
    while (word('and')) left = { op: 'and', left, right: term(prefix) }
    return left
  }
  function either(prefix: string): Filter {
    let left = both(prefix)
    while (word('or')) left = { op: 'or', left, right: both(prefix) }
    return left
  }
  const filter = either('')
  if (at < tokens.length) bad(`${tokens[at]} is one too many`)
  return filter
}

export type Columns = Record<string, { text?: Query; exact?: Query; flag?: Query; time?: Query; /** of each entry `e` of a list */ each?: Query; list?: Query }>
const escape = (text: string) => text.replace(/[\\%_]/g, '\\$&')
const shortOf = (attribute: string) => attribute.toLowerCase().replace(/^urn:ietf:params:scim:schemas:core:2\.0:(user|group):/, '')

export function filterSql(filter: Filter, columns: Columns): Query {
  if ('left' in filter) return filter.op === 'and' ? sql`(${filterSql(filter.left, columns)} and ${filterSql(filter.right, columns)})` : sql`(${filterSql(filter.left, columns)} or ${filterSql(filter.right, columns)})`
  if ('inner' in filter) return sql`(not ${filterSql(filter.inner, columns)})`
  const column = columns[shortOf(filter.attribute)] ?? bad(`${filter.attribute} cannot be filtered by: ${Object.keys(columns).join(', ')}`)
  const { op, value } = filter
  if (column.list) return sql`exists (select from jsonb_array_elements(${column.list}) e where ${compare(op, { text: column.each! }, value)})`
  return compare(op, column, value)
}
function compare(op: Comparison, column: Columns[string], value: string | boolean | number | null): Query {
  const at = column.text ?? column.exact ?? column.flag ?? column.time!
  if (op === 'pr') return sql`(${at} is not null)`
  if (value === null) return op === 'eq' ? sql`(${at} is null)` : sql`(${at} is not null)`
  if (column.flag) {
    if (op !== 'eq' && op !== 'ne') bad('a boolean is compared by eq and ne')
    const wanted = value === true || String(value).toLowerCase() === 'true'
    return op === 'eq' ? sql`(${at} = ${wanted}::bool)` : sql`(${at} <> ${wanted}::bool)`
  }
  if (column.time) {
    const time = new Date(String(value))
    if (Number.isNaN(time.getTime())) bad(`${String(value)} is no time`)
    const iso = time.toISOString()
    if (op === 'gt') return sql`(${at} > ${iso}::timestamptz)`
    if (op === 'ge') return sql`(${at} >= ${iso}::timestamptz)`
    if (op === 'lt') return sql`(${at} < ${iso}::timestamptz)`
    if (op === 'le') return sql`(${at} <= ${iso}::timestamptz)`
    if (op === 'eq') return sql`(date_trunc('milliseconds', ${at}) = ${iso}::timestamptz)`
    return bad(`${op} does not compare times`)
  }
  const text = String(value)
  if (column.exact) return op === 'eq' ? sql`(${at}::text = ${text})` : op === 'ne' ? sql`(${at}::text is distinct from ${text})` : bad('this attribute is compared by eq and ne')
  if (op === 'eq') return sql`(lower(${at}) = lower(${text}::text))`
  if (op === 'ne') return sql`(lower(${at}) is distinct from lower(${text}::text))`
  const pattern = op === 'co' ? `%${escape(text)}%` : op === 'sw' ? `${escape(text)}%` : op === 'ew' ? `%${escape(text)}` : bad(`${op} does not compare texts`)
  return sql`(${at} ilike ${pattern})`
}
