import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { Head } from '../../parts/head.tsx'
import { Loaded } from '../../parts/states.tsx'
import { useProject, useTask } from '../../reads.ts'
import type { Task } from '../../things.ts'
import { t } from '../../words.ts'
import { isGone, TaskBody, TaskMissing, TaskSkeleton, TaskTools } from './task-panel.tsx'

/** A task as a page of its own: where links from mail, search and notifications lead. */
export function TaskPage() {
  const { task: id } = useParams({ strict: false }) as { task: string }
  const task = useTask(id)
  return task.data ? (
    <Full task={task.data} />
  ) : (
    <>
      <Head title={t('Task')} />
      <div className="body">
        <div className="pad">
          {isGone(task.error) ? (
            <TaskMissing />
          ) : (
            <Loaded of={task} what={t('The task could not be read')} skeleton={<TaskSkeleton />}>
              {() => null}
            </Loaded>
          )}
        </div>
      </div>
    </>
  )
}

function Full({ task }: { task: Task }) {
  const project = useProject(task.projectId).data
  const navigate = useNavigate()
  return (
    <>
      <Head
        title={task.ref}
        before={
          project && (
            <Link to="/projects/$project" params={{ project: project.key }} search={{ task: task.ref } as never}>
              {project.name}
            </Link>
          )
        }
      >
        <TaskTools task={task} gone={() => void navigate({ to: '/' })} />
      </Head>
      <div className="body task-page">
        <div className="panel-body">{project ? <TaskBody key={task.id} task={task} project={project} heading="h2" /> : <TaskSkeleton />}</div>
      </div>
    </>
  )
}
