import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { ask } from '../../parts/ask.ts'
import { Time } from '../../parts/time.tsx'
import { t } from '../../words.ts'

type Props = { icon?: ReactNode; name: string; of: string; scopes: readonly string[]; since: string; /** names the button and the question */ title: string; text: string; take: () => Promise<unknown> }

/** Access that somebody gave an application, and the button that takes it back. */
export const AccessLine = ({ icon, name, of, scopes, since, title, text, take }: Props) => (
  <li>
    <div className="line" style={{ minHeight: 52 }}>
      {icon}
      <div className="grow">
        <div className="truncate">
          {name} <span className="dim">{of}</span>
        </div>
        <div className="meta truncate">
          {scopes.join(' ')} · {t('since')} <Time at={since} />
        </div>
      </div>
      <Button size="compact-sm" variant="default" aria-label={title} onClick={() => ask({ title, text, verb: t('Take access'), danger: true, run: take })}>
        {t('Take access')}
      </Button>
    </div>
  </li>
)
