import { Button, NumberInput, SegmentedControl, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiProblem, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Section } from '../../parts/form.tsx'
import { say } from '../../parts/toasts.tsx'
import { absolute, countOf, t } from '../../words.ts'
import type { Webhook } from './webhook.tsx'

/** Sends once more what was sent, or all that happened since a time. Asked about first: the other side acts on each again unless it knows the ids. */
export function Rewind({ webhook: one }: { webhook: Webhook }) {
  const cache = useQueryClient()
  const [by, setBy] = useState('last')
  const [last, setLast] = useState<number | string>(100)
  const [from, setFrom] = useState('')
  const count = Math.min(10_000, Math.max(1, Number(last) || 1))
  const since = from && new Date(from)
  const run = async () => {
    const { deliveries } = await post<{ deliveries: number | null }>(`/webhooks/${one.id}/rewind`, by === 'last' ? { last: count } : { from: (since as Date).toISOString() })
    say(deliveries === null ? t('What happened since is read from the log and sent.') : t('{what} are sent again.', { what: countOf(deliveries, 'delivery', 'deliveries') }))
    await markStale(cache, ['webhooks.'])
  }
  const rewind = () =>
    ask({
      title: t('Send again'),
      text: (
        <>
          {by === 'last' ? t('The last {what} go to {host} once more.', { what: countOf(count, 'delivery', 'deliveries'), host: new URL(one.url).host }) : t('Every event since {time} goes to {host}, whether it was sent before or not.', { time: absolute(since as Date), host: new URL(one.url).host })}{' '}
          <b>{t('The other side acts on each of them again, unless it remembers the webhook-id: they carry the same ids as the first time.')}</b>
        </>
      ),
      verb: by === 'last' ? t('Send {what} again', { what: countOf(count, 'delivery', 'deliveries') }) : t('Send all since then'),
      danger: true,
      run: () => run().catch((error: unknown) => Promise.reject(error instanceof ApiProblem ? error : new Error(String(error)))),
    })
  return (
    <Section title={t('Rewind')} text={t('After the other side lost something, or this webhook was off.')}>
      <SegmentedControl
        size="xs"
        aria-label={t('How far back')}
        value={by}
        onChange={setBy}
        style={{ alignSelf: 'flex-start' }}
        data={[
          { value: 'last', label: t('The last ones') },
          { value: 'since', label: t('Since a time') },
        ]}
      />
      <div className="row wrap" style={{ alignItems: 'flex-end' }}>
        {by === 'last' ? (
          <NumberInput label={t('How many')} min={1} max={10_000} allowDecimal={false} hideControls value={last} onChange={setLast} w={140} />
        ) : (
          <TextInput type="datetime-local" label={t('Since')} value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
        )}
        <Button variant="default" disabled={one.status === 'disabled' || (by === 'since' && !from)} onClick={rewind}>
          {t('Send again')}
        </Button>
      </div>
      {one.status === 'disabled' && <p className="meta">{t('Switch it on first.')}</p>}
    </Section>
  )
}
