// The verbs of webhooks. Whoever calls them is an admin of the tenant: the routes say so.
import type { Context, Tx } from '../../kernel/db.ts'
import { only, refuse, refuseField } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { addJob } from '../../kernel/jobs.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { findEnd, formatPosition } from '../../kernel/log.ts'
import { idShape, newest, page, parseCursor } from '../../kernel/pages.ts'
import { checkVersion } from '../../kernel/route.ts'
import type { List } from '../../kernel/schema.ts'
import { answerBinding, rewindJob, tryBinding } from './deliver.ts'
import {
  countWebhooks, deleteWebhook, findDelivery, findPlaceOf, findWebhook, insertWebhook, listDeliveries, listTries, listWebhooks, lockWebhook, queueDeliveries, renewLast, renewPending, renewThese, rotateSecret, updateWebhook,
} from './queries.ts'
import { bodyBinding, leaves, secretBinding } from './queue.ts'
import type { CreateWebhook, Delivery, DeliveryInFull, DeliveryQuery, PatchWebhook, Queued, Rewind, Webhook, WebhookWithSecret } from './schema.ts'
import { newSecret } from './signature.ts'

/** While a secret changes both sign, for as long. */
const overlapMs = 24 * 3_600_000
const mostWebhooks = 200
const triesShown = 100

const originOf = (url: string) => new URL(url).origin
const find = async (tx: Tx, id: string) => only(await tx(lockWebhook(id)), 'webhook')

export function createWebhookVerbs({ keys, registry }: Pick<Kernel, 'keys' | 'registry'>) {
  /** Where it leads is judged at each sending, by the guard of everything that leaves; here only what no sending can mend. */
  function judge({ url, events }: Partial<Pick<CreateWebhook, 'url' | 'events'>>): void {
    const read = url === undefined ? undefined : URL.canParse(url) ? new URL(url) : refuseField('/url', 'is no address: write it like https://example.com/hooks')
    if (read && !/^https?:$/.test(read.protocol)) refuseField('/url', 'must begin with https:// or http://')
    if (read && (read.username || read.password)) refuseField('/url', 'must hold no user or password: the signature proves who sends')
    for (const [i, name] of events?.entries() ?? []) {
      const known = name === '*' || (name.endsWith('.*') ? registry.names.some((one) => one.startsWith(name.slice(0, -1)) && leaves(registry, one)) : leaves(registry, name))
      if (!known) refuseField(`/events/${i}`, `no event called ${name} is sent: docs/events.md lists them`)
    }
  }
  const sealSecret = (ctx: Context, id: string, secret: string) => keys.seal({ tenant: ctx.tenant }, secret, secretBinding(id))

  return {
    /** @throws 422, plan.limit_reached */
    async create(ctx: Context, given: CreateWebhook): Promise<WebhookWithSecret> {
      judge(given)
      const id = newId()
      const secret = newSecret()
      const sealed = await sealSecret(ctx, id, secret)
      const createdBy = ctx.actor.type === 'user' ? ctx.actor.id : null
      const row = { id, url: given.url, description: given.description ?? null, events: given.events }
      return ctx.change('webhook.created', async (tx) => {
        if ((await tx(countWebhooks()))[0]!.count >= mostWebhooks) refuse('plan.limit_reached', `a tenant has at most ${mostWebhooks} webhooks: delete one first`, { extra: { limit: mostWebhooks, used: mostWebhooks } })
        const [made] = await tx(insertWebhook({ ...row, secret: sealed, createdBy }))
        const { now } = made!
        const result = { ...row, status: 'active' as const, disabledReason: null, failingSince: null, previousSecretEndsAt: null, waiting: 0, createdBy, version: 1, createdAt: now, updatedAt: now, secret }
        return { subject: id, data: { origin: originOf(row.url), events: row.events }, result }
      })
    },
    async list(ctx: Context, { after, limit }: { after?: string; limit: number }): Promise<List<Webhook>> {
      const [before] = parseCursor(after, [newest[1]], [idShape])
      const [rows] = await ctx.read(listWebhooks(before!, limit + 1))
      return page(rows, limit, (last) => [last.id])
    },
    get: async (ctx: Context, id: string): Promise<Webhook> => only((await ctx.read(findWebhook(id)))[0], 'webhook'),
    /** Made active again it sends what waits, from the first try on. */
    change(ctx: Context, id: string, change: PatchWebhook, ifMatch?: number): Promise<Webhook> {
      judge(change)
      return ctx.happen(async (tx) => {
        const { now, ...before } = await find(tx, id)
        checkVersion(before.version, ifMatch)
        const after = { ...before, ...change }
        const fields = (['url', 'description', 'events', 'status'] as const).filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
        if (!fields.length) return { happened: [], result: before }
        tx.later(updateWebhook(after))
        if (after.status === 'active' && before.status !== 'active') {
          tx.later(renewPending(id))
          tx.later(queueDeliveries(id, null, tx.request, tx.cause ?? null))
        }
        const again = after.status === 'active' && before.status !== 'active'
        const result = { ...after, version: before.version + 1, updatedAt: now, ...(again ? { failingSince: null, disabledReason: null } : after.status === 'paused' ? { disabledReason: null } : {}) }
        return { happened: [{ name: 'webhook.changed', subject: id, data: { fields: [...fields], origin: originOf(after.url), events: after.events, status: after.status } }], result }
      })
    },
    async remove(ctx: Context, id: string): Promise<void> {
      await ctx.change('webhook.deleted', async (tx) => {
        const { url } = await find(tx, id)
        tx.later(deleteWebhook(id))
        return { subject: id, data: { origin: originOf(url) }, result: undefined }
      })
    },
    /** For a day both secrets sign. */
    async rotate(ctx: Context, id: string): Promise<WebhookWithSecret> {
      const secret = newSecret()
      const sealed = await sealSecret(ctx, id, secret)
      const until = new Date(Date.now() + overlapMs).toISOString()
      return ctx.change('webhook.rotated', async (tx) => {
        const { now, ...row } = await find(tx, id)
        tx.later(rotateSecret(id, sealed, until))
        return { subject: id, data: { overlapUntil: until }, result: { ...row, previousSecretEndsAt: until, version: row.version + 1, updatedAt: now, secret } }
      })
    },
    /** Sends an event of no meaning to this webhook alone. @throws state.conflict */
    async ping(ctx: Context, id: string): Promise<void> {
      await ctx.change('webhook.pinged', async (tx) => {
        const { status } = await find(tx, id)
        if (status === 'disabled') refuse('state.conflict', 'the webhook is switched off: make it active first')
        return { subject: id, data: {}, result: undefined }
      })
    },
    /** What was sent is sent again, with the same ids and bytes; from a time on also what it missed. @throws 422 */
    async rewind(ctx: Context, id: string, { last, from }: Rewind): Promise<Queued> {
      if ((last === undefined) === (from === undefined)) refuseField('/last', 'send either `last` or `from`')
      return ctx.change('webhook.rewound', async (tx) => {
        await find(tx, id)
        if (last !== undefined) {
          const { length } = await tx(renewLast(id, last))
          tx.later(queueDeliveries(id, null, tx.request, tx.cause ?? null))
          return { subject: id, data: { from: null, deliveries: length }, result: { deliveries: length } }
        }
        const [[place], [end]] = await tx.run(findPlaceOf(from!), findEnd())
        const data = place && { webhookId: id, after: formatPosition({ pos: place.pos, seq: place.seq - 1 }), upTo: formatPosition(end!) }
        if (data) tx.later(addJob(tx, { name: rewindJob, data }))
        return { subject: id, data: { from: from!, deliveries: data ? null : 0 }, result: { deliveries: data ? null : 0 } }
      })
    },
    /** Sends these once more. What is no delivery of this webhook is not counted. */
    async replay(ctx: Context, id: string, deliveryIds: readonly string[]): Promise<Queued> {
      return ctx.change('webhook.replayed', async (tx) => {
        await find(tx, id)
        const { length } = await tx(renewThese(id, deliveryIds))
        tx.later(queueDeliveries(id, null, tx.request, tx.cause ?? null))
        return { subject: id, data: { deliveries: length }, result: { deliveries: length } }
      })
    },
    async deliveries(ctx: Context, id: string, { after, limit, state }: DeliveryQuery): Promise<List<Delivery>> {
      const [before] = parseCursor(after, [newest[1]], [idShape])
      const [found, rows] = await ctx.read(findWebhook(id), listDeliveries(id, state ?? null, before!, limit + 1))
      only(found, 'webhook')
      return page(rows, limit, (last) => [last.id])
    },
    /** With what is sent and what came back. */
    async delivery(ctx: Context, id: string, deliveryId: string): Promise<DeliveryInFull> {
      const [found, tries] = await ctx.read(findDelivery(id, deliveryId), listTries(deliveryId, triesShown))
      const { body, answer, ...row } = only(found, 'delivery')
      const told = await Promise.all(tries.map(async (one) => ({ ...one, answer: one.answer ? await keys.open(one.answer as Buffer, tryBinding(deliveryId)) : null })))
      return { ...row, tries: told, body: await keys.open(body as Buffer, bodyBinding(deliveryId)), answer: answer ? await keys.open(answer as Buffer, answerBinding(deliveryId)) : null }
    },
  }
}
