// Bringing a version into force: its triggers take events, its addresses answer, its schedules tick. In the transaction of the publishing, or later
// by the job, should a process have ended in between.
import { hash, randomBytes } from 'node:crypto'
import type { Context, Tx } from '../../../kernel/db.ts'
import { newId } from '../../../kernel/ids.ts'
import type { Definition, DefinedNode } from '../definitions/definition.ts'
import type { Engine, Schedule } from '../engine/engine.ts'
import { millisecondsOf } from '../nodes/fields.ts'
import type { Parts } from '../parts.ts'
import { findVersion, lockDeployment, setDeployment, supersedeDeployments } from '../queries.ts'
import { deleteTrigger, insertTrigger, lockTriggers, setEnabled, setToken, updateTrigger } from './queries.ts'

export const deployJob = 'workflows.deploy'
export const tokenBinding = (id: string): string => `workflow_triggers/token_sealed/${id}`
export const secretBinding = (id: string): string => `workflow_triggers/secret_sealed/${id}`
/** Looked up by its hash, so that a dump holds no address. */
export const hashOfToken = (token: string): Buffer => hash('sha256', `hook ${token}`, 'buffer')
export const webhookTypes: ReadonlySet<string> = new Set(['webhook', 'sms', 'iot', 'email'])

/** Names of the events a trigger takes. */
export function eventsOf({ type, settings }: Pick<DefinedNode, 'type' | 'settings'>, names: readonly string[]): string[] {
  if (type === 'event') return [String(settings.event)]
  if (type !== 'database') return []
  const verbs = { created: /\.(created|added|registered)$/, deleted: /\.(deleted|removed)$/ }
  return names.filter((name) => name.startsWith(`${String(settings.entity)}.`) && (settings.change === 'any' || (settings.change === 'created' ? verbs.created.test(name) : settings.change === 'deleted' ? verbs.deleted.test(name) : !verbs.created.test(name) && !verbs.deleted.test(name))))
}

export function createDeploying({ kernel, engine }: Pick<Parts, 'kernel'> & { engine(): Engine }) {
  /** Of an email trigger it is the local part of an address, whose case senders may change. */
  async function newToken(tenant: string, id: string, type: string) {
    const token = `whk_${type === 'email' ? randomBytes(20).toString('hex') : randomBytes(24).toString('base64url')}`
    return { token, tokenHash: hashOfToken(token), tokenSealed: await kernel.keys.seal({ tenant }, token, tokenBinding(id)) }
  }
  const unschedule = async (tx: Context, ids: readonly string[]): Promise<void> => {
    for (const id of ids) await engine().removeSchedule(tx, id)
  }

  /** Triggers as the version draws them; a webhook keeps its address and its secret. */
  async function syncTriggers(tx: Tx, workflowId: string, number: number, definition: Definition): Promise<void> {
    const before = await tx(lockTriggers(workflowId))
    const wanted = definition.nodes.filter(({ primitive }) => primitive === 'trigger')
    for (const gone of before.filter(({ node }) => !wanted.some(({ id }) => id === node))) {
      if (gone.type === 'schedule') await unschedule(tx, [gone.id])
      await tx(deleteTrigger(gone.id))
    }
    for (const node of wanted) {
      const held = before.find((one) => one.node === node.id)
      const events = eventsOf(node, kernel.registry.names)
      const id = held?.id ?? newId()
      if (held?.type === 'schedule' && node.type !== 'schedule') await unschedule(tx, [id])
      if (held) await tx(updateTrigger(id, { type: node.type, settings: node.settings, events, enabled: true }))
      const token = webhookTypes.has(node.type) && (!held?.tokenSealed || (held.type === 'email') !== (node.type === 'email')) ? await newToken(tx.tenant, id, node.type) : undefined
      if (!held) await tx(insertTrigger({ id, workflowId, node: node.id, type: node.type, settings: node.settings, events, enabled: true, tokenHash: token?.tokenHash ?? null, tokenSealed: token?.tokenSealed ?? null }))
      else if (token) await tx(setToken(id, token.tokenHash, token.tokenSealed))
      if (node.type === 'schedule') {
        const { cron, every, timeZone, overlap, catchUp } = node.settings as Record<string, string | undefined>
        await engine().setSchedule(tx, {
          id, workflowId, version: number, entry: node.id, ...(cron === undefined ? { everyMs: millisecondsOf(every!)! } : { cron }), timeZone: timeZone ?? 'UTC',
          overlap: (overlap ?? 'skip') as Schedule['overlap'], catchUp: (catchUp ?? 'one') as Schedule['catchUp'],
        })
      }
    }
  }

  return {
    newToken, unschedule,
    /** Brings a version into force. Done again it changes nothing; a later deployment goes before it. */
    async deploy(ctx: Context, deploymentId: string): Promise<void> {
      await ctx.happen(async (tx) => {
        const [found] = await tx(lockDeployment(deploymentId))
        if (!found || !found.latest || (found.status !== 'pending' && found.status !== 'deploying')) return { happened: [], result: undefined }
        const { workflowId, number } = found
        const changed = (status: string) => ({ name: 'deployment.changed' as const, subject: deploymentId, data: { workflowId, number, status } })
        const [[version]] = await tx.run(findVersion(workflowId, number), setDeployment(deploymentId, 'deploying', null))
        if (!version) {
          tx.later(setDeployment(deploymentId, 'failed', 'the version is gone'))
          return { happened: [changed('failed')], result: undefined }
        }
        await syncTriggers(tx, workflowId, number, version.definition as Definition)
        await tx.run(supersedeDeployments(workflowId, deploymentId), setDeployment(deploymentId, 'active', null))
        return { happened: [changed('deploying'), changed('active')], result: undefined }
      })
    },
    /** Its triggers start nothing any more; addresses and secrets stay for the day it is active again. */
    async silence(tx: Tx, workflowId: string): Promise<void> {
      const all = await tx(setEnabled(workflowId, false))
      await unschedule(tx, all.filter(({ type }) => type === 'schedule').map(({ id }) => id))
    },
  }
}
export type Deploying = ReturnType<typeof createDeploying>
