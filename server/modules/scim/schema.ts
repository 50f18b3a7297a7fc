import { Id, listOf, Nullable, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'

export const NewToken = Strict({ name: Type.Optional(Text(1, 100)) }, { $id: 'NewScimToken' })
export const Token = Type.Object(
  { id: Id, name: Type.String(), token: Type.Optional(Type.String({ description: 'shown once' })), baseUrl: Type.String({ description: 'what the provider calls tenant or base URL' }), usedAt: Nullable(Time), createdAt: Time, updatedAt: Time, version: Version },
  { $id: 'ScimToken' },
)
export const TokenList = listOf(Token, 'ScimTokenList')
export type TokenView = Static<typeof Token>
