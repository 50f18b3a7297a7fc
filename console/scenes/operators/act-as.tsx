import { Select, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { getAll, startActing } from '../../api.ts'
import { Dialog, DialogFoot } from '../../parts/dialog.tsx'
import { Refusal, useServerForm } from '../../parts/form.tsx'
import type { ManagedPerson, Tenant } from '../../things.ts'
import { countOf, t } from '../../words.ts'

const spans = [5, 15, 30, 60]

/** An operator asks for somebody's rights in one team: why, and for how long. */
export function ActAs({ person: { id, name }, close }: { person: ManagedPerson; close: () => void }) {
  const navigate = useNavigate()
  const teams = useQuery({ queryKey: ['tenants.all', { every: true }], queryFn: ({ signal }) => getAll<Tenant>('/tenants', { all: true }, signal, 1000), staleTime: 60_000 }).data ?? []
  const { form, onSubmit, refusal, busy } = useServerForm(
    { tenantId: '', reason: '', minutes: '15' },
    async ({ tenantId, reason, minutes }) => {
      const team = teams.find((one) => one.id === tenantId)
      if (!team) return
      await startActing({ userId: id, tenantId, reason: reason.trim(), minutes: Number(minutes) }, team, () => navigate({ to: '/' }))
    },
    { tenantId: (team: string) => (team ? null : t('Choose a team they belong to.')), reason: (text: string) => (text.trim().length > 4 ? null : t('Say why, in a few words: it stands in both logs.')) },
  )
  return (
    <Dialog title={t('Act as {name}', { name })} opened close={close}>
      <form className="stack" onSubmit={onSubmit} noValidate>
        <p className="dim">{t('You do what {name} may do in one team, and see what they see; the logs of the team and of the platform name you. What is secret stays closed: passwords, keys, sessions, addresses. Loading the page again ends it.', { name })}</p>
        <Select data-autofocus label={t('Team')} searchable nothingFoundMessage={t('Nothing fits')} data={teams.filter((team) => team.status === 'active').map((team) => ({ value: team.id, label: `${team.name} (${team.slug})` }))} {...form.getInputProps('tenantId')} />
        <Textarea label={t('Reason')} placeholder={t('Ticket 41: their board is empty')} autosize minRows={2} maxRows={5} maxLength={500} {...form.getInputProps('reason')} />
        <Select label={t('For')} allowDeselect={false} data={spans.map((span) => ({ value: String(span), label: countOf(span, 'minute', 'minutes') }))} {...form.getInputProps('minutes')} />
        <Refusal of={refusal} />
        <DialogFoot verb={t('Act as {name}', { name })} busy={busy} close={close} />
      </form>
    </Dialog>
  )
}
