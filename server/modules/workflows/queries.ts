// Workflows, versions, deployments, triggers. Runs and approvals have files of their own.
import { Id, Nullable, Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { DeploymentRow, ListedRow, VersionRow, WorkflowRow } from './schema.ts'

const Nothing = Type.Object({})
const named = sql`w.id, w.name, w.description, w.status, w.active_version as "activeVersion", w.published_by as "publishedBy", w.paused_reason as "pausedReason", w.created_by as "createdBy",
  w.version, w.created_at as "createdAt", w.updated_at as "updatedAt"`
const columns = sql`${named}, w.definition, w.last_version as "lastVersion"`

export const findWorkflow = statement('workflows.find', WorkflowRow, (id: string) => sql`select ${columns} from workflows w where w.id = ${id} and w.deleted_at is null`)
export const lockWorkflow = statement('workflows.lock', Type.Object({ ...WorkflowRow.properties, now: Type.String() }), (id: string) => sql`select ${columns}, now() as now from workflows w where w.id = ${id} and w.deleted_at is null for no key update`)
export const listWorkflows = statement('workflows.list', ListedRow, (filter: { status: string | null; pattern: string | null; connectionId: string | null }, before: string, limit: number) => sql`
  select ${named}, (select jsonb_build_object('last', (array_agg(r.status order by r.id desc))[1], 'lastAt', to_char(max(r.created_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'recent', coalesce(to_jsonb((array_agg(r.status order by r.id desc))[1:12]), '[]'), 'total', count(*)::int, 'failed', (count(*) filter (where r.status = 'failed'))::int) from runs r where r.workflow_id = w.id and r.created_at > now() - interval '7 days') as runs
  from workflows w where w.deleted_at is null and w.id < ${before} and (${filter.status}::text is null or w.status = ${filter.status}) and (${filter.pattern}::text is null or w.name ilike ${filter.pattern})
    and (${filter.connectionId}::text is null or w.definition->'nodes' @> jsonb_build_array(jsonb_build_object('connectionId', ${filter.connectionId}::text))
      or exists (select from workflow_versions v where v.workflow_id = w.id and v.number = w.active_version and v.definition->'nodes' @> jsonb_build_array(jsonb_build_object('connectionId', ${filter.connectionId}::text))))
  order by w.id desc limit ${limit}`, [[{ status: null, pattern: null, connectionId: null }, '', 1]])
export const listWorkflowIds = statement('workflows.ids', Type.Object({ id: Id }), () => sql`select id from workflows where deleted_at is null`)
export const insertWorkflow = statement('workflows.insert', Type.Object({ now: Type.String() }), (w: { id: string; name: string; description: string | null; definition: unknown; createdBy: string | null }) => sql`
  insert into workflows (id, name, description, definition, created_by) values (${w.id}, ${w.name}, ${w.description}, ${sql.json(w.definition)}, ${w.createdBy}) returning created_at as now`)
export const updateDraft = statement('workflows.update-draft', Nothing, (w: { id: string; name: string; description: string | null; definition: unknown }) => sql`
  update workflows set name = ${w.name}, description = ${w.description}, definition = ${sql.json(w.definition)} where id = ${w.id}`)
export const setState = statement('workflows.set-state', Nothing, (id: string, s: { status: string; active: number | null; last: number; publishedBy: string | null; pausedReason: string | null }) => sql`
  update workflows set status = ${s.status}, active_version = ${s.active}, last_version = ${s.last}, published_by = ${s.publishedBy}, paused_reason = ${s.pausedReason} where id = ${id}`, [['', { status: '', active: null, last: 0, publishedBy: null, pausedReason: null }]])
export const markWorkflowDeleted = statement('workflows.mark-deleted', Nothing, (id: string) => sql`update workflows set deleted_at = now(), status = 'archived' where id = ${id}`)
export const listPublishedBy = statement('workflows.published-by', Type.Object({ id: Id }), (person: string) => sql`select id from workflows where published_by = ${person} and status = 'active' and deleted_at is null order by id`)
export const listLeft = statement('workflows.of-people-who-left', Type.Object({ id: Id }), () => sql`
  select w.id from workflows w where w.status = 'active' and w.deleted_at is null and not exists (select from identity."member" m where m."userId" = w.published_by) order by w.id`)

const version = sql`v.workflow_id as "workflowId", v.number, v.hash, v.note, v.published_by as "publishedBy", coalesce(v.number = w.active_version, false) as active, v.number as version, v.created_at as "createdAt", v.created_at as "updatedAt"`
export const listVersions = statement('workflows.versions', VersionRow, (id: string, before: number, limit: number) => sql`
  select ${version} from workflow_versions v join workflows w on w.id = v.workflow_id where v.workflow_id = ${id} and v.number < ${before} and w.deleted_at is null order by v.number desc limit ${limit}`)
export const findVersion = statement('workflows.version', Type.Object({ ...VersionRow.properties, definition: Type.Unknown() }), (id: string, number: number) => sql`
  select ${version}, v.definition from workflow_versions v join workflows w on w.id = v.workflow_id where v.workflow_id = ${id} and v.number = ${number} and w.deleted_at is null`)
/** As it is run. Also of deleted workflows: their runs go on to their end. */
export const findProgram = statement('workflows.program', Type.Object({ definition: Type.Unknown(), program: Type.Unknown(), publishedBy: Nullable(Id), name: Type.String() }), (tenant: string, id: string, number: number) => sql`
  select v.definition, v.program, v.published_by as "publishedBy", w.name from workflow_versions v join workflows w on w.tenant_id = v.tenant_id and w.id = v.workflow_id
  where v.tenant_id = ${tenant} and v.workflow_id = ${id} and v.number = ${number}`)
export const findActiveNumber = statement('workflows.active-number', Type.Object({ number: Nullable(Type.Integer()) }), (tenant: string, id: string) => sql`
  select active_version as number from workflows where tenant_id = ${tenant} and id = ${id} and deleted_at is null and status = 'active'`)
export const insertVersion = statement('workflows.insert-version', Nothing, (v: { workflowId: string; number: number; definition: unknown; program: unknown; hash: string; note: string | null; publishedBy: string | null }) => sql`
  insert into workflow_versions (workflow_id, number, definition, program, hash, note, published_by) values (${v.workflowId}, ${v.number}, ${sql.json(v.definition)}, ${sql.json(v.program)}, ${v.hash}, ${v.note}, ${v.publishedBy})`)

const deployment = sql`d.id, d.workflow_id as "workflowId", w.name as "workflowName", d.number, d.status, d.error, d.created_by as "createdBy", d.version, d.created_at as "createdAt", d.updated_at as "updatedAt"`
export const listDeployments = statement('workflows.deployments', DeploymentRow, (workflowId: string | null, before: string, limit: number) => sql`
  select ${deployment} from workflow_deployments d join workflows w on w.id = d.workflow_id where d.id < ${before} and (${workflowId}::uuid is null or d.workflow_id = ${workflowId}) and w.deleted_at is null order by d.id desc limit ${limit}`)
export const insertDeployment = statement('workflows.insert-deployment', Nothing, (id: string, workflowId: string, number: number, by: string | null) => sql`
  insert into workflow_deployments (id, workflow_id, number, created_by) values (${id}, ${workflowId}, ${number}, ${by})`)
export const setDeployment = statement('workflows.set-deployment', Type.Object({ workflowId: Id, number: Type.Integer() }), (id: string, status: string, error: string | null) => sql`
  update workflow_deployments set status = ${status}, error = ${error} where id = ${id} returning workflow_id as "workflowId", number`)
export const lockDeployment = statement('workflows.lock-deployment', Type.Object({ id: Id, workflowId: Id, number: Type.Integer(), status: Type.String(), latest: Type.Boolean() }), (id: string) => sql`
  select d.id, d.workflow_id as "workflowId", d.number, d.status, not exists (select from workflow_deployments o where o.workflow_id = d.workflow_id and o.id > d.id) as latest
  from workflow_deployments d where d.id = ${id} for update`)
/** Those before it that stood. */
export const supersedeDeployments = statement('workflows.supersede-deployments', Nothing, (workflowId: string, except: string) => sql`
  update workflow_deployments set status = 'superseded' where workflow_id = ${workflowId} and id <> ${except} and status in ('pending', 'deploying', 'active')`)
