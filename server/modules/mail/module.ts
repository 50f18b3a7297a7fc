import { mailEvents } from '../../kernel/mail.ts'
import { module } from '../../kernel/module.ts'
import { createSender, type SenderOptions } from './service.ts'

/** Hands queued letters to the Mail port. Queueing is the kernel's `queueMail`; the outbox page is the operators'. */
export const createMail = (o: SenderOptions) => module({ name: 'mail', about: 'Letters, each a row first and then a step that is repeated until it succeeds.', jobs: [createSender(o)], events: mailEvents })
