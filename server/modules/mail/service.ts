import type { Job, JobHandler } from '../../kernel/jobs.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { mailBinding, sendJob, type MailText } from '../../kernel/mail.ts'
import type { Mail } from '../../kernel/ports.ts'
import { platformId } from '../../kernel/ids.ts'
import { dressed, type LetterBrand } from './dress.ts'
import { endMail, findMail } from './queries.ts'

export type SenderOptions = { kernel: Pick<Kernel, 'system' | 'keys' | 'publicUrl'>; port: Mail; brandOf?: (tenant: string) => Promise<LetterBrand | undefined> }

/** Mail servers like to repeat the address in their refusal; it must not get into a row or a log line. */
const withoutAddresses = (text: string) => text.replace(/[^\s<>,;:"'()]+@[^\s<>,;:"'()]+/g, '***')

/** The job `mail.send`. At least once: after a crash between sending and marking, the same letter goes out again under the same key. */
export function createSender({ kernel, port, brandOf }: SenderOptions): JobHandler {
  async function handle(job: Job): Promise<void> {
    const { mailId } = job.data as { mailId: string }
    const tenant = job.tenant_id
    const ctx = kernel.system.context({ tenant, actor: { type: 'system', id: null }, request: job.request_id ?? `job:${job.id}`, cause: job.cause_id })
    const [[mail]] = await ctx.read(findMail(tenant, mailId))
    if (!mail || mail.status === 'sent' || mail.status === 'kept') return
    const { kind } = mail
    const giveUp = (reason: string) => ctx.change('mail.failed', { subject: mailId, data: { kind, reason }, run: [endMail(tenant, mailId, job.id, 'failed', reason)] })
    const text = await kernel.keys.open(mail.sealed as Buffer, mailBinding(mailId))
    if (text === null) return void (await giveUp('its key was destroyed'))
    try {
      const { brand: worn = tenant, ...words } = JSON.parse(text) as MailText
      const brand = worn === platformId || words.html !== undefined ? undefined : await brandOf?.(worn)
      await port.send({ ...words, ...(brand ? { html: dressed(words.text, brand, kernel.publicUrl) } : {}), key: job.id })
    } catch (error) {
      const reason = withoutAddresses(String((error as Error)?.message ?? error)).slice(0, 500)
      const forGood = (error as { permanent?: boolean }).permanent === true // the port's word for "never"
      if (forGood || job.attempts >= job.max_attempts) await giveUp(reason)
      if (forGood) return
      throw new Error(`the mail was not handed over: ${reason}`) // without the cause: it may name the address
    }
    const kept = port.kind === 'outbox'
    await ctx.change(kept ? 'mail.kept' : 'mail.sent', { subject: mailId, data: { kind }, run: [endMail(tenant, mailId, job.id, kept ? 'kept' : 'sent', null)] })
  }
  return { name: sendJob, handle }
}
