import { NumberInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { get, patch } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Refusal, Section, Submit, useServerForm } from '../../parts/form.tsx'
import { Loaded, Skeleton } from '../../parts/states.tsx'
import { say } from '../../parts/toasts.tsx'
import { useMe } from '../../reads.ts'
import type { TenantSettings } from '../../things.ts'
import { t } from '../../words.ts'

/** How long the team's log and its finished runs are kept. */
export function RetentionSection() {
  const { tenant } = useMe()
  const read = useQuery({ queryKey: ['tenants.settings', { id: tenant?.id }], queryFn: ({ signal }) => get<TenantSettings>('/tenant-settings', undefined, signal) })
  return (
    <Section title={t('What is kept')} text={t('Activity, audit and undo read the log: what is older than this is gone from them. Left empty, it is kept as long as this installation keeps it, which is also the most.')}>
      <Loaded of={read} what={t('The settings could not be read')} skeleton={<Skeleton h={120} />}>
        {(settings) => <Kept key={settings.version} settings={settings} />}
      </Loaded>
    </Section>
  )
}

type Days = number | ''
/** Without an end is the longest. */
const isShorter = (days: number | null, before: number | null) => (days ?? Infinity) < (before ?? Infinity)

function Kept({ settings }: { settings: TenantSettings }) {
  const cache = useQueryClient()
  const save = async (wish: Pick<TenantSettings, 'eventRetentionDays' | 'runRetentionDays'>) => {
    await patch('/tenant-settings', wish)
    await markStale(cache, ['tenants.settings'])
    say(t('Kept as you say.'))
  }
  const { form, onSubmit, refusal, busy } = useServerForm<{ eventRetentionDays: Days; runRetentionDays: Days }>(
    { eventRetentionDays: settings.eventRetentionDays ?? '', runRetentionDays: settings.runRetentionDays ?? '' },
    async (typed) => {
      const wish = { eventRetentionDays: typed.eventRetentionDays === '' ? null : typed.eventRetentionDays, runRetentionDays: typed.runRetentionDays === '' ? null : typed.runRetentionDays }
      if (!isShorter(wish.eventRetentionDays, settings.eventRetentionDays) && !isShorter(wish.runRetentionDays, settings.runRetentionDays)) return save(wish)
      ask({ title: t('Keep less'), text: t('What is older goes for good within six hours, and no setting brings it back.'), verb: t('Keep less'), danger: true, run: () => save(wish) })
    },
  )
  const days = { placeholder: t('As the installation says'), min: 1, max: 36_500, allowDecimal: false, allowNegative: false, hideControls: true }
  return (
    <form className="stack" onSubmit={onSubmit}>
      <NumberInput label={t('Days the log is kept')} {...days} {...form.getInputProps('eventRetentionDays')} />
      <NumberInput label={t('Days finished runs are kept')} {...days} {...form.getInputProps('runRetentionDays')} />
      <Refusal of={refusal} />
      <Submit busy={busy} disabled={!form.isDirty()}>
        {t('Save')}
      </Submit>
    </form>
  )
}
