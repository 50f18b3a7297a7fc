import type { Dns } from '../../kernel/ports.ts'
import { module } from '../../kernel/module.ts'
import { createDomains } from './domains.ts'
import type { TenantDoors } from './doors.ts'
import { tenancyEvents } from './events.ts'
import { domainRoutes, tenancyRoutes } from './routes.ts'
import { createTenancy, type TenancyParts } from './service.ts'

export { createDoors, type TenantDoors } from './doors.ts'
export { tenancyEvents }
export function createTenancyModule(parts: TenancyParts & { doors: TenantDoors; dns: Dns }) {
  const tenancy = createTenancy(parts)
  const domains = createDomains(parts)
  return module({
    name: 'tenancy', about: 'Tenants and their doors, members and their roles, invitations', events: tenancyEvents, hear: parts.doors.hear,
    routes: [...tenancyRoutes(tenancy), ...(parts.multiTenant ? domainRoutes(domains) : [])],
    permissions: { 'members.read': 'viewer', 'members.manage': 'admin', 'tenants.configure': 'admin', 'domains.manage': 'admin' },
    jobs: [{ name: 'tenancy.end', everyMs: 3_600_000, handle: tenancy.endDue }, { name: 'tenancy.recheck-domains', everyMs: 3_600_000, handle: domains.recheck }],
  })
}
