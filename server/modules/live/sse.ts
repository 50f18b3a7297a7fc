// The live stream as Server-Sent Events (HTML standard, 9.2): the same frames as `data:`, their cursor as `id:`, resumed by Last-Event-ID.
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ServerResponse } from 'node:http'
import { refuse, refuseField } from '../../kernel/errors.ts'
import { Ended, type Hub } from './hub.ts'
import type { Wire } from './subscription.ts'
import { maxTopics } from './topics.ts'

const farewellMs = 1000

/** Adds GET /api/v1/live. */
export function mountEventStream(app: FastifyInstance, hub: Hub): void {
  app.route({
    method: 'GET', url: '/api/v1/live', exposeHeadRoute: false, // HEAD on a stream would never answer
    handler: async (req, reply) => {
      req.operation = 'live.listen'
      const token = /^Bearer (\S+)$/i.exec(req.headers.authorization ?? '')?.[1]
      if (!token) refuse('auth.required')
      const viewer = await hub.hintedBy(req).then((hinted) => hub.admit(token, { ip: req.ip }, hinted)).catch(answerFor)
      const topics = topicsOf(req.query as Record<string, unknown>)
      const after = req.headers['last-event-id']
      if (hub.isDraining()) refuse('unavailable')
      const wire = openWire(reply)
      const stream = await hub.begin(viewer, token, wire, { after: typeof after === 'string' && after !== '' ? after : undefined, topics }).catch((error: unknown) => {
        wire.close(error instanceof Ended ? error.code : 1011, String(error))
      })
      if (!stream) return reply
      const gone = () => stream.close(1006, 'gone')
      if (reply.raw.destroyed) gone()
      else reply.raw.on('close', gone)
      return reply
    },
  })
}

function answerFor(error: unknown): never {
  if (error instanceof Ended) refuse(error.problem, error.message)
  throw error
}
function topicsOf(query: Record<string, unknown>): string[] {
  const unknown = Object.keys(query).find((name) => name !== 'topics')
  if (unknown) refuseField(`/${unknown}`, 'is not known here', 'query')
  const topics = [query.topics ?? []].flat().flatMap((text) => String(text).split(',')).filter((topic) => topic !== '')
  if (topics.length === 0) refuseField('/topics', 'must name at least one topic', 'query')
  if (topics.length > maxTopics) refuseField('/topics', `must name at most ${maxTopics} topics`, 'query')
  return topics
}

/** From here on the framework sends nothing more: what its hooks have set is written by hand. */
function openWire(reply: FastifyReply): Wire {
  const response: ServerResponse = reply.raw
  reply.hijack()
  response.on('error', () => {})
  response.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>), 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no',
    connection: 'close', // else the connection stays behind, idle, when the stream ends, and the server waits for it
  })
  response.flushHeaders()
  return {
    protocol: 'sse',
    write: (bytes) => void (!response.writableEnded && response.write(bytes)),
    unsent: () => response.writableLength,
    drained: () => new Promise((resolve) => {
      if (response.destroyed || !response.writableNeedDrain) return resolve(undefined)
      const done = () => {
        response.off('drain', done)
        response.off('close', done)
        resolve(undefined)
      }
      response.on('drain', done)
      response.on('close', done)
    }),
    close() {
      response.end()
      const last = setTimeout(() => response.destroy(), farewellMs)
      response.on('close', () => clearTimeout(last))
    },
  }
}
