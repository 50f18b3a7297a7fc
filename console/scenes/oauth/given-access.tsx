// What the team's people allowed applications: who, what, since when; an admin takes it back.
import { useQueryClient } from '@tanstack/react-query'
import { remove } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { More, usePages } from '../../parts/pages.tsx'
import { Loaded, RowSkeletons } from '../../parts/states.tsx'
import { t } from '../../words.ts'
import { AccessLine } from './access-line.tsx'

type Consent = { clientId: string; clientName: string; userId: string; userName: string; email: string; scopes: string[]; createdAt: string }

export function GivenAccess() {
  const cache = useQueryClient()
  const consents = usePages<Consent>(['oauth.consents'], '/oauth-consents')
  return (
    <>
      <div className="box">
        <Loaded of={consents} what={t('What people allowed could not be read')} skeleton={<RowSkeletons count={2} h={52} />}>
          {(all) =>
            all.length ? (
              <ul className="rows">
                {all.map((one) => (
                  <AccessLine key={`${one.clientId} ${one.userId}`} name={one.userName} of={t('to {name}', { name: one.clientName })} scopes={one.scopes} since={one.createdAt}
                    title={t('Take access of {name} to the account of {person}', { name: one.clientName, person: one.userName })}
                    text={t('Its tokens in the name of {email} end within two seconds. The person may allow it again.', { email: one.email })}
                    take={() => remove(`/oauth-consents/${one.clientId}/${one.userId}`).then(() => markStale(cache, ['oauth.consents']))} />
                ))}
              </ul>
            ) : (
              <p className="meta" style={{ padding: 12 }}>
                {t('Nobody has allowed an application anything yet.')}
              </p>
            )
          }
        </Loaded>
      </div>
      <More of={consents} />
    </>
  )
}
