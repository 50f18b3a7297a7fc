// Mails about notifications: one at once where that is preferred, and one each morning. What they say is read when they are written, so a task
// that was deleted, hidden or looked at meanwhile is not in them.
import type { Context, Who } from '../../kernel/db.ts'
import { platformId } from '../../kernel/ids.ts'
import { addJob, type Job, type JobHandler } from '../../kernel/jobs.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { queueMail } from '../../kernel/mail.ts'
import { systemWho } from '../../kernel/readers.ts'
import { findChosen, findPersonOf, findTold, listDigestReaders, listDue, listToldSince } from './queries.ts'
import { channelsOf, kinds, type Kind } from './schema.ts'
import { mailJob, plainText, tell } from './service.ts'

type Told = { kind: Kind; taskId: string | null; taskRef: string | null; taskTitle: string | null; projectId: string | null; projectName: string | null; actorName: string | null; excerpt: string | null; title: string | null; link: string | null }
const said: Record<Kind, (by: string) => string> = {
  assigned: (by) => `${by} assigned it to you`,
  mentioned: (by) => `${by} mentioned you`,
  watched: (by) => `${by} changed it`,
  due: () => 'it is due soon',
  invited: (by) => `${by} added you to the project`,
  notice: () => '',
}
const thing = (n: Told) => (n.taskRef ? `${n.taskRef} ${n.taskTitle}` : (n.projectName ?? 'Groundwork'))
const sentence = (n: Told) => n.title ?? `${thing(n)}: ${said[n.kind](n.actorName ?? 'Somebody')}`

export type LetterOptions = { kernel: Pick<Kernel, 'app' | 'system' | 'keys' | 'publicUrl'>; /** local hour of the digest */ digestHour?: number }

export function createLetters({ kernel, digestHour = 8 }: LetterOptions): JobHandler[] {
  const linkTo = (n: Told) => `${kernel.publicUrl}${n.taskId ? `/tasks/${n.taskId}` : n.projectId ? `/projects/${n.projectId}` : (n.link ?? '/notifications')}`
  const settings = `${kernel.publicUrl}/notifications?show=preferences`
  /** The tenant's policies, for nobody: what a job may see and write. */
  const inTenant = (tenant: string, job: Job, more: Partial<Who> = {}): Context =>
    kernel.app.context({ tenant, actor: { type: 'system', id: null }, request: job.request_id ?? `job:${job.id}`, cause: job.cause_id, ...more })
  /** As the person would see it; for reading only. */
  const asPerson = (ctx: Context, person: string, role: Who['role']): Context => kernel.app.context({ tenant: ctx.tenant, actor: { type: 'user', id: person }, request: ctx.request, role })

  const mailOne: JobHandler = {
    name: mailJob,
    async handle(job) {
      const { notificationId } = job.data as { notificationId: string }
      const ctx = inTenant(job.tenant_id, job)
      const [[whose]] = await ctx.read(findPersonOf(notificationId))
      if (!whose) return
      const person = asPerson(ctx, whose.personId, whose.role)
      const [[n]] = await person.read(findTold(person, notificationId))
      if (!n) return
      const excerpt = plainText(n.excerpt)
      await queueMail(ctx, kernel.keys, {
        kind: `notification-${n.kind}`, to: n.email, person: n.personId, subject: sentence(n),
        text: [`Hello ${n.name},`, '', `${sentence(n)}.`, ...(excerpt ? ['', ...excerpt.split('\n').map((line) => `> ${line}`)] : []), '', linkTo(n), '', `Team ${n.tenantName}. What reaches you by mail: ${settings}`].join('\n'),
      })
    },
  }
  const remindDue: JobHandler = {
    name: 'notifications.due', everyMs: 600_000,
    async handle(job, signal) {
      for (let after = platformId; !signal.aborted; ) {
        const [due] = await kernel.system.context(systemWho(`job:${job.id}`)).read(listDue(after, 200))
        for (const { tenantId, taskId, projectId, personId, source } of due) await tell(inTenant(tenantId, job), { source, projectId, taskId, actorId: null, wishes: [{ personId, kind: 'due' }] })
        if (due.length < 200) return
        after = due.at(-1)!.taskId
      }
    },
  }
  const planDigests: JobHandler = {
    name: 'notifications.plan-digests', everyMs: 3_600_000,
    async handle(job) {
      const [readers] = await kernel.system.context(systemWho(`job:${job.id}`)).read(listDigestReaders(digestHour))
      for (const { tenantId, personId, day } of readers) {
        const ctx = inTenant(tenantId, job)
        await ctx.change('digest.queued', { subject: personId, person: personId, data: { day }, run: [addJob(ctx, { name: 'notifications.digest', data: { personId }, key: `${personId}/${day}` })] })
      }
    },
  }
  const mailDigest: JobHandler = {
    name: 'notifications.digest',
    async handle(job) {
      const { personId } = job.data as { personId: string }
      const ctx = inTenant(job.tenant_id, job)
      const [[one]] = await ctx.read(findChosen(personId))
      if (!one) return
      const wanted = kinds.filter((kind) => channelsOf(kind, one.chosen as never).digest)
      const person = asPerson(ctx, personId, one.role)
      const [rows] = await person.read(listToldSince(person, wanted, 100))
      const [first] = rows
      if (!first) return
      await queueMail(ctx, kernel.keys, {
        kind: 'digest', to: first.email, person: personId, subject: `${first.tenantName}: ${rows.length} unread ${rows.length === 1 ? 'notification' : 'notifications'}`,
        text: [`Hello ${first.name},`, '', 'since yesterday:', '', ...rows.flatMap((n) => [`- ${sentence(n)}`, `  ${linkTo(n)}`]), '', `Which kinds are in here: ${settings}`].join('\n'),
      })
    },
  }
  return [mailOne, remindDue, planDigests, mailDigest]
}
