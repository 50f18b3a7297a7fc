// What a webhook is to the console: shape, state in words, the field that chooses its events.
import { SegmentedControl, TagsInput } from '@mantine/core'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { get, getAll } from '../../api.ts'
import type { Thing } from '../../things.ts'
import { countOf, t } from '../../words.ts'
import './webhooks.css'

export type Webhook = Thing & {
  url: string
  description: string | null
  events: string[]
  status: 'active' | 'paused' | 'disabled'
  disabledReason: string | null
  failingSince: string | null
  previousSecretEndsAt: string | null
  waiting: number
  /** only in the answer that makes or rotates it */
  secret?: string
}
export type DeliveryTry = { round: number; attempt: number; at: string; statusCode: number | null; durationMs: number; error: string | null; answer: string | null }
export type Delivery = Thing & {
  eventId: string
  eventName: string
  state: 'pending' | 'delivered' | 'failed'
  attempt: number
  nextAt: string | null
  statusCode: number | null
  error: string | null
  durationMs: number | null
  deliveredAt: string | null
  /** only where one is read by itself */
  body?: string | null
  answer?: string | null
  tries?: DeliveryTry[]
}

export const webhooksQuery = queryOptions({ queryKey: ['webhooks.list'], queryFn: ({ signal }) => getAll<Webhook>('/webhooks', {}, signal) })
const eventsQuery = queryOptions({
  queryKey: ['workflows.events'],
  queryFn: async ({ signal }) => (await get<{ events: { name: string }[] }>('/workflows/schema', undefined, signal)).events.map((event) => event.name).sort(),
  staleTime: 3_600_000,
})

export function StateChip({ of }: { of: Webhook }) {
  if (of.status === 'disabled')
    return (
      <span className="chip" data-tone="danger">
        {t('Switched off')}
      </span>
    )
  if (of.status === 'paused') return <span className="chip">{t('Paused')}</span>
  return (
    <span className="chip" data-tone={of.failingSince ? 'warning' : 'positive'}>
      {of.failingSince ? t('Failing') : t('Active')}
    </span>
  )
}

/** "every event", "task.*, project.created", "12 kinds of events". */
export const eventsInWords = (events: string[]) => (events.includes('*') ? t('every event') : events.length <= 3 ? events.join(', ') : countOf(events.length, 'kind of event', 'kinds of events'))

/** All, or some by name; `task.*` stands for all of a noun. */
export function EventsField({ value, onChange, error }: { value: string[]; onChange: (value: string[]) => void; error?: string }) {
  const names = useQuery(eventsQuery).data ?? []
  const every = value.includes('*')
  const groups = [...Map.groupBy(names, (name) => name.split('.')[0]!)].map(([group, items]) => ({ group, items: [`${group}.*`, ...items] }))
  return (
    <div className="stack tight">
      <SegmentedControl
        size="xs"
        aria-label={t('Which events')}
        value={every ? 'all' : 'some'}
        onChange={(next) => onChange(next === 'all' ? ['*'] : [])}
        data={[
          { value: 'some', label: t('Some events') },
          { value: 'all', label: t('Every event') },
        ]}
        style={{ alignSelf: 'flex-start' }}
      />
      {!every && <TagsInput label={t('Events')} description={t('Type to find one; “task.*” stands for all of a kind')} data={groups} value={value} onChange={onChange} error={error} splitChars={[',', ' ']} maxDropdownHeight={260} />}
      {every && error && <p className="note">{error}</p>}
    </div>
  )
}
