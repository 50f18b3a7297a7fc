// What a webhook was sent: each with its tries, what was sent byte for byte, and what came back.
import { Button, SegmentedControl } from '@mantine/core'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { ChevronDown, ChevronRight } from 'lucide-react'
import { get, post } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { Bytes } from '../../parts/bytes.tsx'
import { Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import type { Page } from '../../things.ts'
import { absolute, countOf, t } from '../../words.ts'
import type { Delivery, DeliveryTry } from './webhook.tsx'

type Wanted = { state?: string; delivery?: string }
const tones = { pending: undefined, delivered: 'positive', failed: 'danger' } as const

export function Deliveries({ webhookId }: { webhookId: string }) {
  const { state, delivery } = useSearch({ strict: false }) as Wanted
  const navigate = useNavigate()
  const cache = useQueryClient()
  const list = useInfiniteQuery({
    queryKey: ['webhooks.deliveries', { webhookId, state }],
    queryFn: ({ signal, pageParam }) => get<Page<Delivery>>(`/webhooks/${webhookId}/deliveries`, { state, limit: 25, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: 5000,
  })
  const rows = list.data?.pages.flatMap((page) => page.items)
  const failed = rows?.filter((one) => one.state === 'failed').map((one) => one.id) ?? []
  const want = (next: Wanted) => void navigate({ to: '.', search: { state, ...next } as never, replace: true, resetScroll: false })
  const again = (ids: string[]) => attempt(cache, t('It was not sent again.'), ['webhooks.'], () => post(`/webhooks/${webhookId}/replay`, { deliveryIds: ids.slice(0, 200) }), ids.length > 1 ? t('{what} are sent again.', { what: countOf(ids.length, 'delivery', 'deliveries') }) : t('It is sent again.'))
  return (
    <section>
      <div className="delivery-head">
        <h2 className="grow">{t('Deliveries')}</h2>
        {failed.length > 1 && (
          <Button size="compact-sm" variant="default" onClick={() => void again(failed)}>
            {t('Send {count} failed ones again', { count: failed.length })}
          </Button>
        )}
        <SegmentedControl
          size="xs"
          aria-label={t('Which deliveries')}
          value={state ?? 'all'}
          onChange={(next) => want({ state: next === 'all' ? undefined : next })}
          data={[
            { value: 'all', label: t('All') },
            { value: 'pending', label: t('Waiting') },
            { value: 'delivered', label: t('Delivered') },
            { value: 'failed', label: t('Failed') },
          ]}
        />
      </div>
      <div className="box">
        <Loaded of={{ ...list, data: rows }} what={t('The deliveries could not be read')} skeleton={<RowSkeletons count={5} h={44} />}>
          {(all) =>
            all.length ? (
              <ul className="rows">
                {all.map((one) => (
                  <Row key={one.id} webhookId={webhookId} delivery={one} open={delivery === one.id} toggle={() => want({ delivery: delivery === one.id ? undefined : one.id })} again={() => again([one.id])} />
                ))}
              </ul>
            ) : (
              <p className="meta" style={{ padding: 16 }}>
                {state ? t('None of these.') : t('Nothing was sent yet. Send a ping to see the first one.')}
              </p>
            )
          }
        </Loaded>
      </div>
      {list.hasNextPage && (
        <div style={{ padding: 12, textAlign: 'center' }}>
          <Button variant="default" size="xs" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t('Show older ones')}
          </Button>
        </div>
      )}
    </section>
  )
}

function Row({ webhookId, delivery: one, open, toggle, again }: { webhookId: string; delivery: Delivery; open: boolean; toggle: () => void; again: () => unknown }) {
  const words = { pending: one.attempt ? t('Trying again') : t('Waiting'), delivered: t('Delivered'), failed: t('Failed') }
  return (
    <li className="delivery">
      <button type="button" className="plain line" aria-expanded={open} onClick={toggle}>
        {open ? <ChevronDown size={14} aria-hidden="true" /> : <ChevronRight size={14} aria-hidden="true" />}
        <span className="chip" data-tone={one.state === 'pending' && one.attempt ? 'warning' : tones[one.state]}>
          {words[one.state]}
        </span>
        <span className="grow">
          <code>{one.eventName}</code>
        </span>
        <span className="meta num">
          {one.statusCode ?? (one.error ? t('no answer') : '')} {one.durationMs !== null && one.attempt > 0 && `· ${one.durationMs} ms`} {one.attempt > 1 && `· ${t('{count} tries', { count: one.attempt })}`}
        </span>
        <span className="meta">
          <Time at={one.createdAt} />
        </span>
      </button>
      {open && <InFull webhookId={webhookId} delivery={one} again={again} />}
    </li>
  )
}

function InFull({ webhookId, delivery: one, again }: { webhookId: string; delivery: Delivery; again: () => unknown }) {
  const full = useQuery({ queryKey: ['webhooks.delivery', { id: one.id }, one.version], queryFn: ({ signal }) => get<Delivery>(`/webhooks/${webhookId}/deliveries/${one.id}`, undefined, signal) })
  return (
    <div className="delivery-in-full">
      {one.error && <p className="note" data-tone={one.state === 'failed' ? undefined : 'warning'}>{one.error}</p>}
      <p className="meta">
        {countOf(one.attempt, 'try', 'tries')} {one.deliveredAt && <>· {t('delivered')} <Time at={one.deliveredAt} /></>} {one.nextAt && one.state === 'pending' && <>· {t('next try')} <Time at={one.nextAt} /></>} · webhook-id <code>{one.eventId}</code>
      </p>
      <Loaded of={full} what={t('It could not be read')} skeleton={<RowSkeletons count={2} />}>
        {({ body, answer, tries }) => (
          <>
            {body === null || body === undefined ? <p className="meta">{t('Its words cannot be read any more: their key was destroyed.')}</p> : <Bytes label={t('Sent: POST, application/json, signed')} text={body} />}
            {answer !== null && answer !== undefined && <Bytes label={t('Answer {status}', { status: one.statusCode ?? '' })} text={answer} />}
            {!!tries?.length && <Tries tries={tries} />}
          </>
        )}
      </Loaded>
      <div>
        <Button size="compact-sm" variant="default" onClick={() => void again()}>
          {t('Send it again')}
        </Button>
      </div>
    </div>
  )
}

/** Each try by itself, newest first; what was sent again later counts from one anew. */
function Tries({ tries }: { tries: DeliveryTry[] }) {
  return (
    <div>
      <h3 className="small">{t('Each try')}</h3>
      <ol className="tries">
        {tries.map((one) => (
          <li key={`${one.round} ${one.attempt}`}>
            <p className="row wrap">
              <span className="num">{one.round ? t('Sent again ({round}), try {attempt}', { round: one.round, attempt: one.attempt }) : t('Try {attempt}', { attempt: one.attempt })}</span>
              <span className="chip" data-tone={one.error ? 'danger' : 'positive'}>
                {one.statusCode ?? t('no answer')}
              </span>
              <span className="meta num">{one.durationMs} ms</span>
              <time className="meta" dateTime={one.at}>
                {absolute(one.at)}
              </time>
              {one.error && <span className="meta">{one.error}</span>}
            </p>
            {one.answer !== null && (
              <details>
                <summary>{t('What it answered')}</summary>
                <Bytes label={t('Answer to try {attempt}', { attempt: one.attempt })} text={one.answer} />
              </details>
            )}
          </li>
        ))}
      </ol>
    </div>
  )
}
