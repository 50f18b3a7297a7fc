// Approvals: a run asks people and waits. Who decides, by whom it is escalated, what becomes of it when the run ends.
import { peopleOf, personOf, type Context, type Who } from '../../../kernel/db.ts'
import { only, refuse } from '../../../kernel/errors.ts'
import { newId } from '../../../kernel/ids.ts'
import { addJob, type JobHandler } from '../../../kernel/jobs.ts'
import { idShape, page, parseCursor } from '../../../kernel/pages.ts'
import { Id, roleReaches, roles, Type, type List, type TenantRole } from '../../../kernel/schema.ts'
import { sql, statement } from '../../../kernel/sql.ts'
import { tell } from '../../notifications/api.ts'
import type { Json } from '../engine/port.ts'
import type { Asked } from '../nodes/actions.ts'
import type { Step } from '../nodes/node.ts'
import type { Parts } from '../parts.ts'
import { ApprovalRow, type Approval, type ApprovalQuery } from '../schema.ts'

const Nothing = Type.Object({})
const last = ['ffffffff-ffff-ffff-ffff-ffffffffffff']
// a deadline that passed is told at once, though the run may not have noticed yet
const columns = sql`a.id, a.run_id as "runId", a.workflow_id as "workflowId", coalesce(w.name, '') as "workflowName", a.key, a.node, a.title, a.text, a.people, a.role,
  case when a.status = 'pending' and a.deadline_at < now() then 'timed_out' else a.status end as status, a.deadline_at as "deadlineAt", a.escalates_at as "escalatesAt", a.escalate_to as "escalateTo", a.escalated_at as "escalatedAt",
  a.decided_by as "decidedBy", a.decided_at as "decidedAt", a.comment, a.version, a.created_at as "createdAt", a.updated_at as "updatedAt"`
const joined = sql`approvals a left join workflows w on w.id = a.workflow_id`
/** Whether somebody may decide: one of its people, of its role, or of those it was escalated to. The same in words below. */
const mayDecide = (people: readonly string[], reached: readonly string[]) => sql`(a.people && ${people}::uuid[] or a.role = any (${reached}) or (a.escalated_at is not null and a.escalate_to = any (${reached})))`
const listRows = statement('approvals.list', ApprovalRow, (f: { status: string | null; mine: boolean; runId: string | null }, people: readonly string[], reached: readonly string[], all: boolean, before: string, limit: number) => sql`
  select ${columns} from ${joined} where a.id < ${before} and (${f.status}::text is null or case when a.status = 'pending' and a.deadline_at < now() then 'timed_out' else a.status end = ${f.status}) and (${f.runId}::uuid is null or a.run_id = ${f.runId})
    and (${mayDecide(people, reached)} or (${all} and not ${f.mine}) or (not ${f.mine} and a.decided_by = any (${people}::uuid[]))) order by a.id desc limit ${limit}`, [[{ status: null, mine: false, runId: null }, [], [], false, '', 1]])
const lockRow = statement('approvals.lock', Type.Object({ ...ApprovalRow.properties, open: Type.Boolean(), now: Type.String() }), (id: string) => sql`
  select ${columns}, a.status = 'pending' and coalesce(a.deadline_at > now(), true) as open, now() as now from ${joined} where a.id = ${id} for update of a`)
const findRow = statement('approvals.find', ApprovalRow, (id: string) => sql`select ${columns} from ${joined} where a.id = ${id}`)
const insertRow = statement('approvals.insert', Type.Object({ id: Id }), (a: { id: string; runId: string; workflowId: string; key: string; node: string; asked: Asked }) => sql`
  insert into approvals (id, run_id, workflow_id, key, node, title, text, people, role, deadline_at, escalates_at, escalate_to)
  values (${a.id}, ${a.runId}, ${a.workflowId}, ${a.key}, ${a.node}, ${a.asked.title}, ${a.asked.text}, ${a.asked.people}::uuid[], ${a.asked.role}, now() + ${a.asked.deadlineMs}::bigint * interval '1 ms', now() + ${a.asked.escalateAfterMs}::bigint * interval '1 ms', ${a.asked.escalateTo})
  on conflict (tenant_id, run_id, key) do update set status = 'pending', decided_by = null, decided_at = null, comment = null, escalated_at = null, title = excluded.title, text = excluded.text, people = excluded.people, role = excluded.role,
    deadline_at = excluded.deadline_at, escalates_at = excluded.escalates_at, escalate_to = excluded.escalate_to where approvals.status <> 'pending' returning id`, [[{ id: '', runId: '', workflowId: '', key: '', node: '', asked: { title: '', text: '', people: [], role: null, deadlineMs: null, escalateAfterMs: null, escalateTo: null } }]])
const findOpen = statement('approvals.open', Type.Object({ id: Id }), (runId: string, key: string) => sql`select id from approvals where run_id = ${runId} and key = ${key}`)
const settleRow = statement('approvals.settle', Nothing, (id: string, status: string, by: string | null, comment: string | null) => sql`update approvals set status = ${status}, decided_by = ${by}, decided_at = now(), comment = ${comment} where id = ${id}`)
const escalateRow = statement('approvals.escalate', Nothing, (id: string) => sql`update approvals set escalated_at = now() where id = ${id}`)
/** What still waits when its run is over waits for nobody. */
export const closeApprovals = (runId: string) => sql`update approvals set status = case when deadline_at < now() then 'timed_out' else 'cancelled' end where run_id = ${runId} and status = 'pending'`
const Person = Type.Object({ personId: Id })
/** Members with a role or above. */
export const listByRole = statement('approvals.by-role', Person, (reached: readonly string[]) => sql`select m."userId" as "personId" from identity."member" m where m.role = any (${reached}) order by m."userId" limit 500`)

const above = (role: string): string[] => roles.slice(roles.indexOf(role as TenantRole))
/** The roles whose approvals somebody may decide. */
const reachedBy = (role: TenantRole | undefined): string[] => (role ? roles.slice(0, roles.indexOf(role) + 1) : [])
const isMine = (who: Who, row: ApprovalRow): boolean =>
  row.people.some((id) => peopleOf(who).includes(id)) || (row.role !== null && roleReaches(who.role, row.role as TenantRole)) || (row.escalatedAt !== null && row.escalateTo !== null && roleReaches(who.role, row.escalateTo as TenantRole))
const shown = (who: Who, { key: _, escalateTo: __, ...row }: ApprovalRow): Approval => ({ ...row, mine: row.status === 'pending' && isMine(who, { ...row, key: '', escalateTo: __ }) })

export const escalateJob = 'workflows.escalate'
export type Approvals = ReturnType<typeof createApprovals>

export function createApprovals({ kernel, engine }: Pick<Parts, 'kernel' | 'engine'>) {
  /** As nobody: people are told by the house, not by the run. */
  const asNobody = (tx: Context & { within?: (who: Partial<Who>) => Context }): Context => tx.within!({ actor: { type: 'system', id: null }, onBehalfOf: undefined })
  const link = (id: string) => `/approvals?id=${id}`

  return {
    asNobody,
    async list(ctx: Context, { after, limit, status, mine, runId }: ApprovalQuery): Promise<List<Approval>> {
      const [before] = parseCursor(after, last, [idShape])
      const [rows] = await ctx.read(listRows({ status: status ?? null, mine: mine ?? false, runId: runId ?? null }, peopleOf(ctx), reachedBy(ctx.role), roleReaches(ctx.role, 'admin'), before!, limit + 1))
      return page(rows.map((row) => shown(ctx, row)), limit, (a) => [a.id])
    },
    /** By one of its people, of its role, or of those it was escalated to. @throws approval.not_found, approval.decided, permission.denied */
    async decide(ctx: Context, id: string, decision: 'approve' | 'reject', comment: string | null): Promise<Approval> {
      return ctx.change('approval.decided', async (tx) => {
        const { now, open, ...row } = only(await tx(lockRow(id)), 'approval')
        if (!isMine(tx, row)) {
          if (!roleReaches(tx.role, 'admin')) refuse('approval.not_found')
          refuse('permission.denied', 'you are not among those who were asked')
        }
        if (!open) refuse('approval.decided', row.status === 'timed_out' ? 'its deadline has passed' : `it is ${row.status} already`)
        const by = personOf(tx)
        const status = decision === 'approve' ? ('approved' as const) : ('rejected' as const)
        await tx(settleRow(id, status, by, comment))
        const met = await engine().signal(tx, row.runId, row.key, { decision, ...(comment === null ? {} : { comment }) }, { id: newId() })
        if (met === 'not_found' || met === 'finished') refuse('run.finished', 'its run is over')
        const result = shown(tx, { ...row, status, decidedBy: by, decidedAt: now, comment, version: row.version + 1, updatedAt: now })
        return { subject: id, data: { workflowId: row.workflowId, runId: row.runId, decision }, result }
      })
    },
    /** Inside the step's own transaction: the row, the telling and the clock that escalates. */
    async open(tx: Context & { within(who: Partial<Who>): Context }, step: Step, key: string, asked: Asked): Promise<Json> {
      return tx.happen(async (inner) => {
        const id = newId()
        const [made] = await inner(insertRow({ id, runId: step.run.id, workflowId: step.run.workflowId, key, node: step.node.id, asked }))
        if (!made) return { happened: [], result: { approvalId: (await inner(findOpen(step.run.id, key)))[0]!.id } }
        const people = new Set(asked.people)
        if (asked.role) for (const { personId } of await inner(listByRole(above(asked.role)))) people.add(personId)
        if (asked.escalateAfterMs !== null) inner.later(addJob(inner, { name: escalateJob, data: { approvalId: made.id }, key: `${made.id}/${step.attempt}`, runAt: new Date(Date.now() + asked.escalateAfterMs).toISOString() }))
        await tell(asNobody(inner), { source: `approval:${made.id}`, projectId: null, taskId: null, actorId: null, notice: { title: `Your approval is asked for: ${asked.title}`, link: link(made.id) }, wishes: [...people].map((personId) => ({ personId, kind: 'notice' as const })) })
        return { happened: [{ name: 'approval.requested', subject: made.id, data: { workflowId: step.run.workflowId, runId: step.run.id, title: asked.title, role: asked.role } }], result: { approvalId: made.id } }
      })
    },
    /** Nobody decided in time: those above may, and are told. */
    escalate: {
      name: escalateJob,
      async handle(job) {
        const { approvalId } = job.data as { approvalId: string }
        const ctx = kernel.app.context({ tenant: job.tenant_id, actor: { type: 'system', id: null }, request: `job:${job.id}`, cause: job.cause_id })
        await ctx.happen(async (tx) => {
          const [row] = await tx(lockRow(approvalId))
          if (!row || !row.open || row.escalatedAt !== null || !row.escalateTo) return { happened: [], result: undefined }
          await tx(escalateRow(row.id))
          const people = await tx(listByRole(above(row.escalateTo)))
          await tell(tx, { source: `escalated:${row.id}`, projectId: null, taskId: null, actorId: null, notice: { title: `Nobody has decided yet: ${row.title}`, link: link(row.id) }, wishes: people.map(({ personId }) => ({ personId, kind: 'notice' as const })) })
          return { happened: [{ name: 'approval.escalated', subject: row.id, data: { workflowId: row.workflowId, runId: row.runId, to: row.escalateTo } }], result: undefined }
        })
      },
    } satisfies JobHandler,
    /** Whoever may find it in the list. @throws approval.not_found */
    async read(ctx: Context, id: string): Promise<Approval> {
      const row = only((await ctx.read(findRow(id)))[0], 'approval')
      if (!isMine(ctx, row) && !roleReaches(ctx.role, 'admin') && !(row.decidedBy !== null && peopleOf(ctx).includes(row.decidedBy))) refuse('approval.not_found')
      return shown(ctx, row)
    },
  }
}
