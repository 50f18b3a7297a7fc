// What a run does to the world: requests, mail, databases, people. Everything that leaves the house carries the step's key, since it happens at
// least once; what stays in our own database happens once (runner/effects.ts).
import { Strict, Type } from '../../../kernel/schema.ts'
import { isEmail } from '../../../kernel/validation.ts'
import type { Json } from '../engine/port.ts'
import { transform } from './data.ts'
import { Duration, Listed, millisecondsOf, Template, Value, Values } from './fields.ts'
import { node, noRetry, StepFailure, usualRetry, type NodeType, type Settings } from './node.ts'

const action = { primitive: 'action', form: 'step', retry: usualRetry } as const
const Any = Type.Unsafe<unknown>({})
const textOf = (value: unknown): string => (typeof value === 'string' ? value : value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value))

/** A list, or one text with commas. */
export function listFrom(value: unknown): string[] {
  const parts = Array.isArray(value) ? value.map(textOf) : textOf(value).split(',')
  return [...new Set(parts.map((part) => part.trim()).filter(Boolean))]
}
const People = Listed({ title: 'People', description: 'Ids or addresses of members.', pick: 'person', most: 50 })
const Role = Type.Enum(['viewer', 'member', 'admin', 'owner'], { title: 'Or everybody with this role or above' })

export const actions: readonly NodeType[] = [
  node({
    ...action, type: 'api_call', title: 'HTTP request', description: 'Calls an address on the internet, signed in by a connection where one is chosen. Carries an Idempotency-Key.', effect: 'outside', timeoutMs: 30_000,
    connection: { kinds: ['api', 'api_key', 'basic', 'bearer', 'oauth', 'webhook', 'gmail', 'slack', 'hubspot', 'github'] },
    settings: Strict({
      method: Type.Enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], { title: 'Method', default: 'GET' }),
      url: Template({ title: 'Address', maxLength: 4000, description: 'With a connection also a path below its base address.' }),
      query: Type.Optional(Values({ title: 'Query' })), headers: Type.Optional(Values({ title: 'Headers', description: 'No secrets: those belong into a connection.' })), body: Type.Optional(Value({ title: 'Body', description: 'Sent as JSON; a text as it is.' })),
      succeeds: Type.Optional(Type.Enum(['2xx', 'any'], { default: '2xx', title: 'Succeeds with', description: 'Other answers fail the node.' })),
    }),
    produces: Type.Object({ status: Type.Integer(), headers: Type.Object({}), body: Any }),
    async run(step) {
      const { method, url, query = {}, headers = {}, body, succeeds = '2xx' } = step.settings
      const answer = await step.services.request(step, { method, url: textOf(url), query: texts(query), headers: texts(headers), body: body === undefined ? undefined : body })
      if (succeeds === '2xx' && (answer.status < 200 || answer.status > 299)) throw answerFault(answer)
      return answer as unknown as Json
    },
  }),
  node({
    ...action, type: 'email_send', title: 'Send a mail', description: 'Queues a mail to each recipient; it is handed to the mail server as every mail of the product is, or to the connection\'s own.', effect: 'outside', connection: { kinds: ['smtp'] },
    settings: Strict({
      to: Listed({ title: 'To', description: 'Addresses, or ids of members.', most: 20 }),
      subject: Template({ title: 'Subject', maxLength: 500 }), text: Template({ title: 'Text', long: true }),
    }),
    produces: Type.Object({ mails: Type.Array(Type.String()), to: Type.Array(Type.String()) }),
    async run(step) {
      const wanted = listFrom(step.settings.to)
      if (!wanted.length || wanted.length > 20) throw new StepFailure('step.invalid', `to names ${wanted.length} recipients; 1 to 20 are taken`)
      const subject = textOf(step.settings.subject).replace(/[\r\n]+/g, ' ').trim()
      const people = await step.services.people.find(step, wanted.filter((one) => !isEmail(one)))
      const to = wanted.map((one) => (isEmail(one) ? { address: one, person: null } : { address: people.get(one.toLowerCase())!.email, person: people.get(one.toLowerCase())!.id }))
      return step.services.mail(step, to, subject || '(no subject)', textOf(step.settings.text))
    },
  }),
  node({
    ...action, type: 'notification', title: 'Notify people', description: 'Tells members in the product, and by mail where they wish it.', effect: 'ours',
    settings: Strict({ people: Type.Optional(People), role: Type.Optional(Role), message: Template({ title: 'Message', maxLength: 2000, long: true }) }),
    produces: Type.Object({ told: Type.Integer() }),
    check(settings, report) {
      if (settings.people === undefined && settings.role === undefined) report('/people', 'needs people or a role')
    },
    async run(step) {
      const message = textOf(step.settings.message).trim()
      if (!message) throw new StepFailure('step.invalid', 'message is empty')
      const people = [...(await step.services.people.find(step, listFrom(step.settings.people ?? []))).values()].map(({ id }) => id)
      return { told: await step.services.people.tell(step, { people, role: step.settings.role, message: message.slice(0, 500) }) }
    },
  }),
  node({
    ...action, type: 'db_query', title: 'Query a database', description: 'Runs one SQL statement on a connection\'s database, never on this product\'s own. Values are bound as parameters, never part of the text.', effect: 'outside', timeoutMs: 30_000,
    connection: { kinds: ['database'], required: true },
    settings: Strict({
      sql: Type.String({ minLength: 1, maxLength: 20_000, title: 'SQL', 'x-long': true, description: 'Parameters are written $1, $2 (PostgreSQL) or ? (MySQL). No expressions here.' }),
      parameters: Type.Optional(Type.Array(Value({ title: 'Parameter' }), { maxItems: 100, title: 'Parameters' })), maxRows: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, title: 'Rows at most' })),
    }),
    produces: Type.Object({ rows: Type.Array(Type.Object({})), count: Type.Integer(), more: Type.Boolean() }),
    check(settings, report) {
      if (String(settings.sql).includes('${{')) report('/sql', 'holds no expressions: write $1 and give its value in parameters')
    },
    run: (step) => step.services.query(step, step.authored.sql, (step.settings.parameters ?? []) as Json[], step.settings.maxRows ?? 1000),
  }),
  node({ ...action, retry: noRetry, type: 'transform', ...transform }),
  node({
    ...action, type: 'custom', title: 'Code', description: 'JavaScript or TypeScript in a sandbox without network, files or clock of its own: `export default async (input, ctx) => ...`. It has a second.', timeoutMs: 30_000,
    settings: Strict({ code: Type.String({ minLength: 1, maxLength: 100_000, title: 'Code', 'x-code': true }), input: Type.Optional(Value({ title: 'Input' })), hosts: Type.Optional(Type.Array(Type.String({ maxLength: 253 }), { maxItems: 20, title: 'Hosts it may call', description: 'Its `fetch` reaches these only.' })) }),
    produces: Any, effect: 'outside',
    run: (step) => step.services.code(step, step.authored.code, (step.settings.input ?? null) as Json, (step.settings.hosts ?? []) as string[]),
  }),
  node({
    primitive: 'action', form: 'wait', type: 'wait', title: 'Wait', description: 'For a while, until a time, for an event of the product, or for a signal sent to the run. A run that waits costs nothing.', effect: 'ours', retry: usualRetry,
    ways: ['case:timeout'], produces: Type.Object({ timedOut: Type.Boolean(), payload: Any }),
    settings: Strict({
      for: Type.Optional(Duration({ title: 'For' })), until: Type.Optional(Template({ title: 'Until', maxLength: 2000, description: 'A time (RFC 3339), or an expression that gives one.' })),
      event: Type.Optional(Type.String({ title: 'For an event', pattern: '^[a-z][a-z-]*\\.[a-z-]+$', 'x-pick': 'event' })), subject: Type.Optional(Template({ title: 'Of this subject', maxLength: 2000, description: 'Id of the thing the event must be about.' })),
      signal: Type.Optional(Type.String({ title: 'For a signal', pattern: '^[a-z][a-z0-9_.-]{0,79}$', description: 'Sent with POST /runs/{id}/signals/{name}.' })), timeout: Type.Optional(Duration({ title: 'At most', description: 'Then it goes on by `case:timeout`, or plainly.' })),
    }),
    check(settings, report) {
      const given = ['for', 'until', 'event', 'signal'].filter((name) => settings[name] !== undefined)
      if (given.length !== 1) report(`/${given[1] ?? 'for'}`, 'needs exactly one of for, until, event and signal')
      if (settings.timeout !== undefined && settings.event === undefined && settings.signal === undefined) report('/timeout', 'goes with an event or a signal only')
      if (settings.subject !== undefined && settings.event === undefined) report('/subject', 'goes with an event only')
      if (settings.event !== undefined && settings.subject === undefined) report('/subject', 'is needed: which thing the event must be about')
    },
    async run(step) {
      if (step.authored.event !== undefined) return step.services.listen(step, step.authored.event, textOf(step.settings.subject))
      const until = textOf(step.settings.until)
      if (Number.isNaN(Date.parse(until))) throw new StepFailure('step.invalid', `until is "${until.slice(0, 100)}", which is no time such as 2026-12-01T09:00:00Z`)
      return { until: new Date(until).toISOString() }
    },
  }),
  node({
    primitive: 'action', form: 'approval', type: 'approval', title: 'Approval', description: 'Asks people to approve or reject, and waits. `true` goes on when approved, `false` when rejected, `case:timeout` when nobody decided in time.', effect: 'ours', retry: usualRetry,
    ways: ['true', 'false', 'case:timeout'], produces: Type.Object({ approved: Type.Boolean(), timedOut: Type.Boolean(), payload: Type.Object({ decision: Type.String(), comment: Type.String() }), by: Type.String() }),
    settings: Strict({
      title: Template({ title: 'Question', maxLength: 500 }), text: Type.Optional(Template({ title: 'Text', maxLength: 10_000, long: true })), people: Type.Optional(People), role: Type.Optional(Role),
      deadline: Type.Optional(Duration({ title: 'Deadline' })), escalateAfter: Type.Optional(Duration({ title: 'Escalate after' })), escalateTo: Type.Optional(Type.Enum(['admin', 'owner'], { title: 'Escalate to', description: 'They are told then, and may decide too.' })),
    }),
    check(settings, report) {
      if (settings.people === undefined && settings.role === undefined) report('/people', 'needs people or a role')
      if ((settings.escalateAfter === undefined) !== (settings.escalateTo === undefined)) report('/escalateTo', 'goes together with escalateAfter')
      if (settings.escalateAfter && settings.deadline && millisecondsOf(settings.escalateAfter)! >= millisecondsOf(settings.deadline)!) report('/escalateAfter', 'must be before the deadline')
    },
    run: (step) => step.services.ask(step, approvalOf(step.settings)),
  }),
  node({
    primitive: 'action', form: 'child', type: 'workflow', title: 'Run another workflow', description: 'Starts another workflow of this tenant and waits for what it gives. It acts as this run does.', effect: 'ours', retry: noRetry, produces: Any,
    settings: Strict({ workflowId: Type.String({ format: 'uuid', title: 'Workflow', 'x-pick': 'workflow' }), input: Type.Optional(Value({ title: 'Input', description: 'Without it, this run\'s own.' })), wait: Type.Optional(Type.Boolean({ default: true, title: 'Wait for its end' })) }),
    async run({ settings }) {
      return (settings.input ?? null) as Json
    },
  }),
]

export type Asked = { title: string; text: string; people: string[]; role: string | null; deadlineMs: number | null; escalateAfterMs: number | null; escalateTo: string | null }
function approvalOf(settings: Settings): Asked {
  const ms = (text: unknown) => (typeof text === 'string' ? (millisecondsOf(text) ?? null) : null)
  return {
    title: textOf(settings.title).trim().slice(0, 500) || 'Approval', text: textOf(settings.text).slice(0, 10_000), people: listFrom(settings.people ?? []), role: settings.role ?? null,
    deadlineMs: ms(settings.deadline), escalateAfterMs: ms(settings.escalateAfter), escalateTo: settings.escalateTo ?? null,
  }
}

const texts = (values: Record<string, unknown>): Record<string, string> => Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === null || value === undefined ? [] : [[name, textOf(value)]])))
/** What another server's refusal means for the step: some come again, some never will. */
export function answerFault({ status, headers, body }: { status: number; headers: Record<string, string>; body: unknown }): StepFailure {
  const said = textOf(body).slice(0, 300)
  const wait = headers['retry-after']
  const retryAfterMs = wait === undefined ? undefined : /^\d+$/.test(wait) ? Number(wait) * 1000 : Math.max(0, Date.parse(wait) - Date.now()) || undefined
  const again = status === 408 || status === 425 || status === 429 || status >= 500
  return new StepFailure(again ? 'http.unavailable' : 'http.refused', `the server answered ${status}${said ? `: ${said}` : ''}`, { details: { status }, ...(retryAfterMs ? { retryAfterMs } : {}) })
}
