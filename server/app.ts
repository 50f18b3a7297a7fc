// The modules in order: the table of contents of the running system. openApp starts them and gives back the mirror image that stops them.
import type { FastifyInstance } from 'fastify'
import type { Config } from './config.ts'
import { watchConnections } from './kernel/closing.ts'
import { addDocs } from './kernel/docs-page.ts'
import { requireOpen } from './kernel/doors.ts'
import type { Egress } from './kernel/egress.ts'
import { egressEvents } from './kernel/egress-tenants.ts'
import { createErrorHook } from './kernel/error-hook.ts'
import { createServer } from './kernel/http.ts'
import type { Kernel } from './kernel/kernel.ts'
import type { Logger } from './kernel/log-lines.ts'
import { mailEvents } from './kernel/mail.ts'
import { operationsOf, type Module, type ScopeRule } from './kernel/module.ts'
import { openApiOf } from './kernel/openapi.ts'
import { marked } from './kernel/switches.ts'
import { createPermissions, type PermissionTable } from './kernel/permissions.ts'
import type { Bus, Database, Dns, LetterBox, Mail, OpenMail, OpenMailIn, Sandbox, Traces } from './kernel/ports.ts'
import { addProbes } from './kernel/probes.ts'
import { openKernel, startFollowers, startTail, type Followers } from './kernel/running.ts'
import { openSite } from './kernel/site.ts'
import { joinTokens } from './kernel/tokens.ts'
import { identityEvents, identityModule, openIdentity, type Identity } from './modules/identity/module.ts'
import { createDesk } from './modules/connections/api.ts'
import { connectionEvents, createConnections } from './modules/connections/module.ts'
import { createActivityModule } from './modules/activity/module.ts'
import { createKeys, keyEvents } from './modules/keys/module.ts'
import { createImpersonation, impersonationEvents } from './modules/impersonation/module.ts'
import { createTrustedIssuers, issuerEvents } from './modules/issuers/module.ts'
import { createLive, live } from './modules/live/module.ts'
import { createMail } from './modules/mail/module.ts'
import { createNotifications, notificationEvents } from './modules/notifications/module.ts'
import { createOAuthModule, oauthEvents, openOAuth, type OAuth } from './modules/oauth/module.ts'
import { fillGauges, readerStatus } from './modules/operators/api.ts'
import { createOperators, operatorEvents } from './modules/operators/module.ts'
import { createPlanModule, openPlans, planEvents, type PlanDesk } from './modules/plans/module.ts'
import { projectEvents, projects } from './modules/projects/module.ts'
import { reports } from './modules/reports/module.ts'
import { createScim, scimEvents } from './modules/scim/module.ts'
import { createSso, ssoEvents } from './modules/sso/module.ts'
import { createTasks, taskEvents } from './modules/tasks/module.ts'
import { createWorkflowModule, runEvents, workflowEvents } from './modules/workflows/module.ts'
import { createBranding, createDoors, createTenancyModule, tenancyEvents, type BrandDesk, type TenantDoors } from './modules/tenancy/module.ts'
import { createWebhooks, webhookEvents } from './modules/webhooks/module.ts'

/** Events of all modules, known before any module runs. */
type SocialSetting = Extract<keyof Config, `${string}_CLIENT_${'ID' | 'SECRET'}` | `OIDC_${string}` | 'MICROSOFT_TENANT'>
export const eventGroups = [mailEvents, egressEvents, identityEvents, oauthEvents, tenancyEvents, projectEvents, taskEvents, notificationEvents, webhookEvents, operatorEvents, keyEvents, issuerEvents, impersonationEvents, workflowEvents, runEvents, planEvents, connectionEvents, ssoEvents, scimEvents]

type WorkflowSettings = 'WORKFLOW_MAX_DEPTH' | 'WORKFLOW_RUNS_AT_ONCE' | 'WORKFLOW_MAX_STEPS' | 'WORKFLOW_MAX_RUN_DAYS' | 'WORKFLOW_MAX_INPUT_KIB' | 'RUN_RETENTION_DAYS' | 'WEBHOOK_INBOX_DAYS' | 'MAIL_IN_DOMAIN' | 'WORKFLOW_MAX_OPEN_RUNS' | 'DATA_DIR' | `TEMPORAL_${string}` & keyof Config
export type Parts = { kernel: Kernel; identity: Identity; oauth: OAuth; doors: TenantDoors; brands: BrandDesk; desk: PlanDesk; mail: Mail; openMail: OpenMail; dns: Dns; config: Pick<Config, 'REGISTRATION' | 'EVENT_RETENTION_DAYS' | 'ENABLE_MULTI_TENANT' | 'TRUSTED_ISSUERS' | 'RATE_LIMITS' | SocialSetting | WorkflowSettings> }
/** What the system is made of; later ones may use the api.ts of earlier ones. */
export function createModules({ kernel, identity, oauth, doors, brands, desk, mail, openMail, dns, config }: Parts): readonly Module[] {
  let table: PermissionTable | undefined
  const operations = () => operationsOf(modules)
  const permissions = () => (table ??= createPermissions(modules))
  const connections = createDesk({ kernel, openMail })
  const tenantAt = async (host: string) => (await doors.tenantOfHost(host)) ?? undefined
  const modules: Module[] = [
    identityModule(identity, { tenantAt, brandOf: brands.brandOf, isOurs: doors.isOursAt, requireOpen: async (tenant) => requireOpen(await doors.stateOf(tenant)) }),
    createOAuthModule(oauth),
    createTenancyModule({ kernel, identity, doors, brands, dns, plans: desk.plans, usage: desk.usage, multiTenant: config.ENABLE_MULTI_TENANT, registration: config.REGISTRATION }),
    createSso({ kernel, identity, doors, dns, settings: config }),
    createScim({ kernel, identity, limits: config.RATE_LIMITS === 'on' }),
    projects,
    createTasks(kernel),
    createNotifications({ kernel }),
    createWebhooks(kernel),
    createActivityModule(kernel),
    reports,
    createKeys({ kernel, operations, permissions }),
    createImpersonation({ kernel }),
    createTrustedIssuers({ kernel, identity, doors, setting: config.TRUSTED_ISSUERS }),
    createConnections({ kernel, desk: connections }),
    live,
    createWorkflowModule({
      kernel, desk: connections, mailDomain: config.MAIL_IN_DOMAIN, doorkeeper: identity.doorkeeper, operations, permissions, scopes: () => scopesOf(modules), eventNames: eventGroups.flatMap((group) => Object.keys(group)),
      limits: {
        depth: config.WORKFLOW_MAX_DEPTH, runsPerTenant: config.WORKFLOW_RUNS_AT_ONCE, stepsPerRun: config.WORKFLOW_MAX_STEPS, runDays: config.WORKFLOW_MAX_RUN_DAYS, inputChars: config.WORKFLOW_MAX_INPUT_KIB * 1024,
        retentionDays: config.RUN_RETENTION_DAYS, inboxDays: config.WEBHOOK_INBOX_DAYS, openRuns: config.WORKFLOW_MAX_OPEN_RUNS,
      },
      temporal: config.TEMPORAL_ADDRESS === undefined ? undefined : {
        address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE, apiKey: config.TEMPORAL_API_KEY, tls: config.TEMPORAL_TLS, caFile: config.TEMPORAL_TLS_CA, certFile: config.TEMPORAL_TLS_CERT, keyFile: config.TEMPORAL_TLS_KEY,
        taskQueue: config.TEMPORAL_TASK_QUEUE, dataFolder: config.DATA_DIR,
      },
    }),
    createMail({ kernel, port: mail, brandOf: brands.brandOf }),
    createOperators({ kernel, readers: () => readersOf(modules), retentionDays: config.EVENT_RETENTION_DAYS }),
  ]
  modules.push(createPlanModule({ kernel, desk, multiTenant: config.ENABLE_MULTI_TENANT, others: modules }))
  return modules
}

const scopesOf = (modules: readonly Module[]): Record<string, ScopeRule> => Object.assign({}, ...modules.map((m) => m.scopes ?? {})) as Record<string, ScopeRule>
const readersOf = (modules: readonly Module[]) => marked(modules, (m) => m.readers)

export type AppOptions = {
  config: Config
  database: Database
  bus: Bus
  /** the way out, closed by whoever opened it */
  egress: Egress
  openSandbox: (egress: Egress) => Sandbox
  mail: Mail
  openMail: OpenMail
  /** absent: no letters are taken */
  openMailIn?: OpenMailIn
  dns: Dns
  traces?: Traces
  platformKey: Buffer
  log: Logger
  setupToken: string
  consoleFolder: string
  version: string
  /** the data comes from a backup: new epoch, all sessions ended, nothing sent until released */
  restored?: boolean
  /** between two tellings of what was called */
  tellCallsMs?: number
}
export type App = { http: FastifyInstance; kernel: Kernel; identity: Identity; desk: PlanDesk; letterBox: LetterBox; listen(): Promise<{ address: string; publicUrl: string; mailPort?: number }>; needsSetup(): Promise<boolean>; /** what whoever starts it must read */ notes(): Promise<string[]>; stop(): Promise<void> }

/** A kernel alone, for verbs that need no server. */
export async function openBareKernel(o: Pick<AppOptions, 'config' | 'database' | 'bus' | 'platformKey'> & { log?: Logger; version?: string }): Promise<ReturnType<typeof openKernel>> {
  const { silent } = await import('./kernel/log-lines.ts')
  const kernel = openKernel({ database: o.database, bus: o.bus, platformKey: o.platformKey, groups: eventGroups, log: o.log ?? silent, publicUrl: publicUrlOf(o.config, o.config.PORT), version: o.version ?? '' })
  await kernel.keys.check()
  return kernel
}
const publicUrlOf = (config: Config, port: number) => config.PUBLIC_URL ?? `http://localhost:${port}`

export async function openApp(o: AppOptions): Promise<App> {
  const { config, log } = o
  const port = config.PORT || (await freePort(config.HOST))
  const publicUrl = publicUrlOf(config, port)
  const kernel = openKernel({ database: o.database, bus: o.bus, egress: o.egress, openSandbox: o.openSandbox, platformKey: o.platformKey, groups: eventGroups, log, publicUrl, version: o.version })
  const stops: (() => Promise<unknown>)[] = [() => kernel.close()]
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  try {
    await kernel.keys.check()
    if (o.restored) await startNewEpoch(kernel)
    const identity = await openIdentity(kernel, { registration: config.REGISTRATION, requireVerifiedEmail: config.REQUIRE_VERIFIED_EMAIL, multiTenant: config.ENABLE_MULTI_TENANT, limits: config.RATE_LIMITS === 'on' })
    stops.push(() => identity.close())
    if (o.restored) await identity.endAll()
    const { findTenant } = identity.doorkeeper
    const doors = createDoors({ system: kernel.aside, findTenant, publicUrl, baseDomain: config.TENANT_BASE_DOMAIN, multiTenant: config.ENABLE_MULTI_TENANT, modules: () => modules })
    const brands = createBranding({ kernel })
    const oauth = openOAuth({ kernel, identity, permissions: () => permissions, limits: config.RATE_LIMITS === 'on', brandOf: brands.brandOf })
    const desk = openPlans({ kernel, multiTenant: config.ENABLE_MULTI_TENANT, perMinute: config.RATE_LIMITS === 'on' && config.ENABLE_MULTI_TENANT ? config.TENANT_CALLS_PER_MINUTE : 0, modules: () => modules, ...(o.tellCallsMs ? { tellCallsMs: o.tellCallsMs } : {}) })
    stops.push(() => desk.calls.stop())
    await desk.prepare()
    kernel.switches.answerBy({ doors, settle: desk.switching.settle })
    const modules: readonly Module[] = createModules({ kernel, identity, oauth, doors, brands, desk, mail: o.mail, openMail: o.openMail, dns: o.dns, config })
    const operations = operationsOf(modules)
    const permissions = createPermissions(modules)
    const doorkeeper = joinTokens(identity.doorkeeper, marked(modules, (m) => m.tokens), kernel.switches)

    // the tail first: caches that events end must hear every event from now on
    const tail = await startTail(kernel, { onError: (error) => log.warn({ error: String(error) }, 'the tail could not read the log') })
    stops.push(tail.stop)
    tail.watch((event) => identity.hear(event))
    for (const module of modules) if (module.hear) tail.watch((event) => module.hear!(event))

    const onDefect = createErrorHook({ egress: o.egress, metrics: kernel.metrics, url: config.ERROR_HOOK_URL, log })
    const serves = config.ROLES.includes('api') // else probes alone, and live streams with that role
    const site = serves ? openSite(o.consoleFolder, { oneTeam: !config.ENABLE_MULTI_TENANT }) : undefined
    const http = await createServer({
      operations: serves ? operations : [], permissions, app: kernel.app, system: kernel.system, doorkeeper, doors, bus: o.bus, log, tenantHeader: config.TENANT_HEADER_NAME, corsOrigins: config.CORS_ORIGINS,
      trustProxy: config.TRUST_PROXY, limits: config.RATE_LIMITS === 'on', count: (tenant) => desk.calls.count(tenant), ...(site ? { page: site.page } : {}), ...(o.traces ? { traces: o.traces } : {}),
      onAnswer: (operation, status, ms) => kernel.metrics.answers.observe({ operation, status: String(status) }, ms / 1000),
      onError: (error, at) => onDefect(error, { where: 'http', ...at }),
    })
    const closeHttp = watchConnections(http)
    let state: 'starting' | 'ready' | 'draining' = 'starting'
    addProbes(http, {
      version: o.version, startedAt: Date.now(), metrics: kernel.metrics, metricsToken: config.METRICS_TOKEN, doorkeeper,
      notReady: async () => [...(state === 'ready' ? [] : [state]), ...((await answers(kernel.system.pool, kernel.app.pool, identity.pool)) ? [] : ['database'])],
      degraded: () => (o.bus.health().ok ? [] : ['bus']),
      details: async () => ({ bus: o.bus.health(), adapters: { database: o.database.describe(), bus: o.bus.kind, mail: o.mail.kind, sandbox: kernel.sandbox.kind, workflows: config.TEMPORAL_ADDRESS === undefined ? 'embedded' : 'temporal' }, roles: config.ROLES, ...(await readerStatus(kernel.system, readersOf(modules))) }),
      refresh: () => fillGauges(kernel, readersOf(modules)),
    })
    if (serves) addDocs(http, openApiOf(operations, permissions, { version: o.version, publicUrl, modules }))
    if (site) await site.register(http)
    for (const module of modules) if (serves) await module.mount?.(http)
    if (config.ROLES.includes('live')) {
      createLive({ kernel, tail, doorkeeper, doors, scopes: scopesOf(modules), modules, corsOrigins: config.CORS_ORIGINS, trustProxy: config.TRUST_PROXY, tenantHeader: config.TENANT_HEADER_NAME }).mount(http)
    } else http.server.on('upgrade', (_req, socket) => socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () => socket.destroy())) // else whoever asks would wait for ever

    for (const module of modules) {
      const close = await module.open?.({ work: config.ROLES.includes('worker') })
      if (close) stops.push(close)
    }
    const letterBox = modules.find((m) => m.letterBox)!.letterBox!
    let followers: Followers | undefined
    if (config.ROLES.includes('worker')) {
      followers = startFollowers(kernel, { readers: readersOf(modules), jobs: marked(modules, (m) => m.jobs), tail, onDefect })
    }
    stops.push(async () => {
      const [cut] = await Promise.all([closeHttp(), followers?.stop()]) // at once: what is under way in one needs nothing of the other
      if (cut) log.warn({ connections: cut }, 'connections did not end by themselves and were cut')
    })
    return {
      http, kernel, identity, desk, letterBox, stop: async () => {
        state = 'draining'
        await stop()
      },
      needsSetup: () => identity.accounts.prepareSetup(o.setupToken),
      notes: async () => (await Promise.all(modules.map((m) => m.notes?.() ?? []))).flat(),
      async listen() {
        await identity.accounts.prepareSetup(o.setupToken)
        try {
          await http.listen({ host: config.HOST, port })
        } catch (error) {
          throw explainListen(error as NodeJS.ErrnoException, config.HOST, port)
        }
        const mailIn = await o.openMailIn?.(letterBox)
        if (mailIn) stops.push(() => mailIn.close())
        state = 'ready'
        return { ...(mailIn ? { mailPort: mailIn.port } : {}), address: `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${port}`, publicUrl }
      },
    }
  } catch (error) {
    await stop().catch(() => {}) // the first error is the one to tell
    throw error
  }
}

/** Every door, since after a crash of the database each finds out for itself that its connections are gone. */
const answers = (...pools: { query(text: string): Promise<unknown> }[]) => Promise.all(pools.map((pool) => pool.query('select 1'))).then(() => true, () => false)

/** Why nothing can listen there, with the cure where we know it. */
function explainListen(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') return new Error(`port ${port} is taken: set PORT to a free one, or PORT=0 for any`)
  if (error.code === 'EACCES') return new Error(`port ${port} needs rights this user lacks: set PORT to one above 1023`)
  if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL', 'EAFNOSUPPORT'].includes(error.code ?? '')) return new Error(`${host} is no address of this machine: set HOST to 127.0.0.1 (this machine alone), 0.0.0.0 (all its addresses), or one of its own`)
  return error
}

/** PUBLIC_URL and the issuer name the port, so it must be known before anything is built. */
async function freePort(host: string): Promise<number> {
  const { createServer: createTcp } = await import('node:net')
  return new Promise((resolve, reject) => {
    const probe = createTcp().once('error', (error) => reject(explainListen(error, host, 0))).listen(0, host, () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

/** After a restore: positions of the backup's future are void, and what it had queued waits for a person (S2.22). */
async function startNewEpoch(kernel: Kernel): Promise<void> {
  await kernel.system.pool.query('select next_epoch()')
  await kernel.system.pool.query('update installation set held_since = now()')
}
