import { useQuery } from '@tanstack/react-query'
import { getAll } from '../../api.ts'
import { More, usePages } from '../../parts/pages.tsx'
import { Empty, Loaded, RowSkeletons } from '../../parts/states.tsx'
import { TableBox } from '../../parts/table-box.tsx'
import { Time } from '../../parts/time.tsx'
import type { Impersonation, ManagedPerson, Tenant } from '../../things.ts'
import { t } from '../../words.ts'

/** Who acted for whom, newest first: the platform's side of what the teams' audit logs tell. */
export function Acted() {
  const acted = usePages<Impersonation>(['impersonations.list'], '/impersonations')
  const people = useQuery({ queryKey: ['users.list', { every: true }], queryFn: ({ signal }) => getAll<ManagedPerson>('/users', {}, signal), staleTime: 60_000 }).data
  const teams = useQuery({ queryKey: ['tenants.all', { every: true }], queryFn: ({ signal }) => getAll<Tenant>('/tenants', { all: true }, signal, 1000), staleTime: 60_000 }).data
  const person = (id: string) => people?.find((one) => one.id === id)?.name ?? `…${id.slice(-6)}`
  const team = (id: string) => teams?.find((one) => one.id === id)?.name ?? `…${id.slice(-6)}`
  const state = ({ endedAt, expiresAt }: Impersonation) => (endedAt ? <Time at={endedAt} /> : Date.parse(expiresAt) > Date.now() ? <span className="chip" data-tone="danger">{t('Acting now')}</span> : <Time at={expiresAt} />)
  return (
    <>
      <Loaded of={acted} what={t('It could not be read who acted for whom')} skeleton={<RowSkeletons count={4} h={40} />}>
        {(all) =>
          all.length ? (
            <TableBox label={t('Who acted for whom')} heads={[t('Began'), t('Operator'), t('Acted as'), t('In'), t('Ended')]}>
              {all.map((one) => (
                <tr key={one.id}>
                  <td className="dim">
                    <Time at={one.createdAt} />
                  </td>
                  <td>{person(one.operatorId)}</td>
                  <td>{person(one.userId)}</td>
                  <td>{team(one.tenantId)}</td>
                  <td className="dim">{state(one)}</td>
                </tr>
              ))}
            </TableBox>
          ) : (
            <Empty title={t('Nobody has acted for anybody')}>{t('To see what somebody sees, choose “Act as” in their menu. The reason stands in the audit log of their team.')}</Empty>
          )
        }
      </Loaded>
      <More of={acted} />
    </>
  )
}
