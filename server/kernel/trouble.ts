// Trouble of the moment, told apart from defects: the database cannot be reached, has no room, is overloaded or shutting down. It passes by itself.
import { ConnectionLost, OutcomeUnknown } from './batch.ts'

/** Classes of SQLSTATE (PostgreSQL, appendix A): connection, resources, objects in use, intervention of an operator, the system below. */
const passing = /^(08|53|55|57|58)[0-9A-Z]{3}$/
const deepest = 5

/** Of an error and of what it says it comes from. */
export function isTrouble(error: unknown): boolean {
  let at = error as { code?: unknown; cause?: unknown } | null | undefined
  for (let depth = 0; at && typeof at === 'object' && depth < deepest; depth++, at = at.cause as typeof at) {
    if (at instanceof ConnectionLost || at instanceof OutcomeUnknown || passing.test(String(at.code))) return true
  }
  return false
}

/** For a line of the log: trouble is one line with its cause, a defect keeps its stack. */
export function tellError(error: unknown): string {
  const { stack, message, code, cause } = (error ?? {}) as { stack?: unknown; message?: unknown; code?: unknown; cause?: unknown }
  if (!isTrouble(error)) return String(stack ?? error)
  const said = `${String(message ?? error).split('\n')[0]!}${typeof code === 'string' ? ` (${code})` : ''}`
  return cause instanceof Error && cause.message !== message ? `${said}: ${cause.message.split('\n')[0]!}` : said
}
