// All node types, by primitive and type: what validates, what the editor draws, what the documentation lists.
import type { Operation } from '../../../kernel/route.ts'
import type { TSchema } from '../../../kernel/schema.ts'
import { createValidators, faultOf, type Validator } from '../../../kernel/validation.ts'
import type { Desk } from '../../connections/api.ts'
import { actions } from './actions.ts'
import { conditions } from './conditions.ts'
import { connections } from './connections.ts'
import { data } from './data.ts'
import type { NodeType, Primitive } from './node.ts'
import { operationNodes } from './operations.ts'
import { presetNodes } from './presets.ts'
import { readSenders } from '../triggers/senders.ts'
import { triggerNodes } from './triggers.ts'

export type Catalogue = ReturnType<typeof createCatalogue>
export type SettingsFault = { pointer: string; message: string }

/** @param presets services whose operations are known */
export function createCatalogue(operations: readonly Operation[], presets: Desk['presets'] = []) {
  const types = [...triggerNodes(readSenders()), ...actions, ...operationNodes(operations), ...presetNodes(presets), ...connections, ...conditions, ...data]
  const byName = new Map<string, NodeType>()
  for (const type of types) {
    const name = `${type.primitive}.${type.type}`
    if (byName.has(name)) throw new Error(`node type ${name} is declared twice`)
    byName.set(name, type)
  }
  const validators = createValidators(true)
  const compiled = new Map<NodeType, Validator>()
  return {
    types: types as readonly NodeType[],
    find: (primitive: unknown, type: unknown): NodeType | undefined => byName.get(`${String(primitive)}.${String(type)}`),
    namesOf: (primitive: Primitive): string[] => types.filter((type) => type.primitive === primitive).map(({ type }) => type),
    /** What is wrong with the settings of a node, as its schema and its own rules say; pointers begin at the settings. */
    judge(type: NodeType, settings: Record<string, unknown>): SettingsFault[] {
      const validator = compiled.get(type) ?? validators.compile(type.settings, 'body')
      compiled.set(type, validator)
      const faults: SettingsFault[] = []
      // a value that may be one of several gives a fault for each of them: the first at a place is told
      if (!validator(structuredClone(settings)))
        for (const error of validator.errors!) {
          const { path, message } = faultOf(error, 'body')
          const pointer = path === '/' ? '' : path
          if (error.keyword !== 'anyOf' && !faults.some((fault) => fault.pointer === pointer)) faults.push({ pointer, message })
        }
      if (!faults.length) type.check?.(settings, (pointer, message) => faults.push({ pointer, message }))
      return faults
    },
  }
}

/** The catalogue as data: for the editor, and as JSON Schema of a whole definition. */
export function describeTypes({ types }: Catalogue) {
  return types.map(({ primitive, type, title, description, form, settings, produces, ways = [], connection, effect, operation, retry, timeoutMs }) => ({
    primitive, type, title, description, ways: form === 'switch' ? ['case:<name>', 'case:default'] : [...ways], settings: plain(settings), output: plain(produces),
    connections: connection ? { kinds: [...connection.kinds], required: connection.required === true } : null, effect: effect ?? 'none', operation: operation ?? null,
    retry: retry ? { max: retry.max, baseMs: retry.baseMs, factor: retry.factor, capMs: retry.capMs } : null, timeoutMs: timeoutMs ?? 60_000,
  }))
}
const plain = (schema: TSchema): Record<string, unknown> => JSON.parse(JSON.stringify(withoutNames(schema))) as Record<string, unknown>
/** Without `$id`: the same name twice in one document would be an error. `x-` keywords stay: forms are drawn by them. */
function withoutNames(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutNames)
  if (schema === null || typeof schema !== 'object') return schema
  return Object.fromEntries(Object.entries(schema).filter(([key, value]) => !(key === '$id' && typeof value === 'string')).map(([key, value]) => [key, withoutNames(value)]))
}

