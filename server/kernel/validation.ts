// Strict bodies: unknown fields refused, nothing coerced, texts PostgreSQL cannot keep refused by name. Query, path and headers are coerced.
import { Ajv, type ErrorObject } from 'ajv'
import formats from 'ajv-formats'
import type { FieldError } from './errors.ts'

const timeForm = /^(\d{4})-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/
/** RFC 3339, a day that exists, years 1 to 9999. */
export function isTime(text: string): boolean {
  const m = timeForm.exec(text)
  if (!m || Number(m[1]) < 1) return false
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10)) && !Number.isNaN(Date.parse(text))
}
const isDate = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && isTime(`${text}T00:00:00Z`)

export type Validator = ((value: unknown) => boolean) & { errors?: ErrorObject[] | null }
/** @param allErrors every fault of a value instead of the first: for what is small and already bounded
    Two instances, since only the body must not be coerced: else null would become 0 and true 1. */
export function createValidators(allErrors = false) {
  const make = (coerceTypes: 'array' | false) => {
    const ajv = new Ajv({ removeAdditional: false, coerceTypes, useDefaults: true, allErrors, strict: false })
    ;(formats as unknown as (a: Ajv) => void)(ajv)
    ajv.addFormat('date-time', isTime)
    ajv.addFormat('date', isDate)
    return ajv
  }
  const [body, other] = [make(false), make('array')]
  return { compile: (schema: object, part: 'body' | 'query' | 'params' | 'headers'): Validator => (part === 'body' ? body : other).compile(withoutIds(schema)) as Validator }
}

/** Schemas carry `$id` as their name in OpenAPI; to the validator and the serialiser the same name twice would be an error. */
export function withoutIds<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(withoutIds) as T
  if (schema === null || typeof schema !== 'object') return schema
  return Object.fromEntries(Object.entries(schema).filter(([key, value]) => !(key === '$id' && typeof value === 'string') && !key.startsWith('x-')).map(([key, value]) => [key, withoutIds(value)])) as T
}

const escape = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1')
/** The field's pointer and what is wrong with it, in words. */
export function faultOf(error: ErrorObject, where: FieldError['in']): FieldError {
  const params = error.params as Record<string, unknown>
  const missing = params.missingProperty ?? params.additionalProperty
  const path = error.instancePath + (missing === undefined ? '' : `/${escape(String(missing))}`)
  const allowed = error.keyword === 'enum' ? `: ${(params.allowedValues as unknown[]).join(', ')}` : error.keyword === 'const' ? `: ${String(params.allowedValue)}` : ''
  const message =
    error.keyword === 'additionalProperties' ? 'is not known here' : error.keyword === 'required' ? 'is required' : error.keyword === 'format' ? `must be a valid ${String(params.format)}` : (error.message ?? 'is wrong') + allowed
  return { in: where, path: path || '/', message }
}

/** The first text with NUL or a lone surrogate, as keys too: PostgreSQL cannot keep either. Without recursion: depth is the sender's choice. */
export function findUnkeepable(value: unknown): string | undefined {
  const open: [unknown, string][] = [[value, '']]
  for (let next = open.pop(); next; next = open.pop()) {
    const [v, path] = next
    if (typeof v === 'string' ? v.includes('\0') || !v.isWellFormed() : false) return path || '/'
    if (v === null || typeof v !== 'object') continue
    for (const [key, inner] of Object.entries(v)) {
      const at = `${path}/${escape(key)}`
      if (key.includes('\0') || !key.isWellFormed()) return path || '/'
      open.push([inner, at])
    }
  }
}

const emailForm = new RegExp((formats as unknown as { get(name: string): RegExp }).get('email').source, 'i')
/** As the format `email` of bodies. */
export const isEmail = (text: string): boolean => text.length <= 254 && emailForm.test(text)
