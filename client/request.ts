// One request: address, token, tenant, idempotency, problem. Everything that all operations share; which operations there are is generated.
import { ApiProblem } from './problem.ts'
import type { TokenKeeper } from './tokens.ts'
import type { Fetch, Fetched, FetchInit } from './transport.ts'

/** What every call may carry beside its own path parameters, query and body. */
export type CallOptions = {
  /** The same key at a retry does nothing twice; with one, an unreachable server is tried again. */
  idempotencyKey?: string
  /** The `version` that was read: 412 when it has changed since. */
  ifMatch?: string | number
  signal?: AbortSignal
  /** Another representation, such as `text/csv`. */
  accept?: string
}
/** `public` operations carry no token. */
export type Operation = { method: string; path: string; public?: true }
export type Input = CallOptions & { query?: object | undefined; body?: unknown }
export type Answer = { status: number; headers: { get(name: string): string | null }; body: unknown }

export type RequesterOptions = { baseUrl: string; fetch?: Fetch; tenant?: string | undefined; tenantHeader?: string }
const retryPausesMs = [300, 1_000]

export class Requester {
  readonly #base: string
  readonly #fetch: Fetch
  readonly #tenantHeader: string
  readonly tokens: TokenKeeper
  /** Id or slug sent with each call; needed only where the token names no tenant. */
  tenant: string | undefined

  constructor({ baseUrl, fetch: given, tenant, tenantHeader = 'org-id' }: RequesterOptions, tokens: TokenKeeper) {
    this.#base = baseUrl.replace(/\/+$/, '')
    this.#fetch = given ?? ((url, init) => (fetch as Fetch)(url, init)) // looked up at each call: browsers refuse fetch as another's method
    this.#tenantHeader = tenantHeader
    this.tenant = tenant
    this.tokens = tokens
  }

  /** @throws ApiProblem for every refusal; an abort rejects as fetch does */
  async send(operation: Operation, input: Input = {}): Promise<Answer> {
    const url = this.#base + fillPath(operation.path, input as Record<string, unknown>) + queryOf(input.query)
    const init = this.#prepare(operation, input)
    if (operation.public) return readAnswer(await this.#reach(url, init, input))
    const token = await this.tokens.get().catch((error: unknown) => (isUnauthorized(error) ? undefined : Promise.reject(error)))
    const first = await this.#reach(url, bearing(init, token), input)
    if (first.status !== 401 || token === undefined) return readAnswer(first)
    const next = await this.tokens.get(token).catch((error: unknown) => (isUnauthorized(error) ? undefined : Promise.reject(error)))
    return readAnswer(next === undefined ? first : await this.#reach(url, bearing(init, next), input))
  }

  #prepare({ method }: Operation, { body, idempotencyKey, ifMatch, accept, signal }: Input): FetchInit {
    const headers: Record<string, string> = { accept: accept ?? 'application/json' }
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey
    if (ifMatch !== undefined) headers['if-match'] = `"${String(ifMatch).replaceAll('"', '')}"`
    if (this.tenant !== undefined) headers[this.#tenantHeader] = this.tenant
    return { method, headers, credentials: 'same-origin', ...(body === undefined ? {} : { body: JSON.stringify(body) }), ...(signal ? { signal } : {}) }
  }

  /** Reads may be repeated, and writes with a key; another write may have happened already and is the caller's to judge. */
  async #reach(url: string, init: FetchInit, { idempotencyKey, signal }: Input): Promise<Fetched> {
    const pauses = init.method === 'GET' || idempotencyKey !== undefined ? retryPausesMs : []
    for (let tries = 0; ; tries++) {
      try {
        const answer = await this.#fetch(url, init)
        if (answer.status !== 503 || tries >= pauses.length) return answer
      } catch (error) {
        if (signal?.aborted) throw error
        if (tries >= pauses.length) throw new ApiProblem(0, { code: 'network.unreachable', title: 'The server cannot be reached', detail: 'The server cannot be reached. Check the connection and try again.' }, { cause: error })
      }
      await new Promise((resolve) => setTimeout(resolve, pauses[tries]))
    }
  }
}

const isUnauthorized = (error: unknown): boolean => error instanceof ApiProblem && error.status === 401
const bearing = (init: FetchInit, token: string | undefined): FetchInit => (token === undefined ? init : { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } })

/** `/tasks/{id}` with `{ id }`. A missing parameter would silently name another resource, so it throws. */
export function fillPath(path: string, input: Record<string, unknown>): string {
  return path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const value = input[name]
    if (value === undefined || value === null || value === '') throw new TypeError(`${path} needs \`${name}\``)
    return encodeURIComponent(String(value))
  })
}

/** Undefined is left out, a list is repeated. */
export function queryOf(query: object | undefined): string {
  const parts = Object.entries(query ?? {}).flatMap(([name, value]: [string, unknown]) =>
    (Array.isArray(value) ? value : [value]).filter((one) => one !== undefined).map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(String(one))}`))
  return parts.length ? `?${parts.join('&')}` : ''
}

async function readAnswer(fetched: Fetched): Promise<Answer> {
  const text = fetched.status === 204 ? '' : await fetched.text()
  const json = /[/+]json\b/.test(fetched.headers.get('content-type') ?? '')
  const { status, headers } = fetched
  if (status < 400) return { status, headers, body: text === '' ? undefined : json ? JSON.parse(text) : text }
  const retryAfter = Number(headers.get('retry-after') ?? NaN)
  throw new ApiProblem(status, readDocument(text), { retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined })
}

/** A proxy's error page is no problem document: then the status has to speak for itself. */
function readDocument(text: string): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(text)
    return typeof document === 'object' && document !== null ? (document as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
