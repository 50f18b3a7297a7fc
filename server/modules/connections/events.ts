// What happens to connections. Names are what people wrote, so they are sealed; settings and secrets stand nowhere here.
import { event, Sealed, type PayloadsOf } from '../../kernel/events.ts'
import { Strict, Type } from '../../kernel/schema.ts'

const admins = { audience: 'admins' } as const
const Fields = Type.Array(Type.String())
export const connectionEvents = {
  'connection.created': event(Strict({ type: Type.String(), name: Sealed(Type.String()) }), admins),
  'connection.changed': event(Strict({ fields: Fields }), { ...admins, about: '`fields` names what changed.' }),
  'connection.rotated': event(Strict({ secrets: Fields }), { ...admins, about: 'New secrets were put in; `secrets` names which.' }),
  'connection.authorized': event(Strict({ scopes: Fields }), { ...admins, about: 'A person gave consent at the other side (OAuth 2.0).' }),
  'connection.refreshed': event(Strict({ expiresIn: Type.Integer() }), { ...admins, about: 'A new access token was fetched.' }),
  'connection.tested': event(Strict({ ok: Type.Boolean() }), admins),
  'connection.deleted': event(Strict({ type: Type.String(), name: Sealed(Type.String()) }), admins),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof connectionEvents> {}
}
