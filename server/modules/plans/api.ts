// What other modules may use. A module that brings a meter takes its quota in the transaction that writes what is counted.
export { takeQuota, type Plans, type PlanWish, type TenantPlan } from './service.ts'
export { Limits, Modules, PlanFits } from './schema.ts'
export type { UsageDesk } from './usage.ts'
/** As gw_system: what tenants have. */
export { listHeld } from './queries.ts'
