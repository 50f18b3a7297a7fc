import { Button } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { switchTenant } from '../../api.ts'
import { sayProblem } from '../../parts/toasts.tsx'
import { useMe, useTenants } from '../../reads.ts'
import type { Tenant } from '../../things.ts'
import { t } from '../../words.ts'

/** Makes another team the active one, at its home. */
export function useEnter() {
  const navigate = useNavigate()
  return async (id: string) => {
    await switchTenant(id)
    await navigate({ to: '/' })
  }
}

export const closedWord = (status: Tenant['status']) => (status === 'suspended' ? t('Suspended') : status === 'deleting' ? t('Being deleted') : null)

/** The person's other teams, each with a way in; nothing when there is none. */
export function MyTeams({ title }: { title: string }) {
  const { tenant } = useMe()
  const others = (useTenants().data ?? []).filter((one) => one.id !== tenant?.id)
  const enter = useEnter()
  if (!others.length) return null
  return (
    <section>
      <h2>{title}</h2>
      <ul className="box rows" style={{ marginTop: 8 }}>
        {others.map((one) => (
          <li key={one.id}>
            <div className="line" style={{ minHeight: 48 }}>
              <span className="truncate grow">{one.name}</span>
              {closedWord(one.status) && <span className="chip">{closedWord(one.status)}</span>}
              <Button size="compact-sm" variant="default" onClick={() => void enter(one.id).catch((error: unknown) => sayProblem(error, t('The team was not entered.')))}>
                {t('Enter {name}', { name: one.name })}
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}
