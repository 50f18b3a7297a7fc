// What a client may ask for by name, and which of these names an event goes by.
import type { EventRegistry } from '../../kernel/events.ts'
import { isId } from '../../kernel/ids.ts'
import type { EventRow } from '../../kernel/log.ts'

export const maxTopics = 100

/** `tenant`, `me`, or a noun and an id; undefined for what is no topic. */
export function readTopic(text: string): 'tenant' | 'me' | { noun: string; id: string } | undefined {
  if (text === 'tenant' || text === 'me') return text
  const [, noun, id] = /^([a-z][a-z-]{0,39}):([0-9a-f-]{36})$/.exec(text) ?? []
  return noun && id && isId(id) ? { noun, id } : undefined
}

/** The noun of a payload field: `projectId` is about a project. */
export const nounOf = (field: string): string => field.replace(/Id$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** The names an event goes by, beside `me`. An event nobody declares any more goes by none. */
export function topicsOf(row: EventRow, declared: ReturnType<EventRegistry['find']>): string[] {
  if (!declared) return []
  const topics = ['tenant', `${row.subject_type}:${row.subject_id}`]
  if (declared.scope && row.scope_id) topics.push(`${nounOf(declared.scope)}:${row.scope_id}`)
  if (declared.parent && row.parent_id) topics.push(`${nounOf(declared.parent)}:${row.parent_id}`)
  return topics
}
