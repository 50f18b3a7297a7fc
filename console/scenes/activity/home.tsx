import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { get, getAll } from '../../api.ts'
import { show } from '../../overlays.ts'
import { Head } from '../../parts/head.tsx'
import { Progress } from '../../parts/progress.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { PriorityShape, StatusShape } from '../../parts/shapes.tsx'
import { Due } from '../../parts/time.tsx'
import { useMay, useMe, useModules, useProjects } from '../../reads.ts'
import { priorities, type LogEvent, type Page, type Project, type Task } from '../../things.ts'
import { countOf, daysUntil, t } from '../../words.ts'
import { Feed, tellable } from './feed.tsx'
import './home.css'

/** The newest of what is told in a feed; the log has much besides, so it is read on until there is enough. */
async function lately(signal: AbortSignal, enough = 30): Promise<LogEvent[]> {
  const events: LogEvent[] = []
  let after: string | null = null
  for (let pages = 0; pages < 5 && events.length < enough; pages++) {
    const page: Page<LogEvent> = await get<Page<LogEvent>>('/activity', { limit: pages ? 200 : 60, after }, signal)
    events.push(...page.items.filter((event) => tellable.test(event.name)))
    after = page.next
    if (!after) break
  }
  return events
}

/** What is mine and what changed: the first look of the day. */
export function Home() {
  const { user, tenant } = useMe()
  const projects = useProjects()
  const may = useMay('member')
  const admin = useMay('admin')
  const on = useModules()
  const mine = useQuery({ queryKey: ['tasks.mine', { assigneeId: user.id }], queryFn: ({ signal }) => getAll<Task>('/tasks', { assigneeId: user.id }, signal, 600), enabled: on('tasks') })
  const changed = useQuery({ queryKey: ['activity.list', { recent: true }], queryFn: ({ signal }) => lately(signal) })
  const none = on('projects') && projects.data && !projects.data.length
  return (
    <>
      <Head title={t('Home')} />
      <div className="body">
        {none ? (
          <Empty title={t('Welcome to {team}', { team: tenant?.name ?? 'Groundwork' })} action={
              may && (
                <div className="row wrap" style={{ justifyContent: 'center' }}>
                  <Button onClick={() => show({ kind: 'create-project' })}>{t('Create project')}</Button>
                  {admin && (
                    <Button component={Link} to="/members" variant="default">
                      {t('Invite somebody')}
                    </Button>
                  )}
                </div>
              )
            }
          >
            {t('Start with a project: a board with your own columns. Then invite the others; every move appears on all screens at once.')}
          </Empty>
        ) : (
          <div className="home">
            {(on('tasks') || on('projects')) && (
              <section className="home-mine" aria-labelledby="mine">
                <header className="row home-title">
                  <h2 id="mine">{on('tasks') ? t('Mine') : (tenant?.name ?? '')}</h2>
                  {on('tasks') && <Summary tasks={mine.data} projects={projects.data} />}
                </header>
                {on('tasks') && (
                  <div className="box">
                    <Loaded of={mine} what={t('Your tasks could not be read')} skeleton={<RowSkeletons count={7} />}>
                      {(tasks) => <Mine tasks={tasks} projects={projects.data ?? []} />}
                    </Loaded>
                  </div>
                )}
                {on('projects') && (
                  <>
                    <header className="row home-title" style={{ marginTop: 28 }}>
                      <h2>{t('Projects')}</h2>
                    </header>
                    <div className="box">
                      <Loaded of={projects} what={t('The projects could not be read')} skeleton={<RowSkeletons count={3} />}>
                        {(all) => <ProjectRows projects={all} />}
                      </Loaded>
                    </div>
                  </>
                )}
              </section>
            )}
            <section aria-labelledby="changed">
              <header className="row home-title">
                <h2 id="changed">{t('What changed')}</h2>
              </header>
              <Loaded of={changed} what={t('The activity could not be read')} skeleton={<RowSkeletons count={9} />}>
                {(events) => <Feed events={events} projects={projects.data ?? []} />}
              </Loaded>
            </section>
          </div>
        )}
      </div>
    </>
  )
}

function ProjectRows({ projects }: { projects: Project[] }) {
  return (
    <ul className="rows">
      {projects.filter((project) => project.status === 'active').slice(0, 6).map((project) => (
        <li key={project.id}>
          <Link className="line" to="/projects/$project" params={{ project: project.key }}>
            <span className="project-mark" aria-hidden="true">
              {project.key.slice(0, 2)}
            </span>
            <span className="truncate grow">{project.name}</span>
            <span className="home-progress">
              <Progress {...project.progress} />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  )
}

const stateOf = (task: Task, projects: Project[]) => {
  const project = projects.find((one) => one.id === task.projectId)
  return { project, column: project?.columns.find((column) => column.id === task.status) }
}
const isOpen = (task: Task, projects: Project[]) => {
  const { project, column } = stateOf(task, projects)
  return column?.category !== 'done' && project?.status !== 'archived'
}

function Summary({ tasks, projects }: { tasks?: Task[]; projects?: Project[] }) {
  if (!tasks || !projects) return null
  const open = tasks.filter((task) => isOpen(task, projects))
  const late = open.filter((task) => task.dueAt && daysUntil(task.dueAt) < 0).length
  return (
    <span className="meta">
      {countOf(open.length, 'open task', 'open tasks')}
      {late > 0 && (
        <span className="due" data-late>
          {' · '}
          {t('{late} overdue', { late })}
        </span>
      )}
    </span>
  )
}

function Mine({ tasks, projects }: { tasks: Task[]; projects: Project[] }) {
  const rank = (task: Task) => (task.dueAt ? Math.max(-1, Math.min(daysUntil(task.dueAt), 30)) : 30) * 10 + priorities.indexOf(task.priority)
  const open = tasks.filter((task) => isOpen(task, projects)).sort((one, other) => rank(one) - rank(other))
  if (!open.length)
    return (
      <Empty title={t('Nothing is assigned to you')} art={<span />}>
        {t('Tasks that somebody assigns to you gather here, the urgent ones first. On a board, open a card’s menu and choose “Assign to me”.')}
      </Empty>
    )
  return (
    <ul className="rows">
      {open.slice(0, 14).map((task) => {
        const { project, column } = stateOf(task, projects)
        return (
          <li key={task.id}>
            <Link className="line" to={project ? '/projects/$project' : '/tasks/$task'} params={{ project: project?.key ?? '', task: task.id } as never} search={{ task: task.ref } as never}>
              <PriorityShape priority={task.priority} />
              <span className="ref home-ref">{task.ref}</span>
              <StatusShape category={column?.category ?? 'todo'} name={column?.name} />
              <span className="truncate grow">{task.title}</span>
              {task.dueAt && <Due at={task.dueAt} />}
            </Link>
          </li>
        )
      })}
    </ul>
  )
}
