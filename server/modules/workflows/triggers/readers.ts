// What follows from the log: runs that events begin, exactly one for each event and trigger; waits that are over; what ends with a run or a publisher.
import { peopleOf, type Tx, type Who } from '../../../kernel/db.ts'
import type { EventName } from '../../../kernel/events.ts'
import { platformId } from '../../../kernel/ids.ts'
import type { EventRow, LoggedEvent } from '../../../kernel/log.ts'
import { reader, type Reader } from '../../../kernel/readers.ts'
import { roleReaches } from '../../../kernel/schema.ts'
import { tellAdmins } from '../../notifications/api.ts'
import { holds } from '../engine/interpreter.ts'
import type { Json } from '../engine/port.ts'
import { compileCondition } from '../definitions/paths.ts'
import type { AuthoredCondition } from '../nodes/fields.ts'
import { StepFailure } from '../nodes/node.ts'
import type { Parts } from '../parts.ts'
import type { Publishing } from '../publishing.ts'
import { listPublishedBy } from '../queries.ts'
import { closeApprovals } from '../runs/approvals.ts'
import { walkInto } from '../runs/view.ts'
import type { Rights } from '../runner/rights.ts'
import { dropWait, dropWaits, findHeard, findLeadingRun, listListening, listWaits, setProblem } from './queries.ts'

/** Told of too often, of what only the engine needs, and what a run that it begins could cause without a trace: large values. */
const silent: ReadonlySet<string> = new Set(['run.advanced', 'trigger.refused', 'storage.kept', 'storage.freed'])
/** Events that may begin a run: those that more than one person may see. */
export const isTriggering = (name: string, audience: string): boolean => !silent.has(name) && audience !== 'person'

/** Whether a trigger's filter lets an event through. @throws nothing: mismatched types are false */
export function passes(filter: unknown, event: LoggedEvent): boolean {
  if (filter === undefined || filter === null) return true
  const condition = compileCondition(filter as AuthoredCondition, (path) => path.replace(/^trigger\./, '').replace(/\[(\d+)\]/g, '.$1'))
  return holds(condition, (path) => walkInto(event as unknown as Json, path.split('.')))
}
const nounOf = (field: string): string => field.replace(/Id$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

export function createTriggerReaders({ kernel, engine, scopes, limits, room }: Parts, rights: Rights, publishing: Publishing, names: readonly string[]): Reader[] {
  /** A workflow hears of what its publisher may see, and of nothing else; a run of what its people may. */
  async function maySee(tx: Tx, event: LoggedEvent, who: Who | undefined): Promise<boolean> {
    const declared = kernel.registry.find(event.name)
    if (!who || !declared || !isTriggering(event.name, declared.audience)) return false
    if (declared.audience === 'admins' && !roleReaches(who.role, 'admin')) return false
    const scopeId = declared.scope ? event.data[declared.scope] : undefined
    if (!declared.scope || typeof scopeId !== 'string') return true
    const rule = scopes()[nounOf(declared.scope)]
    return rule !== undefined && peopleOf(who).length > 0 && rule(tx.within(who), scopeId)
  }
  /** Nobody, where the rights it used are gone. */
  const whoWaits = (tenantId: string, id: string): Promise<Who | undefined> =>
    rights.whoOf({ id, tenantId }).catch((error: unknown) => {
      if (error instanceof StepFailure) return undefined
      throw error
    })
  const refuseTrigger = (tx: Tx, trigger: { id: string; workflowId: string; node: string }, code: string, message: string) =>
    tx.happen(async (inner) => {
      await inner(setProblem(trigger.id, message))
      return { happened: [{ name: 'trigger.refused' as const, subject: trigger.id, data: { workflowId: trigger.workflowId, node: trigger.node, code } }], result: undefined }
    })

  async function follow(tx: Tx, event: LoggedEvent): Promise<void> {
    if (event.tenantId === platformId || silent.has(event.name)) return
    const declared = kernel.registry.find(event.name)
    const about = [event.subject.id, ...[declared?.parent, declared?.scope].flatMap((field) => (field && typeof event.data[field] === 'string' ? [event.data[field] as string] : []))]
    const [listening, waiting] = await tx.run(listListening(event.name, event.at), listWaits(event.name, about))
    for (const { runId, key, signal } of waiting) {
      if (!(await maySee(tx, event, await whoWaits(event.tenantId, runId)))) continue // it waits on
      await tx(dropWait(runId, key))
      await engine().signal(tx, runId, signal, event as unknown as Json)
    }
    let depth: number | undefined
    for (const trigger of listening) {
      if (!trigger.publishedBy || !passes((trigger.settings as { filter?: unknown }).filter, event)) continue
      if (!(await maySee(tx, event, await rights.whoPublishes(event.tenantId, trigger.workflowId, trigger.publishedBy)))) continue
      if (depth === undefined) depth = event.causeId === null ? 0 : ((await tx(findLeadingRun(event.causeId)))[0]?.depth ?? -1) + 1
      if (depth > limits.depth) {
        await refuseTrigger(tx, trigger, 'workflow.too_deep', `${event.name} came from a run that ${limits.depth} runs led to: the workflow starts itself again and again. Add a filter.`)
        continue
      }
      if (await room.isFull(event.tenantId, tx)) {
        await refuseTrigger(tx, trigger, 'workflow.too_many_runs', `there are ${limits.openRuns} runs that are not over: cancel some, or find out what they wait for`)
        continue
      }
      room.took(event.tenantId)
      const start = { sealed: true, workflowId: trigger.workflowId, version: trigger.version, input: event as unknown as Json, entry: trigger.node, dedupKey: `${event.id}:${trigger.id}`, depth }
      await engine().start(tx, { ...start, ...(Array.isArray(trigger.reads) ? { keep: trigger.reads as string[] } : {}) })
    }
  }

  /** What no trigger of its tenant and no run listens to needs no closer look. */
  async function sift(tx: Tx, events: readonly EventRow[]): Promise<readonly EventRow[]> {
    const key = (tenant: string, name: string) => `${tenant} ${name}`
    const met = new Map(events.map((event) => [key(event.tenant_id, event.name), event] as const))
    const heard = new Set((await tx(findHeard([...met.values()].map((event) => event.tenant_id), [...met.values()].map((event) => event.name)))).map(({ tenantId, name }) => key(tenantId, name)))
    return events.filter((event) => heard.has(key(event.tenant_id, event.name)))
  }

  async function tidy(tx: Tx, event: LoggedEvent): Promise<void> {
    if (event.name === 'member.removed') {
      const left = event.subject.id
      for (const { id } of await tx(listPublishedBy(left))) {
        const workflow = await publishing.deactivate(tx, id, 'publisher_left')
        await tellAdmins(tx, { source: `${event.id}:${id}`, title: `Paused: whoever published "${workflow.name}" is no member any more`.slice(0, 200), link: `/workflows/${id}` })
      }
      return
    }
    await tx.run(closeApprovals(event.subject.id), dropWaits(event.subject.id))
  }

  const heard = names.filter((name) => !silent.has(name)) as EventName[]
  return [
    reader('workflows.triggers', heard, follow, { sift }),
    reader('workflows.ends', ['run.completed', 'run.failed', 'run.cancelled', 'member.removed'], tidy, { always: true }),
  ]
}
