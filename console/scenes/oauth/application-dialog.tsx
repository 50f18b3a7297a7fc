import { Select, Switch, Textarea, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { patch, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Refusal, Submit, useServerForm } from '../../parts/form.tsx'
import { say } from '../../parts/toasts.tsx'
import { t } from '../../words.ts'
import type { Application, Scope } from './parts.tsx'

const device = 'urn:ietf:params:oauth:grant-type:device_code'
type Kind = 'web' | 'page' | 'machine' | 'device'
/** What a kind of application means in OAuth's words. */
const shapes: Record<Kind, { grantTypes: string[]; tokenEndpointAuthMethod: string }> = {
  web: { grantTypes: ['authorization_code', 'refresh_token'], tokenEndpointAuthMethod: 'client_secret_basic' },
  page: { grantTypes: ['authorization_code', 'refresh_token'], tokenEndpointAuthMethod: 'none' },
  machine: { grantTypes: ['client_credentials'], tokenEndpointAuthMethod: 'client_secret_basic' },
  device: { grantTypes: [device, 'refresh_token'], tokenEndpointAuthMethod: 'none' },
}
const kindOf = ({ grantTypes, tokenEndpointAuthMethod }: Application): Kind =>
  grantTypes.includes('client_credentials') ? 'machine' : grantTypes.includes(device) ? 'device' : tokenEndpointAuthMethod === 'none' ? 'page' : 'web'
const lines = (text: string) => text.split('\n').map((line) => line.trim()).filter(Boolean)

export function ApplicationDialog({ application, scopes: own, close, made }: { application: Application | null; scopes: Scope[]; close: () => void; made: (one: Application) => void }) {
  const cache = useQueryClient()
  const meanings: [string, string][] = [
    ['openid', t('know who somebody is')], ['profile', t('name, picture, own settings')], ['email', t('mail address')], ['offline_access', t('keep access while they are away')],
    ['read', t('read')], ['write', t('create and change')], ['admin', t('administer')], ...own.map((scope): [string, string] => [scope.name, scope.description]),
  ]
  const { form, onSubmit, refusal, busy } = useServerForm(
    {
      name: application?.name ?? '', kind: (application ? kindOf(application) : 'web') as Kind, redirectUris: application?.redirectUris.join('\n') ?? '', postLogoutRedirectUris: application?.postLogoutRedirectUris.join('\n') ?? '',
      scopes: application?.scopes ?? ['openid', 'profile', 'read'],
    },
    async ({ name, kind, redirectUris, postLogoutRedirectUris, scopes }) => {
      const withPeople = kind === 'web' || kind === 'page'
      const personal = ['openid', 'email', 'offline_access']
      const body = {
        name: name.trim(), scopes: kind === 'machine' ? scopes.filter((scope) => !personal.includes(scope)) : scopes, redirectUris: withPeople ? lines(redirectUris) : [], postLogoutRedirectUris: withPeople ? lines(postLogoutRedirectUris) : [],
        ...(application && kindOf(application) === kind ? {} : shapes[kind]),
      }
      const one = application ? await patch<Application>(`/oauth-clients/${application.id}`, body) : await post<Application>('/oauth-clients', body)
      markStale(cache, ['oauth.'])
      made(one)
      say(application ? t('{name} is saved.', { name: one.name }) : t('{name} is made.', { name: one.name }))
      close()
    },
    { name: (name: string) => (name.trim() ? null : t('People read this name when they are asked to allow it.')) },
  )
  const { kind, scopes } = form.values
  const withPeople = kind === 'web' || kind === 'page'
  return (
    <Dialog title={application ? t('Edit {name}', { name: application.name }) : t('New application')} opened close={close} size={560}>
      <form className="stack" onSubmit={onSubmit} noValidate>
        <TextInput label={t('Name')} data-autofocus maxLength={100} {...form.getInputProps('name')} />
        <Select
          label={t('Kind')}
          allowDeselect={false}
          data={[
            { value: 'web', label: t('Website with a server, keeps a secret') },
            { value: 'page', label: t('Page in the browser or an app, no secret') },
            { value: 'machine', label: t('Machine, works in its own name') },
            { value: 'device', label: t('Device without a keyboard') },
          ]}
          {...form.getInputProps('kind')}
        />
        {withPeople && (
          <>
            <Textarea label={t('Where people come back to, one address a line')} placeholder="https://app.example.com/callback" autosize minRows={2} {...form.getInputProps('redirectUris')} />
            <Textarea label={t('After signing out, one address a line')} autosize minRows={1} {...form.getInputProps('postLogoutRedirectUris')} />
          </>
        )}
        <fieldset className="scope-list">
          <legend>{t('What it may ask for')}</legend>
          {meanings.map(([name, meaning]) => (
            <Switch
              key={name}
              size="xs"
              label={
                <>
                  <code>{name}</code> <span className="dim">{meaning}</span>
                </>
              }
              checked={scopes.includes(name)}
              disabled={kind === 'machine' && ['openid', 'email', 'offline_access'].includes(name)}
              onChange={(event) => form.setFieldValue('scopes', event.currentTarget.checked ? [...scopes, name] : scopes.filter((one) => one !== name))}
            />
          ))}
          {form.errors.scopes && <p className="note">{form.errors.scopes}</p>}
        </fieldset>
        <Refusal of={refusal} />
        <Submit busy={busy}>{application ? t('Save application') : t('Create application')}</Submit>
      </form>
    </Dialog>
  )
}
