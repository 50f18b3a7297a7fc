import { Id, Nullable, Time, Type } from '../../kernel/schema.ts'
import { eventColumns, EventRow, horizon } from '../../kernel/log.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { Job, ParkedEvent } from './schema.ts'

const Place = Type.Object({ pos: Type.Integer(), seq: Type.Integer() })
export type Place = { pos: number; seq: number }

const ReaderRow = Type.Object({
  name: Type.String(), pos: Type.Integer(), seq: Type.Integer(), tries: Type.Integer(), error: Nullable(Type.String()), paused: Type.Boolean(), handled: Type.Integer(),
  lag: Type.Integer(), lagSeconds: Type.Number(), waits: Type.Boolean(), parkedCount: Type.Integer(), createdAt: Time, updatedAt: Time, version: Type.Integer(),
})
/** Those of the code and those of the table; one that never ran stands at the log's begin. The lag is counted up to 10,000, so that it stays cheap. */
export const listReaders = statement('operators.readers', ReaderRow, (names: string[]) => sql`
  select n.name as name, coalesce(r.pos, 0) as pos, coalesce(r.seq, 0) as seq, coalesce(r.tries, 0) as tries, r.error, coalesce(r.paused, false) as paused, coalesce(r.handled, 0) as handled,
    l.lag, l."lagSeconds", l.waits, (select count(*)::int from parked_events p where p.reader = n.name) as "parkedCount", coalesce(r.created_at, now()) as "createdAt",
    coalesce(r.updated_at, now()) as "updatedAt", coalesce(r.version, 1) as version
  from (select name from readers union select unnest(${names}::text[])) n left join readers r on r.name = n.name
  cross join lateral (select count(*)::int as lag, coalesce(extract(epoch from now() - min(e.at)), 0)::float8 as "lagSeconds", count(*) > 0 and not coalesce(bool_or(e.pos < ${horizon}), false) as waits
    from (select pos, at from events where (pos, seq) > (coalesce(r.pos, 0), coalesce(r.seq, 0)) order by pos, seq limit 10000) e) l
  order by n.name`)
export const listParked = statement('operators.parked', Type.Object({ ...ParkedEvent.properties, reader: Type.String() }), (names: string[]) => sql`
  select reader, event_id as "eventId", tenant_id as "tenantId", name, error, event_at as at, created_at as "parkedAt" from (
    select *, row_number() over (partition by reader order by created_at desc, event_id) as nth from parked_events where reader = any (${names})) p
  where nth <= 50 order by reader, nth`)

export const ensureReader = (name: string) => sql`insert into readers (name) values (${name}) on conflict do nothing`
const Cursor = Type.Object({ pos: Type.Integer(), seq: Type.Integer(), tries: Type.Integer(), paused: Type.Boolean() })
export const lockReader = statement('operators.lock-reader', Cursor, (name: string) => sql`select pos, seq, tries, paused from readers where name = ${name} for update`)
export const pauseReader = (name: string, paused: boolean) => sql`update readers set paused = ${paused} where name = ${name}`
export const placeReader = (name: string, to: Place) => sql`update readers set pos = ${to.pos}, seq = ${to.seq}, tries = 0, error = null where name = ${name}`
/** The first event written at or after an instant, within what the reader passed: the log's order is not that of time, so the earliest place counts. */
export const findPlaceAt = statement('operators.place-at', Place, (at: string, upTo: Place) => sql`
  select pos, seq from events where at >= ${at} and (pos, seq) <= (${upTo.pos}, ${upTo.seq}) order by pos, seq limit 1`)
export const findPlaceBack = statement('operators.place-back', Place, (takes: string[], upTo: Place, events: number) => sql`
  select pos, seq from events where (pos, seq) <= (${upTo.pos}, ${upTo.seq}) and name = any (${takes}) order by pos desc, seq desc offset ${events}::int - 1 limit 1`)
/** Below the horizon only: a cursor above it would pass by those who commit late. */
export const findHead = statement('operators.head', EventRow, (takes: string[], after: Place) => sql`
  select ${eventColumns} from events where (pos, seq) > (${after.pos}, ${after.seq}) and pos < ${horizon} and name = any (${takes}) order by pos, seq limit 1`)
export const listParkedIds = statement('operators.parked-ids', Type.Object({ event_id: Id }), (name: string, one: string | null) => sql`
  select p.event_id from parked_events p left join events e on e.tenant_id = p.tenant_id and e.id = p.event_id and e.at = p.event_at
  where p.reader = ${name} and (${one}::uuid is null or p.event_id = ${one}) order by e.pos, e.seq limit 1000`)
/** The event behind a parked row, which stays locked: two replays at once do nothing twice. */
export const lockParked = statement('operators.lock-parked', EventRow, (name: string, id: string) => sql`
  select e.pos, e.seq, e.id, e.tenant_id, e.name, e.subject_type, e.subject_id, e.scope_id, e.parent_id, e.person_id, e.actor_type, e.actor_id, e.data, e.secret, e.cause_id, e.request_id, e.at
  from parked_events p join events e on e.tenant_id = p.tenant_id and e.id = p.event_id and e.at = p.event_at where p.reader = ${name} and p.event_id = ${id} for update of p`)
export const unpark = (name: string, id: string) => sql`delete from parked_events where reader = ${name} and event_id = ${id}`

const jobColumns = sql`id, tenant_id as "tenantId", name, status, attempts as attempt, max_attempts as "maxAttempts", run_at as "runAt", error as "lastError", finished_at as "finishedAt",
  cause_id as "causeId", version, created_at as "createdAt", updated_at as "updatedAt"`
export const listJobs = statement('operators.jobs', Job, (filter: { status: string | null; name: string | null }, before: string, limit: number) => sql`
  select ${jobColumns} from jobs where id < ${before} and (${filter.status}::text is null or status = ${filter.status}) and (${filter.name}::text is null or name = ${filter.name})
  order by id desc limit ${limit}`)
export const lockJob = statement('operators.lock-job', Job, (id: string) => sql`select ${jobColumns} from jobs where id = ${id} for update`)
export const retryJob = statement('operators.retry-job', Job, (id: string) => sql`
  update jobs set status = 'ready', attempts = 0, run_at = now(), error = null, finished_at = null, lease = null, lease_until = null where id = ${id} returning ${jobColumns}`)
export const cancelJob = statement('operators.cancel-job', Job, (id: string) => sql`update jobs set status = 'cancelled', finished_at = now(), lease_until = null where id = ${id} returning ${jobColumns}`)
export const countJobs = statement('operators.count-jobs', Type.Object({ status: Type.String(), jobs: Type.Integer() }), () => sql`select status, count(*)::int as jobs from jobs group by status`)

const MailRow = Type.Object({
  id: Id, tenantId: Id, kind: Type.String(), status: Type.Enum(['queued', 'sent', 'kept', 'failed', 'held']), sealed: Type.Unknown(),
  error: Nullable(Type.String()), sentAt: Nullable(Time), version: Type.Integer(), createdAt: Time, updatedAt: Time,
})
const mailColumns = sql`id, tenant_id as "tenantId", kind, status, sealed, error, sent_at as "sentAt", version, created_at as "createdAt", updated_at as "updatedAt"`
export const listMails = statement('operators.mails', MailRow, (status: string | null, before: string, limit: number) => sql`
  select ${mailColumns} from mails where id < ${before} and (${status}::text is null or status = ${status}) order by id desc limit ${limit}`)
export const findMail = statement('operators.mail', MailRow, (id: string) => sql`select ${mailColumns} from mails where id = ${id}`)

export const findInstallation = statement('operators.installation', Type.Object({ heldSince: Nullable(Time), waiting: Type.Integer(), version: Type.Integer(), createdAt: Time, updatedAt: Time }), () => sql`
  select held_since as "heldSince", (select count(*)::int from jobs where status in ('ready', 'held')) as waiting, version, created_at as "createdAt", updated_at as "updatedAt" from installation`)
export const lockInstallation = statement('operators.lock-installation', Type.Object({ heldSince: Nullable(Time) }), () => sql`select held_since as "heldSince" from installation for update`)
export const release = () => sql`update installation set held_since = null`
export const releaseJobs = () => sql`update jobs set status = 'ready', run_at = greatest(run_at, now()) where status = 'held'`
export const releaseMails = () => sql`update mails set status = 'queued' where status = 'held'`

/** Partitions for this month and the next three; one that is there is left alone. */
export const addMonths = () => sql`select add_event_month((now() + n * interval '1 month')::date) from generate_series(0, 3) n`
export const sweepJobs = () => sql`delete from jobs where status = 'failed' and finished_at < now() - interval '90 days'`
/** Those whose event went with its tenant's retention cannot be replayed. */
export const sweepParked = () => sql`delete from parked_events p where not exists (select from events e where e.tenant_id = p.tenant_id and e.id = p.event_id and e.at = p.event_at)`
/** A letter that went out is not needed here any longer than to find out why it did not arrive. */
export const sweepMails = () => sql`
  delete from mails where (status = 'sent' and updated_at < now() - interval '7 days') or (status in ('kept', 'failed') and updated_at < now() - interval '30 days')`
export const forgetEvents = statement('operators.forget-events', Type.Object({ events: Nullable(Type.Integer()) }), (tenant: string, before: string, most: number) => sql`
  select forget_events(${tenant}, ${before}, ${most}) as events`)
/** Days the log is kept: the tenant's own setting, else the installation's; of both the lower. The platform's own log follows the installation. */
export const listRetentions = statement('operators.retentions', Type.Object({ tenantId: Id, days: Type.Integer(), before: Time }), (days: number, platform: string) => sql`
  select t.id as "tenantId", r.days, now() - r.days * interval '1 day' as before
  from (select id from identity.organization union select ${platform}::uuid) t left join tenant_settings s on s.tenant_id = t.id
  cross join lateral (select least(nullif(${days}::int, 0), s.event_retention_days)::int as days) r where r.days is not null`)
