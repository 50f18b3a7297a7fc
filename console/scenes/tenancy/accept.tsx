import { Button } from '@mantine/core'
import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { ApiProblem, askOpenly, post, switchTenant } from '../../api.ts'
import { useSession } from '../../reads.ts'
import { leaveForLogin } from '../../session.ts'
import type { Tenant, TenantRole } from '../../things.ts'
import { t } from '../../words.ts'
import { Gate, keepInvitation, pendingInvitation, takeToken } from '../identity/join.tsx'

type Preview = { tenantName: string; email: string | null; role: TenantRole; expiresAt: string }

/** Where the link of an invitation leads. Accepting is a click, never the mere opening: mail scanners open links too. */
export function Accept() {
  const now = useSession()
  const navigate = useNavigate()
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<ApiProblem | null>(null)
  const [token] = useState(() => {
    const given = takeToken()
    if (given) keepInvitation(given)
    return given ?? pendingInvitation()
  })
  const preview = useQuery({ queryKey: ['invitations.preview', { token }], queryFn: () => askOpenly<Preview>('/invitations/preview', { token }), enabled: !!token, retry: false })
  const team = preview.data?.tenantName
  const invited = preview.data?.email
  useEffect(() => {
    if (token && invited) keepInvitation(token, invited)
  }, [token, invited])
  useEffect(() => {
    if (preview.error instanceof ApiProblem && preview.error.code === 'auth.link_refused') setRefusal(preview.error)
  }, [preview.error])
  useEffect(() => {
    if (refusal && refusal.status < 500 && refusal.status !== 0 && refusal.code !== 'auth.verification_required') keepInvitation(null)
  }, [refusal])
  const accept = async () => {
    setBusy(true)
    try {
      const tenant = await post<Tenant>('/invitations/accept', { token })
      keepInvitation(null)
      await switchTenant(tenant.id)
      await navigate({ to: '/' })
    } catch (error) {
      setRefusal(error instanceof ApiProblem ? error : new ApiProblem(0, { detail: String(error) }))
    } finally {
      setBusy(false)
    }
  }
  if (!token)
    return (
      <Gate title={t('No invitation here')} lead={t('The link is incomplete. Open it again from the mail, or ask for a new one.')}>
        <Link to="/" className="link">
          {t('Go home')}
        </Link>
      </Gate>
    )
  if (refusal)
    return (
      <Gate title={t('This invitation does not work')} lead={refusal.message}>
        <Link to="/" className="link">
          {t('Go home')}
        </Link>
      </Gate>
    )
  if (now.state === 'in')
    return (
      <Gate title={team ? t('Join {team}', { team }) : t('You are invited')} lead={t('You are signed in as {name} ({email}). Accept, and the team appears among yours.', { name: now.user.name, email: now.user.email })}>
        <Button fullWidth loading={busy} onClick={() => void accept()}>
          {t('Accept invitation')}
        </Button>
      </Gate>
    )
  return (
    <Gate title={team ? t('Join {team}', { team }) : t('You are invited')} lead={preview.data?.email ? t('The invitation is for {email}. Sign in or create an account with it.', { email: preview.data.email }) : t('Sign in or create an account, then you can accept.')}>
      <div className="stack tight">
        <Button fullWidth loading={now.state === 'starting'} onClick={() => leaveForLogin('/invitations/accept')}>
          {t('Sign in')}
        </Button>
        <Button fullWidth variant="default" component={Link} to="/signup">
          {t('Create account')}
        </Button>
      </div>
    </Gate>
  )
}
