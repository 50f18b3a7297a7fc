import { Id, listOf, Nullable, Page, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'

const status = Type.Enum(['active', 'paused', 'disabled'])
const Events = Type.Array(Type.String({ pattern: '^(\\*|[a-z][a-z-]*\\.(\\*|[a-z-]+))$', maxLength: 80 }), {
  minItems: 1, maxItems: 100, uniqueItems: true, description: 'names of events, `task.*` for all of a noun, `*` for all; events of one person alone are never sent',
})
const Url = Type.String({ minLength: 8, maxLength: 2000, description: 'http or https, public, without user or password' })
const Description = Nullable(Text(1, 500))

const fields = {
  id: Id, url: Url, description: Description, events: Events, status, disabledReason: Nullable(Type.String()), failingSince: Nullable(Time), previousSecretEndsAt: Nullable(Type.String({ description: 'after a rotation: until then the one before signs as well' })),
  waiting: Type.Integer({ description: 'deliveries that are due or wait for their next try' }), createdBy: Nullable(Id), version: Version, createdAt: Time, updatedAt: Time,
}
export const WebhookRow = Type.Object(fields)
export const Webhook = Type.Object(fields, { $id: 'Webhook' })
export type Webhook = Static<typeof Webhook>
export const WebhookWithSecret = Type.Object({ ...fields, secret: Type.String({ description: '`whsec_` and 32 bytes in base64 (Standard Webhooks); shown this once' }) }, { $id: 'WebhookWithSecret' })
export type WebhookWithSecret = Static<typeof WebhookWithSecret>
export const WebhookList = listOf(Webhook, 'WebhookList')
export const CreateWebhook = Strict({ url: Url, events: Events, description: Type.Optional(Description) })
export type CreateWebhook = Static<typeof CreateWebhook>
export const PatchWebhook = Strict({ url: Type.Optional(Url), events: Type.Optional(Events), description: Type.Optional(Description), status: Type.Optional(Type.Enum(['active', 'paused'])) })
export type PatchWebhook = Static<typeof PatchWebhook>

const state = Type.Enum(['pending', 'delivered', 'failed'])
const delivery = {
  id: Id, eventId: Id, eventName: Type.String(), state, attempt: Type.Integer({ description: 'tries so far, of this round' }), nextAt: Nullable(Time), statusCode: Nullable(Type.Integer()),
  error: Nullable(Type.String()), durationMs: Nullable(Type.Integer()), deliveredAt: Nullable(Time), version: Version, createdAt: Time, updatedAt: Time,
}
export const DeliveryRow = Type.Object(delivery)
export const Delivery = Type.Object(delivery, { $id: 'WebhookDelivery' })
export type Delivery = Static<typeof Delivery>
export const DeliveryList = listOf(Delivery, 'WebhookDeliveryList')
const Try = Type.Object({
  round: Type.Integer({ description: 'how often it had been sent again before' }), attempt: Type.Integer({ description: 'from 1 in each round' }), at: Time, statusCode: Nullable(Type.Integer()), durationMs: Type.Integer(),
  error: Nullable(Type.String()), answer: Nullable(Type.String({ description: 'its begin' })),
})
export const DeliveryInFull = Type.Object({ ...delivery, body: Nullable(Type.String({ description: 'what is sent, byte for byte; null once its key is gone' })), answer: Nullable(Type.String({ description: 'the begin of the last answer' })), tries: Type.Array(Try, { description: 'the newest 100, newest first' }) }, { $id: 'WebhookDeliveryInFull' })
export type DeliveryInFull = Static<typeof DeliveryInFull>
export const DeliveryQuery = Strict({ ...Page, state: Type.Optional(state) })
export type DeliveryQuery = Static<typeof DeliveryQuery>
export const ByDelivery = Strict({ id: Id, deliveryId: Id })

export const Rewind = Strict({
  last: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: 'the last so many deliveries' })),
  from: Type.Optional(Type.String({ format: 'date-time', description: 'every event since then, also what was missed while the webhook was off' })),
}, { description: 'one of the two' })
export type Rewind = Static<typeof Rewind>
export const Replay = Strict({ deliveryIds: Type.Array(Id, { minItems: 1, maxItems: 200, uniqueItems: true }) })
export const Queued = Type.Object({ deliveries: Nullable(Type.Integer({ description: 'how many are sent again; null: they are being read from the log' })) }, { $id: 'QueuedDeliveries' })
export type Queued = Static<typeof Queued>
