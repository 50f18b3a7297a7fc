// What may go wrong in an engine, told apart by where it comes from: an action's ECONNREFUSED is the action's affair, the engine's own is nobody's fault.

/** The run is not ours any more, or the engine's database is away: the run is dropped without a word, and its lease brings it back. Never seen by a graph. */
export class Dropped extends Error {}
/** Nothing runs and something waits: the run leaves memory. */
export class Parked extends Error {}
export class Cancelled extends Error {
  override name = 'Cancelled'
}

/** A fault of a run or a node that people are told of; codes are ours, `noun.what`. */
export function fault(code: string, message: string): Error & { code: string } {
  return Object.assign(new Error(message), { code })
}
export type ErrorRecord = { message: string; code: string }
/** @returns what is recorded of an error: no stack, no more than a page */
export function recordOf(error: unknown): ErrorRecord {
  const { message, code, name } = (error ?? {}) as { message?: unknown; code?: unknown; name?: unknown }
  return { message: String(message ?? error).slice(0, 2000), code: String(code ?? name ?? 'Error').slice(0, 100) }
}

/** A limit of the tenant's, said by the database. */
export const isRefusal = (error: unknown): boolean => (error as { code?: unknown })?.code === 'ZH403'
/** The same as a fault of the run, in the database's words; trying again changes nothing. */
export function refusalOf(error: unknown): Error {
  const [, code = 'plan.limit_reached', message] = /^([a-z_.]+): (.*)$/s.exec((error as Error).message) ?? []
  return Object.assign(fault(code, message ?? (error as Error).message), { retryable: false, cause: error })
}

/** Whether the engine's own statement failed because of what it was given: only then may its rows be tried one by one. */
export function isDataFault(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || /^(21|22|23|54)/.test(String((error as { code?: unknown })?.code ?? ''))
}
