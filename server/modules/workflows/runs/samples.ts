// Values to try a draft on: those of a recorded run, or small ones that fit what a node says it gives.
import type { Context } from '../../../kernel/db.ts'
import { refuse } from '../../../kernel/errors.ts'
import type { Json } from '../engine/port.ts'
import type { Runs } from './service.ts'

/** A small value that fits a JSON Schema. */
export function sampleOf(schema: unknown, depth = 0): Json {
  const s = schema as { type?: string; enum?: Json[]; const?: Json; anyOf?: unknown[]; properties?: Record<string, unknown>; items?: unknown; default?: Json }
  if (typeof s !== 'object' || s === null || depth > 6) return null
  if (s.default !== undefined) return s.default
  if (s.const !== undefined) return s.const
  if (s.enum) return s.enum[0] ?? null
  if (s.anyOf) return sampleOf(s.anyOf[0], depth + 1)
  if (s.type === 'object') return Object.fromEntries(Object.entries(s.properties ?? {}).map(([name, inner]) => [name, sampleOf(inner, depth + 1)]))
  if (s.type === 'array') return []
  return s.type === 'string' ? 'sample' : s.type === 'integer' || s.type === 'number' ? 1 : s.type === 'boolean' ? true : null
}

/** Input and outputs of a recorded run, as far as the caller may see them. @throws run.not_found, permission.denied */
export async function recordedIn(ctx: Context, runs: Runs, runId: string): Promise<{ input: Json; outputs: Record<string, Json> }> {
  const run = await runs.read(ctx, runId)
  if (run.hidden) refuse('permission.denied', 'the values of that run are not yours to see')
  return { input: run.input as Json, outputs: Object.fromEntries(run.steps.filter(({ status, key, output }) => status === 'completed' && !key.includes('[') && output !== null).map(({ key, output }) => [key, output as Json])) }
}
