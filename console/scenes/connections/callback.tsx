// Where a provider sends the browser back (RFC 6749, 4.1.2). What it brought is used once and taken out of the address.
import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { ApiProblem, post } from '../../api.ts'
import { markStale } from '../../cache.ts'
import { Head } from '../../parts/head.tsx'
import { Coming, Skeleton } from '../../parts/states.tsx'
import { say } from '../../parts/toasts.tsx'
import { t } from '../../words.ts'
import type { Connection } from './connection.tsx'
import { beginConsent } from './connection-page.tsx'

type Brought = { state?: string; code?: string; error?: string; error_description?: string }
type Ended = { title: string; text: string; details?: string; connection?: Connection }

export function ConnectionCallback() {
  const brought = useSearch({ strict: false }) as Brought
  const [came] = useState(brought)
  const [ended, setEnded] = useState<Ended | null>(null)
  const begun = useRef(false)
  const navigate = useNavigate()
  const cache = useQueryClient()
  useEffect(() => {
    if (begun.current) return
    begun.current = true
    void finish(came).then(async (result) => {
      await markStale(cache, ['connections.'])
      if (!('id' in result)) return setEnded(result)
      say(t('{name} is connected.', { name: result.name }))
      await navigate({ to: '/connections/$connection', params: { connection: result.id }, replace: true })
    })
    // the code is of no more use, and should stand in no history
    void navigate({ to: '.', search: {} as never, replace: true })
  }, [cache, came, navigate])
  return (
    <>
      <Head title={ended ? t('Not connected') : t('Connecting')} before={<Link to="/connections">{t('Connections')}</Link>} />
      <div className="body">
        <div className="pad">
          {ended ? (
            <div className="answer stack" role="alert">
              <div>
                <h2>{ended.title}</h2>
                <p className="dim">{ended.text}</p>
              </div>
              {ended.details && (
                <p className="note">
                  <code>{ended.details}</code>
                </p>
              )}
              <div className="row wrap">
                {ended.connection && <Button onClick={() => void beginConsent(ended.connection!.id)}>{t('Begin again')}</Button>}
                <Button variant="default" renderRoot={(props) => (ended.connection ? <Link to="/connections/$connection" params={{ connection: ended.connection.id }} {...props} /> : <Link to="/connections" {...props} />)}>
                  {ended.connection ? t('Look at {name}', { name: ended.connection.name }) : t('Go to connections')}
                </Button>
              </div>
            </div>
          ) : (
            <Coming>
              <div className="answer stack">
                <Skeleton h={24} w={220} />
                <Skeleton h={16} />
              </div>
            </Coming>
          )}
        </div>
      </div>
    </>
  )
}

/** The connection once it works, else what went wrong and what to do about it. */
async function finish({ state, code, error, error_description: described }: Brought): Promise<Connection | Ended> {
  if (!state || (!code && !error)) return { title: t('The provider sent nothing to finish'), text: t('This page ends a consent that was begun at a connection. Open the connection and choose “Give consent”.') }
  try {
    const connection = await post<Connection>('/connections/complete', error ? { state, error: error.slice(0, 200) } : { state, code })
    if (!error) return connection
    return {
      connection,
      title: error === 'access_denied' ? t('Consent was not given') : t('The provider refused'),
      text: error === 'access_denied' ? t('Somebody chose “deny” at the provider, or the account may not grant what is asked for. Nothing was kept.') : t('It names the reason below. Often the client id, the scopes or the address people come back to is another than the one registered there.'),
      details: [error, described].filter(Boolean).join(': ').slice(0, 500),
    }
  } catch (failure) {
    if (!(failure instanceof ApiProblem)) throw failure
    if (failure.code === 'connection.state_unknown') return { title: t('This consent is over'), text: t('It was begun more than ten minutes ago, by somebody else, or was used already. Begin it again at the connection.') }
    if (failure.code === 'connection.refused') return { title: t('The provider gave no token'), text: t('You gave consent, and the exchange that follows failed. Look at the client secret and the token endpoint, then begin again.'), details: failure.message }
    if (failure.status === 403) return { title: t('Only admins finish a consent'), text: t('You are signed in to a team in which you may not change connections. Switch to the team where it was begun, and begin again.') }
    return { title: t('It could not be finished'), text: failure.message, details: failure.requestId ?? undefined }
  }
}
