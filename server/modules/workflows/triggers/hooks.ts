// Requests to the addresses of webhook triggers. Every request of a known address is kept with its headers and bytes, whether it was taken or why
// not; a run begins in the same transaction. The token stands in no log, trace or problem.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../../kernel/db.ts'
import { only, refuse } from '../../../kernel/errors.ts'
import { newId } from '../../../kernel/ids.ts'
import { idShape, page, parseCursor } from '../../../kernel/pages.ts'
import { problemOf, judge } from '../../../kernel/problems.ts'
import { systemWho } from '../../../kernel/readers.ts'
import type { List, Static } from '../../../kernel/schema.ts'
import type { Json } from '../engine/port.ts'
import type { Signature } from '../nodes/triggers.ts'
import type { Parts } from '../parts.ts'
import { findWorkflow } from '../queries.ts'
import { asProblem } from '../runs/service.ts'
import { InboxRow } from '../schema.ts'
import { hashOfToken, secretBinding } from './deploying.ts'
import { readLetter } from './letters.ts'
import { findByToken, findEnded, findReceived, findTarget, insertReceived, listReceived, type Target } from './queries.ts'
import { judgeSignature } from './signatures.ts'

const last = ['ffffffff-ffff-ffff-ffff-ffffffffffff']
const bodyLimit = 1 << 20
const answerWithinMs = 25_000
const perAddress = { max: 600, windowMs: 60_000 }
/** Never kept: they would let whoever reads the inbox act as the sender. */
const hiddenHeaders: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization', 'x-api-key'])
export type Kept = { headers: Record<string, string>; query: Json; body: string; encoding: 'utf8' | 'base64' }
/** `input`: what expressions read as `trigger`; `dedupKey`: one run of it, ever */
export type Taken = { method: string; contentType: string; kept: Kept; bytes: number; reason: string | null; replayOf: string | null; input: { [field: string]: Json }; dedupKey?: string }
export const inboxBinding = (id: string): string => `webhook_inbox/sealed/${id}`

/** What expressions read as `trigger.body`: by its content type, JSON, a form, or text. */
export function readBody(body: Buffer, contentType: string): Json {
  if (!body.length) return null
  const text = body.toString('utf8')
  if (Buffer.compare(Buffer.from(text, 'utf8'), body) !== 0) return { base64: body.toString('base64') }
  if (/^application\/([\w.+-]*\+)?json\b/i.test(contentType) || (contentType === '' && /^\s*[[{]/.test(text))) {
    try {
      return clean(JSON.parse(text) as Json)
    } catch {
      return text
    }
  }
  if (/^application\/x-www-form-urlencoded\b/i.test(contentType)) return fieldsOf(new URLSearchParams(text))
  return text
}
const fieldsOf = (given: Iterable<[string, string]>): { [name: string]: Json } => {
  const fields: Record<string, Json> = Object.create(null) as Record<string, Json>
  for (const [name, value] of [...given].slice(0, 1000)) {
    const held = fields[name]
    fields[name] = held === undefined ? value : Array.isArray(held) ? [...held, value] : [held, value]
  }
  return { ...fields }
}
/** `$ref` is the engine's own word: a body that holds it comes as text. */
const clean = (value: Json): Json => (JSON.stringify(value).includes('"$ref"') ? JSON.stringify(value) : value)

const inputOf = (method: string, contentType: string, kept: Kept): { [field: string]: Json } => ({ method, headers: kept.headers, query: kept.query, body: readBody(Buffer.from(kept.body, kept.encoding), contentType) })
export type Found = Static<typeof Target>

export function createHooks({ kernel, engine, limits }: Pick<Parts, 'kernel' | 'engine' | 'limits'>) {
  async function find(token: string): Promise<Found | undefined> {
    if (!/^whk_[\w-]{20,64}$/.test(token)) return undefined
    const [[found]] = await kernel.system.context(systemWho('hooks')).read(findByToken(hashOfToken(token)))
    return found
  }
  const contextOf = (tenant: string, request: string): Context => kernel.app.context({ tenant, actor: { type: 'system', id: null }, request })
  const keptOf = (body: Buffer, headers: Kept['headers'], query: Json): Kept => {
    const isText = Buffer.compare(Buffer.from(body.toString('utf8'), 'utf8'), body) === 0
    return { headers, query, body: body.toString(isText ? 'utf8' : 'base64'), encoding: isText ? 'utf8' : 'base64' }
  }

  /** Keeps what came and, when nothing speaks against it, begins the run. What is known by its key changes nothing. */
  async function take(target: Found, ctx: Context, received: Taken): Promise<{ id: string; runId: string | null }> {
    const id = newId()
    const sealed = await kernel.keys.seal({ tenant: target.tenantId }, JSON.stringify(received.kept), inboxBinding(id))
    const verified = received.reason === null
    return ctx.happen<'hook.received', { id: string; runId: string | null }>(async (tx) => {
      let runId: string | null = null
      if (verified) {
        const begun = await engine().start(tx, { workflowId: target.workflowId, version: target.version, input: { id, ...received.input, receivedAt: new Date().toISOString() }, entry: target.node, dedupKey: received.dedupKey ?? `hook:${id}`, ...(Array.isArray(target.reads) ? { keep: target.reads as string[] } : {}) })
        if (!begun.created) return { happened: [], result: { id, runId: begun.id } }
        runId = begun.id
      }
      tx.later(insertReceived({ id, workflowId: target.workflowId, triggerId: target.triggerId, node: target.node, method: received.method, contentType: received.contentType.slice(0, 200) || null, bytes: received.bytes, sealed, verified, reason: received.reason, runId, replayOf: received.replayOf }))
      return { happened: [{ name: 'hook.received', subject: id, data: { workflowId: target.workflowId, node: target.node, verified, runId } }], result: { id, runId } }
    }).catch(asProblem)
  }

  /** Why a request starts nothing; null: nothing speaks against it. */
  async function objection(target: Found, signed: { headers: Record<string, string>; body: Buffer; url: string }): Promise<string | null> {
    const settings = target.settings as { signature?: Signature }
    const kind = settings.signature ?? (target.type === 'sms' ? 'twilio' : 'none')
    const secret = target.secretSealed ? await kernel.keys.open(target.secretSealed as Buffer, secretBinding(target.triggerId)) : null
    return judgeSignature(kind, secret, { ...signed, now: Date.now() }) ?? null
  }

  /** What the run gives, or undefined when it takes too long. @throws state.conflict when it fails */
  async function answerOf(tenant: string, runId: string): Promise<Json | undefined> {
    const until = Date.now() + answerWithinMs
    let ring = () => {}
    const deaf = kernel.bell.hear(() => ring())
    try {
      while (Date.now() < until) {
        const rung = new Promise<void>((resolve) => (ring = resolve))
        const [[run]] = await contextOf(tenant, 'hooks').read(findEnded(runId))
        if (run) return run.status === 'completed' ? await engine().open({ tenantId: tenant, runId }, run.output as Json) : refuse('state.conflict', `the run ended as ${run.status}`)
        let timer: NodeJS.Timeout | undefined
        await Promise.race([rung, new Promise((resolve) => (timer = setTimeout(resolve, 500)))])
        clearTimeout(timer)
      }
    } finally {
      deaf()
    }
    return undefined
  }

  async function receive(req: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { token } = req.params as { token: string }
    const target = await find(token)
    if (!target || !target.enabled || target.status !== 'active' || !target.version || target.type === 'email') refuse('hook.not_found')
    const settings = target.settings as { method?: string; answer?: 'accepted' | 'result' }
    if (settings.method && settings.method !== 'any' && settings.method !== req.method) refuse('hook.not_found', `this address takes ${settings.method}`)
    const taken = await kernel.bus.take(`limit:hooks:${target.triggerId}`, perAddress)
    if (!taken.allowed) refuse('rate.limited', undefined, { headers: { 'retry-after': String(Math.ceil(taken.resetMs / 1000)) } })
    const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0)
    const headers = Object.fromEntries(Object.entries(req.headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]])))
    const [, search = ''] = (req.raw.url ?? '').split('?', 2)
    const reason = await objection(target, { headers, body, url: `${kernel.publicUrl}/hooks/${token}${search ? `?${search}` : ''}` })
    const contentType = headers['content-type'] ?? ''
    const kept = keptOf(body, Object.fromEntries(Object.entries(headers).filter(([name]) => !hiddenHeaders.has(name))), fieldsOf(new URLSearchParams(search)))
    const { id, runId } = await take(target, contextOf(target.tenantId, req.id), { method: req.method, contentType, kept, bytes: body.length, reason, replayOf: null, input: inputOf(req.method, contentType, kept) })
    if (reason !== null) refuse('hook.refused', `${reason}; it stands in the inbox as ${id}`)
    if (settings.answer !== 'result' || !runId) return reply.code(202).send({ id, runId })
    const results = await answerOf(target.tenantId, runId)
    return results === undefined ? reply.code(202).send({ id, runId }) : reply.code(200).send(results)
  }

  return {
    find, take, keptOf, contextOf,
    /** `{any method} /hooks/{token}`, with the bytes as they came. */
    async mount(app: FastifyInstance): Promise<void> {
      await app.register(async (inside) => {
        inside.removeAllContentTypeParsers()
        inside.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_req, body, done) => done(null, body))
        inside.setErrorHandler((error, req, reply) => {
          const verdict = judge(error as Error)
          if (verdict.code === 'internal') kernel.log.error({ requestId: req.id, operation: 'hooks.receive', error: String((error as Error)?.stack ?? error) }, 'a request failed')
          const problem = problemOf(verdict, '/hooks/***', req.id)
          for (const [name, value] of Object.entries(verdict.headers ?? {})) reply.header(name, value)
          return reply.code(problem.status).type('application/problem+json').serializer((body: unknown) => JSON.stringify(body)).send(problem)
        })
        inside.route({ method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], url: '/hooks/:token', bodyLimit, onRequest: async (req) => void (req.operation = 'hooks.receive'), handler: receive })
      })
    },

    async list(ctx: Context, workflowId: string, { after, limit }: { after?: string; limit: number }): Promise<List<Static<typeof InboxRow>>> {
      const [before] = parseCursor(after, last, [idShape])
      const [found, rows] = await ctx.read(findWorkflow(workflowId), listReceived(workflowId, before!, limit + 1))
      only(found, 'workflow')
      return page(rows, limit, (r) => [r.id])
    },
    async read(ctx: Context, id: string) {
      const { sealed, triggerId: _, ...row } = only((await ctx.read(findReceived(id)))[0], 'inbox')
      const text = await kernel.keys.open(sealed as Buffer, inboxBinding(id))
      const kept = text === null ? { headers: {}, query: {}, body: '', encoding: 'utf8' as const } : (JSON.parse(text) as Kept)
      return { ...row, ...kept }
    },
    /** The same bytes once more, as if they came now; the signature is not asked again. */
    async replay(ctx: Context, id: string): Promise<{ id: string; runId: string | null }> {
      const row = only((await ctx.read(findReceived(id)))[0], 'inbox')
      const text = (await kernel.keys.open(row.sealed as Buffer, inboxBinding(id))) ?? refuse('inbox.not_found', 'its bytes are gone')
      const [[target]] = await ctx.read(findTarget(row.triggerId))
      if (!target || !target.enabled || target.status !== 'active') refuse('workflow.not_active')
      const kept = JSON.parse(text) as Kept
      const input = target.type === 'email' ? (await readLetter(Buffer.from(kept.body, kept.encoding), limits.inputChars)).letter : inputOf(row.method, row.contentType ?? '', kept)
      return take(target, ctx, { method: row.method, contentType: row.contentType ?? '', kept, bytes: row.bytes, reason: null, replayOf: row.id, input })
    },
  }
}
export type Hooks = ReturnType<typeof createHooks>
