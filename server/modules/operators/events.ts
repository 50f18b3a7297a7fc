// What operators do to the machinery. All of it belongs to no tenant, so it is logged under the platform's id.
import { event, type PayloadsOf } from '../../kernel/events.ts'
import { Id, Strict, Time, Type } from '../../kernel/schema.ts'

const admins = { audience: 'admins' } as const
const Named = Strict({ name: Type.String() })
const OfJob = Strict({ name: Type.String(), tenantId: Id, from: Type.String() })

export const operatorEvents = {
  'reader.paused': event(Named, { ...admins, about: 'The subject is the reader\'s id, made from its name.' }),
  'reader.resumed': event(Named, admins),
  'reader.rewound': event(Strict({ name: Type.String(), from: Type.String(), to: Type.String() }), { ...admins, about: 'It handles again what lies after `to`.' }),
  'reader.skipped': event(Strict({ name: Type.String(), eventId: Id }), { ...admins, about: 'The event it stood before was parked by hand.' }),
  'reader.replayed': event(Strict({ name: Type.String(), eventId: Id }), { ...admins, about: 'A parked event was handled after all.' }),
  'job.retried': event(OfJob, admins),
  'job.cancelled': event(OfJob, admins),
  'mail.revealed': event(Strict({ kind: Type.String(), tenantId: Id }), { ...admins, about: 'An operator looked at the links of a mail.' }),
  'platform-key.replaced': event(Strict({ keys: Type.Integer() }), { ...admins, subject: 'installation', about: 'SECRET_KEY is another one from now on; `keys` were wrapped anew.' }),
  'installation.released': event(Strict({ heldSince: Time, jobs: Type.Integer(), mails: Type.Integer() }), { ...admins, about: 'What a restored backup had queued goes out from now on.' }),
  'log.trimmed': event(Strict({ tenantId: Id, events: Type.Integer(), before: Time, days: Type.Integer() }), { ...admins, subject: 'tenant', about: 'Events older than the tenant\'s retention went.' }),
  'records.swept': event(Strict({ keys: Type.Integer(), jobs: Type.Integer(), parked: Type.Integer(), mails: Type.Integer() }), { ...admins, subject: 'installation', about: 'Answers kept for a day, and jobs, parked events and mails that nobody needs any more.' }),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof operatorEvents> {}
}
