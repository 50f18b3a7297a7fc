import { Button, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Copyable } from '../../parts/copyable.tsx'
import { Refusal, Submit, useServerForm } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { Empty } from '../../parts/states.tsx'
import { useMay } from '../../reads.ts'
import { t } from '../../words.ts'
import { EventsField, type Webhook } from './webhook.tsx'

export function NewWebhook() {
  const admin = useMay('admin')
  const [made, setMade] = useState<Webhook | null>(null)
  return (
    <>
      <Head title={made ? t('Webhook made') : t('New webhook')} before={<Link to="/webhooks">{t('Webhooks')}</Link>} />
      <div className="body">
        <div className="pad">{!admin ? <Empty title={t('For admins')}>{t('Admins send the team’s events to other systems.')}</Empty> : made ? <Made webhook={made} /> : <NewForm made={setMade} />}</div>
      </div>
    </>
  )
}

function NewForm({ made }: { made: (webhook: Webhook) => void }) {
  const cache = useQueryClient()
  const { form, onSubmit, refusal, busy } = useServerForm(
    { url: '', description: '', events: [] as string[] },
    async ({ url, description, events }) => {
      made(await post<Webhook>('/webhooks', { url: url.trim(), events, description: description.trim() || null }))
      void markStale(cache, ['webhooks.'])
    },
    { url: (url: string) => (/^https?:\/\/./.test(url.trim()) ? null : t('Write it like https://example.com/hooks.')), events: (events: string[]) => (events.length ? null : t('Choose at least one, or every event.')) },
  )
  return (
    <form className="stack" style={{ maxWidth: 560 }} onSubmit={onSubmit} noValidate>
      <TextInput label={t('Address')} type="url" placeholder="https://example.com/hooks" data-autofocus required {...form.getInputProps('url')} />
      <EventsField value={form.values.events} onChange={(events) => form.setFieldValue('events', events)} error={form.errors.events as string | undefined} />
      <TextInput label={t('What it is for (optional)')} maxLength={500} {...form.getInputProps('description')} />
      <p className="meta measure">{t('Each event is one POST. Answer 2xx within 15 seconds; else it is tried nine times more over three days, then the webhook is switched off and admins are told.')}</p>
      <Refusal of={refusal} />
      <Submit busy={busy}>{t('Create webhook')}</Submit>
    </form>
  )
}

/** The only moment in which the secret can be read. */
function Made({ webhook }: { webhook: Webhook }) {
  return (
    <div className="stack" style={{ maxWidth: 640 }}>
      <div className="note stack tight" data-tone="info" role="status">
        <b>{t('Copy the secret now: it is shown this once.')}</b>
        <Copyable value={webhook.secret ?? ''} label={t('Secret')} />
      </div>
      <p className="dim measure">{t('Check every request with it, as Standard Webhooks says: the headers webhook-id, webhook-timestamp and webhook-signature. Libraries for most languages do it in a line.')}</p>
      <div className="row">
        <Button renderRoot={(props) => <Link to="/webhooks/$webhook" params={{ webhook: webhook.id }} {...props} />}>{t('Go to the webhook')}</Button>
      </div>
    </div>
  )
}
