// Traces without a library: one span a request, sent in batches as OTLP over HTTP with JSON (OpenTelemetry protocol 1.x, "OTLP/HTTP").
// Best effort: spans that cannot be sent are dropped and counted in the log, never in the way of an answer.
import { randomBytes } from 'node:crypto'
import type { Egress } from '../kernel/egress.ts'
import type { Span, Traces } from '../kernel/ports.ts'

export type OtlpOptions = { egress: Pick<Egress, 'fetch'>; endpoint: string; service: string; version: string; everyMs?: number; log: (message: string, error: unknown) => void }
const most = 2000 // spans held while a collector is away

/** `traceparent` of W3C Trace Context, version 00. @returns the caller's trace, or undefined when there is none */
export function readTraceparent(header: string | undefined): { traceId: string; spanId: string } | undefined {
  const m = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(header ?? '')
  return m && !/^0+$/.test(m[1]!) && !/^0+$/.test(m[2]!) ? { traceId: m[1]!, spanId: m[2]! } : undefined
}

/** @param endpoint as OTEL_EXPORTER_OTLP_ENDPOINT: spans go to `<endpoint>/v1/traces` */
export function openOtlp({ egress, endpoint, service, version, everyMs = 2000, log }: OtlpOptions): Traces {
  let held: object[] = []
  let dropped = 0
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`
  const attribute = (key: string, value: string | number) => ({ key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } })
  const nanos = (ms: number) => `${Math.round(ms * 1000)}000`

  async function send(): Promise<void> {
    if (!held.length) return
    const spans = held
    held = []
    const body = { resourceSpans: [{ resource: { attributes: [attribute('service.name', service), attribute('service.version', version)] }, scopeSpans: [{ scope: { name: 'groundwork.http' }, spans }] }] }
    try {
      const answer = await egress.fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), fromSetting: true, totalMs: 5000 })
      if (answer.status >= 300) throw new Error(`the collector answered ${answer.status}`)
    } catch (error) {
      dropped += spans.length
      log(`${dropped} spans were not taken so far`, error)
    }
  }
  const timer = setInterval(() => void send(), everyMs).unref()
  return {
    record({ name, startedAtMs, ms, status, parent, attributes }: Span) {
      if (held.length >= most) return void dropped++
      const from = readTraceparent(parent)
      held.push({
        traceId: from?.traceId ?? randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex'), ...(from ? { parentSpanId: from.spanId } : {}), name, kind: 2,
        startTimeUnixNano: nanos(startedAtMs), endTimeUnixNano: nanos(startedAtMs + ms),
        attributes: [attribute('http.response.status_code', status), ...Object.entries(attributes).map(([key, value]) => attribute(key, value))],
        status: { code: status >= 500 ? 2 : 0 },
      })
    },
    async close() {
      clearInterval(timer)
      await send()
    },
  }
}
