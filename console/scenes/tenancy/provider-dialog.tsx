// A single sign-on provider: how it is reached, and what the groups it names mean here.
import { ActionIcon, Button, PasswordInput, Select, Textarea, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { patch, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Dialog, DialogFoot } from '../../parts/dialog.tsx'
import { Refusal, useServerForm } from '../../parts/form.tsx'
import { say } from '../../parts/toasts.tsx'
import { t } from '../../words.ts'
import './tenancy.css'

export type RoleOfGroup = { group: string; role: string }
export type Provider = {
  id: string
  protocol: 'oidc' | 'saml'
  name: string
  status: 'draft' | 'enabled' | 'disabled'
  testedAt: string | null
  problem: string | null
  oidc: { issuer: string; clientId: string; scopes: string[]; redirectUri: string } | null
  saml: { entityId: string; ours: { acsUrl: string; entityId: string } } | null
  groupsClaim: string
  roles: RoleOfGroup[]
  defaultRole: string
}

/** @param provider null: a new one */
export function ProviderDialog({ provider, close }: { provider: Provider | null; close: () => void }) {
  const cache = useQueryClient()
  const { form, onSubmit, refusal, busy } = useServerForm(
    {
      name: provider?.name ?? '', protocol: provider?.protocol ?? 'oidc', issuer: provider?.oidc?.issuer ?? '', clientId: provider?.oidc?.clientId ?? '', clientSecret: '', metadata: '',
      groupsClaim: provider?.groupsClaim ?? 'groups', roles: provider?.roles ?? [], defaultRole: provider?.defaultRole ?? 'member',
    },
    async ({ name, protocol, issuer, clientId, clientSecret, metadata, groupsClaim, defaultRole, roles }) => {
      const shared = { name: name.trim(), groupsClaim, defaultRole, roles: roles.map(({ group, role }) => ({ group: group.trim(), role })).filter(({ group }) => group) }
      // what stays as it is is not sent: a new address, client or certificate would have to be tried anew
      const moved = protocol === 'oidc' ? !provider || issuer !== provider.oidc?.issuer || clientId !== provider.oidc.clientId || clientSecret !== '' : metadata !== ''
      const oidc = { issuer, clientId, ...(provider?.oidc ? { scopes: provider.oidc.scopes } : {}), ...(clientSecret ? { clientSecret } : provider ? {} : { clientSecret: null }) }
      const reached = moved ? (protocol === 'oidc' ? { oidc } : { saml: { metadata } }) : {}
      const kept = provider ? await patch<Provider>(`/sso-providers/${provider.id}`, { ...shared, ...reached }) : await post<Provider>('/sso-providers', { protocol, ...shared, ...reached })
      await markStale(cache, ['ssoProviders.'])
      say(provider?.status === 'enabled' && kept.status !== 'enabled' ? t('{name} must be tried again before it signs people in.', { name: kept.name }) : t('{name} is saved.', { name: kept.name }))
      close()
    },
    { name: (name: string) => (name.trim() ? null : t('Admins know the provider by this name.')) },
  )
  const { protocol, roles } = form.values
  const roleNames = [{ value: 'viewer', label: t('Viewer') }, { value: 'member', label: t('Member') }, { value: 'admin', label: t('Admin') }]
  return (
    <Dialog title={provider ? t('Edit {name}', { name: provider.name }) : t('Add a provider')} opened close={close} size={560}>
      <form className="stack" onSubmit={onSubmit} noValidate>
        <TextInput label={t('Name')} data-autofocus maxLength={100} {...form.getInputProps('name')} />
        {!provider && <Select label={t('Protocol')} allowDeselect={false} data={[{ value: 'oidc', label: 'OpenID Connect' }, { value: 'saml', label: 'SAML 2.0' }]} {...form.getInputProps('protocol')} />}
        {protocol === 'oidc' ? (
          <>
            <TextInput label={t('Issuer')} placeholder="https://login.example.com" {...form.getInputProps('issuer')} />
            <TextInput label={t('Client id')} autoComplete="off" {...form.getInputProps('clientId')} />
            <PasswordInput label={t('Client secret')} description={provider ? t('Empty: the one that is kept.') : undefined} autoComplete="off" visibilityToggleButtonProps={{ 'aria-label': t('Show the secret') }} {...form.getInputProps('clientSecret')} />
          </>
        ) : (
          <Textarea label={t('Metadata of the provider')} description={provider ? t('The XML it offers for download. Empty: as it is.') : t('The XML it offers for download.')} autosize minRows={4} maxRows={10} {...form.getInputProps('metadata')} />
        )}
        <TextInput label={t('Claim with the groups')} autoComplete="off" {...form.getInputProps('groupsClaim')} />
        <Select label={t('Role of who is in none of the groups below')} description={t('At their first sign-in; nobody becomes an owner by a provider.')} allowDeselect={false} data={roleNames} {...form.getInputProps('defaultRole')} />
        <fieldset className="stack" style={{ border: 0, padding: 0, margin: 0 }}>
          <legend style={{ padding: 0, marginBottom: 6, fontSize: 13, fontWeight: 600 }}>{t('Groups and their roles')}</legend>
          {!roles.length && <p className="dim">{t('No group means anything yet: roles stay as they are given here.')}</p>}
          {roles.map((_, at) => (
            <div className="group-roles" key={at}>
              <TextInput aria-label={t('Group {n}', { n: at + 1 })} placeholder="engineering" {...form.getInputProps(`roles.${at}.group`)} />
              <Select aria-label={t('Role of group {n}', { n: at + 1 })} allowDeselect={false} data={roleNames} {...form.getInputProps(`roles.${at}.role`)} />
              <ActionIcon aria-label={t('Remove group {n}', { n: at + 1 })} onClick={() => form.removeListItem('roles', at)}>
                <X size={16} />
              </ActionIcon>
            </div>
          ))}
          <div>
            <Button size="compact-sm" variant="default" onClick={() => form.insertListItem('roles', { group: '', role: 'member' })}>
              {t('Add a group')}
            </Button>
          </div>
        </fieldset>
        <Refusal of={refusal} />
        <DialogFoot verb={t('Save')} busy={busy} close={close} />
      </form>
    </Dialog>
  )
}
