// Requests to the addresses of webhook triggers. What comes to a known address is kept with its headers and bytes, taken or with the reason why not,
// unless the sender is told to send it again; a run begins in the same transaction. The token stands in no log, trace or problem.
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
import { tellAdmins } from '../../notifications/api.ts'
import { isRefusal } from '../engine/faults.ts'
import { asProblem } from '../runs/service.ts'
import { InboxRow } from '../schema.ts'
import { hashOfToken, secretBinding } from './deploying.ts'
import { clean, fieldsOf, readBody } from './bodies.ts'
import { letterType, objectionTo, readLetter, sumOf } from './letters.ts'
import { findBeginner, findByToken, findEnded, findReceived, findTarget, insertReceived, listReceived, type Target } from './queries.ts'
import { judgeSender, letterOf, messageOf, otherNotice, readSenders, type Sender } from './senders.ts'
import { judgeSignature } from './signatures.ts'

const last = ['ffffffff-ffff-ffff-ffff-ffffffffffff']
const bodyLimit = 1 << 20
const letterLimit = 10 << 20
const answerWithinMs = 25_000
const perAddress = { max: 600, windowMs: 60_000 }
/** Seconds after which a sender may look whether there is room again. */
const roomAfter = 600
/** Never kept: they would let whoever reads the inbox act as the sender. */
const hiddenHeaders: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization', 'x-api-key'])
export type Kept = { headers: Record<string, string>; query: Json; body: string; encoding: 'utf8' | 'base64' }
/** `input`: what expressions read as `trigger`; `dedupKey`: one run of it, ever */
export type Taken = { method: string; contentType: string; kept: Kept; bytes: number; reason: string | null; replayOf: string | null; input: { [field: string]: Json }; dedupKey?: string }
export const inboxBinding = (id: string): string => `webhook_inbox/sealed/${id}`

export type Found = Static<typeof Target>
type Settings = { method?: string; answer?: 'accepted' | 'result'; provider?: string; signature?: Signature; senders?: string[]; automatic?: 'leave' | 'take' }
/** What came, read: `refused` for who it is not from, `reason` for what begins nothing though it is theirs. */
type Judged = Pick<Taken, 'input' | 'kept' | 'contentType' | 'dedupKey' | 'reason'> & { refused: string | null }

export function createHooks({ kernel, engine, limits, room }: Pick<Parts, 'kernel' | 'engine' | 'limits' | 'room'>) {
  const senders = new Map(readSenders().map((one) => [one.name, one]))
  /** Whose requests a trigger takes, where it is a provider known as data. */
  const senderOf = ({ type, settings }: Pick<Found, 'type' | 'settings'>): Sender | undefined => {
    const { provider, signature } = settings as Settings
    return senders.get(provider ?? (type === 'sms' && signature === undefined ? 'twilio' : ''))
  }
  async function inputOf(target: Pick<Found, 'type' | 'settings'>, method: string, contentType: string, kept: Kept): Promise<{ [field: string]: Json }> {
    const body = await readBody(Buffer.from(kept.body, kept.encoding), contentType)
    const sender = senderOf(target)
    return { method, headers: kept.headers, query: kept.query, body, ...(sender?.message ? { message: messageOf(sender, body) } : {}) }
  }
  async function find(token: string): Promise<Found | undefined> {
    if (!/^whk_[\w-]{20,64}$/.test(token)) return undefined
    const [[found]] = await kernel.system.context(systemWho('hooks')).read(findByToken(hashOfToken(token)))
    return found && !(await kernel.switches.isOff(found.tenantId, 'workflows')) ? found : undefined
  }
  const found = new WeakMap<FastifyRequest, Found>()
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
        if (await room.isFull(target.tenantId, tx)) refuse('workflow.too_many_runs')
        const begun = await engine().start(tx, { sealed: true, workflowId: target.workflowId, version: target.version, input: { id, ...received.input, receivedAt: new Date().toISOString() }, entry: target.node, dedupKey: received.dedupKey ?? `hook:${id}`, ...(Array.isArray(target.reads) ? { keep: target.reads as string[] } : {}) })
        if (!begun.created) return { happened: [], result: { id: (await tx(findBeginner(target.workflowId, begun.id)))[0]?.id ?? id, runId: begun.id } }
        runId = begun.id
        room.took(target.tenantId)
      }
      tx.later(insertReceived({ id, workflowId: target.workflowId, triggerId: target.triggerId, node: target.node, method: received.method, contentType: received.contentType.slice(0, 200) || null, bytes: received.bytes, sealed, verified, reason: received.reason, runId, replayOf: received.replayOf }))
      return { happened: [{ name: 'hook.received', subject: id, data: { workflowId: target.workflowId, node: target.node, verified, runId } }], result: { id, runId } }
    }).catch(asProblem)
  }

  /** The same for a sender out there: one who is told to come again keeps what it has, and admins are told once a day. @throws hook.storage_full */
  async function takeIn(target: Found, ctx: Context, received: Taken): Promise<{ id: string; runId: string | null }> {
    try {
      return await take(target, ctx, received)
    } catch (error) {
      if (!isRefusal(error)) throw error
      if ((await kernel.bus.take(`hooks-full:${target.tenantId}`, { max: 1, windowMs: 60_000 })).allowed) {
        const source = `${target.tenantId}/storage-full/${new Date().toISOString().slice(0, 10)}`
        await tellAdmins(contextOf(target.tenantId, ctx.request), { source, title: 'Storage is full: what comes to webhooks and mail addresses is sent back until there is room.', link: '/usage?meter=storage' })
      }
      refuse('hook.storage_full', undefined, { headers: { 'retry-after': String(roomAfter) } })
    }
  }

  /** Whether a request is whose it says it is, and what it begins a run with. */
  async function judgeRequest(target: Found, asked: { method: string; contentType: string; kept: Kept; headers: Record<string, string>; raw: Buffer; url: string }): Promise<Judged> {
    const { method, contentType, kept, headers, raw, url } = asked
    const settings = target.settings as Settings
    const secret = target.secretSealed ? await kernel.keys.open(target.secretSealed as Buffer, secretBinding(target.triggerId)) : null
    const input = await inputOf(target, method, contentType, kept)
    const sender = senderOf(target)
    const plain = { input, kept, contentType }
    if (!sender) {
      const refused = judgeSignature(settings.signature ?? 'none', secret, { headers, body: raw, url, now: Date.now() }) ?? null
      // its senders try again under the same id, and tell receivers to know it by that
      const message = settings.signature === 'standard-webhooks' && refused === null ? headers['webhook-id'] : undefined
      return { ...plain, refused, reason: refused, ...(message && message.length <= 200 ? { dedupKey: `hook:${target.triggerId}:${message}` } : {}) }
    }
    const refused = judgeSender(sender, secret, { headers, raw, body: input.body as Json, url, now: Date.now() }) ?? null
    const reason = refused ?? otherNotice(sender, input.body as Json, kept.query) ?? null
    if (reason !== null || target.type !== 'email') {
      const id = (input.message as { id?: unknown } | undefined)?.id
      return { ...plain, refused, reason, ...(typeof id === 'string' && id !== '' && id.length <= 200 ? { dedupKey: `hook:${target.triggerId}:${id}` } : {}) }
    }
    const letter = letterOf(sender, input.body as Json)
    if (!letter) return { ...plain, refused, reason: `the request holds no letter: ${sender.letter} is missing. ${sender.setUp}` }
    const read = await readLetter(letter, limits.inputChars).catch(() => undefined)
    if (!read) return { ...plain, refused, reason: 'the letter cannot be read' }
    return { refused, reason: objectionTo(settings, read, null), input: read.letter, kept: keptOf(letter, {}, {}), contentType: letterType, dedupKey: `letter:${target.triggerId}:${sumOf(letter)}` }
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

  /** @throws hook.not_found before the body is read */
  async function targetOf(req: FastifyRequest): Promise<Found> {
    const target = await find((req.params as { token: string }).token)
    if (!target || !target.enabled || target.status !== 'active' || !target.version || (target.type === 'email' && !senderOf(target))) refuse('hook.not_found')
    if (Number(req.headers['content-length'] ?? 0) > (target.type === 'email' ? letterLimit : bodyLimit)) refuse('body.too_large')
    return target
  }

  async function receive(req: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const target = found.get(req)!
    const settings = target.settings as Settings
    if (settings.method && settings.method !== 'any' && settings.method !== req.method) refuse('hook.not_found', `this address takes ${settings.method}`)
    const taken = await kernel.bus.take(`limit:hooks:${target.triggerId}`, perAddress)
    if (!taken.allowed) refuse('rate.limited', undefined, { headers: { 'retry-after': String(Math.ceil(taken.resetMs / 1000)) } })
    const raw = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0)
    if (target.type !== 'email' && raw.length > bodyLimit) refuse('body.too_large')
    const headers = Object.fromEntries(Object.entries(req.headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]])))
    const [, search = ''] = (req.raw.url ?? '').split('?', 2)
    const kept = keptOf(raw, Object.fromEntries(Object.entries(headers).filter(([name]) => !hiddenHeaders.has(name))), clean(fieldsOf(new URLSearchParams(search))))
    const url = `${kernel.publicUrl}/hooks/${(req.params as { token: string }).token}${search ? `?${search}` : ''}`
    const { refused, ...judged } = await judgeRequest(target, { method: req.method, contentType: headers['content-type'] ?? '', kept, headers, raw, url })
    const { id, runId } = await takeIn(target, contextOf(target.tenantId, req.id), { method: req.method, bytes: raw.length, replayOf: null, ...judged }).catch((error: unknown) => {
      if (refused !== null && (error as { code?: unknown }).code === 'hook.storage_full') refuse('hook.refused', refused) // whose it is not shall not come again
      throw error
    })
    if (refused !== null) refuse('hook.refused', `${refused}; it stands in the inbox as ${id}`)
    const sender = senderOf(target)
    if (sender) {
      const { status, type, body } = sender.answer // others are tried again, or told to people as failures
      return type === undefined ? reply.code(status).send({ id, runId }) : reply.code(status).type(type).serializer((text: unknown) => String(text)).send(body)
    }
    if (settings.answer !== 'result' || !runId) return reply.code(202).send({ id, runId })
    const results = await answerOf(target.tenantId, runId)
    return results === undefined ? reply.code(202).send({ id, runId }) : reply.code(200).send(results)
  }

  return {
    find, take, takeIn, keptOf, contextOf,
    /** `{any method} /hooks/{token}`, with the bytes as they came. */
    async mount(app: FastifyInstance): Promise<void> {
      await app.register(async (inside) => {
        inside.removeAllContentTypeParsers()
        inside.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: letterLimit }, (_req, body, done) => done(null, body))
        inside.setErrorHandler((error, req, reply) => {
          const verdict = judge(error as Error)
          if (verdict.code === 'internal') kernel.log.error({ requestId: req.id, operation: 'hooks.receive', error: String((error as Error)?.stack ?? error) }, 'a request failed')
          const problem = problemOf(verdict, '/hooks/***', req.id)
          for (const [name, value] of Object.entries(verdict.headers ?? {})) reply.header(name, value)
          return reply.code(problem.status).type('application/problem+json').serializer((body: unknown) => JSON.stringify(body)).send(problem)
        })
        inside.route({ method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], url: '/hooks/:token', bodyLimit: letterLimit, handler: receive, onRequest: async (req) => {
          req.operation = 'hooks.receive'
          found.set(req, await targetOf(req))
        } })
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
      const input = row.contentType === letterType ? (await readLetter(Buffer.from(kept.body, kept.encoding), limits.inputChars)).letter : await inputOf(target, row.method, row.contentType ?? '', kept)
      return take(target, ctx, { method: row.method, contentType: row.contentType ?? '', kept, bytes: row.bytes, reason: null, replayOf: row.id, input })
    },
  }
}
export type Hooks = ReturnType<typeof createHooks>
