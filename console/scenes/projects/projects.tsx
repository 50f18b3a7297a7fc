import { Button, SegmentedControl } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Lock, Plus } from 'lucide-react'
import { useState } from 'react'
import { show } from '../../overlays.ts'
import { Head } from '../../parts/head.tsx'
import { Progress } from '../../parts/progress.tsx'
import { Empty, Loaded, Skeleton } from '../../parts/states.tsx'
import { useMay, useProjects } from '../../reads.ts'
import { t } from '../../words.ts'
import './projects.css'

export function Projects() {
  const projects = useProjects()
  const may = useMay('member')
  const [shown, setShown] = useState('active')
  const create = may && (
    <Button size="xs" leftSection={<Plus size={14} />} onClick={() => show({ kind: 'create-project' })}>
      {t('Create project')}
    </Button>
  )
  return (
    <>
      <Head title={t('Projects')}>{create}</Head>
      <div className="toolbar">
        <SegmentedControl
          size="xs"
          value={shown}
          onChange={setShown}
          aria-label={t('Which projects')}
          data={[
            { value: 'active', label: t('Active') },
            { value: 'archived', label: t('Archived') },
          ]}
        />
      </div>
      <div className="body">
        <Loaded of={projects} what={t('The projects could not be read')} skeleton={<ProjectsSkeleton />}>
          {(all) => {
            const list = all.filter((project) => project.status === shown)
            if (!list.length)
              return shown === 'active' ? (
                <Empty title={t('No projects yet')} action={may && <Button onClick={() => show({ kind: 'create-project' })}>{t('Create project')}</Button>}>
                  {t('A project is a board with your own columns. Tasks move through them, and everybody in the team sees each move as it happens.')}
                </Empty>
              ) : (
                <Empty title={t('Nothing archived')}>{t('A project that is finished can be archived in its settings: it stays readable and leaves the navigation.')}</Empty>
              )
            return (
              <ul className="projects">
                {list.map((project) => (
                  <li key={project.id} className="project">
                    <div className="row">
                      <span className="project-mark" aria-hidden="true">
                        {project.key.slice(0, 2)}
                      </span>
                      <h2 className="truncate">
                        <Link to="/projects/$project" params={{ project: project.key }}>
                          {project.name}
                        </Link>
                      </h2>
                      {project.visibility === 'private' && <Lock size={13} className="dim" aria-label={t('Private')} />}
                      <span className="ref">{project.key}</span>
                    </div>
                    <p className="dim small project-text">{project.description ?? t('No description')}</p>
                    <Progress {...project.progress} />
                  </li>
                ))}
              </ul>
            )
          }}
        </Loaded>
      </div>
    </>
  )
}

function ProjectsSkeleton() {
  return (
    <div className="projects" aria-hidden="true">
      {[0, 1, 2].map((one) => (
        <div className="project" key={one}>
          <Skeleton w="60%" h={20} />
          <Skeleton h={36} />
          <Skeleton h={6} />
        </div>
      ))}
    </div>
  )
}
