// The catalogue as a document: JSON Schema of a whole definition, and the pages that are generated from it.
import { definitionLimits } from '../definitions/definition.ts'
import { NodeShape } from '../definitions/validate.ts'
import { describeTypes, type Catalogue } from './catalogue.ts'

type Schema = Record<string, unknown>
type Described = ReturnType<typeof describeTypes>[number]

/** JSON Schema (2020-12) of what may be published, with every node type. */
export function definitionSchema(catalogue: Catalogue): Schema {
  const common = JSON.parse(JSON.stringify(NodeShape)) as { properties: Record<string, Schema> }
  const { settings: _, primitive: __, type: ___, id: ____, connectionId, ...rest } = common.properties
  const nodes = describeTypes(catalogue).map(({ primitive, type, title, description, settings, connections }) => ({
    title, description, type: 'object', additionalProperties: false, required: ['id', 'primitive', 'type', ...((settings.required as string[] | undefined)?.length ? ['settings'] : []), ...(connections?.required ? ['connectionId'] : [])],
    properties: { id: { type: 'string', pattern: '^[a-z][a-z0-9_]{0,39}$', not: { enum: ['item', 'index'] } }, primitive: { const: primitive }, type: { const: type }, ...rest, settings, ...(connections ? { connectionId } : {}) },
  }))
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'Definition', type: 'object', additionalProperties: false, required: ['nodes', 'edges'],
    properties: {
      nodes: { type: 'array', maxItems: definitionLimits.nodes, items: { oneOf: nodes } },
      edges: { type: 'array', maxItems: definitionLimits.edges, items: { type: 'object', additionalProperties: false, required: ['from', 'to'], properties: { from: { type: 'string' }, to: { type: 'string' }, when: { type: 'string', pattern: '^(true|false|error|each|done|case:[a-z][a-z0-9_-]{0,39})$' } } } },
    },
  }
}

const sections: Record<string, string> = {
  trigger: 'What begins a run. A workflow may have several; each run begins with one of them. `trigger` in expressions is what it gives.', action: 'What a run does. Actions that reach the world happen at least once, under one key; those of the product itself happen once.',
  connection: 'Names for connections, used by other nodes through `connectionId`.', condition: 'Where the way divides.', data: 'Values made of values.',
}
const kindOf = (schema: Schema): string => {
  if (schema['x-expression']) return schema['x-expression'] === 'value' ? 'expression' : `expression, ${String(schema['x-expression'])}`
  if (schema['x-condition']) return 'condition'
  if (schema['x-code']) return 'code'
  if (schema.enum) return (schema.enum as unknown[]).map((one) => `\`${String(one)}\``).join(', ')
  const type = schema.type ?? (schema.anyOf as Schema[] | undefined)?.map((one) => one.type).filter(Boolean).filter((one, i, all) => all.indexOf(one) === i).join(' or ') ?? 'any JSON'
  return `${String(type || 'any JSON')}${schema['x-template'] ? ', may hold `${{ }}`' : ''}`
}
function tableOf({ settings }: Described): string {
  const { properties = {}, required = [] } = settings as { properties?: Record<string, Schema>; required?: string[] }
  const rows = Object.entries(properties).map(([name, schema]) => `| \`${name}\`${required.includes(name) ? '' : ' (optional)'} | ${kindOf(schema)} | ${String(schema.description ?? schema.title ?? '').replaceAll('|', '\\|')} |`)
  return rows.length ? `\n| setting | holds | meaning |\n|---|---|---|\n${rows.join('\n')}\n` : '\nNo settings.\n'
}

/** docs/workflow-nodes.md */
export function nodesDocument(catalogue: Catalogue): string {
  const types = describeTypes(catalogue)
  const parts = Object.entries(sections).map(([primitive, about]) => `## ${primitive[0]!.toUpperCase()}${primitive.slice(1)}\n\n${about}\n\n${types.filter((one) => one.primitive === primitive).map((one) => [
    `### \`${one.type}\`: ${one.title}\n\n${one.description}`, one.ways.length ? `\n\nWays out: ${one.ways.map((way) => `\`${way}\``).join(', ')}.` : '',
    one.connections ? `\n\nConnection${one.connections.required ? '' : ' (optional)'}: ${one.connections.kinds.map((kind) => `\`${kind}\``).join(', ')}.` : '', `\n${tableOf(one)}`,
  ].join('')).join('\n')}`)
  return `# Node types of workflows\n\nGenerated from \`server/modules/workflows/nodes/\`; do not edit. The same as JSON Schema: \`GET /api/v1/workflows/schema\`. Fields marked "expression" hold one JavaScript expression; texts marked \`\${{ }}\` may hold several. In scope: \`trigger\`, \`nodes.<id>.output\`, \`now\`, \`run\`, and in a loop \`item\` and \`index\`.\n\n${parts.join('\n')}`
}
