import type { Kernel } from '../../kernel/kernel.ts'
import { module } from '../../kernel/module.ts'
import { createDeliverers } from './deliver.ts'
import { webhookEvents } from './events.ts'
import { createFanOut } from './readers.ts'
import { createWebhookRoutes } from './routes.ts'
import { createWebhookVerbs } from './service.ts'

export { webhookEvents }
export const createWebhooks = (kernel: Kernel) =>
  module({
    name: 'webhooks', optional: { title: 'Webhooks', gives: 'Events sent to other systems, signed and retried.' }, about: 'Events of the tenant sent to other systems over HTTP: signed, retried for three days, replayed on demand.',
    routes: createWebhookRoutes(createWebhookVerbs(kernel)), readers: [createFanOut(kernel)], jobs: createDeliverers(kernel), permissions: { 'webhooks.manage': 'admin' }, events: webhookEvents,
  })
