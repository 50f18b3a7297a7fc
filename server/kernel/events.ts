// What may be written into the log: each module declares its events with their payloads; a change of another name or shape does not compile.
import type { Static, TObject, TSchema } from 'typebox'

/** Opened by declaration merging in each module's events.ts: name -> payload. */
export interface EventMap {}
export type EventName = keyof EventMap & string

/** Who may read an event: members of the tenant, its admins, or one person. With a `scope` the scope's own rule is asked as well. */
export type Audience = 'members' | 'admins' | 'person'
export type EventDeclaration<P extends TObject = TObject> = {
  payload: P
  /** the subject's noun; by default what stands before the dot of the name */
  subject?: string
  /** payload field whose id governs who may see it, such as `projectId` */
  scope?: string
  /** payload field with the id of the thing this one hangs on, such as `taskId` */
  parent?: string
  audience: Audience
  about?: string
}
type More = Partial<Omit<EventDeclaration, 'payload'>>

export const event = <P extends TObject>(payload: P, more: More = {}): EventDeclaration<P> => ({ audience: 'members', ...more, payload })
export type PayloadsOf<D extends Record<string, EventDeclaration>> = { [N in keyof D]: Static<D[N]['payload']> }

/** A personal value: kept encrypted in `events.secret`, never in `data`. */
export const Sealed = <S extends TSchema>(schema: S): S =>
  Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(schema), 'x-sealed': { value: true, enumerable: true } }) as S // TypeBox keeps modifiers in hidden properties
const isSealed = (schema: TSchema | undefined) => (schema as { 'x-sealed'?: boolean } | undefined)?.['x-sealed'] === true

export type EventRegistry = {
  names: readonly string[]
  of(name: string): EventDeclaration & { subject: string; sealed: readonly string[] }
  find(name: string): (EventDeclaration & { subject: string; sealed: readonly string[] }) | undefined
}

/** All declarations of all modules; two modules cannot declare the same name. */
export function createEventRegistry(groups: readonly Record<string, EventDeclaration>[]): EventRegistry {
  const all = new Map<string, EventDeclaration & { subject: string; sealed: readonly string[] }>()
  for (const group of groups)
    for (const [name, declared] of Object.entries(group)) {
      if (all.has(name)) throw new Error(`event ${name} is declared twice`)
      if (!/^[a-z][a-z-]*\.[a-z-]+$/.test(name)) throw new Error(`event ${name} is not noun.past-participle`)
      const sealed = Object.entries(declared.payload.properties).filter(([, s]) => isSealed(s as TSchema)).map(([key]) => key)
      all.set(name, { ...declared, subject: declared.subject ?? name.slice(0, name.indexOf('.')), sealed })
    }
  const of = (name: string) => {
    const found = all.get(name)
    if (!found) throw new Error(`event ${name} is not declared by any module`)
    return found
  }
  return { names: [...all.keys()], of, find: (name) => all.get(name) }
}

/** Splits a payload into what may stand in clear and what must be sealed. */
export function splitPayload(sealed: readonly string[], data: Record<string, unknown>): { clear: Record<string, unknown>; secret: Record<string, unknown> | null } {
  if (!sealed.some((key) => data[key] !== undefined)) return { clear: data, secret: null }
  const clear = { ...data }
  const secret: Record<string, unknown> = {}
  for (const key of sealed) {
    if (clear[key] === undefined) continue
    secret[key] = clear[key]
    delete clear[key]
  }
  return { clear, secret }
}
