// The bookkeeping of runs that Temporal drives: the same rows, events and fences as the embedded engine writes, through the same store.
import type { Kernel } from '../../../../kernel/kernel.ts'
import { newId } from '../../../../kernel/ids.ts'
import type { Compiled } from '../compiled.ts'
import type { EngineOptions, Limits } from '../engine.ts'
import { Dropped, isRefusal, recordOf, refusalOf } from '../faults.ts'
import { idempotencyKeyOf, nodeOf } from '../outcome.ts'
import { findNews, type StepRow } from '../queries.ts'
import type { Json, Ref } from '../port.ts'
import type { Store } from '../store.ts'
import type { Begun, Books, ChildAsked, Kept, Note, Page, Place, StepState } from './books.ts'
import { beginLife, listStepsAfter, lookAtRun } from './queries.ts'

export type BookOptions = {
  kernel: Kernel
  store: Store
  limits: Limits
  inMemoryWaitMs: number
  historyEvents: number
  load: EngineOptions['load']
  activeVersion(tenant: string, defId: string): Promise<number | undefined>
  /** attempts of this run's steps in this process are told to stop */
  stop(run: string): void
}
/** A run that Temporal lost is begun anew after so long. */
export const checkMs = 6 * 3_600_000
const rowsAPage = 400
const charsAPage = 600_000
const versionsKept = 500
const time = (ms: number): string => new Date(ms).toISOString()

export function createBooks(o: BookOptions) {
  const { kernel, store, limits } = o
  const versions = new Map<string, Promise<Compiled | undefined>>()
  const at = (p: { tenant: string; run: string }) => ({ tenant: p.tenant, run: p.run })

  function versionOf(tenantId: string, defId: string, version: number): Promise<Compiled | undefined> {
    const name = `${tenantId} ${defId} ${version}`
    const known = versions.get(name)
    if (known) return known
    const loading = o.load({ tenantId, defId, version })
    loading.then((found) => found || versions.delete(name), () => versions.delete(name))
    if (versions.size >= versionsKept) versions.delete(versions.keys().next().value!)
    versions.set(name, loading)
    return loading
  }

  async function pageAfter(tenant: string, run: string, after: string): Promise<Page> {
    const [rows] = await store.flush(listStepsAfter(tenant, run, after, rowsAPage))
    const steps: StepState[] = []
    let chars = 0
    for (const row of rows) {
      const step = stateOf(row)
      chars += JSON.stringify(step).length
      if (steps.length && chars > charsAPage) return { steps, more: steps.at(-1)!.key }
      steps.push(step)
    }
    return { steps, more: rows.length === rowsAPage ? steps.at(-1)!.key : null }
  }

  /** Notes ride with whatever is recorded next; what stands already is left alone. */
  const writeNotes = (place: Place, notes: readonly Note[]): Promise<unknown>[] => notes.map(({ key, output }) => {
    const now = time(Date.now())
    return store.record({ ...at(place), epoch: place.epoch, key, node: nodeOf(key), kind: 'note', state: 'done', attempt: 0, output: JSON.stringify(output), error: null, due: null, started: now, finished: now })
  })

  type Row = { key: string; kind: string; state: 'pending' | 'done' | 'failed'; attempt?: number; output?: unknown; error?: { message: string; code: string } | null; due?: number | null; keep?: readonly string[]; refs?: boolean; started?: number }
  /** @returns what stands recorded: this, or the outcome somebody was quicker with. Undefined: the run has another life. @throws what a value that cannot be kept throws */
  async function write(place: Place, row: Row, notes: readonly Note[] = []): Promise<Kept> {
    const { key, kind, state, attempt = 0, error = null, due = null } = row
    const kept = row.output === undefined ? undefined : await store.keep(at(place), row.output, { most: limits.outputChars, keep: row.keep ?? [], refs: row.refs ?? true })
    const now = Date.now()
    const [recorded] = await Promise.all([
      store.record({
        ...at(place), epoch: place.epoch, key, node: nodeOf(key), kind, state, attempt, output: kept?.text ?? null, error: error && JSON.stringify(error), due: due === null ? null : time(due),
        started: time(row.started ?? now), finished: state === 'pending' ? null : time(now),
      }),
      ...writeNotes(place, notes),
    ])
    if (recorded !== 'lost') return { state, output: (kept?.value ?? null) as Json | Ref, error, attempt, due, paused: recorded === 'paused' }
    const earlier = await store.stepOf(at(place), place.epoch, key)
    if (!earlier || earlier.state === 'pending') return undefined
    const { redo: _redo, ...rest } = stateOf(earlier)
    return { ...rest, paused: false }
  }

  async function child(place: Place, asked: ChildAsked): Promise<Kept> {
    const { key, def, input, facts, known } = asked
    const { tenant, run } = place
    const base = { key, kind: 'child', attempt: 1 }
    const failed = (code: string, message: string) => write(place, { ...base, state: 'failed', error: { code, message } }, asked.notes)
    /** A plan that has no room for what goes to the child or comes from it: no other try would find any. */
    const refused = (error: unknown): Promise<Kept> => {
      if (error instanceof Dropped) throw error
      const { code, message } = recordOf(isRefusal(error) ? refusalOf(error) : error)
      return failed(code, message)
    }
    const dedupKey = `child:${idempotencyKeyOf(run, key, asked.redo)}`
    let found = known ? await store.child(tenant, dedupKey) : undefined
    if (!found) {
      if (facts.depth + 1 > limits.depth) return failed('run.too_deep', `runs lead to runs more than ${limits.depth} deep`)
      const version = def.version || (await o.activeVersion(tenant, def.id))
      if (!version) return failed('workflow.not_active', `workflow ${def.id} has no active version`)
      const begun = await write(place, { ...base, attempt: 0, state: 'pending' }, asked.notes)
      if (!begun || begun.state !== 'pending') return begun
      const id = newId()
      const tied = asked.wait || asked.onParentClose === 'cancel'
      const born = await store.startRun({
        tenant, id, engine: store.engine, workflow: def.id, version, entry: null, input: JSON.stringify(input ?? null), parentRun: tied ? run : null, parentKey: key, closesWithParent: asked.onParentClose === 'cancel', dedupKey,
        actorType: facts.actor.type, actorId: facts.actor.id, cause: facts.causeId, request: asked.request, depth: facts.depth + 1, eventId: newId(), blob: store.shared(tenant, run, id, input),
      }).catch(refused)
      if (typeof born !== 'boolean') return born
      found = born ? { id, status: 'pending', output: null, error: null } : await store.child(tenant, dedupKey)
      if (!found) return failed('child.gone', 'the child\'s row was deleted')
    }
    if (!asked.wait) return write(place, { ...base, state: 'done', output: { id: found.id } })
    if (found.status === 'completed') {
      const { id, output } = found
      const full = await store.share(tenant, id, run, output).then(() => null, async (error: unknown) => ({ kept: await refused(error) }))
      if (full) return full.kept
      return write(place, { ...base, state: 'done', output: found.output })
    }
    if (found.status === 'failed' || found.status === 'cancelled') return failed(found.error?.code ?? 'child.cancelled', found.error?.message ?? 'the child was cancelled')
    return { state: 'pending', output: null, error: null, attempt: 0, due: null, paused: false }
  }

  const books: Books = {
    async begin({ tenant, run }) {
      const [[row]] = await store.flush(beginLife(tenant, run, checkMs))
      if (!row) return null
      kernel.bell.ring()
      const page = row.epoch > 1 ? await pageAfter(tenant, run, '') : { steps: [], more: null }
      const begun: Begun = {
        ...page, place: { tenant, run, epoch: row.epoch },
        facts: {
          id: run, tenantId: tenant, defId: row.workflow_id, defVersion: row.workflow_version, startedAt: Date.parse(row.started_at ?? row.created_at), ...(row.entry === null ? {} : { entry: row.entry }),
          actor: { type: row.actor_type as 'user', id: row.actor_id }, causeId: row.cause_id, depth: row.depth, parentRun: row.parent_run,
        },
        graph: (await versionOf(tenant, row.workflow_id, row.workflow_version)) ?? null, input: row.input as Json | Ref, request: row.request_id, status: row.status as 'running', cancel: row.cancel_requested,
        pause: row.pause_requested, deadline: Date.parse(row.created_at) + limits.runMs, seen: row.wake_seq, inMemoryWaitMs: o.inMemoryWaitMs, stepsPerRun: limits.stepsPerRun, historyEvents: o.historyEvents,
      }
      return begun
    },
    history: ({ tenant, run, after }) => pageAfter(tenant, run, after),
    async look({ tenant, run, epoch }) {
      const [[row]] = await store.flush(lookAtRun(tenant, run, epoch, checkMs))
      return row ? { status: row.status, cancel: row.cancel_requested, pause: row.pause_requested, seen: row.wake_seq } : null
    },
    record(place, { key, kind, state, attempt, output, error, due = null, notes }) {
      const until = due === null || typeof due === 'number' ? due : Date.now() + due.afterMs
      return write(place, { key, kind, state, ...(attempt === undefined ? {} : { attempt }), ...(output === undefined ? {} : { output }), ...(error ? { error } : {}), due: until }, notes)
    },
    async take({ epoch, ...run }, { key, name }) {
      const output = await store.takeSignal(run, epoch, key, name)
      if (output !== undefined) return { output }
      // taken before, by a bookkeeping whose answer Temporal lost
      const earlier = await store.stepOf(run, epoch, key)
      return earlier?.state === 'done' ? { output: earlier.output as Json } : null
    },
    child,
    async park(place, { waits, seen, notes }) {
      await Promise.all(writeNotes(place, notes))
      const told = JSON.stringify({ waits: waits.map(({ key, kind, due }) => ({ key, kind, until: due === null ? null : time(due) })) })
      const parked = await store.end({ tenant: place.tenant, id: place.run, epoch: place.epoch, seen, status: 'waiting', output: null, error: null, due: time(Date.now() + checkMs), told, eventId: newId(), isChild: false, hasChildren: false })
      if (parked) return true
      const [[row]] = await store.flush(findNews([{ tenant: place.tenant, id: place.run, epoch: place.epoch, seen: -1 }]))
      return row?.epoch === place.epoch && (row.status === 'waiting' || row.status === 'paused') // parked before, the answer lost
    },
    async end(place, { status, output, error, seen, isChild, hasChildren, notes }) {
      o.stop(place.run)
      await Promise.all(writeNotes(place, notes))
      let outcome: { status: typeof status; output: string | null; error: typeof error } = { status, output: null, error }
      if (status === 'completed') {
        try {
          outcome.output = (await store.keep(at(place), output, { most: limits.outputChars, refs: true })).text
        } catch (late) {
          if (late instanceof Dropped) throw late
          outcome = { status: 'failed', output: null, error: { ...recordOf(late), key: null } }
        }
      }
      const told = outcome.status === 'failed' ? { key: outcome.error?.key ?? null, code: outcome.error?.code ?? 'Error' } : {}
      return store.end({
        tenant: place.tenant, id: place.run, epoch: place.epoch, seen, status: outcome.status, output: outcome.output, error: outcome.error && JSON.stringify(outcome.error), due: null,
        told: JSON.stringify(told), eventId: newId(), isChild, hasChildren,
      })
    },
  }
  return { books, write }
}
export type Bookkeeping = ReturnType<typeof createBooks>

function stateOf(row: StepRow): StepState {
  return { key: row.key, kind: row.kind, state: row.state, attempt: row.attempt, redo: row.redo, output: row.output as Json | Ref, error: row.error as StepState['error'], due: row.due_at === null ? null : Date.parse(row.due_at) }
}

/** Repeats while our own database is away; other faults go on as they are. */
export async function persist<T>(work: () => Promise<T>, { pauseMs = 500, until }: { pauseMs?: number; until?: AbortSignal } = {}): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Dropped) || until?.aborted) throw error
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}
