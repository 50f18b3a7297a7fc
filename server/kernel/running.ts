// Puts a kernel together over a database and a bus, and runs what follows the log: readers, jobs, the tail. The mirror image stops it.
import { createBell } from './bell.ts'
import { Db, type Seal } from './db.ts'
import { openEgress, type Egress } from './egress.ts'
import { minding } from './egress-tenants.ts'
import { createEventRegistry, type EventDeclaration } from './events.ts'
import { startWorker, type JobHandler, type Worker } from './jobs.ts'
import type { Kernel } from './kernel.ts'
import { createSwitches, type SwitchBoard } from './switches.ts'
import { createKeyRing } from './keys.ts'
import { createEventOpener, type EventRow } from './log.ts'
import type { Logger } from './log-lines.ts'
import { createMetrics } from './metrics.ts'
import type { Bus, Database, Sandbox } from './ports.ts'
import { SandboxError } from './sandbox.ts'
import { createStep, keepStepping, systemWho, type Reader, type Stepper } from './readers.ts'
import type { ReportDefect } from './error-hook.ts'
import { openTail, type Tail } from './tail.ts'
import { isTrouble, tellError } from './trouble.ts'

export type KernelOptions = {
  database: Database
  bus: Bus
  /** closed by whoever opened it; absent: one of the kernel's own, with nothing opened */
  egress?: Egress
  /** its requests go the kernel's way out; absent: every call is refused */
  openSandbox?: (egress: Egress) => Sandbox
  platformKey: Buffer
  groups: readonly Record<string, EventDeclaration>[]
  log: Logger
  publicUrl: string
  version: string
  /** connections of requests; readers and jobs take half as many */
  connections?: number
}

/** @returns the kernel and the way to close it, after everything that uses it has ended */
export function openKernel(o: KernelOptions): Kernel & { switches: SwitchBoard; close(): Promise<void> } {
  const registry = createEventRegistry(o.groups)
  const bell = createBell(o.bus, 'log')
  const onCommit = () => bell.ring()
  const seal: Seal = (owner, text, boundTo) => keys.seal(owner, text, boundTo)
  const connections = o.connections ?? 10
  const app = new Db({ connection: { ...o.database.connection('app'), max: connections }, registry, seal, onCommit })
  const system = new Db({ connection: { ...o.database.connection('system'), max: Math.max(4, Math.floor(connections / 2)) }, registry, seal, onCommit, system: true })
  const aside = new Db({ connection: { ...o.database.connection('system'), max: 4 }, registry, seal, system: true })
  const keys = createKeyRing({ platformKey: o.platformKey, store: { transact: (body) => aside.transact(systemWho('keys'), (tx) => body(tx)) }, onDestroyed: (id) => o.bus.publish('keys', id) })
  const guard = o.egress ?? openEgress()
  const egress = minding(o.egress ? { ...guard, close: async () => {} } : guard, { bus: o.bus, system, log: o.log })
  const sandbox = o.openSandbox?.(egress) ?? noSandbox
  const unsubscribe = o.bus.subscribe('keys', (id) => keys.forget(id || undefined))
  return {
    database: o.database, app, system, aside, registry, keys, bus: o.bus, egress, sandbox, bell, open: createEventOpener(registry, keys), switches: createSwitches(), log: o.log, metrics: createMetrics(), publicUrl: o.publicUrl, version: o.version,
    async close() {
      unsubscribe()
      bell.close()
      await sandbox.close()
      await egress.close()
      await Promise.all([app.close(), system.close(), aside.close()])
    },
  }
}

const refused = () => Promise.reject(new SandboxError('busy', 'there is no sandbox here'))
const noSandbox: Sandbox = { kind: 'none', call: refused, evaluate: refused, close: async () => {} }

export type RunningTail = Tail & { stop(): Promise<void> }
/** This process' tail, woken by the bell. Whoever watches it from the same turn on misses nothing behind its start. */
export async function startTail(kernel: Pick<Kernel, 'system' | 'bell'>, { floorMs = 500, onError = () => {} }: { floorMs?: number; onError?: (error: unknown) => void } = {}): Promise<RunningTail> {
  const tail = await openTail(kernel.system)
  const loop = keepStepping(tail.step, { floorMs, onError })
  const deaf = kernel.bell.hear(loop.wake)
  return { ...tail, stop: async () => (deaf(), await loop.stop()) }
}

export type Followers = { stop(): Promise<void> }
/** Readers, each woken by the tail when it passes an event that the reader takes, and the job workers, woken by the bell. Several processes may run them
    all: each piece of work is taken once. @param onDefect hears of jobs that failed for good, and of events that were parked */
export function startFollowers(kernel: Kernel, { readers, jobs, tail, onDefect = () => {} }: { readers: readonly Reader[]; jobs: readonly JobHandler[]; tail: Pick<Tail, 'watch'>; onDefect?: ReportDefect }): Followers {
  const takers = new Map<string, Stepper[]>() // by the name of the event
  const steppers: Stepper[] = readers.map((reader) => {
    const onError = (error: unknown, event?: EventRow, parked = false) => {
      kernel.metrics.handled.inc({ reader: reader.name })
      kernel.log.error({ reader: reader.name, eventId: event?.id, error: tellError(error) }, isTrouble(error) ? 'a reader waits for the database' : 'a reader failed')
      if (parked) onDefect(error, { where: 'readers', operation: reader.name, requestId: event?.request_id ?? null })
    }
    const stepper = keepStepping(createStep(kernel.system, kernel.open, reader, onError, kernel.switches), { onError, gapMs: 25 })
    for (const name of reader.takes) takers.set(name, [...(takers.get(name) ?? []), stepper])
    return stepper
  })
  const lanes = Map.groupBy(jobs, ({ lane }) => lane).values()
  const workers: Worker[] = [...lanes].map((handlers) => startWorker({
    db: kernel.system, handlers, switches: kernel.switches,
    onError: (error, job) => {
      kernel.log.error({ job: job?.name, jobId: job?.id, error: tellError(error) }, job ? 'a job failed' : 'jobs could not be looked for')
      if (job && job.attempts >= job.max_attempts) onDefect(error, { where: 'jobs', operation: job.name, requestId: job.request_id })
    },
  }))
  const unwatch = tail.watch(({ name }) => {
    for (const stepper of takers.get(name) ?? []) stepper.wake()
  })
  const deaf = kernel.bell.hear(() => {
    for (const worker of workers) worker.wake()
  })
  return {
    async stop() {
      unwatch()
      deaf()
      await Promise.all([...steppers.map((s) => s.stop()), ...workers.map((w) => w.stop())])
    },
  }
}
