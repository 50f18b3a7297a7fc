// Triggers of active versions, and what came to webhooks.
import { Id, Nullable, Type } from '../../../kernel/schema.ts'
import { sql, statement } from '../../../kernel/sql.ts'
import { InboxRow } from '../schema.ts'

const Nothing = Type.Object({})
export const TriggerRow = Type.Object({
  id: Id, workflowId: Id, node: Type.String(), type: Type.String(), enabled: Type.Boolean(), settings: Type.Unknown(), events: Type.Array(Type.String()), tokenSealed: Nullable(Type.Unknown()), secretSealed: Nullable(Type.Unknown()),
  problem: Nullable(Type.String()), version: Type.Integer(), createdAt: Type.String(), updatedAt: Type.String(),
})
const columns = sql`t.id, t.workflow_id as "workflowId", t.node, t.type, t.enabled, t.settings, t.events, t.token_sealed as "tokenSealed", t.secret_sealed as "secretSealed", t.problem, t.version, t.created_at as "createdAt", t.updated_at as "updatedAt"`
export const listTriggers = statement('triggers.list', Type.Object({ ...TriggerRow.properties, nextAt: Nullable(Type.String()) }), (workflowId: string) => sql`
  select ${columns}, s.next_at as "nextAt" from workflow_triggers t left join run_schedules s on s.id = t.id where t.workflow_id = ${workflowId} order by t.node`)
export const lockTriggers = statement('triggers.lock', TriggerRow, (workflowId: string) => sql`select ${columns} from workflow_triggers t where t.workflow_id = ${workflowId} order by t.id for update`)
export const findTrigger = statement('triggers.find', TriggerRow, (workflowId: string, node: string) => sql`select ${columns} from workflow_triggers t where t.workflow_id = ${workflowId} and t.node = ${node} for update`)
export const insertTrigger = statement('triggers.insert', Nothing, (t: { id: string; workflowId: string; node: string; type: string; settings: unknown; events: readonly string[]; enabled: boolean; tokenHash: Buffer | null; tokenSealed: Buffer | null }) => sql`
  insert into workflow_triggers (id, workflow_id, node, type, settings, events, enabled, token_hash, token_sealed)
  values (${t.id}, ${t.workflowId}, ${t.node}, ${t.type}, ${sql.json(t.settings)}, ${t.events}::text[], ${t.enabled}, ${t.tokenHash}, ${t.tokenSealed})`)
export const updateTrigger = statement('triggers.update', Nothing, (id: string, t: { type: string; settings: unknown; events: readonly string[]; enabled: boolean }) => sql`
  update workflow_triggers set type = ${t.type}, settings = ${sql.json(t.settings)}, events = ${t.events}::text[], enabled = ${t.enabled}, enabled_at = case when enabled then enabled_at else now() end, problem = null where id = ${id}`)
export const setEnabled = statement('triggers.set-enabled', Type.Object({ id: Id, type: Type.String() }), (workflowId: string, enabled: boolean) => sql`
  update workflow_triggers set enabled = ${enabled} where workflow_id = ${workflowId} returning id, type`)
export const setToken = statement('triggers.set-token', Nothing, (id: string, hash: Buffer | null, sealed: Buffer | null) => sql`update workflow_triggers set token_hash = ${hash}, token_sealed = ${sealed} where id = ${id}`)
export const setSecret = statement('triggers.set-secret', Nothing, (id: string, sealed: Buffer | null) => sql`update workflow_triggers set secret_sealed = ${sealed} where id = ${id}`)
export const setProblem = statement('triggers.set-problem', Nothing, (id: string, problem: string | null) => sql`update workflow_triggers set problem = ${problem} where id = ${id} and problem is distinct from ${problem}`)
export const deleteTrigger = statement('triggers.delete', Nothing, (id: string) => sql`delete from workflow_triggers where id = ${id}`)
export const deleteTriggers = statement('triggers.delete-all', Type.Object({ id: Id, type: Type.String() }), (workflowId: string) => sql`delete from workflow_triggers where workflow_id = ${workflowId} returning id, type`)

const Listening = Type.Object({ id: Id, workflowId: Id, node: Type.String(), settings: Type.Unknown(), version: Type.Integer(), publishedBy: Nullable(Id), reads: Nullable(Type.Unknown()) })
/** Triggers that take an event, with the version they start. What happened before a trigger was there begins nothing, also when the log is read again;
    the seconds are those a transaction may take from its beginning, which is the event's time, to its end. */
export const listListening = statement('triggers.listening', Listening, (event: string, at: string) => sql`
  select t.id, t.workflow_id as "workflowId", t.node, t.settings, coalesce(w.active_version, 0) as version, w.published_by as "publishedBy", v.program #> '{graph,reads}' as reads
  from workflow_triggers t join workflows w on w.id = t.workflow_id join workflow_versions v on v.workflow_id = w.id and v.number = w.active_version where t.enabled and t.enabled_at < ${at}::timestamptz + interval '15 seconds' and t.events @> array[${event}::text] and w.status = 'active' and w.active_version is not null and w.deleted_at is null order by t.id`)
/** Of these pairs of tenant and event those that a trigger or a waiting run listens to: as gw_system. */
export const findHeard = statement('triggers.heard', Type.Object({ tenantId: Id, name: Type.String() }), (tenants: readonly string[], names: readonly string[]) => sql`
  select p.tenant as "tenantId", p.name from unnest(${tenants}::uuid[], ${names}::text[]) as p (tenant, name)
  where exists (select from workflow_triggers t where t.tenant_id = p.tenant and t.enabled and t.events @> array[p.name])
    or exists (select from event_waits w where w.tenant_id = p.tenant and w.event = p.name)`)
export const Target = Type.Object({
  tenantId: Id, triggerId: Id, workflowId: Id, node: Type.String(), type: Type.String(), enabled: Type.Boolean(), settings: Type.Unknown(), secretSealed: Nullable(Type.Unknown()), version: Type.Integer(), status: Type.String(), publishedBy: Nullable(Id), reads: Nullable(Type.Unknown()),
})
const target = sql`select t.tenant_id as "tenantId", t.id as "triggerId", t.workflow_id as "workflowId", t.node, t.type, t.enabled, t.settings, t.secret_sealed as "secretSealed", coalesce(w.active_version, 0) as version, w.status,
    w.published_by as "publishedBy", v.program #> '{graph,reads}' as reads
  from workflow_triggers t join workflows w on w.tenant_id = t.tenant_id and w.id = t.workflow_id left join workflow_versions v on v.tenant_id = w.tenant_id and v.workflow_id = w.id and v.number = w.active_version`
/** By its address, in whatever tenant: as gw_system. */
export const findByToken = statement('triggers.by-token', Target, (hash: Buffer) => sql`${target} where t.token_hash = ${hash} and w.deleted_at is null`)
export const findTarget = statement('triggers.target', Target, (id: string) => sql`${target} where t.id = ${id} and w.deleted_at is null`)
export const findEnded = statement('triggers.ended-run', Type.Object({ status: Type.String(), output: Type.Unknown() }), (runId: string) => sql`select status, output from runs where id = ${runId} and finished_at is not null`)

const inbox = sql`i.id, i.workflow_id as "workflowId", i.node, i.method, i.content_type as "contentType", i.bytes, i.verified, i.reason, i.run_id as "runId", i.replay_of as "replayOf", i.version, i.created_at as "createdAt", i.updated_at as "updatedAt"`
export const insertReceived = statement('inbox.insert', Nothing, (r: { id: string; workflowId: string; triggerId: string; node: string; method: string; contentType: string | null; bytes: number; sealed: Buffer; verified: boolean; reason: string | null; runId: string | null; replayOf: string | null }) => sql`
  insert into webhook_inbox (id, workflow_id, trigger_id, node, method, content_type, bytes, sealed, verified, reason, run_id, replay_of)
  values (${r.id}, ${r.workflowId}, ${r.triggerId}, ${r.node}, ${r.method}, ${r.contentType}, ${r.bytes}, ${r.sealed}, ${r.verified}, ${r.reason}, ${r.runId}, ${r.replayOf})`)
/** What began a run; its repetitions come soon after it, so the newest are looked through first. */
export const findBeginner = statement('inbox.beginner', Type.Object({ id: Id }), (workflowId: string, runId: string) => sql`
  select id from webhook_inbox where workflow_id = ${workflowId} and run_id = ${runId} order by id desc limit 1`)
export const listReceived = statement('inbox.list', InboxRow, (workflowId: string, before: string, limit: number) => sql`
  select ${inbox} from webhook_inbox i join workflows w on w.id = i.workflow_id where i.workflow_id = ${workflowId} and i.id < ${before} and w.deleted_at is null order by i.id desc limit ${limit}`)
export const findReceived = statement('inbox.find', Type.Object({ ...InboxRow.properties, triggerId: Id, sealed: Type.Unknown() }), (id: string) => sql`
  select ${inbox}, i.trigger_id as "triggerId", i.sealed from webhook_inbox i join workflows w on w.id = i.workflow_id where i.id = ${id} and w.deleted_at is null`)
export const sweepInbox = (days: number) => sql`delete from webhook_inbox where created_at < now() - ${days} * interval '1 day'`

/** The run that led to an event: the nearest one among its causes. */
export const findLeadingRun = statement('triggers.leading-run', Type.Object({ runId: Nullable(Id), depth: Type.Integer() }), (causeId: string) => sql`
  with recursive up as (
    select e.id, e.cause_id, e.subject_type, e.subject_id, 1 as hops from events e where e.id = ${causeId}
    union all select e.id, e.cause_id, e.subject_type, e.subject_id, up.hops + 1 from up join events e on e.id = up.cause_id where up.subject_type <> 'run' and up.hops < 50
  ) select r.id as "runId", r.depth from up join runs r on r.id = up.subject_id where up.subject_type = 'run' limit 1`)

export const insertWait = statement('event-waits.insert', Nothing, (w: { runId: string; key: string; signal: string; event: string; subject: string }) => sql`
  insert into event_waits (run_id, key, signal, event, subject_id) values (${w.runId}, ${w.key}, ${w.signal}, ${w.event}, ${w.subject}) on conflict do nothing`)
export const listWaits = statement('event-waits.list', Type.Object({ runId: Id, key: Type.String(), signal: Type.String() }), (event: string, subjects: readonly string[]) => sql`
  select run_id as "runId", key, signal from event_waits where event = ${event} and subject_id = any (${subjects}::uuid[]) order by run_id, key`)
export const dropWait = (runId: string, key: string) => sql`delete from event_waits where run_id = ${runId} and key = ${key}`
export const dropWaits = (runId: string) => sql`delete from event_waits where run_id = ${runId}`
