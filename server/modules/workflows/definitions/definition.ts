// A workflow as it is drawn and sent. A draft may hold anything of this rough shape; what is published has passed every rule of validate.ts.
import { Type, type Static } from '../../../kernel/schema.ts'
import type { Primitive } from '../nodes/node.ts'

export const definitionLimits = { nodes: 500, edges: 2000, draftNodes: 5000, draftEdges: 20_000, bytes: 524_288, depth: 40 }
export const idPattern = /^[a-z][a-z0-9_]{0,39}$/
export const reservedIds: ReadonlySet<string> = new Set(['item', 'index'])
export const wayPattern = /^(true|false|error|each|done|case:[a-z][a-z0-9_-]{0,39})$/

const loosely = { additionalProperties: true }
const Draft = {
  node: Type.Object(
    {
      id: Type.Optional(Type.String({ maxLength: 200 })), primitive: Type.Optional(Type.String({ maxLength: 40 })), type: Type.Optional(Type.String({ maxLength: 100 })), name: Type.Optional(Type.String({ maxLength: 200 })),
      settings: Type.Optional(Type.Object({}, loosely)), connectionId: Type.Optional(Type.Union([Type.String({ maxLength: 100 }), Type.Null()])), join: Type.Optional(Type.String({ maxLength: 10 })),
      retry: Type.Optional(Type.Object({}, loosely)), timeoutMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000 })), position: Type.Optional(Type.Object({}, loosely)),
    },
    loosely,
  ),
  edge: Type.Object({ from: Type.Optional(Type.String({ maxLength: 200 })), to: Type.Optional(Type.String({ maxLength: 200 })), when: Type.Optional(Type.String({ maxLength: 60 })) }, loosely),
}
export const DraftDefinition = Type.Object(
  { nodes: Type.Array(Draft.node, { maxItems: definitionLimits.draftNodes }), edges: Type.Array(Draft.edge, { maxItems: definitionLimits.draftEdges }) },
  { additionalProperties: false, $id: 'Definition', description: 'Nodes and edges. Drafts are always savable; GET /workflows/schema says what may be published.' },
)
export type DraftDefinition = Static<typeof DraftDefinition>

export type NodeRetry = { max: number; baseMs?: number; factor?: number; capMs?: number }
/** As it is once every rule holds. */
export type DefinedNode = {
  id: string; primitive: Primitive; type: string; name?: string; settings: Record<string, unknown>; connectionId?: string | null; join?: 'all' | 'any'; retry?: NodeRetry; timeoutMs?: number
  position?: { x: number; y: number }
}
export type DefinedEdge = { from: string; to: string; when?: string }
export type Definition = { nodes: DefinedNode[]; edges: DefinedEdge[] }
/** A draft that passed every rule: settings may be left out where a type needs none. */
export const definedOf = (draft: unknown): Definition => {
  const { nodes, edges } = draft as Definition
  return { nodes: nodes.map((node) => (node.settings === undefined ? { ...node, settings: {} } : node)), edges }
}

/** Nesting and size, without recursion: depth is the sender's choice. @returns what is wrong and where, or undefined */
export function sizeFault(value: unknown): { path: string; message: string } | undefined {
  const open: [unknown, number, string][] = [[value, 0, '']]
  for (let next = open.pop(); next; next = open.pop()) {
    const [at, depth, path] = next
    if (depth > definitionLimits.depth) return { path, message: `is nested deeper than ${definitionLimits.depth}` }
    // the first steps of the way are enough to find it
    if (typeof at === 'object' && at !== null) for (const [key, inner] of Object.entries(at)) open.push([inner, depth + 1, depth < 4 ? `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}` : path])
  }
  return JSON.stringify(value).length > definitionLimits.bytes ? { path: '', message: `is larger than ${definitionLimits.bytes / 1024} KiB` } : undefined
}
