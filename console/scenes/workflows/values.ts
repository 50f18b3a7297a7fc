// What an expression may read at a node: names with their types as far as they are declared, and what they held in the last run.
import { useQuery } from '@tanstack/react-query'
import { createContext, useContext } from 'react'
import { post } from '../../api.ts'
import type { Catalogue, Definition, Schema } from './graph/drawn.ts'
import { before } from './drawing.ts'

export type Value = { path: string; type: string; example?: unknown; from: string }
type Scope = { trigger: unknown; nodes: Record<string, { output: unknown }>; item: unknown; index: number; now: string }
export type Previewed = { values: { value: unknown; error: string | null }[]; scope: Scope; recorded: string[] }

/** Where an expression stands: fields ask for values by it. */
export type Place = { workflowId: string; definition: Definition; node: string; runId: string | undefined; catalogue: Catalogue; ofEvent: boolean }
export const PlaceContext = createContext<Place | null>(null)
export const usePlace = () => useContext(PlaceContext)

const simple = /^[A-Za-z_$][\w$]*$/
const join = (path: string, key: string) => (simple.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`)
const typeWord = (value: unknown) => (value === null || value === undefined ? '' : Array.isArray(value) ? 'list' : typeof value)

/** A value and what lies in it, three levels deep. */
function inside(path: string, from: string, value: unknown, schema: Schema | undefined, depth: number, found: Value[]) {
  const shape = schema?.anyOf?.find(({ type }) => type !== 'null') ?? schema
  found.push({ path, from, type: typeWord(value) || (shape?.type === 'array' ? 'list' : (shape?.type ?? '')), ...(value === undefined ? {} : { example: value }) })
  if (depth <= 0) return
  const held = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
  for (const key of new Set([...Object.keys(shape?.properties ?? {}), ...Object.keys(held)])) inside(join(path, key), from, held[key], shape?.properties?.[key], depth - 1, found)
}

/** Everything that can be read at a node. */
export function valuesAt({ definition, catalogue, node }: Place, scope: Scope | undefined): Value[] {
  const found: Value[] = []
  const upstream = before(definition, node)
  const entries = definition.nodes.filter(({ id, primitive }) => primitive === 'trigger' && (upstream.has(id) || id === node))
  const entry = entries[0]
  const declared = entry ? (entry.settings?.input as Schema | undefined) ?? catalogue.find(entry)?.output : undefined
  inside('trigger', entry ? (catalogue.find(entry)?.title ?? 'trigger') : 'trigger', scope?.trigger ?? undefined, withEvent(declared, entry?.settings?.event, catalogue), 3, found)
  for (const one of definition.nodes) {
    if (!upstream.has(one.id) || one.primitive === 'trigger') continue
    const type = catalogue.find(one)
    inside(`nodes.${one.id}.output`, one.name ?? type?.title ?? one.id, scope?.nodes[one.id]?.output ?? undefined, type?.output, 3, found)
  }
  if (definition.nodes.some((one) => one.type === 'loop' && upstream.has(one.id))) {
    inside('item', 'loop', scope?.item ?? undefined, undefined, 2, found)
    found.push({ path: 'index', type: 'number', from: 'loop', example: scope?.index })
  }
  found.push({ path: 'now', type: 'string', from: 'run', example: scope?.now }, { path: 'run.id', type: 'string', from: 'run' })
  return found
}

/** An event's own payload where the trigger names one. */
function withEvent(schema: Schema | undefined, event: unknown, catalogue: Catalogue): Schema | undefined {
  const payload = catalogue.events.find(({ name }) => name === event)?.payload as Schema | undefined
  return payload ? { ...schema, properties: { ...schema?.properties, data: payload } } : schema
}

/** What the sources give; without any, only what may be read. */
export function usePreview(place: Place | null, sources: string[]) {
  const drawing = place && JSON.stringify({ nodes: place.definition.nodes.map(({ position: _, ...node }) => (node.id === place.node && node.primitive !== 'trigger' ? { id: node.id, primitive: node.primitive, type: node.type } : node)), edges: place.definition.edges })
  return useQuery({
    queryKey: ['workflow-preview', { id: place?.workflowId, node: place?.node, runId: place?.runId, drawing, sources }],
    queryFn: () => post<Previewed>(`/workflows/${place!.workflowId}/preview`, { node: place!.node, sources, ...(place!.runId ? { runId: place!.runId } : {}), definition: JSON.parse(drawing!) as Definition }),
    enabled: !!place && !place.ofEvent,
    staleTime: 60_000,
    gcTime: 60_000,
    retry: false,
    placeholderData: (old) => (sources.length === 0 ? old : undefined),
  })
}

/** The expressions in a text with `${{ }}`. */
export const partsOf = (text: string) => [...text.matchAll(/\$\{\{([\s\S]*?)\}\}/g)].map((match) => match[1]!.trim()).filter(Boolean)

/** A value on one line. */
export function shortly(value: unknown, most = 120) {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return text.length > most ? `${text.slice(0, most)}…` : text
}
