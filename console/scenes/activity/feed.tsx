import { Link } from '@tanstack/react-router'
import { Avatar } from '../../parts/person.tsx'
import { Empty } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { useNames } from '../../reads.ts'
import type { LogEvent, Project } from '../../things.ts'
import { t } from '../../words.ts'
import { actorName, sentence } from './sentences.ts'

const tellable = /^(task|comment|project|project-member|member\.(added|removed|changed)|tenant|settings)\b/

type Told = { event: LogEvent; more: number }

/** Same person, same thing, same verb within an hour is told once. */
function gathered(events: LogEvent[]): Told[] {
  const told: Told[] = []
  for (const event of events) {
    if (!tellable.test(event.name)) continue // the rest is for the audit log
    const last = told.at(-1)
    const same = last && last.event.name === event.name && last.event.actor.id === event.actor.id && Math.abs(Date.parse(last.event.at) - Date.parse(event.at)) < 3_600_000
    if (same && event.name !== 'comment.added' && last.event.subject.id === event.subject.id) last.more++
    else told.push({ event, more: 0 })
  }
  return told
}

export function Feed({ events, projects }: { events: LogEvent[]; projects: Project[] }) {
  const nameOf = useNames()
  if (!events.length)
    return (
      <Empty title={t('Quiet so far')} art={<span />}>
        {t('Who moved, assigned or said what appears here as it happens.')}
      </Empty>
    )
  return (
    <ol className="feed">
      {gathered(events).map(({ event, more }) => {
        const project = projects.find((one) => one.id === (event.data.projectId ?? (event.subject.type === 'project' ? event.subject.id : undefined)))
        const task = event.task
        return (
          <li key={event.id}>
            <Avatar id={event.actor.id} name={nameOf(event.actor.id)} named />
            <div className="grow">
              <b style={{ fontWeight: 500 }}>{actorName(event, nameOf)}</b> <span className="dim">{sentence(event, { nameOf, project })}</span>
              {more > 0 && <span className="dim"> {t('({times} times)', { times: more + 1 })}</span>}
              <div className="meta row" style={{ gap: 6 }}>
                {task && !task.deleted ? (
                  <Link to="/tasks/$task" params={{ task: task.ref }} className="feed-what truncate">
                    <span className="dim">{task.ref} </span>
                    {task.title}
                  </Link>
                ) : (
                  <span className="truncate">{task?.title ?? project?.name}</span>
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
