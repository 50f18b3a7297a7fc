import { Button, PasswordInput, SegmentedControl, Select, TextInput, useMantineColorScheme } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Monitor, Smartphone } from 'lucide-react'
import { call, deleteAccount, get, patch, post, remove } from '../../api.ts'
import { attempt, markStale } from '../../cache.ts'
import { DangerButton } from '../../parts/danger-button.tsx'
import { Refusal, Section, Submit, useServerForm } from '../../parts/form.tsx'
import { Head } from '../../parts/head.tsx'
import { Loaded, RowSkeletons, Skeleton } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { say, sayProblem } from '../../parts/toasts.tsx'
import { useMe, usePreferences } from '../../reads.ts'
import { setSession } from '../../session.ts'
import type { Page, Person, Preferences, SignedIn } from '../../things.ts'
import { t } from '../../words.ts'
import { Factors } from './factors.tsx'
import { LinkedAccounts } from './linked-accounts.tsx'
import { ConnectedApps } from '../oauth/connected-apps.tsx'

export function Account() {
  const { user } = useMe()
  const preferences = usePreferences()
  return (
    <>
      <Head title={t('Account')} />
      <div className="body">
        <div className="pad">
          <Profile />
          <Address />
          <Password />
          <Factors />
          <LinkedAccounts />
          <Section title={t('Language and time')} text={t('How dates and numbers are written, and which time zone is yours.')}>
            <Loaded of={preferences} what={t('The preferences could not be read')} skeleton={<Skeleton h={96} />}>
              {(read) => <Region preferences={read} />}
            </Loaded>
          </Section>
          <Look />
          <Section title={t('Sessions')} text={t('Where you are signed in. Ending one signs that device out within two seconds.')}>
            <Sessions />
          </Section>
          <Section title={t('Connected apps')} text={t('What you allowed other software to do in your name.')}>
            <ConnectedApps />
          </Section>
          <Section title={t('Your data')} text={t('Everything kept about your account, as JSON.')}>
            <div>
              <Button variant="default" onClick={() => void exportMine(user)}>
                {t('Export my data')}
              </Button>
            </div>
          </Section>
          <Section title={t('Delete the account')} text={t('Your name and address are erased. What you wrote in teams stays there, without your name.')}>
            <DangerButton
              asks={{
                title: t('Delete your account'),
                text: t('This cannot be undone. If you are the only owner of a team, transfer or delete that team first.'),
                verb: t('Delete {email}', { email: user.email }),
                typeName: user.email,
                run: deleteAccount,
              }}
            >
              {t('Delete my account')}
            </DangerButton>
          </Section>
        </div>
      </div>
    </>
  )
}

async function exportMine(user: Person) {
  try {
    const data = await get<unknown>('/users/me/export')
    const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }))
    Object.assign(document.createElement('a'), { href: url, download: `groundwork-${user.email}.json` }).click()
    setTimeout(() => URL.revokeObjectURL(url), 10_000)
  } catch (error) {
    sayProblem(error, t('The export was not made.'))
  }
}

function Profile() {
  const me = useMe()
  const { form, onSubmit, refusal, busy } = useServerForm(
    { name: me.user.name },
    async ({ name }) => {
      const user = await patch<Person>('/users/me', { name: name.trim() })
      setSession({ ...me, state: 'in', user: { ...me.user, name: user.name } })
      say(t('You are {name} now.', { name: user.name }))
    },
    { name: (name: string) => (name.trim() ? null : t('Others see this name beside what you do.')) },
  )
  return (
    <Section title={t('Name')} text={t('Others see it beside what you do.')}>
      <form className="stack" onSubmit={onSubmit}>
        <TextInput label={t('Name')} autoComplete="name" maxLength={120} {...form.getInputProps('name')} />
        <Refusal of={refusal} />
        <Submit busy={busy} disabled={!form.isDirty()}>
          {t('Save name')}
        </Submit>
      </form>
    </Section>
  )
}

function Address() {
  const { user } = useMe()
  const { form, onSubmit, refusal, busy } = useServerForm(
    { email: '', password: '' },
    async ({ email, password }) => {
      await post('/users/me/email', { email, ...(password ? { password } : {}) })
      form.reset()
      say(t('A link went to {email}. The address changes when it is followed.', { email }))
    },
    { email: (email: string) => (/^\S+@\S+$/.test(email) ? null : t('An address looks like name@example.com.')) },
  )
  return (
    <Section title={t('Email')} text={user.emailVerified ? t('{email} is verified.', { email: user.email }) : t('{email} is not verified yet.', { email: user.email })}>
      {user.emailVerified === false && (
        <div>
          <Button variant="default" onClick={() => void call('POST', '/auth/resend-verification', { body: { email: user.email } }).then(() => say(t('A link went to {email}.', { email: user.email })), (error: unknown) => sayProblem(error, t('No mail was sent.')))}>
            {t('Send the verification link again')}
          </Button>
        </div>
      )}
      <form className="stack" onSubmit={onSubmit} noValidate>
        <TextInput label={t('New address')} type="email" autoComplete="email" {...form.getInputProps('email')} />
        <PasswordInput label={t('Your password')} autoComplete="current-password" visibilityToggleButtonProps={{ 'aria-label': t('Show the password') }} {...form.getInputProps('password')} />
        <Refusal of={refusal} />
        <Submit busy={busy} disabled={!form.values.email}>
          {t('Change address')}
        </Submit>
      </form>
    </Section>
  )
}

function Password() {
  const { form, onSubmit, refusal, busy } = useServerForm({ currentPassword: '', password: '' }, async (values) => {
    await patch('/users/me', values)
    form.reset()
    say(t('Password changed. All other devices are signed out.'))
  })
  const toggle = { 'aria-label': t('Show the password') }
  return (
    <Section title={t('Password')} text={t('A new one signs all other devices out.')}>
      <form className="stack" onSubmit={onSubmit}>
        <PasswordInput label={t('Current password')} autoComplete="current-password" visibilityToggleButtonProps={toggle} {...form.getInputProps('currentPassword')} />
        <PasswordInput label={t('New password')} autoComplete="new-password" visibilityToggleButtonProps={toggle} {...form.getInputProps('password')} />
        <Refusal of={refusal} />
        <Submit busy={busy} disabled={!form.values.password || !form.values.currentPassword}>
          {t('Change password')}
        </Submit>
      </form>
    </Section>
  )
}

function Region({ preferences }: { preferences: Preferences }) {
  const cache = useQueryClient()
  const set = (change: Partial<Preferences>) => attempt(cache, t('The preference was not saved.'), ['users.preferences'], () => patch('/users/me/preferences', change))
  const locales = [...new Set([preferences.locale, ...navigator.languages, 'en-GB', 'en-US', 'de-DE', 'fr-FR', 'es-ES', 'pt-BR', 'ja-JP', 'zh-CN', 'hi-IN'].filter((one): one is string => !!one))]
  const nameOf = (locale: string) => {
    try {
      return new Intl.DisplayNames(['en'], { type: 'language' }).of(locale) ?? locale
    } catch {
      return locale
    }
  }
  const zones = Intl.supportedValuesOf('timeZone')
  const chosen = preferences.version > 1
  return (
    <>
      <Select label={t('Dates and numbers')} data={locales.map((locale) => ({ value: locale, label: nameOf(locale) }))} value={chosen ? preferences.locale : null} placeholder={t('As the browser')} searchable onChange={(locale) => locale && void set({ locale })} />
      <Select label={t('Time zone')} data={[...new Set([preferences.timeZone ?? 'UTC', 'UTC', ...zones])]} value={chosen ? preferences.timeZone : null} placeholder={Intl.DateTimeFormat().resolvedOptions().timeZone} searchable limit={50} onChange={(timeZone) => timeZone && void set({ timeZone })} />
    </>
  )
}

function Look() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <Section title={t('Look')}>
      <SegmentedControl
        style={{ alignSelf: 'flex-start' }}
        aria-label={t('Colour scheme')}
        value={colorScheme}
        onChange={(scheme) => setColorScheme(scheme as 'auto')}
        data={[
          { value: 'auto', label: t('As the system') },
          { value: 'light', label: t('Light') },
          { value: 'dark', label: t('Dark') },
        ]}
      />
    </Section>
  )
}

/** "Chrome on Linux" out of a user agent: enough to recognise one's own device. */
function deviceOf(agent: string | null | undefined) {
  if (!agent) return { name: t('Unknown device'), phone: false }
  const browser = /Edg\//.test(agent) ? 'Edge' : /Firefox\//.test(agent) ? 'Firefox' : /Chrome\//.test(agent) ? 'Chrome' : /Safari\//.test(agent) ? 'Safari' : (agent.split(/[/ ]/)[0] ?? agent)
  const system = /iPhone|iPad/.test(agent) ? 'iOS' : /Android/.test(agent) ? 'Android' : /Mac OS/.test(agent) ? 'macOS' : /Windows/.test(agent) ? 'Windows' : /Linux/.test(agent) ? 'Linux' : null
  return { name: system ? t('{browser} on {system}', { browser, system }) : browser, phone: /iPhone|Android/.test(agent) }
}

function Sessions() {
  const cache = useQueryClient()
  const sessions = useQuery({ queryKey: ['sessions.list'], queryFn: async ({ signal }) => (await get<Page<SignedIn>>('/auth/sessions', undefined, signal)).items })
  return (
    <div className="box">
      <Loaded of={sessions} what={t('The sessions could not be read')} skeleton={<RowSkeletons count={2} h={52} />}>
        {(all) => (
          <ul className="rows">
            {all.map((one) => {
              const device = deviceOf(one.userAgent)
              return (
                <li key={one.id}>
                  <div className="line" style={{ minHeight: 52 }}>
                    {device.phone ? <Smartphone size={16} className="dim" aria-hidden="true" /> : <Monitor size={16} className="dim" aria-hidden="true" />}
                    <div className="grow">
                      <div>{device.name}</div>
                      <div className="meta">
                        {one.ipAddress && `${one.ipAddress} · `}
                        {t('since')} <Time at={one.createdAt} />
                      </div>
                    </div>
                    {one.current ? (
                      <span className="chip" data-tone="positive">
                        {t('This one')}
                      </span>
                    ) : (
                      <Button
                        size="compact-sm"
                        variant="default"
                        aria-label={t('End the session of {device}', { device: device.name })}
                        onClick={() => void attempt(cache, t('The session was not ended.'), ['sessions.'], () => remove(`/auth/sessions/${one.id}`), t('{device} is signed out.', { device: device.name })).then(() => markStale(cache, ['sessions.']))}
                      >
                        {t('End')}
                      </Button>
                    )}
                  </div>
                </li>
              )
            })}
          </ul>
        )}
      </Loaded>
    </div>
  )
}
