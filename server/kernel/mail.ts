// Mail is a row first, in the transaction of the change that wants it; a job hands it over. Address, subject and text are sealed: whoever reads
// the tables, a dump or a backup sees that there was a mail, not to whom nor what it said.
import type { Context } from './db.ts'
import { event, type PayloadsOf } from './events.ts'
import { newId, platformId } from './ids.ts'
import { addJob } from './jobs.ts'
import type { KeyRing } from './keys.ts'
import { Strict, Type } from './schema.ts'
import { sql } from './sql.ts'

const OfKind = Strict({ kind: Type.String() })
export const mailEvents = {
  'mail.queued': event(OfKind, { audience: 'admins', about: 'A mail waits to be handed over; address and text stand nowhere in clear.' }),
  'mail.sent': event(OfKind, { audience: 'admins', about: 'The mail server took it.' }),
  'mail.kept': event(OfKind, { audience: 'admins', about: 'Without a mail server it is kept on the outbox page.' }),
  'mail.failed': event(Strict({ kind: Type.String(), reason: Type.String() }), { audience: 'admins', about: 'Given up after the last try.' }),
}
declare module './events.ts' {
  interface EventMap extends PayloadsOf<typeof mailEvents> {}
}

/** `kind` names the template (`invitation`, `reset`); `person` is the recipient where it is one of ours: their key seals it, so it goes with the account.
    `brand`: the tenant whose colours it wears, where it is not the one that sends it. */
export type NewMail = { kind: string; to: string; subject: string; text: string; html?: string; person?: string | null; brand?: string | undefined }
export type MailText = Pick<NewMail, 'to' | 'subject' | 'text' | 'html' | 'brand'>
export const mailBinding = (id: string): string => `mails/sealed/${id}`
export const sendJob = 'mail.send'

const insertMail = (tenant: string, id: string, kind: string, sealed: Buffer) => sql`insert into mails (tenant_id, id, kind, sealed) values (${tenant}, ${id}, ${kind}, ${sealed})`

/**
 * Queues a mail: inside a change it commits with it, outside it is a change of its own. A request without a person (a forgotten password) has no
 * right to write under the platform's id: give it a context of `kernel.system`.
 * @returns the mail's id
 */
export async function queueMail(ctx: Context, keys: Pick<KeyRing, 'seal'>, { kind, to, subject, text, html, brand, person = null }: NewMail): Promise<string> {
  const id = newId()
  const words: MailText = { to, subject, text, ...(html === undefined ? {} : { html }), ...(brand === undefined ? {} : { brand }) }
  const sealed = await keys.seal({ tenant: ctx.tenant, person }, JSON.stringify(words), mailBinding(id))
  await ctx.change('mail.queued', {
    subject: id, data: { kind }, person: ctx.tenant === platformId ? (person ?? ctx.actor.id) : null,
    run: [insertMail(ctx.tenant, id, kind, sealed), addJob(ctx, { name: sendJob, data: { mailId: id }, key: id, maxAttempts: 14 })], // the last try about an hour later
  })
  return id
}
