import { module } from '../../kernel/module.ts'
import { tenancyEvents } from './events.ts'
import { tenancyRoutes } from './routes.ts'
import { createTenancy, type TenancyParts } from './service.ts'

export { tenancyEvents }
export function createTenancyModule(parts: TenancyParts) {
  const tenancy = createTenancy(parts)
  return module({
    name: 'tenancy', about: 'Tenants, members and their roles, invitations', routes: tenancyRoutes(tenancy), events: tenancyEvents,
    permissions: { 'members.read': 'viewer', 'members.manage': 'admin', 'tenants.configure': 'admin' },
    jobs: [{ name: 'tenancy.end', everyMs: 3_600_000, handle: tenancy.endDue }],
  })
}
