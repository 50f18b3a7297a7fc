import { Id, listOf, Nullable, Page, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'

export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
export const grantTypes = ['authorization_code', 'refresh_token', 'client_credentials', deviceGrant, 'password'] as const
export const authMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const
const times = { createdAt: Time, updatedAt: Time, version: Version }
const Address = Type.String({ minLength: 1, maxLength: 2000 })
const Addresses = Type.Array(Address, { maxItems: 30 })
const ScopeName = Type.String({ minLength: 1, maxLength: 64 })
const Jwks = Type.Object({ keys: Type.Array(Type.Object({}, { additionalProperties: true }), { maxItems: 10 }) }, { description: 'public keys of a client that signs (private_key_jwt)' })

const properties = {
  name: Text(1, 100),
  redirectUris: Addresses,
  postLogoutRedirectUris: Addresses,
  grantTypes: Type.Array(Type.Enum([...grantTypes]), { maxItems: 5, description: '`password` is for legacy clients only' }),
  scopes: Type.Array(ScopeName, { maxItems: 100, description: 'what it may ask for' }),
  tokenEndpointAuthMethod: Type.Enum([...authMethods], { description: '`none`: a public client, such as an app or a page' }),
  applicationType: Type.Enum(['web', 'native']),
  clientUri: Nullable(Address),
  policyUri: Nullable(Address),
  tosUri: Nullable(Address),
  jwks: Nullable(Jwks),
  requirePkce: Type.Boolean({ description: 'only a client with a secret may go without' }),
  resourceServer: Type.Boolean({ description: 'an API of yours: it may introspect tokens of all clients of the tenant' }),
}
const optional = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, Type.Optional(schema)])) as { [N in keyof typeof properties]: ReturnType<typeof Type.Optional<(typeof properties)[N]>> }

export const OAuthClient = Type.Object(
  {
    id: Id, clientId: Id, ...properties, origin: Type.Enum(['admin', 'registration']), createdBy: Nullable(Id),
    previousSecretEndsAt: Nullable(Time), clientSecret: Type.Optional(Type.String({ description: 'shown once' })), ...times,
  },
  { $id: 'OAuthClient', description: '`id` is the client id. `clientSecret` stands in the answers that make one, never again.' },
)
export const OAuthClientList = listOf(OAuthClient, 'OAuthClientList')
export const NewOAuthClient = Strict({ ...optional, name: properties.name }, { $id: 'NewOAuthClient' })
export const ChangeOAuthClient = Strict(optional, { $id: 'ChangeOAuthClient', minProperties: 1 })
export const RotateSecret = Strict({ overlapSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 30 * 86_400, description: 'how long the old secret stays good; a day unless said otherwise' })) }, { $id: 'RotateClientSecret' })
export const RotateSecretBody = Type.Optional(RotateSecret)
export const ClientQuery = Strict({ ...Page, q: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'part of the name' })) })

export const NewInitialAccessToken = Strict({ expiresIn: Type.Optional(Type.Integer({ minimum: 60, maximum: 90 * 86_400, description: 'seconds; a day unless said otherwise' })), quota: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'clients that may register with it; 1 unless said otherwise' })) }, { $id: 'NewInitialAccessToken' })
export const InitialAccessToken = Type.Object({ id: Id, token: Type.String({ description: 'shown once' }), expiresAt: Time, quota: Type.Integer(), registrationEndpoint: Type.String() }, { $id: 'InitialAccessToken' })

const scopeProperties = {
  name: Type.String({ pattern: '^[a-z][a-z0-9_-]{0,30}(:[a-z0-9_.-]{1,32})?$', description: 'such as `tasks:write`' }),
  description: Text(1, 200, { description: 'what people read when they are asked to allow it' }),
  permissions: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 50, uniqueItems: true, description: 'what it opens, as `x-permission` of the operations says' }),
}
export const OAuthScope = Type.Object({ id: Id, ...scopeProperties, ...times }, { $id: 'OAuthScope' })
export const OAuthScopeList = listOf(OAuthScope, 'OAuthScopeList')
export const NewOAuthScope = Strict(scopeProperties, { $id: 'NewOAuthScope' })
export const ChangeOAuthScope = Strict({ description: Type.Optional(scopeProperties.description), permissions: Type.Optional(scopeProperties.permissions) }, { $id: 'ChangeOAuthScope', minProperties: 1 })

export const ConnectedApp = Type.Object({ id: Id, clientId: Id, name: Type.String(), clientUri: Nullable(Type.String()), tenantId: Id, tenantName: Type.String(), scopes: Type.Array(Type.String()), createdAt: Time, updatedAt: Time, version: Version }, { $id: 'ConnectedApp', description: 'What I allowed an application.' })
export const ConnectedAppList = listOf(ConnectedApp, 'ConnectedAppList')

export const OAuthConsent = Type.Object({ clientId: Id, clientName: Type.String(), userId: Id, userName: Type.String(), email: Type.String(), scopes: Type.Array(Type.String()), createdAt: Time, updatedAt: Time, version: Version }, { $id: 'OAuthConsent', description: 'What a person of the tenant allowed an application.' })
export const OAuthConsentList = listOf(OAuthConsent, 'OAuthConsentList')
export const ConsentQuery = Strict({ ...Page, clientId: Type.Optional(Id), userId: Type.Optional(Id) })
export const ByConsent = Strict({ clientId: Id, userId: Id })

export const SigningKeys = Type.Object({ id: Id, keys: Type.Array(Type.Object({ kid: Type.String(), alg: Type.String() })) }, { $id: 'SigningKeys', description: 'Published now; of each algorithm the first signs.' })

export type OAuthClient = Static<typeof OAuthClient>
export type NewOAuthClient = Static<typeof NewOAuthClient>
export type ChangeOAuthClient = Static<typeof ChangeOAuthClient>
export type OAuthScope = Static<typeof OAuthScope>
export type OAuthConsent = Static<typeof OAuthConsent>
export type ConnectedApp = Static<typeof ConnectedApp>
/** A client as its row keeps it; `metadata` in the words of RFC 7591. */
export type Metadata = Record<string, unknown>
