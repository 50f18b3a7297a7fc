// PATCH of RFC 7644, 3.5.2, with what Entra and Okta make of it: operations in any case, booleans as texts, values without a path, dotted names as keys.
import { ScimFault } from './faults.ts'

export type Operation = { op: 'add' | 'replace' | 'remove'; path: string | null; value: unknown }
export type Entry = Record<string, unknown>
const record = (value: unknown): value is Entry => value !== null && typeof value === 'object' && !Array.isArray(value)
const no = (detail: string, type: 'invalidSyntax' | 'invalidPath' | 'invalidValue' | 'noTarget' = 'invalidSyntax'): never => {
  throw new ScimFault(400, detail, type)
}

export function readOperations(body: unknown): Operation[] {
  const list = record(body) ? (body.Operations ?? body.operations) : undefined
  if (!Array.isArray(list) || !list.length) return no('Operations is missing')
  if (list.length > 1000) return no('at most 1000 operations at once')
  return list.map((given) => {
    const op = record(given) && typeof given.op === 'string' ? given.op.toLowerCase() : ''
    if (op !== 'add' && op !== 'replace' && op !== 'remove') return no('op must be add, replace or remove')
    const path = (given as Entry).path
    if (path !== undefined && path !== null && typeof path !== 'string') return no('path must be a text', 'invalidPath')
    if (op === 'remove' && !path) return no('remove needs a path', 'noTarget')
    return { op, path: (path as string | undefined)?.replace(/^urn:ietf:params:scim:schemas:core:2\.0:(User|Group):/i, '') || null, value: (given as Entry).value }
  })
}

/** Applies operations to a resource of plain attributes, lists of entries and one level of nesting. @returns a new one */
export function applyPatch(resource: Entry, operations: readonly Operation[]): Entry {
  const now = structuredClone(resource)
  for (const { op, path, value } of operations) {
    if (path === null) {
      if (!record(value)) return no('without a path the value must hold attributes', 'invalidValue')
      for (const [name, inner] of Object.entries(value)) applyOne(now, op, name.replace(/^urn:ietf:params:scim:schemas:core:2\.0:(User|Group):/i, ''), inner)
    } else applyOne(now, op, path, value)
  }
  return now
}
function applyOne(at: Entry, op: Operation['op'], path: string, value: unknown): void {
  if (/^(schemas|id|meta)$/i.test(path) || path.toLowerCase().startsWith('urn:')) return // read-only, or of an extension that is not kept
  const m = /^([A-Za-z$][\w$-]*)(?:\[(.+)\])?(?:\.([A-Za-z$][\w$-]*))?$/.exec(path) ?? no(`${path} is no path`, 'invalidPath')
  const [, first, selector, sub] = m
  const name = Object.keys(at).find((key) => key.toLowerCase() === first!.toLowerCase()) ?? first!
  if (selector !== undefined) {
    const list = (Array.isArray(at[name]) ? at[name] : []) as Entry[]
    const condition = /^\s*([\w$]+)\s+eq\s+(?:"((?:\\.|[^"\\])*)"|(true|false))\s*$/i.exec(selector) ?? no(`${selector} is not understood: attribute eq "value"`, 'invalidPath')
    const wanted = condition[2] ?? condition[3]!.toLowerCase()
    const found = list.filter((entry) => String(entry[condition[1]!] ?? '').toLowerCase() === wanted.toLowerCase())
    if (op === 'remove') {
      if (sub) for (const entry of found) delete entry[sub]
      else at[name] = list.filter((entry) => !found.includes(entry))
      return
    }
    if (!found.length) {
      const made: Entry = { [condition[1]!]: condition[2] ?? condition[3] === 'true' }
      list.push(made)
      found.push(made)
    }
    for (const entry of found) if (sub) entry[sub] = value
      else if (record(value)) Object.assign(entry, value)
    at[name] = list
    return
  }
  if (sub) {
    const inner = record(at[name]) ? at[name] : {}
    if (op === 'remove') delete inner[sub]
    else inner[sub] = value
    at[name] = inner
    return
  }
  if (op === 'remove') {
    // Entra removes some members by path `members` with a value
    if (Array.isArray(value) && Array.isArray(at[name])) at[name] = (at[name] as Entry[]).filter((entry) => !value.some((gone) => record(gone) && gone.value === entry.value))
    else delete at[name]
  } else if (op === 'add' && Array.isArray(at[name])) {
    const more = (Array.isArray(value) ? value : [value]) as Entry[]
    const kept = at[name] as Entry[]
    at[name] = [...kept, ...more.filter((entry) => !kept.some((k) => k.value === entry.value))]
  } else if (record(value) && record(at[name])) Object.assign(at[name], value)
  else at[name] = value
}
