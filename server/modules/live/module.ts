// Live updates: the log as each person may see it, pushed over WebSocket and Server-Sent Events.
import type { IncomingMessage } from 'node:http'
import proxyAddress from '@fastify/proxy-addr'
import type { FastifyInstance } from 'fastify'
import { module, type Module } from '../../kernel/module.ts'
import { createHub, type HubOptions } from './hub.ts'
import { liveOperations } from './operation.ts'
import { mountSockets } from './sockets.ts'
import { mountEventStream } from './sse.ts'

export type LiveOptions = Omit<HubOptions, 'kernel'> & {
  kernel: HubOptions['kernel'] & { publicUrl: string }
  /** pages that may connect, beside those of PUBLIC_URL */
  corsOrigins: readonly string[]
  /** proxies whose X-Forwarded-For and X-Forwarded-Host are believed */
  trustProxy?: readonly string[]
  helloMs?: number
}
export type Live = {
  /** Adds `/live` and `/api/v1/live`; before the server listens. Streams end when it closes. */
  mount(app: FastifyInstance): void
  size(): number
  /** Sends all streams elsewhere; mount does it when the server closes. */
  drain(): void
}

/** What it is, without running it. */
export const live: Module = module({ name: 'live', about: 'Events pushed to whoever may see them, resumed by cursor.', streams: liveOperations })

/** The tail must already be watched by the doorkeeper: who is asked after an event must have heard it. The caller steps the tail. */
export function createLive(o: LiveOptions): Live {
  const hub = createHub(o)
  return {
    mount(app) {
      const { addressOf, hostOf } = behindProxies(o.trustProxy ?? [])
      const allows = (origin: string, host: string) => isOurs(origin, o.kernel.publicUrl) || o.corsOrigins.includes(origin) || isOwnDoor(origin, host, o.doors)
      const sendAway = mountSockets(app.server, hub, { allows, addressOf, hostOf, ...(o.helloMs ? { helloMs: o.helloMs } : {}) })
      mountEventStream(app, hub)
      app.addHook('preClose', async () => {
        hub.drain() // close() waits for open streams for ever
        sendAway()
      })
    },
    size: hub.size,
    drain: hub.drain,
  }
}

/** As the framework tells it for every other request: an upgrade does not pass through it. */
function behindProxies(trusted: readonly string[]) {
  const trust = trusted.length ? proxyAddress.compile([...trusted]) : () => false
  return {
    addressOf: (req: IncomingMessage): string => proxyAddress(req, trust),
    hostOf: (req: IncomingMessage): string => (trust(req.socket.remoteAddress ?? '', 0) && String(req.headers['x-forwarded-host'] ?? '').split(',').at(-1)!.trim()) || (req.headers.host ?? ''),
  }
}

/** On one's own machine localhost, 127.0.0.1 and [::1] are the same place. */
function isOurs(origin: string, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false
  const [theirs, ours] = [new URL(origin), new URL(publicUrl)]
  const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/
  return theirs.origin === ours.origin || (theirs.protocol === ours.protocol && theirs.port === ours.port && loopback.test(theirs.hostname) && loopback.test(ours.hostname))
}

/** A page that a tenant's own door served. */
async function isOwnDoor(origin: string, host: string, doors: LiveOptions['doors']): Promise<boolean> {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase() && Boolean(await doors.tenantOfHost(host))
}
