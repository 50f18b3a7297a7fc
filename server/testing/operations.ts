// What the OpenAPI document lists, as the proofs use it: every operation with its schemas, and values made from a schema, good ones and bad ones.
import { newId } from '../kernel/ids.ts'
import type { Product } from './product.ts'

export type Schema = {
  type?: string; format?: string; enum?: unknown[]; const?: unknown; anyOf?: Schema[]; allOf?: Schema[]; items?: Schema; properties?: Record<string, Schema>; required?: string[]
  patternProperties?: Record<string, Schema>; additionalProperties?: boolean | Schema; pattern?: string; minLength?: number; maxLength?: number; minimum?: number; maximum?: number; minItems?: number; maxProperties?: number; default?: unknown
}
export type Field = { name: string; required: boolean; schema: Schema }
export type Operation = {
  id: string; method: string; path: string; /** what a token with scopes needs */ scope: string | undefined; access: 'public' | 'person' | 'tenant' | 'operator'; permission: string | undefined; least: string | undefined
  params: Field[]; query: Field[]; body: Schema | undefined; bodyRequired: boolean; example: unknown; status: number; idempotent: boolean; stream: boolean
}
/** A request to an operation: what stands in its path, query and body. */
export type Request = { params: Record<string, string>; query: Record<string, string>; body?: unknown; headers?: Record<string, string> }

type Raw = Record<string, any>

/** @throws when the document lists next to nothing */
export async function readOperations(product: Product): Promise<Operation[]> {
  const document = (await product.ok('GET', '/api/openapi.json')) as Raw
  const open = (schema: Raw | undefined, inside: readonly string[] = []): Schema => {
    if (!schema) return {}
    if (schema.$ref) {
      const name = String(schema.$ref).split('/').at(-1)!
      return inside.includes(name) ? {} : open(document.components.schemas[name], [...inside, name])
    }
    return Object.fromEntries(Object.entries(schema).map(([key, value]) => {
      if (key === 'properties' || key === 'patternProperties') return [key, Object.fromEntries(Object.entries(value as Raw).map(([n, s]) => [n, open(s as Raw, inside)]))]
      if (key === 'items' || (key === 'additionalProperties' && typeof value === 'object')) return [key, open(value, inside)]
      if (key === 'anyOf' || key === 'oneOf' || key === 'allOf') return [key === 'allOf' ? 'allOf' : 'anyOf', (value as Raw[]).map((s) => open(s, inside))]
      return [key, value]
    }))
  }
  const found = Object.entries(document.paths as Raw).flatMap(([path, methods]) => Object.entries(methods as Raw).map(([method, o]): Operation => {
    const fields = (where: string): Field[] => ((o.parameters ?? []) as Raw[]).filter((p) => p.in === where).map((p) => ({ name: p.name, required: p.required === true, schema: open(p.schema) }))
    const status = Number(Object.keys(o.responses).find((code) => code.startsWith('2')))
    const content = o.requestBody?.content?.['application/json']
    return {
      id: o.operationId, method: method.toUpperCase(), path, scope: o['x-scope'], access: o['x-access'], permission: o['x-permission'], least: /tenant role (\w+) or above/.exec(o.description ?? '')?.[1],
      params: fields('path'), query: fields('query'), body: content ? open(content.schema) : undefined, bodyRequired: o.requestBody?.required === true, example: content?.example, status,
      idempotent: fields('header').some((f) => f.name === 'Idempotency-Key'), stream: Boolean(o.responses[status]?.content?.['text/event-stream']),
    }
  }))
  if (found.length < 10) throw new Error(`the document lists only ${found.length} operations`)
  return found
}

export const urlOf = (op: Operation, { params, query }: Request): string => {
  const search = new URLSearchParams(query).toString()
  return op.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? `{${name}}`)) + (search ? `?${search}` : '')
}

/** The smallest value a schema accepts, for what no fixture names. Words are unique, so that unique columns are met. */
export function exampleOf(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  if (schema.default !== undefined) return schema.default
  if (schema.anyOf) return exampleOf(schema.anyOf.find((s) => s.type !== 'null') ?? schema.anyOf[0]!)
  switch (schema.type) {
    case 'object': return Object.fromEntries((schema.required ?? []).map((name) => [name, exampleOf(schema.properties?.[name] ?? {})]))
    case 'array': return Array.from({ length: schema.minItems ?? 0 }, () => exampleOf(schema.items ?? {}))
    case 'integer':
    case 'number': return schema.minimum ?? Math.min(1, schema.maximum ?? 1)
    case 'boolean': return false
    case 'string': return exampleText(schema)
    default: return {}
  }
}
function exampleText({ format, minLength = 0, maxLength = 1000 }: Schema): string {
  const unique = newId().slice(-10)
  if (format === 'uuid') return newId()
  if (format === 'email') return `${unique}@example.test`
  if (format === 'date-time') return '2030-01-02T03:04:05.000000Z'
  if (format === 'date') return '2030-01-02'
  return `word ${unique}`.padEnd(minLength, 'x').slice(0, maxLength)
}

/** A place in a body: its pointer, its schema, and the body with another value there. */
export type Place = { pointer: string; schema: Schema; required: boolean; with(value: unknown): unknown; without(): unknown }
const escape = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1')

/** Every field of a body, into objects and the first elements of arrays that the good body has. */
export function placesIn(schema: Schema, body: unknown): Place[] {
  const places: Place[] = []
  const visit = (at: Schema, value: unknown, pointer: string, put: (v: unknown) => unknown) => {
    const shape = at.anyOf?.find((s) => (Array.isArray(value) ? s.type === 'array' : s.type === typeof value)) ?? at
    if (shape.type === 'array' && Array.isArray(value) && value.length) visit(shape.items ?? {}, value[0], `${pointer}/0`, (v) => put([v, ...value.slice(1)]))
    if (shape.type !== 'object' || value === null || typeof value !== 'object') return
    const known = value as Record<string, unknown>
    for (const [name, inner] of Object.entries(shape.properties ?? {})) {
      const here = `${pointer}/${escape(name)}`
      const full = !(name in known) && Object.keys(known).length >= (shape.maxProperties ?? Infinity) // one of several: it takes the place of the other
      const change = (v: unknown) => put({ ...(full ? {} : known), [name]: v })
      places.push({ pointer: here, schema: inner, required: shape.required?.includes(name) ?? false, with: change, without: () => put(Object.fromEntries(Object.entries(known).filter(([key]) => key !== name))) })
      visit(inner, known[name], here, change)
    }
  }
  visit(schema, body, '', (v) => v)
  return places
}

/** The JSON types a schema takes; empty: any. */
export function typesOf(schema: Schema): Set<string> {
  if (schema.anyOf) return new Set(schema.anyOf.flatMap((s) => [...typesOf(s)]))
  if (schema.const !== undefined || schema.enum) return new Set([...(schema.enum ?? [schema.const])].map((v) => (v === null ? 'null' : typeof v)))
  return new Set(schema.type === undefined ? [] : [schema.type === 'integer' ? 'number' : schema.type])
}
/** The strings alternative of a schema, if it has one that is free text. */
export const textOf = (schema: Schema): Schema | undefined => (schema.anyOf ? schema.anyOf.map(textOf).find(Boolean) : schema.type === 'string' && !schema.enum ? schema : undefined)
