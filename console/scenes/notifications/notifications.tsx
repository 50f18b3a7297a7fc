import { Button, SegmentedControl } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { AtSign, BellRing, CalendarClock, CheckCheck, Eye, UserRound, Users } from 'lucide-react'
import type { ReactNode } from 'react'
import { post } from '../../api.ts'
import { attempt, useChange } from '../../cache.ts'
import { Head } from '../../parts/head.tsx'
import { More, usePages } from '../../parts/pages.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { usePlaces } from '../../modules.ts'
import { useNames } from '../../reads.ts'
import type { Notification } from '../../things.ts'
import { t } from '../../words.ts'
import { readable } from '../tasks/mentions.ts'
import { Channels } from './channels.tsx'
import './notifications.css'

export function Notifications() {
  const show = (useSearch({ strict: false }) as { show?: string }).show ?? 'unread'
  const navigate = useNavigate()
  const cache = useQueryClient()
  const list = usePages<Notification>(['notifications.pages', { show }], '/notifications', { unread: show === 'unread' ? true : undefined }, { enabled: show !== 'preferences' })
  return (
    <>
      <Head title={t('Notifications')}>
        {show !== 'preferences' && !!list.data?.some((one) => !one.readAt) && (
          <Button size="xs" variant="default" leftSection={<CheckCheck size={14} />} onClick={() => void attempt(cache, t('They were not marked.'), ['notifications.'], () => post('/notifications/read-all'))}>
            {t('Mark all as read')}
          </Button>
        )}
      </Head>
      <div className="toolbar">
        <SegmentedControl
          size="xs"
          aria-label={t('Which notifications')}
          value={show}
          onChange={(next) => void navigate({ to: '.', search: { show: next === 'unread' ? undefined : next } as never, replace: true })}
          data={[
            { value: 'unread', label: t('Unread') },
            { value: 'all', label: t('All') },
            { value: 'preferences', label: t('Preferences') },
          ]}
        />
      </div>
      <div className="body">
        {show === 'preferences' ? (
          <Channels />
        ) : (
          <Loaded of={list} what={t('The notifications could not be read')} skeleton={<RowSkeletons count={8} h={60} />}>
            {(all) =>
              all.length ? (
                <>
                  <ul className="rows notices">
                    {all.map((one) => (
                      <Notice key={one.id} notice={one} />
                    ))}
                  </ul>
                  <More of={list}>{t('Show older ones')}</More>
                </>
              ) : (
                <Empty title={show === 'unread' ? t('All read') : t('Nothing yet')}>{t('You hear when a task is assigned to you, when somebody mentions you, when a task you watch changes, and before yours are due.')}</Empty>
              )
            }
          </Loaded>
        )}
      </div>
    </>
  )
}

const icons: Record<string, ReactNode> = {
  assigned: <UserRound size={16} aria-hidden="true" />,
  mentioned: <AtSign size={16} aria-hidden="true" />,
  watched: <Eye size={16} aria-hidden="true" />,
  due: <CalendarClock size={16} aria-hidden="true" />,
  invited: <Users size={16} aria-hidden="true" />,
  notice: <BellRing size={16} aria-hidden="true" />,
}

function Notice({ notice }: { notice: Notification }) {
  const leads = usePlaces()
  const nameOf = useNames()
  const who = nameOf(notice.actorId) ?? t('Somebody')
  const words: Record<string, string> = {
    assigned: t('{who} assigned it to you', { who }),
    mentioned: t('{who} mentioned you', { who }),
    watched: notice.excerpt ? t('{who} commented', { who }) : t('{who} changed it', { who }),
    due: t('It is due soon'),
    invited: t('{who} invites you to a team', { who }),
    notice: notice.link?.startsWith('/approvals') ? t('A workflow waits for your answer') : t('For the team\'s admins'),
  }
  const read = useChange<void, unknown>({ run: () => post(`/notifications/${notice.id}/read`), stale: ['notifications.'], failed: t('It was not marked as read.') })
  const mark = () => !notice.readAt && read.mutate()
  const title = notice.title ?? notice.taskTitle ?? notice.projectName ?? (notice.kind === 'invited' ? t('An invitation') : t('A task'))
  const content = (
    <>
      <span className="notice-icon">{icons[notice.kind] ?? icons.watched}</span>
      <span className="grow">
        <span className="notice-title">
          {notice.taskRef && <span className="ref">{notice.taskRef}</span>} {title}
        </span>
        <span className="meta" style={{ display: 'block' }}>
          {words[notice.kind] ?? notice.kind} · <Time at={notice.createdAt} />
        </span>
        {notice.excerpt && <span className="notice-excerpt truncate">{readable(notice.excerpt)}</span>}
      </span>
    </>
  )
  return (
    <li className="notice" data-unread={!notice.readAt || undefined}>
      {notice.taskId && leads('/tasks') ? (
        <Link className="line" to="/tasks/$task" params={{ task: notice.taskRef ?? notice.taskId }} onClick={mark}>
          {content}
        </Link>
      ) : notice.link && leads(notice.link) ? (
        <Link className="line" to={notice.link} onClick={mark}>
          {content}
        </Link>
      ) : (
        <div className="line">{content}</div>
      )}
      {!notice.readAt && (
        <button type="button" className="plain unread-dot" aria-label={t('Mark as read: {title}', { title })} title={t('Mark as read')} onClick={mark} />
      )}
    </li>
  )
}
