// The real app, as main.ts starts it, on a fresh database: every module, its readers and jobs at work, spoken to without a port.
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import type { InjectOptions } from 'fastify'
import { openLocalBus } from '../adapters/bus-local.ts'
import { openOutbox } from '../adapters/mail-outbox.ts'
import { openSmtpMail } from '../adapters/mail-smtp.ts'
import { openQuickJs } from '../adapters/sandbox-quickjs.ts'
import { openApp, type App, type AppOptions } from '../app.ts'
import { readConfig } from '../config.ts'
import { openEgress } from '../kernel/egress.ts'
import type { Context } from '../kernel/db.ts'
import { silent, type Logger } from '../kernel/log-lines.ts'
import { mailBinding, type MailText } from '../kernel/mail.ts'
import { NotThere, type Database, type Dns } from '../kernel/ports.ts'
import type { TenantRole } from '../kernel/schema.ts'
import { afterwards } from './afterwards.ts'
import { migratedDatabase } from './kernel.ts'
import type { ServerOptions } from './postgres.ts'

export type Signed = { user: { id: string; email: string; name: string; role: string }; tenant: { id: string; slug: string; name: string; role: TenantRole } | null; accessToken: string; refreshToken: string }
export type Answered = { status: number; body: any; headers: Record<string, unknown> }
/** A signed-in person, a bare token, or nobody. */
export type Caller = { accessToken: string } | string | undefined
export type TestApp = App & {
  database: Database
  /** The first call makes the operator's account, with the first tenant. Unless `tenantName` is null, a tenant of one's own comes with it. @throws unless 201 */
  register(name: string, more?: { tenantName?: string | null; invitationToken?: string }): Promise<Signed>
  login(name: string, more?: { tenant?: string; password?: string }): Promise<Signed>
  /** A person with this role in the tenant of `owner`, by invitation, signed in to it. */
  member(owner: Caller, role: TenantRole, name?: string): Promise<Signed>
  as(person: Caller, method: InjectOptions['method'], path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>
  /** A call that must succeed. @throws with the answer @returns its body */
  ok(person: Caller, method: InjectOptions['method'], path: string, body?: unknown, headers?: Record<string, string>): Promise<any>
  query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>
  /** For what no request can do; as gw_system. */
  system: Context
  /** Waits until every reader has passed what is committed, and no job is due. */
  settled(): Promise<void>
  /** All mails so far, oldest first. */
  mails(): Promise<MailText[]>
}
export const password = 'tulips-under-glass 41'
const setupToken = 'set-up token of the test'
/** Nobody has proved anything. */
const emptyDns: Dns = { txt: async (name) => { throw new NotThere(name) } }

export type TestAppOptions = Partial<Pick<AppOptions, 'mail' | 'bus' | 'egress' | 'log' | 'dns'>> & {
  /** settings, as the environment would say them */
  settings?: Record<string, string>
  /** another process over the same database; it ends with this test too */
  beside?: TestApp
  server?: ServerOptions
}

/** Limits are off unless `settings` turns them on. */
export async function testApp(t: Pick<TestContext, 'after'>, { settings = {}, beside, server, ...parts }: TestAppOptions = {}): Promise<TestApp> {
  const database = beside?.database ?? (await migratedDatabase(t, server))
  const config = readConfig({ RATE_LIMITS: 'off', PUBLIC_URL: 'http://app.test', PORT: '8080', ...settings })
  const bus = parts.bus ?? (await openLocalBus({ connection: database.connection('system') }))
  const egress = parts.egress ?? openEgress({ allow: config.EGRESS_ALLOW })
  const faults: unknown[] = [] // what a 500 was, for whoever did not expect one
  const log: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: (...line: unknown[]) => void (faults.length < 20 && faults.push(line)) }
  const app = await openApp({ config, database, bus, egress, openSandbox: (out) => openQuickJs({ egress: out, log: silent }), mail: parts.mail ?? openOutbox(), openMail: async (to) => openSmtpMail(to), dns: parts.dns ?? emptyDns, tellCallsMs: 3_600_000, platformKey: Buffer.alloc(32, 7), log: parts.log ?? log, setupToken, consoleFolder: '/nowhere', version: '0.0.0-test' })
  afterwards(t, async () => {
    await app.stop()
    if (!parts.egress) await egress.close()
    if (!parts.bus) await bus.close()
  })
  await app.needsSetup() // keeps the set-up token, as listening would

  const as: TestApp['as'] = async (person, method, path, body, headers = {}) => {
    const token = typeof person === 'string' ? person : person?.accessToken
    const answer = await app.http.inject({
      method: method ?? 'GET', url: /^\/(api|t|health|ready|ping|status|metrics|oauth|login|assets|\.well-known)(\/|$|\?)/.test(path) ? path : `/api/v1${path}`,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
    })
    const json = String(answer.headers['content-type'] ?? '').includes('json') && answer.body !== ''
    return { status: answer.statusCode, body: json ? answer.json() : answer.body, headers: answer.headers }
  }
  const ok: TestApp['ok'] = async (person, method, path, body, headers) => {
    const answer = await as(person, method, path, body, headers)
    if (answer.status < 200 || answer.status > 299) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}${answer.status >= 500 ? inspect(faults, { depth: 4 }) : ''}`)
    return answer.body
  }
  const query = async <Row extends object>(text: string, values: unknown[] = []) => (await app.kernel.system.pool.query<Row>(text, values)).rows
  const addressOf = (name: string) => (name.includes('@') ? name : `${name.toLowerCase().replaceAll(/\W+/g, '-')}@example.test`)
  const register: TestApp['register'] = async (name, { tenantName = `${name}'s team`, invitationToken } = {}) => {
    const first = !(await app.identity.accounts.isClaimed())
    return ok(undefined, 'POST', '/auth/register', { email: addressOf(name), password, name, ...(first ? { setupToken } : {}), ...(tenantName && !invitationToken ? { tenantName } : {}), ...(invitationToken ? { invitationToken } : {}) })
  }
  let strangers = 0
  return {
    ...app, database, as, ok, query, register,
    login: (name, { tenant, password: given = password } = {}) => ok(undefined, 'POST', '/auth/login', { email: addressOf(name), password: given, ...(tenant ? { tenant } : {}) }),
    async member(owner, role, name = `${role} ${++strangers}`) {
      const { url } = await ok(owner, 'POST', '/invitations', { role })
      return register(name, { invitationToken: tokenOf(url) })
    },
    system: app.kernel.system.context({ tenant: '00000000-0000-0000-0000-000000000000', actor: { type: 'system', id: null }, request: 'test' }),
    async settled() {
      for (;;) {
        const [{ busy } = { busy: 0 }] = await query<{ busy: number }>(`
          select (select count(*) from jobs where (status = 'ready' and run_at <= now()) or status = 'running')::int
               + (select count(*) from runs where status in ('pending', 'running') or (status = 'waiting' and due_at <= now()))::int
               + (select count(*) from readers where not paused and (pos, seq) < (select e.pos, e.seq from events e order by e.pos desc, e.seq desc limit 1))::int as busy`)
        if (!busy) return
        app.kernel.bell.ring()
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async mails() {
      const rows = await query<{ id: string; sealed: Buffer }>('select id, sealed from mails order by id')
      return Promise.all(rows.map(async ({ id, sealed }) => JSON.parse((await app.kernel.keys.open(sealed, mailBinding(id)))!) as MailText))
    },
  }
}

/** The secret behind the # of a link in a mail or an answer. */
export const tokenOf = (link: string): string => /#token=([\w.~-]+)/.exec(link)?.[1] ?? ''
