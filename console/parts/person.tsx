import { t } from '../words.ts'

/** The same person has the same hue everywhere. */
export const hueOf = (id: string) => [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7) % 7

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
    <span className="label" data-hue={hueOf(name)} title={name}>
      <span>{name}</span>
    </span>
  )
}
