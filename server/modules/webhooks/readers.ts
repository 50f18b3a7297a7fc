// The log's way out: every event that a webhook listens to becomes a delivery, in the order of the log.
import type { EventName } from '../../kernel/events.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { reader, type Reader } from '../../kernel/readers.ts'
import { listListeners, listListeningTenants } from './queries.ts'
import { leaves, patternsOf, queueEvent } from './queue.ts'

export const createFanOut = ({ registry, keys }: Pick<Kernel, 'registry' | 'keys'>): Reader =>
  reader('webhooks.fan-out', registry.names.filter((name) => leaves(registry, name)) as EventName[], async (tx, event) => {
    const alone = event.name === 'webhook.pinged' ? event.subject.id : null
    const listeners = await tx(listListeners(patternsOf(event.name), alone))
    await queueEvent(tx, keys, event, listeners.map(({ id }) => id))
  }, {
    async sift(tx, events) {
      const tenants = new Set((await tx(listListeningTenants([...new Set(events.map((event) => event.tenant_id))]))).map(({ tenantId }) => tenantId))
      return events.filter((event) => tenants.has(event.tenant_id))
    },
  })
