import { Button, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Search } from 'lucide-react'
import { useState } from 'react'
import { get, patch } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Head } from '../../parts/head.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import type { Page, Plan, Tenant, TenantFigures } from '../../things.ts'
import { countOf, t } from '../../words.ts'
import './operators.css'

const tones: Record<string, string> = { active: 'positive', suspended: 'danger', deleting: 'warning' }
const names = (): Record<string, string> => ({ active: t('Open'), suspended: t('Suspended'), deleting: t('Being deleted') })

/** Every tenant of the installation: its plan, what it is doing, whether it is open. */
export function Tenants() {
  const q = (useSearch({ strict: false }) as { q?: string }).q
  const navigate = useNavigate()
  const [typed, setTyped] = useState(q ?? '')
  const find = useDebouncedCallback((next: string) => void navigate({ to: '.', search: { q: next.trim() || undefined } as never, replace: true }), 200)
  const plans = useQuery({ queryKey: ['plans.list'], queryFn: ({ signal }) => get<Page<Plan>>('/plans', undefined, signal), staleTime: 60_000 }).data?.items ?? []
  const read = useInfiniteQuery({
    queryKey: ['tenants.all', { q }],
    queryFn: ({ signal, pageParam }) => get<Page<Tenant>>('/tenants', { all: true, q, limit: 50, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  })
  const rows = read.data?.pages.flatMap((page) => page.items)
  return (
    <>
      <Head title={t('Tenants')} />
      <div className="toolbar">
        <TextInput
          size="xs"
          type="search"
          leftSection={<Search size={13} aria-hidden="true" />}
          aria-label={t('Find by name or short name')}
          placeholder={t('Name or short name')}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value)
            find(event.currentTarget.value)
          }}
        />
      </div>
      <div className="body">
        <div className="pad">
          <div className="box">
            <Loaded of={{ ...read, data: rows }} what={t('The tenants could not be read')} skeleton={<RowSkeletons count={8} h={52} />}>
              {(all) =>
                all.length ? (
                  <ul className="rows">
                    {all.map((tenant) => (
                      <TenantRow key={tenant.id} tenant={tenant} plans={plans} />
                    ))}
                  </ul>
                ) : (
                  <Empty title={t('No such tenant')} art={<span className="art" />}>
                    {t('No name has “{q}” in it.', { q: q ?? '' })}
                  </Empty>
                )
              }
            </Loaded>
          </div>
          {read.hasNextPage && (
            <div style={{ padding: 16, textAlign: 'center' }}>
              <Button variant="default" loading={read.isFetchingNextPage} onClick={() => void read.fetchNextPage()}>
                {t('Show more')}
              </Button>
            </div>
          )}
        </div>
      </div>
    </>
  )
}

function TenantRow({ tenant, plans }: { tenant: Tenant; plans: Plan[] }) {
  const cache = useQueryClient()
  const { id, name, status = 'active', plan = '' } = tenant
  const figures = useQuery({ queryKey: ['tenants.statistics', { id }], queryFn: ({ signal }) => get<TenantFigures>(`/tenants/${id}/statistics`, undefined, signal), staleTime: 30_000 }).data
  const change = (wish: object, said: string) => attempt(cache, t('{name} was not changed.', { name }), ['tenants.', 'plans.'], () => patch(`/tenants/${id}`, wish), said)
  const suspend = () =>
    ask({
      title: t('Suspend {name}', { name }),
      text: t('Its tokens, keys and live streams stop at once. Its data stays, and it can be opened again.'),
      verb: t('Suspend {name}', { name }),
      danger: true,
      run: () => change({ status: 'suspended' }, t('{name} is suspended.', { name })),
    })
  return (
    <li>
      <div className="line person-line">
        <div className="grow">
          <div className="truncate" style={{ fontWeight: 500 }}>
            {name}
          </div>
          <div className="meta truncate">
            {tenant.slug}
            {figures && ` · ${countOf(figures.members.total, 'member', 'members')} · ${countOf(figures.projects, 'project', 'projects')}`}
            {tenant.createdAt && (
              <>
                {' '}
                · {t('since')} <Time at={tenant.createdAt} />
              </>
            )}
          </div>
        </div>
        <span className="chip" data-tone={tones[status]}>
          {names()[status] ?? status}
        </span>
        <Select size="xs" w={128} aria-label={t('Plan of {name}', { name })} value={plan} data={plans.map((one) => ({ value: one.name, label: one.title }))} onChange={(next) => next && next !== plan && void change({ plan: next }, t('{name} has another plan now.', { name }))} />
        {status !== 'deleting' && (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={status === 'suspended' ? t('Open {name} again', { name }) : t('Suspend {name}', { name })}
            onClick={() => (status === 'suspended' ? void change({ status: 'active' }, t('{name} is open again.', { name })) : suspend())}
          >
            {status === 'suspended' ? t('Open') : t('Suspend')}
          </Button>
        )}
      </div>
    </li>
  )
}
