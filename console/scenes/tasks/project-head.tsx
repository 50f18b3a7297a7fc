import { ActionIcon, Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { BarChart3, Plus, Settings2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { Head } from '../../parts/head.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { show } from '../../overlays.ts'
import { useCut, useMay, type useProject } from '../../reads.ts'
import type { Project } from '../../things.ts'
import { amount, t } from '../../words.ts'

export function ProjectHead({ project }: { project: Project }) {
  const may = useMay('member') && project.status === 'active' && project.role !== 'viewer'
  return (
    <Head
      title={project.name}
      before={
        <Link to="/projects" className="wide-only">
          {t('Projects')}
        </Link>
      }
    >
      {project.status === 'archived' && <span className="chip">{t('Archived, read only')}</span>}
      {may && (
        <>
          <Button className="wide-only" size="xs" leftSection={<Plus size={14} />} onClick={() => show({ kind: 'create-task', projectId: project.id })}>
            {t('Create task')}
          </Button>
          <ActionIcon className="phone-only" size={36} variant="filled" color="petrol" aria-label={t('Create task')} onClick={() => show({ kind: 'create-task', projectId: project.id })}>
            <Plus size={18} />
          </ActionIcon>
        </>
      )}
      <ActionIcon component={Link} to={'/reports' as string} search={{ project: project.key } as never} aria-label={t('Reports of {name}', { name: project.name })} className="wide-only">
        <BarChart3 size={16} />
      </ActionIcon>
      <ActionIcon component={Link} to={'/projects/$project/settings' as string} params={{ project: project.key } as never} aria-label={t('Settings of {name}', { name: project.name })}>
        <Settings2 size={16} />
      </ActionIcon>
    </Head>
  )
}

/** A very large project: what is here of it, and the way to the rest. */
export function CutNote({ project }: { project: Project }) {
  const cut = useCut(project.id)
  if (!cut) return null
  return (
    <div className="cut" role="status">
      <span>{t('The newest {read} of {total} tasks are here; counts and filters know these alone.', { read: amount(cut.read, 'count'), total: amount(project.progress.total, 'count') })}</span>
      <Button size="compact-xs" variant="default" loading={cut.reading} onClick={cut.readAll}>
        {t('Show the rest')}
      </Button>
    </div>
  )
}

/** A link by id rather than by key says nothing to people. */
const isId = (named: string) => /^[0-9a-f]{8}-/.test(named)

/** The frame of a board or list whose project is still on its way, or did not come: nothing moves when it does. */
export function ProjectWaiting({ project, named, skeleton }: { project: ReturnType<typeof useProject>; named: string; skeleton: ReactNode }) {
  return (
    <>
      <Head title={isId(named) ? t('Project') : named} />
      <div className="toolbar" />
      <div className="body">
        <Loaded of={project} what={t('The project could not be read')} skeleton={skeleton}>
          {() => null}
        </Loaded>
      </div>
    </>
  )
}

export function ProjectMissing() {
  return (
    <>
      <Head title={t('No such project')} />
      <Empty
        title={t('This project is not here')}
        action={
          <Button component={Link} to="/projects" variant="default">
            {t('See all projects')}
          </Button>
        }
      >
        {t('It may be private, deleted, or belong to another of your teams: switch the team in the corner.')}
      </Empty>
    </>
  )
}
