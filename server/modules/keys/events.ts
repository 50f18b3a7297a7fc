// What happens to keys. Names are what people wrote, so they are sealed; of a key itself nothing stands here, not even its hash.
import { event, Sealed, type PayloadsOf } from '../../kernel/events.ts'
import { Id, Nullable, Strict, Time, Type } from '../../kernel/schema.ts'

const admins = { audience: 'admins' } as const
const Names = Type.Array(Type.String())
const Made = { name: Sealed(Type.String()), scopes: Names, expiresAt: Nullable(Time), restricted: Type.Boolean({ description: 'to some addresses' }) }
const Changed = { fields: Names, scopes: Type.Optional(Names), status: Type.Optional(Type.Enum(['active', 'inactive'])), expiresAt: Type.Optional(Nullable(Time)) }

export const keyEvents = {
  'api-key.created': event(Strict(Made), { ...admins, about: 'A tenant\'s key was made.' }),
  'api-key.changed': event(Strict(Changed), { ...admins, about: '`fields` names what changed.' }),
  'api-key.rotated': event(Strict({ formerEndsAt: Time }), { ...admins, about: 'A new secret; the one before works on until `formerEndsAt`.' }),
  'api-key.ended': event(Strict({ madeBy: Id }), { ...admins, about: 'A key became inactive because whoever made it is no longer a member.' }),
  'api-key.deleted': event(Strict({ name: Sealed(Type.String()) }), admins),
  'service-key.created': event(Strict({ ...Made, operations: Names, tenants: Nullable(Type.Array(Id)) }), { ...admins, about: 'A key of the platform was made.' }),
  'service-key.changed': event(Strict({ ...Changed, operations: Type.Optional(Names), tenants: Type.Optional(Nullable(Type.Array(Id))) }), admins),
  'service-key.rotated': event(Strict({ formerEndsAt: Time }), admins),
  'service-key.deleted': event(Strict({ name: Sealed(Type.String()) }), admins),
  'service-key.used': event(
    Strict({ count: Type.Integer(), operations: Type.Record(Type.String(), Type.Integer()), tenants: Type.Array(Id) }),
    { ...admins, about: 'Its first use at once, what follows in the next 10 s counted in one more.' },
  ),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof keyEvents> {}
}
