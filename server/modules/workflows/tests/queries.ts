// Tests of workflows, kept from runs.
import { Id, Nullable, Type } from '../../../kernel/schema.ts'
import { sql, statement } from '../../../kernel/sql.ts'
import { WorkflowTest } from '../schema.ts'

const columns = sql`t.id, t.workflow_id as "workflowId", t.run_id as "runId", t.number, t.name, t.status, t.created_by as "createdBy", t.version, t.created_at as "createdAt", t.updated_at as "updatedAt"`
export const TestRow = Type.Object(WorkflowTest.properties)
export const SealedTest = Type.Object({ ...WorkflowTest.properties, sealed: Type.Unknown(), workflowCreatedBy: Nullable(Id) })
const joined = sql`workflow_tests t join workflows w on w.id = t.workflow_id`
export const listTests = statement('workflow-tests.list', TestRow, (workflowId: string, before: string, limit: number) => sql`
  select ${columns} from ${joined} where t.workflow_id = ${workflowId} and t.id < ${before} and w.deleted_at is null order by t.id desc limit ${limit}`)
export const openTests = statement('workflow-tests.open', SealedTest, (workflowId: string, limit: number) => sql`
  select ${columns}, t.sealed, w.created_by as "workflowCreatedBy" from ${joined} where t.workflow_id = ${workflowId} and w.deleted_at is null order by t.id limit ${limit}`)
export const countTests = statement('workflow-tests.count', Type.Object({ count: Type.Integer() }), (workflowId: string) => sql`select count(*)::int as count from workflow_tests where workflow_id = ${workflowId}`)
export const insertTest = statement('workflow-tests.insert', TestRow, (t: { id: string; workflowId: string; runId: string; number: number; name: string; status: string; bytes: number; sealed: Buffer; createdBy: string | null }) => sql`
  insert into workflow_tests as t (id, workflow_id, run_id, number, name, status, bytes, sealed, created_by)
  values (${t.id}, ${t.workflowId}, ${t.runId}, ${t.number}, ${t.name}, ${t.status}, ${t.bytes}, ${t.sealed}, ${t.createdBy}) on conflict do nothing returning ${columns}`)
export const deleteTest = statement('workflow-tests.delete', Type.Object({ id: Id }), (workflowId: string, id: string) => sql`
  delete from workflow_tests where workflow_id = ${workflowId} and id = ${id} returning id`)
