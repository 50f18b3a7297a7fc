import { Button } from '@mantine/core'
import { useState } from 'react'
import { t } from '../words.ts'

/** A value in full, with a button that copies it. */
export function Copyable({ value, label }: { value: string; label: string }) {
  const [copied, setCopied] = useState(false)
  return (
    <div className="copyable">
      <span className="meta">{label}</span>
      <code>{value}</code>
      <Button size="compact-xs" variant="default" aria-label={t('Copy: {what}', { what: label })} onClick={() => void navigator.clipboard?.writeText(value).then(() => setCopied(true))}>
        {copied ? t('Copied') : t('Copy')}
      </Button>
    </div>
  )
}
