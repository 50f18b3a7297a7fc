// The module put together: what its routes, readers and jobs call.
import type { Context } from '../../kernel/db.ts'
import { refuse } from '../../kernel/errors.ts'
import { createInvoker, type Invoker } from '../../kernel/invoke.ts'
import { sweepQuery } from './triggers/sweep.ts'
import type { JobHandler } from '../../kernel/jobs.ts'
import type { PermissionTable } from '../../kernel/permissions.ts'
import { systemWho, type Reader } from '../../kernel/readers.ts'
import type { Operation } from '../../kernel/route.ts'
import type { Desk } from '../connections/api.ts'
import { definitionLimits, type Definition } from './definitions/definition.ts'
import { createJudge, type Judge } from './definitions/validate.ts'
import type { Engine } from './engine/engine.ts'
import { openEngines, runsElsewhere } from './engine/engines.ts'
import type { TemporalServer } from './engine/temporal/sdk.ts'
import { createCatalogue, describeTypes, type Catalogue } from './nodes/catalogue.ts'
import { definitionSchema } from './nodes/document.ts'
import type { Mark } from './nodes/fields.ts'
import { judgeBySchema } from './nodes/json-schema.ts'
import { timesOf } from './nodes/triggers.ts'
import type { Parts, WorkflowLimits } from './parts.ts'
import { createPublishing } from './publishing.ts'
import { findActiveNumber } from './queries.ts'
import { createApprovals } from './runs/approvals.ts'
import { createPreview } from './runs/preview.ts'
import { createRehearsal } from './runs/rehearsal.ts'
import { createRoom } from './runs/room.ts'
import { createRuns } from './runs/service.ts'
import { createHouse } from './runner/house.ts'
import { connectionsBy } from './runner/connected.ts'
import { createOutside } from './runner/outside.ts'
import { createRights } from './runner/rights.ts'
import { createRunner } from './runner/runner.ts'
import type { Services } from './runner/services.ts'
import { changeWorkflow, createWorkflow, deleteWorkflow, getWorkflow, listAll } from './service.ts'
import type { ScheduleQuery, ScheduleTimes, Template, Validated } from './schema.ts'
import { projectTemplates } from './templates/projects.ts'
import { teamTemplates } from './templates/team.ts'
import { fillTemplate } from './templates/template.ts'
import { createTests } from './tests/service.ts'
import { createDeploying, deployJob } from './triggers/deploying.ts'
import { createHooks } from './triggers/hooks.ts'
import { createLetterBox } from './triggers/letter-box.ts'
import { createTriggerReaders, isTriggering } from './triggers/readers.ts'
import { createTriggers } from './triggers/service.ts'
import { admitJob, parkedReader } from './runs/parked.ts'

export type WorkflowOptions = Pick<Parts, 'kernel' | 'doorkeeper' | 'scopes' | 'limits' | 'mailDomain'> & {
  operations(): readonly Operation[]
  permissions(): PermissionTable
  /** names of all events, known before any module runs */
  eventNames: readonly string[]
  /** where connections are opened */
  desk: Desk
  /** the server, if new runs shall begin in Temporal */
  temporal?: TemporalServer | undefined
}
export const allTemplates = [...projectTemplates, ...teamTemplates]
export const usualWorkflowLimits: WorkflowLimits = { depth: 16, runsPerTenant: 50, stepsPerRun: 50_000, runDays: 400, inputChars: 2_000_000, inboxDays: 30, retentionDays: 90, openRuns: 100_000 }

/** Made once, when it is first asked for: the modules it needs are known only then. */
function lately<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}

export function createWorkflows(o: WorkflowOptions) {
  const { kernel, limits } = o
  const catalogue: () => Catalogue = lately(() => createCatalogue(o.operations(), o.desk.presets))
  const judge: () => Judge = lately(() => createJudge(catalogue()))
  const invoker: () => Invoker = lately(() => createInvoker({ operations: o.operations(), permissions: o.permissions(), switches: kernel.switches }))
  let opened: Engine | undefined
  const engine = (): Engine => {
    if (!opened) throw new Error('the engine of workflows is not open')
    return opened
  }
  const parts: Parts = { kernel, doorkeeper: o.doorkeeper, scopes: o.scopes, limits, catalogue, judge, invoker, engine, mailDomain: o.mailDomain, room: createRoom(limits.openRuns) }
  const rights = createRights(parts)
  const deploying = createDeploying(parts)
  const publishing = createPublishing(parts, deploying, (ctx) => o.desk.typesOf(ctx))
  const approvals = createApprovals(parts)
  const runs = createRuns(parts, publishing)
  const connections = connectionsBy(o.desk)
  const services: Services = { ...createHouse(parts, approvals, connections), ...createOutside({ kernel, sandbox: kernel.sandbox, connections }) }
  const runner = createRunner({ kernel, catalogue, sandbox: kernel.sandbox, services, rights, publishing })
  const tests = createTests(parts, publishing, runs, runner)
  const hooks = createHooks(parts)
  const triggers = createTriggers(parts, deploying)
  const nodeTypes = lately(() => ({
    schema: definitionSchema(catalogue()), types: describeTypes(catalogue()),
    events: o.eventNames.flatMap((name) => {
      const { audience, about = null, payload } = kernel.registry.of(name)
      return isTriggering(name, audience) ? [{ name, about, payload: JSON.parse(JSON.stringify(payload)) as unknown }] : []
    }),
    limits: { nodes: definitionLimits.nodes, edges: definitionLimits.edges, depth: limits.depth, steps: limits.stepsPerRun, runDays: limits.runDays, inputCharacters: limits.inputChars, runsAtOnce: limits.runsPerTenant, openRuns: limits.openRuns },
  }))
  const jobs: JobHandler[] = [
    { name: deployJob, handle: async (job) => deploying.deploy(kernel.app.context({ tenant: job.tenant_id, actor: { type: 'system', id: null }, request: `job:${job.id}`, cause: job.cause_id }), (job.data as { deploymentId: string }).deploymentId) },
    approvals.escalate,
    admitJob(parts),
    { name: 'workflows.sweep', everyMs: 3_600_000, handle: async (_job, signal) => {
      await engine().sweep(signal)
      await kernel.system.flush(systemWho('workflows.sweep'), ...sweepQuery(limits.inboxDays))
    } },
  ]

  return {
    catalogue, hooks, letterBox: createLetterBox(parts, hooks), triggers, approvals, runs, tests, jobs, runner,
    readers: (): Reader[] => [...createTriggerReaders(parts, rights, publishing, o.eventNames), parkedReader],
    /** @param o `work`: whether this process works on runs @returns the way to stop */
    async open({ work }: { work: boolean }): Promise<() => Promise<void>> {
      opened = await openEngines({
        kernel, work, run: runner.run, retentionDays: limits.retentionDays,
        limits: { depth: limits.depth, runsPerTenant: limits.runsPerTenant, stepsPerRun: limits.stepsPerRun, runMs: limits.runDays * 86_400_000, inputChars: limits.inputChars },
        load: async ({ tenantId, defId, version }) => (await publishing.program(tenantId, defId, version))?.program.graph,
        activeVersion: async ({ tenantId, defId }) => (await kernel.system.context(systemWho('workflows')).read(findActiveNumber(tenantId, defId)))[0][0]?.number ?? undefined,
      }, o.temporal)
      const held = opened
      return () => held.close()
    },
    notes: () => runsElsewhere(kernel, o.temporal ? 'temporal' : 'embedded'),
    nodeTypes: nodeTypes as () => never,
    create: createWorkflow, list: listAll, get: getWorkflow, change: changeWorkflow,
    remove: (ctx: Context, id: string) => deleteWorkflow(ctx, id, deploying.unschedule),
    scheduleTimes: (query: ScheduleQuery): ScheduleTimes => timesOf(query, new Date()),
    async validate(ctx: Context, definition: unknown): Promise<Validated> {
      const { faults, reads } = await publishing.judge(ctx, definition)
      return { valid: !faults.some(({ level }) => level === 'error'), faults, reads }
    },
    async publish(ctx: Context, id: string, note: string | null) {
      const { workflow, number, hash, warnings, program } = await publishing.publish(ctx, id, note)
      const [{ diverging, unjudgedRuns }, { failing, unjudged }] = [await runs.diverging(ctx, id, number, program), await tests.failing(ctx, id, workflow.definition as Definition)]
      return { ...workflow, number, hash, warnings, diverging, unjudgedRuns, failingTests: failing, unjudgedTests: unjudged }
    },
    activate: publishing.activate,
    deactivate: (ctx: Context, id: string) => publishing.deactivate(ctx, id),
    archive: publishing.archive, versions: publishing.versions, version: publishing.version, diff: publishing.diff, restore: publishing.restore, deployments: publishing.deployments,
    test: createRehearsal(parts, publishing, runs, runner),
    preview: createPreview(parts, runs),
    templates: (): { items: Template[]; next: null } => ({ items: allTemplates as unknown as Template[], next: null }),
    /** @throws template.not_found, 422 at /parameters */
    async useTemplate(ctx: Context, id: string, { name, parameters = {} }: { name?: string; parameters?: object }) {
      const template = allTemplates.find((one) => one.id === id) ?? refuse('template.not_found')
      const properties = (template.parameters as { properties?: Record<string, { default?: unknown } & Mark> }).properties ?? {}
      const values: Record<string, unknown> = { ...Object.fromEntries(Object.entries(properties).flatMap(([key, schema]) => (schema.default === undefined ? [] : [[key, schema.default]]))), ...parameters }
      const clocks = Object.entries(properties).flatMap(([key, field]) => (field['x-schedule'] ? [{ key, ...field['x-schedule'] }] : []))
      const faults = [
        ...judgeBySchema(template.parameters, values as never),
        ...clocks.flatMap(({ key, timeZone }) => timesOf({ cron: values[key], timeZone: values[timeZone] }, new Date(), 1).faults.map(({ path, message }) => ({ path: `/${path === '/timeZone' ? timeZone : key}`, message }))),
      ]
      if (faults.length) refuse('request.invalid', `body/parameters${faults[0]!.path}: ${faults[0]!.message}`, { errors: faults.map(({ path, message }) => ({ in: 'body', path: `/parameters${path === '/' ? '' : path}`, message })) })
      return createWorkflow(ctx, { name: name ?? template.name, description: template.description, definition: fillTemplate(template.definition, values) as never })
    },
  }
}
