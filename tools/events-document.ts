// docs/events.md: every event with its subject, who may read it, and its values, from the declarations of the modules.
import { createEventRegistry, type EventDeclaration } from '../server/kernel/events.ts'

type Shape = { type?: string; format?: string; const?: unknown; enum?: unknown[]; anyOf?: Shape[]; items?: Shape; properties?: Record<string, Shape>; patternProperties?: Record<string, Shape>; description?: string }
type Declared = EventDeclaration & { subject: string; sealed: readonly string[] }

/** @param groups of all modules, in the order of the modules */
export function eventsDocument(groups: readonly Record<string, EventDeclaration>[]): string {
  const registry = createEventRegistry(groups)
  const bySubject = Map.groupBy(registry.names, (name) => registry.of(name).subject)
  return [
    '# Events',
    'Generated from the modules\' `events.ts` by `npm run generate`; do not edit. Names are never changed, values may be added.',
    `Every event is \`{ id, tenantId, name, subject, actor, data, causeId, requestId, at, seq, cursor }\`; below is what stands in \`data\`. **Sealed** values are personal: they are kept encrypted under the tenant's or the person's key, opened for those who may see the subject, and \`null\` with \`sealed: true\` once the key is gone. \`?\` marks what may be absent. How to hear them: [the live protocol](guides/live-protocol.md).`,
    ...[...bySubject].sort(([a], [b]) => (a < b ? -1 : 1)).map(([subject, names]) => sectionOf(subject, names.map((name) => [name, registry.of(name)]))),
  ].join('\n\n')
}

function sectionOf(subject: string, events: [string, Declared][]): string {
  const rows = events.map(([name, e]) => `| \`${name}\` | ${e.about ?? ''} | ${readersOf(e)} | ${valuesOf(e)} |`)
  return `## ${subject}\n\n| event | when | who may read it | values |\n|---|---|---|---|\n${rows.join('\n')}`
}

/** The rule in words; a scope narrows the audience to those who may see what it names. */
function readersOf({ audience, scope, subject }: Declared): string {
  const who = { members: 'members of the tenant', admins: 'admins and owners', person: 'the person concerned' }[audience]
  return scope ? `${who} who may see the ${scope === 'id' ? subject : scope.replace(/Id$/, '')}` : who
}

function valuesOf({ payload, sealed, scope, parent }: Declared): string {
  const { properties = {}, required = [] } = payload as unknown as { properties?: Record<string, Shape>; required?: string[] }
  const lines = Object.entries(properties).map(([name, shape]) => {
    const marks = [sealed.includes(name) ? '**sealed**' : '', name === scope ? 'scope' : '', name === parent ? 'parent' : '', shape.description ?? ''].filter(Boolean)
    return `\`${name}${required.includes(name) ? '' : '?'}\` ${textOf(shape)}${marks.length ? ` (${marks.join(', ')})` : ''}`
  })
  return lines.join('<br>') || 'none'
}

/** A schema in a few words. */
function textOf(shape: Shape): string {
  if (shape.const !== undefined) return `\`${String(shape.const)}\``
  if (shape.enum) return shape.enum.map((one) => `\`${String(one)}\``).join(' or ')
  if (shape.anyOf) return shape.anyOf.map(textOf).join(' or ')
  if (shape.type === 'string') return shape.format === 'uuid' ? 'id' : shape.format === 'date-time' ? 'time' : 'text'
  if (shape.type === 'array') return `list of ${textOf(shape.items ?? {})}`
  if (shape.properties) return `{ ${Object.entries(shape.properties).map(([name, one]) => `${name}: ${textOf(one)}`).join(', ')} }`
  if (shape.type === 'object') return 'object'
  return shape.type ?? 'anything'
}
