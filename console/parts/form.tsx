// Forms with the server's refusals beside their fields: the problem document names the field, the form shows it there.
import { Button } from '@mantine/core'
import { useForm, type UseFormReturnType } from '@mantine/form'
import { useState, type ReactNode } from 'react'
import { ApiProblem, fieldsOf } from '../api.ts'
import { t } from '../words.ts'

type Values = Record<string, unknown>

/** A form whose `submit` may throw an ApiProblem: its fields get their messages, the rest stands above the button. */
export function useServerForm<V extends Values>(initialValues: V, submit: (values: V) => Promise<unknown>, validate?: Parameters<typeof useForm<V>>[0] extends infer O ? (O extends { validate?: infer R } ? R : never) : never) {
  const form = useForm<V>({ initialValues, validate })
  const [refusal, setRefusal] = useState<ApiProblem | null>(null)
  const [busy, setBusy] = useState(false)
  const onSubmit = form.onSubmit(async (values) => {
    setBusy(true)
    setRefusal(null)
    try {
      await submit(values)
    } catch (error) {
      const problem = error instanceof ApiProblem ? error : new ApiProblem(0, { code: 'console.failed', detail: String(error) })
      const fields = fieldsOf(problem)
      const known = Object.fromEntries(Object.entries(fields).filter(([field]) => field in initialValues))
      form.setErrors(known)
      if (!Object.keys(known).length) setRefusal(problem)
    } finally {
      setBusy(false)
    }
  })
  return { form, onSubmit, refusal, busy }
}

export type ServerForm<V extends Values> = { form: UseFormReturnType<V> }

/** The refusal that names no field. */
export function Refusal({ of }: { of: ApiProblem | null }) {
  if (!of) return null
  return (
    <div className="note" role="alert">
      {of.message}
      {of.requestId && (
        <details>
          <summary className="meta">{t('Details')}</summary>
          <code className="meta">{`${of.code} · ${of.requestId}`}</code>
        </details>
      )}
    </div>
  )
}

export function Submit({ children, busy, disabled, full }: { children: ReactNode; busy: boolean; disabled?: boolean; full?: boolean }) {
  return (
    <Button type="submit" loading={busy} disabled={disabled} fullWidth={full} style={{ alignSelf: full ? undefined : 'flex-start' }}>
      {children}
    </Button>
  )
}

/** A setting's name and meaning on the left, its controls on the right. */
export function Section({ title, text, children }: { title: string; text?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <header>
        <h2>{title}</h2>
        {text && <p>{text}</p>}
      </header>
      <div className="stack">{children}</div>
    </section>
  )
}
