import { Button, Select, Textarea, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Tag } from 'lucide-react'
import { post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { show } from '../../overlays.ts'
import { DayField, dueAt } from '../../parts/day-field.tsx'
import { Dialog, DialogFoot } from '../../parts/dialog.tsx'
import { Refusal, useServerForm } from '../../parts/form.tsx'
import { Avatar, Label } from '../../parts/person.tsx'
import { Picker } from '../../parts/picker.tsx'
import { priorityName, PriorityShape, StatusShape } from '../../parts/shapes.tsx'
import { say } from '../../parts/toasts.tsx'
import { useMembers, useProjects, useTasks } from '../../reads.ts'
import { priorities, type Priority, type Task } from '../../things.ts'
import { t } from '../../words.ts'
import { labelsOf } from './editing.ts'

/** `C` from anywhere: a title is enough, the rest can wait. */
export function CreateTask({ close, projectId, status }: { close: () => void; projectId?: string; status?: string }) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  const projects = (useProjects().data ?? []).filter((project) => project.status === 'active' && project.role !== 'viewer')
  const members = useMembers().data ?? []
  const { form, onSubmit, refusal, busy } = useServerForm(
    { projectId: projectId ?? projects[0]?.id ?? '', title: '', description: '', status: status ?? '', assigneeId: '', priority: 'none' as Priority, labels: [] as string[], due: '' },
    async ({ description, status, assigneeId, due, ...rest }) => {
      const task = await post<Task>('/tasks', { ...rest, ...(description.trim() ? { description } : {}), ...(status ? { status } : {}), ...(assigneeId ? { assigneeId } : {}), dueAt: dueAt(due) })
      void markStale(cache, ['tasks.', 'projects.list', 'activity.'])
      close()
      say(t('{ref} created.', { ref: task.ref }))
      const key = projects.find((project) => project.id === task.projectId)?.key
      if (key && !location.pathname.startsWith(`/projects/${key}`)) void navigate({ to: '/projects/$project', params: { project: key }, search: { task: task.ref } })
    },
    { title: (title: string) => (title.trim() ? null : t('Say what is to be done.')) },
  )
  const project = projects.find((one) => one.id === form.values.projectId)
  const tasks = useTasks(form.values.projectId, { enabled: !!form.values.projectId, staleTime: 60_000 }).data ?? [] // for their labels
  const { labels } = form.values
  const column = project?.columns.find((one) => one.id === form.values.status) ?? project?.columns[0]
  const assignee = members.find((member) => member.userId === form.values.assigneeId)
  if (!projects.length)
    return (
      <Dialog title={t('Create task')} opened close={close}>
        <div className="stack">
          <p className="dim">{t('A task lives in a project. Create the first one, then its tasks.')}</p>
          <Button onClick={() => show({ kind: 'create-project' })}>{t('Create project')}</Button>
        </div>
      </Dialog>
    )
  return (
    <Dialog title={t('Create task')} opened close={close} size={560}>
      <form className="stack" onSubmit={onSubmit}>
        <TextInput data-autofocus label={t('Title')} required withAsterisk={false} maxLength={300} {...form.getInputProps('title')} />
        <Textarea label={t('Description')} autosize minRows={3} maxRows={10} {...form.getInputProps('description')} />
        <div className="row wrap">
          {!projectId && (
            <Select
              aria-label={t('Project')}
              w={200}
              data={projects.map((one) => ({ value: one.id, label: one.name }))}
              value={form.values.projectId}
              onChange={(value) => form.setValues({ projectId: value ?? '', status: '' })}
              error={form.errors.projectId}
            />
          )}
          <Picker chip isSet label={t('Status')} value={column?.id ?? null} choices={(project?.columns ?? []).map((one) => ({ value: one.id, label: one.name, icon: <StatusShape category={one.category} /> }))} onPick={(value) => form.setFieldValue('status', value)}>
            <StatusShape category={column?.category ?? 'todo'} />
            {column?.name}
          </Picker>
          <Picker
            chip
            searchable
            isSet={!!assignee}
            label={t('Assignee')}
            value={form.values.assigneeId || null}
            choices={members.map((member) => ({ value: member.userId, label: member.name, icon: <Avatar id={member.userId} name={member.name} named /> }))}
            onPick={(value) => form.setFieldValue('assigneeId', value === form.values.assigneeId ? '' : value)}
          >
            <Avatar id={assignee?.userId} name={assignee?.name} named />
            {assignee?.name ?? t('Assignee')}
          </Picker>
          <Picker chip isSet={form.values.priority !== 'none'} label={t('Priority')} value={form.values.priority} choices={priorities.map((one) => ({ value: one, label: priorityName(one), icon: <PriorityShape priority={one} named /> }))} onPick={(value) => form.setFieldValue('priority', value as Priority)}>
            <PriorityShape priority={form.values.priority} named />
            {priorityName(form.values.priority)}
          </Picker>
          <Picker
            chip
            isSet={!!labels.length}
            label={t('Labels')}
            value={labels}
            choices={[...new Set([...labelsOf(tasks), ...labels])].map((label) => ({ value: label, label, icon: <Label name={label} /> }))}
            create={(label) => form.setFieldValue('labels', [...labels, label])}
            onPick={(label) => form.setFieldValue('labels', labels.includes(label) ? labels.filter((one) => one !== label) : [...labels, label])}
          >
            <Tag size={13} aria-hidden="true" />
            {labels.length ? labels.join(', ') : t('Labels')}
          </Picker>
          <DayField chip due label={t('Due date')} empty={t('Due date')} value={form.values.due} onChange={(day) => form.setFieldValue('due', day)} />
        </div>
        <Refusal of={refusal} />
        <DialogFoot verb={t('Create task')} busy={busy} close={close} />
      </form>
    </Dialog>
  )
}
