// What a run waits to be told by name, and the form that tells it: what the outside would say with POST /runs/{id}/signals/{name}.
import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { post } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { Time } from '../../parts/time.tsx'
import { useMay } from '../../reads.ts'
import { countOf, t } from '../../words.ts'
import type { Run, RunStep } from './reads.ts'
import { signalsOf } from './run-states.ts'
import { JsonField } from './value-fields.tsx'

/** One card for each name; several steps, as of a loop, may wait for the same. */
export function Signals({ run }: { run: Run }) {
  const may = useMay('member') && !run.hidden
  const waiting = signalsOf(run)
  if (!waiting.length) return null
  return (
    <section className="stack tight">
      {waiting.map(({ name, steps }) => (
        <SignalCard key={name} run={run} name={name} steps={steps} may={may} />
      ))}
    </section>
  )
}

function SignalCard({ run, name, steps, may }: { run: Run; name: string; steps: RunStep[]; may: boolean }) {
  const cache = useQueryClient()
  const heading = useId()
  const [payload, setPayload] = useState<unknown>(undefined)
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<string>()
  const latest = steps.map(({ dueAt }) => dueAt).filter((at) => at !== null).sort()[0]
  const send = async () => {
    // what only looks like JSON is no text that anybody meant
    if (typeof payload === 'string' && /^\s*[[{"]/.test(payload)) return setFault(t('This is not JSON yet: look for a bracket or quote that is missing.'))
    setFault(undefined)
    setBusy(true)
    const told = await attempt(cache, t('It was not told.'), ['runs.'], () => post(`/runs/${run.id}/signals/${name}`, payload === undefined ? {} : { payload }), run.status === 'paused' ? t('Kept: it hears “{name}” when it is let go on.', { name }) : t('It was told “{name}”.', { name }))
    setBusy(false)
    if (told) setPayload(undefined)
  }
  return (
    <article className="approval" aria-labelledby={heading}>
      <h2 id={heading}>{t('It waits for the signal “{name}”', { name })}</h2>
      {(steps.length > 1 || latest) && (
        <p className="meta">
          {steps.length > 1 && t('{steps} for it; each signal lets one go on. ', { steps: countOf(steps.length, 'step waits', 'steps wait') })}
          {latest && (
            <>
              {t('Without it the run goes on')} <Time at={latest} />
            </>
          )}
        </p>
      )}
      {may ? (
        <form
          className="stack tight"
          onSubmit={(event) => {
            event.preventDefault()
            void send()
          }}
        >
          <JsonField label={t('What comes with it (JSON, optional)')} description={t('Later steps read it as nodes.{node}.output.payload.', { node: steps[0]!.node })} value={payload} onChange={setPayload} error={fault} />
          <div className="approval-verbs" data-alone>
            <Button type="submit" loading={busy} aria-label={t('Send the signal {name}', { name })}>
              {t('Send the signal')}
            </Button>
          </div>
        </form>
      ) : (
        <p className="meta">{t('Its people and admins can send it from here; programs with the API.')}</p>
      )}
    </article>
  )
}
