import type { Dns } from '../../kernel/ports.ts'
import { module } from '../../kernel/module.ts'
import type { BrandDesk } from './branding.ts'
import { createDomains } from './domains.ts'
import type { TenantDoors } from './doors.ts'
import { tenancyEvents } from './events.ts'
import { brandingRoutes, domainRoutes, planFitRoutes, tenancyRoutes } from './routes.ts'
import { createTenancy, type TenancyParts } from './service.ts'

export { createBranding, type BrandDesk } from './branding.ts'
export { createDoors, type TenantDoors } from './doors.ts'
export { tenancyEvents }
export function createTenancyModule(parts: TenancyParts & { doors: TenantDoors; brands: BrandDesk; dns: Dns }) {
  const tenancy = createTenancy(parts)
  const domains = createDomains(parts)
  return module({
    name: 'tenancy', about: 'Tenants and their doors, members and their roles, invitations', events: tenancyEvents, mount: (app) => parts.brands.mount(app),
    hear(event) {
      parts.doors.hear(event)
      parts.brands.hear(event)
    },
    routes: [...tenancyRoutes(tenancy), ...brandingRoutes(parts.brands), ...(parts.multiTenant ? [...domainRoutes(domains), ...planFitRoutes(tenancy)] : [])],
    permissions: { 'members.read': 'viewer', 'members.manage': 'admin', 'tenants.configure': 'admin', 'domains.manage': 'admin' },
    jobs: [{ name: 'tenancy.end', everyMs: 3_600_000, handle: tenancy.endDue }, { name: 'tenancy.recheck-domains', everyMs: 3_600_000, handle: domains.recheck }],
  })
}
