// The issuers' own addresses: /oauth, /t/{tenantId}/oauth, and the metadata of RFC 8414, whose well-known part stands in front. The library reads the
// body and answers by itself; before it sees a request, the public address is written over whatever the client said of host and scheme.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refuse } from '../../kernel/errors.ts'
import type { Bus } from '../../kernel/ports.ts'
import { lineOf } from '../../kernel/public-address.ts'
import { caller, type Identity } from '../identity/api.ts'
import { addInteractions } from './interactions.ts'
import { issuerPath, type Issuers, type OAuthParts } from './issuers.ts'

type Answer = TenantAnswer['answer']
type TenantAnswer = { answer: Identity['issuer']['answer'] }
type ByTenant = FastifyRequest<{ Params: { tenantId: string } }>
const metadataPath = '/.well-known/oauth-authorization-server'
/** The library reads up to this much of a form. */
const mostBytes = 56 * 1024
const perMinute = { endpoints: 600, codes: 30 }
/** For what the library renders itself: answers by form_post, which submit themselves; it adds the hash of its one script. */
const libraryPolicy = `default-src 'none'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'`

export async function addIssuers(app: FastifyInstance, parts: OAuthParts & { take: Bus['take'] | undefined }, issuers: Issuers): Promise<void> {
  const { identity, kernel } = parts
  const { protocol, host } = new URL(kernel.publicUrl)

  async function limit(req: FastifyRequest, reply: FastifyReply, name: keyof typeof perMinute): Promise<boolean> {
    const taken = await parts.take?.(`oauth:${name}:${lineOf(req.ip)}`, { max: perMinute[name], windowMs: 60_000 })
    if (!taken || taken.allowed) return true
    const seconds = Math.max(1, Math.ceil(taken.resetMs / 1000))
    reply.code(429).header('retry-after', String(seconds)).send({ error: 'temporarily_unavailable', error_description: `too many requests: wait ${seconds} s` })
    return false
  }
  function hand(req: FastifyRequest, reply: FastifyReply, answer: Answer, prefix: string, path: string): unknown {
    const { raw } = req
    if (Number(raw.headers['content-length'] ?? 0) > mostBytes) return reply.code(413).send({ error: 'invalid_request', error_description: `the body is larger than ${mostBytes} bytes` })
    reply.hijack() // hooks that would set headers do not run any more
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined && name !== 'cache-control') reply.raw.setHeader(name, value as string)
    reply.raw.setHeader('content-security-policy', libraryPolicy)
    reply.raw.setHeader('cross-origin-resource-policy', 'cross-origin') // who may read it is said by CORS
    raw.headers.host = host
    raw.headers['x-forwarded-proto'] = protocol.slice(0, -1)
    raw.headers['x-forwarded-for'] = req.ip
    delete raw.headers['x-forwarded-host']
    Object.assign(raw, { originalUrl: prefix + path }) // before the prefix is cut, or the advertised endpoints are wrong
    raw.url = path
    // what only gives a token or looks at one leaves nothing in the log: its followers are not woken for it, and what does (an end, a sign-in) rings by itself
    const writes = raw.method !== 'GET' && raw.method !== 'OPTIONS' && !/^\/(token|introspect|userinfo)(\?|$)/.test(path)
    if (writes) reply.raw.once('finish', identity.changed) // triggers ring no bell
    return issuers.during({ id: req.id, ip: req.ip }, () => caller.run({ actor: null, request: req.id }, () => answer(raw, reply.raw)))
  }
  const tenantIssuer = async (req: ByTenant) => (await issuers.find(req.params.tenantId)) ?? refuse('tenant.not_found', 'no such issuer: an issuer is named by its tenant\'s id')
  /** Parameters of other kinds than the path's are the library's to judge. */
  const pathBehind = (req: FastifyRequest, prefix: string) => (req.raw.url ?? '').slice(prefix.length) || '/'

  await app.register(async (raw) => {
    raw.removeAllContentTypeParsers()
    raw.addContentTypeParser('*', (_req, _payload, done) => done(null))
    const serve = (url: string, pick: (req: ByTenant) => Promise<TenantAnswer>, prefixOf: (req: ByTenant) => string) => {
      raw.route({
        method: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'], url: `${url}/*`, exposeHeadRoute: false, config: { ownCors: true },
        handler: async (req, reply) => {
          const prefix = prefixOf(req as ByTenant)
          const path = pathBehind(req, prefix)
          if (req.method === 'GET' && /^\/device(\?|$)/.test(path)) return reply.redirect(`${prefix}/activate`, 303) // a person who typed what machines post to
          if (!(await limit(req, reply, req.method === 'POST' && path.startsWith('/activate') ? 'codes' : 'endpoints'))) return reply
          return hand(req, reply, (await pick(req as ByTenant)).answer, prefix, path)
        },
      })
      raw.route({
        method: ['GET', 'OPTIONS'], url: metadataPath + url, exposeHeadRoute: false, config: { ownCors: true },
        handler: async (req, reply) => ((await limit(req, reply, 'endpoints')) ? hand(req, reply, (await pick(req as ByTenant)).answer, prefixOf(req as ByTenant), metadataPath) : reply),
      })
    }
    serve('/oauth', async () => identity.issuer, () => '/oauth')
    serve('/t/:tenantId/oauth', tenantIssuer, (req) => issuerPath(req.params.tenantId))
  })
  await app.register(async (pages) => addInteractions(pages, parts, issuers))
}
