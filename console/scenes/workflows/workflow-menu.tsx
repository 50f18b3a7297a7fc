// What can be done with a workflow as a whole.
import { Menu, Textarea, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Archive, CopyPlus, Pause, Pencil, Play, Trash2 } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { patch, post, remove } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Dialog, DialogFoot } from '../../parts/dialog.tsx'
import { Refusal, useServerForm } from '../../parts/form.tsx'
import { MoreMenu } from '../../parts/more-menu.tsx'
import { say } from '../../parts/toasts.tsx'
import { useMay } from '../../reads.ts'
import { t } from '../../words.ts'
import type { Workflow } from './reads.ts'

/** @param onPhone what stands in the page's own bar where that is wide enough */
export function WorkflowMenu({ workflow, onPhone }: { workflow: Workflow; onPhone: ReactNode }) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  const may = useMay('member')
  const [naming, setNaming] = useState(false)
  const { id, name, status } = workflow
  if (!may)
    return (
      <span className="phone-only">
        <MoreMenu label={t('Actions for {name}', { name })} width={210}>
          {onPhone}
        </MoreMenu>
      </span>
    )
  const act = (verb: string, said: string, undo?: () => void) => attempt(cache, t('{name} did not take it.', { name }), ['workflows.'], () => post(`/workflows/${id}/${verb}`), said, undo)
  const copy = async () => {
    const made = await post<Workflow>('/workflows', { name: t('{name} (copy)', { name }).slice(0, 200), description: workflow.description, definition: workflow.definition })
    await navigate({ to: '/workflows/$workflow', params: { workflow: made.id } })
    say(t('This is the copy.'))
  }
  return (
    <>
      <MoreMenu label={t('Actions for {name}', { name })} width={210}>
        <div className="phone-only">
          {onPhone}
          <Menu.Divider />
        </div>
        <Menu.Item leftSection={<Pencil size={14} />} onClick={() => setNaming(true)}>
          {t('Name and description')}
        </Menu.Item>
        {status === 'active' && (
          <Menu.Item leftSection={<Pause size={14} />} onClick={() => void act('deactivate', t('{name} is paused: its triggers start nothing.', { name }), () => void act('activate', t('{name} is active.', { name })))}>
            {t('Pause')}
          </Menu.Item>
        )}
        {(status === 'inactive' || status === 'archived') && (
          <Menu.Item leftSection={<Play size={14} />} disabled={workflow.activeVersion === null} onClick={() => void act('activate', t('{name} is active.', { name }))}>
            {t('Activate')}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<CopyPlus size={14} />} onClick={() => void attempt(cache, t('It was not copied.'), ['workflows.list'], copy)}>
          {t('Duplicate')}
        </Menu.Item>
        <Menu.Divider />
        {status !== 'archived' && (
          <Menu.Item leftSection={<Archive size={14} />} onClick={() => void act('archive', t('{name} is archived.', { name }))}>
            {t('Archive')}
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={<Trash2 size={14} />}
          color="red"
          onClick={() =>
            ask({
              title: t('Delete {name}', { name }),
              text: t('Its triggers end and its addresses with them. Runs that are under way go on to their end.'),
              verb: t('Delete workflow'),
              danger: true,
              typeName: name,
              run: async () => {
                await remove(`/workflows/${id}`)
                await navigate({ to: '/workflows' })
                void cache.invalidateQueries({ queryKey: ['workflows.list'] })
              },
            })
          }
        >
          {t('Delete')}
        </Menu.Item>
      </MoreMenu>
      {naming && <Naming workflow={workflow} close={() => setNaming(false)} />}
    </>
  )
}

function Naming({ workflow, close }: { workflow: Workflow; close: () => void }) {
  const cache = useQueryClient()
  const { form, onSubmit, refusal, busy } = useServerForm({ name: workflow.name, description: workflow.description ?? '' }, async ({ name, description }) => {
    await patch(`/workflows/${workflow.id}`, { name, description: description.trim() || null })
    await cache.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith('workflows.') })
    close()
  })
  return (
    <Dialog title={t('Name and description')} opened close={close}>
      <form className="stack" onSubmit={onSubmit}>
        <TextInput label={t('Name')} required maxLength={200} data-autofocus {...form.getInputProps('name')} />
        <Textarea label={t('Description')} autosize minRows={3} maxRows={10} maxLength={10_000} {...form.getInputProps('description')} />
        <Refusal of={refusal} />
        <DialogFoot verb={t('Save')} busy={busy} close={close} />
      </form>
    </Dialog>
  )
}
