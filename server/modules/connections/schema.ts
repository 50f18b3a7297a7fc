import { Id, listOf, Nullable, Page, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'

export const ConnectionStatus = Type.Enum(['untested', 'working', 'failing', 'unauthorized'], { description: 'unauthorized: a person must give consent first' })
const Name = Text(1, 100, { pattern: '\\S' })
const Kind = Type.String({ pattern: '^[a-z][a-z0-9_]{1,39}$', description: 'api, api_key, basic, bearer, oauth, database, webhook, smtp, or a preset; GET /connections/types lists them with their fields' })
const Settings = Type.Record(Type.String({ maxLength: 60 }), Type.Unknown(), { maxProperties: 40, description: 'what is no secret, by the type\'s fields' })
const Secrets = Type.Record(Type.String({ maxLength: 60 }), Type.String({ maxLength: 10_000 }), { maxProperties: 20, description: 'go in, never come out' })

const Certificate = Type.Object({ subject: Type.String(), issuer: Type.String(), validFrom: Time, validTo: Time, authority: Type.Boolean({ description: 'false: a server\'s own certificate' }) })
export const Connection = Type.Object({
  id: Id, name: Type.String(), type: Type.String(), settings: Type.Record(Type.String(), Type.Unknown()), secrets: Type.Array(Type.String(), { description: 'names of those that are set' }), status: ConnectionStatus, certificates: Type.Array(Certificate, { description: 'what its setting `ca` holds' }),
  testedAt: Nullable(Time), error: Nullable(Type.String({ description: 'of the last test, or of the last token that was refused' })), createdBy: Nullable(Id), createdAt: Time, updatedAt: Time, version: Version,
}, { $id: 'Connection' })
export const ConnectionList = listOf(Connection, 'ConnectionList')
export const ConnectionQuery = Strict({ ...Page, type: Type.Optional(Type.String({ maxLength: 40 })) })
export const CreateConnection = Strict({ name: Name, type: Kind, settings: Type.Optional(Settings), secrets: Type.Optional(Secrets) }, { $id: 'CreateConnection' })
export const ChangeConnection = Strict({ name: Type.Optional(Name), settings: Type.Optional(Settings), secrets: Type.Optional(Secrets) }, { $id: 'ChangeConnection', minProperties: 1 })
export const RotateConnection = Strict({ secrets: Secrets }, { $id: 'RotateConnection' })
export const TestResult = Type.Object({ ok: Type.Boolean(), message: Type.String() }, { $id: 'ConnectionTest' })
export const Authorization = Type.Object({ url: Type.String({ description: 'send the person\'s browser there' }), expiresAt: Time }, { $id: 'ConnectionAuthorization' })
export const CompleteAuthorization = Strict({ state: Text(20, 200), code: Type.Optional(Text(1, 4000)), error: Type.Optional(Text(1, 200)) }, { $id: 'CompleteAuthorization' })
const Operation = Type.Object({ name: Type.String(), title: Type.String(), method: Type.String(), path: Type.String(), documentation: Type.String(), input: Type.Unknown() })
const FieldOf = Type.Object({ name: Type.String(), kind: Type.String(), title: Type.String(), required: Type.Boolean(), secret: Type.Boolean(), choices: Type.Optional(Type.Array(Type.String())), default: Type.Optional(Type.Unknown()) })
export const ConnectionTypes = Type.Object({ items: Type.Array(Type.Object({ type: Type.String(), title: Type.String(), fields: Type.Array(FieldOf), operations: Type.Array(Operation) })), next: Type.Null() }, { $id: 'ConnectionTypes' })

/** The row; what is sealed opens with the tenant's key only. */
export const ConnectionRow = Type.Object({
  id: Id, name: Type.String(), type: Type.String(), settings: Type.Unknown(), secretNames: Type.Array(Type.String()), secret: Nullable(Type.Unknown()), status: ConnectionStatus,
  testedAt: Nullable(Time), error: Nullable(Type.String()), createdBy: Nullable(Id), createdAt: Time, updatedAt: Time, version: Version,
})
export type ConnectionRow = Static<typeof ConnectionRow>
export type Connection = Static<typeof Connection>
export type ConnectionQuery = Static<typeof ConnectionQuery>
export type CreateConnection = Static<typeof CreateConnection>
export type ChangeConnection = Static<typeof ChangeConnection>
export type ConnectionStatus = Static<typeof ConnectionStatus>
