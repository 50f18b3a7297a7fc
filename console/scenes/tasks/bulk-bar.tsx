import { ActionIcon } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { CircleUserRound, SignalHigh, Trash2, X } from 'lucide-react'
import { post } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { Avatar } from '../../parts/person.tsx'
import { Picker } from '../../parts/picker.tsx'
import { priorityName, PriorityShape, StatusShape } from '../../parts/shapes.tsx'
import { useMembers } from '../../reads.ts'
import { priorities, type Project, type TaskChange } from '../../things.ts'
import { countOf, t } from '../../words.ts'
import { undoTask, updateTasks } from './moving.ts'

const stale = ['tasks.', 'projects.list', 'activity.', 'reports.']

/** What can be done to all that is selected, at once and undoable. At most 200 a call, as the API has it. */
export function BulkBar({ project, ids, clear }: { project: Project; ids: string[]; clear: () => void }) {
  const cache = useQueryClient()
  const members = useMembers().data ?? []
  const change = async (change: TaskChange & { deleted?: true }) => {
    const back = updateTasks(cache, project.id, (tasks) => (change.deleted ? tasks.filter((task) => !ids.includes(task.id)) : tasks.map((task) => (ids.includes(task.id) ? { ...task, ...change } : task))))
    const batches = Array.from({ length: Math.ceil(ids.length / 200) }, (_, at) => ids.slice(at * 200, at * 200 + 200))
    const undo = () => void Promise.all(batches.map((batch) => undoTask(cache, { id: batch[0]! }, true)))
    const ok = await attempt(
      cache,
      t('The tasks were not changed.'),
      stale,
      async () => {
        for (const batch of batches) await post('/tasks/bulk', { ids: batch, change })
      },
      change.deleted ? t('{tasks} deleted.', { tasks: countOf(ids.length, 'task', 'tasks') }) : t('{tasks} changed.', { tasks: countOf(ids.length, 'task', 'tasks') }),
      undo,
    )
    if (ok) clear()
    else back()
  }
  return (
    <div className="bulk" role="toolbar" aria-label={t('Selected tasks')}>
      <span className="num">{t('{count} selected', { count: ids.length })}</span>
      <Picker label={t('Move to')} value={null} choices={project.columns.map((column) => ({ value: column.id, label: column.name, icon: <StatusShape category={column.category} /> }))} onPick={(status) => void change({ status })}>
        <StatusShape category="doing" />
        {t('Status')}
      </Picker>
      <Picker
        label={t('Assign to')}
        value={null}
        searchable
        choices={[...members.map((member) => ({ value: member.userId, label: member.name, icon: <Avatar id={member.userId} name={member.name} named /> })), { value: 'nobody', label: t('Nobody') }]}
        onPick={(picked) => void change({ assigneeId: picked === 'nobody' ? null : picked })}
      >
        <CircleUserRound size={14} aria-hidden="true" />
        {t('Assignee')}
      </Picker>
      <Picker label={t('Priority')} value={null} choices={priorities.map((one) => ({ value: one, label: priorityName(one), icon: <PriorityShape priority={one} named /> }))} onPick={(priority) => void change({ priority: priority as (typeof priorities)[number] })}>
        <SignalHigh size={14} aria-hidden="true" />
        {t('Priority')}
      </Picker>
      <ActionIcon aria-label={t('Delete the selected tasks')} onClick={() => void change({ deleted: true })}>
        <Trash2 size={15} />
      </ActionIcon>
      <ActionIcon aria-label={t('Clear the selection')} onClick={clear}>
        <X size={15} />
      </ActionIcon>
    </div>
  )
}
