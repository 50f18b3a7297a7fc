// OpenAPI 3.1 from the operations' declarations: one source for validation, types and this document.
import type { TSchema } from 'typebox'
import { codes, type ErrorCode } from './errors.ts'
import type { PermissionTable } from './permissions.ts'
import type { Described, Operation } from './route.ts'
import { FieldFault, ProblemBody } from './schema.ts'
import { scopeOf } from './scopes.ts'

type Json = Record<string, unknown>
type About = { version: string; publicUrl: string; modules: readonly { about: string; routes?: readonly Operation[]; streams?: readonly Described[] }[] }

/** The whole document; schemas with `$id` become components. */
export function openApiOf(operations: readonly Described[], permissions: PermissionTable, about: About): Json {
  const components: Record<string, unknown> = {}
  const put = (schema: unknown): unknown => {
    if (Array.isArray(schema)) return schema.map(put)
    if (schema === null || typeof schema !== 'object') return schema
    const { $id, ...rest } = schema as { $id?: string } & Json
    const plain = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith('x-')).map(([key, value]) => [key, key === 'default' || key === 'const' || key === 'enum' || key === 'example' ? value : put(value)]))
    if (!$id) return plain
    components[$id] ??= plain
    return { $ref: `#/components/schemas/${$id}` }
  }
  put(ProblemBody)
  put(FieldFault)
  const paths: Record<string, Record<string, unknown>> = {}
  for (const op of [...operations, ...about.modules.flatMap(({ streams = [] }) => streams)]) {
    const path = op.path.replace(/:(\w+)/g, '{$1}')
    ;(paths[path] ??= {})[op.method.toLowerCase()] = operationOf(op, permissions, put)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Groundwork', version: about.version, description: 'Every change writes its event in the same transaction, and everything else reads that log.', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: about.publicUrl }],
    tags: about.modules.flatMap(({ about: description, routes = [], streams = [] }) => [...new Set([...routes, ...streams].map((op) => op.module))].map((name) => ({ name, description }))),
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: components,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'An access token of POST /api/v1/auth/login, one of the OAuth server, or a key. An operation lists the scope that a token with scopes needs; tokens of a sign-in carry none and need none.' } },
      responses: { Problem: { description: 'Refused; `code` names the reason, `detail` what to do next.', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } } },
      headers: { ETag: { description: 'The version; send it back as If-Match.', schema: { type: 'string' } }, Location: { description: 'Where the created thing is.', schema: { type: 'string' } } },
    },
  }
}

function operationOf(op: Described, permissions: PermissionTable, put: (s: unknown) => unknown): Json {
  const parameters = [...parametersOf(op.params, 'path', put), ...parametersOf(op.query, 'query', put)]
  const header = (name: string, description: string) => ({ name, in: 'header', required: false, description, schema: { type: 'string' } })
  if (op.ifMatch) parameters.push(header('If-Match', 'The ETag you have read: 412 when it has changed since.'))
  if (op.method === 'POST' && op.idempotency !== 'none') parameters.push(header('Idempotency-Key', 'Repeats of this request with the same key get the first answer, for 24 h.'))
  if (op.stream) parameters.push(header('Last-Event-ID', 'The cursor seen last: the stream goes on after it. Without it: from now on.'))
  const status = String(op.status ?? (op.returns ? 200 : 204))
  const versioned = Boolean((op.returns as { properties?: Json } | undefined)?.properties?.version)
  const headers = { ...(versioned ? { ETag: { $ref: '#/components/headers/ETag' } } : {}), ...(status === '201' ? { Location: { $ref: '#/components/headers/Location' } } : {}) }
  const least = op.permission ? permissions.get(op.permission) : undefined
  const scope = scopeOf(op, permissions)
  const who = { public: 'Needs no sign-in.', person: 'Needs a signed-in person.', tenant: least ? `Needs the tenant role ${least} or above.` : 'Needs an active tenant.', operator: 'Operators only.' }[op.access]
  return {
    operationId: op.id,
    tags: [op.module],
    summary: op.summary,
    description: [op.description, who].filter(Boolean).join(' '),
    security: scope ? [{ bearer: scope === 'session' ? [] : [scope] }] : [],
    'x-access': op.access,
    ...(scope ? { 'x-scope': scope } : {}),
    ...(op.permission ? { 'x-permission': op.permission } : {}),
    ...(op.feature ? { 'x-module': op.feature } : {}), // 404 in a tenant that has it off
    parameters,
    ...(op.body ? { requestBody: { required: !('~optional' in op.body), content: { 'application/json': { schema: put(op.body), ...(op.example ? { example: op.example } : {}) } } } } : {}),
    responses: {
      [status]: { description: op.returns ? 'Done.' : 'Done; no content.', ...(Object.keys(headers).length ? { headers } : {}), ...(op.returns ? { content: { [op.stream ? 'text/event-stream' : 'application/json']: { schema: put(op.returns) }, ...Object.fromEntries((op.alsoProduces ?? []).map((type) => [type, { schema: { type: 'string' } }])) } } : {}) },
      ...Object.fromEntries((op.problems ?? []).map((code) => [String(codes[code as ErrorCode].status), { $ref: '#/components/responses/Problem' }])),
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

function parametersOf(schema: TSchema, where: 'path' | 'query', put: (s: unknown) => unknown): Json[] {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, Json>; required?: string[] }
  return Object.entries(properties).map(([name, property]) => ({
    name, in: where, required: where === 'path' || (required.includes(name) && property.default === undefined), schema: put(property), ...(property.description ? { description: property.description } : {}),
  }))
}

/** docs/errors.md */
export function errorsDocument(): string {
  const rows = Object.entries(codes).map(([code, { status, title, cure }]) => `| \`${code}\` | ${status} | ${title} | ${cure} |`)
  return `# Problems\n\nGenerated from \`server/kernel/errors.ts\`; do not edit. Every refusal is an RFC 9457 document with one of these codes.\n\n| code | status | title | what to do |\n|---|---|---|---|\n${rows.join('\n')}\n`
}
