// The statements of runs that Temporal drives, as gw_system over all tenants. `due_at` means here: Temporal must be told of this run.
import { Type, type Static } from '../../../../kernel/schema.ts'
import { sql, statement } from '../../../../kernel/sql.ts'
import { claimed, ClaimedRow, stepColumns, StepRow } from '../queries.ts'

const Text = Type.String()
const TellRow = Type.Object({ tenant_id: Text, id: Text, epoch: Type.Integer(), pause_requested: Type.Boolean(), cancel_requested: Type.Boolean() })
export type TellRow = Static<typeof TellRow>
/**
 * Runs that Temporal must be told of: each tenant's in its turn, begun at most `cap` at once. A telling that no life of the run answers is repeated, later
 * and later; so is one whose teller was killed.
 */
export const claimTellings = statement('runs.claim-tellings', TellRow, (o: { cap: number; most: number; againMs: number }) => sql`
  with recursive lanes(tenant_id) as (
    (select tenant_id from runs where due_at is not null order by tenant_id limit 1)
    union all select (select r.tenant_id from runs r where r.due_at is not null and r.tenant_id > l.tenant_id order by r.tenant_id limit 1) from lanes l where l.tenant_id is not null
  ),
  busy as materialized (select tenant_id, count(*)::int as n from runs where engine = 'temporal' and (status = 'running' or (status = 'pending' and claims > 0)) group by tenant_id),
  picked as (
    select d.tenant_id, d.id from lanes l left join busy b using (tenant_id)
    cross join lateral (
      (select r.tenant_id, r.id, r.due_at from runs r where r.tenant_id = l.tenant_id and r.due_at <= now() and r.engine = 'temporal' and (r.status <> 'pending' or r.claims > 0) order by r.due_at limit ${o.most})
      union all
      (select r.tenant_id, r.id, r.due_at from runs r where r.tenant_id = l.tenant_id and r.due_at <= now() and r.engine = 'temporal' and r.status = 'pending' and r.claims = 0 order by r.due_at limit greatest(0, ${o.cap} - coalesce(b.n, 0)))
    ) d order by d.due_at limit ${o.most}
  ),
  mine as (select r.tenant_id, r.id from picked p join runs r using (tenant_id, id) where r.due_at <= now() for update of r skip locked)
  update runs r set claims = claims + 1, due_at = now() + least(${o.againMs} * 2 ^ least(r.claims, 12), 3600000) * interval '1 ms'
  from mine m where r.tenant_id = m.tenant_id and r.id = m.id returning r.tenant_id, r.id, r.epoch, r.pause_requested, r.cancel_requested`)
export const findTellings = statement('runs.any-tellings', Type.Object({ due: Type.Boolean() }), () => sql`select exists (select from runs where due_at <= now() and engine = 'temporal') as due`)

const BegunRow = Type.Object({ ...ClaimedRow.properties, status: Text })
/** A new life: the fence moves on, and the telling is answered. A run that was paused meanwhile stays so. */
export const beginLife = statement('runs.begin-life', BegunRow, (tenant: string, id: string, checkMs: number) => sql`
  update runs r set epoch = epoch + 1, owner = null, claims = 0, started_at = coalesce(started_at, now()),
    status = case when status = 'paused' and not cancel_requested then 'paused' else 'running' end,
    due_at = case when status = 'paused' and not cancel_requested then null else now() + ${checkMs} * interval '1 ms' end
  where tenant_id = ${tenant} and id = ${id} and engine = 'temporal' and finished_at is null returning ${claimed}, r.status`)
const NewsRow = Type.Object({ status: Text, wake_seq: Type.Integer(), cancel_requested: Type.Boolean(), pause_requested: Type.Boolean() })
/** Answers the telling: a run that waited is at work again. */
export const lookAtRun = statement('runs.look-at', NewsRow, (tenant: string, id: string, epoch: number, checkMs: number) => sql`
  update runs r set claims = 0, status = case when status in ('waiting', 'pending') or (status = 'paused' and cancel_requested) then 'running' else status end,
    due_at = case when status = 'paused' and not cancel_requested then null else now() + ${checkMs} * interval '1 ms' end
  where tenant_id = ${tenant} and id = ${id} and epoch = ${epoch} and finished_at is null returning r.status, r.wake_seq, r.cancel_requested, r.pause_requested`)
/** Temporal could not be asked: soon again, without counting. */
export const tellSoon = (tenant: string, ids: readonly string[], ms: number) => sql`
  update runs set due_at = now() + ${ms} * interval '1 ms', claims = greatest(0, claims - 1) where tenant_id = ${tenant} and id = any (${ids}) and due_at is not null and finished_at is null`
/** What was recorded, in the order of keys. */
export const listStepsAfter = statement('runs.steps-after', StepRow, (tenant: string, run: string, after: string, most: number) => sql`
  select ${stepColumns} from run_steps s where s.tenant_id = ${tenant} and s.run_id = ${run} and s.key > ${after} order by s.key limit ${most}`)
/** Unfinished runs by the engine they live in. */
export const countByEngine = statement('runs.by-engine', Type.Object({ engine: Text, runs: Type.Integer() }), () => sql`
  select engine, count(*)::int as runs from runs where finished_at is null group by engine`)
