import { useQuery } from '@tanstack/react-query'
import { get } from '../../api.ts'
import { Loaded, RowSkeletons } from '../../parts/states.tsx'
import { TableBox } from '../../parts/table-box.tsx'
import type { PlanFits as Fits } from '../../things.ts'
import { amount, t } from '../../words.ts'

const titles = (): Record<string, string> => ({ users: t('Members'), calls: t('Calls of the API'), storage: t('Storage'), projects: t('Projects'), runs: t('Runs'), keys: t('API keys') })
export const titleOf = (meter: string) => titles()[meter] ?? meter

/** What a tenant would use of each plan, as it lives now; for its admins and for operators. */
export function PlanFits({ tenantId }: { tenantId: string }) {
  const read = useQuery({ queryKey: ['usage.fits', { tenantId }], queryFn: ({ signal }) => get<Fits>(`/tenants/${tenantId}/plan-fits`, undefined, signal) })
  return (
    <Loaded of={read} what={t('The plans could not be read')} skeleton={<RowSkeletons count={4} />}>
      {({ items }) => (
        <TableBox label={t('Plans')} heads={[t('Plan'), ...(items[0]?.meters.map((one) => ({ name: titleOf(one.meter), end: true })) ?? []), t('Fits')]}>
          {items.map((plan) => (
            <tr key={plan.plan}>
              <td style={{ fontWeight: plan.current ? 600 : 400 }}>
                {plan.title} {plan.current && <span className="dim">{t('(now)')}</span>}
              </td>
              {plan.meters.map((one) => (
                <td key={one.meter} className="end num">
                  {amount(one.used, one.unit)} <span className="dim">/ {one.limit === null ? '∞' : amount(one.limit, one.unit)}</span>
                </td>
              ))}
              <td>
                <span className="chip" data-tone={plan.fits ? 'positive' : 'danger'}>
                  {plan.fits ? t('Fits') : t('Too small')}
                </span>
              </td>
            </tr>
          ))}
        </TableBox>
      )}
    </Loaded>
  )
}
