import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { get, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Boxed } from '../../parts/boxed.tsx'
import { Refusal, Submit, useServerForm } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { OnOff } from '../../parts/on-off.tsx'
import { RemoveButton } from '../../parts/remove-button.tsx'
import { ShownOnce } from '../../parts/shown-once.tsx'
import { Empty } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import type { MachineKey, Page } from '../../things.ts'
import { countOf, t } from '../../words.ts'
import { endOf, faults, KeyDialog, KeyFields } from './key-dialog.tsx'
import './keys.css'

const scopeText = () => t('read sees, write changes projects and tasks, admin keeps members and settings. They are not nested.')
const statusWord = (status: MachineKey['status']) => ({ active: t('Active'), inactive: t('Inactive'), expired: t('Expired') })[status]

/** The team's keys for scripts and other services. */
export function ApiKeys() {
  return (
    <>
      <Head title={t('API keys')} />
      <div className="body">
        <div className="pad">
          <NewKey path="/api-keys" name="apiKeys" hint={scopeText()} placeholder={t('Nightly import')} />
          <KeyList path="/api-keys" name="apiKeys" empty={t('Scripts and other services call the API with a key. Whoever makes one answers for it: it never does more than they may.')} />
        </div>
      </div>
    </>
  )
}

/** Keys that stand above teams; operators only. */
export function ServiceKeys() {
  return (
    <>
      <Head title={t('Service keys')} />
      <div className="body">
        <div className="pad">
          <NewKey path="/service-keys" name="serviceKeys" above hint={t('With admin it does what operators do. Inside teams it does only the operations named here. Every use is logged.')} placeholder={t('Monitoring')} />
          <KeyList path="/service-keys" name="serviceKeys" empty={t('Monitoring and automation of this installation call it with a service key.')} />
        </div>
      </div>
    </>
  )
}

type Of = { path: string; name: string }

function NewKey({ path, name, hint, placeholder, above }: Of & { hint: string; placeholder: string; above?: boolean }) {
  const cache = useQueryClient()
  const [made, setMade] = useState<MachineKey | null>(null)
  const { form, onSubmit, refusal, busy } = useServerForm(
    { name: '', scopes: ['read'] as string[], expiresAt: '', addresses: [] as string[], operations: [] as string[], tenants: [] as string[] },
    async ({ expiresAt, operations, tenants, ...wish }) => {
      const key = await post<MachineKey>(path, { ...wish, ...(expiresAt ? { expiresAt: endOf(expiresAt) } : {}), ...(above ? { operations, tenants: tenants.length ? tenants : null } : {}) })
      setMade(key)
      form.reset()
      void markStale(cache, [`${name}.`])
    },
    faults,
  )
  return (
    <section>
      <h2>{t('New key')}</h2>
      <form className="new-key" onSubmit={onSubmit} noValidate>
        <KeyFields form={form} above={above} placeholder={placeholder} />
        <Submit busy={busy}>{t('Make the key')}</Submit>
      </form>
      <p className="meta new-key-hint">{hint}</p>
      <Refusal of={refusal} />
      {made?.key && <Made of={made} />}
    </section>
  )
}

const Made = ({ of }: { of: MachineKey }) => <ShownOnce text={t('Copy the key of {name} now: it is shown this once.', { name: of.name })} copy={of.key!} copied={t('Copy the key')} />

function KeyList({ path, name, empty }: Of & { empty: string }) {
  const keys = useQuery({ queryKey: [`${name}.list`], queryFn: ({ signal }) => get<Page<MachineKey>>(path, { limit: 200 }, signal).then((page) => page.items) })
  return (
    <section className="key-list">
      <h2 className="row">
        {t('Keys')} <span className="count">{keys.data?.length}</span>
      </h2>
      <Boxed
        of={keys}
        what={t('The keys could not be read')}
        h={56}
        empty={
          <Empty title={t('No keys yet')} art={<span />}>
            {empty}
          </Empty>
        }
      >
        {(key) => <KeyRow key={key.id} of={key} path={path} name={name} />}
      </Boxed>
    </section>
  )
}

function KeyRow({ of, path, name }: Of & { of: MachineKey }) {
  const cache = useQueryClient()
  const [made, setMade] = useState<MachineKey | null>(null)
  const [changing, change] = useState(false)
  const stale = [`${name}.`]
  const off = of.status === 'inactive'
  const rotate = () =>
    ask({
      title: t('Rotate {name}', { name: of.name }),
      text: t('A new key is shown once. The old one works for an hour more. You answer for the key from now on.'),
      verb: t('Rotate {name}', { name: of.name }),
      run: async () => {
        setMade(await post<MachineKey>(`${path}/${of.id}/rotate`, { overlapMinutes: 60 }))
        await markStale(cache, stale)
      },
    })
  return (
    <li>
      <div className="line key-line">
        <div className="grow">
          <div className="truncate key-name">{of.name}</div>
          <div className="meta">
            <code>{of.hint}</code> · {of.scopes.join(', ')}
            {of.addresses.length > 0 && ` · ${t('only from {addresses}', { addresses: of.addresses.slice(0, 3).join(', ') })}${of.addresses.length > 3 ? ` +${of.addresses.length - 3}` : ''}`}
            {!!of.operations?.length && ` · ${countOf(of.operations.length, 'operation', 'operations')} ${of.tenants ? t('in {teams}', { teams: countOf(of.tenants.length, 'team', 'teams') }) : t('in every team')}`}
            {of.expiresAt && (
              <>
                {' '}
                · {t('ends')} <Time at={of.expiresAt} />
              </>
            )}
            {' · '}
            {of.lastUsedAt ? (
              <>
                {t('used')} <Time at={of.lastUsedAt} />
              </>
            ) : (
              t('never used')
            )}
          </div>
        </div>
        {of.status !== 'active' && (
          <span className="chip" data-tone={of.status === 'expired' ? 'warning' : undefined}>
            {statusWord(of.status)}
          </span>
        )}
        <Button size="compact-sm" variant="default" aria-label={t('Change {name}', { name: of.name })} onClick={() => change(true)}>
          {t('Change')}
        </Button>
        <Button size="compact-sm" variant="default" aria-label={t('Rotate {name}', { name: of.name })} onClick={rotate}>
          {t('Rotate')}
        </Button>
        {of.status !== 'expired' && <OnOff name={of.name} path={`${path}/${of.id}`} off={off} stale={stale} />}
        <RemoveButton
          quiet
          label={t('Delete {name}', { name: of.name })}
          path={`${path}/${of.id}`}
          stale={stale}
          asks={{ title: t('Delete {name}', { name: of.name }), text: t('Whatever uses it stops within two seconds.'), verb: t('Delete {name}', { name: of.name }) }}
        >
          {t('Delete')}
        </RemoveButton>
      </div>
      {made?.key && <Made of={made} />}
      {changing && <KeyDialog of={of} path={path} stale={stale} close={() => change(false)} />}
    </li>
  )
}
