// The generated part of the client, from the OpenAPI document: shapes.ts has a type per component, operations.ts a typed function per operation,
// paths.ts the table of methods and paths.
// The operation's id is its name everywhere (`tasks.move`), so it is the client's too.

type Schema = { [key: string]: unknown } | boolean
type Parameter = { name: string; in: string; required?: boolean; schema?: Schema; description?: string }
type Media = { content?: Record<string, { schema?: Schema }>; required?: boolean; $ref?: string }
type Spec = { operationId?: string; summary?: string; parameters?: (Parameter | { $ref: string })[]; requestBody?: Media; responses?: Record<string, Media>; security?: unknown[] }
type Document = {
  paths?: Record<string, Record<string, unknown>>
  components?: { schemas?: Record<string, Schema>; parameters?: Record<string, Parameter>; responses?: Record<string, Media>; requestBodies?: Record<string, Media> }
  servers?: { url: string }[]
}
type Found = { group: string; verb: string; method: string; path: string; spec: Spec; parameters: Parameter[] }

const methods = ['get', 'put', 'post', 'patch', 'delete', 'head', 'options']
const ownInputs = ['query', 'body', 'idempotencyKey', 'ifMatch', 'signal', 'accept'] // of request.ts: no path parameter may be called so
const ownTypes = ['Operations', 'CallOptions', 'Operation', 'Record', 'Promise', 'Array']

/**
 * @param openapi an OpenAPI 3.1 document. Operations without an id of the form `noun.verb` are left out: they are not for clients
 * (live streams are client/live.ts's)
 * @returns the whole texts of client/shapes.ts, operations.ts and paths.ts
 * @throws Error naming the operation or reference that cannot be expressed
 */
export function makeClient(openapi: object): { shapes: string; operations: string; paths: string } {
  const document = openapi as Document
  const schemas = Object.entries(document.components?.schemas ?? {}).sort(byName)
  const found = findOperations(document)
  const groups = Map.groupBy(found, ({ group }) => group)
  const types = schemas.map(([name, schema]) => `${comment(schema, '')}export type ${typeName(name)} = ${typeOf(schema, document)}\n`)
  const faces = [...groups].map(([group, list]) => `  ${key(group)}: {\n${list.map((one) => faceOf(one, document)).join('')}  }\n`)
  const prefix = prefixOf(document)
  const rows = [...groups].map(([group, list]) => `  ${key(group)}: {\n${list.map((one) => rowOf(one, prefix)).join('')}  },\n`)
  const called = faces.join('')
  const used = schemas.map(([name]) => typeName(name)).filter((name) => new RegExp(`\\b${name.replaceAll('$', '\\$')}\\b`).test(called.replaceAll(/^ *\/\*\*.*$/gm, '')))
  return {
    shapes: [head, ...types].join('\n'),
    operations: [
      head, `import type { CallOptions } from './request.ts'`, ...(used.length ? [`import type { ${used.join(', ')} } from './shapes.ts'`] : []), `\nexport type Operations = {\n${called}}\n`,
    ].join('\n'),
    paths: [
      head, `import type { Operations } from './operations.ts'`, `import type { Operation } from './request.ts'\n`,
      `export const paths: { [group in keyof Operations]: { [verb in keyof Operations[group]]: Operation } } = {\n${rows.join('')}}\n`,
    ].join('\n'),
  }
}
const head = '// Generated from docs/openapi.json by `npm run generate`. Change the routes, not this file.'

/** Its answer does not end: a call that waits for it would never return. */
const isStream = (spec: Spec) => Object.values(spec.responses ?? {}).some(({ content }) => content?.['text/event-stream'])

function findOperations(document: Document): Found[] {
  const found: Found[] = []
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of methods) {
      const spec = item[method] as Spec | undefined
      const [group, verb, ...rest] = spec?.operationId?.split('.') ?? []
      if (!spec || !group || !verb || rest.length || isStream(spec)) continue
      const shared = (item['parameters'] ?? []) as (Parameter | { $ref: string })[]
      const parameters = [...shared, ...(spec.parameters ?? [])].map((one) => ('$ref' in one ? resolve<Parameter>(document, one.$ref) : one))
      const clash = parameters.find((one) => one.in === 'path' && ownInputs.includes(one.name))
      if (clash) throw new Error(`${spec.operationId}: a path parameter cannot be called ${clash.name}`)
      if (found.some((one) => one.group === group && one.verb === verb)) throw new Error(`${spec.operationId}: two operations have this id`)
      found.push({ group, verb, method: method.toUpperCase(), path, spec, parameters })
    }
  }
  return found.sort((a, b) => byName([a.group + '.' + a.verb], [b.group + '.' + b.verb]))
}

/** A server entry like `/api/v1` is part of every path; a whole address is the caller's base URL. */
const prefixOf = ({ servers }: Document): string => (servers?.[0]?.url.startsWith('/') ? servers[0].url.replace(/\/+$/, '') : '')

function rowOf({ verb, method, path, spec }: Found, prefix: string): string {
  const open = spec.security?.length === 0 ? ', public: true' : ''
  return `    ${key(verb)}: { method: ${quote(method)}, path: ${quote(prefix + path)}${open} },\n`
}

function faceOf({ verb, spec, parameters }: Found, document: Document): string {
  const fields: string[] = parameters.filter((one) => one.in === 'path').map((one) => `${key(one.name)}: ${typeOf(one.schema ?? {}, document)}`)
  const query = parameters.filter((one) => one.in === 'query')
  const queryNeeded = query.some((one) => one.required)
  if (query.length) fields.push(`query${queryNeeded ? '' : '?'}: { ${query.map((one) => `${key(one.name)}${one.required ? '' : '?'}: ${typeOf(one.schema ?? {}, document)}`).join('; ')} }`)
  const body = spec.requestBody?.$ref ? resolve<Media>(document, spec.requestBody.$ref) : spec.requestBody
  const bodySchema = jsonOf(body)
  if (bodySchema) fields.push(`body${body!.required ? '' : '?'}: ${typeOf(bodySchema, document)}`)
  const needed = parameters.some((one) => one.in === 'path') || queryNeeded || (bodySchema !== undefined && body!.required === true)
  const input = fields.length ? `{ ${fields.join('; ')} } & CallOptions` : 'CallOptions'
  const says = spec.summary ? `    /** ${safe(spec.summary)} */\n` : ''
  return `${says}    ${key(verb)}(input${needed ? '' : '?'}: ${input}): Promise<${answerOf(spec, document)}>\n`
}

/** All successful answers; one without a body is void. */
function answerOf(spec: Spec, document: Document): string {
  const good = Object.entries(spec.responses ?? {}).filter(([status]) => /^2/.test(status))
  const kinds = good.flatMap(([status, given]) => {
    const answer = given.$ref ? resolve<Media>(document, given.$ref) : given
    const json = jsonOf(answer)
    if (json) return [typeOf(json, document), ...(Object.keys(answer.content!).some((kind) => kind.startsWith('text/')) ? ['string'] : [])]
    return [status === '204' || !answer.content ? 'void' : 'string']
  })
  return [...new Set(kinds)].join(' | ') || 'void'
}

function jsonOf(media: Media | undefined): Schema | undefined {
  const kinds = Object.entries(media?.content ?? {})
  return kinds.find(([kind]) => /[/+]json\b/.test(kind))?.[1].schema
}

/** JSON Schema 2020-12 as a TypeScript type. What the language cannot say (lengths, formats, patterns) is left to the server. */
function typeOf(schema: Schema, document: Document): string {
  if (typeof schema === 'boolean') return schema ? 'unknown' : 'never'
  const list = (name: string) => schema[name] as Schema[] | undefined
  if (typeof schema['$ref'] === 'string') {
    resolve(document, schema['$ref'])
    return typeName(schema['$ref'].split('/').at(-1)!)
  }
  if ('const' in schema) return literal(schema['const'])
  if (Array.isArray(schema['enum'])) return union(schema['enum'].map(literal))
  const choices = list('anyOf') ?? list('oneOf')
  if (choices) return union(choices.map((one) => typeOf(one, document)))
  if (list('allOf')) return list('allOf')!.map((one) => grouped(typeOf(one, document))).join(' & ')
  if (Array.isArray(schema['type'])) return union((schema['type'] as string[]).map((type) => typeOf({ ...schema, type }, document)))
  const plain = plainTypes[schema['type'] as string]
  if (plain) return plain
  if (schema['type'] === 'array' || schema['items'] || schema['prefixItems']) return arrayOf(schema, document)
  if (schema['type'] === 'object' || schema['properties'] || schema['additionalProperties'] || schema['patternProperties']) return objectOf(schema, document)
  return 'unknown'
}
const plainTypes: Record<string, string> = { string: 'string', number: 'number', integer: 'number', boolean: 'boolean', null: 'null' }

function arrayOf(schema: Exclude<Schema, boolean>, document: Document): string {
  const tuple = schema['prefixItems'] as Schema[] | undefined
  if (tuple) return `[${tuple.map((one) => typeOf(one, document)).join(', ')}]`
  return `${grouped(typeOf((schema['items'] ?? {}) as Schema, document))}[]`
}

function objectOf(schema: Exclude<Schema, boolean>, document: Document): string {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>)
  const required = (schema['required'] ?? []) as string[]
  const patterns = Object.values((schema['patternProperties'] ?? {}) as Record<string, Schema>)
  const rest = typeof schema['additionalProperties'] === 'object' ? [schema['additionalProperties'] as Schema] : []
  const others = union([...patterns, ...rest].map((one) => typeOf(one, document)))
  const fields = properties.map(([name, one]) => `${key(name)}${required.includes(name) ? '' : '?'}: ${typeOf(one, document)}`)
  if (!fields.length) return others ? `Record<string, ${others}>` : schema['additionalProperties'] === false ? 'Record<string, never>' : 'Record<string, unknown>'
  return `{ ${fields.join('; ')} }${others ? ` & Record<string, ${union([others, 'unknown'])}>` : ''}`
}

function resolve<Thing>(document: Document, reference: string): Thing {
  const thing = reference.replace(/^#\//, '').split('/').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], document)
  if (!reference.startsWith('#/') || thing === undefined) throw new Error(`${reference} leads nowhere`)
  return thing as Thing
}

const union = (types: string[]): string => [...new Set(types)].map((type) => (type.includes(' & ') ? `(${type})` : type)).join(' | ')
const grouped = (type: string): string => (/ [|&] /.test(type) ? `(${type})` : type)
const literal = (value: unknown): string => (typeof value === 'string' ? quote(value) : JSON.stringify(value))
const quote = (text: string): string => `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name))
const safe = (text: string): string => text.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ')
const comment = (schema: Schema, indent: string): string => (typeof schema === 'object' && typeof schema['description'] === 'string' ? `${indent}/** ${safe(schema['description'])} */\n` : '')
const typeName = (name: string): string => {
  const plain = name.replace(/[^A-Za-z0-9_$]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? '').replace(/^\d/, '_$&')
  return ownTypes.includes(plain) ? `${plain}_` : plain
}
const byName = ([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number => (a < b ? -1 : a > b ? 1 : 0)
