import { Nullable, Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { EventRow, eventColumns } from '../../kernel/log.ts'
import { Limits, Modules, Plan, PlanRow, type NewPlan } from './schema.ts'

const Nothing = Type.Object({})
const columns = sql`p.id, p.name, p.title, p.description, p.limits, p.modules, p.position, p.is_default as "isDefault", p.version, p.created_at as "createdAt", p.updated_at as "updatedAt"`
/** As gw_system, which sees the tenants of all. */
const held = sql`(select count(*)::int from identity.organization o left join tenant_plans t on t.tenant_id = o.id where case when t.plan_id is null then p.is_default else t.plan_id = p.id end) as tenants`
export const listPlans = statement('plans.list', Plan, () => sql`select ${columns}, ${held} from plans p order by p.position, p.name`)
export const findPlan = statement('plans.find', Plan, (id: string) => sql`select ${columns}, ${held} from plans p where p.id = ${id}`)
export const findPlanByName = statement('plans.find-by-name', PlanRow, (name: string) => sql`select ${columns} from plans p where p.name = ${name}`)
export const lockPlan = statement('plans.lock', Plan, (id: string) => sql`select ${columns}, ${held} from plans p where p.id = ${id} for update of p`)
export const insertPlan = statement('plans.insert', Nothing, (id: string, p: NewPlan) => sql`
  insert into plans (id, name, title, description, limits, modules, position)
  values (${id}, ${p.name}, ${p.title}, ${p.description ?? null}, ${sql.json(p.limits ?? {})}, ${sql.json(p.modules ?? {})}, ${p.position ?? 100})`)
export const updatePlan = statement('plans.update', Nothing, (p: PlanRow) => sql`
  update plans set title = ${p.title}, description = ${p.description}, limits = ${sql.json(p.limits)}, modules = ${sql.json(p.modules)}, position = ${p.position}, is_default = ${p.isDefault} where id = ${p.id}`)
export const dropDefault = statement('plans.drop-default', Nothing, (but: string) => sql`update plans set is_default = false where is_default and id <> ${but}`)
export const deletePlan = statement('plans.delete', Nothing, (id: string) => sql`delete from plans where id = ${id}`)

const Held = Type.Object({ tenantId: Type.String(), planId: Type.String(), plan: Type.String(), title: Type.String(), description: Nullable(Type.String()), limits: Limits, modules: Modules, ownLimits: Limits, ownModules: Modules })
const heldColumns = sql`o.id as "tenantId", p.id as "planId", p.name as plan, p.title, p.description, p.limits || coalesce(t.limits, '{}') as limits, p.modules || coalesce(t.modules, '{}') as modules,
  coalesce(t.limits, '{}') as "ownLimits", coalesce(t.modules, '{}') as "ownModules"`
const holders = sql`identity.organization o left join tenant_plans t on t.tenant_id = o.id join plans p on case when t.plan_id is null then p.is_default else p.id = t.plan_id end`
/** What tenants have: their plan and what differs from it, put together. */
export const listHeld = statement('plans.held', Held, (tenants: readonly string[]) => sql`select ${heldColumns} from ${holders} where o.id = any (${tenants})`)
export const lockHeld = statement('plans.lock-held', Held, (tenant: string) => sql`select ${heldColumns} from ${holders} where o.id = ${tenant}`)
/** Whom a change of a plan may concern: those who have it, and those who have whichever is the default. */
export const listHolders = statement('plans.holders', Type.Object({ tenantId: Type.String() }), (plan: string) => sql`
  select o.id as "tenantId" from identity.organization o left join tenant_plans t on t.tenant_id = o.id where t.plan_id = ${plan} or t.plan_id is null order by o.id`)
export const lockSwitches = statement('plans.lock-switches', Nothing, (tenant: string) => sql`select from (select pg_advisory_xact_lock(hashtextextended('switches/' || ${tenant}::text, 0))) locked`)
export const putHeld = statement('plans.put-held', Nothing, (tenant: string, planId: string, limits: Limits, modules: Modules) => sql`
  insert into tenant_plans (tenant_id, plan_id, limits, modules) values (${tenant}, ${planId}, ${sql.json(limits)}, ${sql.json(modules)})
  on conflict (tenant_id) do update set plan_id = excluded.plan_id, limits = excluded.limits, modules = excluded.modules`)

/** @throws plan.limit_reached, inside the flush */
export const takeQuota = statement('plans.take-quota', Type.Object({ used: Type.Integer() }), (tenant: string, meter: string, n: number, period: string) => sql`select take_quota(${tenant}, ${meter}, ${n}::bigint, ${period}) as used`)
export const findLimit = statement('plans.limit', Type.Object({ plan: Type.String(), most: Nullable(Type.Integer()) }), (tenant: string, meter: string) => sql`select plan, most from plan_limit(${tenant}, ${meter})`)
export const takeCalls = statement('plans.take-calls', Type.Object({ plan: Type.String(), most: Nullable(Type.Integer()), granted: Type.Integer(), gone: Type.Integer() }), (tenant: string, day: string, process: string, returned: number) => sql`
  select plan, most, granted, gone from take_calls(${tenant}, ${day}::date, ${process}, ${returned}::bigint)`)
export const noteCalls = statement('plans.note-calls', Nothing, (tenant: string, day: string, process: string, used: number, returned: number) => sql`
  insert into usage_calls as c (tenant_id, day, process, taken, used) values (${tenant}, ${day}::date, ${process}, ${used}, ${used})
  on conflict (tenant_id, day, process) do update set used = c.used + ${used}, taken = c.taken - ${returned}, seen_at = now()`)
export const forgetCalls = statement('plans.forget-calls', Nothing, () => sql`delete from usage_calls where day < current_date - 2`)

/** Of a tenant that is gone nothing is counted: its end is in the log too. */
export const addDay = statement('plans.add-day', Type.Object({ added: Type.Integer() }), (meter: string, day: string, added: number, removed: number, pos: number, seq: number) => sql`
  insert into usage_days as d (meter, day, added, removed, pos, seq) select ${meter}, ${day}::date, ${added}::bigint, ${removed}::bigint, ${pos}::bigint, ${seq}::bigint where exists (select from identity.organization)
  on conflict (tenant_id, meter, day) do update set added = d.added + excluded.added, removed = d.removed + excluded.removed, pos = excluded.pos, seq = excluded.seq
  where (d.pos, d.seq) < (excluded.pos, excluded.seq) returning added`)
export const listDays = statement('plans.days', Type.Object({ meter: Type.String(), day: Type.String(), added: Type.Integer(), removed: Type.Integer() }), (from: string, to: string) => sql`
  select meter, day::text as day, added, removed from usage_days where day between ${from}::date and ${to}::date order by meter, day`)
/** Of the days before a range, so that levels inside it have where to begin. */
export const sumBefore = statement('plans.sum-before', Type.Object({ meter: Type.String(), level: Type.Integer() }), (from: string) => sql`
  select meter, sum(added - removed)::bigint as level from usage_days where day < ${from}::date group by meter`)
export const listLevels = statement('plans.levels', Type.Object({ meter: Type.String(), period: Type.String(), used: Type.Integer() }), () => sql`select meter, period, sum(used)::bigint as used from usage_levels group by meter, period`)
export const findLevel = statement('plans.level', Type.Object({ used: Type.Integer() }), (meter: string, period: string) => sql`select coalesce(sum(used), 0)::bigint as used from usage_levels where meter = ${meter} and period = ${period}`)
export const insertWarning = statement('plans.warn', Type.Object({ percent: Type.Integer() }), (meter: string, period: string, percent: number) => sql`
  insert into usage_warnings (meter, period, percent) values (${meter}, ${period}, ${percent}) on conflict do nothing returning percent`)
/** Fallen below a mark, it may be told of again. */
export const dropWarnings = statement('plans.drop-warnings', Nothing, (meter: string, period: string, above: number) => sql`delete from usage_warnings where meter = ${meter} and period = ${period} and percent > ${above}`)
export const listUsageEvents = statement('plans.usage-events', EventRow, (names: readonly string[], from: string, to: string, before: { pos: number; seq: number }, limit: number) => sql`
  select ${eventColumns} from events where name = any (${names}) and at >= ${from}::date and at < ${to}::date + 1 and (pos, seq) < (${before.pos}, ${before.seq}) order by pos desc, seq desc limit ${limit}`)
export const setUnlimited = statement('plans.set-unlimited', Nothing, (unlimited: boolean) => sql`update installation set unlimited = ${unlimited} where unlimited <> ${unlimited}`)
