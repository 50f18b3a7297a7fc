// Dialogs are for decisions only. One place mounts whichever is open, so that any action can ask.
import { Button, Modal, TextInput } from '@mantine/core'
import { useState, useSyncExternalStore, type ReactNode } from 'react'
import { ApiProblem } from '../api.ts'
import { t } from '../words.ts'

type Ask = { title: string; text: ReactNode; verb: string; danger?: boolean; typeName?: string; run: () => Promise<unknown> }

let asked: Ask | null = null
const listeners = new Set<() => void>()
const set = (next: Ask | null) => {
  asked = next
  for (const listener of listeners) listener()
}

/** Asks before what cannot be undone; `typeName` demands the name to be typed. */
export const ask = (next: Ask) => set(next)

export function AskDialog() {
  const open = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    () => asked,
  )
  return (
    <Dialog title={open?.title ?? ''} opened={!!open} close={() => set(null)}>
      {open && <Question key={open.title} ask={open} close={() => set(null)} />}
    </Dialog>
  )
}

/** The house's modal: named, with a labelled close button. */
export function Dialog({ title, opened, close, children, size = 440 }: { title: string; opened: boolean; close: () => void; children: ReactNode; size?: number }) {
  return (
    <Modal opened={opened} onClose={close} title={title} size={size} closeButtonProps={{ 'aria-label': t('Close') }}>
      {children}
    </Modal>
  )
}

function Question({ ask, close }: { ask: Ask; close: () => void }) {
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState('')
  const run = async () => {
    setBusy(true)
    try {
      await ask.run()
      close()
    } catch (error) {
      setRefusal(error instanceof ApiProblem ? error.message : String(error))
      setBusy(false)
    }
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void run()
      }}
    >
      <div className="dim">{ask.text}</div>
      {ask.typeName && (
        <TextInput data-autofocus label={t('Type “{name}” to confirm', { name: ask.typeName })} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} autoComplete="off" />
      )}
      {refusal && (
        <p className="note" role="alert">
          {refusal}
        </p>
      )}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={close}>
          {t('Cancel')}
        </Button>
        <Button type="submit" color={ask.danger ? 'red' : undefined} loading={busy} disabled={!!ask.typeName && typed !== ask.typeName} data-autofocus={ask.typeName ? undefined : true}>
          {ask.verb}
        </Button>
      </div>
    </form>
  )
}
