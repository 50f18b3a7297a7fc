// JSON Schemas that people write: for forms and for the node `validate`. What a schema could use to take the process's time is refused: patterns,
// references, and uniqueness of long lists.
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { faultOf } from '../../../kernel/validation.ts'
import type { Json } from '../engine/port.ts'

const refused = new Set(['pattern', 'patternProperties', '$ref', '$dynamicRef', '$recursiveRef', 'uniqueItems', 'format-minimum', '$async', '$data'])
const knownFormats = new Set(['date', 'date-time', 'time', 'email', 'uri', 'uuid', 'ipv4', 'ipv6', 'hostname'])
const most = { bytes: 20_000, depth: 20 }

/** What is wrong with a schema, or undefined. */
export function schemaFault(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return 'must be a JSON Schema'
  const open: [unknown, number, boolean][] = [[schema, 0, false]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [value, depth, isMap] = next
    if (depth > most.depth) return `is nested deeper than ${most.depth}`
    if (typeof value !== 'object' || value === null) continue
    for (const [key, inner] of Object.entries(value)) {
      if (!isMap && !Array.isArray(value) && refused.has(key)) return `uses ${key}, which is not taken here`
      if (!isMap && key === 'format' && !knownFormats.has(String(inner))) return `uses the format ${String(inner)}; known are ${[...knownFormats].join(', ')}`
      if (key === 'enum' || key === 'const' || key === 'default' || key === 'examples') continue
      open.push([inner, depth + 1, !isMap && key === 'properties'])
    }
  }
  if (JSON.stringify(schema).length > most.bytes) return `is longer than ${most.bytes} characters`
  try {
    compile(schema)
  } catch (error) {
    return `is no JSON Schema: ${String((error as Error).message)}`
  }
}

function compile(schema: object) {
  const ajv = new Ajv({ allErrors: true, strict: false, useDefaults: false, addUsedSchema: false, logger: false })
  ;(formats as unknown as (a: Ajv, o: object) => void)(ajv, { mode: 'fast' })
  const { $id: _, $schema: __, ...plain } = schema as { $id?: unknown; $schema?: unknown }
  return ajv.compile(plain)
}

/** The faults of a value, at most 20. @throws for a schema with a fault */
export function judgeBySchema(schema: object, value: Json): { path: string; message: string }[] {
  const validator = compile(schema)
  if (validator(value)) return []
  return validator.errors!.slice(0, 20).map((error) => {
    const { path, message } = faultOf(error, 'body')
    return { path, message }
  })
}
