// Applications that ask this team's OAuth server: who they are, what they may ask for, their secrets; and the scopes the team adds.
import { ActionIcon, Button, Menu } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { AppWindow, Cpu, Ellipsis, MonitorSmartphone } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { getAll, post, remove } from '../../api.ts'
import { attempt, markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Copyable } from '../../parts/copyable.tsx'
import { Section } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { say } from '../../parts/toasts.tsx'
import { useMe } from '../../reads.ts'
import { t } from '../../words.ts'
import { ApplicationDialog } from './application-dialog.tsx'
import { GivenAccess } from './given-access.tsx'
import { device, usesOf, type Application, type Scope } from './parts.tsx'
import { ScopeDialog } from './scope-dialog.tsx'
import { TokenDialog } from './token-dialog.tsx'
import './oauth.css'

export function Applications() {
  const { tenant } = useMe()
  const cache = useQueryClient()
  const applications = useQuery({ queryKey: ['oauth.clients'], queryFn: ({ signal }) => getAll<Application>('/oauth-clients', {}, signal) })
  const scopes = useQuery({ queryKey: ['oauth.scopes'], queryFn: ({ signal }) => getAll<Scope>('/scopes', {}, signal) })
  const [edited, edit] = useState<Application | 'new' | null>(null)
  const [scope, setScope] = useState<Scope | 'new' | null>(null)
  const [shown, show] = useState<{ what: string; value: string } | null>(null)
  const issuer = `${location.origin}/t/${tenant?.id}/oauth`
  const [asking, setAsking] = useState(false)
  const once = useRef<HTMLDivElement>(null)
  useEffect(() => once.current?.scrollIntoView({ block: 'nearest' }), [shown])
  return (
    <>
      <Head title={t('Applications')}>
        <Button size="compact-sm" onClick={() => edit('new')}>
          {t('New application')}
        </Button>
      </Head>
      <div className="body">
        <div className="pad">
          {shown && (
            <div ref={once} className="note stack tight" data-tone="info" role="status" style={{ marginBottom: 20 }}>
              <span>
                <b>{shown.what}</b> {t('Copy it now: it is not shown again.')}
              </span>
              <Copyable value={shown.value} label={shown.what} />
            </div>
          )}
          <div className="box">
            <Loaded of={applications} what={t('The applications could not be read')} skeleton={<RowSkeletons count={3} h={60} />}>
              {(all) =>
                all.length ? (
                  <ul className="rows">
                    {all.map((one) => (
                      <Row key={one.id} application={one} edit={() => edit(one)} show={(value) => show({ what: t('Secret of {name}.', { name: one.name }), value })} />
                    ))}
                  </ul>
                ) : (
                  <Empty title={t('No application yet')} action={<Button onClick={() => edit('new')}>{t('New application')}</Button>}>
                    {t('Other software signs people in with this team, or works in its own name, through an application made here.')}
                  </Empty>
                )
              }
            </Loaded>
          </div>
          <Section title={t('Access people gave')} text={t('What members allowed applications to do in their name, in this team.')}>
            <GivenAccess />
          </Section>
          <Section title={t('Addresses')} text={t('Standard libraries find everything else from the issuer.')}>
            <Copyable value={issuer} label={t('Issuer')} />
            <Copyable value={`${issuer}/.well-known/openid-configuration`} label={t('Discovery')} />
          </Section>
          <Section title={t('Scopes of this team')} text={t('Beside read, write, profile and admin. Each opens what its permissions name.')}>
            <div className="box">
              <Loaded of={scopes} what={t('The scopes could not be read')} skeleton={<RowSkeletons count={2} h={52} />}>
                {(all) =>
                  all.length ? (
                    <ul className="rows">
                      {all.map((one) => (
                        <li key={one.id}>
                          <div className="line" style={{ minHeight: 52 }}>
                            <div className="grow">
                              <div className="truncate">
                                <code>{one.name}</code> <span className="dim">{one.description}</span>
                              </div>
                              <div className="meta truncate">{one.permissions.join(', ')}</div>
                            </div>
                            <Button size="compact-sm" variant="default" aria-label={t('Edit the scope {name}', { name: one.name })} onClick={() => setScope(one)}>
                              {t('Edit')}
                            </Button>
                            <Button
                              size="compact-sm"
                              variant="subtle"
                              color="gray"
                              aria-label={t('Remove the scope {name}', { name: one.name })}
                              onClick={() =>
                                ask({
                                  title: t('Remove {name}', { name: one.name }),
                                  text: t('Applications lose it at once. A scope made again under this name must be asked for again.'),
                                  verb: t('Remove {name}', { name: one.name }),
                                  danger: true,
                                  run: () => remove(`/scopes/${one.id}`).then(() => markStale(cache, ['oauth.'])),
                                })
                              }
                            >
                              {t('Remove')}
                            </Button>
                          </div>
                        </li>
                      ))}
                    </ul>
                  ) : (
                    <p className="meta" style={{ padding: 12 }}>
                      {t('None. Add one to let an application do less than read or write would.')}
                    </p>
                  )
                }
              </Loaded>
            </div>
            <div>
              <Button variant="default" onClick={() => setScope('new')}>
                {t('Add a scope')}
              </Button>
            </div>
          </Section>
          <Section title={t('Registration by software')} text={t('A token lets applications register themselves (RFC 7591): without scope admin, without passwords.')}>
            <div>
              <Button variant="default" onClick={() => setAsking(true)}>
                {t('Make an initial access token')}
              </Button>
            </div>
          </Section>
        </div>
      </div>
      {edited && <ApplicationDialog application={edited === 'new' ? null : edited} scopes={scopes.data ?? []} close={() => edit(null)} made={(one) => one.clientSecret && show({ what: t('Secret of {name}.', { name: one.name }), value: one.clientSecret })} />}
      {scope && <ScopeDialog scope={scope === 'new' ? null : scope} close={() => setScope(null)} />}
      {asking && <TokenDialog close={() => setAsking(false)} made={(what, value) => show({ what, value })} />}
    </>
  )
}

function Row({ application: one, edit, show }: { application: Application; edit: () => void; show: (secret: string) => void }) {
  const cache = useQueryClient()
  const Icon = one.grantTypes.includes('authorization_code') ? AppWindow : one.grantTypes.includes('client_credentials') ? Cpu : one.grantTypes.includes(device) ? MonitorSmartphone : AppWindow
  const rotate = async () => {
    const next = await post<Application>(`/oauth-clients/${one.id}/rotate-secret`, {})
    show(next.clientSecret ?? '')
    say(t('{name} has a new secret. The old one is good for a day.', { name: one.name }))
    markStale(cache, ['oauth.'])
  }
  return (
    <li>
      <div className="line" style={{ minHeight: 60 }}>
        <Icon size={16} className="dim" aria-hidden="true" />
        <div className="grow">
          <div className="truncate" style={{ fontWeight: 500 }}>
            {one.name} {one.origin === 'registration' && <span className="chip">{t('Registered itself')}</span>}
          </div>
          <div className="meta truncate">
            {usesOf(one)} · {one.scopes.join(' ') || t('no scopes')}
          </div>
          <div className="meta truncate">
            <code>{one.clientId}</code> · {t('since')} <Time at={one.createdAt} />
            {one.previousSecretEndsAt && (
              <>
                {' '}
                · {t('old secret ends')} <Time at={one.previousSecretEndsAt} />
              </>
            )}
          </div>
        </div>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon aria-label={t('Actions for {name}', { name: one.name })}>
              <Ellipsis size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={edit}>{t('Edit')}</Menu.Item>
            <Menu.Item onClick={() => void navigator.clipboard?.writeText(one.clientId).then(() => say(t('Client id copied.')))}>{t('Copy the client id')}</Menu.Item>
            {/secret/.test(one.tokenEndpointAuthMethod) && <Menu.Item onClick={() => void attempt(cache, t('The secret was not changed.'), [], rotate)}>{t('New secret')}</Menu.Item>}
            <Menu.Item
              color="red"
              onClick={() =>
                ask({
                  title: t('Remove {name}', { name: one.name }),
                  text: t('Its tokens and what people allowed it end at once.'),
                  verb: t('Remove {name}', { name: one.name }),
                  danger: true,
                  typeName: one.name,
                  run: () => remove(`/oauth-clients/${one.id}`).then(() => markStale(cache, ['oauth.'])),
                })
              }
            >
              {t('Remove')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
    </li>
  )
}
