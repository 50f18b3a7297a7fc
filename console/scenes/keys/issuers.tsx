import { MultiSelect, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { get, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Boxed } from '../../parts/boxed.tsx'
import { Refusal, Submit, useServerForm } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { OnOff } from '../../parts/on-off.tsx'
import { RemoveButton } from '../../parts/remove-button.tsx'
import { Empty } from '../../parts/states.tsx'
import type { Page, TrustedIssuer } from '../../things.ts'
import { t } from '../../words.ts'
import './keys.css'

type Of = { path: string; name: string }

/** Whose tokens the team believes. */
export function TenantIssuers() {
  return <Issuers title={t('Trusted issuers')} path="/tenant-issuers" name="tenantIssuers" scopes={['read', 'write', 'admin']} text={t('Tokens of such an issuer stand for the member with the same verified address, in this team alone, and never for more than an admin.')} />
}
/** Whose tokens the whole installation believes; operators only. */
export function PlatformIssuers() {
  return <Issuers title={t('Trusted issuers')} path="/trusted-issuers" name="trustedIssuers" scopes={['read', 'write', 'profile', 'admin']} text={t('Tokens of Supabase, Auth0, Keycloak or any OpenID Connect issuer stand for the account with the same verified address, in every team it belongs to.')} />
}

function Issuers({ title, path, name, scopes, text }: Of & { title: string; scopes: string[]; text: string }) {
  const issuers = useQuery({ queryKey: [`${name}.list`], queryFn: ({ signal }) => get<Page<TrustedIssuer>>(path, { limit: 200 }, signal).then((page) => page.items) })
  return (
    <>
      <Head title={title} />
      <div className="body">
        <div className="pad">
          <NewIssuer path={path} name={name} scopes={scopes} text={text} />
          <section className="key-list">
            <h2 className="row">
              {t('Trusted')} <span className="count">{issuers.data?.length}</span>
            </h2>
            <Boxed
              of={issuers}
              what={t('The issuers could not be read')}
              count={2}
              h={56}
              empty={
                <Empty title={t('Nobody else is trusted')} art={<span />}>
                  {t('Only tokens of this installation itself are believed.')}
                </Empty>
              }
            >
              {(one) => <IssuerRow key={one.id} of={one} path={path} name={name} />}
            </Boxed>
          </section>
        </div>
      </div>
    </>
  )
}

function NewIssuer({ path, name, scopes, text }: Of & { scopes: string[]; text: string }) {
  const cache = useQueryClient()
  const { form, onSubmit, refusal, busy } = useServerForm(
    { issuer: '', audience: '', scopes: ['read', 'write'] as string[] },
    async (values) => {
      await post<TrustedIssuer>(path, { issuer: values.issuer.trim(), audience: values.audience.trim(), mapping: { by: 'email', scopes: values.scopes } })
      form.reset()
      void markStale(cache, [`${name}.`])
    },
    { issuer: (at: string) => (/^https?:\/\/\S+$/.test(at.trim()) ? null : t('An issuer is an address, such as https://login.example.com.')), audience: (to: string) => (to.trim() ? null : t('Say for whom its tokens are.')) },
  )
  return (
    <section>
      <h2>{t('Trust an issuer')}</h2>
      <form className="new-key" onSubmit={onSubmit} noValidate>
        <TextInput label={t('Issuer')} placeholder="https://login.example.com/realms/main" maxLength={500} {...form.getInputProps('issuer')} />
        <TextInput label={t('Audience')} placeholder="groundwork" maxLength={500} {...form.getInputProps('audience')} />
        <MultiSelect label={t('Scopes at most')} data={scopes} {...form.getInputProps('scopes')} />
        <Submit busy={busy}>{t('Trust it')}</Submit>
      </form>
      <p className="meta new-key-hint">{text}</p>
      <Refusal of={refusal} />
    </section>
  )
}

function IssuerRow({ of, path, name }: Of & { of: TrustedIssuer }) {
  const stale = [`${name}.`]
  const off = of.status === 'inactive'
  return (
    <li>
      <div className="line key-line">
        <div className="grow">
          <div className="key-name key-text">{of.issuer}</div>
          <div className="meta">
            {t('for {audience}', { audience: of.audience })} · {of.mapping.by === 'email' ? t('by verified address') : t('by account id')} · {(of.mapping.scopes ?? ['read', 'write']).join(', ')}
          </div>
        </div>
        {off && <span className="chip">{t('Inactive')}</span>}
        {of.source === 'setting' ? (
          <span className="dim">{t('In the settings')}</span>
        ) : (
          <>
            <OnOff name={of.issuer} path={`${path}/${of.id}`} off={off} stale={stale} />
            <RemoveButton
              quiet
              label={t('Remove {issuer}', { issuer: of.issuer })}
              path={`${path}/${of.id}`}
              stale={stale}
              asks={{ title: t('Trust {issuer} no more', { issuer: of.issuer }), text: t('Its tokens end within two seconds.'), verb: t('Trust it no more') }}
            />
          </>
        )}
      </div>
    </li>
  )
}
