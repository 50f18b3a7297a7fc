import { del, get, patch, post, routes } from '../../kernel/route.ts'
import { ById, Page, Strict } from '../../kernel/schema.ts'
import { ByDelivery, CreateWebhook, DeliveryInFull, DeliveryList, DeliveryQuery, PatchWebhook, Queued, Replay, Rewind, Webhook, WebhookList, WebhookWithSecret } from './schema.ts'
import type { createWebhookVerbs } from './service.ts'

const permission = 'webhooks.manage'
const example = { url: 'https://example.com/hooks/groundwork', events: ['task.*', 'project.created'] }

export const createWebhookRoutes = (verbs: ReturnType<typeof createWebhookVerbs>) =>
  routes('webhooks', {
    create: post('/webhooks', {
      summary: 'Send events to an address', permission, body: CreateWebhook, returns: WebhookWithSecret, status: 201, secret: true, example,
      description: 'Each event is one POST, signed as Standard Webhooks says (`webhook-id`, `webhook-timestamp`, `webhook-signature`), at least once: the same event always has the same `webhook-id`. Answer 2xx within 15 s; else it is tried again nine times over three days, then the webhook is switched off and the admins are told. 410 switches it off at once.',
      handle: (ctx, { body }) => verbs.create(ctx, body),
    }),
    list: get('/webhooks', { summary: 'List the webhooks, newest first', permission, query: Strict(Page), returns: WebhookList, handle: (ctx, { query }) => verbs.list(ctx, query) }),
    get: get('/webhooks/:id', { summary: 'Read a webhook', permission, params: ById, returns: Webhook, handle: (ctx, { params }) => verbs.get(ctx, params.id) }),
    change: patch('/webhooks/:id', { summary: 'Change, pause or switch on a webhook', permission, credentials: true, params: ById, body: PatchWebhook, returns: Webhook, ifMatch: true, handle: (ctx, { params, body, ifMatch }) => verbs.change(ctx, params.id, body, ifMatch) }),
    remove: del('/webhooks/:id', { summary: 'Delete a webhook and its deliveries', permission, credentials: true, params: ById, handle: (ctx, { params }) => verbs.remove(ctx, params.id) }),
    rotate: post('/webhooks/:id/rotate', { summary: 'Give a webhook a new secret; for a day both sign', permission, params: ById, returns: WebhookWithSecret, secret: true, handle: (ctx, { params }) => verbs.rotate(ctx, params.id) }),
    ping: post('/webhooks/:id/ping', { summary: 'Send a webhook an event to try it', permission, params: ById, status: 202, problems: ['state.conflict'], handle: (ctx, { params }) => verbs.ping(ctx, params.id) }),
    rewind: post('/webhooks/:id/rewind', { summary: 'Send the last deliveries, or all since a time, once more', permission, params: ById, body: Rewind, returns: Queued, status: 202, example: { last: 100 }, handle: (ctx, { params, body }) => verbs.rewind(ctx, params.id, body) }),
    replay: post('/webhooks/:id/replay', { summary: 'Send these deliveries once more', permission, params: ById, body: Replay, returns: Queued, status: 202, handle: (ctx, { params, body }) => verbs.replay(ctx, params.id, body.deliveryIds) }),
    deliveries: get('/webhooks/:id/deliveries', { summary: 'List what a webhook was sent, newest first', permission, params: ById, query: DeliveryQuery, returns: DeliveryList, handle: (ctx, { params, query }) => verbs.deliveries(ctx, params.id, query) }),
    delivery: get('/webhooks/:id/deliveries/:deliveryId', { summary: 'Read a delivery with its body and the answer', permission, params: ByDelivery, returns: DeliveryInFull, handle: (ctx, { params }) => verbs.delivery(ctx, params.id, params.deliveryId) }),
  })
