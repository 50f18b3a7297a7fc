// Paths of structured conditions: as authors write them (`trigger.data.title`, `nodes.fetch.output.total`, `item.id`), and as the interpreter reads
// them (`input.data.title`, `steps.fetch.total`).
import type { Condition } from '../engine/compiled.ts'
import type { Json } from '../engine/port.ts'
import type { AuthoredCondition, AuthoredOperand } from '../nodes/fields.ts'
import type { Read } from './expressions.ts'

/** `a[0].b` is `a.0.b`. */
const segmentsOf = (path: string): string[] => path.replace(/\[(\d{1,9})\]/g, '.$1').split('.')

/** What a path reads; undefined when it begins with nothing known. */
export function readOf(path: string): Read | undefined {
  const [root, ...rest] = segmentsOf(path)
  if (rest.some((part) => part === '')) return undefined
  if (root === 'nodes') return rest.length >= 2 && rest[1] === 'output' ? { root, path: rest, guarded: true } : undefined
  return root === 'trigger' || root === 'item' || root === 'index' ? { root, path: rest, guarded: true } : undefined
}

/** The interpreter's name of what an expression or a path reads. @param path segments, the root first */
export function compiledPath([root, ...rest]: readonly string[]): string | undefined {
  if (root === 'trigger') return ['input', ...rest].join('.')
  if (root === 'nodes') return rest[1] === 'output' ? ['steps', rest[0], ...rest.slice(2)].join('.') : undefined
  return root === 'item' || root === 'index' ? [root, ...rest].join('.') : undefined
}

/** @param rename gives the path for a path, or undefined when there is none */
export function compileCondition(condition: AuthoredCondition, rename: (path: string) => string): Condition {
  if ('all' in condition) return { all: condition.all.map((one) => compileCondition(one, rename)) }
  if ('any' in condition) return { any: condition.any.map((one) => compileCondition(one, rename)) }
  if ('not' in condition) return { not: compileCondition(condition.not, rename) }
  const operand = (given: AuthoredOperand) => ('path' in given ? { path: rename(given.path) } : { value: given.value as Json })
  return { left: operand(condition.left), op: condition.op, ...(condition.right ? { right: operand(condition.right) } : {}) }
}
export const authorPath = (path: string): string => compiledPath(segmentsOf(path)) ?? path

/** Every path a condition reads; with a fault in its form, what is wrong and where. Bounded, whatever was sent. */
export function inspectCondition(condition: unknown, ops: readonly string[]): { paths: { path: string; pointer: string }[]; faults: { pointer: string; message: string }[] } {
  const paths: { path: string; pointer: string }[] = []
  const faults: { pointer: string; message: string }[] = []
  const open: [unknown, string, number][] = [[condition, '', 0]]
  let count = 0
  for (let next = open.pop(); next; next = open.pop()) {
    const [at, pointer, depth] = next
    if (++count > 200 || depth > 10) {
      faults.push({ pointer, message: 'the condition is too large: at most 200 parts, 10 deep' })
      break
    }
    const c = at as Record<string, unknown> | null
    if (typeof c !== 'object' || c === null || Array.isArray(c)) faults.push({ pointer, message: 'must be a condition: { left, op, right }, { all }, { any } or { not }' })
    else if ('all' in c || 'any' in c) {
      const key = 'all' in c ? 'all' : 'any'
      if (!Array.isArray(c[key])) faults.push({ pointer: `${pointer}/${key}`, message: 'must be a list of conditions' })
      else for (const [i, one] of (c[key] as unknown[]).entries()) open.push([one, `${pointer}/${key}/${i}`, depth + 1])
    } else if ('not' in c) open.push([c.not, `${pointer}/not`, depth + 1])
    else {
      if (!ops.includes(String(c.op))) faults.push({ pointer: `${pointer}/op`, message: `must be one of ${ops.join(', ')}` })
      for (const side of ['left', 'right']) {
        const operand = c[side] as Record<string, unknown> | undefined
        if (operand === undefined && (side === 'right' ? c.op === 'exists' || c.op === 'truthy' : false)) continue
        if (typeof operand !== 'object' || operand === null || !('path' in operand || 'value' in operand)) faults.push({ pointer: `${pointer}/${side}`, message: 'must be { path } or { value }' })
        else if ('path' in operand) {
          if (typeof operand.path !== 'string') faults.push({ pointer: `${pointer}/${side}/path`, message: 'must be a text' })
          else paths.push({ path: operand.path, pointer: `${pointer}/${side}/path` })
        }
      }
    }
  }
  return { paths, faults }
}
