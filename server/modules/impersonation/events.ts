// Told twice, to the platform and to the tenant, since both must be able to ask who was there and why.
import { event, Sealed, type PayloadsOf } from '../../kernel/events.ts'
import { Id, Strict, Time, Type } from '../../kernel/schema.ts'

const Who = { operatorId: Id, userId: Id, tenantId: Id }
const admins = { audience: 'admins' } as const

export const impersonationEvents = {
  'impersonation.started': event(Strict({ ...Who, reason: Sealed(Type.String()), expiresAt: Time }), { ...admins, about: 'An operator acts with a person\'s rights; what they do is logged as the operator\'s.' }),
  'impersonation.ended': event(Strict({ ...Who, by: Type.Enum(['operator', 'time', 'rights'], { description: 'rights: the operator\'s session, office or the membership ended' }) }), admins),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof impersonationEvents> {}
}
