// What is written into the log about webhooks. These events go to no webhook but a ping to its own: a failing one must not feed itself.
import { event, type PayloadsOf } from '../../kernel/events.ts'
import { Nullable, Strict, Type } from '../../kernel/schema.ts'

const admins = { audience: 'admins' } as const
/** Without path and query: they may hold a token. */
const origin = Type.String({ description: 'scheme, host and port' })

export const webhookEvents = {
  'webhook.created': event(Strict({ origin, events: Type.Array(Type.String()) }), admins),
  'webhook.changed': event(Strict({ fields: Type.Array(Type.String()), origin, events: Type.Array(Type.String()), status: Type.String() }), admins),
  'webhook.deleted': event(Strict({ origin }), admins),
  'webhook.rotated': event(Strict({ overlapUntil: Type.String() }), { ...admins, about: 'It has a new secret; until then both sign.' }),
  'webhook.pinged': event(Strict({}), { ...admins, about: 'Sent to this webhook alone, whatever it listens to.' }),
  'webhook.rewound': event(Strict({ from: Nullable(Type.String()), deliveries: Nullable(Type.Integer()) }), { ...admins, about: 'What was sent before is sent again, with the same ids.' }),
  'webhook.replayed': event(Strict({ deliveries: Type.Integer() }), admins),
  'webhook.failed': event(Strict({ eventId: Type.String(), attempts: Type.Integer(), statusCode: Nullable(Type.Integer()), error: Nullable(Type.String()) }), { ...admins, about: 'One event was given up for this webhook.' }),
  'webhook.disabled': event(Strict({ reason: Type.String() }), admins),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof webhookEvents> {}
}
