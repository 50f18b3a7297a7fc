// Security headers of every answer, and CORS (S1.2): only origins named in CORS_ORIGINS, with credentials, preflight answered here.
import type { FastifyReply, FastifyRequest } from 'fastify'

/** For API answers; pages set their own policy with a nonce. */
export const securityHeaders: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'same-origin'],
  ['x-frame-options', 'DENY'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-site'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cache-control', 'no-store'],
]
const allowedHeaders = 'authorization, content-type, idempotency-key, if-match, x-request-id, traceparent, last-event-id'
const exposed = 'etag, location, retry-after, ratelimit, ratelimit-policy, x-request-id, idempotency-replayed, www-authenticate'

/** @returns a judge that sets the headers and says whether the request was a preflight, now answered */
export function corsOf(origins: readonly string[], tenantHeader = 'org-id'): (req: FastifyRequest, reply: FastifyReply) => boolean {
  const allowed = new Set(origins)
  return (req, reply) => {
    const { origin } = req.headers
    if (!origin) return false
    reply.header('vary', 'origin')
    const preflight = req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined
    if (!allowed.has(origin)) return preflight // answered without the permission: the browser refuses
    reply.header('access-control-allow-origin', origin).header('access-control-allow-credentials', 'true').header('access-control-expose-headers', exposed)
    reply.header('cross-origin-resource-policy', 'cross-origin')
    if (!preflight) return false
    reply.header('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE').header('access-control-allow-headers', `${allowedHeaders}, ${tenantHeader}`).header('access-control-max-age', '600')
    return true
  }
}
