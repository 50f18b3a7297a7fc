// Error tracking (S0.15): each defect is counted, and told to ERROR_HOOK_URL as one JSON POST, best effort and never in the way of an answer.
import type { Egress } from './egress.ts'
import type { Logger } from './log-lines.ts'
import type { Metrics } from './metrics.ts'
import { isTrouble } from './trouble.ts'

/** Where a defect was met. `operation`: that of the request, the job's name, the reader's. */
export type DefectAt = { where: 'http' | 'jobs' | 'readers'; operation: string | null; requestId: string | null }
export type ReportDefect = (error: unknown, at: DefectAt) => void

/** @param url absent: defects are counted alone @returns told of each defect; what passes by itself, such as a database that is away, is none */
export function createErrorHook({ egress, metrics, url, log }: { egress: Pick<Egress, 'fetch'>; metrics: Pick<Metrics, 'errors'>; url: string | undefined; log: Logger }): ReportDefect {
  return (error, { where, operation, requestId }) => {
    if (isTrouble(error)) return
    metrics.errors.inc({ where })
    if (url === undefined) return
    const { message, stack } = (error ?? {}) as { message?: unknown; stack?: unknown }
    const body = JSON.stringify({ at: new Date().toISOString(), where, operation, requestId, message: String(message ?? error), stack })
    egress.fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, fromSetting: true, totalMs: 5000 }).then(
      ({ status }) => void (status >= 400 && log.warn({ status }, 'the error hook did not take it')),
      (failed: unknown) => log.warn({ error: String(failed) }, 'the error hook did not take it'),
    )
  }
}
