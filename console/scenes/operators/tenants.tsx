import { Menu, Select } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { get, patch } from '../../api.ts'
import { attempt } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Boxed } from '../../parts/boxed.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { FindField, useFound } from '../../parts/find-field.tsx'
import { Head } from '../../parts/head.tsx'
import { MoreMenu } from '../../parts/more-menu.tsx'
import { More, usePages } from '../../parts/pages.tsx'
import { Empty } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import type { Page, Plan, Tenant, TenantFigures } from '../../things.ts'
import { amount, countOf, t } from '../../words.ts'
import { PlanFits } from '../tenancy/plan-fits.tsx'
import { TenantLimits } from './tenant-limits.tsx'
import './operators.css'

const tones: Record<string, string> = { active: 'positive', suspended: 'danger', deleting: 'warning' }
const names = (): Record<string, string> => ({ active: t('Open'), suspended: t('Suspended'), deleting: t('Being deleted') })

/** Every tenant of the installation: its plan, what it is doing, whether it is open. */
export function Tenants() {
  const q = useFound()
  const plans = useQuery({ queryKey: ['plans.list'], queryFn: ({ signal }) => get<Page<Plan>>('/plans', undefined, signal), staleTime: 60_000 }).data?.items ?? []
  const tenants = usePages<Tenant>(['tenants.all', { q }], '/tenants', { all: true, q }, { keepPrevious: true })
  return (
    <>
      <Head title={t('Tenants')} />
      <div className="toolbar">
        <FindField label={t('Find by name or short name')} placeholder={t('Name or short name')} />
      </div>
      <div className="body">
        <div className="pad">
          <Boxed
            of={tenants}
            what={t('The tenants could not be read')}
            count={8}
            empty={
              <Empty title={t('No such tenant')} art={<span className="art" />}>
                {t('No name has “{q}” in it.', { q: q ?? '' })}
              </Empty>
            }
          >
            {(tenant) => <TenantRow key={tenant.id} tenant={tenant} plans={plans} />}
          </Boxed>
          <More of={tenants} />
        </div>
      </div>
    </>
  )
}

function TenantRow({ tenant, plans }: { tenant: Tenant; plans: Plan[] }) {
  const [shown, show] = useState<'limits' | 'fits' | null>(null)
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
            {figures && ` · ${countOf(figures.members.total, 'member', 'members')} · ${countOf(figures.projects, 'project', 'projects')} · ${t('{amount} kept', { amount: amount(figures.storageBytes, 'bytes') })}`}
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
        <MoreMenu label={t('Actions for {name}', { name })} width={230}>
          <Menu.Item onClick={() => show('fits')}>{t('What would it use of each plan')}</Menu.Item>
          <Menu.Item onClick={() => show('limits')}>{t('Limits and modules')}</Menu.Item>
          {status !== 'deleting' && (
            <>
              <Menu.Divider />
              {status === 'suspended' ? (
                <Menu.Item onClick={() => void change({ status: 'active' }, t('{name} is open again.', { name }))}>{t('Open {name} again', { name })}</Menu.Item>
              ) : (
                <Menu.Item color="red" onClick={suspend}>
                  {t('Suspend {name}', { name })}
                </Menu.Item>
              )}
            </>
          )}
        </MoreMenu>
      </div>
      {shown === 'limits' && <TenantLimits tenant={tenant} close={() => show(null)} />}
      {shown === 'fits' && (
        <Dialog title={t('What {name} would use of each plan', { name })} opened close={() => show(null)} size={860}>
          <PlanFits tenantId={id} />
        </Dialog>
      )}
    </li>
  )
}
