// What a tenant uses, meter by meter, with its history and the events behind each figure.
import type { Context } from '../../kernel/db.ts'
import { refuse, refuseField } from '../../kernel/errors.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { LoggedEvent } from '../../kernel/log.ts'
import type { Meter } from '../../kernel/module.ts'
import { numberShape, page, parseCursor } from '../../kernel/pages.ts'
import type { List } from '../../kernel/schema.ts'
import { listDays, listLevels, listPlans, listUsageEvents, sumBefore } from './queries.ts'
import type { Plans } from './service.ts'
import type { Limited, PlanFits, Usage } from './schema.ts'

export type Meters = Readonly<Record<string, Meter>>
const dayMs = 86_400_000
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)
/** The part of a day's name that names the period of a sum. */
export const periodOf = (per: Meter['per'], day: string): string => (per === 'level' ? '' : per === 'month' ? day.slice(0, 7) : day)
function endOf(per: Meter['per'], day: string): string | null {
  const [year, month] = day.split('-').map(Number) as [number, number]
  const ms = per === 'day' ? Date.parse(day) + dayMs : Date.UTC(year, month, 1)
  return per === 'level' ? null : new Date(ms).toISOString().replace('Z', '000Z')
}
type Days = readonly { meter: string; day: string; added: number; removed: number }[]
type Levels = readonly { meter: string; period: string; used: number }[]

export type UsageParts = { kernel: Pick<Kernel, 'app' | 'system' | 'open'>; plans: Plans; meters: () => Meters; now?: () => number }
export type UsageDesk = ReturnType<typeof createUsage>

export function createUsage({ kernel, plans, meters, now = Date.now }: UsageParts) {
  /** What counts against the limit now. Calls are the sum of what was told; runs and levels are counted in their own transactions. */
  function usedNow(name: string, meter: Meter, levels: Levels, days: Days, today: string): number {
    const period = periodOf(meter.per, today)
    if (name !== 'calls') return levels.find((l) => l.meter === name && l.period === period)?.used ?? 0
    return days.find((d) => d.meter === name && d.day === today)?.added ?? 0
  }
  function rangeOf(from: string | undefined, to: string | undefined): { from: string; to: string; today: string } {
    const today = dayOf(now())
    const end = to ?? today
    const start = from ?? dayOf(Date.parse(end) - 29 * dayMs)
    if (start > end) refuseField('/from', 'must not be after `to`', 'query')
    if (Date.parse(end) - Date.parse(start) > 400 * dayMs) refuseField('/from', 'must be at most 400 days before `to`', 'query')
    return { from: start, to: end, today }
  }
  function historyOf(name: string, meter: Meter, days: Days, before: number, from: string, to: string) {
    const found = new Map(days.filter((d) => d.meter === name).map((d) => [d.day, d]))
    let level = before
    return Array.from({ length: Math.round((Date.parse(to) - Date.parse(from)) / dayMs) + 1 }, (_, n) => {
      const day = dayOf(Date.parse(from) + n * dayMs)
      const { added = 0, removed = 0 } = found.get(day) ?? {}
      level += added - removed
      return { day, added, removed, level: meter.per === 'level' ? level : null }
    })
  }

  return {
    async usage(ctx: Context, given: { from?: string; to?: string }): Promise<Usage> {
      const { from, to, today } = rangeOf(given.from, given.to)
      const [days, before, levels, todays] = await ctx.read(listDays(from, to), sumBefore(from), listLevels(), listDays(today, today))
      const held = (await plans.describe([ctx.tenant])).get(ctx.tenant)
      const items = Object.entries(meters()).map(([name, meter]) => ({
        meter: name, per: meter.per, unit: meter.unit, about: meter.about, used: usedNow(name, meter, levels, todays, today), limit: held?.limits[name as Limited] ?? null, resetsAt: endOf(meter.per, today),
        days: historyOf(name, meter, days, before.find((b) => b.meter === name)?.level ?? 0, from, to),
      }))
      return { plan: { name: held?.plan ?? '', title: held?.title ?? '', description: held?.description ?? null }, from, to, items, next: null }
    },
    /** The events behind a figure, newest first. @throws meter.not_found */
    async events(ctx: Context, name: string, given: { from?: string; to?: string; after?: string; limit: number }): Promise<List<LoggedEvent>> {
      const meter = meters()[name] ?? refuse('meter.not_found', `there are ${Object.keys(meters()).join(', ')}`)
      const { from, to } = rangeOf(given.from, given.to)
      const [pos, seq] = parseCursor(given.after, ['9007199254740991', '9007199254740991'], [numberShape, numberShape])
      const [rows] = await ctx.read(listUsageEvents([...meter.added, ...(meter.removed ?? [])], from, to, { pos: Number(pos), seq: Number(seq) }, given.limit + 1))
      const { items, next } = page(rows, given.limit, (last) => [String(last.pos), String(last.seq)])
      return { items: await Promise.all(items.map(kernel.open)), next }
    },
    /** What a tenant would use of each plan. `who` has been let in by the caller. @param only one plan's name */
    async fits(tenant: string, onlyPlan?: string): Promise<PlanFits> {
      const today = dayOf(now())
      const ctx = kernel.app.context({ tenant, actor: { type: 'system', id: null }, request: 'plans' })
      const [days, levels] = await ctx.read(listDays(dayOf(now() - 29 * dayMs), today), listLevels())
      const [all] = await kernel.system.context({ tenant, actor: { type: 'system', id: null }, request: 'plans' }).read(listPlans())
      const current = (await plans.describe([tenant])).get(tenant)?.plan
      const asked = onlyPlan === undefined ? all : all.filter((plan) => plan.name === onlyPlan)
      if (!asked.length) refuse('plan.not_found', `there are ${all.map((p) => p.name).join(', ')}`)
      const highest = (name: string, meter: Meter): number => {
        const sums = new Map<string, number>()
        for (const day of days) if (day.meter === name) sums.set(periodOf(meter.per, day.day), (sums.get(periodOf(meter.per, day.day)) ?? 0) + day.added - day.removed)
        return Math.max(usedNow(name, meter, levels, days, today), ...(meter.per === 'level' ? [] : sums.values()))
      }
      return {
        items: asked.map(({ name, title, limits }) => {
          const list = Object.entries(meters()).map(([meter, declared]) => {
            const [used, limit] = [highest(meter, declared), limits[meter as Limited] ?? null]
            return { meter, per: declared.per, unit: declared.unit, used, limit, fits: limit === null || used <= limit }
          })
          return { plan: name, title, current: name === current, fits: list.every((one) => one.fits), meters: list }
        }),
        next: null,
      }
    },
  }
}
