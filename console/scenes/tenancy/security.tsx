// What a team demands of those who enter it, its single sign-on, the links by which a customer's IT sets that up, and provisioning.
import { Button, SegmentedControl } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { call, get, patch, post, remove } from '../../api.ts'
import { attempt, markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Section } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { RemoveButton } from '../../parts/remove-button.tsx'
import { ShownOnce } from '../../parts/shown-once.tsx'
import { Loaded, RowSkeletons, SectionSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { say, sayProblem } from '../../parts/toasts.tsx'
import type { Page } from '../../things.ts'
import { isOneTeam } from '../../installation.ts'
import { useModules } from '../../reads.ts'
import { t } from '../../words.ts'
import { ProviderDialog, type Provider } from './provider-dialog.tsx'

type Demand = 'optional' | 'required'
type Rules = { secondFactor: Demand; passkeys: Demand; sso: Demand; version: number }
type Ticket = { id: string; note: string | null; status: 'open' | 'used' | 'expired' | 'revoked'; expiresAt: string; url?: string }
type Token = { id: string; name: string; baseUrl: string; usedAt: string | null; createdAt: string; token?: string }

export function Security() {
  const on = useModules()
  const rules = useQuery({ queryKey: ['security.get'], queryFn: ({ signal }) => get<Rules>('/security', undefined, signal) })
  return (
    <>
      <Head title={t('Security')} />
      <div className="body">
        <div className="pad">
          <Loaded of={rules} what={t('The security rules could not be read')} skeleton={<SectionSkeletons />}>
            {(now) => (
              <>
                <Section title={t('Who may enter')} text={t('Members who lack what is demanded see nothing of the team until they have it.')}>
                  <Rule rules={now} field="secondFactor" label={t('Second factor')} />
                  <Rule rules={now} field="passkeys" label={t('Passkey')} />
                  {on('sso') && (
                    <>
                      <Rule rules={now} field="sso" label={t('Single sign-on')} />
                      <p className="dim">{t('Single sign-on stands in for the other two. Owners enter past it with a second factor, and the audit log tells.')}</p>
                    </>
                  )}
                </Section>
                {on('sso') && (
                  <>
                    <Section title={t('Single sign-on')} text={t('People of your proven domains sign in at their company’s provider and become members.')}>
                      <Providers />
                      {isOneTeam() && <p className="dim">{t('A mail domain is proven on the page of a set-up link.')}</p>}
                    </Section>
                    <Section title={t('Set-up links')} text={t('A link for your customer’s IT: it opens once, and leads through all of it without an account.')}>
                      <Tickets />
                    </Section>
                  </>
                )}
                {on('scim') && (
                  <Section title={t('Provisioning')} text={t('A directory that speaks SCIM 2.0 adds and removes people by itself.')}>
                    <Tokens />
                  </Section>
                )}
              </>
            )}
          </Loaded>
        </div>
      </div>
    </>
  )
}

function Rule({ rules, field, label }: { rules: Rules; field: 'secondFactor' | 'passkeys' | 'sso'; label: string }) {
  const cache = useQueryClient()
  return (
    <div className="row spread">
      <div className="grow" id={`rule-${field}`}>
        {label}
      </div>
      <SegmentedControl
        aria-labelledby={`rule-${field}`}
        value={rules[field]}
        onChange={(value) => void attempt(cache, t('The rule was not changed.'), ['security.'], () => patch('/security', { [field]: value }))}
        data={[
          { value: 'optional', label: t('Optional') },
          { value: 'required', label: t('Required') },
        ]}
      />
    </div>
  )
}

const tones = { enabled: 'positive', draft: undefined, disabled: 'warning' } as const
function Providers() {
  const cache = useQueryClient()
  const providers = useQuery({ queryKey: ['ssoProviders.list'], queryFn: async ({ signal }) => (await get<Page<Provider>>('/sso-providers', undefined, signal)).items })
  const does = (failed: string, work: () => Promise<unknown>, done?: string) => void attempt(cache, failed, ['ssoProviders.'], work, done)
  const words = { enabled: t('enabled'), draft: t('not enabled yet'), disabled: t('disabled') }
  const [edited, edit] = useState<Provider | 'new' | null>(null)
  return (
    <>
      <Loaded of={providers} what={t('The providers could not be read')} skeleton={<RowSkeletons count={1} h={52} />}>
        {(all) =>
          all.length === 0 ? (
            <p className="dim">{t('No provider is set up yet.')}</p>
          ) : (
            <ul className="rows box">
              {all.map((one) => (
                <li key={one.id}>
                  <div className="line wrap" style={{ minHeight: 52 }}>
                    <div className="grow">
                      <div className="row">
                        {one.name}
                        <span className="chip" data-tone={tones[one.status]}>
                          {words[one.status]}
                        </span>
                      </div>
                      <div className="meta ellipsis">{one.oidc?.issuer ?? one.saml?.entityId}</div>
                      <div className="meta ellipsis">{one.oidc ? t('Redirect URI: {uri}', { uri: one.oidc.redirectUri }) : t('ACS: {acs}', { acs: one.saml!.ours.acsUrl })}</div>
                      <div className="meta ellipsis">{one.roles.length ? one.roles.map(({ group, role }) => `${group}: ${role}`).join(', ') : t('groups have no roles')} · {t('else {role}', { role: one.defaultRole })}</div>
                      {one.problem && <div className="meta">{one.problem}</div>}
                    </div>
                    <Button size="compact-sm" variant="default" aria-label={t('Edit {name}', { name: one.name })} onClick={() => edit(one)}>
                      {t('Edit')}
                    </Button>
                    <Button size="compact-sm" variant="default" onClick={() => void call<{ signInUrl: string; problem: string | null }>('POST', `/sso-providers/${one.id}/test`).then((test) => (test.problem ? say(t('The provider cannot be asked: {problem}', { problem: test.problem }), undefined, 'warning') : location.assign(test.signInUrl)), (error: unknown) => sayProblem(error, t('The provider was not asked.')))}>
                      {t('Try')}
                    </Button>
                    {one.status === 'enabled' ? (
                      <Button size="compact-sm" variant="default" onClick={() => ask({ title: t('Disable {name}', { name: one.name }), text: t('Everybody whom it signed in is signed out.'), verb: t('Disable {name}', { name: one.name }), danger: true, run: () => call('POST', `/sso-providers/${one.id}/disable`).then(() => markStale(cache, ['ssoProviders.'])) })}>
                        {t('Disable')}
                      </Button>
                    ) : (
                      <Button size="compact-sm" variant="default" onClick={() => does(t('It was not enabled.'), () => call('POST', `/sso-providers/${one.id}/enable`), t('{name} signs people in.', { name: one.name }))}>
                        {t('Enable')}
                      </Button>
                    )}
                    <RemoveButton
                      label={t('Remove {name}', { name: one.name })}
                      path={`/sso-providers/${one.id}`}
                      stale={['ssoProviders.']}
                      asks={{ title: t('Remove {name}', { name: one.name }), text: t('Everybody whom it signed in is signed out.'), verb: t('Remove {name}', { name: one.name }) }}
                    />
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      <div>
        <Button variant="default" onClick={() => edit('new')}>
          {t('Add a provider')}
        </Button>
      </div>
      {edited && <ProviderDialog provider={edited === 'new' ? null : edited} close={() => edit(null)} />}
    </>
  )
}

type Keeping<Made> = {
  operation: string
  path: string
  query?: Record<string, number>
  what: string
  make: string
  failed: string
  body: unknown
  shown: (made: Made) => { text: string; copy: string } | null
  row: (one: Made) => ReactNode
}

/** What one button makes, is shown once, and each row takes back. */
function Kept<Made extends { id: string }>({ operation, path, query, what, make, failed, body, shown, row }: Keeping<Made>) {
  const cache = useQueryClient()
  const read = useQuery({ queryKey: [`${operation}.list`], queryFn: async ({ signal }) => (await get<Page<Made>>(path, query, signal)).items })
  const [made, setMade] = useState<Made | null>(null)
  const once = made && shown(made)
  const begin = () =>
    void post<Made>(path, body).then(
      (next) => {
        setMade(next)
        return markStale(cache, [`${operation}.`])
      },
      (error: unknown) => sayProblem(error, failed),
    )
  return (
    <>
      {once && <ShownOnce {...once} close={() => setMade(null)} />}
      <Loaded of={read} what={what} skeleton={<RowSkeletons count={1} />}>
        {(all) =>
          all.length > 0 && (
            <ul className="rows box">
              {all.map((one) => (
                <li key={one.id}>
                  <div className="line">{row(one)}</div>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      <div>
        <Button variant="default" onClick={begin}>
          {make}
        </Button>
      </div>
    </>
  )
}

function Tickets() {
  const cache = useQueryClient()
  const words = { open: t('open'), used: t('opened'), expired: t('ended'), revoked: t('withdrawn') }
  return (
    <Kept<Ticket>
      operation="ssoTickets"
      path="/sso-tickets"
      query={{ limit: 20 }}
      what={t('The links could not be read')}
      make={t('Make a link')}
      failed={t('No link was made.')}
      body={{ days: 2 }}
      shown={({ url }) => (url ? { copy: url, text: t('Send this link to your customer’s IT. It is shown once, opens once, and ends in two days.') } : null)}
      row={(one) => (
        <>
          <div className="grow">
            {words[one.status]} <span className="meta">{t('ends')} <Time at={one.expiresAt} /></span>
          </div>
          {(one.status === 'open' || one.status === 'used') && (
            <Button size="compact-sm" variant="default" onClick={() => void attempt(cache, t('The link was not withdrawn.'), ['ssoTickets.'], () => remove(`/sso-tickets/${one.id}`), t('The link no longer works.'))}>
              {t('Withdraw')}
            </Button>
          )}
        </>
      )}
    />
  )
}

function Tokens() {
  return (
    <Kept<Token>
      operation="scimTokens"
      path="/scim-tokens"
      what={t('The tokens could not be read')}
      make={t('Make a token')}
      failed={t('No token was made.')}
      body={{}}
      shown={({ token, baseUrl }) => (token ? { copy: token, text: t('The token for {url}. It is shown once.', { url: baseUrl }) } : null)}
      row={(one) => (
        <>
          <div className="grow">
            {one.name} <span className="meta">{one.usedAt ? t('last used') : t('never used, made')} <Time at={one.usedAt ?? one.createdAt} /></span>
          </div>
          <RemoveButton
            label={t('Remove {name}', { name: one.name })}
            path={`/scim-tokens/${one.id}`}
            stale={['scimTokens.']}
            asks={{ title: t('Remove the token {name}', { name: one.name }), text: t('The directory can no longer add or remove people. Those it added stay.'), verb: t('Remove the token') }}
          />
        </>
      )}
    />
  )
}
