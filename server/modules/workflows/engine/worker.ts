// The part of the embedded engine that works: claims what is due, keeps its leases, hears of what others did to its runs, takes over from the dead.
import { createHash } from 'node:crypto'
import pg from 'pg'
import type { Kernel } from '../../../kernel/kernel.ts'
import { newId } from '../../../kernel/ids.ts'
import { keepStepping, type Stepper } from '../../../kernel/readers.ts'
import type { Compiled } from './compiled.ts'
import type { EngineOptions, Limits } from './engine.ts'
import { Cancelled, Dropped, fault, Parked, recordOf } from './faults.ts'
import { HeldRun, type Bench } from './held-run.ts'
import { putBack } from './holding.ts'
import { interpret } from './interpreter.ts'
import type { Json, Ref } from './port.ts'
import { findDue } from './schedules.ts'
import { addWorker, beatSteps, beatWorker, claimRuns, claimRunsByLane, claimWindow, countProgress, findClock, findNews, giveBack, removeWorker, renewLeases, takeOver, type ClaimedRow, type HeldRow, type RunEnd } from './queries.ts'
import type { Store } from './store.ts'

export type WorkerOptions = Pick<EngineOptions, 'load' | 'run'> & {
  kernel: Kernel
  store: Store
  limits: Limits
  slots: number
  leaseMs: number
  inMemoryWaitMs: number
  activeVersion(tenant: string, defId: string): Promise<number | undefined>
  /** starts what schedules say is due */
  tick(): Promise<void>
}
export type Worker = { look(): void; held(): number; close(): Promise<void> }

const pollMs = 250
const mostAtOnce = 50
const drainMs = 2000
const versionsKept = 500

export function startWorker(o: WorkerOptions): Worker {
  const { kernel, store, limits, leaseMs } = o
  const id = newId()
  const held = new Map<string, HeldRun>()
  const versions = new Map<string, Promise<Compiled | undefined>>()
  let offset = 0 // the database's clock minus ours
  let lastChores = 0
  let ticking: Promise<void> | undefined
  let stopping = false
  let following: Stepper | undefined
  const look = (): void => following?.wake()
  const bench: Bench = {
    store, run: o.run, limits, inMemoryWaitMs: o.inMemoryWaitMs, longStepMs: 1000, now: () => Date.now() + offset, activeVersion: o.activeVersion, startedChild: look,
  }
  const warn = (error: unknown, what: string) => kernel.log.warn({ error: String((error as Error)?.message ?? error) }, what)
  const heldRows = (): HeldRow[] => [...held.values()].map((h) => ({ tenant: h.run.tenantId, id: h.run.id, epoch: h.epoch, seen: h.seen }))

  function hear(run: HeldRun, row: { epoch: number; wake_seq: number; cancel_requested: boolean; pause_requested: boolean; status: string } | undefined): void {
    if (!row || row.epoch !== run.epoch || row.status !== 'running') return run.leave(new Dropped('the run belongs to another worker'))
    if (row.cancel_requested) run.cancel()
    else if (row.pause_requested) run.hold()
    if (row.wake_seq !== run.seen) run.poke(row.wake_seq)
  }

  function startSchedules(): void {
    ticking ??= o.tick().catch((error: unknown) => warn(error, 'the engine could not look at the schedules')).finally(() => (ticking = undefined))
  }

  /** One look: news of held runs, then as many due runs as there is room for. @returns whether there may be more */
  async function lookOnce(): Promise<boolean> {
    const room = stopping ? 0 : Math.min(o.slots - held.size, mostAtOnce)
    const chores = performance.now() - lastChores >= pollMs // on each poll, not on each wake-up; all in one flush
    if (chores) lastChores = performance.now()
    const [[clock], news, gone = [], [schedules] = []] = await store.flush(findClock(), findNews(heldRows()), ...(chores ? ([takeOver(id), findDue()] as const) : ([] as never)))
    offset = clock!.now_ms - Date.now()
    if (schedules?.due) startSchedules()
    for (const row of news) {
      const run = held.get(row.id)
      if (run) hear(run, row)
    }
    if (room <= 0 || (!clock!.due && !gone.length)) return false
    const wish = { worker: id, want: room, cap: limits.runsPerTenant, leaseMs }
    const [rows] = await store.flush(claimRuns(wish))
    for (const row of rows) void execute(row)
    if (rows.length >= room || clock!.due < claimWindow) return rows.length > 0 && rows.length >= room && held.size < o.slots
    // one tenant's queue fills the window: others wait behind it
    const [more] = await store.flush(claimRunsByLane({ ...wish, want: room - rows.length }))
    for (const row of more) void execute(row)
    return false
  }

  async function versionOf(row: ClaimedRow): Promise<Compiled | undefined> {
    const name = `${row.tenant_id} ${row.workflow_id} ${row.workflow_version}`
    const known = versions.get(name) ?? o.load({ tenantId: row.tenant_id, defId: row.workflow_id, version: row.workflow_version })
    versions.delete(name)
    versions.set(name, known)
    if (versions.size > versionsKept) versions.delete(versions.keys().next().value!)
    return known.then(
      (found) => (found || versions.delete(name), found),
      (error: unknown) => (versions.delete(name), Promise.reject(new Dropped(`the definition could not be loaded: ${String(error)}`, { cause: error }))),
    )
  }

  async function execute(row: ClaimedRow): Promise<void> {
    const startedAt = Date.parse(row.started_at ?? row.created_at)
    const run = new HeldRun(bench, {
      id: row.id, tenantId: row.tenant_id, defId: row.workflow_id, defVersion: row.workflow_version, startedAt, ...(row.entry === null ? {} : { entry: row.entry }),
      actor: { type: row.actor_type as 'user', id: row.actor_id }, causeId: row.cause_id, depth: row.depth, parentRun: row.parent_run,
    }, { epoch: row.epoch, seen: row.wake_seq, request: row.request_id })
    held.set(row.id, run)
    const end: RunEnd = {
      tenant: row.tenant_id, id: row.id, epoch: row.epoch, seen: row.wake_seq, status: 'completed', output: null, error: null, due: null, told: '{}', eventId: newId(), isChild: row.parent_run !== null, hasChildren: false,
    }
    const deadline = Date.parse(row.created_at) + limits.runMs
    try {
      const result = await resume(row, run, deadline)
      end.output = (await store.keep({ tenant: row.tenant_id, run: row.id }, result, { most: limits.outputChars, refs: true })).text
    } catch (error) {
      if (error instanceof Dropped) {
        kernel.log.debug({ run: row.id, why: error.message }, 'a run was dropped: its lease brings it back')
        return forget(run)
      }
      if (error instanceof Parked) park(end, run, deadline)
      else if (run.cancelled || error instanceof Cancelled) end.status = 'cancelled'
      else {
        const { key } = error as { key?: string }
        end.status = 'failed'
        end.error = JSON.stringify({ ...recordOf(error), key: key ?? null })
        end.told = JSON.stringify({ key: key ?? null, code: recordOf(error).code })
      }
    }
    await run.noted()
    end.seen = run.seen
    end.hasChildren = end.status !== 'waiting' && run.hasChildren
    run.close()
    await store.end(end).catch((error: unknown) => error instanceof Dropped || warn(error, 'a run could not be ended: its lease brings it back'))
    forget(run)
  }
  function forget(run: HeldRun): void {
    run.close()
    if (held.get(run.run.id) === run) held.delete(run.run.id)
    look()
  }

  /** Not where workflows are switched off: it came after the others were held, and is held too. Ending begins nothing. @throws Dropped */
  function mayGoOn(row: ClaimedRow): true | Promise<boolean> {
    const on = row.cancel_requested || kernel.switches.isOn(row.tenant_id, 'workflows')
    if (on === true) return true
    return (async () => {
      if (await on) return true
      await store.flush(putBack(row.tenant_id, row.id, row.epoch))
      await kernel.switches.settle(row.tenant_id)
      return false
    })().catch((error: unknown) => {
      throw new Dropped('whether workflows are on for its tenant is not known', { cause: error })
    })
  }
  async function resume(row: ClaimedRow, run: HeldRun, deadline: number): Promise<Json | Ref> {
    const may = mayGoOn(row)
    if (may !== true && !(await may)) throw new Dropped('workflows are switched off for its tenant')
    if (row.epoch > 1) {
      const history = await store.history({ tenant: row.tenant_id, run: row.id })
      run.remember(history)
      run.hasChildren = history.some((s) => s.kind === 'child')
      if (row.claims > 1) await judge(row, history)
    }
    if (bench.now() > deadline) throw fault('run.too_long', `the run took longer than ${limits.runMs} ms from its creation`)
    const compiled = await versionOf(row)
    if (!compiled) throw fault('workflow.no_version', `there is no version ${row.workflow_version} of this workflow any more`)
    if (row.cancel_requested) run.cancel()
    else if (row.pause_requested || stopping) run.hold()
    const result = interpret(run, compiled, row.input as Json | Ref)
    result.catch(() => {}) // the run may be over before
    run.begun()
    return Promise.race([result, run.over])
  }

  /** A run that is claimed again and again without getting on ends its workers: it is failed before it does so once more. */
  async function judge(row: ClaimedRow, history: readonly { state: string; attempt: number; due_at: string | null }[]): Promise<void> {
    const progress = history.reduce((n, s) => n + (s.state === 'pending' ? (s.due_at === null ? 0 : s.attempt) : 1 + s.attempt), 0)
    if (progress > row.progress) await store.flush(countProgress(row.tenant_id, row.id, row.epoch, progress))
    else if (row.claims > limits.idleClaims) throw fault('run.poison', `${limits.idleClaims} workers in turn took this run and came to nothing: it was ended`)
  }

  function park(end: RunEnd, run: HeldRun, deadline: number): void {
    const waits = run.waits()
    end.status = 'waiting'
    end.due = stopping || run.holding ? new Date(bench.now()).toISOString() : new Date(Math.min(waits[0]?.due ?? Infinity, deadline)).toISOString()
    end.told = JSON.stringify({ waits: waits.slice(0, 20).map(({ key, kind, due }) => ({ key, kind, until: due === null ? null : new Date(due).toISOString() })) })
  }

  /** A run that is not ours any more is dropped before its zombie does more work. */
  async function beat(): Promise<void> {
    const before = heldRows()
    const long = [...held.values()].flatMap((h) => h.longSteps.map((key) => ({ tenant: h.run.tenantId, run: h.run.id, key })))
    const [rows] = await store.flush(renewLeases(before, leaseMs), beatSteps(long), beatWorker(id))
    const ours = new Map(rows.map((r) => [r.id, r]))
    for (const { id: runId, epoch } of before) {
      const run = held.get(runId)
      if (run?.epoch === epoch) hear(run, ours.get(runId))
    }
  }

  const lock = holdLock(kernel, store, id)
  following = keepStepping(lookOnce, { floorMs: pollMs, onError: (error) => warn(error, 'the engine could not look for due runs') })
  const every = (ms: number, what: string, work: () => Promise<unknown>) => {
    let busy = false
    return setInterval(() => {
      if (busy || stopping) return
      busy = true
      work().catch((error: unknown) => warn(error, what)).finally(() => (busy = false))
    }, ms)
  }
  const timers = [
    every(Math.max(50, leaseMs / 3), 'the engine could not renew its leases', beat),
  ]
  const deaf = kernel.bell.hear(look)

  return {
    look,
    held: () => held.size,
    async close() {
      stopping = true
      deaf()
      for (const timer of timers) clearInterval(timer)
      await following.stop()
      await ticking
      for (const run of held.values()) run.hold()
      const until = Date.now() + drainMs
      while (held.size && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10))
      for (const run of held.values()) run.close()
      await store.flush(giveBack(id), removeWorker(id)).catch((error: unknown) => warn(error, 'the engine could not give its runs back: their leases end by themselves'))
      await lock.release()
    },
  }
}

/** A session lock on a connection of its own: the server frees it the moment this process is gone, and the others see that. */
function holdLock(kernel: Kernel, store: Store, id: string): { release(): Promise<void> } {
  const key = createHash('sha256').update(id).digest().readBigInt64BE().toString()
  let client: pg.Client | undefined
  let again: NodeJS.Timeout | undefined
  let released = false
  const open = async (): Promise<void> => {
    const c = new pg.Client({ ...kernel.database.connection('system'), application_name: 'groundwork workflows: alive', keepAlive: true })
    const lost = (): void => {
      if (client !== c || released) return
      client = undefined
      again = setTimeout(() => void open(), 300)
    }
    c.on('error', lost)
    c.on('end', lost)
    client = c
    try {
      await c.connect()
      await c.query('select pg_advisory_lock($1)', [key])
      // behind a pooler of transactions the lock is not held: then the lease alone counts
      const { rows } = await store.db.pool.query<{ free: boolean }>('select pg_try_advisory_xact_lock($1) as free', [key])
      await store.flush(addWorker(id, rows[0]!.free ? null : key))
    } catch (error) {
      kernel.log.debug({ error: String(error) }, 'the engine could not take its lock')
      await c.end().catch(() => {})
      lost()
    }
  }
  const first = open()
  return {
    async release() {
      released = true
      clearTimeout(again)
      await first
      await client?.end().catch(() => {})
    },
  }
}
