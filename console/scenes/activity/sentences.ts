// Events of the log as a person would tell them. The actor's name stands before.
import type { LogEvent, Project } from '../../things.ts'
import { day, t } from '../../words.ts'

export type Story = { nameOf: (id: string | null) => string | undefined; project?: Project }

const text = (value: unknown) => (typeof value === 'string' ? value : '')

/** Who did it, as a name; people who are gone stay people. */
export const actorName = ({ actor }: LogEvent, nameOf: Story['nameOf']) =>
  nameOf(actor.id) ?? actor.name ?? (actor.type === 'user' ? t('A former member') : actor.type === 'key' ? t('An API key') : actor.type === 'workflow' ? t('A workflow') : t('The system'))

/** "moved it from Next to Done": without the actor, without the subject's title. */
export function sentence(event: LogEvent, { nameOf, project }: Story): string {
  const data = event.data
  const column = (id: unknown) => project?.columns.find((one) => one.id === id)?.name ?? text(id)
  const person = (id: unknown) => nameOf(text(id) || null) ?? t('a former member')
  switch (event.name) {
    case 'task.created':
      return t('created it')
    case 'task.moved':
      return data.from === data.to ? t('moved it within {to}', { to: column(data.to) }) : t('moved it from {from} to {to}', { from: column(data.from), to: column(data.to) })
    case 'task.assigned':
      if (data.to && data.to === event.actor.id) return t('took it')
      return data.to ? t('assigned it to {name}', { name: person(data.to) }) : t('unassigned it')
    case 'task.changed': {
      const fields = Array.isArray(data.fields) ? data.fields.map(String) : []
      const to = (data.to ?? {}) as Record<string, unknown>
      if (fields.length === 1 && typeof to.title === 'string') return t('renamed it to “{title}”', { title: to.title })
      if (fields.length === 1 && typeof to.priority === 'string') return t('set the priority to {priority}', { priority: to.priority })
      if (fields.length === 1 && typeof to.dueAt === 'string') return t('set the due date to {day}', { day: day(to.dueAt) })
      return t('changed {fields}', { fields: fields.map((field) => fieldNames()[field] ?? field).join(', ') || t('it') })
    }
    case 'task.deleted':
      return t('deleted it')
    case 'task.restored':
      return t('brought it back')
    case 'comment.added':
      return t('commented')
    case 'comment.changed':
      return t('edited a comment')
    case 'comment.deleted':
      return t('deleted a comment')
    case 'watcher.added':
      return t('watches it')
    case 'watcher.removed':
      return t('stopped watching it')
    case 'project.created':
      return t('created the project')
    case 'project.changed':
      return t('changed the project')
    case 'project.archived':
      return t('archived the project')
    case 'project-member.added':
      return t('added {name}', { name: person(data.userId) })
    case 'project-member.removed':
      return t('removed {name}', { name: person(data.userId) })
    case 'project-member.changed':
      return t('changed the role of {name}', { name: person(data.userId) })
    case 'project.deleted':
      return t('deleted a project')
    case 'member.added':
      return t('joined the team')
    case 'member.removed':
      return data.userId === event.actor.id ? t('left the team') : t('removed {name} from the team', { name: person(data.userId ?? event.subject.id) })
    case 'member.changed':
      return t('changed the role of {name}', { name: person(data.userId ?? event.subject.id) })
    case 'member.signed-in':
      return t('signed in')
    case 'invitation.sent':
      return t('invited somebody')
    case 'invitation.resent':
      return t('sent an invitation again')
    case 'invitation.revoked':
      return t('withdrew an invitation')
    case 'invitation.accepted':
      return t('accepted an invitation')
    case 'settings.changed':
    case 'tenant.changed':
      return t('changed the team’s settings')
    case 'column.rebalanced':
      return t('spread the places in a column')
    default: {
      const [noun = '', verb = ''] = event.name.split('.')
      return `${verb.replaceAll('-', ' ')} ${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun.replaceAll('-', ' ')}`
    }
  }
}

const fieldNames = (): Record<string, string> => ({
  title: t('the title'), description: t('the description'), priority: t('the priority'), labels: t('the labels'), dueAt: t('the due date'),
  assigneeId: t('the assignee'), parentId: t('the parent'), status: t('the status'),
})
