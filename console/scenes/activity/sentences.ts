// Events of the log as a person would tell them. The actor's name stands before.
import type { LogEvent, Priority, Project } from '../../things.ts'
import { day, t } from '../../words.ts'

export type Story = { nameOf: (id: string | null) => string | undefined; project?: Project }

const text = (value: unknown) => (typeof value === 'string' ? value : '')

/** "moved it from Next to Done": without the actor, without the subject's title. */
export function sentence(event: LogEvent, { nameOf, project }: Story): string {
  const data = event.data
  const column = (id: unknown) => project?.columns.find((one) => one.id === id)?.name ?? text(id)
  const person = (id: unknown) => nameOf(text(id) || null) ?? t('a former member')
  switch (event.name) {
    case 'task.created':
      return t('created it')
    case 'task.moved':
      return data.from === data.to ? t('reordered it') : t('moved it from {from} to {to}', { from: column(data.from), to: column(data.to) })
    case 'task.assigned':
      return data.assigneeId ? t('assigned it to {name}', { name: person(data.assigneeId) }) : t('unassigned it')
    case 'task.unassigned':
      return t('unassigned it')
    case 'task.renamed':
      return data.title ? t('renamed it to “{title}”', { title: text(data.title) }) : t('renamed it')
    case 'task.updated':
    case 'task.changed':
    case 'task.edited': {
      const fields = Array.isArray(data.changed) ? data.changed : Object.keys((data.change as object | undefined) ?? data).filter((field) => field in fieldNames())
      const names = fields.map((field) => fieldNames()[String(field)]).filter(Boolean)
      if (names.length === 1 && typeof data.priority === 'string') return t('set the priority to {priority}', { priority: data.priority as Priority })
      if (names.length === 1 && typeof data.dueAt === 'string') return t('set the due date to {day}', { day: day(data.dueAt) })
      return names.length ? t('changed {fields}', { fields: names.join(', ') }) : t('changed it')
    }
    case 'task.deleted':
      return t('deleted it')
    case 'task.restored':
      return t('brought it back')
    case 'task.undone':
      return t('undid the last change')
    case 'task.watched':
      return t('watches it')
    case 'comment.added':
    case 'comment.created':
      return t('commented')
    case 'comment.edited':
    case 'comment.updated':
      return t('edited a comment')
    case 'comment.deleted':
      return t('deleted a comment')
    case 'project.created':
      return t('created the project')
    case 'project.archived':
      return t('archived the project')
    case 'member.added':
    case 'member.joined':
      return t('joined')
    default: {
      const [noun = '', verb = ''] = event.name.split('.')
      return `${verb.replaceAll('-', ' ')} ${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun.replaceAll('_', ' ')}`
    }
  }
}

const fieldNames = (): Record<string, string> => ({
  title: t('the title'), description: t('the description'), priority: t('the priority'), labels: t('the labels'), dueAt: t('the due date'),
  assigneeId: t('the assignee'), parentId: t('the parent'), status: t('the status'),
})
