// The one durable queue: a job is a row written with the change that wants it, done at least once, with a key against doubles, a lease that a
// living worker renews, and growing pauses between tries. Schedules are jobs that put themselves back.
import { Type, type Static } from 'typebox'
import type { Db, Who } from './db.ts'
import { newId, platformId } from './ids.ts'
import { Nullable } from './schema.ts'
import { sql, statement, type Query } from './sql.ts'
import type { Switches } from './switches.ts'

const JobRow = Type.Object({
  tenant_id: Type.String(), id: Type.String(), name: Type.String(), data: Type.Unknown(), secret: Nullable(Type.Unknown()), attempts: Type.Integer(), max_attempts: Type.Integer(),
  cause_id: Nullable(Type.String()), request_id: Nullable(Type.String()), lease: Nullable(Type.String()),
})
export type Job = Static<typeof JobRow>
/** `handle` is called at least once per job; what leaves the house carries the job's id as its key. */
export type JobHandler = { name: string; handle(job: Job, signal: AbortSignal): Promise<void>; /** a schedule: runs each so many ms, one job per slot over all processes */ everyMs?: number; /** jobs that wait for others' servers have workers of their own, so that nothing waits behind them */ lane?: 'outside'; /** the optional module it belongs to: a tenant's jobs wait while it is off */ feature?: string | undefined }

export type NewJob = { name: string; data?: Record<string, unknown>; secret?: Buffer | null; /** one job per key, for ever */ key?: string; runAt?: string; maxAttempts?: number }
/** The row of a job, to ride in the change that wants it: `tx.later(addJob(tx, ...))`. */
export const addJob = (who: Pick<Who, 'tenant' | 'cause' | 'request'>, { name, data = {}, secret = null, key, runAt, maxAttempts = 8 }: NewJob): Query => sql`
  insert into jobs (tenant_id, id, name, key, data, secret, run_at, max_attempts, cause_id, request_id)
  values (${who.tenant}, ${newId()}, ${name}, ${key ?? null}, ${sql.json(data)}, ${secret}, coalesce(${runAt ?? null}::timestamptz, now()), ${maxAttempts}, ${who.cause ?? null}, ${who.request})
  on conflict do nothing`

const takeJobs = statement('jobs.take', JobRow, (lease: string, names: string[], limit: number, leaseMs: number) => sql`
  with due as (
    select id from jobs where status = 'ready' and run_at <= now() and name = any (${names}) and not (select held_since is not null from installation)
    order by run_at limit ${limit} for update skip locked
  ), left_behind as (
    select id from jobs where status = 'running' and lease_until < now() and name = any (${names}) limit ${limit} for update skip locked
  )
  update jobs j set status = 'running', attempts = attempts + 1, lease = ${lease}, lease_until = now() + ${leaseMs} * interval '1 ms'
  from (select id from due union all select id from left_behind) d where j.id = d.id
  returning j.tenant_id, j.id, j.name, j.data, j.secret, j.attempts, j.max_attempts, j.cause_id, j.request_id, j.lease`)
const renewLease = (lease: string, ids: string[], leaseMs: number) => sql`update jobs set lease_until = now() + ${leaseMs} * interval '1 ms' where lease = ${lease} and id = any (${ids}) and status = 'running'`
// fenced by the lease: a worker that was thought dead does not end a job that somebody else took over
const endJob = (job: Job) => sql`update jobs set status = 'done', error = null, secret = null, finished_at = now(), lease_until = null where id = ${job.id} and lease = ${job.lease} and status = 'running'`
const failJob = (job: Job, error: string, pauseMs: number) => sql`
  update jobs set status = case when attempts >= max_attempts then 'failed' else 'ready' end, error = ${error}, run_at = now() + ${pauseMs} * interval '1 ms', lease_until = null,
    finished_at = case when attempts >= max_attempts then now() end
  where id = ${job.id} and lease = ${job.lease} and status = 'running'`
/** Not begun after all. Under the lock of the switches, else what is let go meanwhile would wait for ever. */
const putBack = (job: Job, status: 'ready' | 'held') => sql`
  update jobs set status = ${status}, attempts = attempts - 1, lease_until = null, run_at = now() + interval '250 ms' where id = ${job.id} and lease = ${job.lease} and status = 'running'`
/** What waits of a tenant, by the switching of a module. */
export const holdJobs = (tenant: string, names: readonly string[]) => sql`update jobs set status = 'held' where tenant_id = ${tenant} and name = any (${names}) and status = 'ready'`
export const freeJobs = (tenant: string, names: readonly string[]) => sql`update jobs set status = 'ready', run_at = greatest(run_at, now()) where tenant_id = ${tenant} and name = any (${names}) and status = 'held'`
const findNext = statement('jobs.next', Type.Object({ ms: Nullable(Type.Number()) }), (names: string[]) => sql`
  select (extract(epoch from min(run_at) - now()) * 1000)::float8 as ms from jobs where status = 'ready' and name = any (${names})`)
const sweepJobs = (days: number) => sql`delete from jobs where status in ('done', 'cancelled') and finished_at < now() - ${days} * interval '1 day'`

/** 1 s, 2 s, 4 s ... 15 min, with jitter so that many do not come back at once. */
const pauseAfter = (attempts: number) => Math.min(1000 * 2 ** (attempts - 1), 900_000) * (0.75 + Math.random() / 2)

export type Worker = { wake(): void; stop(): Promise<void>; running(): number }
type WorkerOptions = { db: Db; handlers: readonly JobHandler[]; switches?: Switches; parallel?: number; leaseMs?: number; pollMs?: number; onError?: (error: unknown, job?: Job) => void }

/** Takes due jobs and works on them until stopped; a killed worker's jobs are taken over when their lease ends (4 s). */
export function startWorker({ db, handlers, switches, parallel = 8, leaseMs = 4000, pollMs = 1000, onError = () => {} }: WorkerOptions): Worker {
  const byName = new Map(handlers.map((h) => [h.name, h]))
  const names = [...byName.keys()]
  const gapMs = Math.min(pollMs, 50) // every commit wakes: under load many looks that find nothing are one
  const who: Who = { tenant: platformId, actor: { type: 'system', id: null }, request: 'jobs' }
  const lease = newId()
  const running = new Map<string, Promise<void>>()
  const stopping = new AbortController()
  const flush = <Q extends readonly Query[]>(...queries: Q) => db.flush(who, ...queries)
  let woken = false
  let interrupt = () => {}
  const wake = () => {
    woken = true
    interrupt()
  }

  async function work(job: Job): Promise<void> {
    const { feature, handle } = byName.get(job.name)!
    try {
      if (feature !== undefined && switches && !(await switches.isOn(job.tenant_id, feature))) return void (await switches.settle(job.tenant_id, (tx, off) => tx(putBack(job, off.has(feature) ? 'held' : 'ready'))))
      await handle(job, stopping.signal)
      await flush(endJob(job))
    } catch (error) {
      onError(error, job)
      await flush(failJob(job, String((error as Error)?.message ?? error).slice(0, 500), pauseAfter(job.attempts))).catch(onError) // else the lease runs out
    }
  }
  async function plan(): Promise<void> {
    const now = Date.now()
    const due = handlers.filter((h) => h.everyMs).flatMap(({ name, everyMs }) => {
      const slot = Math.floor(now / everyMs!)
      return [slot, slot + 1].map((n) => addJob(who, { name, key: `slot-${everyMs}-${n}`, runAt: new Date(n * everyMs!).toISOString() }))
    })
    if (due.length) await flush(...due, sweepJobs(7))
  }
  const beat = setInterval(() => {
    if (running.size) flush(renewLease(lease, [...running.keys()], leaseMs)).catch(onError)
  }, leaseMs / 4)

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      interrupt = () => (clearTimeout(timer), resolve())
    })

  const loop = (async () => {
    let planned = 0
    while (!stopping.signal.aborted) {
      let rest = pollMs
      let found = 0
      const began = performance.now()
      woken = false
      try {
        if (Date.now() - planned > 60_000) {
          await plan()
          planned = Date.now()
        }
        const room = parallel - running.size
        const [jobs, [next]] = room > 0 ? await flush(takeJobs(lease, names, room, leaseMs), findNext(names)) : [[], []]
        found = jobs.length
        for (const job of jobs) {
          const done = work(job).finally(() => {
            running.delete(job.id)
            wake()
          })
          running.set(job.id, done)
        }
        if (jobs.length && running.size < parallel) continue
        if (next?.ms != null) rest = Math.min(pollMs, Math.max(next.ms, 5))
      } catch (error) {
        onError(error)
      }
      if (!woken) await sleep(rest)
      const early = found ? 0 : gapMs - (performance.now() - began)
      if (early > 0 && !stopping.signal.aborted) await new Promise((resolve) => setTimeout(resolve, early))
    }
  })()
  return {
    wake,
    running: () => running.size,
    /** Takes no more jobs, lets those under way finish; what does not end in time is taken over by lease. */
    async stop() {
      stopping.abort()
      wake()
      await loop
      await Promise.race([Promise.allSettled(running.values()), new Promise((resolve) => setTimeout(resolve, 2500).unref())])
      clearInterval(beat)
    },
  }
}
