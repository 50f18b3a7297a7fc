// The run as a list: what the graph shows, for everybody; when each step began and how long it took, on one scale.
import { Button } from '@mantine/core'
import { ChevronDown, ChevronRight } from 'lucide-react'
import { useState } from 'react'
import type { Catalogue } from './graph/drawn.ts'
import { nameOf, statusWord } from './graph/drawn.ts'
import { StateMark } from './graph/node-box.tsx'
import { t } from '../../words.ts'
import type { Run, RunStep } from './reads.ts'
import { isOver, shownStatus, span, stepName, took } from './run-states.ts'
import { StepInFull } from './run-step.tsx'

type Props = { run: Run; now: number; chosen: string | undefined; choose: (key: string | undefined) => void; catalogue: Catalogue | undefined; inline: boolean }

export function Timeline({ run, now, chosen, choose, catalogue, inline }: Props) {
  const begun = run.startedAt ?? run.createdAt
  const whole = Math.max(1, span(begun, run.completedAt, now))
  const [most, setMost] = useState(200)
  const all = run.steps.filter((step) => step.status !== 'skipped')
  const told = all.filter((step, at) => at < most || step.key === chosen)
  const skipped = run.steps.filter((step) => step.status === 'skipped')
  if (!run.steps.length) return <p className="meta">{isOver(run) ? t('It had no steps.') : t('It has not come to its first step.')}</p>
  const row = (step: RunStep) => {
    const open = chosen === step.key
    const status = shownStatus(step, run)
    const node = run.definition.nodes.find(({ id }) => id === step.node)
    const left = step.startedAt ? Math.min(99, (span(begun, step.startedAt, now) / whole) * 100) : 0
    const width = step.startedAt ? Math.min(100 - left, (span(step.startedAt, step.completedAt, now) / whole) * 100) : 0
    return (
      <li key={step.key}>
        <button type="button" className="plain line step-line" data-chosen={open || undefined} aria-expanded={open} onClick={() => choose(open ? undefined : step.key)}>
          {inline && (open ? <ChevronDown size={14} aria-hidden="true" /> : <ChevronRight size={14} aria-hidden="true" />)}
          <StateMark state={{ status, ...(step.error ? { reason: step.error.message } : {}) }} />
          <span className="step-name truncate">
            {node ? nameOf(node, catalogue?.find(node)) : step.node}
            {step.key !== step.node && <code className="meta"> {step.key}</code>}
          </span>
          {step.way !== null && <span className="chip">{wayIn(step.way)}</span>}
          {step.attempt > 1 && <span className="meta num">{t('{count} tries', { count: step.attempt })}</span>}
          <span className="meta step-why truncate">{step.error ? step.error.message : status === 'waiting' || status === 'paused' || status === 'cancelled' ? statusWord(status) : ''}</span>
          <span className="step-bar" aria-hidden="true">
            <span data-status={status} style={{ left: `${left}%`, width: `max(3px, ${width}%)` }} />
          </span>
          <span className="meta num step-took">{step.startedAt ? took(span(step.startedAt, step.completedAt, now)) : ''}</span>
        </button>
        {inline && open && <StepInFull run={run} step={step} now={now} inline />}
      </li>
    )
  }
  return (
    <>
      <div className="box">
        <ol className="rows">{told.map(row)}</ol>
      </div>
      {all.length > told.length && (
        <Button size="compact-sm" variant="default" mt={8} onClick={() => setMost(most + 1000)}>
          {t('Show more of {count} steps', { count: all.length })}
        </Button>
      )}
      {skipped.length > 0 && (
        <p className="meta" style={{ marginTop: 6 }}>
          {t('Not taken: {names}', { names: skipped.map((step) => stepName(run, step, catalogue)).join(', ') })}
        </p>
      )}
    </>
  )
}

const wayIn = (way: string) => ({ true: t('yes'), false: t('no'), error: t('on failure') })[way] ?? way.replace(/^case:/, '')
