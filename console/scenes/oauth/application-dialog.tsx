import { Input, Select, Switch, Textarea, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { patch, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { changedOf } from '../../parts/changed.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Refusal, Submit, useServerForm } from '../../parts/form.tsx'
import { say } from '../../parts/toasts.tsx'
import { t } from '../../words.ts'
import { device, isPublic, usesOf, type Application, type Scope } from './parts.tsx'

type Kind = 'web' | 'page' | 'machine' | 'device'
/** What a kind of application means in OAuth's words. One that is there may be of several kinds: it is changed field by field. */
const shapes: Record<Kind, { grantTypes: string[]; tokenEndpointAuthMethod: string }> = {
  web: { grantTypes: ['authorization_code', 'refresh_token'], tokenEndpointAuthMethod: 'client_secret_basic' },
  page: { grantTypes: ['authorization_code', 'refresh_token'], tokenEndpointAuthMethod: 'none' },
  machine: { grantTypes: ['client_credentials'], tokenEndpointAuthMethod: 'client_secret_basic' },
  device: { grantTypes: [device, 'refresh_token'], tokenEndpointAuthMethod: 'none' },
}
const personal = ['openid', 'email', 'offline_access']
const lines = (text: string) => text.split('\n').map((line) => line.trim()).filter(Boolean)
const toggled = (all: string[], name: string, on: boolean) => (on ? [...all, name] : all.filter((one) => one !== name))

export function ApplicationDialog({ application, scopes: own, close, made }: { application: Application | null; scopes: Scope[]; close: () => void; made: (one: Application) => void }) {
  const cache = useQueryClient()
  const meanings: [string, string][] = [
    ['openid', t('know who somebody is')], ['profile', t('name, picture, own settings')], ['email', t('mail address')], ['offline_access', t('keep access while they are away')],
    ['read', t('read')], ['write', t('create and change')], ['admin', t('administer')], ...own.map((scope): [string, string] => [scope.name, scope.description]),
  ]
  const { form, onSubmit, refusal, busy } = useServerForm(
    {
      name: application?.name ?? '', kind: 'web' as Kind, redirectUris: application?.redirectUris.join('\n') ?? '', postLogoutRedirectUris: application?.postLogoutRedirectUris.join('\n') ?? '',
      scopes: application?.scopes ?? ['openid', 'profile', 'read'], grantTypes: application?.grantTypes ?? [],
    },
    async ({ kind, ...values }) => {
      const wish = { name: values.name.trim(), scopes: values.scopes, redirectUris: lines(values.redirectUris), postLogoutRedirectUris: lines(values.postLogoutRedirectUris) }
      const one = application ? await change(application, { ...wish, grantTypes: values.grantTypes }) : await post<Application>('/oauth-clients', {
        ...wish, ...(withPeople ? {} : { redirectUris: [], postLogoutRedirectUris: [] }), ...(kind === 'machine' ? { scopes: wish.scopes.filter((scope) => !personal.includes(scope)) } : {}), ...shapes[kind],
      })
      markStale(cache, ['oauth.'])
      made(one)
      say(application ? t('{name} is saved.', { name: one.name }) : t('{name} is made.', { name: one.name }))
      close()
    },
    { name: (name: string) => (name.trim() ? null : t('People read this name when they are asked to allow it.')) },
  )
  const { kind, scopes } = form.values
  const grants = application ? form.values.grantTypes : shapes[kind].grantTypes
  const withPeople = grants.includes('authorization_code')
  const alone = !grants.some((grant) => ['authorization_code', device, 'password'].includes(grant))
  return (
    <Dialog title={application ? t('Edit {name}', { name: application.name }) : t('New application')} opened close={close} size={560}>
      <form className="stack application-form" onSubmit={onSubmit} noValidate>
        <TextInput label={t('Name')} data-autofocus maxLength={100} {...form.getInputProps('name')} />
        {application ? (
          <Input.Wrapper label={t('Kind')} labelElement="div">
            <div className="dim">{usesOf({ ...application, grantTypes: grants })}</div>
          </Input.Wrapper>
        ) : (
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
        )}
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
              disabled={alone && personal.includes(name) && !(application && scopes.includes(name))}
              onChange={(event) => form.setFieldValue('scopes', toggled(scopes, name, event.currentTarget.checked))}
            />
          ))}
          {form.errors.scopes && <p className="note">{form.errors.scopes}</p>}
        </fieldset>
        {application && (!isPublic(application) || application.grantTypes.includes('password')) && (
          <fieldset className="scope-list">
            <legend>{t('Legacy')}</legend>
            <Switch
              size="xs"
              label={t('It may ask people for their password itself')}
              description={t('The password grant, which OAuth no longer has: the application sees every password, and whoever has a second factor cannot come in by it.')}
              checked={grants.includes('password')}
              error={form.errors.grantTypes}
              onChange={(event) => form.setFieldValue('grantTypes', toggled(grants, 'password', event.currentTarget.checked))}
            />
          </fieldset>
        )}
        <Refusal of={refusal} />
        <Submit busy={busy}>{application ? t('Save application') : t('Create application')}</Submit>
      </form>
    </Dialog>
  )
}

/** Sends what the person changed, and nothing where that is nothing. */
async function change(application: Application, wish: Pick<Application, 'name' | 'scopes' | 'redirectUris' | 'postLogoutRedirectUris' | 'grantTypes'>): Promise<Application> {
  const changed = changedOf(application, wish)
  return changed ? patch<Application>(`/oauth-clients/${application.id}`, changed) : application
}
