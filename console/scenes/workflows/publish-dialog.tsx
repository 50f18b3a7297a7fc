// Makes a version of the draft and the active one of it; then says what became of it, and which waiting runs could not go on with it.
import { Button, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProblem, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Dialog, DialogFoot } from '../../parts/dialog.tsx'
import { absolute, countOf, t } from '../../words.ts'
import type { Fault } from './graph/drawn.ts'
import { useCatalogue, useDeployments, useTriggers, type Published } from './reads.ts'
import { Addresses } from './trigger-place.tsx'
import { DeploymentChip, runWord } from './status.tsx'

type Props = { workflowId: string; name: string; settle: () => Promise<unknown>; faults: Fault[]; close: () => void; showFaults: () => void }

export function PublishDialog({ workflowId, name, settle, faults, close, showFaults }: Props) {
  const cache = useQueryClient()
  const [note, setNote] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [published, setPublished] = useState<Published | null>(null)
  const errors = faults.filter(({ level }) => level === 'error')
  const limits = useCatalogue().data?.limits
  const publish = async () => {
    setBusy(true)
    setProblem(null)
    try {
      await settle()
      setPublished(await post<Published>(`/workflows/${workflowId}/publish`, { note: note.trim() || null }))
      void markStale(cache, ['workflows.', 'deployments.'])
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, { code: 'console.failed', detail: t('The draft could not be saved first. Close this and see what the editor says.') }))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog title={published ? t('Version {number} is published', { number: published.number }) : t('Publish {name}', { name })} opened close={close} size={480}>
      {published ? (
        <Outcome published={published} close={close} />
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            void publish()
          }}
        >
          <p className="dim">{t('The draft becomes a version that never changes, and takes over at once. Runs that are under way go on with theirs. Its runs use your rights.')}</p>
          {errors.length > 0 && (
            <div className="note" role="alert">
              {countOf(errors.length, 'fault keeps it from being published.', 'faults keep it from being published.')}{' '}
              <button type="button" className="link" onClick={() => (close(), showFaults())}>
                {t('Show them')}
              </button>
            </div>
          )}
          {limits && (
            <p className="meta">
              {t('A run has at most {steps} steps and {days}; of one team {runs} are worked on at once, more wait their turn.', { steps: (limits.steps ?? 0).toLocaleString(), days: countOf(limits.runDays ?? 0, 'day', 'days'), runs: countOf(limits.runsAtOnce ?? 0, 'run', 'runs') })}
            </p>
          )}
          <Textarea label={t('What is new')} description={t('For whoever compares versions later.')} value={note} onChange={(event) => setNote(event.currentTarget.value)} maxLength={1000} autosize minRows={2} data-autofocus />
          {problem && (
            <p className="note" role="alert">
              {problem.message}
            </p>
          )}
          <DialogFoot verb={t('Publish')} busy={busy} close={close} />
        </form>
      )}
    </Dialog>
  )
}

function Outcome({ published, close }: { published: Published; close: () => void }) {
  const deployment = useDeployments(published.id).data?.find(({ number }) => number === published.number)
  const triggers = useTriggers(published.id).data ?? []
  return (
    <div className="stack">
      <p className="row" role="status">
        {deployment ? <DeploymentChip status={deployment.status} /> : <span className="chip">{t('Waiting to deploy')}</span>}
        <span className="dim">{deployment?.error ?? (deployment?.status === 'active' ? t('Its triggers work from now on.') : t('Its triggers are being set.'))}</span>
      </p>
      {triggers.map((trigger) => (
        <Addresses key={trigger.id} trigger={trigger} />
      ))}
      {triggers.flatMap(({ id, nextAt }) => (nextAt ? [<p key={id}>{t('Begins next {time}.', { time: absolute(nextAt) })}</p>] : []))}
      {published.diverging.length > 0 && (
        <div className="note" data-tone="warning">
          <p>{countOf(published.diverging.length, 'run that is under way could not be moved to this version:', 'runs that are under way could not be moved to this version:')}</p>
          <ul>
            {published.diverging.slice(0, 20).map((run) => (
              <li key={run.runId}>
                <a className="link" href={`/runs/${run.runId}`}>
                  {run.runId.slice(0, 8)}
                </a>{' '}
                ({runWord(run.status)}): {run.message}
              </li>
            ))}
          </ul>
          {published.unjudgedRuns > 0 && <p>{countOf(published.unjudgedRuns, 'older run was not looked at.', 'older runs were not looked at.')}</p>}
          <p>{t('They end with the version they began with.')}</p>
        </div>
      )}
      {(published.failingTests.length > 0 || published.unjudgedTests > 0) && (
        <div className="note" data-tone="warning">
          {published.failingTests.length > 0 && <p>{countOf(published.failingTests.length, 'kept test goes another way with this version:', 'kept tests go another way with this version:')}</p>}
          <ul>
            {published.failingTests.map((test) => (
              <li key={test.testId}>
                {test.name}: {test.message}
              </li>
            ))}
          </ul>
          {published.unjudgedTests > 0 && <p>{countOf(published.unjudgedTests, 'kept test was not judged: there was no time for it.', 'kept tests were not judged: there was no time for them.')}</p>}
        </div>
      )}
      {published.warnings.length > 0 && (
        <ul className="note" data-tone="warning">
          {published.warnings.map((warning, at) => (
            <li key={at}>
              {warning.node}: {warning.message}
            </li>
          ))}
        </ul>
      )}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" component={Link} to={`/workflows/${published.id}/versions` as string}>
          {t('All versions')}
        </Button>
        <Button onClick={close} data-autofocus>
          {t('Close')}
        </Button>
      </div>
    </div>
  )
}
