// Modules behind the real HTTP server on a fresh database, with a doorkeeper whose tokens say who they stand for.
import type { TestContext } from 'node:test'
import type { FastifyInstance, InjectOptions } from 'fastify'
import type { Doors } from '../kernel/doors.ts'
import type { EventDeclaration } from '../kernel/events.ts'
import { createServer, type Doorkeeper } from '../kernel/http.ts'
import { newId } from '../kernel/ids.ts'
import type { Module } from '../kernel/module.ts'
import { createPermissions } from '../kernel/permissions.ts'
import type { TenantRole } from '../kernel/schema.ts'
import { runAs, testKernel, type TestKernel } from './kernel.ts'
import type { ServerOptions } from './postgres.ts'

export type Person = { id: string; token: string; role: TenantRole; tenant: string; scopes?: readonly string[]; permissions?: readonly string[] }
export type Answered = { status: number; body: any; headers: Record<string, unknown> }
export type TestHttp = {
  kernel: TestKernel
  app: FastifyInstance
  /** a new person with this role in the tenant; a row in identity.user and identity.member when those tables are there */
  person(role: TenantRole, tenant?: string, more?: { operator?: boolean; name?: string; /** those of their token */ scopes?: readonly string[]; permissions?: readonly string[] }): Promise<Person>
  as(person: Person | undefined, method: InjectOptions['method'], path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>
}

/** Tenants have no address of their own, and all are open. */
export const headerDoors = (findTenant: (hint: string) => string | undefined): Doors => ({ findTenant: async (hint) => findTenant(hint), tenantOfHost: async () => undefined, stateOf: () => ({ status: 'active', off: new Set() }), stateNow: async () => ({ status: 'active', off: new Set() }) })

/** @param modules made after the kernel, since some need it */
export async function testHttp(t: Pick<TestContext, 'after'>, { modules, groups, extra, server, limits = false }: { modules: (kernel: TestKernel) => readonly Module[]; groups: Record<string, EventDeclaration>[]; extra?: string; server?: ServerOptions; limits?: boolean }): Promise<TestHttp> {
  const kernel = await testKernel(t, { groups, extra, server })
  const list = modules(kernel)
  const people = new Map<string, Person & { operator: boolean; name: string }>()
  const doorkeeper: Doorkeeper = {
    authenticate: (token) => {
      const p = people.get(token)
      return p && { actor: { type: 'user', id: p.id }, tenant: p.tenant, operator: p.operator, session: p.id, name: p.name, expiresAt: Date.now() + 600_000, ...(p.scopes ? { scopes: p.scopes, permissions: p.permissions ?? [] } : {}) }
    },
    roleIn: (tenant, person) => [...people.values()].find((p) => p.tenant === tenant && p.id === person)?.role,
  }
  const app = await createServer({
    operations: list.flatMap((m) => m.routes ?? []), permissions: createPermissions(list), app: kernel.app, system: kernel.system, doorkeeper, doors: headerDoors((hint) => [...people.values()].find((p) => p.tenant === hint)?.tenant), bus: kernel.bus, log: kernel.log,
    tenantHeader: 'org-id', corsOrigins: ['http://app.test'], trustProxy: [], limits,
  })
  t.after(() => app.close())
  const known = new Set<string>()
  return {
    kernel, app,
    async person(role, tenant = newId(), { operator = false, name = 'Test Person', ...token } = {}) {
      const id = newId()
      const p = { id, token: `token-${id}`, role, tenant, operator, name, ...token }
      people.set(p.token, p)
      await runAs(kernel.database, 'identity', `do $$ begin if to_regclass('identity.member') is not null then
        ${known.has(tenant) ? '' : `insert into identity.organization (id, name, slug, "createdAt") values ('${tenant}', 'Tenant', 't-${tenant.slice(0, 8)}${tenant.slice(-6)}', now());`}
        insert into identity."user" (id, name, email, "emailVerified", "createdAt", "updatedAt") values ('${id}', '${name.replaceAll("'", "''")}', '${id}@example.test', true, now(), now());
        insert into identity.member (id, "organizationId", "userId", role, "createdAt") values ('${newId()}', '${tenant}', '${id}', '${role}', now());
      end if; end $$`)
      known.add(tenant)
      return p
    },
    async as(person, method, path, body, headers = {}) {
      const answer = await app.inject({
        method, url: path.startsWith('/api') || path.startsWith('/t/') ? path : `/api/v1${path}`,
        headers: { ...(person ? { authorization: `Bearer ${person.token}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const type = String(answer.headers['content-type'] ?? '')
      return { status: answer.statusCode, body: type.includes('json') ? answer.json() : answer.body, headers: answer.headers }
    },
  }
}
