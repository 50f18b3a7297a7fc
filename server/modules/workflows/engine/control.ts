// Steering of runs by whoever asks, as gw_app of a tenant and inside the caller's change: row, event and the waking of the run commit together. A start
// that is inside of no change is the engine's own statement.
import { ConnectionLost, OutcomeUnknown } from '../../../kernel/batch.ts'
import type { Context, Happened } from '../../../kernel/db.ts'
import { newId } from '../../../kernel/ids.ts'
import { Nullable, Type, type Static } from '../../../kernel/schema.ts'
import { sql, statement } from '../../../kernel/sql.ts'
import type { EngineName, EngineOptions, Limits, StartOptions, Steered } from './engine.ts'
import { Dropped, fault } from './faults.ts'
import { behind, handledNodes } from './graph.ts'
import type { Json } from './port.ts'
import type { Store } from './store.ts'
import { toStorable } from './values.ts'

const Text = Type.String()
const RunRow = Type.Object({
  id: Text, workflow_id: Text, workflow_version: Type.Integer(), status: Text, cancel_requested: Type.Boolean(), pause_requested: Type.Boolean(), held: Type.Boolean(), error: Type.Unknown(), finished_at: Nullable(Text), created_at: Text,
})
type RunRow = Static<typeof RunRow>
const runColumns = sql`id, workflow_id, workflow_version, status, cancel_requested, pause_requested, held, error, finished_at, created_at`
const findRun = statement('runs.find', RunRow, (tenant: string, id: string) => sql`select ${runColumns} from runs where tenant_id = ${tenant} and id = ${id}`)
const lockRun = statement('runs.lock', RunRow, (tenant: string, id: string) => sql`select ${runColumns} from runs where tenant_id = ${tenant} and id = ${id} for update`)
const Only = Type.Object({ id: Text })
const insertRun = statement('runs.start', Only, (o: { tenant: string; id: string; engine: EngineName; workflow: string; version: number; entry: string | null; input: string; dedupKey: string | null; schedule: string | null; actorType: string; actorId: string | null; cause: string | null; request: string; depth: number }) => sql`
  insert into runs (tenant_id, id, engine, workflow_id, workflow_version, entry, input, dedup_key, schedule_id, actor_type, actor_id, cause_id, request_id, depth)
  values (${o.tenant}, ${o.id}, ${o.engine}, ${o.workflow}, ${o.version}, ${o.entry}, ${o.input}::jsonb, ${o.dedupKey}, ${o.schedule}, ${o.actorType}, ${o.actorId}, ${o.cause}, ${o.request}, ${o.depth})
  on conflict do nothing returning id`)
const findByKey = statement('runs.by-key', Only, (tenant: string, key: string | null) => sql`select id from runs where tenant_id = ${tenant} and dedup_key = ${key}`)
const insertSignal = statement('run-signals.insert', Only, (tenant: string, id: string, run: string, name: string, payload: string, actor: string | null) => sql`
  insert into run_signals (tenant_id, id, run_id, name, payload, actor_id) values (${tenant}, ${id}, ${run}, ${name}, ${payload}::jsonb, ${actor}) on conflict do nothing returning id`)
/**
 * Whatever must wake a run writes this with its own row: a run that parks at the same moment sees it. A worker of the embedded engine looks at
 * the runs it holds; one that another engine works on must be told, so it is due.
 */
const wakeRun = (tenant: string, id: string) => sql`
  update runs set wake_seq = wake_seq + 1, due_at = case when status = 'waiting' or (status = 'running' and engine <> 'embedded') then now() else due_at end where tenant_id = ${tenant} and id = ${id}`
const cancelTree = statement('runs.cancel', Only, (tenant: string, id: string) => sql`
  with recursive tree(id) as (
    select ${id}::uuid union all select r.id from tree t join runs r on r.tenant_id = ${tenant} and r.parent_run = t.id where r.closes_with_parent and r.finished_at is null
  ), mine as (select r.id from tree t join runs r on r.tenant_id = ${tenant} and r.id = t.id where r.finished_at is null and not r.cancel_requested order by r.id for update of r)
  update runs r set cancel_requested = true, wake_seq = r.wake_seq + 1, due_at = case when r.status = 'running' and r.engine = 'embedded' then r.due_at else now() end
  from mine m where r.tenant_id = ${tenant} and r.id = m.id returning r.id`)
const askPause = (tenant: string, id: string) => sql`
  update runs set pause_requested = true, held = false, wake_seq = wake_seq + 1, status = case when status = 'running' then status else 'paused' end,
    due_at = case when status <> 'running' then null when engine = 'embedded' then due_at else now() end
  where tenant_id = ${tenant} and id = ${id}`
const endPause = (tenant: string, id: string) => sql`
  update runs set pause_requested = false, held = false, wake_seq = wake_seq + 1, status = case when status = 'paused' then 'pending' else status end, due_at = case when status = 'paused' or (status = 'running' and engine <> 'embedded') then now() else due_at end
  where tenant_id = ${tenant} and id = ${id}`
/** The outcomes of these nodes are open again. What was done is done under another idempotency key; what failed is tried again under its own. */
const reopenSteps = (tenant: string, run: string, nodes: readonly string[], handled: readonly string[], key: string | null) => sql`
  update run_steps s set state = 'pending', attempt = 0, output = null, error = null, due_at = null, finished_at = null, redo = redo + (case when s.state = 'done' or s.kind = 'child' then 1 else 0 end)
  where s.tenant_id = ${tenant} and s.run_id = ${run} and (
    s.node = any (${nodes}) or s.key = ${key} or (s.state = 'failed' and not s.node = any (${handled}))
    or (s.kind = 'child' and s.state = 'pending' and exists (select from runs c where c.tenant_id = ${tenant} and c.parent_run = ${run} and c.status = 'cancelled'
      and c.dedup_key = 'child:' || s.run_id || ':' || s.key || case when s.redo > 0 then '~' || s.redo else '' end)))`
const reopenRun = (tenant: string, id: string) => sql`
  update runs set status = 'pending', due_at = now(), epoch = epoch + 1, wake_seq = wake_seq + 1, claims = 0, progress = 0, owner = null, output = null, error = null, finished_at = null, cancel_requested = false, pause_requested = false, held = false
  where tenant_id = ${tenant} and id = ${id}`

/** More of an input than this travels in a transaction of its own. */
const mostTogether = 64_000
/** Inside of a change it begins with it. Outside, a run that is known by no key begins in one statement with others that are asked for at that moment.
    @throws run.too_deep, what a value that cannot be kept throws, OutcomeUnknown */
export async function startRun(ctx: Context, store: Store, limits: Limits, o: StartOptions): Promise<{ id: string; created: boolean }> {
  const { depth = 0, dedupKey = null, scheduleId = null, entry = null } = o
  if (depth > limits.depth) throw fault('run.too_deep', `runs lead to runs more than ${limits.depth} deep: a workflow starts itself`)
  const { tenant, actor, cause = null, request } = ctx
  const id = newId()
  const { text, blob, bytes } = await store.keepWith({ tenant, run: id }, o.input, { most: limits.inputChars, keep: o.keep ?? [], sealed: o.sealed === true })
  const row = { tenant, id, engine: store.engine, workflow: o.workflowId, version: o.version, entry, input: text, dedupKey, actorType: actor.type, actorId: actor.id, cause, request, depth }
  if (typeof ctx !== 'function' && dedupKey === null && scheduleId === null && bytes <= mostTogether) {
    await store.startRun({ ...row, parentRun: null, parentKey: null, closesWithParent: false, eventId: newId(), blob }).catch((error: unknown) => {
      const why = error instanceof Dropped ? error.cause : error
      throw why instanceof ConnectionLost ? new OutcomeUnknown('the connection was lost while the run was being written', { cause: why }) : why
    })
    return { id, created: true }
  }
  return ctx.happen<'run.started', { id: string; created: boolean }>(async (tx) => {
    const [born] = await tx(insertRun({ ...row, schedule: scheduleId }))
    if (!born) return { happened: [], result: { id: (await tx(findByKey(tenant, dedupKey)))[0]!.id, created: false } }
    if (blob) tx.later(blob)
    const data = { workflowId: o.workflowId, version: o.version, entry, parentRunId: null, scheduleId }
    return { happened: [{ name: 'run.started', subject: id, data }], result: { id, created: true } }
  })
}

type Said = Happened<'signal.received' | 'cancellation.requested' | 'pause.requested' | 'run.paused' | 'run.resumed' | 'run.retried'>
/** Locks the run and does to it what the body says; a finished run is left alone. */
function steer(ctx: Context, id: string, body: (tx: Parameters<Parameters<Context['happen']>[0]>[0], run: RunRow) => Promise<Said | undefined>, finishedToo = false): Promise<Steered> {
  return ctx.happen<Said['name'], Steered>(async (tx) => {
    const [run] = await tx(lockRun(tx.tenant, id))
    if (!run) return { happened: [], result: 'not_found' }
    if (run.finished_at !== null && !finishedToo) return { happened: [], result: 'finished' }
    const said = await body(tx, run)
    return { happened: said ? [said] : [], result: said ? 'done' : 'unchanged' }
  })
}
const about = (run: RunRow) => ({ workflowId: run.workflow_id, version: run.workflow_version })

export function signalRun(ctx: Context, limits: Limits, id: string, name: string, payload: Json, { id: signalId = newId() }: { id?: string } = {}): Promise<Steered> {
  const { text } = toStorable(payload, { most: limits.inputChars, refs: false })
  return steer(ctx, id, async (tx, run) => {
    const [, [kept]] = await tx.run(wakeRun(tx.tenant, id), insertSignal(tx.tenant, signalId, id, name, text, tx.actor.id))
    return kept && { name: 'signal.received', subject: id, data: { ...about(run), name } }
  })
}

/** Cancels the run and those below it that close with it. */
export function cancelRun(ctx: Context, id: string): Promise<Steered> {
  return steer(ctx, id, async (tx, run) => {
    if (run.cancel_requested) return undefined
    const all = await tx(cancelTree(tx.tenant, id))
    return { name: 'cancellation.requested', subject: id, data: { ...about(run), runs: all.length } }
  })
}
export function pauseRun(ctx: Context, id: string): Promise<Steered> {
  return steer(ctx, id, async (tx, run) => {
    if ((run.pause_requested && !run.held) || run.cancel_requested) return undefined // what is held becomes the person's own pause
    await tx(askPause(tx.tenant, id))
    return { name: run.status === 'running' ? 'pause.requested' : 'run.paused', subject: id, data: about(run) }
  })
}
export function resumeRun(ctx: Context, id: string): Promise<Steered> {
  return steer(ctx, id, async (tx, run) => {
    if (!run.pause_requested) return undefined
    await tx(endPause(tx.tenant, id))
    return { name: 'run.resumed', subject: id, data: about(run) }
  })
}

/** Not inside another change: the definition is loaded first. @throws retry.unknown_node, workflow.no_version */
export async function retryRun(ctx: Context, load: EngineOptions['load'], id: string, fromNode?: string): Promise<Steered> {
  const [[found]] = await ctx.read(findRun(ctx.tenant, id))
  if (!found) return 'not_found'
  const graph = await load({ tenantId: ctx.tenant, defId: found.workflow_id, version: found.workflow_version })
  if (!graph) throw fault('workflow.no_version', `there is no version ${found.workflow_version} of this workflow any more`)
  const nodes = fromNode === undefined ? [] : behind(graph, fromNode)
  if (!nodes) throw fault('retry.unknown_node', `this version has no node ${fromNode}`)
  return steer(ctx, id, async (tx, run) => {
    if (run.finished_at === null || (run.status === 'completed' && fromNode === undefined)) return undefined
    const { key = null } = (run.error ?? {}) as { key?: string | null }
    await tx.run(reopenSteps(tx.tenant, id, nodes, handledNodes(graph), key), reopenRun(tx.tenant, id))
    return { name: 'run.retried', subject: id, data: { ...about(run), fromNode: fromNode ?? null } }
  }, true)
}
