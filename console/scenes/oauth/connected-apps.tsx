import { useQuery, useQueryClient } from '@tanstack/react-query'
import { AppWindow } from 'lucide-react'
import { getAll, remove } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Loaded, RowSkeletons } from '../../parts/states.tsx'
import { t } from '../../words.ts'
import { AccessLine } from './access-line.tsx'
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
                <AccessLine key={`${one.tenantId} ${one.clientId}`} icon={<AppWindow size={16} className="dim" aria-hidden="true" />} name={one.name} of={t('in {team}', { team: one.tenantName })} scopes={one.scopes} since={one.createdAt}
                  title={t('Take access from {name}', { name: one.name })} text={t('Its tokens end within two seconds. It can ask again.')}
                  take={() => remove(`/connected-apps/${one.clientId}`).then(() => markStale(cache, ['connected-apps.']))} />
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
