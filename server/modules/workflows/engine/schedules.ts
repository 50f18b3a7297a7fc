// Runs by the clock. A tick is one run, however many workers look: its key is the schedule's id and the time it was due. `croner` only counts.
import { Cron } from 'croner'
import type { Context } from '../../../kernel/db.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import { systemWho } from '../../../kernel/readers.ts'
import { Nullable, Type, type Static } from '../../../kernel/schema.ts'
import { sql, statement } from '../../../kernel/sql.ts'
import { startRun } from './control.ts'
import type { Limits, Schedule, Steered } from './engine.ts'
import { fault } from './faults.ts'
import type { Json } from './port.ts'
import type { Store } from './store.ts'
import { toStorable } from './values.ts'

/** A tick older than this was missed. */
const graceMs = 10_000
const mostMissed = 100
const atOnce = 50

const Text = Type.String()
const ScheduleRow = Type.Object({
  tenant_id: Text, id: Text, workflow_id: Text, workflow_version: Type.Integer(), entry: Nullable(Text), cron: Nullable(Text), time_zone: Text, every_ms: Nullable(Type.Integer()), overlap: Text, catch_up: Text,
  input: Type.Unknown(), actor_type: Text, actor_id: Nullable(Text), next_at: Nullable(Text), busy: Type.Boolean(), now_ms: Type.Number(),
})
type ScheduleRow = Static<typeof ScheduleRow>
export const findDue = statement('run-schedules.any-due', Type.Object({ due: Type.Boolean() }), () => sql`select exists (select from run_schedules where next_at <= now()) as due`)
/** A tick that waits for the run before it does not keep others from their turn. */
const lockDue = statement('run-schedules.due', ScheduleRow, () => sql`
  select s.tenant_id, s.id, s.workflow_id, s.workflow_version, s.entry, s.cron, s.time_zone, s.every_ms, s.overlap, s.catch_up, s.input, s.actor_type, s.actor_id, s.next_at,
    exists (select from runs r where r.tenant_id = s.tenant_id and r.schedule_id = s.id and r.finished_at is null) as busy, (extract(epoch from now()) * 1000)::float8 as now_ms
  from run_schedules s where s.next_at <= now()
    and not (s.overlap = 'queue' and exists (select from runs r where r.tenant_id = s.tenant_id and r.schedule_id = s.id and r.finished_at is null))
  order by s.next_at limit ${atOnce} for update of s skip locked`)
const moveSchedule = (tenant: string, id: string, nextAt: string | null) => sql`update run_schedules set next_at = ${nextAt} where tenant_id = ${tenant} and id = ${id}`
const keepSchedule = (tenant: string, s: Schedule, input: string, actor: { type: string; id: string | null }, nextAt: string | null) => sql`
  insert into run_schedules (tenant_id, id, workflow_id, workflow_version, entry, cron, time_zone, every_ms, overlap, catch_up, input, actor_type, actor_id, next_at)
  values (${tenant}, ${s.id}, ${s.workflowId}, ${s.version}, ${s.entry ?? null}, ${s.cron ?? null}, ${s.timeZone ?? 'UTC'}, ${s.everyMs ?? null}, ${s.overlap ?? 'skip'}, ${s.catchUp ?? 'one'}, ${input}::jsonb,
    ${actor.type}, ${actor.id}, ${nextAt})
  on conflict (tenant_id, id) do update set workflow_id = excluded.workflow_id, workflow_version = excluded.workflow_version, entry = excluded.entry, cron = excluded.cron, time_zone = excluded.time_zone,
    every_ms = excluded.every_ms, overlap = excluded.overlap, catch_up = excluded.catch_up, input = excluded.input, actor_type = excluded.actor_type, actor_id = excluded.actor_id, next_at = excluded.next_at`
const deleteSchedule = statement('run-schedules.delete', Type.Object({ workflow_id: Text }), (tenant: string, id: string) => sql`
  delete from run_schedules where tenant_id = ${tenant} and id = ${id} returning workflow_id`)

type Rhythm = { cron?: string | null | undefined; timeZone?: string | undefined; everyMs?: number | null | undefined }
/** The first tick after an instant, in milliseconds; undefined when there is none. Intervals count from the epoch. @throws schedule.bad_cron */
export function nextTick({ cron, timeZone = 'UTC', everyMs }: Rhythm, after: number): number | undefined {
  if (everyMs != null) {
    if (!(everyMs >= 1000)) throw fault('schedule.bad_interval', 'an interval is at least 1000 milliseconds')
    return (Math.floor(after / everyMs) + 1) * everyMs
  }
  try {
    const job = new Cron(cron ?? '', { timezone: timeZone, paused: true })
    const next = job.nextRun(new Date(after))?.getTime()
    job.stop()
    return next
  } catch (error) {
    throw fault('schedule.bad_cron', `${cron} in ${timeZone} cannot be read: ${String((error as Error)?.message ?? error)}`)
  }
}
const rhythmOf = (row: ScheduleRow): Rhythm => ({ cron: row.cron, timeZone: row.time_zone, everyMs: row.every_ms })
const text = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())

/** Which ticks become runs now, and which comes next. */
export function ticksOf(row: Pick<ScheduleRow, 'catch_up' | 'overlap' | 'busy' | 'next_at' | 'now_ms'>, rhythm: Rhythm): { run: number[]; next: number | undefined } {
  const first = Date.parse(row.next_at!)
  const { now_ms: now, catch_up: catchUp, overlap } = row
  const after = nextTick(rhythm, now)
  if (overlap === 'skip' && row.busy) return { run: [], next: after }
  if (catchUp !== 'all') {
    if (catchUp === 'one' || now - first <= graceMs) return { run: [first], next: after }
    // the missed ones are left out; one that is on time is not
    const recent = nextTick(rhythm, now - graceMs)
    return { run: recent !== undefined && recent <= now ? [recent] : [], next: after }
  }
  const due = [first]
  for (let at = nextTick(rhythm, first); at !== undefined && at <= now && due.length < mostMissed; at = nextTick(rhythm, at)) due.push(at)
  if (overlap === 'allow') return { run: due, next: after }
  return overlap === 'skip' ? { run: [due[0]!], next: after } : { run: [due[0]!], next: due[1] ?? after }
}

/** Starts what is due. Each schedule moves on with its runs, in one transaction; without them while workflows are switched off for its tenant. */
export async function startDue(store: Store, kernel: Pick<Kernel, 'bell' | 'log' | 'switches'>, activeVersion: (tenant: string, workflow: string) => Promise<number | undefined>, limits: Limits): Promise<void> {
  const born = await store.db.transact(systemWho('schedules'), async (tx) => {
    let started = 0
    for (const row of await tx(lockDue())) {
      let next: number | undefined
      try {
        const ticks = ticksOf(row, rhythmOf(row))
        next = ticks.next
        const version = ticks.run.length && !(await kernel.switches.isOff(row.tenant_id, 'workflows')) ? row.workflow_version || (await activeVersion(row.tenant_id, row.workflow_id)) : undefined
        if (version) {
          const who = tx.within({ tenant: row.tenant_id, actor: { type: row.actor_type as 'user', id: row.actor_id }, request: `schedule:${row.id}` })
          for (const tick of ticks.run) {
            const at = new Date(tick).toISOString()
            const { created } = await startRun(who, store, limits, {
              workflowId: row.workflow_id, version, input: (row.input ?? { at }) as Json, dedupKey: `${row.id}@${at}`, scheduleId: row.id, ...(row.entry === null ? {} : { entry: row.entry }),
            })
            started += created ? 1 : 0
          }
        }
      } catch (error) {
        if (!(error as { code?: string }).code?.startsWith('schedule.')) throw error
        kernel.log.warn({ schedule: row.id, error: String(error) }, 'a schedule cannot be read and was stopped')
      }
      await tx(moveSchedule(row.tenant_id, row.id, text(next)))
    }
    return started
  })
  if (born) kernel.bell.ring()
}

/** Makes or replaces a schedule. @throws schedule.bad_cron, schedule.bad_interval */
export function setSchedule(ctx: Context, schedule: Schedule): Promise<{ nextAt: string | null }> {
  if ((schedule.cron === undefined) === (schedule.everyMs === undefined)) throw fault('schedule.bad_cron', 'give cron or everyMs, one of them')
  const nextAt = text(nextTick(schedule, Date.now()))
  const { text: input } = toStorable(schedule.input ?? null, { most: 16_000, refs: false })
  return ctx.happen(async (tx) => {
    await tx(keepSchedule(tx.tenant, schedule, input, tx.actor, nextAt))
    return { happened: [{ name: 'schedule.set', subject: schedule.id, data: { workflowId: schedule.workflowId, nextAt } }], result: { nextAt } }
  })
}
/** Runs that it started go on. */
export function removeSchedule(ctx: Context, id: string): Promise<Steered> {
  return ctx.happen<'schedule.removed', Steered>(async (tx) => {
    const [gone] = await tx(deleteSchedule(tx.tenant, id))
    if (!gone) return { happened: [], result: 'not_found' }
    return { happened: [{ name: 'schedule.removed', subject: id, data: { workflowId: gone.workflow_id } }], result: 'done' }
  })
}
