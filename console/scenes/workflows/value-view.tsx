// A value to look at: short ones on a line, others as folded JSON.
import { t } from '../../words.ts'
import { shortly } from './values.ts'

export function ValueView({ label, value }: { label: string; value: unknown }) {
  const simple = value === null || typeof value !== 'object'
  return (
    <div className="value-view">
      <span className="meta">{label}</span>
      {simple ? (
        <code>{value === null || value === undefined ? t('nothing') : shortly(value, 500)}</code>
      ) : (
        <pre tabIndex={0} role="group" aria-label={label}>
          {clipped(JSON.stringify(value, null, 2))}
        </pre>
      )}
    </div>
  )
}
const clipped = (text: string) => (text.length > 6000 ? `${text.slice(0, 6000)}\n…` : text)
