import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { AppWindow } from 'lucide-react'
import { getAll, remove } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { t } from '../../words.ts'
import type { ConnectedApp } from './parts.tsx'

/** What I allowed to other software, in all my teams. */
export function ConnectedApps() {
  const cache = useQueryClient()
  const apps = useQuery({ queryKey: ['connected-apps.list'], queryFn: ({ signal }) => getAll<ConnectedApp>('/connected-apps', {}, signal) })
  return (
    <div className="box">
      <Loaded of={apps} what={t('The connected apps could not be read')} skeleton={<RowSkeletons count={2} h={52} />}>
        {(all) =>
          all.length ? (
            <ul className="rows">
              {all.map((one) => (
                <li key={`${one.tenantId} ${one.clientId}`}>
                  <div className="line" style={{ minHeight: 52 }}>
                    <AppWindow size={16} className="dim" aria-hidden="true" />
                    <div className="grow">
                      <div className="truncate">
                        {one.name} <span className="dim">{t('in {team}', { team: one.tenantName })}</span>
                      </div>
                      <div className="meta truncate">
                        {one.scopes.join(' ')} · {t('since')} <Time at={one.createdAt} />
                      </div>
                    </div>
                    <Button
                      size="compact-sm"
                      variant="default"
                      aria-label={t('Take access from {name}', { name: one.name })}
                      onClick={() =>
                        ask({
                          title: t('Take access from {name}', { name: one.name }),
                          text: t('Its tokens end within two seconds. It can ask again.'),
                          verb: t('Take access'),
                          danger: true,
                          run: () => remove(`/connected-apps/${one.clientId}`).then(() => markStale(cache, ['connected-apps.'])),
                        })
                      }
                    >
                      {t('Take access')}
                    </Button>
                  </div>
                </li>
              ))}
            </ul>
          ) : (
            <p className="meta" style={{ padding: 12 }}>
              {t('No application has access in your name.')}
            </p>
          )
        }
      </Loaded>
    </div>
  )
}
