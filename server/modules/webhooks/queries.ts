import { Id, Nullable, Type } from '../../kernel/schema.ts'
import { sql, statement } from '../../kernel/sql.ts'
import { DeliveryRow, WebhookRow } from './schema.ts'

export const deliverJob = 'webhooks.deliver'

const columns = sql`w.id, w.url, w.description, w.events, w.status, w.disabled_reason as "disabledReason", w.failing_since as "failingSince", case when w.old_secret_until > now() then w.old_secret_until end as "previousSecretEndsAt",
  (select count(*)::int from webhook_deliveries d where d.tenant_id = w.tenant_id and d.webhook_id = w.id and d.state = 'pending') as waiting,
  w.created_by as "createdBy", w.version, w.created_at as "createdAt", w.updated_at as "updatedAt"`
export const listWebhooks = statement('webhooks.list', WebhookRow, (before: string, limit: number) => sql`select ${columns} from webhooks w where w.id < ${before} order by w.id desc limit ${limit}`, [['', 1]])
export const findWebhook = statement('webhooks.find', WebhookRow, (id: string) => sql`select ${columns} from webhooks w where w.id = ${id}`)
export const lockWebhook = statement('webhooks.lock', Type.Object({ ...WebhookRow.properties, now: Type.String() }), (id: string) => sql`select ${columns}, now() as now from webhooks w where w.id = ${id} for no key update of w`)
export const countWebhooks = statement('webhooks.count', Type.Object({ count: Type.Integer() }), () => sql`select count(*)::int as count from webhooks`)
export const insertWebhook = statement('webhooks.insert', Type.Object({ now: Type.String() }), (w: { id: string; url: string; description: string | null; events: readonly string[]; secret: Buffer; createdBy: string | null }) => sql`
  insert into webhooks (id, url, description, events, secret, created_by) values (${w.id}, ${w.url}, ${w.description}, ${w.events}, ${w.secret}, ${w.createdBy}) returning created_at as now`)
export const updateWebhook = (w: { id: string; url: string; description: string | null; events: readonly string[]; status: string }) => sql`
  update webhooks set url = ${w.url}, description = ${w.description}, events = ${w.events}, status = ${w.status},
    disabled_reason = case when ${w.status} = 'disabled' then disabled_reason end, failing_since = case when ${w.status} = 'active' and status <> 'active' then null else failing_since end
  where id = ${w.id}`
export const deleteWebhook = (id: string) => sql`delete from webhooks where id = ${id}`
export const rotateSecret = (id: string, secret: Buffer, until: string) => sql`update webhooks set old_secret = secret, old_secret_until = ${until}, secret = ${secret} where id = ${id}`
export const disableWebhook = (id: string, reason: string) => sql`update webhooks set status = 'disabled', disabled_reason = ${reason} where id = ${id}`
export const noteFailing = (id: string) => sql`update webhooks set failing_since = now() where id = ${id} and failing_since is null`
export const noteWorking = (id: string) => sql`update webhooks set failing_since = null where id = ${id} and failing_since is not null`

const Listener = Type.Object({ id: Id, status: Type.String() })
/** Webhooks that listen to one of these patterns, or to this one alone. A disabled one is told nothing. */
export const listListeners = statement('webhooks.listeners', Listener, (patterns: readonly string[], only: string | null) => sql`
  select id, status from webhooks where status <> 'disabled' and (case when ${only}::uuid is null then events && ${patterns} else id = ${only} end) order by id`)
/** Of these tenants those that have a webhook: as gw_system. */
export const listListeningTenants = statement('webhooks.listening-tenants', Type.Object({ tenantId: Id }), (tenants: readonly string[]) => sql`
  select t.id as "tenantId" from unnest(${tenants}::uuid[]) as t (id) where exists (select from webhooks w where w.tenant_id = t.id)`)

export type NewDelivery = { id: string; webhookId: string; eventId: string; eventName: string; pos: number; seq: number; body: Buffer }
/** Again for the same event: a new round, with the bytes of the first. */
export const putDelivery = (d: NewDelivery, again: boolean) => sql`
  insert into webhook_deliveries (id, webhook_id, event_id, event_name, pos, seq, body) values (${d.id}, ${d.webhookId}, ${d.eventId}, ${d.eventName}, ${d.pos}, ${d.seq}, ${d.body})
  on conflict (tenant_id, webhook_id, event_id) do update set state = 'pending', round = webhook_deliveries.round + 1, attempt = 0, next_at = null where ${again}`
/** Jobs for what is pending and has none of its round: the key keeps a second one out. */
export const queueDeliveries = (webhookId: string, eventIds: readonly string[] | null, request: string, cause: string | null) => sql`
  insert into jobs (tenant_id, id, name, key, data, run_at, max_attempts, cause_id, request_id)
  select d.tenant_id, uuid7(), ${deliverJob}, d.id || ':' || d.round || ':' || d.attempt, jsonb_build_object('deliveryId', d.id, 'round', d.round, 'attempt', d.attempt),
    greatest(now(), coalesce(d.next_at, now())), 8, ${cause}, ${request}
  from webhook_deliveries d join webhooks w on w.tenant_id = d.tenant_id and w.id = d.webhook_id
  where d.webhook_id = ${webhookId} and d.state = 'pending' and w.status = 'active' and (${eventIds}::uuid[] is null or d.event_id = any (${eventIds}::uuid[])) on conflict do nothing`
/** What a switched-off webhook left behind begins a new round, since the jobs of the old one are done. */
export const renewPending = (webhookId: string) => sql`update webhook_deliveries set round = round + 1, attempt = 0, next_at = null where webhook_id = ${webhookId} and state = 'pending'`
const Ids = Type.Object({ id: Id })
export const renewLast = statement('webhooks.renew-last', Ids, (webhookId: string, count: number) => sql`
  update webhook_deliveries set state = 'pending', round = round + 1, attempt = 0, next_at = null
  where id in (select id from webhook_deliveries where webhook_id = ${webhookId} order by pos desc, seq desc limit ${count}) returning id`)
export const renewThese = statement('webhooks.renew-these', Ids, (webhookId: string, ids: readonly string[]) => sql`
  update webhook_deliveries set state = 'pending', round = round + 1, attempt = 0, next_at = null where webhook_id = ${webhookId} and id = any (${ids}) returning id`)

const deliveryColumns = sql`d.id, d.event_id as "eventId", d.event_name as "eventName", d.state, d.attempt, d.next_at as "nextAt", d.status_code as "statusCode", d.error, d.duration_ms as "durationMs",
  d.delivered_at as "deliveredAt", d.version, d.created_at as "createdAt", d.updated_at as "updatedAt"`
export const listDeliveries = statement('webhooks.deliveries', DeliveryRow, (webhookId: string, state: string | null, before: string, limit: number) => sql`
  select ${deliveryColumns} from webhook_deliveries d where d.webhook_id = ${webhookId} and (${state}::text is null or d.state = ${state}) and d.id < ${before} order by d.id desc limit ${limit}`, [['', null, '', 1]])
export const findDelivery = statement('webhooks.delivery', Type.Object({ ...DeliveryRow.properties, body: Type.Unknown(), answer: Nullable(Type.Unknown()) }), (webhookId: string, id: string) => sql`
  select ${deliveryColumns}, d.body, d.answer from webhook_deliveries d where d.webhook_id = ${webhookId} and d.id = ${id}`)

const Due = Type.Object({
  webhookId: Id, eventId: Id, url: Type.String(), body: Type.Unknown(), secret: Type.Unknown(), oldSecret: Nullable(Type.Unknown()),
})
/** Undefined for a job whose round or try is past, or whose webhook is off. */
export const findDue = statement('webhooks.due', Due, (id: string, round: number, attempt: number) => sql`
  select d.webhook_id as "webhookId", d.event_id as "eventId", w.url, d.body, w.secret, case when w.old_secret_until > now() then w.old_secret end as "oldSecret"
  from webhook_deliveries d join webhooks w on w.tenant_id = d.tenant_id and w.id = d.webhook_id
  where d.id = ${id} and d.state = 'pending' and d.round = ${round} and d.attempt = ${attempt} and w.status = 'active'`)
export const lockDue = statement('webhooks.lock-due', Type.Object({ failingSince: Nullable(Type.String()) }), (id: string, round: number, attempt: number) => sql`
  select w.failing_since as "failingSince" from webhooks w join webhook_deliveries d on w.tenant_id = d.tenant_id and w.id = d.webhook_id
  where d.id = ${id} and d.state = 'pending' and d.round = ${round} and d.attempt = ${attempt} for no key update of w, d`)
export type Outcome = { state: 'pending' | 'delivered' | 'failed'; pauseMs: number | null; statusCode: number | null; answer: Buffer | null; error: string | null; durationMs: number }
export const keepOutcome = (id: string, o: Outcome) => sql`
  update webhook_deliveries set state = ${o.state}, attempt = attempt + 1, next_at = now() + ${o.pauseMs}::float8 * interval '1 ms', status_code = ${o.statusCode}, answer = ${o.answer}, error = ${o.error},
    duration_ms = ${o.durationMs}, delivered_at = case when ${o.state} = 'delivered' then now() end
  where id = ${id}`

const Place = Type.Object({ pos: Type.Integer(), seq: Type.Integer() })
export const findPlaceOf = statement('webhooks.place-of', Place, (from: string) => sql`select pos, seq from events where at >= ${from} order by pos, seq limit 1`)
/** @param answer sealed */
export const insertTry = (t: { deliveryId: string; round: number; attempt: number; statusCode: number | null; durationMs: number; answer: Buffer | null; error: string | null }) => sql`
  insert into webhook_tries (delivery_id, round, attempt, status_code, duration_ms, answer, error) values (${t.deliveryId}, ${t.round}, ${t.attempt}, ${t.statusCode}, ${t.durationMs}, ${t.answer}, ${t.error}) on conflict do nothing`
const TryRow = Type.Object({ round: Type.Integer(), attempt: Type.Integer(), at: Type.String(), statusCode: Nullable(Type.Integer()), durationMs: Type.Integer(), error: Nullable(Type.String()), answer: Nullable(Type.Unknown()) })
/** Newest first. */
export const listTries = statement('webhooks.tries', TryRow, (deliveryId: string, limit: number) => sql`
  select round, attempt, at, status_code as "statusCode", duration_ms as "durationMs", error, answer from webhook_tries where delivery_id = ${deliveryId} order by round desc, attempt desc limit ${limit}`)
export const sweepTries = (days: number) => sql`delete from webhook_tries where at < now() - ${days} * interval '1 day'`
export const sweepDeliveries = (days: number) => sql`delete from webhook_deliveries where state <> 'pending' and updated_at < now() - ${days} * interval '1 day'`
