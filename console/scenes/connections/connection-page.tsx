import { Button, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState, type FormEvent } from 'react'
import { ApiProblem, get, patch, post, remove } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { ask } from '../../parts/ask.ts'
import { Refusal, Section, Submit } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { Loaded, RowSkeletons, SectionSkeletons } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { say, sayProblem } from '../../parts/toasts.tsx'
import { useMay, useModules } from '../../reads.ts'
import { absolute, t } from '../../words.ts'
import type { WorkflowStatus } from '../workflows/reads.ts'
import { WorkflowChip } from '../workflows/status.tsx'
import { isPreset, kindsQuery, needsConsent, placeOf, StateChip, usesQuery, type Certificate, type Connection, type Kind } from './connection.tsx'
import { Fields, faultsOf, fromText, toText, type Entered, type Faults } from './fields.tsx'

/** One connection: whether it works, what it is set to, its secrets' places, what uses it. */
export function ConnectionPage() {
  const { connection: id } = useParams({ strict: false }) as { connection: string }
  const connection = useQuery({ queryKey: ['connections.get', { id }], queryFn: ({ signal }) => get<Connection>(`/connections/${id}`, undefined, signal) })
  const kinds = useQuery(kindsQuery)
  const admin = useMay('admin')
  const one = connection.data
  return (
    <>
      <Head title={one?.name ?? t('Connection')} before={<Link to="/connections">{t('Connections')}</Link>} />
      <div className="body">
        <div className="pad">
          <Loaded of={{ ...connection, data: one && kinds.data ? { one, kind: kinds.data.find((kind) => kind.type === one.type) } : undefined, error: connection.error ?? kinds.error }} what={t('The connection could not be read')} skeleton={<SectionSkeletons count={3} />}>
            {({ one, kind }) => (
              <>
                <State connection={one} kind={kind} admin={admin} />
                {admin && kind && <Settings key={`s${one.version}`} connection={one} kind={kind} />}
                {admin && kind && one.secrets.length + kind.fields.filter((field) => field.secret).length > 0 && <Secrets key={`k${one.version}`} connection={one} kind={kind} />}
                {kind && isPreset(kind) && <Operations kind={kind} />}
                <Uses connection={one} admin={admin} />
              </>
            )}
          </Loaded>
        </div>
      </div>
    </>
  )
}

/** Sends the browser to the provider; it comes back to /connections/callback. */
export async function beginConsent(id: string) {
  try {
    location.assign((await post<{ url: string }>(`/connections/${id}/authorize`)).url)
  } catch (error) {
    sayProblem(error, t('The consent was not begun.'))
  }
}

function State({ connection: one, kind, admin }: { connection: Connection; kind: Kind | undefined; admin: boolean }) {
  const cache = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [answer, setAnswer] = useState<{ ok: boolean; message: string } | null>(null)
  const consent = needsConsent(kind, one.settings)
  const test = async () => {
    setBusy(true)
    try {
      setAnswer(await post<{ ok: boolean; message: string }>(`/connections/${one.id}/test`))
    } catch (error) {
      sayProblem(error, t('It was not tried.'))
    }
    setBusy(false)
    await markStale(cache, ['connections.'])
  }
  return (
    <Section title={t('State')} text={one.testedAt ? <>{t('Tried')} <Time at={one.testedAt} /></> : t('Trying asks the other side once, with the secrets that are kept.')}>
      <div className="row wrap">
        <StateChip of={one.status} />
        <span className="dim small">{placeOf(one)}</span>
      </div>
      {one.status === 'unauthorized' && (
        <p className="note" data-tone="warning">
          {one.error ?? t('A person has to say at the provider that workflows may use the account. You are sent there and come back.')}
        </p>
      )}
      {one.status === 'failing' && one.error && !answer && <p className="note">{t('At the last try: {words} Look at the address and the secrets, then try again.', { words: said(one.error) })}</p>}
      <p className={answer ? 'note' : 'sr'} role="status" data-tone={answer?.ok ? 'positive' : undefined}>
        {answer && (answer.ok ? t('It works: {words}', { words: said(answer.message) }) : t('It does not work: {words}', { words: said(answer.message) }))}
      </p>
      {admin && (
        <div className="row wrap">
          {consent && (
            <Button variant={one.status === 'unauthorized' ? 'filled' : 'default'} onClick={() => void beginConsent(one.id)}>
              {one.status === 'unauthorized' ? t('Give consent') : t('Give consent anew')}
            </Button>
          )}
          <Button variant={one.status === 'unauthorized' ? 'default' : 'filled'} loading={busy} onClick={() => void test()}>
            {t('Try it')}
          </Button>
        </div>
      )}
    </Section>
  )
}

/** What the other side said, as the end of a sentence. */
const said = (words: string) => `${words.replace(/[.\s]+$/, '')}.`

/** Entered text with the faults of its last refusal. */
function useEntered(initial: () => Entered, save: (entered: Entered) => Promise<unknown>) {
  const [first] = useState(initial)
  const [entered, setEntered] = useState(first)
  const [faults, setFaults] = useState<Faults>({})
  const [refusal, setRefusal] = useState<ApiProblem | null>(null)
  const [busy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    try {
      setFaults({})
      setRefusal(null)
      await save(entered)
    } catch (error) {
      const found = faultsOf(error)
      setFaults(found.faults)
      setRefusal(found.other)
    }
    setBusy(false)
  }
  const dirty = Object.entries(entered).some(([name, value]) => value !== (first[name] ?? ''))
  return { entered, dirty, change: (name: string, value: string | boolean) => setEntered((was) => ({ ...was, [name]: value })), faults, refusal, busy, submit }
}

function Settings({ connection: one, kind }: { connection: Connection; kind: Kind }) {
  const cache = useQueryClient()
  const open = kind.fields.filter((field) => !field.secret)
  const f = useEntered(
    () => ({ name: one.name, ...Object.fromEntries(open.map((field) => [field.name, toText(field, one.settings[field.name] ?? field.default)])) }),
    async (entered) => {
      const { secrets } = fromText(kind.fields, entered)
      await patch(`/connections/${one.id}`, { name: String(entered.name).trim() || one.name, settings: fromText(open, entered).settings, ...(Object.keys(secrets).length ? { secrets } : {}) })
      await markStale(cache, ['connections.'])
      say(t('{name} is saved.', { name: String(entered.name) }))
    },
  )
  // where the secrets would go elsewhere, the server wants them anew
  const again = f.refusal?.errors.some((error) => error.path.startsWith('/secrets'))
  return (
    <Section title={t('Settings')} text={t('Where the address changes, the secrets are asked for again: they never follow to another place by themselves.')}>
      <form className="fields" onSubmit={(event) => void f.submit(event)} noValidate>
        <TextInput label={t('Name')} maxLength={100} value={String(f.entered.name)} error={f.faults.name} onChange={(event) => f.change('name', event.currentTarget.value)} />
        <Fields fields={again ? kind.fields : open} preset={isPreset(kind)} entered={f.entered} faults={f.faults} change={f.change} />
        {one.certificates.length > 0 && <Certificates list={one.certificates} />}
        <Refusal of={f.refusal} />
        <Submit busy={f.busy} disabled={!f.dirty}>
          {t('Save settings')}
        </Submit>
      </form>
    </Section>
  )
}

/** What the kept certificates are, and until when they hold. */
function Certificates({ list }: { list: Certificate[] }) {
  return (
    <ul className="certificates" aria-label={t('Certificates that are kept')}>
      {list.map((one, at) => {
        const left = Date.parse(one.validTo) - Date.now()
        return (
          <li key={at} className="row wrap">
            <span className="small">{one.subject}</span>
            <span className="chip" data-tone={left < 0 ? 'danger' : left < 30 * 86_400_000 ? 'warning' : 'positive'}>
              {left < 0 ? t('Ended') : t('Holds')}
            </span>
            <span className="meta">
              {t('until {time}', { time: absolute(one.validTo) })} · {one.authority ? (one.issuer === one.subject ? t('an authority') : t('an authority, vouched for by {issuer}', { issuer: one.issuer })) : t('a server’s own certificate, no authority')}
            </span>
          </li>
        )
      })}
    </ul>
  )
}

function Secrets({ connection: one, kind }: { connection: Connection; kind: Kind }) {
  const cache = useQueryClient()
  const secret = kind.fields.filter((field) => field.secret)
  const f = useEntered(
    () => ({}),
    async (entered) => {
      await post(`/connections/${one.id}/rotate`, { secrets: fromText(secret, entered).secrets })
      await markStale(cache, ['connections.'])
      say(t('{name} has new secrets from the next request on.', { name: one.name }))
    },
  )
  return (
    <Section title={t('Secrets')} text={t('They go in and never come out: not here, not in a run, not in the log.')}>
      <form className="fields" onSubmit={(event) => void f.submit(event)} noValidate>
        <Fields fields={secret} preset={false} entered={f.entered} faults={f.faults} change={f.change} kept={one.secrets} />
        <Refusal of={f.refusal} />
        <Submit busy={f.busy} disabled={!f.dirty}>
          {t('Put in new secrets')}
        </Submit>
      </form>
    </Section>
  )
}

function Operations({ kind }: { kind: Kind }) {
  return (
    <Section title={t('Operations')} text={t('Ready-made steps that workflows have with it.')}>
      <div className="box">
        <ul className="rows">
          {kind.operations.map((operation) => (
            <li key={operation.name} className="operation">
              <span>{operation.title}</span>
              <a className="link meta" href={operation.documentation} target="_blank" rel="noreferrer noopener">
                {t('Documentation')}
                <span className="sr"> {operation.title}</span>
              </a>
              <code className="meta">
                {operation.method} {operation.path}
              </code>
            </li>
          ))}
        </ul>
      </div>
    </Section>
  )
}

function Uses({ connection: one, admin }: { connection: Connection; admin: boolean }) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  const on = useModules()('workflows')
  const uses = useQuery({ ...usesQuery(one.id), enabled: on })
  const names = uses.data?.map((workflow) => workflow.name) ?? []
  const drop = () =>
    ask({
      title: t('Delete {name}', { name: one.name }),
      text: names.length ? t('{names} will fail at the steps that use it. Its secrets are gone for good.', { names: names.slice(0, 5).join(', ') + (names.length > 5 ? ' …' : '') }) : on ? t('No workflow uses it. Its secrets are gone for good.') : t('Workflows are switched off for this team, and may use it. Its secrets are gone for good.'),
      verb: t('Delete {name}', { name: one.name }),
      danger: true,
      ...(names.length || !on ? { typeName: one.name } : {}),
      run: async () => {
        await remove(`/connections/${one.id}`)
        await navigate({ to: '/connections' })
        await markStale(cache, ['connections.list'])
      },
    })
  return (
    <Section title={t('Used by')} text={t('Workflows whose draft or active version names it.')}>
      <div className="box">
        {!on ? (
          <p className="meta" style={{ padding: 12 }}>
            {t('Workflows are switched off for this team.')}
          </p>
        ) : (
          <Loaded of={uses} what={t('What uses it could not be read')} skeleton={<RowSkeletons count={2} />}>
            {(all) =>
              all.length ? (
                <ul className="rows">
                  {all.map((workflow) => (
                    <li key={workflow.id}>
                      <Link className="line" to="/workflows/$workflow" params={{ workflow: workflow.id }}>
                        <span className="grow truncate">{workflow.name}</span>
                        <WorkflowChip status={workflow.status as WorkflowStatus} />
                      </Link>
                    </li>
                  ))}
                </ul>
              ) : (
                <p className="meta" style={{ padding: 12 }}>
                  {t('No workflow yet.')}
                </p>
              )
            }
          </Loaded>
        )}
      </div>
      {admin && (
        <div>
          <Button variant="default" c="var(--danger)" disabled={on && !uses.data} onClick={drop}>
            {t('Delete this connection')}
          </Button>
        </div>
      )}
    </Section>
  )
}
