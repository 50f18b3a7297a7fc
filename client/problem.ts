/** A field that was wrong, named by where it stands and by JSON pointer. */
export type FieldProblem = { in: 'body' | 'query' | 'params' | 'headers'; path: string; message: string }

/**
 * A refusal: an RFC 9457 problem document as an error. `code` is one of docs/errors.md and stable; `message` (the `detail`) is for people and
 * says what to do next. A server that was not reached has status 0 and code `network.unreachable`: whether it did the work is unknown.
 */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly errors: FieldProblem[]
  readonly requestId: string | undefined
  /** Seconds to wait, where the server said so. */
  readonly retryAfter: number | undefined
  /** The whole document; some codes add fields, such as `limit` and `used`. */
  readonly document: Record<string, unknown>

  constructor(status: number, document: Record<string, unknown>, more: { retryAfter?: number | undefined; cause?: unknown } = {}) {
    const text = (key: string) => (typeof document[key] === 'string' ? document[key] : undefined)
    const title = text('title') ?? `HTTP ${status}`
    const detail = text('detail') ?? title
    super(detail, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'ApiProblem'
    this.status = status
    this.code = text('code') ?? `http.${status}`
    this.title = title
    this.detail = detail
    this.errors = Array.isArray(document['errors']) ? (document['errors'] as FieldProblem[]) : []
    this.requestId = text('requestId')
    this.retryAfter = more.retryAfter
    this.document = document
  }

  /** What is wrong with one field, for showing it there. @param path a JSON pointer, such as `/title` */
  messageOf(path: string): string | undefined {
    return this.errors.find((error) => error.path === path)?.message
  }
}
