// Tests of a workflow: kept from its runs, judged against drafts and versions without doing anything.
import { peopleOf, personOf, type Context } from '../../../kernel/db.ts'
import { only, refuse, refuseField } from '../../../kernel/errors.ts'
import { newId } from '../../../kernel/ids.ts'
import { idShape, page, parseCursor } from '../../../kernel/pages.ts'
import { roleReaches, type List, type Static } from '../../../kernel/schema.ts'
import { sizeFault, type Definition } from '../definitions/definition.ts'
import type { Json } from '../engine/port.ts'
import type { Parts } from '../parts.ts'
import type { Publishing } from '../publishing.ts'
import { findWorkflow, lockWorkflow } from '../queries.ts'
import type { Runner } from '../runner/runner.ts'
import type { Runs } from '../runs/service.ts'
import type { ReplayBody, ReplayedTests, SaveTestBody, WorkflowTest } from '../schema.ts'
import { fixtureOf, judge, sayDivergence, type Fixture, type Outcome } from './fixture.ts'
import { countTests, deleteTest, insertTest, listTests, openTests, type SealedTest } from './queries.ts'

const last = ['ffffffff-ffff-ffff-ffff-ffffffffffff']
const mostTests = 50
const mostBytes = 4_000_000
/** Of publishing: what is not judged by then is told as such. */
const publishMs = 15_000
export const testBinding = (id: string): string => `workflow_tests/sealed/${id}`
type Row = Static<typeof SealedTest>
type Judged = ReplayedTests['results'][number]

export function createTests(parts: Parts, publishing: Publishing, runs: Runs, runner: Runner) {
  const { kernel, catalogue } = parts
  const toolsOf = (ctx: Context) => ({ catalogue: catalogue(), runner, sandbox: kernel.sandbox, tenant: ctx.tenant })
  /** Who may see what is in it: admins, who kept it, and who made the workflow. */
  const maySee = (ctx: Context, row: Row): boolean => roleReaches(ctx.role, 'admin') || peopleOf(ctx).some((person) => person === row.createdBy || person === row.workflowCreatedBy)

  async function judgeOne(ctx: Context, row: Row, definition: Definition): Promise<Judged> {
    const one = { testId: row.id, name: row.name }
    const text = await kernel.keys.open(row.sealed as Buffer, testBinding(row.id))
    if (text === null) return { ...one, passed: false, divergence: { key: '', node: null, message: 'its key was destroyed', path: null, was: null, is: null } }
    const divergence = await judge(toolsOf(ctx), definition, JSON.parse(text) as Fixture)
    if (!divergence) return { ...one, passed: true, divergence: null }
    const visible = maySee(ctx, row)
    const { key, node, path, was, is } = divergence
    return { ...one, passed: false, divergence: { key, node, message: sayDivergence(divergence, visible), path: visible ? path : null, was: visible ? was : null, is: visible ? is : null } }
  }

  return {
    async list(ctx: Context, workflowId: string, { after, limit }: { after?: string; limit: number }): Promise<List<WorkflowTest>> {
      const [before] = parseCursor(after, last, [idShape])
      const [found, rows] = await ctx.read(findWorkflow(workflowId), listTests(workflowId, before!, limit + 1))
      only(found, 'workflow')
      return page(rows as WorkflowTest[], limit, (row) => [row.id])
    },

    /** @throws run.not_finished, state.conflict when the run cannot be a test, permission.denied when its values are not the caller's to see */
    async save(ctx: Context, workflowId: string, { runId, name }: SaveTestBody): Promise<WorkflowTest> {
      only((await ctx.read(findWorkflow(workflowId)))[0], 'workflow')
      const recorded = await runs.recorded(ctx, runId)
      if (!recorded || recorded.workflowId !== workflowId) refuseField('/runId', 'is no run of this workflow')
      if (recorded.hidden) refuse('permission.denied', 'the values of that run are not yours to see')
      if (recorded.status !== 'completed' && recorded.status !== 'failed') refuse('run.not_finished', recorded.status === 'cancelled' ? 'it was cancelled: a test is a run that went to its end' : undefined)
      if (!recorded.definition) refuse('state.conflict', 'the version it ran is gone')
      const outcomes: Record<string, Outcome> = Object.fromEntries(recorded.steps.filter(({ kind, state }) => kind !== 'note' && state !== 'pending').map(({ key, output, error, startedAt }) => [key, { output: output as Json, error: error as Outcome['error'], at: startedAt }]))
      const fixture = await fixtureOf(toolsOf(ctx), recorded.definition, { input: recorded.input, entry: recorded.entry, startedAt: recorded.startedAt, outcomes }).catch((error: Error) => refuse('state.conflict', `the run cannot be walked again: ${error.message}`))
      const text = JSON.stringify(fixture)
      if (text.length > mostBytes) refuse('state.conflict', `the run has ${text.length} characters of values: a test has at most ${mostBytes}`)
      const id = newId()
      const sealed = await kernel.keys.seal({ tenant: ctx.tenant }, text, testBinding(id))
      return ctx.change('workflow-test.saved', async (tx) => {
        const [[workflow], [{ count } = { count: 0 }]] = await tx.run(lockWorkflow(workflowId), countTests(workflowId))
        only(workflow ? [workflow] : [], 'workflow')
        if (count >= mostTests) refuse('state.conflict', `a workflow has at most ${mostTests} tests: delete one first`)
        const given = name?.trim() ?? `Run of ${recorded.startedAt.slice(0, 16).replace('T', ' ')}`
        const [row] = await tx(insertTest({ id, workflowId, runId, number: recorded.version, name: given, status: recorded.status, bytes: text.length, sealed, createdBy: personOf(tx) }))
        if (!row) refuse('state.conflict', 'this run is a test already')
        return { subject: id, data: { workflowId, runId, name: given }, result: row as WorkflowTest }
      })
    },
    /** @throws workflow.not_found, test.not_found */
    remove: (ctx: Context, workflowId: string, id: string): Promise<void> =>
      ctx.change('workflow-test.deleted', async (tx) => {
        const [found, gone] = await tx.run(findWorkflow(workflowId), deleteTest(workflowId, id))
        only(found, 'workflow')
        only(gone, 'test')
        return { subject: id, data: { workflowId }, result: undefined }
      }),

    /** Judges a definition, a version or the draft; nothing is done and nothing kept. */
    async replay(ctx: Context, workflowId: string, body: ReplayBody): Promise<ReplayedTests> {
      const [found, rows] = await ctx.read(findWorkflow(workflowId), openTests(workflowId, mostTests))
      const workflow = only(found, 'workflow')
      const tooLarge = body.definition ? sizeFault(body.definition) : undefined
      if (tooLarge) refuseField(`/definition${tooLarge.path}`, tooLarge.message)
      const drawing = body.definition ?? (body.version === undefined ? workflow.definition : (await publishing.version(ctx, workflowId, body.version)).definition)
      const { faults } = await publishing.judge(ctx, drawing)
      if (faults.some(({ level }) => level === 'error')) return { results: [], faults }
      const chosen = body.tests ? rows.filter(({ id }) => body.tests!.includes(id)) : rows
      const results: Judged[] = []
      for (const row of chosen) results.push(await judgeOne(ctx, row, drawing as Definition))
      return { results, faults }
    },
    /** Tests that a version fails, and how many were not looked at within the time of a publishing. */
    async failing(ctx: Context, workflowId: string, definition: Definition): Promise<{ failing: { testId: string; name: string; key: string; message: string }[]; unjudged: number }> {
      const [rows] = await ctx.read(openTests(workflowId, mostTests))
      const until = Date.now() + publishMs
      const failing: { testId: string; name: string; key: string; message: string }[] = []
      for (const [i, row] of rows.entries()) {
        if (Date.now() > until) return { failing, unjudged: rows.length - i }
        const { divergence, ...one } = await judgeOne(ctx, row, definition)
        if (divergence) failing.push({ testId: one.testId, name: one.name, key: divergence.key, message: divergence.message })
      }
      return { failing, unjudged: 0 }
    },
  }
}
