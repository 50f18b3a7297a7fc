import type { Member } from '../../things.ts'

/** Mentions as the server reads them: @[Name](user:id). Longer names first, since one may begin with another. */
export function written(text: string, members: Member[]) {
  return [...members].sort((one, other) => other.name.length - one.name.length).reduce((now, { name, userId }) => now.replaceAll(`@${name}`, `@[${name.replace(/[[\]()]/g, '')}](user:${userId})`), text)
}

/** The same text as a person edits it. */
export const readable = (text: string) => text.replace(/@\[([^\]]*)\]\(user:[0-9a-f-]+\)/g, '@$1')
