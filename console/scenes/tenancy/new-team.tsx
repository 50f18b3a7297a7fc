import { TextInput } from '@mantine/core'
import { post } from '../../api.ts'
import { Refusal, Submit, useServerForm } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { useMe, useTenants } from '../../reads.ts'
import type { Tenant } from '../../things.ts'
import { t } from '../../words.ts'
import { MyTeams, useEnter } from './my-teams.tsx'

/** A further team; and the place for somebody who is in none yet, or has to choose. */
export function NewTeam() {
  const { tenant } = useMe()
  const choosing = !tenant && !!useTenants().data?.length
  const enter = useEnter()
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
      <Head title={choosing ? t('Choose a team') : t('Create a team')} />
      <div className="body">
        <div className="pad stack" style={{ maxWidth: 520, gap: 32 }}>
          {choosing && <MyTeams title={t('Your teams')} />}
          <form className="stack" onSubmit={onSubmit}>
            {choosing && <h2>{t('Or create one')}</h2>}
            <p className="dim">{t('A team has its own projects, members and log. Nothing of one team is ever seen by another.')}</p>
            <TextInput label={t('Name')} autoFocus={!choosing} maxLength={100} {...form.getInputProps('name')} />
            <Refusal of={refusal} />
            <Submit busy={busy}>{t('Create team')}</Submit>
          </form>
        </div>
      </div>
    </>
  )
}
