import { Id, listOf, Nullable, Page, Strict, Text, Time, Type, Version, type Static } from '../../kernel/schema.ts'

export const ReaderName = Strict({ name: Text(1, 100, { pattern: '^[a-z][a-z0-9.-]*$' }) })
export const ParkedEvent = Type.Object({ eventId: Id, tenantId: Id, name: Type.String(), error: Type.String(), at: Time, parkedAt: Time }, { $id: 'ParkedEvent' })
export const Reader = Type.Object(
  {
    id: Id, name: Type.String(), takes: Type.Array(Type.String(), { description: 'empty: no module declares this reader any more' }),
    status: Type.Enum(['running', 'failing', 'paused']), paused: Type.Boolean(),
    position: Type.String({ description: 'cursor of the last event it passed' }),
    lag: Type.Integer({ description: 'committed events it has not passed; counted up to 10,000' }), lagSeconds: Type.Number(),
    heldBackBy: Nullable(Type.String({ description: 'the oldest writing transaction of the database server, when the reader waits for it' })),
    tries: Type.Integer(), lastError: Nullable(Type.String()), handled: Type.Integer(), parkedCount: Type.Integer(),
    parked: Type.Array(ParkedEvent, { description: 'the latest 50' }), version: Version, createdAt: Time, updatedAt: Time,
  },
  { $id: 'Reader', description: 'A named cursor over the log.' },
)
export type Reader = Static<typeof Reader>
export const ReaderList = listOf(Reader, 'ReaderList')
export const ReaderQuery = Strict({ ...Page })

export const Rewind = Strict({
  to: Type.Optional(Type.String({ minLength: 1, maxLength: 40, description: 'a cursor: what comes after it is handled again' })),
  at: Type.Optional(Type.String({ format: 'date-time', description: 'what was written since then is handled again' })),
  events: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'so many of the events it takes are handled again' })),
}, { $id: 'Rewind', minProperties: 1, maxProperties: 1, description: 'One of the three.' })
export type Rewind = Static<typeof Rewind>
export const Replay = Type.Optional(Strict({ eventId: Type.Optional(Id) }))
export const Replayed = Type.Object(
  { replayed: Type.Integer(), failed: Type.Array(Type.Object({ eventId: Id, error: Type.String() })), reader: Reader },
  { $id: 'Replayed' },
)

export const jobStatuses = ['ready', 'running', 'done', 'failed', 'held', 'cancelled'] as const
const JobStatus = Type.Enum([...jobStatuses])
export const Job = Type.Object(
  {
    id: Id, tenantId: Id, name: Type.String(), status: JobStatus, attempt: Type.Integer(), maxAttempts: Type.Integer(), runAt: Time,
    lastError: Nullable(Type.String()), finishedAt: Nullable(Time), causeId: Nullable(Id), version: Version, createdAt: Time, updatedAt: Time,
  },
  { $id: 'Job', description: 'What a job carries is not shown: it may be a tenant\'s.' },
)
export type Job = Static<typeof Job>
export const JobList = listOf(Job, 'JobList')
export const JobQuery = Strict({ ...Page, status: Type.Optional(JobStatus), name: Type.Optional(Text(1, 100)) })
export type JobQuery = Static<typeof JobQuery>

export const OutboxMail = Type.Object(
  {
    id: Id, tenantId: Id, kind: Type.String(), status: Type.Enum(['queued', 'sent', 'kept', 'failed', 'held']),
    to: Nullable(Type.String()), subject: Nullable(Type.String()), text: Nullable(Type.String()), html: Type.Optional(Type.String()),
    revealed: Type.Boolean(), sealed: Type.Optional(Type.Boolean({ description: 'true when the key was destroyed: nothing can be shown' })),
    error: Nullable(Type.String()), sentAt: Nullable(Time), version: Version, createdAt: Time, updatedAt: Time,
  },
  { $id: 'OutboxMail', description: 'Links are masked until they are revealed.' },
)
export type OutboxMail = Static<typeof OutboxMail>
export const OutboxList = listOf(OutboxMail, 'OutboxList')
export const OutboxQuery = Strict({ ...Page, status: Type.Optional(Type.Enum(['queued', 'sent', 'kept', 'failed', 'held'])) })
export type OutboxQuery = Static<typeof OutboxQuery>

export const Installation = Type.Object(
  { id: Id, heldSince: Nullable(Time), waiting: Type.Integer({ description: 'jobs that wait' }), version: Version, createdAt: Time, updatedAt: Time },
  { $id: 'Installation', description: '`heldSince`: restored from a backup then, and nothing that it had queued goes out until it is released.' },
)
export type Installation = Static<typeof Installation>
