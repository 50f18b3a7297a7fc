// From draft to version: judged, compiled, hashed, immutable, deployed. What runs keep the version they began with.
import { hash } from 'node:crypto'
import { personOf, type Context } from '../../kernel/db.ts'
import { only, refuse } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { addJob } from '../../kernel/jobs.ts'
import { numberShape, page, parseCursor, idShape } from '../../kernel/pages.ts'
import { systemWho } from '../../kernel/readers.ts'
import { roleReaches, type List } from '../../kernel/schema.ts'
import { compileDefinition, type Program } from './definitions/compile.ts'
import { definedOf, type Definition } from './definitions/definition.ts'
import { diffDefinitions, sorted } from './definitions/diff.ts'
import type { Fault, Judged, Surroundings } from './definitions/validate.ts'
import type { WorkflowEventName } from './events.ts'
import type { Parts } from './parts.ts'
import { findProgram, findVersion, findWorkflow, insertDeployment, insertVersion, listDeployments, listVersions, listWorkflowIds, lockWorkflow, setState, updateDraft } from './queries.ts'
import type { Diff, Workflow, WorkflowRow } from './schema.ts'
import { shownWorkflow } from './service.ts'
import { deployJob, type Deploying } from './triggers/deploying.ts'

/** A change of one of these makes other programs of the same drawing. */
const programVersion = 1
const last = ['ffffffff-ffff-ffff-ffff-ffffffffffff']
export type Publishing = ReturnType<typeof createPublishing>

/** The same for definitions that mean the same, whatever the order of their keys. */
export const hashOf = (definition: unknown): string => hash('sha256', JSON.stringify([programVersion, sorted(definition)]))

function refuseFaults(faults: readonly Fault[]): void {
  const errors = faults.filter(({ level }) => level === 'error')
  if (!errors.length) return
  refuse('workflow.invalid', `${errors.length} ${errors.length === 1 ? 'fault' : 'faults'}; the first: ${errors[0]!.node ? `${errors[0]!.node} ` : ''}${errors[0]!.path} ${errors[0]!.message}`, {
    errors: errors.slice(0, 50).map(({ path, message }) => ({ in: 'body', path: `/definition${path === '/' ? '' : path}`, message })), extra: { faults },
  })
}

export function createPublishing(parts: Parts, deploying: Deploying, connectionsOf: (ctx: Context) => Promise<ReadonlyMap<string, { kind: string }>>) {
  const { kernel } = parts
  async function surroundings(ctx: Context): Promise<Surroundings> {
    const [[workflows], connections] = await Promise.all([ctx.read(listWorkflowIds()), connectionsOf(ctx)])
    return { events: new Set(kernel.registry.names), connections, workflows: new Set(workflows.map(({ id }) => id)) }
  }
  const changedState = (row: WorkflowRow, more: Partial<WorkflowRow>) => {
    const next = { ...row, ...more }
    return { next, query: setState(row.id, { status: next.status, active: next.activeVersion, last: next.lastVersion, publishedBy: next.publishedBy, pausedReason: next.pausedReason }) }
  }
  /** Somebody else's rights are used by whoever is them, or may everything. */
  const mayStart = (ctx: Context, publisher: string | null) => {
    if (publisher !== personOf(ctx) && !roleReaches(ctx.role, 'admin')) refuse('permission.denied', 'its runs use the rights of whoever published it: only that person and admins may do this; publish it yourself instead')
  }

  /** What is published acts with all rights of its publisher, for as long as it stands: nobody gives away more than they were given. */
  const mayLend = (ctx: Context) => {
    if (ctx.impersonation) refuse('impersonation.denied', 'a workflow would act with this person\'s rights beyond the impersonation')
    if (!ctx.scopes) return
    const needed = ['read', 'write', ...(roleReaches(ctx.role, 'admin') ? ['admin'] : [])]
    const missing = needed.find((scope) => !ctx.scopes!.includes(scope))
    if (missing) refuse('permission.denied', `a workflow acts with all rights of whoever publishes it: the token needs the scopes ${needed.join(', ')}`)
  }

  const verbs = {
    surroundings,
    judge: async (ctx: Context, definition: unknown): Promise<Judged> => parts.judge()(definition, await surroundings(ctx)),

    /** @throws workflow.invalid with every fault */
    async publish(ctx: Context, id: string, note: string | null): Promise<{ workflow: Workflow; number: number; hash: string; warnings: Fault[]; program: Program }> {
      mayLend(ctx)
      const around = await surroundings(ctx)
      return ctx.happen(async (tx) => {
        const { now, ...row } = only(await tx(lockWorkflow(id)), 'workflow')
        if (row.status === 'archived') refuse('workflow.archived')
        const { faults } = parts.judge()(row.definition, around)
        refuseFaults(faults)
        const definition = definedOf(row.definition)
        const program = compileDefinition(definition, parts.catalogue())
        const number = row.lastVersion + 1
        const sum = hashOf(definition)
        const publishedBy = personOf(tx) ?? refuse('permission.denied', 'a workflow acts for the person who publishes it: sign in as one')
        const deployment = newId()
        const { next, query } = changedState(row, { status: 'active', activeVersion: number, lastVersion: number, publishedBy, pausedReason: null })
        await tx.run(insertVersion({ workflowId: row.id, number, definition, program, hash: sum, note, publishedBy }), query, insertDeployment(deployment, row.id, number, publishedBy),
          addJob(tx, { name: deployJob, data: { deploymentId: deployment }, key: deployment, runAt: new Date(Date.now() + 5000).toISOString() }))
        await deploying.deploy(tx, deployment)
        return {
          happened: [{ name: 'workflow.published', subject: row.id, data: { number, hash: sum, note } }, { name: 'deployment.changed', subject: deployment, data: { workflowId: row.id, number, status: 'pending' } }],
          result: { workflow: shownWorkflow({ ...next, version: row.version + 1, updatedAt: now }), number, hash: sum, warnings: faults, program },
        }
      })
    },

    /** Its triggers work again, with the version that was active last. */
    activate: (ctx: Context, id: string): Promise<Workflow> =>
      ctx.happen<WorkflowEventName, Workflow>(async (tx) => {
        const { now, ...row } = only(await tx(lockWorkflow(id)), 'workflow')
        const number = row.activeVersion ?? row.lastVersion
        if (!number) refuse('workflow.not_published')
        mayStart(tx, row.publishedBy)
        mayLend(tx)
        if (row.status === 'active') return { happened: [], result: shownWorkflow(row) }
        if (!row.publishedBy || !(await parts.doorkeeper.roleIn(tx.tenant, row.publishedBy))) refuse('state.conflict', 'whoever published it is no member any more: publish it yourself')
        const deployment = newId()
        const { next, query } = changedState(row, { status: 'active', activeVersion: number, pausedReason: null })
        await tx.run(query, insertDeployment(deployment, row.id, number, personOf(tx)))
        await deploying.deploy(tx, deployment)
        return { happened: [{ name: 'workflow.activated', subject: row.id, data: { number } }], result: shownWorkflow({ ...next, version: row.version + 1, updatedAt: now }) }
      }),

    /** @param reason when nobody asked for it */
    deactivate: (ctx: Context, id: string, reason: string | null = null): Promise<Workflow> =>
      ctx.happen<WorkflowEventName, Workflow>(async (tx) => {
        const { now, ...row } = only(await tx(lockWorkflow(id)), 'workflow')
        if (row.status !== 'active') {
          if (row.status === 'draft') refuse('workflow.not_published')
          return { happened: [], result: shownWorkflow(row) }
        }
        const { next, query } = changedState(row, { status: 'inactive', pausedReason: reason })
        await tx(query)
        await deploying.silence(tx, row.id)
        return { happened: [{ name: 'workflow.deactivated', subject: row.id, data: { reason } }], result: shownWorkflow({ ...next, version: row.version + 1, updatedAt: now }) }
      }),

    archive: (ctx: Context, id: string): Promise<Workflow> =>
      ctx.happen<WorkflowEventName, Workflow>(async (tx) => {
        const { now, ...row } = only(await tx(lockWorkflow(id)), 'workflow')
        if (row.status === 'archived') return { happened: [], result: shownWorkflow(row) }
        const { next, query } = changedState(row, { status: 'archived' })
        await tx(query)
        await deploying.silence(tx, row.id)
        return { happened: [{ name: 'workflow.archived', subject: row.id, data: {} }], result: shownWorkflow({ ...next, version: row.version + 1, updatedAt: now }) }
      }),

    /** The draft becomes what a version was; nothing that runs changes. */
    restore: (ctx: Context, id: string, number: number): Promise<Workflow> =>
      ctx.happen<WorkflowEventName, Workflow>(async (tx) => {
        const [[locked], [version]] = await tx.run(lockWorkflow(id), findVersion(id, number))
        const { now, ...row } = only(locked ? [locked] : [], 'workflow')
        if (!version) refuse('version.not_found')
        if (row.status === 'archived') refuse('workflow.archived')
        if (JSON.stringify(row.definition) === JSON.stringify(version.definition)) return { happened: [], result: shownWorkflow(row) }
        const next = { ...row, definition: version.definition }
        tx.later(updateDraft(next))
        return { happened: [{ name: 'workflow.restored', subject: row.id, data: { number } }], result: shownWorkflow({ ...next, version: row.version + 1, updatedAt: now }) }
      }),

    async versions(ctx: Context, id: string, { after, limit }: { after?: string; limit: number }): Promise<List<unknown>> {
      const [before] = parseCursor(after, ['9007199254740991'], [numberShape])
      const [found, rows] = await ctx.read(findWorkflow(id), listVersions(id, Math.min(Number(before), 2_000_000_000), limit + 1))
      only(found, 'workflow')
      return page(rows, limit, (v) => [String(v.number)])
    },
    async version(ctx: Context, id: string, number: number) {
      return only((await ctx.read(findVersion(id, number)))[0], 'version')
    },
    /** @param from a number or `draft` */
    async diff(ctx: Context, id: string, from: string, to: string): Promise<Diff> {
      const definitionOf = async (name: string): Promise<Definition> =>
        (name === 'draft' ? only((await ctx.read(findWorkflow(id)))[0], 'workflow') : only((await ctx.read(findVersion(id, Number(name))))[0], 'version')).definition as Definition
      const [a, b] = [await definitionOf(from), await definitionOf(to)]
      return diffDefinitions(a, b) as Diff
    },
    async deployments(ctx: Context, { after, limit, workflowId }: { after?: string; limit: number; workflowId?: string }): Promise<List<unknown>> {
      const [before] = parseCursor(after, last, [idShape])
      const [rows] = await ctx.read(listDeployments(workflowId ?? null, before!, limit + 1))
      return page(rows, limit, (d) => [d.id])
    },
    /** A version as it is run; undefined when there is none. Through the system's door: it is asked for inside of changes too. */
    async program(tenant: string, id: string, number: number): Promise<{ definition: Definition; program: Program; publishedBy: string | null; name: string } | undefined> {
      const [[found]] = await kernel.system.context(systemWho('workflows')).read(findProgram(tenant, id, number))
      return found as { definition: Definition; program: Program; publishedBy: string | null; name: string } | undefined
    },
  }
  return verbs
}
