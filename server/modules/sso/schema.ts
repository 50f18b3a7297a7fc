import { Id, listOf, Nullable, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'

const Url = Type.String({ pattern: '^https?://', maxLength: 1000 })
const Certificate = Type.String({ minLength: 100, maxLength: 10_000, description: 'PEM, or the base64 inside' })
/** Owners are made here, not elsewhere. */
const Role = Type.Enum(['viewer', 'member', 'admin'])
const RoleMapping = Type.Array(Strict({ group: Text(1, 200), role: Role }), { maxItems: 50, description: 'the highest role of a person\'s groups counts; without any, `defaultRole`' })

const Oidc = { issuer: Url, clientId: Text(1, 300), scopes: Type.Optional(Type.Array(Text(1, 100), { maxItems: 20, description: 'default openid, email, profile' })) }
export const NewOidc = Strict({ ...Oidc, clientSecret: Type.Optional(Nullable(Text(1, 2000))) })
export const NewSaml = Strict({
  metadata: Type.Optional(Type.String({ minLength: 1, maxLength: 200_000, description: 'the provider\'s metadata as XML, instead of the other three' })),
  entityId: Type.Optional(Text(1, 1000)), ssoUrl: Type.Optional(Url), certificates: Type.Optional(Type.Array(Certificate, { minItems: 1, maxItems: 5 })),
})
const shared = { groupsClaim: Type.Optional(Text(1, 300)), roles: Type.Optional(RoleMapping), defaultRole: Type.Optional(Role) }
export const NewProvider = Strict({ protocol: Type.Enum(['oidc', 'saml']), name: Text(1, 100), oidc: Type.Optional(NewOidc), saml: Type.Optional(NewSaml), ...shared }, { $id: 'NewSsoProvider' })
export const ChangeProvider = Strict({ name: Type.Optional(Text(1, 100)), oidc: Type.Optional(NewOidc), saml: Type.Optional(NewSaml), ...shared }, { $id: 'ChangeSsoProvider', minProperties: 1 })
export const Provider = Type.Object(
  {
    id: Id, protocol: Type.Enum(['oidc', 'saml']), name: Type.String(), status: Type.Enum(['draft', 'enabled', 'disabled']), testedAt: Nullable(Time), problem: Nullable(Type.String()),
    oidc: Nullable(Type.Object({ issuer: Type.String(), clientId: Type.String(), scopes: Type.Array(Type.String()), hasSecret: Type.Boolean(), redirectUri: Type.String() })),
    saml: Nullable(Type.Object({ entityId: Type.String(), ssoUrl: Type.String(), certificates: Type.Array(Type.String()), ours: Type.Object({ entityId: Type.String(), acsUrl: Type.String(), metadataUrl: Type.String() }) })),
    groupsClaim: Type.String(), roles: Type.Array(Type.Object({ group: Type.String(), role: Type.String() })), defaultRole: Type.String(), createdAt: Time, updatedAt: Time, version: Version,
  },
  { $id: 'SsoProvider', description: 'Secrets go in and never come out.' },
)
export const ProviderList = listOf(Provider, 'SsoProviderList')
export const TestRun = Type.Object({ reachable: Type.Boolean(), problem: Nullable(Type.String()), domains: Type.Array(Type.String(), { description: 'proven ones: only their addresses are signed in' }), signInUrl: Type.String({ description: 'open it in a browser: a sign-in that only shows what it would do; it must pass before the provider can be enabled. Good for 30 minutes' }) }, { $id: 'SsoTest' })

export const NewTicket = Strict({ days: Type.Optional(Type.Integer({ minimum: 1, maximum: 5, default: 1 })), note: Type.Optional(Text(1, 200)) }, { $id: 'NewSsoTicket' })
export const Ticket = Type.Object(
  { id: Id, note: Nullable(Type.String()), status: Type.Enum(['open', 'used', 'expired', 'revoked']), createdBy: Id, providerId: Nullable(Id), expiresAt: Time, usedAt: Nullable(Time), url: Type.Optional(Type.String({ description: 'the link, shown once' })), createdAt: Time, updatedAt: Time, version: Version },
  { $id: 'SsoTicket' },
)
export const TicketList = listOf(Ticket, 'SsoTicketList')

export const LinkedAccount = Type.Object({ provider: Type.String(), name: Type.String(), linkedAt: Nullable(Time), offered: Type.Boolean({ description: 'signs people in at present' }) }, { $id: 'LinkedAccount' })
export const LinkedAccountList = listOf(LinkedAccount, 'LinkedAccountList')
export const ByProvider = Strict({ provider: Text(1, 40) })
export const LinkBegun = Type.Object({ url: Type.String({ description: 'open it in the browser in which you are signed in; good for 10 minutes, once' }) }, { $id: 'LinkBegun' })

export type LinkedAccount = Static<typeof LinkedAccount>
export type ProviderView = Static<typeof Provider>
export type NewProviderBody = Static<typeof NewProvider>
export type ChangeProviderBody = Static<typeof ChangeProvider>
export type TicketView = Static<typeof Ticket>
