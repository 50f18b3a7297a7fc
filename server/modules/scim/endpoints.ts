// /scim/v2: the directory's own paths, bodies and errors (RFC 7644). They are no operations of the API: another protocol, with a token of its own.
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../kernel/db.ts'
import { platformId } from '../../kernel/ids.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Limit } from '../../kernel/ports.ts'
import { resourceTypes, schemas, serviceProvider } from './described.ts'
import { faultBody, ScimFault } from './faults.ts'
import type { Groups } from './groups.ts'
import type { Entry } from './patch.ts'
import { findToken, touchToken } from './queries.ts'
import type { Users } from './users.ts'

const perToken: Limit = { max: 3000, windowMs: 60_000 }
const most = 200
type Resource = Pick<Users, 'list' | 'get' | 'create' | 'replace' | 'patch' | 'remove'> | Pick<Groups, 'list' | 'get' | 'create' | 'replace' | 'patch' | 'remove'>

export async function addScim(app: FastifyInstance, { kernel, users, groups, base, limits }: { kernel: Pick<Kernel, 'app' | 'system' | 'bus' | 'log' | 'switches'>; users: Users; groups: Groups; base: string; limits: boolean }): Promise<void> {
  await app.register(async (scim) => {
    scim.removeAllContentTypeParsers()
    scim.addContentTypeParser(['application/scim+json', 'application/json'], { parseAs: 'string' }, (_req, body, done) => {
      try {
        done(null, JSON.parse((body as string) || '{}'))
      } catch {
        done(new ScimFault(400, 'the body is no valid JSON', 'invalidSyntax'))
      }
    })
    const send = (reply: FastifyReply, status: number, body?: object) => reply.code(status).type('application/scim+json').serializer((b: unknown) => JSON.stringify(b)).send(body)
    scim.setErrorHandler((error, req, reply) => {
      const { status, body } = faultBody(error)
      if (status >= 500) kernel.log.error({ requestId: req.id, error: String((error as Error).stack ?? error) }, 'a provisioning request failed')
      if (status === 401) reply.header('www-authenticate', 'Bearer')
      return send(reply, status, body)
    })
    scim.setNotFoundHandler((req, reply) => send(reply, 404, faultBody(nothingAt(req)).body))

    /** The tenant whose token it is; everything below happens as that token, under the tenant's policies. */
    async function contextOf(req: FastifyRequest): Promise<Context> {
      const token = /^Bearer (\S+)$/i.exec(req.headers.authorization ?? '')?.[1]
      const [[row]] = token?.startsWith('scim_') ? await kernel.system.context({ tenant: platformId, actor: { type: 'system', id: null }, request: req.id }).read(findToken(createHash('sha256').update(token).digest())) : [[]]
      if (!row) throw new ScimFault(401, 'the token is not valid')
      if (!(await kernel.switches.isOn(row.tenantId, 'scim'))) throw nothingAt(req)
      if (limits && !(await kernel.bus.take(`scim:${row.id}`, perToken)).allowed) throw new ScimFault(429, 'too many requests: wait a minute')
      const who = { tenant: row.tenantId, actor: { type: 'key' as const, id: row.id }, request: req.id, role: 'admin' as const }
      if (!row.usedAt || Date.now() - Date.parse(row.usedAt) > 60_000) await kernel.system.flush(who, touchToken(row.id))
      return kernel.app.context(who)
    }
    const listBody = (rows: object[], total: number, startIndex: number) => ({ schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'], totalResults: total, startIndex, itemsPerPage: rows.length, Resources: rows })
    function askedOf(req: FastifyRequest) {
      const q = req.query as Record<string, string | undefined>
      const number = (name: string, otherwise: number) => {
        if (q[name] === undefined) return otherwise
        if (!/^-?\d{1,9}$/.test(q[name])) throw new ScimFault(400, `${name} must be a number`, 'invalidValue')
        return Number(q[name])
      }
      return { filter: q.filter || undefined, startIndex: Math.max(1, number('startIndex', 1)), count: Math.min(most, Math.max(0, number('count', 100))) }
    }
    /** `excludedAttributes=members` keeps large groups light. */
    function trimmed<T extends object>(req: FastifyRequest, resource: T): T {
      const { excludedAttributes, attributes } = req.query as Record<string, string | undefined>
      const names = (given: string | undefined) => given?.split(',').map((n) => n.trim().toLowerCase()).filter(Boolean)
      const [without, only] = [names(excludedAttributes), names(attributes)]
      if (!without && !only) return resource
      return Object.fromEntries(Object.entries(resource).filter(([key]) => ['schemas', 'id'].includes(key) || (only ? only.some((n) => n.split('.')[0] === key.toLowerCase()) : !without!.includes(key.toLowerCase())))) as T
    }
    const bodyOf = (req: FastifyRequest): Entry => {
      if (req.body === null || typeof req.body !== 'object' || Array.isArray(req.body)) throw new ScimFault(400, 'the body must be a JSON object', 'invalidSyntax')
      return req.body as Entry
    }
    const idOf = (req: FastifyRequest) => (req.params as { id: string }).id
    const withTag = (reply: FastifyReply, resource: { meta: { version: string; location: string } }, status = 200) => {
      reply.header('etag', resource.meta.version)
      if (status === 201) reply.header('location', resource.meta.location)
      return status
    }

    for (const [path, resource] of [['Users', users], ['Groups', groups]] as [string, Resource][]) {
      scim.get(`/${path}`, async (req, reply) => {
        const ctx = await contextOf(req)
        const asked = askedOf(req)
        const { rows, total } = await resource.list(ctx, asked)
        return send(reply, 200, listBody(rows.map((r) => trimmed(req, r)), total, asked.startIndex))
      })
      scim.get(`/${path}/:id`, async (req, reply) => {
        const found = await resource.get(await contextOf(req), idOf(req))
        return send(reply, withTag(reply, found), trimmed(req, found))
      })
      scim.post(`/${path}`, async (req, reply) => {
        const made = await resource.create(await contextOf(req), bodyOf(req))
        return send(reply, withTag(reply, made, 201), made)
      })
      scim.put(`/${path}/:id`, async (req, reply) => {
        const kept = await resource.replace(await contextOf(req), idOf(req), bodyOf(req))
        return send(reply, withTag(reply, kept), kept)
      })
      scim.patch(`/${path}/:id`, async (req, reply) => {
        const kept = await resource.patch(await contextOf(req), idOf(req), bodyOf(req))
        return send(reply, withTag(reply, kept), trimmed(req, kept))
      })
      scim.delete(`/${path}/:id`, async (req, reply) => {
        await resource.remove(await contextOf(req), idOf(req))
        return reply.code(204).send()
      })
    }
    const described: [string, object | ((req: FastifyRequest) => object)][] = [
      ['ServiceProviderConfig', serviceProvider(base)], ['ResourceTypes', listBody(resourceTypes(base), 2, 1)], ['Schemas', listBody(schemas(base), 2, 1)],
    ]
    for (const [path, body] of described) scim.get(`/${path}`, async (req, reply) => (await contextOf(req), send(reply, 200, body)))
    scim.get('/ResourceTypes/:id', async (req, reply) => (await contextOf(req), send(reply, 200, resourceTypes(base).find((r) => r.id === idOf(req)) ?? missing(idOf(req)))))
    scim.get('/Schemas/:id', async (req, reply) => (await contextOf(req), send(reply, 200, schemas(base).find((s) => s.id === idOf(req)) ?? missing(idOf(req)))))
  }, { prefix: '/scim/v2' })
}
const nothingAt = (req: FastifyRequest) => new ScimFault(404, `there is nothing at ${req.url.split('?')[0]}`)
const missing = (id: string): never => {
  throw new ScimFault(404, `there is no ${id}`)
}
