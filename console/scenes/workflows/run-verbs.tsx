// What can be done with a run. Only its people and admins may; others see no buttons.
import { Button, Select } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { ApiProblem, post } from '../../api.ts'
import { attempt, markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { say } from '../../parts/toasts.tsx'
import { useMay } from '../../reads.ts'
import { t } from '../../words.ts'
import { useVersions, type Run } from './reads.ts'
import { isOver } from './run-states.ts'

const Dialog = lazy(() => import('../../parts/dialog.tsx').then((part) => ({ default: part.Dialog })))

export function RunVerbs({ run }: { run: Run }) {
  const cache = useQueryClient()
  const may = useMay('member') && !run.hidden
  const [moving, setMoving] = useState(false)
  const over = isOver(run)
  const steer = (verb: string, said: string) => attempt(cache, t('Nothing was changed.'), ['runs.'], () => post(`/runs/${run.id}/${verb}`), said)
  const keep = () => attempt(cache, t('It was not kept.'), ['workflows.tests'], () => post(`/workflows/${run.workflowId}/tests`, { runId: run.id }), t('Kept. Drafts are judged by it under Test.'))
  const cancel = () =>
    ask({
      title: t('Cancel this run of {name}', { name: run.workflowName }),
      text: t('What it has done stays done. Nothing more begins, also in runs it started.'),
      verb: t('Cancel the run'),
      danger: true,
      run: () => post(`/runs/${run.id}/cancel`).then(() => markStale(cache, ['runs.', 'approvals.'])),
    })
  return (
    <>
      {may && !over && run.status !== 'paused' && (
        <Button size="compact-sm" variant="default" onClick={() => void steer('pause', t('Steps under way finish, then it rests.'))}>
          {t('Pause')}
        </Button>
      )}
      {may && run.status === 'paused' && !run.parked && (
        <Button size="compact-sm" onClick={() => void steer('resume', t('It goes on.'))}>
          {t('Let it go on')}
        </Button>
      )}
      {may && run.status === 'cancelled' && (
        <Button size="compact-sm" variant="default" onClick={() => void steer('retry', t('It goes on from where it was.'))}>
          {t('Take it up again')}
        </Button>
      )}
      {may && !over && (
        <Button size="compact-sm" variant="default" onClick={() => setMoving(true)}>
          {t('Move to another version')}
        </Button>
      )}
      {may && (
        <Button size="compact-sm" variant="default" renderRoot={(props) => <Link to="/workflows/$workflow" params={{ workflow: run.workflowId }} search={{ run: run.id }} {...props} />}>
          {t('Test the draft with its data')}
        </Button>
      )}
      {may && (run.status === 'completed' || run.status === 'failed') && (
        <Button size="compact-sm" variant="default" onClick={() => void keep()}>
          {t('Keep as a test')}
        </Button>
      )}
      {may && !over && (
        <Button size="compact-sm" variant="subtle" c="var(--danger)" onClick={cancel}>
          {t('Cancel the run')}
        </Button>
      )}
      {!may && <span className="meta">{t('Only its people and admins steer it.')}</span>}
      {moving && (
        <Suspense fallback={null}>
          <Dialog title={t('Move to another version')} opened close={() => setMoving(false)}>
            <Move run={run} close={() => setMoving(false)} />
          </Dialog>
        </Suspense>
      )}
    </>
  )
}

type Divergence = { key: string; message: string }

/** The server replays what the run has done against the other version; the first step that would have been another is told. */
function Move({ run, close }: { run: Run; close: () => void }) {
  const cache = useQueryClient()
  const versions = useVersions(run.workflowId)
  const others = versions.data?.filter(({ number }) => number !== run.version) ?? []
  const [chosen, setChosen] = useState<string | null>(null)
  const [refusal, setRefusal] = useState<ApiProblem | null>(null)
  const [busy, setBusy] = useState(false)
  const divergence = refusal?.code === 'run.would_diverge' ? (refusal.document['divergence'] as Divergence | undefined) : undefined
  const move = async () => {
    setBusy(true)
    setRefusal(null)
    try {
      await post(`/runs/${run.id}/move`, { version: Number(chosen) })
      say(t('It goes on with version {version}.', { version: chosen ?? '' }))
      void markStale(cache, ['runs.'])
      close()
    } catch (error) {
      setRefusal(error instanceof ApiProblem ? error : new ApiProblem(0, { detail: String(error) }))
      setBusy(false)
    }
  }
  return (
    <div className="stack">
      <p className="dim">{t('It keeps what it has done and goes on as that version says. That is only possible where the version would have done the same up to here.')}</p>
      <Select
        label={t('Version')}
        placeholder={versions.isPending ? t('Loading') : others.length ? undefined : t('There is no other version')}
        disabled={!others.length}
        data={others.map(({ number, active, note }) => ({ value: String(number), label: `${number}${active ? ` (${t('active')})` : ''}${note ? ` · ${note}` : ''}` }))}
        value={chosen}
        onChange={setChosen}
      />
      {refusal && (
        <div className="note stack tight" role="alert">
          {divergence ? (
            <>
              <b>{t('That version would have gone another way at {step}', { step: divergence.key })}</b>
              <span>{divergence.message}</span>
              <span>{t('Let this run end with version {version}, or cancel it and start anew.', { version: run.version })}</span>
            </>
          ) : (
            <span>{refusal.message}</span>
          )}
        </div>
      )}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={close}>
          {t('Leave it')}
        </Button>
        <Button loading={busy} disabled={!chosen} onClick={() => void move()}>
          {chosen ? t('Move to version {version}', { version: chosen }) : t('Move')}
        </Button>
      </div>
    </div>
  )
}
