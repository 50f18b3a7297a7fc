// Dialogs are for decisions only. One place mounts whichever is open, so that any action can ask.
import { Button, Modal, TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { ApiProblem } from '../api.ts'
import { t } from '../words.ts'
import { ask, useAsked, type Ask } from './ask.ts'

export function AskDialog() {
  const open = useAsked()
  return (
    <Dialog title={open?.title ?? ''} opened={!!open} close={() => ask(null)}>
      {open && <Question key={open.title} ask={open} close={() => ask(null)} />}
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

/** The foot of a dialog with a form: the way out, and the verb, which has the focus where nothing is to be filled in first. */
export function DialogFoot({ verb, busy, close, focused }: { verb: string; busy: boolean; close: () => void; focused?: boolean }) {
  return (
    <div className="row" style={{ justifyContent: 'flex-end' }}>
      <Button variant="default" onClick={close}>
        {t('Cancel')}
      </Button>
      <Button type="submit" loading={busy} data-autofocus={focused || undefined}>
        {verb}
      </Button>
    </div>
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
        <Button type="submit" color={ask.danger ? 'red.9' : undefined} loading={busy} disabled={!!ask.typeName && typed !== ask.typeName} data-autofocus={ask.typeName ? undefined : true}>
          {ask.verb}
        </Button>
      </div>
    </form>
  )
}
