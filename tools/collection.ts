// docs/collection.json: every operation of the API for Postman, Insomnia, Bruno and Hoppscotch, which all read the format Collection v2.1
// (https://schema.postman.com/json/collection/v2.1.0/docs/index.html). Made from the OpenAPI document, so it says what that says.
type Schema = { $ref?: string; type?: string | string[]; enum?: unknown[]; const?: unknown; default?: unknown; examples?: unknown[]; example?: unknown; anyOf?: Schema[]; oneOf?: Schema[]; allOf?: Schema[]; properties?: Record<string, Schema>; required?: string[]; items?: Schema; format?: string; minLength?: number; minimum?: number; minItems?: number }
type Parameter = { name: string; in: 'path' | 'query' | 'header' | 'cookie'; required?: boolean; description?: string; schema?: Schema }
type Media = { schema?: Schema; example?: unknown; examples?: Record<string, { value: unknown }> }
type Operation = { operationId: string; tags?: string[]; summary?: string; description?: string; security?: unknown[]; parameters?: Parameter[]; requestBody?: { content: Record<string, Media> } }
export type OpenApi = { info: { title: string; version: string; description?: string }; tags?: { name: string; description?: string }[]; paths: Record<string, Record<string, Operation | Parameter[]>>; components: { schemas: Record<string, Schema> } }

type Pair = { key: string; value: string; disabled?: boolean; description?: string }
type Item = { name: string; request: { method: string; description: string; header: Pair[]; url: { raw: string; host: string[]; path: string[]; query?: Pair[]; variable?: Pair[] }; auth?: { type: 'noauth' }; body?: { mode: 'raw'; raw: string; options: { raw: { language: 'json' | 'text' } } } } }
export type Collection = { info: { name: string; description: string; schema: string; version: string }; auth: object; variable: Pair[]; item: { name: string; description: string; item: Item[] }[] }
const methods = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'options'])

/** @returns folders by tag, in the document's order; the variables are `baseUrl`, `token` and `tenant` */
export function collectionOf(document: OpenApi): Collection {
  const folders = new Map<string, Item[]>((document.tags ?? []).map(({ name }) => [name, []]))
  for (const [path, operations] of Object.entries(document.paths)) {
    const shared = (operations.parameters ?? []) as Parameter[]
    for (const [method, operation] of Object.entries(operations)) {
      if (!methods.has(method)) continue
      const one = operation as Operation
      const tag = one.tags?.[0] ?? 'other'
      const folder = folders.get(tag) ?? []
      folders.set(tag, folder)
      folder.push(itemOf(document, method, path, one, [...shared, ...(one.parameters ?? [])]))
    }
  }
  const about = new Map((document.tags ?? []).map(({ name, description = '' }) => [name, description]))
  return {
    info: { name: document.info.title, version: document.info.version, description: `${document.info.description ?? ''}\n\nSet the variables baseUrl and token (an access token of a sign-in, or an API key), and tenant where the token names none.`.trim(), schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json' },
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{token}}', type: 'string' }] },
    variable: [{ key: 'baseUrl', value: 'http://localhost:8080' }, { key: 'token', value: '' }, { key: 'tenant', value: '' }],
    item: [...folders].filter(([, items]) => items.length).map(([name, item]) => ({ name, description: about.get(name) ?? '', item })),
  }
}

function itemOf(document: OpenApi, method: string, path: string, operation: Operation, parameters: readonly Parameter[]): Item {
  const of = (place: Parameter['in']) => parameters.filter((one) => one.in === place)
  const pair = ({ name, description, schema, required }: Parameter): Pair => ({ key: name, value: required ? textOf(exampleOf(document, schema)) : '', ...(required ? {} : { disabled: true }), ...(description ? { description } : {}) })
  const segments = path.split('/').slice(1).map((part) => part.replace(/\{([^}]+)\}/g, ':$1'))
  const query = of('query').map(pair)
  const variable = of('path').map((one) => ({ key: one.name, value: '', ...(one.description ? { description: one.description } : {}) }))
  const raw = `{{baseUrl}}/${segments.join('/')}${query.some((one) => !one.disabled) ? `?${query.filter((one) => !one.disabled).map(({ key, value }) => `${key}=${value}`).join('&')}` : ''}`
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? []
  const body = media && bodyOf(document, media)
  return {
    name: operation.summary ?? operation.operationId,
    request: {
      method: method.toUpperCase(), description: [operation.description, `\`${operation.operationId}\``].filter(Boolean).join('\n\n'),
      header: [...(type ? [{ key: 'Content-Type', value: type }] : []), ...of('header').map(pair), ...(operation.security?.length === 0 ? [] : [{ key: 'org-id', value: '{{tenant}}', disabled: true }])],
      url: { raw, host: ['{{baseUrl}}'], path: segments, ...(query.length ? { query } : {}), ...(variable.length ? { variable } : {}) },
      ...(operation.security?.length === 0 ? { auth: { type: 'noauth' } as const } : {}),
      ...(type && media ? { body: { mode: 'raw' as const, raw: typeof body === 'string' && !/json/.test(type) ? body : JSON.stringify(body ?? {}, null, 2), options: { raw: { language: /json/.test(type) ? 'json' as const : 'text' as const } } } } : {}),
    },
  }
}
const textOf = (value: unknown): string => (typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value))
function bodyOf(document: OpenApi, { example, examples, schema }: Media): unknown {
  return example ?? Object.values(examples ?? {})[0]?.value ?? exampleOf(document, schema)
}

/** A small value that fits: what is required, nothing more. */
export function exampleOf(document: OpenApi, schema: Schema | undefined, depth = 0): unknown {
  if (!schema || depth > 8) return null
  if (schema.$ref) return exampleOf(document, document.components.schemas[schema.$ref.split('/').at(-1)!], depth + 1)
  const given = schema.example ?? schema.examples?.[0] ?? schema.const ?? schema.default ?? schema.enum?.[0]
  if (given !== undefined) return given
  const several = schema.anyOf ?? schema.oneOf
  if (several) return exampleOf(document, several.find((one) => one.type !== 'null') ?? several[0], depth + 1)
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((one) => exampleOf(document, one, depth + 1)))
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== 'null') : (schema.type ?? (schema.properties ? 'object' : undefined))
  switch (type) {
    case 'object': return Object.fromEntries((schema.required ?? []).map((name) => [name, exampleOf(document, schema.properties?.[name], depth + 1)]))
    case 'array': return schema.minItems ? [exampleOf(document, schema.items, depth + 1)] : []
    case 'integer': case 'number': return schema.minimum ?? 1
    case 'boolean': return true
    case 'string': return schema.format === 'uuid' ? '00000000-0000-7000-8000-000000000000' : schema.format === 'date-time' ? '2026-01-01T09:00:00Z' : schema.format === 'email' ? 'ada@example.com' : 'text'.padEnd(schema.minLength ?? 0, '.')
    default: return null
  }
}
