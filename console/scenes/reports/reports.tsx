import { Button, SegmentedControl } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { FolderKanban } from 'lucide-react'
import { show } from '../../overlays.ts'
import { Head } from '../../parts/head.tsx'
import { Picker } from '../../parts/picker.tsx'
import { Empty, Loaded, Skeleton } from '../../parts/states.tsx'
import { useMay, useProjects } from '../../reads.ts'
import type { Project } from '../../things.ts'
import { t } from '../../words.ts'
import { BurnDown, CycleTime, Overdue, ProgressOf, Throughput, Workload } from './reports-each.tsx'
import type { Range } from './range.tsx'
import './reports.css'

type Search = { project?: string; days?: string }

/** Six answers about the work: what came of it, how long it takes, what is late, who carries it. */
export function Reports() {
  const search = useSearch({ strict: false }) as Search
  const navigate = useNavigate()
  const projects = useProjects()
  const may = useMay('member')
  const active = (projects.data ?? []).filter((project) => project.status === 'active')
  const project = active.find((one) => one.key === search.project) ?? active[0]
  const days = Number(search.days ?? 28)
  const set = (change: Search) => void navigate({ to: '.', search: (now: Search) => ({ ...now, ...change }), replace: true })
  return (
    <>
      <Head title={t('Reports')} />
      {(project || !projects.data) && (
      <div className="toolbar">
        <Picker chip isSet label={t('Project')} value={project?.key ?? null} choices={active.map((one) => ({ value: one.key, label: one.name }))} onPick={(key) => set({ project: key })}>
          <FolderKanban size={13} aria-hidden="true" />
          {project?.name ?? t('Project')}
        </Picker>
        <SegmentedControl
          size="xs"
          aria-label={t('How far back')}
          value={String(days)}
          onChange={(next) => set({ days: next === '28' ? undefined : next })}
          data={[
            { value: '7', label: t('7 days') },
            { value: '28', label: t('28 days') },
            { value: '84', label: t('12 weeks') },
          ]}
        />
      </div>
      )}
      <div className="body">
        <Loaded of={projects} what={t('The projects could not be read')} skeleton={<ReportsSkeleton />}>
          {() =>
            project ? (
              <Six key={project.id} project={project} days={days} />
            ) : (
              <Empty title={t('No figures yet')} action={may && <Button onClick={() => show({ kind: 'create-project' })}>{t('Create project')}</Button>}>
                {t('Reports count tasks as they move: throughput, cycle time, what is overdue. They begin with the first project.')}
              </Empty>
            )
          }
        </Loaded>
      </div>
    </>
  )
}

function Six({ project, days }: { project: Project; days: number }) {
  const date = (back: number) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10)
  const range: Range = { projectId: project.id, from: date(days - 1), to: date(0) }
  return (
    <div className="reports">
      <ProgressOf range={range} project={project} />
      <Throughput range={range} project={project} />
      <BurnDown range={range} project={project} />
      <CycleTime range={range} project={project} />
      <Workload range={range} project={project} />
      <Overdue range={range} project={project} />
    </div>
  )
}

function ReportsSkeleton() {
  return (
    <div className="reports" aria-hidden="true">
      {[0, 1, 2, 3].map((one) => (
        <div className="figure" key={one}>
          <Skeleton w="50%" h={16} />
          <Skeleton h={240} />
        </div>
      ))}
    </div>
  )
}
