// Plans and who has them. Operators edit the list and say which tenant has which, with exceptions per tenant; what is allowed is looked up by SQL
// in the transaction that uses it, so a change holds at once.
import type { Context, Tx } from '../../kernel/db.ts'
import { only, refuse, refuseField } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { addJob } from '../../kernel/jobs.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { systemWho } from '../../kernel/readers.ts'
import { checkVersion } from '../../kernel/route.ts'
import { offOf, type Declared } from '../../kernel/switches.ts'
import { deletePlan, dropDefault, findPlan, findPlanByName, insertPlan, listHeld, listPlans, lockHeld, lockPlan, putHeld, takeQuota as take, updatePlan } from './queries.ts'
import type { ChangePlan, Limits, Modules, NewPlan, OptionalModule, Plan } from './schema.ts'
import { switchJob } from './switching.ts'

export type Plans = ReturnType<typeof createPlans>
/** What a tenant has: the name of its plan, what the plan and its exceptions allow together, and the modules that are on. */
export type TenantPlan = { plan: string; title: string; description: string | null; limits: Limits; modules: string[]; ownLimits: Limits }
export type PlanWish = { plan?: string | undefined; limits?: Limits | undefined; modules?: Modules | undefined }

/** In the transaction that writes what it counts; `n` below zero gives back. @param period of a sum, such as `2026-11`; a level has none @throws plan.limit_reached with limit, used, plan */
export async function takeQuota(tx: Tx, meter: string, n: number, period = ''): Promise<number> {
  return (await tx(take(tx.tenant, meter, n, period)))[0]!.used
}

/** @param optional the modules that may be switched off */
export function createPlans({ kernel, optional }: { kernel: Pick<Kernel, 'system'>; optional: () => readonly Declared[] }) {
  const requireModules = (modules: Modules | undefined) => {
    const names = optional().map(({ name }) => name)
    for (const name of Object.keys(modules ?? {})) if (!names.includes(name)) refuseField(`/modules/${name}`, `is no module that can be switched off: ${names.join(', ')}`)
  }
  /** Who switches something on gets it. @param together what would hold then */
  const requireNeeds = (wished: Modules | undefined, together: Modules) => {
    const off = offOf(optional(), together)
    for (const { name, needs = [] } of optional()) {
      const lacking = wished?.[name] === true && needs.find((other) => off.has(other))
      if (lacking) refuseField(`/modules/${name}`, `needs ${lacking}, which is off: switch that on too`)
    }
  }
  const on = (modules: Modules) => {
    const off = offOf(optional(), modules)
    return optional().flatMap(({ name }) => (off.has(name) ? [] : [name]))
  }

  return {
    /** What plans may leave out. */
    modules: (): OptionalModule[] => optional().map(({ name, optional: told, needs = [] }) => ({ name, title: told!.title, gives: told!.gives, needs: [...needs] })),
    list: async (ctx: Context): Promise<Plan[]> => (await ctx.read(listPlans()))[0],
    find: async (ctx: Context, id: string): Promise<Plan> => only((await ctx.read(findPlan(id)))[0], 'plan'),
    async create(ctx: Context, wish: NewPlan): Promise<Plan> {
      requireModules(wish.modules)
      requireNeeds(wish.modules, wish.modules ?? {})
      const id = newId()
      const { name, limits = {}, modules = {} } = wish
      await ctx.change('plan.created', { subject: id, data: { name, limits, modules }, run: [insertPlan(id, wish)] }).catch((error: { constraint?: string }) => {
        if (error.constraint === 'plans_name_key') refuse('conflict', `there is a plan ${name} already`)
        throw error
      })
      return this.find(ctx, id)
    },
    change(ctx: Context, id: string, wish: ChangePlan, ifMatch?: number): Promise<Plan> {
      requireModules(wish.modules)
      requireNeeds(wish.modules, wish.modules ?? {})
      return ctx.change('plan.changed', async (tx) => {
        const row = only(await tx(lockPlan(id)), 'plan')
        checkVersion(row.version, ifMatch)
        const next = { ...row, ...wish }
        if (wish.isDefault) await tx(dropDefault(id))
        await tx(updatePlan(next))
        if (next.isDefault !== row.isDefault || !same(next.modules, row.modules)) tx.later(addJob(tx, { name: switchJob, data: { plan: id } }))
        return { subject: id, data: { name: next.name, limits: next.limits, modules: next.modules }, result: only(await tx(findPlan(id)), 'plan') }
      })
    },
    /** @throws plan.in_use while tenants have it, also by default */
    async remove(ctx: Context, id: string): Promise<void> {
      await ctx.change('plan.deleted', async (tx) => {
        const { name, tenants, isDefault } = only(await tx(lockPlan(id)), 'plan')
        if (isDefault) refuse('plan.in_use', 'new tenants get this plan: make another the default first')
        if (tenants) refuse('plan.in_use', `${tenants} ${tenants === 1 ? 'tenant has' : 'tenants have'} it: move them to another plan first`)
        tx.later(deletePlan(id))
        return { subject: id, data: { name }, result: undefined }
      })
    },
    /** What these tenants have, by id. */
    async describe(tenants: readonly string[]): Promise<Map<string, TenantPlan>> {
      const [rows] = await kernel.system.context(systemWho('plans')).read(listHeld(tenants))
      return new Map(rows.map(({ tenantId, plan, title, description, limits, modules, ownLimits }) => [tenantId, { plan, title, description, limits, modules: on(modules), ownLimits }]))
    },
    /** An operator's act, in the tenant's log. What is absent stays; in `limits` and `modules` too, name by name. @throws plan.not_found */
    async assign(by: Pick<Context, 'actor' | 'request'>, tenant: string, wish: PlanWish): Promise<void> {
      requireModules(wish.modules)
      await kernel.system.context({ tenant, actor: by.actor, request: by.request }).happen(async (tx) => {
        const held = only(await tx(lockHeld(tenant)), 'tenant')
        const to = wish.plan === undefined || wish.plan === held.plan ? { id: held.planId, name: held.plan, modules: held.modules } : (await tx(findPlanByName(wish.plan)))[0]
        if (!to) refuse('plan.not_found', `there is no plan ${wish.plan}: GET /plans lists them`)
        const [limits, modules] = [{ ...held.ownLimits, ...wish.limits }, { ...held.ownModules, ...wish.modules }]
        if (to.id === held.planId && same(limits, held.ownLimits) && same(modules, held.ownModules)) return { happened: [], result: undefined }
        requireNeeds(wish.modules, { ...to.modules, ...modules })
        await tx(putHeld(tenant, to.id, limits, modules))
        if (to.id !== held.planId || !same(modules, held.ownModules)) tx.later(addJob(tx, { name: switchJob }))
        return { happened: [{ name: 'tenant-plan.changed' as const, subject: tenant, data: { plan: to.name, from: held.plan, limits, modules } }], result: undefined }
      })
    },
  }
}
const same = (a: object, b: object) => JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort())
