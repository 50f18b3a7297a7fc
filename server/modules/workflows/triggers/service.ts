// Triggers as their owners see them: addresses, secrets, what went wrong.
import type { Context } from '../../../kernel/db.ts'
import { only, refuse } from '../../../kernel/errors.ts'
import { roleReaches } from '../../../kernel/schema.ts'
import type { Parts } from '../parts.ts'
import { findWorkflow } from '../queries.ts'
import type { Trigger } from '../schema.ts'
import { secretBinding, tokenBinding, webhookTypes, type Deploying } from './deploying.ts'
import { findTrigger, listTriggers, setSecret, setToken } from './queries.ts'

export type Triggers = ReturnType<typeof createTriggers>

export function createTriggers({ kernel, mailDomain }: Pick<Parts, 'kernel' | 'mailDomain'>, deploying: Pick<Deploying, 'newToken'>) {
  const urlOf = (token: string) => `${kernel.publicUrl}/hooks/${token}`
  type Row = { id: string; workflowId: string; node: string; type: string; enabled: boolean; settings: unknown; tokenSealed: unknown; secretSealed: unknown; problem: string | null; version: number; createdAt: string; updatedAt: string; nextAt?: string | null }
  /** Whoever knows an address can begin runs: an operator who acts for somebody does not see it. */
  async function shown(ctx: Context, row: Row): Promise<Trigger> {
    const token = row.tokenSealed && roleReaches(ctx.role, 'member') && !ctx.impersonation ? await kernel.keys.open(row.tokenSealed as Buffer, tokenBinding(row.id)) : null
    return { id: row.id, workflowId: row.workflowId, node: row.node, type: row.type, enabled: row.enabled, url: token === null || (row.type === 'email' && !(row.settings as { provider?: string }).provider) ? null : urlOf(token), address: token === null || row.type !== 'email' || mailDomain === undefined ? null : `${token}@${mailDomain}`, hasSecret: row.secretSealed !== null, nextAt: row.nextAt ?? null, problem: row.problem, version: row.version, createdAt: row.createdAt, updatedAt: row.updatedAt }
  }
  const ofWebhook = (rows: readonly Row[]): Row => {
    const row = only(rows, 'trigger')
    if (!webhookTypes.has(row.type)) refuse('state.conflict', `${row.node} has no address of its own`)
    return row
  }
  return {
    async list(ctx: Context, workflowId: string): Promise<{ items: Trigger[]; next: null }> {
      const [found, rows] = await ctx.read(findWorkflow(workflowId), listTriggers(workflowId))
      only(found, 'workflow')
      return { items: await Promise.all(rows.map((row) => shown(ctx, row))), next: null }
    },
    /** What the sender signs with; null takes it away. */
    setSecret: (ctx: Context, workflowId: string, node: string, secret: string | null): Promise<Trigger> =>
      ctx.change('trigger.changed', async (tx) => {
        const row = ofWebhook(await tx(findTrigger(workflowId, node)))
        const sealed = secret === null ? null : await kernel.keys.seal({ tenant: tx.tenant }, secret, secretBinding(row.id))
        await tx(setSecret(row.id, sealed))
        return { subject: row.id, data: { workflowId: row.workflowId, node: row.node, what: 'secret' }, result: await shown(tx, { ...row, secretSealed: sealed }) }
      }),
    /** A new address; the old one ends at once. */
    rotate: (ctx: Context, workflowId: string, node: string): Promise<Trigger> =>
      ctx.change('trigger.changed', async (tx) => {
        const row = ofWebhook(await tx(findTrigger(workflowId, node)))
        const { tokenHash, tokenSealed } = await deploying.newToken(tx.tenant, row.id, row.type)
        await tx(setToken(row.id, tokenHash, tokenSealed))
        return { subject: row.id, data: { workflowId: row.workflowId, node: row.node, what: 'token' }, result: await shown(tx, { ...row, tokenSealed }) }
      }),
  }
}
