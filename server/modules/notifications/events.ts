// The bell: each event is one person's own, so that a live client hears of what concerns it and of nothing else.
import { event, type PayloadsOf } from '../../kernel/events.ts'
import { Id, Nullable, Strict, Type } from '../../kernel/schema.ts'

const own = { audience: 'person' } as const
const What = Strict({ kind: Type.String(), projectId: Nullable(Id), taskId: Nullable(Id) })

export const notificationEvents = {
  'notification.created': event(What, { ...own, scope: 'projectId', about: 'Somebody is told of something; `causeId` is the event it follows from.' }),
  'notification.read': event(What, own),
  'notification.all-read': event(Strict({ count: Type.Integer() }), { ...own, about: 'The subject is the person.' }),
  'digest.queued': event(Strict({ day: Type.String() }), { ...own, about: 'The day\'s digest is on its way; the subject is the person.' }),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof notificationEvents> {}
}
