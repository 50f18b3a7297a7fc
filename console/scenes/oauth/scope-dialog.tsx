import { TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { patch, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Refusal, Submit, useServerForm } from '../../parts/form.tsx'
import { t } from '../../words.ts'
import type { Scope } from './parts.tsx'

export function ScopeDialog({ scope, close }: { scope: Scope | null; close: () => void }) {
  const cache = useQueryClient()
  const { form, onSubmit, refusal, busy } = useServerForm(
    { name: scope?.name ?? '', description: scope?.description ?? '', permissions: scope?.permissions.join(', ') ?? '' },
    async ({ name, description, permissions }) => {
      const body = { description: description.trim(), permissions: permissions.split(/[\s,]+/).filter(Boolean) }
      await (scope ? patch(`/scopes/${scope.id}`, body) : post('/scopes', { name: name.trim(), ...body }))
      markStale(cache, ['oauth.'])
      close()
    },
    { description: (text: string) => (text.trim() ? null : t('People read this when they are asked to allow it.')) },
  )
  return (
    <Dialog title={scope ? t('Edit the scope {name}', { name: scope.name }) : t('Add a scope')} opened close={close}>
      <form className="stack" onSubmit={onSubmit} noValidate>
        <TextInput label={t('Name')} placeholder="tasks:write" disabled={!!scope} data-autofocus={scope ? undefined : true} {...form.getInputProps('name')} />
        <TextInput label={t('What people read')} placeholder={t('Create and edit tasks')} maxLength={200} {...form.getInputProps('description')} />
        <TextInput label={t('Permissions, separated by commas')} placeholder="tasks.write" description={t('As the API reference names them, beside each operation.')} {...form.getInputProps('permissions')} />
        <Refusal of={refusal} />
        <Submit busy={busy}>{scope ? t('Save scope') : t('Add scope')}</Submit>
      </form>
    </Dialog>
  )
}
