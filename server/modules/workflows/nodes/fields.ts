// The words settings are declared with. What a field may hold beside plain values (an expression, a text with expressions, a structured condition,
// code) is written into its JSON Schema as `x-` keywords: the checker, the step runner and the editor's forms all go by them.
import { Strict, Type, type Static, type TSchema } from '../../../kernel/schema.ts'
import { expressionLimits } from '../definitions/expressions.ts'

export type Wanted = 'value' | 'boolean' | 'list'
/** What a field holds. `item`: `item` and `index` are in scope, as it is asked of each element of the list in the field named. */
export type Mark = { 'x-expression'?: Wanted; 'x-item'?: string; 'x-template'?: true; 'x-condition'?: true; 'x-code'?: true; 'x-secret'?: true; 'x-pick'?: string; 'x-schedule'?: ScheduleMark }
/** The field holds a cron pattern, and these beside it belong to the same schedule: the pattern's zone, and an interval that may stand in its place. */
export type ScheduleMark = { timeZone: string; every?: string }
export const markOf = (schema: TSchema): Mark => schema as Mark

type Words = { title: string; description?: string; default?: unknown; examples?: unknown[] }
/** One JavaScript expression, such as `nodes.fetch.output.total > 10`. */
export const Expression = (words: Words & { want?: Wanted; item?: string }) => {
  const { want = 'value', item, ...rest } = words
  return Type.String({ minLength: 1, maxLength: expressionLimits.characters, 'x-expression': want, ...(item ? { 'x-item': item } : {}), ...rest })
}
/** A text that may hold `${{ expression }}`. A text that is one expression and nothing else gives its value as it is. */
export const Template = (words: Words & { maxLength?: number; long?: boolean; pick?: string }) => {
  const { maxLength = expressionLimits.textCharacters, long, pick, ...rest } = words
  return Type.String({ maxLength, 'x-template': true, ...(long ? { 'x-long': true } : {}), ...(pick ? { 'x-pick': pick } : {}), ...rest })
}
/** Any JSON; texts in it may hold `${{ expression }}`. */
export const Value = (words: Words) => Type.Unsafe<unknown>({ 'x-template': true, ...words })
/** A value of the schema, or a text with `${{ expression }}` that becomes one. */
export const Filled = <S extends TSchema>(schema: S, words?: Words) =>
  Type.Union([schema, Type.String({ pattern: '\\$\\{\\{', maxLength: expressionLimits.textCharacters, description: 'an expression that gives it' })], { 'x-template': true, ...words })
/** Several texts: a list, or one text with commas; each may hold `${{ expression }}`. */
export const Listed = ({ most, pick, ...words }: Words & { most: number; pick?: string }) =>
  Type.Union([Type.Array(Type.String({ minLength: 1, maxLength: 2000 }), { minItems: 1, maxItems: most }), Type.String({ minLength: 1, maxLength: expressionLimits.textCharacters })], { 'x-template': true, ...(pick ? { 'x-pick': pick } : {}), ...words })
/** Named values, each a template. */
export const Values = (words: Words) => Type.Record(Type.String({ minLength: 1, maxLength: 200 }), Value({ title: 'Value' }), { maxProperties: 100, ...words })

export const operators = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'in', 'contains', 'exists', 'truthy'] as const
const Operand = Type.Union([Strict({ path: Type.String({ minLength: 1, maxLength: 500, description: 'such as `trigger.data.title` or `nodes.fetch.output.total`' }) }), Strict({ value: Type.Unknown() })])
/** Structured, so that it is judged without running code: `{ left: { path }, op, right: { value } }`, `{ all: [...] }`, `{ any: [...] }`, `{ not }`. */
export const ConditionField = (words: Words) =>
  Type.Unsafe<AuthoredCondition>({
    'x-condition': true, ...words,
    anyOf: [
      Strict({ left: Operand, op: Type.Enum([...operators]), right: Type.Optional(Operand) }),
      Strict({ all: Type.Array(Type.Object({}), { maxItems: 50 }) }),
      Strict({ any: Type.Array(Type.Object({}), { maxItems: 50 }) }),
      Strict({ not: Type.Object({}) }),
    ],
  })
export type AuthoredOperand = { path: string } | { value: unknown }
export type AuthoredCondition =
  | { all: AuthoredCondition[] } | { any: AuthoredCondition[] } | { not: AuthoredCondition } | { left: AuthoredOperand; op: (typeof operators)[number]; right?: AuthoredOperand }

/** `90s`, `15m`, `3h`, `2d`, `1w`. */
export const durationPattern = '^[1-9][0-9]{0,5} ?(s|m|h|d|w)$'
export const Duration = (words: Words) => Type.String({ pattern: durationPattern, maxLength: 10, examples: ['15m'], ...words })
const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
/** Milliseconds of a duration such as `15m`; undefined for what is none. */
export function millisecondsOf(text: string): number | undefined {
  const [, count, unit] = /^([1-9][0-9]{0,5}) ?([smhdw])$/.exec(text.trim()) ?? []
  return count && unit ? Number(count) * units[unit as keyof typeof units] : undefined
}

export type Found = { kind: 'expression' | 'template' | 'condition'; value: unknown; pointer: string; mark: Mark; schema: TSchema }
const escape = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1')
/** Every marked field of settings, with its pointer. What the schema does not know is left to its validator. */
export function* markedFields(schema: TSchema, value: unknown, pointer = ''): Generator<Found> {
  if (value === undefined || value === null) return
  const mark = markOf(schema)
  if (mark['x-expression']) return yield { kind: 'expression', value, pointer, mark, schema }
  if (mark['x-condition']) return yield { kind: 'condition', value, pointer, mark, schema }
  if (mark['x-template']) return yield { kind: 'template', value, pointer, mark, schema }
  const shape = schema as { properties?: Record<string, TSchema>; items?: TSchema; patternProperties?: Record<string, TSchema>; anyOf?: TSchema[] }
  if (shape.anyOf) {
    for (const one of shape.anyOf) if (fits(one, value)) return yield* markedFields(one, value, pointer)
    return
  }
  if (Array.isArray(value)) {
    if (shape.items) for (const [i, inner] of value.entries()) yield* markedFields(shape.items, inner, `${pointer}/${i}`)
    return
  }
  if (typeof value !== 'object') return
  const [record] = Object.values(shape.patternProperties ?? {})
  for (const [key, inner] of Object.entries(value)) {
    const of = shape.properties && Object.hasOwn(shape.properties, key) ? shape.properties[key] : record
    if (of) yield* markedFields(of, inner, `${pointer}/${escape(key)}`)
  }
}
const fits = (schema: TSchema, value: unknown): boolean => {
  const { type } = schema as { type?: string }
  return type === undefined || (type === 'array' ? Array.isArray(value) : type === 'object' ? typeof value === 'object' && !Array.isArray(value) : type === typeof value)
}

export type { Static, TSchema }
