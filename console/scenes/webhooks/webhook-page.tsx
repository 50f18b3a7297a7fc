import { Button, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { get, patch, post, remove } from '../../api.ts'
import { attempt, markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Copyable } from '../../parts/copyable.tsx'
import { Refusal, Section, Submit, useServerForm } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { Loaded, SectionSkeletons } from '../../parts/states.tsx'
import { say } from '../../parts/toasts.tsx'
import { absolute, countOf, t } from '../../words.ts'
import { Deliveries } from './deliveries.tsx'
import { Rewind } from './rewind.tsx'
import { EventsField, eventsInWords, StateChip, type Webhook } from './webhook.tsx'

/** One webhook: how it fares, what it sent, what it is set to, its secret. */
export function WebhookPage() {
  const { webhook: id } = useParams({ strict: false }) as { webhook: string }
  const webhook = useQuery({ queryKey: ['webhooks.get', { id }], queryFn: ({ signal }) => get<Webhook>(`/webhooks/${id}`, undefined, signal), refetchInterval: 5000 })
  const cache = useQueryClient()
  const ping = () => attempt(cache, t('Nothing was sent.'), ['webhooks.'], () => post(`/webhooks/${id}/ping`), t('A ping is on its way.'))
  return (
    <>
      <Head title={webhook.data ? (webhook.data.description ?? new URL(webhook.data.url).host) : t('Webhook')} before={<Link to="/webhooks">{t('Webhooks')}</Link>}>
        <Button size="xs" variant="default" disabled={!webhook.data || webhook.data.status === 'disabled'} onClick={() => void ping()}>
          {t('Send a ping')}
        </Button>
      </Head>
      <div className="body">
        <div className="pad">
          <Loaded of={webhook} what={t('The webhook could not be read')} skeleton={<SectionSkeletons count={3} />}>
            {(one) => (
              <>
                <State webhook={one} />
                <Deliveries webhookId={one.id} />
                <Settings key={one.version} webhook={one} />
                <Secret webhook={one} />
                <Rewind webhook={one} />
                <Delete webhook={one} />
              </>
            )}
          </Loaded>
        </div>
      </div>
    </>
  )
}

function State({ webhook: one }: { webhook: Webhook }) {
  const cache = useQueryClient()
  const set = (status: 'active' | 'paused', said: string) => attempt(cache, t('It was not changed.'), ['webhooks.'], () => patch(`/webhooks/${one.id}`, { status }), said)
  return (
    <div className="stack tight">
      <div className="row wrap">
        <StateChip of={one} />
        <code className="small truncate">{one.url}</code>
        <span className="meta">{eventsInWords(one.events)}</span>
        <span className="grow" />
        {one.status === 'active' && (
          <Button size="compact-sm" variant="default" onClick={() => void set('paused', t('Paused. What happens is kept and sent when it goes on.'))}>
            {t('Pause')}
          </Button>
        )}
        {one.status === 'paused' && (
          <Button size="compact-sm" onClick={() => void set('active', t('It goes on, with what was kept.'))}>
            {t('Go on')}
          </Button>
        )}
      </div>
      {one.status === 'disabled' && (
        <div className="note stack tight">
          <span>
            {t('Switched off: {reason}. Nothing was sent or kept since. Mend the address, switch it on, and rewind to send what it missed.', { reason: one.disabledReason ?? t('no reason was given') })}
          </span>
          <div>
            <Button size="compact-sm" color="red.9" onClick={() => void set('active', t('Switched on. What waited is sent now.'))}>
              {t('Switch it on')}
            </Button>
          </div>
        </div>
      )}
      {one.status === 'active' && one.failingSince && (
        <p className="note" data-tone="warning">
          {t('Every try has failed since {time}.', { time: absolute(one.failingSince) })} {t('{waiting} for the next try; after three days it is switched off.', { waiting: countOf(one.waiting, 'delivery waits', 'deliveries wait') })}
        </p>
      )}
      {one.status === 'paused' && one.waiting > 0 && <p className="meta">{t('{waiting} wait.', { waiting: countOf(one.waiting, 'delivery', 'deliveries') })}</p>}
    </div>
  )
}

function Settings({ webhook: one }: { webhook: Webhook }) {
  const cache = useQueryClient()
  const { form, onSubmit, refusal, busy } = useServerForm({ url: one.url, description: one.description ?? '', events: one.events }, async ({ url, description, events }) => {
    await patch(`/webhooks/${one.id}`, { url: url.trim(), events, description: description.trim() || null })
    await markStale(cache, ['webhooks.'])
    say(t('The webhook is saved.'))
  })
  return (
    <Section title={t('Settings')} text={t('Deliveries that wait go to the new address.')}>
      <form className="stack" onSubmit={onSubmit} noValidate>
        <TextInput label={t('Address')} type="url" {...form.getInputProps('url')} />
        <EventsField value={form.values.events} onChange={(events) => form.setFieldValue('events', events)} error={form.errors.events as string | undefined} />
        <TextInput label={t('What it is for (optional)')} maxLength={500} {...form.getInputProps('description')} />
        <Refusal of={refusal} />
        <Submit busy={busy} disabled={!form.isDirty()}>
          {t('Save webhook')}
        </Submit>
      </form>
    </Section>
  )
}

function Secret({ webhook: one }: { webhook: Webhook }) {
  const cache = useQueryClient()
  const [secret, setSecret] = useState<string | null>(null)
  const rotate = () =>
    ask({
      title: t('Rotate the secret'),
      text: t('A new secret is shown once. For a day requests carry the signatures of both, so that nothing is refused while you change it.'),
      verb: t('Rotate the secret'),
      run: async () => {
        setSecret((await post<Webhook>(`/webhooks/${one.id}/rotate`)).secret ?? null)
        await markStale(cache, ['webhooks.'])
      },
    })
  return (
    <Section title={t('Secret')} text={t('Every request is signed with it. It was shown once, when it was made.')}>
      {secret && (
        <div className="note stack tight" data-tone="info" role="status">
          <b>{t('Copy the new secret now: it is shown this once.')}</b>
          <Copyable value={secret} label={t('Secret')} />
        </div>
      )}
      {one.previousSecretEndsAt && (
        <p className="meta">
          {t('The one before signs as well until {time}.', { time: absolute(one.previousSecretEndsAt) })}
        </p>
      )}
      <div>
        <Button variant="default" onClick={rotate}>
          {t('Rotate the secret')}
        </Button>
      </div>
    </Section>
  )
}

function Delete({ webhook: one }: { webhook: Webhook }) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  const host = new URL(one.url).host
  const drop = () =>
    ask({
      title: t('Delete the webhook to {host}', { host }),
      text: t('Nothing more is sent to it, and its log goes with it.'),
      verb: t('Delete the webhook'),
      danger: true,
      run: async () => {
        await remove(`/webhooks/${one.id}`)
        await navigate({ to: '/webhooks' })
        await markStale(cache, ['webhooks.list'])
      },
    })
  return (
    <Section title={t('Delete')}>
      <div>
        <Button variant="default" c="var(--danger)" onClick={drop}>
          {t('Delete this webhook')}
        </Button>
      </div>
    </Section>
  )
}
