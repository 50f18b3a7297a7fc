// The near end of the load generator.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

/** `requests` are whole HTTP texts, sent in turn over all connections, beginning with number `from`. */
export type Job = { host: string; port: number; connections: number; ms: number; requests: readonly string[]; from?: number }
export type Done = { count: number; seconds: number; statuses: Record<string, number>; /** the first answer that was no 2xx */ wrong: string; bytes: number; /** where the next job goes on */ next: number; p50: number; p95: number; p99: number }
export type Report = Done | { failed: string }
export type Generator = { run(job: Job): Promise<Done>; close(): void }

export function openGenerator(): Generator {
  const child = fork(path.join(import.meta.dirname, 'generator.ts'), { execArgv: [], serialization: 'advanced' })
  return {
    async run(job) {
      child.send(job)
      const [report] = (await once(child, 'message')) as [Report]
      if ('failed' in report) throw new Error(`the load generator failed: ${report.failed}`)
      if (report.wrong) throw new Error(`an answer that was no success (${JSON.stringify(report.statuses)}):\n${report.wrong}`)
      return report
    },
    close: () => child.disconnect(),
  }
}

/** One HTTP/1.1 request as text. */
export function request(method: string, url: string, { token, body, headers = {} }: { token?: string; body?: unknown; headers?: Record<string, string> } = {}): string {
  const text = body === undefined ? '' : JSON.stringify(body)
  const all = { host: 'localhost', ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }), ...headers }
  return `${method} ${url} HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`
}
