// Identity behind the real HTTP server on a fresh database, with its jobs at work and the log heard, as app.ts does it.
import type { TestContext } from 'node:test'
import type { EventDeclaration } from '../kernel/events.ts'
import { createServer } from '../kernel/http.ts'
import { mailBinding, mailEvents, type MailText } from '../kernel/mail.ts'
import type { Module } from '../kernel/module.ts'
import { createPermissions } from '../kernel/permissions.ts'
import { Type } from '../kernel/schema.ts'
import { get, routes } from '../kernel/route.ts'
import { openTail } from '../kernel/tail.ts'
import { identityEvents, identityModule, openIdentity, type Identity, type IdentitySettings } from '../modules/identity/module.ts'
import { startWorker } from '../kernel/jobs.ts'
import { headerDoors } from './http.ts'
import { openTestKernel, probeEvents, testKernel, type TestKernel } from './kernel.ts'

export type Answered = { status: number; body: any; headers: Record<string, unknown>; cookies: string[] }
type Options = { settings?: Partial<IdentitySettings>; modules?: (identity: Identity, kernel: TestKernel) => readonly Module[]; groups?: readonly Record<string, EventDeclaration>[]; beside?: TestKernel }
export const setupToken = 'set-up token of the test'
export const goodPassword = 'tulips-under-glass 41'

/** One route per access, to see who is let in. */
const probe = routes('probe', {
  tenant: get('/probe/tenant', { summary: 'Who asks', returns: Type.Object({ tenant: Type.String(), role: Type.String(), person: Type.String() }), handle: async (ctx) => ({ tenant: ctx.tenant, role: ctx.role!, person: ctx.actor.id! }) }),
})

/** @param beside a kernel of another server over the same database: this one is then another process */
export async function testIdentity(t: Pick<TestContext, 'after'>, { settings = {}, modules = () => [], groups = [], beside }: Options = {}) {
  const all = [identityEvents, mailEvents, ...groups]
  const kernel = beside ? await openTestKernel(beside.database, [probeEvents, ...all]) : await testKernel(t, { groups: all })
  const identity = await openIdentity(kernel, { registration: 'open', requireVerifiedEmail: false, multiTenant: true, limits: false, ...settings })
  const list: Module[] = [identityModule(identity, { tenantAt: async () => undefined, brandOf: async () => undefined, requireOpen: async () => {}, isOurs: () => true }), ...modules(identity, kernel), { name: 'probe', about: 'for tests', routes: probe }]
  const app = await createServer({
    operations: list.flatMap((m) => m.routes ?? []), permissions: createPermissions(list), app: kernel.app, system: kernel.system, doorkeeper: identity.doorkeeper, doors: { ...headerDoors(() => undefined), findTenant: identity.doorkeeper.findTenant }, bus: kernel.bus, log: kernel.log,
    tenantHeader: 'org-id', corsOrigins: [], trustProxy: [], limits: settings.limits ?? false,
  })
  for (const module of list) await module.mount?.(app)
  const tail = await openTail(kernel.system)
  tail.watch(identity.hear)
  let stepping = Promise.resolve()
  const step = () => void (stepping = stepping.then(async () => { while (await tail.step()); }).catch(() => {}))
  const unhear = kernel.bell.hear(step)
  const poll = setInterval(step, 50)
  t.after(async () => {
    clearInterval(poll)
    unhear()
    await stepping
    await app.close()
    await identity.close()
    if (beside) await kernel.close()
  })

  async function call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT', path: string, { token, body, headers = {}, form }: { token?: string | undefined; body?: unknown; headers?: Record<string, string>; form?: Record<string, string> } = {}): Promise<Answered> {
    const answer = await app.inject({
      method, url: path.startsWith('/') && !/^\/(auth|users|tenants|probe|members|invitations|security)/.test(path) ? path : `/api/v1${path}`,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}), ...headers },
      ...(form ? { payload: new URLSearchParams(form).toString() } : body === undefined ? {} : { payload: JSON.stringify(body) }),
    })
    const json = String(answer.headers['content-type'] ?? '').includes('json')
    return { status: answer.statusCode, body: json && answer.body ? answer.json() : answer.body, headers: answer.headers, cookies: [answer.headers['set-cookie'] ?? []].flat() }
  }
  /** The first account: operator and owner of a first tenant. */
  const setUp = async () => (await identity.accounts.prepareSetup(setupToken), (await call('POST', '/auth/register', { body: { email: 'ops@example.test', password: goodPassword, name: 'Ops', setupToken } })).body)
  const register = async (name: string, more: object = {}) => (await call('POST', '/auth/register', { body: { email: `${name}@example.test`, password: goodPassword, name, ...more } })).body
  const login = (name: string, more: object = {}) => call('POST', '/auth/login', { body: { email: `${name}@example.test`, password: goodPassword, ...more } })
  const refresh = (refreshToken: string) => call('POST', '/auth/refresh', { body: { refreshToken } })
  const query = async <T extends object>(text: string, values: unknown[] = []) => (await kernel.system.pool.query<T>(text, values)).rows
  /** Runs the queued letters. @returns the mails so far, oldest first */
  async function letters(): Promise<MailText[]> {
    const worker = startWorker({ db: kernel.system, handlers: identity.jobs, pollMs: 10, parallel: 1 })
    for (let waiting = 1; waiting; ) {
      waiting = Number((await query<{ n: number }>(`select count(*)::int as n from jobs where name = 'identity.letter' and status in ('ready', 'running')`))[0]!.n)
      if (waiting) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await worker.stop()
    const rows = await query<{ id: string; sealed: Buffer }>('select id, sealed from mails order by id')
    return Promise.all(rows.map(async ({ id, sealed }) => JSON.parse((await kernel.keys.open(sealed, mailBinding(id)))!) as MailText))
  }
  return { kernel, identity, app, call, setUp, register, login, refresh, query, letters }
}
export type TestIdentity = Awaited<ReturnType<typeof testIdentity>>
