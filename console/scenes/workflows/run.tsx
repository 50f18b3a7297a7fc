// One run: live on the graph, step by step, with what it was given, did and gave, as whom, and what can be done about it.
import { useMediaQuery } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { X } from 'lucide-react'
import { ActionIcon } from '@mantine/core'
import { useEffect, useState } from 'react'
import { get } from '../../api.ts'
import { Head } from '../../parts/head.tsx'
import { Loaded, RowSkeletons, Skeleton } from '../../parts/states.tsx'
import type { Page } from '../../things.ts'
import { absolute, t } from '../../words.ts'
import { ApprovalCard, type Approval } from './approval-card.tsx'
import { WorkflowGraph } from './graph/canvas.tsx'
import { statesOf } from './graph/states.ts'
import { useCatalogue, useRun, type Run } from './reads.ts'
import { Effects, Facts, Parked, Trouble, Values } from './run-facts.tsx'
import { isOver, stepName, stepOf } from './run-states.ts'
import { StepInFull } from './run-step.tsx'
import { Timeline } from './run-timeline.tsx'
import { RunVerbs } from './run-verbs.tsx'
import { Signals } from './signal-card.tsx'
import { RunChip } from './status.tsx'
import './approvals.css'
import './run.css'

export function RunPage() {
  const { run: id } = useParams({ strict: false }) as { run: string }
  const run = useRun(id)
  const name = run.data?.workflowName || t('Workflow')
  return (
    <>
      <Head
        title={run.data ? t('Run of {time}', { time: absolute(run.data.createdAt) }) : t('Run')}
        before={
          run.data && (
            <Link className="wide-only truncate" to="/workflows/$workflow/runs" params={{ workflow: run.data.workflowId }}>
              {name}
            </Link>
          )
        }
      >
        {run.data && <RunChip status={run.data.status} parked={run.data.parked} />}
      </Head>
      <Loaded of={run} what={t('The run could not be read')} skeleton={<RunSkeleton />}>
        {(one) => <InFull run={one} />}
      </Loaded>
    </>
  )
}

function InFull({ run }: { run: Run }) {
  const { step: key } = useSearch({ strict: false }) as { step?: string }
  const navigate = useNavigate()
  const catalogue = useCatalogue()
  const wide = useMediaQuery('(min-width: 1000px)', true, { getInitialValueInEffect: false })
  const now = useNow(!isOver(run) && run.status !== 'paused')
  const chosen = run.steps.find((step) => step.key === key)
  const choose = (next: string | undefined) => void navigate({ to: '.', search: (was: Record<string, unknown>) => ({ ...was, step: next }) as never, replace: true, resetScroll: false })
  const states = statesOf(run.definition, run, now)
  return (
    <>
      <div className="toolbar run-bar">
        <RunVerbs run={run} />
      </div>
      <div className="run" data-panel={(wide && !!chosen) || undefined} onKeyDown={(event) => event.key === 'Escape' && !event.defaultPrevented && chosen && choose(undefined)}>
        <div className="run-main">
          {run.definition.nodes.length > 0 && (
            <div className="run-graph">
              <WorkflowGraph
                definition={run.definition}
                catalogue={catalogue.data}
                states={states}
                label={t('Graph of {name}, with where the run is', { name: run.workflowName })}
                selected={chosen ? [chosen.node] : []}
                onSelect={(ids) => ids[0] && choose(stepOf(run, ids[0])?.key)}
                onOpen={(node) => choose(stepOf(run, node)?.key)}
              />
            </div>
          )}
          <div className="run-told">
            {run.parked && <Parked />}
            {run.error && <Trouble run={run} choose={choose} catalogue={catalogue.data} />}
            <Asked run={run} />
            <Signals run={run} />
            <section>
              <h2>{t('Steps')}</h2>
              <Timeline run={run} now={now} chosen={key} choose={choose} catalogue={catalogue.data} inline={!wide} />
            </section>
            <Facts run={run} now={now} />
            <Values run={run} />
            <Effects run={run} />
          </div>
        </div>
        {wide && chosen && (
          <aside className="run-panel" aria-label={t('Step {name}', { name: stepName(run, chosen, catalogue.data) })}>
            <header>
              <h2 className="grow truncate">{stepName(run, chosen, catalogue.data)}</h2>
              <ActionIcon aria-label={t('Close the step')} onClick={() => choose(undefined)}>
                <X size={16} />
              </ActionIcon>
            </header>
            <StepInFull run={run} step={chosen} now={now} />
          </aside>
        )}
      </div>
    </>
  )
}

/** What it waits for that a person can give right here. */
function Asked({ run }: { run: Run }) {
  const waiting = run.status === 'waiting' || run.status === 'running' || run.status === 'paused'
  const asked = useQuery({ queryKey: ['approvals.list', { runId: run.id }], queryFn: async ({ signal }) => (await get<Page<Approval>>('/approvals', { runId: run.id, status: 'pending' }, signal)).items, enabled: waiting })
  if (!waiting || !asked.data?.length) return null
  return (
    <section className="stack tight">
      {asked.data.map((one) => (
        <ApprovalCard key={one.id} approval={one} inRun />
      ))}
    </section>
  )
}

/** The time, each second while it matters. */
function useNow(ticking: boolean) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    setNow(Date.now())
    if (!ticking) return
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [ticking])
  return now
}

function RunSkeleton() {
  return (
    <div className="run">
      <div className="run-main">
        <div className="run-graph">
          <Skeleton h="100%" r={0} />
        </div>
        <div className="run-told">
          <RowSkeletons count={4} h={44} />
        </div>
      </div>
    </div>
  )
}
