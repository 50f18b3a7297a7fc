import { Button, Menu, SegmentedControl, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { ChevronDown, LayoutTemplate, Plus, Search } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { useOffer } from '../../actions.ts'
import { post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Head } from '../../parts/head.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { sayProblem } from '../../parts/toasts.tsx'
import { useMay } from '../../reads.ts'
import { countOf, t } from '../../words.ts'
import { useWorkflows, type ListedWorkflow, type Workflow } from './reads.ts'
import { RunChip, WorkflowChip } from './status.tsx'
import './workflows.css'

type Search = { status?: string; q?: string }

/** What happens by itself: each workflow with its state, its last run and how the runs of the week went. */
export function Workflows() {
  const { status = '', q = '' } = useSearch({ strict: false }) as Search
  const navigate = useNavigate()
  const [typed, setTyped] = useState(q)
  const [settled] = useDebouncedValue(typed, 200)
  useEffect(() => {
    if (settled !== q) void navigate({ to: '.', search: (now: Search) => ({ ...now, q: settled || undefined }), replace: true })
  }, [settled])
  const workflows = useWorkflows({ ...(status ? { status } : {}), ...(q ? { q } : {}) })
  const may = useMay('member')
  const create = useCreate()
  useOffer(may ? [{ id: 'create-workflow', label: t('Create workflow'), group: t('Create'), keys: 'c', run: () => void create(), also: 'new automation' }] : [], may)
  return (
    <>
      <Head title={t('Workflows')}>
        {may && (
          <Menu position="bottom-end" width={220}>
            <Button.Group>
              <Button size="xs" leftSection={<Plus size={14} />} onClick={() => void create()}>
                {t('Create workflow')}
              </Button>
              <Menu.Target>
                <Button size="xs" px={7} aria-label={t('Other ways to begin')}>
                  <ChevronDown size={14} />
                </Button>
              </Menu.Target>
            </Button.Group>
            <Menu.Dropdown>
              <Menu.Item leftSection={<LayoutTemplate size={14} />} onClick={() => void navigate({ to: '/workflows/templates' })}>
                {t('From a template')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Head>
      <div className="toolbar">
        <SegmentedControl
          size="xs"
          value={status}
          onChange={(next) => void navigate({ to: '.', search: (now: Search) => ({ ...now, status: next || undefined }) })}
          aria-label={t('Which workflows')}
          data={[
            { value: '', label: t('All') },
            { value: 'active', label: t('Active') },
            { value: 'inactive', label: t('Paused') },
            { value: 'draft', label: t('Drafts') },
            { value: 'archived', label: t('Archived') },
          ]}
        />
        <TextInput size="xs" className="find" leftSection={<Search size={13} />} placeholder={t('Find by name')} aria-label={t('Find by name')} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        <span className="grow" />
        <Link to="/workflows/templates" className="link small wide-only">
          {t('Templates')}
        </Link>
      </div>
      <div className="body">
        <Loaded of={workflows} what={t('The workflows could not be read')} skeleton={<RowSkeletons count={7} h={48} />}>
          {(all) => (all.length ? <Table workflows={all} /> : <Nothing filtered={!!(status || q)} may={may} create={create} />)}
        </Loaded>
      </div>
    </>
  )
}

function Nothing({ filtered, may, create }: { filtered: boolean; may: boolean; create: () => Promise<unknown> }) {
  if (filtered) return <Empty title={t('No workflow fits')}>{t('Choose another state, or look for another name.')}</Empty>
  return (
    <Empty
      title={t('No workflows yet')}
      action={
        may && (
          <span className="row wrap" style={{ justifyContent: 'center' }}>
            <Button onClick={() => void create()}>{t('Create workflow')}</Button>
            <Button variant="default" component={Link} to="/workflows/templates">
              {t('Try with a template')}
            </Button>
          </span>
        )
      }
    >
      {t('A workflow does by itself what you would otherwise do by hand: something happens, and it mails, asks for approval, makes tasks, calls other services.')}
    </Empty>
  )
}

function Table({ workflows }: { workflows: ListedWorkflow[] }) {
  return (
    <div className="workflow-table" tabIndex={0} role="region" aria-label={t('Workflows')}>
      <table className="table">
        <caption className="sr">{t('Workflows with their runs of the last seven days')}</caption>
        <thead>
          <tr>
            <th>{t('Workflow')}</th>
            <th>{t('State')}</th>
            <th>{t('Last runs')}</th>
            <th className="end">{t('Runs in 7 days')}</th>
            <th className="end">{t('Failed')}</th>
            <th className="wide-only">{t('Changed')}</th>
          </tr>
        </thead>
        <tbody>
          {workflows.map((workflow) => (
            <Row key={workflow.id} workflow={workflow} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ workflow }: { workflow: ListedWorkflow }) {
  const { runs } = workflow
  const rate = runs.total ? Math.round((runs.failed / runs.total) * 100) : 0
  return (
    <tr>
      <td className="workflow-cell">
        <Link to="/workflows/$workflow" params={{ workflow: workflow.id }} className="workflow-name">
          {workflow.name}
        </Link>
        <div className="meta truncate">{workflow.pausedReason ? pausedWord(workflow.pausedReason) : (workflow.description ?? '')}</div>
      </td>
      <td>
        <span className="row" style={{ gap: 6 }}>
          <WorkflowChip status={workflow.status} />
          {workflow.activeVersion !== null && <span className="meta num">v{workflow.activeVersion}</span>}
        </span>
      </td>
      <td>
        {runs.last ? (
          <span className="row" style={{ gap: 8 }}>
            {runs.recent && runs.recent.length > 1 && <Recent runs={runs.recent} />}
            <RunChip status={runs.last} />
            {runs.lastAt && (
              <span className="meta">
                <Time at={runs.lastAt} />
              </span>
            )}
          </span>
        ) : (
          <span className="meta">{t('none yet')}</span>
        )}
      </td>
      <td className="end num">{runs.total.toLocaleString()}</td>
      <td className="end num">{runs.failed ? <span className="failed-rate">{`${runs.failed.toLocaleString()} (${rate} %)`}</span> : <span className="dim">{runs.total ? t('none') : '–'}</span>}</td>
      <td className="wide-only meta">
        <Time at={workflow.updatedAt} />
      </td>
    </tr>
  )
}

/** The last runs, oldest first, as marks: failed ones stand taller. */
function Recent({ runs }: { runs: NonNullable<ListedWorkflow['runs']['recent']> }) {
  const failed = runs.filter((status) => status === 'failed').length
  return (
    <span className="recent" role="img" aria-label={t('{failed} of the last {runs} failed', { failed, runs: countOf(runs.length, 'run', 'runs') })}>
      {[...runs].reverse().map((status, at) => (
        <span key={at} data-status={status} />
      ))}
    </span>
  )
}

const pausedWord = (reason: string) => (reason === 'publisher_left' ? t('Paused: whoever published it left the team. Publish it again to let it go on.') : t('Paused: {reason}', { reason }))

/** Makes an empty workflow and opens it. */
export function useCreate() {
  const navigate = useNavigate()
  const cache = useQueryClient()
  return async () => {
    try {
      const made = await post<Workflow>('/workflows', { name: t('New workflow') })
      void markStale(cache, ['workflows.'])
      await navigate({ to: '/workflows/$workflow', params: { workflow: made.id } })
    } catch (error) {
      sayProblem(error, t('The workflow was not made.'))
    }
  }
}
