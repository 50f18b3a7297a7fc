// Values on their way into the tables: plain JSON that jsonb can keep, no key of the engine's own, not too deep, large ones apart.
import type { Json, Ref } from './port.ts'
import { fault } from './faults.ts'

/** Above so many bytes of JSON a value lies in the blob store. */
export const inlineBytes = 16_384
/** What is kept beside a reference counts as read by the graph: lists to loop over. */
const keptBytes = 262_144
const deepest = 200

export const isRef = (value: unknown): value is Ref => typeof value === 'object' && value !== null && Object.hasOwn(value, '$ref')

/** Replaces what jsonb refuses: NUL and lone surrogates become the replacement character. */
function clean(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\ufffd')
  if (Array.isArray(value)) return value.map(clean)
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [clean(k) as string, clean(v)]))
  return value
}
function inspect(value: unknown, refs: boolean, depth = 0): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > deepest) throw fault('value.too_deep', `the value is nested deeper than ${deepest}`)
  if (Object.hasOwn(value, '$ref')) {
    if (!refs) throw fault('value.reserved_key', 'the key $ref is the engine\'s own: name it otherwise')
    return
  }
  for (const each of Array.isArray(value) ? value : Object.values(value)) inspect(each, refs, depth + 1)
}

/**
 * JSON text that can be stored, with what it means.
 * @param refs whether references may stand in it: true for what comes from the engine itself
 * @throws value.too_deep, value.reserved_key, value.too_large, value.not_json
 */
export function toStorable(value: unknown, { most, refs }: { most: number; refs: boolean }): { text: string; value: Json; bytes: number } {
  let text: string
  try {
    text = JSON.stringify(value ?? null) ?? 'null'
  } catch (error) {
    if (error instanceof RangeError) throw fault('value.too_deep', `the value is nested deeper than ${deepest}, or too long`)
    throw fault('value.not_json', `the value is no JSON: ${(error as Error).message}`)
  }
  if (text.length > most) throw fault('value.too_large', `the value has ${text.length} characters of JSON, at most ${most}`)
  let plain = JSON.parse(text) as Json
  inspect(plain, refs)
  if (/\\u0000|\\ud[89a-f]/i.test(text)) {
    plain = clean(plain) as Json
    text = JSON.stringify(plain)
  }
  return { text, value: plain, bytes: Buffer.byteLength(text) }
}

/** The values under these paths, to stand beside a reference. '' is all of it. @throws value.too_large */
export function keptOf(value: Json, paths: readonly string[]): Record<string, Json> {
  const kept: Record<string, Json> = {}
  for (const path of paths) {
    let at: unknown = value
    for (const part of path === '' ? [] : path.split('.')) at = typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? (at as Record<string, unknown>)[part] : null
    kept[path] = (at ?? null) as Json
  }
  const bytes = JSON.stringify(kept).length
  if (bytes > keptBytes) throw fault('value.too_large', `what conditions and loops read of this value has ${bytes} bytes, at most ${keptBytes}: give them less to look through`)
  return kept
}

/** All references in a value. */
export function refsIn(value: Json | Ref): Ref[] {
  if (isRef(value)) return [value]
  if (typeof value !== 'object' || value === null) return []
  return (Array.isArray(value) ? value : Object.values(value)).flatMap(refsIn)
}
