// What stands recorded under a key, as every engine reads it back. No imports but types: this runs in Temporal's sandbox too.
import type { Json, Ref } from './port.ts'

export type Recorded = { key: string; state: string; output: unknown; error: unknown }

/** `each[3].y/ask` belongs to node `y`. */
export const nodeOf = (key: string): string => key.slice(key.lastIndexOf('.') + 1).split('/')[0]!

/** @throws the failure that stands recorded, with its code and key */
export function outcomeOf(row: Recorded): Json | Ref {
  if (row.state !== 'failed') return row.output as Json | Ref
  const { message, code } = (row.error ?? { message: 'failed', code: 'Error' }) as { message: string; code: string }
  throw Object.assign(new Error(message), { code, key: row.key })
}

/** The same for every attempt of a step; another one when an outcome was opened again. */
export const idempotencyKeyOf = (run: string, key: string, redo: number): string => `${run}:${key}${redo ? `~${redo}` : ''}`
