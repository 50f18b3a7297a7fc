// What happens to clients, scopes and consents. `oauth-token.revoked` is written by a trigger (migrations). Nothing here is a secret; the names people
// gave are sealed.
import { event, Sealed, type PayloadsOf } from '../../kernel/events.ts'
import { Id, Strict, Time, Type } from '../../kernel/schema.ts'

const admins = { audience: 'admins' } as const
const person = { audience: 'person' } as const
const Names = Type.Array(Type.String())
const Client = Strict({ clientId: Id, name: Sealed(Type.String()), grantTypes: Names, scopes: Names })
const Scope = Strict({ name: Type.String(), permissions: Names })

export const oauthEvents = {
  'oauth-client.created': event(Client, { ...admins, about: 'An administrator made a client.' }),
  'oauth-client.registered': event(Client, { ...admins, about: 'A client registered itself with an initial access token.' }),
  'oauth-client.changed': event(Strict({ clientId: Id, fields: Names }), { ...admins, about: '`fields` names what changed.' }),
  'oauth-client.secret-rotated': event(Strict({ clientId: Id, previousEndsAt: Time }), { ...admins, about: 'A new secret; the old one is good until then.' }),
  'oauth-client.deleted': event(Strict({ clientId: Id, name: Sealed(Type.String()) }), { ...admins, about: 'A client went, with its tokens and what people allowed it.' }),
  'oauth-scope.created': event(Scope, admins),
  'oauth-scope.changed': event(Scope, admins),
  'oauth-scope.deleted': event(Scope, { ...admins, about: 'Clients and consents lose it.' }),
  'initial-access-token.issued': event(Strict({ expiresAt: Time, quota: Type.Integer() }), { ...admins, about: 'A token with which so many clients may register themselves.' }),
  'oauth-consent.given': event(Strict({ clientId: Id, scopes: Names }), { ...person, about: 'A person allowed a client all of these scopes.' }),
  'oauth-consent.withdrawn': event(Strict({ clientId: Id }), { ...person, about: 'A person took back what they had allowed; its tokens end.' }),
  'oauth-consent.revoked': event(Strict({ clientId: Id, scopes: Names }), { ...admins, subject: 'oauth-client', about: 'An administrator took back what a person had allowed a client; its tokens end.' }),
  'oauth-token.revoked': event(Type.Object({ clientId: Type.Union([Type.String(), Type.Null()]) }), { ...admins, about: 'An access token ended before its time. The subject is its record, not the token.' }),
  'refresh-token.reused': event(Strict({ clientId: Id }), { ...admins, subject: 'oauth-client', about: 'A refresh token came a second time: everything granted with it has ended.' }),
  'signing-keys.rotated': event(Strict({ keys: Names, signFrom: Time }), { about: 'New keys are published; they sign from then on.' }),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof oauthEvents> {}
}
