// What runs of workflows ask people: decided here, on a phone as well as at a desk.
import { SegmentedControl } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Button } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { get } from '../../api.ts'
import { Head } from '../../parts/head.tsx'
import { Empty, Loaded, RowSkeletons, Skeleton } from '../../parts/states.tsx'
import { useMay } from '../../reads.ts'
import type { Page } from '../../things.ts'
import { t } from '../../words.ts'
import { ApprovalCard, DecidedRow, type Approval } from './approval-card.tsx'
import './approvals.css'

type Wanted = { show?: string; id?: string }

export function Approvals() {
  const { show = 'mine', id } = useSearch({ strict: false }) as Wanted
  const navigate = useNavigate()
  const admin = useMay('admin')
  const asked = show !== 'done'
  const list = useInfiniteQuery({
    queryKey: ['approvals.list', { show }],
    queryFn: ({ signal, pageParam }) => get<Page<Approval>>('/approvals', { mine: show === 'mine' || undefined, status: asked ? 'pending' : undefined, limit: 50, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
  const rows = list.data?.pages.flatMap((page) => page.items).filter((one) => asked || one.status !== 'pending')
  return (
    <>
      <Head title={t('Approvals')} />
      <div className="toolbar">
        <SegmentedControl
          size="xs"
          aria-label={t('Which approvals')}
          value={show}
          onChange={(next) => void navigate({ to: '.', search: { show: next === 'mine' ? undefined : next } as never, replace: true })}
          data={[{ value: 'mine', label: t('For you') }, ...(admin ? [{ value: 'open', label: t('All open') }] : []), { value: 'done', label: t('History') }]}
        />
      </div>
      <div className="body">
        <div className="pad approvals">
          {id && <Named id={id} />}
          <Loaded of={{ ...list, data: rows }} what={t('The approvals could not be read')} skeleton={asked ? <CardSkeletons /> : <RowSkeletons count={6} h={60} />}>
            {(all) => {
              const others = all.filter((one) => one.id !== id)
              if (!others.length) return id ? null : <Empty title={asked ? t('Nothing waits for you') : t('Nothing was decided yet')}>{t('When a workflow comes to a step that asks you, it waits here for your answer, and the bell tells you.')}</Empty>
              return asked ? (
                <ul className="approval-list">
                  {others.map((one) => (
                    <li key={one.id}>
                      <ApprovalCard approval={one} />
                    </li>
                  ))}
                </ul>
              ) : (
                <div className="box">
                  <ul className="rows">
                    {others.map((one) => (
                      <DecidedRow key={one.id} approval={one} />
                    ))}
                  </ul>
                </div>
              )
            }}
          </Loaded>
          {list.hasNextPage && (
            <div style={{ padding: 16, textAlign: 'center' }}>
              <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                {t('Show older ones')}
              </Button>
            </div>
          )}
        </div>
      </div>
    </>
  )
}

/** The one that a notification or a mail led to stands first, decided or not. */
function Named({ id }: { id: string }) {
  const one = useQuery({ queryKey: ['approvals.get', { id }], queryFn: ({ signal }) => get<Approval>(`/approvals/${id}`, undefined, signal) })
  return (
    <div className="approval-list">
      <Loaded of={one} what={t('This approval could not be read')} skeleton={<CardSkeletons count={1} />}>
        {(approval) => <ApprovalCard approval={approval} marked />}
      </Loaded>
    </div>
  )
}

function CardSkeletons({ count = 2 }: { count?: number }) {
  return (
    <div className="approval-list" aria-hidden="true">
      {Array.from({ length: count }, (_, at) => (
        <div key={at} className="approval stack tight">
          <Skeleton h={22} w="60%" />
          <Skeleton h={16} w="40%" />
          <Skeleton h={44} />
        </div>
      ))}
    </div>
  )
}
