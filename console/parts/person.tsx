import { t } from '../words.ts'

const hues = 7
const hashed = (id: string) => [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7) % hues
const seated = new Map<string, number>()

/** Gives the members of a team hues of their own as far as they reach, the oldest first, so that nobody's changes when somebody joins. */
export function seatPeople(people: { userId: string; createdAt?: string }[]) {
  seated.clear()
  const byAge = [...people].sort((one, other) => `${one.createdAt} ${one.userId}`.localeCompare(`${other.createdAt} ${other.userId}`))
  for (const [at, { userId }] of byAge.entries()) {
    const taken = new Set([...seated.values()].slice(at - (at % hues)))
    let hue = hashed(userId)
    while (taken.has(hue)) hue = (hue + 1) % hues
    seated.set(userId, hue)
  }
}

/** The same person has the same hue everywhere. */
const hueOf = (id: string) => seated.get(id) ?? hashed(id)

export const initialsOf = (name: string) => {
  const words = name.trim().split(/[\s@._-]+/).filter(Boolean)
  return ((words[0]?.[0] ?? '?') + (words.length > 1 ? (words[1]?.[0] ?? '') : '')).toUpperCase()
}

/** Initials in a circle; the name is for screen readers unless it stands beside (`named`). */
export function Avatar({ id, name, size, named }: { id: string | null | undefined; name?: string; size?: 'lg'; named?: boolean }) {
  if (!id)
    return (
      <span className="avatar" data-nobody data-size={size} title={t('Nobody')}>
        <span aria-hidden="true">·</span>
        {!named && <span className="sr">{t('Nobody')}</span>}
      </span>
    )
  const shown = name ?? t('Former member')
  return (
    <span className="avatar" data-hue={hueOf(id)} data-size={size} title={shown}>
      <span aria-hidden="true">{initialsOf(shown)}</span>
      {!named && <span className="sr">{shown}</span>}
    </span>
  )
}

export function Label({ name }: { name: string }) {
  return (
    <span className="label" data-hue={hashed(name)} title={name}>
      <span>{name}</span>
    </span>
  )
}
