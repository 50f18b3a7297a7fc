// Probes (S0.15, S2.15): alive, ready, who runs, and the metrics for those who may read them.
import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refuse } from './errors.ts'
import type { Doorkeeper } from './http.ts'
import type { Metrics } from './metrics.ts'
import { opens } from './scopes.ts'

export type ProbeOptions = {
  version: string
  startedAt: number
  metrics: Metrics
  metricsToken: string | undefined
  doorkeeper: Pick<Doorkeeper, 'authenticate'>
  /** @returns what is not ready, by name; empty when all is */
  notReady(): Promise<string[]>
  /** @returns what works with less than usual, by name: all is answered, so it is no reason to send requests elsewhere */
  degraded(): string[]
  /** adapters, lag and holders: for operators */
  details(): Promise<Record<string, unknown>>
  /** fills the gauges before they are read */
  refresh(): Promise<void>
}

export function addProbes(app: FastifyInstance, o: ProbeOptions): void {
  const isOperator = async (req: FastifyRequest) => {
    const token = /^Bearer (\S+)$/i.exec(req.headers.authorization ?? '')?.[1]
    const principal = token === undefined ? undefined : await o.doorkeeper.authenticate(token, { ip: req.ip })
    return principal?.operator === true && opens(principal, 'admin')
  }
  app.get('/health', () => ({ status: 'ok' }))
  app.get('/ping', (_req, reply) => reply.type('text/plain').send('pong'))
  app.get('/ready', async (_req, reply) => {
    const missing = await o.notReady()
    return reply.code(missing.length ? 503 : 200).send({ status: missing.length ? 'not ready' : 'ready', missing, degraded: o.degraded() })
  })
  app.get('/status', async (req) => {
    const open = { status: o.degraded().length ? 'degraded' : 'ok', version: o.version, uptimeSeconds: Math.floor((Date.now() - o.startedAt) / 1000) }
    return (await isOperator(req)) ? { ...open, ...(await o.details()) } : open
  })
  app.get('/metrics', async (req, reply) => {
    const given = /^Bearer (\S+)$/i.exec(req.headers.authorization ?? '')?.[1]
    const byToken = given !== undefined && o.metricsToken !== undefined && sameText(given, o.metricsToken)
    // loopback without a proxy in between: a forwarded request comes from anywhere
    const local = /^(127\.|::1$|::ffff:127\.)/.test(req.socket.remoteAddress ?? '') && !req.headers['x-forwarded-for'] && !req.headers.forwarded
    if (!byToken && !local && !(await isOperator(req))) refuse(given ? 'permission.denied' : 'auth.required', 'metrics are for loopback, operators, or METRICS_TOKEN')
    await o.refresh()
    return reply.type(o.metrics.registry.contentType).send(await o.metrics.registry.metrics())
  })
}
const sameText = (a: string, b: string) => Buffer.byteLength(a) === Buffer.byteLength(b) && timingSafeEqual(Buffer.from(a), Buffer.from(b))
