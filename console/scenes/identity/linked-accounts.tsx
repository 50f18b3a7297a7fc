// Accounts elsewhere that open this one: Google, GitHub ..., as far as the installation offers them.
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link2 } from 'lucide-react'
import { get, post, remove } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Section } from '../../parts/form.tsx'
import { Time } from '../../parts/time.tsx'
import { sayProblem } from '../../parts/toasts.tsx'
import type { Page } from '../../things.ts'
import { t } from '../../words.ts'

type LinkedAccount = { provider: string; name: string; linkedAt: string | null; offered: boolean }

/** Nothing at all where nothing is offered. */
export function LinkedAccounts() {
  const cache = useQueryClient()
  const accounts = useQuery({ queryKey: ['linkedAccounts.list'], queryFn: async ({ signal }) => (await get<Page<LinkedAccount>>('/users/me/linked-accounts', undefined, signal)).items })
  if (!accounts.data?.length) return null
  const link = (provider: string, name: string) => post<{ url: string }>('/users/me/linked-accounts', { provider }).then(({ url }) => location.assign(url), (error: unknown) => sayProblem(error, t('{name} was not linked.', { name })))
  return (
    <Section title={t('Linked accounts')} text={t('Sign in with an account you have elsewhere. Its address need not be the same.')}>
      <div className="box">
        <ul className="rows">
          {accounts.data.map(({ provider, name, linkedAt, offered }) => (
            <li key={provider}>
              <div className="line" style={{ minHeight: 52 }}>
                <Link2 size={16} className="dim" aria-hidden="true" />
                <div className="grow">
                  <div className="truncate">{name}</div>
                  <div className="meta truncate">
                    {linkedAt ? (
                      <>
                        {offered ? t('linked') : t('no longer offered here, linked')} <Time at={linkedAt} />
                      </>
                    ) : (
                      t('not linked')
                    )}
                  </div>
                </div>
                {linkedAt ? (
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={t('Unlink {name}', { name })}
                    onClick={() =>
                      ask({
                        title: t('Unlink {name}', { name }),
                        text: t('It signs you in no more. Where you are signed in now, you stay.'),
                        verb: t('Unlink'),
                        danger: true,
                        run: () => remove(`/users/me/linked-accounts/${encodeURIComponent(provider)}`).then(() => markStale(cache, ['linkedAccounts.'])),
                      })
                    }
                  >
                    {t('Unlink')}
                  </Button>
                ) : (
                  <Button size="compact-sm" variant="default" aria-label={t('Link {name}', { name })} onClick={() => void link(provider, name)}>
                    {t('Link')}
                  </Button>
                )}
              </div>
            </li>
          ))}
        </ul>
      </div>
    </Section>
  )
}
