// The words a module declares its operations with. What repeats (authentication, tenant, limits, permission, validation, ETag, Idempotency-Key,
// problems, documentation) is done by http.ts from this declaration.
import type { Static, TObject, TSchema } from 'typebox'
import type { Context } from './db.ts'
import { refuse } from './errors.ts'
import type { Limit } from './ports.ts'
import { Strict } from './schema.ts'
import type { OperationScope } from './scopes.ts'

/** public: nobody need sign in. person: a signed-in person, tenant or none. tenant: an active tenant. operator: the platform's own people. */
export type Access = 'public' | 'person' | 'tenant' | 'operator'
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** What a handler may know of the request beside its validated parts. */
/** `host`: as the request named it, or a trusted proxy. */
export type RequestFacts = { ip: string; host: string; userAgent: string; origin: string | undefined; cookies: Readonly<Record<string, string>>; accept: string; headers: Readonly<Record<string, string | string[] | undefined>> }
export type Input<P, Q, B> = { params: P; query: Q; body: B; /** the version of If-Match; -1 when it names none of ours */ ifMatch?: number; request: RequestFacts }

/** An answer that is more than its body. */
export class Answer<T = unknown> {
  readonly body: T
  readonly status: number | undefined
  readonly headers: Record<string, string | string[]>
  readonly type: string | undefined
  constructor(body: T, { status, headers = {}, type }: { status?: number; headers?: Record<string, string | string[]>; type?: string } = {}) {
    this.body = body
    this.status = status
    this.headers = headers
    this.type = type
  }
}

type Spec<P extends TObject, Q extends TObject, B extends TSchema, R extends TSchema> = {
  summary: string
  description?: string
  access?: Access
  /** from a module's permission table; judged before validation */
  permission?: string
  /** what a token with scopes needs; by the rule of scopes.ts where it is not said */
  scope?: OperationScope
  /** a key, which has no account, may do it although it is open to persons */
  keys?: boolean
  params?: P
  query?: Q
  body?: B
  /** absent: 204 */
  returns?: R
  /** 201 for POST that creates, else 200 or 204 */
  status?: number
  /** cannot be taken back, or opens doors: the person must have proven who they are a short while ago */
  fresh?: boolean
  /** makes, changes or ends what somebody or something proves itself with, where secrets go, or who may sign in: nobody does it who acts for somebody */
  credentials?: boolean
  /** honours If-Match; the handler compares with checkVersion */
  ifMatch?: boolean
  /** change: kept in the same transaction. outside: the work is not ours alone, so before and after. none: not taken */
  idempotency?: 'change' | 'outside' | 'none'
  /** the answer holds a secret shown once: it is never kept */
  secret?: boolean
  limit?: { name: string; limit: Limit; by?: 'address' | 'actor' }
  /** other media types this answers with, by Accept */
  alsoProduces?: readonly string[]
  /** answers `text/event-stream` whose messages are `returns`, resumed by Last-Event-ID; mounted by hand, declared for the document */
  stream?: boolean
  bodyLimit?: number
  /** shown in the reference */
  example?: unknown
  /** may be an action of a workflow; `omit` names fields of the answer that a run must not keep, such as a secret shown once */
  workflow?: true | { omit: readonly string[] }
  /** answers clients should expect beside those every operation has */
  problems?: readonly string[]
  /** false: no call of the plan's calls a day, such as looking at what is used */
  metered?: boolean
  /** path segment outside /api/v1 */
  absolute?: boolean
  handle(ctx: Context, input: Input<Static<P>, Static<Q>, Static<B>>): Promise<Static<R> | Answer | void>
}
export type Operation = Omit<Spec<TObject, TObject, TSchema, TSchema>, 'handle'> & {
  /** module + function, the same string in OpenAPI, logs, metrics, limits and the client */
  id: string
  module: string
  /** the optional module it belongs to: switched off for a tenant, it is not there */
  feature?: string | undefined
  method: Method
  path: string
  access: Access
  idempotency: 'change' | 'outside' | 'none'
  params: TObject
  query: TObject
  handle(ctx: Context, input: Input<never, never, never>): Promise<unknown>
}
/** What the document needs of an operation. */
export type Described = Omit<Operation, 'handle'>
type Unnamed = Omit<Operation, 'id' | 'module'>

const verb =
  (method: Method) =>
  <P extends TObject = TObject<{}>, Q extends TObject = TObject<{}>, B extends TSchema = TSchema, R extends TSchema = TSchema>(path: string, spec: Spec<P, Q, B, R>): Unnamed => ({
    idempotency: method === 'POST' && spec.access !== 'public' ? 'change' : 'none',
    ...spec,
    access: spec.access ?? 'tenant',
    params: spec.params ?? (Strict({}) as TObject),
    query: spec.query ?? (Strict({}) as TObject),
    method,
    path: spec.absolute ? path : `/api/v1${path}`,
  })
export const get = verb('GET')
export const post = verb('POST')
export const put = verb('PUT')
export const patch = verb('PATCH')
export const del = verb('DELETE')

/** Names the operations: `routes('tasks', { move: patch(...) })` gives `tasks.move`. */
export const routes = (module: string, operations: Record<string, Unnamed>): Operation[] =>
  Object.entries(operations).map(([name, operation]) => ({ ...operation, id: `${module}.${name}`, module }))

/** 412 with the current ETag when the caller read another version. Call it with the locked row. */
export function checkVersion(current: number, ifMatch: number | undefined): void {
  if (ifMatch !== undefined && ifMatch !== current) refuse('version.conflict', 'it has changed since you read it: read it again and repeat', { headers: { etag: `"${current}"` } })
}
