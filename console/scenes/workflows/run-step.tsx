import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { post } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { Bytes } from '../../parts/bytes.tsx'
import { Time } from '../../parts/time.tsx'
import { usePlaces } from '../../modules.ts'
import { useMay } from '../../reads.ts'
import { absolute, t } from '../../words.ts'
import { statusWord } from './graph/drawn.ts'
import type { Run, RunStep } from './reads.ts'
import { cureOf, isOver, shownStatus, span, took } from './run-states.ts'

/** A step with everything the server tells of it. Secrets come masked: what a connection holds reads ***. */
export function StepInFull({ run, step, now, inline }: { run: Run; step: RunStep; now: number; inline?: boolean }) {
  const leads = usePlaces()
  const node = run.definition.nodes.find(({ id }) => id === step.node)
  const cache = useQueryClient()
  const may = useMay('member') && !run.hidden
  const status = shownStatus(step, run)
  const retry = () => attempt(cache, t('It was not retried.'), ['runs.'], () => post(`/runs/${run.id}/retry`, { fromNode: step.node }), t('It goes on from {name}.', { name: step.node }))
  return (
    <div className="step-full">
      <p className="meta">
        {inline ? '' : `${step.key} · `}
        {statusWord(status)}
        {step.attempt > 0 && ` · ${step.attempt > 1 ? t('{count} tries', { count: step.attempt }) : t('1 try')}`}
        {step.startedAt && (
          <>
            {' · '}
            <time dateTime={step.startedAt} title={absolute(step.startedAt)}>
              {absolute(step.startedAt)}
            </time>
            {` · ${took(span(step.startedAt, step.completedAt, now))}`}
          </>
        )}
      </p>
      {step.dueAt && !step.completedAt && !isOver(run) && (
        <p className="meta">
          {step.error ? t('Next try') : t('Goes on')} <Time at={step.dueAt} />
        </p>
      )}
      {step.way !== null && <p className="small">{t('It took the way “{way}”.', { way: step.way })}</p>}
      {step.error && (
        <div className="note stack tight">
          <span className="step-error">{step.error.message}</span>
          <code className="meta">{step.error.code}</code>
          {!run.hidden && <span>{cureOf(step.error)}</span>}
          {node?.connectionId && leads('/connections') && (
            <Link className="link" to="/connections/$connection" params={{ connection: node.connectionId }}>
              {t('Look at its connection')}
            </Link>
          )}
        </div>
      )}
      {may && isOver(run) && (
        <div>
          <Button size="compact-sm" variant="default" onClick={() => void retry()}>
            {t('Run again from here')}
          </Button>
        </div>
      )}
      {run.hidden ? (
        <p className="meta">{t('Its values are shown to admins and to the people of the run.')}</p>
      ) : (
        <>
          {step.input !== null && <Bytes label={t('Input of {step}', { step: step.key })} text={JSON.stringify(step.input)} />}
          {step.output !== null && <Bytes label={t('Output of {step}', { step: step.key })} text={JSON.stringify(step.output)} />}
        </>
      )}
    </div>
  )
}
