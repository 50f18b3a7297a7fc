// Connections to the outside: what is known of the other side, and its secrets, which only go out to it.
import type { Kernel } from '../../kernel/kernel.ts'
import { module, type Module } from '../../kernel/module.ts'
import type { Desk } from './desk.ts'
import { connectionEvents } from './events.ts'
import { connectionRoutes } from './routes.ts'
import { createService } from './service.ts'

export { connectionEvents }
export const createConnections = ({ kernel, desk }: { kernel: Pick<Kernel, 'keys'>; desk: Desk }): Module =>
  module({
    name: 'connections', optional: { title: 'Connections', gives: 'Services outside that workflows use: databases, mail servers, APIs with their secrets.' }, about: 'Connections to services outside: their addresses and secrets, tested, rotated, renewed.',
    routes: connectionRoutes(createService({ desk, keys: kernel.keys })), permissions: { 'connections.manage': 'admin', 'connections.read': 'member' }, events: connectionEvents,
  })
