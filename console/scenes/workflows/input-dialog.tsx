// Starts a run by hand: the form is what the trigger asks for.
import { useState } from 'react'
import { ApiProblem, post } from '../../api.ts'
import { Dialog, DialogFoot } from '../../parts/dialog.tsx'
import { t } from '../../words.ts'
import { Fields } from './fields.tsx'
import type { DrawnNode, Schema } from './graph/drawn.ts'
import type { Run } from './reads.ts'
import { JsonField } from './value-fields.tsx'

export function InputDialog({ workflowId, name, triggers, close, started }: { workflowId: string; name: string; triggers: DrawnNode[]; close: () => void; started: (run: Run) => void }) {
  const [trigger] = triggers
  const [input, setInput] = useState<unknown>({})
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [busy, setBusy] = useState(false)
  const run = async () => {
    setBusy(true)
    setProblem(null)
    try {
      started(await post<Run>(`/workflows/${workflowId}/runs`, { input, ...(trigger ? { trigger: trigger.id } : {}) }))
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, { code: 'console.failed', detail: String(error) }))
      setBusy(false)
    }
  }
  const errors = Object.fromEntries((problem?.errors ?? []).map(({ path, message }) => [path.replace(/^\/input/, ''), message]))
  return (
    <Dialog title={t('Run {name}', { name })} opened close={close} size={480}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void run()
        }}
      >
        <InputFields schema={trigger?.settings?.input as Schema | undefined} value={input} onChange={setInput} errors={errors} />
        {problem && (
          <p className="note" role="alert">
            {problem.errors[0]?.message ?? problem.message}
          </p>
        )}
        <DialogFoot verb={t('Run')} busy={busy} close={close} focused />
      </form>
    </Dialog>
  )
}

/** The input as a form where a schema says what it is, else as JSON. */
export function InputFields({ schema, value, onChange, errors }: { schema: Schema | undefined; value: unknown; onChange: (value: unknown) => void; errors?: Record<string, string> }) {
  if (schema?.properties && Object.keys(schema.properties).length) return <Fields schema={schema} value={(value as Record<string, unknown> | undefined) ?? {}} onChange={onChange} errors={errors} />
  return <JsonField label={t('Input')} description={t('Any JSON; steps read it as trigger.')} value={value} onChange={onChange} />
}
