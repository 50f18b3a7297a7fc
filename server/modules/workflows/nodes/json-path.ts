// JSONPath (RFC 9535) without filters and functions: names, indices, slices, wildcards and descendants. Linear in what it visits, no user code.
import type { Json } from '../engine/port.ts'

type Selector = { name: string } | { index: number } | { slice: [number | undefined, number | undefined] } | 'all'
type Segment = { selectors: Selector[]; deep: boolean }
const mostFound = 10_000

/** @returns the segments, or what is wrong with the path */
export function parsePath(path: string): Segment[] | string {
  if (!path.startsWith('$')) return 'must begin with $'
  const segments: Segment[] = []
  let rest = path.slice(1)
  while (rest) {
    const deep = rest.startsWith('..')
    const dotted = /^\.\.?(\*|[A-Za-z_\u0080-\uffff][\w\u0080-\uffff-]*)/.exec(rest)
    if (dotted) {
      segments.push({ deep, selectors: [dotted[1] === '*' ? 'all' : { name: dotted[1]! }] })
      rest = rest.slice(dotted[0].length)
      continue
    }
    const bracket = /^(?:\.\.)?\[((?:\s*(?:\*|-?\d{1,9}|-?\d{0,9}:-?\d{0,9}|'[^'\\]*'|"[^"\\]*")\s*,?)+)\]/.exec(rest)
    if (!bracket) return `cannot be read from "${rest.slice(0, 20)}" on: names, [index], [from:to], [*] and .. are known`
    segments.push({ deep, selectors: [...bracket[1]!.matchAll(/\*|-?\d*:-?\d*|-?\d+|'[^']*'|"[^"]*"/g)].map(([text]) => selectorOf(text)) })
    rest = rest.slice(bracket[0].length)
  }
  return segments
}
function selectorOf(text: string): Selector {
  if (text === '*') return 'all'
  if (/^['"]/.test(text)) return { name: text.slice(1, -1) }
  if (!text.includes(':')) return { index: Number(text) }
  const [from, to] = text.split(':').map((part) => (part === '' ? undefined : Number(part)))
  return { slice: [from, to] }
}

/** What a path finds, in order; at most 10,000 values. */
export function findByPath(value: Json, path: string): Json[] {
  const segments = parsePath(path)
  if (typeof segments === 'string') throw new TypeError(`path ${path} ${segments}`)
  let found: Json[] = [value]
  for (const { selectors, deep } of segments) {
    const from = deep ? found.flatMap((one) => withDescendants(one)) : found
    found = from.flatMap((one) => selectors.flatMap((selector) => select(one, selector))).slice(0, mostFound)
  }
  return found
}
function select(value: Json, selector: Selector): Json[] {
  if (value === null || typeof value !== 'object') return []
  if (selector === 'all') return Object.values(value)
  if ('name' in selector) return !Array.isArray(value) && Object.hasOwn(value, selector.name) ? [value[selector.name]!] : []
  if (!Array.isArray(value)) return []
  if ('slice' in selector) return value.slice(...selector.slice)
  const at = value.at(selector.index)
  return at === undefined ? [] : [at]
}
function withDescendants(value: Json): Json[] {
  const found: Json[] = []
  const open: Json[] = [value]
  for (let next = open.pop(); next !== undefined && found.length < mostFound; next = open.pop()) {
    found.push(next)
    if (next !== null && typeof next === 'object') open.push(...Object.values(next).reverse())
  }
  return found
}
