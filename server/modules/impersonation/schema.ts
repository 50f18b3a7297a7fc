import { Id, listOf, Nullable, Page, roles, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'

export const NewImpersonation = Strict(
  { userId: Id, tenantId: Id, reason: Text(5, 500, { pattern: '\\S', description: 'stands in both logs' }), minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 60, description: '15 unless said' })) },
  { $id: 'NewImpersonation' },
)
const fields = { id: Id, operatorId: Id, userId: Id, tenantId: Id, expiresAt: Time, version: Version, createdAt: Time, updatedAt: Time }
export const Impersonation = Type.Object({ ...fields, endedAt: Nullable(Time) }, { $id: 'Impersonation' })
export const ImpersonationList = listOf(Impersonation, 'ImpersonationList')
export const StartedImpersonation = Type.Object(
  { ...fields, accessToken: Type.String(), tokenType: Type.Literal('Bearer'), expiresIn: Type.Integer({ description: 'seconds' }), user: Type.Object({ id: Id, name: Type.String() }), role: Type.Enum([...roles]) },
  { $id: 'StartedImpersonation' },
)
export const ImpersonationQuery = Strict(Page)
export type NewImpersonation = Static<typeof NewImpersonation>
export type Impersonation = Static<typeof Impersonation>
export type StartedImpersonation = Static<typeof StartedImpersonation>
