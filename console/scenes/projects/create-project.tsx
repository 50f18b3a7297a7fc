import { SegmentedControl, Textarea, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Dialog, DialogFoot } from '../../parts/dialog.tsx'
import { Refusal, useServerForm } from '../../parts/form.tsx'
import { projectsQuery } from '../../reads.ts'
import type { Project } from '../../things.ts'
import { t } from '../../words.ts'

/** "Patient onboarding" becomes PO, "Security" becomes SEC. */
const keyFrom = (name: string) => {
  const words = name.normalize('NFKD').toUpperCase().replace(/[^A-Z0-9 ]/g, '').split(' ').filter(Boolean)
  return (words.length > 1 ? words.map((word) => word[0]).join('') : (words[0] ?? '')).slice(0, words.length > 1 ? 5 : 3)
}

export function CreateProject({ close }: { close: () => void }) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  const { form, onSubmit, refusal, busy } = useServerForm(
    { name: '', key: '', description: '', visibility: 'open' as 'open' | 'private' },
    async ({ description, key, ...rest }) => {
      const project = await post<Project>('/projects', { ...rest, key: key || keyFrom(rest.name), ...(description.trim() ? { description } : {}) })
      cache.setQueryData(projectsQuery.queryKey, (all) => all && [...all, project])
      void markStale(cache, ['projects.', 'activity.'])
      close()
      await navigate({ to: '/projects/$project', params: { project: project.key } })
    },
    {
      name: (name: string) => (name.trim() ? null : t('Give the project a name.')),
      key: (key: string) => (!key || /^[A-Z][A-Z0-9]{1,9}$/.test(key) ? null : t('Two to ten capital letters or digits, a letter first.')),
    },
  )
  return (
    <Dialog title={t('Create project')} opened close={close} size={480}>
      <form className="stack" onSubmit={onSubmit}>
        <TextInput data-autofocus label={t('Name')} maxLength={120} {...form.getInputProps('name')} />
        <TextInput
          label={t('Key')}
          description={t('Starts every task’s ref: {key}-12', { key: form.values.key || keyFrom(form.values.name) || 'KEY' })}
          placeholder={keyFrom(form.values.name)}
          maxLength={10}
          {...form.getInputProps('key')}
          onChange={(event) => form.setFieldValue('key', event.currentTarget.value.toUpperCase())}
        />
        <Textarea label={t('Description')} autosize minRows={2} maxRows={6} {...form.getInputProps('description')} />
        <SegmentedControl
          aria-label={t('Who sees it')}
          data={[
            { value: 'open', label: t('Open to the team') },
            { value: 'private', label: t('Private to its members') },
          ]}
          {...form.getInputProps('visibility')}
        />
        <Refusal of={refusal} />
        <DialogFoot verb={t('Create project')} busy={busy} close={close} />
      </form>
    </Dialog>
  )
}
