// What follows from the log: who is told of a task, a comment, a project. One reader, so that one event tells a person once, of what matters most.
import { reader } from '../../kernel/readers.ts'
import type { Tx } from '../../kernel/db.ts'
import type { LoggedEvent } from '../../kernel/log.ts'
import { listFollowers } from '../tasks/api.ts'
import { tell, type Wish } from './service.ts'

const words = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const wish = (kind: Wish['kind'], ...people: unknown[]): Wish[] => people.flatMap((personId) => (typeof personId === 'string' ? [{ personId, kind }] : []))

async function follow(tx: Tx, event: LoggedEvent): Promise<void> {
  const { data } = event
  const onTask = event.subject.type === 'task'
  const taskId = onTask ? event.subject.id : words(data.taskId)
  const watchers = async () => wish('watched', ...(await tx(listFollowers(taskId!))).map((w) => w.userId))
  const wishes: Wish[] =
    event.name === 'task.assigned' ? [...wish('assigned', data.to), ...(await watchers())]
    : event.name === 'project-member.added' ? wish('invited', data.userId)
    : event.name === 'comment.added' ? [...wish('mentioned', ...(data.mentions as unknown[])), ...(await watchers())]
    : event.name === 'comment.changed' ? wish('mentioned', ...(data.mentions as unknown[]))
    : event.name === 'task.moved' && data.from === data.to ? [] // another place in the same column is no news
    : await watchers()
  if (!wishes.length) return
  await tell(tx, {
    source: event.id, projectId: words(data.projectId), taskId, commentId: event.subject.type === 'comment' ? event.subject.id : null,
    actorId: event.actor.type === 'user' ? event.actor.id : null, wishes,
  })
}

export const tellPeople = reader('notifications.people', ['task.assigned', 'task.moved', 'task.changed', 'comment.added', 'comment.changed', 'project-member.added'], follow)
