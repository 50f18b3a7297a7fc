// What the team's people allowed applications: who, what, since when; an admin takes it back.
import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { remove } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { More, usePages } from '../../parts/pages.tsx'
import { Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { t } from '../../words.ts'

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
                  <li key={`${one.clientId} ${one.userId}`}>
                    <div className="line" style={{ minHeight: 52 }}>
                      <div className="grow">
                        <div className="truncate">
                          {one.userName} <span className="dim">{t('to {name}', { name: one.clientName })}</span>
                        </div>
                        <div className="meta truncate">
                          {one.scopes.join(' ')} · {t('since')} <Time at={one.createdAt} />
                        </div>
                      </div>
                      <Button
                        size="compact-sm"
                        variant="default"
                        aria-label={t('Take access of {name} to the account of {person}', { name: one.clientName, person: one.userName })}
                        onClick={() =>
                          ask({
                            title: t('Take access of {name} to the account of {person}', { name: one.clientName, person: one.userName }),
                            text: t('Its tokens in the name of {email} end within two seconds. The person may allow it again.', { email: one.email }),
                            verb: t('Take access'),
                            danger: true,
                            run: () => remove(`/oauth-consents/${one.clientId}/${one.userId}`).then(() => markStale(cache, ['oauth.consents'])),
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
