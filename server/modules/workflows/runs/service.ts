// Runs: begun by hand or API, looked at, steered, moved to another version.
import { peopleOf, type Context, type Who } from '../../../kernel/db.ts'
import { codes, only, Problem, refuse, refuseField, type ErrorCode } from '../../../kernel/errors.ts'
import { idShape, page, parseCursor } from '../../../kernel/pages.ts'
import { roleReaches, type List, type Static } from '../../../kernel/schema.ts'
import type { Steered } from '../engine/engine.ts'
import type { Json } from '../engine/port.ts'
import type { Program } from '../definitions/compile.ts'
import type { Definition, DefinedNode } from '../definitions/definition.ts'
import { judgeBySchema } from '../nodes/json-schema.ts'
import type { Parts } from '../parts.ts'
import type { Publishing } from '../publishing.ts'
import { findWorkflow } from '../queries.ts'
import { insertStarter } from '../runner/rights.ts'
import type { ListedRun, Run, RunBody, RunQuery } from '../schema.ts'
import { findRunRow, listOpenRuns, listRuns, listRunSteps, lockRunRow, moveRun, type RunRow } from './queries.ts'
import { firstDivergence, type Divergence } from './replay.ts'
import { errorOf, showSteps, type StepRow } from './view.ts'

const last = ['ffffffff-ffff-ffff-ffff-ffffffffffff']
const stepsShown = 5000
const nothing: Definition = { nodes: [], edges: [] }
type Row = Static<typeof RunRow>
export type Runs = ReturnType<typeof createRuns>

/** Faults of the engine are told as problems of ours; what is none of them goes on as it is. */
export function asProblem(error: unknown): never {
  const { code, message } = error as { code?: unknown; message?: string }
  if (!(error instanceof Problem) && typeof code === 'string') {
    if (code === 'run.too_deep') refuse('workflow.too_deep', message)
    if (code.startsWith('value.')) refuseField('/input', message ?? 'cannot be kept')
    if (code === 'retry.unknown_node') refuseField('/fromNode', message ?? 'is no node of the run\'s version')
    if (code in codes) refuse(code as ErrorCode, message)
  }
  throw error
}
/** Values of a run may hold what its people may see and others may not. */
const maySee = (who: Who, row: Row): boolean => roleReaches(who.role, 'admin') || peopleOf(who).some((person) => person === row.publishedBy || person === row.workflowCreatedBy || (row.actorType === 'user' && person === row.actorId)) || (who.actor.type === row.actorType && who.actor.id !== null && who.actor.id === row.actorId)
const shown = (row: Row, visible = true): ListedRun => ({
  id: row.id, workflowId: row.workflowId, workflowName: row.workflowName, version: row.version, status: row.status, trigger: row.entry, error: visible ? errorOf(row.error) : hiddenError(row.error), startedBy: { type: row.actorType, id: row.actorId },
  actsFor: [...new Set([row.publishedBy, row.actorType === 'user' ? row.actorId : null].filter((id) => id !== null))], causeId: row.causeId, parentRunId: row.parentRunId, parked: row.parked, createdAt: row.createdAt, updatedAt: row.updatedAt, startedAt: row.startedAt, completedAt: row.finishedAt,
})
const hiddenError = (error: unknown) => {
  const found = errorOf(error)
  return found && { code: found.code, message: 'left out: it may hold what you may not see' }
}

/** What a key or another token with scopes may is kept with the run: it may be gone when a step asks. */
const beginByKey = (ctx: Context, begin: (tx: Context) => Promise<{ id: string }>, workflowId: string): Promise<{ id: string }> =>
  ctx.happen(async (tx) => {
    const begun = await begin(tx)
    tx.later(insertStarter(begun.id, tx.role ?? 'viewer', tx.scopes ?? null, tx.permissions ?? null))
    return { happened: [{ name: 'run.limited' as const, subject: begun.id, data: { workflowId, role: tx.role ?? 'viewer' } }], result: begun }
  })

export function createRuns(parts: Parts, publishing: Publishing) {
  const { engine } = parts
  const open = (ctx: Context, runId: string, value: unknown): Promise<Json> => engine().open({ tenantId: ctx.tenant, runId }, value as Json)
  const met = (result: Steered, unchanged?: () => never): void => {
    if (result === 'not_found') refuse('run.not_found')
    if (result === 'finished') refuse('run.finished')
    if (result === 'unchanged') unchanged?.()
  }

  /** The trigger a run by hand begins with. */
  function entryOf(definition: Definition, wanted: string | undefined, byKey: boolean): DefinedNode {
    const triggers = definition.nodes.filter(({ primitive }) => primitive === 'trigger')
    if (wanted !== undefined) return triggers.find(({ id }) => id === wanted) ?? refuseField('/trigger', `is no trigger of this version; there are ${triggers.map(({ id }) => id).join(', ')}`)
    const order = byKey ? ['api', 'manual'] : ['manual', 'api']
    return order.flatMap((type) => triggers.filter((node) => node.type === type))[0] ?? refuse('workflow.no_entry')
  }
  function judgeInput(entry: DefinedNode, input: Json): void {
    const { input: schema } = entry.settings as { input?: object }
    if (!schema) return
    const faults = judgeBySchema(schema, input)
    if (faults.length) refuse('request.invalid', `body/input${faults[0]!.path}: ${faults[0]!.message}`, { errors: faults.map(({ path, message }) => ({ in: 'body', path: `/input${path === '/' ? '' : path}`, message })) })
  }

  async function read(ctx: Context, id: string): Promise<Run> {
    const [found, steps] = await ctx.read(findRunRow(id), listRunSteps(id, stepsShown))
    const row = only(found, 'run')
    const visible = maySee(ctx, row)
    const [input, results] = visible ? await Promise.all([open(ctx, id, row.input), open(ctx, id, row.output)]) : [null, null]
    const opened = visible ? await Promise.all(steps.map(async (step) => ({ ...step, output: await open(ctx, id, step.output) }))) : steps
    const definition = (row.definition ?? nothing) as Definition
    return {
      ...shown(row, visible), input, results, hidden: !visible, definition,
      steps: showSteps(opened as StepRow[], (row.program as Program | null) ?? { drawn: {} }, definition, input, visible).map((step) => (visible ? step : { ...step, error: hiddenError(step.error) })),
    }
  }

  /** What a run does is steered by whose rights it uses, by those who made or began it, and by admins. */
  async function demand(ctx: Context, id: string) {
    const row = only((await ctx.read(findRunRow(id)))[0], 'run')
    if (!maySee(ctx, row)) refuse('permission.denied', 'a run is steered by its people and by admins')
    return row
  }

  async function divergenceOf(ctx: Context, runId: string, next: Program): Promise<Divergence | undefined> {
    const [[row], steps] = await ctx.read(findRunRow(runId), listRunSteps(runId, 60_000))
    if (!row?.program) return undefined
    const info = { id: row.id, tenantId: ctx.tenant, defId: row.workflowId, defVersion: row.version, startedAt: Date.parse(row.startedAt ?? row.createdAt), ...(row.entry === null ? {} : { entry: row.entry }) }
    return firstDivergence(info, next, row.program as Program, row.input as Json, steps)
  }

  /** A run with everything opened, as it is kept for a test; undefined: there is none. */
  async function recorded(ctx: Context, id: string) {
    const [[row], steps] = await ctx.read(findRunRow(id), listRunSteps(id, 60_000))
    if (!row) return undefined
    const place = { workflowId: row.workflowId, version: row.version, status: row.status, entry: row.entry, startedAt: row.startedAt ?? row.createdAt, hidden: !maySee(ctx, row), definition: row.definition as Definition | null }
    if (place.hidden) return { ...place, input: null as Json, steps: [] }
    return { ...place, input: await open(ctx, id, row.input), steps: await Promise.all(steps.map(async (step) => ({ ...step, output: await open(ctx, id, step.output), error: step.error === null ? null : errorOf(step.error) }))) }
  }

  return {
    read, recorded, divergenceOf, maySee,
    async list(ctx: Context, { after, limit, ...filter }: RunQuery): Promise<List<ListedRun>> {
      const [before] = parseCursor(after, last, [idShape])
      const [rows] = await ctx.read(listRuns({ workflowId: filter.workflowId ?? null, parentRunId: filter.parentRunId ?? null, status: filter.status ?? null, from: filter.from ?? null, to: filter.to ?? null }, before!, limit + 1))
      return page(rows.map((row) => shown(row, maySee(ctx, row))), limit, (r) => [r.id])
    },

    /** By hand or API: it may what its publisher and its starter both may. @throws workflow.not_active, workflow.no_entry, 422 at /input */
    async start(ctx: Context, workflowId: string, { input = null, version, trigger }: RunBody): Promise<Run> {
      if (ctx.impersonation) refuse('impersonation.denied', 'a run would act with this person\'s rights beyond the impersonation')
      const workflow = only((await ctx.read(findWorkflow(workflowId)))[0], 'workflow')
      const number = version ?? workflow.activeVersion
      if (!number) refuse('workflow.not_published')
      if (workflow.status !== 'active') refuse('workflow.not_active', `the workflow is ${workflow.status}: activate it first`)
      const found = (await publishing.program(ctx.tenant, workflow.id, number)) ?? refuse('version.not_found')
      const entry = entryOf(found.definition, trigger, ctx.actor.type === 'key')
      judgeInput(entry, input as Json)
      if (await parts.room.isFull(ctx.tenant, async (query) => (await ctx.read(query))[0])) refuse('workflow.too_many_runs')
      const keep = found.program.graph.reads
      const begin = (tx: Context) => engine().start(tx, { workflowId: workflow.id, version: number, input: input as Json, sealed: true, entry: entry.id, ...(keep ? { keep } : {}) })
      const { id } = await (ctx.actor.type === 'key' || ctx.scopes ? beginByKey(ctx, begin, workflow.id) : begin(ctx)).catch(asProblem)
      parts.room.took(ctx.tenant)
      return read(ctx, id)
    },

    async cancel(ctx: Context, id: string): Promise<Run> {
      await demand(ctx, id)
      met(await engine().cancel(ctx, id))
      return read(ctx, id)
    },
    async pause(ctx: Context, id: string): Promise<Run> {
      await demand(ctx, id)
      met(await engine().pause(ctx, id))
      return read(ctx, id)
    },
    async resume(ctx: Context, id: string): Promise<Run> {
      await demand(ctx, id)
      met(await engine().resume(ctx, id))
      return read(ctx, id)
    },
    /** A failed or cancelled run goes on. @throws run.not_finished */
    async retry(ctx: Context, id: string, fromNode: string | undefined): Promise<Run> {
      const row = await demand(ctx, id)
      const node = fromNode && row.program ? compiledNameOf(row.program as Program, fromNode) : fromNode
      met(await engine().retry(ctx, id, node === undefined ? {} : { fromNode: node }).catch(asProblem), () => refuse(row.status === 'completed' ? 'state.conflict' : 'run.not_finished', row.status === 'completed' ? 'it completed: name the node to begin from' : undefined))
      return read(ctx, id)
    },
    async signal(ctx: Context, id: string, name: string, payload: Json): Promise<Run> {
      // approvals are decided where it is judged who may, and what the house tells itself is its own
      if (name.startsWith('event.')) refuse('permission.denied', 'signals that begin with event. are the product\'s own')
      const { definition } = await demand(ctx, id)
      if (((definition ?? nothing) as Definition).nodes.some((node) => node.type === 'approval' && (name === node.id || name.endsWith(`.${String(node.id)}`)))) refuse('permission.denied', 'an approval is decided with POST /approvals/{id}')
      met(await engine().signal(ctx, id, name, payload).catch(asProblem))
      return read(ctx, id)
    },

    /** @throws run.would_diverge with the first divergence */
    async move(ctx: Context, id: string, version: number): Promise<Run> {
      await demand(ctx, id)
      await ctx.happen(async (tx) => {
        const row = only(await tx(lockRunRow(id)), 'run')
        if (row.finished) refuse('run.finished')
        if (row.version === version) return { happened: [], result: undefined }
        if (row.status === 'running') refuse('state.conflict', 'it is at work: pause it, or wait until it waits')
        const next = (await publishing.program(tx.tenant, row.workflowId, version)) ?? refuse('version.not_found')
        const divergence = await divergenceOf(tx, id, next.program)
        if (divergence) refuse('run.would_diverge', `${divergence.key}: ${divergence.message}`, { extra: { divergence } })
        tx.later(moveRun(id, version))
        return { happened: [{ name: 'run.moved', subject: id, data: { workflowId: row.workflowId, from: row.version, version } }], result: undefined }
      })
      return read(ctx, id)
    },

    /** Unfinished runs of other versions that could not go on with this one: the newest 50 are looked at. @returns and how many were not */
    async diverging(ctx: Context, workflowId: string, number: number, next: Program) {
      const [rows] = await ctx.read(listOpenRuns(workflowId, number, 50))
      const found = await Promise.all(rows.map(async (row) => ({ row, divergence: await divergenceOf(ctx, row.id, next) })))
      return { diverging: found.flatMap(({ row, divergence }) => (divergence ? [{ runId: row.id, status: row.status, ...divergence }] : [])), unjudgedRuns: (rows[0]?.total ?? 0) - rows.length }
    },
  }
}

/** A retry from a drawn node begins with whatever leads into it. */
function compiledNameOf({ graph, drawn }: Program, node: string): string {
  const before = graph.edges.find(({ to, from }) => to === node && drawn[from] === node)
  return before?.from ?? node
}
