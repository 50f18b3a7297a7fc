import { NumberInput, Select } from '@mantine/core'
import { post } from '../../api.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Refusal, Submit, useServerForm } from '../../parts/form.tsx'
import { absolute, countOf, t } from '../../words.ts'

const seconds: Record<string, number> = { minutes: 60, hours: 3600, days: 86_400 }
const most = { applications: 1000, seconds: 90 * 86_400 }
const lifeOf = (count: number | string, unit: string) => Math.round(Number(count) * seconds[unit]!)

/** Asks for how many applications an initial access token is, and for how long. */
export function TokenDialog({ close, made }: { close: () => void; made: (what: string, token: string) => void }) {
  const { form, onSubmit, refusal, busy } = useServerForm(
    { quota: 1 as number | string, expiresIn: 1 as number | string, unit: 'days' },
    async ({ quota, expiresIn, unit }) => {
      const answer = await post<{ token: string; quota: number; expiresAt: string }>('/oauth-clients/initial-access-tokens', { quota: Number(quota), expiresIn: lifeOf(expiresIn, unit) })
      made(t('Initial access token, for {what} until {time}.', { what: countOf(answer.quota, 'registration', 'registrations'), time: absolute(answer.expiresAt) }), answer.token)
      close()
    },
    {
      quota: (quota: number | string) => (Number(quota) >= 1 && Number(quota) <= most.applications ? null : t('Between 1 and {most}.', { most: most.applications })),
      expiresIn: (count: number | string, { unit }: { unit: string }) => (lifeOf(count, unit) >= 60 && lifeOf(count, unit) <= most.seconds ? null : t('Between a minute and 90 days.')),
    },
  )
  return (
    <Dialog title={t('Initial access token')} opened close={close}>
      <form className="stack application-form" onSubmit={onSubmit} noValidate>
        <NumberInput data-autofocus label={t('Applications that may register with it')} min={1} max={most.applications} allowDecimal={false} hideControls {...form.getInputProps('quota')} />
        <div className="token-life">
          <NumberInput label={t('Ends after')} min={1} allowDecimal={false} hideControls {...form.getInputProps('expiresIn')} />
          <Select
            label={t('Unit')}
            data={[
              { value: 'minutes', label: t('minutes') },
              { value: 'hours', label: t('hours') },
              { value: 'days', label: t('days') },
            ]}
            {...form.getInputProps('unit')}
          />
        </div>
        <Refusal of={refusal} />
        <Submit busy={busy}>{t('Make the token')}</Submit>
      </form>
    </Dialog>
  )
}
