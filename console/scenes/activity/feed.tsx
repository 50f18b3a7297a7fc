import { Link } from '@tanstack/react-router'
import { usePlaces } from '../../modules.ts'
import { gathered } from '../../parts/gathered.ts'
import { Avatar } from '../../parts/person.tsx'
import { Empty } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { useNames } from '../../reads.ts'
import type { LogEvent, Project } from '../../things.ts'
import { countOf, t } from '../../words.ts'
import { actorName, sentence } from './sentences.ts'

/** What people tell each other; sign-ins, counts of usage and the like are for the audit log. */
export const tellable = /^(task|comment|project|project-member|member\.(added|removed|changed)|tenant|settings)\b/

const hour = 3_600_000

/** Same person, same thing, same verb within an hour is told once; so are tasks made one after the other, and what was part of making one. */
function told(events: LogEvent[]) {
  const made = new Set(events.filter((event) => event.name === 'task.created').map((event) => `${event.requestId} ${event.subject.id}`))
  const tellables = events.filter((event) => tellable.test(event.name) && (event.name === 'task.created' || !made.has(`${event.requestId} ${event.subject.id}`))) // the rest is for the audit log
  return gathered(tellables, (one, next) => {
    const same = one.name === next.name && one.actor.id === next.actor.id && Math.abs(Date.parse(one.at) - Date.parse(next.at)) < hour
    return same && (one.name === 'task.created' ? one.data.projectId === next.data.projectId : one.name !== 'comment.added' && one.subject.id === next.subject.id)
  })
}

export function Feed({ events, projects }: { events: LogEvent[]; projects: Project[] }) {
  const nameOf = useNames()
  const tales = told(events)
  if (!tales.length)
    return (
      <Empty title={t('Quiet so far')} art={<span />}>
        {t('Who moved, assigned or said what appears here as it happens.')}
      </Empty>
    )
  const leads = usePlaces()
  return (
    <ol className="feed">
      {tales.map(({ one: event, more }) => {
        const project = projects.find((one) => one.id === (event.data.projectId ?? (event.subject.type === 'project' ? event.subject.id : undefined)))
        const several = event.name === 'task.created' && more.length > 0
        const task = several ? null : event.task
        return (
          <li key={event.id}>
            <Avatar id={event.actor.id} name={nameOf(event.actor.id)} named />
            <div className="grow">
              <b style={{ fontWeight: 500 }}>{actorName(event, nameOf)}</b> <span className="dim">{several ? t('created {tasks}', { tasks: countOf(more.length + 1, 'task', 'tasks') }) : sentence(event, { nameOf, project })}</span>
              {more.length > 0 && !several && <span className="dim"> {t('({times} times)', { times: more.length + 1 })}</span>}
              <div className="meta row" style={{ gap: 6 }}>
                {task && !task.deleted && leads('/tasks') ? (
                  <Link to="/tasks/$task" params={{ task: task.ref }} className="feed-what truncate">
                    <span className="dim">{task.ref} </span>
                    {task.title}
                  </Link>
                ) : (
                  <span className="truncate grow">{task?.title ?? project?.name}</span>
                )}
                <span className="feed-when">
                  <Time at={event.at} />
                </span>
              </div>
            </div>
          </li>
        )
      })}
    </ol>
  )
}
