// Runs, newest first: of one workflow, or of all.
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Head } from '../../parts/head.tsx'
import { More, usePages } from '../../parts/pages.tsx'
import { Picker } from '../../parts/picker.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { TableBox } from '../../parts/table-box.tsx'
import { Time } from '../../parts/time.tsx'
import { useNames } from '../../reads.ts'
import { t } from '../../words.ts'
import { workflowQuery, type ListedRun, type RunStatus } from './reads.ts'
import { isOver, span, took } from './run-states.ts'
import { RunChip, runWord } from './status.tsx'
import './run.css'

const statuses: RunStatus[] = ['pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled']

export function Runs() {
  const { workflow: workflowId } = useParams({ strict: false }) as { workflow?: string }
  const { status } = useSearch({ strict: false }) as { status?: RunStatus }
  const navigate = useNavigate()
  const workflow = useQuery({ ...workflowQuery(workflowId ?? ''), enabled: !!workflowId })
  const runs = usePages<ListedRun>(['runs.pages', { workflowId, status }], '/runs', { workflowId, status }, { keepPrevious: true })
  const want = (next: string) => void navigate({ to: '.', search: { status: next === status ? undefined : next } as never, replace: true })
  return (
    <>
      <Head
        title={t('Runs')}
        before={
          workflowId ? (
            <Link className="truncate" to="/workflows/$workflow" params={{ workflow: workflowId }}>
              {workflow.data?.name ?? t('Workflow')}
            </Link>
          ) : (
            <Link to="/workflows">{t('Workflows')}</Link>
          )
        }
      />
      <div className="toolbar">
        <Picker chip isSet={!!status} label={t('Status')} choices={statuses.map((one) => ({ value: one, label: runWord(one) }))} value={status ?? null} onPick={want}>
          {status ? runWord(status) : t('Any status')}
        </Picker>
        {status && (
          <button type="button" className="plain link small" onClick={() => want(status)}>
            {t('Show all')}
          </button>
        )}
      </div>
      <div className="body">
        <div className="pad wide">
          <Loaded of={runs} what={t('The runs could not be read')} skeleton={<RowSkeletons count={8} h={44} />}>
            {(all) =>
              all.length ? (
                <div className="runs-table">
                  <TableBox label={t('Runs')} heads={[t('State'), ...(workflowId ? [] : [t('Workflow')]), t('Begun'), t('By'), t('Version'), { name: t('Took'), end: true }, t('What went wrong')]}>
                    {all.map((run) => (
                      <Row key={run.id} run={run} named={!workflowId} />
                    ))}
                  </TableBox>
                </div>
              ) : (
                <Empty title={status ? t('None of these') : workflowId ? t('It has not run yet') : t('Nothing has run yet')} action={!status && !workflowId && <Button component={Link} to="/workflows" variant="default">{t('Go to workflows')}</Button>}>{t('Every run stands here with what it was given, each step, and what came of it.')}</Empty>
              )
            }
          </Loaded>
          <More of={runs}>{t('Show older ones')}</More>
        </div>
      </div>
    </>
  )
}

function Row({ run, named }: { run: ListedRun; named: boolean }) {
  const nameOf = useNames()
  const by = run.startedBy.type === 'user' ? (nameOf(run.startedBy.id) ?? t('a former member')) : run.startedBy.type === 'key' ? t('an API key') : (run.trigger ?? t('its trigger'))
  return (
    <tr>
      <td>
        <RunChip status={run.status} parked={run.parked} />
      </td>
      {named && <td>{run.workflowName}</td>}
      <td>
        <Link className="link" to="/runs/$run" params={{ run: run.id }}>
          <Time at={run.createdAt} />
        </Link>
      </td>
      <td>{by}</td>
      <td className="num">{run.version}</td>
      <td className="end num">{run.startedAt ? (isOver(run) ? took(span(run.startedAt, run.completedAt, 0)) : '…') : ''}</td>
      <td className="run-wrong" title={run.error?.message}>
        {run.parked ? t('The plan’s runs of the month are used; it goes on when there is room') : run.error?.message}
      </td>
    </tr>
  )
}
