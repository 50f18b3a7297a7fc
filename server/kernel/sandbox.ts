// Code of tenants: how it fails, what bounds it, and how the expressions of a workflow become one function of it.

/** deadline: its time is over. threw: its own error. lost: its process ended through no fault of its own, so the same call may be made again. */
export type SandboxCode = 'deadline' | 'memory' | 'stack' | 'too_large' | 'threw' | 'invalid' | 'lost' | 'busy'
export class SandboxError extends Error {
  readonly code: SandboxCode
  /** what it wrote to `console` until then */
  readonly log: readonly string[]
  constructor(code: SandboxCode, message: string, log: readonly string[] = []) {
    super(message)
    this.name = 'SandboxError'
    this.code = code
    this.log = log
  }
  /** The same call may succeed; nothing of it is known to have happened, so it carries the same key. */
  get retryable(): boolean {
    return this.code === 'lost' || this.code === 'busy'
  }
}

/** Milliseconds, bytes and counts; the child's own are in adapters/sandbox/child.ts. */
export const sandboxLimits = { deadlineMs: 1000, expressionMs: 250, wallMs: 30_000, loadMs: 3000, sourceBytes: 500_000, inputBytes: 4_000_000, childMiB: 300, outputBytes: 20_000_000, hostCalls: 100, waiting: 1000, depth: 500 }

/**
 * One module for all expressions of a workflow version: one warm call answers those that a step needs. Check each expression first: the text is put
 * between brackets as it is. The line's end closes a trailing `//`.
 * @param roots the names in scope, such as `trigger` and `nodes`
 */
export function expressionModule(sources: readonly string[], roots: readonly string[]): string {
  const list = sources.map((source) => `({ ${roots.join(', ')} }) => (${source}\n)`).join(',\n')
  return `const E = [${list}]
export default ({ run, scope }) => run.map((i) => { try { return E[i](scope) ?? null } catch (e) { throw new Error('expression ' + i + ': ' + (e && e.message)) } })`
}
