import { Switch } from '@mantine/core'
import { patch } from '../../api.ts'
import { useChange } from '../../cache.ts'
import { Loaded, Skeleton } from '../../parts/states.tsx'
import { usePreferences } from '../../reads.ts'
import type { Preferences } from '../../things.ts'
import { t } from '../../words.ts'

const kindText = (): Record<string, [string, string]> => ({
  assigned: [t('Assigned'), t('A task becomes yours')],
  mentioned: [t('Mentioned'), t('Somebody writes @ and your name')],
  watched: [t('Watched'), t('A task you watch changes')],
  due: [t('Due'), t('A task of yours is due soon')],
  invited: [t('Invited'), t('Somebody invites you to a team')],
  notice: [t('Notices'), t('The team reaches a limit, or something of it stops working')],
})
const channelText = (): Record<string, string> => ({ inApp: t('Here'), mail: t('By mail'), digest: t('In the daily digest') })
const kinds = ['assigned', 'mentioned', 'watched', 'due', 'invited', 'notice']
const channels = ['inApp', 'mail', 'digest']
/** What holds where nothing was chosen. */
const usual = (kind: string): Record<string, boolean> => ({ inApp: true, mail: kind !== 'watched', digest: false })

/** Which kinds reach me, and how. */
export function Channels() {
  const preferences = usePreferences()
  const change = useChange<Preferences['notifications'], unknown>({
    run: (notifications) => patch('/users/me/preferences', { notifications }),
    stale: ['users.preferences'],
    failed: t('The preference was not saved.'),
    optimistic: (cache, notifications) => {
      const before = cache.getQueryData<Preferences>(['users.preferences'])
      cache.setQueryData<Preferences>(['users.preferences'], (now) => now && { ...now, notifications: { ...now.notifications, ...notifications } })
      return () => void cache.setQueryData(['users.preferences'], before)
    },
  })
  return (
    <div className="pad">
      <Loaded of={preferences} what={t('The preferences could not be read')} skeleton={<Skeleton h={240} />}>
        {({ notifications }) => {
          return (
            <div className="table-box">
              <table className="table">
                <caption className="sr">{t('Kinds of notifications and their channels')}</caption>
                <thead>
                  <tr>
                    <th>{t('When')}</th>
                    {channels.map((channel) => (
                      <th key={channel}>{channelText()[channel] ?? channel}</th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {[...new Set([...kinds, ...Object.keys(notifications)])].map((kind) => (
                    <tr key={kind}>
                      <td>
                        <div style={{ fontWeight: 500 }}>{kindText()[kind]?.[0] ?? kind}</div>
                        <div className="meta">{kindText()[kind]?.[1]}</div>
                      </td>
                      {channels.map((channel) => (
                        <td key={channel}>
                          {
                            <Switch
                              size="sm"
                              checked={notifications[kind]?.[channel] ?? usual(kind)[channel] ?? false}
                              aria-label={`${kindText()[kind]?.[0] ?? kind}, ${channelText()[channel] ?? channel}`}
                              onChange={(event) => change.mutate({ ...notifications, [kind]: { ...notifications[kind], [channel]: event.currentTarget.checked } })}
                            />
                          }
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }}
      </Loaded>
    </div>
  )
}
