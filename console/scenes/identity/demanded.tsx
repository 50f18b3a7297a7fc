// A team that demands more of this session than it has proven, or is closed: what to do, instead of scenes that all fail.
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { get, post } from '../../api.ts'
import { askForProof, setDemand } from '../../proof.ts'
import { Head } from '../../parts/head.tsx'
import { sayProblem } from '../../parts/toasts.tsx'
import { useMay, useMe } from '../../reads.ts'
import type { Tenant } from '../../things.ts'
import { absolute, t } from '../../words.ts'
import { MyTeams } from '../tenancy/my-teams.tsx'

export function Demanded({ code }: { code: string }) {
  const { tenant } = useMe()
  const name = tenant?.name ?? t('This team')
  if (code === 'tenant.suspended' || code === 'tenant.deleting') return <ClosedTeam name={name} deleting={code === 'tenant.deleting'} />
  const words: Record<string, [title: string, text: string]> = {
    'tenant.second_factor_required': [t('{name} demands a second factor', { name }), t('Set up an authenticator app or a passkey on your account page. If you have one, prove it now.')],
    'tenant.passkey_required': [t('{name} demands a passkey', { name }), t('Add one on your account page. If you have one, prove it now.')],
    'tenant.sso_required': [t('{name} demands its single sign-on', { name }), t('Sign in with your work address. Owners may enter with a second factor.')],
    'tenant.other_provider': [t('You signed in for another team'), t('The provider of one team opens no other: sign in in another way.')],
  }
  const [title, text] = words[code] ?? [code, '']
  const bySso = code === 'tenant.sso_required' || code === 'tenant.other_provider'
  return (
    <>
      <Head title={title} />
      <div className="body">
        <div className="pad stack">
          <p>{text}</p>
          <div className="row wrap">
            {bySso ? (
              <Button component="a" href="/logout">
                {t('Sign in again')}
              </Button>
            ) : (
              <>
                <Button component={Link} to="/account">
                  {t('Open my account')}
                </Button>
                <Button variant="default" onClick={() => void askForProof().then((proven) => proven && (setDemand(null), location.reload()))}>
                  {t('Prove it now')}
                </Button>
              </>
            )}
          </div>
        </div>
      </div>
    </>
  )
}

/** Nobody works in a team that is closed: its data is kept, and this says by whom it can be opened. */
function ClosedTeam({ name, deleting }: { name: string; deleting: boolean }) {
  const { tenant } = useMe()
  const owner = useMay('owner')
  const team = useQuery({ queryKey: ['tenants.get', { id: tenant?.id }], queryFn: ({ signal }) => get<Tenant>(`/tenants/${tenant?.id}`, undefined, signal), enabled: !!tenant && deleting }).data
  const keep = () => void post(`/tenants/${tenant?.id}/restore`).then(() => location.assign('/'), (error: unknown) => sayProblem(error, t('The team was not restored.')))
  const title = deleting ? t('{name} is being deleted', { name }) : t('{name} is suspended', { name })
  return (
    <>
      <Head title={title} />
      <div className="body">
        <div className="pad stack" style={{ maxWidth: 560, gap: 24 }}>
          <p role="status">
            {!deleting
              ? t('Whoever runs this installation closed it. Its data is kept and nothing is lost; ask them to open it again.')
              : t('Until {day} an owner can bring it back with all that is in it; then it is gone for good.', { day: team?.deletesAt ? absolute(team.deletesAt) : t('its last day') })}
          </p>
          <div className="row wrap">
            {deleting && owner && <Button onClick={keep}>{t('Keep {name}', { name })}</Button>}
            <Button variant="default" onClick={() => location.assign('/')}>
              {t('Look again')}
            </Button>
          </div>
          <MyTeams title={t('Your other teams')} />
        </div>
      </div>
    </>
  )
}
