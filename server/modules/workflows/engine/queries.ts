// The statements of the embedded engine's workers, as gw_system over all tenants. Each change of a run is fenced by its epoch; none touches a row twice.
import { Nullable, Type, type Static } from '../../../kernel/schema.ts'
import { sql, statement, type Query } from '../../../kernel/sql.ts'
import type { EngineName } from './engine.ts'

const Text = Type.String()
const runFacts = {
  tenant_id: Text, id: Text, workflow_id: Text, workflow_version: Type.Integer(), entry: Nullable(Text), input: Type.Unknown(), epoch: Type.Integer(), wake_seq: Type.Integer(),
  claims: Type.Integer(), progress: Type.Integer(), cancel_requested: Type.Boolean(), pause_requested: Type.Boolean(), parent_run: Nullable(Text), actor_type: Text, actor_id: Nullable(Text),
  cause_id: Nullable(Text), request_id: Nullable(Text), depth: Type.Integer(), created_at: Text, started_at: Nullable(Text),
}
export const ClaimedRow = Type.Object(runFacts)
export type ClaimedRow = Static<typeof ClaimedRow>
export const claimed = sql`r.tenant_id, r.id, r.workflow_id, r.workflow_version, r.entry, r.input, r.epoch, r.wake_seq, r.claims, r.progress, r.cancel_requested, r.pause_requested, r.parent_run,
  r.actor_type, r.actor_id, r.cause_id, r.request_id, r.depth, r.created_at, r.started_at`

export type ClaimOptions = { worker: string; want: number; cap: number; leaseMs: number }
/** Runs at work per tenant; one whose lease ran out counts as due, not as at work. */
const busy = sql`busy as materialized (select tenant_id, count(*)::int as n from runs where status = 'running' and engine = 'embedded' and due_at > now() group by tenant_id)`
/** Taken in the order they came due, `cap` of a tenant at work at most. A dead worker's run is simply a run whose time has come. */
const take = (o: ClaimOptions) => sql`
  mine as (select r.tenant_id, r.id from picked p join runs r using (tenant_id, id) where r.due_at <= now() for update of r skip locked)
  update runs r set owner = ${o.worker}, epoch = epoch + 1, claims = claims + 1, status = 'running', started_at = coalesce(started_at, now()), due_at = now() + ${o.leaseMs} * interval '1 ms'
  from mine m where r.tenant_id = m.tenant_id and r.id = m.id returning ${claimed}`
export const claimWindow = 300
export const claimRuns = statement('runs.claim', ClaimedRow, (o: ClaimOptions) => sql`
  with ${busy},
  near as (select tenant_id, id, due_at from runs where due_at <= now() and engine = 'embedded' order by due_at limit ${claimWindow}),
  ranked as (select n.tenant_id, n.id, n.due_at, coalesce(b.n, 0) + row_number() over (partition by n.tenant_id order by n.due_at) as place from near n left join busy b using (tenant_id)),
  picked as (select tenant_id, id from ranked where place <= ${o.cap} order by due_at limit ${o.want}), ${take(o)}`)
/** The same when one tenant's queue fills the window: each tenant's own lane is looked at. */
export const claimRunsByLane = statement('runs.claim-by-lane', ClaimedRow, (o: ClaimOptions) => sql`
  with recursive lanes(tenant_id) as (
    (select tenant_id from runs where due_at is not null order by tenant_id limit 1)
    union all select (select r.tenant_id from runs r where r.due_at is not null and r.tenant_id > l.tenant_id order by r.tenant_id limit 1) from lanes l where l.tenant_id is not null
  ), ${busy},
  picked as (
    select d.tenant_id, d.id from lanes l left join busy b using (tenant_id)
    cross join lateral (select r.tenant_id, r.id, r.due_at from runs r where r.tenant_id = l.tenant_id and r.due_at <= now() and r.engine = 'embedded' order by r.due_at limit greatest(0, ${o.cap} - coalesce(b.n, 0))) d
    order by d.due_at limit ${o.want}
  ), ${take(o)}`)
export const findClock = statement('runs.clock', Type.Object({ now_ms: Type.Number(), due: Type.Integer() }), () => sql`
  select (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms, (select count(*)::int from (select from runs where due_at <= now() and engine = 'embedded' limit ${claimWindow}) d) as due`)

export type HeldRow = { tenant: string; id: string; epoch: number; seen: number }
const NewsRow = Type.Object({ id: Text, epoch: Type.Integer(), wake_seq: Type.Integer(), cancel_requested: Type.Boolean(), pause_requested: Type.Boolean(), status: Text })
const news = sql`r.id, r.epoch, r.wake_seq, r.cancel_requested, r.pause_requested, r.status`
const columns = <T>(rows: readonly T[], ...names: (keyof T)[]) => names.map((name) => rows.map((row) => row[name]))
/** What somebody else did to runs held here. */
export const findNews = statement('runs.news', NewsRow, (held: readonly HeldRow[]) => {
  const [tenants, ids, epochs, seen] = columns(held, 'tenant', 'id', 'epoch', 'seen')
  return sql`select ${news} from unnest(${tenants}::uuid[], ${ids}::uuid[], ${epochs}::int[], ${seen}::int[]) h(tenant_id, id, epoch, seen)
    join runs r on r.tenant_id = h.tenant_id and r.id = h.id where r.epoch <> h.epoch or r.wake_seq <> h.seen or r.status <> 'running'`
}, [[[]]])
/** Extends the leases. @returns those that are still ours */
export const renewLeases = statement('runs.renew', NewsRow, (held: readonly HeldRow[], leaseMs: number) => {
  const [tenants, ids, epochs] = columns(held, 'tenant', 'id', 'epoch')
  return sql`with mine as (
      select r.tenant_id, r.id from unnest(${tenants}::uuid[], ${ids}::uuid[], ${epochs}::int[]) h(tenant_id, id, epoch) join runs r on r.tenant_id = h.tenant_id and r.id = h.id and r.epoch = h.epoch
      where r.status = 'running' order by r.tenant_id, r.id for update of r)
    update runs r set due_at = now() + ${leaseMs} * interval '1 ms' from mine m where r.tenant_id = m.tenant_id and r.id = m.id returning ${news}`
}, [[[], 0]])
/** On a draining worker's way out: its runs are due for others. */
export const giveBack = (worker: string) => sql`update runs set due_at = now() where status = 'running' and owner = ${worker}`

export const StepRow = Type.Object({
  key: Text, kind: Text, state: Type.Enum(['pending', 'done', 'failed']), attempt: Type.Integer(), redo: Type.Integer(), output: Type.Unknown(), error: Type.Unknown(), due_at: Nullable(Text), finished_at: Nullable(Text),
})
export type StepRow = Static<typeof StepRow>
export const stepColumns = sql`s.key, s.kind, s.state, s.attempt, s.redo, s.output, s.error, s.due_at, s.finished_at`
export const listSteps = statement('runs.steps', StepRow, (tenant: string, run: string) => sql`select ${stepColumns} from run_steps s where s.tenant_id = ${tenant} and s.run_id = ${run}`)
/** What stands recorded under a key, asked by the owner alone. */
export const findStep = statement('runs.step', StepRow, (tenant: string, run: string, epoch: number, key: string) => sql`
  select ${stepColumns} from run_steps s join runs r on r.tenant_id = s.tenant_id and r.id = s.run_id where s.tenant_id = ${tenant} and s.run_id = ${run} and s.key = ${key} and r.epoch = ${epoch}`)

export type NewStep = {
  tenant: string; run: string; epoch: number; key: string; node: string; kind: string; state: 'pending' | 'done' | 'failed'; attempt: number; output: string | null; error: string | null
  due: string | null; started: string; finished: string | null
}
const toldBy = sql`(tenant_id, id, name, subject_type, subject_id, parent_id, actor_type, actor_id, data, cause_id, request_id)`
const KeptRow = Type.Object({ run_id: Text, key: Text, paused: Type.Boolean() })
/** Outcomes of many runs and one `run.advanced` each, in one statement. Whoever records learns of a pause that was asked for before, and starts nothing more. @param eventIds one per distinct run, in `runs` */
export const insertSteps = statement('runs.insert-steps', KeptRow, (rows: readonly NewStep[], runs: readonly string[], eventIds: readonly string[]) => {
  const c = columns(rows, 'tenant', 'run', 'epoch', 'key', 'node', 'kind', 'state', 'attempt', 'output', 'error', 'due', 'started', 'finished')
  return sql`
  with written as (
    insert into run_steps (tenant_id, run_id, key, node, kind, state, attempt, output, error, due_at, started_at, finished_at)
    select g.tenant_id, g.run_id, g.key, g.node, g.kind, g.state, g.attempt, g.output::jsonb, g.error::jsonb, g.due_at, g.started_at, g.finished_at
    from unnest(${c[0]}::uuid[], ${c[1]}::uuid[], ${c[2]}::int[], ${c[3]}::text[], ${c[4]}::text[], ${c[5]}::text[], ${c[6]}::text[], ${c[7]}::int[], ${c[8]}::text[], ${c[9]}::text[],
      ${c[10]}::timestamptz[], ${c[11]}::timestamptz[], ${c[12]}::timestamptz[]) g(tenant_id, run_id, epoch, key, node, kind, state, attempt, output, error, due_at, started_at, finished_at)
    join runs r on r.tenant_id = g.tenant_id and r.id = g.run_id and r.epoch = g.epoch and r.status = 'running'
    on conflict (tenant_id, run_id, key) do update set node = excluded.node, kind = excluded.kind, state = excluded.state, attempt = excluded.attempt, output = excluded.output, error = excluded.error, due_at = excluded.due_at, finished_at = excluded.finished_at
      where run_steps.state = 'pending'
    returning tenant_id, run_id, key, node, kind, state, attempt
  ), told as (
    insert into events ${toldBy}
    select r.tenant_id, e.event_id, 'run.advanced', 'run', r.id, r.workflow_id, 'workflow', r.workflow_id, jsonb_build_object('workflowId', r.workflow_id, 'steps', w.steps), r.cause_id, r.request_id
    from (select tenant_id, run_id, jsonb_agg(jsonb_build_object('key', key, 'node', node, 'kind', kind, 'state', state, 'attempt', attempt)) as steps from written group by 1, 2) w
    join unnest(${runs}::uuid[], ${eventIds}::uuid[]) e(run_id, event_id) on e.run_id = w.run_id join runs r on r.tenant_id = w.tenant_id and r.id = w.run_id
  ) select w.run_id, w.key, r.pause_requested as paused from written w join runs r on r.tenant_id = w.tenant_id and r.id = w.run_id`
}, [[[], [], []]])

/** A long step's worker lives. */
export const beatSteps = (rows: readonly { tenant: string; run: string; key: string }[]) => {
  const [tenants, runs, keys] = columns(rows, 'tenant', 'run', 'key')
  return sql`update run_steps s set beat_at = now() from unnest(${tenants}::uuid[], ${runs}::uuid[], ${keys}::text[]) g(tenant_id, run_id, key)
    where s.tenant_id = g.tenant_id and s.run_id = g.run_id and s.key = g.key and s.state = 'pending'`
}

export type RunEnd = {
  tenant: string; id: string; epoch: number; seen: number; status: 'waiting' | 'completed' | 'failed' | 'cancelled'; output: string | null; error: string | null; due: string | null
  /** payload of its event beside workflow and version */
  told: string; eventId: string; isChild: boolean; hasChildren: boolean
}
const EndedRow = Type.Object({ id: Text, status: Text })
/** Parks or ends runs, with their events. A run that has not seen the latest wake_seq is due at once: whoever woke it wrote that with its cause. */
export const endRuns = statement('runs.end', EndedRow, (rows: readonly RunEnd[]) => {
  const c = columns(rows, 'tenant', 'id', 'epoch', 'seen', 'status', 'output', 'error', 'due', 'told', 'eventId')
  return sql`
  with given as (select * from unnest(${c[0]}::uuid[], ${c[1]}::uuid[], ${c[2]}::int[], ${c[3]}::int[], ${c[4]}::text[], ${c[5]}::text[], ${c[6]}::text[], ${c[7]}::timestamptz[], ${c[8]}::text[], ${c[9]}::uuid[])
    g(tenant_id, id, epoch, seen, status, output, error, due_at, told, event_id)
  ), mine as (
    select r.tenant_id, r.id from given g join runs r on r.tenant_id = g.tenant_id and r.id = g.id and r.epoch = g.epoch and r.status = 'running' order by r.tenant_id, r.id for update of r
  ), ended as (
    update runs r set output = g.output::jsonb, error = g.error::jsonb, owner = null, claims = 0, progress = 0, held = r.held and g.status = 'waiting',
      status = case when g.status = 'waiting' and r.pause_requested and not r.cancel_requested then 'paused' else g.status end,
      due_at = case when g.status <> 'waiting' then null when r.cancel_requested then now() when r.pause_requested then null when r.wake_seq <> g.seen then now() else g.due_at end,
      finished_at = case when g.status <> 'waiting' then now() end
    from given g join mine m using (tenant_id, id) where r.tenant_id = m.tenant_id and r.id = m.id
    returning r.tenant_id, r.id, r.status, r.workflow_id, r.workflow_version, r.cause_id, r.request_id, r.due_at
  ), told as (
    insert into events ${toldBy}
    select e.tenant_id, g.event_id, 'run.' || e.status, 'run', e.id, e.workflow_id, 'workflow', e.workflow_id,
      jsonb_build_object('workflowId', e.workflow_id, 'version', e.workflow_version) || case when e.status in ('waiting', 'failed') then g.told::jsonb else '{}' end, e.cause_id, e.request_id
    from ended e join given g using (tenant_id, id) where not (e.status = 'waiting' and e.due_at <= now())
  ) select id, status from ended`
}, [[[]]])
const WokenRow = Type.Object({ id: Text })
/** In the same flush as the children's end: parents are woken with the cause. A statement of its own, since a parent may have parked in the one before. */
export const wakeParents = statement('runs.wake-parents', WokenRow, (children: readonly { tenant: string; id: string }[]) => {
  const [tenants, ids] = columns(children, 'tenant', 'id')
  return sql`
  with parents as (
    select p.tenant_id, p.id from (select distinct c.tenant_id, c.parent_run from unnest(${tenants}::uuid[], ${ids}::uuid[]) g(tenant_id, id)
      join runs c on c.tenant_id = g.tenant_id and c.id = g.id and c.finished_at is not null and c.parent_run is not null) d
    join runs p on p.tenant_id = d.tenant_id and p.id = d.parent_run where p.finished_at is null order by p.tenant_id, p.id for update of p)
  update runs p set wake_seq = p.wake_seq + 1, due_at = case when p.status = 'waiting' or (p.status = 'running' and p.engine <> 'embedded') then now() else p.due_at end from parents w where p.tenant_id = w.tenant_id and p.id = w.id returning p.id`
}, [[[]]])
/** Children that end with a parent that has ended: their own end goes on downwards. */
export const closeChildren = (parents: readonly { tenant: string; id: string }[]) => {
  const [tenants, ids] = columns(parents, 'tenant', 'id')
  return sql`
  with below as (
    select c.tenant_id, c.id from unnest(${tenants}::uuid[], ${ids}::uuid[]) g(tenant_id, id) join runs p on p.tenant_id = g.tenant_id and p.id = g.id and p.finished_at is not null
    join runs c on c.tenant_id = p.tenant_id and c.parent_run = p.id where c.closes_with_parent and c.finished_at is null and not c.cancel_requested order by c.tenant_id, c.id for update of c)
  update runs c set cancel_requested = true, wake_seq = c.wake_seq + 1, due_at = case when c.status = 'running' and c.engine = 'embedded' then c.due_at else now() end from below b where c.tenant_id = b.tenant_id and c.id = b.id`
}

export type NewRun = {
  tenant: string; id: string; engine: EngineName; workflow: string; version: number; entry: string | null; input: string; parentRun: string | null; parentKey: string | null; closesWithParent: boolean; dedupKey: string | null
  actorType: string; actorId: string | null; cause: string | null; request: string | null; depth: number; eventId: string
  /** the row that keeps a large input, written beside it */
  blob?: Query | undefined
}
/** Children, which their workflow's event tells, and runs that somebody asked for, whose own event it is. */
export const insertRuns = statement('runs.insert', Type.Object({ id: Text }), (rows: readonly NewRun[]) => {
  const c = columns(rows, 'tenant', 'id', 'workflow', 'version', 'input', 'parentRun', 'parentKey', 'closesWithParent', 'dedupKey', 'actorType', 'actorId', 'cause', 'request', 'depth', 'eventId', 'engine', 'entry')
  return sql`
  with given as (select * from unnest(${c[0]}::uuid[], ${c[1]}::uuid[], ${c[2]}::uuid[], ${c[3]}::int[], ${c[4]}::text[], ${c[5]}::uuid[], ${c[6]}::text[], ${c[7]}::bool[], ${c[8]}::text[], ${c[9]}::text[],
      ${c[10]}::uuid[], ${c[11]}::uuid[], ${c[12]}::text[], ${c[13]}::int[], ${c[14]}::uuid[], ${c[15]}::text[], ${c[16]}::text[])
    g(tenant_id, id, workflow_id, version, input, parent_run, parent_key, closes, dedup_key, actor_type, actor_id, cause_id, request_id, depth, event_id, engine, entry)
  ), born as (
    insert into runs (tenant_id, id, engine, workflow_id, workflow_version, entry, input, parent_run, parent_key, closes_with_parent, dedup_key, actor_type, actor_id, cause_id, request_id, depth)
    select tenant_id, id, engine, workflow_id, version, entry, input::jsonb, parent_run, parent_key, closes, dedup_key, actor_type, actor_id, cause_id, request_id, depth from given
    on conflict do nothing returning tenant_id, id, workflow_id, workflow_version, parent_run, cause_id, request_id
  ), told as (
    insert into events ${toldBy}
    select b.tenant_id, g.event_id, 'run.started', 'run', b.id, b.workflow_id, case when g.dedup_key is null then g.actor_type else 'workflow' end, case when g.dedup_key is null then g.actor_id else b.workflow_id end,
      jsonb_build_object('workflowId', b.workflow_id, 'version', b.workflow_version, 'entry', g.entry, 'parentRunId', b.parent_run, 'scheduleId', null), b.cause_id, b.request_id
    from born b join given g using (tenant_id, id)
  ) select id from born`
}, [[[]]])
export const ChildRow = Type.Object({ id: Text, status: Text, output: Type.Unknown(), error: Type.Unknown() })
export const findChild = statement('runs.child', ChildRow, (tenant: string, dedupKey: string) => sql`select id, status, output, error from runs where tenant_id = ${tenant} and dedup_key = ${dedupKey}`)

const TakenRow = Type.Object({ output: Type.Unknown() })
/** Fence, take and record in one statement. The fence comes first and locks: else a stale owner would swallow the signal and record nothing. */
export const takeSignal = statement('runs.take-signal', TakenRow, (o: { tenant: string; run: string; epoch: number; key: string; name: string; eventId: string }) => sql`
  with mine as (select id from runs where tenant_id = ${o.tenant} and id = ${o.run} and epoch = ${o.epoch} and status = 'running' for update),
  waiting as (select s.key from run_steps s, mine where s.tenant_id = ${o.tenant} and s.run_id = mine.id and s.key = ${o.key} and s.state = 'pending' for update of s),
  next as (select g.id from run_signals g, waiting where g.tenant_id = ${o.tenant} and g.run_id = ${o.run} and g.name = ${o.name} and g.consumed_by is null order by g.seq limit 1),
  taken as (update run_signals g set consumed_by = ${o.key} from next where g.tenant_id = ${o.tenant} and g.id = next.id and g.consumed_by is null returning g.payload, g.actor_id, g.created_at),
  kept as (
    update run_steps s set state = 'done', attempt = 1, finished_at = now(),
      output = jsonb_strip_nulls(jsonb_build_object('by', taken.actor_id, 'at', floor(extract(epoch from taken.created_at) * 1000))) || jsonb_build_object('timedOut', false, 'payload', taken.payload)
    from taken where s.tenant_id = ${o.tenant} and s.run_id = ${o.run} and s.key = ${o.key} returning s.output, s.key, s.node
  ), told as (
    insert into events ${toldBy}
    select r.tenant_id, ${o.eventId}::uuid, 'run.advanced', 'run', r.id, r.workflow_id, 'workflow', r.workflow_id,
      jsonb_build_object('workflowId', r.workflow_id, 'steps', jsonb_build_array(jsonb_build_object('key', k.key, 'node', k.node, 'kind', 'signal', 'state', 'done', 'attempt', 1))), r.cause_id, r.request_id
    from kept k join runs r on r.tenant_id = ${o.tenant} and r.id = ${o.run}
  ) select output from kept`)

/** A run that was claimed again after its worker went: what it has got since counts as progress. */
export const countProgress = (tenant: string, id: string, epoch: number, progress: number) => sql`
  update runs set claims = 1, progress = ${progress} where tenant_id = ${tenant} and id = ${id} and epoch = ${epoch}`

// processes
export const addWorker = (id: string, lockKey: string | null) => sql`
  insert into workers (id, lock_key) values (${id}, ${lockKey}::bigint) on conflict (id) do update set lock_key = excluded.lock_key, beat_at = now()`
export const removeWorker = (id: string) => sql`delete from workers where id = ${id}`
/** Workers whose session is gone, by the lock it held: their runs are due at once. Where locks cannot be held (poolers) the lease is what counts. */
export const takeOver = statement('workers.take-over', Type.Object({ id: Text }), (me: string) => sql`
  with gone as (delete from workers w where w.id <> ${me} and ((w.lock_key is not null and pg_try_advisory_xact_lock(w.lock_key)) or w.beat_at < now() - interval '1 day') returning w.id),
  freed as (update runs r set due_at = now() from gone g where r.status = 'running' and r.owner = g.id)
  select id from gone`)
export const beatWorker = (id: string) => sql`update workers set beat_at = now() where id = ${id}`

// large values
export const insertBlob = (tenant: string, run: string, id: string, bytes: number, sealed: Buffer) => sql`
  insert into run_blobs (tenant_id, run_id, id, bytes, sealed) values (${tenant}, ${run}, ${id}, ${bytes}, ${sealed}) on conflict do nothing`
export const findBlobs = statement('run-blobs.find', Type.Object({ id: Text, sealed: Type.Unknown() }), (tenant: string, run: string, ids: readonly string[]) => sql`
  select id, sealed from run_blobs where tenant_id = ${tenant} and run_id = ${run} and id = any (${ids})`)
/** A value that goes from run to run (a child's input or result) is kept with each of them; nothing is kept of a run that is not there. */
export const copyBlobs = (tenant: string, from: string, to: string, ids: readonly string[]) => sql`
  insert into run_blobs (tenant_id, run_id, id, bytes, sealed) select tenant_id, ${to}, id, bytes, sealed from run_blobs where tenant_id = ${tenant} and run_id = ${from} and id = any (${ids})
    and exists (select from runs where tenant_id = ${tenant} and id = ${to}) on conflict do nothing`
