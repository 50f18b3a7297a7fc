// A key ends with the membership of whoever answers for it: at once for the check, which looks at the membership, and for good by this.
import { reader } from '../../kernel/readers.ts'
import { endKeysOf } from './queries.ts'

export const endWithMaker = reader('keys.makers', ['member.removed'], (tx, event) =>
  tx.happen(async (inner) => {
    const ended = await inner(endKeysOf(event.subject.id))
    return { happened: ended.map(({ id }) => ({ name: 'api-key.ended' as const, subject: id, data: { madeBy: event.subject.id } })), result: undefined }
  }), { always: true })
