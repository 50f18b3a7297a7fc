// Runs that were kept as tests: the draft is judged by all of them at once, and each that fails says where it goes another way first.
import { Button } from '@mantine/core'
import { useState } from 'react'
import { ApiProblem, post } from '../../api.ts'
import { RemoveButton } from '../../parts/remove-button.tsx'
import { countOf, t } from '../../words.ts'
import type { Definition } from './graph/drawn.ts'
import { useKeptTests, type Judged } from './reads.ts'

type Props = { workflowId: string; definition: Definition; open: (node: string) => void }

export function KeptTests({ workflowId, definition, open }: Props) {
  const kept = useKeptTests(workflowId).data ?? []
  const [judged, setJudged] = useState<Judged | null>(null)
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  const judge = async () => {
    setBusy(true)
    setProblem('')
    try {
      setJudged(await post<Judged>(`/workflows/${workflowId}/tests/replay`, { definition }))
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  const resultOf = (id: string) => judged?.results.find(({ testId }) => testId === id)
  const failed = judged?.results.filter(({ passed }) => !passed).length ?? 0
  return (
    <section className="stack" aria-label={t('Kept tests')}>
      <h3>{t('Kept tests')}</h3>
      {kept.length === 0 ? (
        <p className="meta measure">{t('A run that went as it should can be kept as a test, on its page. Then each draft is judged by what services and people answered there, and nothing is done.')}</p>
      ) : (
        <>
          <Button variant="default" loading={busy} onClick={() => void judge()} style={{ alignSelf: 'flex-start' }}>
            {t('Judge the draft by them')}
          </Button>
          <div aria-live="polite">
            {problem && <p className="note">{problem}</p>}
            {judged && judged.faults.some(({ level }) => level === 'error') && <p className="note">{t('The draft has faults: mend them first.')}</p>}
            {judged && judged.results.length > 0 && (
              <p className="note" data-tone={failed ? undefined : 'positive'}>
                {failed ? countOf(failed, 'test goes another way.', 'tests go another way.') : t('It does what they say.')}
              </p>
            )}
          </div>
          <ul className="tested">
            {kept.map((test) => {
              const result = resultOf(test.id)
              const node = result?.divergence?.node
              return (
                <li key={test.id} data-status={result ? (result.passed ? 'completed' : 'failed') : undefined}>
                  <div className="row">
                    <span className="grow truncate">{test.name}</span>
                    {result && (
                      <span className="chip" data-tone={result.passed ? 'positive' : 'danger'}>
                        {result.passed ? t('Passed') : t('Another way')}
                      </span>
                    )}
                    <RemoveButton label={t('Remove the test {name}', { name: test.name })} path={`/workflows/${workflowId}/tests/${test.id}`} stale={['workflows.tests']} quiet asks={{ title: t('Remove the test {name}', { name: test.name }), text: t('Drafts are no longer judged by this run. The run itself stays.'), verb: t('Remove the test') }} />
                  </div>
                  {result?.divergence && <p className="note">{result.divergence.message}</p>}
                  {node && definition.nodes.some(({ id }) => id === node) && (
                    <button type="button" className="link small" onClick={() => open(node)}>
                      {t('Open the step')}
                    </button>
                  )}
                </li>
              )
            })}
          </ul>
        </>
      )}
    </section>
  )
}
