import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { t } from '../words.ts'
import { say, sayProblem } from './toasts.tsx'

/** A secret in the only moment in which it can be read: to be copied, then put away. */
export function ShownOnce({ text, copy, copied = t('Copy'), done = t('Done'), close, children }: { text: string; copy: string; copied?: string; done?: string; close?: () => void; children?: ReactNode }) {
  const take = () => void navigator.clipboard.writeText(copy).then(() => say(t('Copied.')), (error: unknown) => sayProblem(error, t('Not copied.')))
  return (
    <div className="note stack" data-tone="info" role="status">
      <p>{text}</p>
      {children ?? <code className="secret">{copy}</code>}
      <div className="row">
        <Button size="compact-sm" variant="default" onClick={take}>
          {copied}
        </Button>
        {close && (
          <Button size="compact-sm" variant="default" onClick={close}>
            {done}
          </Button>
        )}
      </div>
    </div>
  )
}
