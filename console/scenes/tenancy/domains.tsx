import { Button, CopyButton, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getAll, post, remove } from '../../api.ts'
import { attempt, markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Refusal, Section, Submit, useServerForm } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { Empty, Loaded, SectionSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { say } from '../../parts/toasts.tsx'
import { useMay, useMe } from '../../reads.ts'
import type { Domain } from '../../things.ts'
import { t } from '../../words.ts'
import './tenancy.css'

const tones = { pending: 'warning', verified: 'positive', lapsed: 'danger' } as const
const names = (): Record<Domain['status'], string> => ({ pending: t('Not proved yet'), verified: t('Proved'), lapsed: t('Lapsed') })

/** Addresses of the team: names of its own, proved by a record in their DNS. */
export function Domains() {
  const { tenant } = useMe()
  const admin = useMay('admin')
  const read = useQuery({ queryKey: ['domains.list'], queryFn: ({ signal }) => getAll<Domain>('/domains', {}, signal), enabled: admin })
  return (
    <>
      <Head title={t('Domains')} />
      <div className="body">
        <div className="pad">
          {!admin ? (
            <Empty title={t('For admins')}>{t('Admins and owners of {name} give it addresses of its own.', { name: tenant?.name ?? '' })}</Empty>
          ) : (
            <>
              <Section title={t('Add a domain')} text={t('The name you own, such as work.example.com. It opens this team once you proved that it is yours.')}>
                <AddDomain />
              </Section>
              <Loaded of={read} what={t('The domains could not be read')} skeleton={<SectionSkeletons count={2} />}>
                {(all) => (
                  <>
                    {all.map((domain) => (
                      <OneDomain key={domain.id} domain={domain} />
                    ))}
                  </>
                )}
              </Loaded>
            </>
          )}
        </div>
      </div>
    </>
  )
}

function AddDomain() {
  const cache = useQueryClient()
  const { form, onSubmit, refusal, busy } = useServerForm({ name: '' }, async ({ name }) => {
    const added = await post<Domain>('/domains', { name: name.trim() })
    form.reset()
    await markStale(cache, ['domains.'])
    say(t('{name} is in the list. Put its record into the DNS.', { name: added.name }))
  })
  return (
    <form className="stack" onSubmit={onSubmit}>
      <TextInput label={t('Domain')} placeholder="work.example.com" maxLength={253} {...form.getInputProps('name')} />
      <Refusal of={refusal} />
      <Submit busy={busy} disabled={!form.values.name.trim()}>
        {t('Add the domain')}
      </Submit>
    </form>
  )
}

function OneDomain({ domain }: { domain: Domain }) {
  const cache = useQueryClient()
  const { id, name, status, record, problem, checkedAt } = domain
  const look = () =>
    attempt(cache, t('{name} was not looked at.', { name }), ['domains.'], async () => {
      const now = await post<Domain>(`/domains/${id}/verify`)
      say(now.status === 'verified' ? t('{name} is proved and opens this team.', { name }) : t('The record of {name} is not there yet.', { name }))
    })
  return (
    <Section
      title={name}
      text={
        <span className="row wrap" style={{ gap: 8 }}>
          <span className="chip" data-tone={tones[status]}>
            {names()[status]}
          </span>
          {checkedAt && (
            <span className="meta">
              {t('looked at')} <Time at={checkedAt} />
            </span>
          )}
        </span>
      }
    >
      {problem && status !== 'verified' && (
        <p className="note" data-tone="warning" role="status">
          {problem}
        </p>
      )}
      <dl className="record">
        <dt>{t('Type')}</dt>
        <dd>
          <code>TXT</code>
        </dd>
        <Copied label={t('Name')} of={name} value={record.name} />
        <Copied label={t('Value')} of={name} value={record.value} />
      </dl>
      <div className="row wrap">
        <Button variant="default" aria-label={t('Look now: {name}', { name })} onClick={() => void look()}>
          {t('Look now')}
        </Button>
        <Button
          variant="light"
          color="red"
          aria-label={t('Remove {name}', { name })}
          onClick={() =>
            ask({
              title: t('Remove {name}', { name }),
              text: status === 'verified' ? t('Nobody reaches the team by {name} any more. It can be added again, with a new record.', { name }) : t('It can be added again, with a new record.'),
              verb: t('Remove {name}', { name }),
              danger: true,
              run: () => remove(`/domains/${id}`).then(() => markStale(cache, ['domains.'])),
            })
          }
        >
          {t('Remove')}
        </Button>
      </div>
    </Section>
  )
}

function Copied({ label, of, value }: { label: string; of: string; value: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        <code>{value}</code>
        <CopyButton value={value}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="subtle" color="gray" aria-label={t('Copy the {label} of {name}', { label: label.toLowerCase(), name: of })} onClick={copy}>
              {copied ? t('Copied') : t('Copy')}
            </Button>
          )}
        </CopyButton>
      </dd>
    </>
  )
}
