import { ChevronsUpDown } from 'lucide-react'
import type { ComponentProps } from 'react'
import { isOneTeam } from './installation.ts'
import { Mark } from './parts/mark.tsx'
import { Avatar } from './parts/person.tsx'
import { useMe } from './reads.ts'
import { t } from './words.ts'

type Props = ComponentProps<'button'>

/** The active team; opens the list of teams, where there can be others. */
export function TeamButton(props: Props) {
  const { tenant } = useMe()
  if (isOneTeam())
    return (
      <div className="nav-item nav-team">
        <Mark />
        <span className="grow truncate">{tenant?.name ?? 'Groundwork'}</span>
      </div>
    )
  return (
    <button type="button" aria-haspopup="menu" aria-label={t('Team: {name}. Switch team', { name: tenant?.name ?? t('none') })} {...props} className="nav-item nav-team">
      <Mark />
      <span className="grow truncate">{tenant?.name ?? 'Groundwork'}</span>
      <ChevronsUpDown size={14} aria-hidden="true" />
    </button>
  )
}

export function PersonButton(props: Props) {
  const { user } = useMe()
  return (
    <button type="button" aria-haspopup="menu" {...props} className="nav-item nav-person">
      <Avatar id={user.id} name={user.name} named />
      <span className="truncate">{user.name}</span>
      <span className="sr">{t('Your account')}</span>
    </button>
  )
}
