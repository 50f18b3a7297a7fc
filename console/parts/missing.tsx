import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Wordmark } from './mark.tsx'
import { Trouble } from './states.tsx'
import { t } from '../words.ts'

/** Nothing lives at this address. */
export function Missing() {
  return (
    <div className="gate">
      <main>
        <Wordmark />
        <h1 style={{ marginTop: 24 }}>{t('Nothing lives here')}</h1>
        <p className="lead">{t('The address may be mistyped, or the thing was moved or deleted.')}</p>
        <Button component={Link} to="/" variant="default">
          {t('Go home')}
        </Button>
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
