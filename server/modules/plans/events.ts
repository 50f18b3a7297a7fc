// What operators do to plans stands under the platform's id; what a tenant has and uses stands in its own log.
import { event, type PayloadsOf } from '../../kernel/events.ts'
import { Id, Strict, Time, Type } from '../../kernel/schema.ts'
import { Limits, Modules } from './schema.ts'

const admins = { audience: 'admins' } as const
const Plan = Strict({ name: Type.String(), limits: Limits, modules: Modules })
const Storage = Strict({ what: Type.Enum(['run-value', 'received', 'logo'], { description: 'a value of a run above 16 KB; what came to a webhook or mail address; the logo' }), of: Type.Union([Id, Type.Null()], { description: 'the run, or the entry of the inbox; null where many went at once' }), things: Type.Integer({ minimum: 1 }), bytes: Type.Integer({ minimum: 1 }) })
const plan = { ...admins, subject: 'plan' } as const

export const planEvents = {
  'plan.created': event(Plan, plan),
  'plan.changed': event(Plan, { ...plan, about: 'Its limits hold for its tenants from now on.' }),
  'plan.deleted': event(Strict({ name: Type.String() }), plan),
  'tenant-plan.changed': event(Strict({ plan: Type.String(), from: Type.String(), limits: Limits, modules: Modules }), { ...admins, subject: 'tenant', about: 'The plan of the tenant, or what differs from it for this tenant. `limits` and `modules` are those exceptions.' }),
  'usage.counted': event(Strict({ meter: Type.Literal('calls'), day: Type.String(), count: Type.Integer({ minimum: 1 }), process: Type.String(), from: Time, to: Time }), { ...admins, subject: 'tenant', about: 'Calls that one process answered in some seconds: calls write nothing themselves.' }),
  'storage.kept': event(Storage, { ...admins, subject: 'tenant', about: 'So many bytes more are kept, as they lie there.' }),
  'storage.freed': event(Storage, { ...admins, subject: 'tenant', about: 'What was kept went: replaced, deleted, or past its time.' }),
  'usage.warned': event(Strict({ meter: Type.String(), period: Type.String(), percent: Type.Integer(), used: Type.Integer(), limit: Type.Integer(), plan: Type.String() }), { ...admins, subject: 'tenant', about: 'Four fifths of a limit are used, or all of it.' }),
}
declare module '../../kernel/events.ts' {
  interface EventMap extends PayloadsOf<typeof planEvents> {}
}
