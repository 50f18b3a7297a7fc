// A team that demands more of this session than it has proven: what to do, instead of scenes that all fail.
import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { askForProof, setDemand } from '../../proof.ts'
import { Head } from '../../parts/head.tsx'
import { useMe } from '../../reads.ts'
import { t } from '../../words.ts'

export function Demanded({ code }: { code: string }) {
  const { tenant } = useMe()
  const name = tenant?.name ?? t('This team')
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
