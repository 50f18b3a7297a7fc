import { Id, listOf, Nullable, Page, Strict, Time, Type, Version, type Static } from '../../kernel/schema.ts'
import { scopes } from '../../kernel/scopes.ts'

const Address = Type.String({ minLength: 8, maxLength: 500, pattern: '^https?://[^\\s#?]+$' })
const Claim = Type.String({ minLength: 1, maxLength: 200, description: 'a claim by its name, or by a path with dots' })
const Scopes = Type.Array(Type.Enum([...scopes]), { minItems: 1, maxItems: scopes.length, uniqueItems: true })

/** How a token's claims become somebody here. */
export const Mapping = Strict(
  {
    by: Type.Enum(['email', 'subject'], { description: 'email: the account with that verified address. subject: the account whose id stands in `subjectClaim`' }),
    emailClaim: Type.Optional(Claim),
    verifiedClaim: Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 200, description: 'must be true in the token; `email_verified` unless said; null: the issuer signs in nobody whose address is not verified' }))),
    subjectClaim: Type.Optional(Claim),
    tenantClaim: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'the claim with the id or slug of the active tenant; the platform\'s issuers only' })),
    scopes: Type.Optional(Scopes),
    scopeClaim: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'a claim with scopes: a token has those of them that `scopes` allows' })),
    justInTime: Type.Optional(Type.Boolean({ description: 'make an account, and a membership of the claim\'s tenant, for a verified address; the platform\'s issuers only' })),
    role: Type.Optional(Type.Enum(['viewer', 'member', 'admin'], { description: 'of a member made just in time; viewer unless said' })),
  },
  { $id: 'IssuerMapping' },
)
const fields = { issuer: Address, audience: Type.String({ minLength: 1, maxLength: 500 }), jwksUri: Type.Optional(Nullable(Address)), mapping: Mapping }
export const NewIssuer = Strict(fields, { $id: 'NewTrustedIssuer' })
export const ChangeIssuer = Strict({ audience: Type.Optional(fields.audience), jwksUri: fields.jwksUri, mapping: Type.Optional(Mapping), status: Type.Optional(Type.Enum(['active', 'inactive'])) }, { $id: 'ChangeTrustedIssuer', minProperties: 1 })
export const TrustedIssuer = Type.Object(
  {
    id: Id, issuer: Type.String(), audience: Type.String(), jwksUri: Nullable(Type.String()), mapping: Mapping, status: Type.Enum(['active', 'inactive']),
    source: Type.Enum(['stored', 'setting'], { description: 'setting: it stands in TRUSTED_ISSUERS and is changed there' }), createdAt: Time, updatedAt: Time, version: Version,
  },
  { $id: 'TrustedIssuer' },
)
export const TrustedIssuerList = listOf(TrustedIssuer, 'TrustedIssuerList')
export const IssuerQuery = Strict(Page)
/** TRUSTED_ISSUERS: unknown fields of a mapping are refused like those of a request. */
export const IssuerSetting = Type.Array(Strict({ ...fields, mapping: Type.Optional(Mapping) }), { maxItems: 50 })

export type Mapping = Static<typeof Mapping>
export type NewIssuer = Static<typeof NewIssuer>
export type ChangeIssuer = Static<typeof ChangeIssuer>
export type TrustedIssuer = Static<typeof TrustedIssuer>
export type IssuerQuery = Static<typeof IssuerQuery>
