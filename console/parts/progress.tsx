import { amount, t } from '../words.ts'

/** A thin bar with its numbers in words. */
export function Progress({ total, done, percent }: { total: number; done: number; percent: number }) {
  return (
    <div className="row" style={{ gap: 10 }}>
      <div className="bar grow" role="img" aria-label={t('{done} of {total} tasks done', { done, total })}>
        <div style={{ width: `${percent}%` }} />
      </div>
      <span className="meta num" aria-hidden="true">
        {total ? t('{done} of {total}', { done: amount(done, 'count'), total: amount(total, 'count') }) : t('no tasks')}
      </span>
    </div>
  )
}
