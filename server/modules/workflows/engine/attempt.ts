// One attempt of a step, whichever engine asks for it: the time it has, how it is told to stop, and what a failure means.
import type { StepPlace, StepRunner } from './engine.ts'
import { fault } from './faults.ts'
import type { Retry, StepCall } from './port.ts'

const longestTimer = 2 ** 31 - 1
const longestPause = 86_400_000

/** Never throws. At the time-out, and when somebody aborts `stop`, the action is told and its late answer ignored. */
export async function attemptStep(run: StepRunner, call: StepCall, place: Omit<StepPlace, 'signal'>, stop: AbortController): Promise<{ output: unknown } | { error: unknown }> {
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => (reject(fault('step.timed_out', `no answer within ${call.timeoutMs} ms`)), stop.abort()), Math.min(call.timeoutMs, longestTimer))
      stop.signal.addEventListener('abort', () => reject(fault('step.stopped', 'the run was cancelled, or went to another worker')))
    })
    return { output: await Promise.race([run(call, { ...place, signal: stop.signal }), late]) }
  } catch (error) {
    return { error }
  } finally {
    clearTimeout(timer)
  }
}

/** Milliseconds to wait before the next attempt; undefined: the failure is final. */
export function pauseAfter(error: unknown, retry: Retry, attempt: number): number | undefined {
  const { name, code, retryable, retryAfterMs } = (error ?? {}) as { name?: string; code?: unknown; retryable?: boolean; retryAfterMs?: number }
  if (attempt >= retry.max || retryable === false || retry.nonRetryable?.some((x) => x === name || x === code)) return undefined
  const pause = Math.min(retry.capMs, retry.baseMs * retry.factor ** (attempt - 1))
  return Math.min(longestPause, Math.max(pause, Number.isFinite(retryAfterMs) ? retryAfterMs! : 0))
}
