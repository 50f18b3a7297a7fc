import type { Context } from '../../kernel/db.ts'
import { only, refuse } from '../../kernel/errors.ts'
import { platformId } from '../../kernel/ids.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { mailBinding, type MailText } from '../../kernel/mail.ts'
import { idShape, page, parseCursor } from '../../kernel/pages.ts'
import type { List } from '../../kernel/schema.ts'
import { cancelJob, findInstallation, findMail, listJobs, listMails, lockInstallation, lockJob, release, releaseJobs, releaseMails, retryJob } from './queries.ts'
import type { Installation, Job, JobQuery, OutboxMail, OutboxQuery } from './schema.ts'

const last = ['ffffffff-ffff-ffff-ffff-ffffffffffff']
/** What a link says beyond its host is its secret: path, query and fragment go. */
export const maskLinks = (text: string): string => text.replace(/\bhttps?:\/\/[^\s<>"')\]]+/g, (link) => (URL.canParse(link) ? `${new URL(link).origin}/…` : '…'))

type MailRow = { id: string; tenantId: string; kind: string; status: OutboxMail['status']; sealed: unknown; error: string | null; sentAt: string | null; version: number; createdAt: string; updatedAt: string }

export function createDesk(kernel: Pick<Kernel, 'keys'>) {
  async function show({ sealed, ...row }: MailRow, revealed: boolean): Promise<OutboxMail> {
    const text = await kernel.keys.open(sealed as Buffer, mailBinding(row.id))
    if (text === null) return { ...row, to: null, subject: null, text: null, revealed: false, sealed: true }
    const words = JSON.parse(text) as MailText
    if (revealed) return { ...row, ...words, revealed }
    return { ...row, to: words.to, subject: maskLinks(words.subject), text: maskLinks(words.text), revealed }
  }
  return {
    /** Newest first. */
    async listJobs(ctx: Context, { after, limit, status, name }: JobQuery): Promise<List<Job>> {
      const [before] = parseCursor(after, last, [idShape])
      const [rows] = await ctx.read(listJobs({ status: status ?? null, name: name ?? null }, before!, limit + 1))
      return page(rows, limit, (j) => [j.id])
    },
    /** At once and with all its tries anew. @throws state.conflict for one that runs or is done */
    retryJob: (ctx: Context, id: string): Promise<Job> =>
      ctx.change('job.retried', async (tx) => {
        const job = only(await tx(lockJob(id)), 'job')
        if (job.status === 'running' || job.status === 'done') refuse('state.conflict', `the job is ${job.status}: only a waiting, failed, held or cancelled one can be tried again`)
        const [result] = await tx(retryJob(id))
        return { subject: id, data: { name: job.name, tenantId: job.tenantId, from: job.status }, result: result! }
      }),
    /** A try under way is not interrupted, but not repeated. @throws state.conflict for one that ended */
    cancelJob: (ctx: Context, id: string): Promise<Job> =>
      ctx.change('job.cancelled', async (tx) => {
        const job = only(await tx(lockJob(id)), 'job')
        if (job.status === 'done' || job.status === 'failed' || job.status === 'cancelled') refuse('state.conflict', `the job is ${job.status} already`)
        const [result] = await tx(cancelJob(id))
        return { subject: id, data: { name: job.name, tenantId: job.tenantId, from: job.status }, result: result! }
      }),
    async listMails(ctx: Context, { after, limit, status }: OutboxQuery): Promise<List<OutboxMail>> {
      const [before] = parseCursor(after, last, [idShape])
      const [rows] = await ctx.read(listMails(status ?? null, before!, limit + 1))
      const { items, next } = page(rows, limit, (m) => [m.id])
      return { items: await Promise.all(items.map((m) => show(m, false))), next }
    },
    /** The whole letter with its links, for an operator who hands one on; that they looked is an event. */
    async revealMail(ctx: Context, id: string): Promise<OutboxMail> {
      const mail = only((await ctx.read(findMail(id)))[0], 'mail')
      await ctx.change('mail.revealed', { subject: id, data: { kind: mail.kind, tenantId: mail.tenantId }, run: [] })
      return show(mail, true)
    },
    installation: async (ctx: Context): Promise<Installation> => ({ id: platformId, ...(await ctx.read(findInstallation()))[0][0]! }),
    /** Lets out what a restored backup had queued. @throws state.conflict when nothing is held */
    async release(ctx: Context): Promise<Installation> {
      await ctx.change('installation.released', async (tx) => {
        const [held] = await tx(lockInstallation())
        if (!held?.heldSince) refuse('state.conflict', 'nothing is held: only a restored backup holds its jobs')
        const [jobs, mails] = await tx.run(releaseJobs(), releaseMails(), release())
        return { subject: platformId, data: { heldSince: held.heldSince, jobs: jobs.count, mails: mails.count }, result: null }
      })
      return this.installation(ctx)
    },
  }
}
