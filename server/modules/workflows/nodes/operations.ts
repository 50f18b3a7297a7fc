// Every operation of our own API that declares `workflow` is an action: its parameters, query and body are the settings, its answer the output.
import type { TObject, TSchema } from 'typebox'
import type { Called } from '../../../kernel/invoke.ts'
import type { Operation } from '../../../kernel/route.ts'
import { Strict, Type } from '../../../kernel/schema.ts'
import { Filled, Template } from './fields.ts'
import { node, usualRetry, type NodeType, type Settings } from './node.ts'

type Part = 'params' | 'query' | 'body'
type Field = { part: Part; name: string; schema: TSchema; required: boolean }

function fieldsOf(operation: Operation): Map<string, Field> {
  const fields = new Map<string, Field>()
  const body = operation.body as (TObject & { '~optional'?: unknown }) | undefined
  const parts: [Part, TObject | undefined, boolean][] = [['query', operation.query, true], ['body', body, body !== undefined && !('~optional' in body)], ['params', operation.params, true]]
  for (const [part, schema, demanded] of parts) {
    const { properties = {}, required = [] } = (schema ?? {}) as { properties?: Record<string, TSchema>; required?: string[] }
    for (const [name, property] of Object.entries(properties)) fields.set(name, { part, name, schema: property, required: demanded && required.includes(name) && (property as { default?: unknown }).default === undefined })
  }
  return fields
}

const picks: [RegExp, string][] = [[/^projectId$/, 'project'], [/^(assigneeId|userId)$/, 'person'], [/^(taskId|parentId)$/, 'task']]
const words = (name: string) => name.replace(/([A-Z])/g, ' $1').replace(/^./, (letter) => letter.toUpperCase()).replace(/ id$/i, '')
function settingOf({ name, schema }: Field): TSchema {
  const plain = Object.fromEntries(Object.entries(schema).filter(([key]) => !key.startsWith('~'))) as TSchema & { type?: string; enum?: unknown; description?: string; format?: string; maxLength?: number }
  const pick = picks.find(([form]) => form.test(name))?.[1]
  const said = { title: words(name), ...(plain.description ? { description: plain.description } : {}) }
  if (plain.type === 'string' && !plain.enum && (plain.format === undefined || plain.format === 'uuid')) return Template({ ...said, ...(pick ? { pick } : {}), ...((plain.maxLength ?? 0) > 1000 ? { long: true } : {}) })
  return Filled(Type.Unsafe<unknown>(plain), said)
}

/** The settings as a call of the operation. */
export function callOf(operation: Operation, settings: Settings): Called {
  const call: Record<Part, Record<string, unknown>> = { params: {}, query: {}, body: {} }
  for (const { part, name } of fieldsOf(operation).values()) if (settings[name] !== undefined) call[part][name] = settings[name]
  const empty = !Object.keys(call.body).length
  return { params: call.params, query: call.query, ...(operation.body && !(empty && '~optional' in operation.body) ? { body: call.body } : {}) }
}

/** A node type for each operation that says it may be used by workflows. */
export function operationNodes(operations: readonly Operation[]): NodeType[] {
  return operations.filter((operation) => operation.workflow).map((operation) => {
    const fields = [...fieldsOf(operation).values()].filter(({ name }) => name !== 'after')
    const settings = Strict(Object.fromEntries(fields.map((field) => [field.name, field.required ? settingOf(field) : Type.Optional(settingOf(field))])))
    const omit = operation.workflow === true ? [] : (operation.workflow?.omit ?? [])
    return node({
      primitive: 'action', type: operation.id, title: operation.summary, description: [operation.description, 'Done with the rights of the run.'].filter(Boolean).join(' '), form: 'step', settings, operation: operation.id,
      produces: (operation.returns ?? Type.Null()) as TSchema, retry: usualRetry, ...(operation.method === 'GET' ? {} : { effect: 'ours' as const }),
      run: (step) => step.services.call(step, operation.id, callOf(operation, step.settings), omit),
    })
  })
}
