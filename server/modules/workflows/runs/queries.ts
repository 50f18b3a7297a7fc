// Runs as people look at them. What the engine writes is its own (engine/queries.ts).
import { Id, Nullable, Type } from '../../../kernel/schema.ts'
import { sql, statement } from '../../../kernel/sql.ts'
import { runStatuses } from '../schema.ts'

const Nothing = Type.Object({})
export const RunRow = Type.Object({
  id: Id, workflowId: Id, workflowName: Type.String(), version: Type.Integer(), status: Type.Enum([...runStatuses]), entry: Nullable(Type.String()), error: Type.Unknown(), actorType: Type.String(), actorId: Nullable(Id),
  publishedBy: Nullable(Id), workflowCreatedBy: Nullable(Id), causeId: Nullable(Id), parentRunId: Nullable(Id), parked: Type.Boolean(), createdAt: Type.String(), updatedAt: Type.String(), startedAt: Nullable(Type.String()), finishedAt: Nullable(Type.String()),
})
const columns = sql`r.id, r.workflow_id as "workflowId", coalesce(w.name, '') as "workflowName", r.workflow_version as version, r.status, r.entry, r.error, r.actor_type as "actorType", r.actor_id as "actorId",
  v.published_by as "publishedBy", w.created_by as "workflowCreatedBy", r.cause_id as "causeId", r.parent_run as "parentRunId", r.over_limit and r.finished_at is null as parked, r.created_at as "createdAt", r.updated_at as "updatedAt", r.started_at as "startedAt", r.finished_at as "finishedAt"`
const joined = sql`runs r left join workflows w on w.id = r.workflow_id left join workflow_versions v on v.workflow_id = r.workflow_id and v.number = r.workflow_version`
export type RunFilter = { workflowId: string | null; parentRunId: string | null; status: string | null; from: string | null; to: string | null }
export const listRuns = statement('runs.listed', RunRow, (f: RunFilter, before: string, limit: number) => sql`
  select ${columns} from ${joined} where r.id < ${before} and (${f.workflowId}::uuid is null or r.workflow_id = ${f.workflowId}) and (${f.parentRunId}::uuid is null or r.parent_run = ${f.parentRunId}) and (${f.status}::text is null or r.status = ${f.status})
    and (${f.from}::timestamptz is null or r.created_at >= ${f.from}) and (${f.to}::timestamptz is null or r.created_at < ${f.to}) order by r.id desc limit ${limit}`, [[{ workflowId: null, parentRunId: null, status: null, from: null, to: null }, '', 1]])
export const findRunRow = statement('runs.one', Type.Object({ ...RunRow.properties, input: Type.Unknown(), output: Type.Unknown(), definition: Nullable(Type.Unknown()), program: Nullable(Type.Unknown()) }), (id: string) => sql`
  select ${columns}, r.input, r.output, v.definition, v.program from ${joined} where r.id = ${id}`)
export const StepRow = Type.Object({
  key: Type.String(), node: Type.String(), kind: Type.String(), state: Type.String(), attempt: Type.Integer(), output: Type.Unknown(), error: Type.Unknown(), dueAt: Nullable(Type.String()), beatAt: Nullable(Type.String()), startedAt: Type.String(), finishedAt: Nullable(Type.String()),
})
export const listRunSteps = statement('runs.steps-of', StepRow, (runId: string, limit: number) => sql`
  select key, node, kind, state, attempt, output, error, due_at as "dueAt", beat_at as "beatAt", started_at as "startedAt", finished_at as "finishedAt" from run_steps where run_id = ${runId} order by started_at, key limit ${limit}`)

export const lockRunRow = statement('runs.lock-row', Type.Object({ id: Id, workflowId: Id, version: Type.Integer(), status: Type.String(), finished: Type.Boolean() }), (id: string) => sql`
  select id, workflow_id as "workflowId", workflow_version as version, status, finished_at is not null as finished from runs where id = ${id} for update`)
/** It goes on with another version: whoever holds it loses it by the fence. */
export const moveRun = statement('runs.move', Nothing, (id: string, version: number) => sql`
  update runs set workflow_version = ${version}, epoch = epoch + 1, wake_seq = wake_seq + 1, owner = null, status = case when status = 'running' then 'pending' else status end, due_at = case when status = 'paused' then due_at else now() end where id = ${id}`)
export const listOpenRuns = statement('runs.open-of', Type.Object({ id: Id, status: Type.Enum([...runStatuses]), total: Type.Integer() }), (workflowId: string, but: number, limit: number) => sql`
  select id, status, (count(*) over ())::int as total from runs where workflow_id = ${workflowId} and workflow_version <> ${but} and finished_at is null order by id desc limit ${limit}`)
