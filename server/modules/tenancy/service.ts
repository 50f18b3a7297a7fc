// Tenants, members, invitations. The rows are identity's (api.ts); here are the rules about who may do what, the mails, and the end of a tenant.
import type { Context } from '../../kernel/db.ts'
import { requireOpen } from '../../kernel/doors.ts'
import { only, refuse } from '../../kernel/errors.ts'
import { platformId } from '../../kernel/ids.ts'
import type { Job } from '../../kernel/jobs.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { queueMail } from '../../kernel/mail.ts'
import { idShape, newest, page, parseCursor, timeShape } from '../../kernel/pages.ts'
import { systemWho } from '../../kernel/readers.ts'
import { checkVersion } from '../../kernel/route.ts'
import { roleReaches, type List, type TenantRole } from '../../kernel/schema.ts'
import { sql } from '../../kernel/sql.ts'
import type { Identity, SentInvitation, Tenant } from '../identity/api.ts'
import type { Plans, PlanWish, TenantPlan, UsageDesk } from '../plans/api.ts'
import { countTenant, ensureSettings, findMember, findSettings, keepSettings, listInvitations, listMembers, listTenants, listTenantTables, lockSettings } from './queries.ts'
import type { ChangeSettings, Settings, TenantQuery } from './schema.ts'

const graceDays = 7
const oldest = ['-infinity', '00000000-0000-0000-0000-000000000000'] as const
export type TenancyParts = { kernel: Pick<Kernel, 'system' | 'keys' | 'publicUrl'>; identity: Pick<Identity, 'tenants' | 'doorkeeper'>; plans: Plans; usage: Pick<UsageDesk, 'fits'>; multiTenant: boolean; registration: 'open' | 'invite' | 'operators' }
export type Tenancy = ReturnType<typeof createTenancy>
export type TenantView = Tenant & { role: TenantRole | null } & Pick<TenantPlan, 'plan' | 'limits' | 'modules'>
type Change = { name?: string; slug?: string; status?: 'active' | 'suspended' } & PlanWish

export function createTenancy({ kernel, identity, plans, usage, multiTenant, registration }: TenancyParts) {
  const { tenants } = identity
  const selfOf = (ctx: Context) => (ctx.actor.type === 'user' && ctx.actor.id) || refuse('permission.denied', 'only a person can do this')

  /** With what each has of its plan. */
  async function shown(list: readonly (Tenant & { role: TenantRole | null })[]): Promise<TenantView[]> {
    const held = await plans.describe(list.map(({ id }) => id))
    return list.map((tenant) => {
      const { plan = '', limits = {}, modules = [] } = held.get(tenant.id) ?? {}
      return { ...tenant, plan, limits, modules }
    })
  }
  const shownOne = async (tenant: Tenant, role: TenantRole | null): Promise<TenantView> => (await shown([{ ...tenant, role }]))[0]!
  /** The tenant and the asker's role in it; no member: 404, but operators see the tenant itself. */
  async function visible(ctx: Context, hint: string): Promise<TenantView> {
    const tenant = await tenants.find(hint)
    if (ctx.scopes && ctx.tenant !== platformId && tenant?.id !== ctx.tenant) refuse('tenant.not_found', 'the token is for one tenant, and this is another')
    const role = tenant && (ctx.actor.type === 'key' || ctx.impersonation ? ctx.role : await identity.doorkeeper.roleIn(tenant.id, selfOf(ctx)))
    if (!tenant || (!role && !ctx.operator)) refuse('tenant.not_found')
    return shownOne(tenant, role ?? null)
  }
  async function demand(ctx: Context, id: string, least: TenantRole): Promise<TenantView> {
    const tenant = await visible(ctx, id)
    if (!roleReaches(tenant.role ?? undefined, least)) refuse('permission.denied', `this needs the role ${least} in the tenant; yours is ${tenant.role ?? 'none'}`)
    const hindrance = await identity.doorkeeper.hindrance(id, ctx, tenant.role!)
    if (hindrance) refuse(hindrance)
    if (tenant.status === 'suspended') requireOpen(tenant) // its owners may not lift that, nor get around it
    return tenant
  }
  /** What only operators may change. A tenant that is being deleted is neither suspended nor opened. */
  async function operate(ctx: Context, id: string, { status, plan, limits, modules }: Change): Promise<void> {
    if (!ctx.operator) refuse('operator.required', 'plan, limits, modules and status are the operators\' to change')
    const now = await visible(ctx, id)
    if (status && now.status === 'deleting') refuse('state.conflict', 'it is being deleted: an owner takes that back first')
    if (plan !== undefined || limits || modules) await plans.assign(ctx, now.id, { plan, limits, modules })
    if (status && status !== now.status) await tenants.change(ctx, now.id, { status })
  }
  async function sendInvitation(ctx: Context, sent: SentInvitation) {
    const url = `${kernel.publicUrl}/invitations/accept#token=${sent.token}`
    const { invitation, tenantName } = sent
    if (invitation.email)
      await queueMail(ctx, kernel.keys, {
        kind: 'invitation', to: invitation.email, subject: `${ctx.name ?? 'Somebody'} invites you to ${tenantName}`,
        text: `${ctx.name ?? 'Somebody'} invites you to join ${tenantName} as ${invitation.role}.\n\nAccept: ${url}\n\nThe link works once, until ${invitation.expiresAt.slice(0, 10)}. If you do not expect it, ignore this mail.\n`,
      })
    return { ...invitation, url }
  }

  return {
    visible,
    async create(ctx: Context, wish: { name: string; slug?: string }): Promise<TenantView> {
      if (!multiTenant) refuse('permission.denied', 'this installation has one tenant (ENABLE_MULTI_TENANT=false)')
      if (registration === 'operators' && !ctx.operator) refuse('auth.registration_closed', 'tenants are made by operators here (REGISTRATION=operators)')
      return shownOne(await tenants.create(ctx, wish), 'owner')
    },
    /** A person's own, none left out; of a token with scopes only the one it is for. Operators may ask for all. */
    async list(ctx: Context, { all, after, limit, q, status, plan }: TenantQuery): Promise<List<TenantView>> {
      const before = parseCursor(after, newest, [timeShape, idShape])
      if (ctx.scopes && ctx.tenant !== platformId) return { items: [await visible(ctx, ctx.tenant)], next: null }
      if (!all) {
        const own = ctx.actor.type === 'key' ? [] : await shown(await tenants.listOf(selfOf(ctx)))
        const part = q?.toLowerCase() ?? ''
        return { items: own.filter((one) => (one.name.toLowerCase().includes(part) || one.slug.includes(part)) && one.status === (status ?? one.status) && one.plan === (plan ?? one.plan)), next: null }
      }
      if (!ctx.operator) refuse('operator.required', 'only operators see every tenant')
      const like = q === undefined ? null : `%${q.replace(/[\\%_]/g, '\\$&')}%`
      const [rows] = await kernel.system.context(systemWho(ctx.request)).read(listTenants(before, { q: like, status: status ?? null, plan: plan ?? null }, limit + 1))
      const { items, next } = page(rows, limit, (last) => [last.createdAt, last.id])
      return { items: await shown(items.map((row) => ({ ...row, role: null }))), next }
    },
    async change(ctx: Context, id: string, { name, slug, ...rest }: Change, ifMatch?: number): Promise<TenantView> {
      if (name !== undefined || slug !== undefined) {
        await demand(ctx, id, 'admin')
        await tenants.change(ctx, id, { ...(name === undefined ? {} : { name }), ...(slug === undefined ? {} : { slug }) }, ifMatch)
      } else checkVersion((await visible(ctx, id)).version, ifMatch)
      if (Object.values(rest).some((value) => value !== undefined)) await operate(ctx, id, rest)
      return visible(ctx, id)
    },
    async statistics(ctx: Context, id: string) {
      const tenant = await visible(ctx, id)
      const [[row]] = await kernel.system.context(systemWho(ctx.request)).read(countTenant(tenant.id))
      const { viewer, member, admin, owner, ...others } = row!
      return { members: { viewer, member, admin, owner, total: viewer + member + admin + owner }, ...others }
    },
    async planFits(ctx: Context, id: string, plan?: string) {
      const tenant = ctx.operator ? await visible(ctx, id) : await demand(ctx, id, 'admin')
      return usage.fits(tenant.id, plan)
    },
    /** A week's grace, in which an owner may take it back. */
    async remove(ctx: Context, id: string): Promise<void> {
      const tenant = await demand(ctx, id, 'owner')
      if (tenant.status === 'deleting') refuse('tenant.not_found', `it is being deleted on ${tenant.deletesAt}: POST /tenants/${id}/restore takes it back`)
      await tenants.change(ctx, id, { status: 'deleting', deletesAt: new Date(Date.now() + graceDays * 86_400_000).toISOString() })
    },
    async restore(ctx: Context, id: string): Promise<TenantView> {
      const tenant = await demand(ctx, id, 'owner')
      if (tenant.status !== 'deleting') refuse('state.conflict', 'it is not being deleted')
      return shownOne(await tenants.change(ctx, id, { status: 'active', deletesAt: null }), tenant.role)
    },
    async transfer(ctx: Context, id: string, to: string): Promise<TenantView> {
      await demand(ctx, id, 'owner')
      await tenants.transferOwnership(ctx, id, to)
      return visible(ctx, id)
    },
    settings: async (ctx: Context): Promise<Settings> => only((await ctx.read(findSettings(ctx.tenant)))[0], 'tenant'),
    changeSettings: (ctx: Context, wish: ChangeSettings, ifMatch?: number): Promise<Settings> =>
      ctx.change('settings.changed', async (tx) => {
        const [, [before]] = await tx.run(ensureSettings(), lockSettings())
        checkVersion(before!.version, ifMatch)
        const { eventRetentionDays = before!.eventRetentionDays, runRetentionDays = before!.runRetentionDays } = wish // null is a wish too
        const [kept] = await tx(keepSettings(eventRetentionDays, runRetentionDays))
        return { subject: ctx.tenant, data: { eventRetentionDays, runRetentionDays }, result: kept! }
      }),
    invite: async (ctx: Context, wish: { email?: string | null; role: TenantRole; days?: number }) =>
      sendInvitation(ctx, await tenants.invite(ctx, ctx.tenant, { email: wish.email ?? null, role: wish.role, ...(wish.days ? { days: wish.days } : {}) }, ctx.role)),
    resend: async (ctx: Context, id: string) => sendInvitation(ctx, await tenants.resendInvitation(ctx, ctx.tenant, id, ctx.role)),
    withdraw: (ctx: Context, id: string) => tenants.withdrawInvitation(ctx, ctx.tenant, id),
    preview: async (token: string) => (await tenants.findInvitation(token)) ?? refuse('auth.link_refused'),
    async accept(ctx: Context, token: string): Promise<TenantView> {
      const { tenantId } = await tenants.acceptInvitation(ctx, token)
      return visible(ctx, tenantId)
    },
    async changeRole(ctx: Context, userId: string, role: TenantRole, ifMatch?: number) {
      await tenants.changeRole(ctx, ctx.tenant, userId, role, ctx.role, ifMatch)
      return only((await ctx.read(findMember(userId)))[0], 'member')
    },
    /** In order of joining. @param q part of a name or address */
    async listMembers(ctx: Context, { after, limit, q }: { after?: string; limit: number; q?: string }) {
      const like = q === undefined ? null : `%${q.replace(/[\\%_]/g, '\\$&')}%`
      const [rows] = await ctx.read(listMembers(parseCursor(after, oldest, [timeShape, idShape]), like, limit + 1))
      return page(rows, limit, (last) => [last.createdAt, last.id])
    },
    async listInvitations(ctx: Context, { after, limit, status }: { after?: string; limit: number; status?: string }) {
      const [rows] = await ctx.read(listInvitations(parseCursor(after, newest, [timeShape, idShape]), status ?? null, limit + 1))
      return page(rows, limit, (last) => [last.createdAt, last.id])
    },
    removeMember: (ctx: Context, userId: string) => (userId === ctx.actor.id ? tenants.leave(ctx, ctx.tenant) : tenants.removeMember(ctx, ctx.tenant, userId, ctx.role)),
    leave: (ctx: Context) => tenants.leave(ctx, ctx.tenant),

    /** Ends the tenants whose grace is over: rows, keys, then the tenant itself, and once more what was written meanwhile. Safe to repeat. */
    async endDue(_job: Job): Promise<void> {
      for (const id of await tenants.listDue()) {
        await removeRows(id)
        await kernel.keys.destroy({ tenant: id })
        await tenants.remove({ actor: { type: 'system', id: null }, request: 'tenancy.end' }, id)
        await removeRows(id)
      }
    },
  }

  async function removeRows(tenant: string): Promise<void> {
    const ctx = systemWho('tenancy.end')
    await kernel.system.transact(ctx, async (tx) => {
      for (const { name } of await tx(listTenantTables())) await tx(sql`delete from ${sql.identifier(name)} where tenant_id = ${tenant}`)
    })
  }
}
