// Who may see an event, judged when it is delivered: its tenant, its audience, and the rule of what governs it, the same the routes ask.
// Answers of the rules are kept until the log says that they may have changed.
import type { Context, Who } from '../../kernel/db.ts'
import type { EventRegistry } from '../../kernel/events.ts'
import { platformId } from '../../kernel/ids.ts'
import type { EventRow } from '../../kernel/log.ts'
import type { Module, ScopeRule } from '../../kernel/module.ts'
import { roleReaches, type TenantRole } from '../../kernel/schema.ts'
import { opens } from '../../kernel/scopes.ts'
import { nounOf } from './topics.ts'

/** A person (or key) on a stream, in one tenant or none. */
export type Viewer = Pick<Who, 'scopes' | 'permissions'> & { person: string; tenant: string | null; role: TenantRole | undefined; operator: boolean; /** modules that are switched off for the tenant */ off: ReadonlySet<string>; context(): Context }
type Answers = Map<string, boolean | Promise<boolean>> // by person

/** Which optional module a topic's noun or an event belongs to. */
export type Features = { ofNoun(noun: string): string | undefined; ofEvent(name: string): string | undefined }
export function featuresOf(modules: readonly Pick<Module, 'name' | 'optional' | 'scopes' | 'events'>[]): Features {
  const named = (part: 'scopes' | 'events') => new Map(modules.flatMap((m) => (m.optional ? Object.keys(m[part] ?? {}).map((name): [string, string] => [name, m.name]) : [])))
  const [nouns, events] = [named('scopes'), named('events')]
  return { ofNoun: (noun) => nouns.get(noun), ofEvent: (name) => events.get(name) }
}

/** At most so many questions at once, so that streams never take all connections from requests. */
export function createGate(width: number): <T>(ask: () => Promise<T>) => Promise<T> {
  let free = width
  const line: (() => void)[] = []
  return async (ask) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => line.push(resolve))
    try {
      return await ask()
    } finally {
      const next = line.shift()
      if (next) next()
      else free++
    }
  }
}

export function createVisibility({ scopes, features, registry, gate, most = 200_000 }: { features: Features; scopes: Readonly<Record<string, ScopeRule>>; registry: EventRegistry; gate: ReturnType<typeof createGate>; most?: number }) {
  const kept = new Map<string, Map<string, Answers>>() // tenant -> noun:id -> person
  let size = 0

  /** Whether the viewer may see what this thing governs. */
  function sees(viewer: Viewer & { tenant: string }, noun: string, id: string): boolean | Promise<boolean> {
    const rule = scopes[noun]
    if (!rule) return false
    if (size > most) {
      kept.clear()
      size = 0
    }
    const ofTenant = kept.get(viewer.tenant) ?? new Map<string, Answers>()
    kept.set(viewer.tenant, ofTenant)
    const answers: Answers = ofTenant.get(`${noun}:${id}`) ?? new Map()
    ofTenant.set(`${noun}:${id}`, answers)
    const known = answers.get(viewer.person)
    if (known !== undefined) return known
    size++
    const asked = gate(() => rule(viewer.context(), id)).then(
      (yes) => {
        if (answers.get(viewer.person) === asked) answers.set(viewer.person, yes) // else it was dropped while we asked
        return yes
      },
      (error: unknown) => {
        if (answers.get(viewer.person) === asked) answers.delete(viewer.person)
        throw error
      },
    )
    answers.set(viewer.person, asked)
    return asked
  }

  return {
    hasRule: (noun: string): boolean => scopes[noun] !== undefined,
    /** For a topic: asked anew, since only what governs events is dropped by the log. */
    async maySubscribe(viewer: Viewer, noun: string, id: string): Promise<boolean> {
      const rule = scopes[noun]
      return viewer.tenant !== null && viewer.role !== undefined && rule !== undefined && (await gate(() => rule(viewer.context(), id)))
    },
    /** The tenant comes first; what nobody declares, nobody sees. */
    maySee(viewer: Viewer, row: EventRow): boolean | Promise<boolean> {
      const declared = registry.find(row.name)
      if (!declared) return false
      const isOwn = row.person_id !== null && row.person_id === viewer.person
      if (row.tenant_id === platformId) return isOwn && opens(viewer, 'profile') && (declared.audience !== 'admins' || viewer.operator)
      if (viewer.tenant === null || row.tenant_id !== viewer.tenant || viewer.role === undefined) return false
      if (viewer.off.size && viewer.off.has(features.ofEvent(row.name) ?? '')) return false
      if (declared.audience === 'person' && !isOwn) return false
      if (declared.audience === 'admins' && !(roleReaches(viewer.role, 'admin') && opens(viewer, 'admin', 'events.read'))) return false
      return declared.scope && row.scope_id ? sees(viewer as Viewer & { tenant: string }, nounOf(declared.scope), row.scope_id) : true
    },
    /** Called with every event before it is delivered. */
    hear(row: EventRow): void {
      const ofTenant = kept.get(row.tenant_id)
      if (!ofTenant) return
      const drop = (key: string) => {
        size -= ofTenant.get(key)?.size ?? 0
        ofTenant.delete(key)
      }
      drop(`${row.subject_type}:${row.subject_id}`)
      if (row.subject_type === 'member' && row.person_id) for (const answers of ofTenant.values()) if (answers.delete(row.person_id)) size--
      const [, noun] = /^([a-z-]+)-member$/.exec(row.subject_type) ?? /^([a-z-]+)-member\./.exec(row.name) ?? []
      if (noun) for (const id of [row.scope_id, row.parent_id, row.subject_id]) if (id) drop(`${noun}:${id}`)
      if (row.subject_type === 'tenant') {
        for (const answers of ofTenant.values()) size -= answers.size
        kept.delete(row.tenant_id)
      }
    },
  }
}
export type Visibility = ReturnType<typeof createVisibility>
