import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState, type ReactNode } from 'react'
import { ApiProblem, register } from '../../api.ts'
import { isOneTeam } from '../../installation.ts'
import { Refusal, Submit, useServerForm } from '../../parts/form.tsx'
import { Wordmark } from '../../parts/mark.tsx'
import { t } from '../../words.ts'

/** The frame of pages for people without a session. */
export function Gate({ title, lead, children, foot }: { title: string; lead: ReactNode; children: ReactNode; foot?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Groundwork`
  }, [title])
  return (
    <div className="gate">
      <main>
        <Wordmark />
        <div className="card">
          <h1>{title}</h1>
          <p className="lead">{lead}</p>
          {children}
        </div>
        {foot && (
          <p className="meta" style={{ marginTop: 16, textAlign: 'center' }}>
            {foot}
          </p>
        )}
      </main>
    </div>
  )
}

/** Reads the token out of the fragment once and takes it off the address, so that it stays in no history. */
export function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined
  if (token) history.replaceState(history.state, '', location.pathname + location.search)
  return token
}

/** The first account: operator of the platform and owner of the first team. Claimed by the link the server printed. */
export function Setup() {
  const [setupToken] = useState(takeToken)
  return (
    <Gate
      title={t('Set up Groundwork')}
      lead={setupToken ? t('The first account runs this installation and owns its first team.') : t('Open the link that the server printed at its start: it carries the token that proves this installation is yours.')}
      foot={setupToken ? null : <a className="link" href="/login">{t('Already set up? Sign in')}</a>}
    >
      {setupToken ? <Join setupToken={setupToken} verb={t('Create the first account')} withTeam /> : <code className="meta">ready … /setup#token=…</code>}
    </Gate>
  )
}

export function SignUp() {
  return (
    <Gate title={t('Create your account')} lead={isOneTeam() ? t('You join the team of this installation.') : t('One account for all your teams.')} foot={<a className="link" href="/login">{t('Have an account? Sign in')}</a>}>
      <Join verb={t('Create account')} withTeam={!isOneTeam()} />
    </Gate>
  )
}

function Join({ setupToken, verb, withTeam }: { setupToken?: string; verb: string; withTeam?: boolean }) {
  const navigate = useNavigate()
  const [sent, setSent] = useState('')
  const { form, onSubmit, refusal, busy } = useServerForm(
    { name: '', email: invitedAddress(), password: '', tenantName: '' },
    async ({ tenantName, ...rest }) => {
      const invitationToken = pendingInvitation()
      const signedIn = await register({ ...rest, ...(tenantName.trim() ? { tenantName } : {}), ...(setupToken ? { setupToken } : {}), ...(invitationToken ? { invitationToken } : {}) })
      if (!signedIn) return setSent(rest.email)
      keepInvitation(null)
      await navigate({ to: '/', replace: true })
    },
    {
      name: (name: string) => (name.trim() ? null : t('Others see this name beside what you do.')),
      email: (email: string) => (/^\S+@\S+$/.test(email) ? null : t('An address looks like name@example.com.')),
      password: (password: string) => (password.length >= 8 ? null : t('Use at least 8 characters; a sentence is easiest to remember.')),
    },
  )
  if (sent)
    return (
      <p className="note" data-tone="info" role="status">
        {t('A link went to {email}. Follow it to finish; it works once.', { email: sent })}
      </p>
    )
  const invited = withTeam && pendingInvitation()
  const taken = refusal instanceof ApiProblem && refusal.code === 'auth.email_taken'
  return (
    <form className="stack" onSubmit={onSubmit} noValidate>
      <TextInput label={t('Your name')} autoComplete="name" data-autofocus autoFocus {...form.getInputProps('name')} />
      <TextInput label={t('Email')} type="email" autoComplete="username" {...form.getInputProps('email')} />
      <PasswordInput
        label={t('Password')}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ 'aria-label': t('Show the password') }}
        {...form.getInputProps('password')}
      />
      {withTeam && !invited && <TextInput label={t('Team')} description={t('The place for your projects; the others are invited later.')} placeholder={t('My team')} autoComplete="organization" {...form.getInputProps('tenantName')} />}
      <Refusal of={refusal} />
      {taken && (
        <Button component="a" href="/login" variant="default">
          {t('Sign in with {email}', { email: form.values.email })}
        </Button>
      )}
      <Submit busy={busy} full>
        {verb}
      </Submit>
    </form>
  )
}

const waiting = 'groundwork.invitation'
const address = 'groundwork.invited'

function invitedAddress(): string {
  try {
    return sessionStorage.getItem(address) ?? ''
  } catch {
    return ''
  }
}

/** An invitation's token waits here while its person signs in or up: in an address it would reach logs. */
export function pendingInvitation(): string | null {
  try {
    return sessionStorage.getItem(waiting)
  } catch {
    return null
  }
}
/** @param email the address it was sent to, when it names one: sign-up begins with it */
export function keepInvitation(token: string | null, email?: string | null) {
  try {
    if (token) sessionStorage.setItem(waiting, token)
    else sessionStorage.removeItem(waiting)
    if (email) sessionStorage.setItem(address, email)
    else sessionStorage.removeItem(address)
  } catch {
    // without storage the link has to be opened again after signing in
  }
}
