// The verbs and questions about drafts. A draft may hold anything; publishing is in publishing.ts.
import { personOf, type Context } from '../../kernel/db.ts'
import { only, refuse, refuseField } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { idShape, page, parseCursor } from '../../kernel/pages.ts'
import { checkVersion } from '../../kernel/route.ts'
import type { List } from '../../kernel/schema.ts'
import { sizeFault } from './definitions/definition.ts'
import type { WorkflowEventName } from './events.ts'
import { findWorkflow, insertWorkflow, listWorkflows, lockWorkflow, markWorkflowDeleted, updateDraft } from './queries.ts'
import type { CreateWorkflow, ListedWorkflow, PatchWorkflow, Workflow, WorkflowQuery, WorkflowRow } from './schema.ts'
import { deleteTriggers } from './triggers/queries.ts'

const last = ['ffffffff-ffff-ffff-ffff-ffffffffffff']
export const shownWorkflow = ({ lastVersion: _, ...row }: WorkflowRow): Workflow => row as Workflow
const nothing = { nodes: [], edges: [] }

function judgeSize(definition: unknown): void {
  const fault = definition === undefined ? undefined : sizeFault(definition)
  if (fault) refuseField(`/definition${fault.path}`, fault.message)
}

export async function createWorkflow(ctx: Context, { name, description = null, definition = nothing }: CreateWorkflow): Promise<Workflow> {
  judgeSize(definition)
  const row = { id: newId(), name: name.trim(), description, definition, createdBy: personOf(ctx) }
  const [[made]] = await ctx.change('workflow.created', { subject: row.id, data: { name: row.name }, run: [insertWorkflow(row)] })
  return { ...row, status: 'draft', activeVersion: null, publishedBy: null, pausedReason: null, version: 1, createdAt: made!.now, updatedAt: made!.now } as Workflow
}

/** @throws workflow.not_found */
export async function getWorkflow(ctx: Context, id: string): Promise<Workflow> {
  return shownWorkflow(only((await ctx.read(findWorkflow(id)))[0], 'workflow'))
}

/** Newest first, with how their runs of the last week went. */
export async function listAll(ctx: Context, { after, limit, status, q, connectionId }: WorkflowQuery): Promise<List<ListedWorkflow>> {
  const [before] = parseCursor(after, last, [idShape])
  const pattern = q === undefined ? null : `%${q.replace(/[\\%_]/g, '\\$&')}%`
  const [rows] = await ctx.read(listWorkflows({ status: status ?? null, pattern, connectionId: connectionId ?? null }, before!, limit + 1))
  return page(rows as ListedWorkflow[], limit, (w) => [w.id])
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
/** Changes the draft; versions that were published stay as they are. @throws workflow.not_found, workflow.archived, 412 */
export async function changeWorkflow(ctx: Context, id: string, change: PatchWorkflow, ifMatch?: number): Promise<Workflow> {
  judgeSize(change.definition)
  return ctx.happen<WorkflowEventName, Workflow>(async (tx) => {
    const { now, ...row } = only(await tx(lockWorkflow(id)), 'workflow')
    if (row.status === 'archived') refuse('workflow.archived')
    checkVersion(row.version, ifMatch)
    const next = { ...row, ...change, ...(change.name === undefined ? {} : { name: change.name.trim() }) }
    const changed = (['name', 'description', 'definition'] as const).filter((field) => !same(next[field], row[field]))
    if (!changed.length) return { happened: [], result: shownWorkflow(row) }
    tx.later(updateDraft(next))
    const data = { fields: changed, ...(changed.includes('name') ? { name: next.name } : {}) }
    return { happened: [{ name: 'workflow.changed', subject: row.id, data }], result: shownWorkflow({ ...next, version: row.version + 1, updatedAt: now } as WorkflowRow) }
  })
}

/** Its triggers end; runs go on to their end and stay readable by id. @throws workflow.not_found */
export async function deleteWorkflow(ctx: Context, id: string, unschedule: (tx: Context, ids: readonly string[]) => Promise<void>): Promise<void> {
  await ctx.change('workflow.deleted', async (tx) => {
    const row = only(await tx(lockWorkflow(id)), 'workflow')
    const gone = await tx(deleteTriggers(row.id))
    await unschedule(tx, gone.filter(({ type }) => type === 'schedule').map(({ id: trigger }) => trigger))
    tx.later(markWorkflowDeleted(row.id))
    return { subject: row.id, data: { name: row.name }, result: undefined }
  })
}
