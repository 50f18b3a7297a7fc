// Sending: one job a try. At least once, always the same bytes under the same id; who fails through all tries, or answers 410, is switched off.
import type { Context, Happened, Tx } from '../../kernel/db.ts'
import type { EgressAnswer } from '../../kernel/egress.ts'
import { HostUnavailable } from '../../kernel/egress-tenants.ts'
import type { EventName } from '../../kernel/events.ts'
import { addJob, type Job, type JobHandler } from '../../kernel/jobs.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { comparePositions, listEventsUpTo, parsePosition, type Position } from '../../kernel/log.ts'
import { systemWho } from '../../kernel/readers.ts'
import { tellAdmins } from '../notifications/api.ts'
import { deliverJob, disableWebhook, findDue, findWebhook, insertTry, keepOutcome, lockDue, noteFailing, noteWorking, sweepDeliveries, sweepTries, type Outcome } from './queries.ts'
import { bodyBinding, leaves, patternsOf, queueEvent, secretBinding } from './queue.ts'
import { signedHeaders } from './signature.ts'

const seconds = 1000
const minutes = 60 * seconds
const hours = 60 * minutes
/** After each try but the last: three days in all, as Standard Webhooks advises. */
export const pauses = [5 * seconds, 5 * minutes, 30 * minutes, 2 * hours, 5 * hours, 10 * hours, 14 * hours, 20 * hours, 24 * hours]
const keptOfAnswer = 4096
/** Of each try; of the last one more is kept with the delivery. */
const keptOfTry = 1024
const keptDays = 30
export const rewindJob = 'webhooks.rewind'

type Asked = { deliveryId: string; round: number; attempt: number }
type Told = Extract<EventName, 'webhook.failed' | 'webhook.disabled'>
export const answerBinding = (deliveryId: string) => `webhook_deliveries/answer/${deliveryId}`
export const tryBinding = (deliveryId: string) => `webhook_tries/answer/${deliveryId}`

export function createDeliverers({ app, system, keys, egress, open, registry, bell }: Pick<Kernel, 'app' | 'system' | 'keys' | 'egress' | 'open' | 'registry' | 'bell'>, now: () => number = Date.now): JobHandler[] {
  const inTenant = (job: Job): Context => app.context({ tenant: job.tenant_id, actor: { type: 'system', id: null }, request: job.request_id ?? `job:${job.id}`, cause: job.cause_id })
  /** What happens to a delivery is no event but at its end: the row follows from the event it sends. */
  const note = (ctx: Context, body: (tx: Tx) => Promise<Happened<Told>[]>) => app.transact(ctx, (tx) => tx.happen<Told, void>(async (inner) => ({ happened: await body(inner), result: undefined })))

  const deliver: JobHandler = {
    name: deliverJob, lane: 'outside',
    async handle(job, signal) {
      const { deliveryId, round, attempt } = job.data as Asked
      const ctx = inTenant(job)
      const [[due]] = await ctx.read(findDue(deliveryId, round, attempt))
      if (!due) return
      const [body, ...secrets] = await Promise.all([
        keys.open(due.body as Buffer, bodyBinding(deliveryId)), ...[due.secret, due.oldSecret].filter(Boolean).map((sealed) => keys.open(sealed as Buffer, secretBinding(due.webhookId))),
      ])
      if (body === null || body === undefined) return settle(ctx, due, job, { lost: 'the key of its words was destroyed' })
      const began = performance.now()
      try {
        const headers = { 'content-type': 'application/json', 'user-agent': 'Groundwork-Webhooks/1', ...signedHeaders(secrets as string[], { id: due.eventId, body, now: now() }) }
        const answer = await egress.fetch(due.url, { method: 'POST', headers, body, redirect: 'manual', signal, for: { tenant: ctx.tenant, request: ctx.request, cause: ctx.cause } })
        return settle(ctx, due, job, { answer, ms: performance.now() - began })
      } catch (error) {
        if (signal.aborted) throw error // the process ends: another takes the job over
        if (error instanceof HostUnavailable) return wait(ctx, due, job, error.retryAt)
        return settle(ctx, due, job, { failure: String((error as Error).message), ms: performance.now() - began })
      }
    },
  }

  /** Nothing was sent, and no try is used up: the same once more. */
  async function wait(ctx: Context, { webhookId }: { webhookId: string }, job: Job, retryAt: number): Promise<void> {
    const asked = job.data as Asked
    await note(ctx, async (tx) => {
      const [found] = await tx(lockDue(asked.deliveryId, asked.round, asked.attempt))
      if (!found) return []
      const runAt = new Date(Math.max(retryAt, now() + seconds)).toISOString()
      tx.later(addJob(tx, { name: deliverJob, data: asked, key: `${asked.deliveryId}:${asked.round}:${asked.attempt}:${runAt}`, runAt }))
      tx.later(noteFailing(webhookId))
      return []
    })
  }

  type Result = { answer: EgressAnswer; ms: number } | { failure: string; ms: number } | { lost: string }
  async function settle(ctx: Context, { webhookId, eventId }: { webhookId: string; eventId: string }, job: Job, result: Result): Promise<void> {
    const { deliveryId, round, attempt } = job.data as Asked
    const answer = 'answer' in result ? result.answer : undefined
    const status = answer?.status ?? null
    const done = status !== null && status >= 200 && status < 300
    const gone = status === 410
    const last = gone || 'lost' in result || attempt >= pauses.length
    const error = done ? null : 'lost' in result ? result.lost : 'failure' in result ? result.failure : `it answered ${status}`
    const said = answer?.body.length ? answer.body.subarray(0, keptOfAnswer).toString('utf8').replaceAll('\0', '') : null
    const [sealed, begin] = said === null ? [null, null] : await Promise.all([keys.seal({ tenant: ctx.tenant }, said, answerBinding(deliveryId)), keys.seal({ tenant: ctx.tenant }, said.slice(0, keptOfTry).toWellFormed(), tryBinding(deliveryId))])
    const outcome: Outcome = {
      state: done ? 'delivered' : last ? 'failed' : 'pending', pauseMs: done || last ? null : pauses[attempt]! * (0.9 + Math.random() / 5), statusCode: status, error,
      answer: sealed, durationMs: 'ms' in result ? Math.round(result.ms) : 0,
    }
    await note(ctx, async (tx) => {
      const [found] = await tx(lockDue(deliveryId, round, attempt))
      if (!found) return [] // replayed, paused or deleted meanwhile
      tx.later(keepOutcome(deliveryId, outcome))
      tx.later(insertTry({ deliveryId, round, attempt: attempt + 1, statusCode: status, durationMs: outcome.durationMs, answer: begin, error }))
      tx.later(done ? noteWorking(webhookId) : noteFailing(webhookId))
      const happened: Happened<Told>[] = []
      if (outcome.state === 'pending') tx.later(addJob(tx, { name: deliverJob, data: { deliveryId, round, attempt: attempt + 1 }, key: `${deliveryId}:${round}:${attempt + 1}`, runAt: new Date(now() + outcome.pauseMs!).toISOString() }))
      if (outcome.state === 'failed') happened.push({ name: 'webhook.failed', subject: webhookId, data: { eventId, attempts: attempt + 1, statusCode: status, error } })
      if (outcome.state === 'failed' && !('lost' in result)) {
        const reason = gone ? 'it answered 410 Gone' : `an event could not be delivered in ${attempt + 1} tries over three days`
        tx.later(disableWebhook(webhookId, reason))
        happened.push({ name: 'webhook.disabled', subject: webhookId, data: { reason } })
        await tellAdmins(tx, { source: `webhook-disabled:${webhookId}:${eventId}:${round}`, title: `A webhook was switched off: ${reason}`, link: `/webhooks/${webhookId}` })
      }
      return happened
    })
  }

  /** Reads the log from a place on and queues what the webhook listens to. Ended half way it begins again: receivers know the ids. */
  const rewind: JobHandler = {
    name: rewindJob, lane: 'outside',
    async handle(job, signal) {
      const { webhookId, after, upTo } = job.data as { webhookId: string; after: string; upTo: string }
      const ctx = inTenant(job)
      const end = parsePosition(upTo)!
      for (let place: Position = parsePosition(after)!; comparePositions(place, end) < 0; ) {
        if (signal.aborted) throw signal.reason
        const [rows] = await system.context(systemWho(ctx.request)).read(listEventsUpTo(ctx.tenant, place, end, 200))
        const [[webhook]] = await ctx.read(findWebhook(webhookId))
        if (!rows.length || !webhook) return
        const wanted = rows.filter(({ name }) => leaves(registry, name) && name !== 'webhook.pinged' && patternsOf(name).some((pattern) => webhook.events.includes(pattern)))
        const events = await Promise.all(wanted.map(open))
        await note(ctx, async (tx) => {
          for (const event of events) await queueEvent(tx, keys, event, [webhookId], true)
          return []
        })
        bell.ring() // for the jobs
        place = rows.at(-1)!
      }
    },
  }
  const sweep: JobHandler = {
    name: 'webhooks.sweep', everyMs: hours,
    async handle(job) {
      await system.transact(systemWho(`job:${job.id}`), (tx) => tx.run(sweepDeliveries(keptDays), sweepTries(keptDays)))
    },
  }
  return [deliver, rewind, sweep]
}
