// The header of every scene: where I am on the left, what I can do on the right, live state and bell always at the same place.
import { ActionIcon } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Bell, Search } from 'lucide-react'
import { useEffect, useSyncExternalStore, type ReactNode } from 'react'
import { liveState, onLiveState } from '../live.ts'
import { show } from '../overlays.ts'
import { useDemand } from '../proof.ts'
import { useUnread } from '../reads.ts'
import { t } from '../words.ts'

export function Head({ title, before, children }: { title: string; before?: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Groundwork`
  }, [title])
  return (
    <header className="head">
      <div className="crumbs">
        {before && (
          <>
            {before}
            <span className="slash" aria-hidden="true">
              /
            </span>
          </>
        )}
        <h1 className="truncate">{title}</h1>
      </div>
      <div className="head-tools">
        {children}
        <LiveDot />
        <ActionIcon className="wide-only" aria-label={t('Search and commands')} onClick={() => show({ kind: 'palette' })}>
          <Search size={16} />
        </ActionIcon>
        <BellButton />
      </div>
    </header>
  )
}

const words = () => ({ starting: '', live: t('Live'), late: t('Reconnecting'), lost: t('Not live'), barred: t('No longer a member') })

function LiveDot() {
  const state = useSyncExternalStore(onLiveState, liveState)
  const demand = useDemand()
  const shown = state === 'late' || state === 'lost' || state === 'barred'
  return (
    <span className="live-dot" data-state={state} role="status" title={state === 'live' ? t('Live: changes of others appear by themselves') : t('What you see may be a moment old')}>
      <span className={shown ? undefined : 'sr'}>{words()[state === 'barred' && demand ? 'lost' : state]}</span>
    </span>
  )
}

function BellButton() {
  const count = useUnread().data?.items.length ?? 0
  return (
    <ActionIcon component={Link} to="/notifications" className="wide-only bell" aria-label={count ? t('Notifications, {count} unread', { count }) : t('Notifications')}>
      <Bell size={16} />
      {count > 0 && <span className="bell-dot" aria-hidden="true" />}
    </ActionIcon>
  )
}
