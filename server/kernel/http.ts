// The HTTP server: every operation's declaration becomes a route that goes through the same steps in the same order:
// CORS -> authentication -> tenant -> limits -> permission (all before the body is read) -> validation -> work -> answer.
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import { corsOf, securityHeaders } from './headers.ts'
import type { Db, Who } from './db.ts'
import { hintOf, isUnknown, pathHint, requireOpen, type Doors } from './doors.ts'
import { Problem, refuse, refuseField, type ErrorCode } from './errors.ts'
import { answerAround, answerOnce, fingerprintOf } from './idempotency.ts'
import { newId, platformId } from './ids.ts'
import type { Logger } from './log-lines.ts'
import { requirePermission, type PermissionTable } from './permissions.ts'
import type { Bus, Limit, Traces } from './ports.ts'
import { judge, sendProblem } from './problems.ts'
import { lineOf } from './public-address.ts'
import { Answer, type Input, type Operation, type RequestFacts } from './route.ts'
import type { TenantRole } from './schema.ts'
import { requireScope, scopeOf } from './scopes.ts'
import { createValidators, faultOf, findUnkeepable, withoutIds } from './validation.ts'

/** Who a token stands for. `tenant` is the token's active tenant. */
export type Principal = {
  actor: { type: 'user' | 'key'; id: string }; tenant: string | null; operator: boolean; session?: string; name?: string; /** epoch milliseconds */ expiresAt: number
  /** what it was given for; absent: a person's own session */
  scopes?: readonly string[]
  /** permissions that its custom scopes stand for */
  permissions?: readonly string[]
  /** a key's role in its tenant; a person's is asked of the doorkeeper */
  role?: TenantRole
  /** ids of things and people whose events may end or change it, beside those of its person */
  watches?: readonly string[]
  proof?: SessionProof
  /** of a key: the person who answers for it */
  answerer?: string
  /** by whose rights it is judged instead of its actor's, where an operator acts for somebody */
  onBehalfOf?: readonly string[]
  impersonation?: string
  /** stands above tenants: of their own things only what is named here, in the tenants of the list, or in all of them */
  above?: { operations: readonly string[]; tenants: readonly string[] | null }
  /** told of each operation it asks for, before it is done */
  onUse?(use: { operation: string; tenant: string | null }): void | Promise<void>
}
/** How a session was proven, and when last (ms). `tenant`: by the provider of that tenant. */
export type SessionProof = { methods: readonly string[]; tenant: string | null; provenAt: number }
/** Where a token comes from. */
export type From = { ip: string }
/** What the kernel asks of the module that knows people and tenants. */
export type Doorkeeper = {
  /** @returns undefined for a token that is not valid, whatever the reason */
  authenticate(token: string, from: From): Principal | undefined | Promise<Principal | undefined>
  /** Who a token stands for that was seen before and still holds, from memory alone. */
  recall?(token: string): Principal | undefined
  /** undefined: no member */
  roleIn(tenant: string, person: string): TenantRole | undefined | Promise<TenantRole | undefined>
  /** What the tenant's security rules still demand of a session; undefined: nothing. */
  hindrance?(tenant: string, principal: Principal, role: TenantRole): ErrorCode | undefined | Promise<ErrorCode | undefined>
  /** Whether the person proved who they are a short while ago. `own`: by a means of their own, not by a tenant's provider. */
  isFresh?(principal: Principal, own: boolean): boolean | Promise<boolean>
}
export type ServerOptions = {
  operations: readonly Operation[]
  permissions: PermissionTable
  app: Db
  system: Db
  doorkeeper: Doorkeeper
  doors: Doors
  bus: Pick<Bus, 'take'>
  log: Logger
  tenantHeader: string
  corsOrigins: readonly string[]
  trustProxy: readonly string[]
  limits: boolean
  /** Counts a call of a tenant. @throws plan.calls_exhausted; settles at once but when a block of the day's calls is used up */
  count?: (tenant: string) => void | Promise<void>
  /** a page for a browser that asks for none of our paths; undefined: 404 */
  page?: (req: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined
  /** tracing, when it is configured */
  traces?: Pick<Traces, 'record'>
  onAnswer?: (operation: string, status: number, ms: number) => void
  onError?: (error: unknown, at: { requestId: string; operation: string | null }) => void
}

/** Per person or key, else per address. Generous: it stops loops, not people. */
const usual: { name: string; limit: Limit } = { name: 'default', limit: { max: 6000, windowMs: 60_000 } }

declare module 'fastify' {
  interface FastifyContextConfig {
    /** answers preflights by rules of its own */
    ownCors?: boolean
  }
  interface FastifyRequest {
    who: Who
    started: number
    operation?: string
  }
}

export async function createServer(o: ServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false, // one line a request, written in onResponse
    bodyLimit: 1 << 20, requestTimeout: 60_000, keepAliveTimeout: 75_000, // above a proxy's, or it meets closed sockets
    trustProxy: o.trustProxy.length ? [...o.trustProxy] : false,
    requestIdHeader: false, genReqId: (req) => takenId(req.headers['x-request-id']) ?? newId(),
    frameworkErrors: (error, req, reply) => void sendProblem(error, req as FastifyRequest, reply as FastifyReply), // a malformed URL meets no hook and no handler
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    rewriteUrl: (req) => tenantPath(req as never, o.tenantHeader),
  })
  app.decorateRequest('who', null as never)
  app.decorateRequest('started', 0)
  app.setErrorHandler((error, req, reply) => {
    const { code } = judge(error as Error)
    if (code === 'internal') {
      o.log.error({ requestId: req.id, operation: req.operation, error: String((error as Error)?.stack ?? error) }, 'a request failed')
      o.onError?.(error, { requestId: req.id, operation: req.operation ?? null })
    }
    if (/^53/.test(String((error as { code?: unknown }).code))) o.log.error({ requestId: req.id, operation: req.operation, error: String(error) }, 'the database lacks room') // a full disk above all: nobody else would say why
    return sendProblem(error as Error, req, reply)
  })
  app.setNotFoundHandler((req, reply) => {
    const nowhere = new Problem('not_found', `nothing at ${req.method} ${req.url.split('?')[0]}: the API reference is at /api/docs`)
    return o.page?.(req, reply) ?? sendProblem(nowhere, req, reply)
  })
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(['application/json', 'application/merge-patch+json'], { parseAs: 'string' }, (req, text, done) => {
    if (text === '') return done(null, undefined)
    parseJson(req, text as string, (error, body) => {
      if (error) return done(Object.assign(error, { statusCode: 400, message: `the body is no valid JSON: ${error.message}` }), undefined)
      const bad = (text as string).includes('\\u') ? findUnkeepable(body) : undefined
      if (!bad) return done(null, body)
      done(fieldFault(bad), undefined)
    })
  })

  const cors = corsOf(o.corsOrigins, o.tenantHeader)
  app.addHook('onRequest', async (req, reply) => {
    req.started = performance.now()
    reply.header('x-request-id', req.id)
    for (const [name, value] of securityHeaders) reply.header(name, value)
    if (req.routeOptions.config.ownCors !== true && cors(req, reply)) return reply.code(204).send()
  })
  app.addHook('onResponse', async (req, reply) => {
    const ms = performance.now() - req.started
    o.onAnswer?.(req.operation ?? 'none', reply.statusCode, ms)
    o.traces?.record({
      name: req.operation ?? `${req.method} ${req.routeOptions.url ?? 'none'}`, startedAtMs: performance.timeOrigin + req.started, ms, status: reply.statusCode, parent: req.headers.traceparent as string | undefined,
      attributes: { 'request.id': req.id, 'http.request.method': req.method, ...(req.who?.tenant ? { 'tenant.id': req.who.tenant } : {}) },
    })
    o.log.info({ requestId: req.id, method: req.method, path: req.routeOptions.url ?? 'none', operation: req.operation, status: reply.statusCode, ms: Math.round(ms * 10) / 10,
      tenant: req.who?.tenant, actor: req.who?.actor.id ?? undefined }, 'request')
  })

  const validators = createValidators()
  for (const operation of o.operations) addOperation(app, operation, o, validators)
  return app
}

function addOperation(app: FastifyInstance, op: Operation, o: ServerOptions, validators: ReturnType<typeof createValidators>) {
  const check = {
    params: validators.compile(op.params, 'params'),
    query: validators.compile(op.query, 'query'),
    body: op.body ? validators.compile(op.body, 'body') : undefined,
  }
  const judgePart = (part: 'params' | 'query' | 'body', value: unknown) => {
    if (check[part]!(value)) return
    const fault = faultOf(check[part]!.errors![0]!, part)
    refuse('request.invalid', `${part}${fault.path}: ${fault.message}`, { errors: [fault] })
  }
  const optionalBody = op.body ? (op.body as { '~optional'?: unknown })['~optional'] !== undefined || check.body!(undefined) : true
  const success = op.status ?? (op.returns ? 200 : 204)
  const doorSystem = op.access === 'operator'
  const limit = op.limit ?? usual
  const scope = scopeOf(op, o.permissions)

  app.route({
    method: op.method,
    url: op.path.replace(/\{(\w+)\}/g, ':$1'),
    ...(op.bodyLimit ? { bodyLimit: op.bodyLimit } : {}),
    schema: op.returns ? { response: { [success]: withoutIds(op.returns) as TSchema } } : {},
    onRequest: async (req, reply) => {
      req.operation = op.id
      const { who, principal } = await admit(req, op, o)
      req.who = who
      if (o.limits) await takeTurn(req, reply, limit, o.bus)
      if (op.access === 'tenant' && op.metered !== false) {
        const asked = o.count?.(req.who.tenant)
        if (asked) await asked
      }
      if (op.permission) requirePermission(o.permissions, req.who, op.permission)
      if (op.access === 'operator' && !req.who.operator) refuse('operator.required', whyBound(principal))
      if (op.access === 'person' && req.who.actor.type === 'key' && !op.keys) refuse('permission.denied', 'only a person can do this: a key has no account')
      if (scope && req.who.scopes) requireScope(req.who, scope, op.permission)
      if (op.fresh && principal && !(await isFresh(principal, op, o.doorkeeper))) refuse('auth.step_up_required', op.access === 'person' ? whyBound(principal) : undefined)
    },
    handler: async (req, reply) => {
      if (req.url.includes('%00')) {
        const [part, value] = findUnkeepable(req.params) ? (['params', req.params] as const) : (['query', req.query] as const)
        const bad = findUnkeepable(value)
        if (bad) refuseField(bad, 'must not hold NUL', part)
      }
      judgePart('params', req.params)
      judgePart('query', req.query)
      if (op.body) {
        if (req.body !== undefined || !optionalBody) judgePart('body', req.body)
      } else if (req.body !== undefined && req.body !== null && !(typeof req.body === 'object' && Object.keys(req.body).length === 0)) refuseField('/', 'this operation takes no body')
      const input = { params: req.params, query: req.query, body: req.body, ...(op.ifMatch ? { ifMatch: ifMatchOf(req.headers['if-match']) } : {}), request: factsOf(req) } as Input<never, never, never>
      const db = doorSystem ? o.system : o.app
      const settle = (result: unknown) => settled(result, op, success)
      const key = op.method === 'POST' && op.idempotency !== 'none' && req.who.actor.id ? idempotencyKey(req.headers['idempotency-key']) : undefined
      let answer: { status: number; body: unknown; headers: Record<string, string | string[]>; type?: string | undefined }
      if (key) {
        const call = { who: req.who, key, fingerprint: fingerprintOf(req.method, req.url, req.body), secret: op.secret === true, settle }
        const once = op.idempotency === 'change' ? await answerOnce(db, call, (tx) => op.handle(tx, input)) : await answerAround(db, call, () => op.handle(db.context(req.who), input))
        answer = { status: once.status!, body: once.body, headers: once.headers }
      } else answer = settle(await op.handle(db.context(req.who), input))
      reply.code(answer.status)
      for (const [name, value] of Object.entries(answer.headers)) reply.header(name, value)
      if (answer.type) reply.type(answer.type).serializer((text: unknown) => String(text))
      return reply.send(answer.body ?? undefined)
    },
  })
}

/** Status, body and headers of what a handler returned: ETag from the version, Location of a created thing. */
function settled(result: unknown, op: Operation, success: number) {
  const given = result instanceof Answer ? result : new Answer(result)
  const body = given.body as { id?: unknown; version?: unknown } | null | undefined
  const headers: Record<string, string | string[]> = { ...given.headers }
  if (body && typeof body.version === 'number') headers.etag ??= `"${body.version}"`
  const status = given.status ?? success
  if (status === 201 && typeof body?.id === 'string' && op.path.startsWith('/api/')) headers.location ??= `${op.path.replace(/\/:[^/]+(?=\/)/g, '')}/${body.id}`
  return { status, body: body ?? null, headers, type: given.type }
}

/** Authentication and tenant. */
async function admit(req: FastifyRequest, op: Operation, o: ServerOptions): Promise<{ who: Who; principal?: Principal }> {
  const nobody: Who = { tenant: platformId, actor: { type: 'system', id: null }, request: req.id }
  if (op.access === 'public') return { who: nobody }
  const header = req.headers.authorization
  const token = header ? /^Bearer (\S+)$/i.exec(header)?.[1] : undefined
  if (!token) refuse('auth.required')
  const principal = await o.doorkeeper.authenticate(token, { ip: req.ip })
  if (!principal) refuse('auth.token_refused')
  const hinted = await hintOf(req, o.tenantHeader, o.doors)
  if (hinted && principal.tenant && hinted !== principal.tenant) {
    if (isUnknown(hinted)) refuse('tenant.not_found')
    refuse('tenant.mismatch')
  }
  if (principal.impersonation && (op.secret || op.fresh || op.credentials || op.scope === 'session')) refuse('impersonation.denied')
  const tenant = principal.tenant ?? hinted ?? null
  const who = { actor: principal.actor, request: req.id, operator: principal.operator, session: principal.session, name: principal.name, ...(principal.scopes ? { scopes: principal.scopes, permissions: principal.permissions } : {}), ...(principal.answerer ? { answerer: principal.answerer } : {}), ...(principal.impersonation ? { impersonation: principal.impersonation, onBehalfOf: principal.onBehalfOf ?? [] } : {}) } as const
  await principal.onUse?.({ operation: op.id, tenant })
  if (op.access === 'operator') return { principal, who: { ...who, tenant: platformId } }
  if (!tenant) {
    if (op.access === 'tenant') refuse('tenant.required')
    return { principal, who: { ...who, tenant: platformId } }
  }
  if (principal.above) requireIssued(principal.above, op, tenant)
  const role = isUnknown(tenant) ? undefined : (principal.role ?? (await o.doorkeeper.roleIn(tenant, principal.actor.id)))
  if (!role) refuse('tenant.not_found', 'no such tenant, or you are no member of it')
  if (op.access === 'tenant') {
    const state = await o.doors.stateOf(tenant)
    requireOpen(state) // what is a person's own stays open: they may switch, leave, sign out
    if (op.feature && state.off.has(op.feature)) refuse('not_found', `nothing at ${req.method} ${req.url.split('?')[0]}: ${op.feature} is switched off for this tenant`)
    const hindrance = await o.doorkeeper.hindrance?.(tenant, principal, role)
    if (hindrance) refuse(hindrance)
  }
  return { principal, who: { ...who, tenant, role } }
}

/** What a sign-in that is for one tenant cannot do: proving oneself anew in it helps nothing. */
const whyBound = (principal: Principal | undefined) =>
  principal?.proof?.tenant ? 'this sign-in is for one tenant, and changes nothing of the account itself nor of the installation: sign in with your password, or at the installation\'s own address' : undefined
/** A key is proven by itself: who may make one had to prove it. */
const isFresh = (principal: Principal, op: Operation, doorkeeper: Doorkeeper) => principal.actor.type !== 'user' || !doorkeeper.isFresh || doorkeeper.isFresh(principal, op.access === 'person')
/** A key of the platform sees nothing of tenants unless it was made for it. */
export function requireIssued({ operations, tenants }: NonNullable<Principal['above']>, op: Pick<Operation, 'id' | 'access'>, tenant: string): void {
  if (tenants && !tenants.includes(tenant)) refuse('tenant.not_found')
  if (op.access === 'tenant' && !operations.includes(op.id)) refuse('permission.denied', `this service key was not made for ${op.id}: an operator can add it to its operations`)
}

/** The pair of headers of draft-ietf-httpapi-ratelimit-headers, and 429 with Retry-After. */
async function takeTurn(req: FastifyRequest, reply: FastifyReply, { name, limit, by }: NonNullable<Operation['limit']>, bus: Pick<Bus, 'take'>) {
  const whose = by !== 'address' && req.who.actor.id ? req.who.actor.id : lineOf(req.ip)
  const taken = await bus.take(`limit:${name}:${whose}`, limit)
  const reset = Math.max(1, Math.ceil(taken.resetMs / 1000))
  reply.header('ratelimit-policy', `"${name}";q=${limit.max};w=${Math.round(limit.windowMs / 1000)}`)
  reply.header('ratelimit', `"${name}";r=${taken.remaining};t=${reset}`)
  if (!taken.allowed) refuse('rate.limited', `wait ${reset} s`, { headers: { 'retry-after': String(reset) } })
}

/** `/t/{slug}/api/...` is the same API with the tenant in the path (S2.7); the hint travels in a header nobody can send from outside. */
function tenantPath(req: { url?: string; headers: Record<string, unknown> }, tenantHeader: string): string {
  delete req.headers[pathHint]
  const m = /^\/t\/([^/?]+)(\/api\/.*)$/.exec(req.url ?? '')
  if (!m || tenantHeader === pathHint) return req.url ?? '/'
  req.headers[pathHint] = decodeURIComponent(m[1]!.replace(/%(?![0-9a-f]{2})/gi, '%25'))
  return m[2]!
}
const takenId = (given: string | string[] | undefined) => (typeof given === 'string' && /^[\w.:+/=-]{1,128}$/.test(given) ? given : undefined)
function ifMatchOf(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined
  const m = /^(?:W\/)?"(\d{1,9})"$/.exec(header.trim()) // W/: a compressing proxy weakens our tag
  return m ? Number(m[1]) : -1
}
function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  if (typeof header !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(header)) refuseField('/idempotency-key', 'must be 1 to 255 printable characters', 'headers')
  return header
}
const fieldFault = (path: string) => {
  try {
    refuseField(path, 'must not hold NUL or a lone surrogate')
  } catch (error) {
    return error as Error
  }
}
function factsOf(req: FastifyRequest): RequestFacts {
  return {
    ip: req.ip, host: req.host, headers: req.headers, origin: req.headers.origin, accept: req.headers.accept ?? '', userAgent: req.headers['user-agent'] ?? '',
    get cookies() {
      return Object.fromEntries((req.headers.cookie ?? '').split(/; */).flatMap((pair) => (pair.includes('=') ? [[pair.slice(0, pair.indexOf('=')), decodeCookie(pair.slice(pair.indexOf('=') + 1))]] : [])))
    },
  }
}
const decodeCookie = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // not encoded by us
  }
}
