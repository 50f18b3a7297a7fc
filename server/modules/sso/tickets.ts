// A ticket is one link by which a customer's IT sets single sign-on up, without an account here: for one tenant, one provider, a few days. It opens once,
// in one browser, which then has until its end; a mistyped value burns nothing. It is worth as much as the admin who made it still is.
import { createHash, randomBytes } from 'node:crypto'
import type { Context, Tx } from '../../kernel/db.ts'
import { only, refuse } from '../../kernel/errors.ts'
import { newId, platformId } from '../../kernel/ids.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { idShape, newest, page, parseCursor, timeShape } from '../../kernel/pages.ts'
import { roleReaches } from '../../kernel/schema.ts'
import type { Identity } from '../identity/api.ts'
import type { ssoEvents } from './events.ts'
import { bindTicket, findTicket, findTicketById, insertTicket, listTickets, openTicket, revokeTicket, type TicketRow } from './queries.ts'
import type { TicketView } from './schema.ts'

type TicketEvent = Extract<keyof typeof ssoEvents, `sso-ticket.${string}`>
/** The set-up a browser is in the midst of. `provider`: the id it has or will have. */
export type Setup = { ticket: string; tenant: string; by: string; provider: string }
const hashOf = (token: string) => createHash('sha256').update(token).digest()
const shown = ({ tenantId: _t, revokedAt: _r, ...row }: TicketRow): TicketView => row
export type Tickets = ReturnType<typeof createTickets>

export function createTickets({ kernel, identity }: { kernel: Pick<Kernel, 'app' | 'system' | 'publicUrl' | 'switches'>; identity: Pick<Identity, 'legs' | 'doorkeeper' | 'tenants'> }) {
  /** The same in the tenant's log and in the platform's, which operators read. */
  async function tell<N extends TicketEvent>(tx: Tx, name: N, id: string, by: string, data: object): Promise<void> {
    await tx.within({ tenant: platformId, actor: { type: 'user', id: by } }).change(name, { subject: id, data, person: by, run: [] } as never)
  }
  const asIssuer = ({ tenant, by }: Pick<Setup, 'tenant' | 'by'>, request: string): Context => kernel.app.context({ tenant, actor: { type: 'user', id: by }, request, role: 'admin' })
  async function happened<N extends TicketEvent>(setup: Pick<Setup, 'ticket' | 'tenant' | 'by'>, request: string, name: N, data: object): Promise<void> {
    await asIssuer(setup, request).change(name, async (tx) => {
      await tell(tx, name, setup.ticket, setup.by, data)
      return { subject: setup.ticket, data, result: undefined } as never
    })
  }
  /** A ticket of somebody who may no longer set single sign-on up is worth nothing. */
  const issuerMay = async (row: TicketRow) => roleReaches(await identity.doorkeeper.loadRole(row.tenantId, row.createdBy), 'admin')
  const isOpen = async (row: TicketRow) => (await identity.tenants.find(row.tenantId))?.status === 'active'
  const problemOf = async (row: TicketRow): Promise<string | undefined> =>
    row.status === 'revoked' ? 'this link was withdrawn' : Date.parse(row.expiresAt) <= Date.now() ? 'this link has ended' : !(await isOpen(row)) ? 'the team is closed' : !(await issuerMay(row)) ? 'whoever made this link may no longer set single sign-on up' : undefined
  const refused = async (row: TicketRow, request: string, reason: string): Promise<never> => {
    await happened({ ticket: row.id, tenant: row.tenantId, by: row.createdBy }, request, 'sso-ticket.refused', { reason })
    return refuse('auth.link_refused', `${reason}: ask for a new one`)
  }
  const anybody = (request: string) => kernel.system.context({ tenant: platformId, actor: { type: 'system', id: null }, request })

  return {
    happened,
    asIssuer,
    /** @param days 1 to 5 */
    async issue(ctx: Context, { days = 1, note = null }: { days?: number; note?: string | null }): Promise<TicketView> {
      const by = ctx.actor.type === 'user' && ctx.actor.id ? ctx.actor.id : refuse('permission.denied', 'only a person can make one: it is worth what they are')
      const token = `sst_${randomBytes(32).toString('base64url')}`
      const id = newId()
      const made = await ctx.change('sso-ticket.issued', async (tx) => {
        const [row] = await tx(insertTicket(id, hashOf(token), note, by, days))
        await tell(tx, 'sso-ticket.issued', id, by, { expiresAt: row!.expiresAt })
        return { subject: id, data: { expiresAt: row!.expiresAt }, result: row! }
      })
      return { ...shown(made), url: `${kernel.publicUrl}/login/setup?ticket=${token}` }
    },
    async list(ctx: Context, { after, limit }: { after?: string; limit: number }) {
      const [rows] = await ctx.read(listTickets(parseCursor(after, newest, [timeShape, idShape]), limit + 1))
      return page(rows.map(shown), limit, (last) => [last.createdAt, last.id])
    },
    /** Ends a set-up under way too. @throws sso_ticket.not_found also for one whose provider is made */
    async revoke(ctx: Context, id: string): Promise<void> {
      await ctx.change('sso-ticket.revoked', async (tx) => {
        const row = only(await tx(revokeTicket(id)), 'sso_ticket')
        await tell(tx, 'sso-ticket.revoked', id, row.createdBy, {})
        return { subject: id, data: {}, result: undefined }
      })
    },

    /** What the first page may show; it uses nothing up. @throws auth.link_refused */
    async look(request: string, token: string): Promise<TicketRow> {
      const [[row]] = await anybody(request).read(findTicket(hashOf(token)))
      if (!row || !(await kernel.switches.isOn(row.tenantId, 'sso'))) refuse('auth.link_refused', 'this link is not known: look whether it was copied in full')
      const problem = (await problemOf(row)) ?? (row.status === 'used' ? 'this link was opened already, and opens once' : undefined)
      return problem ? refused(row, request, problem) : row
    },
    /** Opens it: of two at once one wins. @returns a secret for the browser's cookie */
    async open(request: string, token: string): Promise<string> {
      const row = await this.look(request, token)
      const setup: Setup = { ticket: row.id, tenant: row.tenantId, by: row.createdBy, provider: newId() }
      const opened = await asIssuer(setup, request).happen(async (tx) => {
        const [now] = await tx(openTicket(row.id))
        if (!now) return { happened: [], result: false }
        await tell(tx, 'sso-ticket.opened', row.id, row.createdBy, {})
        return { happened: [{ name: 'sso-ticket.opened' as const, subject: row.id, data: {} }], result: true }
      })
      if (!opened) await refused(row, request, 'this link was opened already, and opens once')
      const secret = randomBytes(32).toString('base64url')
      await identity.legs.keep(request, 'sso-setup', secret, setup, Math.max(1, Math.ceil((Date.parse(row.expiresAt) - Date.now()) / 60_000)))
      return secret
    },
    /** The set-up of this browser. @throws auth.link_refused when it ended, was withdrawn, or its issuer may no longer */
    async setupOf(request: string, secret: string): Promise<Setup> {
      const setup = secret ? await identity.legs.read<Setup>('sso-setup', secret) : undefined
      if (!setup || !(await kernel.switches.isOn(setup.tenant, 'sso'))) refuse('auth.link_refused', 'no set-up is under way in this browser: open the link you were sent')
      const [[row]] = await asIssuer(setup, request).read(findTicketById(setup.ticket))
      if (!row) refuse('auth.link_refused')
      const problem = await problemOf(row)
      return problem ? refused(row, request, problem) : setup
    },
    bind: async (setup: Setup, request: string): Promise<void> => {
      await asIssuer(setup, request).change('sso-ticket.step-taken', async (tx) => {
        await tx(bindTicket(setup.ticket, setup.provider))
        await tell(tx, 'sso-ticket.step-taken', setup.ticket, setup.by, { step: 'configured', providerId: setup.provider })
        return { subject: setup.ticket, data: { step: 'configured', providerId: setup.provider }, result: undefined }
      })
    },
  }
}
