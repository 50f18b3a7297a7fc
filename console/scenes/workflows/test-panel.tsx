// A test of the whole draft, in memory: on sample input, or on that of a recorded run. What steps would do to the world is told, not done.
import { ActionIcon, Button, Select } from '@mantine/core'
import { Play, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { ApiProblem, post } from '../../api.ts'
import { absolute, t } from '../../words.ts'
import type { Catalogue, Definition, Schema } from './graph/drawn.ts'
import { nameOf } from './graph/drawn.ts'
import { InputFields } from './input-dialog.tsx'
import { KeptTests } from './kept-tests.tsx'
import { useRuns, type Tested } from './reads.ts'
import { runWord } from './status.tsx'
import { ValueView } from './value-view.tsx'

type Props = { workflowId: string; /** whose values it takes at first */ run?: string; definition: Definition; catalogue: Catalogue; tested: Tested | null; show: (tested: Tested | null) => void; open: (id: string) => void; close: () => void }

export function TestPanel({ workflowId, run: first, definition, catalogue, tested, show, open, close }: Props) {
  const triggers = definition.nodes.filter(({ primitive }) => primitive === 'trigger')
  const [trigger, setTrigger] = useState(triggers[0]?.id ?? null)
  const [from, setFrom] = useState<string>(first ?? 'sample')
  const [input, setInput] = useState<unknown>(undefined)
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  const runs = useRuns(workflowId, 10).data ?? []
  const panel = useRef<HTMLElement>(null)
  useEffect(() => panel.current?.focus({ preventScroll: true }), [])
  const entry = triggers.find(({ id }) => id === trigger)
  const test = async () => {
    setBusy(true)
    setProblem('')
    try {
      show(await post<Tested>(`/workflows/${workflowId}/test`, { definition, ...(trigger ? { trigger } : {}), ...(from === 'sample' ? (input === undefined ? {} : { input }) : { runId: from }) }))
    } catch (error) {
      setProblem(error instanceof ApiProblem ? (error.errors[0]?.message ?? error.message) : String(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <aside className="panel node-panel" ref={panel} tabIndex={-1} aria-label={t('Test')} onKeyDown={(event) => event.key === 'Escape' && !event.defaultPrevented && (event.preventDefault(), close())}>
      <div className="panel-head">
        <h2 className="grow">{t('Test the draft')}</h2>
        <ActionIcon aria-label={t('Close')} onClick={close}>
          <X size={16} />
        </ActionIcon>
      </div>
      <div className="panel-body stack">
        <p className="meta measure">{t('Every step is gone through in memory. Mails, requests and changes are told here, not done.')}</p>
        {triggers.length > 1 && <Select label={t('Begins with')} value={trigger} onChange={setTrigger} data={triggers.map((one) => ({ value: one.id, label: nameOf(one, catalogue.find(one)) }))} />}
        <Select label={t('Values from')} value={from} onChange={(next) => next && setFrom(next)} data={[{ value: 'sample', label: t('a sample, written here') }, ...(first && !runs.some((run) => run.id === first) ? [{ value: first, label: t('the run you came from') }] : []), ...runs.map((run) => ({ value: run.id, label: t('run of {at} ({status})', { at: absolute(run.createdAt), status: runWord(run.status) }) }))]} />
        {from === 'sample' && <InputFields schema={entry?.settings?.input as Schema | undefined} value={input} onChange={setInput} />}
        <Button leftSection={<Play size={14} />} loading={busy} onClick={() => void test()} style={{ alignSelf: 'flex-start' }}>
          {t('Test')}
        </Button>
        <div aria-live="polite" className="stack">
          {problem && <p className="note">{problem}</p>}
          {tested && <Outcome {...{ tested, definition, catalogue, open }} />}
        </div>
        <KeptTests {...{ workflowId, definition, open }} />
      </div>
    </aside>
  )
}

function Outcome({ tested, definition, catalogue, open }: Pick<Props, 'definition' | 'catalogue' | 'open'> & { tested: Tested }) {
  return (
    <>
      <p className="note" data-tone={tested.status === 'completed' ? 'positive' : undefined}>
        {tested.status === 'completed' ? t('It would go through.') : (tested.error?.message ?? t('It would fail.'))}
      </p>
      <ol className="tested" aria-label={t('Steps of the test')}>
        {tested.steps.map((step, at) => {
          const node = definition.nodes.find(({ id }) => id === step.node)
          return (
            <li key={`${step.key} ${at}`} data-status={step.status}>
              <details open={step.status === 'failed' || undefined}>
                <summary>
                  <span className="grow truncate">{node ? nameOf(node, catalogue.find(node)) : step.node}</span>
                  <span className="chip" data-tone={{ completed: 'positive', failed: 'danger', skipped: '' }[step.status] || undefined}>
                    {{ completed: t('Done'), failed: t('Failed'), skipped: t('Skipped') }[step.status]}
                  </span>
                </summary>
                {step.error && <p className="note">{step.error.message}</p>}
                {step.effect != null && <ValueView label={t('Would do')} value={step.effect} />}
                {step.status === 'completed' && <ValueView label={t('Gives')} value={step.output} />}
                {node && (
                  <button type="button" className="link small" onClick={() => open(node.id)}>
                    {t('Open the step')}
                  </button>
                )}
              </details>
            </li>
          )
        })}
      </ol>
    </>
  )
}
