// Values made of values. Expressions run in the sandbox; what is done with their results here is linear.
import { Strict, Type } from '../../../kernel/schema.ts'
import type { Json } from '../engine/port.ts'
import { Expression, Values } from './fields.ts'
import { judgeBySchema, schemaFault } from './json-schema.ts'
import { node, noRetry, StepFailure, type NodeType, type Settings } from './node.ts'

const Any = Type.Unsafe<unknown>({})
const List = Type.Array(Any)
const pure = { primitive: 'data', form: 'step', retry: noRetry } as const
type Row = { [key: string]: Json }

function listOf(settings: Settings, field: string): Json[] {
  const value = settings[field] as Json
  if (!Array.isArray(value)) throw new StepFailure('step.invalid', `${field} is ${value === null ? 'empty' : typeof value}, not a list`)
  return value
}
const isRow = (value: Json | undefined): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)
const keyOf = (value: Json | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null))

const items = (description = 'A list.') => Expression({ title: 'List', want: 'list', description })

export const transform = {
  title: 'Transform', description: 'One JavaScript expression gives the output.', settings: Strict({ expression: Expression({ title: 'Expression' }) }), produces: Any,
  run: async ({ settings }: { settings: Settings }): Promise<Json> => settings.expression as Json,
}

export const data: readonly NodeType[] = [
  node({ ...pure, type: 'mapping', title: 'Map fields', description: 'Puts values under names of your choice.', settings: Strict({ fields: Values({ title: 'Fields' }) }), produces: Type.Object({}), run: async ({ settings }) => settings.fields as Json }),
  node({ ...pure, type: 'transform', ...transform }),
  node({
    ...pure, type: 'filter', title: 'Filter a list', description: 'Keeps the items for which the expression is true.', produces: List,
    settings: Strict({ items: items(), where: Expression({ title: 'Keep when', want: 'boolean', item: 'items', description: 'With `item` and `index`.' }) }),
    async run({ settings }) {
      const keep = settings.where as Json[]
      return listOf(settings, 'items').filter((_, i) => Boolean(keep[i]))
    },
  }),
  node({
    ...pure, type: 'merge', title: 'Merge', description: 'Joins several values: objects into one, lists one after the other.', produces: Any,
    settings: Strict({ inputs: Type.Array(Expression({ title: 'Value' }), { minItems: 1, maxItems: 20, title: 'Values' }), by: Type.Optional(Type.String({ minLength: 1, maxLength: 200, title: 'By field', description: 'Lists of objects: those with the same value of this field become one.' })) }),
    async run({ settings }) {
      const values = (settings.inputs as (Json | undefined)[]).filter((value) => value !== null && value !== undefined) as Json[]
      if (values.every(isRow)) return Object.assign({}, ...values) as Json
      const all = values.flatMap((value) => (Array.isArray(value) ? value : [value]))
      const { by } = settings as { by?: string }
      if (by === undefined) return all
      const joined = new Map<string, Row>()
      for (const row of all) if (isRow(row)) joined.set(keyOf(row[by]), { ...joined.get(keyOf(row[by])), ...row })
      return [...joined.values()]
    },
  }),
  node({
    ...pure, type: 'split', title: 'Split a list', description: 'Cuts a list into portions.', produces: Type.Array(List), settings: Strict({ items: items(), size: Type.Integer({ minimum: 1, maximum: 1000, title: 'Size', description: 'Items of a portion.' }) }),
    async run({ settings }) {
      const list = listOf(settings, 'items')
      return Array.from({ length: Math.ceil(list.length / settings.size) }, (_, i) => list.slice(i * settings.size, (i + 1) * settings.size))
    },
  }),
  node({
    ...pure, type: 'enrich', title: 'Enrich a list', description: 'Adds to each item what another list says about it.', produces: List,
    settings: Strict({
      items: items(), from: Expression({ title: 'From', want: 'list', description: 'The list with what is to be added.' }), key: Type.String({ minLength: 1, maxLength: 200, title: 'Field of the item' }),
      match: Type.String({ minLength: 1, maxLength: 200, title: 'Field it equals in the other list' }), as: Type.Optional(Type.String({ minLength: 1, maxLength: 200, title: 'Under the name', description: 'Else its fields are added to the item.' })),
    }),
    async run({ settings }) {
      const known = new Map(listOf(settings, 'from').filter(isRow).map((row) => [keyOf(row[settings.match]), row]))
      return listOf(settings, 'items').map((item) => {
        const more = isRow(item) ? known.get(keyOf(item[settings.key])) : undefined
        return isRow(item) ? (settings.as ? { ...item, [settings.as]: more ?? null } : { ...more, ...item }) : item
      })
    },
  }),
  node({
    ...pure, type: 'validate', title: 'Validate', description: 'Judges a value by a JSON Schema. A value that does not fit fails the node, or is told in the output.', produces: Type.Object({ valid: Type.Boolean(), faults: Type.Array(Type.Object({ path: Type.String(), message: Type.String() })) }),
    settings: Strict({ value: Expression({ title: 'Value' }), schema: Type.Unsafe<object>({ type: 'object', title: 'JSON Schema' }), otherwise: Type.Optional(Type.Enum(['fail', 'tell'], { default: 'fail', title: 'When it does not fit' })) }),
    check(settings, report) {
      const fault = schemaFault(settings.schema)
      if (fault) report('/schema', fault)
    },
    async run({ settings }) {
      const faults = judgeBySchema(settings.schema, settings.value as Json)
      if (faults.length && settings.otherwise !== 'tell') throw new StepFailure('data.invalid', `the value does not fit: ${faults[0]!.path} ${faults[0]!.message}${faults.length > 1 ? `, and ${faults.length - 1} more` : ''}`, { details: faults })
      return { valid: faults.length === 0, faults }
    },
  }),
  node({
    ...pure, type: 'aggregate', title: 'Aggregate', description: 'Counts, sums, averages, least and greatest, for a whole list or by group.', produces: List,
    settings: Strict({
      items: items(), groupBy: Type.Optional(Expression({ title: 'By group', item: 'items', description: 'With `item`; without it the list is one group.' })),
      measures: Type.Array(Strict({ name: Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,39}$', title: 'Name' }), of: Type.Enum(['count', 'sum', 'average', 'least', 'greatest'], { title: 'Measure' }), value: Type.Optional(Expression({ title: 'Value', item: 'items', description: 'A number, with `item`.' })) }), { minItems: 1, maxItems: 20, title: 'Measures' }),
    }),
    check(settings, report) {
      for (const [i, one] of (settings.measures as { of: string; value?: string }[]).entries()) if (one.of !== 'count' && one.value === undefined) report(`/measures/${i}/value`, `is needed by ${one.of}`)
    },
    async run({ settings }) {
      const list = listOf(settings, 'items')
      const groups = new Map<string, { group: Json; places: number[] }>()
      for (const i of list.keys()) {
        const group = (settings.groupBy as Json[] | undefined)?.[i] ?? null
        const held = groups.get(keyOf(group)) ?? { group, places: [] }
        held.places.push(i)
        groups.set(keyOf(group), held)
      }
      if (!settings.groupBy && !groups.size) groups.set('', { group: null, places: [] })
      return [...groups.values()].map(({ group, places }) => {
        const row: Row = settings.groupBy ? { group } : {}
        for (const { name, of, value } of settings.measures as { name: string; of: string; value?: Json[] }[]) row[name] = measure(of, places, value)
        return row
      })
    },
  }),
]

function measure(of: string, places: readonly number[], values: readonly Json[] | undefined): number | null {
  if (of === 'count') return places.length
  const numbers = places.map((i) => values?.[i]).filter((value) => typeof value === 'number')
  const sum = numbers.reduce((a, b) => a + b, 0)
  if (of === 'sum') return sum
  if (!numbers.length) return null
  if (of === 'average') return sum / numbers.length
  return numbers.reduce((a, b) => (of === 'least' ? Math.min(a, b) : Math.max(a, b)))
}
