// Operations of services that are known as data (connections/presets): each is an action on a connection of that service.
import type { TSchema } from 'typebox'
import { Strict, Type } from '../../../kernel/schema.ts'
import type { Desk } from '../../connections/api.ts'
import type { Json } from '../engine/port.ts'
import { answerFault } from './actions.ts'
import { Filled, Template } from './fields.ts'
import { node, usualRetry, type NodeType } from './node.ts'

type Presets = Desk['presets']
type Property = { type?: string; title?: string; description?: string; maxLength?: number; 'x-in'?: string; 'x-long'?: boolean }

function settingOf({ 'x-in': _, 'x-long': long = false, title = '', ...schema }: Property): TSchema {
  const words = { title, ...(schema.description ? { description: schema.description } : {}) }
  return schema.type === 'string' && !('enum' in schema) ? Template({ ...words, long }) : Filled(Type.Unsafe<unknown>(schema), words)
}

export const presetNodes = (presets: Presets): NodeType[] =>
  presets.flatMap((preset) => Object.entries(preset.operations).map(([name, { title, documentation, input }]) => {
    const required = new Set(input.required ?? [])
    const settings = Object.fromEntries(Object.entries(input.properties as Record<string, Property>).map(([field, schema]) => [field, required.has(field) ? settingOf(schema) : Type.Optional(settingOf(schema))]))
    return node({
      primitive: 'action', type: `${preset.type}.${name}`, title: `${preset.title}: ${title}`, description: `As ${documentation} says.`, form: 'step', settings: Strict(settings), connection: { kinds: [preset.type], required: true },
      produces: Type.Object({ status: Type.Integer(), headers: Type.Object({}), body: Type.Unsafe<unknown>({}) }), retry: usualRetry, timeoutMs: 30_000, effect: 'outside',
      async run(step) {
        const answer = await step.services.operation(step, name, step.settings)
        // some answer 200 and refuse in the body
        const body = answer.body as { ok?: unknown; error?: unknown } | null
        if (answer.status >= 400 || (preset.test.ok === 'ok' && body?.ok === false)) throw answerFault(answer.status >= 400 ? answer : { ...answer, status: 422 })
        return answer as unknown as Json
      },
    })
  }))
