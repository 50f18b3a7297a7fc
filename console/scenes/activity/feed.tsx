import { useQueries } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Avatar } from '../../parts/person.tsx'
import { Empty } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { tasksQuery, useNames } from '../../reads.ts'
import type { LogEvent, Project } from '../../things.ts'
import { t } from '../../words.ts'
import { sentence } from './sentences.ts'

type Told = { event: LogEvent; more: number }

/** Same person, same thing, same verb within an hour is told once. */
function gathered(events: LogEvent[]): Told[] {
  const told: Told[] = []
  for (const event of events) {
    const last = told.at(-1)
    const same = last && last.event.name === event.name && last.event.actor.id === event.actor.id && Math.abs(Date.parse(last.event.at) - Date.parse(event.at)) < 3_600_000
    if (same && event.name !== 'comment.added' && last.event.subject.id === event.subject.id) last.more++
    else told.push({ event, more: 0 })
  }
  return told
}

/** Titles of the tasks that the events are about; the lists are those the boards show. */
function useTitles(events: LogEvent[]) {
  const ids = [...new Set(events.map((event) => event.data.projectId).filter((id): id is string => typeof id === 'string'))].slice(0, 6)
  return useQueries({
    queries: ids.map((id) => ({ ...tasksQuery(id), retry: false })),
    combine: (reads) => new Map(reads.flatMap((read) => (read.data ?? []).map((task) => [task.id, task] as const))),
  })
}

export function Feed({ events, projects }: { events: LogEvent[]; projects: Project[] }) {
  const nameOf = useNames()
  const tasks = useTitles(events)
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
        const taskId = event.subject.type === 'task' ? event.subject.id : typeof event.data.taskId === 'string' ? event.data.taskId : null
        const task = taskId ? tasks.get(taskId) : undefined
        const what = task?.title ?? (typeof event.data.title === 'string' ? event.data.title : null)
        return (
          <li key={event.id}>
            <Avatar id={event.actor.id} name={nameOf(event.actor.id)} named />
            <div className="grow">
              <b style={{ fontWeight: 500 }}>{nameOf(event.actor.id) ?? event.actor.name ?? t('The system')}</b> <span className="dim">{sentence(event, { nameOf, project })}</span>
              {more > 0 && <span className="dim"> {t('({times} times)', { times: more + 1 })}</span>}
              <div className="meta row" style={{ gap: 6 }}>
                {taskId && event.name !== 'task.deleted' ? (
                  <Link to="/tasks/$task" params={{ task: task?.ref ?? taskId }} className="feed-what truncate">
                    {task && <span className="dim">{task.ref} </span>}
                    {what ?? t('Open the task')}
                  </Link>
                ) : (
                  <span className="truncate">{what ?? project?.name}</span>
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
