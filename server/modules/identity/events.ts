// What triggers write about people, sessions and tenants (migrations/0002-identity.sql). Secrets and personal values are named when they change
// (`***`), never copied; `was` holds the former values of the others.
import { event, type PayloadsOf } from '../../kernel/events.ts'
import { Id, Nullable, Time, Type } from '../../kernel/schema.ts'

const was = { was: Type.Optional(Type.Record(Type.String(), Type.Unknown())) }
const masked = Type.Optional(Type.Literal('***'))
const flag = Type.Optional(Nullable(Type.Boolean()))
const role = Type.Optional(Type.String())
const person = { audience: 'person' } as const

const User = Type.Object({ role: Type.Optional(Nullable(Type.String())), emailVerified: flag, banned: flag, banExpires: Type.Optional(Nullable(Time)), name: masked, email: masked, image: masked, banReason: masked, ...was })
const Credential = Type.Object({ userId: Type.Optional(Id), providerId: Type.Optional(Type.String()), password: masked, ...was })
const Session = Type.Object({ userId: Type.Optional(Id), expiresAt: Type.Optional(Time), impersonatedBy: Type.Optional(Nullable(Type.String())), ...was })
const Tenant = Type.Object({ name: Type.Optional(Type.String()), slug: Type.Optional(Type.String()), status: Type.Optional(Type.String()), deletesAt: Type.Optional(Nullable(Time)), ...was })
const Member = Type.Object({ organizationId: Type.Optional(Id), userId: Type.Optional(Id), role, ...was })
const Invitation = Type.Object({ organizationId: Type.Optional(Id), inviterId: Type.Optional(Id), role, status: Type.Optional(Type.String()), expiresAt: Type.Optional(Time), sentAt: Type.Optional(Time), ...was })
const Preferences = Type.Object({ user_id: Type.Optional(Id), locale: Type.Optional(Type.String()), time_zone: Type.Optional(Type.String()), notifications: Type.Optional(Type.Unknown()), ...was })

const Factor = Type.Object({ user_id: Type.Optional(Id), confirmed_at: Type.Optional(Nullable(Time)), used_at: Type.Optional(Nullable(Time)), sealed: masked, key_hash: masked, payload: masked, name: masked, ...was })
const Demand = Type.Enum(['optional', 'required'])
const Demands = Type.Object({ secondFactor: Demand, passkeys: Demand, sso: Demand })

export const identityEvents = {
  'user.registered': event(User, { ...person, about: 'An account was made.' }),
  'user.changed': event(User, { ...person, about: 'Name, address, role or ban of an account changed.' }),
  'user.deleted': event(User, { ...person, about: 'An account and all that is a person\'s own went.' }),
  'credential.added': event(Credential, { ...person, about: 'A way to sign in was added.' }),
  'credential.changed': event(Credential, { ...person, about: 'A password or a linked account changed.' }),
  'credential.removed': event(Credential, { ...person, about: 'A way to sign in was removed.' }),
  'session.started': event(Session, { ...person, about: 'Somebody signed in.' }),
  'session.changed': event(Session, { ...person, about: 'A session changed.' }),
  'session.ended': event(Session, { ...person, about: 'A session ended: tokens and sockets that hang on it end too.' }),
  'totp.begun': event(Factor, { ...person, about: 'An authenticator app was begun to be set up.' }),
  'totp.confirmed': event(Factor, { ...person, about: 'An authenticator app counts as second factor from now on.' }),
  'totp.removed': event(Factor, { ...person, about: 'The authenticator app was removed.' }),
  'recovery-codes.made': event(Factor, { ...person, about: 'New recovery codes; the old ones ended.' }),
  'recovery-codes.used': event(Factor, { ...person, about: 'A recovery code was used up.' }),
  'recovery-codes.removed': event(Factor, { ...person, about: 'The recovery codes went.' }),
  'passkey.added': event(Factor, { ...person, about: 'A passkey was added.' }),
  'passkey.used': event(Factor, { ...person, about: 'A passkey was used to sign in or to prove oneself.' }),
  'passkey.removed': event(Factor, { ...person, about: 'A passkey was removed.' }),
  'security.changed': event(Type.Object({ ...Demands.properties, was: Demands }), { subject: 'tenant', audience: 'admins', about: 'What the tenant demands of those who enter it.' }),
  'security.bypassed': event(Type.Object({ userId: Id }), { subject: 'tenant', audience: 'admins', about: 'An owner entered without the single sign-on the tenant demands.' }),
  'preferences.set': event(Preferences, { ...person, about: 'Preferences were first chosen.' }),
  'preferences.changed': event(Preferences, { ...person, about: 'Preferences changed.' }),
  'preferences.deleted': event(Preferences, { ...person, about: 'Preferences went with their account.' }),
  'tenant.created': event(Tenant, { about: 'A tenant was made.' }),
  'tenant.changed': event(Tenant, { about: 'Name, slug or status of a tenant changed.' }),
  'tenant.deleted': event(Tenant, { about: 'A tenant went, after its grace.' }),
  'member.added': event(Member, { about: 'Somebody became a member. The subject is the person.' }),
  'member.changed': event(Member, { about: 'A member\'s role changed.' }),
  'member.removed': event(Member, { about: 'Somebody is no longer a member: tokens and sockets for the tenant end.' }),
  'member.signed-in': event(Type.Object({ user_id: Type.Optional(Id), session_id: Type.Optional(Id), tenant_id: Type.Optional(Id), grant_id: Type.Optional(Type.String()) }), { audience: 'admins', about: 'A member signed in to the tenant.' }),
  'invitation.sent': event(Invitation, { audience: 'admins', about: 'Somebody was invited.' }),
  'invitation.resent': event(Invitation, { audience: 'admins', about: 'An invitation was sent again, with a new token.' }),
  'invitation.accepted': event(Invitation, { audience: 'admins', about: 'An invitation was accepted.' }),
  'invitation.revoked': event(Invitation, { audience: 'admins', about: 'An invitation was withdrawn.' }),
  'invitation.deleted': event(Invitation, { audience: 'admins', about: 'An invitation went with its tenant or its inviter.' }),
}

declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof identityEvents> {}
}
