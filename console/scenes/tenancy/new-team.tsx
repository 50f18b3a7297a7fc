import { Button, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { post, switchTenant } from '../../api.ts'
import { Refusal, Submit, useServerForm } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { sayProblem } from '../../parts/toasts.tsx'
import { useMe, useTenants } from '../../reads.ts'
import type { Tenant } from '../../things.ts'
import { t } from '../../words.ts'

/** A further team; and the place for somebody who belongs to none yet. */
export function NewTeam() {
  const { tenant } = useMe()
  const tenants = useTenants().data ?? []
  const cache = useQueryClient()
  const navigate = useNavigate()
  const enter = async (id: string) => {
    await switchTenant(id)
    cache.clear()
    await navigate({ to: '/' })
  }
  const { form, onSubmit, refusal, busy } = useServerForm(
    { name: '' },
    async ({ name }) => {
      const made = await post<Tenant>('/tenants', { name: name.trim() })
      await enter(made.id)
    },
    { name: (name: string) => (name.trim() ? null : t('Give the team a name.')) },
  )
  return (
    <>
      <Head title={t('Create a team')} />
      <div className="body">
        <div className="pad" style={{ maxWidth: 480 }}>
          <form className="stack" onSubmit={onSubmit}>
            <p className="dim">{t('A team has its own projects, members and log. Nothing of one team is ever seen by another.')}</p>
            <TextInput label={t('Name')} autoFocus maxLength={120} {...form.getInputProps('name')} />
            <Refusal of={refusal} />
            <Submit busy={busy}>{t('Create team')}</Submit>
          </form>
          {!tenant && tenants.length > 0 && (
            <section style={{ marginTop: 32 }}>
              <h2>{t('Or enter one of yours')}</h2>
              <ul className="box rows" style={{ marginTop: 8 }}>
                {tenants.map((one) => (
                  <li key={one.id}>
                    <div className="line spread">
                      <span className="truncate">{one.name}</span>
                      <Button size="compact-sm" variant="default" onClick={() => void enter(one.id).catch((error: unknown) => sayProblem(error, t('The team was not entered.')))}>
                        {t('Enter {name}', { name: one.name })}
                      </Button>
                    </div>
                  </li>
                ))}
              </ul>
            </section>
          )}
        </div>
      </div>
    </>
  )
}
