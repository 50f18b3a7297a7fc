import { event, type PayloadsOf } from '../../kernel/events.ts'
import { Id, Strict, Type } from '../../kernel/schema.ts'

const admins = { audience: 'admins' } as const
const User = Strict({ userId: Id, active: Type.Boolean() })
export const scimEvents = {
  'scim-token.made': event(Strict({ name: Type.String() }), { ...admins, about: 'A token by which a customer\'s directory provisions people was made.' }),
  'scim-token.removed': event(Strict({ name: Type.String() }), { ...admins, about: 'A provisioning token was removed.' }),
  'scim-user.added': event(User, { ...admins, about: 'The directory provisioned a person.' }),
  'scim-user.changed': event(User, { ...admins, about: 'The directory changed, deactivated or reactivated a person.' }),
  'scim-user.removed': event(User, { ...admins, about: 'The directory removed a person.' }),
  'scim-group.added': event(Strict({ members: Type.Integer() }), { ...admins, about: 'The directory provisioned a group.' }),
  'scim-group.changed': event(Strict({ members: Type.Integer() }), { ...admins, about: 'The directory changed a group; roles follow from groups.' }),
  'scim-group.removed': event(Strict({ members: Type.Integer() }), { ...admins, about: 'The directory removed a group.' }),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof scimEvents> {}
}
