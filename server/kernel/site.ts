// Serves the built console under a strict policy: the page is a template in memory with a nonce per answer, assets are precompressed and immutable,
// and only a browser asking for a page outside our own paths gets it; a missing asset or API path is a 404.
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** First path segments that are never a page of the console. */
const ours = new Set(['api', 'assets', 'live', 'oauth', 't', 'hooks', 'scim', 'files', 'brand', '.well-known', 'login', 'logout', 'forgot', 'reset', 'verify', 'consent', 'interaction', 'health', 'ready', 'ping', 'status', 'metrics'])

const policy = (nonce: string) =>
  `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`

/** Headers of every HTML page; pages without script of ours leave it out of the policy. */
export function pageHeaders(reply: FastifyReply, contentPolicy: string): FastifyReply {
  return reply.headers({ 'content-security-policy': contentPolicy, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin', 'cross-origin-opener-policy': 'same-origin' }).type('text/html; charset=utf-8')
}
/** For pages that are HTML and one stylesheet of ours, nothing else. */
export const plainPolicy = (formTargets = ''): string => `default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'${formTargets ? ` ${formTargets}` : ''}; frame-ancestors 'none'; base-uri 'none'`

export type Site = {
  /** the page, when a browser asks for one outside our own paths */
  page(req: FastifyRequest, reply: FastifyReply): FastifyReply | undefined
  register(app: FastifyInstance): Promise<void>
}

/** @param folder with index.html and assets/ @param oneTeam what the console must know before anybody is signed in @returns undefined when the console is not built: then there are no pages */
export function openSite(folder: string, { oneTeam = false } = {}): Site | undefined {
  const index = path.join(folder, 'index.html')
  if (!fs.existsSync(index)) return undefined
  const html = fs.readFileSync(index, 'utf8').replace('</head>', oneTeam ? '<meta name="teams" content="one">\n</head>' : '</head>')
  const send = (reply: FastifyReply) => {
    const nonce = randomBytes(16).toString('base64')
    return pageHeaders(reply, policy(nonce)).send(html.replaceAll('__CSP_NONCE__', nonce))
  }
  return {
    page(req, reply) {
      const first = req.url.split(/[/?]/, 2)[1] ?? ''
      const wanted = (req.method === 'GET' || req.method === 'HEAD') && (req.headers.accept ?? '').includes('text/html') && !ours.has(first)
      return wanted ? send(reply) : undefined
    },
    async register(app) {
      await app.register(fastifyStatic, { root: path.join(folder, 'assets'), prefix: '/assets/', preCompressed: true, immutable: true, maxAge: '1y', index: false, decorateReply: false })
      app.get('/', (_req, reply) => send(reply))
      for (const name of fs.readdirSync(folder).filter((f) => f !== 'index.html' && types[path.extname(f)])) {
        const bytes = fs.readFileSync(path.join(folder, name))
        app.get(`/${name}`, (_req, reply) => reply.header('cache-control', 'public, max-age=86400').type(types[path.extname(name)]!).send(bytes))
      }
    },
  }
}
const types: Record<string, string> = { '.svg': 'image/svg+xml', '.png': 'image/png', '.ico': 'image/x-icon', '.webmanifest': 'application/manifest+json' }
