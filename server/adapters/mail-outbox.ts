// The Mail port without a mail server: letters stay in the table of mails, where operators read them on the outbox page.
import type { Mail } from '../kernel/ports.ts'

/** Takes every letter and sends none; `kind` tells the sending job to mark it kept. */
export function openOutbox(): Mail {
  return { kind: 'outbox', send: async () => {}, close: async () => {} }
}
