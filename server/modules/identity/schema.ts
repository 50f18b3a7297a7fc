// Inputs and outputs of the verbs on accounts and people.
import { Id, listOf, Nullable, roles, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'

export const Email = Type.String({ format: 'email', maxLength: 254 })
const Name = Text(1, 120, { pattern: '\\S' })
/** Judged by the password rule, not by the schema; the bound only keeps hashing cheap. */
const Password = Type.String({ minLength: 1, maxLength: 1000 })
const Token = Type.String({ minLength: 1, maxLength: 2000 })
const Code = Type.String({ minLength: 6, maxLength: 60, description: 'of the authenticator app, or a recovery code' })
const TenantHint = Type.String({ minLength: 1, maxLength: 60, description: 'id or slug' })

export const User = Type.Object(
  { id: Id, email: Type.String(), name: Type.String(), role: Type.Enum(['operator', 'user']), emailVerified: Type.Boolean(), image: Nullable(Type.String()), createdAt: Time, updatedAt: Time, version: Version },
  { $id: 'User' },
)
export const ManagedUser = Type.Object({ ...User.properties, status: Type.Enum(['active', 'banned']) }, { $id: 'ManagedUser' })
export const ManagedUserList = listOf(ManagedUser, 'ManagedUserList')
export const ActiveTenant = Type.Object({ id: Id, slug: Type.String(), name: Type.String(), role: Type.Enum([...roles]) }, { $id: 'ActiveTenant' })
export const SignedIn = Type.Object(
  {
    user: User, tenant: Nullable(ActiveTenant), accessToken: Type.String(), tokenType: Type.Literal('Bearer'), expiresIn: Type.Integer({ description: 'seconds' }),
    refreshToken: Nullable(Type.String({ description: 'null where a browser keeps it in its cookie' })),
    deviceToken: Type.Optional(Nullable(Type.String({ description: 'of a sign-in: keep it, and send it with the next one of this account from this device. It opens nothing; guesses of strangers elsewhere do not lock out who has it. null where a browser keeps it in its cookie' }))),
  },
  { $id: 'SignedIn' },
)
export const Register = Strict({
  email: Email, password: Password, name: Name, tenantName: Type.Optional(Name), setupToken: Type.Optional(Token),
  invitationToken: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'accepts this invitation in the same step' })),
})
const DeviceToken = Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'what an earlier sign-in on this device answered as `deviceToken`' }))
export const Login = Strict({ email: Type.String({ minLength: 1, maxLength: 254 }), password: Password, tenant: Type.Optional(TenantHint), code: Type.Optional(Code), deviceToken: DeviceToken })
export const LoginCode = Strict({ challenge: Token, code: Code, tenant: Type.Optional(TenantHint), deviceToken: DeviceToken })
const Part = Type.String({ minLength: 1, maxLength: 20_000, pattern: '^[A-Za-z0-9_-]+$' })
/** PublicKeyCredential.toJSON() (WebAuthn level 3, 5.1); browsers add fields of their own. */
export const Credential = Type.Object(
  { id: Type.String({ minLength: 1, maxLength: 1400, pattern: '^[A-Za-z0-9_-]+$' }), rawId: Part, type: Type.Literal('public-key'), response: Type.Object({ clientDataJSON: Part }, { additionalProperties: true }) },
  { $id: 'PasskeyCredential', additionalProperties: true, description: 'As `PublicKeyCredential.toJSON()` gives it.' },
)
export const PasskeySignIn = Strict({ credential: Credential, tenant: Type.Optional(TenantHint) })
export const NewPasskey = Strict({ name: Name, credential: Credential })
export const PasskeyChallenge = Type.Object({ challenge: Type.String() }, { $id: 'PasskeyChallenge', additionalProperties: true, description: 'For `navigator.credentials`, as PublicKeyCredentialRequestOptionsJSON or PublicKeyCredentialCreationOptionsJSON.' })
export const Passkey = Type.Object({ id: Id, name: Type.String(), synced: Type.Boolean({ description: 'kept by a password manager, so it outlives the device' }), usedAt: Nullable(Time), version: Version, createdAt: Time, updatedAt: Time }, { $id: 'Passkey' })
export const PasskeyList = listOf(Passkey, 'PasskeyList')
const Next = Type.String({ maxLength: 2000, description: 'a path of this address to come back to' })
export const Elsewhere = Type.Optional(Strict({ next: Type.Optional(Next) }))
export const NewPasskeyElsewhere = Strict({ name: Name, next: Type.Optional(Next) })
export const ElsewhereUrl = Type.Object({ url: Type.String() }, { $id: 'ElsewhereUrl' })
export const StepUp = Strict({ password: Type.Optional(Password), code: Type.Optional(Code), passkey: Type.Optional(Credential) }, { minProperties: 1 })
export const Totp = Type.Object({ enabled: Type.Boolean(), createdAt: Nullable(Time) }, { $id: 'Totp' })
export const NewTotp = Type.Object({ secret: Type.String({ description: 'base32, to type by hand' }), uri: Type.String({ description: 'otpauth address, for a QR code' }) }, { $id: 'NewTotp' })
export const ConfirmTotp = Strict({ code: Code })
export const RecoveryCodes = Type.Object({ remaining: Type.Integer(), createdAt: Nullable(Time) }, { $id: 'RecoveryCodes' })
export const NewRecoveryCodes = Type.Object({ recoveryCodes: Nullable(Type.Array(Type.String(), { description: 'each works once; shown once. null: the ones you have stay' })) }, { $id: 'NewRecoveryCodes' })
const Demand = Type.Enum(['optional', 'required'])
export const Security = Type.Object({ secondFactor: Demand, passkeys: Demand, sso: Demand, version: Version, createdAt: Time, updatedAt: Time }, { $id: 'Security' })
export const ChangeSecurity = Strict({ secondFactor: Type.Optional(Demand), passkeys: Type.Optional(Demand), sso: Type.Optional(Demand) }, { minProperties: 1 })
export const Refresh = Type.Optional(Strict({ refreshToken: Type.Optional(Token) }))
export const Switch = Strict({ tenant: TenantHint })
export const AskMail = Strict({ email: Email })
export const FollowLink = Strict({ token: Token })
export const Reset = Strict({ token: Token, password: Password })
export const Accepted = Type.Object({ status: Type.Literal('accepted') }, { $id: 'Accepted', description: 'Taken on; says nothing about whether an account exists.' })

export const Session = Type.Object(
  { id: Id, current: Type.Boolean(), ipAddress: Type.String(), userAgent: Type.String(), tenantId: Nullable(Id), version: Version, createdAt: Time, updatedAt: Time, expiresAt: Time },
  { $id: 'Session' },
)
export const SessionList = listOf(Session, 'SessionList')
export const ChangeMe = Strict({
  name: Type.Optional(Name), image: Type.Optional(Nullable(Type.String({ maxLength: 2000, pattern: '^(https://|/)' }))),
  password: Type.Optional(Password), currentPassword: Type.Optional(Password),
})
export const ChangeEmail = Strict({ email: Email, password: Type.Optional(Password) })
export const ManageUser = Strict({ role: Type.Optional(Type.Enum(['operator', 'user'])), status: Type.Optional(Type.Enum(['active', 'banned'])) })
const Channels = Strict({ inApp: Type.Optional(Type.Boolean()), mail: Type.Optional(Type.Boolean()), digest: Type.Optional(Type.Boolean()) })
export const Notifications = Type.Record(Type.String({ pattern: '^[a-z][a-z-]{0,39}$' }), Channels, { maxProperties: 40, additionalProperties: false, description: 'kind (assigned, mentioned, watched, due ...) -> channels' })
export const Preferences = Type.Object({ locale: Type.String(), timeZone: Type.String(), notifications: Type.Record(Type.String(), Type.Record(Type.String(), Type.Boolean())), version: Version, createdAt: Time, updatedAt: Time }, { $id: 'Preferences' })
export const ChangePreferences = Strict({
  locale: Type.Optional(Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$', maxLength: 35 })), timeZone: Type.Optional(Type.String({ minLength: 1, maxLength: 60, pattern: '^[A-Za-z0-9_+/-]+$' })), notifications: Type.Optional(Notifications),
})
export const Export = Type.Object({
  user: User, preferences: Preferences, credentials: Type.Array(Type.Record(Type.String(), Type.Unknown())), sessions: Type.Array(Type.Record(Type.String(), Type.Unknown())),
  memberships: Type.Array(Type.Record(Type.String(), Type.Unknown())), invitationsSent: Type.Array(Type.Record(Type.String(), Type.Unknown())),
}, { $id: 'PersonExport' })

export type SignedInBody = Static<typeof SignedIn>
