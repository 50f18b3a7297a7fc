import { LoggedEvent } from '../../kernel/log.ts'
import { del, get, patch, post, routes, type Operation } from '../../kernel/route.ts'
import { ById, listOf, Strict } from '../../kernel/schema.ts'
import * as s from './schema.ts'
import type { Plans } from './service.ts'
import type { UsageDesk } from './usage.ts'

const access = 'operator'
const UsageEvents = listOf(LoggedEvent, 'UsageEventList')

/** Nothing of it exists where one tenant is for all. */
export const planRoutes = (plans: Plans): Operation[] =>
  routes('plans', {
    list: get('/plans', { access, summary: 'All plans', returns: s.PlanList, handle: async (ctx) => ({ items: await plans.list(ctx), next: null }) }),
    modules: get('/modules', { access, summary: 'What plans may leave out', returns: s.OptionalModuleList, handle: async () => ({ items: plans.modules(), next: null }) }),
    get: get('/plans/:id', { access, summary: 'One plan', params: ById, returns: s.Plan, problems: ['plan.not_found'], handle: (ctx, { params }) => plans.find(ctx, params.id) }),
    create: post('/plans', { access, status: 201, summary: 'Make a plan', body: s.NewPlan, returns: s.Plan, problems: ['conflict'], example: { name: 'team', title: 'Team', limits: { users: 50, projects: 200 } }, handle: (ctx, { body }) => plans.create(ctx, body) }),
    change: patch('/plans/:id', { access, summary: 'Change a plan', description: 'Its limits hold for its tenants at once.', params: ById, body: s.ChangePlan, returns: s.Plan, ifMatch: true, problems: ['plan.not_found'], handle: (ctx, { params, body, ifMatch }) => plans.change(ctx, params.id, body, ifMatch) }),
    delete: del('/plans/:id', { access, summary: 'Delete a plan nobody has', params: ById, problems: ['plan.not_found', 'plan.in_use'], handle: (ctx, { params }) => plans.remove(ctx, params.id) }),
  })

export const usageRoutes = (desk: UsageDesk): Operation[] =>
  routes('usage', {
    get: get('/usage', {
      summary: 'What the active tenant uses of its plan', description: 'By default the last thirty days. Calls are told to the log every ten seconds.', permission: 'usage.read', metered: false, query: Strict(s.Range), returns: s.Usage,
      handle: (ctx, { query }) => desk.usage(ctx, query),
    }),
    events: get('/usage/:meter/events', {
      summary: 'The events behind a figure', permission: 'usage.read', metered: false, params: s.ByMeter, query: s.UsageEventQuery, returns: UsageEvents, problems: ['meter.not_found'],
      handle: (ctx, { params, query }) => desk.events(ctx, params.meter, query),
    }),
  })
