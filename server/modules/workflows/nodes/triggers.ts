// What begins a run. `trigger` in expressions is what the trigger gives.
import { Cron } from 'croner'
import { Strict, Type, type TSchema } from '../../../kernel/schema.ts'
import { ConditionField, Duration, millisecondsOf, type ScheduleMark } from './fields.ts'
import type { Sender } from '../triggers/senders.ts'
import { node, type NodeType, type Report, type Settings } from './node.ts'

const Any = Type.Unsafe<unknown>({})
const EventShape = Type.Object({ id: Type.String(), name: Type.String(), subject: Type.Object({ type: Type.String(), id: Type.String() }), actor: Type.Object({ type: Type.String(), id: Type.String() }), data: Any, causeId: Type.String(), at: Type.String() })
const EventFilter = Type.Optional(ConditionField({ title: 'Only when', description: 'Judged on the event; paths such as `data.to` or `actor.id`.' }))
const Form = Type.Optional(Type.Unsafe<Record<string, unknown>>({ type: 'object', title: 'Input', description: 'JSON Schema of the input, from which the form is drawn and by which it is judged.' }))

/** How a sender proves that a request is its own; the secret is kept with the trigger, not in the definition. */
export const signatures = ['none', 'standard-webhooks', 'github', 'stripe', 'slack', 'twilio'] as const
export type Signature = (typeof signatures)[number]
const webhookSettings = {
  method: Type.Optional(Type.Enum(['any', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE'], { default: 'any', title: 'Method' })),
  answer: Type.Optional(Type.Enum(['accepted', 'result'], { default: 'accepted', title: 'Answer', description: '`accepted`: 202 at once. `result`: waits for the run and answers with what it gives, at most 25 seconds.' })),
}
const WebhookShape = Type.Object({ id: Type.String(), method: Type.String(), headers: Any, query: Any, body: Any, receivedAt: Type.String() })

const Mailbox = Type.Object({ name: Type.String(), address: Type.String() })
/** What a letter becomes (triggers/letters.ts). */
const LetterShape = Type.Object({
  id: Type.String(), from: Mailbox, to: Type.Array(Mailbox), cc: Type.Array(Mailbox), replyTo: Type.Array(Mailbox), subject: Type.String(), date: Type.String(), messageId: Type.String(), inReplyTo: Type.String(), text: Type.String(), html: Type.String(),
  headers: Any, attachments: Type.Array(Type.Object({ name: Type.String(), type: Type.String(), bytes: Type.Integer(), content: Type.String() })), encrypted: Type.Boolean(), receivedAt: Type.String(),
})

/** The next time a pattern fires. Five fields only: six would allow seconds. @returns null when it never does */
export function nextTick(cron: string, timeZone: string, after: Date): Date | null {
  return new Cron(cron, { timezone: timeZone, paused: true, mode: '5-part' }).nextRun(after)
}
function checkSchedule(settings: Settings, report: Report): void {
  if (/^([1-9]|[1-5][0-9]) ?s$/.test(settings.every ?? '')) report('/every', 'must be at least a minute')
  if ((settings.cron === undefined) === (settings.every === undefined)) return settings.cron === undefined ? report('/cron', 'says no time yet: give a cron pattern or an interval (every)') : report('/every', 'stands beside cron: give one of them')
  const zone = settings.timeZone ?? 'UTC'
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
  } catch {
    return report('/timeZone', `${zone} is no time zone: use a name such as Europe/Berlin`)
  }
  if (settings.cron === undefined) return
  try {
    if (!nextTick(settings.cron, zone, new Date())) report('/cron', 'names a time that never comes')
  } catch (error) {
    report('/cron', `is no cron pattern of five fields: ${String((error as Error).message)}`)
  }
}
/** When a schedule comes next, for people to look at, or why it cannot be read; `path` names the setting. */
export function timesOf(settings: Settings, from: Date, count = 5): { ticks: string[]; faults: { path: string; message: string }[] } {
  const faults: { path: string; message: string }[] = []
  checkSchedule(settings, (path, message) => faults.push({ path, message }))
  const everyMs = typeof settings.every === 'string' ? millisecondsOf(settings.every) : undefined
  const ticks: string[] = []
  if (!faults.length && (settings.cron !== undefined || everyMs))
    for (let at: Date | null = from; at && ticks.length < count; ) {
      at = everyMs ? new Date((Math.floor(at.getTime() / everyMs) + 1) * everyMs) : nextTick(String(settings.cron), String(settings.timeZone ?? 'UTC'), at)
      if (at) ticks.push(at.toISOString().replace('Z', '000Z'))
    }
  return { ticks, faults }
}
const schedule: ScheduleMark = { timeZone: 'timeZone', every: 'every' }

const providerOf = (senders: readonly Sender[], type: string): Record<string, TSchema> => {
  const fitting = senders.filter((one) => one.for === type)
  if (!fitting.length) return {}
  return { provider: Type.Optional(Type.Enum(fitting.map(({ name }) => name), { title: 'Provider', description: `Whose requests these are: signature and fields as it documents them; \`trigger.message\` holds what was said. The secret is set on the trigger after publishing. ${fitting.map(({ title, setUp }) => `${title}: ${setUp}`).join(' ')}` })) }
}
const webhook = (senders: readonly Sender[], type: string, title: string, description: string, signature: Signature): NodeType =>
  node({
    primitive: 'trigger', type, title, description, form: 'trigger', produces: type === 'webhook' ? WebhookShape : Type.Object({ ...WebhookShape.properties, message: Any }),
    settings: Strict({ ...webhookSettings, ...providerOf(senders, type), signature: Type.Optional(Type.Enum([...signatures], { default: signature, title: 'Signature', description: 'What the sender signs with. The secret itself is kept with the trigger, not in the definition: it is set once the workflow is published.' })) }),
  })

/** @param senders providers known as data */
export const triggerNodes = (senders: readonly Sender[]): readonly NodeType[] => [
  node({
    primitive: 'trigger', type: 'event', title: 'Event', description: 'Something happened in the product: one run for each event of this name, caused by the committed change itself.', form: 'trigger', produces: EventShape,
    settings: Strict({ event: Type.String({ title: 'Event', pattern: '^[a-z][a-z-]*\\.[a-z-]+$', 'x-pick': 'event', description: 'Name of an event, such as task.moved.' }), filter: EventFilter }),
  }),
  node({
    primitive: 'trigger', type: 'database', title: 'Record changed', description: 'Something of one kind was created, changed or deleted.', form: 'trigger', produces: EventShape,
    settings: Strict({ entity: Type.String({ title: 'Kind', pattern: '^[a-z][a-z-]*$', 'x-pick': 'entity', description: 'Such as task, project, comment.' }), change: Type.Enum(['created', 'changed', 'deleted', 'any'], { title: 'Change' }), filter: EventFilter }),
  }),
  node({
    primitive: 'trigger', type: 'schedule', title: 'Schedule', description: 'At set times in a time zone, or every so often.', form: 'trigger', produces: Type.Object({ scheduledAt: Type.String() }),
    settings: Strict({
      cron: Type.Optional(Type.String({ title: 'When', minLength: 9, maxLength: 100, 'x-schedule': schedule, description: 'Five fields: minute, hour, day, month, weekday. `0 9 * * 1-5` is nine o\'clock on working days.' })),
      timeZone: Type.Optional(Type.String({ title: 'Time zone', default: 'UTC', maxLength: 60, 'x-pick': 'timeZone' })),
      every: Type.Optional(Duration({ title: 'Every', description: 'Instead of a pattern: at least a minute.' })),
      overlap: Type.Optional(Type.Enum(['allow', 'skip', 'queue'], { default: 'skip', title: 'While a run is still going', description: '`skip` leaves the tick out, `queue` runs it when that run is over, `allow` runs it beside.' })),
      catchUp: Type.Optional(Type.Enum(['none', 'one', 'all'], { default: 'one', title: 'After a time without a server', description: '`one` runs once for all the ticks that were missed, `all` once for each of them, a hundred at most.' })),
    }),
    check: checkSchedule,
  }),
  webhook(senders, 'webhook', 'Webhook', 'A request to this trigger\'s own address. What came in is kept in the inbox and can be replayed.', 'none'),
  node({
    primitive: 'trigger', type: 'email', title: 'Email', description: 'A letter to this trigger\'s own address. Who sent it is not proven: anybody who knows the address may write to it under any name.', form: 'trigger', produces: LetterShape,
    settings: Strict({
      ...providerOf(senders, 'email'),
      senders: Type.Optional(Type.Array(Type.String({ minLength: 3, maxLength: 320, pattern: '^[^\\s@]*@[^\\s@]+$' }), { maxItems: 100, title: 'Only from', description: 'Addresses, or `@example.com` for all of a domain.' })),
      automatic: Type.Optional(Type.Enum(['leave', 'take'], { default: 'leave', title: 'Automatic letters', description: 'Newsletters of machines, alerts: letters that say they were sent by no person. Replies by machine and letters of a Groundwork never begin a run.' })),
    }),
  }),
  webhook(senders, 'sms', 'SMS', 'A text message, by the webhook of its provider; Twilio unless another is named.', 'twilio'),
  webhook(senders, 'iot', 'Device', 'A message of a device or its gateway, by webhook.', 'none'),
  node({ primitive: 'trigger', type: 'manual', title: 'By hand', description: 'Somebody presses Run and fills in a form.', form: 'trigger', settings: Strict({ input: Form }), produces: Any }),
  node({ primitive: 'trigger', type: 'api', title: 'API', description: 'A call of POST /workflows/{id}/runs.', form: 'trigger', settings: Strict({ input: Form }), produces: Any }),
]
