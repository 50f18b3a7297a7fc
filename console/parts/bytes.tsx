import { useMemo } from 'react'
import { t } from '../words.ts'

/** What went over the wire, indented where it is JSON. Can be scrolled by keyboard. */
export function Bytes({ label, text }: { label: string; text: string }) {
  const shown = useMemo(() => {
    try {
      return JSON.stringify(JSON.parse(text), null, 2)
    } catch {
      return text
    }
  }, [text])
  return (
    <div>
      <div className="meta" style={{ marginBottom: 4 }}>
        {label}
      </div>
      <pre className="bytes" tabIndex={0} role="region" aria-label={label}>
        {shown || t('(nothing)')}
      </pre>
    </div>
  )
}
