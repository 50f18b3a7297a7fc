import { TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { ApiProblem, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Copyable } from '../../parts/copyable.tsx'
import { Refusal, Submit } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { Empty, Loaded, SectionSkeletons } from '../../parts/states.tsx'
import { useMay } from '../../reads.ts'
import { t } from '../../words.ts'
import { Gallery } from './connections.tsx'
import { isPreset, kindsQuery, needsConsent, type Connection, type Kind } from './connection.tsx'
import { Fields, faultsOf, fromText, toText, type Entered, type Faults } from './fields.tsx'

/** First the kind, then what that kind asks. */
export function NewConnection() {
  const { type } = useSearch({ strict: false }) as { type?: string }
  const admin = useMay('admin')
  const kinds = useQuery({ ...kindsQuery, enabled: admin })
  const kind = kinds.data?.find((one) => one.type === type)
  return (
    <>
      <Head title={kind ? t('Connect {name}', { name: kind.title }) : t('New connection')} before={<Link to="/connections">{t('Connections')}</Link>} />
      <div className="body">
        <div className="pad">
          {!admin ? (
            <Empty title={t('For admins')}>{t('Admins and owners connect services outside.')}</Empty>
          ) : (
            <Loaded of={kinds} what={t('The kinds of connections could not be read')} skeleton={<SectionSkeletons count={2} />}>
              {(all) => (kind ? <NewForm key={kind.type} kind={kind} /> : <Gallery kinds={all} />)}
            </Loaded>
          )}
        </div>
      </div>
    </>
  )
}

function NewForm({ kind }: { kind: Kind }) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  const [name, setName] = useState(isPreset(kind) ? kind.title : '')
  const [entered, setEntered] = useState<Entered>(() => Object.fromEntries(kind.fields.map((field) => [field.name, toText(field, field.default)])))
  const [faults, setFaults] = useState<Faults>({})
  const [refusal, setRefusal] = useState<ApiProblem | null>(null)
  const [busy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (!name.trim()) return setFaults({ name: t('Give it a name that workflows know it by.') })
    setBusy(true)
    try {
      const made = await post<Connection>('/connections', { name: name.trim(), type: kind.type, ...fromText(kind.fields, entered) })
      void markStale(cache, ['connections.'])
      await navigate({ to: '/connections/$connection', params: { connection: made.id }, replace: true })
    } catch (error) {
      const { faults: found, other } = faultsOf(error)
      setFaults(found)
      setRefusal(other)
      setBusy(false)
    }
  }
  return (
    <form className="fields" onSubmit={(event) => void submit(event)} noValidate>
      {needsConsent(kind, entered) && (
        <div className="note stack tight" data-tone="info">
          <span>{t('Register an application at the provider first, with this address as the one people come back to. Then put its id and secret in here.')}</span>
          <Copyable value={`${location.origin}/connections/callback`} label={t('Redirect')} />
        </div>
      )}
      <TextInput label={t('Name')} data-autofocus maxLength={100} required value={name} error={faults.name} onChange={(event) => setName(event.currentTarget.value)} />
      <Fields fields={kind.fields} preset={isPreset(kind)} entered={entered} faults={faults} change={(field, value) => setEntered((was) => ({ ...was, [field]: value }))} />
      <p className="meta">{t('Secrets are sealed with the team’s key. They can be replaced, and are never shown again.')}</p>
      <Refusal of={refusal} />
      <Submit busy={busy}>{t('Connect {name}', { name: isPreset(kind) ? kind.title : t('it') })}</Submit>
    </form>
  )
}
