// Schemas that every module shares. Times stay strings: RFC 3339 in UTC with six digits, as PostgreSQL keeps them.
import { Type, type Static, type TObject, type TSchema } from 'typebox'

export const Id = Type.String({ format: 'uuid' })
export const Time = Type.String({ format: 'date-time' })
export const Email = Type.String({ format: 'email', maxLength: 254 })
export const Nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])
/** Text people write, length in characters; NUL and lone surrogates are refused for every text, see validation.ts. */
export const Text = (minLength: number, maxLength: number, more: object = {}) => Type.String({ minLength, maxLength, ...more })
export const Version = Type.Integer({ minimum: 1 })
/** An object that refuses fields it does not name. */
export const Strict = <P extends Record<string, TSchema>>(properties: P, more: object = {}) => Type.Object(properties, { additionalProperties: false, ...more })
export const ById = Strict({ id: Id })

/** Query of every list: opaque cursor, page size. */
export const Page = {
  after: Type.Optional(Type.String({ minLength: 1, maxLength: 400, description: '`next` of the page before' })),
  limit: Type.Integer({ default: 50, minimum: 1, maximum: 200 }),
}
export const listOf = <S extends TSchema>(item: S, id: string) =>
  Type.Object({ items: Type.Array(item), next: Nullable(Type.String()) }, { $id: id })
export type List<T> = { items: T[]; next: string | null }

export const FieldFault = Type.Object({ in: Type.Enum(['body', 'query', 'params', 'headers']), path: Type.String(), message: Type.String() }, { $id: 'FieldFault' })
export const ProblemBody = Type.Object(
  {
    type: Type.String(), title: Type.String(), status: Type.Integer(), code: Type.String(), detail: Type.Optional(Type.String()),
    instance: Type.String(), requestId: Type.String(), errors: Type.Optional(Type.Array(FieldFault)),
  },
  { $id: 'Problem', description: 'RFC 9457; `detail` says what to do next.' },
)

export const roles = ['viewer', 'member', 'admin', 'owner'] as const
export type TenantRole = (typeof roles)[number]
/** Whether a tenant role is at least another. */
export const roleReaches = (role: TenantRole | undefined, least: TenantRole): boolean => role !== undefined && roles.indexOf(role) >= roles.indexOf(least)

export type { Static, TObject, TSchema }
export { Type }
