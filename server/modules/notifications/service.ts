// Telling people: who is told of what by which channel, what they read of it.
import type { Context, Tx } from '../../kernel/db.ts'
import { only } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { addJob } from '../../kernel/jobs.ts'
import { idShape, page, parseCursor } from '../../kernel/pages.ts'
import type { List } from '../../kernel/schema.ts'
import { findNotification, insertNotification, listAdmins, listNotifications, listRecipients, markAllRead, markRead } from './queries.ts'
import { channelsOf, type Kind, type Notification, type NotificationQuery } from './schema.ts'

export const mailJob = 'notifications.mail'
export type Wish = { personId: string; kind: Kind }
/** What people are told of. `source` tells the same thing again from another one. */
export type Occasion = { source: string; projectId: string | null; taskId: string | null; commentId?: string | null; actorId: string | null; notice?: Words; wishes: readonly Wish[] }
/** A notice's own words; `link` is a path of the console. They stand in clear: no person's name or address in them. */
export type Words = { title: string; link: string | null }
type Chosen = Parameters<typeof channelsOf>[1]

/**
 * Tells those who may see it, each once per occasion: the first wish for a person counts. Acts for nobody: give it a context of the tenant
 * without a person (a reader's, a job's).
 * @returns how many were told
 */
export async function tell(ctx: Context, { source, projectId, taskId, commentId = null, actorId, notice, wishes }: Occasion): Promise<number> {
  const kindOf = new Map<string, Kind>()
  for (const { personId, kind } of wishes) if (personId !== actorId && !kindOf.has(personId)) kindOf.set(personId, kind)
  if (!kindOf.size) return 0
  return ctx.happen(async (tx: Tx) => {
    const recipients = await tx(listRecipients([...kindOf.keys()], projectId, source))
    const happened = recipients.flatMap(({ personId, chosen }) => {
      const kind = kindOf.get(personId)!
      const { inApp, mail, digest } = channelsOf(kind, chosen as Chosen)
      if (!inApp && !mail && !digest) return []
      const id = newId()
      tx.later(insertNotification({ id, personId, kind, source, projectId, taskId, commentId, actorId, shown: inApp, title: notice?.title.slice(0, 200) ?? null, link: notice?.link ?? null }))
      if (mail) tx.later(addJob(tx, { name: mailJob, data: { notificationId: id }, key: id }))
      return [{ name: 'notification.created' as const, subject: id, person: personId, data: { kind, projectId, taskId } }]
    })
    return { happened, result: happened.length }
  })
}

/** Tells the tenant's admins and owners of something that is no task, each once per source, by the channels they prefer. @returns how many were told */
export async function tellAdmins(ctx: Context, { source, title, link }: Words & { source: string }): Promise<number> {
  const [admins] = await ctx.read(listAdmins())
  return tell(ctx, { source, projectId: null, taskId: null, actorId: null, notice: { title, link }, wishes: admins.map(({ personId }) => ({ personId, kind: 'notice' })) })
}

const last = ['ffffffff-ffff-ffff-ffff-ffffffffffff']
/** `@[Mia](user:...)` is how a comment keeps a mention; people read `@Mia`. */
export const plainText = (text: string | null): string | null => text && text.replace(/@\[([^\]]*)\]\(user:[^)]*\)/g, '@$1')
const shown = (row: Notification): Notification => ({ ...row, excerpt: plainText(row.excerpt) })

/** The caller's own, newest first. */
export async function listMine(ctx: Context, { after, limit, unread }: NotificationQuery): Promise<List<Notification>> {
  const [before] = parseCursor(after, last, [idShape])
  const [rows] = await ctx.read(listNotifications(ctx, unread ?? null, before!, limit + 1))
  return page(rows.map(shown), limit, (n) => [n.id])
}

/** Read once: again it stays as it is, and nothing is written. */
export function readOne(ctx: Context, id: string): Promise<Notification> {
  return ctx.happen(async (tx) => {
    const found = only(await tx(findNotification(tx, id)), 'notification')
    if (found.readAt) return { happened: [], result: shown(found) }
    const [, [now]] = await tx.run(markRead(tx.actor.id, id), findNotification(tx, id))
    const { kind, projectId, taskId } = found
    return { happened: [{ name: 'notification.read', subject: id, person: tx.actor.id, data: { kind, projectId, taskId } }], result: shown(now!) }
  })
}

/** One event for all: nobody follows the single ones. */
export function readAll(ctx: Context): Promise<{ read: number }> {
  return ctx.happen(async (tx) => {
    const { count } = await tx(markAllRead(tx.actor.id))
    const person = tx.actor.id
    return { happened: count && person ? [{ name: 'notification.all-read', subject: person, person, data: { count } }] : [], result: { read: count } }
  })
}
