import { Id, listOf, Nullable, Page, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'

/** What a plan may limit. `calls` a day, `runs` a month, `storage` in bytes; the others as they stand. */
export const limited = ['users', 'calls', 'storage', 'projects', 'runs', 'keys'] as const
export type Limited = (typeof limited)[number]
const Most = Type.Optional(Nullable(Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991 })))
const most = Object.fromEntries(limited.map((meter) => [meter, Most])) as Record<Limited, typeof Most>
export const Limits = Strict(most, { description: 'meter -> most. null: no limit.' })
export type Limits = Static<typeof Limits>
export const Modules = Type.Record(Type.String({ pattern: '^[a-z][a-z-]{0,39}$' }), Type.Boolean(), { description: 'module -> false: switched off' })
export type Modules = Static<typeof Modules>

export const OptionalModule = Type.Object(
  { name: Type.String(), title: Type.String(), gives: Type.String(), needs: Type.Array(Type.String({ description: 'modules without which it is off too' })) },
  { $id: 'OptionalModule', description: 'A part of the product that a plan may leave out.' },
)
export type OptionalModule = Static<typeof OptionalModule>
export const OptionalModuleList = listOf(OptionalModule, 'OptionalModuleList')

const Name = Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' })
const plan = { id: Id, name: Name, title: Type.String(), description: Nullable(Type.String()), limits: Limits, modules: Modules, position: Type.Integer(), isDefault: Type.Boolean(), version: Version, createdAt: Time, updatedAt: Time }
export const PlanRow = Type.Object(plan)
export type PlanRow = Static<typeof PlanRow>
export const Plan = Type.Object({ ...plan, tenants: Type.Integer({ description: 'how many have it' }) }, { $id: 'Plan', description: 'A meter that `limits` does not name has no limit. New tenants get the plan with `isDefault`.' })
export type Plan = Static<typeof Plan>
export const PlanList = listOf(Plan, 'PlanList')
const given = { title: Text(1, 80), description: Nullable(Text(0, 500)), limits: Limits, modules: Modules, position: Type.Integer({ minimum: 0, maximum: 1000 }) }
export const NewPlan = Strict({ name: Name, title: given.title, description: Type.Optional(given.description), limits: Type.Optional(given.limits), modules: Type.Optional(given.modules), position: Type.Optional(given.position) }, { $id: 'NewPlan' })
export type NewPlan = Static<typeof NewPlan>
export const ChangePlan = Strict(
  { title: Type.Optional(given.title), description: Type.Optional(given.description), limits: Type.Optional(given.limits), modules: Type.Optional(given.modules), position: Type.Optional(given.position), isDefault: Type.Optional(Type.Literal(true)) },
  { $id: 'ChangePlan', minProperties: 1, description: '`limits` and `modules` replace those of before.' },
)
export type ChangePlan = Static<typeof ChangePlan>

const Meter = Type.String()
const per = Type.Enum(['level', 'day', 'month'])
const figure = { meter: Meter, per, unit: Type.Enum(['count', 'bytes']), about: Type.String(), used: Type.Integer(), limit: Nullable(Type.Integer()) }
export const UsageFigure = Type.Object(
  { ...figure, resetsAt: Nullable(Time), days: Type.Array(Type.Object({ day: Type.String({ format: 'date' }), added: Type.Integer(), removed: Type.Integer(), level: Nullable(Type.Integer({ description: 'at the end of the day; null for sums' })) })) },
  { $id: 'UsageFigure', description: 'level: what stands now. day, month: what came in it so far; `resetsAt` is its end (UTC).' },
)
export const Usage = Type.Object({ plan: Type.Object({ name: Type.String(), title: Type.String(), description: Nullable(Type.String()) }), from: Type.String({ format: 'date' }), to: Type.String({ format: 'date' }), items: Type.Array(UsageFigure), next: Type.Null() }, { $id: 'TenantUsage' })
export type Usage = Static<typeof Usage>
const Day = Type.String({ format: 'date', description: 'such as 2026-11-21, in UTC' })
export const Range = { from: Type.Optional(Day), to: Type.Optional(Day) }
export const UsageEventQuery = Strict({ ...Page, ...Range })
export const ByMeter = Strict({ meter: Type.String({ maxLength: 40 }) })

export const Fit = Type.Object({ meter: Meter, per, unit: Type.Enum(['count', 'bytes']), used: Type.Integer({ description: 'level: now; day and month: the highest of the last thirty days' }), limit: Nullable(Type.Integer()), fits: Type.Boolean() })
export const PlanFits = Type.Object({ items: Type.Array(Type.Object({ plan: Type.String(), title: Type.String(), current: Type.Boolean(), fits: Type.Boolean(), meters: Type.Array(Fit) })), next: Type.Null() }, { $id: 'PlanFits' })
export type PlanFits = Static<typeof PlanFits>
