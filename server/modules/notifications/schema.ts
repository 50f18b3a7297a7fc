import { Id, listOf, Nullable, Page, Strict, Time, Type, Version, type Static } from '../../kernel/schema.ts'

export const kinds = ['assigned', 'mentioned', 'watched', 'due', 'invited', 'notice'] as const
export type Kind = (typeof kinds)[number]
export type Channel = 'inApp' | 'mail' | 'digest'
export type Channels = Record<Channel, boolean>
/** What holds where a person chose nothing. */
const usual = (kind: Kind): Channels => ({ inApp: true, mail: kind !== 'watched', digest: false }) // a mail for each change of a watched task is too much
/** @param chosen as preferences keep it: kind -> channels, each absent one as usual */
export const channelsOf = (kind: Kind, chosen: Partial<Record<string, Partial<Channels>>> | null | undefined): Channels => ({ ...usual(kind), ...chosen?.[kind] })

const fields = {
  id: Id, kind: Type.Enum([...kinds]), projectId: Nullable(Id), projectName: Nullable(Type.String()), taskId: Nullable(Id), taskRef: Nullable(Type.String()), taskTitle: Nullable(Type.String()),
  actorId: Nullable(Id), excerpt: Nullable(Type.String()), title: Nullable(Type.String()), link: Nullable(Type.String()), readAt: Nullable(Time), version: Version, createdAt: Time, updatedAt: Time,
}
export const NotificationRow = Type.Object(fields)
export const Notification = Type.Object(fields, { $id: 'Notification', description: '`excerpt` is the begin of the comment it is about; `title` and `link`, a path of the console, are a notice\'s.' })
export type Notification = Static<typeof Notification>
export const NotificationList = listOf(Notification, 'NotificationList')
export const NotificationQuery = Strict({ ...Page, unread: Type.Optional(Type.Boolean({ description: 'true: unread only; false: read only' })) })
export type NotificationQuery = Static<typeof NotificationQuery>
export const AllRead = Type.Object({ read: Type.Integer({ description: 'how many were unread' }) }, { $id: 'AllRead' })
