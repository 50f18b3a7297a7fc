// Where the way divides. A structured condition is judged by the interpreter; JavaScript is a step before it.
import { Strict, Type } from '../../../kernel/schema.ts'
import type { Json } from '../engine/port.ts'
import { ConditionField, Expression } from './fields.ts'
import { findByPath, parsePath } from './json-path.ts'
import { node, noRetry, type NodeType, type Report, type Settings } from './node.ts'

const yesNo = ['true', 'false'] as const
const Decided = Type.Object({ value: Type.Unknown() })
const either = {
  condition: Type.Optional(ConditionField({ title: 'Condition' })),
  expression: Type.Optional(Expression({ title: 'Expression', description: 'Instead of a condition: JavaScript that gives true or false.', want: 'boolean' })),
}
const oneOf = (...names: string[]) => (settings: Settings, report: Report) => {
  const given = names.filter((name) => settings[name] !== undefined)
  if (given.length !== 1) report(`/${given[1] ?? names[0]}`, `needs exactly one of ${names.join(' and ')}`)
}
const evaluated = async (step: Parameters<NonNullable<NodeType['run']>>[0]): Promise<Json> => ({ value: step.settings.expression as Json })

export const conditions: readonly NodeType[] = [
  node({ primitive: 'condition', type: 'if_else', title: 'If / else', description: 'Goes one way when it holds and the other when it does not.', form: 'decision', ways: yesNo, settings: Strict(either), produces: Decided, retry: noRetry, check: oneOf('condition', 'expression'), run: evaluated }),
  node({ primitive: 'condition', type: 'filter', title: 'Go on only if', description: 'What follows runs only when it holds.', form: 'decision', ways: yesNo, settings: Strict(either), produces: Decided, retry: noRetry, check: oneOf('condition', 'expression'), run: evaluated }),
  node({
    primitive: 'condition', type: 'compare', title: 'Compare', description: 'Compares two values.', form: 'decision', ways: yesNo, produces: Decided, retry: noRetry,
    settings: Strict({
      left: Expression({ title: 'Left' }), operator: Type.Enum(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'contains', 'in'], { title: 'Operator' }), right: Expression({ title: 'Right', description: 'A text stands in quotes: \'done\'.' }),
    }),
    async run({ settings }) {
      return { left: settings.left, right: settings.right } as Json
    },
  }),
  node({
    primitive: 'condition', type: 'switch', title: 'Switch', description: 'The first case that holds is the way; its edges are labelled `case:<name>`. Without one: `case:default`.', form: 'switch', retry: noRetry, produces: Decided,
    settings: Strict({
      value: Type.Optional(Expression({ title: 'Value', description: 'What the cases are compared with.' })),
      cases: Type.Array(Strict({ name: Type.String({ pattern: '^[a-z][a-z0-9_-]{0,39}$', title: 'Name' }), equals: Type.Optional(Type.Unknown({ title: 'Equals' })), condition: Type.Optional(ConditionField({ title: 'Condition', description: 'Instead of a value to equal.' })) }), { minItems: 1, maxItems: 50, title: 'Cases' }),
    }),
    check(settings, report) {
      const seen = new Set<string>(['default'])
      for (const [i, one] of (settings.cases as { name: string; equals?: unknown; condition?: unknown }[]).entries()) {
        if (seen.has(one.name)) report(`/cases/${i}/name`, one.name === 'default' ? 'default is the way when no case holds' : 'stands twice')
        seen.add(one.name)
        if ((one.equals === undefined) === (one.condition === undefined)) report(`/cases/${i}`, 'needs exactly one of equals and condition')
        if (one.equals !== undefined && settings.value === undefined) report('/value', 'is needed by a case that says equals')
      }
    },
    async run({ settings }) {
      return { value: settings.value } as Json
    },
  }),
  node({
    primitive: 'condition', type: 'loop', title: 'Loop', description: 'Does what follows `each` for every item of a list; the last node of it leads back here. `item` and `index` can be read inside; `done` goes on afterwards.', form: 'loop', ways: ['each', 'done'],
    produces: Type.Array(Type.Unknown()), retry: noRetry,
    settings: Strict({
      items: Expression({ title: 'List', want: 'list' }), lanes: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, default: 1, title: 'At once' })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 10_000, title: 'At most', description: 'More items are a fault.' })),
      collect: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$', title: 'Collect', description: 'Node of the loop whose output is collected; else the last ones.' })),
    }),
    async run({ settings }) {
      return { value: settings.items } as Json
    },
  }),
  node({
    primitive: 'condition', type: 'regex', title: 'Matches a pattern', description: 'Whether a text matches a regular expression; `nodes.<id>.output.groups` holds what its brackets found.', form: 'decision', ways: yesNo, retry: noRetry,
    produces: Type.Object({ matched: Type.Boolean(), match: Type.String(), groups: Type.Array(Type.String()) }),
    settings: Strict({ text: Expression({ title: 'Text' }), pattern: Type.String({ minLength: 1, maxLength: 200, title: 'Pattern' }), ignoreCase: Type.Optional(Type.Boolean({ default: false, title: 'Ignore case' })) }),
    check(settings, report) {
      try {
        new RegExp(settings.pattern, 'u')
      } catch (error) {
        report('/pattern', `is no regular expression: ${String((error as Error).message)}`)
      }
    },
    // in the sandbox, which can be stopped: a pattern may take for ever
    async run({ settings, evaluate }) {
      const source = `((m) => m ? { matched: true, match: m[0], groups: m.slice(1).map((g) => g ?? null) } : { matched: false, match: null, groups: [] })(new RegExp(pattern, flags).exec(String(text ?? '')))`
      const [found] = await evaluate([source], { text: settings.text, pattern: settings.pattern, flags: settings.ignoreCase ? 'iu' : 'u' })
      return found!
    },
  }),
  node({
    primitive: 'condition', type: 'json_path', title: 'JSON path', description: 'Whether a path finds something in a value, or finds one value in particular; `nodes.<id>.output.values` holds what it found.', form: 'decision', ways: yesNo, retry: noRetry,
    produces: Type.Object({ matched: Type.Boolean(), values: Type.Array(Type.Unknown()) }),
    settings: Strict({ value: Expression({ title: 'Value' }), path: Type.String({ minLength: 1, maxLength: 300, title: 'Path', examples: ['$.items[*].sku'] }), equals: Type.Optional(Type.Unknown({ title: 'Equals' })) }),
    check(settings, report) {
      const problem = parsePath(settings.path)
      if (typeof problem === 'string') report('/path', problem)
    },
    async run({ settings }) {
      const values = findByPath(settings.value as Json, settings.path)
      const matched = settings.equals === undefined ? values.length > 0 : values.some((value) => JSON.stringify(value) === JSON.stringify(settings.equals))
      return { matched, values }
    },
  }),
]
