// Every refusal leaves as an RFC 9457 problem: ours, the framework's, the database's.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorObject } from 'ajv'
import { TooLong } from './db.ts'
import { codes, Problem, type ErrorCode, type FieldError } from './errors.ts'
import { sendProblemPage, wantsPage } from './problem-page.ts'
import { isTrouble } from './trouble.ts'
import { faultOf } from './validation.ts'

type Verdict = { code: ErrorCode; detail?: string; errors?: FieldError[]; headers?: Record<string, string>; extra?: Record<string, unknown> }
type Failure = Partial<FastifyError> & { severity?: string; detail?: string; constraint?: string; validation?: ErrorObject[]; validationContext?: string }

const byState: Record<string, ErrorCode> = {
  22021: 'request.invalid', '22P05': 'request.invalid', 22003: 'request.invalid', 22008: 'request.invalid', 23505: 'conflict', 23503: 'reference.missing',
  40001: 'unavailable', '40P01': 'unavailable', 53: 'unavailable', 55: 'unavailable', 57: 'unavailable', '08': 'unavailable',
}
const byFramework: Record<number, ErrorCode> = { 400: 'request.malformed', 404: 'not_found', 408: 'request.malformed', 413: 'body.too_large', 414: 'url.too_long', 415: 'media_type.unsupported' }

/** What to answer for an error. A 500 or 503 carries no detail of what happened inside. */
export function judge(error: Failure | Problem): Verdict {
  if (error instanceof Problem) return { code: error.code, detail: error.message, ...error.more }
  if (error.validation) {
    const errors = error.validation.slice(0, 1).map((v) => faultOf(v, error.validationContext === 'querystring' ? 'query' : ((error.validationContext ?? 'body') as FieldError['in'])))
    return { code: 'request.invalid', detail: `${errors[0]!.in}${errors[0]!.path}: ${errors[0]!.message}`, errors }
  }
  const state = error.code ?? ''
  const raised = /^ZH(\d{3})$/.test(state) ? /^([a-z_.]+): (.*)$/s.exec(error.message ?? '') : null
  // the raiser's own detail, where there is one, is JSON of ours: members of the problem
  if (raised && raised[1]! in codes) return { code: raised[1] as ErrorCode, detail: raised[2]!, ...(error.detail?.startsWith('{') ? { extra: JSON.parse(error.detail) as Record<string, unknown> } : {}) }
  if (error.severity) {
    const code = byState[state] ?? byState[state.slice(0, 2)] ?? 'internal'
    if (code === 'request.invalid') return { code, detail: 'a text or number of the request cannot be kept: it holds NUL, a lone surrogate, or is out of range', errors: [{ in: 'body', path: '/', message: 'cannot be kept' }] }
    return { code }
  }
  if (error instanceof TooLong || error.message?.startsWith('Connection terminated') || isTrouble(error)) return { code: 'unavailable' }
  const status = error.statusCode ?? 500
  return status < 500 ? { code: byFramework[status] ?? 'request.malformed', detail: error.message ?? '' } : { code: 'internal' }
}

export type ProblemDocument = { type: string; title: string; status: number; code: string; detail?: string; instance: string; requestId: string; errors?: FieldError[] }
export function problemOf(verdict: Verdict, instance: string, requestId: string): ProblemDocument {
  const { status, title, cure } = codes[verdict.code]
  const detail = status === 500 ? undefined : (verdict.detail ?? cure)
  return { type: `/api/docs/errors#${verdict.code}`, title, status, code: verdict.code, ...(detail ? { detail } : {}), instance, requestId, ...(verdict.errors ? { errors: verdict.errors } : {}), ...verdict.extra }
}

/** Sends the problem of an error; to a browser that goes to a page, as one. @returns the status, for the log */
export function sendProblem(error: Failure | Problem, req: FastifyRequest, reply: FastifyReply): FastifyReply {
  const verdict = judge(error)
  const problem = problemOf(verdict, req.url.split('?')[0]!, req.id)
  if (problem.status === 401) reply.header('www-authenticate', verdict.code === 'auth.token_refused' ? 'Bearer error="invalid_token"' : 'Bearer')
  if (problem.status === 503) reply.header('retry-after', '1')
  for (const [name, value] of Object.entries(verdict.headers ?? {})) reply.header(name, value)
  if (wantsPage(req)) return sendProblemPage(reply, problem)
  return reply.code(problem.status).type('application/problem+json').serializer((body: unknown) => JSON.stringify(body)).send(problem)
}
