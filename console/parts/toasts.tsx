// Short messages at the foot of the page: what happened, with Undo or Retry. Failures keep their request id behind "details".
import { ActionIcon, Button } from '@mantine/core'
import { Check, CircleAlert, X } from 'lucide-react'
import { useEffect, useSyncExternalStore } from 'react'
import { ApiProblem } from '../api.ts'
import { remember } from '../undo.ts'
import { cureOf } from './states.tsx'
import { t } from '../words.ts'

type Toast = { id: number; text: string; tone: 'positive' | 'warning' | 'danger'; action?: { label: string; run: () => void }; requestId?: string | null; code?: string }

let shown: Toast[] = []
let last = 0
const listeners = new Set<() => void>()
const set = (next: Toast[]) => {
  shown = next
  for (const listener of listeners) listener()
}
const listen = (listener: () => void) => {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** Says what was done, with a way back where there is one: by its button, or by Ctrl Z after the toast is gone. */
export function say(text: string, undo?: () => void, tone: 'positive' | 'warning' = 'positive') {
  const id = ++last
  const forget = undo && remember(() => (dismiss(id), undo()))
  const run = () => (forget?.(), undo?.())
  set([...shown.slice(-2), { id, text, tone, action: undo && { label: t('Undo'), run } }])
}

/** Says what failed and why; `retry` repeats it. */
export function sayProblem(error: unknown, what: string, retry?: () => void) {
  const problem = error instanceof ApiProblem ? error : null
  const detail = problem?.errors[0]?.message ?? cureOf(error)
  const text = `${what} ${detail}`
  if (shown.some((toast) => toast.text === text)) return
  set([...shown.slice(-2), { id: ++last, text, tone: 'danger', requestId: problem?.requestId, code: problem?.code, action: retry && { label: t('Retry'), run: retry } }])
}

const dismiss = (id: number) => set(shown.filter((toast) => toast.id !== id))

export function Toasts() {
  const toasts = useSyncExternalStore(listen, () => shown)
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <One key={toast.id} toast={toast} />
      ))}
    </div>
  )
}

function One({ toast }: { toast: Toast }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(toast.id), toast.tone === 'danger' ? 12_000 : 6000)
    return () => clearTimeout(timer)
  }, [toast])
  return (
    <div className="toast" data-tone={toast.tone}>
      {toast.tone !== 'positive' ? <CircleAlert size={16} aria-hidden="true" /> : <Check size={16} aria-hidden="true" />}
      <div className="grow">
        {toast.text}
        {toast.requestId && (
          <details>
            <summary>{t('Details')}</summary>
            <code>
              {toast.code} · {toast.requestId}
            </code>
          </details>
        )}
      </div>
      {toast.action && (
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => {
            dismiss(toast.id)
            toast.action?.run()
          }}
        >
          {toast.action.label}
        </Button>
      )}
      <ActionIcon size={20} aria-label={t('Dismiss')} onClick={() => dismiss(toast.id)}>
        <X size={14} />
      </ActionIcon>
    </div>
  )
}
