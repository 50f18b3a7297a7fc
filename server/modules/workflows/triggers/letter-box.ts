// Letters to email triggers: the local part is the trigger's token. Each is kept with its bytes, whether it was taken or why not, and begins one run
// of each trigger it was sent to, however often it is handed over.
import { Problem } from '../../../kernel/errors.ts'
import { LetterRefused, type Arrived, type LetterBox } from '../../../kernel/ports.ts'
import type { Parts } from '../parts.ts'
import type { Found, Hooks } from './hooks.ts'
import { letterType, objectionTo, readLetter, sumOf } from './letters.ts'

const mostHops = 30
const perAddress = { max: 120, windowMs: 60_000 }

export function createLetterBox({ kernel, limits }: Pick<Parts, 'kernel' | 'limits'>, hooks: Pick<Hooks, 'find' | 'takeIn' | 'keptOf' | 'contextOf'>): LetterBox {
  const takes = (found: Found | undefined): found is Found => found !== undefined && found.type === 'email' && found.enabled && found.status === 'active' && found.version > 0

  async function keep(target: Found, token: string, { raw, from, encrypted }: Arrived): Promise<void> {
    const limit = await kernel.bus.take(`limit:letters:${target.triggerId}`, perAddress)
    if (!limit.allowed) throw new LetterRefused('too many letters to this address', false)
    const read = await readLetter(raw, limits.inputChars, token).catch((error: unknown) => {
      throw new LetterRefused(`the letter cannot be read: ${String((error as Error)?.message ?? error).replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 200)}`, true)
    })
    if (read.hops > mostHops) throw new LetterRefused(`it went through ${read.hops} servers: it goes in a circle`, true)
    await hooks.takeIn(target, hooks.contextOf(target.tenantId, `letter:${sumOf(raw).slice(0, 16)}`), {
      method: 'MAIL', contentType: letterType, kept: hooks.keptOf(raw, {}, {}), bytes: raw.length, reason: objectionTo(target.settings as object, read, from), replayOf: null,
      input: { ...read.letter, encrypted }, dedupKey: `letter:${target.triggerId}:${sumOf(raw)}`,
    }).catch((error: unknown) => {
      throw error instanceof Problem && error.code === 'hook.storage_full' ? new LetterRefused('the mailbox is full: its team has used its storage', false) : error
    })
  }

  return {
    knows: async (local) => takes(await hooks.find(local)),
    async take(arrived) {
      let kept = 0
      for (const local of arrived.to) {
        const target = await hooks.find(local)
        if (!takes(target)) continue // it went between RCPT and DATA
        await keep(target, local, arrived)
        kept++
      }
      if (!kept) throw new LetterRefused('there is no such address any more', true)
    },
  }
}
