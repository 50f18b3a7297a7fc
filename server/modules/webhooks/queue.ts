// From an event to the deliveries of it: what is sent, and to whom.
import type { Tx } from '../../kernel/db.ts'
import { newId } from '../../kernel/ids.ts'
import type { EventRegistry } from '../../kernel/events.ts'
import type { KeyRing } from '../../kernel/keys.ts'
import { parsePosition, type LoggedEvent } from '../../kernel/log.ts'
import { putDelivery, queueDeliveries } from './queries.ts'

/** What may leave: what members or admins may read. What is one person's own never does, and of webhooks themselves, and of what
    could not leave, only the ping: a failing webhook must not feed itself. */
export const leaves = (registry: EventRegistry, name: string): boolean => registry.find(name) !== undefined && registry.of(name).audience !== 'person' && (!/^(webhook|egress)\./.test(name) || name === 'webhook.pinged')
/** What a webhook may have said to get this event. */
export const patternsOf = (name: string): string[] => [name, `${name.slice(0, name.indexOf('.'))}.*`, '*']
export const bodyBinding = (deliveryId: string) => `webhook_deliveries/body/${deliveryId}`
export const secretBinding = (webhookId: string) => `webhooks/secret/${webhookId}`

/** Standard Webhooks' envelope around the event as every client gets it. */
const bodyOf = (event: LoggedEvent) => JSON.stringify({ type: event.name, timestamp: event.at, data: event })

/** @param again a replay: a new round of what was sent before, with its first bytes */
export async function queueEvent(tx: Tx, keys: Pick<KeyRing, 'seal'>, event: LoggedEvent, webhookIds: readonly string[], again = false): Promise<void> {
  const { pos, seq } = parsePosition(event.cursor)!
  for (const webhookId of webhookIds) {
    const id = newId()
    const body = await keys.seal({ tenant: event.tenantId }, bodyOf(event), bodyBinding(id))
    tx.later(putDelivery({ id, webhookId, eventId: event.id, eventName: event.name, pos, seq, body }, again))
    tx.later(queueDeliveries(webhookId, [event.id], tx.request, tx.cause ?? null))
  }
}
