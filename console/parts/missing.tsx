import { Link } from '@tanstack/react-router'
import { Trouble } from './states.tsx'
import { t } from '../words.ts'

/** Nothing lives at this address. */
export function Missing() {
  return (
    <div className="gate">
      <main>
        <h1>{t('Nothing lives here')}</h1>
        <p className="lead">{t('The address may be mistyped, or the thing was moved or deleted.')}</p>
        <Link to="/" className="link">
          {t('Go home')}
        </Link>
      </main>
    </div>
  )
}

/** A scene that threw: the rest of the console goes on. */
export function Broken({ error, reset }: { error: unknown; reset?: () => void }) {
  return (
    <div className="body">
      <Trouble error={error} what={t('This page could not be drawn')} retry={reset} heading="h1" />
    </div>
  )
}
