// Members, invitations and tenants themselves are written by the triggers of identity's tables; here is what tenancy adds.
import { event, type PayloadsOf } from '../../kernel/events.ts'
import { Nullable, Strict, Type } from '../../kernel/schema.ts'

const domain = { audience: 'admins' } as const
const Named = Strict({ name: Type.String() })
const Faulty = Strict({ name: Type.String(), problem: Type.String() })

export const tenancyEvents = {
  'branding.changed': event(Strict({ name: Nullable(Type.String()), color: Nullable(Type.String()), logo: Nullable(Type.String()) }), { subject: 'tenant', about: 'How the tenant looks changed; `logo` is the hash of its bytes.' }),
  'domain.added': event(Named, { ...domain, about: 'A domain was named; it opens nothing before it is proved.' }),
  'domain.verified': event(Named, { ...domain, about: 'The record in the DNS was found: the domain opens the tenant.' }),
  'domain.rechecked': event(Named, { ...domain, about: 'The daily look found the record.' }),
  'domain.refused': event(Faulty, { ...domain, about: 'A look did not find the record; what the domain was it stays.' }),
  'domain.lapsed': event(Faulty, { ...domain, about: 'The record of a proved domain is gone: it opens nothing any more.' }),
  'domain.removed': event(Named, domain),
  'settings.changed': event(Strict({ eventRetentionDays: Nullable(Type.Integer()), runRetentionDays: Type.Optional(Nullable(Type.Integer())) }), { subject: 'tenant', audience: 'admins', about: 'Settings of the tenant changed.' }),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof tenancyEvents> {}
}
