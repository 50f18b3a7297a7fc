import { Id, listOf, Nullable, Page, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'

const Name = Text(1, 100, { pattern: '\\S' })
const Scopes = Type.Array(Type.String({ pattern: '^[a-z][a-z0-9_.:-]{0,59}$' }), { minItems: 1, maxItems: 20, uniqueItems: true, description: 'read, write, profile, admin, or scopes of the tenant\'s own' })
const Addresses = Type.Array(Text(2, 60), { maxItems: 50, uniqueItems: true, description: 'IP addresses or networks (CIDR) it works from; empty: from anywhere' })
export const KeyStatus = Type.Enum(['active', 'inactive', 'expired'])
const Switch = Type.Enum(['active', 'inactive'])
const Secret = Type.Optional(Type.String({ description: 'The key itself, shown once: it is kept as a hash.' }))
const common = {
  id: Id, name: Type.String(), hint: Type.String({ description: 'how it begins and ends' }), scopes: Type.Array(Type.String()), addresses: Type.Array(Type.String()), status: KeyStatus,
  expiresAt: Nullable(Time), formerEndsAt: Nullable(Type.String({ format: 'date-time', description: 'until when the key before the last rotation works on' })),
  madeBy: Type.String({ format: 'uuid', description: 'who answers for it: it never exceeds their rights and ends with them' }), lastUsedAt: Nullable(Time),
}
const times = { createdAt: Time, updatedAt: Time, version: Version }

export const ApiKey = Type.Object({ ...common, key: Secret, ...times }, { $id: 'ApiKey' })
export const ApiKeyList = listOf(ApiKey, 'ApiKeyList')
export const KeyQuery = Strict({ ...Page, status: Type.Optional(KeyStatus) })
const New = { name: Name, scopes: Scopes, expiresAt: Type.Optional(Nullable(Time)), addresses: Type.Optional(Addresses) }
const Change = { name: Type.Optional(Name), scopes: Type.Optional(Scopes), expiresAt: Type.Optional(Nullable(Time)), addresses: Type.Optional(Addresses), status: Type.Optional(Switch) }
export const NewApiKey = Strict(New, { $id: 'NewApiKey' })
export const ChangeApiKey = Strict(Change, { $id: 'ChangeApiKey', minProperties: 1 })
export const Rotation = Type.Optional(Strict({ overlapMinutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_080, description: 'how long the key before works on; 60 unless said' })) }, { $id: 'KeyRotation' }))

const Operations = Type.Array(Type.String({ pattern: '^[a-z][A-Za-z]*\\.[a-z][A-Za-z]*$' }), { maxItems: 200, uniqueItems: true, description: 'operations on tenants\' own things it may do, by operationId; none unless named' })
const Tenants = Nullable(Type.Array(Id, { maxItems: 200, uniqueItems: true, description: 'where it may do them; null: in every tenant' }))
export const ServiceKey = Type.Object({ ...common, operations: Type.Array(Type.String()), tenants: Nullable(Type.Array(Id)), key: Secret, ...times }, { $id: 'ServiceKey' })
export const ServiceKeyList = listOf(ServiceKey, 'ServiceKeyList')
export const NewServiceKey = Strict({ ...New, operations: Type.Optional(Operations), tenants: Type.Optional(Tenants) }, { $id: 'NewServiceKey' })
export const ChangeServiceKey = Strict({ ...Change, operations: Type.Optional(Operations), tenants: Type.Optional(Tenants) }, { $id: 'ChangeServiceKey', minProperties: 1 })

export type ApiKey = Static<typeof ApiKey>
export type ServiceKey = Static<typeof ServiceKey>
export type KeyQuery = Static<typeof KeyQuery>
export type NewKey = Static<typeof NewApiKey>
export type NewServiceKey = Static<typeof NewServiceKey>
export type ChangeKey = Static<typeof ChangeApiKey>
export type ChangeServiceKey = Static<typeof ChangeServiceKey>
