// Members, invitations and tenants themselves are written by the triggers of identity's tables; here is what tenancy adds.
import { event, type PayloadsOf } from '../../kernel/events.ts'
import { Nullable, Strict, Type } from '../../kernel/schema.ts'

export const tenancyEvents = {
  'settings.changed': event(Strict({ eventRetentionDays: Nullable(Type.Integer()) }), { subject: 'tenant', audience: 'admins', about: 'Settings of the tenant changed.' }),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof tenancyEvents> {}
}
